//! Whole tensors as files: `NumPy`'s npz, safetensors, and JSON.
//!
//! All three hold the same, under the same names, as `f32` without a batch axis:
//!
//! * `attentions` `[layer, head, query, key]`,
//! * `hidden_states` `[layer + 1, token, dim]`: the embeddings, then the output of every layer,
//! * the logits that the run kept: `logits` `[token, vocabulary]`, `next_sentence_logits` `[label]` and so on,
//!   as [`Site::name`](crate::trace::Site::name) has them,
//! * every other site that was asked for, as `encoder.3.query`,
//! * `tokens`: the list of tokens, each `{piece, id, start, end, segment, special}`. `start` and `end` are bytes in the
//!   text of its segment, 0 and 0 for special tokens. In npz and safetensors the list is UTF-8 JSON in a
//!   one-dimensional `u8` tensor.
//!
//! Files that the window writes also say what they are `about`: see [`Tensors::with_about`].
//!
//! In JSON every tensor is a nested list, so that `attentions[layer][head][query][key]` is a weight; `axes` names
//! the axes of each tensor. JSON has no word for what is not a number: it stands there as `null`.

use super::npz::{Npz, write_singles};
use super::reading::{Passed, Reading};
use crate::analysis::filter::Filter;
use crate::analysis::meaning::{Meaning, Weights};
use crate::array::Array;
use crate::engine::Run;
use crate::error::Result;
use crate::figure::Caption;
use crate::text::Tokens;
use crate::trace::Want;
use serde_json::{Map, Value, json};
use std::io::{self, Seek, Write};

/// What goes into a file, by name.
#[derive(Debug, Clone)]
pub struct Tensors<'a> {
    tokens: &'a Tokens,
    arrays: Vec<(String, Array)>,
    /// What JSON says beside them.
    notes: Vec<(&'static str, Value)>,
    /// What they are about, where that is written too.
    about: Caption,
}

impl<'a> Tensors<'a> {
    /// Attention, hidden states and logits of a run, and the other sites in `keep`.
    pub fn of(run: &'a Run, keep: &Want) -> Result<Self> {
        let mut arrays = vec![("attentions".to_owned(), run.attentions()?)];
        // What was imported may come without them.
        if run.card.dim > 0 {
            arrays.push(("hidden_states".to_owned(), run.hidden_states()?));
        }
        let outputs = run.card.outputs.iter();
        arrays.extend(outputs.filter_map(|&site| Some((site.name().to_owned(), run.logits(site)?.clone()))));
        let kept = run.arrays.iter().filter(|(at, _)| keep.has(**at));
        arrays.extend(kept.map(|(at, array)| (at.to_string(), array.clone())));
        Ok(Self { tokens: &run.tokens, arrays, notes: Vec::new(), about: Caption::default() })
    }

    /// With what they are about: in npz as JSON in the `u8` tensor `about`, in JSON under the same name, in safetensors as
    /// its metadata.
    pub fn with_about(self, about: Caption) -> Self {
        Self { about, ..self }
    }

    /// With the array of a meaning beside the others: `scores`, `norms`, `gradient` (times attention) or `rollout`.
    pub fn with_meaning(mut self, weights: &Weights) -> Result<Self> {
        if weights.meaning != Meaning::Raw {
            self.arrays.push((weights.meaning.array_name().to_owned(), weights.array()?));
            self.notes.push(("meaning", json!(weights.label())));
        }
        Ok(self)
    }

