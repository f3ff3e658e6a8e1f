//! Where a threshold cuts a row: found once and applied whenever the row is looked at. No list of what passes is made.

use super::Threshold;

/// What of a row passes: sizes above `least`, and those equal to it up to the key `last`. Sizes are compared by their
/// bits, which have the order of the numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cut {
    least: u32,
    last: u32,
}

/// How much passed.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Passed {
    /// Values that passed.
    pub kept: u64,
    /// Values that there were, zeros and what the model masked aside.
    pub of: u64,
    /// The sum of the magnitudes of those that passed.
    pub mass: f64,
    /// The sum of all magnitudes.
    pub total: f64,
}

impl Passed {
    /// With what passed elsewhere.
    pub fn and(self, other: Self) -> Self {
        Self {
            kept: self.kept + other.kept,
            of: self.of + other.of,
            mass: self.mass + other.mass,
            total: self.total + other.total,
        }
    }

    /// The share of all magnitudes that passed, 0 to 1.
    pub fn share(self) -> f32 {
        if self.total > 0.0 { (self.mass / self.total).min(1.0) as f32 } else { 0.0 }
    }
}

/// Sets what does not pass a threshold, row by row of `n` values, to zero.
pub fn cut(values: &mut [f32], n: usize, threshold: Threshold) -> Passed {
    let (mut passed, mut sizes) = (Passed::default(), Vec::new());
    for row in values.chunks_exact_mut(n.max(1)) {
        let (cut, here) = Cut::of(threshold, row, &mut sizes);
        cut.apply(row);
        passed = passed.and(here);
    }
    passed
}

/// The bits of infinity: those of finite sizes are smaller.
const INFINITE: u32 = f32::INFINITY.to_bits();

impl Cut {
    /// Every size above zero passes.
    const OPEN: Self = Self { least: 1, last: u32::MAX };
    /// None does.
    pub(super) const SHUT: Self = Self { least: INFINITE, last: u32::MAX };

    /// Whether a threshold lets every value pass.
    pub fn is_open(threshold: Threshold) -> bool {
        matches!(threshold, Threshold::Mass(1.0..)) || threshold == Threshold::AtLeast(0.0)
    }

    /// The cut of a row, and how much passes; `sizes` is room to work in.
    pub fn of(threshold: Threshold, row: &[f32], sizes: &mut Vec<u32>) -> (Self, Passed) {
        sizes.clear();
        sizes.extend(row.iter().map(|w| finite(*w)));
        let of = row.iter().map(|w| u32::from(*w != 0.0 && *w != f32::NEG_INFINITY)).sum::<u32>().into();
        let (all, total) = (count(sizes, 1), sum(sizes, 0));
        let (cut, kept, mass) = match threshold {
            _ if Self::is_open(threshold) => (Self::OPEN, all, total),
            Threshold::AtLeast(least) => {
                let least = least.to_bits().clamp(1, INFINITE);
                (Self { least, last: u32::MAX }, count(sizes, least), sum(sizes, least))
            }
            Threshold::Top(0) => (Self::SHUT, 0, 0.0),
            Threshold::Top(kept) if kept >= all => (Self::OPEN, all, total),
            Threshold::Top(kept) => {
                let (_, &mut least, _) = sizes.select_nth_unstable_by(kept - 1, |a, b| b.cmp(a));
                (Self::at(least, kept, row), kept, sum(&sizes[..kept], 0))
            }
            // Half of a row is half of it also where the row's values were rounded.
            Threshold::Mass(share) => match by_mass(sizes, f64::from(share - f32::EPSILON) * total) {
                Some(Crossing { least: least @ 1.., kept, mass, is_tied }) => {
                    let whole = Self { least, last: u32::MAX };
                    (if is_tied { Self::at(least, kept, row) } else { whole }, kept, mass)
                }
                // All sizes together came to less than the line, by a rounding.
                Some(_) => (Self::OPEN, all, total),
                None => (Self::SHUT, 0, 0.0),
            },
        };
        (cut, Passed { kept: kept as u64, of, mass, total })
    }

    /// The cut that lets the `kept` largest of a row pass, the smallest of which is `least`; of equal ones the earlier.
    fn at(least: u32, kept: usize, row: &[f32]) -> Self {
        let from = |least: u32| row.iter().map(|w| u32::from(finite(*w) >= least)).sum::<u32>() as usize;
        if kept == from(least) {
            return Self { least, last: u32::MAX };
        }
        let mut equal = (0..).zip(row).filter(|(_, w)| finite(**w) == least).map(|(key, _)| key);
        Self { least, last: equal.nth(kept - from(least + 1) - 1).unwrap_or(u32::MAX) }
    }

    /// Whether a value passes. What is not a finite number weighs nothing.
    pub fn has(self, key: usize, w: f32) -> bool {
        let bits = w.abs().to_bits();
        bits < INFINITE && (bits > self.least || (bits == self.least && key as u32 <= self.last))
    }

    /// Sets what does not pass to zero. What is not a finite number stays: it is never small.
    pub fn apply(self, row: &mut [f32]) {
        let (until, after) = row.split_at_mut(row.len().min((self.last as usize).saturating_add(1)));
        for (part, least) in [(until, self.least), (after, self.least + 1)] {
            for w in part {
                *w = if w.abs().to_bits() < least { 0.0 } else { *w };
            }
        }
    }
}

/// The bits of a size. What is not a finite number weighs nothing.
fn finite(w: f32) -> u32 {
    let bits = w.abs().to_bits();
    if bits < INFINITE { bits } else { 0 }
}

/// How many sizes are not below `least`.
fn count(sizes: &[u32], least: u32) -> usize {
    sizes.iter().map(|&size| u32::from(size >= least)).sum::<u32>() as usize
}

