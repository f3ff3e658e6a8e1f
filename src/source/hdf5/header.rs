//! The header of an object: messages that say what it is, where its data lies, and what is said about it.

use super::cursor::{Cursor, Sizes};
use super::kind::Kind;
use crate::error::{Error, Result};
use crate::source::stored::{Disk, shown};
use std::collections::BTreeSet;

/// The most blocks that a header may be spread over, and the most bytes of one.
const MOST_BLOCKS: usize = 4096;
const LONGEST: u64 = 64 << 20;

/// What a header says.
#[derive(Debug, Clone, Default)]
pub(super) struct Header {
    /// The length of each axis; none of a dataset that is empty.
    pub(super) shape: Option<Vec<usize>>,
    pub(super) kind: Option<Kind>,
    pub(super) layout: Option<Layout>,
    /// In the order in which they were applied.
    pub(super) filters: Vec<Filter>,
    pub(super) attributes: Vec<Attribute>,
    /// Of an old group: its B-tree and the heap of its names.
    pub(super) table: Option<(u64, u64)>,
    /// Of a new group: what is in it.
    pub(super) links: Vec<(String, u64)>,
}

/// Where data lies.
#[derive(Debug, Clone)]
pub(super) enum Layout {
    Compact(Vec<u8>),
    Contiguous {
        /// Nothing where no data was ever written.
        start: Option<u64>,
        len: u64,
    },
    Chunks {
        index: Index,
        /// The length of each axis of a chunk.
        chunk: Vec<usize>,
    },
}

/// How chunks are found.
#[derive(Debug, Clone)]
pub(super) enum Index {
    /// A version 1 B-tree; nothing where no chunk was ever written.
    Tree(Option<u64>),
    /// The only chunk: where it is, the bytes that it takes where it is filtered, and the filters that were left out.
    Single(Option<u64>, Option<u64>, u32),
    /// Chunks in order without gaps.
    Implicit(Option<u64>),
}

/// A filter by its number.
#[derive(Debug, Clone)]
pub(super) struct Filter {
    pub(super) id: u16,
    pub(super) name: String,
    pub(super) values: Vec<u32>,
}

/// What is said about an object.
#[derive(Debug, Clone)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) bytes: Vec<u8>,
}

impl Header {
    /// Reads the header at an address.
    pub(super) fn read(disk: &Disk, sizes: Sizes, address: u64) -> Result<Self> {
        let at = sizes.place(address);
        let start = disk.bytes(at, 4)?;
        let mut header = Self::default();
        let mut reader = Reader { disk, sizes, header: &mut header, blocks: Vec::new(), seen: BTreeSet::new() };
        match &start[..] {
            b"OHDR" => reader.new_style(at)?,
            _ => reader.old_style(at)?,
        }
        Ok(header)
    }

    /// Whether all is there that makes a dataset.
    pub(super) fn is_dataset(&self) -> bool {
        self.shape.is_some() && self.kind.is_some() && self.layout.is_some()
    }

    /// Bytes that it holds on to.
    pub(super) fn held(&self) -> u64 {
        let attributes = self.attributes.iter().map(|a| a.bytes.len());
        let data = match &self.layout {
            Some(Layout::Compact(bytes)) => bytes.len(),
            _ => 0,
        };
        (attributes.sum::<usize>() + data) as u64
    }
}

struct Reader<'a> {
    disk: &'a Disk,
    sizes: Sizes,
    header: &'a mut Header,
    /// Blocks that are still to be read.
    blocks: Vec<(u64, u64)>,
    seen: BTreeSet<u64>,
}

