//! A whole recurrent network: what its layers read, the layers, and what is made of their states.

use super::cell::{Cell, Inputs, State};
use super::characters::{Spelled, Speller};
use crate::error::{Error, Result};
use crate::model::kernels::{Matrix, multiply};
use crate::trace::{Site, Stack, Steps, Trace};

/// What the first layer reads of a token.
#[derive(Debug, Clone, PartialEq)]
pub enum Embedding {
    /// A 1 at the token's place among so many.
    OneHot(usize),
    /// The token's row of a table.
    Table {
        /// `[tokens, width]`.
        values: Vec<f32>,
        /// Numbers in a row.
        width: usize,
    },
    /// What a network makes of its letters.
    Letters(Box<Speller>),
}

/// A layer in one direction, or in both.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Reads from left to right.
    pub forward: Cell,
    /// Reads from right to left.
    pub backward: Option<Cell>,
}

/// What a layer reads of the one below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wiring {
    /// The states of both directions beside each other.
    Joined,
    /// Each direction its own (ELMo).
    Apart {
        /// Whether layers after the first add what they read to what they put out.
        skip: bool,
    },
}

/// Which states the output layer reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    /// Those of every step: logits for every token.
    Every,
    /// Those of the last step.
    Last,
    /// The last one of each direction.
    Final,
    /// Their mean over time.
    Mean,
    /// Their largest values over time.
    Max,
}

/// What turns states into logits.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// `[width, classes]`, one row to each input.
    pub weights: Vec<f32>,
    /// `[classes]`.
    pub bias: Vec<f32>,
    /// The states that it reads.
    pub reads: Pooling,
}

/// A recurrent network.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// What the first layer reads.
    pub embedding: Embedding,
    /// The layers, the lowest first.
    pub layers: Vec<Layer>,
    /// How they are connected.
    pub wiring: Wiring,
    /// The output layer, where there is one.
    pub output: Option<Output>,
    /// Weights with which the vectors of tokens and of all layers are summed (ELMo): one to each and one to all.
    pub mix: Option<(Vec<f32>, f32)>,
}

/// Tokens as a network reads them.
#[derive(Debug, Clone, Copy)]
pub enum Reading<'a> {
    /// Rows of the vocabulary.
    Ids(&'a [u32]),
    /// Spelled tokens, for [`Embedding::Letters`].
    Letters(&'a [Spelled]),
}

impl Reading<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Ids(ids) => ids.len(),
            Self::Letters(tokens) => tokens.len(),
        }
    }
}

/// What all layers remember, the forward direction first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct States(Vec<[State; 2]>);

impl Network {
    /// Refuses sizes that do not go together.
    pub fn check(&self) -> Result<()> {
        let mut width = match &self.embedding {
            Embedding::OneHot(size) => *size,
            Embedding::Table { values, width } if *width > 0 && values.len().is_multiple_of(*width) => *width,
            Embedding::Table { values, width } => {
                return Err(Error::input(format!("an embedding of {} numbers has no rows of {width}", values.len())));
            }
            Embedding::Letters(speller) => {
                speller.check()?;
                speller.outputs()
            }
        };
        if self.layers.is_empty() || self.layers.len() > usize::from(u16::MAX) {
            return Err(Error::input(format!("{} recurrent layers", self.layers.len())));
        }
        for (number, layer) in self.layers.iter().enumerate() {
            for cell in std::iter::once(&layer.forward).chain(&layer.backward) {
                cell.check()?;
                if cell.inputs != width {
                    let (kind, inputs) = (cell.kind.name(), cell.inputs);
                    let what = format!("layer {number}, a {kind}, reads {inputs} numbers and is given {width}");
                    return Err(Error::input(what));
                }
            }
            width = match self.wiring {
                Wiring::Joined => layer.outputs(),
                Wiring::Apart { .. } => layer.forward.outputs(),
            };
        }
        let width = self.width();
        if let Some(output) = &self.output
            && (output.bias.is_empty() || output.weights.len() != width * output.bias.len())
        {
            let (found, classes) = (output.weights.len(), output.bias.len());
            return Err(Error::input(format!("an output layer of {found} weights from {width} states to {classes}")));
        }
        if let Some((weights, _)) = &self.mix
            && (weights.len() != self.layers.len() + 1 || !self.is_mixable())
        {
            return Err(Error::input("the layers cannot be summed: they differ in width or number"));
        }
        Ok(())
    }

