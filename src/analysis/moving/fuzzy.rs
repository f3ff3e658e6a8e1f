//! How strongly UMAP holds points together: each point's distances are measured from its nearest on, by a scale of its
//! own, and two points belong together if either says so.
//!
//! `McInnes`, Healy and Melville 2018, "UMAP", algorithms 2 and 3. `neighbours` counts the point itself, as there.

use super::nearest::Nearest;
use super::sparse::Sparse;
use crate::error::Result;
use crate::trace::Control;
use rayon::prelude::*;

/// The sum of memberships is met within this.
const TOLERANCE: f64 = 1e-5;

/// Halvings.
const STEPS: u32 = 64;

/// No scale is smaller than this part of the mean distance.
const LEAST: f64 = 1e-3;

/// How a point measures distances.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ruler {
    /// The distance to the nearest that is not at the same place.
    pub nearest: f32,
    /// Distances beyond that are divided by this.
    pub scale: f32,
}

impl Ruler {
    /// How strongly a point at this distance belongs, 0 to 1.
    pub fn membership(self, distance: f32) -> f32 {
        let beyond = distance - self.nearest;
        if beyond <= 0.0 || self.scale == 0.0 { 1.0 } else { (-beyond / self.scale).exp() }
    }
}

/// The ruler of each point: its memberships sum to the binary logarithm of `neighbours`, of which `neighbours - 1` are
/// looked at beside itself.
pub fn rulers(nearest: &Nearest, neighbours: usize, control: &Control) -> Result<Vec<Ruler>> {
    let count = neighbours.saturating_sub(1).min(nearest.k());
    let row = |i: usize| nearest.distances(i).get(..count).unwrap_or_default();
    let mean = |row: &[f32]| row.iter().map(|d| f64::from(*d)).sum::<f64>() / (count + 1) as f64;
    let points = nearest.len();
    let of_all = (0..points).map(|i| mean(row(i))).sum::<f64>() / points.max(1) as f64;
    let target = ((count + 1) as f64).log2();
    let ruler = |i: usize| {
        let row = row(i);
        let first = row.iter().copied().find(|d| *d > 0.0).unwrap_or(0.0);
        let scale = scale(row, f64::from(first), target);
        let least = LEAST * if first > 0.0 { mean(row) } else { of_all };
        Ruler { nearest: first, scale: scale.max(least) as f32 }
    };
    let blocks = (0..points).into_par_iter().with_min_len(64).map(|i| {
        control.check()?;
        Ok(ruler(i))
    });
    blocks.collect()
}

/// The scale by which memberships sum to the target, by halving; from 1 on, as the reference does, because a row of
/// equal distances ends wherever the halving does.
fn scale(row: &[f32], first: f64, target: f64) -> f64 {
    let (mut low, mut high, mut middle) = (0.0, f64::INFINITY, 1.0);
    for _ in 0..STEPS {
        let membership = |d: &f32| {
            let beyond = f64::from(*d) - first;
            if beyond > 0.0 { (-beyond / middle).exp() } else { 1.0 }
        };
        let sum: f64 = row.iter().map(membership).sum();
        if (sum - target).abs() < TOLERANCE {
            break;
        }
        if sum > target {
            high = middle;
        } else {
            low = middle;
        }
        middle = if high == f64::INFINITY { middle * 2.0 } else { f64::midpoint(low, high) };
    }
    middle
}

/// How strongly pairs belong together: `x + y - x y` of what each says of the other.
pub fn memberships(nearest: &Nearest, neighbours: usize, control: &Control) -> Result<Sparse> {
    let rulers = rulers(nearest, neighbours, control)?;
    let count = neighbours.saturating_sub(1).min(nearest.k());
    let weights =
        |i: usize| nearest.distances(i).iter().take(count).map(|d| rulers[i].membership(*d)).collect::<Vec<_>>();
    let weights: Vec<f32> = (0..nearest.len()).into_par_iter().flat_map_iter(weights).collect();
    Sparse::joined(nearest.len(), &nearest.first(count), &weights, |x, y| x + y - x * y, control)
}
