//! GPT-2. Radford et al. 2019, "Language Models are Unsupervised Multitask Learners".
//! Upstream: `transformers/models/gpt2/modeling_gpt2.py`.

use super::blocks::{Activation, HeadSizes, LayerNorm, Linear, attend, causal_mask, ids_tensor, look_up};
use super::heads::{self, Heads, Step};
use super::kernels;
use super::params::Params;
use super::{Answers, Card, Family, Input, Model, Source, finish, no_layer};
use crate::error::{Error, Result};
use crate::trace::{Site, Stack, Trace};
use candle_core::{Device, Tensor};
use serde::Deserialize;
use serde_json::{Value, json};

/// GPT-2.
pub static FAMILY: Family = Family { names: &["gpt2"], load: |source| Ok(Box::new(Gpt2::load(source)?)) };

#[derive(Debug, Clone, Deserialize)]
struct Config {
    vocab_size: usize,
    n_positions: usize,
    n_embd: usize,
    n_layer: usize,
    n_head: usize,
    n_inner: Option<usize>,
    activation_function: String,
    layer_norm_epsilon: f64,
    scale_attn_weights: bool,
    scale_attn_by_inverse_layer_idx: bool,
    pad_token_id: Option<i64>,
}

/// What transformers' `GPT2Config` has where `config.json` is silent.
fn defaults() -> Value {
    json!({
        "vocab_size": 50257,
        "n_positions": 1024,
        "n_embd": 768,
        "n_layer": 12,
        "n_head": 12,
        "n_inner": null,
        "activation_function": "gelu_new",
        "layer_norm_epsilon": 1e-5,
        "scale_attn_weights": true,
        "scale_attn_by_inverse_layer_idx": false,
        "pad_token_id": null,
    })
}

const ALIASES: &[(&str, &str)] = &[
    ("hidden_size", "n_embd"),
    ("max_position_embeddings", "n_positions"),
    ("num_attention_heads", "n_head"),
    ("num_hidden_layers", "n_layer"),
];

struct Block {
    heads: HeadSizes,
    activation: Activation,
    norm: LayerNorm,
    qkv: Linear,
    o: Linear,
    middle_norm: LayerNorm,
    inner: Linear,
    outer: Linear,
}

impl Block {
    fn load(vb: &Params<'_>, config: &Config, activation: Activation, inner: usize) -> Result<Self> {
        let (dim, eps) = (config.n_embd, config.layer_norm_epsilon);
        Ok(Self {
            heads: HeadSizes::split(dim, config.n_head)?,
            activation,
            norm: LayerNorm::load(&vb.pp("ln_1"), dim, eps)?,
            qkv: Linear::load_conv1d(&vb.pp("attn.c_attn"), dim, dim.saturating_mul(3))?,
            o: Linear::load_conv1d(&vb.pp("attn.c_proj"), dim, dim)?,
            middle_norm: LayerNorm::load(&vb.pp("ln_2"), dim, eps)?,
            inner: Linear::load_conv1d(&vb.pp("mlp.c_fc"), dim, inner)?,
            outer: Linear::load_conv1d(&vb.pp("mlp.c_proj"), inner, dim)?,
        })
    }

    /// `[batch, token, dim]` to the same: the residual stream, not normalised.
    fn forward(&self, x: &Tensor, mask: &Tensor, trace: &mut Trace<'_>) -> Result<Tensor> {
        let dim = x.dim(2)?;
        let normed = trace.see(Site::Normed, self.norm.forward(x)?)?;
        let qkv = self.qkv.forward(&normed)?; // [batch, token, 3 * dim]
        let part = |i: usize| -> Result<Tensor> { Ok(qkv.narrow(2, i * dim, dim)?.contiguous()?) };
        let joined = attend(&part(0)?, &part(1)?, &part(2)?, self.heads, &self.o, Some(mask), trace)?;
        let attended = trace.see(Site::Attended, self.o.forward(&joined)?)?;
        let x = trace.see(Site::Middle, kernels::add(&attended, x)?)?;
        let normed = trace.see(Site::MiddleNormed, self.middle_norm.forward(&x)?)?;
        let inner = self.activation.forward(&self.inner.forward(&normed)?)?;
        let inner = trace.see(Site::Inner, inner)?; // [batch, token, unit]
        let fed = trace.see(Site::Fed, self.outer.forward(&inner)?)?;
        Ok(kernels::add(&fed, &x)?)
    }
}

struct Gpt2 {
    card: Card,
    words: Tensor,
    positions: Tensor,
    blocks: Vec<Block>,
    norm: LayerNorm,
    heads: Heads,
    device: Device,
}

