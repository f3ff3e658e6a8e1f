//! From the root group to every object of a file, and the heaps in which names and long texts lie.

use super::cursor::{Cursor, Sizes};
use super::header::Header;
use crate::error::Result;
use crate::source::stored::{Disk, shown};
use crate::trace::Control;
use std::collections::{BTreeMap, BTreeSet};

/// The most objects of a file, and the deepest that groups may lie in each other.
const MOST_OBJECTS: usize = 1_000_000;
const DEEPEST: usize = 64;
/// The longest heap of names, and the longest collection of texts, in bytes.
const LONGEST: u64 = 256 << 20;

/// Every object by its path; the root's is empty.
pub(super) fn walk(disk: &Disk, sizes: Sizes, root: u64, control: &Control) -> Result<BTreeMap<String, Header>> {
    let mut found = BTreeMap::new();
    let mut pending = vec![(String::new(), root, 0)];
    // A group may be linked from many places; following each of them once is enough to see everything.
    let mut seen = BTreeSet::new();
    let mut held = 0;
    while let Some((path, address, depth)) = pending.pop() {
        control.check()?;
        let header = Header::read(disk, sizes, address)?;
        // Many names may lead to one long header.
        held += header.held();
        if held > disk.len().saturating_mul(4) {
            return Err(disk.fault("its headers hold more than the file"));
        }
        let mut members = header.links.clone();
        if let Some((tree, heap)) = header.table {
            members.extend(symbols(disk, sizes, tree, heap)?);
        }
        if !members.is_empty() && seen.insert(address) {
            if depth >= DEEPEST || found.len() + pending.len() + members.len() > MOST_OBJECTS {
                return Err(disk.fault(format!("group `{}` has too much in it", shown(&path))));
            }
            for (name, address) in members {
                let path = if path.is_empty() { name } else { format!("{path}/{name}") };
                pending.push((path, address, depth + 1));
            }
        }
        found.insert(path, header);
    }
    Ok(found)
}

/// The names in an old group, and where their headers are.
fn symbols(disk: &Disk, sizes: Sizes, tree: u64, heap: u64) -> Result<Vec<(String, u64)>> {
    let at = sizes.place(heap);
    let head = disk.bytes(at, (disk.len().saturating_sub(at)).min(32))?;
    let mut cursor = Cursor::new(&head, at, sizes, disk);
    cursor.expect(b"HEAP")?;
    cursor.skip(4)?;
    let size = cursor.length()?;
    cursor.length()?;
    let start = cursor.address()?.ok_or_else(|| disk.fault("a heap of names has no names"))?;
    if size > LONGEST {
        return Err(disk.fault(format!("a heap of names of {size} bytes")));
    }
    let names = disk.bytes(sizes.place(start), size)?;
    let name = |offset: u64| {
        let bytes = usize::try_from(offset).ok().and_then(|at| names.get(at..))?;
        let end = bytes.iter().position(|b| *b == 0)?;
        Some(String::from_utf8_lossy(&bytes[..end]).into_owned())
    };
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut pending = vec![tree];
    while let Some(address) = pending.pop() {
        let at = sizes.place(address);
        if !seen.insert(at) || seen.len() > MOST_OBJECTS {
            return Err(disk.fault(format!("byte {at}: a group's table goes round in circles")));
        }
        let head = disk.bytes(at, 8)?;
        let width = sizes.offset();
        if head.starts_with(b"SNOD") {
            let count = u64::from(u16::from_le_bytes([head[6], head[7]]));
            let bytes = disk.bytes(at + 8, count * (2 * width as u64 + 24))?;
            let mut cursor = Cursor::new(&bytes, at + 8, sizes, disk);
            for _ in 0..count {
                let offset = cursor.number(width)?;
                let header = cursor.address()?;
                let cache = cursor.number(4)?;
                cursor.skip(20)?;
                // What is cached as 2 is a symbolic link.
                if let (Some(header), true) = (header, cache != 2) {
                    let name =
                        name(offset).ok_or_else(|| disk.fault(format!("byte {at}: a name is not in the heap")))?;
                    found.push((name, header));
                }
            }
            continue;
        }
        let (entries, bytes) = node(disk, sizes, at, 0)?;
        let mut cursor = Cursor::new(&bytes, at, sizes, disk);
        for _ in 0..entries {
            cursor.length()?;
            pending.extend(cursor.address()?);
        }
    }
    Ok(found)
}

/// The number of entries in the node of a version 1 B-tree, and the bytes of its keys and children.
pub(super) fn node(disk: &Disk, sizes: Sizes, at: u64, kind: u8) -> Result<(u64, Vec<u8>)> {
    let width = sizes.offset() as u64;
    let head = disk.bytes(at, 8 + 2 * width)?;
    let mut cursor = Cursor::new(&head, at, sizes, disk);
    cursor.expect(b"TREE")?;
    let found = cursor.byte()?;
    if found != kind {
        return Err(disk.fault(format!("byte {at}: a B-tree of kind {found} where one of kind {kind} should be")));
    }
    cursor.skip(1)?;
    let entries = cursor.number(2)?;
    let start = at + 8 + 2 * width;
    // Keys of chunks are the longest: a size, a mask, and a place on each of up to 33 axes.
    let most = (entries + 1) * (8 + 33 * 8 + width);
    Ok((entries, disk.bytes(start, most.min(disk.len().saturating_sub(start)))?))
}

/// The bytes of a text of any length, from the element that says where it is.
pub(super) fn global(disk: &Disk, sizes: Sizes, element: &[u8]) -> Result<Vec<u8>> {
    let mut cursor = Cursor::new(element, 0, sizes, disk);
    let length = cursor.number(4)?;
    let Some(address) = cursor.address()? else { return Ok(Vec::new()) };
    let wanted = cursor.number(4)?;
    if length == 0 {
        return Ok(Vec::new());
    }
    let at = sizes.place(address);
    let head = disk.bytes(at, (disk.len().saturating_sub(at)).min(16))?;
    let mut cursor = Cursor::new(&head, at, sizes, disk);
    cursor.expect(b"GCOL")?;
    cursor.skip(4)?;
    let size = cursor.length()?;
    if size > LONGEST {
        return Err(disk.fault(format!("byte {at}: a collection of texts of {size} bytes")));
    }
    let bytes = disk.bytes(at, size)?;
    let mut cursor = Cursor::new(&bytes, at, sizes, disk);
    cursor.skip(8)?;
    cursor.length()?;
    while cursor.rest().len() >= 16 {
        let index = cursor.number(2)?;
        cursor.skip(6)?;
        let size = cursor.length()? as usize;
        if index == 0 {
            break;
        }
        let text = cursor.take(size)?;
        if index == wanted {
            return Ok(text[..size.min(length as usize)].to_vec());
        }
        cursor.skip((size.next_multiple_of(8) - size).min(cursor.rest().len()))?;
    }
    Err(disk.fault(format!("byte {at}: text {wanted} is not in its collection")))
}
