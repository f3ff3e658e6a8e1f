//! Lines of a word and numbers: word2vec text, GloVe, fastText's `.vec`.
//!
//! The file is read in blocks of whole lines, one while the one before it is parsed; a block is cut into pieces that all
//! threads parse, and the pieces are put together in their order. So the file is read once, little is held beside the
//! vectors, and what comes out does not depend on the number of threads.

use super::super::stored::Disk;
use super::builder::Builder;
use super::builder::show;
use super::float::{self, is_gap};
use super::head::Layout;
use super::{Opening, Vectors};
use crate::error::Result;
use crate::trace::Control;
use rayon::prelude::*;

/// Bytes that are read at a time.
const BLOCK: usize = 2 << 20;
/// Bytes of a block that one thread parses at a time.
const PIECE: usize = 64 << 10;
/// The longest line.
const LONGEST: usize = 64 << 20;

/// Reads the rows of a text.
pub fn read(disk: &Disk, layout: &Layout, opening: &Opening, control: &Control) -> Result<Vectors> {
    let mut builder = Builder::new(disk.path(), layout.name, layout.rows, layout.width, opening)?;
    if !layout.named {
        builder = builder.without_words();
    }
    let mut blocks = Blocks { disk, at: layout.start, rest: Vec::new() };
    let (mut line, mut rows) = (layout.lines, 0);
    let mut block = blocks.next()?;
    while let Some(bytes) = block.filter(|_| !builder.is_full()) {
        control.check()?;
        control.report("Reading vectors", blocks.at, disk.len());
        let (pieces, next) = rayon::join(|| parse(&bytes, layout), || blocks.next());
        for piece in &pieces {
            take(&mut builder, disk, line, piece)?;
            line += piece.lines;
            rows += piece.rows.len();
        }
        block = next?;
    }
    let is_whole = !builder.is_full();
    if let Some(promised) = layout.promised.filter(|promised| is_whole && *promised != rows as u64) {
        builder.note(format!("its header promises {promised} vectors, and it has {rows}"));
    }
    if layout.named {
        return builder.finish(layout.promised, Vec::new());
    }
    let mut numbers = builder.into_numbers(None);
    if !is_whole {
        // Their words are told by how many rows there are in all.
        numbers.total = rows_of(disk, layout, control)?;
    }
    numbers.named(disk.path(), opening, control)
}

/// How many lines are not blank.
fn rows_of(disk: &Disk, layout: &Layout, control: &Control) -> Result<usize> {
    let mut blocks = Blocks { disk, at: layout.start, rest: Vec::new() };
    let mut rows = 0;
    while let Some(block) = blocks.next()? {
        control.check()?;
        rows += block.split(|b| *b == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();
    }
    Ok(rows)
}

/// Puts the rows of a piece, which begins after `line`, to the others.
fn take(builder: &mut Builder<'_>, disk: &Disk, line: usize, piece: &Piece) -> Result<()> {
    let width = piece.values.len().checked_div(piece.rows.len()).unwrap_or(0);
    let mut start = 0;
    for (row, values) in piece.rows.iter().zip(piece.values.chunks_exact(width.max(1))) {
        if builder.is_full() {
            return Ok(());
        }
        builder.push(&piece.words[start..row.end], values, || format!("line {}", line + row.line + 1))?;
        start = row.end;
    }
    match &piece.fault {
        Some((at, what)) if !builder.is_full() => Err(disk.fault(format!("line {} {what}", line + at + 1))),
        _ => Ok(()),
    }
}

/// A file as blocks of whole lines.
struct Blocks<'a> {
    disk: &'a Disk,
    at: u64,
    /// The beginning of a line that the last block did not hold whole.
    rest: Vec<u8>,
}

impl Blocks<'_> {
    fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let mut bytes = std::mem::take(&mut self.rest);
        loop {
            let step = (self.disk.len() - self.at).min(BLOCK as u64);
            if step == 0 {
                return Ok(Some(bytes).filter(|bytes| !bytes.is_empty()));
            }
            let from = bytes.len();
            bytes.resize(from + step as usize, 0);
            self.disk.read(self.at, &mut bytes[from..])?;
            self.at += step;
            if let Some(end) = bytes[from..].iter().rposition(|b| *b == b'\n') {
                self.rest = bytes.split_off(from + end + 1);
                return Ok(Some(bytes));
            }
            if bytes.len() > LONGEST {
                let at = self.at - bytes.len() as u64;
                return Err(self.disk.fault(format!("the line that begins at byte {at} is longer than 64 MB")));
            }
        }
    }
}