impl Reader<'_> {
    /// Version 1: messages have 8 bytes before them.
    fn old_style(&mut self, at: u64) -> Result<()> {
        let head = self.disk.bytes(at, 16)?;
        let mut cursor = Cursor::new(&head, at, self.sizes, self.disk);
        let version = cursor.byte()?;
        if version != 1 {
            return Err(self.disk.fault(format!("byte {at}: no header of an object begins with {version}")));
        }
        cursor.skip(1)?;
        let mut left = cursor.number(2)?;
        cursor.skip(4)?;
        let size = cursor.number(4)?;
        self.push(at + 16, size)?;
        while let Some((start, size)) = self.blocks.pop() {
            let bytes = self.disk.bytes(start, size)?;
            let mut cursor = Cursor::new(&bytes, start, self.sizes, self.disk);
            while left > 0 && cursor.rest().len() >= 8 {
                let kind = cursor.number(2)? as u16;
                let size = cursor.number(2)? as usize;
                let flags = cursor.byte()?;
                cursor.skip(3)?;
                self.message(kind, flags, cursor.take(size)?, start)?;
                left -= 1;
            }
        }
        Ok(())
    }

    /// Version 2: messages have 4 or 6 bytes before them, and each block a checksum after it.
    fn new_style(&mut self, at: u64) -> Result<()> {
        let head = self.disk.bytes(at, (self.disk.len() - at).min(64))?;
        let mut cursor = Cursor::new(&head, at, self.sizes, self.disk);
        cursor.skip(4)?;
        let version = cursor.byte()?;
        if version != 2 {
            return Err(Error::unsupported(self.disk.path(), format!("a header of version {version} at byte {at}")));
        }
        let flags = cursor.byte()?;
        let times = if flags & 0x20 != 0 { 16 } else { 0 };
        let phases = if flags & 0x10 != 0 { 4 } else { 0 };
        cursor.skip(times + phases)?;
        let size = cursor.number(1 << (flags & 3))?;
        let before = 6 + times as u64 + phases as u64 + (1 << (flags & 3));
        self.push(at + before, size)?;
        let mut is_first = true;
        while let Some((start, size)) = self.blocks.pop() {
            let bytes = self.disk.bytes(start, size)?;
            let mut cursor = Cursor::new(&bytes, start, self.sizes, self.disk);
            let mut end = 0;
            if !std::mem::take(&mut is_first) {
                cursor.expect(b"OCHK")?;
                end = 4;
            }
            let before = if flags & 4 != 0 { 6 } else { 4 };
            // What is too short for a message is a gap.
            while cursor.rest().len() >= before + end {
                let kind = u16::from(cursor.byte()?);
                let size = cursor.number(2)? as usize;
                let marks = cursor.byte()?;
                cursor.skip(before - 4)?;
                self.message(kind, marks, cursor.take(size)?, start)?;
            }
        }
        Ok(())
    }

    fn push(&mut self, start: u64, size: u64) -> Result<()> {
        if !self.seen.insert(start) || self.seen.len() > MOST_BLOCKS || size > LONGEST {
            return Err(self.disk.fault(format!("byte {start}: the header of an object goes round in circles")));
        }
        self.disk.room(start, size)?;
        self.blocks.push((start, size));
        Ok(())
    }

    fn message(&mut self, kind: u16, flags: u8, bytes: &[u8], at: u64) -> Result<()> {
        let unsupported = |what: &str| Error::unsupported(self.disk.path(), format!("{what} (header at byte {at})"));
        if flags & 2 != 0 && matches!(kind, 1 | 3 | 11) {
            return Err(unsupported("types that several objects share are not read"));
        }
        let mut cursor = Cursor::new(bytes, at, self.sizes, self.disk);
        match kind {
            0x01 => self.header.shape = shape(&mut cursor, self.disk)?,
            0x02 => {
                cursor.skip(1)?;
                let marks = cursor.byte()?;
                cursor.skip(if marks & 1 != 0 { 8 } else { 0 })?;
                if cursor.address()?.is_some() {
                    return Err(unsupported("groups whose links are in a heap of their own are not read"));
                }
            }
            0x03 => self.header.kind = Some(Kind::read(&mut cursor, self.disk)?),
            0x06 => self.header.links.extend(link(&mut cursor)?),
            0x08 => self.header.layout = Some(layout(&mut cursor, self.disk)?),
            0x0b => self.header.filters = filters(&mut cursor, self.disk)?,
            0x0c => self.header.attributes.extend(attribute(&mut cursor, self.sizes, self.disk, at)?),
            0x10 => {
                let start = cursor.address()?;
                let length = cursor.length()?;
                let start = start.ok_or_else(|| self.disk.fault("a header goes on nowhere"))?;
                self.push(self.sizes.place(start), length)?;
            }
            0x11 => {
                let (tree, heap) = (cursor.address()?, cursor.address()?);
                self.header.table = tree.zip(heap);
            }
            _ => {}
        }
        Ok(())
    }
}

