//! Taking directions out of a space, and what of them the rest still knows. Bolukbasi et al. 2016 took a gender axis out
//! of word vectors; Gonen and Goldberg 2019 showed that words which had lain at its ends still are each other's
//! neighbours.

use super::cures::without;
use super::neighbours::{Index, Metric};
use super::pca::Ends;
use super::product::dot;
use crate::error::{Error, Result};
use crate::rows::Rows;
use crate::trace::Control;

/// An orthonormal basis of what some vectors span; vectors that add nothing to those before them are left out.
pub fn basis(vectors: &[&[f64]]) -> Vec<Vec<f64>> {
    let mut basis: Vec<Vec<f64>> = Vec::new();
    for vector in vectors {
        let mut rest = vector.to_vec();
        let before = dot(&rest, &rest).sqrt();
        // Twice is enough (Giraud et al. 2005).
        for _ in 0..2 {
            for known in &basis {
                let along = dot(&rest, known);
                rest.iter_mut().zip(known).for_each(|(x, k)| *x -= along * k);
            }
        }
        let after = dot(&rest, &rest).sqrt();
        if after > 1e-8 * before {
            basis.push(rest.into_iter().map(|x| x / after).collect());
        }
    }
    basis
}

/// The rows without what lies along these vectors, `[row, dimension]`.
pub fn reject(rows: &Rows, vectors: &[&[f64]], control: &Control) -> Result<Rows> {
    if let Some(vector) = vectors.iter().find(|v| v.len() != rows.width()) {
        let (has, needs) = (vector.len(), rows.width());
        return Err(Error::input(format!(
            "a direction of width {has} cannot be taken out of vectors of width {needs}"
        )));
    }
    let basis = basis(vectors);
    if basis.is_empty() {
        return Err(Error::input("there is no direction to take out"));
    }
    without(rows, &vec![0.0; rows.width()], &basis, control)
}

/// How well a space tells words of two ends apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Telling {
    /// The share of words whose end is that of the nearer of two centroids, those of every other word of each end; the word
    /// itself is among the others. 0.5 by chance.
    pub accuracy: f64,
    /// The share of each word's nearest words among all of both ends that are of its own end: 0.5, nearly, by chance.
    pub neighbours: f64,
}

/// What leaks back.
#[derive(Debug, Clone, PartialEq)]
pub struct Leak {
    /// The words at both ends.
    pub ends: Ends,
    /// Neighbours that were looked at.
    pub k: usize,
    /// What the space told before.
    pub before: Telling,
    /// What it tells without the axis.
    pub after: Telling,
}

impl Leak {
    /// Takes the `count` words at either end of an axis, by their `places` along it, and asks both spaces which word is of
    /// which end. Words without a direction in either space are left out.
    pub fn of(before: &Rows, after: &Rows, places: &[f32], count: usize, k: usize, control: &Control) -> Result<Self> {
        if before.len() != places.len() || after.len() != places.len() {
            return Err(Error::input("the words along the axis are not those of the spaces"));
        }
        let (first, second) = (Index::new(before, Metric::Cosine), Index::new(after, Metric::Cosine));
        let placed = |i: usize| first.is_placed(i) && second.is_placed(i);
        let places: Vec<f32> = places.iter().enumerate().map(|(i, p)| if placed(i) { *p } else { f32::NAN }).collect();
        let some = places.iter().filter(|p| !p.is_nan()).count();
        let count = count.min(some / 2);
        if count < 2 {
            return Err(Error::input(format!("{some} words are too few for two ends of an axis")));
        }
        let ends = Ends::of(&places, count);
        let words: Vec<usize> = ends.low.iter().chain(&ends.high).copied().collect();
        let k = k.clamp(1, words.len() - 1);
        let telling = |rows: &Rows| telling(&rows.picked(&words), count, k, control);
        let (before, after) = (telling(before)?, telling(after)?);
        Ok(Self { ends, k, before, after })
    }
}