/// Some lines, parsed.
#[derive(Default)]
struct Piece {
    words: Vec<u8>,
    values: Vec<f32>,
    rows: Vec<Row>,
    lines: usize,
    /// The first line, counted in the piece from 0, that is no row, and why.
    fault: Option<(usize, String)>,
}

/// Where the word of a row ends, and its line, counted in the piece from 0.
struct Row {
    end: usize,
    line: usize,
}

/// Parses a block on all threads.
fn parse(block: &[u8], layout: &Layout) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = block;
    while !rest.is_empty() {
        let least = rest.len().min(PIECE);
        let end = rest[least..].iter().position(|b| *b == b'\n').map_or(rest.len(), |at| least + at + 1);
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    pieces.into_par_iter().map(|piece| lines(piece, layout)).collect()
}

fn lines(text: &[u8], layout: &Layout) -> Piece {
    let mut piece = Piece::default();
    // A number takes six bytes or more in most files.
    piece.values.reserve(text.len() / 6);
    for line in text.split_inclusive(|b| *b == b'\n') {
        let number = piece.lines;
        piece.lines += 1;
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.iter().all(|b| is_gap(*b)) {
            continue;
        }
        let before = piece.values.len();
        match row(line, layout, &mut piece.values) {
            Ok(word) => {
                if layout.named {
                    piece.words.extend_from_slice(word);
                }
                piece.rows.push(Row { end: piece.words.len(), line: number });
            }
            Err(what) => {
                piece.values.truncate(before);
                piece.fault = Some((number, what));
                break;
            }
        }
    }
    piece
}

/// Parses a line: its word is returned, its numbers are put to `values`.
fn row<'a>(line: &'a [u8], layout: &Layout, values: &mut Vec<f32>) -> Result<&'a [u8], String> {
    let before = values.len();
    let word = if layout.named { line.iter().position(|b| is_gap(*b)) } else { Some(0) };
    let Some(word) = word else { return Err(format!("has a word and no number: `{}`", show(line))) };
    let begin = if layout.named { word + 1 } else { 0 };
    if forward(&line[begin..], layout.width, values) {
        return Ok(&line[..word]);
    }
    values.truncate(before);
    backward(line, layout, values)
}

/// Reads `width` numbers one after the other, and says whether these and gaps are all there is.
fn forward(text: &[u8], width: usize, values: &mut Vec<f32>) -> bool {
    let mut at = 0;
    for _ in 0..width {
        let Some((value, length)) = float::scan(&text[at..]) else { return false };
        values.push(value);
        at += length;
        at += usize::from(at < text.len());
    }
    text[at..].iter().all(|b| is_gap(*b))
}

/// Reads `width` numbers from the end of a line on: what is before them is the word, spaces and all.
fn backward<'a>(line: &'a [u8], layout: &Layout, values: &mut Vec<f32>) -> Result<&'a [u8], String> {
    let width = layout.width;
    let before = values.len();
    let mut rest = trimmed(line);
    for done in 0..width {
        let start = rest.iter().rposition(|b| is_gap(*b)).map_or(0, |at| at + 1);
        let field = &rest[start..];
        let value = float::parse(field).filter(|_| start > 0 || !layout.named || done + 1 < width);
        let Some(value) = value else {
            let what =
                if field.is_empty() || start == 0 { "its beginning".to_owned() } else { format!("`{}`", show(field)) };
            return Err(format!("should end with {width} numbers, and has {done} after {what}"));
        };
        values.push(value);
        // One gap before the first number belongs to neither word nor number; more are the word's.
        rest = &line[..start.saturating_sub(1)];
        if done + 1 < width {
            rest = trimmed(rest);
        }
    }
    if !layout.named && !trimmed(rest).is_empty() {
        return Err(format!("has more than {width} numbers"));
    }
    values[before..].reverse();
    Ok(rest)
}

/// Without gaps at the end.
fn trimmed(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|b| !is_gap(*b)).map_or(0, |at| at + 1);
    &text[..end]
}
