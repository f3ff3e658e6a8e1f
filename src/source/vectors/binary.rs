//! word2vec's binary file: a word, a space, its numbers as little-endian `f32`, and a line feed or none.

use super::super::stored::Disk;
use super::builder::{Builder, show};
use super::head::Layout;
use super::stream::Stream;
use super::{Opening, Vectors};
use crate::error::Result;
use crate::trace::Control;

/// The longest word. A longer one means that the header's width is wrong.
const LONGEST: usize = 4096;

/// Reads the rows of a binary file.
pub fn read(disk: &Disk, layout: &Layout, opening: &Opening, control: &Control) -> Result<Vectors> {
    let promised = layout.promised.unwrap_or(layout.rows);
    let mut builder = Builder::new(disk.path(), layout.name, layout.rows, layout.width, opening)?;
    let mut stream = Stream::new(disk, layout.start);
    let mut row = Vec::with_capacity(layout.width);
    let mut number = 0u64;
    while !builder.is_full() {
        if number.is_multiple_of(1024) {
            control.check()?;
            control.report("Reading vectors", stream.place(), disk.len());
        }
        let place = |what: &str| format!("word {} of {promised} {what}", number + 1);
        let Some(length) = word(disk, &mut stream, &place)? else { break };
        let total = length + 1 + layout.width * 4;
        if !stream.fill(total)? {
            let (end, len) = (stream.place() + total as u64, disk.len());
            let what = place(&format!("should end at byte {end}, and the file has only {len} bytes"));
            return Err(disk.fault(what));
        }
        let bytes = &stream.held()[..total];
        row.clear();
        row.extend(bytes[length + 1..].as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)));
        builder.push(&bytes[..length], &row, || place("of the file"))?;
        stream.skip(total);
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

/// Skips the line feeds before a word and says how long it is; nothing where the file ends. The word is at hand.
fn word(disk: &Disk, stream: &mut Stream<'_>, place: &impl Fn(&str) -> String) -> Result<Option<usize>> {
    while stream.fill(1)? && stream.held()[0] == b'\n' {
        stream.skip(1);
    }
    stream.fill(LONGEST)?;
    let rest = &stream.held()[..stream.held().len().min(LONGEST)];
    if rest.is_empty() {
        return Ok(None);
    }
    let end = rest.iter().position(|b| matches!(b, b' ' | b'\n' | 0));
    if let Some(length) = end.filter(|&at| rest[at] == b' ') {
        return Ok(Some(length));
    }
    let at = stream.place();
    let what = match end {
        Some(end) => format!("at byte {at} is broken off at byte {}: `{}`", at + end as u64, show(&rest[..end])),
        None => format!("at byte {at} does not end within {} bytes", rest.len()),
    };
    Err(disk.fault(format!("{}; the header may lie about the width", place(&what))))
}
