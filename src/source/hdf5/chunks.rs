//! Data in chunks: where they are, what undoes their filters, and where their numbers belong.

use super::cursor::{Cursor, Sizes};
use super::groups::node;
use super::header::{Filter, Index};
use super::{inflate, lzf};
use crate::error::{Error, Result};
use crate::source::stored::Disk;
use std::collections::BTreeSet;

/// What is known of a dataset in chunks.
pub(super) struct Dataset<'a> {
    pub(super) shape: &'a [usize],
    /// The length of each axis of a chunk.
    pub(super) chunk: &'a [usize],
    /// Bytes of an element.
    pub(super) size: usize,
    pub(super) filters: &'a [Filter],
}

/// A chunk in the file.
struct Piece {
    start: u64,
    bytes: u64,
    /// Filters that were left out, a bit to each.
    mask: u32,
    /// Its first element on each axis.
    first: Vec<u64>,
}

/// Reads every chunk into `out`, the bytes of the whole dataset.
pub(super) fn read(disk: &Disk, sizes: Sizes, index: &Index, dataset: &Dataset<'_>, out: &mut [u8]) -> Result<()> {
    let rank = dataset.shape.len();
    if dataset.chunk.len() != rank {
        return Err(disk.fault(format!("chunks of {} axes of a dataset of {rank}", dataset.chunk.len())));
    }
    let whole = dataset.chunk.iter().try_fold(dataset.size, |n, d| n.checked_mul(*d));
    let whole = whole.filter(|n| *n as u64 <= disk.len().saturating_mul(super::GROWTH));
    let whole = whole.ok_or_else(|| disk.fault(format!("chunks of {:?} are larger than the file", dataset.chunk)))?;
    for piece in pieces(disk, sizes, index, dataset, whole)? {
        let mut bytes = disk.bytes(piece.start, piece.bytes)?;
        for (i, filter) in dataset.filters.iter().enumerate().rev() {
            if piece.mask >> i & 1 == 0 {
                bytes = undo(disk, filter, &bytes, whole, dataset.size)?;
            }
        }
        if bytes.len() < whole {
            let found = bytes.len();
            return Err(disk.fault(format!("the chunk at byte {} has {found} bytes of {whole}", piece.start)));
        }
        place(&bytes, &piece.first, dataset, out);
    }
    Ok(())
}

fn pieces(disk: &Disk, sizes: Sizes, index: &Index, dataset: &Dataset<'_>, whole: usize) -> Result<Vec<Piece>> {
    let rank = dataset.shape.len();
    match *index {
        Index::Tree(None) | Index::Single(None, ..) | Index::Implicit(None) => Ok(Vec::new()),
        Index::Single(Some(start), bytes, mask) => {
            let (start, bytes) = (sizes.place(start), bytes.unwrap_or(whole as u64));
            Ok(vec![Piece { start, bytes, mask, first: vec![0; rank] }])
        }
        Index::Implicit(Some(start)) => {
            let counts: Vec<usize> = dataset.shape.iter().zip(dataset.chunk).map(|(n, c)| n.div_ceil(*c)).collect();
            let total = counts.iter().try_fold(1usize, |n, c| n.checked_mul(*c));
            let bytes = whole as u64;
            let total = total.filter(|n| (*n as u64).saturating_mul(bytes) <= disk.len());
            let total = total.ok_or_else(|| disk.fault("its chunks take more than the file has"))?;
            let piece = |mut number: usize| {
                let place = sizes.place(start) + number as u64 * bytes;
                let mut first = vec![0; rank];
                for axis in (0..rank).rev() {
                    first[axis] = (number % counts[axis] * dataset.chunk[axis]) as u64;
                    number /= counts[axis];
                }
                Piece { start: place, bytes, mask: 0, first }
            };
            Ok((0..total).map(piece).collect())
        }
        Index::Tree(Some(root)) => {
            let mut found = Vec::new();
            let mut seen = BTreeSet::new();
            let mut pending = vec![root];
            while let Some(address) = pending.pop() {
                let at = sizes.place(address);
                if !seen.insert(at) {
                    return Err(disk.fault(format!("byte {at}: the tree of chunks goes round in circles")));
                }
                let (entries, bytes) = node(disk, sizes, at, 1)?;
                let is_leaf = disk.bytes(at + 5, 1)?[0] == 0;
                let mut cursor = Cursor::new(&bytes, at, sizes, disk);
                for _ in 0..entries {
                    let bytes = cursor.number(4)?;
                    let mask = cursor.number(4)? as u32;
                    let first = (0..rank).map(|_| cursor.number(8)).collect::<Result<_>>()?;
                    cursor.skip(8)?;
                    let Some(child) = cursor.address()? else { continue };
                    if is_leaf {
                        found.push(Piece { start: sizes.place(child), bytes, mask, first });
                    } else {
                        pending.push(child);
                    }
                }
            }
            Ok(found)
        }
    }
}

