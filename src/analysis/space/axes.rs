//! Axes with a meaning: from one set of words to another, along what pairs of words have in common, or along a vector;
//! and whether an axis means more than chance and more than one of its words. Rows are scaled to length 1 first, so that
//! frequent words do not weigh more.
//!
//! Sets: the difference of their means (An, Kwak and Ahn 2018, `SemAxis`). Pairs: the first right singular vector of the
//! differences (Bolukbasi et al. 2016: the first component of each pair around its own middle is the same).

mod typed;

pub use typed::{Typed, list, pairs, quoted, rows};

use super::pca::{eigen, signed};
use super::product::{dot, project};
use crate::analysis::bootstrap::SplitMix;
use crate::error::{Error, Result};
use crate::rows::Rows;
use crate::source::vectors::Words;
use crate::trace::Control;
use faer::Mat;
use rayon::prelude::*;

/// What an axis is made from, as numbers of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Poles {
    /// From the words of the first set to those of the second.
    Sets(Vec<usize>, Vec<usize>),
    /// Along what leads from the first word of each pair to its second.
    Pairs(Vec<(usize, usize)>),
}

impl Poles {
    /// What each word or pair is called, in the order of [`stability`].
    pub fn names(&self, words: &Words) -> Vec<String> {
        let name = |row: usize| words.get(row);
        match self {
            Self::Sets(from, to) => from.iter().chain(to).map(|&row| name(row).into_owned()).collect(),
            Self::Pairs(pairs) => pairs.iter().map(|&(a, b)| format!("{} : {}", name(a), name(b))).collect(),
        }
    }
}

/// A direction in a space.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// Its direction, of length 1, `[dimension]`.
    pub direction: Vec<f64>,
    /// How strong it is. Of sets the length of the difference of their means: 0 to 2. Of pairs the share of the squared
    /// differences that lies along it: at least one over their number, 1 where all differences are parallel.
    pub strength: f64,
}

impl Axis {
    /// The axis from one pole to the other. A pole without words, a word whose row is zero or not finite, and poles that
    /// do not differ are errors.
    pub fn of(rows: &Rows, poles: &Poles) -> Result<Self> {
        match poles {
            Poles::Sets(from, to) => {
                if from.is_empty() || to.is_empty() {
                    return Err(Error::input("a pole of the axis has no word"));
                }
                let (from, to) = (mean(rows, from)?, mean(rows, to)?);
                Self::scaled(to.iter().zip(&from).map(|(t, f)| t - f).collect(), "the poles of the axis do not differ")
            }
            Poles::Pairs(pairs) => Self::of_pairs(rows, pairs),
        }
    }

    /// The axis along a vector.
    pub fn along(vector: &[f64]) -> Result<Self> {
        Self::scaled(vector.to_vec(), "a vector of zeros is no axis")
    }

    fn scaled(mut direction: Vec<f64>, else_: &str) -> Result<Self> {
        let strength = dot(&direction, &direction).sqrt();
        if !(strength > 1e-12 && strength.is_finite()) {
            return Err(Error::input(else_));
        }
        for x in &mut direction {
            *x /= strength;
        }
        Ok(Self { direction, strength })
    }

    /// Of few pairs in many dimensions: the differences weighted by the first eigenvector of their products.
    fn of_pairs(rows: &Rows, pairs: &[(usize, usize)]) -> Result<Self> {
        if pairs.is_empty() {
            return Err(Error::input("the axis has no pair of words"));
        }
        let mut differences = Vec::new();
        for &(from, to) in pairs {
            let (from, to) = (unit(rows, from)?, unit(rows, to)?);
            differences.push(to.iter().zip(&from).map(|(t, f)| t - f).collect::<Vec<f64>>());
        }
        let n = differences.len();
        let products = Mat::from_fn(n, n, |i, j| dot(&differences[i], &differences[j]));
        let total: f64 = (0..n).map(|i| products[(i, i)]).sum();
        let (values, vectors) = eigen(products.as_ref())?;
        let mut direction = vec![0f64; rows.width()];
        for (difference, weight) in differences.iter().zip(vectors.col_as_slice(n - 1)) {
            direction.iter_mut().zip(difference).for_each(|(sum, x)| *sum += weight * x);
        }
        // It points the way of most of the differences; where they cancel, its sign is that of a component.
        let along: f64 = differences.iter().map(|d| dot(d, &direction)).sum();
        if along < 0.0 {
            direction = direction.into_iter().map(|x| -x).collect();
        } else if along == 0.0 {
            direction = signed(direction);
        }
        let axis = Self::scaled(direction, "the words of each pair do not differ")?;
        Ok(Self { strength: values[n - 1] / total, ..axis })
    }

