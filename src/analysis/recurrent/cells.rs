//! Finds the cells that follow a pattern over a text (Karpathy et al. 2015), and says when there is none.

use crate::analysis::bootstrap::SplitMix;
use crate::array::Array;
use crate::error::{Error, Result};
use crate::trace::Control;
use rayon::prelude::*;

/// Shifts of the pattern that the score is held against.
const SHIFTS: usize = 199;
/// The largest share of shifts that may do as well as the pattern itself.
const CHANCE: f64 = 0.01;

/// A cell beside a pattern.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// The cell.
    pub unit: usize,
    /// Its correlation with the pattern on the first half of the text, on which it was chosen.
    pub chosen: f64,
    /// Its correlation on the second half.
    pub score: f64,
    /// The share of circular shifts of the pattern, itself among them, with which it correlates at least as strongly and
    /// in the same direction on the second half.
    pub chance: f64,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Cells {
    /// The cells that were chosen, the best on the first half first.
    pub best: Vec<Found>,
    /// Whether the first of them follows the pattern; otherwise there is no such cell.
    pub stands_out: bool,
}

/// The `most` cells of values `[time, unit]` that correlate most with a pattern, a number for each step, on the first half
/// of the text, scored on the second half against circular shifts of the pattern.
pub fn find(values: &Array, pattern: &[f32], most: usize, seed: u64, control: &Control) -> Result<Cells> {
    let &[times, units] = values.shape() else {
        return Err(Error::input(format!("values over time are {:?}", values.shape())));
    };
    if pattern.len() != times || times < 40 {
        return Err(Error::input(format!("{times} steps and a pattern of {}: at least 40 are needed", pattern.len())));
    }
    let half = times / 2;
    let column = |unit: usize, from: usize, to: usize| -> Vec<f64> {
        (from..to).map(|t| f64::from(values.block(&[t])[unit])).collect()
    };
    let as_doubles = |part: &[f32]| part.iter().map(|x| f64::from(*x)).collect::<Vec<f64>>();
    let (first, second) = (as_doubles(&pattern[..half]), as_doubles(&pattern[half..]));
    let constant = |x: &[f64]| x.windows(2).all(|w| w[0] == w[1]);
    if constant(&first) || constant(&second) {
        return Err(Error::input("the pattern does not change in one half of the text: nothing can follow it"));
    }
    control.check()?;
    let mut chosen: Vec<(usize, f64)> =
        (0..units).into_par_iter().map(|unit| (unit, correlation(&column(unit, 0, half), &first))).collect();
    chosen.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(&b.0)));
    chosen.truncate(most);
    let mut random = SplitMix(seed);
    let room = second.len();
    // Not so near that what is shifted is still the same.
    let (least, span) = (room / 20, room - room / 10);
    let shifts: Vec<usize> = (0..SHIFTS).map(|_| least + random.below(span)).collect();
    let score = |&(unit, chosen): &(usize, f64)| {
        control.check()?;
        let own = column(unit, half, times);
        let sign = chosen.signum();
        let score = correlation(&own, &second);
        let as_good = shifts.iter().filter(|shift| {
            let mut shifted = second.clone();
            shifted.rotate_right(**shift);
            sign * correlation(&own, &shifted) >= sign * score
        });
        let chance = (as_good.count() + 1) as f64 / (SHIFTS + 1) as f64;
        Ok(Found { unit, chosen, score, chance })
    };
    let best: Vec<Found> = chosen.par_iter().map(score).collect::<Result<_>>()?;
    let stands_out = best.first().is_some_and(|found| found.chance <= CHANCE);
    Ok(Cells { best, stands_out })
}

/// Pearson's correlation; 0 where either does not change or is no number.
fn correlation(x: &[f64], y: &[f64]) -> f64 {
    let n = x.len() as f64;
    let mean = |v: &[f64]| v.iter().sum::<f64>() / n;
    let (a, b) = (mean(x), mean(y));
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (x, y) in x.iter().zip(y) {
        xy += (x - a) * (y - b);
        xx += (x - a) * (x - a);
        yy += (y - b) * (y - b);
    }
    let found = xy / (xx * yy).sqrt();
    if found.is_finite() { found } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twenty cells of noise over 2,000 steps; the pattern turns on and off for random stretches.
    fn example(follows: bool) -> (Array, Vec<f32>) {
        let mut random = SplitMix(11);
        let mut point = || (random.bits() >> 11) as f64 / (1u64 << 53) as f64;
        let mut state = 0.0;
        let pattern: Vec<f32> = (0..2000)
            .map(|_| {
                if point() < 0.05 {
                    state = 1.0 - state;
                }
                state
            })
            .collect();
        // Noise that stays for a while correlates by chance with a pattern that does.
        let mut row = [0f64; 20];
        let mut values = Vec::new();
        for on in &pattern {
            for x in &mut row {
                *x = 0.9 * *x + point() - 0.5;
            }
            let follow = |(i, x): (usize, &f64)| {
                if follows && i == 13 { (x - 3.0 * f64::from(*on)) as f32 } else { *x as f32 }
            };
            values.extend(row.iter().enumerate().map(follow));
        }
        (Array::new(&["time", "unit"], &[2000, 20], values).expect("it fits"), pattern)
    }

    #[test]
    fn a_cell_that_follows_is_found_and_noise_is_not() {
        let control = Control::default();
        let (values, pattern) = example(true);
        let found = find(&values, &pattern, 5, 1, &control).expect("it can be asked");
        assert!(found.stands_out && found.best.len() == 5);
        assert_eq!(found.best[0].unit, 13);
        assert!(found.best[0].score < -0.7 && found.best[0].chance == 1.0 / 200.0, "{:?}", found.best[0]);
        let (values, pattern) = example(false);
        let found = find(&values, &pattern, 5, 1, &control).expect("it can be asked");
        assert!(!found.stands_out, "{:?}", found.best[0]);
        assert!(find(&values, &vec![1.0; 2000], 5, 1, &control).is_err());
    }

    #[test]
    fn a_correlation_is_pearsons() {
        // numpy.corrcoef([1, 2, 4, 3], [2, 1, 5, 9])[0, 1]
        let found = correlation(&[1.0, 2.0, 4.0, 3.0], &[2.0, 1.0, 5.0, 9.0]);
        assert!((found - 0.610_658_03).abs() < 1e-6, "{found}");
        assert_eq!(correlation(&[1.0, 1.0], &[1.0, 2.0]), 0.0);
    }
}
