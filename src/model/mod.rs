//! One file per family: configuration, load, forward. The forward passes are our own, so that every intermediate
//! can be seen; they equal Hugging Face transformers' within rounding. [`recurrent`] networks are a kind of their own.

pub mod albert;
pub mod bert;
pub mod blocks;
mod derivatives;
pub mod distilbert;
pub mod electra;
mod embeddings;
mod encoder;
pub mod gpt2;
pub mod heads;
pub mod kernels;
mod params;
pub mod recurrent;
pub mod roberta;

pub use params::Params;

use crate::array::Array;
use crate::error::{Error, Result};
use crate::text::Tokens;
use crate::trace::{Site, Stack, Trace};
use candle_core::{Device, Tensor};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::Path;

/// What a model is, before anything is run.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// The family, as `model_type` in `config.json` has it.
    pub family: &'static str,
    /// The stack that holds the layers.
    pub stack: Stack,
    /// Layers.
    pub layers: usize,
    /// Heads per layer.
    pub heads: usize,
    /// Width of the residual stream.
    pub dim: usize,
    /// Units of the feed-forward block.
    pub inner: usize,
    /// Width of the embedding tables: `dim`, unless the family projects what they hold.
    pub narrow: usize,
    /// The tables that an embedding is the sum of, by their sites.
    pub tables: Vec<Site>,
    /// Rows of the word table.
    pub vocabulary: usize,
    /// The most tokens the model can read.
    pub tokens: usize,
    /// What the checkpoint can predict, by the site of its logits.
    pub outputs: Vec<Site>,
    /// What can be seen on the way to them.
    pub steps: Vec<Site>,
    /// What it cannot predict, and why.
    pub unavailable: Vec<(Site, String)>,
    /// Names of the classifier's labels, where there is one.
    pub labels: Vec<String>,
    /// What the logits of a classifier of texts stand for.
    pub answers: Answers,
}

/// What the logits of a classifier of texts stand for: `problem_type` in `config.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Answers {
    /// One label of several: the softmax makes probabilities of them.
    #[default]
    One,
    /// Any number of labels: each has a probability of its own, by the logistic function.
    Several,
    /// Numbers, which are no probabilities.
    Numbers,
}

impl Card {
    /// Whether it predicts words.
    pub fn predicts_words(&self) -> bool {
        self.outputs.contains(&Site::Logits)
    }

    /// Whether tokens see earlier tokens only.
    pub fn is_causal(&self) -> bool {
        self.stack == Stack::Decoder
    }
}

/// A pass that begins above the embeddings, where everything below is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Resume {
    /// The first layer that is computed; the number of layers where only the heads are.
    pub layer: usize,
    /// What it reads: the output of the layer before it, or of the embeddings, `[batch, token, dim]`.
    pub hidden: Array,
}

/// Token ids for a batch of texts of equal length.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Input {
    /// Vocabulary rows `[batch][token]`.
    pub ids: Vec<Vec<u32>>,
    /// Token-type ids `[batch][token]`; ignored by families that have none.
    pub segments: Vec<Vec<u32>>,
    /// 1 for tokens, 0 for padding `[batch][token]`.
    pub mask: Vec<Vec<u32>>,
    /// Where the pass begins; with the embeddings where there is nothing.
    pub resume: Option<Resume>,
}

impl Input {
    /// One text, nothing padded.
    pub fn single(tokens: &Tokens) -> Self {
        Self {
            ids: vec![tokens.ids()],
            segments: vec![tokens.segments()],
            mask: vec![vec![1; tokens.len()]],
            resume: None,
        }
    }

    /// Several texts, padded on the right with `pad` to the longest.
    pub fn padded(texts: &[Tokens], pad: u32) -> Self {
        let longest = texts.iter().map(Tokens::len).max().unwrap_or(0);
        let fill = |mut row: Vec<u32>, with: u32| {
            row.resize(longest, with);
            row
        };
        Self {
            ids: texts.iter().map(|t| fill(t.ids(), pad)).collect(),
            segments: texts.iter().map(|t| fill(t.segments(), 0)).collect(),
            mask: texts.iter().map(|t| fill(vec![1; t.len()], 0)).collect(),
            resume: None,
        }
    }

