//! The logit lens: what a model would predict if its last layers were not there.
//!
//! Each layer's output goes through the model's own vocabulary head as if it were the last (nostalgebraist 2020,
//! "interpreting GPT: the logit lens"): for GPT-2 the final layer norm and the word table, for the BERT families the
//! whole transform of the masked-LM head. What a head adds to the residual stream goes the same way on its own: the
//! direct path of Elhage et al. 2021, "A Mathematical Framework for Transformer Circuits". The norms on that way give
//! a small addition the length of a large one, and in the BERT families an addition meets a norm before it is part of
//! a layer's output: the words of a head tell its direction, not its strength.

use super::opened::Opened;
use super::run::{Run, on_threads};
use crate::array::Array;
use crate::error::{Error, Result};
use crate::model::Card;
use crate::trace::{At, Control, Place, Site, Stack, Want};
use candle_core::Tensor;
use std::ops::Range;

/// Rows of logits that are in memory at a time.
const ROWS: usize = 32;

/// What a run must keep for [`layers`].
pub fn want_layers() -> Want {
    Want::nothing().and(Place::site(Site::Hidden))
}

/// What a run must keep for [`head`] and [`heads`].
pub fn want_heads() -> Want {
    Want::nothing().and(Place::site(Site::Heads))
}

/// What a run must keep for [`last`].
pub fn want_last(card: &Card) -> Want {
    let At { stack, layer, site } = At::new(card.stack, card.layers.saturating_sub(1), Site::Hidden);
    Want::nothing().and(Place { stack: Some(stack), layer: Some(layer), site: Some(site) })
}

/// Whether a run kept what [`last`] reads.
pub fn has_last(run: &Run) -> bool {
    run.arrays.contains_key(&run.at(run.card.layers.saturating_sub(1), Site::Hidden))
}

/// What the model predicts at one token: the last layer's output, read out. `each` makes something of the row of logits
/// `[vocabulary]`.
pub fn last<T>(
    opened: &Opened,
    run: &Run,
    token: usize,
    control: &Control,
    each: impl FnOnce(&[f32]) -> T,
) -> Result<T> {
    let at = run.at(run.card.layers.saturating_sub(1), Site::Hidden);
    let hidden = run.array(at)?;
    if token >= hidden.len_of("token") {
        return Err(Error::input(format!("there is no token {token}: the text has {}", hidden.len_of("token"))));
    }
    let row = hidden.block(&[token]);
    let row = Tensor::from_slice(row, (1, 1, row.len()), &opened.device)?;
    let mut each = Some(each);
    let mut once = |row: &[f32]| each.take().map(|each| each(row));
    let mut made = read_out(opened, &row, true, &format!("token {token}"), control, &mut once)?;
    made.pop().flatten().ok_or_else(|| Error::input(format!("{at} has no token {token}")))
}

/// The embeddings and every layer's output, read out: `each` makes something of every row of logits `[vocabulary]`,
/// and what it makes comes back as `[layer + 1][token]`. Row 0 belongs to the embeddings, as in
/// [`Run::hidden_states`]; the last row is what the model predicts.
pub fn layers<T>(
    opened: &Opened,
    run: &Run,
    control: &Control,
    mut each: impl FnMut(&[f32]) -> T,
) -> Result<Vec<Vec<T>>> {
    let last = run.card.layers;
    let state = |i: usize| match i.checked_sub(1) {
        None => At::new(Stack::Embeddings, 0, Site::Hidden),
        Some(layer) => run.at(layer, Site::Hidden),
    };
    let read = |i: usize| {
        control.report("Reading layers out", i as u64, last as u64 + 1);
        let at = state(i);
        let hidden = tensor(opened, run.array(at)?)?;
        read_out(opened, &hidden, i == last, &at.to_string(), control, &mut each)
    };
    (0..=last).map(read).collect()
}

/// What one head adds at each token, read out, as `[token]`.
pub fn head<T>(
    opened: &Opened,
    run: &Run,
    (layer, head): (usize, usize),
    control: &Control,
    mut each: impl FnMut(&[f32]) -> T,
) -> Result<Vec<T>> {
    one_head(opened, run, (layer, head), 0..run.tokens.len(), control, &mut each)
}

