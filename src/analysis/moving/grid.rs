//! How all points of a plane push each other apart, in time that hardly grows with their number: they are spread on a
//! grid, and the grid is convolved by fast Fourier transforms.
//!
//! Linderman, Rachh, Hoskins, Steinerberger and Kluger 2019, "Fast interpolation-based t-SNE for improved visualization
//! of single-cell RNA-seq data", with cubic splines instead of Lagrange's polynomials, as the smooth particle mesh of
//! Essmann and others 1995 has it: four nodes a direction as well, a tenth of the error, and forces without jumps.
//!
//! With `K = 1 / (1 + d^2)` the force on a point is the sum of `(y - y_j) K^2`. Its two parts are odd functions of the
//! plane, whose transforms are imaginary: they share one complex transform back. The sum of all `K` is read off the
//! spectrum (Parseval), without a transform of its own.

use crate::error::Result;
use crate::trace::Control;
use rayon::prelude::*;
use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};

/// Between two nodes where the map is wide: forces are then within 1 % (2 % at 0.5, which takes 0.6 of the time).
const STEP: f32 = 0.4;

/// Nodes a direction at least, so that forces within a map much smaller than the kernel are right too.
const FEWEST: f32 = 60.0;

/// The longest transform. Wider maps get wider steps.
const LONGEST: usize = 4096;

/// Nodes that are left free, so that what lies at opposite ends of the circle does not mix.
const FREE: usize = 8;

/// Nodes that a point is spread on, a direction.
const REACH: usize = 4;

/// Pairs of points that are looked at in the time that a node of the grid takes.
const PAIRS: usize = 8;

/// Rows or columns that are worked on together: one line of the cache.
const BLOCK: usize = 8;

/// A grid over the plane, with the kernels' spectra for its size.
pub struct Grid {
    planner: FftPlanner<f32>,
    /// The length of a transform; nodes used a direction are `length / 2 - FREE`.
    length: usize,
    /// Between two nodes; 0 where nothing was measured yet.
    step: f32,
    /// Where node 0 lies.
    low: [f32; 2],
    /// Spectrum of the kernel, `[kx, ky]` up to half the length.
    kernel: Vec<f32>,
    /// Spectrum, without its factor `-i`, of the force along x, `[kx, ky]`.
    across: Vec<f32>,
    /// The same along y: `across` turned.
    along: Vec<f32>,
    /// Two rows of the grid as one complex row, `[pair, length]`.
    rows: Vec<Complex32>,
    /// Columns `kx` and `-kx` of the forces, `[kx, 2, node]`.
    columns: Vec<Complex32>,
    /// Forces at the nodes, x and y as one number, `[y, x]`.
    field: Vec<Complex32>,
    /// The points themselves, where these are so few on so wide a map that every pair is looked at instead.
    points: Vec<[f32; 2]>,
}

impl Default for Grid {
    fn default() -> Self {
        Self {
            planner: FftPlanner::new(),
            length: 0,
            step: 0.0,
            low: [0.0; 2],
            kernel: Vec::new(),
            across: Vec::new(),
            along: Vec::new(),
            rows: Vec::new(),
            columns: Vec::new(),
            field: Vec::new(),
            points: Vec::new(),
        }
    }
}

impl std::fmt::Debug for Grid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Grid").field("length", &self.length).field("step", &self.step).finish_non_exhaustive()
    }
}

impl Grid {
    /// Spreads the points and convolves; the sum of `K` over all ordered pairs of different points.
    pub fn measure(&mut self, points: &[[f32; 2]], control: &Control) -> Result<f64> {
        self.points.clear();
        let (low, length, step) = Self::size(points);
        if points.len().pow(2) <= PAIRS * length.pow(2) {
            control.check()?;
            self.points.extend(points);
            let near = |p: &[f32; 2]| points.iter().map(|q| f64::from(kernel(*p, *q).0)).sum::<f64>();
            let sums: Vec<f64> = points.par_iter().with_min_len(64).map(near).collect();
            return Ok(sums.iter().sum::<f64>() - points.len() as f64);
        }
        self.fit(low, length, step, control)?;
        let (forward, inverse) =
            (self.planner.plan_fft_forward(self.length), self.planner.plan_fft_inverse(self.length));
        self.spread(points, &*forward);
        control.check()?;
        let total = self.convolve(&*forward, &*inverse);
        control.check()?;
        self.collect(&*inverse);
        Ok(total - points.len() as f64)
    }

