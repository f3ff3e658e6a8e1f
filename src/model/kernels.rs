//! CPU paths of the operations that decide how long a forward pass takes. candle multiplies batches of small
//! matrices one after the other and evaluates `exp` and `erf` one number at a time; here heads are multiplied in
//! parallel and rows go through vector instructions. On other devices each function is the plain candle expression.
//! Each has its derivative (`derivatives.rs`), so that autograd goes through the same numbers as any other pass; those by
//! weights are left out, which nobody trains here.
//!
//! Shapes are given with named axes. Everything is `f32`; results differ from candle's only in rounding.

#[expect(clippy::inline_always, reason = "what is not inlined is compiled for any processor only")]
pub(super) mod vector;

use super::derivatives as back;
use candle_core::{CpuStorage, CustomOp1, CustomOp2, D, DType, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

/// `x W^T + b`: `[.., in]` with `weight [out, in]` gives `[.., out]`.
pub fn linear(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let mut dims = x.dims().to_vec();
    let (inputs, outputs) = (weight.dim(1)?, weight.dim(0)?);
    let rows = x.elem_count() / inputs.max(1);
    let x = x.reshape((rows, inputs))?;
    if let Some(last) = dims.last_mut() {
        *last = outputs;
    }
    let y = match bias {
        Some(bias) if on_cpu(&x) => {
            let bias = bias.contiguous()?;
            x.contiguous()?.apply_op3(&weight.contiguous()?, &bias, Affine)?
        }
        Some(bias) => x.matmul(&weight.t()?)?.broadcast_add(bias)?,
        None => x.matmul(&weight.t()?)?,
    };
    y.reshape(dims)
}

/// `a + b` of two tensors of one shape. candle's own sum wakes threads that go on turning beside the next product.
pub fn add(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    if on_cpu(a) && a.shape() == b.shape() {
        return a.contiguous()?.apply_op2(&b.contiguous()?, Sum);
    }
    a + b
}

/// `scale Q K^T`: `[batch, head, query, width]` with `[batch, head, key, width]` gives `[batch, head, query, key]`.
pub fn scores(q: &Tensor, k: &Tensor, scale: f64) -> Result<Tensor> {
    if on_cpu(q) {
        return q.apply_op2(&k.t()?, Products { scale: scale as f32, softmax: false });
    }
    q.contiguous()?.matmul(&k.contiguous()?.t()?)? * scale
}

/// Softmax of [`scores`] in one go, for when nobody wants to see the scores themselves.
pub fn probs(q: &Tensor, k: &Tensor, scale: f64) -> Result<Tensor> {
    if on_cpu(q) {
        return q.apply_op2(&k.t()?, Products { scale: scale as f32, softmax: true });
    }
    softmax(&scores(q, k, scale)?)
}

/// Softmax along the last axis.
pub fn softmax(x: &Tensor) -> Result<Tensor> {
    if on_cpu(x) { x.contiguous()?.apply_op1(Rows::Softmax) } else { candle_nn::ops::softmax(x, D::Minus1) }
}

/// What each head reads: `[batch, head, query, key]` with values `[batch, head, key, width]` gives
/// `[batch, head, query, width]`.
pub fn mix(probs: &Tensor, v: &Tensor) -> Result<Tensor> {
    if on_cpu(v) {
        return probs.apply_op2(v, Products { scale: 1.0, softmax: false });
    }
    probs.matmul(&v.contiguous()?)
}

/// `x Phi(x)` with the exact error function, as `gelu` means in transformers' configurations.
pub fn gelu(x: &Tensor) -> Result<Tensor> {
    if on_cpu(x) { x.contiguous()?.apply_op1(Rows::Gelu) } else { x.gelu_erf() }
}

/// The tanh approximation of [`gelu`], called `gelu_new` in transformers.
pub fn gelu_new(x: &Tensor) -> Result<Tensor> {
    if on_cpu(x) { x.contiguous()?.apply_op1(Rows::GeluNew) } else { x.gelu() }
}

/// Normalises the last axis: `(x - mean) / sqrt(var + eps) * weight + bias`.
pub fn layer_norm(x: &Tensor, weight: &Tensor, bias: &Tensor, eps: f64) -> Result<Tensor> {
    if on_cpu(x) {
        return x.contiguous()?.apply_op3(weight, bias, Norm { eps: eps as f32 });
    }
    if x.track_op() {
        // candle's fast one has no derivative.
        return candle_nn::ops::layer_norm_slow(&x.contiguous()?, weight, bias, eps as f32);
    }
    candle_nn::ops::layer_norm(&x.contiguous()?, weight, bias, eps as f32)
}

/// The error function within 4.5e-7.
pub(super) fn erf(x: f32) -> f32 {
    vector::erf(x)
}

fn on_cpu(x: &Tensor) -> bool {
    x.device().is_cpu() && x.dtype() == DType::F32
}

/// The numbers under a layout, from its first element on.
fn slice<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    Ok(&storage.as_slice::<f32>()?[layout.start_offset()..])
}

