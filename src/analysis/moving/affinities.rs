//! How much points of t-SNE attract each other: a Gaussian about each point, as wide as the perplexity asks.
//!
//! van der Maaten and Hinton 2008, "Visualizing data using t-SNE", and van der Maaten 2014 (nearest neighbours only).

use super::nearest::Nearest;
use super::sparse::Sparse;
use crate::error::Result;
use crate::trace::Control;
use rayon::prelude::*;

/// The nearest that are looked at, per unit of perplexity.
const REACH: f32 = 3.0;

/// The entropy, in nats, is met within this.
const TOLERANCE: f64 = 1e-7;

/// Halvings and Newton steps together; a row takes 5 to 10.
const STEPS: u32 = 200;

/// How many of the nearest a perplexity looks at.
pub fn reach(perplexity: f32) -> usize {
    (REACH * perplexity).ceil() as usize
}

/// The widest perplexity that so many neighbours allow.
pub fn widest(k: usize) -> f32 {
    (k as f32 / REACH).max(1.0)
}

/// The joint affinities of all pairs that have any: they sum to 1, and row `i` names whom `i` attracts.
pub fn affinities(nearest: &Nearest, perplexity: f32, control: &Control) -> Result<Sparse> {
    let points = nearest.len();
    let count = reach(perplexity).clamp(nearest.k().min(1), nearest.k());
    let entropy = f64::from(perplexity.clamp(1.0, count.max(1) as f32)).ln();
    let mut weights = vec![0f32; points * count];
    weights.par_chunks_mut(count.max(1) * 256).enumerate().try_for_each(|(block, rows)| -> Result<()> {
        control.check()?;
        for (i, row) in rows.chunks_exact_mut(count).enumerate() {
            calibrate(&nearest.distances(block * 256 + i)[..count], entropy, row);
        }
        Ok(())
    })?;
    let share = 0.5 / points.max(1) as f32;
    Sparse::joined(points, &nearest.first(count), &weights, |x, y| (x + y) * share, control)
}

/// The shares of a Gaussian over these distances whose entropy is the one asked for, by Newton's method on the
/// precision, within halving brackets.
fn calibrate(distances: &[f32], entropy: f64, shares: &mut [f32]) {
    // Distances from the nearest on: the shares are the same, and none of them is lost to rounding.
    let least = distances.iter().copied().fold(f32::INFINITY, f32::min);
    let square = |d: f32| f64::from(d).powi(2) - f64::from(least).powi(2);
    let mean = distances.iter().map(|&d| square(d)).sum::<f64>() / distances.len() as f64;
    let (mut low, mut high) = (0.0, f64::INFINITY);
    let mut precision = if mean > 0.0 { 1.0 / mean } else { 1.0 };
    for _ in 0..STEPS {
        let (mut sum, mut first, mut second) = (0.0, 0.0, 0.0);
        for (share, &d) in shares.iter_mut().zip(distances) {
            let x = square(d);
            let e = (-precision * x).exp();
            *share = e as f32;
            sum += e;
            first += e * x;
            second += e * x * x;
        }
        let (first, second) = (first / sum, second / sum);
        let over = sum.ln() + precision * first - entropy;
        let scale = (1.0 / sum) as f32;
        for share in shares.iter_mut() {
            *share *= scale;
        }
        if over.abs() < TOLERANCE {
            return;
        }
        *(if over > 0.0 { &mut low } else { &mut high }) = precision;
        // The entropy falls by the precision times the variance of the squares.
        let newton = precision + over / (precision * (second - first * first));
        precision = if newton > low && newton < high {
            newton
        } else if high == f64::INFINITY {
            precision * 2.0
        } else {
            f64::midpoint(low, high)
        };
        if !precision.is_finite() || high - low <= f64::EPSILON * low {
            return;
        }
    }
}
