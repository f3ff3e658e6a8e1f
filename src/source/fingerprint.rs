//! What tells one checkpoint from another without reading all of it.

use crate::error::{Error, Result};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

/// Files up to this length are read whole, and of longer ones so much of the beginning.
const HEAD: u64 = 1 << 20;
/// How many further places of a long file are looked at.
const PLACES: u64 = 512;
/// How many bytes of each.
const SAMPLE: u64 = 1 << 10;

/// SHA-256, in hexadecimal, over the files in this order: of each its length in bytes (8 bytes, little-endian), its
/// first MiB, and, where it is longer, 1 KiB at each of 512 places that divide the rest evenly. Files up to 1 MiB are
/// hashed whole. Training changes nearly every weight, so that another checkpoint of the same shapes has another
/// fingerprint; a single changed number between the samples is not seen. Names and places of files do not count.
pub fn of<'a>(files: impl IntoIterator<Item = &'a Path>) -> Result<String> {
    let mut sha = Sha256::new();
    for path in files {
        sample(path, &mut sha).map_err(|e| Error::io(path, e))?;
    }
    let mut hex = String::with_capacity(64);
    for byte in sha.finalize() {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    Ok(hex)
}

fn sample(path: &Path, sha: &mut Sha256) -> std::io::Result<()> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    sha.update(length.to_le_bytes());
    let mut buffer = Vec::new();
    (&mut file).take(HEAD).read_to_end(&mut buffer)?;
    sha.update(&buffer);
    let rest = length.saturating_sub(HEAD);
    for place in 0..PLACES {
        let start = HEAD + (u128::from(rest) * u128::from(place) / u128::from(PLACES)) as u64;
        if start >= length {
            break;
        }
        buffer.clear();
        file.seek(SeekFrom::Start(start))?;
        (&mut file).take(SAMPLE).read_to_end(&mut buffer)?;
        sha.update(&buffer);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_file_is_hashed_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a");
        std::fs::write(&path, b"abc").expect("written");
        // printf '\3\0\0\0\0\0\0\0abc' | sha256sum
        let wanted = "ce91dc5eec0139ad";
        let found = of([path.as_path()]).expect("it reads");
        assert_eq!(found.len(), 64);
        assert_eq!(&found[..16], wanted);
    }

    #[test]
    fn other_weights_of_the_same_length_have_another_fingerprint() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("weights");
        let print = |bytes: &[u8]| {
            std::fs::write(&path, bytes).expect("written");
            of([path.as_path()]).expect("it reads")
        };
        let mut bytes = vec![7u8; 5 << 20];
        let first = print(&bytes);
        assert_eq!(print(&bytes), first);
        bytes[2 << 20..].fill(8);
        assert_ne!(print(&bytes), first);
        bytes[2 << 20..].fill(7);
        bytes.push(7);
        assert_ne!(print(&bytes), first, "the length counts");
    }
}
