//! A model that is being trained as a folder: `checkpoint.safetensors`, from which training goes on exactly where it was,
//! and the model itself, `model.safetensors` with PyTorch's names beside a `lexiscope.json`.

use super::file::{self, Held};
use super::optimizer::Optimizer;
use super::plan::Plan;
use super::trainer::{Trainer, parameters};
use crate::error::{Error, Result};
use crate::model::recurrent::{Cell, Kind};
use crate::source::symbols::Symbols;
use crate::source::weights::Weights;
use crate::trace::Control;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::path::Path;

/// The name of a checkpoint in its folder.
const NAME: &str = "checkpoint.safetensors";

/// Where training was.
#[derive(Debug, Serialize, Deserialize)]
struct Position {
    plan: Plan,
    characters: String,
    steps: u64,
    epoch: usize,
    read: usize,
}

impl Trainer {
    /// Whether a folder has a checkpoint.
    pub fn is_in(folder: &Path) -> bool {
        folder.join(NAME).is_file()
    }

    /// Writes the checkpoint and the model to a folder, which is made if it is not there.
    pub fn save(&self, folder: &Path) -> Result<()> {
        std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
        let position = Position {
            plan: self.plan.clone(),
            characters: self.characters(),
            steps: self.optimizer.steps,
            epoch: self.epoch,
            read: self.read,
        };
        let text = json!(position).to_string();
        let mut network = self.network.clone();
        let weights = parameters(&mut network);
        let mut tensors = vec![("position".to_owned(), vec![text.len()], Held::Bytes(text.as_bytes()))];
        let row = |name: String, values: &'_ [f32]| (name, vec![values.len()]);
        for (i, values) in weights.iter().enumerate() {
            let (name, shape) = row(format!("weights.{i}"), values);
            tensors.push((name, shape, Held::Singles(values)));
        }
        for (i, values) in self.optimizer.means.iter().enumerate() {
            let (name, shape) = row(format!("means.{i}"), values);
            tensors.push((name, shape, Held::Singles(values)));
        }
        for (i, memory) in self.memory.iter().enumerate() {
            for (what, values) in [("hidden", &memory.hidden), ("cell", &memory.cell)] {
                let (name, shape) = row(format!("memory.{i}.{what}"), values);
                tensors.push((name, shape, Held::Singles(values)));
            }
        }
        file::save(&folder.join(NAME), &tensors)?;
        self.save_model(folder)
    }

    /// Reads a checkpoint; training goes on with the same corpus.
    pub fn resume(folder: &Path, corpus: &str) -> Result<Self> {
        let path = folder.join(NAME);
        let weights = Weights::open(&path, &Control::default())?;
        let bytes: Vec<u8> = weights.read_any("position")?.iter().map(|x| *x as u8).collect();
        let position: Position = serde_json::from_slice(&bytes)
            .map_err(|e| Error::format(&path, format!("it does not say where training was: {e}")))?;
        let symbols = Symbols::characters(&position.characters)?;
        let network = position.plan.network(symbols.len())?;
        let mut trainer = Self::of(position.plan, symbols, network, corpus)?;
        let fill = |name: String, into: &mut Vec<f32>| -> Result<()> {
            *into = weights.read(&name, &[into.len()])?;
            Ok(())
        };
        for (i, values) in parameters(&mut trainer.network).into_iter().enumerate() {
            fill(format!("weights.{i}"), values)?;
        }
        let Optimizer { means, steps, .. } = &mut trainer.optimizer;
        *steps = position.steps;
        for (i, values) in means.iter_mut().enumerate() {
            fill(format!("means.{i}"), values)?;
        }
        for (i, memory) in trainer.memory.iter_mut().enumerate() {
            fill(format!("memory.{i}.hidden"), &mut memory.hidden)?;
            fill(format!("memory.{i}.cell"), &mut memory.cell)?;
        }
        (trainer.epoch, trainer.read) = (position.epoch, position.read);
        Ok(trainer)
    }

    fn characters(&self) -> String {
        (0..self.symbols.len() as u32).map(|id| self.symbols.item(id)).collect()
    }