/// The length of each axis; `None` where there is no data at all.
fn shape(cursor: &mut Cursor<'_>, disk: &Disk) -> Result<Option<Vec<usize>>> {
    let version = cursor.byte()?;
    let rank = usize::from(cursor.byte()?);
    cursor.skip(1)?;
    let is_null = match version {
        1 => cursor.skip(5).map(|()| false)?,
        2 => cursor.byte()? == 2,
        _ => return Err(disk.fault(format!("a dataspace of version {version}"))),
    };
    if rank > 32 {
        return Err(disk.fault(format!("{rank} axes are more than the format has")));
    }
    let axes = (0..rank).map(|_| cursor.length().map(|n| usize::try_from(n).unwrap_or(usize::MAX)));
    let axes = axes.collect::<Result<Vec<_>>>()?;
    Ok(Some(if is_null { vec![0] } else { axes }))
}

fn layout(cursor: &mut Cursor<'_>, disk: &Disk) -> Result<Layout> {
    let version = cursor.byte()?;
    if !(3..=5).contains(&version) {
        return Err(Error::unsupported(disk.path(), format!("a data layout of version {version}")));
    }
    let class = cursor.byte()?;
    match class {
        0 => {
            let size = cursor.number(2)? as usize;
            Ok(Layout::Compact(cursor.take(size)?.to_vec()))
        }
        1 => {
            let start = cursor.address()?;
            Ok(Layout::Contiguous { start, len: cursor.length()? })
        }
        2 if version == 3 => {
            let rank = usize::from(cursor.byte()?);
            let index = Index::Tree(cursor.address()?);
            let chunk = (0..rank).map(|_| cursor.number(4).map(|n| n as usize)).collect::<Result<Vec<_>>>()?;
            chunked(index, chunk, disk)
        }
        2 => {
            let flags = cursor.byte()?;
            let rank = usize::from(cursor.byte()?);
            let bytes = usize::from(cursor.byte()?);
            if !(1..=8).contains(&bytes) {
                return Err(disk.fault(format!("lengths of {bytes} bytes")));
            }
            let chunk = (0..rank).map(|_| cursor.number(bytes).map(|n| n as usize)).collect::<Result<Vec<_>>>()?;
            let index = match cursor.byte()? {
                1 if flags & 2 != 0 => {
                    let (size, mask) = (cursor.length()?, cursor.number(4)? as u32);
                    Index::Single(cursor.address()?, Some(size), mask)
                }
                1 => Index::Single(cursor.address()?, None, 0),
                2 => Index::Implicit(cursor.address()?),
                other => {
                    let name = match other {
                        3 => "a fixed array",
                        4 => "an extensible array",
                        5 => "a version 2 B-tree",
                        _ => "something unknown",
                    };
                    let what = format!("chunks under {name} are not read: write the file with libver='earliest'");
                    return Err(Error::unsupported(disk.path(), what));
                }
            };
            chunked(index, chunk, disk)
        }
        3 => Err(Error::unsupported(disk.path(), "virtual datasets are not read")),
        _ => Err(disk.fault(format!("a data layout of class {class}"))),
    }
}