pub(super) fn contiguous<'a>(storage: &'a CpuStorage, layout: &Layout, op: &str) -> Result<&'a [f32]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&storage.as_slice::<f32>()?[start..end]),
        None => bail!("{op} needs contiguous input"),
    }
}

/// A matrix inside a slice: rows, columns and the steps between them.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    /// From its first number on.
    pub data: &'a [f32],
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub cols: usize,
    /// Numbers from one row to the next.
    pub row_step: usize,
    /// Numbers from one column to the next.
    pub col_step: usize,
}

impl<'a> Matrix<'a> {
    /// Rows of `cols` numbers without gaps.
    pub fn rows(data: &'a [f32], cols: usize) -> Self {
        Self { data, rows: data.len().checked_div(cols).unwrap_or(0), cols, row_step: cols, col_step: 1 }
    }

    /// Rows and columns exchanged; nothing is copied.
    pub fn turned(self) -> Self {
        Self { rows: self.cols, cols: self.rows, row_step: self.col_step, col_step: self.row_step, ..self }
    }
}

/// `dst = keep * dst + scale * a b` for a row-major `dst` of `[a.rows, b.cols]`.
///
/// # Panics
/// If the shapes do not go together.
pub fn multiply(dst: &mut [f32], a: Matrix<'_>, b: Matrix<'_>, keep: bool, scale: f32, parallel: bool) {
    let fits = |m: &Matrix<'_>| {
        m.rows == 0 || m.cols == 0 || (m.rows - 1) * m.row_step + (m.cols - 1) * m.col_step < m.data.len()
    };
    assert!(a.cols == b.rows && fits(&a) && fits(&b) && dst.len() == a.rows * b.cols, "matrices do not fit");
    let threads =
        if parallel { gemm::Parallelism::Rayon(rayon::current_num_threads()) } else { gemm::Parallelism::None };
    #[expect(unsafe_code, reason = "gemm takes pointers; the assertion above keeps every access inside its slice")]
    unsafe {
        gemm::gemm(
            a.rows,
            b.cols,
            a.cols,
            dst.as_mut_ptr(),
            1,
            b.cols as isize,
            keep,
            a.data.as_ptr(),
            a.col_step as isize,
            a.row_step as isize,
            b.data.as_ptr(),
            b.col_step as isize,
            b.row_step as isize,
            1.0,
            scale,
            false,
            false,
            false,
            threads,
        );
    }
}

/// `x W^T + b` with `x [row, in]`, `weight [out, in]`, `bias [out]`.
struct Affine;

impl candle_core::CustomOp3 for Affine {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_at: &Layout,
        weight: &CpuStorage,
        weight_at: &Layout,
        bias: &CpuStorage,
        bias_at: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (rows, inputs) = x_at.shape().dims2()?;
        let outputs = weight_at.shape().dims2()?.0;
        let x = contiguous(x, x_at, self.name())?;
        let weight = contiguous(weight, weight_at, self.name())?;
        let bias = contiguous(bias, bias_at, self.name())?;
        let mut y = Vec::with_capacity(rows * outputs);
        for _ in 0..rows {
            y.extend_from_slice(bias);
        }
        if rows * 16 <= inputs {
            add_few_rows(&mut y, x, weight, rows, outputs);
        } else {
            let a = Matrix { data: x, rows, cols: inputs, row_step: inputs, col_step: 1 };
            let b = Matrix { data: weight, rows: inputs, cols: outputs, row_step: 1, col_step: inputs };
            multiply(&mut y, a, b, true, 1.0, true);
        }
        Ok((CpuStorage::F32(y), (rows, outputs).into()))
    }

    fn bwd(&self, _: &Tensor, weight: &Tensor, _: &Tensor, _: &Tensor, g: &Tensor) -> Result<back::Three> {
        Ok((Some(g.contiguous()?.matmul(weight)?), None, None))
    }
}

