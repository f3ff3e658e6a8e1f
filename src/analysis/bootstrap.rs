//! Intervals by resampling sentences: the percentile bootstrap of Efron and Tibshirani 1993, chapter 13.
//!
//! A sentence is drawn whole, because the words of one sentence are not independent of each other. Of a corpus longer
//! than [`UNITS`] sentences, every `UNITS`-th sentence shares a unit, and units are drawn.

use rayon::prelude::*;

/// How many samples are drawn.
pub const RESAMPLES: usize = 1000;

/// The most units that are kept apart. Even, so that a unit's sentences are all odd or all even.
pub const UNITS: usize = 2048;

/// Where the generator begins: the same corpus gives the same interval.
const SEED: u64 = 0x1e81_5c09_e000_0001;

/// Where 95 % of the resampled values lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The 2.5th percentile.
    pub low: f64,
    /// The 97.5th percentile.
    pub high: f64,
}

/// How often each unit was drawn, for each sample.
pub struct Draws {
    units: usize,
    counts: Vec<u8>,
}

impl Draws {
    /// Draws `units` of `units`, with replacement, [`RESAMPLES`] times.
    pub fn new(units: usize) -> Self {
        let mut random = SplitMix(SEED);
        let mut counts = vec![0u8; units * RESAMPLES];
        for sample in counts.chunks_exact_mut(units.max(1)) {
            for _ in 0..units {
                let count = &mut sample[random.below(units)];
                *count = count.saturating_add(1);
            }
        }
        Self { units, counts }
    }

    /// The interval of `sum of tops / sum of bottoms` of each column. `rows` are the units that have numbers; `tops` and
    /// `bottoms` are row-major `[row, column]`. `None` for a column whose bottoms are all 0.
    pub fn ratios(&self, rows: &[usize], columns: usize, tops: &[f32], bottoms: &[f32]) -> Vec<Option<Interval>> {
        debug_assert!(tops.len() == rows.len() * columns && bottoms.len() == tops.len(), "one number per cell");
        // `[sample, column]`, NaN where a sample has nothing of a column.
        let ratios = |counts: &[u8]| -> Vec<f64> {
            let (mut top, mut bottom) = (vec![0f32; columns], vec![0f32; columns]);
            for (i, &unit) in rows.iter().enumerate().filter(|(_, unit)| counts[**unit] > 0) {
                let times = f32::from(counts[unit]);
                let cells = i * columns..(i + 1) * columns;
                top.iter_mut().zip(&tops[cells.clone()]).for_each(|(sum, x)| *sum += times * x);
                bottom.iter_mut().zip(&bottoms[cells]).for_each(|(sum, x)| *sum += times * x);
            }
            top.iter().zip(&bottom).map(|(t, b)| f64::from(*t) / f64::from(*b)).collect()
        };
        let ratios: Vec<Vec<f64>> = self.counts.par_chunks_exact(self.units.max(1)).map(ratios).collect();
        let column = |c: usize| percentiles(ratios.iter().map(|sample| sample[c]).filter(|x| x.is_finite()).collect());
        (0..columns).map(column).collect()
    }
}

/// The 2.5th and 97.5th percentile, linear between values as `NumPy` has it.
fn percentiles(mut values: Vec<f64>) -> Option<Interval> {
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    let at = |share: f64| {
        let place = share * last as f64;
        let (below, above) = (place.floor() as usize, place.ceil() as usize);
        values[below] + (values[above] - values[below]) * place.fract()
    };
    Some(Interval { low: at(0.025), high: at(0.975) })
}

/// Steele, Lea and Flood 2014: a small generator that is easy to have elsewhere.
#[derive(Debug, Clone, Copy)]
pub struct SplitMix(pub u64);

impl SplitMix {
    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`: the upper 32 bits, scaled.
    pub fn below(&mut self, end: usize) -> usize {
        (((self.bits() >> 32) * end as u64) >> 32) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_published_one() {
        // The first values of the reference implementation in C for the seed 1234567.
        let mut random = SplitMix(1_234_567);
        assert_eq!(random.bits(), 6_457_827_717_110_365_317);
        assert_eq!(random.bits(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn an_interval_is_as_wide_as_theory_says() {
        // 400 sentences of which half have 1: the mean's standard error is 0.5 / sqrt(400).
        let draws = Draws::new(400);
        let rows: Vec<usize> = (0..400).collect();
        let tops: Vec<f32> = rows.iter().map(|i| (i % 2) as f32).collect();
        let found = draws.ratios(&rows, 1, &tops, &[1.0; 400])[0].expect("an interval");
        assert!((found.low - (0.5 - 1.96 * 0.025)).abs() < 0.006 && (found.high - (0.5 + 1.96 * 0.025)).abs() < 0.006);
    }

    #[test]
    fn a_column_without_numbers_has_no_interval() {
        let found = Draws::new(3).ratios(&[0, 2], 2, &[1.0, 0.0, 1.0, 0.0], &[1.0, 0.0, 1.0, 0.0]);
        assert_eq!(found, [Some(Interval { low: 1.0, high: 1.0 }), None]);
        assert_eq!(Draws::new(0).ratios(&[], 1, &[], &[]), [None]);
    }
}
