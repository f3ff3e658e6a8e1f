//! How all points of a space push each other apart, in time that grows a little more than with their number: what is
//! far away acts as one body (Barnes and Hut 1986; van der Maaten 2014, "Accelerating t-SNE using tree-based
//! algorithms").
//!
//! The points lie in the order of their cells (Morton 1966), so that a cell of the octree is a range of them. Cells stand
//! in one array, each before its children, and say where to go on without them. Up to [`GROUP`] neighbours share one
//! list of bodies and cells, which is exact enough for the nearest point of their box and so for all of them.

use crate::error::Result;
use crate::trace::Control;
use rayon::prelude::*;

/// A cell is one body where its side is less than this times its distance.
const ANGLE: f32 = 0.5;

/// The most points of a cell that is not divided.
const LEAF: usize = 8;

/// The most points that share a list.
const GROUP: usize = 32;

/// Halvings a direction: three times as many bits fit into a code.
const LEVELS: u32 = 21;

/// Points that are summed at once.
const LANES: usize = 8;

/// A cell of the octree.
#[derive(Debug, Clone, Copy)]
struct Cell {
    /// The mean of its points.
    centre: [f32; 3],
    /// How many they are.
    mass: f32,
    /// The squared distance from which on it is one body.
    far: f32,
    /// Where to go on without its children.
    next: u32,
    /// Its points, in the order of the tree.
    first: u32,
    last: u32,
    is_leaf: bool,
}

/// An octree over the points, and what they feel.
#[derive(Debug, Default)]
pub struct Tree {
    cells: Vec<Cell>,
    /// Numbers of points in the order of the tree, with their codes.
    order: Vec<(u64, u32)>,
    /// The points in that order.
    points: Vec<[f32; 3]>,
    /// Ranges of points that share a list.
    groups: Vec<(usize, usize)>,
    /// The force on each point, and its sum of `K`, in that order.
    sums: Vec<[f32; 4]>,
    /// The forces in the order of the points.
    forces: Vec<[f32; 3]>,
}

impl Tree {
    /// Builds the tree and lets the points feel it; the sum of `K = 1 / (1 + d^2)` over all ordered pairs of different
    /// points.
    pub fn measure(&mut self, points: &[[f32; 3]], control: &Control) -> Result<f64> {
        self.build(points);
        control.check()?;
        self.sums.resize(points.len(), [0.0; 4]);
        let mut rest = self.sums.as_mut_slice();
        let mut work = Vec::with_capacity(self.groups.len());
        for &(first, last) in &self.groups {
            let (own, after) = rest.split_at_mut(last - first);
            work.push(((first, last), own));
            rest = after;
        }
        let (cells, sorted) = (self.cells.as_slice(), self.points.as_slice());
        work.into_par_iter().with_min_len(4).try_for_each_init(
            Bodies::default,
            |bodies, ((first, last), own)| -> Result<()> {
                control.check()?;
                bodies.gather(cells, sorted, &sorted[first..last]);
                bodies.push(&sorted[first..last], own);
                Ok(())
            },
        )?;
        self.forces.resize(points.len(), [0.0; 3]);
        let mut total = 0.0;
        for ((_, i), [x, y, z, k]) in self.order.iter().zip(&self.sums) {
            self.forces[*i as usize] = [*x, *y, *z];
            total += f64::from(*k);
        }
        Ok(total - points.len() as f64)
    }

    /// The sum of `(y_i - y_j) K^2` over the points that were measured.
    pub fn force(&self, i: usize) -> [f32; 3] {
        self.forces[i]
    }

    fn build(&mut self, points: &[[f32; 3]]) {
        let ends = |(low, high): (f32, f32), x: &f32| (low.min(*x), high.max(*x));
        let spans = [0, 1, 2].map(|d| points.iter().map(|p| &p[d]).fold((f32::INFINITY, f32::NEG_INFINITY), ends));
        let side = spans.iter().map(|(low, high)| high - low).fold(0.0, f32::max);
        let scale = if side > 0.0 { (1u32 << LEVELS) as f32 * (1.0 - f32::EPSILON) / side } else { 0.0 };
        let code = |p: &[f32; 3]| {
            let most = (1u32 << LEVELS) - 1;
            let part = |d: usize| spaced(u64::from((((p[d] - spans[d].0) * scale) as u32).min(most)));
            part(0) | part(1) << 1 | part(2) << 2
        };
        self.order.clear();
        self.order.par_extend(points.par_iter().enumerate().map(|(i, p)| (code(p), i as u32)));
        self.order.par_sort_unstable();
        self.points.clear();
        self.points.extend(self.order.iter().map(|(_, i)| points[*i as usize]));
        self.cells.clear();
        self.groups.clear();
        if !points.is_empty() {
            self.divide(0, points.len(), LEVELS, side, true);
        }
    }

