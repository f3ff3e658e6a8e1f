//! Weights between a few pairs of points, the same in both directions: what holds a map together.

use crate::error::Result;
use crate::trace::Control;
use rayon::prelude::*;
use std::ops::Range;

/// Rows of this many points are joined at a time.
const BLOCK: usize = 1024;

/// A symmetric sparse matrix in compressed rows: row `i` is at `starts[i]..starts[i + 1]`, in the order of the places.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sparse {
    starts: Vec<usize>,
    places: Vec<u32>,
    values: Vec<f32>,
}

/// Where the cells of some rows end, and the cells: a place and a weight each.
type Block = (Vec<usize>, Vec<(u32, f32)>);

impl Sparse {
    /// Joins a weight from `i` to `j` with the one from `j` to `i` (0 where there is none), for both. The weights are
    /// row-major `[point, nearest]`, `count` per point, `places` whom they are to. What `join` makes 0 is left out.
    pub(super) fn joined(
        points: usize,
        places: &[u32],
        weights: &[f32],
        join: impl Fn(f32, f32) -> f32 + Sync,
        control: &Control,
    ) -> Result<Self> {
        let count = places.len().checked_div(points).unwrap_or(0);
        // Who has a point among its nearest, by counting: in the order of the points that have it.
        let mut starts = vec![0usize; points + 1];
        for &j in places {
            starts[j as usize + 1] += 1;
        }
        (0..points).for_each(|i| starts[i + 1] += starts[i]);
        control.check()?;
        let mut at = starts.clone();
        let mut back = vec![(0u32, 0f32); places.len()];
        for (i, (&j, &w)) in places.iter().zip(weights).enumerate() {
            let slot = &mut at[j as usize];
            back[*slot] = ((i / count) as u32, w);
            *slot += 1;
        }
        control.check()?;
        let row = |i: usize, own: &mut Vec<(u32, f32)>, into: &mut Vec<(u32, f32)>| {
            let cells = i * count..(i + 1) * count;
            own.clear();
            own.extend(places[cells.clone()].iter().copied().zip(weights[cells].iter().copied()));
            own.sort_unstable_by_key(|cell| cell.0);
            let (mut a, mut b) = (own.as_slice(), &back[starts[i]..starts[i + 1]]);
            loop {
                let (place, x, y) = match (a.first(), b.first()) {
                    (Some(&(p, x)), Some(&(q, y))) if p == q => {
                        (a, b) = (&a[1..], &b[1..]);
                        (p, x, y)
                    }
                    (Some(&(p, x)), after) if after.is_none_or(|&(q, _)| p < q) => {
                        a = &a[1..];
                        (p, x, 0.0)
                    }
                    (_, Some(&(q, y))) => {
                        b = &b[1..];
                        (q, 0.0, y)
                    }
                    (_, None) => break,
                };
                let joined = join(x, y);
                if joined != 0.0 {
                    into.push((place, joined));
                }
            }
        };
        let block = |b: usize| -> Result<Block> {
            control.check()?;
            let (mut own, mut cells, mut ends) = (Vec::with_capacity(count), Vec::new(), Vec::with_capacity(BLOCK));
            for i in b * BLOCK..points.min((b + 1) * BLOCK) {
                row(i, &mut own, &mut cells);
                ends.push(cells.len());
            }
            Ok((ends, cells))
        };
        let blocks = (0..points.div_ceil(BLOCK)).into_par_iter().map(block).collect::<Result<Vec<_>>>()?;
        let total = blocks.iter().map(|(_, cells)| cells.len()).sum();
        let mut found = Self {
            starts: Vec::with_capacity(points + 1),
            places: Vec::with_capacity(total),
            values: Vec::with_capacity(total),
        };
        found.starts.push(0);
        for (ends, cells) in blocks {
            let before = found.places.len();
            found.starts.extend(ends.iter().map(|end| before + end));
            found.places.extend(cells.iter().map(|cell| cell.0));
            found.values.extend(cells.iter().map(|cell| cell.1));
        }
        Ok(found)
    }

    /// How many points there are.
    pub fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Whether there are no points.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whom point `i` has weights with, and those weights.
    pub fn row(&self, i: usize) -> (&[u32], &[f32]) {
        let cells = self.cells(i);
        (&self.places[cells.clone()], &self.values[cells])
    }

    /// Where the weights of point `i` are among all.
    pub(super) fn cells(&self, i: usize) -> Range<usize> {
        self.starts[i]..self.starts[i + 1]
    }

    /// All weights, row by row.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Without the weights below `least`.
    pub(super) fn without_below(&self, least: f32) -> Self {
        let mut kept = Self { starts: vec![0], ..Self::default() };
        for i in 0..self.len() {
            let (places, values) = self.row(i);
            for (&place, &value) in places.iter().zip(values).filter(|(_, value)| **value >= least) {
                kept.places.push(place);
                kept.values.push(value);
            }
            kept.starts.push(kept.places.len());
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_are_joined() {
        // 0 has 1 and 3, 1 has 0 and 2, 2 has 1 and 0, 3 has 0 and 2; not in the order of the places.
        let places = [3, 1, 0, 2, 1, 0, 0, 2];
        let weights = [0.5, 0.25, 0.125, 1.0, 2.0, 0.0, 4.0, 8.0];
        let joined = Sparse::joined(4, &places, &weights, |x, y| x + y, &Control::default()).expect("not stopped");
        let rows: Vec<_> = (0..4).map(|i| joined.row(i)).collect();
        assert_eq!(rows[0], (&[1, 3][..], &[0.375, 4.5][..]));
        assert_eq!(rows[1], (&[0, 2][..], &[0.375, 3.0][..]));
        assert_eq!(rows[2], (&[1, 3][..], &[3.0, 8.0][..]));
        assert_eq!(rows[3], (&[0, 2][..], &[4.5, 8.0][..]));
        let fewer = joined.without_below(3.0);
        assert_eq!((fewer.row(0), fewer.row(1)), ((&[3][..], &[4.5][..]), (&[2][..], &[3.0][..])));
    }

    #[test]
    fn nobody_has_no_weights() {
        let none = Sparse::joined(1, &[], &[], |x, _| x, &Control::default()).expect("not stopped");
        assert_eq!((none.len(), none.row(0).0.len()), (1, 0));
    }
}
