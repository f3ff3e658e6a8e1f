//! Means and second moments of many rows: what principal components, alignments and measures of spread begin with.
//!
//! Products of a block of rows are taken in single precision, as fast as the machine multiplies, after a pilot mean is
//! taken off, so that a large mean does not eat the digits of a small spread; sums over blocks are in double precision.
//! Blocks and the order of their sums depend on the numbers of rows and columns alone, not on how many threads there are.

use crate::error::Result;
use crate::rows::Rows;
use crate::trace::Control;
use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, Mat, MatMut, MatRef, Par};
use rayon::prelude::*;
use std::sync::atomic::{AtomicU64, Ordering};

/// Rows that the pilot mean is taken from.
const PILOT: usize = 1000;

/// The rows whose values are all finite, in order.
pub fn sound(rows: &Rows) -> Vec<usize> {
    // Zero times what is not finite is no number.
    let is_sound = |row: &[f32]| row.iter().map(|x| x * 0.0).sum::<f32>() == 0.0;
    let all: Vec<bool> = rows.values().par_chunks(rows.width().max(1)).map(is_sound).collect();
    all.iter().enumerate().filter(|(_, sound)| **sound).map(|(i, _)| i).collect()
}

/// The mean of these rows, `[dimension]`; zeros where there is none.
pub fn mean(rows: &Rows, chosen: &[usize], control: &Control) -> Result<Vec<f64>> {
    const PART: usize = 1 << 14;
    let of_part = |part: &[usize]| {
        control.check()?;
        let mut sum = vec![0f64; rows.width()];
        for &i in part {
            sum.iter_mut().zip(rows.row(i)).for_each(|(sum, x)| *sum += f64::from(*x));
        }
        Ok(sum)
    };
    let mut mean = vec![0f64; rows.width()];
    for part in chosen.par_chunks(PART).map(of_part).collect::<Result<Vec<_>>>()? {
        mean.iter_mut().zip(part).for_each(|(sum, x)| *sum += x);
    }
    Ok(mean.into_iter().map(|sum| sum / chosen.len().max(1) as f64).collect())
}

/// The second moments of pairs of rows.
#[derive(Debug, Clone)]
pub struct Moments {
    /// The mean of the left rows, `[dimension]`.
    pub left: Vec<f64>,
    /// The mean of the right rows, `[dimension]`.
    pub right: Vec<f64>,
    /// Sums of the products of what is left of both after the means are taken off, `[left dimension, right dimension]`.
    pub products: Mat<f64>,
    /// Pairs of rows.
    pub rows: usize,
}

/// The moments of these rows with themselves. The products are symmetric.
pub fn of(rows: &Rows, chosen: &[usize], stage: &str, control: &Control) -> Result<Moments> {
    sums(&Side::new(rows, chosen), None, stage, control)
}

/// The moments of rows of two spaces: row `left.1[i]` of the left with row `right.1[i]` of the right.
pub fn between(left: (&Rows, &[usize]), right: (&Rows, &[usize]), stage: &str, control: &Control) -> Result<Moments> {
    assert_eq!(left.1.len(), right.1.len(), "rows come in pairs");
    sums(&Side::new(left.0, left.1), Some(&Side::new(right.0, right.1)), stage, control)
}

/// Rows of one space that count, and their pilot mean.
struct Side<'a> {
    rows: &'a Rows,
    chosen: &'a [usize],
    pilot: Vec<f32>,
}

impl<'a> Side<'a> {
    fn new(rows: &'a Rows, chosen: &'a [usize]) -> Self {
        let step = chosen.len().div_ceil(PILOT).max(1);
        let mut sum = vec![0f64; rows.width()];
        let picked = chosen.iter().step_by(step);
        let count = picked.len().max(1) as f64;
        for &i in picked {
            sum.iter_mut().zip(rows.row(i)).for_each(|(sum, x)| *sum += f64::from(*x));
        }
        Self { rows, chosen, pilot: sum.into_iter().map(|sum| (sum / count) as f32).collect() }
    }

