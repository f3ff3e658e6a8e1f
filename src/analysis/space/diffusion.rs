//! Diffusion maps: how near points are for somebody who walks from point to point, near ones being likely steps. Coifman
//! and Lafon 2006, with alpha = 0.
//!
//! `K = exp(-|x - y|^2 / scale)`; of `D^-1 K`, whose rows are the chances of a step, the right eigenvectors times their
//! eigenvalues to the power of the number of steps are the coordinates, without the first, which is the same for all
//! points. They are found from `D^-1/2 K D^-1/2`, whose eigenvectors have length 1 here.

use super::moments;
use super::spectrum::leading;
use crate::analysis::bootstrap::SplitMix;
use crate::error::{Error, Result};
use crate::rows::Rows;
use crate::trace::Control;
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use rayon::prelude::*;

/// Pairs of points that the scale is taken from.
const PAIRS: usize = 10_000;

/// Columns of the kernel that are looked at between two looks at the stop.
const BLOCK: usize = 512;

/// What a diffusion map is made with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Diffusion {
    /// Coordinates of each point.
    pub dims: usize,
    /// Steps that are walked.
    pub steps: u32,
    /// What squared distances are divided by; the median of those of [`PAIRS`] random pairs where there is none.
    pub scale: Option<f64>,
    /// Where random numbers begin.
    pub seed: u64,
    /// The most bytes that it may take.
    pub budget: u64,
}

/// Points laid out by diffusion.
#[derive(Debug, Clone, PartialEq)]
pub struct Diffused {
    /// Coordinates `[row, dims]`: NaN for a row with a value that is not finite.
    pub places: Rows,
    /// The eigenvalue of each coordinate, largest first, at most 1.
    pub values: Vec<f64>,
    /// What squared distances were divided by.
    pub scale: f64,
}

impl Diffusion {
    /// Bytes that `n` points of a width take: the kernel has n times n values in double precision.
    pub fn bytes(n: usize, width: usize) -> u64 {
        let (n, width) = (n as u64, width as u64);
        n.saturating_mul(n).saturating_add(n.saturating_mul(width)).saturating_mul(8)
    }

    /// Lays the rows out.
    pub fn of(self, rows: &Rows, control: &Control) -> Result<Diffused> {
        let chosen = moments::sound(rows);
        let (n, width) = (chosen.len(), rows.width());
        if n <= self.dims || self.dims == 0 || self.steps == 0 {
            let dims = self.dims;
            return Err(Error::input(format!("{n} points cannot be laid out by diffusion in {dims} dimensions")));
        }
        let (needed, budget) = (Self::bytes(n, width), self.budget);
        if needed > budget {
            let most = (0..n as u64).rev().find(|&n| Self::bytes(n as usize, width) <= budget).unwrap_or(0);
            return Err(Error::input(format!(
                "a diffusion map of {n} points needs {} MB and the budget is {} MB, which is enough for {most} points",
                needed.div_ceil(1_000_000),
                budget / 1_000_000
            )));
        }
        let points = centred(rows, &chosen);
        let scale = self.scale.unwrap_or_else(|| median(&points, self.seed));
        if !(scale > 0.0 && scale.is_finite()) {
            return Err(Error::input("the points are all equal, or so far apart that their distances are no numbers"));
        }
        let kernel = kernel(&points, scale, control)?;
        let roots: Vec<f64> = kernel.par_col_chunks(1).map(|column| column.sum().sqrt().recip()).collect();
        let scaled = |x: MatRef<'_, f64>| Mat::from_fn(x.nrows(), x.ncols(), |i, k| roots[i] * x[(i, k)]);
        let times = |x: MatRef<'_, f64>| {
            let (x, mut y) = (scaled(x), Mat::zeros(n, x.ncols()));
            for start in (0..n).step_by(BLOCK) {
                control.check()?;
                let count = BLOCK.min(n - start);
                // Columns of the kernel are its rows.
                let rows = kernel.subcols(start, count).transpose();
                matmul(y.subrows_mut(start, count), Accum::Replace, rows, x.as_ref(), 1.0, Par::rayon(0));
            }
            Ok(scaled(y.as_ref()))
        };
        let (values, vectors) = leading(n, self.dims + 1, self.seed, times, control)?;
        let mut places = vec![f32::NAN; rows.len() * self.dims];
        for k in 0..self.dims {
            let power = values[k + 1].powi(self.steps.try_into().unwrap_or(i32::MAX));
            let column: Vec<f64> = (0..n).map(|i| vectors[(i, k + 1)] * roots[i] * power).collect();
            for (&row, x) in chosen.iter().zip(super::pca::signed(column)) {
                places[row * self.dims + k] = x as f32;
            }
        }
        Ok(Diffused { places: Rows::new(places, self.dims)?, values: values[1..].to_vec(), scale })
    }
}

