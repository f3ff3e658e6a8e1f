//! Exact neighbours: every row is looked at, none is guessed.
//!
//! Rows are chosen in single precision, some more than asked for, and these are scored anew in double precision; so one
//! query, many and the graph of all rows give the same rows with the same scores, on any number of threads. Of equal
//! scores the lower row comes first.
//!
//! A row with NaN or infinity has no place, and for cosine a row of zeros has no direction: such rows are in no list.
//! (gensim divides by their length and puts them last, as NaN.)

mod graph;
mod metric;
mod mixed;
pub(super) mod ranks;
mod tiles;
mod top;
mod work;

pub use graph::Graph;
pub use metric::Metric;

use super::vector;
use crate::error::{Error, Result};
use crate::rows::Rows;
use crate::trace::Control;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;
use tiles::{Room, Tiles};
use top::Top;
use work::{Blocks, Done};

/// How many rows more than asked for are scored in double precision.
const SPARE: usize = 16;
/// Rows that are longer have no place: their products would not fit single precision.
const FAR: f32 = 1e18;
/// Rows that are shorter have no direction.
const NEAR: f32 = 1e-30;
/// Values that one thread looks at before it asks whether to stop.
const SCAN: usize = 1 << 23;

/// The lengths of all rows, computed once and shared.
#[derive(Debug, Clone, PartialEq)]
pub struct Lengths(Arc<[f32]>);

impl Lengths {
    /// The Euclidean length of each row; NaN or infinite where the row is.
    pub fn of(rows: &Rows) -> Self {
        let lengths = rows.values().par_chunks_exact(rows.width().max(1)).with_min_len(1024);
        Self(lengths.map(|row| vector::length(row) as f32).collect::<Vec<_>>().into())
    }

    /// The lengths in the order of the rows.
    pub fn values(&self) -> &[f32] {
        &self.0
    }
}

/// A row that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Near {
    /// The number of the row.
    pub row: usize,
    /// Its score: see [`Metric`].
    pub score: f32,
}

/// Which rows may be found.
pub type Keep<'a> = &'a (dyn Fn(usize) -> bool + Sync);

/// Rows that can be asked for neighbours.
#[derive(Debug, Clone)]
pub struct Index<'a> {
    rows: &'a Rows,
    lengths: Lengths,
    metric: Metric,
    /// The rows before this one are looked at.
    end: usize,
}

impl<'a> Index<'a> {
    /// All rows.
    pub fn new(rows: &'a Rows, metric: Metric) -> Self {
        Self::with(rows, metric, Lengths::of(rows))
    }

    /// All rows, whose lengths are known.
    ///
    /// # Panics
    /// If there is not one length to each row.
    pub fn with(rows: &'a Rows, metric: Metric, lengths: Lengths) -> Self {
        assert_eq!(lengths.0.len(), rows.len(), "a length for every row");
        Self { rows, lengths, metric, end: rows.len().min(u32::MAX as usize) }
    }

    /// The first rows only, which in files of embeddings are the most frequent words.
    pub fn first(self, count: usize) -> Self {
        Self { end: self.end.min(count), ..self }
    }

    /// How many rows are looked at.
    pub fn len(&self) -> usize {
        self.end
    }

    /// Whether there is nothing to look at.
    pub fn is_empty(&self) -> bool {
        self.end == 0
    }