    /// The sum of `(point - y_j) K^2` over the points that were measured.
    pub fn force(&self, point: [f32; 2]) -> [f32; 2] {
        if !self.points.is_empty() {
            return self.points.iter().fold([0.0; 2], |[x, y], q| {
                let (k, d) = kernel(point, *q);
                [x + d[0] * k * k, y + d[1] * k * k]
            });
        }
        let side = self.side();
        let ([x, y], [across, down]) = self.place(point);
        let mut sum = Complex32::default();
        for (r, w) in down.into_iter().enumerate() {
            let nodes = &self.field[(y + r) * side + x..][..REACH];
            let row = across.iter().zip(nodes).fold(Complex32::default(), |sum, (w, node)| sum + node * w);
            sum += row * w;
        }
        [sum.re, sum.im]
    }

    fn side(&self) -> usize {
        self.length / 2 - FREE
    }

    /// The first node that a point is spread on, and its shares: cubic B-splines.
    fn place(&self, point: [f32; 2]) -> ([usize; 2], [[f32; REACH]; 2]) {
        let scale = 1.0 / self.step;
        let one = |p: f32, low: f32| {
            let u = ((p - low) * scale).clamp(0.0, (self.side() - REACH) as f32);
            // What is left of a number at the upper end belongs to the cell before.
            let node = (u as usize).min(self.side() - REACH);
            (node, spline(u - node as f32))
        };
        let ((x, across), (y, down)) = (one(point[0], self.low[0]), one(point[1], self.low[1]));
        ([x, y], [across, down])
    }

    /// Where the grid for these points begins, the length of its transforms, and its step.
    fn size(points: &[[f32; 2]]) -> ([f32; 2], usize, f32) {
        let ends = |(low, high): ([f32; 2], [f32; 2]), p: &[f32; 2]| {
            ([low[0].min(p[0]), low[1].min(p[1])], [high[0].max(p[0]), high[1].max(p[1])])
        };
        let (low, high) = points.iter().fold(([f32::INFINITY; 2], [f32::NEG_INFINITY; 2]), ends);
        let range = (high[0] - low[0]).max(high[1] - low[1]).max(1e-6);
        let halves = |x: f32| (2.0 * x.log2()).ceil();
        // Steps are powers of the root of two, so that they seldom change.
        let step = STEP * 2f32.powf(-0.5 * halves(FEWEST * STEP / range).max(0.0));
        let most = (LONGEST / 2 - FREE - REACH - 1) as f32;
        let step = step * 2f32.powf(0.5 * halves(range / (step * most)).max(0.0));
        (low, even_length(2 * ((range / step) as usize + REACH + 1 + FREE)), step)
    }

    /// Takes a grid for use, and keeps the spectra where it stays the same.
    fn fit(&mut self, low: [f32; 2], length: usize, step: f32, control: &Control) -> Result<()> {
        self.low = low;
        if (length, step) != (self.length, self.step) {
            // Stopped here, the grid is still whole.
            control.check()?;
            (self.length, self.step) = (length, step);
            self.transform_kernels();
        }
        Ok(())
    }

