//! ELECTRA: BERT with a projection after the embeddings; the generator guesses words, the discriminator says which
//! were replaced. Clark et al. 2020, <https://arxiv.org/abs/2003.10555>.
//! Upstream: `transformers/models/electra/modeling_electra.py`.

use super::bert::Config;
use super::blocks::{Activation, LayerNorm, Linear};
use super::embeddings::Embeddings;
use super::encoder::{self, Encoder, Transformer};
use super::heads::{self, Heads, Step};
use super::{Family, Source};
use crate::error::Result;
use crate::trace::Site;
use serde::Deserialize;
use serde_json::{Value, json};

/// ELECTRA.
pub static FAMILY: Family = Family { names: &["electra"], load: |source| Ok(Box::new(load(source)?)) };

/// What transformers' `ElectraConfig` has where `config.json` is silent.
fn defaults() -> Value {
    json!({
        "vocab_size": 30522,
        "hidden_size": 256,
        "num_hidden_layers": 12,
        "num_attention_heads": 4,
        "intermediate_size": 1024,
        "hidden_act": "gelu",
        "max_position_embeddings": 512,
        "type_vocab_size": 2,
        "layer_norm_eps": 1e-12,
    })
}

#[derive(Deserialize)]
struct Narrow {
    embedding_size: usize,
}

fn load(source: &Source<'_>) -> Result<Transformer> {
    let config = Config::read(source, defaults())?;
    let Narrow { embedding_size: narrow } = source.config(json!({ "embedding_size": 128 }), &[])?;
    let sizes = config.block_sizes(source)?;
    let (dim, eps) = (config.hidden_size, config.layer_norm_eps);
    let vb = source.vb.under("electra", "embeddings.word_embeddings.weight");
    let embeddings = Embeddings::load(&vb.pp("embeddings"), config.embedding_sizes(narrow), None, source.device)?;
    let projection = if narrow == dim { None } else { Some(Linear::load(&vb.pp("embeddings_project"), narrow, dim)?) };
    let encoder = Encoder::load(&vb.pp("encoder.layer"), config.num_hidden_layers, sizes, &encoder::BERT)?;

    let root = &source.vb;
    let mut heads = Heads::default();
    heads.add(Site::Logits, root, "generator_predictions.dense.weight", || {
        Ok(heads::vocabulary(
            Linear::load(&root.pp("generator_predictions.dense"), dim, narrow)?,
            Activation::Gelu,
            LayerNorm::load(&root.pp("generator_predictions.LayerNorm"), narrow, eps)?,
            heads::decoder(
                source,
                root,
                "generator_lm_head.weight",
                &["generator_lm_head.bias"],
                embeddings.words(),
                narrow,
            )?,
        ))
    })?;
    heads.add(Site::Discriminator, root, "discriminator_predictions.dense.weight", || {
        let vb = root.pp("discriminator_predictions");
        Ok(vec![
            Step::Linear(Linear::load(&vb.pp("dense"), dim, dim)?),
            Step::Activate(sizes.activation),
            Step::Linear(Linear::load(&vb.pp("dense_prediction"), dim, 1)?),
            Step::Squeeze,
        ])
    })?;
    heads.add_classifier(source, ["classifier", "classifier.out_proj"], dim, || {
        let dense = Linear::load(&root.pp("classifier.dense"), dim, dim)?;
        Ok(vec![Step::First, Step::Linear(dense), Step::Activate(Activation::Gelu), Step::Show(Site::Pooled)])
    })?;
    let mut card = config.card("electra", narrow);
    heads.describe(&mut card);
    Ok(Transformer { card, embeddings, projection, encoder, heads, device: source.device.clone() })
}