impl Gpt2 {
    fn load(source: &Source<'_>) -> Result<Self> {
        let config: Config = source.config(defaults(), ALIASES)?;
        source.check_blocks("n_layer", config.n_layer)?;
        if !config.scale_attn_weights || config.scale_attn_by_inverse_layer_idx {
            let what = "only attention scaled by the square root of the head's width is supported";
            return Err(Error::format(source.path, what));
        }
        let activation = Activation::named(&config.activation_function).map_err(|e| source.wrong(&e))?;
        let (dim, inner) = (config.n_embd, config.n_inner.unwrap_or(config.n_embd.saturating_mul(4)));
        let vb = source.vb.under("transformer", "wte.weight");
        let words = vb.get(&[config.vocab_size, dim], "wte.weight")?;
        let positions = vb.get(&[config.n_positions, dim], "wpe.weight")?;
        let blocks = (0..config.n_layer).map(|i| Block::load(&vb.pp("h").pp(i), &config, activation, inner));
        let blocks = blocks.collect::<Result<Vec<_>>>()?;
        let norm = LayerNorm::load(&vb.pp("ln_f"), dim, config.layer_norm_epsilon)?;

        let root = &source.vb;
        let mut heads = Heads::default();
        // The decoder is the word table unless the file has one of its own; a classifier has none.
        if root.contains("lm_head.weight") || source.classifies().is_none() {
            heads.attempt(Site::Logits, root, || {
                Ok(vec![Step::Linear(heads::decoder(source, root, "lm_head.weight", &[], &words, dim)?)])
            })?;
        } else {
            heads.lacks(Site::Logits, format!("the checkpoint is a {}", source.class()));
        }
        heads.add_classifier(source, ["classifier", "score"], dim, || Ok(vec![Step::Last(config.pad_token_id)]))?;
        let mut card = Card {
            family: "gpt2",
            stack: Stack::Decoder,
            layers: config.n_layer,
            heads: config.n_head,
            dim,
            inner,
            narrow: dim,
            tables: vec![Site::Words, Site::Positions],
            vocabulary: config.vocab_size,
            tokens: config.n_positions,
            outputs: Vec::new(),
            steps: Vec::new(),
            unavailable: Vec::new(),
            labels: Vec::new(),
            answers: Answers::default(),
        };
        heads.describe(&mut card);
        Ok(Self { card, words, positions, blocks, norm, heads, device: source.device.clone() })
    }

    /// Ids to `[batch, token, dim]`.
    fn embed(&self, input: &Input, trace: &mut Trace<'_>) -> Result<Tensor> {
        input.check(&self.card)?;
        let (_, tokens) = input.shape();
        trace.enter(Stack::Embeddings, 0)?;
        let words = trace.see(Site::Words, look_up(&self.words, &ids_tensor(&input.ids, &self.device)?)?)?;
        let positions = self.positions.narrow(0, 0, tokens)?.unsqueeze(0)?; // [1, token, dim]
        let positions = trace.see(Site::Positions, positions)?;
        trace.see(Site::Hidden, words.broadcast_add(&positions)?)
    }
}

impl Model for Gpt2 {
    fn card(&self) -> &Card {
        &self.card
    }

    fn forward(&self, input: &Input, trace: &mut Trace<'_>) -> Result<()> {
        let (_, tokens) = input.shape();
        let mut x = match input.start(&self.card, &self.device)? {
            Some(known) => known,
            None => self.embed(input, trace)?, // [batch, token, dim]
        };
        let mask = causal_mask(&input.mask, tokens, &self.device)?; // [batch or 1, 1, query, key]
        let last = self.blocks.len().saturating_sub(1);
        for (i, block) in self.blocks.iter().enumerate().skip(input.first_layer()) {
            trace.enter(Stack::Decoder, i)?;
            x = block.forward(&x, &mask, trace)?;
            // transformers' last hidden state is the normalised one.
            if i == last {
                x = self.norm.forward(&trace.see(Site::Residual, x)?)?;
            }
            x = trace.see(Site::Hidden, x)?;
        }
        finish(&self.heads, &x, input, trace)
    }

    fn read_out(&self, hidden: &Tensor, normalised: bool) -> Result<Tensor> {
        if normalised { self.heads.words(hidden) } else { self.heads.words(&self.norm.forward(hidden)?) }
    }

    fn head_output(&self, layer: usize, head: usize, read: &Tensor) -> Result<Tensor> {
        let block = self.blocks.get(layer).ok_or_else(|| no_layer(layer))?;
        block.o.part(head * block.heads.width, read)
    }
}