/// `y += x W^T` for so few rows that a product of the usual form would spend much of its time on packing the weights.
/// It packs its left side: here that is `x`, and what comes out is `y` transposed.
fn add_few_rows(y: &mut [f32], x: &[f32], weight: &[f32], rows: usize, outputs: usize) {
    if rows == 0 || outputs == 0 {
        return;
    }
    let inputs = x.len() / rows;
    // A block is one thread's share, but its result has to stay in that thread's cache.
    let block = outputs.div_ceil(rayon::current_num_threads()).clamp(32, 384);
    let mut turned = vec![0f32; outputs * rows];
    turned.par_chunks_mut(block * rows).enumerate().for_each(|(i, dst)| {
        let (first, count) = (i * block, dst.len() / rows);
        let data = &weight[first * inputs..][..count * inputs];
        let a = Matrix { data, rows: count, cols: inputs, row_step: inputs, col_step: 1 };
        let b = Matrix { data: x, rows: inputs, cols: rows, row_step: 1, col_step: inputs };
        multiply(dst, a, b, false, 1.0, false);
    });
    y.par_chunks_mut((16_384 / outputs).max(1) * outputs).enumerate().for_each(|(i, part)| {
        let first = i * (16_384 / outputs).max(1);
        for (from, columns) in turned.chunks(16 * rows).enumerate() {
            for (row, y) in part.chunks_exact_mut(outputs).enumerate() {
                for (y, column) in y[from * 16..].iter_mut().zip(columns.chunks_exact(rows)) {
                    *y += column[first + row];
                }
            }
        }
    });
}

/// The sum of two blocks of one shape.
struct Sum;

impl CustomOp2 for Sum {
    fn name(&self) -> &'static str {
        "sum"
    }

    fn cpu_fwd(&self, a: &CpuStorage, a_at: &Layout, b: &CpuStorage, b_at: &Layout) -> Result<(CpuStorage, Shape)> {
        let mut y = contiguous(a, a_at, self.name())?.to_vec();
        let b = contiguous(b, b_at, self.name())?;
        y.par_chunks_mut(16_384).zip(b.par_chunks(16_384)).for_each(|(y, b)| {
            y.iter_mut().zip(b).for_each(|(y, b)| *y += b);
        });
        Ok((CpuStorage::F32(y), a_at.shape().clone()))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, _: &Tensor, g: &Tensor) -> Result<back::Two> {
        Ok((Some(g.clone()), Some(g.clone())))
    }
}

/// A product per batch and head, heads in parallel: `[batch, head, m, k]` with `[batch, head, k, n]`.
struct Products {
    scale: f32,
    softmax: bool,
}

impl CustomOp2 for Products {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn cpu_fwd(&self, a: &CpuStorage, a_at: &Layout, b: &CpuStorage, b_at: &Layout) -> Result<(CpuStorage, Shape)> {
        let (batch, heads, m, k) = a_at.shape().dims4()?;
        let (_, _, b_rows, n) = b_at.shape().dims4()?;
        if b_at.dims()[..2] != a_at.dims()[..2] || b_rows != k {
            bail!("attention: {:?} does not multiply {:?}", a_at.shape(), b_at.shape());
        }
        let (a, b) = (slice(a, a_at)?, slice(b, b_at)?);
        let (a_step, b_step) = (a_at.stride(), b_at.stride());
        let mut out = vec![0f32; batch * heads * m * n];
        if !out.is_empty() {
            out.par_chunks_mut(m * n).enumerate().for_each(|(i, dst)| {
                let (batch, head) = (i / heads, i % heads);
                let a = Matrix {
                    data: &a[batch * a_step[0] + head * a_step[1]..],
                    rows: m,
                    cols: k,
                    row_step: a_step[2],
                    col_step: a_step[3],
                };
                let b = Matrix {
                    data: &b[batch * b_step[0] + head * b_step[1]..],
                    rows: k,
                    cols: n,
                    row_step: b_step[2],
                    col_step: b_step[3],
                };
                multiply(dst, a, b, false, self.scale, false);
                if self.softmax {
                    dst.chunks_exact_mut(n).for_each(|row| vector::run(Rows::Softmax, row));
                }
            });
        }
        Ok((CpuStorage::F32(out), (batch, heads, m, n).into()))
    }

    fn bwd(&self, a: &Tensor, b: &Tensor, res: &Tensor, g: &Tensor) -> Result<back::Two> {
        let product = Self { softmax: false, ..*self };
        let g = if self.softmax { back::softmax(res, g)? } else { g.clone() };
        Ok((Some(g.apply_op2_no_bwd(&b.t()?, &product)?), Some(a.t()?.apply_op2_no_bwd(&g, &product)?)))
    }
}

/// Operations on rows of the last axis.
#[derive(Clone, Copy)]
enum Rows {
    Softmax,
    Gelu,
    GeluNew,
}