/// The chosen rows as columns around their mean, so that distances lose no digits.
fn centred(rows: &Rows, chosen: &[usize]) -> Mat<f64> {
    let mut points = Mat::from_fn(rows.width(), chosen.len(), |j, i| f64::from(rows.row(chosen[i])[j]));
    let mean: Vec<f64> = points.row_iter().map(|row| row.sum() / chosen.len() as f64).collect();
    for column in points.col_iter_mut() {
        column.iter_mut().zip(&mean).for_each(|(x, m)| *x -= m);
    }
    points
}

/// The median squared distance between random points.
fn median(points: &Mat<f64>, seed: u64) -> f64 {
    let mut random = SplitMix(seed);
    let mut draw = || {
        let (i, j) = (random.below(points.ncols()), random.below(points.ncols() - 1));
        let j = if j < i { j } else { j + 1 };
        (points.col(i) - points.col(j)).squared_norm_l2()
    };
    let mut squares: Vec<f64> = (0..PAIRS).map(|_| draw()).collect();
    *squares.select_nth_unstable_by(PAIRS / 2, f64::total_cmp).1
}

/// `exp(-|x - y|^2 / scale)` between all points.
fn kernel(points: &Mat<f64>, scale: f64, control: &Control) -> Result<Mat<f64>> {
    let n = points.ncols();
    let squares: Vec<f64> = points.col_iter().map(|column| column.squared_norm_l2()).collect();
    let mut kernel = Mat::zeros(n, n);
    let done = |at: usize| control.report("Measuring distances", at as u64, n as u64);
    for start in (0..n).step_by(BLOCK) {
        control.check()?;
        done(start);
        let count = BLOCK.min(n - start);
        let mut part = kernel.subcols_mut(start, count);
        let (all, some) = (points.transpose(), points.subcols(start, count));
        matmul(part.as_mut(), Accum::Replace, all, some, 1.0, Par::rayon(0));
        part.par_col_chunks_mut(1).enumerate().for_each(|(k, column)| {
            let own = squares[start + k];
            for (i, x) in column.col_mut(0).iter_mut().enumerate() {
                let square = if i == start + k { 0.0 } else { (own + squares[i] - 2.0 * *x).max(0.0) };
                *x = (-square / scale).exp();
            }
        });
    }
    Ok(kernel)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(budget: u64) -> Diffusion {
        Diffusion { dims: 2, steps: 1, scale: None, seed: 1, budget }
    }

    #[test]
    fn two_groups_lie_apart() {
        let at = |i: usize| if i < 20 { 0.0 } else { 9.0 };
        let mut values: Vec<f32> =
            (0..40).flat_map(|i| [at(i) + (i * i % 7) as f32 * 0.1, (i * 5 % 11) as f32 * 0.1]).collect();
        values.extend([f32::NAN, 0.0]);
        let rows = Rows::new(values, 2).expect("whole rows");
        let found = Diffusion { scale: Some(4.0), ..asked(1_000_000) }.of(&rows, &Control::default()).expect("a map");
        let side = |i: usize| found.places.row(i)[0] > 0.0;
        assert!((0..40).all(|i| side(i) == side(if i < 20 { 0 } else { 39 })) && side(0) != side(39));
        assert!(found.values[0] > 0.99 && found.values[1] < 0.9);
        assert!(found.places.row(40).iter().all(|x| x.is_nan()));
    }

    #[test]
    fn what_does_not_fit_is_refused_before_it_is_made() {
        let rows = Rows::new((0..3000).map(|i| (i as f32).sin()).collect(), 3).expect("a thousand rows");
        let error = asked(1_000_000).of(&rows, &Control::default()).expect_err("too large").to_string();
        let wanted = "a diffusion map of 1000 points needs 9 MB and the budget is 1 MB, which is enough for 352 points";
        assert_eq!(error, wanted);
        let equal = Rows::new(vec![1.0; 30], 3).expect("ten rows");
        assert!(asked(1_000_000).of(&equal, &Control::default()).is_err());
        assert!(asked(1_000_000).of(&equal.picked(&[0, 1]), &Control::default()).is_err());
    }
}