    fn width(&self) -> usize {
        self.rows.width()
    }

    /// The rows from `start` on without the pilot mean into `block`, their sums onto `sum`.
    fn fill(&self, start: usize, block: &mut [f32], sum: &mut [f64]) {
        for (out, &i) in block.chunks_exact_mut(self.width()).zip(&self.chosen[start..]) {
            for ((out, x), pilot) in out.iter_mut().zip(self.rows.row(i)).zip(&self.pilot) {
                *out = x - pilot;
            }
            sum.iter_mut().zip(&*out).for_each(|(sum, x)| *sum += f64::from(*x));
        }
    }

    /// The mean, from the sums of what is left without the pilot mean.
    fn mean(&self, sum: &[f64], count: f64) -> Vec<f64> {
        sum.iter().zip(&self.pilot).map(|(sum, pilot)| f64::from(*pilot) + sum / count).collect()
    }
}

/// Sums over a part of the rows.
struct Part {
    left: Vec<f64>,
    right: Vec<f64>,
    products: Mat<f64>,
}

fn sums(left: &Side<'_>, right: Option<&Side<'_>>, stage: &str, control: &Control) -> Result<Moments> {
    const MOST_BYTES: usize = 64 << 20;
    const MOST_PARTS: usize = 16;
    let (n, wide) = (left.chosen.len(), left.width());
    let high = right.map_or(wide, Side::width);
    // A block is some 30 ms of work, so that a stop is met soon.
    let block = (1_500_000_000 / (wide * high).max(1)).clamp(16, 1024);
    let parts = (MOST_BYTES / (8 * wide * high).max(1)).clamp(1, MOST_PARTS);
    let share = n.div_ceil(parts).max(1);
    let par = if parts > 1 { Par::Seq } else { Par::rayon(0) };
    let done = AtomicU64::new(0);
    let of_part = |part: usize| -> Result<Part> {
        let mut sums = Part { left: vec![0.0; wide], right: vec![0.0; high], products: Mat::zeros(wide, high) };
        let (mut a, mut b) = (Vec::new(), Vec::new());
        let mut product = vec![0f32; wide * high];
        let end = ((part + 1) * share).min(n);
        for start in (part * share..end).step_by(block) {
            control.check()?;
            let count = block.min(end - start);
            a.resize(count * wide, 0.0);
            left.fill(start, &mut a, &mut sums.left);
            let a = MatRef::from_column_major_slice(&a, wide, count);
            let mut dst = MatMut::from_column_major_slice_mut(&mut product, wide, high);
            if let Some(right) = right {
                b.resize(count * high, 0.0);
                right.fill(start, &mut b, &mut sums.right);
                let b = MatRef::from_column_major_slice(&b, high, count);
                matmul(dst.as_mut(), Accum::Replace, a, b.transpose(), 1.0, par);
            } else {
                let (half, full) = (BlockStructure::TriangularLower, BlockStructure::Rectangular);
                triangular::matmul(dst.as_mut(), half, Accum::Replace, a, full, a.transpose(), full, 1.0, par);
            }
            for j in 0..high {
                let from = if right.is_some() { 0 } else { j };
                let column = &product[j * wide + from..(j + 1) * wide];
                let sum = sums.products.col_as_slice_mut(j);
                sum[from..].iter_mut().zip(column).for_each(|(sum, x)| *sum += f64::from(*x));
            }
            let before = done.fetch_add(count as u64, Ordering::Relaxed);
            control.report(stage, before + count as u64, n as u64);
        }
        Ok(sums)
    };
    let mut parts = (0..parts).into_par_iter().map(of_part).collect::<Result<Vec<_>>>()?.into_iter();
    let mut all = parts.next().unwrap_or_else(|| Part {
        left: vec![0.0; wide],
        right: vec![0.0; high],
        products: Mat::zeros(wide, high),
    });
    for part in parts {
        all.left.iter_mut().zip(&part.left).for_each(|(sum, x)| *sum += x);
        all.right.iter_mut().zip(&part.right).for_each(|(sum, x)| *sum += x);
        all.products += part.products;
    }
    let count = n.max(1) as f64;
    let own = right.is_none();
    let of_right = if own { &all.left } else { &all.right };
    for (j, sum_b) in of_right.iter().enumerate() {
        // Of rows with themselves the lower half was added up.
        for (i, sum_a) in all.left.iter().enumerate().skip(if own { j } else { 0 }) {
            let whole = all.products[(i, j)] - sum_a * sum_b / count;
            all.products[(i, j)] = whole;
            if own {
                all.products[(j, i)] = whole;
            }
        }
    }
    let mean = left.mean(&all.left, count);
    let right = right.map_or_else(|| mean.clone(), |right| right.mean(&all.right, count));
    Ok(Moments { left: mean, right, products: all.products, rows: n })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Stop;

    fn wave(n: usize, width: usize, mean: f32) -> Rows {
        let values = (0..n * width).map(|i| mean + ((i * i + 3 * i) as f32 * 0.37).sin()).collect();
        Rows::new(values, width).expect("whole rows")
    }

    #[test]
    fn a_large_mean_does_not_eat_the_digits() {
        let rows = wave(3000, 7, 4000.0);
        let all: Vec<usize> = (0..3000).collect();
        let found = of(&rows, &all, "", &Control::default()).expect("not stopped");
        for j in 0..7 {
            let column = |i: usize| f64::from(rows.row(i)[j]);
            let mean = (0..3000).map(column).sum::<f64>() / 3000.0;
            let spread: f64 = (0..3000).map(|i| (column(i) - mean).powi(2)).sum();
            assert!((found.left[j] - mean).abs() < 1e-9 && (found.products[(j, j)] / spread - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn rows_of_two_spaces_are_taken_in_pairs() {
        let (a, b) = (wave(40, 3, 1.0), wave(50, 5, -2.0));
        let (of_a, of_b) = ((0..20).collect::<Vec<_>>(), (7..27).rev().collect::<Vec<_>>());
        let found = between((&a, &of_a), (&b, &of_b), "", &Control::default()).expect("not stopped");
        for i in 0..3 {
            for j in 0..5 {
                let pairs = || of_a.iter().zip(&of_b).map(|(x, y)| (f64::from(a.row(*x)[i]), f64::from(b.row(*y)[j])));
                let (mx, my) = (pairs().map(|p| p.0).sum::<f64>() / 20.0, pairs().map(|p| p.1).sum::<f64>() / 20.0);
                let wanted: f64 = pairs().map(|(x, y)| (x - mx) * (y - my)).sum();
                assert!((found.products[(i, j)] - wanted).abs() < 1e-5, "{i} {j}");
            }
        }
    }

    #[test]
    fn sums_do_not_depend_on_the_threads() {
        let rows = wave(5000, 9, 0.0);
        let all: Vec<usize> = (0..5000).collect();
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            pool.install(|| of(&rows, &all, "", &Control::default()).expect("not stopped").products)
        };
        assert_eq!(with(1), with(3));
    }

    #[test]
    fn rows_with_no_number_are_not_sound() {
        let values = vec![1.0, f32::NAN, f32::MAX, f32::MAX, f32::INFINITY, f32::NEG_INFINITY, 0.0, 0.0];
        assert_eq!(sound(&Rows::new(values, 2).expect("four rows")), [1, 3]);
        assert!(sound(&Rows::default()).is_empty());
    }

    #[test]
    fn sums_end_when_they_are_told_to() {
        let stop = Stop::default();
        let setter = stop.clone();
        let control = Control::new(stop, move |_| setter.set());
        let rows = wave(3000, 8, 0.0);
        let all: Vec<usize> = (0..3000).collect();
        assert!(of(&rows, &all, "Adding", &control).expect_err("stopped").is_stopped());
    }
}