/// How well rows of which the first `count` are of one end and the others of the other are told apart.
fn telling(rows: &Rows, count: usize, k: usize, control: &Control) -> Result<Telling> {
    let units: Vec<Vec<f64>> = rows
        .iter()
        .map(|row| {
            let length = row.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
            row.iter().map(|x| f64::from(*x) / length).collect()
        })
        .collect();
    // Every other word of an end is in the same half.
    let half = |i: usize| i % count % 2;
    let mut sums = vec![(0usize, vec![0f64; rows.width()]); 4];
    let part = |end: usize, half: usize| 2 * end + half;
    for (i, row) in units.iter().enumerate() {
        let (words, sum) = &mut sums[part(usize::from(i >= count), half(i))];
        *words += 1;
        sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
    }
    let distance = |i: usize, end: usize| -> f64 {
        let (words, sum) = &sums[part(end, 1 - half(i))];
        units[i].iter().zip(sum).map(|(x, sum)| (x - sum / *words as f64).powi(2)).sum()
    };
    let right = |i: usize| {
        let own = usize::from(i >= count);
        distance(i, own) < distance(i, 1 - own)
    };
    let accuracy = (0..rows.len()).filter(|&i| right(i)).count() as f64 / rows.len() as f64;
    let graph = Index::new(rows, Metric::Cosine).graph(k, control)?;
    let alike = |i: usize| graph.row(i).0.iter().filter(|&&j| (j as usize >= count) == (i >= count)).count();
    let alike: usize = (0..rows.len()).map(alike).sum();
    Ok(Telling { accuracy, neighbours: alike as f64 / (rows.len() * k) as f64 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::bootstrap::SplitMix;
    use crate::analysis::space::axes::Axis;

    /// Words of two kinds, told apart by the first dimension and, where `twice`, by the second too.
    fn words(twice: bool) -> Rows {
        let mut random = SplitMix(3);
        let mut noise = || random.below(1001) as f32 / 1000.0 - 0.5;
        let mut values = Vec::new();
        for i in 0..200 {
            let side = if i < 100 { -1.0 } else { 1.0 };
            values.push(side + 0.2 * noise());
            values.push(if twice { side } else { 0.0 } + 0.2 * noise());
            values.extend((0..6).map(|_| noise()));
        }
        Rows::new(values, 8).expect("whole rows")
    }

    fn leak(rows: &Rows) -> Leak {
        let control = Control::default();
        let axis = Axis::along(&[1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]).expect("an axis");
        let after = reject(rows, &[&axis.direction], &control).expect("a rest");
        assert!(after.iter().all(|row| row[0].abs() < 1e-6));
        let places = axis.places(rows, &control).expect("places");
        Leak::of(rows, &after, &places, 50, 10, &control).expect("two ends")
    }

    #[test]
    fn what_two_dimensions_know_one_cannot_hide() {
        let (once, twice) = (leak(&words(false)), leak(&words(true)));
        assert!(once.before.accuracy == 1.0 && once.before.neighbours > 0.95);
        assert!((once.after.accuracy - 0.5).abs() < 0.15 && (once.after.neighbours - 0.5).abs() < 0.1, "{once:?}");
        assert!(twice.after.accuracy > 0.95 && twice.after.neighbours > 0.9, "{twice:?}");
        assert!(once.ends.low.iter().all(|i| *i < 100) && once.ends.high.iter().all(|i| *i >= 100));
    }

    #[test]
    fn a_basis_has_no_direction_twice() {
        let found = basis(&[&[3.0, 0.0, 4.0], &[6.0, 0.0, 8.0], &[0.0, 0.0, 0.0], &[0.0, 0.0, 1.0]]);
        assert_eq!(found.len(), 2);
        assert!(dot(&found[0], &found[1]).abs() < 1e-12 && (found[1][2] - 0.6).abs() < 1e-12);
        let control = Control::default();
        assert!(reject(&words(false), &[], &control).is_err());
        assert!(reject(&words(false), &[&[1.0, 2.0]], &control).is_err());
    }
}
