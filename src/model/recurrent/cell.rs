//! One direction of one recurrent layer: its weights in one order of gates, and the pass over time.

use super::vector;
use super::{gru, lstm, plain};
use crate::error::{Error, Result};
use crate::model::kernels::{Matrix, multiply};
use crate::trace::{Site, Steps};

/// What a layer computes at each step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `h' = f(x W + h U + b)`.
    Plain,
    /// Gated recurrent unit (Cho et al. 2014): `h' = (1 - z) n + z h`. Gates: reset, update, candidate.
    Gru(Reset),
    /// Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000). Gates: input,
    /// forget, candidate, output.
    Lstm,
}

impl Kind {
    /// Blocks of units in its weights: gates and candidates.
    pub fn gates(self) -> usize {
        match self {
            Self::Plain => 1,
            Self::Gru(_) => 3,
            Self::Lstm => 4,
        }
    }

    /// As people write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "RNN",
            Self::Gru(_) => "GRU",
            Self::Lstm => "LSTM",
        }
    }
}

/// Where the reset gate of a GRU acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reset {
    /// On the state: `n = tanh(x W + b + (r h) U)` (the paper, TensorFlow 1, Keras before version 2.1).
    Before,
    /// On what the state adds: `n = tanh(x W + b + r (h U + c))` (PyTorch, CuDNN, Keras with `reset_after`).
    After,
}

/// How gates are squashed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Gate {
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
    /// `slope x + 1/2` between 0 and 1: with a slope of 1/5 Keras's `hard_sigmoid` up to version 2, with 1/6 from 3 on.
    Hard {
        /// The slope.
        slope: f32,
    },
}

/// How candidates and states are squashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// Hyperbolic tangent.
    Tanh,
    /// What is negative becomes 0.
    Relu,
}

/// One direction of one layer. Weights are row-major with one row to each input, so that `x W` is a sum of rows; the
/// columns of a gate lie together, in the order that [`Kind`] names.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// What it computes.
    pub kind: Kind,
    /// How its gates are squashed.
    pub gate: Gate,
    /// How candidates are squashed, and the cell of an LSTM on its way out.
    pub activation: Activation,
    /// Numbers that it reads at each step.
    pub inputs: usize,
    /// Units of each gate.
    pub units: usize,
    /// `[inputs, gates * units]`.
    pub input: Vec<f32>,
    /// `[outputs, gates * units]`.
    pub recurrent: Vec<f32>,
    /// `[gates * units]`.
    pub bias: Vec<f32>,
    /// `[units]`, inside the reset of a GRU with [`Reset::After`]; empty in all others.
    pub reset_bias: Vec<f32>,
    /// `[units, outputs]` of an LSTM whose state is projected.
    pub projection: Option<Vec<f32>>,
    /// The largest magnitude in the cell of an LSTM.
    pub cell_clip: Option<f32>,
    /// The largest magnitude in its projected state.
    pub output_clip: Option<f32>,
}

/// What a layer reads over time.
#[derive(Debug, Clone, Copy)]
pub enum Inputs<'a> {
    /// `[time, inputs]`.
    Dense(&'a [f32]),
    /// At each step a 1 at this place and 0 elsewhere.
    OneHot(&'a [u32]),
}

/// What a layer remembers between steps.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct State {
    /// `[outputs]`.
    pub hidden: Vec<f32>,
    /// `[units]` of an LSTM; else empty.
    pub cell: Vec<f32>,
}

impl Cell {
    /// Numbers in its state: its units, unless it is projected.
    pub fn outputs(&self) -> usize {
        self.recurrent.len().checked_div(self.width()).unwrap_or(0)
    }

    /// Columns of its weights.
    pub fn width(&self) -> usize {
        self.kind.gates() * self.units
    }

    /// How many numbers it computes with.
    pub fn parameters(&self) -> usize {
        let projection = self.projection.as_ref().map_or(0, Vec::len);
        self.input.len() + self.recurrent.len() + self.bias.len() + self.reset_bias.len() + projection
    }

