//! The values of every frame, as jobs leave them.

use serde::Deserialize;

/// Reads VMAF of every frame from a per-frame document; `None` where it has none.
pub fn vmaf(document: &[u8]) -> Option<Vec<f64>> {
    #[derive(Deserialize)]
    struct Document {
        vmaf: Vec<Frame>,
    }

    #[derive(Deserialize)]
    struct Frame {
        #[serde(with = "ffbatch_dispatcher::number")]
        vmaf: f64,
    }

    let document: Document = serde_json::from_slice(document).ok()?;
    Some(document.vmaf.into_iter().map(|frame| frame.vmaf).collect())
}

#[cfg(test)]
mod tests {
    use super::vmaf;

    #[test]
    fn documents() {
        let document = br#"{"psnr":[{"n":1}],"vmaf":[{"n":1,"vmaf":90.5,"integer_motion":0},{"n":2,"vmaf":91}],"global":{}}"#;
        assert_eq!(vmaf(document), Some(vec![90.5, 91.0]));
        assert_eq!(vmaf(br#"{"psnr":[]}"#), None);
        assert_eq!(vmaf(b"no"), None);
    }
}
