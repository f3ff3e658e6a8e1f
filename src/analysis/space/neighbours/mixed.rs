//! Many questions about few words: the cosines of all rows to each word are computed once, and each question mixes three
//! of them.

use super::tiles::{Room, Tiles};
use super::work::Done;
use super::{Index, Near, SPARE, Top, finished};
use crate::error::Result;
use crate::trace::Control;
use rayon::prelude::*;

impl Index<'_> {
    /// For each question, which is three places in `asked`, the `k` rows that are none of its three and for which a mix
    /// of their products with these three rows is greatest (for cosine, cosines). The mix is given twice: `rough` writes
    /// it for many rows from the products with the three, `exact` is asked with the number of a question and of a row.
    pub(in crate::analysis::space) fn mixed(
        &self,
        asked: &[usize],
        questions: &[[usize; 3]],
        k: usize,
        rough: impl Fn([&[f32]; 3], &mut [f32]) + Sync,
        exact: impl Fn(usize, usize) -> f64 + Sync,
        control: &Control,
    ) -> Result<Vec<Vec<Near>>> {
        let tiles = Tiles::new(self).for_queries(asked.len());
        let most = k.saturating_add(SPARE).min(self.end);
        let parts = (2 * rayon::current_num_threads()).min(self.end.div_ceil(tiles.tile)).max(1);
        let part = self.end.div_ceil(parts).next_multiple_of(tiles.tile);
        let done = Done::new(self.end.div_ceil(tiles.tile), control);
        let look = |first: usize| {
            let mut room = Room::default();
            tiles.lay_queries(asked.iter().map(|&row| (self.rows.row(row), self.lengths.0[row])), &mut room);
            let (mut tops, mut mix) = (vec![Top::new(most); questions.len()], vec![0f32; tiles.tile]);
            for start in (first..(first + part).min(self.end)).step_by(tiles.tile) {
                control.check()?;
                let tile = start..(start + tiles.tile).min(self.end);
                let scores = tiles.scores(tile.clone(), &mut room);
                let of = |word: usize| &scores[word * tile.len()..][..tile.len()];
                for (top, question) in tops.iter_mut().zip(questions) {
                    let mix = &mut mix[..tile.len()];
                    rough(question.map(of), mix);
                    top.see(mix, start, |row| self.is_placed(row) && question.iter().all(|&word| asked[word] != row));
                }
                done.one();
            }
            Ok(tops)
        };
        let starts: Vec<usize> = (0..self.end).step_by(part).collect();
        let found: Vec<Vec<Top>> = starts.into_par_iter().map(look).collect::<Result<_>>()?;
        let answer = |q: usize| finished(found.iter().map(|tops| tops[q].clone()), k, |row| exact(q, row));
        Ok((0..questions.len()).into_par_iter().map(answer).collect())
    }
}
