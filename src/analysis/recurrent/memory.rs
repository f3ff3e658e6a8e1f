//! How far back a recurrent network remembers: the gradient of an output by what was read earlier, and the eigenvalues of
//! the recurrent weights that decide whether gradients vanish or explode.

use crate::error::{Error, Result};
use crate::model::recurrent::{Cell, Embedding, Inputs, Memory, Network, Tape};
use crate::trace::Control;
use faer::Mat;

/// What an output depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct Connectivity {
    /// The length of the gradient of the output by what the first layer read at each step: its connectivity
    /// (Madsen 2019).
    pub inputs: Vec<f32>,
    /// For each layer the length of the gradient by its state before each step, as far as it comes through that layer.
    pub states: Vec<Vec<f32>>,
}

/// The gradient of the logit of `class` after the last of the tokens `ids`, which are read from an empty state.
///
/// # Errors
/// Where the network reads in both directions, projects or clips, or has no such logit.
pub fn connectivity(network: &Network, ids: &[u32], class: u32, control: &Control) -> Result<Connectivity> {
    let output = network.output.as_ref().filter(|output| (class as usize) < output.bias.len());
    let output = output.ok_or_else(|| Error::input(format!("the model has no logit {class}")))?;
    if network.is_bidirectional() {
        return Err(Error::input("gradients are taken of models that read in one direction"));
    }
    let Some(last) = ids.len().checked_sub(1) else { return Err(Error::input("the text is empty")) };
    let mut below = inputs(network, ids)?;
    let mut tapes = Vec::new();
    for layer in &network.layers {
        control.check()?;
        let cell = &layer.forward;
        let tape = Tape::run(cell, Inputs::Dense(&below), &mut Memory::start(cell, 1))?;
        let above = tape.outputs(cell).to_vec();
        tapes.push((tape, std::mem::replace(&mut below, above)));
    }
    let (units, classes) = (network.width(), output.bias.len());
    let mut by_states = vec![0.0; ids.len() * units];
    let column = output.weights.iter().skip(class as usize).step_by(classes);
    by_states[last * units..].iter_mut().zip(column).for_each(|(s, w)| *s = *w);
    let mut states = Vec::new();
    for (layer, (tape, read)) in network.layers.iter().zip(&tapes).rev() {
        control.check()?;
        let back = tape.back(&layer.forward, Inputs::Dense(read), &by_states, false);
        states.push(back.lengths);
        by_states = back.inputs;
    }
    states.reverse();
    let width = by_states.len() / ids.len();
    let length = |row: &[f32]| row.iter().map(|x| x * x).sum::<f32>().sqrt();
    Ok(Connectivity { inputs: by_states.chunks_exact(width.max(1)).map(length).collect(), states })
}

/// What the first layer reads: `[time, width]`.
fn inputs(network: &Network, ids: &[u32]) -> Result<Vec<f32>> {
    let size = network.vocabulary().ok_or_else(|| Error::input("gradients are not taken of models that spell"))?;
    if let Some(id) = ids.iter().find(|id| **id as usize >= size) {
        return Err(Error::input(format!("token id {id} is outside the model's vocabulary of {size}")));
    }
    if let Embedding::Table { values, width } = &network.embedding {
        return Ok(ids.iter().flat_map(|id| &values[*id as usize * width..][..*width]).copied().collect());
    }
    let mut ones = vec![0.0; ids.len() * size];
    ids.iter().enumerate().for_each(|(step, id)| ones[step * size + *id as usize] = 1.0);
    Ok(ones)
}

