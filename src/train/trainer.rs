//! Training, a step at a time: it can be looked at, stopped and continued between any two of them.

use super::batches::{Batch, Batches};
use super::optimizer::Optimizer;
use super::plan::{Clip, Plan};
use crate::error::{Error, Result};
use crate::model::kernels::{Matrix, multiply};
use crate::model::recurrent::{Gradients, Inputs, Memory, Network, Reading, Tape};
use crate::source::symbols::{Skipped, Symbols, Unit};
use crate::trace::{Control, Edits, Site, Trace, Want};
use rayon::prelude::*;

/// What one step came to.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Report {
    /// The number of the step, from 1 on, and of all.
    pub step: u64,
    /// Steps in all.
    pub of: u64,
    /// The epoch, counted from 0.
    pub epoch: usize,
    /// Mean cross entropy of the batch, in nats.
    pub loss: f64,
    /// The length of the gradient as it was computed.
    pub before: f64,
    /// Its length after clipping.
    pub after: f64,
    /// How far weights went along it.
    pub rate: f32,
}

impl Report {
    /// `e` to the power of the loss: 1 is perfect, the number of symbols is chance.
    pub fn perplexity(&self) -> f64 {
        self.loss.exp()
    }
}

/// A model that is being trained.
#[derive(Debug, Clone)]
pub struct Trainer {
    /// What is trained, and how.
    pub plan: Plan,
    /// The symbols of the corpus.
    pub symbols: Symbols,
    /// The model.
    pub network: Network,
    pub(super) optimizer: Optimizer,
    /// What sequences remember, layer by layer.
    pub(super) memory: Vec<Memory>,
    pub(super) epoch: usize,
    /// Batches of the epoch that were read.
    pub(super) read: usize,
    ids: Vec<u32>,
    held: Vec<u32>,
}

/// Gradients of a whole network, in the order of [`Trainer::parameters`].
#[derive(Debug, Clone, PartialEq)]
pub struct Slopes(Vec<Vec<f32>>);

impl Trainer {
    /// A model that knows nothing, for a corpus of characters.
    pub fn new(plan: Plan, corpus: &str) -> Result<Self> {
        let symbols = Symbols::of_text(corpus)?;
        let network = plan.network(symbols.len())?;
        Self::of(plan, symbols, network, corpus)
    }

    /// A model that may have learned something already.
    pub(super) fn of(plan: Plan, symbols: Symbols, mut network: Network, corpus: &str) -> Result<Self> {
        let mut skipped = Skipped::default();
        let (found, _) = symbols.split(corpus, 0, usize::MAX, &mut skipped);
        if let Some(what) = skipped.describe() {
            return Err(Error::input(format!("the corpus is another one: {what}")));
        }
        debug_assert_eq!(symbols.unit(), Unit::Character, "words are not trained here");
        let mut ids: Vec<u32> = found.iter().map(|symbol| symbol.id).collect();
        let held = ids.split_off(ids.len() - (ids.len() as f64 * f64::from(plan.held_out)) as usize);
        // A corpus that is too short is refused before anything is computed.
        Batches::new(&ids, plan.batch, plan.steps, plan.order, plan.seed, 0)?;
        let parameters = parameters(&mut network).iter().map(|p| p.len()).sum();
        let optimizer = Optimizer::new(plan.method, parameters);
        let memory = start(&network, plan.batch);
        Ok(Self { plan, symbols, network, optimizer, memory, epoch: 0, read: 0, ids, held })
    }

    /// Steps that were made.
    pub fn steps(&self) -> u64 {
        self.optimizer.steps
    }

    /// Whether all epochs are over.
    pub fn is_done(&self) -> bool {
        self.epoch >= self.plan.epochs
    }

    /// Whether an epoch has just been finished.
    pub fn is_at_end(&self) -> bool {
        self.read == 0 && self.epoch > 0
    }

