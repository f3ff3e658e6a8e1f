//! A layer over several sequences at once, with everything kept that its derivative needs: what training and the question
//! "which earlier input does this depend on?" are made of. Sequences have one length; blocks are `[time, sequence, unit]`.
//!
//! Projected and clipped cells have no derivative here.

use super::cell::{Cell, Inputs, Kind, Reset};
use super::vector;
use crate::error::{Error, Result};
use crate::model::kernels::{Matrix, multiply};

/// What sequences remember: `[sequence, units]`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Memory {
    /// States.
    pub hidden: Vec<f32>,
    /// Cells of an LSTM; else empty.
    pub cell: Vec<f32>,
}

impl Memory {
    /// That of so many sequences before their first step.
    pub fn start(cell: &Cell, sequences: usize) -> Self {
        let cells = if cell.kind == Kind::Lstm { cell.units * sequences } else { 0 };
        Self { hidden: vec![0.0; cell.units * sequences], cell: vec![0.0; cells] }
    }
}

/// What a pass over time left.
#[derive(Debug, Clone, Default)]
pub struct Tape {
    pub(super) sequences: usize,
    /// Gates and candidates after they were squashed, in the cell's order.
    pub(super) gates: Vec<f32>,
    /// States, those before the first step first: `[time + 1, sequence, units]`.
    pub(super) states: Vec<f32>,
    /// Cells of an LSTM likewise.
    pub(super) cells: Vec<f32>,
    /// What is between the steps: the squashed cells of an LSTM; of a GRU what the state adds to the candidate, or the
    /// state that was reset.
    pub(super) inner: Vec<f32>,
}

impl Tape {
    /// Runs sequences through a cell from `memory` on, and leaves there what comes next.
    pub fn run(cell: &Cell, inputs: Inputs<'_>, memory: &mut Memory) -> Result<Self> {
        if cell.projection.is_some() || cell.cell_clip.is_some() || cell.output_clip.is_some() {
            return Err(Error::input("projected and clipped layers have no derivative here"));
        }
        let (units, width) = (cell.units, cell.width());
        let mut gates = cell.read(inputs);
        let sequences = memory.hidden.len() / units;
        let row = sequences * units;
        let times = gates.len().checked_div(sequences * width).unwrap_or(0);
        if row == 0 || memory.hidden.len() != row || gates.len() != times * sequences * width {
            return Err(Error::input(format!("{} gates are no steps of {sequences} sequences", gates.len())));
        }
        let mut states = memory.hidden.clone();
        states.resize((times + 1) * row, 0.0);
        let mut cells = memory.cell.clone();
        cells.resize(if cell.kind == Kind::Lstm { (times + 1) * row } else { 0 }, 0.0);
        let mut inner = vec![0.0; if cell.kind == Kind::Plain { 0 } else { times * row }];
        let mut spare = vec![0.0; sequences * width];
        for (step, z) in gates.chunks_exact_mut(sequences * width).enumerate() {
            let (before, after) = states.split_at_mut((step + 1) * row);
            let (h, next) = (&before[step * row..], &mut after[..row]);
            match cell.kind {
                Kind::Plain => {
                    product(z, h, cell, 0, width, true);
                    next.copy_from_slice(z);
                    vector::activate(cell.activation, next);
                    z.copy_from_slice(next);
                }
                Kind::Lstm => {
                    product(z, h, cell, 0, width, true);
                    let (before, after) = cells.split_at_mut((step + 1) * row);
                    let (c, new) = (&before[step * row..], &mut after[..row]);
                    let shown = &mut inner[step * row..][..row];
                    for (s, z) in z.chunks_exact_mut(width).enumerate() {
                        vector::gate(cell.gate, &mut z[..2 * units]);
                        vector::activate(cell.activation, &mut z[2 * units..3 * units]);
                        vector::gate(cell.gate, &mut z[3 * units..]);
                        let at = s * units;
                        for j in 0..units {
                            new[at + j] = z[units + j] * c[at + j] + z[j] * z[2 * units + j];
                        }
                    }
                    shown.copy_from_slice(new);
                    vector::activate(cell.activation, shown);
                    for (s, z) in z.chunks_exact(width).enumerate() {
                        for j in 0..units {
                            next[s * units + j] = z[3 * units + j] * shown[s * units + j];
                        }
                    }
                }
                Kind::Gru(reset) => {
                    let inner = &mut inner[step * row..][..row];
                    gru(cell, reset, z, h, next, inner, &mut spare);
                }
            }
        }
        let last = times * row;
        memory.hidden.copy_from_slice(&states[last..]);
        if cell.kind == Kind::Lstm {
            memory.cell.copy_from_slice(&cells[last..]);
        }
        Ok(Self { sequences, gates, states, cells, inner })
    }

    /// The states after each step: `[time, sequence, units]`.
    pub fn outputs(&self, cell: &Cell) -> &[f32] {
        &self.states[self.sequences * cell.units..]
    }

    /// Gates and candidates of each step, `[time, sequence, gates * units]`, in the order of the cell.
    pub fn gates(&self) -> &[f32] {
        &self.gates
    }
}

fn gru(cell: &Cell, reset: Reset, z: &mut [f32], h: &[f32], next: &mut [f32], inner: &mut [f32], spare: &mut [f32]) {
    let (units, width) = (cell.units, cell.width());
    spare.fill(0.0);
    let columns = if reset == Reset::After { width } else { 2 * units };
    product(spare, h, cell, 0, columns, false);
    for (s, (z, u)) in z.chunks_exact_mut(width).zip(spare.chunks_exact(width)).enumerate() {
        let (h, inner) = (&h[s * units..][..units], &mut inner[s * units..][..units]);
        z[..2 * units].iter_mut().zip(u).for_each(|(z, u)| *z += u);
        vector::gate(cell.gate, &mut z[..2 * units]);
        for j in 0..units {
            inner[j] = match reset {
                Reset::After => u[2 * units + j] + cell.reset_bias[j],
                Reset::Before => z[j] * h[j],
            };
        }
    }
    if reset == Reset::Before {
        product(z, inner, cell, 2 * units, units, true);
    }
    for (s, z) in z.chunks_exact_mut(width).enumerate() {
        let at = s * units;
        if reset == Reset::After {
            for j in 0..units {
                z[2 * units + j] += z[j] * inner[at + j];
            }
        }
        vector::activate(cell.activation, &mut z[2 * units..]);
        for j in 0..units {
            next[at + j] = (1.0 - z[units + j]) * z[2 * units + j] + z[units + j] * h[at + j];
        }
    }
}

/// `y (+)= h U` for so many columns of the recurrent weights from `first` on, in the same columns of `y`.
fn product(y: &mut [f32], h: &[f32], cell: &Cell, first: usize, columns: usize, keep: bool) {
    let (units, width) = (cell.units, cell.width());
    let weights = Matrix { data: &cell.recurrent[first..], rows: units, cols: columns, row_step: width, col_step: 1 };
    if columns == width {
        multiply(y, Matrix::rows(h, units), weights, keep, 1.0, true);
        return;
    }
    let mut part = vec![0.0; h.len() / units * columns];
    multiply(&mut part, Matrix::rows(h, units), weights, false, 1.0, true);
    for (y, part) in y.chunks_exact_mut(width).zip(part.chunks_exact(columns)) {
        for (y, x) in y[first..first + columns].iter_mut().zip(part) {
            *y = if keep { *y + x } else { *x };
        }
    }
}
