//! The nearest rows of every row.

use super::tiles::{Room, Tiles};
use super::work::{Blocks, Done};
use super::{Index, Metric, SPARE};
use crate::error::Result;
use crate::trace::Control;
use rayon::prelude::*;

/// The nearest rows of every row.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Graph {
    /// Neighbours of each row: as many as asked for, or all others that have a place.
    pub k: usize,
    /// `[row, k]`: rows, the nearest first.
    pub places: Vec<u32>,
    /// `[row, k]`: their scores: see [`Metric`].
    pub scores: Vec<f32>,
}

impl Graph {
    /// The neighbours of a row with their scores.
    ///
    /// # Panics
    /// If there is no such row, as slices do.
    pub fn row(&self, i: usize) -> (&[u32], &[f32]) {
        let range = i * self.k..(i + 1) * self.k;
        (&self.places[range.clone()], &self.scores[range])
    }
}

impl Index<'_> {
    /// The `k` nearest rows of every row but itself. A row that has no place is given the first rows that have one, with
    /// score 0 (for Euclidean distance, infinity), so that every row has `k`.
    pub fn graph(&self, k: usize, control: &Control) -> Result<Graph> {
        let placed = (0..self.end).filter(|&i| self.is_placed(i));
        let k = k.min(placed.clone().count().saturating_sub(1));
        if k == 0 {
            return Ok(Graph::default());
        }
        let first: Vec<u32> = placed.take(k).map(|i| i as u32).collect();
        let (tiles, blocks) = (Tiles::new(self), Blocks::shared(self.end));
        let (mut places, mut scores) = (vec![0u32; self.end * k], vec![0f32; self.end * k]);
        let done = Done::new(blocks.count(), control);
        let most = (k + SPARE).min(self.end);
        let fill = |room: &mut Room, (i, (places, scores)): (usize, (&mut [u32], &mut [f32]))| {
            let block = blocks.get(i);
            let asked = block.clone().map(|q| (self.rows.row(q), self.lengths.0[q]));
            let keep = |q: usize, row: usize| block.start + q != row;
            let tops = tiles.search(asked, 0..self.end, most, keep, room, control)?;
            let out = places.chunks_exact_mut(k).zip(scores.chunks_exact_mut(k));
            for ((q, top), (places, scores)) in block.clone().zip(tops).zip(out) {
                if !self.is_placed(q) {
                    places.copy_from_slice(&first);
                    scores.fill(if self.metric == Metric::Euclidean { f32::INFINITY } else { 0.0 });
                    continue;
                }
                let found = self.scored(self.rows.row(q), [top], k);
                for ((place, score), near) in places.iter_mut().zip(scores).zip(found) {
                    (*place, *score) = (near.row as u32, near.score);
                }
            }
            done.one();
            Ok(())
        };
        let out = places.par_chunks_mut(blocks.size * k).zip(scores.par_chunks_mut(blocks.size * k)).enumerate();
        out.with_max_len(1).map_init(Room::default, fill).collect::<Result<()>>()?;
        Ok(Graph { k, places, scores })
    }
}
