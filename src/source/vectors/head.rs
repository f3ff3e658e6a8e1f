//! What a file of vectors is, seen from its first bytes. Its name is asked last.

use super::super::stored::Disk;
use super::fasttext;
use super::float::{self, is_gap};
use crate::error::{Error, Result};
use std::collections::BTreeMap;

/// Bytes that are looked at.
const LOOK: u64 = 1 << 20;
/// Lines of text that are looked at.
const LINES: usize = 200;

/// A format, with what its first bytes say.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A model of fastText's.
    FastText,
    /// `NumPy`'s array.
    Npy,
    /// An archive of `NumPy`'s arrays.
    Npz,
    /// Tensors.
    Safetensors,
    /// The Embedding Projector's list of files.
    Config,
    /// word2vec's binary file.
    Binary(Layout),
    /// Lines of a word and numbers.
    Text(Layout),
}

/// Where rows begin and what they are like.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// The format, as people call it.
    pub name: &'static str,
    /// The byte at which the first row begins.
    pub start: u64,
    /// Lines before it.
    pub lines: usize,
    /// Numbers in a row.
    pub width: usize,
    /// Rows that a header promises.
    pub promised: Option<u64>,
    /// Whether a row begins with a word.
    pub named: bool,
    /// Rows that there are, about.
    pub rows: u64,
}

/// Looks at the first bytes of a file.
pub fn look(disk: &Disk) -> Result<Kind> {
    let len = disk.len();
    if len == 0 {
        return Err(disk.fault("it is empty"));
    }
    let head = disk.bytes(0, len.min(LOOK))?;
    let head = Head { disk, whole: len <= LOOK, bytes: &head };
    head.refuse_wrappings()?;
    if fasttext::is_one(head.bytes) {
        return Ok(Kind::FastText);
    }
    if let Some(kind) = head.container() {
        return Ok(kind);
    }
    match head.header() {
        Some((promised, width, start)) => head.with_header(promised, width, start),
        None => head.without_header(),
    }
}

struct Head<'a> {
    disk: &'a Disk,
    /// Whether these are all bytes of the file.
    whole: bool,
    bytes: &'a [u8],
}

