//! Whether one set of words lies nearer to a set of attributes than another set does: the word-embedding association test
//! of Caliskan, Bryson and Narayanan 2017.

use super::axes::unit;
use super::product::dot;
use crate::analysis::bootstrap::SplitMix;
use crate::error::{Error, Result};
use crate::rows::Rows;
use crate::trace::Control;
use rayon::prelude::*;
use std::sync::atomic::{AtomicU64, Ordering};

/// Partitions up to which all of them are looked at.
const MOST: u64 = 200_000;
/// Partitions that are drawn where there are more.
const DRAWS: u64 = 100_000;
/// Of these so many on one thread.
const PART: u64 = 1000;

/// Four sets of words, as numbers of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sets<'a> {
    /// The first targets, e.g. flowers.
    pub x: &'a [usize],
    /// The second targets, e.g. insects.
    pub y: &'a [usize],
    /// The first attributes, e.g. pleasant words.
    pub a: &'a [usize],
    /// The second attributes, e.g. unpleasant ones.
    pub b: &'a [usize],
}

/// What the test finds.
#[derive(Debug, Clone, PartialEq)]
pub struct Weat {
    /// For each word of `x`, then of `y`: its mean cosine with `a` less that with `b`.
    pub associations: Vec<f64>,
    /// The mean association of `x` less that of `y`, over the standard deviation (n - 1) of all: -2 to 2, about.
    pub effect: f64,
    /// The chance that words of both sets, shared out anew at random, differ at least as much in the same direction.
    pub p: f64,
    /// Partitions that were looked at.
    pub partitions: u64,
    /// Whether these are all; otherwise they were drawn, and `p` is (1 + those that differ as much) / (1 + drawn).
    pub exact: bool,
}

impl Weat {
    /// Tests four sets.
    pub fn of(rows: &Rows, sets: Sets<'_>, seed: u64, control: &Control) -> Result<Self> {
        for (name, set) in [("first targets", sets.x), ("second targets", sets.y)] {
            check(name, set)?;
        }
        for (name, set) in [("first attributes", sets.a), ("second attributes", sets.b)] {
            check(name, set)?;
        }
        let units = |set: &[usize]| set.iter().map(|&row| unit(rows, row)).collect::<Result<Vec<_>>>();
        let (a, b) = (units(sets.a)?, units(sets.b)?);
        let mean = |word: &[f64], of: &[Vec<f64>]| of.iter().map(|v| dot(word, v)).sum::<f64>() / of.len() as f64;
        let words = [units(sets.x)?, units(sets.y)?].concat();
        let associations: Vec<f64> = words.iter().map(|w| mean(w, &a) - mean(w, &b)).collect();
        let first = sets.x.len();
        let average = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let all = average(&associations);
        let squares: f64 = associations.iter().map(|s| (s - all).powi(2)).sum();
        let spread = (squares / (associations.len() - 1) as f64).sqrt();
        if spread < 1e-12 {
            return Err(Error::input("all targets lie equally near to both sets of attributes"));
        }
        let effect = (average(&associations[..first]) - average(&associations[first..])) / spread;
        let (p, partitions, exact) = chance(&associations, first, seed, control)?;
        Ok(Self { associations, effect, p, partitions, exact })
    }
}

fn check(name: &str, set: &[usize]) -> Result<()> {
    if set.is_empty() { Err(Error::input(format!("there are no {name}"))) } else { Ok(()) }
}