    /// The rows themselves.
    pub fn rows(&self) -> &'a Rows {
        self.rows
    }

    /// The lengths of the rows.
    pub fn lengths(&self) -> &Lengths {
        &self.lengths
    }

    /// What "near" means here.
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// Whether a row can be a neighbour at all: it is finite and, for cosine, not zero.
    pub fn is_placed(&self, row: usize) -> bool {
        self.has_place(self.lengths.0[row])
    }

    fn has_place(&self, length: f32) -> bool {
        // False for NaN.
        length < FAR && (self.metric != Metric::Cosine || length > NEAR)
    }

    /// The score of a row for a query: see [`Metric`]; for cosine NaN where one of them is zero.
    pub fn score(&self, query: &[f32], row: usize) -> f32 {
        self.exact(query, row) as f32
    }

    fn exact(&self, query: &[f32], row: usize) -> f64 {
        let x = self.rows.row(row);
        match self.metric {
            Metric::Cosine => vector::cosine(query, x),
            Metric::Euclidean => vector::distance(query, x),
            Metric::Dot => vector::exact_dot(query, x),
        }
    }

    /// The `k` rows nearest to `query` among those that `keep` lets through, the nearest first; fewer where there are no
    /// more. A query that has no place is an error.
    pub fn nearest(&self, query: &[f32], k: usize, keep: Option<Keep<'_>>, control: &Control) -> Result<Vec<Near>> {
        let length = self.length_of(query)?;
        let most = k.saturating_add(SPARE).min(self.end);
        let tops = match self.metric {
            Metric::Cosine => {
                let unit: Vec<f32> = query.iter().map(|&x| (f64::from(x) / length) as f32).collect();
                self.tops(most, keep, |x, length| vector::dot(&unit, x) / length, control)?
            }
            Metric::Euclidean => self.tops(most, keep, |x, _| -vector::square(query, x), control)?,
            Metric::Dot => self.tops(most, keep, |x, _| vector::dot(query, x), control)?,
        };
        Ok(self.scored(query, tops, k))
    }

    /// The `k` rows for which a measure is greatest, the greatest first. It is given twice: `rough`, of a row and its
    /// length, is asked for every row that has a place, `exact`, of the number of a row, for the best.
    pub(super) fn greatest(
        &self,
        k: usize,
        keep: Option<Keep<'_>>,
        rough: impl Fn(&[f32], f32) -> f32 + Sync,
        exact: impl Fn(usize) -> f64,
        control: &Control,
    ) -> Result<Vec<Near>> {
        let most = k.saturating_add(SPARE).min(self.end);
        Ok(finished(self.tops(most, keep, rough, control)?, k, exact))
    }

    fn tops(
        &self,
        most: usize,
        keep: Option<Keep<'_>>,
        rough: impl Fn(&[f32], f32) -> f32 + Sync,
        control: &Control,
    ) -> Result<Vec<Top>> {
        let width = self.rows.width().max(1);
        let part = self.end.div_ceil(4 * rayon::current_num_threads()).min(SCAN / width).max(256);
        let look = |part: Range<usize>| {
            control.check()?;
            let mut top = Top::new(most);
            let values = &self.rows.values()[part.start * width..part.end * width];
            for (x, row) in values.chunks_exact(width).zip(part) {
                let score = rough(x, self.lengths.0[row]);
                if top.lets(score) && self.is_placed(row) && keep.is_none_or(|keep| keep(row)) {
                    top.offer(score, row);
                }
            }
            Ok(top)
        };
        let parts: Vec<Range<usize>> = (0..self.end).step_by(part).map(|i| i..(i + part).min(self.end)).collect();
        parts.into_par_iter().map(look).collect()
    }

    /// The same for each of many queries `[query, dimension]`; `keep` is asked with the number of a query and of a row.
    /// A query that has no place finds nothing.
    pub fn nearest_of(
        &self,
        queries: &Rows,
        k: usize,
        keep: Option<&(dyn Fn(usize, usize) -> bool + Sync)>,
        control: &Control,
    ) -> Result<Vec<Vec<Near>>> {
        let count = queries.len();
        if count == 0 || self.is_empty() {
            return Ok(vec![Vec::new(); count]);
        }
        self.check_width(queries.width())?;
        let (lengths, tiles) = (Lengths::of(queries), Tiles::new(self));
        let most = k.saturating_add(SPARE).min(self.end);
        let blocks = Blocks::large(count);
        // The rows are shared out, as few queries would leave threads idle.
        let parts = (4 * rayon::current_num_threads()).div_ceil(blocks.count()).min(self.end.div_ceil(tiles.tile));
        let part = self.end.div_ceil(parts).next_multiple_of(tiles.tile);
        let parts = self.end.div_ceil(part);
        let done = Done::new(blocks.count() * parts, control);
        let search = |room: &mut Room, i: usize| {
            let (block, first) = (blocks.get(i / parts), i % parts * part);
            let asked = block.clone().map(|q| (queries.row(q), lengths.0[q]));
            let keep = |q: usize, row: usize| keep.is_none_or(|keep| keep(block.start + q, row));
            let tops = tiles.search(asked, first..(first + part).min(self.end), most, keep, room, control)?;
            done.one();
            Ok(tops)
        };
        let tasks = (0..blocks.count() * parts).into_par_iter().with_max_len(1);
        let found: Vec<Vec<Top>> = tasks.map_init(Room::default, search).collect::<Result<_>>()?;
        let answer = |q: usize| {
            if !self.has_place(lengths.0[q]) {
                return Vec::new();
            }
            let of_block = &found[q / blocks.size * parts..][..parts];
            let tops = of_block.iter().map(|tops| tops[q % blocks.size].clone());
            self.scored(queries.row(q), tops, k)
        };
        Ok((0..count).into_par_iter().map(answer).collect())
    }

    /// The best `k` of what was found, with their scores.
    fn scored(&self, query: &[f32], tops: impl IntoIterator<Item = Top>, k: usize) -> Vec<Near> {
        if self.metric != Metric::Euclidean {
            return finished(tops, k, |row| self.exact(query, row));
        }
        let mut near = finished(tops, k, |row| -self.exact(query, row));
        for near in &mut near {
            near.score = 0.0 - near.score;
        }
        near
    }

    /// The mean of the rows that have a place.
    fn middle(&self) -> Vec<f32> {
        let width = self.rows.width();
        let sum = |part: Range<usize>| {
            let mut sum = (vec![0f64; width], 0u64);
            for row in part.filter(|&row| self.is_placed(row)) {
                sum.0.iter_mut().zip(self.rows.row(row)).for_each(|(s, &x)| *s += f64::from(x));
                sum.1 += 1;
            }
            sum
        };
        // Parts of a fixed size, added in order: the same sum on any number of threads.
        let parts: Vec<Range<usize>> = (0..self.end).step_by(4096).map(|i| i..(i + 4096).min(self.end)).collect();
        let parts: Vec<(Vec<f64>, u64)> = parts.into_par_iter().map(sum).collect();
        let count = parts.iter().map(|part| part.1).sum::<u64>().max(1) as f64;
        (0..width).map(|i| (parts.iter().map(|part| part.0[i]).sum::<f64>() / count) as f32).collect()
    }

    fn check_width(&self, width: usize) -> Result<()> {
        if width == self.rows.width() {
            return Ok(());
        }
        Err(Error::input(format!("a vector of {width} values in a space of {}", self.rows.width())))
    }

    /// The length of a query that can be asked.
    fn length_of(&self, query: &[f32]) -> Result<f64> {
        self.check_width(query.len())?;
        let length = vector::length(query);
        if self.has_place(length as f32) {
            return Ok(length);
        }
        let what = if length < f64::from(FAR) {
            "a vector of zeros has no direction, so it has no cosine to any other"
        } else {
            "the vector has values that are not finite or too large"
        };
        Err(Error::input(what))
    }
}

