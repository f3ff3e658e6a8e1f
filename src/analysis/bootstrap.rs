//! Intervals by resampling sentences: the percentile bootstrap of Efron and Tibshirani 1993, chapter 13.
//!
//! A sentence is drawn whole, because the words of one sentence are not independent of each other. Of a corpus longer
//! than [`UNITS`] sentences, every `UNITS`-th sentence shares a unit, and units are drawn. From fewer than [`FEWEST`]
//! units there is no interval: what one sentence says would lie exactly there.

use crate::error::Result;
use crate::trace::Control;
use rayon::prelude::*;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many samples are drawn.
pub const RESAMPLES: usize = 1000;

/// The most units that are kept apart. Even, so that a unit's sentences are all odd or all even.
pub const UNITS: usize = 2048;

/// The fewest units with numbers that an interval is made from.
pub const FEWEST: usize = 5;

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

/// How much resampling there is, and how much is done.
#[derive(Debug)]
pub struct Work<'a> {
    control: &'a Control,
    done: AtomicU64,
    total: u64,
}

impl<'a> Work<'a> {
    /// So many calls of [`Draws::ratios`], none done yet.
    pub fn new(control: &'a Control, calls: usize) -> Self {
        Self { control, done: AtomicU64::new(0), total: (calls * RESAMPLES) as u64 }
    }

    /// One sample more; `Err(Stopped)` once a stop was asked for.
    fn step(&self) -> Result<()> {
        const BETWEEN: u64 = 50;
        self.control.check()?;
        let done = self.done.fetch_add(1, Ordering::Relaxed);
        if done.is_multiple_of(BETWEEN) {
            self.control.report("Resampling", done, self.total);
        }
        Ok(())
    }
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
    /// `bottoms` are row-major `[row, column]`. `None` for a column that fewer than [`FEWEST`] rows have a bottom of.
    pub fn ratios(
        &self,
        rows: &[usize],
        columns: usize,
        tops: &[f32],
        bottoms: &[f32],
        work: &Work<'_>,
    ) -> Result<Vec<Option<Interval>>> {
        debug_assert!(tops.len() == rows.len() * columns && bottoms.len() == tops.len(), "one number per cell");
        // `[sample, column]`, NaN where a sample has nothing of a column.
        let ratios = |counts: &[u8]| -> Result<Vec<f64>> {
            work.step()?;
            let (mut top, mut bottom) = (vec![0f64; columns], vec![0f64; columns]);
            for (i, &unit) in rows.iter().enumerate().filter(|(_, unit)| counts[**unit] > 0) {
                let times = f64::from(counts[unit]);
                let cells = i * columns..(i + 1) * columns;
                top.iter_mut().zip(&tops[cells.clone()]).for_each(|(sum, x)| *sum += times * f64::from(*x));
                bottom.iter_mut().zip(&bottoms[cells]).for_each(|(sum, x)| *sum += times * f64::from(*x));
            }
            Ok(top.iter().zip(&bottom).map(|(t, b)| t / b).collect())
        };
        let ratios: Vec<Vec<f64>> =
            self.counts.par_chunks_exact(self.units.max(1)).map(ratios).collect::<Result<_>>()?;
        let column = |c: usize| {
            let having = (0..rows.len()).filter(|i| bottoms[i * columns + c] > 0.0).count();
            let values = || ratios.iter().map(|sample| sample[c]).filter(|x| x.is_finite()).collect();
            (having >= FEWEST).then(|| percentiles(values())).flatten()
        };
        Ok((0..columns).into_par_iter().map(column).collect())
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

    fn ratios(draws: &Draws, rows: &[usize], columns: usize, tops: &[f32], bottoms: &[f32]) -> Vec<Option<Interval>> {
        let control = Control::default();
        draws.ratios(rows, columns, tops, bottoms, &Work::new(&control, 1)).expect("nothing stops it")
    }

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
        let found = ratios(&draws, &rows, 1, &tops, &[1.0; 400])[0].expect("an interval");
        assert!((found.low - (0.5 - 1.96 * 0.025)).abs() < 0.006 && (found.high - (0.5 + 1.96 * 0.025)).abs() < 0.006);
    }

    #[test]
    fn a_column_of_few_numbers_has_no_interval() {
        // Five rows have the first column, four the second.
        let rows = [0, 2, 3, 4, 6];
        let cells = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0];
        assert_eq!(ratios(&Draws::new(7), &rows, 2, &cells, &cells), [Some(Interval { low: 1.0, high: 1.0 }), None]);
        assert_eq!(ratios(&Draws::new(0), &[], 1, &[], &[]), [None]);
    }

    #[test]
    fn large_numbers_do_not_swallow_small_ones() {
        // 2^24 and 1 are not added in single precision: one row of a thousand would hide the other 999.
        let mut tops = vec![1.0; 1000];
        tops[0] = 16_777_216.0;
        let rows: Vec<usize> = (0..1000).collect();
        let mut bottoms = vec![1e-9; 1000];
        bottoms[0] = 1.0;
        let draws = Draws::new(1000);
        let found = ratios(&draws, &rows, 1, &tops, &bottoms)[0].expect("an interval");
        let samples = draws.counts.chunks_exact(1000).map(|c| {
            let top: f64 = c.iter().zip(&tops).map(|(n, x)| f64::from(*n) * f64::from(*x)).sum();
            top / c.iter().zip(&bottoms).map(|(n, x)| f64::from(*n) * f64::from(*x)).sum::<f64>()
        });
        let wanted = percentiles(samples.collect()).expect("samples");
        assert!((found.low / wanted.low - 1.0).abs() < 1e-9 && (found.high / wanted.high - 1.0).abs() < 1e-9);
    }

    #[test]
    fn resampling_ends_when_it_is_told_to() {
        let stop = crate::trace::Stop::default();
        let setter = stop.clone();
        let control = Control::new(stop, move |progress| {
            assert_eq!((progress.stage.as_str(), progress.total), ("Resampling", 2000));
            setter.set();
        });
        let work = Work::new(&control, 2);
        let found = Draws::new(9).ratios(&(0..9).collect::<Vec<_>>(), 1, &[1.0; 9], &[1.0; 9], &work);
        assert!(found.expect_err("it was stopped").is_stopped());
    }
}