    /// Adds the cell of the points `first..last`, which are the same above `level`, and its children; the sum of its
    /// points. `alone` says that it lies in no group yet.
    fn divide(&mut self, first: usize, last: usize, level: u32, side: f32, alone: bool) -> [f64; 3] {
        let (mut level, mut side) = (level, side);
        let digit = |at: &(u64, u32), level: u32| at.0 >> (3 * level) & 7;
        let count = last - first;
        // Halvings that divide nothing make no cell.
        while level > 0 && digit(&self.order[first], level - 1) == digit(&self.order[last - 1], level - 1) {
            (level, side) = (level - 1, side / 2.0);
        }
        let is_leaf = count <= LEAF || level == 0;
        let is_group = alone && (count <= GROUP || is_leaf);
        if is_group {
            // Points that fall together may be many.
            self.groups.extend((first..last).step_by(GROUP).map(|at| (at, last.min(at + GROUP))));
        }
        let own = self.cells.len();
        let far = (side / ANGLE).powi(2);
        let (first32, last32) = (first as u32, last as u32);
        self.cells.push(Cell {
            centre: [0.0; 3],
            mass: count as f32,
            far,
            next: 0,
            first: first32,
            last: last32,
            is_leaf,
        });
        let mut sum = [0.0; 3];
        if is_leaf {
            let points = &self.points[first..last];
            for p in points {
                (0..3).for_each(|d| sum[d] += f64::from(p[d]));
            }
        } else {
            let mut at = first;
            while at < last {
                let here = digit(&self.order[at], level - 1);
                let end = at + self.order[at..last].partition_point(|o| digit(o, level - 1) == here);
                let part = self.divide(at, end, level - 1, side / 2.0, alone && !is_group);
                (0..3).for_each(|d| sum[d] += part[d]);
                at = end;
            }
        }
        let next = self.cells.len() as u32;
        let cell = &mut self.cells[own];
        cell.next = next;
        cell.centre = sum.map(|x| (x / count as f64) as f32);
        sum
    }
}

/// What pushes a group: masses and where they are.
#[derive(Debug, Default)]
struct Bodies(Vec<[f32; 4]>);

impl Bodies {
    /// Collects what the group feels: cells that are far from its box, and the points of those that are not.
    fn gather(&mut self, cells: &[Cell], points: &[[f32; 3]], group: &[[f32; 3]]) {
        let low = [0, 1, 2].map(|d| group.iter().map(|p| p[d]).fold(f32::INFINITY, f32::min));
        let high = [0, 1, 2].map(|d| group.iter().map(|p| p[d]).fold(f32::NEG_INFINITY, f32::max));
        self.0.clear();
        let mut at = 0;
        while let Some(cell) = cells.get(at) {
            let outside = |d: usize| (low[d] - cell.centre[d]).max(cell.centre[d] - high[d]).max(0.0).powi(2);
            if cell.far < outside(0) + outside(1) + outside(2) {
                let [x, y, z] = cell.centre;
                self.0.push([x, y, z, cell.mass]);
                at = cell.next as usize;
            } else if cell.is_leaf {
                let own = &points[cell.first as usize..cell.last as usize];
                self.0.extend(own.iter().map(|[x, y, z]| [*x, *y, *z, 1.0]));
                at = cell.next as usize;
            } else {
                at += 1;
            }
        }
    }

