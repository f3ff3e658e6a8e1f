//! Random projection: vectors multiplied with a matrix of normal numbers, which on average keeps the ratios of distances
//! (Johnson and Lindenstrauss 1984), better the more dimensions are left. It knows nothing of the vectors: what a map of
//! them shows beyond it, the map has found.

use crate::analysis::bootstrap::SplitMix;
use crate::error::{Error, Result};
use crate::rows::Rows;
use crate::trace::Control;
use linfa::DatasetBase;
use linfa::traits::{Fit, Transformer};
use linfa_reduction::random_projection::GaussianRandomProjection;
use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;
use std::sync::atomic::{AtomicU64, Ordering};

/// Rows that are multiplied at once, in double precision.
const BLOCK: usize = 1024;

/// The rows in `dims` random dimensions, `[row, dims]`, their lengths `dims / width` of what they were on average, squared:
/// NaN for a row with a value that is not finite. `linfa-reduction` draws the matrix, always the same one for a width; the
/// seed shuffles the dimensions and turns some of them round before.
pub fn projection(rows: &Rows, dims: usize, seed: u64, control: &Control) -> Result<Rows> {
    let width = rows.width();
    if dims == 0 || dims > width {
        return Err(Error::input(format!(
            "vectors of width {width} cannot be projected at random to {dims} dimensions"
        )));
    }
    let one = DatasetBase::from(Array2::<f64>::zeros((1, width)));
    let model = GaussianRandomProjection::<f64>::params().target_dim(dims).fit(&one);
    let model = model.map_err(|e| Error::input(format!("a random projection to {dims} dimensions: {e}")))?;
    let order = shuffled(width, seed);
    let mut places = vec![0f32; rows.len() * dims];
    let done = AtomicU64::new(0);
    let of_block = |(out, block): (&mut [f32], &[f32])| {
        control.check()?;
        let count = block.len() / width;
        let values = block.chunks_exact(width).flat_map(|row| order.iter().map(|&(j, sign)| f64::from(row[j]) * sign));
        let values = values.collect::<Vec<f64>>();
        let values = ArrayView2::from_shape((count, width), &values);
        let values = values.map_err(|e| Error::input(format!("a random projection to {dims} dimensions: {e}")))?;
        let found: Array2<f64> = model.transform(values);
        for (out, x) in out.iter_mut().zip(&found) {
            *out = if x.is_finite() { *x as f32 } else { f32::NAN };
        }
        let before = done.fetch_add(count as u64, Ordering::Relaxed);
        control.report("Projecting at random", before + count as u64, rows.len() as u64);
        Ok(())
    };
    let blocks = places.par_chunks_mut(BLOCK * dims).zip(rows.values().par_chunks(BLOCK * width));
    blocks.map(of_block).collect::<Result<()>>()?;
    Rows::new(places, dims)
}

/// The dimensions in a random order, each with a random sign.
fn shuffled(width: usize, seed: u64) -> Vec<(usize, f64)> {
    let mut random = SplitMix(seed);
    let mut order: Vec<(usize, f64)> = (0..width).map(|j| (j, if random.below(2) == 0 { 1.0 } else { -1.0 })).collect();
    for i in (1..width).rev() {
        order.swap(i, random.below(i + 1));
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(n: usize, width: usize) -> Rows {
        let mut random = SplitMix(9);
        let values = (0..n * width).map(|_| random.below(1000) as f32 / 500.0 - 1.0).collect();
        Rows::new(values, width).expect("whole rows")
    }

    fn lengths(rows: &Rows) -> Vec<f64> {
        rows.iter().map(|row| row.iter().map(|x| f64::from(*x).powi(2)).sum()).collect()
    }

    #[test]
    fn lengths_are_kept_on_average() {
        let rows = rows(50, 400);
        let found = projection(&rows, 200, 3, &Control::default()).expect("a projection");
        for (before, after) in lengths(&rows).iter().zip(lengths(&found)) {
            // A sum of 200 squares of normal numbers: its standard deviation is a tenth.
            assert!((after / before / 0.5 - 1.0).abs() < 0.45, "{before} {after}");
        }
    }

    #[test]
    fn it_is_linear_and_its_seed_chooses_it() {
        let (a, b) = (rows(2000, 6), rows(2001, 6));
        let sum: Vec<f32> = a.row(0).iter().zip(b.row(7)).map(|(x, y)| x + y).collect();
        let sum = Rows::new(sum, 6).expect("one row");
        let of = |rows: &Rows, seed: u64| projection(rows, 2, seed, &Control::default()).expect("a projection");
        let (of_a, of_b, of_sum) = (of(&a, 5), of(&b, 5), of(&sum, 5));
        for k in 0..2 {
            assert!((of_a.row(0)[k] + of_b.row(7)[k] - of_sum.row(0)[k]).abs() < 1e-6);
        }
        assert_eq!(of(&a, 5), of_a);
        assert_ne!(of(&a, 6), of_a);
    }

    #[test]
    fn what_cannot_be_projected_is_refused_or_left_out() {
        assert!(projection(&rows(3, 4), 5, 0, &Control::default()).is_err());
        assert!(projection(&rows(3, 4), 0, 0, &Control::default()).is_err());
        let some = Rows::new(vec![1.0, f32::NAN, 0.5, 0.25, f32::INFINITY, 0.0], 2).expect("three rows");
        let found = projection(&some, 2, 0, &Control::default()).expect("a projection");
        assert!(found.row(0).iter().chain(found.row(2)).all(|x| x.is_nan()));
        assert!(found.row(1).iter().all(|x| x.is_finite()));
    }
}