impl CustomOp1 for Rows {
    fn name(&self) -> &'static str {
        match self {
            Self::Softmax => "softmax",
            Self::Gelu => "gelu",
            Self::GeluNew => "gelu_new",
        }
    }

    fn cpu_fwd(&self, x: &CpuStorage, at: &Layout) -> Result<(CpuStorage, Shape)> {
        let mut y = contiguous(x, at, self.name())?.to_vec();
        let width = at.dims().last().copied().unwrap_or(1).max(1);
        // Enough rows per piece of work that handing it over costs nothing beside it.
        let rows = (16_384 / width).max(1);
        y.par_chunks_mut(rows * width).for_each(|block| {
            block.chunks_exact_mut(width).for_each(|row| vector::run(*self, row));
        });
        Ok((CpuStorage::F32(y), at.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, res: &Tensor, g: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(match self {
            Self::Softmax => back::softmax(res, g)?,
            Self::Gelu => back::gelu(x, g)?,
            Self::GeluNew => back::gelu_new(x, g)?,
        }))
    }
}

struct Norm {
    eps: f32,
}

impl candle_core::CustomOp3 for Norm {
    fn name(&self) -> &'static str {
        "layer_norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_at: &Layout,
        weight: &CpuStorage,
        weight_at: &Layout,
        bias: &CpuStorage,
        bias_at: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let mut y = contiguous(x, x_at, self.name())?.to_vec();
        let weight = contiguous(weight, weight_at, self.name())?;
        let bias = contiguous(bias, bias_at, self.name())?;
        let width = weight.len();
        if bias.len() != width || !y.len().is_multiple_of(width.max(1)) {
            bail!("layer_norm: {:?} with {width} weights and {} biases", x_at.shape(), bias.len());
        }
        y.par_chunks_mut((16_384 / width.max(1)).max(1) * width).for_each(|block| {
            block.chunks_exact_mut(width).for_each(|row| vector::norm(row, weight, bias, self.eps));
        });
        Ok((CpuStorage::F32(y), x_at.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, weight: &Tensor, _: &Tensor, _: &Tensor, g: &Tensor) -> Result<back::Three> {
        Ok((Some(back::layer_norm(x, weight, g, self.eps)?), None, None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    fn close(a: &Tensor, b: &Tensor) {
        let (a, b) = (a.flatten_all().unwrap().to_vec1::<f32>().unwrap(), b.flatten_all().unwrap().to_vec1().unwrap());
        assert_eq!(a.len(), b.len());
        for (x, y) in a.iter().zip(&b) {
            let y: f32 = *y;
            assert!((x - y).abs() <= 2e-6 * y.abs().max(1.0), "{x} {y}");
        }
    }

    fn random(shape: &[usize]) -> Tensor {
        Tensor::randn(0f32, 1.0, shape, &Device::Cpu).unwrap()
    }

    #[test]
    fn every_kernel_equals_the_candle_expression() {
        // A transposed view, as heads split from one projection are.
        let heads = || random(&[2, 5, 3, 7]).transpose(1, 2).unwrap();
        let (q, k, v) = (heads(), heads(), heads());
        let plain = (q.contiguous().unwrap().matmul(&k.contiguous().unwrap().t().unwrap()).unwrap() * 0.25).unwrap();
        close(&scores(&q, &k, 0.25).unwrap(), &plain);
        let soft = candle_nn::ops::softmax(&plain, D::Minus1).unwrap();
        close(&probs(&q, &k, 0.25).unwrap(), &soft);
        close(&softmax(&plain).unwrap(), &soft);
        close(&mix(&soft, &v).unwrap(), &soft.matmul(&v.contiguous().unwrap()).unwrap());
        let x = random(&[2, 9, 33]);
        close(&gelu(&x).unwrap(), &x.gelu_erf().unwrap());
        close(&gelu_new(&x).unwrap(), &x.gelu().unwrap());
        let (w, b) = (random(&[33]), random(&[33]));
        close(&layer_norm(&x, &w, &b, 1e-5).unwrap(), &candle_nn::ops::layer_norm_slow(&x, &w, &b, 1e-5).unwrap());
        close(&add(&x, &x).unwrap(), &(&x + &x).unwrap());
        // Rows few and many beside the inputs.
        for (rows, inputs, outputs) in [(9, 33, 4), (1, 400, 70), (21, 340, 1000), (25, 400, 33)] {
            let (x, w, b) = (random(&[2, rows, inputs]), random(&[outputs, inputs]), random(&[outputs]));
            let plain = x.broadcast_matmul(&w.t().unwrap()).unwrap().broadcast_add(&b).unwrap();
            close(&linear(&x, &w, Some(&b)).unwrap(), &plain);
        }
    }

    #[test]
    fn a_masked_score_gets_exactly_no_attention() {
        let x = Tensor::new(&[[1f32, f32::MIN, 2.0]], &Device::Cpu).unwrap();
        let y = softmax(&x).unwrap().to_vec2::<f32>().unwrap();
        assert_eq!(y[0][1], 0.0);
    }
}
