//! What is trained, and how.

use crate::engine::sampler::Random;
use crate::error::{Error, Result};
use crate::model::recurrent::{
    Activation, Cell, Embedding, Gate, Kind, Layer, Network, Output, Pooling, Reset, Wiring,
};
use serde::{Deserialize, Serialize};

/// In which order a corpus is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// Stretches in a random order, each from an empty state.
    Random,
    /// Stretches one after the other: the state goes on from each to the next, the gradient does not.
    Sequential,
}

/// How gradients are kept from exploding.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Clip {
    /// Not at all.
    None,
    /// All of them scaled so that together they are no longer than this: the direction stays.
    Norm(f32),
    /// Each number cut at this magnitude: the direction changes.
    Elements(f32),
}

/// How weights follow gradients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Gradient descent.
    Sgd,
    /// Steps divided by the root of a running mean of squares, 0.95 of which stays (Tieleman and Hinton 2012).
    Rmsprop,
    /// Kingma and Ba 2015, with 0.9 and 0.999.
    Adam,
}

/// What is trained, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// `rnn`, `gru` or `lstm`.
    pub cell: String,
    /// Units of each layer.
    pub units: usize,
    /// Layers.
    pub layers: usize,
    /// Sequences at a time.
    pub batch: usize,
    /// Steps through which the gradient goes back.
    pub steps: usize,
    /// How often the corpus is read.
    pub epochs: usize,
    /// The order in which it is.
    pub order: Order,
    /// How weights follow gradients.
    pub method: Method,
    /// How far they go.
    pub rate: f32,
    /// What the rate is multiplied with after each epoch from `decay_after` on.
    pub decay: f32,
    /// The first epoch, counted from 0, whose rate is smaller.
    pub decay_after: usize,
    /// How gradients are kept from exploding.
    pub clip: Clip,
    /// The share of the corpus, at its end, that is not trained on.
    pub held_out: f32,
    /// Where random numbers begin.
    pub seed: u64,
}

impl Default for Plan {
    /// That of char-rnn (Karpathy 2015), without dropout.
    fn default() -> Self {
        Self {
            cell: "lstm".to_owned(),
            units: 128,
            layers: 2,
            batch: 50,
            steps: 50,
            epochs: 50,
            order: Order::Sequential,
            method: Method::Rmsprop,
            rate: 2e-3,
            decay: 0.97,
            decay_after: 10,
            clip: Clip::Elements(5.0),
            held_out: 0.05,
            seed: 1,
        }
    }
}

impl Plan {
    /// Refuses what cannot be trained.
    pub fn check(&self) -> Result<()> {
        self.kind()?;
        let counts = [
            ("units", self.units, 8192),
            ("layers", self.layers, 64),
            ("batch", self.batch, 65_536),
            ("steps", self.steps, 65_536),
        ];
        if let Some((name, found, most)) = counts.into_iter().find(|(_, n, most)| *n == 0 || n > most) {
            return Err(Error::input(format!("`{name}` is {found}: give 1 to {most}")));
        }
        let positive = |x: f32| x.is_finite() && x > 0.0;
        let clips = match self.clip {
            Clip::None => true,
            Clip::Norm(most) | Clip::Elements(most) => positive(most),
        };
        if !positive(self.rate) || !positive(self.decay) || !clips || !(0.0..1.0).contains(&self.held_out) {
            return Err(Error::input("the rate, its decay and what gradients are clipped to are above 0"));
        }
        Ok(())
    }

    fn kind(&self) -> Result<Kind> {
        match self.cell.as_str() {
            "rnn" => Ok(Kind::Plain),
            "gru" => Ok(Kind::Gru(Reset::After)),
            "lstm" => Ok(Kind::Lstm),
            other => Err(Error::input(format!("`{other}` is no cell that can be trained (rnn, gru, lstm)"))),
        }
    }

    /// A network for so many symbols before it has learned anything: weights are even between plus and minus the inverse
    /// root of the number of units, as PyTorch begins; the bias of forget gates is 1 (Jozefowicz et al. 2015).
    pub fn network(&self, symbols: usize) -> Result<Network> {
        self.check()?;
        let kind = self.kind()?;
        let mut random = Random::new(self.seed);
        let bound = 1.0 / (self.units as f64).sqrt();
        let mut draw = |n: usize| (0..n).map(|_| ((2.0 * random.point() - 1.0) * bound) as f32).collect::<Vec<f32>>();
        let (units, width) = (self.units, kind.gates() * self.units);
        let mut layers = Vec::new();
        for number in 0..self.layers {
            let inputs = if number == 0 { symbols } else { units };
            let mut cell = Cell {
                kind,
                gate: Gate::Sigmoid,
                activation: Activation::Tanh,
                inputs,
                units,
                input: draw(inputs * width),
                recurrent: draw(units * width),
                bias: draw(width),
                reset_bias: if kind == Kind::Gru(Reset::After) { draw(units) } else { Vec::new() },
                projection: None,
                cell_clip: None,
                output_clip: None,
            };
            if kind == Kind::Lstm {
                cell.bias[units..2 * units].fill(1.0);
            }
            layers.push(Layer { forward: cell, backward: None });
        }
        let output = Output { weights: draw(units * symbols), bias: draw(symbols), reads: Pooling::Every };
        let network = Network {
            embedding: Embedding::OneHot(symbols),
            layers,
            wiring: Wiring::Joined,
            output: Some(output),
            mix: None,
        };
        network.check()?;
        Ok(network)
    }
}
