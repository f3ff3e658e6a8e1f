//! Random places, the same for the same seed.

use crate::analysis::bootstrap::SplitMix;

/// A number from -1 up to 1.
pub(super) fn even(random: &mut SplitMix) -> f32 {
    (random.bits() >> 40) as f32 * (2.0 / (1u64 << 24) as f32) - 1.0
}

/// A number of the normal distribution (Box and Muller 1958).
pub(super) fn normal(random: &mut SplitMix) -> f32 {
    let unit = |bits: u64| ((bits >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
    let (radius, angle) = (unit(random.bits()), unit(random.bits()));
    ((-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()) as f32
}

/// Moves every point by up to `amount` of the map's radius a direction.
pub(super) fn shake<const D: usize>(points: &mut [[f32; D]], seed: u64, amount: f32) {
    let largest = points.as_flattened().iter().fold(0f32, |most, x| most.max(x.abs()));
    let mut random = SplitMix(seed);
    points.as_flattened_mut().iter_mut().for_each(|x| *x += amount * largest * even(&mut random));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_spread_as_they_should() {
        let mut random = SplitMix(3);
        let all: Vec<f32> = (0..10_000).map(|_| normal(&mut random)).collect();
        let mean = all.iter().sum::<f32>() / 1e4;
        let variance = all.iter().map(|x| x * x).sum::<f32>() / 1e4;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
        let all: Vec<f32> = (0..10_000).map(|_| even(&mut random)).collect();
        assert!(all.iter().all(|x| (-1.0..1.0).contains(x)) && all.iter().sum::<f32>().abs() < 200.0);
    }

    #[test]
    fn the_same_seed_shakes_alike() {
        let start = [[1.0f32, -2.0], [0.5, 4.0]];
        let shaken = |seed| {
            let mut points = start;
            shake(&mut points, seed, 0.1);
            points
        };
        assert_eq!(shaken(5), shaken(5));
        assert_ne!(shaken(5), shaken(6));
        let moved = shaken(5).as_flattened().iter().zip(start.as_flattened()).map(|(a, b)| (a - b).abs());
        assert!(moved.fold(0.0, f32::max) <= 0.4);
    }
}
