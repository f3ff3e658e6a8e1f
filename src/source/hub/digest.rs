//! Checksums of downloaded files: SHA-256 for large files, git's own SHA-1 for the small ones.

use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// The checksum that a file should have, in lower-case hexadecimal. It also names the file in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sum {
    /// SHA-1 of git's header and the content: files that lie in the git repository itself.
    Git(String),
    /// SHA-256 of the content: files in large file storage.
    Large(String),
}

impl Sum {
    pub(super) fn git(hex: &str) -> Option<Self> {
        is_hex(hex, 40).then(|| Self::Git(hex.to_ascii_lowercase()))
    }

    pub(super) fn large(hex: &str) -> Option<Self> {
        is_hex(hex, 64).then(|| Self::Large(hex.to_ascii_lowercase()))
    }

    pub(super) fn hex(&self) -> &str {
        match self {
            Self::Git(hex) | Self::Large(hex) => hex,
        }
    }
}

/// Whether `text` is exactly `digits` hexadecimal digits.
pub(super) fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// A checksum in the making.
pub(super) enum Digest {
    Git(Box<Sha1>),
    Large(Box<Sha256>),
}

impl Digest {
    /// A fresh checksum of the kind of `sum`, for a file of `size` bytes.
    pub(super) fn new(sum: &Sum, size: u64) -> Self {
        match sum {
            Sum::Git(_) => {
                let mut sha = Sha1::default();
                sha.update(format!("blob {size}\0").as_bytes());
                Self::Git(Box::new(sha))
            }
            Sum::Large(_) => Self::Large(Box::default()),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Git(sha) => sha.update(bytes),
            Self::Large(sha) => sha.update(bytes),
        }
    }

    pub(super) fn finish(self) -> Sum {
        match self {
            Self::Git(sha) => Sum::Git(hex(&sha.finish())),
            Self::Large(sha) => Sum::Large(hex(&sha.finalize())),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// SHA-1 (FIPS 180-4), here to notice a damaged download and for nothing that needs a secret kept.
pub(super) struct Sha1 {
    state: [u32; 5],
    block: [u8; 64],
    filled: usize,
    length: u64,
}

impl Default for Sha1 {
    fn default() -> Self {
        let state = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
        Self { state, block: [0; 64], filled: 0, length: 0 }
    }
}

impl Sha1 {
    fn update(&mut self, mut bytes: &[u8]) {
        self.length = self.length.wrapping_add(bytes.len() as u64);
        while !bytes.is_empty() {
            let taken = bytes.len().min(64 - self.filled);
            self.block[self.filled..self.filled + taken].copy_from_slice(&bytes[..taken]);
            self.filled += taken;
            bytes = &bytes[taken..];
            if self.filled == 64 {
                self.mix();
                self.filled = 0;
            }
        }
    }

    fn finish(mut self) -> [u8; 20] {
        let bits = self.length.wrapping_mul(8);
        self.update(&[0x80]);
        while self.filled != 56 {
            self.update(&[0]);
        }
        self.update(&bits.to_be_bytes());
        let mut digest = [0; 20];
        for (bytes, word) in digest.chunks_exact_mut(4).zip(self.state) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        digest
    }

    fn mix(&mut self) {
        let mut words = [0_u32; 80];
        for (word, bytes) in words.iter_mut().zip(self.block.chunks_exact(4)) {
            *word = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
        for i in 16..80 {
            words[i] = (words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16]).rotate_left(1);
        }
        let [mut a, mut b, mut c, mut d, mut e] = self.state;
        for (i, word) in words.into_iter().enumerate() {
            let (f, k) = match i {
                0..20 => ((b & c) | (!b & d), 0x5a82_7999),
                20..40 => (b ^ c ^ d, 0x6ed9_eba1),
                40..60 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6_u32),
            };
            let next = a.rotate_left(5).wrapping_add(f).wrapping_add(e).wrapping_add(k).wrapping_add(word);
            (a, b, c, d, e) = (next, a, b.rotate_left(30), c, d);
        }
        for (state, word) in self.state.iter_mut().zip([a, b, c, d, e]) {
            *state = state.wrapping_add(word);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sha1(bytes: &[u8], step: usize) -> String {
        let mut sha = Sha1::default();
        bytes.chunks(step).for_each(|chunk| sha.update(chunk));
        hex(&sha.finish())
    }

    #[test]
    fn sha1_gives_the_values_of_the_standard() {
        assert_eq!(sha1(b"", 1), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
        assert_eq!(sha1(b"abc", 3), "a9993e364706816aba3e25717850c26c9cd0d89d");
        let two_blocks = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        assert_eq!(sha1(two_blocks, 7), "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
        assert_eq!(sha1(&vec![b'a'; 1_000_000], 4099), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
    }

    #[test]
    fn a_small_file_gets_the_name_that_git_gives_it() {
        let empty = Sum::git("E69DE29BB2D1D6434B8B29AE775AD8C2E48C5391").expect("forty digits");
        assert_eq!(Digest::new(&empty, 0).finish(), empty);
        let mut digest = Digest::new(&empty, 6);
        digest.update(b"hello\n");
        assert_eq!(digest.finish().hex(), "ce013625030ba8dba906f756967f9e9ca394464a");
    }

    #[test]
    fn a_sum_is_hexadecimal_and_nothing_else() {
        assert!(Sum::git("../../../../../../../../../../etc/passwd").is_none());
        assert!(Sum::large(&"é".repeat(32)).is_none());
        assert!(Sum::large(&"0".repeat(63)).is_none());
    }
}
