//! SHA-256, as 64 hexadecimal digits: of what is published and staged, and as stand-ins for names.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::Meter;

/// Bytes that are read at once.
const CHUNK: usize = 256 << 10;

/// A file's size in bytes and its SHA-256.
pub fn file(path: &Path) -> io::Result<(u64, String)> {
    let meter = Meter::default();
    let sha256 = read(&mut File::open(path)?, &meter)?;
    Ok((meter.bytes(), sha256))
}

/// The SHA-256 of everything that is left to read; the meter counts it.
pub fn read(from: &mut dyn Read, meter: &Meter) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        let count = from.read(&mut chunk)?;
        if count == 0 {
            return Ok(hex(&hasher.finalize()));
        }
        meter.add(count as u64);
        hasher.update(&chunk[..count]);
    }
}

/// The SHA-256 of a text.
pub fn text(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_the_standard() {
        // FIPS 180-4, the one-block example.
        assert_eq!(
            text("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
