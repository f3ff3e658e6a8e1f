//! ALBERT: narrow embeddings, and blocks that share their weights. Lan et al. 2019, <https://arxiv.org/abs/1909.11942>.
//! Upstream: `transformers/models/albert/modeling_albert.py`.

use super::bert::Config as BertConfig;
use super::blocks::{Activation, LayerNorm, Linear, padding_mask};
use super::embeddings::Embeddings;
use super::encoder::{Block, Names};
use super::heads::{self, Heads, Step};
use super::{Card, Family, Input, Model, Source, finish};
use crate::error::{Error, Result};
use crate::trace::{Site, Stack, Trace};
use candle_core::Device;
use serde::Deserialize;

/// ALBERT.
pub static FAMILY: Family = Family { names: &["albert"], load: |source| Ok(Box::new(Albert::load(source)?)) };

const NAMES: Names = Names {
    qkvo: ["attention.query", "attention.key", "attention.value", "attention.dense"],
    attention_norm: "attention.LayerNorm",
    inner: "ffn",
    outer: "ffn_output",
    norm: "full_layer_layer_norm",
};

#[derive(Debug, Clone, Deserialize)]
struct Groups {
    #[serde(default = "one")]
    num_hidden_groups: usize,
    #[serde(default = "one")]
    inner_group_num: usize,
}

fn one() -> usize {
    1
}

struct Albert {
    card: Card,
    embeddings: Embeddings,
    projection: Linear,
    // Weights by group and place in the group; layer `i` runs every block of group `i * groups / layers`.
    groups: Vec<Vec<Block>>,
    layers: usize,
    heads: Heads,
    device: Device,
}

impl Albert {
    fn load(source: &Source<'_>) -> Result<Self> {
        let config: BertConfig = source.config()?;
        let Groups { num_hidden_groups: groups, inner_group_num: inner } = source.config()?;
        source.refuse_decoder()?;
        source.refuse("position_embedding_type", &["absolute"])?;
        let layers = config.num_hidden_layers;
        if groups == 0 || groups > layers || inner == 0 {
            return Err(Error::format(source.path, format!("{groups} groups of {inner} blocks for {layers} layers")));
        }
        let sizes = config.block_sizes(source)?;
        let (dim, eps) = (config.hidden_size, config.layer_norm_eps);
        let narrow = config.embedding_size.unwrap_or(128);
        let tables = super::embeddings::Sizes { dim: narrow, ..config.embedding_sizes() };
        let vb = source.vb.under("albert", "embeddings.word_embeddings.weight");
        let embeddings = Embeddings::load(&vb.pp("embeddings"), tables, None, source.device)?;
        let projection = Linear::load(&vb.pp("encoder.embedding_hidden_mapping_in"), narrow, dim)?;
        let block = |group: usize, i: usize| {
            let vb = vb.pp(format!("encoder.albert_layer_groups.{group}.albert_layers.{i}"));
            Block::load(&vb, sizes, &NAMES)
        };
        let blocks = (0..groups).map(|g| (0..inner).map(|i| block(g, i)).collect()).collect::<Result<_>>()?;

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
        let mut card = config.card("albert");
        card.layers = layers * inner;
        card.narrow = narrow;
        heads.describe(&mut card);
        Ok(Self { card, embeddings, projection, groups: blocks, layers, heads, device: source.device.clone() })
    }
}

impl Model for Albert {
    fn card(&self) -> &Card {
        &self.card
    }

    fn forward(&self, input: &Input, trace: &mut Trace<'_>) -> Result<()> {
        let project = |x| self.projection.forward(&x);
        let mut x = self.embeddings.forward(input, &self.card, trace, project)?; // [batch, token, dim]
        let mask = padding_mask(&input.mask, &self.device)?; // [batch, 1, 1, key]
        let groups = (0..self.layers).map(|i| &self.groups[i * self.groups.len() / self.layers]);
        for (i, block) in groups.flatten().enumerate() {
            trace.enter(Stack::Encoder, i)?;
            x = block.forward(&x, mask.as_ref(), trace)?;
        }
        finish(&self.heads, &x, input, trace)
    }
}
