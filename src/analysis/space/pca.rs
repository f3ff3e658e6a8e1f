//! Principal components, exactly: all of them, centred, with variances of the rows (divisor n - 1) and shares of the
//! total variance. Jolliffe 2002, "Principal Component Analysis".
//!
//! Of more rows than columns the eigenvectors of the covariance are found, of fewer those of the products between rows
//! (Golub and Van Loan, section 8.6): the same components with less work.

use super::correlation::{Correlation, correlation};
use super::moments;
use super::product::{dot, project};
use crate::error::{Error, Result};
use crate::rows::Rows;
use crate::trace::Control;
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par, Side};

/// A variance below this share of the total is rounding where rows are fewer than columns.
const NOTHING: f64 = 1e-12;

/// The principal components of rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Pca {
    /// The mean row, `[dimension]`.
    pub mean: Vec<f64>,
    /// Directions of length 1, `[component][dimension]`, most variance first. Of its two signs each has the one that makes
    /// its largest loading (the first of equals) positive. At most `rows - 1` and at most `dimension`.
    pub components: Vec<Vec<f64>>,
    /// The variance along each component.
    pub variances: Vec<f64>,
    /// The variance in all.
    pub total: f64,
    /// Rows that were looked at.
    pub rows: usize,
    /// Rows that were left out because a value of theirs is not finite.
    pub left_out: usize,
}

impl Pca {
    /// The components of all rows whose values are finite. The last step, the eigenvectors of a matrix with as many
    /// columns as the rows have, cannot be stopped: it takes less than a second at a width of 1,000.
    pub fn of(rows: &Rows, control: &Control) -> Result<Self> {
        let chosen = moments::sound(rows);
        if chosen.is_empty() {
            let what = if rows.is_empty() { "there are no vectors" } else { "no vector has finite values only" };
            return Err(Error::input(what));
        }
        let (mean, pairs, total) = if chosen.len() <= rows.width() {
            by_rows(rows, &chosen, control)?
        } else {
            by_columns(rows, &chosen, control)?
        };
        let (variances, components) = pairs.into_iter().map(|(variance, vector)| (variance, signed(vector))).unzip();
        Ok(Self { mean, components, variances, total, rows: chosen.len(), left_out: rows.len() - chosen.len() })
    }

    /// The share of the total variance along each component; 0 where nothing varies.
    pub fn ratios(&self) -> Vec<f64> {
        self.variances.iter().map(|v| if self.total > 0.0 { v / self.total } else { 0.0 }).collect()
    }

    /// The shares that the longest, second longest, ... piece of a stick broken at random has on average, one to a
    /// component: what components of noise may be taken to share. Frontier 1976; Jackson 1993.
    pub fn broken_stick(&self) -> Vec<f64> {
        let n = self.variances.len();
        let mut shares = vec![0.0; n];
        let mut sum = 0.0;
        for k in (0..n).rev() {
            sum += 1.0 / (k + 1) as f64;
            shares[k] = sum / n as f64;
        }
        shares
    }

    /// How many dimensions the variance would fill if it were even: the square of the sum of variances over the sum of
    /// their squares; 0 where nothing varies.
    pub fn participation(&self) -> f64 {
        let squares: f64 = self.variances.iter().map(|v| v * v).sum();
        if squares > 0.0 { self.total * self.total / squares } else { 0.0 }
    }

    /// Where rows lie along the chosen components, `[row, component]`: NaN for a row with a value that is not finite, 0
    /// along a component that there is none of.
    pub fn scores(&self, rows: &Rows, chosen: &[usize], control: &Control) -> Result<Rows> {
        if rows.width() != self.mean.len() {
            let (has, needs) = (rows.width(), self.mean.len());
            return Err(Error::input(format!(
                "vectors of width {has} have no place among components of width {needs}"
            )));
        }
        let directions: Vec<Option<&[f64]>> =
            chosen.iter().map(|&k| self.components.get(k).map(Vec::as_slice)).collect();
        project(rows, &self.mean, &directions, control)
    }
}

/// The mean, (variance, direction) of each component, and the total variance.
type Found = (Vec<f64>, Vec<(f64, Vec<f64>)>, f64);

