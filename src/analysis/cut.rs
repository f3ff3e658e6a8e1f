//! Where a threshold cuts each row of a matrix: found once, and applied whenever the matrix is asked for. The same values
//! pass as [`super::filter::show`] keeps; no list of them is made.

use super::filter::Threshold;

/// What of a row passes: sizes above `least`, and the first `ties` of those equal to it. What is not a finite number
/// passes too: it is never small.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cut {
    least: f32,
    ties: u32,
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

impl Cut {
    /// Everything passes.
    const OPEN: Self = Self { least: 0.0, ties: u32::MAX };
    /// Nothing does.
    const SHUT: Self = Self { least: f32::INFINITY, ties: 0 };

    /// Whether a threshold lets every value pass.
    pub fn is_open(threshold: Threshold) -> bool {
        matches!(threshold, Threshold::Mass(1.0..)) || threshold == Threshold::AtLeast(0.0)
    }

    /// The cut of a row, and how much passes; `sizes` is room to work in.
    pub fn of(threshold: Threshold, row: &[f32], sizes: &mut Vec<u32>) -> (Self, Passed) {
        // Sizes are in the order of their bits, and whole numbers are put into order in a fraction of the time.
        const INFINITE: u32 = f32::INFINITY.to_bits();
        sizes.clear();
        sizes.extend(row.iter().map(|w| w.abs().to_bits()).filter(|size| (1..INFINITE).contains(size)));
        let of = row.iter().filter(|w| **w != 0.0 && **w != f32::NEG_INFINITY).count() as u64;
        let (all, total) = (sizes.len() as u64, sum(sizes));
        let (cut, kept, mass) = match threshold {
            _ if Self::is_open(threshold) => (Self::OPEN, all, total),
            Threshold::AtLeast(least) => {
                let larger = sizes.iter().map(|size| f32::from_bits(*size)).filter(|size| *size >= least);
                let (kept, mass) = larger.fold((0, 0.0), |(kept, mass), size| (kept + 1, mass + f64::from(size)));
                (Self { least, ties: u32::MAX }, kept, mass)
            }
            Threshold::Top(0) => (Self::SHUT, 0, 0.0),
            Threshold::Top(count) if count >= sizes.len() => (Self::OPEN, all, total),
            Threshold::Top(count) => {
                let (larger, least, _) = sizes.select_nth_unstable_by(count - 1, |a, b| b.cmp(a));
                let (least, mass) = (*least, sum(larger) + f64::from(f32::from_bits(*least)));
                (Self::at(least, count, sizes), count as u64, mass)
            }
            Threshold::Mass(share) => by_mass(sizes, f64::from(share - f32::EPSILON) * total),
        };
        (cut, Passed { kept, of, mass, total })
    }

    /// The cut that lets the `kept` largest of all sizes pass, the smallest of which is `least`.
    fn at(least: u32, kept: usize, sizes: &[u32]) -> Self {
        let (above, equal) = sizes.iter().fold((0, 0), |(above, equal), size| {
            (above + usize::from(*size > least), equal + usize::from(*size == least))
        });
        let ties = kept - above;
        let ties = if ties == equal { u32::MAX } else { ties as u32 };
        Self { least: f32::from_bits(least), ties }
    }

    /// Sets what does not pass to zero.
    pub fn apply(self, row: &mut [f32]) {
        if self.ties == u32::MAX {
            for w in row {
                *w = if w.abs() < self.least { 0.0 } else { *w };
            }
            return;
        }
        let mut ties = self.ties;
        for w in row {
            let size = w.abs();
            let is_tie = size == self.least && size.is_finite();
            if size < self.least || (is_tie && ties == 0) {
                *w = 0.0;
            } else if is_tie {
                ties -= 1;
            }
        }
    }
}

fn sum(sizes: &[u32]) -> f64 {
    sizes.iter().map(|size| f64::from(f32::from_bits(*size))).sum()
}

/// The fewest of the largest sizes whose sum reaches the line, the one that crosses it among them: the cut, how many they
/// are, and their sum.
fn by_mass(sizes: &mut [u32], line: f64) -> (Cut, u64, f64) {
    /// So few are sorted.
    const FEW: usize = 16;
    if line <= 0.0 {
        return (Cut::SHUT, 0, 0.0);
    }
    let (mut kept, mut mass, mut least) = (0, 0.0, 0);
    let mut open = &mut *sizes;
    // The larger half either reaches the line, or all of it passes: what is still open halves every time.
    while open.len() > FEW {
        let middle = open.len() / 2;
        open.select_nth_unstable_by(middle, |a, b| b.cmp(a));
        let (larger, smaller) = open.split_at_mut(middle);
        let here = sum(larger);
        if mass + here >= line {
            open = larger;
        } else {
            (kept, mass) = (kept + middle, mass + here);
            open = smaller;
        }
    }
    open.sort_unstable_by(|a, b| b.cmp(a));
    for &size in open.iter() {
        if mass >= line {
            break;
        }
        mass += f64::from(f32::from_bits(size));
        (kept, least) = (kept + 1, size);
    }
    (Cut::at(least, kept, sizes), kept as u64, mass)
}

#[cfg(test)]
mod tests {
    use super::super::filter::{Filter, show};
    use super::super::meaning::Meaning;
    use super::*;
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
