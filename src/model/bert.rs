//! BERT. Devlin et al. 2018, <https://arxiv.org/abs/1810.04805>.
//! Upstream: `transformers/models/bert/modeling_bert.py`.

use super::blocks::{Activation, Linear};
use super::embeddings::{self, Embeddings};
use super::encoder::{self, Encoder, Transformer};
use super::heads::{self, Heads, Step};
use super::params::Params;
use super::{Answers, Card, Family, Source};
use crate::error::{Error, Result};
use crate::trace::{Site, Stack};
use serde::Deserialize;
use serde_json::{Value, json};

/// BERT.
pub static FAMILY: Family = Family { names: &["bert"], load: |source| Ok(Box::new(load(source)?)) };

/// The fields of `config.json` that decide the forward pass; also those of RoBERTa, ELECTRA and ALBERT.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Config {
    pub vocab_size: usize,
    pub hidden_size: usize,
    pub num_hidden_layers: usize,
    pub num_attention_heads: usize,
    pub intermediate_size: usize,
    pub hidden_act: String,
    pub max_position_embeddings: usize,
    pub type_vocab_size: usize,
    pub layer_norm_eps: f64,
}

impl Config {
    /// Reads `config.json` over the `defaults` of a family, and refuses what no family can run.
    pub(super) fn read(source: &Source<'_>, defaults: Value) -> Result<Self> {
        let config: Self = source.config(defaults, &[])?;
        source.refuse_decoder()?;
        source.refuse("position_embedding_type", &["absolute"])?;
        source.check_blocks("num_hidden_layers", config.num_hidden_layers)?;
        if config.type_vocab_size == 0 {
            return Err(Error::format(source.path, "`type_vocab_size` = 0 leaves no segment for the tokens"));
        }
        Ok(config)
    }

    pub(super) fn block_sizes(&self, source: &Source<'_>) -> Result<encoder::Sizes> {
        Ok(encoder::Sizes {
            dim: self.hidden_size,
            heads: self.num_attention_heads,
            inner: self.intermediate_size,
            eps: self.layer_norm_eps,
            activation: Activation::named(&self.hidden_act).map_err(|e| source.wrong(&e))?,
        })
    }

    /// The tables, `narrow` wide.
    pub(super) fn embedding_sizes(&self, narrow: usize) -> embeddings::Sizes {
        embeddings::Sizes {
            vocabulary: self.vocab_size,
            positions: self.max_position_embeddings,
            segments: self.type_vocab_size,
            dim: narrow,
            eps: self.layer_norm_eps,
        }
    }

    /// A card without heads, for tables that are `narrow` wide.
    pub(super) fn card(&self, family: &'static str, narrow: usize) -> Card {
        Card {
            family,
            stack: Stack::Encoder,
            layers: self.num_hidden_layers,
            heads: self.num_attention_heads,
            dim: self.hidden_size,
            inner: self.intermediate_size,
            narrow,
            tables: vec![Site::Words, Site::Positions, Site::Segments],
            vocabulary: self.vocab_size,
            tokens: self.max_position_embeddings,
            outputs: Vec::new(),
            steps: Vec::new(),
            unavailable: Vec::new(),
            labels: Vec::new(),
            answers: Answers::default(),
        }
    }
}

/// What transformers' `BertConfig` has where `config.json` is silent.
pub(super) fn defaults() -> Value {
    json!({
        "vocab_size": 30522,
        "hidden_size": 768,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "intermediate_size": 3072,
        "hidden_act": "gelu",
        "max_position_embeddings": 512,
        "type_vocab_size": 2,
        "layer_norm_eps": 1e-12,
    })
}

fn load(source: &Source<'_>) -> Result<Transformer> {
    let config = Config::read(source, defaults())?;
    let dim = config.hidden_size;
    let vb = source.vb.under("bert", "embeddings.word_embeddings.weight");
    let sizes = config.block_sizes(source)?;
    let embeddings = Embeddings::load(&vb.pp("embeddings"), config.embedding_sizes(dim), None, source.device)?;
    let encoder = Encoder::load(&vb.pp("encoder.layer"), config.num_hidden_layers, sizes, &encoder::BERT)?;
    let heads = load_heads(source, &vb, &config, sizes.activation, &embeddings)?;
    let mut card = config.card("bert", dim);
    heads.describe(&mut card);
    Ok(Transformer { card, embeddings, projection: None, encoder, heads, device: source.device.clone() })
}

fn load_heads(
    source: &Source<'_>,
    encoder: &Params<'_>,
    config: &Config,
    activation: Activation,
    embeddings: &Embeddings,
) -> Result<Heads> {
    let dim = config.hidden_size;
    let root = &source.vb;
    let mut heads = Heads::default();
    let pooled = || -> Result<Vec<Step>> {
        let pooler = Linear::load(&encoder.pp("pooler.dense"), dim, dim)?;
        Ok(vec![Step::First, Step::Linear(pooler), Step::Activate(Activation::Tanh), Step::Show(Site::Pooled)])
    };
    heads.add(Site::Logits, root, "cls.predictions.transform.dense.weight", || {
        let vb = root.pp("cls.predictions");
        Ok(heads::vocabulary(
            Linear::load(&vb.pp("transform.dense"), dim, dim)?,
            activation,
            super::blocks::LayerNorm::load(&vb.pp("transform.LayerNorm"), dim, config.layer_norm_eps)?,
            heads::decoder(source, &vb, "decoder.weight", &["decoder.bias", "bias"], embeddings.words(), dim)?,
        ))
    })?;
    heads.add(Site::NextSentence, root, "cls.seq_relationship.weight", || {
        let mut steps = pooled()?;
        steps.push(Step::Linear(Linear::load(&root.pp("cls.seq_relationship"), dim, 2)?));
        Ok(steps)
    })?;
    heads.add_classifier(source, ["classifier", "classifier"], dim, pooled)?;
    Ok(heads)
}