/// By the covariance between columns.
fn by_columns(rows: &Rows, chosen: &[usize], control: &Control) -> Result<Found> {
    let found = moments::of(rows, chosen, "Adding up the covariance", control)?;
    let divisor = (chosen.len() - 1) as f64;
    let covariance = found.products / divisor;
    let total = (0..rows.width()).map(|j| covariance[(j, j)]).sum();
    control.report("Finding the components", 0, 0);
    let (values, vectors) = eigen(covariance.as_ref())?;
    control.check()?;
    let pairs = values.iter().enumerate().rev().map(|(k, v)| (v.max(0.0), vectors.col_as_slice(k).to_vec())).collect();
    Ok((found.left, pairs, total))
}

/// By the products between rows, which are few.
fn by_rows(rows: &Rows, chosen: &[usize], control: &Control) -> Result<Found> {
    let (n, width) = (chosen.len(), rows.width());
    let mean = moments::mean(rows, chosen, control)?;
    let centred = Mat::from_fn(width, n, |j, i| f64::from(rows.row(chosen[i])[j]) - mean[j]);
    let mut products = Mat::zeros(n, n);
    matmul(products.as_mut(), Accum::Replace, centred.transpose(), centred.as_ref(), 1.0, Par::rayon(0));
    control.check()?;
    let divisor = n.saturating_sub(1).max(1) as f64;
    let total = (0..n).map(|i| products[(i, i)]).sum::<f64>() / divisor;
    control.report("Finding the components", 0, 0);
    let (values, vectors) = eigen(products.as_ref())?;
    control.check()?;
    let mut pairs = Vec::new();
    for (k, value) in values.iter().enumerate().rev().take(n - 1) {
        if value / divisor <= total * NOTHING {
            break;
        }
        let mut direction = vec![0f64; width];
        for (weight, column) in vectors.col_as_slice(k).iter().zip(centred.col_iter()) {
            direction.iter_mut().zip(column.iter()).for_each(|(sum, x)| *sum += weight * x);
        }
        let length = dot(&direction, &direction).sqrt();
        pairs.push((value / divisor, direction.into_iter().map(|x| x / length).collect()));
    }
    Ok((mean, pairs, total))
}

/// Eigenvalues of a symmetric matrix, smallest first, and their eigenvectors as columns.
pub(super) fn eigen(matrix: MatRef<'_, f64>) -> Result<(Vec<f64>, Mat<f64>)> {
    let found = matrix.is_all_finite().then(|| matrix.self_adjoint_eigen(Side::Lower).ok()).flatten();
    let found = found.ok_or_else(|| Error::input("the vectors are so large that their components cannot be found"))?;
    Ok((found.S().column_vector().iter().copied().collect(), found.U().to_owned()))
}

/// A vector with the sign that makes its largest element (the first of equals) positive.
pub(super) fn signed(vector: Vec<f64>) -> Vec<f64> {
    let largest = vector.iter().copied().fold(0.0, |best: f64, x| if x.abs() > best.abs() { x } else { best });
    if largest < 0.0 { vector.into_iter().map(|x| -x).collect() } else { vector }
}

/// The rows at both ends of an axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ends {
    /// Those with the smallest values, smallest first.
    pub low: Vec<usize>,
    /// Those with the largest values, largest first.
    pub high: Vec<usize>,
}

impl Ends {
    /// The `count` rows at either end; in the order of the rows among equals, without those that lie nowhere. Rows of
    /// which there are fewer than twice `count` stand at both ends.
    pub fn of(values: &[f32], count: usize) -> Self {
        let some: Vec<usize> = (0..values.len()).filter(|&i| !values[i].is_nan()).collect();
        let first = |order: &dyn Fn(usize, usize) -> std::cmp::Ordering| {
            let mut best = some.clone();
            let order = |i: &usize, j: &usize| order(*i, *j).then(i.cmp(j));
            if best.len() > count {
                best.select_nth_unstable_by(count, order);
                best.truncate(count);
            }
            best.sort_unstable_by(order);
            best
        };
        Self {
            low: first(&|i, j| values[i].total_cmp(&values[j])),
            high: first(&|i, j| values[j].total_cmp(&values[i])),
        }
    }
}