/// Undoes one filter on the bytes of a chunk that has `whole` bytes in memory.
fn undo(disk: &Disk, filter: &Filter, bytes: &[u8], whole: usize, size: usize) -> Result<Vec<u8>> {
    let damaged = |what: String| disk.fault(format!("a chunk is damaged: {what}"));
    // A checksum adds four bytes to what it is of.
    let most = whole.saturating_add(4);
    match filter.id {
        1 => inflate::zlib(bytes, most).map_err(damaged),
        2 => {
            let width = filter.values.first().map_or(size, |n| *n as usize).max(1);
            let count = bytes.len() / width;
            let mut out = bytes.to_vec();
            for (i, byte) in bytes[..count * width].iter().enumerate() {
                out[i % count * width + i / count] = *byte;
            }
            Ok(out)
        }
        3 => {
            let kept = bytes.len().checked_sub(4).ok_or_else(|| damaged("it has no checksum".to_owned()))?;
            let (data, sum) = bytes.split_at(kept);
            let sum = u32::from_le_bytes([sum[0], sum[1], sum[2], sum[3]]);
            if fletcher(data) != sum {
                return Err(damaged("its checksum is another".to_owned()));
            }
            Ok(data.to_vec())
        }
        32_000 => lzf::decode(bytes, most).map_err(damaged),
        id => {
            let name = match id {
                4 => "szip",
                5 => "nbit",
                6 => "scale-offset",
                _ if filter.name.is_empty() => "unknown",
                _ => &filter.name,
            };
            let what =
                format!("its filter {id} ({name}) is not read: write the file with gzip, or without compression");
            Err(Error::unsupported(disk.path(), what))
        }
    }
}

/// Fletcher's checksum of words of 16 bits, the higher byte first.
fn fletcher(data: &[u8]) -> u32 {
    let (mut a, mut b) = (0u32, 0u32);
    for pair in data.chunks(2) {
        a = (a + (u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0)))) % 65_535;
        b = (b + a) % 65_535;
    }
    b << 16 | a
}

/// Copies a chunk to where it belongs; what is beyond the dataset's end is left out.
fn place(bytes: &[u8], first: &[u64], dataset: &Dataset<'_>, out: &mut [u8]) {
    let (shape, chunk, size) = (dataset.shape, dataset.chunk, dataset.size);
    let rank = shape.len();
    let Some(last) = rank.checked_sub(1) else {
        let n = out.len().min(bytes.len());
        out[..n].copy_from_slice(&bytes[..n]);
        return;
    };
    let inside = |axis: usize| {
        let first = usize::try_from(first[axis]).unwrap_or(usize::MAX);
        shape[axis].saturating_sub(first).min(chunk[axis])
    };
    if (0..rank).any(|axis| inside(axis) == 0) {
        return;
    }
    let run = inside(last) * size;
    let mut index = vec![0usize; last];
    loop {
        let (mut from, mut to) = (0, 0);
        for axis in 0..rank {
            let i = if axis < last { index[axis] } else { 0 };
            from = from * chunk[axis] + i;
            to = to * shape[axis] + first[axis] as usize + i;
        }
        out[to * size..][..run].copy_from_slice(&bytes[from * size..][..run]);
        let Some(axis) = (0..last).rev().find(|axis| index[*axis] + 1 < inside(*axis)) else { return };
        index[axis] += 1;
        index[axis + 1..].fill(0);
    }
}