/// The sum of those that are not below `least`. In double precision the order of a sum makes no difference to which value
/// crosses a line: several run beside each other.
fn sum(sizes: &[u32], least: u32) -> f64 {
    const LANES: usize = 8;
    let weight = |size: u32| f64::from(f32::from_bits(if size >= least { size } else { 0 }));
    let mut lanes = [0f64; LANES];
    let (whole, rest) = sizes.as_chunks::<LANES>();
    for eight in whole {
        for (lane, &size) in lanes.iter_mut().zip(eight) {
            *lane += weight(size);
        }
    }
    lanes.iter().sum::<f64>() + rest.iter().map(|&size| weight(size)).sum::<f64>()
}

/// Moves the sizes that are not below `pivot` to the front: how many they are. Without branches, as to which part a size
/// belongs cannot be foreseen.
fn split(sizes: &mut [u32], pivot: u32) -> usize {
    let mut front = 0;
    for i in 0..sizes.len() {
        let size = sizes[i];
        sizes.swap(i, front);
        front += usize::from(size >= pivot);
    }
    front
}

/// Where a line is crossed: the least size that passes, how many do, their sum, and whether sizes equal to the least do
/// not.
struct Crossing {
    least: u32,
    kept: usize,
    mass: f64,
    is_tied: bool,
}

/// The fewest of the largest sizes whose sum reaches the line, the one that crosses it among them. None where the line is
/// reached by nothing.
fn by_mass(sizes: &mut [u32], line: f64) -> Option<Crossing> {
    /// So few are sorted.
    const FEW: usize = 12;
    if line <= 0.0 {
        return None;
    }
    let (mut kept, mut mass, mut open) = (0, 0.0, sizes);
    // Only the part in which the line is crossed is looked at again.
    while open.len() > FEW {
        let [a, b, c] = [open[0], open[open.len() / 2], open[open.len() - 1]];
        let pivot = a.max(b).min(a.min(b).max(c));
        let mut front = split(open, pivot);
        if front == open.len() {
            // Nothing is below the pivot: what is equal to it comes last.
            front = split(open, pivot + 1);
            let larger = sum(&open[..front], 0);
            if mass + larger < line {
                let each = f64::from(f32::from_bits(pivot));
                let equal = ((line - mass - larger) / each).ceil().clamp(1.0, (open.len() - front) as f64) as usize;
                let (kept, mass) = (kept + front + equal, mass + larger + equal as f64 * each);
                return Some(Crossing { least: pivot, kept, mass, is_tied: front + equal < open.len() });
            }
        }
        let (larger, smaller) = open.split_at_mut(front);
        let here = sum(larger, 0);
        if mass + here >= line {
            open = larger;
        } else {
            (kept, mass, open) = (kept + front, mass + here, smaller);
        }
    }
    open.sort_unstable_by(|a, b| b.cmp(a));
    for (i, &least) in open.iter().enumerate() {
        mass += f64::from(f32::from_bits(least));
        if mass >= line || i + 1 == open.len() {
            return Some(Crossing { least, kept: kept + i + 1, mass, is_tied: open.get(i + 1) == Some(&least) });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::{Filter, show};
    use super::*;
    use crate::analysis::meaning::Meaning;
    use crate::text::{Piece, Tokens};

    fn tokens(n: usize) -> Tokens {
        let piece = |i: usize| Piece {
            piece: "x".into(),
            id: 0,
            start: 0,
            end: 0,
            text: 0,
            segment: 0,
            special: false,
            word: Some(i as u32),
            unknown: false,
        };
        Tokens { texts: vec!["".into()], pieces: (0..n).map(piece).collect(), dropped: 0 }
    }

    #[test]
    fn what_passes_is_what_the_list_of_edges_has() {
        let mut state = 7u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1u64 << 24) as f32
        };
        for round in 0..200 {
            let n = 1 + round % 61;
            // Even rows, ties, zeros, signs, one heavy value, and what is no number.
            let mut value = |i: usize| match round % 6 {
                0 => random(),
                1 => (random() * 4.0).floor() / 8.0,
                2 => random().powi(9) - 0.2 * random(),
                3 if i.is_multiple_of(n) => 0.9,
                3 => 0.1 / n as f32,
                4 if i % 7 == 3 => f32::NEG_INFINITY,
                4 if i % 11 == 5 => f32::NAN,
                4 => random() - 0.5,
                _ => 1.0 / n as f32,
            };
            let values: Vec<f32> = (0..n * n).map(&mut value).collect();
            let thresholds = [0.0, 0.1, 0.5, 0.7, 0.999, 1.0].map(Threshold::Mass).into_iter();
            let thresholds = thresholds.chain([0.0, 0.125, 0.3, 9.0].map(Threshold::AtLeast));
            for threshold in thresholds.chain([1, 2, 17, 400].map(Threshold::Top)) {
                let shown = show(&tokens(n), &values, Meaning::Scores, &Filter { threshold, ..Filter::nothing() });
                let mut found = values.clone();
                let passed = cut(&mut found, n, threshold);
                // Where nothing can be, nothing is cut.
                let is_same = |(a, b): (&f32, &f32)| a == b || (a.is_nan() && b.is_nan()) || *a == f32::NEG_INFINITY;
                assert!(found.iter().zip(&shown.passed(0.0)).all(is_same), "{round} {threshold:?}");
                assert_eq!((passed.kept, passed.of), (shown.count as u64, shown.of as u64), "{threshold:?}");
                assert!((passed.share() - shown.mass).abs() < 1e-6, "{round} {threshold:?}");
            }
        }
    }
}