/// The eigenvalues of the recurrent weights of one gate of a cell, counted in its order, as real and imaginary parts, the
/// largest magnitude first.
///
/// # Errors
/// Where the state is projected, so that the weights are not square.
pub fn eigenvalues(cell: &Cell, gate: usize) -> Result<Vec<[f64; 2]>> {
    let (units, width) = (cell.units, cell.width());
    if cell.outputs() != units || gate >= cell.kind.gates() {
        return Err(Error::input("a projected state, or a gate that is not there, has no eigenvalues"));
    }
    let weights =
        Mat::<f64>::from_fn(units, units, |to, from| f64::from(cell.recurrent[from * width + gate * units + to]));
    let found = weights.eigenvalues().map_err(|e| Error::input(format!("eigenvalues were not found: {e:?}")))?;
    let mut found: Vec<[f64; 2]> = found.iter().map(|z| [z.re, z.im]).collect();
    found.sort_by(|a, b| b[0].hypot(b[1]).total_cmp(&a[0].hypot(a[1])).then(b[1].total_cmp(&a[1])));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::recurrent::Reading;
    use crate::trace::{Edits, Trace, Want};
    use crate::train::Plan;

    #[test]
    fn connectivity_is_the_length_of_the_quotients_of_differences() {
        for cell in ["rnn", "gru", "lstm"] {
            let plan = Plan { cell: cell.to_owned(), units: 6, layers: 2, seed: 3, ..Plan::default() };
            let mut network = plan.network(4).expect("a network");
            // A table, whose rows can be moved a little.
            let table: Vec<f32> = (0..20).map(|i| ((i * 7 % 11) as f32 - 5.0) / 4.0).collect();
            network.embedding = Embedding::Table { values: table.clone(), width: 4 };
            // Every token comes once, so that moving its row moves one step.
            let ids = [0, 3, 1, 4, 2];
            let logit = |network: &Network| {
                let (want, edits, control) = (Want::nothing(), Edits::none(), Control::default());
                let mut trace = Trace::new(&want, &edits, &control, 2);
                let logits = network.forward(Reading::Ids(&ids), 0, &mut network.start(), &mut trace);
                f64::from(logits.expect("it runs").expect("logits")[4 * 4 + 2])
            };
            let found = connectivity(&network, &ids, 2, &Control::default()).expect("a gradient");
            for (step, id) in ids.iter().enumerate() {
                let mut sum = 0.0;
                for j in 0..4 {
                    let mut at = |by: f32| {
                        let mut moved = table.clone();
                        moved[*id as usize * 4 + j] += by;
                        network.embedding = Embedding::Table { values: moved, width: 4 };
                        logit(&network)
                    };
                    let (near, far) = (at(1.0 / 32.0) - at(-1.0 / 32.0), at(1.0 / 16.0) - at(-1.0 / 16.0));
                    sum += ((8.0 * near - far) * 32.0 / 12.0).powi(2);
                }
                let (ours, wanted) = (f64::from(found.inputs[step]), sum.sqrt());
                assert!((ours - wanted).abs() < 1e-3 * wanted.max(0.02), "{cell} step {step}: {ours} {wanted}");
            }
            assert_eq!((found.states.len(), found.states[0].len()), (2, 5));
            assert!(connectivity(&network, &ids, 9, &Control::default()).is_err());
        }
    }

    #[test]
    fn eigenvalues_are_those_of_a_rotation() {
        let mut network = Plan { cell: "lstm".into(), units: 3, layers: 1, ..Plan::default() }.network(2).expect("one");
        let cell = &mut network.layers[0].forward;
        // The candidate's weights turn two units by 60 degrees at 0.9 of their length, and keep half of the third.
        let (c, s) = (0.9 * 0.5f32, 0.9 * 0.75f32.sqrt());
        let block = [[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, -0.5]];
        for (to, row) in block.iter().enumerate() {
            for (from, value) in row.iter().enumerate() {
                cell.recurrent[from * 12 + 6 + to] = *value;
            }
        }
        let found = eigenvalues(cell, 2).expect("square");
        let wanted = [[0.45, 0.9 * 0.75f64.sqrt()], [0.45, -0.9 * 0.75f64.sqrt()], [-0.5, 0.0]];
        for (a, b) in found.iter().zip(wanted) {
            assert!((a[0] - b[0]).abs() < 1e-6 && (a[1] - b[1]).abs() < 1e-6, "{found:?}");
        }
        assert!(eigenvalues(cell, 4).is_err());
    }
}