    /// Reads one batch and learns from it.
    pub fn step(&mut self, control: &Control) -> Result<Report> {
        control.check()?;
        let Plan { batch, steps, order, seed, .. } = self.plan;
        let mut batches = Batches::new(&self.ids, batch, steps, order, seed, self.epoch)?;
        if self.read >= batches.len() {
            (self.epoch, self.read) = (self.epoch + 1, 0);
            batches = Batches::new(&self.ids, batch, steps, order, seed, self.epoch)?;
        }
        let next = batches.get(self.read);
        if next.fresh {
            self.memory = start(&self.network, batch);
        }
        let (loss, slopes) = gradients(&self.network, &next, &mut self.memory)?;
        let step = self.optimizer.begin();
        if !loss.is_finite() {
            let what = format!("step {step}: the loss is no number any more. Start again with a smaller rate or clip");
            return Err(Error::input(what));
        }
        let Slopes(mut slopes) = slopes;
        let before = length(&slopes);
        clip(&mut slopes, self.plan.clip, before);
        let after = length(&slopes);
        let late = (self.epoch + 1).saturating_sub(self.plan.decay_after).min(1 << 20) as i32;
        let rate = self.plan.rate * self.plan.decay.powi(if self.epoch < self.plan.decay_after { 0 } else { late });
        let mut first = 0;
        for (weights, slope) in parameters(&mut self.network).into_iter().zip(&slopes) {
            self.optimizer.apply(weights, slope, first, rate);
            first += slope.len();
        }
        self.read += 1;
        let report = Report {
            step,
            of: (batches.len() * self.plan.epochs) as u64,
            epoch: self.epoch,
            loss,
            before,
            after,
            rate,
        };
        if self.read >= batches.len() {
            (self.epoch, self.read) = (self.epoch + 1, 0);
        }
        Ok(report)
    }

    /// Mean cross entropy, in nats, of the end of the corpus that is not trained on, read from an empty state; `None`
    /// where nothing was held out.
    pub fn held_out(&self, control: &Control) -> Result<Option<f64>> {
        const BLOCK: usize = 1024;
        if self.held.len() < 2 {
            return Ok(None);
        }
        let (mut states, mut sum, mut from) = (self.network.start(), 0.0, 0);
        let (want, edits, quiet) = (Want::nothing(), Edits::none(), control.quiet());
        let (read, next) = (&self.held[..self.held.len() - 1], &self.held[1..]);
        for (read, next) in read.chunks(BLOCK).zip(next.chunks(BLOCK)) {
            let mut trace = Trace::new(&want, &edits, &quiet, self.network.layers.len());
            let logits = self.network.forward(Reading::Ids(read), from, &mut states, &mut trace)?;
            let logits = logits.ok_or_else(|| Error::input(format!("there are no {}", Site::Logits)))?;
            sum += entropy(&logits, next, None);
            from += read.len();
        }
        Ok(Some(sum / next.len() as f64))
    }
}

/// What sequences remember before anything was read.
fn start(network: &Network, sequences: usize) -> Vec<Memory> {
    network.layers.iter().map(|layer| Memory::start(&layer.forward, sequences)).collect()
}

/// Every parameter of a network that reads ones: layer by layer those of [`Gradients`], then the output layer's.
pub(super) fn parameters(network: &mut Network) -> Vec<&mut Vec<f32>> {
    let mut all = Vec::new();
    for layer in &mut network.layers {
        let cell = &mut layer.forward;
        all.extend([&mut cell.input, &mut cell.recurrent, &mut cell.bias, &mut cell.reset_bias]);
    }
    if let Some(output) = &mut network.output {
        all.extend([&mut output.weights, &mut output.bias]);
    }
    all
}

