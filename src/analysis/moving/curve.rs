//! How close UMAP lets points come: the curve `1 / (1 + a d^(2b))` nearest to one that is 1 up to a least distance and
//! falls off exponentially behind it.
//!
//! `McInnes`, Healy and Melville 2018, "UMAP", definition 12.

use crate::error::{Error, Result};

/// Places on the curve that are compared.
const PLACES: usize = 300;

/// Steps of the fit; ten are enough in practice.
const STEPS: u32 = 500;

/// The two numbers of the curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Curve {
    /// The factor of the power of the distance.
    pub a: f32,
    /// Half the power.
    pub b: f32,
}

impl Curve {
    /// Fits the curve by least squares (Levenberg 1944, Marquardt 1963), from `a = b = 1` as the reference does.
    pub fn fit(least: f32, spread: f32) -> Result<Self> {
        if !(least.is_finite() && spread.is_finite() && least >= 0.0 && spread > 0.0 && least <= spread) {
            let what = format!("a least distance of {least} and a spread of {spread}");
            return Err(Error::input(format!("{what}: the first is 0 at least and the second at most")));
        }
        let (least, spread) = (f64::from(least), f64::from(spread));
        let place = |i: usize| 3.0 * spread * i as f64 / (PLACES - 1) as f64;
        let wanted = |x: f64| if x < least { 1.0 } else { (-(x - least) / spread).exp() };
        let points: Vec<(f64, f64)> = (0..PLACES).map(|i| (place(i), wanted(place(i)))).collect();
        let error = |a: f64, b: f64| -> f64 {
            points.iter().map(|(x, y)| (1.0 / (1.0 + a * x.powf(2.0 * b)) - y).powi(2)).sum()
        };
        let (mut a, mut b, mut damping) = (1.0, 1.0, 1e-3);
        let mut best = error(a, b);
        for _ in 0..STEPS {
            // Sums of products of the two slopes, and of each with what is wrong.
            let (mut aa, mut ab, mut bb, mut ar, mut br) = (0.0, 0.0, 0.0, 0.0, 0.0);
            for &(x, y) in points.iter().filter(|(x, _)| *x > 0.0) {
                let power = x.powf(2.0 * b);
                let value = 1.0 / (1.0 + a * power);
                let (by_a, by_b) = (-value * value * power, -value * value * a * power * 2.0 * x.ln());
                let wrong = value - y;
                (aa, ab, bb) = (aa + by_a * by_a, ab + by_a * by_b, bb + by_b * by_b);
                (ar, br) = (ar + by_a * wrong, br + by_b * wrong);
            }
            let (da, db) = (aa * (1.0 + damping), bb * (1.0 + damping));
            let determinant = da * db - ab * ab;
            let (step_a, step_b) = ((db * ar - ab * br) / determinant, (da * br - ab * ar) / determinant);
            let tried = error(a - step_a, b - step_b);
            if tried <= best {
                (a, b, best, damping) = (a - step_a, b - step_b, tried, damping / 10.0);
                if step_a.abs() <= 1e-10 * a.abs() && step_b.abs() <= 1e-10 * b.abs() {
                    break;
                }
            } else {
                damping *= 10.0;
                if damping > 1e12 {
                    break;
                }
            }
        }
        Ok(Self { a: a as f32, b: b as f32 })
    }
}
