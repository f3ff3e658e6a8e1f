//! RoBERTa and XLM-RoBERTa: BERT with positions counted from the padding id, and other heads.
//! Liu et al. 2019, <https://arxiv.org/abs/1907.11692>; Conneau et al. 2019, <https://arxiv.org/abs/1911.02116>.
//! Upstream: `transformers/models/roberta/modeling_roberta.py`.

use super::bert::{self, Config};
use super::blocks::{Activation, LayerNorm, Linear};
use super::embeddings::Embeddings;
use super::encoder::{self, Encoder, Transformer};
use super::heads::{self, Heads, Step};
use super::{Family, Source};
use crate::error::Result;
use crate::trace::Site;
use serde::Deserialize;
use serde_json::{Value, json};

/// RoBERTa, XLM-RoBERTa and `CamemBERT`.
pub static FAMILY: Family =
    Family { names: &["roberta", "xlm-roberta", "camembert"], load: |source| Ok(Box::new(load(source)?)) };

/// What transformers' configurations have where `config.json` is silent.
fn defaults(family: &str) -> Value {
    let mut defaults = bert::defaults();
    if family == "roberta" {
        defaults["vocab_size"] = 50265.into();
    }
    defaults
}

/// Where positions are counted from.
#[derive(Deserialize)]
struct Padding {
    pad_token_id: u32,
}

fn load(source: &Source<'_>) -> Result<Transformer> {
    let family = FAMILY.names.iter().find(|n| Some(**n) == source.config["model_type"].as_str());
    let family = family.unwrap_or(&"roberta");
    let config = Config::read(source, defaults(family))?;
    let Padding { pad_token_id: padding } = source.config(json!({ "pad_token_id": 1 }), &[])?;
    let dim = config.hidden_size;
    let vb = source.vb.under("roberta", "embeddings.word_embeddings.weight");
    let sizes = config.block_sizes(source)?;
    let sizes_of_tables = config.embedding_sizes(dim);
    let embeddings = Embeddings::load(&vb.pp("embeddings"), sizes_of_tables, Some(padding), source.device)?;
    let encoder = Encoder::load(&vb.pp("encoder.layer"), config.num_hidden_layers, sizes, &encoder::BERT)?;
    let mut card = config.card(family, dim);
    // Position 0 up to the padding id belong to no token.
    card.tokens = config.max_position_embeddings.saturating_sub(padding as usize).saturating_sub(1);

    let root = &source.vb;
    let mut heads = Heads::default();
    heads.add(Site::Logits, root, "lm_head.dense.weight", || {
        let vb = root.pp("lm_head");
        Ok(heads::vocabulary(
            Linear::load(&vb.pp("dense"), dim, dim)?,
            Activation::Gelu,
            LayerNorm::load(&vb.pp("layer_norm"), dim, config.layer_norm_eps)?,
            heads::decoder(source, &vb, "decoder.weight", &["decoder.bias", "bias"], embeddings.words(), dim)?,
        ))
    })?;
    heads.add_classifier(source, ["classifier", "classifier.out_proj"], dim, || {
        let dense = Linear::load(&root.pp("classifier.dense"), dim, dim)?;
        Ok(vec![Step::First, Step::Linear(dense), Step::Activate(Activation::Tanh), Step::Show(Site::Pooled)])
    })?;
    heads.describe(&mut card);
    Ok(Transformer { card, embeddings, projection: None, encoder, heads, device: source.device.clone() })
}