/// The mean cross entropy of a batch, and its derivative by every parameter.
pub fn gradients(network: &Network, batch: &Batch, memory: &mut [Memory]) -> Result<(f64, Slopes)> {
    let missing = || Error::input("a network without logits cannot be trained");
    let output = network.output.as_ref().ok_or_else(missing)?;
    let mut tapes: Vec<Tape> = Vec::new();
    for (number, layer) in network.layers.iter().enumerate() {
        let cell = &layer.forward;
        let tape = match number.checked_sub(1) {
            None => Tape::run(cell, Inputs::OneHot(&batch.read), &mut memory[number])?,
            Some(below) => {
                let read = tapes[below].outputs(&network.layers[below].forward);
                Tape::run(cell, Inputs::Dense(read), &mut memory[number])?
            }
        };
        tapes.push(tape);
    }
    let last = network.layers.len() - 1;
    let states = tapes[last].outputs(&network.layers[last].forward);
    let (units, classes) = (network.width(), output.bias.len());
    let mut logits = output.bias.repeat(batch.read.len());
    let states = Matrix::rows(states, units);
    multiply(&mut logits, states, Matrix::rows(&output.weights, classes), true, 1.0, true);
    let share = 1.0 / batch.read.len() as f32;
    let mut by_logits = vec![0.0; logits.len()];
    let loss = entropy(&logits, &batch.next, Some((&mut by_logits, share))) * f64::from(share);
    let by_logits = Matrix::rows(&by_logits, classes);
    let mut by_weights = vec![0.0; output.weights.len()];
    multiply(&mut by_weights, states.turned(), by_logits, false, 1.0, true);
    let mut by_bias = vec![0.0; classes];
    by_logits.data.chunks_exact(classes).for_each(|row| by_bias.iter_mut().zip(row).for_each(|(b, x)| *b += x));
    let mut by_states = vec![0.0; batch.read.len() * units];
    multiply(&mut by_states, by_logits, Matrix::rows(&output.weights, classes).turned(), false, 1.0, true);
    let mut slopes = vec![by_bias, by_weights];
    for number in (0..=last).rev() {
        let cell = &network.layers[number].forward;
        let inputs = match number.checked_sub(1) {
            None => Inputs::OneHot(&batch.read),
            Some(below) => Inputs::Dense(tapes[below].outputs(&network.layers[below].forward)),
        };
        let back = tapes[number].back(cell, inputs, &by_states, true);
        let Gradients { input, recurrent, bias, reset_bias } = back.weights;
        slopes.extend([reset_bias, bias, recurrent, input]);
        by_states = back.inputs;
    }
    slopes.reverse();
    Ok((loss, Slopes(slopes)))
}

/// The sum of the cross entropies of rows of logits, in nats; where `into` is given, their derivative times its factor is
/// written there.
fn entropy(logits: &[f32], next: &[u32], into: Option<(&mut [f32], f32)>) -> f64 {
    let classes = logits.len().checked_div(next.len()).unwrap_or(1).max(1);
    let of = |row: &[f32], next: &u32| {
        let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = row.iter().map(|x| f64::from((x - most).exp())).sum();
        (most, sum, sum.ln() - f64::from(row[*next as usize] - most))
    };
    let rows = logits.par_chunks_exact(classes).zip(next);
    // Summed in their order, so that the number of threads changes nothing.
    let all: Vec<f64> = match into {
        None => rows.map(|(row, next)| of(row, next).2).collect(),
        Some((into, factor)) => {
            let rows = rows.zip(into.par_chunks_exact_mut(classes));
            rows.map(|((row, next), into)| {
                let (most, sum, loss) = of(row, next);
                let scale = (f64::from(factor) / sum) as f32;
                into.iter_mut().zip(row).for_each(|(y, x)| *y = (x - most).exp() * scale);
                into[*next as usize] -= factor;
                loss
            })
            .collect()
        }
    };
    all.iter().sum()
}

/// The length of all gradients together.
fn length(slopes: &[Vec<f32>]) -> f64 {
    slopes.iter().flatten().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt()
}

