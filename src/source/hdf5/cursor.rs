//! Fields of a block one after the other, never beyond its end.

use crate::error::Result;
use crate::source::stored::Disk;

/// How many bytes addresses and lengths take, and what addresses are counted from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    offset: u8,
    length: u8,
    pub(super) base: u64,
}

impl Sizes {
    pub(super) fn new(offset: u8, length: u8) -> Option<Self> {
        let is_known = |n: u8| matches!(n, 2 | 4 | 8);
        (is_known(offset) && is_known(length)).then_some(Self { offset, length, base: 0 })
    }

    /// The byte of the file at an address.
    pub(super) fn place(self, address: u64) -> u64 {
        self.base.saturating_add(address)
    }

    /// Bytes of an address.
    pub(super) fn offset(self) -> usize {
        self.offset.into()
    }
}

/// A block that is read from its beginning on.
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The byte of the file at which the block begins.
    start: u64,
    sizes: Sizes,
    disk: &'a Disk,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8], start: u64, sizes: Sizes, disk: &'a Disk) -> Self {
        Self { bytes, at: 0, start, sizes, disk }
    }

    /// What is left.
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    /// The next bytes.
    pub(super) fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        let Some(found) = self.rest().get(..n) else {
            let (at, left) = (self.start + self.at as u64, self.rest().len());
            return Err(self.disk.fault(format!("byte {at}: {n} bytes are expected, and the block has {left} more")));
        };
        self.at += n;
        Ok(found)
    }

    pub(super) fn skip(&mut self, n: usize) -> Result<()> {
        self.take(n).map(|_| ())
    }

    /// The next bytes as a number, the lowest first.
    pub(super) fn number(&mut self, n: usize) -> Result<u64> {
        Ok(self.take(n)?.iter().rev().fold(0, |sum, b| sum << 8 | u64::from(*b)))
    }

    pub(super) fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    /// An address; `None` where it is undefined.
    pub(super) fn address(&mut self) -> Result<Option<u64>> {
        let bytes = usize::from(self.sizes.offset);
        let most = u64::MAX >> (64 - 8 * bytes);
        Ok(Some(self.number(bytes)?).filter(|address| *address != most))
    }

    /// A length.
    pub(super) fn length(&mut self) -> Result<u64> {
        self.number(self.sizes.length.into())
    }

    /// Fails unless the next bytes are these.
    pub(super) fn expect(&mut self, wanted: &[u8]) -> Result<()> {
        let at = self.start + self.at as u64;
        if self.take(wanted.len())? == wanted {
            return Ok(());
        }
        let wanted = String::from_utf8_lossy(wanted);
        Err(self.disk.fault(format!("byte {at}: a block should begin with `{wanted}` here")))
    }
}
