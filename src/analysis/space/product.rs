//! Rows times a matrix.

use crate::error::Result;
use crate::rows::Rows;
use crate::trace::Control;
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par};
use rayon::prelude::*;
use std::sync::atomic::{AtomicU64, Ordering};

/// Where rows lie along some directions from an origin, `[row, direction]`; 0 along none.
pub(super) fn project(rows: &Rows, origin: &[f64], directions: &[Option<&[f64]>], control: &Control) -> Result<Rows> {
    const BLOCK: usize = 4096;
    let (width, dims) = (rows.width().max(1), directions.len());
    let mut scores = vec![0f32; rows.len() * dims];
    let of_block = |(out, block): (&mut [f32], &[f32])| {
        control.check()?;
        let mut centred = vec![0f64; width];
        for (out, row) in out.chunks_exact_mut(dims).zip(block.chunks_exact(width)) {
            for ((c, x), o) in centred.iter_mut().zip(row).zip(origin) {
                *c = f64::from(*x) - o;
            }
            for (out, direction) in out.iter_mut().zip(directions) {
                let place = direction.map_or_else(|| 0.0 * dot(&centred, &centred), |d| dot(&centred, d));
                *out = if place.is_finite() { place as f32 } else { f32::NAN };
            }
        }
        Ok(())
    };
    if dims > 0 {
        let blocks = scores.par_chunks_mut(BLOCK * dims).zip(rows.values().par_chunks(BLOCK * width));
        blocks.map(of_block).collect::<Result<()>>()?;
    }
    Rows::new(scores, dims)
}

/// The product of two vectors, in eight sums that a machine adds at once.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a8.remainder().iter().zip(b8.remainder()).map(|(x, y)| x * y).sum();
    let mut sums = [0f64; 8];
    for (a, b) in a8.zip(b8) {
        for k in 0..8 {
            sums[k] += a[k] * b[k];
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// Rows less an origin times a matrix `[dimension, new dimension]`, in single precision as fast as the machine multiplies.
/// A row with a value that is not finite becomes NaN.
pub(super) fn times(
    rows: &Rows,
    origin: &[f64],
    matrix: MatRef<'_, f64>,
    stage: &str,
    control: &Control,
) -> Result<Rows> {
    const BLOCK: usize = 512;
    let (width, wide) = (rows.width().max(1), matrix.ncols());
    if wide == 0 {
        return Rows::new(Vec::new(), 0);
    }
    let matrix = Mat::from_fn(matrix.nrows(), wide, |i, j| matrix[(i, j)] as f32);
    let origin: Vec<f32> = origin.iter().map(|x| *x as f32).collect();
    let mut values = vec![0f32; rows.len() * wide];
    let done = AtomicU64::new(0);
    let of_block = |(out, block): (&mut [f32], &[f32])| {
        control.check()?;
        let count = block.len() / width;
        let mut centred: Vec<f32> = Vec::with_capacity(block.len());
        for row in block.chunks_exact(width) {
            centred.extend(row.iter().zip(&origin).map(|(x, o)| x - o));
        }
        let left = MatRef::from_row_major_slice(&centred, count, width);
        let mut product = MatMut::from_row_major_slice_mut(&mut *out, count, wide);
        matmul(product.as_mut(), Accum::Replace, left, matrix.as_ref(), 1.0, Par::Seq);
        for (out, row) in out.chunks_exact_mut(wide).zip(centred.chunks_exact(width)) {
            if !row.iter().all(|x| x.is_finite()) {
                out.fill(f32::NAN);
            }
        }
        let before = done.fetch_add(count as u64, Ordering::Relaxed);
        control.report(stage, before + count as u64, rows.len() as u64);
        Ok(())
    };
    let blocks = values.par_chunks_mut(BLOCK * wide).zip(rows.values().par_chunks(BLOCK * width));
    blocks.map(of_block).collect::<Result<()>>()?;
    Rows::new(values, wide)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_the_definition() {
        let rows = Rows::new((0..1300 * 9).map(|i| ((i * i) as f32 * 0.1).sin()).collect(), 9).expect("whole rows");
        let origin: Vec<f64> = (0..9).map(|j| j as f64 * 0.1).collect();
        let matrix = Mat::from_fn(9, 4, |i, j| (i as f64 - 2.5) * 0.3 + j as f64);
        let control = Control::default();
        let found = times(&rows, &origin, matrix.as_ref(), "", &control).expect("not stopped");
        let columns: Vec<Vec<f64>> = (0..4).map(|j| matrix.col(j).iter().copied().collect()).collect();
        let directions: Vec<Option<&[f64]>> = columns.iter().map(|c| Some(c.as_slice())).collect();
        let same = project(&rows, &origin, &directions, &control).expect("not stopped");
        for i in 0..1300 {
            for j in 0..4 {
                let place = |k: usize| f64::from(rows.row(i)[k]) - origin[k];
                let wanted: f64 = (0..9).map(|k| place(k) * matrix[(k, j)]).sum();
                assert!((f64::from(found.row(i)[j]) - wanted).abs() < 1e-4, "{i} {j}");
                assert!((f64::from(same.row(i)[j]) - wanted).abs() < 1e-5, "{i} {j}");
            }
        }
    }

    #[test]
    fn a_row_that_is_no_number_stays_alone() {
        let rows = Rows::new(vec![1.0, f32::INFINITY, 2.0, 3.0], 2).expect("two rows");
        let found = times(&rows, &[0.0; 2], Mat::identity(2, 2).as_ref(), "", &Control::default());
        let found = found.expect("not stopped");
        assert!(found.row(0).iter().all(|x| x.is_nan()) && found.row(1) == [2.0, 3.0]);
    }
}
