//! `lexiscope.json`: what cannot be guessed from the tensors of a recurrent model. Every field may be left out.

use super::tensors::Tensors;
use crate::error::{Error, Result};
use crate::model::recurrent::{Activation, Gate, Kind, Layout, Parts, Pooling, Reset, Stored};
use crate::source::find;
use crate::source::symbols::{Symbols, Unit};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Its name.
pub(super) const NAME: &str = "lexiscope.json";
/// The longest one, in bytes.
const LONGEST: u64 = 16 << 20;

/// What a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// Logits of the next token, at every token.
    Language,
    /// Logits of a label, at every token.
    Tagger,
    /// Logits of a label, of the whole text.
    Classifier,
    /// No logits.
    States,
}

impl Task {
    /// As people write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Language => "language model",
            Self::Tagger => "tagger",
            Self::Classifier => "classifier",
            Self::States => "states only",
        }
    }
}

/// The file. Names of tensors may be lists: they are joined along their outputs, in the order of gates of `layout`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Described {
    /// The file of weights, beside this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<PathBuf>,
    /// Whose order of gates it has; `pytorch` unless said otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layout: Option<Layout>,
    /// `rnn`, `gru` or `lstm`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cell: Option<String>,
    /// `tanh` or `relu`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activation: Option<String>,
    /// `sigmoid` or `hard_sigmoid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate: Option<String>,
    /// `before` or `after`: where the reset gate of a GRU acts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset: Option<String>,
    /// What is added to the forget gate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forget_bias: Option<f32>,
    /// The largest magnitude in a cell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cell_clip: Option<f32>,
    /// The largest magnitude in a projected state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_clip: Option<f32>,
    /// What stands before `weight_ih_l0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// The tensors of each layer, where their names are not PyTorch's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layers: Option<Vec<Directions>>,
    /// The table of tokens; `false` where the first layer reads a 1 at the token's place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embedding: Option<Chosen>,
    /// The output layer; `false` where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Head>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<Task>,
    /// The names of its labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<Vec<String>>,
    /// The vocabulary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vocabulary: Option<Vocabulary>,
    /// Whether its symbols are characters or words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
}

/// The tensors of a layer.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Directions {
    /// From left to right.
    pub forward: Names,
    /// From right to left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backward: Option<Names>,
}

/// The tensors of one direction of a layer.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Names {
    /// Weights of what is read; left out where they are in one matrix with those of the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<OneOrMore>,
    /// Weights of the state.
    pub recurrent: OneOrMore,
    /// Biases that are added: each may be a list that is joined.
    #[serde(default)]
    pub biases: Vec<OneOrMore>,
    /// The projection of the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub projection: Option<String>,
}

/// A name, or several that are joined.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum OneOrMore {
    /// One.
    One(String),
    /// Several.
    More(Vec<String>),
}

/// A name, or that there is none.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Chosen {
    /// `false`.
    None(bool),
    /// The name.
    Name(String),
}

/// The output layer.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Head {
    /// `false`.
    None(bool),
    /// Its tensors.
    Names {
        /// Its weights.
        weight: String,
        /// Its bias.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bias: Option<String>,
        /// The states that it reads.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reads: Option<Pooling>,
    },
}

/// The vocabulary.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Vocabulary {
    /// A file beside this one.
    File(PathBuf),
    /// The symbols.
    List(Vec<String>),
    /// The characters, in order.
    Characters {
        /// One after the other.
        characters: String,
    },
}

impl Described {
    /// Reads the file in `folder`, if there is one.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(NAME);
        if !path.is_file() {
            return Ok(None);
        }
        let text = find::read_text(&path, LONGEST)?;
        Ok(Some(serde_json::from_str(&text).map_err(|e| Error::unsupported(&path, e.to_string()))?))
    }

    /// What it computes, if that is said.
    pub(super) fn kind(&self) -> Result<Option<Kind>> {
        Ok(match self.cell.as_deref() {
            None => None,
            Some("rnn") => Some(Kind::Plain),
            Some("gru") => Some(Kind::Gru(self.layout.unwrap_or(Layout::PyTorch).reset())),
            Some("lstm") => Some(Kind::Lstm),
            Some(other) => return Err(unknown("cell", other, "rnn, gru, lstm")),
        })
    }

    /// Adds what is said to the tensors of a layer.
    pub(super) fn apply(&self, parts: Parts) -> Result<Parts> {
        let activation = match self.activation.as_deref() {
            None => parts.activation,
            Some("tanh") => Activation::Tanh,
            Some("relu") => Activation::Relu,
            Some(other) => return Err(unknown("activation", other, "tanh, relu")),
        };
        let gate = match self.gate.as_deref() {
            None => parts.gate,
            Some("sigmoid") => Gate::Sigmoid,
            Some("hard_sigmoid") => Gate::Hard { slope: 0.2 },
            Some(other) => return Err(unknown("gate", other, "sigmoid, hard_sigmoid")),
        };
        let reset = match self.reset.as_deref() {
            None => parts.reset,
            Some("before") => Some(Reset::Before),
            Some("after") => Some(Reset::After),
            Some(other) => return Err(unknown("reset", other, "before, after")),
        };
        Ok(Parts {
            activation,
            gate,
            reset,
            forget_bias: self.forget_bias.unwrap_or(parts.forget_bias),
            cell_clip: self.cell_clip.or(parts.cell_clip),
            output_clip: self.output_clip.or(parts.output_clip),
            ..parts
        })
    }

    /// The vocabulary, if one is named; `folder` is where files lie.
    pub(super) fn symbols(&self, folder: &Path) -> Result<Option<Symbols>> {
        Ok(match &self.vocabulary {
            None => None,
            Some(Vocabulary::File(name)) => Some(Symbols::read(&folder.join(name), self.unit)?),
            Some(Vocabulary::List(items)) => Some(Symbols::new(items.clone(), self.unit)?),
            Some(Vocabulary::Characters { characters }) => Some(Symbols::characters(characters)?),
        })
    }
}

impl Names {
    /// The tensors that are named.
    pub(super) fn parts(&self, tensors: &Tensors, layout: Layout) -> Result<Parts> {
        let below = layout.has_rows_of_outputs();
        let read = |names: &OneOrMore| -> Result<Stored> {
            match names {
                OneOrMore::One(name) => tensors.read(name),
                OneOrMore::More(names) => {
                    let all: Vec<Stored> = names.iter().map(|name| tensors.read(name)).collect::<Result<_>>()?;
                    Stored::joined(&all, below).map_err(|e| tensors.wrong(e.to_string()))
                }
            }
        };
        let input = self.input.as_ref().map(read).transpose()?;
        let biases = self.biases.iter().map(read).collect::<Result<_>>()?;
        let projection = self.projection.as_deref().map(|name| tensors.read(name)).transpose()?;
        Ok(Parts { projection, ..Parts::new(input, read(&self.recurrent)?, biases) })
    }
}

fn unknown(field: &str, found: &str, known: &str) -> Error {
    Error::input(format!("`{field}` = `{found}` is not known ({known})"))
}