    /// The force on each point of the group, and its sum of `K`.
    fn push(&self, group: &[[f32; 3]], sums: &mut [[f32; 4]]) {
        for (targets, sums) in group.chunks(LANES).zip(sums.chunks_mut(LANES)) {
            let mut t = [[0f32; LANES]; 3];
            for (lane, p) in targets.iter().enumerate() {
                (0..3).for_each(|d| t[d][lane] = p[d]);
            }
            let mut s = [[0f32; LANES]; 4];
            for &[x, y, z, mass] in &self.0 {
                let (mut d, mut k) = ([[0f32; LANES]; 3], [0f32; LANES]);
                for l in 0..LANES {
                    (d[0][l], d[1][l], d[2][l]) = (t[0][l] - x, t[1][l] - y, t[2][l] - z);
                    k[l] = 1.0 / (1.0 + d[0][l] * d[0][l] + d[1][l] * d[1][l] + d[2][l] * d[2][l]);
                }
                for l in 0..LANES {
                    let (one, two) = (mass * k[l], mass * k[l] * k[l]);
                    s[0][l] += two * d[0][l];
                    s[1][l] += two * d[1][l];
                    s[2][l] += two * d[2][l];
                    s[3][l] += one;
                }
            }
            for (lane, sum) in sums.iter_mut().enumerate() {
                *sum = [0, 1, 2, 3].map(|d| s[d][lane]);
            }
        }
    }
}

/// Puts two zeros before every bit of a number of 21 bits.
fn spaced(mut x: u64) -> u64 {
    for (shift, mask) in [
        (32, 0x001f_0000_0000_ffff),
        (16, 0x001f_0000_ff00_00ff),
        (8, 0x100f_00f0_0f00_f00f),
        (4, 0x10c3_0c30_c30c_30c3),
        (2, 0x1249_2492_4924_9249),
    ] {
        x = (x | x << shift) & mask;
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::bootstrap::SplitMix;

    fn clusters(n: usize, width: f32) -> Vec<[f32; 3]> {
        let mut random = SplitMix(11);
        let mut one = || (random.below(1 << 20) as f32 / (1 << 20) as f32 - 0.5) * width;
        (0..n)
            .map(|i| if i % 3 == 0 { [one() * 0.2 + width, one() * 0.2, one()] } else { [one(), one(), one()] })
            .collect()
    }

    #[test]
    fn bits_are_spaced() {
        assert_eq!(spaced(0b1011), 0b1_000_001_001);
        assert_eq!(spaced((1 << 21) - 1), 0x1249_2492_4924_9249);
    }

    #[test]
    fn forces_are_those_of_all_pairs() {
        for width in [1e-4, 4.0, 60.0] {
            let points = clusters(700, width);
            let mut tree = Tree::default();
            let total = tree.measure(&points, &Control::default()).expect("not stopped");
            let (mut wanted, mut wrong, mut size) = (-700.0, 0.0, 0.0);
            for (i, p) in points.iter().enumerate() {
                let mut sum = [0.0; 3];
                for q in &points {
                    let d = [0, 1, 2].map(|c| f64::from(p[c]) - f64::from(q[c]));
                    let k = 1.0 / (1.0 + d.iter().map(|x| x * x).sum::<f64>());
                    wanted += k;
                    (0..3).for_each(|c| sum[c] += d[c] * k * k);
                }
                let found = tree.force(i);
                wrong += (0..3).map(|c| (f64::from(found[c]) - sum[c]).powi(2)).sum::<f64>();
                size += sum.iter().map(|x| x * x).sum::<f64>();
            }
            let (total, force) = ((total - wanted).abs() / wanted, f64::sqrt(wrong / size));
            assert!(total < 5e-3 && force < 1e-2, "{width}: {total} {force}");
        }
    }

    #[test]
    fn every_point_lies_in_one_group() {
        let mut points = clusters(300, 5.0);
        points.extend([[1.0, 2.0, 3.0]; 100]);
        let mut tree = Tree::default();
        let total = tree.measure(&points, &Control::default()).expect("not stopped");
        assert!(tree.groups.windows(2).all(|w| w[0].1 == w[1].0) && tree.groups.last().is_some_and(|g| g.1 == 400));
        assert!(tree.groups.iter().all(|(first, last)| last - first <= GROUP && first < last));
        assert!(total > 9900.0, "the hundred that fall together count");
        assert_eq!(tree.measure(&[[1.0; 3]], &Control::default()).expect("not stopped"), 0.0);
        assert_eq!(tree.force(0), [0.0; 3]);
    }
}
