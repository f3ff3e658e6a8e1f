//! ELMo: `options.json` beside HDF5 weights (Peters et al. 2018, in the format of bilm-tf).

use super::tensors::Tensors;
use crate::error::{Error, Result};
use crate::model::recurrent::{
    Activation, Embedding, Filters, Highway, Kind, Layer, Layout, Network, Parts, Speller, Wiring,
};
use crate::source::find;
use serde::Deserialize;
use std::path::Path;

/// The longest `options.json`, in bytes.
const LONGEST: u64 = 1 << 20;

/// `options.json`.
#[derive(Debug, Deserialize)]
pub(super) struct Options {
    lstm: Lstm,
    char_cnn: CharCnn,
}

#[derive(Debug, Deserialize)]
struct Lstm {
    n_layers: usize,
    #[serde(default)]
    cell_clip: Option<f32>,
    #[serde(default)]
    proj_clip: Option<f32>,
    #[serde(default)]
    use_skip_connections: bool,
}

#[derive(Debug, Deserialize)]
struct CharCnn {
    activation: String,
    filters: Vec<(usize, usize)>,
    n_highway: usize,
    max_characters_per_token: usize,
}

impl Options {
    /// Reads the file; `None` where it is no ELMo's.
    pub(super) fn read(path: &Path) -> Result<Option<Self>> {
        let text = find::read_text(path, LONGEST)?;
        let value: serde_json::Value = serde_json::from_str(&text).map_err(|e| Error::format(path, e.to_string()))?;
        if value["lstm"].is_null() {
            return Ok(None);
        }
        if value["char_cnn"].is_null() {
            return Err(Error::unsupported(path, "this language model reads words and not characters (no `char_cnn`)"));
        }
        Ok(Some(serde_json::from_value(value).map_err(|e| Error::unsupported(path, e.to_string()))?))
    }

    /// The network whose weights these are. The sum of its layers is their mean: weights of a task are not in the files.
    pub(super) fn network(&self, tensors: &Tensors) -> Result<Network> {
        let wrong = |e: Error| match e {
            Error::Input { what } => tensors.wrong(what),
            other => other,
        };
        if self.lstm.n_layers > 64 {
            return Err(tensors.wrong(format!("{} layers", self.lstm.n_layers)));
        }
        let speller = self.speller(tensors)?;
        let cell = |direction: usize, number: usize| {
            let name = |what: &str| format!("RNN_{direction}/RNN/MultiRNNCell/Cell{number}/LSTMCell/{what}");
            let parts = Parts {
                projection: Some(tensors.read(&name("W_P_0"))?),
                forget_bias: 1.0,
                cell_clip: self.lstm.cell_clip,
                output_clip: self.lstm.proj_clip,
                ..Parts::new(None, tensors.read(&name("W_0"))?, vec![tensors.read(&name("B"))?])
            };
            Layout::TensorFlow.cell(Kind::Lstm, &parts).map_err(wrong)
        };
        let layers: Vec<Layer> = (0..self.lstm.n_layers)
            .map(|number| Ok(Layer { forward: cell(0, number)?, backward: Some(cell(1, number)?) }))
            .collect::<Result<_>>()?;
        let share = 1.0 / (layers.len() + 1) as f32;
        let network = Network {
            embedding: Embedding::Letters(Box::new(speller)),
            mix: Some((vec![share; layers.len() + 1], 1.0)),
            layers,
            wiring: Wiring::Apart { skip: self.lstm.use_skip_connections },
            output: None,
        };
        network.check().map_err(wrong)?;
        Ok(network)
    }

    fn speller(&self, tensors: &Tensors) -> Result<Speller> {
        let cnn = &self.char_cnn;
        let activation = match cnn.activation.as_str() {
            "relu" => Activation::Relu,
            "tanh" => Activation::Tanh,
            other => return Err(tensors.wrong(format!("`activation` = `{other}` is not known (relu, tanh)"))),
        };
        let mut filters = Vec::new();
        for (i, &(span, count)) in cnn.filters.iter().enumerate() {
            let weights = tensors.read(&format!("CNN/W_cnn_{i}"))?;
            if !matches!(weights.shape[..], [1, s, _, n] if s == span && n == count) {
                let found = weights.shape;
                return Err(tensors.wrong(format!("CNN/W_cnn_{i} is {found:?}, of {count} filters of width {span}")));
            }
            filters.push(Filters { span, weights: weights.values, bias: tensors.row(&format!("CNN/b_cnn_{i}"))? });
        }
        if cnn.n_highway > 64 || cnn.max_characters_per_token > 10_000 {
            return Err(tensors.wrong("its character network is too large"));
        }
        let highway = |i: usize| {
            let read = |what: &str| tensors.row(&format!("CNN_high_{i}/{what}"));
            Ok(Highway {
                carry: read("W_carry")?,
                carry_bias: read("b_carry")?,
                transform: read("W_transform")?,
                transform_bias: read("b_transform")?,
            })
        };
        Ok(Speller {
            length: cnn.max_characters_per_token,
            table: tensors.row("char_embed")?,
            filters,
            activation,
            highways: (0..cnn.n_highway).map(highway).collect::<Result<_>>()?,
            projection: tensors.row("CNN_proj/W_proj")?,
            projection_bias: tensors.row("CNN_proj/b_proj")?,
        })
    }
}
