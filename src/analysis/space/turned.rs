//! What a rotation leaves as it was and what it changes: neighbours and coordinates.

use super::neighbours::{Index, Metric};
use crate::error::{Error, Result};
use crate::rows::Rows;
use crate::trace::Control;
use std::collections::BTreeSet;

/// Words that are asked for their neighbours.
const ASKED: usize = 200;

/// Rows held against the same rows, turned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Turned {
    /// Neighbours of each word, by the cosine.
    pub k: usize,
    /// Words that were asked, spread evenly over the file.
    pub asked: usize,
    /// The share of their neighbours that are the same. Among equal scores rounding may choose another one.
    pub same: f64,
    /// By how much a coordinate of theirs changed, on average.
    pub change: f64,
    /// How far from zero a coordinate was, on average.
    pub size: f64,
}

impl Turned {
    /// Holds the rows `before` against `after`, which has as many of the same width. `None` where no row has a direction.
    pub fn of(before: &Rows, after: &Rows, k: usize, control: &Control) -> Result<Option<Self>> {
        if (before.len(), before.width()) != (after.len(), after.width()) {
            return Err(Error::input("a space is held against itself turned, with as many rows of the same width"));
        }
        let index = [before, after].map(|rows| Index::new(rows, Metric::Cosine));
        let placed: Vec<usize> = (0..before.len()).filter(|&i| index.iter().all(|ix| ix.is_placed(i))).collect();
        let asked: Vec<usize> = placed.iter().copied().step_by(placed.len().div_ceil(ASKED).max(1)).collect();
        if asked.is_empty() {
            return Ok(None);
        }
        let keep = |q: usize, row: usize| asked[q] != row;
        let near = |at: usize, rows: &Rows| index[at].nearest_of(&rows.picked(&asked), k, Some(&keep), control);
        let (old, new) = (near(0, before)?, near(1, after)?);
        let (mut same, mut all) = (0, 0);
        for (old, new) in old.iter().zip(&new) {
            let old: BTreeSet<usize> = old.iter().map(|near| near.row).collect();
            same += new.iter().filter(|near| old.contains(&near.row)).count();
            all += old.len();
        }
        let values = || asked.iter().flat_map(|&i| before.row(i).iter().zip(after.row(i)));
        let mean = |of: fn(f64, f64) -> f64| {
            let count = (asked.len() * before.width()) as f64;
            values().map(|(x, y)| of(f64::from(*x), f64::from(*y))).sum::<f64>() / count
        };
        Ok(Some(Self {
            k: old.iter().map(Vec::len).max().unwrap_or(0),
            asked: asked.len(),
            same: if all == 0 { 1.0 } else { f64::from(same as u32) / all as f64 },
            change: mean(|x, y| (x - y).abs()),
            size: mean(|x, _| x.abs()),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::bootstrap::SplitMix;
    use crate::analysis::space::cures::rotated;

    fn cloud(seed: u64) -> Rows {
        let mut random = SplitMix(seed);
        Rows::new((0..300 * 8).map(|_| random.below(2001) as f32 / 1000.0 - 1.0).collect(), 8).expect("300 rows")
    }

    #[test]
    fn a_rotation_changes_coordinates_and_no_neighbour() {
        let (rows, control) = (cloud(1), Control::default());
        let found = Turned::of(&rows, &rotated(&rows, 3, &control).expect("turned"), 15, &control);
        let found = found.expect("compared").expect("rows with a direction");
        assert_eq!((found.k, found.asked), (15, 150));
        assert!(found.same > 0.999, "{}", found.same);
        // Coordinates between -1 and 1 are half a unit from zero on average.
        assert!((found.size - 0.5).abs() < 0.05 && found.change > 0.3, "{found:?}");
    }

    #[test]
    fn what_is_no_rotation_is_told_apart() {
        let control = Control::default();
        let found = Turned::of(&cloud(1), &cloud(2), 15, &control).expect("compared").expect("rows with a direction");
        // By chance 15 of 299.
        assert!((found.same - 15.0 / 299.0).abs() < 0.03, "{}", found.same);
        // A quarter turn by hand: (1, 2) becomes (-2, 1).
        let (one, other) = (vec![1.0, 2.0, 3.0, -1.0], vec![-2.0, 1.0, 1.0, 3.0]);
        let [one, other] = [one, other].map(|values| Rows::new(values, 2).expect("two rows"));
        let found = Turned::of(&one, &other, 15, &control).expect("compared").expect("rows with a direction");
        assert_eq!((found.k, found.same, found.change, found.size), (1, 1.0, 2.5, 1.75));
        assert!(Turned::of(&one, &cloud(1), 15, &control).is_err());
        let zeros = Rows::new(vec![0.0; 4], 2).expect("two rows");
        assert_eq!(Turned::of(&zeros, &zeros, 15, &control).expect("compared"), None);
    }
}
