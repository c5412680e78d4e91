//! A layer of an archive as a registry keeps it: packed, and named by what it is packed.
//!
//! The packed bytes depend on nothing but the layer (no name, no time), so that the same layer is the same blob on every machine.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};

use crate::image::{Blob, named};

/// What a gzip file begins with (RFC 1952, section 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Bytes that are read at once.
const CHUNK: usize = 256 << 10;

/// Writes that are counted and summed on their way.
struct Summed<W> {
    to: W,
    sum: Sha256,
    bytes: u64,
}

/// Whether a file is packed by gzip.
pub fn is_packed(file: &mut File) -> io::Result<bool> {
    let mut beginning = Vec::new();
    Read::take(&mut *file, GZIP.len() as u64).read_to_end(&mut beginning)?;
    file.rewind()?;
    Ok(beginning == GZIP)
}

/// Packs the layer at `from` into the directory `to`, under its digest. What is packed already stays as it is. The other digest is that of
/// the layer itself, by which the image's configuration knows it.
pub fn pack(from: &Path, to: &Path) -> io::Result<(Blob, String)> {
    let mut file = File::open(from)?;
    let target = tempfile::NamedTempFile::new_in(to)?;
    let mut packed = Summed::new(io::BufWriter::new(&target));
    let own = if is_packed(&mut file)? {
        copy(&mut file, &mut packed)?;
        let mut layer = Summed::new(io::sink());
        copy(&mut MultiGzDecoder::new(File::open(from)?), &mut layer)?;
        layer.digest()
    } else {
        let mut gzip = GzBuilder::new().write(&mut packed, Compression::default());
        let mut layer = Summed::new(&mut gzip);
        copy(&mut file, &mut layer)?;
        let own = layer.digest();
        gzip.finish()?;
        own
    };
    packed.flush()?;
    let blob = Blob {
        size_bytes: packed.bytes,
        digest: packed.digest(),
    };
    target.persist(to.join(&blob.digest))?;
    Ok((blob, own))
}

fn copy(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        match from.read(&mut chunk)? {
            0 => return Ok(()),
            count => to.write_all(&chunk[..count])?,
        }
    }
}

impl<W> Summed<W> {
    fn new(to: W) -> Self {
        Self {
            to,
            sum: Sha256::new(),
            bytes: 0,
        }
    }

    fn digest(self) -> String {
        named(self.sum.finalize())
    }
}

impl<W: Write> Write for Summed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.to.write(bytes)?;
        self.sum.update(&bytes[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::digest;

    #[test]
    fn a_layer_is_one_blob_however_often_it_is_packed() {
        let to = tempfile::tempdir().expect("a directory");
        let layer = to.path().join("layer.tar");
        let bytes: Vec<u8> = (0..700_000_u32).flat_map(u32::to_le_bytes).collect();
        std::fs::write(&layer, &bytes).expect("written");
        let (blob, own) = pack(&layer, to.path()).expect("packed");
        assert_eq!(own, digest(&bytes));
        let packed = std::fs::read(to.path().join(&blob.digest)).expect("there");
        assert_eq!(blob.digest, digest(&packed));
        assert_eq!(blob.size_bytes, packed.len() as u64);
        assert!(packed.len() < bytes.len());
        // Packed already, and under another name and time.
        let again = to.path().join("other");
        std::fs::write(&again, &packed).expect("written");
        assert_eq!(pack(&again, to.path()).expect("packed"), (blob, own));
    }
}
