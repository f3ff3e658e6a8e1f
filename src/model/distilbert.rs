//! DistilBERT: BERT without segments. Sanh et al. 2019, <https://arxiv.org/abs/1910.01108>.
//! Upstream: `transformers/models/distilbert/modeling_distilbert.py`.

use super::blocks::{Activation, LayerNorm, Linear};
use super::embeddings::{self, Embeddings};
use super::encoder::{self, Encoder, Names, Transformer};
use super::heads::{self, Heads, Step};
use super::{Answers, Card, Family, Source};
use crate::error::Result;
use crate::trace::{Site, Stack};
use serde::Deserialize;
use serde_json::{Value, json};

/// DistilBERT.
pub static FAMILY: Family = Family { names: &["distilbert"], load: |source| Ok(Box::new(load(source)?)) };

// Upstream writes it into the class, not into the configuration.
const EPS: f64 = 1e-12;

const NAMES: Names = Names {
    qkvo: ["attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin"],
    attention_norm: "sa_layer_norm",
    inner: "ffn.lin1",
    outer: "ffn.lin2",
    norm: "output_layer_norm",
};

/// What transformers' `DistilBertConfig` has where `config.json` is silent.
fn defaults() -> Value {
    json!({
        "vocab_size": 30522,
        "dim": 768,
        "n_layers": 6,
        "n_heads": 12,
        "hidden_dim": 3072,
        "activation": "gelu",
        "max_position_embeddings": 512,
    })
}

const ALIASES: &[(&str, &str)] =
    &[("hidden_size", "dim"), ("num_attention_heads", "n_heads"), ("num_hidden_layers", "n_layers")];

#[derive(Debug, Clone, Deserialize)]
struct Config {
    vocab_size: usize,
    dim: usize,
    n_layers: usize,
    n_heads: usize,
    hidden_dim: usize,
    activation: String,
    max_position_embeddings: usize,
}

fn load(source: &Source<'_>) -> Result<Transformer> {
    let config: Config = source.config(defaults(), ALIASES)?;
    source.refuse_decoder()?;
    source.check_blocks("n_layers", config.n_layers)?;
    let dim = config.dim;
    let activation = Activation::named(&config.activation).map_err(|e| source.wrong(&e))?;
    let vb = source.vb.under("distilbert", "embeddings.word_embeddings.weight");
    let sizes = encoder::Sizes { dim, heads: config.n_heads, inner: config.hidden_dim, eps: EPS, activation };
    let tables = embeddings::Sizes {
        vocabulary: config.vocab_size,
        positions: config.max_position_embeddings,
        segments: 0,
        dim,
        eps: EPS,
    };
    let embeddings = Embeddings::load(&vb.pp("embeddings"), tables, None, source.device)?;
    let encoder = Encoder::load(&vb.pp("transformer.layer"), config.n_layers, sizes, &NAMES)?;
    let mut card = Card {
        family: "distilbert",
        stack: Stack::Encoder,
        layers: config.n_layers,
        heads: config.n_heads,
        dim,
        inner: config.hidden_dim,
        narrow: dim,
        tables: vec![Site::Words, Site::Positions],
        vocabulary: config.vocab_size,
        tokens: config.max_position_embeddings,
        outputs: Vec::new(),
        steps: Vec::new(),
        unavailable: Vec::new(),
        labels: Vec::new(),
        answers: Answers::default(),
    };
    let root = &source.vb;
    let mut heads = Heads::default();
    heads.add(Site::Logits, root, "vocab_transform.weight", || {
        Ok(heads::vocabulary(
            Linear::load(&root.pp("vocab_transform"), dim, dim)?,
            activation,
            LayerNorm::load(&root.pp("vocab_layer_norm"), dim, EPS)?,
            heads::decoder(source, root, "vocab_projector.weight", &["vocab_projector.bias"], embeddings.words(), dim)?,
        ))
    })?;
    heads.add_classifier(source, ["classifier", "classifier"], dim, || {
        let dense = Linear::load(&root.pp("pre_classifier"), dim, dim)?;
        Ok(vec![Step::First, Step::Linear(dense), Step::Activate(Activation::Relu), Step::Show(Site::Pooled)])
    })?;
    heads.describe(&mut card);
    Ok(Transformer { card, embeddings, projection: None, encoder, heads, device: source.device.clone() })
}
