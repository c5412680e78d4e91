//! Conversions for a filter that does not take the compared pixel format: chosen here and said with the score, because ffmpeg
//! would put one in and say nothing of it.

/// Filters that convert pictures from one planar format to another.
pub fn conversion(from: &str, to: &str) -> String {
    if is_rgb(from) && !is_rgb(to) {
        // The matrix of HD; ffmpeg's own choice would be that of SD. What it rounds off by default shows in scores.
        format!("scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd,format={to}")
    } else if from.starts_with("gray") {
        // Gray is of full range for ffmpeg, whatever it is marked as; luma has to keep its values.
        format!("scale=in_range=pc:out_range=pc,format={to}")
    } else {
        format!("scale,format={to}")
    }
}

/// What must be said of a score behind such a conversion.
pub fn note(filter: &str, from: &str, to: &str) -> String {
    let matrix = if is_rgb(from) && !is_rgb(to) {
        " (BT.709)"
    } else {
        ""
    };
    format!("compared in {to}{matrix}: {filter} takes no {from}")
}

/// True for planar formats of red, green and blue.
pub fn is_rgb(format: &str) -> bool {
    format.starts_with("gbr")
}
