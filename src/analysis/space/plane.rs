//! The parallelogram of an analogy, in the plane that shows it best.

use crate::analysis::eigen;
use crate::error::Result;
use crate::trace::Control;

/// Five points in a plane.
#[derive(Debug, Clone, PartialEq)]
pub struct Plane {
    /// Where a, b, c, d and the predicted point `c + b - a` are, in the unit of the vectors; a is the origin, b lies to the
    /// right of it, c above.
    pub points: [[f64; 2]; 5],
    /// How far each lies off the plane, which is what the drawing does not show.
    pub off: [f64; 5],
    /// The share of the spread of a, b, c, d that the plane shows, 0 to 1; 1 where they do not differ.
    pub shown: f64,
    /// How long the sides from a to b and from c to d are, in all dimensions.
    pub sides: [f64; 2],
    /// The angle between them in degrees, in all dimensions: 0 of a parallelogram. `None` where one has no length.
    pub angle: Option<f64>,
}

impl Plane {
    /// The plane of four vectors of one width: of all planes the one to which they are nearest, by the sum of squared
    /// distances. It goes through their mean, along the first two principal components of the four (from the eigenvectors
    /// of their centred Gram matrix: component `j` is the sum of `u_ij / sqrt(l_j)` times the centred vector `i`).
    pub fn of(words: [&[f32]; 4], control: &Control) -> Result<Self> {
        let width = words[0].len();
        let at = |i: usize, j: usize| f64::from(words[i][j]);
        let middle: Vec<f64> = (0..width).map(|j| (0..4).map(|i| at(i, j)).sum::<f64>() / 4.0).collect();
        let mut centred: Vec<Vec<f64>> = (0..4).map(|i| (0..width).map(|j| at(i, j) - middle[j]).collect()).collect();
        centred.push((0..width).map(|j| centred[2][j] + centred[1][j] - centred[0][j]).collect());
        let gram = (0..16).map(|i| dot(&centred[i / 4], &centred[i % 4])).collect();
        let pairs = eigen::symmetric(gram, 4, control)?;
        let spread: f64 = pairs.iter().map(|pair| pair.value.max(0.0)).sum();
        let axes: Vec<Vec<f64>> = pairs[..2]
            .iter()
            .map(|pair| {
                // What rounding leaves of a direction that is not there.
                let scale = if pair.value > 1e-12 * spread { pair.value.sqrt().recip() } else { 0.0 };
                (0..width).map(|j| (0..4).map(|i| pair.vector[i] * centred[i][j]).sum::<f64>() * scale).collect()
            })
            .collect();
        let flat: Vec<[f64; 2]> = centred.iter().map(|x| [dot(x, &axes[0]), dot(x, &axes[1])]).collect();
        let off = std::array::from_fn(|i| {
            let [x, y] = flat[i];
            let rest = (0..width).map(|j| (centred[i][j] - x * axes[0][j] - y * axes[1][j]).powi(2));
            rest.sum::<f64>().sqrt()
        });
        let shown =
            if spread > 0.0 { pairs[..2].iter().map(|pair| pair.value.max(0.0)).sum::<f64>() / spread } else { 1.0 };
        let side = |from: usize, to: usize| -> Vec<f64> { (0..width).map(|j| at(to, j) - at(from, j)).collect() };
        let (first, second) = (side(0, 1), side(2, 3));
        let sides = [&first, &second].map(|side| dot(side, side).sqrt());
        // From the chord between the directions: small angles lose nothing to rounding, as they would in the cosine.
        let angle = (sides[0] > 0.0 && sides[1] > 0.0).then(|| {
            let apart = |sign: f64| -> f64 {
                let parts = first.iter().zip(&second).map(|(x, y)| (x / sides[0] + sign * y / sides[1]).powi(2));
                parts.sum::<f64>().sqrt()
            };
            2.0 * apart(-1.0).atan2(apart(1.0)).to_degrees()
        });
        Ok(Self { points: turned(&flat), off, shown, sides, angle })
    }
}

