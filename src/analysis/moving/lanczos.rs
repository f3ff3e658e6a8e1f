//! The largest eigenvalues of a large symmetric matrix of which only products are known: Lanczos' method, begun again
//! from the best so far when its basis is full (Stewart 2001, "A Krylov-Schur algorithm for large eigenproblems").

use super::noise;
use crate::analysis::bootstrap::SplitMix;
use crate::analysis::eigen;
use crate::error::Result;
use crate::trace::Control;
use rayon::prelude::*;

/// Vectors of the basis, where there are so many dimensions.
const BASIS: usize = 40;

/// Values of a vector that are summed at once, so that sums do not depend on the threads.
const BLOCK: usize = 4096;

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    /// Eigenvectors of length 1, largest value first.
    pub vectors: Vec<Vec<f32>>,
    /// Their values.
    pub values: Vec<f64>,
    /// How far the worst is from an eigenvector: the length of `A v - value v`.
    pub residual: f64,
}

/// The `count` eigenvectors with the largest values among those at right angles to `known`, which are orthonormal.
/// Of values that are equal one vector may be found and the others not: the search begins at one vector.
/// `multiply` writes the product with the first vector into the second. It ends when the residual is below `tolerance`
/// or after `most` products.
pub(super) fn largest(
    multiply: impl Fn(&[f32], &mut [f32]),
    known: &[Vec<f32>],
    size: usize,
    count: usize,
    (tolerance, most): (f64, usize),
    control: &Control,
) -> Result<Found> {
    let room = BASIS.min(size - known.len().min(size));
    let count = count.min(room);
    let mut random = SplitMix(0x5eed);
    let mut basis: Vec<Vec<f32>> = Vec::with_capacity(room);
    // Products of the basis with A times the basis, row-major `[room, room]`.
    let mut small = vec![0f64; room * room];
    let mut next: Vec<f32> = (0..size).map(|_| noise::normal(&mut random)).collect();
    straighten(&mut next, known, &basis, None);
    normalise(&mut next);
    let mut products = 0;
    loop {
        let mut left = 0.0;
        while basis.len() < room {
            control.check()?;
            let mut product = vec![0f32; size];
            multiply(&next, &mut product);
            products += 1;
            basis.push(std::mem::replace(&mut next, product));
            let own = basis.len() - 1;
            let mut parts = vec![0f64; basis.len()];
            straighten(&mut next, known, &basis, Some(&mut parts));
            for (other, part) in parts.iter().enumerate() {
                (small[own * room + other], small[other * room + own]) = (*part, *part);
            }
            left = normalise(&mut next);
            if left < 1e-7 {
                // The basis holds all that this start leads to: go on with what it does not.
                left = 0.0;
                for x in &mut next {
                    *x = noise::normal(&mut random);
                }
                straighten(&mut next, known, &basis, None);
                normalise(&mut next);
            }
        }
        let pairs = eigen::symmetric(small.clone(), room, control)?;
        let residual = pairs[..count].iter().map(|p| (left * p.vector[room - 1]).abs()).fold(0.0, f64::max);
        let is_over = residual <= tolerance || products >= most || room + known.len() >= size;
        let kept = if is_over { count } else { (count + room / 2).min(room - 1) };
        let turned: Vec<Vec<f32>> = pairs[..kept].iter().map(|p| mixed(&basis, &p.vector)).collect();
        if is_over {
            return Ok(Found { vectors: turned, values: pairs[..count].iter().map(|p| p.value).collect(), residual });
        }
        basis = turned;
        small.fill(0.0);
        (0..kept).for_each(|i| small[i * room + i] = pairs[i].value);
    }
}

/// A mixture of the basis.
fn mixed(basis: &[Vec<f32>], weights: &[f64]) -> Vec<f32> {
    let mut sum = vec![0f32; basis.first().map_or(0, Vec::len)];
    sum.par_chunks_mut(BLOCK).enumerate().for_each(|(block, sum)| {
        for (vector, &w) in basis.iter().zip(weights) {
            let from = &vector[block * BLOCK..][..sum.len()];
            sum.iter_mut().zip(from).for_each(|(s, x)| *s += w as f32 * x);
        }
    });
    sum
}