/// What every head adds at one token, read out, as `[layer][head]`.
pub fn heads<T>(
    opened: &Opened,
    run: &Run,
    token: usize,
    control: &Control,
    mut each: impl FnMut(&[f32]) -> T,
) -> Result<Vec<Vec<T>>> {
    if token >= run.tokens.len() {
        return Err(Error::input(format!("there is no token {token}: the text has {}", run.tokens.len())));
    }
    let mut of_layer = |layer: usize| {
        control.report("Reading heads out", layer as u64, run.card.layers as u64);
        let one = |head| one_head(opened, run, (layer, head), token..token + 1, control, &mut each);
        (0..run.card.heads).map(one).collect::<Result<Vec<_>>>().map(|heads| heads.into_iter().flatten().collect())
    };
    (0..run.card.layers).map(&mut of_layer).collect()
}

/// What one head adds to the residual stream, `[token, dim]`: [`Site::Heads`] through its slice of the output projection,
/// without the bias.
pub fn addition(opened: &Opened, run: &Run, (layer, head): (usize, usize)) -> Result<Array> {
    let added = added(opened, run, (layer, head), 0..run.tokens.len())?.squeeze(0)?;
    let (tokens, dim) = added.dims2()?;
    Array::new(&["token", "dim"], &[tokens, dim], added.flatten_all()?.to_vec1::<f32>()?)
}

/// Refuses a model that predicts no words, and says why it does not.
pub fn check(name: &str, card: &Card) -> Result<()> {
    if card.predicts_words() {
        return Ok(());
    }
    let why = card.unavailable.iter().find(|(site, _)| *site == Site::Logits).map(|(_, why)| why.as_str());
    let why = why.unwrap_or("it was saved without a language-model head");
    Err(Error::input(format!("{name} predicts no words: {why}")))
}

fn one_head<T>(
    opened: &Opened,
    run: &Run,
    (layer, head): (usize, usize),
    tokens: Range<usize>,
    control: &Control,
    each: &mut impl FnMut(&[f32]) -> T,
) -> Result<Vec<T>> {
    let added = added(opened, run, (layer, head), tokens)?;
    read_out(opened, &added, false, &format!("head {head} of layer {layer}"), control, each)
}

/// What a head adds at some tokens: `[1, token, dim]`.
fn added(opened: &Opened, run: &Run, (layer, head): (usize, usize), tokens: Range<usize>) -> Result<Tensor> {
    let at = run.at(layer, Site::Heads);
    let heads = run.array(at)?; // [head, query, width]
    if head >= heads.len_of("head") {
        return Err(Error::input(format!("{at} has no head {head}")));
    }
    let width = heads.len_of("width");
    let rows = &heads.block(&[head])[tokens.start * width..tokens.end * width];
    let read = Tensor::from_slice(rows, (1, tokens.len(), width), &opened.device)?;
    on_threads(opened, || opened.model().head_output(layer, head, &read))
}

fn tensor(opened: &Opened, array: &Array) -> Result<Tensor> {
    let (tokens, dim) = (array.len_of("token"), array.len_of("dim"));
    Ok(Tensor::from_slice(array.data(), (1, tokens, dim), &opened.device)?)
}

/// `[1, token, dim]` through the vocabulary head, some rows at a time.
fn read_out<T>(
    opened: &Opened,
    hidden: &Tensor,
    normalised: bool,
    what: &str,
    control: &Control,
    each: &mut impl FnMut(&[f32]) -> T,
) -> Result<Vec<T>> {
    check(&opened.name, opened.card())?;
    let tokens = hidden.dim(1)?;
    let mut made = Vec::with_capacity(tokens);
    for start in (0..tokens).step_by(ROWS) {
        control.check()?;
        let rows = hidden.narrow(1, start, ROWS.min(tokens - start))?.contiguous()?;
        let logits = on_threads(opened, || opened.model().read_out(&rows, normalised))?;
        for (i, row) in logits.squeeze(0)?.to_vec2::<f32>()?.iter().enumerate() {
            if row.iter().any(|x| !x.is_finite()) {
                let token = start + i;
                return Err(Error::input(format!("{what}: the logits of token {token} are not all finite numbers")));
            }
            made.push(each(row));
        }
    }
    Ok(made)
}
