//! Rows that pass for neighbours, held against those that are.

use super::tiles::{Room, Tiles};
use super::work::Done;
use super::{Graph, Index, SPARE, Top};
use crate::error::Result;
use crate::trace::Control;
use rayon::prelude::*;

/// Scores that one thread holds.
const HELD: usize = 1 << 24;
/// Queries in a block, at most.
const BLOCK: usize = 256;

/// What is true of the rows that pass for a row's neighbours.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judged {
    /// Its nearest rows, nearest first.
    pub truth: Vec<u32>,
    /// The ranks of those that pass for its neighbours and are none, in their order: 1 is that of the nearest row. They are
    /// counted in single precision, so that rows whose scores differ by rounding may change places; of equal scores the
    /// lower row comes first.
    pub ranks: Vec<u32>,
}

impl Index<'_> {
    /// For each of the rows `queries` its `k` nearest rows, and the ranks of those of the rows `shown` for it that are not
    /// among them. A graph of all rows saves the search. Each row that is named must have a place.
    pub fn judged(
        &self,
        queries: &[usize],
        shown: &[Vec<u32>],
        k: usize,
        graph: Option<&Graph>,
        control: &Control,
    ) -> Result<Vec<Judged>> {
        assert_eq!(queries.len(), shown.len(), "rows shown for each query");
        let tiles = Tiles::new(self);
        let lost: Vec<usize> = (0..self.end).filter(|&row| !self.is_placed(row)).collect();
        let block = (HELD / self.end.max(1)).clamp(1, BLOCK);
        let block = block.min(queries.len().div_ceil(4 * rayon::current_num_threads()).max(1));
        let done = Done::new(queries.len().div_ceil(block), control);
        let judge = |(room, scores): &mut (Room, Vec<f32>), (queries, shown): (&[usize], &[Vec<u32>])| {
            self.all_scores(&tiles, queries, room, scores, control)?;
            let mut judged = Vec::with_capacity(queries.len());
            for ((&query, scores), shown) in queries.iter().zip(scores.chunks_exact_mut(self.end.max(1))).zip(shown) {
                // The query itself is nobody's rival, nor is what has no place.
                lost.iter().chain([&query]).for_each(|&row| scores[row] = f32::NAN);
                let truth = match graph {
                    Some(graph) => graph.row(query).0[..k].to_vec(),
                    None => self.first_of(query, scores, k),
                };
                let only = shown.iter().filter(|row| !truth.contains(row));
                // What is not among the `k` nearest is at least the next one, even where it scores as well.
                let ranks = only.map(|&row| rank(scores, row as usize).max(k as u32 + 1)).collect();
                judged.push(Judged { truth, ranks });
            }
            done.one();
            Ok(judged)
        };
        let blocks = queries.par_chunks(block).zip(shown.par_chunks(block));
        let judged = blocks.map_init(Default::default, judge).collect::<Result<Vec<_>>>()?;
        Ok(judged.concat())
    }

    /// The scores of all rows for some of them, `[query, row]`.
    fn all_scores(
        &self,
        tiles: &Tiles<'_>,
        queries: &[usize],
        room: &mut Room,
        scores: &mut Vec<f32>,
        control: &Control,
    ) -> Result<()> {
        tiles.lay_queries(queries.iter().map(|&q| (self.rows.row(q), self.lengths.0[q])), room);
        scores.resize(queries.len() * self.end, 0.0);
        let mut first = 0;
        while first < self.end {
            control.check()?;
            let tile = first..(first + tiles.tile).min(self.end);
            let of_tile = tiles.scores(tile.clone(), room);
            for (all, some) in scores.chunks_exact_mut(self.end).zip(of_tile.chunks_exact(tile.len())) {
                all[tile.clone()].copy_from_slice(some);
            }
            first = tile.end;
        }
        Ok(())
    }

    /// The `k` rows with the best scores, as a search finds them.
    fn first_of(&self, query: usize, scores: &[f32], k: usize) -> Vec<u32> {
        let mut top = Top::new((k + SPARE).min(self.end));
        top.see(scores, 0, |_| true);
        self.scored(self.rows.row(query), [top], k).iter().map(|near| near.row as u32).collect()
    }
}

/// The rank of a row by its score, 1 for the best: of equal scores the lower row comes first, and NaN is no score.
pub(in crate::analysis::space) fn rank(scores: &[f32], row: usize) -> u32 {
    let (bar, (before, after)) = (scores[row], scores.split_at(row));
    let ahead = before.iter().map(|x| u32::from(*x >= bar)).sum::<u32>();
    1 + ahead + after.iter().map(|x| u32::from(*x > bar)).sum::<u32>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::space::neighbours::Metric;
    use crate::rows::Rows;

    #[test]
    fn ranks_are_places_in_the_list_of_all() {
        // Values that follow no pattern, with equal rows among them, a broken one and one of zeros.
        let mut values: Vec<f32> = (0..700 * 5).map(|i| ((i * i) as f32 * 0.37).sin()).collect();
        values.copy_within(0..50, 100);
        values[60..65].fill(0.0);
        values[70] = f32::NAN;
        let rows = Rows::new(values, 5).expect("whole rows");
        let control = Control::default();
        for &metric in Metric::ALL {
            let index = Index::new(&rows, metric);
            let graph = index.graph(697, &control).expect("neighbours");
            let queries = [0, 3, 20, 699];
            let shown: Vec<Vec<u32>> =
                queries.iter().map(|&q| [0, 1, 17, 350, 696].map(|r| graph.row(q).0[r]).to_vec()).collect();
            let found = index.judged(&queries, &shown, 15, None, &control).expect("ranks");
            for (judged, query) in found.iter().zip(queries) {
                assert_eq!(judged.truth, graph.row(query).0[..15]);
                assert_eq!(judged.ranks.len(), 3);
                for (rank, wanted) in judged.ranks.iter().zip([18, 351, 697u32]) {
                    assert!(rank.abs_diff(wanted) <= 1, "{metric} {query}: {judged:?}");
                }
            }
            assert_eq!(index.judged(&queries, &shown, 15, Some(&graph), &control).expect("ranks"), found);
        }
    }

    #[test]
    fn of_equal_scores_the_lower_row_comes_first() {
        let scores = [0.5, f32::NAN, 0.9, 0.5, 0.1];
        assert_eq!([0, 2, 3, 4].map(|row| rank(&scores, row)), [2, 1, 3, 4]);
    }
}
