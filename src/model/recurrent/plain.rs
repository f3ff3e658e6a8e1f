//! A step of a plain recurrent layer: `h' = f(x W + h U + b)`.

use super::cell::{Cell, State};
use super::vector;
use crate::error::Result;
use crate::trace::{Site, Steps};

pub(super) const SITES: &[Site] = &[Site::PreState, Site::State];

pub(super) fn step(cell: &Cell, step: usize, z: &mut [f32], state: &mut State, steps: &mut Steps<'_>) -> Result<()> {
    cell.remember(z, &state.hidden, 0);
    steps.see(0, step, z)?;
    state.hidden.copy_from_slice(z);
    vector::activate(cell.activation, &mut state.hidden);
    steps.see(1, step, &mut state.hidden)
}
