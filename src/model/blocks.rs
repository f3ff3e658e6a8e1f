//! What the families share: linear layers, norms, activations, attention with its sites, masks.

use super::kernels;
use super::params::Params;
use crate::error::{Error, Result};
use crate::trace::{Site, Trace};
use candle_core::{D, DType, Device, Tensor};

/// `x W^T + b`.
pub struct Linear {
    weight: Tensor,
    bias: Option<Tensor>,
}

impl Linear {
    /// `weight [out, in]` and `bias [out]`, as PyTorch stores them.
    pub fn load(vb: &Params<'_>, inputs: usize, outputs: usize) -> Result<Self> {
        Ok(Self { weight: vb.get(&[outputs, inputs], "weight")?, bias: Some(vb.get(&[outputs], "bias")?) })
    }

    /// A layer without bias.
    pub fn load_no_bias(vb: &Params<'_>, inputs: usize, outputs: usize) -> Result<Self> {
        Ok(Self { weight: vb.get(&[outputs, inputs], "weight")?, bias: None })
    }

    /// GPT-2's `Conv1D`: `weight [in, out]`, transposed here once.
    pub fn load_conv1d(vb: &Params<'_>, inputs: usize, outputs: usize) -> Result<Self> {
        let weight = vb.get(&[inputs, outputs], "weight")?.t()?.contiguous()?;
        Ok(Self { weight, bias: Some(vb.get(&[outputs], "bias")?) })
    }

    /// A layer from its parts, e.g. a decoder tied to the word embeddings.
    pub fn new(weight: Tensor, bias: Option<Tensor>) -> Self {
        Self { weight, bias }
    }

    /// `[.., in]` to `[.., out]`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(kernels::linear(x, &self.weight, self.bias.as_ref())?)
    }

    /// What the inputs from `start` on add to the output, without the bias: `[.., some of in]` to `[.., out]`.
    pub fn part(&self, start: usize, x: &Tensor) -> Result<Tensor> {
        let weight = self.weight.narrow(1, start, x.dim(D::Minus1)?)?.contiguous()?;
        Ok(kernels::linear(&x.contiguous()?, &weight, None)?)
    }

    /// Length of each head's vectors `[batch, head, token, width]` behind the columns of this matrix that belong to the
    /// head, without the bias: `[batch, head, token]`.
    fn lengths(&self, x: &Tensor) -> Result<Tensor> {
        let (batch, heads, _, width) = x.dims4()?;
        let outputs = self.weight.dim(0)?;
        let parts = self.weight.reshape((outputs, heads, width))?.permute((1, 2, 0))?; // [head, width, out]
        let parts = parts.broadcast_as((batch, heads, width, outputs))?;
        Ok(kernels::mix(x, &parts)?.sqr()?.sum(3)?.sqrt()?)
    }
}

/// Layer normalisation over the last axis.
pub struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
    eps: f64,
}

impl LayerNorm {
    /// `weight [dim]` and `bias [dim]` (`gamma` and `beta` in old checkpoints).
    pub fn load(vb: &Params<'_>, dim: usize, eps: f64) -> Result<Self> {
        Ok(Self { weight: vb.get(&[dim], "weight")?, bias: vb.get(&[dim], "bias")?, eps })
    }

    /// `[.., dim]` to `[.., dim]`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(kernels::layer_norm(x, &self.weight, &self.bias, self.eps)?)
    }
}

/// The activation of a feed-forward block, by its name in transformers' configurations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// With the exact error function.
    Gelu,
    /// The tanh approximation.
    GeluNew,
    /// `max(x, 0)`.
    Relu,
    /// `x sigmoid(x)`.
    Silu,
    /// Hyperbolic tangent.
    Tanh,
}

impl Activation {
    /// The activation that a configuration names.
    pub fn named(name: &str) -> Result<Self> {
        Ok(match name {
            "gelu" | "gelu_python" => Self::Gelu,
            "gelu_new" | "gelu_pytorch_tanh" | "gelu_fast" => Self::GeluNew,
            "relu" => Self::Relu,
            "silu" | "swish" => Self::Silu,
            "tanh" => Self::Tanh,
            other => return Err(Error::input(format!("activation `{other}` is not supported"))),
        })
    }

    /// Element by element.
    pub fn forward(self, x: &Tensor) -> Result<Tensor> {
        Ok(match self {
            Self::Gelu => kernels::gelu(x)?,
            Self::GeluNew => kernels::gelu_new(x)?,
            // candle's own makes 0 of what is not a number.
            Self::Relu => x.lt(0f32)?.where_cond(&x.zeros_like()?, x)?,
            Self::Silu => x.silu()?,
            Self::Tanh => x.tanh()?,
        })
    }
}

/// Rows of a table by id: `table [row, dim]`, `ids [batch, token]` gives `[batch, token, dim]`.
pub fn look_up(table: &Tensor, ids: &Tensor) -> Result<Tensor> {
    let (batch, tokens) = ids.dims2()?;
    let dim = table.dim(1)?;
    Ok(table.index_select(&ids.flatten_all()?, 0)?.reshape((batch, tokens, dim))?)
}

/// The sizes that attention needs.
#[derive(Debug, Clone, Copy)]
pub struct HeadSizes {
    /// How many heads.
    pub heads: usize,
    /// Width of one head.
    pub width: usize,
}

