//! How densely points lie on a map: a kernel density estimate on a grid (Silverman 1982: points are spread on the nodes,
//! then blurred), and the levels above which given shares of the points lie (highest density regions, Hyndman 1996).

use super::space::tree::Place;
use crate::error::Result;
use crate::trace::Control;

/// Nodes of the grid along each side.
pub const SIDE: usize = 256;
/// How far the kernel reaches, in its standard deviations.
const REACH: f64 = 4.0;

/// The density of points in the plane.
#[derive(Debug, Clone, PartialEq)]
pub struct Density {
    /// At the nodes, row-major `[y, x]`, [`SIDE`] of each: points per unit of area, as a share of all points.
    pub values: Vec<f32>,
    /// Where the first node lies.
    pub low: [f32; 2],
    /// Between two nodes along x and along y.
    pub step: [f32; 2],
    /// The standard deviation of the kernel along x and along y.
    pub bandwidth: [f32; 2],
    /// The density at each point, smallest first.
    own: Vec<f32>,
}

impl Density {
    /// Of the points that have a place. The kernel is a Gaussian, along each axis `factor` times as wide as by Scott's rule:
    /// the standard deviation of the points times the sixth root of their number (Scott 1992). `None` where fewer than two
    /// points differ along an axis.
    pub fn of(points: &[Place], factor: f32, control: &Control) -> Result<Option<Self>> {
        let points: Vec<[f64; 2]> = points
            .iter()
            .filter(|at| at[..2].iter().all(|x| x.is_finite()))
            .map(|at| [f64::from(at[0]), f64::from(at[1])])
            .collect();
        control.check()?;
        let n = points.len() as f64;
        let mean = [0, 1].map(|k| points.iter().map(|p| p[k]).sum::<f64>() / n);
        let spread = [0, 1].map(|k| (points.iter().map(|p| (p[k] - mean[k]).powi(2)).sum::<f64>() / (n - 1.0)).sqrt());
        let width = spread.map(|s| s * n.powf(-1.0 / 6.0) * f64::from(factor));
        if points.len() < 2 || width.iter().any(|w| !(w.is_finite() && *w > 0.0)) {
            return Ok(None);
        }
        let end = |k: usize, pick: fn(f64, f64) -> f64, from: f64| points.iter().map(|p| p[k]).fold(from, pick);
        let low = [0, 1].map(|k| end(k, f64::min, f64::INFINITY) - 3.0 * width[k]);
        let high = [0, 1].map(|k| end(k, f64::max, f64::NEG_INFINITY) + 3.0 * width[k]);
        let step = [0, 1].map(|k| (high[k] - low[k]) / (SIDE - 1) as f64);
        let mut nodes = vec![0f64; SIDE * SIDE];
        for (i, p) in points.iter().enumerate() {
            if i % 65_536 == 0 {
                control.check()?;
            }
            let ([x, y], [u, v]) = cell([0, 1].map(|k| (p[k] - low[k]) / step[k]));
            for (node, share) in corners(x, y, u, v) {
                nodes[node] += share;
            }
        }
        blur(&mut nodes, width[0] / step[0], 1, SIDE);
        control.check()?;
        blur(&mut nodes, width[1] / step[1], SIDE, 1);
        control.check()?;
        let share = 1.0 / (n * step[0] * step[1]);
        let values: Vec<f32> = nodes.into_iter().map(|x| (x * share) as f32).collect();
        let single = |pair: [f64; 2]| pair.map(|x| x as f32);
        let mut made = Self { values, low: single(low), step: single(step), bandwidth: single(width), own: Vec::new() };
        made.own = points.iter().map(|p| made.at(single(*p))).collect();
        made.own.sort_unstable_by(f32::total_cmp);
        Ok(Some(made))
    }

    /// The density at a place, between the nodes about it; 0 off the grid.
    pub fn at(&self, place: [f32; 2]) -> f32 {
        let at = [0, 1].map(|k| f64::from((place[k] - self.low[k]) / self.step[k]));
        if !at.iter().all(|x| (0.0..=(SIDE - 1) as f64).contains(x)) {
            return 0.0;
        }
        let ([x, y], [u, v]) = cell(at);
        corners(x, y, u, v).into_iter().map(|(node, share)| self.values[node] * share as f32).sum()
    }