/// Takes what lies along others out of a vector, twice, because once leaves rounding behind; adds what lay along each of
/// the basis to `parts`.
fn straighten(vector: &mut [f32], known: &[Vec<f32>], basis: &[Vec<f32>], mut parts: Option<&mut [f64]>) {
    for _ in 0..2 {
        let along: Vec<f64> = products(vector, known.iter().chain(basis));
        vector.par_chunks_mut(BLOCK).enumerate().for_each(|(block, vector)| {
            for (other, &w) in known.iter().chain(basis).zip(&along) {
                let other = &other[block * BLOCK..][..vector.len()];
                vector.iter_mut().zip(other).for_each(|(x, y)| *x -= w as f32 * y);
            }
        });
        if let Some(parts) = parts.as_deref_mut() {
            parts.iter_mut().zip(&along[known.len()..]).for_each(|(part, w)| *part += w);
        }
    }
}

/// The products of a vector with others.
fn products<'a>(vector: &[f32], others: impl Iterator<Item = &'a Vec<f32>>) -> Vec<f64> {
    let others: Vec<&[f32]> = others.map(Vec::as_slice).collect();
    let of_block = |block: usize| -> Vec<f64> {
        let from = block * BLOCK;
        let part = &vector[from..vector.len().min(from + BLOCK)];
        others.iter().map(|other| product(part, &other[from..][..part.len()])).collect()
    };
    let blocks: Vec<Vec<f64>> = (0..vector.len().div_ceil(BLOCK)).into_par_iter().map(of_block).collect();
    (0..others.len()).map(|i| blocks.iter().map(|block| block[i]).sum()).collect()
}

fn product(a: &[f32], b: &[f32]) -> f64 {
    let mut sums = [0f32; 16];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<16>(), b.as_chunks::<16>());
    for (a, b) in a.iter().zip(b) {
        (0..16).for_each(|l| sums[l] += a[l] * b[l]);
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    sums.iter().map(|s| f64::from(*s)).sum::<f64>() + f64::from(rest)
}

/// Makes a vector 1 long; how long it was.
fn normalise(vector: &mut [f32]) -> f64 {
    let length = vector.chunks(BLOCK).map(|part| product(part, part)).sum::<f64>().sqrt();
    if length > 0.0 {
        let scale = (1.0 / length) as f32;
        for x in vector {
            *x *= scale;
        }
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waves_of_a_string_are_found() {
        // A string of 150 points whose ends are free: the values are cos(pi k / 150), each once.
        let n = 150;
        let multiply = |x: &[f32], y: &mut [f32]| {
            (0..n).for_each(|i| y[i] = 0.5 * (x[(i + 1).min(n - 1)] + x[i.saturating_sub(1)]));
        };
        let level = vec![vec![(n as f32).sqrt().recip(); n]];
        let found = largest(multiply, &level, n, 3, (1e-5, 5000), &Control::default()).expect("not stopped");
        for (k, value) in found.values.iter().enumerate() {
            let wanted = (std::f64::consts::PI * (k + 1) as f64 / n as f64).cos();
            assert!((value - wanted).abs() < 1e-6, "{k}: {value} {wanted}");
        }
        assert!(found.residual < 1e-5);
        assert!(product(&found.vectors[0], &found.vectors[1]).abs() < 1e-4);
        assert!(product(&found.vectors[0], &level[0]).abs() < 1e-4);
    }

    #[test]
    fn a_matrix_smaller_than_the_basis_is_exact() {
        let values = [0.5, 3.0, 2.0, 2.0, -1.0];
        let multiply = |x: &[f32], y: &mut [f32]| (0..5).for_each(|i| y[i] = values[i] * x[i]);
        let found = largest(multiply, &[], 5, 3, (1e-6, 100), &Control::default()).expect("not stopped");
        assert!(found.values.iter().zip([3.0, 2.0, 2.0]).all(|(x, y)| (x - y).abs() < 1e-5), "{:?}", found.values);
    }
}