    /// With the array of a meaning filtered. JSON says so in `filter`, and names merged `words` like tokens.
    pub fn with_filter(mut self, weights: &Weights, reading: &Reading, filter: &Filter) -> Result<Self> {
        let mut passed = Passed::default();
        let array = reading.filtered(weights, filter, &mut passed)?;
        let name = reading.meaning.array_name();
        match self.arrays.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = array,
            None => self.arrays.push((name.to_owned(), array)),
        }
        self.notes.push(("meaning", json!(weights.label())));
        self.notes.push(("filter", reading.describe(filter, &passed)));
        if filter.words {
            self.notes.push(("words", json!(self.tokens.merged().pieces)));
        }
        Ok(self)
    }

    /// A zip file of stored `.npy` files, as `numpy.savez` writes it.
    pub fn npz(&self, out: &mut (impl Write + Seek)) -> io::Result<()> {
        let mut npz = Npz::new(out);
        for (name, array) in &self.arrays {
            npz.singles(name, array.shape(), array.data())?;
        }
        npz.bytes("tokens", &self.token_bytes()?)?;
        if !self.about.is_empty() {
            npz.bytes("about", &serde_json::to_vec(&self.about)?)?;
        }
        npz.finish()
    }

    /// A safetensors file: the length of a JSON header, the header, and the tensors in its order.
    pub fn safetensors(&self, out: &mut impl Write) -> io::Result<()> {
        let tokens = self.token_bytes()?;
        let mut header = Map::new();
        if !self.about.is_empty() {
            header.insert("__metadata__".to_owned(), serde_json::to_value(&self.about)?);
        }
        let mut end = 0;
        let mut enter = |name: &str, kind: &str, shape: &[usize], bytes: u64| {
            let start = end;
            end += bytes;
            header.insert(name.to_owned(), json!({"dtype": kind, "shape": shape, "data_offsets": [start, end]}));
        };
        for (name, array) in &self.arrays {
            enter(name, "F32", array.shape(), array.bytes());
        }
        enter("tokens", "U8", &[tokens.len()], tokens.len() as u64);
        let mut header = serde_json::to_vec(&header)?;
        header.resize(header.len().next_multiple_of(8), b' ');
        out.write_all(&(header.len() as u64).to_le_bytes())?;
        out.write_all(&header)?;
        for (_, array) in &self.arrays {
            write_singles(out, array.data())?;
        }
        out.write_all(&tokens)
    }

    /// A JSON object: `tokens`, `dropped` (how many did not fit), `axes`, each tensor as nested lists, and where the numbers
    /// are not plain attention, `meaning` and `filter`.
    pub fn json(&self, out: &mut impl Write) -> io::Result<()> {
        let axes: Map<String, Value> =
            self.arrays.iter().map(|(name, array)| (name.clone(), json!(array.axes()))).collect();
        write!(out, "{{\"tokens\": ")?;
        out.write_all(&self.token_bytes()?)?;
        write!(out, ",\n\"dropped\": {},\n\"axes\": {}", self.tokens.dropped, Value::Object(axes))?;
        if !self.about.is_empty() {
            write!(out, ",\n\"about\": {}", serde_json::to_string(&self.about)?)?;
        }
        for (name, value) in &self.notes {
            write!(out, ",\n{}: {value}", json!(name))?;
        }
        for (name, array) in &self.arrays {
            write!(out, ",\n{}: ", json!(name))?;
            write_nested(out, array.shape(), array.data())?;
        }
        writeln!(out, "}}")
    }

    fn token_bytes(&self) -> io::Result<Vec<u8>> {
        Ok(serde_json::to_vec(&self.tokens.pieces)?)
    }
}

/// Values as nested lists, one row of the last axis to a line.
pub(super) fn write_nested(out: &mut impl Write, shape: &[usize], values: &[f32]) -> io::Result<()> {
    let [first, rest @ ..] = shape else {
        return write_number(out, values.first().copied().unwrap_or(f32::NAN));
    };
    let inner: usize = rest.iter().product();
    write!(out, "[")?;
    for i in 0..*first {
        match (i, rest.is_empty()) {
            (0, _) => {}
            (_, true) => write!(out, ", ")?,
            (_, false) => writeln!(out, ",")?,
        }
        write_nested(out, rest, &values[i * inner..][..inner])?;
    }
    write!(out, "]")
}

/// The shortest decimal that reads back as the same `f32`.
fn write_number(out: &mut impl Write, x: f32) -> io::Result<()> {
    if x.is_finite() { write!(out, "{x:?}") } else { write!(out, "null") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_back_as_they_were() {
        let values = [0.1, f32::MIN_POSITIVE, 1e-45, -0.0, f32::MAX, 16_777_217.0, f32::NAN];
        let mut text = Vec::new();
        write_nested(&mut text, &[1, 7], &values).expect("memory takes everything");
        let read: Vec<Vec<Option<f32>>> = serde_json::from_slice(&text).expect("it is JSON");
        for (x, read) in values.iter().zip(&read[0]) {
            assert!(read.map_or(x.is_nan(), |r| r.to_bits() == x.to_bits()), "{x} {read:?}");
        }
    }
}