    /// The cosine of each row with the axis, `[row]`: NaN where a row is zero or not finite.
    pub fn places(&self, rows: &Rows, control: &Control) -> Result<Vec<f32>> {
        Ok(places(rows, &[self], control)?.values().to_vec())
    }

    /// The cosine with another axis.
    pub fn cosine(&self, other: &Self) -> f64 {
        dot(&self.direction, &other.direction).clamp(-1.0, 1.0)
    }
}

/// The cosine of each row with each axis, `[row, axis]`: NaN where a row is zero or not finite.
pub fn places(rows: &Rows, axes: &[&Axis], control: &Control) -> Result<Rows> {
    let directions: Vec<Option<&[f64]>> = axes.iter().map(|axis| Some(axis.direction.as_slice())).collect();
    let mut places = project(rows, &vec![0.0; rows.width()], &directions, control)?;
    let scale = |(out, row): (&mut [f32], &[f32])| -> Result<()> {
        control.check()?;
        let length = row.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
        for x in out {
            let cosine = f64::from(*x) / length;
            *x = if length.is_finite() { cosine as f32 } else { f32::NAN };
        }
        Ok(())
    };
    let width = rows.width().max(1);
    let pairs = places.values_mut().par_chunks_mut(axes.len().max(1)).zip(rows.values().par_chunks(width));
    pairs.try_for_each(scale)?;
    Ok(places)
}

/// A row scaled to length 1.
pub(super) fn unit(rows: &Rows, row: usize) -> Result<Vec<f64>> {
    let values: Vec<f64> = rows.row(row).iter().map(|x| f64::from(*x)).collect();
    let length = dot(&values, &values).sqrt();
    if !(length > 0.0 && length.is_finite()) {
        return Err(Error::input(format!("the vector of word {row} has no direction")));
    }
    Ok(values.into_iter().map(|x| x / length).collect())
}

/// The mean of rows scaled to length 1.
fn mean(rows: &Rows, words: &[usize]) -> Result<Vec<f64>> {
    let mut sum = vec![0f64; rows.width()];
    for &word in words {
        sum.iter_mut().zip(unit(rows, word)?).for_each(|(sum, x)| *sum += x);
    }
    Ok(sum.into_iter().map(|x| x / words.len() as f64).collect())
}

/// The strengths of axes from random words, and how an axis stands among them.
#[derive(Debug, Clone, PartialEq)]
pub struct Chance {
    /// The strengths, sorted, smallest first.
    pub strengths: Vec<f64>,
    /// The chance that random words make an axis at least as strong: (1 + those) / (1 + draws).
    pub p: f64,
}

impl Chance {
    /// Draws as many random words as the poles have, `draws` times, from those of `among` that have a direction. Words may
    /// be drawn that stand in the poles; no word is drawn twice for one axis.
    pub fn of(rows: &Rows, poles: &Poles, among: &[usize], draws: usize, seed: u64, control: &Control) -> Result<Self> {
        let own = Axis::of(rows, poles)?.strength;
        let placed = |&row: &usize| control.check().map(|()| unit(rows, row).is_ok().then_some(row));
        let among = among.par_iter().map(placed).collect::<Result<Vec<_>>>()?;
        let among: Vec<usize> = among.into_iter().flatten().collect();
        let needed = match poles {
            Poles::Sets(from, to) => from.len() + to.len(),
            Poles::Pairs(pairs) => 2 * pairs.len(),
        };
        if among.len() < needed {
            return Err(Error::input(format!("{needed} random words are needed and there are {}", among.len())));
        }
        let strength = |draw: usize| {
            control.check()?;
            // Each draw begins elsewhere, so that draws may be made in any order.
            let mut random = SplitMix(SplitMix(seed.wrapping_add(draw as u64)).bits());
            let words = distinct(&among, needed, &mut random);
            let random = match poles {
                Poles::Sets(from, _) => {
                    let (from, to) = words.split_at(from.len());
                    Poles::Sets(from.to_vec(), to.to_vec())
                }
                Poles::Pairs(_) => Poles::Pairs(words.chunks_exact(2).map(|w| (w[0], w[1])).collect()),
            };
            // Words whose rows are equal make an axis of no strength.
            Ok(Axis::of(rows, &random).map_or(0.0, |axis| axis.strength))
        };
        let mut strengths = (0..draws).into_par_iter().map(strength).collect::<Result<Vec<f64>>>()?;
        strengths.sort_by(f64::total_cmp);
        let mut chance = Self { strengths, p: 0.0 };
        chance.p = (1 + chance.reach(own)) as f64 / (1 + draws) as f64;
        Ok(chance)
    }

    /// How many of the random axes are at least as strong.
    pub fn reach(&self, strength: f64) -> usize {
        self.strengths.len() - self.strengths.partition_point(|s| *s < strength)
    }