impl HeadSizes {
    /// Splits `dim` into `heads`.
    pub fn split(dim: usize, heads: usize) -> Result<Self> {
        if heads == 0 || dim == 0 || !dim.is_multiple_of(heads) {
            return Err(Error::input(format!("{dim} dimensions do not divide into {heads} heads")));
        }
        Ok(Self { heads, width: dim / heads })
    }
}

/// From queries, keys and values `[batch, token, dim]` to what the heads read, joined: `[batch, token, dim]`.
/// Vaswani et al. 2017, equation 1, with every intermediate shown. `output` is the projection that follows: with it,
/// `value_norm` is `||f(x_j)||` of Kobayashi et al. 2020 (<https://arxiv.org/abs/2004.10102>), `f(x) = (x W_V + b_V) W_O`.
pub fn attend(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    sizes: HeadSizes,
    output: &Linear,
    mask: Option<&Tensor>,
    trace: &mut Trace<'_>,
) -> Result<Tensor> {
    let (batch, tokens, dim) = q.dims3()?;
    let split = |t: &Tensor| -> Result<Tensor> {
        Ok(t.reshape((batch, tokens, sizes.heads, sizes.width))?.transpose(1, 2)?) // [batch, head, token, width]
    };
    let scale = 1.0 / (sizes.width as f64).sqrt();
    let q = trace.see(Site::Query, split(q)?)?; // [batch, head, query, width]
    let k = trace.see(Site::Key, split(k)?)?; // [batch, head, key, width]
    let v = trace.see(Site::Value, split(v)?)?; // [batch, head, key, width]
    if trace.wants(Site::ValueNorm) {
        trace.see(Site::ValueNorm, output.lengths(&v.detach())?)?; // [batch, head, key]
    } else {
        trace.pass(Site::ValueNorm, &[batch, sizes.heads, tokens]);
    }
    let probs = if mask.is_none() && !trace.needs(Site::Scores) {
        trace.pass(Site::Scores, &[batch, sizes.heads, tokens, tokens]);
        kernels::probs(&q, &k, scale)?
    } else {
        let scores = kernels::scores(&q, &k, scale)?; // [batch, head, query, key]
        let scores = match mask {
            Some(mask) => scores.broadcast_add(mask)?,
            None => scores,
        };
        kernels::softmax(&trace.see(Site::Scores, scores)?)?
    };
    let probs = trace.see(Site::Probs, probs)?; // [batch, head, query, key]
    let heads = trace.see(Site::Heads, kernels::mix(&probs, &v)?)?; // [batch, head, query, width]
    Ok(heads.transpose(1, 2)?.reshape((batch, tokens, dim))?)
}

/// What is added to scores so that padding gets no attention: 0 where `mask [batch][token]` is 1, else the smallest
/// number. `None` where nothing is masked. Shape `[batch, 1, 1, key]`.
pub fn padding_mask(mask: &[Vec<u32>], device: &Device) -> Result<Option<Tensor>> {
    if mask.iter().flatten().all(|&m| m == 1) {
        return Ok(None);
    }
    let (batch, tokens) = (mask.len(), mask.first().map_or(0, Vec::len));
    let values: Vec<f32> = mask.iter().flatten().map(|&m| if m == 1 { 0.0 } else { f32::MIN }).collect();
    Ok(Some(Tensor::from_vec(values, (batch, 1, 1, tokens), device)?))
}

/// [`padding_mask`] and, above it, no attention to later tokens: `[batch or 1, 1, query, key]`.
pub fn causal_mask(mask: &[Vec<u32>], tokens: usize, device: &Device) -> Result<Tensor> {
    let values: Vec<f32> =
        (0..tokens).flat_map(|q| (0..tokens).map(move |k| if k <= q { 0.0 } else { f32::MIN })).collect();
    let causal = Tensor::from_vec(values, (1, 1, tokens, tokens), device)?;
    Ok(match padding_mask(mask, device)? {
        // Two smallest numbers added would be minus infinity.
        Some(padding) => causal.broadcast_add(&padding)?.clamp(f32::MIN, 0f32)?,
        None => causal,
    })
}

/// Ids as a tensor `[batch, token]`.
pub fn ids_tensor(ids: &[Vec<u32>], device: &Device) -> Result<Tensor> {
    let (batch, tokens) = (ids.len(), ids.first().map_or(0, Vec::len));
    let flat: Vec<u32> = ids.iter().flatten().copied().collect();
    Ok(Tensor::from_vec(flat, (batch, tokens), device)?)
}

/// The first token of each text: `[batch, token, dim]` to `[batch, dim]`.
pub fn first_token(x: &Tensor) -> Result<Tensor> {
    Ok(x.narrow(1, 0, 1)?.squeeze(1)?.to_dtype(DType::F32)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_number_stays_so() {
        let given = [f32::NAN, -1.0, 0.0, 2.0, f32::INFINITY, f32::NEG_INFINITY];
        let x = Tensor::new(&given, &Device::Cpu).expect("a tensor");
        for name in ["gelu", "gelu_new", "relu", "silu", "tanh"] {
            let y = Activation::named(name).expect(name).forward(&x).expect(name).to_vec1::<f32>().expect(name);
            assert!(y[0].is_nan(), "{name}");
        }
        let y = Activation::Relu.forward(&x).expect("relu").to_vec1::<f32>().expect("numbers");
        assert_eq!(y[1..], [0.0, 0.0, 2.0, f32::INFINITY, 0.0]);
    }
}
