//! Which values of a row are shown.

use serde::{Deserialize, Serialize};

/// Which values of a row are shown, by their magnitude.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Threshold {
    /// The fewest whose mass reaches this share of the row's, 0 to 1 (exBERT's design).
    Mass(f32),
    /// All that are at least this large.
    AtLeast(f32),
    /// This many of the largest.
    Top(usize),
}

impl Threshold {
    /// The same with its number inside its range.
    pub fn checked(self) -> Self {
        match self {
            Self::Mass(share) => Self::Mass(if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.7 }),
            Self::AtLeast(least) => Self::AtLeast(if least.is_finite() { least.max(0.0) } else { 0.0 }),
            Self::Top(count) => Self::Top(count.max(1)),
        }
    }
}

impl Default for Threshold {
    fn default() -> Self {
        Self::Mass(0.7)
    }
}

/// How much a value weighs: its magnitude; what is no number or cannot be weighs nothing.
pub(super) fn size(w: f32) -> f32 {
    if w.is_finite() { w.abs() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::super::Cut;
    use super::*;

    /// Keys and values that pass.
    fn pass(threshold: Threshold, row: &[f32]) -> Vec<(usize, f32)> {
        let (cut, passed) = Cut::of(threshold, row, &mut Vec::new());
        let found: Vec<(usize, f32)> = row.iter().copied().enumerate().filter(|&(key, w)| cut.has(key, w)).collect();
        let mass: f64 = found.iter().map(|(_, w)| f64::from(w.abs())).sum();
        assert!(
            found.len() as u64 == passed.kept && (mass - passed.mass).abs() < 1e-9,
            "{threshold:?} {row:?} {cut:?} {passed:?}"
        );
        found
    }

    #[test]
    fn of_equal_values_the_earlier_keys_pass() {
        let row = [0.2, 0.3, 0.3, 0.0, 0.3];
        for (threshold, wanted) in [
            (Threshold::Top(2), vec![1, 2]),
            (Threshold::Mass(0.5), vec![1, 2]),
            (Threshold::AtLeast(0.3), vec![1, 2, 4]),
            (Threshold::AtLeast(0.0), vec![0, 1, 2, 4]),
            (Threshold::AtLeast(f32::INFINITY), vec![]),
        ] {
            assert_eq!(pass(threshold, &row).iter().map(|(key, _)| *key).collect::<Vec<_>>(), wanted, "{threshold:?}");
        }
    }

    #[test]
    fn thresholds_go_by_magnitude_and_keep_the_edge_that_crosses_the_line() {
        let row = [0.5, -0.3, 0.15, 0.05];
        let kept = |threshold: Threshold| pass(threshold, &row).len();
        for (share, count) in [(0.0, 0), (0.1, 1), (0.5, 1), (0.51, 2), (0.81, 3), (1.0, 4)] {
            assert_eq!(kept(Threshold::Mass(share)), count, "{share}");
        }
        assert_eq!((kept(Threshold::AtLeast(0.15)), kept(Threshold::AtLeast(0.6))), (3, 0));
        assert_eq!((kept(Threshold::Top(2)), kept(Threshold::Top(9))), (2, 4));
    }

    #[test]
    fn the_mass_threshold_keeps_the_fewest_values_that_reach_it() {
        let mut state = 1u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1u64 << 24) as f32
        };
        for round in 0..600 {
            let n = 1 + round % 83;
            // Rows with ties, zeros, signs, one heavy value, and what is no number.
            let row: Vec<f32> = (0..n)
                .map(|i| match round % 5 {
                    0 => random(),
                    1 => (random() * 4.0).floor() / 8.0,
                    2 => random().powi(9) - 0.2 * random(),
                    3 => {
                        if i == 0 {
                            0.9
                        } else {
                            0.1 / n as f32
                        }
                    }
                    _ => {
                        if i % 7 == 3 {
                            f32::NEG_INFINITY
                        } else {
                            random() - 0.5
                        }
                    }
                })
                .collect();
            let mut sizes: Vec<f64> = row.iter().filter(|w| w.is_finite()).map(|w| f64::from(w.abs())).collect();
            let total: f64 = sizes.iter().sum();
            sizes.sort_by(|a, b| b.total_cmp(a));
            for share in [0.05, 0.25, 0.5, 0.7, 0.9, 0.999, 1.0] {
                let kept = pass(Threshold::Mass(share), &row);
                let line = f64::from(share) * total;
                let sum: f64 = kept.iter().map(|(_, w)| f64::from(w.abs())).sum();
                assert!(sum >= line - 2e-7 * total, "{row:?} {share}: {sum} of {total}");
                // No other choice of one fewer carries more than the largest ones do.
                let fewer: f64 = sizes.iter().take(kept.len().saturating_sub(1)).sum();
                assert!(kept.is_empty() || fewer < line, "{row:?} {share}: {} are too many", kept.len());
                assert!(kept.iter().all(|(_, w)| *w != 0.0));
            }
        }
    }
}
