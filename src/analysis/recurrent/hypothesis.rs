//! Which cells are on throughout a stretch of text and off around it (LSTMVis: Strobelt et al. 2018).

use crate::array::Array;
use crate::error::{Error, Result};
use rayon::prelude::*;
use std::ops::Range;

/// From which value on a cell is on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Threshold {
    /// The same for all cells.
    Absolute(f32),
    /// For each cell the value below which this share of its own values lies: 0.9 by default.
    Quantile(f32),
}

impl Default for Threshold {
    fn default() -> Self {
        Self::Quantile(0.9)
    }
}

impl Threshold {
    /// The threshold of each cell of values `[time, unit]`. A cell that has no number has none that it reaches.
    pub fn of(self, values: &Array) -> Vec<f32> {
        let units = values.shape().last().copied().unwrap_or(0);
        match self {
            Self::Absolute(least) => vec![least; units],
            Self::Quantile(share) => {
                let of = |unit: usize| {
                    let mut own: Vec<f32> = values.data().iter().skip(unit).step_by(units).copied().collect();
                    own.retain(|x| x.is_finite());
                    quantile(&mut own, share)
                };
                (0..units).into_par_iter().map(of).collect()
            }
        }
    }
}

/// The value below which a share of the numbers lies, the nearest rank: `NumPy`'s `inverted_cdf`.
fn quantile(values: &mut [f32], share: f32) -> f32 {
    let rank = (f64::from(share.clamp(0.0, 1.0)) * values.len() as f64).ceil() as usize;
    let Some(place) = values.len().checked_sub(1).map(|last| rank.saturating_sub(1).min(last)) else {
        return f32::INFINITY;
    };
    *values.select_nth_unstable_by(place, f32::total_cmp).1
}

/// Which cells are on at each step, a bit to each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct On {
    units: usize,
    times: usize,
    /// Words of 64 cells to a step.
    words: usize,
    bits: Vec<u64>,
}

impl On {
    /// The cells of values `[time, unit]` that reach their thresholds.
    pub fn new(values: &Array, thresholds: &[f32]) -> Result<Self> {
        let &[times, units] = values.shape() else {
            return Err(Error::input(format!("values over time are {:?}", values.shape())));
        };
        if thresholds.len() != units {
            return Err(Error::input(format!("{} thresholds for {units} cells", thresholds.len())));
        }
        let words = units.div_ceil(64).max(1);
        let mut bits = vec![0u64; times * words];
        bits.par_chunks_mut(words).zip(values.data().par_chunks(units.max(1))).for_each(|(bits, row)| {
            for (unit, (x, least)) in row.iter().zip(thresholds).enumerate() {
                bits[unit / 64] |= u64::from(x >= least) << (unit % 64);
            }
        });
        Ok(Self { units, times, words, bits })
    }

    /// Cells.
    pub fn units(&self) -> usize {
        self.units
    }

    /// Steps.
    pub fn times(&self) -> usize {
        self.times
    }

    /// The bits of a step.
    pub fn row(&self, step: usize) -> &[u64] {
        &self.bits[step * self.words..][..self.words]
    }

    /// Whether a cell is on at a step.
    pub fn is_on(&self, step: usize, unit: usize) -> bool {
        self.row(step)[unit / 64] >> (unit % 64) & 1 == 1
    }

    /// Cells that are on at every step of `on`, and off at every step of each of `off`.
    pub(super) fn through(&self, on: Range<usize>, off: &[Range<usize>]) -> Vec<u64> {
        let mut found = vec![u64::MAX; self.words];
        if let Some(last) = found.last_mut()
            && !self.units.is_multiple_of(64)
        {
            *last = (1 << (self.units % 64)) - 1;
        }
        for step in on {
            found.iter_mut().zip(self.row(step)).for_each(|(f, row)| *f &= row);
        }
        for step in off.iter().flat_map(Clone::clone) {
            found.iter_mut().zip(self.row(step)).for_each(|(f, row)| *f &= !row);
        }
        found
    }

