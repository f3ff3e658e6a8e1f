//! The character models that ml5 ships: TensorFlow 1 in raw floats, `BasicLSTMCell` with its forget bias of 1.

use super::tensors::Tensors;
use crate::error::Result;
use crate::model::recurrent::{Embedding, Kind, Layer, Layout, Network, Output, Parts, Pooling, Wiring};

/// The network in a manifest.
pub(super) fn network(tensors: &Tensors) -> Result<Network> {
    let table = tensors.read("embedding")?;
    let mut layers = Vec::new();
    // Names changed with TensorFlow 1.2.
    let find = |number: usize, what: [&str; 2]| {
        let ends = what.map(|what| format!("cell_{number}/basic_lstm_cell/{what}"));
        let mut names = tensors.entries().map(|(name, _)| name);
        names.find(|name| ends.iter().any(|end| name.ends_with(end.as_str()))).map(str::to_owned)
    };
    while let Some(kernel) = find(layers.len(), ["kernel", "weights"]) {
        let bias = find(layers.len(), ["bias", "biases"]);
        let bias = bias.ok_or_else(|| tensors.wrong(format!("`{kernel}` has no bias beside it")))?;
        let parts = Parts { forget_bias: 1.0, ..Parts::new(None, tensors.read(&kernel)?, vec![tensors.read(&bias)?]) };
        let cell = Layout::TensorFlow.cell(Kind::Lstm, &parts);
        let forward = cell.map_err(|e| tensors.wrong(format!("`{kernel}`: {e}")))?;
        layers.push(Layer { forward, backward: None });
    }
    if layers.is_empty() {
        let listed = tensors.listed();
        return Err(tensors.wrong(format!("no tensor is called cell_0/basic_lstm_cell/kernel (found: {listed})")));
    }
    let named = |end: &str| {
        let name = tensors.entries().map(|(name, _)| name).find(|name| name.rsplit('/').next() == Some(end));
        tensors.read(name.unwrap_or(end))
    };
    let (weights, bias) = (named("softmax_w")?, named("softmax_b")?);
    let width = table.shape.last().copied().unwrap_or(0);
    let network = Network {
        embedding: Embedding::Table { values: table.values, width },
        layers,
        wiring: Wiring::Joined,
        output: Some(Output { weights: weights.values, bias: bias.values, reads: Pooling::Every }),
        mix: None,
    };
    network.check().map_err(|e| tensors.wrong(e.to_string()))?;
    Ok(network)
}
