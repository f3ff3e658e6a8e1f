//! A step of an LSTM: `c' = f c + i g`, `h' = o tanh(c')`, with clipping and projection where the cell has them.

use super::cell::{Cell, State};
use super::vector;
use crate::error::Result;
use crate::trace::{Site, Steps};

pub(super) const SITES: &[Site] = &[
    Site::PreInput,
    Site::PreForget,
    Site::PreCandidate,
    Site::PreOutput,
    Site::GateInput,
    Site::GateForget,
    Site::Candidate,
    Site::GateOutput,
    Site::Cell,
    Site::State,
    Site::Unprojected,
];

/// `z` is what was read, `[input, forget, candidate, output]`; `spare` has as much room.
pub(super) fn step(
    cell: &Cell,
    step: usize,
    z: &mut [f32],
    spare: &mut [f32],
    state: &mut State,
    steps: &mut Steps<'_>,
) -> Result<()> {
    let units = cell.units;
    cell.remember(z, &state.hidden, 0);
    for (gate, z) in z.chunks_exact_mut(units).enumerate() {
        steps.see(gate, step, z)?;
        match gate {
            2 => vector::activate(cell.activation, z),
            _ => vector::gate(cell.gate, z),
        }
        steps.see(4 + gate, step, z)?;
    }
    let (input, rest) = z.split_at(units);
    let (forget, rest) = rest.split_at(units);
    let (candidate, output) = rest.split_at(units);
    for (j, c) in state.cell.iter_mut().enumerate() {
        *c = forget[j] * *c + input[j] * candidate[j];
    }
    clip(cell.cell_clip, &mut state.cell);
    steps.see(8, step, &mut state.cell)?;
    let shown = &mut spare[..units];
    shown.copy_from_slice(&state.cell);
    vector::activate(cell.activation, shown);
    shown.iter_mut().zip(output).for_each(|(h, o)| *h *= o);
    match &cell.projection {
        None => state.hidden.copy_from_slice(shown),
        Some(projection) => {
            steps.see(10, step, shown)?;
            state.hidden.fill(0.0);
            let outputs = state.hidden.len();
            vector::add_product(&mut state.hidden, shown, projection, outputs, 0);
            clip(cell.output_clip, &mut state.hidden);
        }
    }
    steps.see(9, step, &mut state.hidden)
}

fn clip(most: Option<f32>, row: &mut [f32]) {
    if let Some(most) = most {
        for x in row {
            *x = x.clamp(-most, most);
        }
    }
}
