//! Keras HDF5: whole models with their `model_config`, and files of weights alone, whose layers are told by their names
//! and shapes.

use super::tensors::Tensors;
use crate::error::{Error, Result};
use crate::model::recurrent::{
    Activation, Embedding, Gate, Kind, Layer, Layout, Network, Output, Parts, Pooling, Reset, Wiring,
};
use serde_json::Value;

/// The network in a file, and what a person should know about it.
pub(super) fn network(tensors: &Tensors) -> Result<(Network, Vec<String>)> {
    let attribute = |object: &str, name: &str| match tensors.hdf5() {
        Some(file) => file.attribute(object, name),
        None => Ok(None),
    };
    let root = if attribute("model_weights", "layer_names")?.is_some() { "model_weights" } else { "" };
    let order = attribute(root, "layer_names")?.unwrap_or_default();
    let config = attribute("", "model_config")?.and_then(|texts| texts.into_iter().next());
    let version = attribute(root, "keras_version")?.and_then(|texts| texts.into_iter().next()).unwrap_or_default();
    let mut builder = Builder { tensors, root, version, network: None, notices: Vec::new(), pooling: None };
    match config {
        Some(config) => {
            let config: Value = serde_json::from_str(&config)
                .map_err(|e| tensors.wrong(format!("its `model_config` is no JSON: {e}")))?;
            let layers =
                layers_of(&config["config"]).ok_or_else(|| tensors.wrong("its `model_config` has no layers"))?;
            for layer in layers {
                builder.layer(&layer["class_name"], &layer["config"])?;
            }
        }
        None => {
            for name in &order {
                builder.weights(name)?;
            }
        }
    }
    let network = builder.network.filter(|network| !network.layers.is_empty());
    let network = network.ok_or_else(|| {
        let listed = tensors.listed();
        tensors.wrong(format!("there is no recurrent layer of Keras in it (found: {listed})"))
    })?;
    network.check().map_err(|e| tensors.wrong(e.to_string()))?;
    Ok((network, builder.notices))
}

/// The layers of a model, those of a model within it in its place.
fn layers_of(config: &Value) -> Option<Vec<&Value>> {
    config["layers"].as_array().or_else(|| config.as_array()).map(|layers| layers.iter().collect())
}

struct Builder<'a> {
    tensors: &'a Tensors,
    /// The group in which the weights are.
    root: &'static str,
    version: String,
    network: Option<Network>,
    notices: Vec<String>,
    /// What the last recurrent layer puts out.
    pooling: Option<Pooling>,
}