fn clip(slopes: &mut [Vec<f32>], clip: Clip, length: f64) {
    let each = |slopes: &mut [Vec<f32>], f: &dyn Fn(f32) -> f32| {
        slopes.iter_mut().flatten().for_each(|g| *g = f(*g));
    };
    match clip {
        Clip::Norm(most) if length > f64::from(most) => {
            let scale = (f64::from(most) / length) as f32;
            each(slopes, &|g| g * scale);
        }
        Clip::Elements(most) => each(slopes, &|g| g.clamp(-most, most)),
        Clip::None | Clip::Norm(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::sampler::Random;

    fn plan(cell: &str) -> Plan {
        Plan { cell: cell.to_owned(), units: 5, layers: 2, batch: 3, steps: 6, seed: 4, ..Plan::default() }
    }

    fn batch() -> Batch {
        let mut random = Random::new(8);
        let mut draw = || (0..18).map(|_| (random.bits() % 7) as u32).collect::<Vec<u32>>();
        Batch { read: draw(), next: draw(), fresh: true }
    }

    /// The loss in double precision from the definition, and none of the code above: every parameter is moved, and the
    /// quotient of differences must be its gradient.
    fn loss(network: &Network, batch: &Batch, memory: &[Memory]) -> f64 {
        let mut memory = memory.to_vec();
        gradients(network, batch, &mut memory).expect("it runs").0
    }

    #[test]
    fn the_gradient_of_every_parameter_is_the_quotient_of_differences() {
        for (cell, before) in [("rnn", false), ("gru", false), ("gru", true), ("lstm", false)] {
            let mut network = plan(cell).network(7).expect("a network");
            // Larger weights make larger slopes than rounding.
            for w in parameters(&mut network).into_iter().flatten() {
                *w *= 2.0;
            }
            if before {
                for layer in &mut network.layers {
                    layer.forward.kind = crate::model::recurrent::Kind::Gru(crate::model::recurrent::Reset::Before);
                    layer.forward.reset_bias.clear();
                }
            }
            let batch = batch();
            // Sequences remember something already.
            let mut memory = start(&network, 3);
            let mut random = Random::new(2);
            for memory in &mut memory {
                for x in memory.hidden.iter_mut().chain(&mut memory.cell) {
                    *x = (random.point() - 0.5) as f32;
                }
            }
            let (_, Slopes(slopes)) = gradients(&network, &batch, &mut memory.clone()).expect("it runs");
            let counts: Vec<usize> = parameters(&mut network).iter().map(|p| p.len()).collect();
            assert_eq!(counts, slopes.iter().map(Vec::len).collect::<Vec<_>>());
            let mut seen = 0;
            for (part, slopes) in slopes.iter().enumerate() {
                for (i, found) in slopes.iter().enumerate() {
                    let step = 1.0 / 64.0;
                    let mut at = |by: f32| {
                        let old = parameters(&mut network)[part][i];
                        parameters(&mut network)[part][i] = old + by;
                        let loss = loss(&network, &batch, &memory);
                        parameters(&mut network)[part][i] = old;
                        loss
                    };
                    // Error of the fourth order in the step.
                    let near = at(step) - at(-step);
                    let far = at(2.0 * step) - at(-2.0 * step);
                    let wanted = (8.0 * near - far) / (12.0 * f64::from(step));
                    let found = f64::from(*found);
                    let worst = 2e-3 * wanted.abs().max(0.01);
                    assert!((found - wanted).abs() < worst, "{cell} part {part} number {i}: {found} {wanted}");
                    seen += usize::from(wanted.abs() > 1e-4);
                }
            }
            let total: usize = counts.iter().sum();
            assert!(seen * 10 > total * 6, "{cell}: most parameters matter: {seen} of {total}");
        }
    }

    #[test]
    fn a_clipped_gradient_keeps_its_direction_or_its_elements_apart() {
        let slopes = || vec![vec![3.0, 0.0], vec![-4.0]];
        let mut by_norm = slopes();
        clip(&mut by_norm, Clip::Norm(1.0), length(&slopes()));
        assert_eq!(by_norm, [vec![0.6, 0.0], vec![-0.8]]);
        let mut short = slopes();
        clip(&mut short, Clip::Norm(6.0), length(&slopes()));
        assert_eq!(short, slopes());
        let mut by_element = slopes();
        clip(&mut by_element, Clip::Elements(3.5), length(&slopes()));
        assert_eq!(by_element, [vec![3.0, 0.0], vec![-3.5]]);
    }

    #[test]
    fn every_cell_learns_a_text_that_repeats_itself() {
        let corpus = "the quick brown fox. ".repeat(40);
        for cell in ["rnn", "gru", "lstm"] {
            let plan = Plan {
                units: 24,
                layers: 1,
                batch: 4,
                steps: 12,
                epochs: 40,
                rate: 0.01,
                held_out: 0.1,
                clip: Clip::Norm(1.0),
                ..plan(cell)
            };
            let mut trainer = Trainer::new(plan, &corpus).expect("it can be trained");
            let control = Control::default();
            let first = trainer.step(&control).expect("a step");
            assert!((first.perplexity() - trainer.symbols.len() as f64).abs() < 4.0, "chance: {first:?}");
            assert!(first.after <= 1.0 + 1e-6);
            while !trainer.is_done() {
                trainer.step(&control).expect("a step");
            }
            let held = trainer.held_out(&control).expect("it runs").expect("something was held out");
            assert!(held.exp() < 1.6, "{cell}: perplexity {} of {}", held.exp(), trainer.symbols.len());
        }
    }
}
