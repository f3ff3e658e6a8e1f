//! word2vec's binary file: a word, a space, its numbers as little-endian `f32`, and a line feed or none.

use super::super::stored::Disk;
use super::builder::{Builder, show};
use super::head::Layout;
use super::{Opening, Vectors};
use crate::error::Result;
use crate::trace::Control;

/// Bytes that are read at a time.
const BLOCK: usize = 4 << 20;
/// The longest word. A longer one means that the header's width is wrong.
const LONGEST: usize = 4096;

/// Reads the rows of a binary file.
pub fn read(disk: &Disk, layout: &Layout, opening: &Opening, control: &Control) -> Result<Vectors> {
    let promised = layout.promised.unwrap_or(layout.rows);
    let mut builder = Builder::new(disk.path(), layout.name, layout.rows, layout.width, opening)?;
    let mut stream = Stream { disk, at: layout.start, bytes: Vec::new(), from: 0 };
    let mut row = Vec::with_capacity(layout.width);
    let mut number = 0u64;
    while !builder.is_full() {
        if number.is_multiple_of(1024) {
            control.check()?;
            control.report("reading vectors", stream.at, disk.len());
        }
        let place = |what: &str| format!("word {} of {promised} {what}", number + 1);
        let Some(length) = stream.word(&place)? else { break };
        let total = length + 1 + layout.width * 4;
        if !stream.fill(total)? {
            let (end, len) = (stream.place() + total as u64, disk.len());
            let what = place(&format!("should end at byte {end}, and the file has only {len} bytes"));
            return Err(disk.fault(what));
        }
        let bytes = &stream.bytes[stream.from..][..total];
        row.clear();
        row.extend(bytes[length + 1..].as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)));
        builder.push(&bytes[..length], &row, || place("of the file"))?;
        stream.from += total;
        number += 1;
    }
    if !builder.is_full() && number < promised {
        let what = format!("its header promises {promised} vectors, and it ends after {number} at byte {}", disk.len());
        return Err(disk.fault(what));
    }
    if number > promised {
        builder.note(format!("its header promises {promised} vectors, and it has {number}"));
    }
    builder.finish(layout.promised, Vec::new())
}

/// The bytes of a file one after the other.
struct Stream<'a> {
    disk: &'a Disk,
    /// Where the next block begins.
    at: u64,
    bytes: Vec<u8>,
    /// What of `bytes` is used up.
    from: usize,
}

impl Stream<'_> {
    /// The byte of the file that comes next.
    fn place(&self) -> u64 {
        self.at - (self.bytes.len() - self.from) as u64
    }

    /// Sees to it that `wanted` bytes are at hand, and says whether the file has them.
    fn fill(&mut self, wanted: usize) -> Result<bool> {
        if self.bytes.len() - self.from >= wanted {
            return Ok(true);
        }
        self.bytes.drain(..self.from);
        self.from = 0;
        let more = (wanted - self.bytes.len()).max(BLOCK) as u64;
        let more = more.min(self.disk.len() - self.at) as usize;
        let held = self.bytes.len();
        self.bytes.resize(held + more, 0);
        self.disk.read(self.at, &mut self.bytes[held..])?;
        self.at += more as u64;
        Ok(self.bytes.len() >= wanted)
    }

    /// Skips the line feeds before a word and says how long it is; nothing where the file ends. The word is at hand.
    fn word(&mut self, place: &impl Fn(&str) -> String) -> Result<Option<usize>> {
        while self.fill(1)? && self.bytes[self.from] == b'\n' {
            self.from += 1;
        }
        self.fill(LONGEST)?;
        let rest = &self.bytes[self.from..];
        if rest.is_empty() {
            return Ok(None);
        }
        let rest = &rest[..rest.len().min(LONGEST)];
        let end = rest.iter().position(|b| matches!(b, b' ' | b'\n' | 0));
        if let Some(length) = end.filter(|&at| rest[at] == b' ') {
            return Ok(Some(length));
        }
        let at = self.place();
        let what = match end {
            Some(end) => format!("at byte {at} is broken off at byte {}: `{}`", at + end as u64, show(&rest[..end])),
            None => format!("at byte {at} does not end within {} bytes", rest.len()),
        };
        Err(self.disk.fault(format!("{}; the header may lie about the width", place(&what))))
    }
}