    /// Whether token vectors, doubled, and the states of all layers have one width.
    fn is_mixable(&self) -> bool {
        self.layers.iter().all(|l| l.backward.is_some() && l.outputs() == 2 * self.layers[0].forward.inputs)
    }

    /// Rows of its vocabulary; `None` where it spells.
    pub fn vocabulary(&self) -> Option<usize> {
        match &self.embedding {
            Embedding::OneHot(size) => Some(*size),
            Embedding::Table { values, width } => Some(values.len() / width.max(&1)),
            Embedding::Letters(_) => None,
        }
    }

    /// Numbers that its last layer puts out at each step.
    pub fn width(&self) -> usize {
        self.layers.last().map_or(0, Layer::outputs)
    }

    /// Whether it reads in both directions: it needs the whole text at once.
    pub fn is_bidirectional(&self) -> bool {
        self.layers.iter().any(|layer| layer.backward.is_some())
    }

    /// How many numbers it computes with.
    pub fn parameters(&self) -> usize {
        let embedding = match &self.embedding {
            Embedding::OneHot(_) => 0,
            Embedding::Table { values, .. } => values.len(),
            Embedding::Letters(speller) => speller.parameters(),
        };
        let cells = self.layers.iter().flat_map(|l| std::iter::once(&l.forward).chain(&l.backward));
        let output = self.output.as_ref().map_or(0, |o| o.weights.len() + o.bias.len());
        embedding + cells.map(Cell::parameters).sum::<usize>() + output
    }

    /// What it remembers before the first step.
    pub fn start(&self) -> States {
        let of = |layer: &Layer| {
            let backward = layer.backward.as_ref().map(Cell::start).unwrap_or_default();
            [layer.forward.start(), backward]
        };
        States(self.layers.iter().map(of).collect())
    }

    /// Every place that a pass goes through, with the width of its last axis.
    pub fn sites(&self) -> Vec<(crate::trace::At, usize)> {
        let at = crate::trace::At::new;
        let mut sites = match &self.embedding {
            Embedding::OneHot(_) => Vec::new(),
            Embedding::Table { width, .. } => vec![(at(Stack::Embeddings, 0, Site::Words), *width)],
            Embedding::Letters(speller) => vec![
                (at(Stack::Embeddings, 0, Site::Words), speller.outputs()),
                (at(Stack::Embeddings, 0, Site::Characters), speller.found()),
            ],
        };
        for (number, layer) in self.layers.iter().enumerate() {
            let cells = [(Stack::Forward, Some(&layer.forward)), (Stack::Backward, layer.backward.as_ref())];
            for (stack, cell) in cells {
                let seen = cell.map(Cell::sites).unwrap_or_default();
                sites.extend(seen.into_iter().map(|(site, units)| (at(stack, number, site), units)));
            }
        }
        if self.mix.is_some() {
            sites.push((at(Stack::Output, 0, Site::Mixed), self.width()));
        }
        if let Some(output) = &self.output {
            sites.push((at(Stack::Output, 0, Site::Logits), output.bias.len()));
        }
        sites
    }

