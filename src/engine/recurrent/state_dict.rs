//! PyTorch state dicts: recurrent layers are found by the names that `torch.nn` gives them, under any prefix, and what
//! else there is by its shape.

use super::described::{Chosen, Described, Head};
use super::guess::closest;
use super::tensors::Tensors;
use crate::error::Result;
use crate::model::recurrent::{Embedding, Kind, Layer, Layout, Network, Output, Parts, Pooling, Reset, Stored, Wiring};
use std::collections::BTreeSet;

/// The network in a file, as `described` wants it read. `symbols` is the size of the vocabulary, where one is known.
pub(super) fn network(tensors: &Tensors, described: &Described, symbols: Option<usize>) -> Result<Network> {
    let mut used = BTreeSet::new();
    let layers = layers(tensors, described, &mut used)?;
    let first = layers[0].forward.inputs;
    let width = layers[layers.len() - 1].outputs();
    let embedding = embedding(tensors, described, first, symbols, &used)?;
    if let Some((_, name)) = &embedding {
        used.insert(name.clone());
    }
    let output = output(tensors, described, width, &used)?;
    let embedding = embedding.map_or(Embedding::OneHot(first), |(embedding, _)| embedding);
    let network = Network { embedding, layers, wiring: Wiring::Joined, output, mix: None };
    network.check().map_err(|e| tensors.wrong(e.to_string()))?;
    Ok(network)
}

fn layers(tensors: &Tensors, described: &Described, used: &mut BTreeSet<String>) -> Result<Vec<Layer>> {
    let wrong = |e: crate::Error| match e {
        crate::Error::Input { what } => tensors.wrong(what),
        other => other,
    };
    let layout = described.layout.unwrap_or(Layout::PyTorch);
    if let Some(named) = &described.layers {
        let kind = described.kind().map_err(wrong)?;
        let kind =
            kind.ok_or_else(|| tensors.wrong("lexiscope.json names `layers`, and not the `cell` that they are"))?;
        let mut layers = Vec::new();
        for names in named {
            let cell = |names: &super::described::Names| {
                let parts = described.apply(names.parts(tensors, layout)?)?;
                layout.cell(kind, &parts)
            };
            let forward = cell(&names.forward).map_err(wrong)?;
            let backward = names.backward.as_ref().map(cell).transpose().map_err(wrong)?;
            layers.push(Layer { forward, backward });
        }
        if layers.is_empty() {
            return Err(tensors.wrong("lexiscope.json names no layer"));
        }
        return Ok(layers);
    }
    let prefix = prefix(tensors, described)?;
    let mut layers = Vec::new();
    while tensors.shape(&format!("{prefix}weight_ih_l{}", layers.len())).is_some() {
        let number = layers.len();
        let mut cell = |suffix: &str| {
            let name = |what: &str| format!("{prefix}{what}_l{number}{suffix}");
            let mut read = |what: &str| {
                let name = name(what);
                let tensor = tensors.read(&name)?;
                used.insert(name);
                Ok::<_, crate::Error>(tensor)
            };
            let (input, recurrent) = (read("weight_ih")?, read("weight_hh")?);
            let mut biases = Vec::new();
            let projection = tensors.shape(&name("weight_hr")).map(|_| read("weight_hr")).transpose()?;
            for what in ["bias_ih", "bias_hh"] {
                if tensors.shape(&name(what)).is_some() {
                    biases.push(read(what)?);
                }
            }
            let kind = match described.kind()? {
                Some(kind) => kind,
                None => kind(&recurrent, projection.as_ref())?,
            };
            let parts = described.apply(Parts { projection, ..Parts::new(Some(input), recurrent, biases) })?;
            layout.cell(kind, &parts)
        };
        let forward = cell("").map_err(wrong)?;
        let is_double = tensors.shape(&format!("{prefix}weight_ih_l{number}_reverse")).is_some();
        let backward = if is_double { Some(cell("_reverse").map_err(wrong)?) } else { None };
        layers.push(Layer { forward, backward });
    }
    Ok(layers)
}

/// What stands before `weight_ih_l0`.
fn prefix(tensors: &Tensors, described: &Described) -> Result<String> {
    const FIRST: &str = "weight_ih_l0";
    let found: Vec<&str> = tensors.entries().filter_map(|(name, _)| name.strip_suffix(FIRST)).collect();
    let is_there = |prefix: &str| found.contains(&prefix);
    match (&described.prefix, found.as_slice()) {
        (Some(prefix), _) if is_there(prefix) => Ok(prefix.clone()),
        (Some(prefix), _) => Err(tensors.wrong(format!(
            "there is no `{prefix}{FIRST}` (recurrent layers are under: {}; found: {})",
            found.join(", "),
            tensors.listed()
        ))),
        (None, [only]) => Ok((*only).to_owned()),
        (None, []) => {
            let last = |name: &'_ str| name.rsplit('.').next().unwrap_or_default().to_owned();
            let ends: Vec<String> = tensors.entries().map(|(name, _)| last(name)).collect();
            let close = closest(FIRST, ends.iter().map(String::as_str));
            let close = close.map(|close| format!("; the closest name is `{close}`")).unwrap_or_default();
            Err(tensors.wrong(format!(
                "no tensor is called {FIRST}, as PyTorch names recurrent layers{close} (found: {}). A lexiscope.json \
                 beside it can say which tensor is which",
                tensors.listed()
            )))
        }
        (None, several) => Err(tensors.wrong(format!(
            "there are several recurrent networks, under {}: choose one with `prefix` in a lexiscope.json beside it",
            several.iter().map(|prefix| format!("`{prefix}`")).collect::<Vec<_>>().join(", ")
        ))),
    }
}

