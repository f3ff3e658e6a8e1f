//! The bytes of a file one after the other, a block at a time.

use super::super::stored::Disk;
use crate::error::Result;

/// Bytes that are read at a time.
const BLOCK: usize = 1 << 20;

/// A place in a file, with what follows it at hand.
pub struct Stream<'a> {
    disk: &'a Disk,
    /// Where the next block begins.
    next: u64,
    bytes: Vec<u8>,
    /// What of `bytes` is used up.
    from: usize,
}

impl<'a> Stream<'a> {
    /// Begins at this byte.
    pub fn new(disk: &'a Disk, at: u64) -> Self {
        Self { disk, next: at.min(disk.len()), bytes: Vec::new(), from: 0 }
    }

    /// The byte of the file that comes next.
    pub fn place(&self) -> u64 {
        self.next - self.held().len() as u64
    }

    /// The bytes that are at hand.
    pub fn held(&self) -> &[u8] {
        &self.bytes[self.from..]
    }

    /// Sees to it that `wanted` bytes are at hand, and says whether the file has them.
    pub fn fill(&mut self, wanted: usize) -> Result<bool> {
        if self.held().len() < wanted {
            self.bytes.drain(..self.from);
            self.from = 0;
            let held = self.bytes.len();
            let more = ((wanted - held).max(BLOCK) as u64).min(self.disk.len() - self.next) as usize;
            self.bytes.resize(held + more, 0);
            self.disk.read(self.next, &mut self.bytes[held..])?;
            self.next += more as u64;
        }
        Ok(self.held().len() >= wanted)
    }

    /// Goes on past bytes that are at hand.
    pub fn skip(&mut self, count: usize) {
        self.from += count;
    }

    /// The next `N` bytes, which are `what`.
    pub fn take<const N: usize>(&mut self, what: &str) -> Result<[u8; N]> {
        if !self.fill(N)? {
            let (at, len) = (self.place(), self.disk.len());
            let what = format!("{what} should be at byte {at}, and the file has only {len} bytes");
            return Err(self.disk.fault(what));
        }
        let mut bytes = [0; N];
        bytes.copy_from_slice(&self.held()[..N]);
        self.skip(N);
        Ok(bytes)
    }
}