    /// The density above which this share of the points lies.
    pub fn level(&self, share: f32) -> f32 {
        let last = self.own.len() - 1;
        let at = (1.0 - share.clamp(0.0, 1.0)) * last as f32;
        let (below, part) = (at.floor() as usize, at.fract());
        self.own[below] + (self.own[(below + 1).min(last)] - self.own[below]) * part
    }

    /// The place of a point of the grid, in nodes.
    pub fn place(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        [self.low[0] + x * self.step[0], self.low[1] + y * self.step[1]]
    }
}

/// The cell that a point lies in, counted in nodes, and where in it.
fn cell(at: [f64; 2]) -> ([usize; 2], [f64; 2]) {
    let node = at.map(|x| (x.max(0.0) as usize).min(SIDE - 2));
    (node, [at[0] - node[0] as f64, at[1] - node[1] as f64])
}

/// The corners of a cell with the share that each has of a point in it.
fn corners(x: usize, y: usize, u: f64, v: f64) -> [(usize, f64); 4] {
    let first = y * SIDE + x;
    [
        (first, (1.0 - u) * (1.0 - v)),
        (first + 1, u * (1.0 - v)),
        (first + SIDE, (1.0 - u) * v),
        (first + SIDE + 1, u * v),
    ]
}

/// Blurs along one axis, whose nodes are `stride` apart, by a Gaussian that is so many nodes wide.
fn blur(nodes: &mut [f64], width: f64, stride: usize, between: usize) {
    let reach = (width * REACH).ceil().max(1.0) as usize;
    let weights: Vec<f64> = (0..=reach).map(|i| (-0.5 * (i as f64 / width).powi(2)).exp()).collect();
    let total = 2.0 * weights.iter().sum::<f64>() - weights[0];
    let mut line = vec![0f64; SIDE];
    for row in 0..SIDE {
        let start = row * between;
        line.iter_mut().enumerate().for_each(|(i, x)| *x = nodes[start + i * stride]);
        for i in 0..SIDE {
            let mut sum = weights[0] * line[i];
            for (d, weight) in weights.iter().enumerate().skip(1) {
                let below = i.checked_sub(d).map_or(0.0, |j| line[j]);
                sum += weight * (below + line.get(i + d).copied().unwrap_or(0.0));
            }
            nodes[start + i * stride] = sum / total;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::bootstrap::SplitMix;

    fn points(n: usize) -> Vec<Place> {
        let mut random = SplitMix(5);
        let mut next = || random.below(1 << 20) as f32 / (1 << 20) as f32;
        (0..n).map(|i| [next() * 0.3 + if i % 4 == 0 { 0.5 } else { -0.6 }, next() * 0.5, 0.0]).collect()
    }

    #[test]
    fn all_points_are_under_the_density_and_levels_hold_their_shares() {
        let mut points = points(3000);
        points.push([f32::NAN, 0.0, 0.0]);
        let found = Density::of(&points, 1.0, &Control::default()).expect("not stopped").expect("a density");
        let area = found.step[0] * found.step[1];
        let total: f32 = found.values.iter().map(|x| x * area).sum();
        assert!((total - 1.0).abs() < 2e-2, "{total}");
        for share in [0.1, 0.5, 0.9] {
            let level = found.level(share);
            let above = points[..3000].iter().filter(|p| found.at([p[0], p[1]]) >= level).count();
            assert!((above as f32 / 3000.0 - share).abs() < 2e-3, "{share}: {above}");
        }
        assert_eq!(found.at([9.0, 9.0]), 0.0);
        assert_eq!(found.place([0.0, 0.0]), found.low);
    }

    #[test]
    fn points_without_a_plane_have_no_density() {
        for points in [vec![], vec![[0.1, 0.2, 0.0]], vec![[0.5, 0.5, 0.0]; 9], vec![[0.0, 1.0, 0.0], [0.0, 2.0, 0.0]]]
        {
            assert_eq!(Density::of(&points, 1.0, &Control::default()).expect("not stopped"), None);
        }
    }
}