    /// Refuses weights whose sizes do not go together.
    pub fn check(&self) -> Result<()> {
        let (width, outputs) = (self.width(), self.outputs());
        let reset = if self.kind == Kind::Gru(Reset::After) { self.units } else { 0 };
        let is_whole = self.units > 0
            && outputs > 0
            && self.input.len() == self.inputs * width
            && self.recurrent.len() == outputs * width
            && self.bias.len() == width
            && self.reset_bias.len() == reset
            && match &self.projection {
                Some(projection) => self.kind == Kind::Lstm && projection.len() == self.units * outputs,
                None => outputs == self.units,
            };
        if is_whole {
            return Ok(());
        }
        Err(Error::input(format!(
            "the weights of a {} of {} units that reads {} numbers do not go together",
            self.kind.name(),
            self.units,
            self.inputs
        )))
    }

    /// Its state before the first step.
    pub fn start(&self) -> State {
        let cell = if self.kind == Kind::Lstm { self.units } else { 0 };
        State { hidden: vec![0.0; self.outputs()], cell: vec![0.0; cell] }
    }

    /// What can be seen at each step, with the number of units, in the order in which it is computed.
    pub fn sites(&self) -> Vec<(Site, usize)> {
        let sites = match self.kind {
            Kind::Plain => plain::SITES,
            Kind::Gru(_) => gru::SITES,
            Kind::Lstm => lstm::SITES,
        };
        let is_there = |site: &Site| *site != Site::Unprojected || self.projection.is_some();
        let units = |site: Site| if site == Site::State { self.outputs() } else { self.units };
        sites.iter().copied().filter(is_there).map(|site| (site, units(site))).collect()
    }

    /// What it reads times its weights, and the bias: `[time, gates * units]`.
    pub fn read(&self, inputs: Inputs<'_>) -> Vec<f32> {
        let width = self.width();
        match inputs {
            Inputs::Dense(x) => {
                let times = x.len().checked_div(self.inputs).unwrap_or(0);
                let mut y = self.bias.repeat(times);
                let weights = Matrix::rows(&self.input, width);
                multiply(&mut y, Matrix::rows(x, self.inputs), weights, true, 1.0, true);
                y
            }
            Inputs::OneHot(places) => {
                let mut y = self.bias.repeat(places.len());
                for (y, &place) in y.chunks_exact_mut(width).zip(places) {
                    let row = &self.input[place as usize * width..][..width];
                    y.iter_mut().zip(row).for_each(|(y, w)| *y += w);
                }
                y
            }
        }
    }

    /// Runs over time, from the last step to the first where `backward`, and leaves the state behind: from what
    /// [`Cell::read`] gave, to the states `[time, outputs]`. What is seen on the way is that of [`Cell::sites`].
    pub fn run(
        &self,
        mut read: Vec<f32>,
        backward: bool,
        state: &mut State,
        steps: &mut Steps<'_>,
    ) -> Result<Vec<f32>> {
        let (width, outputs) = (self.width(), self.outputs());
        let times = read.len().checked_div(width).unwrap_or(0);
        let mut states = vec![0.0; times * outputs];
        let mut spare = vec![0.0; width];
        for i in 0..times {
            let step = if backward { times - 1 - i } else { i };
            steps.check(step)?;
            let z = &mut read[step * width..][..width];
            match self.kind {
                Kind::Plain => plain::step(self, step, z, state, steps)?,
                Kind::Gru(reset) => gru::step(self, reset, step, z, &mut spare, state, steps)?,
                Kind::Lstm => lstm::step(self, step, z, &mut spare, state, steps)?,
            }
            states[step * outputs..][..outputs].copy_from_slice(&state.hidden);
        }
        Ok(states)
    }

    /// `y += h U` for the columns from `first` on.
    pub(super) fn remember(&self, y: &mut [f32], h: &[f32], first: usize) {
        vector::add_product(y, h, &self.recurrent, self.width(), first);
    }
}