/// How places along an axis go with the logarithm of a measure of the same rows: their frequency, or their rank counted
/// from 1. Values that are not positive are left out. `None` where one of the two does not vary.
pub fn with_log(values: &[f32], measure: &[f64]) -> Option<Correlation> {
    let values: Vec<f64> = values.iter().map(|v| f64::from(*v)).collect();
    let logs: Vec<f64> = measure.iter().map(|m| if *m > 0.0 { m.ln() } else { f64::NAN }).collect();
    correlation(&values, &logs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pca(values: Vec<f32>, width: usize) -> Pca {
        Pca::of(&Rows::new(values, width).expect("whole rows"), &Control::default()).expect("components")
    }

    #[test]
    fn points_on_a_line_have_one_component() {
        // Along (3, 4) / 5, and the same with more rows than columns and with fewer.
        for (values, width) in [(vec![3.0, 4.0, 6.0, 8.0, 9.0, 12.0], 2), (vec![3.0, 4.0, 0.0, 9.0, 12.0, 0.0], 3)] {
            let found = pca(values.clone(), width);
            assert!((found.components[0][0] - 0.6).abs() < 1e-6 && (found.components[0][1] - 0.8).abs() < 1e-6);
            assert!((found.ratios()[0] - 1.0).abs() < 1e-6);
            assert!((found.participation() - 1.0).abs() < 1e-6);
            let rows = Rows::new(values, width).expect("whole rows");
            let scores = found.scores(&rows, &[0, 7], &Control::default()).expect("scores");
            assert!((scores.row(0)[0] + scores.row(rows.len() - 1)[0]).abs() < 1e-6);
            assert!(scores.iter().all(|row| row[1] == 0.0));
        }
    }

    #[test]
    fn one_point_and_equal_points_do_not_vary() {
        for values in [vec![0.1, 0.2, 0.7], vec![0.1, 0.2, 0.7, 0.1, 0.2, 0.7], [0.1, 0.2, 0.7].repeat(1001)] {
            let found = pca(values.clone(), 3);
            assert_eq!((found.total, found.participation()), (0.0, 0.0));
            assert!(found.ratios().iter().all(|r| *r == 0.0));
            let rows = Rows::new(values, 3).expect("whole rows");
            let scores = found.scores(&rows, &[0, 1], &Control::default()).expect("scores");
            assert!(scores.values().iter().all(|x| x.abs() < 1e-6));
        }
    }

    #[test]
    fn rows_that_are_no_numbers_are_left_out() {
        let mut values: Vec<f32> = (0..40).map(|i| ((i * i) as f32 * 0.3).sin()).collect();
        let without = pca(values.clone(), 4);
        values.splice(8..8, [1.0, f32::NAN, 0.0, f32::INFINITY]);
        let found = pca(values.clone(), 4);
        assert_eq!((found.rows, found.left_out), (10, 1));
        assert_eq!((&found.components, &found.variances), (&without.components, &without.variances));
        let rows = Rows::new(values, 4).expect("whole rows");
        let scores = found.scores(&rows, &[0, 9], &Control::default()).expect("scores");
        let lost: Vec<usize> = (0..11).filter(|&i| scores.row(i).iter().all(|x| x.is_nan())).collect();
        assert_eq!((lost, Ends::of(&[0.5, f32::NAN, 0.1], 2).high), (vec![2], vec![0, 2]));
        let nothing = Rows::new(vec![f32::NAN; 4], 2).expect("two rows");
        assert!(Pca::of(&nothing, &Control::default()).is_err());
        assert!(Pca::of(&Rows::default(), &Control::default()).is_err());
        // Their squares are no numbers of single precision.
        let large = Rows::new((0..40).map(|i| (i as f32).sin() * 1e30).collect(), 4).expect("ten rows");
        assert!(Pca::of(&large, &Control::default()).is_err());
    }

    #[test]
    fn a_broken_stick_has_known_pieces() {
        let found = pca((0..60).map(|i| ((i * i) as f32).sin()).collect(), 4);
        let wanted = [(1.0 + 1.0 / 2.0 + 1.0 / 3.0 + 1.0 / 4.0) / 4.0, 13.0 / 48.0, 7.0 / 48.0, 1.0 / 16.0];
        assert!(found.broken_stick().iter().zip(wanted).all(|(x, y)| (x - y).abs() < 1e-12));
    }

    #[test]
    fn the_ends_of_an_axis_are_its_outermost_rows() {
        let ends = Ends::of(&[0.5, -2.0, 7.0, 7.0, f32::NAN, -2.5], 2);
        assert_eq!(ends, Ends { low: vec![5, 1], high: vec![2, 3] });
        assert_eq!(Ends::of(&[1.0], 10), Ends { low: vec![0], high: vec![0] });
    }

    #[test]
    fn a_space_of_another_width_has_no_place() {
        let rows = Rows::new(vec![0.0; 6], 3).expect("two rows");
        assert!(pca(vec![1.0, 2.0, 3.0, 5.0], 2).scores(&rows, &[0], &Control::default()).is_err());
    }
}
