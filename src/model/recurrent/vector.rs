//! The inner loops of a recurrent step, written so that the compiler turns them into vector instructions, compiled
//! twice: for any processor, and for those with AVX2 and fused multiply-add.

use super::cell::{Activation, Gate};
use crate::model::kernels::vector::{exp, tanh};
use rayon::prelude::*;

/// Multiplications of a step from which on a second thread is worth waking.
const PARALLEL: usize = 1 << 18;

/// What is done to every number of a row.
#[derive(Debug, Clone, Copy)]
enum Op {
    Gate(Gate),
    Activation(Activation),
}

/// Squashes a row as gates are.
pub(super) fn gate(gate: Gate, row: &mut [f32]) {
    run(Op::Gate(gate), row);
}

/// Squashes a row as candidates and states are.
pub(super) fn activate(activation: Activation, row: &mut [f32]) {
    run(Op::Activation(activation), row);
}

/// `y += h W` for the columns from `first` on of `weights`, rows of `width` numbers, one to each number of `h`.
pub(super) fn add_product(y: &mut [f32], h: &[f32], weights: &[f32], width: usize, first: usize) {
    assert!(h.len() * width == weights.len() && first + y.len() <= width, "the weights do not fit");
    let threads = rayon::current_num_threads();
    if threads > 1 && h.len() * y.len() >= PARALLEL {
        let share = y.len().div_ceil(threads).next_multiple_of(16);
        y.par_chunks_mut(share).enumerate().for_each(|(i, part)| {
            add_rows(part, h, weights, width, first + i * share);
        });
    } else {
        add_rows(y, h, weights, width, first);
    }
}

fn add_rows(y: &mut [f32], h: &[f32], weights: &[f32], width: usize, first: usize) {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma") {
        #[expect(unsafe_code, reason = "the processor has just been asked whether it has these instructions")]
        return unsafe { add_rows_avx2(y, h, weights, width, first) };
    }
    add_rows_any(y, h, weights, width, first);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn add_rows_avx2(y: &mut [f32], h: &[f32], weights: &[f32], width: usize, first: usize) {
    add_rows_any(y, h, weights, width, first);
}

/// Eight rows at a time: each number of `y` is read and written once for all of them.
#[inline(always)]
fn add_rows_any(y: &mut [f32], h: &[f32], weights: &[f32], width: usize, first: usize) {
    let n = y.len();
    let row = |k: usize| &weights[k * width + first..][..n];
    let (eights, rest) = h.as_chunks::<8>();
    for (i, h) in eights.iter().enumerate() {
        let [a, b, c, d, e, f, g, k] = std::array::from_fn(|j| row(8 * i + j));
        for j in 0..n {
            let low = h[0] * a[j] + h[1] * b[j] + (h[2] * c[j] + h[3] * d[j]);
            let high = h[4] * e[j] + h[5] * f[j] + (h[6] * g[j] + h[7] * k[j]);
            y[j] += low + high;
        }
    }
    for (i, &h) in rest.iter().enumerate() {
        for (y, w) in y.iter_mut().zip(row(8 * eights.len() + i)) {
            *y += h * w;
        }
    }
}

fn run(op: Op, row: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma") {
        #[expect(unsafe_code, reason = "the processor has just been asked whether it has these instructions")]
        return unsafe { run_avx2(op, row) };
    }
    run_any(op, row);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2(op: Op, row: &mut [f32]) {
    run_any(op, row);
}

#[inline(always)]
fn run_any(op: Op, row: &mut [f32]) {
    match op {
        Op::Gate(Gate::Sigmoid) => each(row, |x| 1.0 / (1.0 + exp(-x))),
        Op::Gate(Gate::Hard { slope }) => each(row, |x| (slope * x + 0.5).clamp(0.0, 1.0)),
        Op::Activation(Activation::Tanh) => each(row, tanh),
        Op::Activation(Activation::Relu) => each(row, |x| if x < 0.0 { 0.0 } else { x }),
    }
}

#[inline(always)]
fn each(row: &mut [f32], f: impl Fn(f32) -> f32) {
    for x in row {
        *x = f(*x);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_is_the_sum_that_defines_it() {
        let (rows, width) = (27, 50);
        let weights: Vec<f32> = (0..rows * width).map(|i| ((i * 37 % 101) as f32 - 50.0) / 50.0).collect();
        let h: Vec<f32> = (0..rows).map(|i| (i as f32 - 13.0) / 7.0).collect();
        for (first, n) in [(0, 50), (3, 17), (50, 0)] {
            let mut y = vec![1.0; n];
            add_product(&mut y, &h, &weights, width, first);
            for (j, y) in y.iter().enumerate() {
                let sum: f64 = (0..rows).map(|k| f64::from(h[k]) * f64::from(weights[k * width + first + j])).sum();
                assert!((f64::from(*y) - 1.0 - sum).abs() < 1e-5, "{y} {sum}");
            }
        }
    }

    #[test]
    fn squashing_is_what_its_formula_says() {
        let x: Vec<f32> = (-200..=200).map(|i| i as f32 / 10.0).collect();
        let check = |op: Op, f: fn(f64) -> f64| {
            let mut y = x.clone();
            run(op, &mut y);
            for (x, y) in x.iter().zip(y) {
                assert!((f(f64::from(*x)) - f64::from(y)).abs() < 3e-7, "{op:?} {x} {y}");
            }
        };
        check(Op::Gate(Gate::Sigmoid), |x| 1.0 / (1.0 + (-x).exp()));
        check(Op::Gate(Gate::Hard { slope: 0.2 }), |x| (0.2 * x + 0.5).clamp(0.0, 1.0));
        check(Op::Activation(Activation::Tanh), f64::tanh);
        check(Op::Activation(Activation::Relu), |x| x.max(0.0));
        let mut broken = [f32::NAN; 2];
        run(Op::Activation(Activation::Relu), &mut broken);
        run(Op::Gate(Gate::Sigmoid), &mut broken);
        assert!(broken.iter().all(|x| x.is_nan()), "a broken number stays one");
    }
}
