//! The largest eigenvalues of a large symmetric matrix that is only multiplied with, and their eigenvectors: a space is
//! grown by what is left over of its best vectors (block Lanczos with full orthogonalisation; Golub and Underwood 1977)
//! and shrunk to them when it is large (thick restart; Wu and Simon 2000).

use super::pca::eigen;
use crate::analysis::bootstrap::SplitMix;
use crate::error::{Error, Result};
use crate::trace::Control;
use faer::{Mat, MatRef};

/// Rounds after which nothing more is hoped for.
const ROUNDS: usize = 1000;
/// The length of what is left over, as a share of the largest eigenvalue, below which a vector is found.
const TOLERANCE: f64 = 1e-9;
/// Blocks that the space grows by before it is shrunk.
const BLOCKS: usize = 16;

/// The `count` largest eigenvalues of an `n x n` matrix, largest first, and their eigenvectors `[n, count]` of length 1.
/// `times` multiplies the matrix with `[n, some]` vectors.
pub(super) fn leading(
    n: usize,
    count: usize,
    seed: u64,
    times: impl Fn(MatRef<'_, f64>) -> Result<Mat<f64>>,
    control: &Control,
) -> Result<(Vec<f64>, Mat<f64>)> {
    let count = count.min(n);
    let block = (count + 2).min(n);
    if BLOCKS * block >= n {
        let (values, vectors) = eigen(times(Mat::identity(n, n).as_ref())?.as_ref())?;
        let vectors = Mat::from_fn(n, count, |i, k| vectors[(i, n - 1 - k)]);
        return Ok((values.into_iter().rev().take(count).collect(), vectors));
    }
    let mut random = SplitMix(seed);
    let mut fresh = Mat::from_fn(n, block, |_, _| (random.bits() >> 11) as f64 / (1u64 << 53) as f64 - 0.5);
    let (mut space, mut image) = (Mat::zeros(n, 0), Mat::zeros(n, 0));
    for round in 0..ROUNDS {
        control.check()?;
        control.report("Finding eigenvectors", round as u64, 0);
        fresh = orthogonal(&space, fresh);
        image = beside(&image, &times(fresh.as_ref())?);
        space = beside(&space, &fresh);
        let inner = space.transpose() * &image;
        let (values, vectors) = eigen(inner.as_ref())?;
        let size = values.len();
        let best = Mat::from_fn(size, block, |i, k| vectors[(i, size - 1 - k)]);
        let (ritz, moved) = (&space * &best, &image * &best);
        let value = |k: usize| values[size - 1 - k];
        let left = Mat::from_fn(n, block, |i, k| moved[(i, k)] - value(k) * ritz[(i, k)]);
        let largest = values[0].abs().max(value(0).abs());
        if (0..count).all(|k| left.col(k).norm_l2() <= TOLERANCE * largest) {
            return Ok(((0..count).map(value).collect(), ritz.subcols(0, count).to_owned()));
        }
        if size + block > BLOCKS * block {
            let keep = 2 * block;
            let best = Mat::from_fn(size, keep, |i, k| vectors[(i, size - 1 - k)]);
            (space, image) = (&space * &best, &image * &best);
        }
        fresh = left;
    }
    Err(Error::input("the eigenvectors cannot be told apart: too many eigenvalues are equal"))
}

/// The columns of both.
fn beside(a: &Mat<f64>, b: &Mat<f64>) -> Mat<f64> {
    let mut both = Mat::zeros(a.nrows(), a.ncols() + b.ncols());
    both.subcols_mut(0, a.ncols()).copy_from(a);
    both.subcols_mut(a.ncols(), b.ncols()).copy_from(b);
    both
}

/// An orthonormal basis of what the columns of `fresh` add to an orthonormal `space`. What rounding leaves of columns that
/// add nothing is made orthogonal in a second pass.
fn orthogonal(space: &Mat<f64>, mut fresh: Mat<f64>) -> Mat<f64> {
    for _ in 0..3 {
        let shared = space.transpose() * &fresh;
        fresh -= space * shared;
        fresh = fresh.qr().compute_thin_Q();
    }
    fresh
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_eigenvalues_are_found() {
        // A diagonal matrix seen in a mirror: I - 2 v v', with equal eigenvalues among the largest.
        let n = 700;
        let value = |i: usize| if i < 3 { 5.0 } else { 4.0 / (1.0 + (i as f64).sqrt()) };
        let v: Vec<f64> = (0..n).map(|i| ((i * i) as f64).sin()).collect();
        let v = Mat::from_fn(n, 1, |i, _| v[i]);
        let mirrored = |x: MatRef<'_, f64>| x - &v * (v.transpose() * x) * (2.0 / v.squared_norm_l2());
        let times = |x: MatRef<'_, f64>| {
            let x = mirrored(x);
            Ok(mirrored(Mat::from_fn(n, x.ncols(), |i, k| value(i) * x[(i, k)]).as_ref()))
        };
        let (values, vectors) = leading(n, 5, 7, times, &Control::default()).expect("found");
        let wanted = [5.0, 5.0, 5.0, value(3), value(4)];
        assert!(values.iter().zip(wanted).all(|(x, y)| (x - y).abs() < 1e-9), "{values:?}");
        let image = times(vectors.as_ref()).expect("a product");
        for k in 0..5 {
            let left: f64 = (0..n).map(|i| (image[(i, k)] - values[k] * vectors[(i, k)]).powi(2)).sum();
            assert!(left.sqrt() < 1e-7, "{k}: {left}");
            assert!((vectors.col(k).norm_l2() - 1.0).abs() < 1e-10);
        }
        let inner = vectors.transpose() * &vectors;
        assert!((inner - Mat::<f64>::identity(5, 5)).norm_max() < 1e-9);
    }

    #[test]
    fn a_small_matrix_is_solved_whole() {
        let diagonal = [1.0, 9.0, 4.0];
        let times = |x: MatRef<'_, f64>| Ok(Mat::from_fn(3, x.ncols(), |i, k| diagonal[i] * x[(i, k)]));
        let (values, vectors) = leading(3, 2, 0, times, &Control::default()).expect("found");
        assert!((values[0] - 9.0).abs() < 1e-12 && (values[1] - 4.0).abs() < 1e-12);
        assert!((vectors[(1, 0)].abs() - 1.0).abs() < 1e-12);
    }
}
