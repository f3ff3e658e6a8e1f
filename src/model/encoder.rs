//! The encoder block that BERT, RoBERTa, DistilBERT, ELECTRA and ALBERT share, under each family's tensor names, and
//! the model around it.
//! Devlin et al. 2018; transformers `modeling_bert.py`, class `BertLayer`.

use super::blocks::{Activation, HeadSizes, LayerNorm, Linear, attend, padding_mask};
use super::embeddings::Embeddings;
use super::heads::Heads;
use super::kernels;
use super::params::Params;
use super::{Card, Input, Model, finish, no_layer};
use crate::error::Result;
use crate::trace::{Site, Stack, Trace};
use candle_core::{Device, Tensor};

/// The sizes of a block.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Width of the residual stream.
    pub dim: usize,
    /// Heads per layer.
    pub heads: usize,
    /// Units of the feed-forward block.
    pub inner: usize,
    /// What layer norms add to the variance.
    pub eps: f64,
    /// Activation of the feed-forward block.
    pub activation: Activation,
}

/// Where a family keeps the parts of a block.
pub struct Names {
    /// Query, key and value projections and the output projection.
    pub qkvo: [&'static str; 4],
    /// Layer norm after attention.
    pub attention_norm: &'static str,
    /// First linear layer of the feed-forward block.
    pub inner: &'static str,
    /// Second linear layer of the feed-forward block.
    pub outer: &'static str,
    /// Layer norm at the end.
    pub norm: &'static str,
}

/// The names of BERT, RoBERTa and ELECTRA.
pub const BERT: Names = Names {
    qkvo: ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"],
    attention_norm: "attention.output.LayerNorm",
    inner: "intermediate.dense",
    outer: "output.dense",
    norm: "output.LayerNorm",
};

/// A transformer block with its layer norms after the residual additions.
pub struct Block {
    sizes: Sizes,
    heads: HeadSizes,
    q: Linear,
    k: Linear,
    v: Linear,
    o: Linear,
    attention_norm: LayerNorm,
    inner: Linear,
    outer: Linear,
    norm: LayerNorm,
}

impl Block {
    /// Reads one block.
    pub fn load(vb: &Params<'_>, sizes: Sizes, names: &Names) -> Result<Self> {
        let Sizes { dim, heads, inner, eps, .. } = sizes;
        let square = |name: &str| Linear::load(&vb.pp(name), dim, dim);
        let [q, k, v, o] = names.qkvo;
        Ok(Self {
            sizes,
            heads: HeadSizes::split(dim, heads)?,
            q: square(q)?,
            k: square(k)?,
            v: square(v)?,
            o: square(o)?,
            attention_norm: LayerNorm::load(&vb.pp(names.attention_norm), dim, eps)?,
            inner: Linear::load(&vb.pp(names.inner), dim, inner)?,
            outer: Linear::load(&vb.pp(names.outer), inner, dim)?,
            norm: LayerNorm::load(&vb.pp(names.norm), dim, eps)?,
        })
    }

    /// `[batch, token, dim]` to the same. `mask` is added to the scores.
    pub fn forward(&self, x: &Tensor, mask: Option<&Tensor>, trace: &mut Trace<'_>) -> Result<Tensor> {
        let (q, k, v) = (self.q.forward(x)?, self.k.forward(x)?, self.v.forward(x)?);
        let joined = attend(&q, &k, &v, self.heads, &self.o, mask, trace)?; // [batch, token, dim]
        let attended = trace.see(Site::Attended, self.o.forward(&joined)?)?;
        let x = trace.see(Site::Middle, self.attention_norm.forward(&kernels::add(&attended, x)?)?)?;
        let inner = self.sizes.activation.forward(&self.inner.forward(&x)?)?;
        let inner = trace.see(Site::Inner, inner)?; // [batch, token, unit]
        let fed = trace.see(Site::Fed, self.outer.forward(&inner)?)?;
        trace.see(Site::Hidden, self.norm.forward(&kernels::add(&fed, &x)?)?)
    }

    /// What a head adds: `[batch, query, width]` to `[batch, query, dim]`.
    pub fn head_output(&self, head: usize, read: &Tensor) -> Result<Tensor> {
        self.o.part(head * self.heads.width, read)
    }
}

/// A stack of blocks, each with its own weights.
pub struct Encoder(Vec<Block>);

impl Encoder {
    /// Reads `layers` blocks from `vb.0`, `vb.1`, ...
    pub fn load(vb: &Params<'_>, layers: usize, sizes: Sizes, names: &Names) -> Result<Self> {
        Ok(Self((0..layers).map(|i| Block::load(&vb.pp(i), sizes, names)).collect::<Result<_>>()?))
    }

    /// `[batch, token, dim]` through every block from block `first` on.
    pub fn forward(&self, mut x: Tensor, first: usize, mask: Option<&Tensor>, trace: &mut Trace<'_>) -> Result<Tensor> {
        for (i, block) in self.0.iter().enumerate().skip(first) {
            trace.enter(Stack::Encoder, i)?;
            x = block.forward(&x, mask, trace)?;
        }
        Ok(x)
    }
}

/// A whole model of embeddings, a stack of blocks and heads: BERT, RoBERTa, DistilBERT and ELECTRA.
pub struct Transformer {
    /// What it is.
    pub card: Card,
    /// The tables.
    pub embeddings: Embeddings,
    /// What ELECTRA puts between narrow tables and wide blocks.
    pub projection: Option<Linear>,
    /// The blocks.
    pub encoder: Encoder,
    /// What it predicts.
    pub heads: Heads,
    /// Where it is computed.
    pub device: Device,
}

impl Model for Transformer {
    fn card(&self) -> &Card {
        &self.card
    }

    fn forward(&self, input: &Input, trace: &mut Trace<'_>) -> Result<()> {
        let project = |x: Tensor| self.projection.as_ref().map_or_else(|| Ok(x.clone()), |p| p.forward(&x));
        let x = match input.start(&self.card, &self.device)? {
            Some(known) => known,
            None => self.embeddings.forward(input, &self.card, trace, project)?, // [batch, token, dim]
        };
        let mask = padding_mask(&input.mask, &self.device)?; // [batch, 1, 1, key]
        let x = self.encoder.forward(x, input.first_layer(), mask.as_ref(), trace)?;
        finish(&self.heads, &x, input, trace)
    }

    fn read_out(&self, hidden: &Tensor, _normalised: bool) -> Result<Tensor> {
        self.heads.words(hidden)
    }

    fn head_output(&self, layer: usize, head: usize, read: &Tensor) -> Result<Tensor> {
        let block = self.encoder.0.get(layer).ok_or_else(|| no_layer(layer))?;
        block.head_output(head, read)
    }
}
