//! Points that scripts of `tests/data` make as well.

use lexiscope::analysis::bootstrap::SplitMix;
use lexiscope::rows::Rows;

/// The cloud of points that `make_geometry.py` makes.
pub fn cloud(seed: u64, n: usize, width: usize) -> Rows {
    let mut random = SplitMix(seed);
    let mut values = Vec::with_capacity(n * width);
    for _ in 0..n {
        let u: Vec<f64> = (0..width).map(|_| (random.bits() >> 40) as f64 / 16_777_216.0 - 0.5).collect();
        let value = |j: usize| (1.0 + j as f64 / 16.0) * u[j] + 0.5 * u[(j + 1) % width] + j as f64 / 4.0;
        values.extend((0..width).map(|j| value(j) as f32));
    }
    Rows::new(values, width).expect("whole rows")
}