/// What a layer is, by how many gates its weights have.
fn kind(recurrent: &Stored, projection: Option<&Stored>) -> Result<Kind> {
    let wrong = |what: String| crate::Error::input(what);
    let &[rows, cols] = recurrent.shape.as_slice() else {
        return Err(wrong(format!("a recurrent weight is {:?} and no matrix", recurrent.shape)));
    };
    let units = match projection.map(|p| p.shape.as_slice()) {
        Some(&[_, units]) => units,
        Some(shape) => return Err(wrong(format!("a projection is {shape:?} and no matrix"))),
        None => cols,
    };
    match rows.checked_div(units) {
        Some(1) if rows == units => Ok(Kind::Plain),
        Some(3) if rows == 3 * units => Ok(Kind::Gru(Reset::After)),
        Some(4) if rows == 4 * units => Ok(Kind::Lstm),
        _ => Err(wrong(format!(
            "recurrent weights [{rows}, {cols}] are no 1 (RNN), 3 (GRU) or 4 (LSTM) gates of {units} units"
        ))),
    }
}

/// The table of tokens and its name; nothing where the layer reads ones.
fn embedding(
    tensors: &Tensors,
    described: &Described,
    width: usize,
    symbols: Option<usize>,
    used: &BTreeSet<String>,
) -> Result<Option<(Embedding, String)>> {
    let name = match &described.embedding {
        Some(Chosen::Name(name)) => Some(name.clone()),
        Some(Chosen::None(_)) => None,
        None => {
            let fits = |(name, shape): &(&str, &[usize])| {
                matches!(shape, [_, cols] if *cols == width) && !used.contains(*name)
            };
            let found: Vec<&str> = tensors.entries().filter(fits).map(|(name, _)| name).collect();
            let is_named =
                |name: &&&str| ["emb", "encoder", "lookup"].iter().any(|part| name.to_lowercase().contains(part));
            let named: Vec<&&str> = found.iter().filter(is_named).collect();
            let has_symbols = |name: &&&str| tensors.shape(name).and_then(|s| s.first().copied()) == symbols;
            match (named.as_slice(), symbols) {
                ([only], _) => Some((**only).to_owned()),
                (_, Some(size)) if size == width => None,
                ([], Some(_)) => found.iter().find(has_symbols).map(|name| (*name).to_owned()),
                ([], None) => None,
                (several, _) => {
                    let names: Vec<&str> = several.iter().map(|name| **name).collect();
                    return Err(tensors.wrong(format!(
                        "the table of tokens may be any of {}: name it as `embedding` in a lexiscope.json",
                        names.join(", ")
                    )));
                }
            }
        }
    };
    let Some(name) = name else { return Ok(None) };
    let stored = tensors.read(&name)?;
    let width = stored.shape.last().copied().unwrap_or(0);
    Ok(Some((Embedding::Table { values: stored.values, width }, name)))
}

fn output(tensors: &Tensors, described: &Described, width: usize, used: &BTreeSet<String>) -> Result<Option<Output>> {
    let (name, bias, reads) = match &described.output {
        Some(Head::None(_)) => return Ok(None),
        Some(Head::Names { weight, bias, reads }) => (weight.clone(), bias.clone(), *reads),
        None => {
            let fits = |(name, shape): &(&str, &[usize])| {
                matches!(shape, [_, cols] if *cols == width) && !used.contains(*name)
            };
            let found: Vec<&str> = tensors.entries().filter(fits).map(|(name, _)| name).collect();
            match found.as_slice() {
                [] => return Ok(None),
                [only] => {
                    let bias = only.strip_suffix("weight").map(|stem| format!("{stem}bias"));
                    ((*only).to_owned(), bias.filter(|bias| tensors.shape(bias).is_some()), None)
                }
                several => {
                    return Err(tensors.wrong(format!(
                        "the output layer may be any of {}: name it as `output` in a lexiscope.json",
                        several.join(", ")
                    )));
                }
            }
        }
    };
    let stored = tensors.read(&name)?;
    let &[classes, _] = stored.shape.as_slice() else {
        return Err(tensors.wrong(format!("`{name}` is {:?} and no matrix", stored.shape)));
    };
    let weights = if described.layout.is_none_or(Layout::has_rows_of_outputs) { stored.turned()? } else { stored };
    let classes = if described.layout.is_none_or(Layout::has_rows_of_outputs) { classes } else { weights.shape[1] };
    let bias = match bias {
        Some(bias) => tensors.row(&bias)?,
        None => vec![0.0; classes],
    };
    if bias.len() != classes {
        return Err(tensors.wrong(format!("`{name}` has {classes} outputs, and its bias {}", bias.len())));
    }
    Ok(Some(Output { weights: weights.values, bias, reads: reads.unwrap_or(Pooling::Every) }))
}
