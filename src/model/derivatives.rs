//! Derivatives of the CPU paths in `kernels.rs`: from the gradient of what an operation gave to the gradient of what it
//! was given. All tensors of one call have one shape, rows along the last axis.

use super::kernels::contiguous;
use candle_core::{CpuStorage, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

/// What `bwd` of an operation on two tensors returns.
pub(super) type Two = (Option<Tensor>, Option<Tensor>);
/// What `bwd` of an operation on three tensors returns.
pub(super) type Three = (Option<Tensor>, Option<Tensor>, Option<Tensor>);

/// Of the softmax `y` of each row: `y (g - sum(g y))`.
pub(super) fn softmax(y: &Tensor, g: &Tensor) -> Result<Tensor> {
    y.contiguous()?.apply_op2_no_bwd(&g.contiguous()?, &Rows::Softmax)
}

/// Of `x Phi(x)`: `g (Phi(x) + x phi(x))`.
pub(super) fn gelu(x: &Tensor, g: &Tensor) -> Result<Tensor> {
    x.contiguous()?.apply_op2_no_bwd(&g.contiguous()?, &Rows::Gelu)
}

/// Of the tanh approximation `x (1 + tanh u) / 2`, `u = sqrt(2 / pi) (x + 0.044715 x^3)`.
pub(super) fn gelu_new(x: &Tensor, g: &Tensor) -> Result<Tensor> {
    x.contiguous()?.apply_op2_no_bwd(&g.contiguous()?, &Rows::GeluNew)
}

/// Of the layer norm of each row of `x`: with `h = g weight` and the normalised row `n`,
/// `(h - mean(h) - n mean(h n)) / sqrt(var + eps)`.
pub(super) fn layer_norm(x: &Tensor, weight: &Tensor, g: &Tensor, eps: f32) -> Result<Tensor> {
    x.contiguous()?.apply_op3_no_bwd(&weight.contiguous()?, &g.contiguous()?, &Norm { eps })
}

/// Calls `change` with every row of `y` (which holds the gradient that came in) and of `x`.
fn each_row(y: &mut [f32], x: &[f32], width: usize, change: impl Fn(&mut [f32], &[f32]) + Sync) {
    let width = width.max(1);
    let block = (16_384 / width).max(1) * width;
    y.par_chunks_mut(block).zip(x.par_chunks(block)).for_each(|(y, x)| {
        y.chunks_exact_mut(width).zip(x.chunks_exact(width)).for_each(|(y, x)| change(y, x));
    });
}

fn last(at: &Layout) -> usize {
    at.dims().last().copied().unwrap_or(1)
}

/// A sum in `f64`: rows are short, and the differences formed with it are small.
fn sum(values: impl Iterator<Item = f32>) -> f64 {
    values.map(f64::from).sum()
}

enum Rows {
    Softmax,
    Gelu,
    GeluNew,
}

impl CustomOp2 for Rows {
    fn name(&self) -> &'static str {
        match self {
            Self::Softmax => "derivative of softmax",
            Self::Gelu => "derivative of gelu",
            Self::GeluNew => "derivative of gelu_new",
        }
    }

    fn cpu_fwd(&self, x: &CpuStorage, x_at: &Layout, g: &CpuStorage, g_at: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = contiguous(x, x_at, self.name())?;
        let mut y = contiguous(g, g_at, self.name())?.to_vec();
        if y.len() != x.len() {
            bail!("{}: {:?} and {:?}", self.name(), x_at.shape(), g_at.shape());
        }
        each_row(&mut y, x, last(x_at), |g, x| match self {
            Self::Softmax => {
                let mean = sum(g.iter().zip(x).map(|(g, y)| g * y)) as f32;
                g.iter_mut().zip(x).for_each(|(g, y)| *g = y * (*g - mean));
            }
            Self::Gelu => g.iter_mut().zip(x).for_each(|(g, &x)| *g *= gelu_slope(x)),
            Self::GeluNew => g.iter_mut().zip(x).for_each(|(g, &x)| *g *= gelu_new_slope(x)),
        });
        Ok((CpuStorage::F32(y), x_at.shape().clone()))
    }
}

fn gelu_slope(x: f32) -> f32 {
    let density = (-0.5 * x * x).exp() * (0.5 * std::f32::consts::FRAC_2_SQRT_PI * std::f32::consts::FRAC_1_SQRT_2);
    let below = 0.5 * (1.0 + super::kernels::erf(x * std::f32::consts::FRAC_1_SQRT_2));
    below + x * density
}

fn gelu_new_slope(x: f32) -> f32 {
    const SCALE: f32 = 0.797_884_6; // sqrt(2 / pi)
    let tanh = (SCALE * (x + 0.044_715 * x * x * x)).tanh();
    0.5 * (1.0 + tanh) + 0.5 * x * (1.0 - tanh * tanh) * SCALE * (1.0 + 3.0 * 0.044_715 * x * x)
}

struct Norm {
    eps: f32,
}