    /// Reads tokens, of which the first is time step `from` of the text, under the eyes of `trace`. `states` go on from
    /// what was read before, and are left for what comes next. Gives the logits `[time, classes]`, or `[classes]` where
    /// the output reads no single step; nothing where there is no output layer.
    pub fn forward(
        &self,
        reading: Reading<'_>,
        from: usize,
        states: &mut States,
        trace: &mut Trace<'_>,
    ) -> Result<Option<Vec<f32>>> {
        let times = reading.len();
        trace.enter(Stack::Embeddings, 0)?;
        let words = self.embed(reading, from, trace)?;
        let first = match (&words, reading) {
            (Some(words), _) => Inputs::Dense(words),
            (None, Reading::Ids(ids)) => Inputs::OneHot(ids),
            (None, Reading::Letters(_)) => return Err(Error::input("this network does not read letters")),
        };
        let mut mixed = self.mix.as_ref().map(|(weights, scale)| {
            let words = words.as_deref().unwrap_or_default();
            let width = words.len().checked_div(times).unwrap_or(1).max(1);
            let twice = words.chunks_exact(width).flat_map(|row| row.iter().chain(row));
            twice.map(|x| scale * weights[0] * x).collect::<Vec<f32>>()
        });
        let mut below: Option<[Vec<f32>; 2]> = None;
        let mut finals = Vec::new();
        for (number, (layer, state)) in self.layers.iter().zip(&mut states.0).enumerate() {
            let joined = below.as_ref().map(|both| self.join(both, times));
            let read = |direction: usize| match (&joined, &below) {
                (Some(Some(joined)), _) => Inputs::Dense(joined),
                (_, Some(both)) => Inputs::Dense(&both[direction]),
                _ => first,
            };
            trace.enter(Stack::Forward, number)?;
            let mut forth = trace.steps(Stack::Forward, &layer.forward.sites(), from, times)?;
            let [ahead, behind] = state;
            let outputs = if let Some(backward) = &layer.backward {
                let mut back = trace.steps(Stack::Backward, &backward.sites(), from, times)?;
                let run = |cell: &Cell, read: Inputs<'_>, backward: bool, state: &mut State, steps: &mut Steps<'_>| {
                    cell.run(cell.read(read), backward, state, steps)
                };
                let (a, b) = rayon::join(
                    || run(&layer.forward, read(0), false, ahead, &mut forth),
                    || run(backward, read(1), true, behind, &mut back),
                );
                trace.keep(forth)?;
                trace.keep(back)?;
                [a?, b?]
            } else {
                let outputs = layer.forward.run(layer.forward.read(read(0)), false, ahead, &mut forth)?;
                trace.keep(forth)?;
                [outputs, Vec::new()]
            };
            finals = [&ahead.hidden[..], &behind.hidden[..]].concat();
            let mut outputs = outputs;
            if let (Wiring::Apart { skip: true }, Some(below)) = (self.wiring, &below) {
                for (y, x) in outputs.iter_mut().zip(below) {
                    y.iter_mut().zip(x).for_each(|(y, x)| *y += x);
                }
            }
            if let (Some(mixed), Some((weights, scale))) = (&mut mixed, &self.mix) {
                let both = beside(&outputs, times);
                mixed.iter_mut().zip(both).for_each(|(y, x)| *y += scale * weights[number + 1] * x);
            }
            below = Some(outputs);
        }
        trace.enter(Stack::Output, 0)?;
        if let Some(mut mixed) = mixed {
            see_rows(trace, Stack::Output, Site::Mixed, &mut mixed, from, times)?;
        }
        let Some(output) = &self.output else { return Ok(None) };
        let states = beside(&below.unwrap_or_default(), times);
        let mut logits = output.logits(&states, &finals, self.width());
        let rows = if output.reads == Pooling::Every { times } else { 1 };
        see_rows(trace, Stack::Output, Site::Logits, &mut logits, from, rows)?;
        Ok(Some(logits))
    }

    /// What a layer reads of both directions of the one below, where they are joined.
    fn join(&self, both: &[Vec<f32>; 2], times: usize) -> Option<Vec<f32>> {
        let is_joined = self.wiring == Wiring::Joined && !both[1].is_empty();
        is_joined.then(|| beside(both, times))
    }

