//! Which values of a row are shown.

use crate::analysis::attention::Edge;
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

    /// The values of a row that pass the threshold, largest first; of equal ones the earlier key.
    pub(super) fn pass(self, query: usize, row: &[f32]) -> Vec<Edge> {
        if matches!(self, Self::AtLeast(f32::INFINITY)) {
            return Vec::new();
        }
        // Sizes from zero on are in the order of their bits, and whole numbers sort in a fraction of the time.
        let entry = |(key, w): (usize, &f32)| {
            let size = size(*w);
            (size > 0.0).then(|| u64::from(size.to_bits()) << 32 | u64::from(u32::MAX - key as u32))
        };
        let mut order: Vec<u64> = row.iter().enumerate().filter_map(entry).collect();
        let edge = |entry: u64| {
            let key = (u32::MAX - entry as u32) as usize;
            Edge { query, key, weight: row[key] }
        };
        let size_of = |entry: u64| f32::from_bits((entry >> 32) as u32);
        match self {
            Self::Top(count) => {
                if count < order.len() {
                    order.select_nth_unstable_by(count, |a, b| b.cmp(a));
                    order.truncate(count);
                }
                order.sort_unstable_by(|a, b| b.cmp(a));
            }
            Self::AtLeast(least) => {
                order.retain(|&entry| size_of(entry) >= least);
                order.sort_unstable_by(|a, b| b.cmp(a));
            }
            Self::Mass(share) => {
                // In double precision the order of a sum makes no difference to which value crosses the line. Half of
                // a row is half of it also where the row's values were rounded.
                let sum = |entries: &[u64]| entries.iter().map(|&entry| f64::from(size_of(entry))).sum::<f64>();
                let total = sum(&order);
                let line = if share < 1.0 { f64::from(share - f32::EPSILON) * total } else { f64::INFINITY };
                // Few values carry most of a row: only as many of the largest are sorted as reach the line. The next are
                // no larger, so that it takes at least so many more.
                let mut enough = 16;
                while enough < order.len() {
                    order.select_nth_unstable_by(enough, |a, b| b.cmp(a));
                    let reached = sum(&order[..enough]);
                    if reached > line * (1.0 + 1e-9) {
                        order.truncate(enough);
                    }
                    enough = ((enough as f64 * line / reached * 1.1) as usize).max(enough * 2);
                }
                order.sort_unstable_by(|a, b| b.cmp(a));
                let mut running = 0.0;
                // The one that crosses the line is included.
                let is_before = |&&entry: &&u64| {
                    let goes_on = running < line;
                    running += f64::from(size_of(entry));
                    goes_on
                };
                let count = order.iter().take_while(is_before).count();
                order.truncate(count);
            }
        }
        order.into_iter().map(edge).collect()
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
    use super::*;

    #[test]
    fn thresholds_go_by_magnitude_and_keep_the_edge_that_crosses_the_line() {
        let row = [0.5, -0.3, 0.15, 0.05];
        let kept = |threshold: Threshold| threshold.pass(0, &row).len();
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
        for round in 0..400 {
            let n = 1 + round % 23;
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
                let kept = Threshold::Mass(share).pass(0, &row);
                let line = f64::from(share) * total;
                let sum: f64 = kept.iter().map(|e| f64::from(e.weight.abs())).sum();
                assert!(sum >= line - 2e-7 * total, "{row:?} {share}: {sum} of {total}");
                // No other choice of one fewer carries more than the largest ones do.
                let fewer: f64 = sizes.iter().take(kept.len().saturating_sub(1)).sum();
                assert!(kept.is_empty() || fewer < line, "{row:?} {share}: {} are too many", kept.len());
                let mut keys: Vec<usize> = kept.iter().map(|e| e.key).collect();
                assert!(kept.iter().all(|e| row[e.key] == e.weight && e.weight != 0.0));
                keys.sort_unstable();
                keys.dedup();
                assert_eq!(keys.len(), kept.len(), "each once");
            }
        }
    }
}