    /// The spectra of the kernel and of the force along x, by one transform: the kernel is even, so that its spectrum
    /// is real, and `i` times the force is too. Both are divided by the spectrum of the spline, once for spreading and
    /// once for reading (which makes interpolation of it), and by the scale of the transform there and back.
    fn transform_kernels(&mut self) {
        let (length, half, step) = (self.length, self.length / 2, self.step);
        let forward = self.planner.plan_fft_forward(length);
        // Of the rows, those from 0 on: the others are the same.
        let mut rows = vec![0f32; (half + 1) * length];
        rows.par_chunks_mut(length).enumerate().for_each(|(y, row)| {
            let mut buffer: Vec<Complex32> = (0..length)
                .map(|x| {
                    let dx = step * if x <= half { x as f32 } else { x as f32 - length as f32 };
                    let kernel = 1.0 / (1.0 + dx * dx + (step * y as f32).powi(2));
                    Complex32::new(kernel, if x == half { 0.0 } else { dx * kernel * kernel })
                })
                .collect();
            forward.process(&mut buffer);
            row.iter_mut().zip(&buffer).for_each(|(x, z)| *x = z.re);
        });
        let wave = |k: usize| (2.0 + (std::f64::consts::TAU * k as f64 / length as f64).cos()) / 3.0;
        let spline: Vec<f64> = (0..=half).map(|k| 1.0 / (wave(k).powi(2) * length as f64)).collect();
        let column = |kx: usize| -> Vec<Complex32> {
            let mut buffer: Vec<Complex32> = (0..length)
                .map(|y| {
                    let row = &rows[y.min(length - y) * length..][..length];
                    let (plus, minus) = (row[kx], row[(length - kx) % length]);
                    Complex32::new(0.5 * (plus + minus), 0.5 * (plus - minus))
                })
                .collect();
            forward.process(&mut buffer);
            (0..=half).map(|ky| buffer[ky] * (spline[kx] * spline[ky]) as f32).collect()
        };
        let columns: Vec<Complex32> = (0..=half).into_par_iter().flat_map_iter(column).collect();
        self.kernel = columns.iter().map(|z| z.re).collect();
        self.across = columns.iter().map(|z| z.im).collect();
        self.along = (0..columns.len()).map(|i| columns[i % (half + 1) * (half + 1) + i / (half + 1)].im).collect();
    }

    /// Spreads the points on the rows and transforms those. Every band of rows is summed by one thread, in the order of
    /// the points, so that the sums do not depend on how many threads there are.
    fn spread(&mut self, points: &[[f32; 2]], forward: &dyn Fft<f32>) {
        let (length, side) = (self.length, self.side());
        let bands = side.div_ceil(BLOCK);
        let band = |p: &[f32; 2]| self.place(*p).0[1] / BLOCK;
        let mut starts = vec![0u32; bands + 1];
        for p in points {
            starts[band(p) + 1] += 1;
        }
        (0..bands).for_each(|b| starts[b + 1] += starts[b]);
        let mut at = starts.clone();
        let mut order = vec![0u32; points.len()];
        for (i, p) in points.iter().enumerate() {
            let slot = &mut at[band(p)];
            order[*slot as usize] = i as u32;
            *slot += 1;
        }
        let mut rows = std::mem::take(&mut self.rows);
        rows.resize(bands * BLOCK / 2 * length, Complex32::default());
        let scratch = || (vec![0f32; BLOCK * side], vec![Complex32::default(); forward.get_inplace_scratch_len()]);
        rows.par_chunks_mut(BLOCK / 2 * length).enumerate().for_each_init(scratch, |(nodes, scratch), (b, pairs)| {
            nodes.fill(0.0);
            // Points of the band before may reach into this one.
            for &i in &order[starts[b.saturating_sub(1)] as usize..starts[b + 1] as usize] {
                let ([x, y], [across, down]) = self.place(points[i as usize]);
                for (r, w) in down.into_iter().enumerate() {
                    let row = (y + r).wrapping_sub(b * BLOCK);
                    if row < BLOCK {
                        let nodes = &mut nodes[row * side + x..][..REACH];
                        nodes.iter_mut().zip(across).for_each(|(node, v)| *node += v * w);
                    }
                }
            }
            for (pair, two) in pairs.chunks_exact_mut(length).zip(nodes.chunks_exact(2 * side)) {
                let (one, other) = two.split_at(side);
                pair.iter_mut().zip(one.iter().zip(other)).for_each(|(z, (a, b))| *z = Complex32::new(*a, *b));
                pair[side..].fill(Complex32::default());
            }
            forward.process_with_scratch(pairs, scratch);
        });
        self.rows = rows;
    }