    /// How many of `cells` are on at each step: what words are shaded by.
    pub fn counts(&self, cells: &[usize]) -> Vec<u32> {
        let mask = self.mask(cells);
        self.bits.par_chunks(self.words).map(|row| common(row, &mask)).collect()
    }

    /// Cells as bits.
    pub(super) fn mask(&self, cells: &[usize]) -> Vec<u64> {
        let mut mask = vec![0; self.words];
        for cell in cells.iter().filter(|cell| **cell < self.units) {
            mask[cell / 64] |= 1 << (cell % 64);
        }
        mask
    }
}

/// How many bits two rows have in common.
pub(super) fn common(a: &[u64], b: &[u64]) -> u32 {
    a.iter().zip(b).map(|(a, b)| (a & b).count_ones()).sum()
}

/// The cells whose bits are set.
pub(super) fn cells(bits: &[u64]) -> Vec<usize> {
    let of_word =
        |(i, word): (usize, &u64)| (0..64).filter(|bit| *word >> bit & 1 == 1).map(|bit| i * 64 + bit).collect();
    bits.iter().enumerate().flat_map::<Vec<usize>, _>(of_word).collect()
}

/// A stretch of text, and how many steps before and after it the cells are off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hypothesis {
    /// The steps.
    pub range: Range<usize>,
    /// Steps before it.
    pub left: usize,
    /// Steps after it.
    pub right: usize,
}

impl Hypothesis {
    /// The steps before and after a stretch in which cells are off, as far as the text goes.
    pub(super) fn around(&self, range: &Range<usize>, times: usize) -> [Range<usize>; 2] {
        [range.start.saturating_sub(self.left)..range.start, range.end..(range.end + self.right).min(times)]
    }

    /// The cells that are on throughout the stretch and off around it.
    pub fn select(&self, on: &On) -> Result<Vec<usize>> {
        let Range { start, end } = self.range;
        if start >= end || end > on.times {
            let times = on.times;
            return Err(Error::input(format!("steps {start} to {end} are no stretch of a text of {times}")));
        }
        Ok(cells(&on.through(self.range.clone(), &self.around(&self.range, on.times))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_on_inside_and_off_around() {
        #[rustfmt::skip]
        let values = [
            0.0, 1.0, 0.0, 0.5,
            1.0, 1.0, 0.0, 0.5,
            1.0, 1.0, 0.0, 0.5,
            0.0, 1.0, 1.0, 0.5,
        ];
        let values = Array::new(&["time", "unit"], &[4, 4], values.to_vec()).expect("it fits");
        let on = On::new(&values, &Threshold::Absolute(0.6).of(&values)).expect("it fits");
        let select = |range, left, right| Hypothesis { range, left, right }.select(&on).expect("in the text");
        assert_eq!(select(1..3, 1, 1), [0]);
        assert_eq!(select(1..3, 0, 0), [0, 1]);
        assert_eq!(select(3..4, 1, 5), [2], "what is beyond the text is not looked at");
        assert_eq!(on.counts(&[0, 1]), [1, 2, 2, 1]);
        assert!(Hypothesis { range: 3..5, left: 0, right: 0 }.select(&on).is_err());
    }

    #[test]
    fn each_cell_has_the_threshold_of_its_own_values() {
        let values: Vec<f32> = (0..20).flat_map(|t| [t as f32, -10.0 * t as f32, f32::NAN]).collect();
        let values = Array::new(&["time", "unit"], &[20, 3], values).expect("it fits");
        // numpy.quantile(x, 0.9, method="inverted_cdf")
        assert_eq!(Threshold::default().of(&values), [17.0, -20.0, f32::INFINITY]);
        let on = On::new(&values, &Threshold::default().of(&values)).expect("it fits");
        assert_eq!((0..20).filter(|t| on.is_on(*t, 0)).collect::<Vec<_>>(), [17, 18, 19]);
        assert!((0..20).all(|t| !on.is_on(t, 2)), "what is no number is never on");
    }
}