    /// The strength that this share of random axes stays below: the nearest rank.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let last = self.strengths.len().checked_sub(1)?;
        self.strengths.get((share * last as f64).round() as usize).copied()
    }
}

/// `count` different ones of these, in random order (Floyd's sampling would lose the order).
fn distinct(among: &[usize], count: usize, random: &mut SplitMix) -> Vec<usize> {
    let mut taken = std::collections::HashMap::new();
    let mut words = Vec::with_capacity(count);
    for i in 0..count {
        let j = i + random.below(among.len() - i);
        let at = taken.get(&j).copied().unwrap_or(j);
        taken.insert(j, taken.get(&i).copied().unwrap_or(i));
        words.push(among[at]);
    }
    words
}

/// How much an axis hangs on each of its words: the cosine between it and the axis without the word or the pair, in the
/// order of the poles (of sets the words of the first, then those of the second). `None` where there is no axis without.
pub fn stability(rows: &Rows, poles: &Poles) -> Result<Vec<Option<f64>>> {
    fn but<T: Clone>(all: &[T], i: usize) -> Vec<T> {
        all.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, x)| x.clone()).collect()
    }
    let whole = Axis::of(rows, poles)?;
    let without: Vec<Poles> = match poles {
        Poles::Sets(from, to) => {
            let first = (0..from.len()).map(|i| Poles::Sets(but(from, i), to.clone()));
            first.chain((0..to.len()).map(|i| Poles::Sets(from.clone(), but(to, i)))).collect()
        }
        Poles::Pairs(pairs) => (0..pairs.len()).map(|i| Poles::Pairs(but(pairs, i))).collect(),
    };
    Ok(without.iter().map(|poles| Axis::of(rows, poles).ok().map(|axis| axis.cosine(&whole))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Rows {
        let values =
            vec![1.0, 0.0, 0.0, 0.0, 2.0, 0.0, 3.0, 3.0, 0.0, 0.0, 0.0, 0.0, f32::NAN, 0.0, 1.0, 0.0, 0.0, 5.0];
        Rows::new(values, 3).expect("six rows")
    }

    #[test]
    fn a_pole_without_words_is_an_error() {
        for poles in [Poles::Sets(vec![], vec![1]), Poles::Sets(vec![1], vec![]), Poles::Pairs(vec![])] {
            assert!(Axis::of(&rows(), &poles).is_err());
        }
        // Rows without a direction, and poles that do not differ.
        for poles in [Poles::Sets(vec![3], vec![1]), Poles::Pairs(vec![(0, 4)]), Poles::Sets(vec![1], vec![1])] {
            assert!(Axis::of(&rows(), &poles).is_err());
        }
        assert!(Axis::along(&[0.0; 3]).is_err() && Axis::along(&[f64::NAN]).is_err());
    }

    #[test]
    fn words_lie_along_an_axis_by_their_cosine() {
        let axis = Axis::of(&rows(), &Poles::Sets(vec![0], vec![1])).expect("an axis");
        assert!((axis.strength - 2f64.sqrt()).abs() < 1e-12);
        let found = axis.places(&rows(), &Control::default()).expect("places");
        let half = 0.5f32.sqrt();
        for (x, y) in found.iter().zip([-half, half, 0.0, f32::NAN, f32::NAN, 0.0]) {
            assert!((x - y).abs() < 1e-6 || x.is_nan() && y.is_nan(), "{found:?}");
        }
    }

    #[test]
    fn parallel_pairs_are_along_one_axis() {
        let values = vec![1.0, 0.0, 0.0, 1.0, -1.0, 0.0, 0.0, -1.0, 1.0, 0.0];
        let rows = Rows::new(values, 2).expect("five rows");
        let axis = Axis::of(&rows, &Poles::Pairs(vec![(0, 1), (3, 2)])).expect("an axis");
        // (-1, 1) and (-1, 1).
        assert!((axis.strength - 1.0).abs() < 1e-12 && axis.direction[0] < 0.0);
        assert_eq!(stability(&rows, &Poles::Pairs(vec![(0, 1)])).expect("an axis"), [None]);
        let across = Axis::of(&rows, &Poles::Pairs(vec![(0, 1), (0, 3)])).expect("an axis");
        assert!((across.strength - 0.5).abs() < 1e-12);
    }

    #[test]
    fn random_words_are_different_ones() {
        let among: Vec<usize> = (10..17).collect();
        let mut counts = [0; 7];
        let mut random = SplitMix(5);
        for _ in 0..700 {
            let mut words = distinct(&among, 4, &mut random);
            for w in &words {
                counts[w - 10] += 1;
            }
            words.sort_unstable();
            words.dedup();
            assert_eq!(words.len(), 4);
        }
        assert!(counts.iter().all(|c| (350..450).contains(c)), "{counts:?}");
    }
}