    /// Transforms the columns, multiplies by the spectra of the forces, and transforms back; the sum of `K`.
    fn convolve(&mut self, forward: &dyn Fft<f32>, inverse: &dyn Fft<f32>) -> f64 {
        let (length, half, side) = (self.length, self.length / 2, self.side());
        let mut columns = std::mem::take(&mut self.columns);
        columns.resize((half + 1) * 2 * side, Complex32::default());
        let room = forward.get_inplace_scratch_len().max(inverse.get_inplace_scratch_len());
        let scratch = || {
            let zeros = |n| vec![Complex32::default(); n];
            (zeros(BLOCK * length), zeros(2 * length), zeros(room))
        };
        let sums: Vec<f64> = columns
            .par_chunks_mut(BLOCK * 2 * side)
            .enumerate()
            .map_init(scratch, |(buffer, forces, scratch), (block, into)| {
                let first = block * BLOCK;
                let count = into.len() / (2 * side);
                let buffer = &mut buffer[..count * length];
                buffer.fill(Complex32::default());
                for (p, pair) in self.rows.chunks_exact(length).enumerate().take(side.div_ceil(2)) {
                    for c in 0..count {
                        // Of a row plus i times another, both real, the spectra come apart by their symmetry.
                        let (z, m) = (pair[first + c], pair[(length - first - c) % length].conj());
                        let (sum, difference) = ((z + m) * 0.5, (z - m) * 0.5);
                        buffer[c * length + 2 * p] = sum;
                        buffer[c * length + 2 * p + 1] = Complex32::new(difference.im, -difference.re);
                    }
                }
                forward.process_with_scratch(buffer, scratch);
                let mut total = 0.0;
                for (c, (density, into)) in buffer.chunks_exact(length).zip(into.chunks_exact_mut(2 * side)).enumerate()
                {
                    let kx = first + c;
                    total += self.force_columns(kx, density, forces);
                    inverse.process_with_scratch(forces, scratch);
                    into[..side].copy_from_slice(&forces[..side]);
                    into[side..].copy_from_slice(&forces[length..][..side]);
                }
                total
            })
            .collect();
        self.columns = columns;
        sums.iter().sum()
    }

    /// From a column of the density's spectrum, those of the forces at `kx` and at `-kx`; what both add to the sum of `K`.
    fn force_columns(&self, kx: usize, density: &[Complex32], forces: &mut [Complex32]) -> f64 {
        let (length, half) = (self.length, self.length / 2);
        let spectrum = kx * (half + 1)..(kx + 1) * (half + 1);
        let kernel = &self.kernel[spectrum.clone()];
        let (across, along) = (&self.across[spectrum.clone()], &self.along[spectrum]);
        let (plus, minus) = forces.split_at_mut(length);
        let mut total = 0.0;
        for ky in 0..=half {
            // The two places of the column that are mirrored; at the ends they are the same.
            let up = density[ky];
            let mirror = (length - ky) % length;
            let down = density[mirror];
            let (x, y) = (across[ky], along[ky]);
            plus[ky] = up * Complex32::new(y, -x);
            minus[ky] = down.conj() * Complex32::new(y, x);
            plus[mirror] = down * Complex32::new(-y, -x);
            minus[mirror] = up.conj() * Complex32::new(-y, x);
            let power = up.norm_sqr() + if mirror == ky { 0.0 } else { down.norm_sqr() };
            total += f64::from(power) * f64::from(kernel[ky]);
        }
        if kx == 0 || kx == half { total } else { 2.0 * total }
    }

    /// Transforms the rows of the forces back.
    fn collect(&mut self, inverse: &dyn Fft<f32>) {
        let (length, half, side) = (self.length, self.length / 2, self.side());
        let mut field = std::mem::take(&mut self.field);
        field.resize(side * side, Complex32::default());
        let zeros = |n| vec![Complex32::default(); n];
        let scratch = || (zeros(BLOCK * length), zeros(inverse.get_inplace_scratch_len()));
        field.par_chunks_mut(BLOCK * side).enumerate().for_each_init(scratch, |(buffer, scratch), (block, into)| {
            let (first, count) = (block * BLOCK, into.len() / side);
            for (kx, both) in self.columns.chunks_exact(2 * side).enumerate() {
                for r in 0..count {
                    buffer[r * length + kx] = both[first + r];
                    // At 0 and at the half both are the same column.
                    if kx != 0 && kx != half {
                        buffer[r * length + length - kx] = both[side + first + r];
                    }
                }
            }
            inverse.process_with_scratch(&mut buffer[..count * length], scratch);
            for (row, from) in into.chunks_exact_mut(side).zip(buffer.chunks_exact(length)) {
                row.copy_from_slice(&from[..side]);
            }
        });
        self.field = field;
    }
}

/// The cubic B-spline at a point between the second and the third of four nodes.
fn spline(t: f32) -> [f32; REACH] {
    let (s, sixth) = (1.0 - t, 1.0 / 6.0);
    let (t2, s2) = (t * t, s * s);
    [sixth * s2 * s, sixth * (3.0 * t2 * t - 6.0 * t2 + 4.0), sixth * (3.0 * s2 * s - 6.0 * s2 + 4.0), sixth * t2 * t]
}