impl CustomOp3 for Norm {
    fn name(&self) -> &'static str {
        "derivative of layer_norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_at: &Layout,
        weight: &CpuStorage,
        weight_at: &Layout,
        g: &CpuStorage,
        g_at: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let x = contiguous(x, x_at, self.name())?;
        let weight = contiguous(weight, weight_at, self.name())?;
        let mut y = contiguous(g, g_at, self.name())?.to_vec();
        let width = last(x_at);
        if y.len() != x.len() || weight.len() != width {
            bail!("{}: {:?}, {:?} and {} weights", self.name(), x_at.shape(), g_at.shape(), weight.len());
        }
        each_row(&mut y, x, width, |g, x| {
            let n = width as f64;
            let mean = sum(x.iter().copied()) / n;
            let variance = x.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n;
            let (mean, scale) = (mean as f32, (1.0 / (variance + f64::from(self.eps)).sqrt()) as f32);
            g.iter_mut().zip(weight).for_each(|(g, w)| *g *= w);
            let normed = |x: f32| (x - mean) * scale;
            let along = (sum(g.iter().zip(x).map(|(g, &x)| g * normed(x))) / n) as f32;
            let shift = (sum(g.iter().copied()) / n) as f32;
            g.iter_mut().zip(x).for_each(|(g, &x)| *g = scale * (*g - shift - normed(x) * along));
        });
        Ok((CpuStorage::F32(y), x_at.shape().clone()))
    }
}

#[cfg(test)]
mod tests {
    use crate::model::kernels;
    use candle_core::{Device, Result, Tensor, Var};
    use std::sync::atomic::{AtomicU32, Ordering};

    /// Numbers that look random about zero, each time others, and the same in every run of the test: differences of
    /// single-precision sums are as exact as the numbers happen to be.
    fn random(shape: &[usize]) -> Tensor {
        static STATE: AtomicU32 = AtomicU32::new(1);
        let next = || {
            let mut x = STATE.load(Ordering::Relaxed);
            // xorshift32
            x ^= x << 13;
            x ^= x >> 17;
            x ^= x << 5;
            STATE.store(x, Ordering::Relaxed);
            (x as f32 / u32::MAX as f32 - 0.5) * 3.0
        };
        let count: usize = shape.iter().product();
        Tensor::from_vec((0..count).map(|_| next()).collect::<Vec<f32>>(), shape, &Device::Cpu).expect("numbers")
    }

    /// Fails unless the gradient of `sum(weights * f(x))` is the quotient of differences in the same direction.
    fn check(what: &str, x: &Tensor, f: impl Fn(&Tensor) -> Result<Tensor>) {
        let leaf = Var::from_tensor(x).expect("a variable");
        let y = f(leaf.as_tensor()).expect(what);
        let weights = random(y.dims());
        let value = |y: &Tensor| (y * &weights)?.sum_all();
        let gradients = value(&y).expect(what).backward().expect(what);
        let gradient = gradients.get(leaf.as_tensor()).expect("it depends on x");
        let f64s = |t: Tensor| -> Vec<f64> {
            t.flatten_all().and_then(|t| t.to_vec1::<f32>()).expect(what).into_iter().map(f64::from).collect()
        };
        for _ in 0..4 {
            let direction = random(x.dims());
            let step = 1.0 / 256.0;
            let at = |s: f64| {
                let y = f(&(x + (&direction * s).expect(what)).expect(what)).expect(what);
                f64s(y).iter().zip(f64s(weights.clone())).map(|(y, w)| y * w).sum::<f64>()
            };
            // Error of the fourth order in the step.
            let slope = (8.0 * (at(step) - at(-step)) - (at(2.0 * step) - at(-2.0 * step))) / (12.0 * step);
            let found: f64 = f64s(gradient.clone()).iter().zip(f64s(direction)).map(|(g, d)| g * d).sum();
            assert!((found - slope).abs() < 2e-3 * slope.abs().max(1.0), "{what}: {found} and {slope}");
        }
    }

    #[test]
    fn every_kernel_has_the_slope_of_what_it_computes() {
        let heads = |m: usize, n: usize| random(&[2, m, 3, n]).transpose(1, 2).expect("a view");
        let (q, k, v) = (heads(5, 7), heads(6, 7), heads(6, 4));
        check("scores of q", &q, |q| kernels::scores(q, &k, 0.3));
        check("scores of k", &k, |k| kernels::scores(&q, k, 0.3));
        check("probs of q", &q, |q| kernels::probs(q, &k, 0.3));
        check("probs of k", &k, |k| kernels::probs(&q, k, 0.3));
        let probs = kernels::probs(&q, &k, 0.3).expect("probabilities");
        check("mix of probs", &probs, |p| kernels::mix(p, &v));
        check("mix of v", &v, |v| kernels::mix(&probs, v));
        let x = random(&[2, 9, 33]);
        check("softmax", &x, kernels::softmax);
        check("gelu", &x, kernels::gelu);
        check("gelu_new", &x, kernels::gelu_new);
        let (w, b) = (random(&[33]), random(&[33]));
        check("layer_norm", &x, |x| kernels::layer_norm(x, &w, &b, 1e-5));
        check("add", &x, |x| kernels::add(x, &x.sqr()?));
        let (w, b) = (random(&[5, 33]), random(&[5]));
        check("linear", &x, |x| kernels::linear(x, &w, Some(&b)));
        check("linear without bias", &x, |x| kernels::linear(x, &w, None));
    }
}