    /// Writes the model, so that PyTorch and Lexiscope read it.
    fn save_model(&self, folder: &Path) -> Result<()> {
        let mut owned: Vec<(String, Vec<usize>, Vec<f32>)> = Vec::new();
        for (number, layer) in self.network.layers.iter().enumerate() {
            owned.extend(pytorch(&layer.forward, number));
        }
        if let Some(output) = &self.network.output {
            let classes = output.bias.len();
            let weights = turned(&output.weights, classes);
            owned.push(("decoder.weight".to_owned(), vec![classes, self.network.width()], weights));
            owned.push(("decoder.bias".to_owned(), vec![classes], output.bias.clone()));
        }
        let tensors: Vec<(String, Vec<usize>, Held<'_>)> =
            owned.iter().map(|(name, shape, values)| (name.clone(), shape.clone(), Held::Singles(values))).collect();
        file::save(&folder.join("model.safetensors"), &tensors)?;
        let described = json!({
            "weights": "model.safetensors",
            "cell": self.plan.cell,
            "prefix": "rnn.",
            "embedding": false,
            "output": {"weight": "decoder.weight", "bias": "decoder.bias"},
            "task": "language",
            "vocabulary": {"characters": self.characters()},
        });
        let text = serde_json::to_vec_pretty(&described).map_err(|e| Error::input(e.to_string()))?;
        file::write(&folder.join("lexiscope.json"), |out| out.write_all(&text))
    }
}

/// The tensors of a cell as PyTorch has them.
fn pytorch(cell: &Cell, number: usize) -> Vec<(String, Vec<usize>, Vec<f32>)> {
    let (units, width) = (cell.units, cell.width());
    let mut inner = vec![0.0; width];
    if matches!(cell.kind, Kind::Gru(_)) {
        inner[2 * units..].copy_from_slice(&cell.reset_bias);
    }
    let name = |what: &str| format!("rnn.{what}_l{number}");
    vec![
        (name("weight_ih"), vec![width, cell.inputs], turned(&cell.input, width)),
        (name("weight_hh"), vec![width, units], turned(&cell.recurrent, width)),
        (name("bias_ih"), vec![width], cell.bias.clone()),
        (name("bias_hh"), vec![width], inner),
    ]
}

/// Rows and columns of a matrix with so many columns exchanged.
fn turned(values: &[f32], cols: usize) -> Vec<f32> {
    (0..cols).flat_map(|c| values.iter().skip(c).step_by(cols)).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::recurrent::{Ask, Opened};
    use crate::train::{Method, Order};

    const CORPUS: &str = "to be, or not to be: that is the question:\nwhether 'tis nobler in the mind to suffer\n";

    fn plan(cell: &str, order: Order) -> Plan {
        let method = if order == Order::Random { Method::Adam } else { Method::Rmsprop };
        Plan { cell: cell.into(), units: 7, layers: 2, batch: 2, steps: 5, epochs: 9, order, method, ..Plan::default() }
    }

    #[test]
    fn training_that_was_stopped_goes_on_to_the_same_bits() {
        let corpus = CORPUS.repeat(3);
        let folder = tempfile::tempdir().expect("a folder");
        let control = Control::default();
        for (cell, order) in [("rnn", Order::Random), ("gru", Order::Sequential), ("lstm", Order::Sequential)] {
            let mut whole = Trainer::new(plan(cell, order), &corpus).expect("it can be trained");
            let mut parted = whole.clone();
            for _ in 0..33 {
                whole.step(&control).expect("a step");
                parted.step(&control).expect("a step");
            }
            parted.save(folder.path()).expect("saved");
            let mut parted = Trainer::resume(folder.path(), &corpus).expect("read");
            for _ in 0..40 {
                let (a, b) = (whole.step(&control).expect("a step"), parted.step(&control).expect("a step"));
                assert_eq!(a, b, "{cell}");
            }
            assert_eq!(whole.network, parted.network, "{cell}");
        }
        assert!(Trainer::is_in(folder.path()));
        let other = Trainer::resume(folder.path(), "another text: 123").expect_err("another corpus").to_string();
        assert!(other.contains("another one"), "{other}");
    }

    #[test]
    fn a_model_that_was_trained_is_opened_with_the_same_logits() {
        let corpus = CORPUS.repeat(2);
        let control = Control::default();
        for cell in ["rnn", "gru", "lstm"] {
            let folder = tempfile::tempdir().expect("a folder");
            let mut trainer = Trainer::new(plan(cell, Order::Sequential), &corpus).expect("it can be trained");
            for _ in 0..5 {
                trainer.step(&control).expect("a step");
            }
            trainer.save(folder.path()).expect("saved");
            let opened = Opened::open(folder.path(), &control).expect("it is read");
            assert_eq!(opened.network, trainer.network, "{cell}");
            let summary = opened.trace(&Ask::new(CORPUS), &control, &mut |_| Ok(())).expect("it runs");
            assert_eq!(summary.tokens, CORPUS.chars().count());
        }
    }
}
