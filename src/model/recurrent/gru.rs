//! A step of a GRU: `h' = (1 - z) n + z h`, with the reset gate on either side of the product.

use super::cell::{Cell, Reset, State};
use super::vector;
use crate::error::Result;
use crate::trace::{Site, Steps};

pub(super) const SITES: &[Site] = &[
    Site::PreReset,
    Site::PreUpdate,
    Site::PreCandidate,
    Site::GateReset,
    Site::GateUpdate,
    Site::Candidate,
    Site::State,
];

/// `z` is what was read, `[reset, update, candidate]`; `spare` has as much room.
pub(super) fn step(
    cell: &Cell,
    reset: Reset,
    step: usize,
    z: &mut [f32],
    spare: &mut [f32],
    state: &mut State,
    steps: &mut Steps<'_>,
) -> Result<()> {
    let units = cell.units;
    match reset {
        Reset::Before => cell.remember(&mut z[..2 * units], &state.hidden, 0),
        Reset::After => {
            spare.fill(0.0);
            cell.remember(spare, &state.hidden, 0);
            let (gates, candidate) = spare.split_at_mut(2 * units);
            z.iter_mut().zip(gates).for_each(|(z, u)| *z += *u);
            candidate.iter_mut().zip(&cell.reset_bias).for_each(|(u, b)| *u += b);
        }
    }
    for gate in 0..2 {
        let gates = &mut z[gate * units..][..units];
        steps.see(gate, step, gates)?;
        vector::gate(cell.gate, gates);
        steps.see(3 + gate, step, gates)?;
    }
    let (gates, candidate) = z.split_at_mut(2 * units);
    let (r, keep) = gates.split_at(units);
    match reset {
        Reset::Before => {
            let remembered = &mut spare[..units];
            for ((y, r), h) in remembered.iter_mut().zip(r).zip(&state.hidden) {
                *y = r * h;
            }
            cell.remember(candidate, remembered, 2 * units);
        }
        Reset::After => {
            for ((n, r), u) in candidate.iter_mut().zip(r).zip(&spare[2 * units..]) {
                *n += r * u;
            }
        }
    }
    steps.see(2, step, candidate)?;
    vector::activate(cell.activation, candidate);
    steps.see(5, step, candidate)?;
    for ((h, z), n) in state.hidden.iter_mut().zip(keep).zip(candidate.iter()) {
        *h = (1.0 - z) * n + z * *h;
    }
    steps.see(6, step, &mut state.hidden)
}
