//! Values over time at every coarseness: what is drawn costs as much as there are pixels, however long the text is.

use crate::array::Array;
use crate::error::Result;
use rayon::prelude::*;
use std::ops::Range;

/// Entries of one level that become one of the next.
const FACTOR: usize = 4;
/// Levels are made down to about so many entries.
const FEW: usize = 256;

/// Values of units over time, with the smallest and the largest of every few steps.
#[derive(Debug)]
pub struct Levels {
    /// `[time, unit]`.
    pub values: Array,
    /// The largest magnitude of a finite value.
    pub most: f32,
    /// Whether any value is negative.
    pub signed: bool,
    coarse: Vec<Coarse>,
}

/// The smallest and the largest value of every `step` steps, `[time / step, unit]`; not numbers where one is none.
#[derive(Debug)]
struct Coarse {
    step: usize,
    extremes: Vec<[f32; 2]>,
}

impl Levels {
    /// Of values `[time, unit]`, row by row.
    pub fn new(values: Vec<f32>, units: usize) -> Result<Self> {
        let units = units.max(1);
        let values = Array::new(&["time", "unit"], &[values.len() / units, units], values)?;
        let (most, signed) = values
            .data()
            .par_chunks(1 << 16)
            .map(|part| {
                let finite = part.iter().copied().filter(|x| x.is_finite());
                finite.fold((0f32, false), |(most, signed), x| (most.max(x.abs()), signed || x < 0.0))
            })
            .reduce(|| (0.0, false), |a, b| (a.0.max(b.0), a.1 || b.1));
        let mut coarse: Vec<Coarse> = Vec::new();
        let mut step = FACTOR;
        while values.shape()[0] / step >= FEW {
            let extremes = match coarse.last() {
                None => halve(values.data(), units, |x| [*x, *x]),
                Some(last) => halve(&last.extremes, units, |pair| *pair),
            };
            coarse.push(Coarse { step, extremes });
            step *= FACTOR;
        }
        Ok(Self { values, most, signed, coarse })
    }

    /// Time steps.
    pub fn times(&self) -> usize {
        self.values.shape()[0]
    }

    /// Units.
    pub fn units(&self) -> usize {
        self.values.shape()[1]
    }

    /// The value of a unit at a step.
    pub fn value(&self, step: usize, unit: usize) -> Option<f32> {
        (step < self.times() && unit < self.units()).then(|| self.values.data()[step * self.units() + unit])
    }

    /// The smallest and the largest value of some units in a stretch of steps, to the entry of the level that fits it:
    /// a long stretch may have a few steps more at either end. Not numbers where one of them is none; nothing where there
    /// is no value.
    pub fn extremes(&self, steps: Range<usize>, units: Range<usize>) -> Option<[f32; 2]> {
        let all = self.units();
        let units = units.start..units.end.min(all);
        let steps = steps.start..steps.end.min(self.times());
        if steps.is_empty() || units.is_empty() {
            return None;
        }
        let level = self.coarse.iter().rev().find(|level| level.step <= steps.len());
        let mut found = [f32::INFINITY, f32::NEG_INFINITY];
        match level {
            None => {
                for step in steps {
                    for x in &self.values.data()[step * all..][units.clone()] {
                        found = wider(found, [*x, *x]);
                    }
                }
            }
            Some(level) => {
                for row in steps.start / level.step..steps.end.div_ceil(level.step) {
                    for pair in &level.extremes[row * all..][units.clone()] {
                        found = wider(found, *pair);
                    }
                }
            }
        }
        Some(found)
    }

    /// Of [`Levels::extremes`] the one farther from zero.
    pub fn farthest(&self, steps: Range<usize>, units: Range<usize>) -> f32 {
        let [least, most] = self.extremes(steps, units).unwrap_or([0.0; 2]);
        if least.abs() > most.abs() { least } else { most }
    }

    /// The mean over all units at each step.
    pub fn mean(&self) -> Result<Self> {
        let units = self.units();
        let mean = |row: &[f32]| row.iter().sum::<f32>() / units as f32;
        Self::new(self.values.data().par_chunks(units).map(mean).collect(), 1)
    }
}

fn wider(a: [f32; 2], b: [f32; 2]) -> [f32; 2] {
    if a[0].is_nan() || b[0].is_nan() { [f32::NAN; 2] } else { [a[0].min(b[0]), a[1].max(b[1])] }
}

/// Every few rows as one.
fn halve<T: Sync>(rows: &[T], units: usize, pair: impl Fn(&T) -> [f32; 2] + Sync) -> Vec<[f32; 2]> {
    let of = |rows: &[T]| {
        let mut found = vec![[f32::INFINITY, f32::NEG_INFINITY]; units];
        for row in rows.chunks_exact(units) {
            found.iter_mut().zip(row).for_each(|(found, x)| *found = wider(*found, pair(x)));
        }
        found
    };
    rows.par_chunks(units * FACTOR).flat_map_iter(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_has_the_extremes_of_what_is_under_it() {
        let (times, units) = (5003, 3);
        let values: Vec<f32> = (0..times * units).map(|i| ((i * 7919) % 1009) as f32 / 500.0 - 1.0).collect();
        let levels = Levels::new(values.clone(), units).expect("it fits");
        assert_eq!((levels.times(), levels.units(), levels.signed), (times, units, true));
        assert_eq!(levels.coarse.len(), 2);
        let plain = |steps: Range<usize>, own: Range<usize>| {
            let rows = values.chunks_exact(units).take(steps.end).skip(steps.start);
            let all = rows.flat_map(|row| row[own.clone()].to_vec());
            all.fold([f32::INFINITY, f32::NEG_INFINITY], |[a, b], x| [a.min(x), b.max(x)])
        };
        // Where a stretch is one of whole entries, nothing is added to it.
        for (steps, units) in [(7..9, 0..3), (16..32, 1..2), (160..480, 0..1), (4996..5003, 2..3)] {
            assert_eq!(levels.extremes(steps.clone(), units.clone()), Some(plain(steps, units)));
        }
        assert_eq!(levels.extremes(9..9, 0..1), None);
        assert_eq!(levels.extremes(6000..6001, 0..1), None);
        let mean = levels.mean().expect("it fits");
        let own = mean.value(77, 0).expect("a step");
        assert!((own - values[231..234].iter().sum::<f32>() / 3.0).abs() < 1e-6);
    }

    #[test]
    fn what_is_no_number_is_seen_at_every_level() {
        let mut values = vec![0.5; 4096];
        values[1234] = f32::NAN;
        let levels = Levels::new(values, 1).expect("it fits");
        assert!(levels.farthest(0..4096, 0..1).is_nan() && levels.farthest(1200..1300, 0..1).is_nan());
        assert!((levels.farthest(2000..2600, 0..1) - 0.5).abs() < 1e-6 && (levels.most - 0.5).abs() < 1e-6);
    }
}