/// The next even length that is a product of small numbers, as transforms like it.
fn even_length(least: usize) -> usize {
    let parts = [1, 3, 5, 9, 15, 45];
    let next = |part: usize| part * least.div_ceil(part).max(2).next_power_of_two();
    parts.into_iter().map(next).min().unwrap_or(least)
}

/// `K` of two points, and the way from the second to the first.
fn kernel(p: [f32; 2], q: [f32; 2]) -> (f32, [f32; 2]) {
    let d = [p[0] - q[0], p[1] - q[1]];
    (1.0 / (1.0 + d[0] * d[0] + d[1] * d[1]), d)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::bootstrap::SplitMix;

    /// Points in two clusters of different width.
    fn clusters(n: usize, width: f32) -> Vec<[f32; 2]> {
        let mut random = SplitMix(7);
        let mut one = || (random.below(1 << 20) as f32 / (1 << 20) as f32 - 0.5) * width;
        (0..n).map(|i| if i % 3 == 0 { [one() * 0.3 + width * 0.6, one() * 0.2] } else { [one(), one()] }).collect()
    }

    /// Every pair, in double precision: the sum of K, and the forces.
    fn exact(points: &[[f32; 2]]) -> (f64, Vec<[f64; 2]>) {
        let mut total = 0.0;
        let force = |p: &[f32; 2]| {
            let mut sum = [0.0; 2];
            for q in points {
                let d = [f64::from(p[0]) - f64::from(q[0]), f64::from(p[1]) - f64::from(q[1])];
                let k = 1.0 / (1.0 + d[0] * d[0] + d[1] * d[1]);
                total += k;
                (sum[0], sum[1]) = (sum[0] + d[0] * k * k, sum[1] + d[1] * k * k);
            }
            sum
        };
        let forces = points.iter().map(force).collect();
        (total - points.len() as f64, forces)
    }

    /// The relative errors of the sum and of the forces.
    fn errors(points: &[[f32; 2]]) -> (f64, f64) {
        let mut grid = Grid::default();
        let total = grid.measure(points, &Control::default()).expect("not stopped");
        let (wanted, forces) = exact(points);
        let (mut wrong, mut size) = (0.0, 0.0);
        for (p, f) in points.iter().zip(&forces) {
            let found = grid.force(*p).map(f64::from);
            wrong += (found[0] - f[0]).powi(2) + (found[1] - f[1]).powi(2);
            size += f[0].powi(2) + f[1].powi(2);
        }
        ((total - wanted).abs() / wanted, (wrong / size).sqrt())
    }

    #[test]
    fn forces_are_those_of_all_pairs() {
        for width in [1e-3, 0.3, 5.0, 40.0, 150.0] {
            let (total, forces) = errors(&clusters(3000, width));
            // Where points are further apart than the kernel is wide there is hardly any force to be wrong about.
            let most = if width > 100.0 { 2e-2 } else { 1e-2 };
            assert!(total < most && forces < most, "{width}: {total} {forces}");
        }
    }

    #[test]
    fn few_points_on_a_wide_map_are_looked_at_in_pairs() {
        for (n, width) in [(40, 1e-3), (40, 5000.0), (700, 400.0)] {
            let (total, forces) = errors(&clusters(n, width));
            assert!(total < 1e-5 && forces < 1e-5, "{n} {width}: {total} {forces}");
        }
    }

    #[test]
    fn points_on_each_other_push_nobody() {
        let mut grid = Grid::default();
        for n in [5usize, 3000] {
            let total = grid.measure(&vec![[2.0, 1.0]; n], &Control::default()).expect("not stopped");
            let pairs = (n * (n - 1)) as f64;
            assert!((total - pairs).abs() < 5e-5 * pairs, "{n}: {total}");
        }
        assert!(grid.force([2.0, 1.0]).iter().all(|f| f.abs() < 6e-3), "of 3,000 that push with 0.65 at most");
    }

    #[test]
    fn lengths_have_small_factors() {
        assert_eq!([4, 34, 50, 66, 130, 700].map(even_length), [4, 36, 60, 72, 144, 720]);
    }
}