/// The chance of a sum over `first` of the values that is at least that of the first ones. The mean of one part less that
/// of the other grows with the sum of the one, as the sum of both stays.
fn chance(values: &[f64], first: usize, seed: u64, control: &Control) -> Result<(f64, u64, bool)> {
    let own: f64 = values[..first].iter().sum();
    // The same words in another order may differ in the last digits.
    let bar = own - 1e-12 * values.iter().map(|v| v.abs()).sum::<f64>();
    if let Some(all) = combinations(values.len(), first).filter(|all| *all <= MOST) {
        let mut count = 0u64;
        let mut places: Vec<usize> = (0..first).collect();
        for done in 0..all {
            if done.is_multiple_of(1 << 12) {
                control.check()?;
            }
            count += u64::from(places.iter().map(|&i| values[i]).sum::<f64>() >= bar);
            next(&mut places, values.len());
        }
        return Ok((count as f64 / all as f64, all, true));
    }
    let done = AtomicU64::new(0);
    let part = |part: u64| -> Result<u64> {
        control.check()?;
        let mut random = SplitMix(SplitMix(seed.wrapping_add(part)).bits());
        let mut order = values.to_vec();
        let mut count = 0;
        for _ in 0..PART {
            for i in 0..first {
                order.swap(i, i + random.below(values.len() - i));
            }
            count += u64::from(order[..first].iter().sum::<f64>() >= bar);
        }
        control.report("Sharing words out", done.fetch_add(PART, Ordering::Relaxed) + PART, DRAWS);
        Ok(count)
    };
    let count = (0..DRAWS / PART).into_par_iter().map(part).collect::<Result<Vec<u64>>>()?.iter().sum::<u64>();
    Ok(((1 + count) as f64 / (1 + DRAWS) as f64, DRAWS, false))
}

/// How many ways there are to choose `k` of `n`; `None` where a `u64` does not hold the number.
fn combinations(n: usize, k: usize) -> Option<u64> {
    let k = k.min(n - k);
    (0..k).try_fold(1u64, |all, i| Some(all.checked_mul((n - i) as u64)? / (i as u64 + 1)))
}

/// The next choice of as many places below `n`, in lexicographic order.
fn next(places: &mut [usize], n: usize) {
    let k = places.len();
    if let Some(i) = (0..k).rev().find(|&i| places[i] < n - k + i) {
        places[i] += 1;
        for j in i + 1..k {
            places[j] = places[j - 1] + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_is_met_once() {
        let (mut places, mut seen) = (vec![0, 1, 2], Vec::new());
        for _ in 0..combinations(6, 3).expect("twenty") {
            seen.push(places.clone());
            next(&mut places, 6);
        }
        assert!(seen.is_sorted() && seen.len() == 20 && seen[19] == [3, 4, 5]);
        seen.dedup();
        assert_eq!(seen.len(), 20);
        assert_eq!(combinations(50, 25), Some(126_410_606_437_752));
        assert_eq!(combinations(400, 200), None);
    }

    #[test]
    fn drawn_partitions_are_near_all_of_them() {
        let values: Vec<f64> = (0..20).map(|i| ((i * i) as f64).sin() + if i < 10 { 0.3 } else { 0.0 }).collect();
        let control = Control::default();
        let (p, partitions, exact) = chance(&values, 10, 0, &control).expect("a chance");
        assert_eq!((partitions, exact), (184_756, true));
        // One word more that is like no other: too many partitions for all of them.
        let more: Vec<f64> = values.iter().copied().chain([0.0, 0.0]).collect();
        let (drawn, partitions, exact) = chance(&more, 10, 0, &control).expect("a chance");
        assert_eq!((partitions, exact), (DRAWS, false));
        let mut places: Vec<usize> = (0..10).collect();
        let own: f64 = values[..10].iter().sum();
        let (mut count, all) = (0u64, combinations(22, 10).expect("some"));
        for _ in 0..all {
            count += u64::from(places.iter().map(|&i| more[i]).sum::<f64>() >= own - 1e-9);
            next(&mut places, 22);
        }
        let wanted = count as f64 / all as f64;
        assert!((drawn - wanted).abs() < 5.0 * (wanted / DRAWS as f64).sqrt(), "{drawn} {wanted} {p}");
    }

    #[test]
    fn empty_sets_are_errors() {
        let rows = Rows::new(vec![1.0, 0.0, 0.0, 1.0], 2).expect("two rows");
        let sets = Sets { x: &[0], y: &[1], a: &[0], b: &[] };
        assert!(Weat::of(&rows, sets, 0, &Control::default()).is_err());
        let found = Weat::of(&rows, Sets { b: &[1], ..sets }, 0, &Control::default()).expect("a test");
        assert_eq!((found.p, found.partitions), (0.5, 2));
        assert!((found.effect - 2f64.sqrt()).abs() < 1e-12);
    }
}
