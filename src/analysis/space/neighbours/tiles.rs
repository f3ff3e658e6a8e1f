//! Many rows against many: products of blocks of queries with tiles of rows, each of a size that stays in the cache.

use super::{Index, Metric, Top};
use crate::analysis::space::vector;
use crate::error::Result;
use crate::trace::Control;
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use std::ops::Range;

/// Rows in a tile, at most.
const TILE: usize = 512;
/// Values in a tile, at most, where that leaves any rows at all.
const VALUES: usize = 1 << 17;

/// How rows are laid out so that a plain product of two of them orders as the metric does: scaled to length 1 for
/// cosine; for Euclidean distance, which a shift does not change, from the middle of all rows, with one value more:
/// `q x - |x|^2 / 2` falls as `|q - x|` grows, and from the middle it loses no digits.
pub(super) struct Tiles<'a> {
    index: &'a Index<'a>,
    middle: Vec<f32>,
    /// Values of a row as laid out.
    depth: usize,
    /// Rows in a tile.
    pub(super) tile: usize,
}

/// What a thread needs room for.
#[derive(Default)]
pub(super) struct Room {
    queries: Vec<f32>,
    tile: Vec<f32>,
    scores: Vec<f32>,
}

impl<'a> Tiles<'a> {
    /// How the rows of an index are laid out.
    pub(super) fn new(index: &'a Index<'a>) -> Self {
        let middle = if index.metric == Metric::Euclidean { index.middle() } else { Vec::new() };
        let depth = index.rows.width() + usize::from(!middle.is_empty());
        Self { index, middle, depth, tile: (VALUES / depth.max(1)).clamp(64, TILE) }
    }

    /// Tiles of fewer rows, for more queries than a block has.
    pub(super) fn for_queries(self, count: usize) -> Self {
        Self { tile: (VALUES / count.max(1)).clamp(64, self.tile), ..self }
    }

    /// What each query of a block finds among the rows of a range. `queries` gives a query with its length; `keep` is
    /// asked with the number of a query in the block and of a row.
    pub(super) fn search<'q>(
        &self,
        queries: impl Iterator<Item = (&'q [f32], f32)>,
        rows: Range<usize>,
        most: usize,
        keep: impl Fn(usize, usize) -> bool,
        room: &mut Room,
        control: &Control,
    ) -> Result<Vec<Top>> {
        let count = self.lay_queries(queries, room);
        let mut tops = vec![Top::new(most); count];
        let mut first = rows.start;
        while first < rows.end {
            control.check()?;
            let tile = first..(first + self.tile).min(rows.end);
            let scores = self.scores(tile.clone(), room);
            for (query, (top, scores)) in tops.iter_mut().zip(scores.chunks_exact(tile.len())).enumerate() {
                top.see(scores, tile.start, |row| self.index.is_placed(row) && keep(query, row));
            }
            first = tile.end;
        }
        Ok(tops)
    }

    /// Lays out queries, each given with its length, and says how many there are.
    pub(super) fn lay_queries<'q>(&self, queries: impl Iterator<Item = (&'q [f32], f32)>, room: &mut Room) -> usize {
        room.queries.clear();
        queries.for_each(|(query, length)| self.lay(&mut room.queries, query, length, |_| 1.0));
        room.queries.len() / self.depth
    }

    /// The products of the queries that are laid out with the rows of a tile, `[query, row]`.
    pub(super) fn scores<'r>(&self, tile: Range<usize>, room: &'r mut Room) -> &'r [f32] {
        let count = room.queries.len() / self.depth;
        let laid = self.lay_tile(tile.clone(), &mut room.tile);
        room.scores.resize(count * tile.len(), 0.0);
        matmul(
            MatMut::from_row_major_slice_mut(&mut room.scores, count, tile.len()),
            Accum::Replace,
            MatRef::from_row_major_slice(&room.queries, count, self.depth),
            MatRef::from_column_major_slice(laid, self.depth, tile.len()),
            1.0,
            Par::Seq,
        );
        &room.scores
    }

    fn lay_tile<'t>(&'t self, tile: Range<usize>, room: &'t mut Vec<f32>) -> &'t [f32] {
        let width = self.index.rows.width();
        let values = &self.index.rows.values()[tile.start * width..tile.end * width];
        if self.index.metric == Metric::Dot {
            return values;
        }
        room.clear();
        for (row, &length) in values.chunks_exact(width).zip(&self.index.lengths.0[tile]) {
            self.lay(room, row, length, |laid| -0.5 * vector::dot(laid, laid));
        }
        room
    }

    /// Appends one row as it is laid out; `last` makes the value that Euclidean distance needs beside the row's own.
    fn lay(&self, out: &mut Vec<f32>, row: &[f32], length: f32, last: impl Fn(&[f32]) -> f32) {
        match self.index.metric {
            Metric::Dot => out.extend_from_slice(row),
            Metric::Cosine => {
                // What has no length has no direction, and is not asked for.
                let scale = if self.index.has_place(length) { 1.0 / length } else { 0.0 };
                out.extend(row.iter().map(|x| x * scale));
            }
            Metric::Euclidean => {
                let start = out.len();
                out.extend(row.iter().zip(&self.middle).map(|(x, m)| x - m));
                let last = last(&out[start..]);
                out.push(last);
            }
        }
    }
}