/// The same points with the first as the origin, the second to the right of it and the third above.
fn turned(flat: &[[f64; 2]]) -> [[f64; 2]; 5] {
    let from = |i: usize| [flat[i][0] - flat[0][0], flat[i][1] - flat[0][1]];
    let [x, y] = from(1);
    let length = x.hypot(y);
    let (cos, sin) = if length > 0.0 { (x / length, y / length) } else { (1.0, 0.0) };
    let turn = |[x, y]: [f64; 2]| [cos * x + sin * y, cos * y - sin * x];
    let up = if turn(from(2))[1] < 0.0 { -1.0 } else { 1.0 };
    std::array::from_fn(|i| {
        let [x, y] = turn(from(i));
        [x, up * y]
    })
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(words: [&[f32]; 4]) -> Plane {
        Plane::of(words, &Control::default()).expect("not stopped")
    }

    #[test]
    fn a_parallelogram_stays_one() {
        // Turned out of the axes, far from the origin.
        let (a, right, up) = ([5.0f32, -2.0, 7.0], [1.0f32, 2.0, 2.0], [-2.0f32, 2.0, -1.0]);
        let at = |r: f32, u: f32| -> Vec<f32> { (0..3).map(|i| a[i] + r * right[i] + u * up[i]).collect() };
        let found = plane([&at(0.0, 0.0), &at(1.0, 0.0), &at(0.5, 1.0), &at(1.5, 1.0)]);
        let wanted = [[0.0, 0.0], [3.0, 0.0], [1.5, 3.0], [4.5, 3.0], [4.5, 3.0]];
        for (found, wanted) in found.points.iter().flatten().zip(wanted.iter().flatten()) {
            assert!((found - wanted).abs() < 1e-9, "{found} {wanted}");
        }
        assert!(found.off.iter().all(|x| x.abs() < 1e-6) && (found.shown - 1.0).abs() < 1e-12);
        assert!(found.sides.iter().all(|side| (side - 3.0).abs() < 1e-12) && found.angle.expect("two sides") < 1e-9);
    }

    #[test]
    fn distances_in_the_plane_and_off_it_add_up() {
        let words: [&[f32]; 4] =
            [&[1.0, 0.0, 0.2, 0.5], &[0.0, 1.0, -0.3, 0.1], &[0.5, 0.9, 0.8, -0.4], &[-0.6, 0.3, 0.1, 0.9]];
        let found = plane(words);
        let middle: Vec<f64> = (0..4).map(|j| words.iter().map(|w| f64::from(w[j])).sum::<f64>() / 4.0).collect();
        let spread: f64 = words.iter().flat_map(|w| (0..4).map(|j| (f64::from(w[j]) - middle[j]).powi(2))).sum();
        let off: f64 = found.off[..4].iter().map(|x| x * x).sum();
        assert!((off - (1.0 - found.shown) * spread).abs() < 1e-9);
        // No other plane leaves less: the first two of all axes that four points can spread along.
        assert!(found.shown > 2.0 / 3.0 && found.shown < 1.0);
        assert!(found.points[1][1].abs() < 1e-12 && found.points[1][0] > 0.0 && found.points[2][1] > 0.0);
        // By NumPy 2.4: lengths of b - a and d - c, and arccos of their cosine.
        assert!((found.sides[0] - 1.552_417_469_626_002_5).abs() < 1e-6, "{:?}", found.sides);
        assert!((found.sides[1] - 1.936_491_673_103_708_5).abs() < 1e-6, "{:?}", found.sides);
        assert!((found.angle.expect("two sides") - 83.697_853_572_697_51).abs() < 1e-4, "{:?}", found.angle);
    }

    #[test]
    fn points_on_a_line_or_on_each_other_are_no_trouble() {
        let found = plane([&[0.0, 0.0], &[1.0, 1.0], &[2.0, 2.0], &[3.0, 3.0]]);
        assert!(found.points.iter().all(|p| p[1].abs() < 1e-9) && (found.shown - 1.0).abs() < 1e-9);
        let found = plane([&[1.0, 1.0]; 4]);
        assert_eq!((found.points, found.off, found.shown), ([[0.0; 2]; 5], [0.0; 5], 1.0));
        assert_eq!((found.sides, found.angle), ([0.0; 2], None));
    }
}