/// The last length is that of an element.
fn chunked(index: Index, mut chunk: Vec<usize>, disk: &Disk) -> Result<Layout> {
    if chunk.pop().is_none() || chunk.contains(&0) {
        return Err(disk.fault(format!("chunks of {chunk:?} hold nothing")));
    }
    Ok(Layout::Chunks { index, chunk })
}

fn filters(cursor: &mut Cursor<'_>, disk: &Disk) -> Result<Vec<Filter>> {
    let version = cursor.byte()?;
    let count = cursor.byte()?;
    if version == 1 {
        cursor.skip(6)?;
    } else if version != 2 {
        return Err(disk.fault(format!("a list of filters of version {version}")));
    }
    let mut found = Vec::new();
    for _ in 0..count {
        let id = cursor.number(2)? as u16;
        let name = if version == 1 || id >= 256 { cursor.number(2)? as usize } else { 0 };
        cursor.skip(2)?;
        let values = cursor.number(2)? as usize;
        let name = if version == 1 { name.next_multiple_of(8) } else { name };
        let name = String::from_utf8_lossy(cursor.take(name)?).trim_end_matches('\0').to_owned();
        let numbers = (0..values).map(|_| cursor.number(4).map(|n| n as u32)).collect::<Result<_>>()?;
        if version == 1 && values % 2 == 1 {
            cursor.skip(4)?;
        }
        found.push(Filter { id, name, values: numbers });
    }
    Ok(found)
}

/// A hard link; other links lead elsewhere and are passed over.
fn link(cursor: &mut Cursor<'_>) -> Result<Option<(String, u64)>> {
    cursor.skip(1)?;
    let flags = cursor.byte()?;
    let kind = if flags & 8 != 0 { cursor.byte()? } else { 0 };
    cursor.skip(if flags & 4 != 0 { 8 } else { 0 })?;
    cursor.skip(usize::from(flags & 16 != 0))?;
    let length = cursor.number(1 << (flags & 3))? as usize;
    let name = String::from_utf8_lossy(cursor.take(length)?).into_owned();
    Ok(if kind == 0 { cursor.address()?.map(|address| (name, address)) } else { None })
}

/// An attribute; `None` where it is of a kind that is not read, which does no harm to anything else.
fn attribute(cursor: &mut Cursor<'_>, sizes: Sizes, disk: &Disk, at: u64) -> Result<Option<Attribute>> {
    let version = cursor.byte()?;
    let flags = cursor.byte()?;
    let [name, kind, space] = [cursor.number(2)?, cursor.number(2)?, cursor.number(2)?].map(|n| n as usize);
    let padded = |n: usize| if version == 1 { n.next_multiple_of(8) } else { n };
    if version == 3 {
        cursor.skip(1)?;
    } else if !(1..=2).contains(&version) {
        return Err(disk.fault(format!("an attribute of version {version} in the header at byte {at}")));
    }
    let name = String::from_utf8_lossy(cursor.take(padded(name))?).trim_end_matches('\0').to_owned();
    let kind = cursor.take(padded(kind))?;
    let space = cursor.take(padded(space))?;
    if version > 1 && flags & 3 != 0 {
        return Ok(None);
    }
    let Ok(kind) = Kind::read(&mut Cursor::new(kind, at, sizes, disk), disk) else { return Ok(None) };
    let shape = shape(&mut Cursor::new(space, at, sizes, disk), disk)?.unwrap_or_default();
    let count = crate::source::stored::count(&shape).and_then(|n| n.checked_mul(kind.size as u64));
    let bytes = count.and_then(|n| cursor.rest().get(..usize::try_from(n).ok()?));
    let Some(bytes) = bytes else {
        let (name, left) = (shown(&name), cursor.rest().len());
        return Err(disk.fault(format!("attribute `{name}` is {shape:?}, and {left} bytes are there for it")));
    };
    let mut bytes = bytes.to_vec();
    kind.turn(&mut bytes);
    Ok(Some(Attribute { name, kind, bytes }))
}