impl Head<'_> {
    /// Refuses what has vectors inside something else.
    fn refuse_wrappings(&self) -> Result<()> {
        let what = match self.bytes {
            [0x1f, 0x8b, ..] => "it is compressed with gzip: unpack it first (`gunzip -k`)",
            [b'P', b'K', 3, 4, ..] if !self.is_called("npz") => {
                "it is a zip archive and no .npz of NumPy's: unpack it first"
            }
            [b'B', b'Z', b'h', ..] => "it is compressed with bzip2: unpack it first (`bunzip2 -k`)",
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => "it is compressed with xz: unpack it first (`xz -dk`)",
            _ if self.bytes.starts_with(b"version https://git-lfs") => {
                "it is a Git LFS pointer and not the file itself: run `git lfs pull` in the folder that it was cloned to"
            }
            _ => return Ok(()),
        };
        Err(Error::unsupported(self.disk.path(), what))
    }

    /// How long the byte order mark is, which is no part of the first word.
    fn mark(&self) -> usize {
        if self.bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 }
    }

    fn is_called(&self, extension: &str) -> bool {
        self.disk.path().extension().is_some_and(|e| e.eq_ignore_ascii_case(extension))
    }

    /// What has its own way to say what is in it.
    fn container(&self) -> Option<Kind> {
        let bytes = self.bytes;
        if bytes.starts_with(b"\x93NUMPY") {
            return Some(Kind::Npy);
        }
        if bytes.starts_with(b"PK\x03\x04") {
            return Some(Kind::Npz);
        }
        // Eight bytes of length, then a JSON object of that length.
        if let Some((length, [b'{', ..])) = bytes.split_first_chunk::<8>()
            && (self.is_called("safetensors") || u64::from_le_bytes(*length) <= self.disk.len() - 8)
        {
            return Some(Kind::Safetensors);
        }
        let is_config =
            bytes.trim_ascii_start().starts_with(b"{") && bytes.windows(12).any(|part| part == b"\"embeddings\"");
        is_config.then_some(Kind::Config)
    }

    /// The two whole numbers of word2vec's first line, and where the second begins.
    fn header(&self) -> Option<(u64, u64, u64)> {
        let end = self.bytes.iter().take(64).position(|b| *b == b'\n')?;
        let line = std::str::from_utf8(&self.bytes[self.mark()..end]).ok()?;
        // Tabs separate the fields of tables, which have no such line.
        let mut fields = line.trim_end().split(' ');
        let is_whole = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let mut number = || fields.next().filter(is_whole)?.parse().ok();
        let (rows, width) = (number()?, number()?);
        fields.next().is_none().then_some((rows, width, end as u64 + 1))
    }

    fn with_header(&self, promised: u64, width: u64, start: u64) -> Result<Kind> {
        if promised == 0 || width == 0 {
            return Err(self.disk.fault(format!("its header promises {promised} vectors of {width} numbers")));
        }
        let rest = &self.bytes[start as usize..];
        let lines = self.lines(rest);
        // The bytes of binary numbers do not happen to be digits.
        let is_text = lines.first().is_some_and(|line| {
            let numbers = numbers_at_end(line);
            numbers > 0 && numbers * 2 >= fields(line).len()
        });
        let room = self.disk.len() - start;
        if is_text {
            let found = usual_width(&lines);
            // Words with spaces that end in a number make a row seem wider, never narrower.
            if !lines.iter().any(|line| numbers_at_end(line) as u64 == width) {
                let what = format!("its header promises {width} numbers to a word, and its lines have {found}");
                return Err(self.disk.fault(what));
            }
            let name = if self.is_called("vec") { "fastText text" } else { "word2vec text" };
            let rows = promised.min(estimate(room, &lines));
            let (width, promised) = (width as usize, Some(promised));
            return Ok(Kind::Text(Layout { name, start, lines: 1, width, promised, named: true, rows }));
        }
        // A row has a letter or more, a space, and its numbers.
        let row = width.checked_mul(4).and_then(|n| n.checked_add(1)).filter(|row| *row <= room);
        let Some(row) = row else {
            let what = format!("its header promises vectors of {width} numbers, and {room} bytes follow it");
            return Err(self.disk.fault(what));
        };
        let rows = promised.min(room / row);
        let (name, width) = ("word2vec binary", width as usize);
        Ok(Kind::Binary(Layout { name, start, lines: 1, width, promised: Some(promised), named: true, rows }))
    }

    fn without_header(&self) -> Result<Kind> {
        let start = self.mark();
        let lines = self.lines(&self.bytes[start..]);
        let width = usual_width(&lines);
        if width == 0 || self.bytes.contains(&0) {
            let what = "it is no file of vectors that Lexiscope knows: word2vec (text or binary), GloVe, fastText, NumPy, \
                        safetensors or the Embedding Projector's";
            return Err(Error::unsupported(self.disk.path(), what));
        }
        // Where every field of every line is a number, there is no word.
        let named = !lines.iter().all(|line| fields(line).iter().all(|field| float::parse(field).is_some()));
        let width = if named { width } else { width + 1 };
        // The Projector's tables may have a word in front too.
        let has_tabs = lines.first().is_some_and(|line| line.contains(&b'\t'));
        let name = match (named, has_tabs) {
            (true, false) => "GloVe text",
            (true, true) => "table of words and numbers",
            (false, _) => "table of numbers",
        };
        let rows = estimate(self.disk.len(), &lines);
        Ok(Kind::Text(Layout { name, start: start as u64, lines: 0, width, promised: None, named, rows }))
    }

    /// The first lines that are whole and not blank.
    fn lines<'b>(&self, bytes: &'b [u8]) -> Vec<&'b [u8]> {
        let mut lines: Vec<&[u8]> = bytes.split(|b| *b == b'\n').take(LINES + 1).collect();
        // The last one may be cut off.
        if !self.whole || lines.len() > LINES {
            lines.pop();
        }
        lines.retain(|line| !line.trim_ascii().is_empty());
        lines
    }
}

/// The fields of a line.
fn fields(line: &[u8]) -> Vec<&[u8]> {
    line.trim_ascii_end().split(|b| is_gap(*b)).filter(|field| !field.is_empty()).collect()
}

/// How many numbers a line ends with, its first field left out.
fn numbers_at_end(line: &[u8]) -> usize {
    let fields = fields(line);
    fields.iter().skip(1).rev().take_while(|field| float::parse(field).is_some()).count()
}

/// How many numbers lines end with, as most of them do; the fewest of those that are equally usual.
fn usual_width(lines: &[&[u8]]) -> usize {
    let mut counts = BTreeMap::new();
    for line in lines {
        *counts.entry(numbers_at_end(line)).or_insert(0) += 1;
    }
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map_or(0, |(width, _)| width)
}

/// How many lines like these fit in `bytes`, a little too many rather than too few.
fn estimate(bytes: u64, lines: &[&[u8]]) -> u64 {
    let total: usize = lines.iter().map(|line| line.len() + 1).sum();
    let mean = (total as f64 / lines.len().max(1) as f64).max(1.0);
    (bytes as f64 / mean * 1.02) as u64 + 1
}