/// The best `k` of what was found, the greatest first, of equal ones the lower row.
fn finished(tops: impl IntoIterator<Item = Top>, k: usize, exact: impl Fn(usize) -> f64) -> Vec<Near> {
    let joined = tops.into_iter().reduce(|mut all, top| {
        all.join(&top);
        all
    });
    let rows = joined.into_iter().flat_map(Top::rows);
    // -0 becomes 0.
    let mut near: Vec<Near> = rows.map(|row| Near { row, score: exact(row) as f32 + 0.0 }).collect();
    near.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.row.cmp(&b.row)));
    near.truncate(k);
    near
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values that follow no pattern, with equal rows, rows of zeros, a long one and broken ones among them.
    fn wild(count: usize, width: usize) -> Rows {
        let mut x = 7u64;
        let mut value = || {
            x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (x >> 40) as f32 / (1u64 << 24) as f32 - 0.4
        };
        let mut values: Vec<f32> = (0..count * width).map(|_| value()).collect();
        for i in (10..count).step_by(11) {
            values.copy_within((i - 10) * width..(i - 9) * width, i * width);
        }
        for i in (5..count).step_by(97) {
            values[i * width..(i + 1) * width].fill(0.0);
        }
        for i in (6..count).step_by(101) {
            values[i * width] = [f32::NAN, f32::INFINITY, 1e30][i % 3];
        }
        Rows::new(values, width).expect("whole rows")
    }

    /// By the definition, one after the other in double precision.
    fn slow(rows: &Rows, metric: Metric, query: &[f32], k: usize, keep: impl Fn(usize) -> bool) -> Vec<Near> {
        let dot = |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum() };
        let square = |a: &[f32], b: &[f32]| -> f64 {
            a.iter().zip(b).map(|(&x, &y)| (f64::from(x) - f64::from(y)).powi(2)).sum()
        };
        let is_placed = |row: &[f32]| {
            row.iter().all(|x| x.abs() < 1e18) && (metric != Metric::Cosine || row.iter().any(|&x| x != 0.0))
        };
        let score = |row: &[f32]| match metric {
            Metric::Cosine => dot(query, row) / dot(query, query).sqrt() / dot(row, row).sqrt(),
            Metric::Euclidean => -square(query, row).sqrt(),
            Metric::Dot => dot(query, row),
        };
        let placed = rows.iter().enumerate().filter(|(i, row)| keep(*i) && is_placed(row));
        let mut all: Vec<Near> = placed.map(|(row, x)| Near { row, score: score(x) as f32 }).collect();
        all.sort_by(|a, b| b.score.total_cmp(&a.score));
        all.truncate(k);
        if metric == Metric::Euclidean {
            for near in &mut all {
                near.score = -near.score;
            }
        }
        all
    }

    fn assert_same(found: &[Near], wanted: &[Near], what: &str) {
        assert_eq!(found.len(), wanted.len(), "{what}");
        for (f, w) in found.iter().zip(wanted) {
            assert!((f.score - w.score).abs() <= 1e-6 * w.score.abs().max(1.0), "{what}: {f:?} {w:?}");
        }
        // Where the reference's scores differ by more than its rounding, rows are the same too.
        for (i, (f, w)) in found.iter().zip(wanted).enumerate() {
            let apart = |j: usize| wanted.get(j).is_none_or(|n| (n.score - w.score).abs() > 1e-6);
            if i > 0 && apart(i - 1) && i + 1 < wanted.len() && apart(i + 1) {
                assert_eq!(f.row, w.row, "{what}");
            }
        }
        for pair in found.windows(2) {
            assert!(pair[0].score != pair[1].score || pair[0].row < pair[1].row, "{what}: ties in order");
        }
    }

    #[test]
    fn one_many_and_all_find_what_the_definition_says() {
        for (count, width, k) in [(1500, 20, 12), (700, 33, 5), (90, 3, 200), (40, 1, 7)] {
            let rows = wild(count, width);
            for &metric in Metric::ALL {
                let index = Index::new(&rows, metric);
                let control = Control::default();
                let graph = index.graph(k, &control).expect("not stopped");
                let all = index.nearest_of(&rows, k, Some(&|q, row| q != row), &control).expect("not stopped");
                assert_eq!(all.len(), count);
                for i in (0..count).filter(|&i| index.is_placed(i)) {
                    let what = format!("{metric} row {i} of {count}");
                    let wanted = slow(&rows, metric, rows.row(i), k, |row| row != i);
                    let one = index.nearest(rows.row(i), k, Some(&|row| row != i), &control).expect("it has a place");
                    assert_same(&one, &wanted, &what);
                    assert_eq!(one, all[i], "{what}");
                    let (places, scores) = graph.row(i);
                    let of_graph: Vec<Near> =
                        places.iter().zip(scores).map(|(&p, &score)| Near { row: p as usize, score }).collect();
                    assert_eq!(one, of_graph, "{what}");
                }
                for i in (0..count).filter(|&i| !index.is_placed(i)) {
                    assert!(index.nearest(rows.row(i), k, None, &control).is_err());
                    assert!(all[i].is_empty());
                    assert!(graph.row(i).0.iter().all(|&p| index.is_placed(p as usize)));
                    assert!(graph.row(i).1.iter().all(|s| !s.is_nan()));
                }
            }
        }
    }

    #[test]
    fn the_number_of_threads_changes_nothing() {
        let rows = wild(2000, 24);
        for &metric in Metric::ALL {
            let found = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
                pool.install(|| {
                    let index = Index::new(&rows, metric).first(1900);
                    let few = rows.picked(&[3, 14, 15]);
                    let control = Control::default();
                    let few = index.nearest_of(&few, 9, None, &control).expect("not stopped");
                    (index.graph(10, &control).expect("not stopped"), few)
                })
            };
            assert_eq!(found(1), found(5));
        }
    }

    #[test]
    fn distances_far_from_the_origin_keep_their_digits() {
        let mut rows = wild(300, 8);
        rows.values_mut().iter_mut().for_each(|x| *x = if x.abs() < 1.0 { *x * 0.01 + 100.0 } else { *x });
        let index = Index::new(&rows, Metric::Euclidean);
        let graph = index.graph(6, &Control::default()).expect("not stopped");
        for i in (0..300).filter(|&i| index.is_placed(i)) {
            let wanted = slow(&rows, Metric::Euclidean, rows.row(i), 6, |row| row != i);
            for (score, wanted) in graph.row(i).1.iter().zip(wanted) {
                assert!((score - wanted.score).abs() <= 1e-6 * wanted.score, "{i}: {score} {}", wanted.score);
            }
        }
    }

    #[test]
    fn little_is_no_trouble() {
        let control = Control::default();
        let none = Rows::default();
        let index = Index::new(&none, Metric::Cosine);
        assert!(index.is_empty() && index.nearest(&[], 3, None, &control).is_err());
        assert_eq!(index.graph(3, &control).expect("nothing to do").k, 0);
        let one = Rows::new(vec![1.0, 2.0], 2).expect("a row");
        let index = Index::new(&one, Metric::Cosine);
        assert_eq!(index.nearest(&[2.0, 4.0], 3, None, &control).expect("a row"), [Near { row: 0, score: 1.0 }]);
        assert_eq!(index.graph(3, &control).expect("one row").k, 0);
        assert!(index.nearest(&[1.0], 3, None, &control).is_err());
        assert!(index.nearest_of(&none, 3, None, &control).expect("no queries").is_empty());
        assert!(index.nearest(&[1.0, 1.0], 0, None, &control).expect("none wanted").is_empty());
        let zeros = Rows::new(vec![0.0; 6], 2).expect("three rows");
        assert_eq!(Index::new(&zeros, Metric::Cosine).graph(2, &control).expect("no direction").k, 0);
        let graph = Index::new(&zeros, Metric::Euclidean).graph(2, &control).expect("equal rows");
        assert_eq!((graph.places, graph.scores), (vec![1, 2, 0, 2, 0, 1], vec![0.0; 6]));
    }

    #[test]
    fn a_stop_ends_the_search() {
        let rows = wild(500, 8);
        let index = Index::new(&rows, Metric::Cosine);
        let control = Control::default();
        control.stop.set();
        assert!(index.graph(5, &control).is_err_and(|e| e.is_stopped()));
        assert!(index.nearest(rows.row(0), 5, None, &control).is_err_and(|e| e.is_stopped()));
        assert!(index.nearest_of(&rows, 5, None, &control).is_err_and(|e| e.is_stopped()));
    }
}