    /// `[batch, token]`.
    pub fn shape(&self) -> (usize, usize) {
        (self.ids.len(), self.ids.first().map_or(0, Vec::len))
    }

    /// The first layer that is computed.
    pub fn first_layer(&self) -> usize {
        self.resume.as_ref().map_or(0, |resume| resume.layer)
    }

    /// What the first layer reads where the pass begins above the embeddings: `[batch, token, dim]`.
    fn start(&self, card: &Card, device: &Device) -> Result<Option<Tensor>> {
        let Some(Resume { layer, hidden }) = &self.resume else { return Ok(None) };
        self.check(card)?;
        let (batch, tokens) = self.shape();
        let wanted = [batch, tokens, card.dim];
        if *layer > card.layers || hidden.shape() != wanted {
            return Err(Error::input(format!(
                "the pass goes on from layer {layer} with {:?}; the model has {} layers and reads {wanted:?}",
                hidden.shape(),
                card.layers
            )));
        }
        Ok(Some(Tensor::from_slice(hidden.data(), &wanted[..], device)?))
    }

    /// Refuses what the model cannot read, before any tensor is made.
    fn check(&self, card: &Card) -> Result<()> {
        let (batch, tokens) = self.shape();
        if batch == 0 || tokens == 0 {
            return Err(Error::input("the text is empty"));
        }
        if tokens > card.tokens {
            return Err(Error::input(format!("{tokens} tokens, and the model reads at most {}", card.tokens)));
        }
        let rows = || self.ids.iter().chain(&self.segments).chain(&self.mask);
        if rows().any(|r| r.len() != tokens) || self.segments.len() != batch || self.mask.len() != batch {
            return Err(Error::input("the texts of a batch differ in length"));
        }
        if let Some(id) = self.ids.iter().flatten().find(|&&id| id as usize >= card.vocabulary) {
            return Err(Error::input(format!(
                "token id {id} is outside the model's vocabulary of {}: the tokenizer belongs to another model",
                card.vocabulary
            )));
        }
        Ok(())
    }
}

/// A model that has been read and can be run.
pub trait Model: Send + Sync {
    /// What it is.
    fn card(&self) -> &Card;

    /// Runs the whole model under the eyes of `trace`; logits are computed only where the trace wants them.
    fn forward(&self, input: &Input, trace: &mut Trace<'_>) -> Result<()>;

    /// What the vocabulary head reads off hidden states `[batch, token, dim]`, as if they were the last ones: logits
    /// `[batch, token, vocabulary]`. Where the family normalises the last hidden state on its own (GPT-2), this is
    /// done here, unless they are `normalised` already.
    fn read_out(&self, hidden: &Tensor, normalised: bool) -> Result<Tensor>;

    /// What a head adds to the residual stream: `[batch, query, width]` as [`Site::Heads`] has it, times the head's
    /// slice of the output projection: `[batch, query, dim]`. The bias belongs to no head and is left out.
    fn head_output(&self, layer: usize, head: usize, read: &Tensor) -> Result<Tensor>;
}

/// What a family is read from.
pub struct Source<'a> {
    /// The path of `config.json`, for messages.
    pub path: &'a Path,
    /// The parsed `config.json`.
    pub config: &'a Value,
    /// The weights.
    pub vb: Params<'a>,
    /// Where the weights go.
    pub device: &'a Device,
}