    /// Vectors of tokens `[time, width]`; none where they are places of ones.
    fn embed(&self, reading: Reading<'_>, from: usize, trace: &mut Trace<'_>) -> Result<Option<Vec<f32>>> {
        let times = reading.len();
        if let (Some(size), Reading::Ids(ids)) = (self.vocabulary(), reading)
            && let Some(id) = ids.iter().find(|id| **id as usize >= size)
        {
            return Err(Error::input(format!("token id {id} is outside the model's vocabulary of {size}")));
        }
        let mut words: Vec<f32> = match (&self.embedding, reading) {
            (Embedding::OneHot(_), _) => return Ok(None),
            (Embedding::Table { values, width }, Reading::Ids(ids)) => {
                ids.iter().flat_map(|id| &values[*id as usize * width..][..*width]).copied().collect()
            }
            (Embedding::Letters(speller), Reading::Letters(tokens)) => {
                let mut found = speller.read(tokens);
                see_rows(trace, Stack::Embeddings, Site::Characters, &mut found, from, times)?;
                speller.project(&found)
            }
            (Embedding::Table { .. }, Reading::Letters(_)) | (Embedding::Letters(_), Reading::Ids(_)) => {
                return Err(Error::input("this network reads tokens in another form"));
            }
        };
        see_rows(trace, Stack::Embeddings, Site::Words, &mut words, from, times)?;
        Ok(Some(words))
    }
}

impl Layer {
    /// Numbers that it puts out at each step, both directions together.
    pub fn outputs(&self) -> usize {
        self.forward.outputs() + self.backward.as_ref().map_or(0, Cell::outputs)
    }
}

impl Output {
    /// Logits of states `[time, width]` with the last one of each direction beside each other in `finals`.
    fn logits(&self, states: &[f32], finals: &[f32], width: usize) -> Vec<f32> {
        let rows = || states.chunks_exact(width.max(1));
        let times = rows().len();
        let pooled: Vec<f32> = match self.reads {
            Pooling::Every => states.to_vec(),
            Pooling::Last => rows().next_back().unwrap_or_default().to_vec(),
            Pooling::Final => finals.to_vec(),
            Pooling::Mean => {
                let mut mean = vec![0.0; width];
                rows().for_each(|row| mean.iter_mut().zip(row).for_each(|(m, x)| *m += x / times as f32));
                mean
            }
            Pooling::Max => {
                let mut most = vec![f32::NEG_INFINITY; width];
                rows().for_each(|row| most.iter_mut().zip(row).for_each(|(m, x)| *m = m.max(*x)));
                most
            }
        };
        let mut logits = self.bias.repeat(pooled.len().checked_div(width).unwrap_or(0));
        let weights = Matrix::rows(&self.weights, self.bias.len());
        multiply(&mut logits, Matrix::rows(&pooled, width), weights, true, 1.0, true);
        logits
    }
}

/// The numbers of both directions, `[time, width]` each, beside each other at each of so many steps.
fn beside([a, b]: &[Vec<f32>; 2], times: usize) -> Vec<f32> {
    let rows = |x: &Vec<f32>| x.len().checked_div(times).unwrap_or(0);
    let (first, second) = (rows(a), rows(b));
    let mut both = Vec::with_capacity(a.len() + b.len());
    for step in 0..times {
        both.extend_from_slice(&a[step * first..][..first]);
        both.extend_from_slice(&b[step * second..][..second]);
    }
    both
}

/// Shows rows of numbers that were computed all at once.
fn see_rows(
    trace: &mut Trace<'_>,
    stack: Stack,
    site: Site,
    values: &mut [f32],
    from: usize,
    rows: usize,
) -> Result<()> {
    let width = values.len().checked_div(rows).unwrap_or(0);
    let mut steps = trace.steps(stack, &[(site, width)], from, rows)?;
    if steps.needs(0) && width > 0 {
        for (i, row) in values.chunks_exact_mut(width).enumerate() {
            steps.see(0, i, row)?;
        }
    }
    trace.keep(steps)
}
