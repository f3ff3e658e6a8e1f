//! How much of the time gates stand open or shut (Karpathy et al. 2015).

use crate::array::Array;

/// Below this a gate is shut.
pub const SHUT: f32 = 0.1;
/// Above this it is open.
pub const OPEN: f32 = 0.9;

/// The shares of steps at which each unit of a gate `[time, unit]` is shut, and open.
pub fn shares(gate: &Array) -> Vec<[f32; 2]> {
    let units = gate.shape().last().copied().unwrap_or(0);
    let mut counts = vec![[0u32; 2]; units];
    for row in gate.data().chunks_exact(units.max(1)) {
        for (count, x) in counts.iter_mut().zip(row) {
            count[0] += u32::from(*x < SHUT);
            count[1] += u32::from(*x > OPEN);
        }
    }
    let times = gate.data().len().checked_div(units).unwrap_or(0).max(1) as f32;
    counts.into_iter().map(|count| count.map(|n| n as f32 / times)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_the_steps() {
        let gate = vec![0.05, 0.95, 0.5, 0.1, 0.9, 0.01, 0.0, 1.0, f32::NAN, 0.2, 0.99, 0.0];
        let gate = Array::new(&["time", "unit"], &[4, 3], gate).expect("it fits");
        assert_eq!(shares(&gate), [[0.5, 0.0], [0.0, 0.75], [0.5, 0.0]]);
    }
}
