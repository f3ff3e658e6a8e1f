//! Eigenvalues and eigenvectors of a symmetric matrix by Jacobi's rotations: slow for thousands of rows, exact and
//! short for the hundreds of heads of a model. Golub and Van Loan, "Matrix Computations", section 8.5.

use crate::error::Result;
use crate::trace::Control;

/// Sweeps over all pairs after which nothing changes any more in double precision; ten are enough in practice.
const SWEEPS: u32 = 60;

/// One eigenvalue with its eigenvector of length 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// The eigenvalue.
    pub value: f64,
    /// The eigenvector; of its two signs the one that makes its largest element (the first of equals) positive.
    pub vector: Vec<f64>,
}

/// All eigenpairs of a symmetric `n x n` matrix, row-major, largest value first.
pub fn symmetric(mut a: Vec<f64>, n: usize, control: &Control) -> Result<Vec<Pair>> {
    assert_eq!(a.len(), n * n, "a square matrix");
    // Row i of `v` becomes the eigenvector of a[i][i].
    let mut v = vec![0.0; n * n];
    (0..n).for_each(|i| v[i * n + i] = 1.0);
    sweep(&mut a, &mut v, n, control)?;
    let mut pairs: Vec<Pair> =
        (0..n).map(|i| Pair { value: a[i * n + i], vector: signed(v[i * n..][..n].to_vec()) }).collect();
    pairs.sort_by(|x, y| y.value.total_cmp(&x.value));
    Ok(pairs)
}

/// Sweeps over all pairs until nothing beside the diagonal is left; how often that was.
fn sweep(a: &mut [f64], v: &mut [f64], n: usize, control: &Control) -> Result<u32> {
    let size: f64 = a.iter().map(|x| x * x).sum();
    for done in 0..SWEEPS {
        control.check()?;
        let off: f64 = (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| 2.0 * a[i * n + j].powi(2)).sum();
        if off <= size * f64::EPSILON.powi(2) {
            return Ok(done);
        }
        for p in 0..n {
            control.check()?;
            for q in p + 1..n {
                rotate(a, v, n, p, q);
            }
        }
    }
    Ok(SWEEPS)
}

/// Turns rows and columns `p` and `q` so that the element between them becomes 0.
fn rotate(a: &mut [f64], v: &mut [f64], n: usize, p: usize, q: usize) {
    let between = a[p * n + q];
    if between == 0.0 {
        return;
    }
    let theta = (a[q * n + q] - a[p * n + p]) / (2.0 * between);
    let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let c = 1.0 / t.hypot(1.0);
    let s = t * c;
    for k in 0..n {
        let (x, y) = (a[k * n + p], a[k * n + q]);
        (a[k * n + p], a[k * n + q]) = (c * x - s * y, s * x + c * y);
    }
    for m in [&mut *a, v] {
        let (above, below) = m.split_at_mut(q * n);
        for (x, y) in above[p * n..][..n].iter_mut().zip(&mut below[..n]) {
            (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
        }
    }
    // What rounding leaves there would never become small enough to end the sweeps.
    (a[p * n + q], a[q * n + p]) = (0.0, 0.0);
}

/// A vector with the sign that [`Pair::vector`] has.
fn signed(mut vector: Vec<f64>) -> Vec<f64> {
    let largest = vector.iter().copied().fold(0.0, |best: f64, x| if x.abs() > best.abs() { x } else { best });
    if largest < 0.0 {
        for x in &mut vector {
            *x = -*x;
        }
    }
    vector
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entries that follow no pattern, from a small recurrence.
    fn wild(n: usize) -> Vec<f64> {
        let mut x = 0.37_f64;
        let mut a = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..=i {
                x = 3.9 * x * (1.0 - x);
                (a[i * n + j], a[j * n + i]) = (x - 0.5, x - 0.5);
            }
        }
        a
    }

    #[test]
    fn a_matrix_is_the_sum_of_its_parts() {
        let n = 12;
        let a = wild(n);
        let pairs = symmetric(a.clone(), n, &Control::default()).expect("not stopped");
        assert!(pairs.windows(2).all(|w| w[0].value >= w[1].value));
        assert!(pairs.iter().any(|p| p.value < 0.0));
        for i in 0..n {
            for j in 0..n {
                let sum: f64 = pairs.iter().map(|p| p.value * p.vector[i] * p.vector[j]).sum();
                assert!((sum - a[i * n + j]).abs() < 1e-12, "{i} {j}");
                let product: f64 = pairs[i].vector.iter().zip(&pairs[j].vector).map(|(x, y)| x * y).sum();
                assert!((product - f64::from(u8::from(i == j))).abs() < 1e-12, "{i} {j}");
            }
        }
        for p in &pairs {
            let largest = p.vector.iter().copied().max_by(|x, y| x.abs().total_cmp(&y.abs())).expect("an element");
            assert!(largest > 0.0);
        }
    }

    #[test]
    fn a_few_sweeps_are_enough() {
        for n in [2, 12, 144] {
            let sweeps = sweep(&mut wild(n), &mut vec![0.0; n * n], n, &Control::default()).expect("not stopped");
            assert!(sweeps < 20, "{n} rows took {sweeps}");
        }
    }

    #[test]
    fn equal_values_and_zeros_are_no_trouble() {
        let pairs = symmetric(vec![2.0, 0.0, 0.0, 2.0], 2, &Control::default()).expect("not stopped");
        assert_eq!(pairs.iter().map(|p| p.value).collect::<Vec<_>>(), [2.0, 2.0]);
        assert!(symmetric(vec![0.0; 9], 3, &Control::default()).expect("not stopped").iter().all(|p| p.value == 0.0));
    }
}