impl Builder<'_> {
    /// Adds a layer as its configuration describes it.
    fn layer(&mut self, class: &Value, config: &Value) -> Result<()> {
        let class = class.as_str().unwrap_or_default();
        let name = config["name"].as_str().unwrap_or_default();
        let wrapped = &config["layer"];
        match class {
            "InputLayer" | "Dropout" | "SpatialDropout1D" | "Masking" => Ok(()),
            "Activation" | "Softmax" if self.has_output() => Ok(()),
            "Embedding" => self.embedding(name),
            "TimeDistributed" if wrapped["class_name"] == "Dense" => self.dense(name),
            "Dense" => self.dense(name),
            "SimpleRNN" | "GRU" | "LSTM" | "CuDNNGRU" | "CuDNNLSTM" => self.recurrent(class, name, config, false),
            "Bidirectional" => {
                let merge = config["merge_mode"].as_str();
                if merge != Some("concat") {
                    let what = format!("layer `{name}` merges its directions by {merge:?}, and only concat is read");
                    return Err(self.tensors.wrong(what));
                }
                let inner = wrapped["class_name"].as_str().unwrap_or_default();
                self.recurrent(inner, name, &wrapped["config"], true)
            }
            other => Err(self.tensors.wrong(format!("layer `{name}` is a {other}, which is not read"))),
        }
    }

    /// Adds a layer of a file that has weights alone.
    fn weights(&mut self, name: &str) -> Result<()> {
        if self.find(name, "", "embeddings").is_some() {
            return self.embedding(name);
        }
        if self.find(name, "", "recurrent_kernel").is_none() {
            if self.find(name, "", "kernel").is_some() && self.has_layers() {
                return self.dense(name);
            }
            if self.find(name, "", "").is_some() {
                self.notices
                    .push(format!("layer `{name}` has weights of an unknown kind: what comes after it is not read"));
                // Its outputs would be wrong without it.
                self.pooling = None;
            }
            return Ok(());
        }
        let shape = |what: &str| self.find(name, "", what).and_then(|n| self.tensors.shape(&n)).unwrap_or(&[]).to_vec();
        let (recurrent, bias) = (shape("recurrent_kernel"), shape("bias"));
        let &[units, width] = recurrent.as_slice() else {
            return Err(self.tensors.wrong(format!("layer `{name}` has recurrent weights {recurrent:?}")));
        };
        let class = match (width.checked_div(units), bias.as_slice()) {
            (Some(1), _) => "SimpleRNN",
            (Some(3), [n]) if *n == 6 * units => "CuDNNGRU",
            (Some(3), _) => "GRU",
            (Some(4), [n]) if *n == 8 * units => "CuDNNLSTM",
            (Some(4), _) => "LSTM",
            _ => return Err(self.tensors.wrong(format!("layer `{name}` has recurrent weights {recurrent:?}"))),
        };
        let reset_after = bias.len() == 2;
        let config = serde_json::json!({ "reset_after": reset_after, "return_sequences": true });
        let before = self.network.as_ref().map_or(0, |network| network.layers.len());
        self.recurrent(class, name, &config, false)?;
        if class == "LSTM" && before == 0 {
            let what = "the file has weights alone: gates are taken for sigmoids and candidates for tanh";
            self.notices.push(what.to_owned());
        }
        Ok(())
    }

    fn has_layers(&self) -> bool {
        self.network.as_ref().is_some_and(|network| !network.layers.is_empty())
    }

    fn has_output(&self) -> bool {
        self.network.as_ref().is_some_and(|network| network.output.is_some())
    }

    /// The name of a tensor of a layer whose last part is `what`, before a `:0`, and whose path has `within` in it.
    fn find(&self, layer: &str, within: &str, what: &str) -> Option<String> {
        let start = if self.root.is_empty() { format!("{layer}/") } else { format!("{}/{layer}/", self.root) };
        let is_it = |name: &&str| {
            let Some(rest) = name.strip_prefix(start.as_str()) else { return false };
            let last = rest.rsplit('/').next().unwrap_or_default();
            let last = last.split(':').next().unwrap_or_default();
            (what.is_empty() || last == what) && rest.contains(within)
        };
        self.tensors.entries().map(|(name, _)| name).find(is_it).map(str::to_owned)
    }

    fn need(&self, layer: &str, within: &str, what: &str) -> Result<String> {
        self.find(layer, within, what).ok_or_else(|| {
            let listed = self.tensors.listed();
            self.tensors.wrong(format!("layer `{layer}` has no {within} `{what}` (found: {listed})"))
        })
    }

    fn network(&mut self) -> &mut Network {
        self.network.get_or_insert_with(|| Network {
            embedding: Embedding::OneHot(0),
            layers: Vec::new(),
            wiring: Wiring::Joined,
            output: None,
            mix: None,
        })
    }

    fn embedding(&mut self, name: &str) -> Result<()> {
        let table = self.tensors.read(&self.need(name, "", "embeddings")?)?;
        if self.has_layers() {
            return Err(self.tensors.wrong(format!("layer `{name}` is a table of tokens after a recurrent layer")));
        }
        let width = table.shape.last().copied().unwrap_or(0);
        self.network().embedding = Embedding::Table { values: table.values, width };
        Ok(())
    }

    fn dense(&mut self, name: &str) -> Result<()> {
        if !self.has_layers() || self.has_output() {
            let what =
                format!("layer `{name}` is a Dense before a recurrent layer or after another one: it is not read");
            return Err(self.tensors.wrong(what));
        }
        let Some(reads) = self.pooling else { return Ok(()) };
        let weights = self.tensors.read(&self.need(name, "", "kernel")?)?;
        let classes = weights.shape.last().copied().unwrap_or(0);
        let bias = match self.find(name, "", "bias") {
            Some(bias) => self.tensors.row(&bias)?,
            None => vec![0.0; classes],
        };
        self.network().output = Some(Output { weights: weights.values, bias, reads });
        Ok(())
    }

    fn recurrent(&mut self, class: &str, name: &str, config: &Value, is_double: bool) -> Result<()> {
        if self.has_output() {
            return Err(self.tensors.wrong(format!("layer `{name}` comes after the output layer")));
        }
        if self.pooling.is_some_and(|pooling| pooling != Pooling::Every) {
            return Err(self.tensors.wrong(format!("layer `{name}` reads a layer that returns no sequences")));
        }
        if config["go_backwards"] == true {
            return Err(self.tensors.wrong(format!("layer `{name}` reads backwards only, which is not read")));
        }
        let layout = if class.starts_with("CuDNN") { Layout::Cudnn } else { Layout::Keras };
        let kind = match class.trim_start_matches("CuDNN") {
            "SimpleRNN" => Kind::Plain,
            "GRU" => Kind::Gru(Reset::Before),
            "LSTM" => Kind::Lstm,
            other => return Err(self.tensors.wrong(format!("layer `{name}` is a {other}, which is not read"))),
        };
        let forward = self.cell(layout, kind, name, if is_double { "forward" } else { "" }, config)?;
        let backward = if is_double { Some(self.cell(layout, kind, name, "backward", config)?) } else { None };
        let network = self.network();
        if network.embedding == Embedding::OneHot(0) {
            network.embedding = Embedding::OneHot(forward.inputs);
        }
        network.layers.push(Layer { forward, backward });
        let returns_all = config["return_sequences"] == true;
        self.pooling = Some(if returns_all { Pooling::Every } else { Pooling::Final });
        Ok(())
    }

    fn cell(
        &self,
        layout: Layout,
        kind: Kind,
        name: &str,
        within: &str,
        config: &Value,
    ) -> Result<crate::model::recurrent::Cell> {
        let unknown =
            |field: &str, found: &str| self.tensors.wrong(format!("layer `{name}`: `{field}` = `{found}` is not read"));
        let activation = match config["activation"].as_str() {
            None | Some("tanh") => Activation::Tanh,
            Some("relu") => Activation::Relu,
            Some(other) => return Err(unknown("activation", other)),
        };
        let gate = match config["recurrent_activation"].as_str() {
            None | Some("sigmoid") => Gate::Sigmoid,
            Some("hard_sigmoid") if self.version.starts_with('3') => Gate::Hard { slope: 1.0 / 6.0 },
            Some("hard_sigmoid") => Gate::Hard { slope: 0.2 },
            Some(other) => return Err(unknown("recurrent_activation", other)),
        };
        let reset = match (kind, &config["reset_after"]) {
            _ if layout == Layout::Cudnn => None,
            (Kind::Gru(_), Value::Bool(true)) => Some(Reset::After),
            (Kind::Gru(_), Value::Bool(false)) => Some(Reset::Before),
            _ => None,
        };
        let input = self.tensors.read(&self.need(name, within, "kernel")?)?;
        let recurrent = self.tensors.read(&self.need(name, within, "recurrent_kernel")?)?;
        let bias = self.find(name, within, "bias").map(|bias| self.tensors.read(&bias)).transpose()?;
        let parts = Parts { reset, gate, activation, ..Parts::new(Some(input), recurrent, bias.into_iter().collect()) };
        layout.cell(kind, &parts).map_err(|e| match e {
            Error::Input { what } => self.tensors.wrong(format!("layer `{name}`: {what}")),
            other => other,
        })
    }
}
