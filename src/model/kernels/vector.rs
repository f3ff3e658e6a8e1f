//! Row operations written so that the compiler turns them into vector instructions, compiled twice: for any
//! processor, and for those with AVX2 and fused multiply-add.

use super::Rows;

const LANES: usize = 16;

pub(super) fn run(op: Rows, row: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma") {
        #[expect(unsafe_code, reason = "the processor has just been asked whether it has these instructions")]
        return unsafe { run_avx2(op, row) };
    }
    run_any(op, row);
}

pub(super) fn norm(row: &mut [f32], weight: &[f32], bias: &[f32], eps: f32) {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma") {
        #[expect(unsafe_code, reason = "the processor has just been asked whether it has these instructions")]
        return unsafe { norm_avx2(row, weight, bias, eps) };
    }
    norm_any(row, weight, bias, eps);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2(op: Rows, row: &mut [f32]) {
    run_any(op, row);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn norm_avx2(row: &mut [f32], weight: &[f32], bias: &[f32], eps: f32) {
    norm_any(row, weight, bias, eps);
}

#[inline(always)]
fn run_any(op: Rows, row: &mut [f32]) {
    match op {
        Rows::Softmax => softmax(row),
        Rows::Gelu => each(row, |x| 0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))),
        Rows::GeluNew => each(row, |x| {
            let inner = 0.797_884_6 * (x + 0.044_715 * x * x * x);
            0.5 * x * (1.0 + tanh(inner))
        }),
    }
}

#[inline(always)]
fn each(row: &mut [f32], f: impl Fn(f32) -> f32) {
    for x in row {
        *x = f(*x);
    }
}

/// Sums in `LANES` partial sums, which vectorises and rounds less than one running sum.
#[inline(always)]
fn sum(row: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [0f32; LANES];
    let chunks = row.chunks_exact(LANES);
    let rest: f32 = chunks.remainder().iter().map(|&x| f(x)).sum();
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane += f(x);
        }
    }
    lanes.iter().sum::<f32>() + rest
}

#[inline(always)]
fn softmax(row: &mut [f32]) {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let chunks = row.chunks_exact(LANES);
    let rest = chunks.remainder().iter().fold(f32::NEG_INFINITY, |m, &x| m.max(x));
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = if x > *lane { x } else { *lane };
        }
    }
    let max = lanes.iter().fold(rest, |m, &x| m.max(x));
    each(row, |x| exp(x - max));
    let scale = 1.0 / sum(row, |x| x);
    each(row, |x| x * scale);
}

#[inline(always)]
fn norm_any(row: &mut [f32], weight: &[f32], bias: &[f32], eps: f32) {
    let n = row.len() as f32;
    let mean = sum(row, |x| x) / n;
    let variance = sum(row, |x| (x - mean) * (x - mean)) / n;
    let scale = 1.0 / (variance + eps).sqrt();
    for ((x, w), b) in row.iter_mut().zip(weight).zip(bias) {
        *x = (*x - mean) * scale * w + b;
    }
}

/// `e^x` within two units in the last place, for results in the range of normal numbers; 0 below it.
/// x = n ln 2 + r with |r| <= ln 2 / 2, and a polynomial in r (Cephes `expf`).
// Written multiplications and additions: the compiler fuses none of them by itself, and `mul_add` would
// call a library function on processors without the instruction.
#[inline(always)]
#[expect(clippy::excessive_precision, reason = "the constants as published")]
pub(in crate::model) fn exp(x: f32) -> f32 {
    let clamped = x.clamp(-87.3, 88.7);
    let n = (clamped * std::f32::consts::LOG2_E).round_ties_even();
    let r = (clamped - n * 0.693_359_375) + n * 2.121_944_4e-4;
    let mut p = 1.987_569_1e-4;
    for c in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_6e-1, 5.000_000_1e-1] {
        p = p * r + c;
    }
    let y = p * r * r + r + 1.0;
    let power = f32::from_bits(((n as i32 + 127) << 23) as u32);
    // NaN stays NaN: a broken weight must be seen, not smoothed over.
    if x < -87.3 { 0.0 } else { y * power }
}

/// The error function within 4.5e-7 (the worst is near 3.3): a quotient of polynomials in x^2 on [-4, 4], the
/// form used by Eigen.
#[inline(always)]
#[expect(clippy::excessive_precision, reason = "the constants as published")]
pub(super) fn erf(x: f32) -> f32 {
    let x = x.clamp(-4.0, 4.0);
    let x2 = x * x;
    let mut p = -2.726_142_256e-10;
    for c in [
        2.770_681_424_96e-8,
        -2.101_024_020_82e-6,
        -5.692_506_394_62e-5,
        -7.349_906_303_27e-4,
        -2.954_599_808_54e-3,
        -1.609_603_326_22e-2,
    ] {
        p = p * x2 + c;
    }
    let mut q = -1.456_607_184_65e-5;
    for c in [-2.133_740_552_79e-4, -1.682_826_974_38e-3, -7.373_329_167_20e-3, -1.426_473_905_14e-2] {
        q = q * x2 + c;
    }
    (x * p / q).clamp(-1.0, 1.0)
}

/// `tanh` within 2e-7, from [`exp`].
#[inline(always)]
pub(in crate::model) fn tanh(x: f32) -> f32 {
    let x = x.clamp(-10.0, 10.0);
    1.0 - 2.0 / (exp(2.0 * x) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn erf_series(x: f64) -> f64 {
        // Maclaurin series in f64: exact to 1e-12 on [-4, 4].
        let (mut term, mut total) = (x, x);
        for n in 1..200 {
            term *= -x * x / f64::from(n);
            total += term / f64::from(2 * n + 1);
        }
        total * 2.0 / std::f64::consts::PI.sqrt()
    }

    #[test]
    fn elementary_functions_are_exact_to_single_precision() {
        for i in -40_000..=40_000 {
            let x = i as f32 / 10_000.0;
            assert!((f64::from(erf(x)) - erf_series(f64::from(x))).abs() < 4.5e-7, "erf {x}");
            assert!((f64::from(tanh(x)) - f64::from(x).tanh()).abs() < 3e-7, "tanh {x}");
            let e = f64::from(20.0 * x).exp();
            assert!((f64::from(exp(20.0 * x)) - e).abs() < 3e-7 * e, "exp {}", 20.0 * x);
        }
        assert_eq!(exp(-1000.0), 0.0);
        assert_eq!(exp(f32::MIN), 0.0);
        assert!(exp(f32::NAN).is_nan() && erf(f32::NAN).is_nan());
    }
}