impl Source<'_> {
    /// The configuration as a family wants it, with the field at fault named. Where `config.json` is silent, `defaults`
    /// speak; `aliases` are other names of fields and the names that the family has for them.
    pub fn config<T: DeserializeOwned>(&self, mut defaults: Value, aliases: &[(&str, &str)]) -> Result<T> {
        if !self.config["quantization_config"].is_null() {
            let what = "its weights are quantised (`quantization_config`), and only plain ones are read";
            return Err(Error::format(self.path, what));
        }
        if let (Some(all), Some(own)) = (defaults.as_object_mut(), self.config.as_object()) {
            for (field, value) in own {
                let known = aliases.iter().find(|(alias, _)| alias == field).map_or(field.as_str(), |(_, name)| name);
                all.insert(known.to_owned(), value.clone());
            }
        }
        T::deserialize(defaults).map_err(|e| Error::format(self.path, e.to_string()))
    }

    /// An error about the configuration.
    pub fn wrong(&self, error: &Error) -> Error {
        Error::format(self.path, error.to_string())
    }

    /// Refuses an encoder that was turned into a decoder: it attends to earlier tokens only, or to another model.
    pub fn refuse_decoder(&self) -> Result<()> {
        for field in ["is_decoder", "add_cross_attention"] {
            let found = &self.config[field];
            if !matches!(found, Value::Null | Value::Bool(false)) {
                let what = format!("`{field}` = {found} is not supported: this family is read as an encoder only");
                return Err(Error::format(self.path, what));
            }
        }
        Ok(())
    }

    /// Refuses more blocks than [`At::layer`](crate::trace::At::layer) can number, before anything is made of them.
    pub fn check_blocks(&self, field: &str, blocks: usize) -> Result<()> {
        const MOST: usize = u16::MAX as usize;
        if blocks > MOST {
            return Err(Error::format(self.path, format!("`{field}` = {blocks} is more than {MOST} blocks")));
        }
        Ok(())
    }

    /// The class that the checkpoint was saved from, e.g. `BertForMaskedLM`.
    pub fn class(&self) -> &str {
        self.config["architectures"][0].as_str().unwrap_or("")
    }

    /// What its class labels, tokens or texts, by the site of the logits; `None` where it is no classifier of either.
    pub fn classifies(&self) -> Option<Site> {
        let suffixes = [("ForTokenClassification", Site::TokenLabels), ("ForSequenceClassification", Site::Sequence)];
        suffixes.into_iter().find(|(suffix, _)| self.class().ends_with(suffix)).map(|(_, site)| site)
    }

    /// Whether a decoder that the checkpoint does not have is its word table.
    pub fn ties_words(&self) -> bool {
        self.config["tie_word_embeddings"] != Value::Bool(false)
    }

    /// The names of `count` labels.
    pub fn labels(&self, count: usize) -> Vec<String> {
        let name = |i: usize| self.config["id2label"][i.to_string()].as_str().map(str::to_owned);
        (0..count).map(|i| name(i).unwrap_or_else(|| format!("LABEL_{i}"))).collect()
    }

    /// What the logits of a classifier of texts with `count` labels stand for. A single label has nothing to be chosen
    /// from; transformers takes it for a number too.
    pub fn answers(&self, count: usize) -> Answers {
        match (self.config["problem_type"].as_str(), count) {
            (Some("multi_label_classification"), _) => Answers::Several,
            (Some("regression"), _) | (_, 1) => Answers::Numbers,
            _ => Answers::One,
        }
    }

    /// Refuses a variant that the forward pass does not have, rather than running it wrongly.
    pub fn refuse(&self, field: &str, supported: &[&str]) -> Result<()> {
        match self.config[field].as_str() {
            Some(found) if !supported.contains(&found) => Err(Error::format(
                self.path,
                format!("`{field}` = `{found}` is not supported ({})", supported.join(", ")),
            )),
            _ => Ok(()),
        }
    }
}

/// A family: the names it goes by and how it is read.
pub struct Family {
    /// Values of `model_type`.
    pub names: &'static [&'static str],
    /// Reads a model.
    pub load: fn(&Source<'_>) -> Result<Box<dyn Model>>,
}

/// Every family. A new one is a file of its own and a line here.
pub static FAMILIES: &[&Family] =
    &[&bert::FAMILY, &roberta::FAMILY, &distilbert::FAMILY, &electra::FAMILY, &albert::FAMILY, &gpt2::FAMILY];

/// The family that `model_type` names.
pub fn family(path: &Path, model_type: &str) -> Result<&'static Family> {
    FAMILIES.iter().find(|f| f.names.contains(&model_type)).copied().ok_or_else(|| Error::NoFamily {
        path: path.to_path_buf(),
        found: model_type.to_owned(),
        known: FAMILIES.iter().flat_map(|f| f.names.iter().copied()).collect(),
    })
}

fn no_layer(layer: usize) -> Error {
    Error::input(format!("there is no layer {layer}"))
}

/// `[batch, token, dim]` of the last layer to the logits that the trace wants.
fn finish(heads: &heads::Heads, hidden: &Tensor, input: &Input, trace: &mut Trace<'_>) -> Result<()> {
    trace.enter(Stack::Output, 0)?;
    heads.forward(hidden, input, trace)
}
