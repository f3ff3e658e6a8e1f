//! ALBERT: narrow embeddings, and blocks that share their weights. Lan et al. 2019, <https://arxiv.org/abs/1909.11942>.
//! Upstream: `transformers/models/albert/modeling_albert.py`.

use super::bert::Config as BertConfig;
use super::blocks::{Activation, LayerNorm, Linear, padding_mask};
use super::embeddings::Embeddings;
use super::encoder::{Block, Names};
use super::heads::{self, Heads, Step};
use super::{Card, Family, Input, Model, Source, finish, no_layer};
use crate::error::{Error, Result};
use crate::trace::{Site, Stack, Trace};
use candle_core::{Device, Tensor};
use serde::Deserialize;
use serde_json::{Value, json};

/// ALBERT.
pub static FAMILY: Family = Family { names: &["albert"], load: |source| Ok(Box::new(Albert::load(source)?)) };

const NAMES: Names = Names {
    qkvo: ["attention.query", "attention.key", "attention.value", "attention.dense"],
    attention_norm: "attention.LayerNorm",
    inner: "ffn",
    outer: "ffn_output",
    norm: "full_layer_layer_norm",
};

/// What transformers' `AlbertConfig` has where `config.json` is silent.
fn defaults() -> Value {
    json!({
        "vocab_size": 30000,
        "embedding_size": 128,
        "hidden_size": 4096,
        "num_hidden_layers": 12,
        "num_hidden_groups": 1,
        "num_attention_heads": 64,
        "intermediate_size": 16384,
        "inner_group_num": 1,
        "hidden_act": "gelu_new",
        "max_position_embeddings": 512,
        "type_vocab_size": 2,
        "layer_norm_eps": 1e-12,
    })
}

/// What ALBERT adds to BERT's configuration.
#[derive(Debug, Clone, Deserialize)]
struct Sharing {
    embedding_size: usize,
    num_hidden_groups: usize,
    inner_group_num: usize,
}

/// The group of a layer. Upstream divides floats and cuts the fraction off, which is not always `layer * groups / layers`.
fn group_of(layer: usize, layers: usize, groups: usize) -> usize {
    let step = layers as f64 / groups as f64;
    ((layer as f64 / step) as usize).min(groups - 1)
}

struct Albert {
    card: Card,
    embeddings: Embeddings,
    projection: Linear,
    // Weights by group and place in the group; a layer runs every block of its group.
    groups: Vec<Vec<Block>>,
    layers: usize,
    heads: Heads,
    device: Device,
}

impl Albert {
    fn load(source: &Source<'_>) -> Result<Self> {
        let config = BertConfig::read(source, defaults())?;
        let Sharing { embedding_size: narrow, num_hidden_groups: groups, inner_group_num: inner } =
            source.config(defaults(), &[])?;
        let layers = config.num_hidden_layers;
        if groups == 0 || groups > layers || inner == 0 {
            return Err(Error::format(source.path, format!("{groups} groups of {inner} blocks for {layers} layers")));
        }
        let blocks = layers.saturating_mul(inner);
        source.check_blocks("num_hidden_layers` times `inner_group_num", blocks)?;
        let sizes = config.block_sizes(source)?;
        let (dim, eps) = (config.hidden_size, config.layer_norm_eps);
        let tables = config.embedding_sizes(narrow);
        let vb = source.vb.under("albert", "embeddings.word_embeddings.weight");
        let embeddings = Embeddings::load(&vb.pp("embeddings"), tables, None, source.device)?;
        let projection = Linear::load(&vb.pp("encoder.embedding_hidden_mapping_in"), narrow, dim)?;
        let block = |group: usize, i: usize| {
            let vb = vb.pp(format!("encoder.albert_layer_groups.{group}.albert_layers.{i}"));
            Block::load(&vb, sizes, &NAMES)
        };
        let weights = (0..groups).map(|g| (0..inner).map(|i| block(g, i)).collect()).collect::<Result<_>>()?;

        let root = &source.vb;
        let mut heads = Heads::default();
        let pooled = || -> Result<Vec<Step>> {
            let pooler = Linear::load(&vb.pp("pooler"), dim, dim)?;
            Ok(vec![Step::First, Step::Linear(pooler), Step::Activate(Activation::Tanh), Step::Show(Site::Pooled)])
        };
        heads.add(Site::Logits, root, "predictions.dense.weight", || {
            let vb = root.pp("predictions");
            Ok(heads::vocabulary(
                Linear::load(&vb.pp("dense"), dim, narrow)?,
                sizes.activation,
                LayerNorm::load(&vb.pp("LayerNorm"), narrow, eps)?,
                heads::decoder(source, &vb, "decoder.weight", &["decoder.bias", "bias"], embeddings.words(), narrow)?,
            ))
        })?;
        heads.add(Site::SentenceOrder, root, "sop_classifier.classifier.weight", || {
            let mut steps = pooled()?;
            steps.push(Step::Linear(Linear::load(&root.pp("sop_classifier.classifier"), dim, 2)?));
            Ok(steps)
        })?;
        heads.add_classifier(source, ["classifier", "classifier"], dim, pooled)?;
        let mut card = config.card("albert", narrow);
        card.layers = blocks;
        heads.describe(&mut card);
        Ok(Self { card, embeddings, projection, groups: weights, layers, heads, device: source.device.clone() })
    }
}

impl Albert {
    /// The blocks in the order in which they run.
    fn blocks(&self) -> impl Iterator<Item = &Block> {
        let groups = (0..self.layers).map(|i| &self.groups[group_of(i, self.layers, self.groups.len())]);
        groups.flatten()
    }
}

impl Model for Albert {
    fn card(&self) -> &Card {
        &self.card
    }

    fn forward(&self, input: &Input, trace: &mut Trace<'_>) -> Result<()> {
        let project = |x| self.projection.forward(&x);
        let mut x = match input.start(&self.card, &self.device)? {
            Some(known) => known,
            None => self.embeddings.forward(input, &self.card, trace, project)?, // [batch, token, dim]
        };
        let mask = padding_mask(&input.mask, &self.device)?; // [batch, 1, 1, key]
        for (i, block) in self.blocks().enumerate().skip(input.first_layer()) {
            trace.enter(Stack::Encoder, i)?;
            x = block.forward(&x, mask.as_ref(), trace)?;
        }
        finish(&self.heads, &x, input, trace)
    }

    fn read_out(&self, hidden: &Tensor, _normalised: bool) -> Result<Tensor> {
        self.heads.words(hidden)
    }

    fn head_output(&self, layer: usize, head: usize, read: &Tensor) -> Result<Tensor> {
        self.blocks().nth(layer).ok_or_else(|| no_layer(layer))?.head_output(head, read)
    }
}

#[cfg(test)]
mod tests {
    use super::group_of;

    #[test]
    fn layers_fall_into_groups_as_upstream_has_them() {
        let groups = |layers, groups| (0..layers).map(|l| group_of(l, layers, groups)).collect::<Vec<_>>();
        assert_eq!(groups(3, 2), [0, 0, 1]);
        assert_eq!(groups(12, 1), [0; 12]);
        // `[int(l / (18 / 14)) for l in range(18)]` in Python: layer 9 is in group 6, where whole numbers give 7.
        assert_eq!(groups(18, 14), [0, 0, 1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9, 10, 10, 11, 12, 13]);
    }
}
