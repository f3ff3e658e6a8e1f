//! Back-propagation through time (Werbos 1990): from the gradient by a layer's states to those by its weights, by what it
//! read, and by what it remembered. Each formula is the derivative of the step in the file of its cell.

use super::cell::{Activation, Cell, Gate, Inputs, Kind, Reset};
use super::tape::{Memory, Tape};
use crate::model::kernels::{Matrix, multiply};

/// Gradients by the weights of a cell, in its layout.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Gradients {
    /// By [`Cell::input`].
    pub input: Vec<f32>,
    /// By [`Cell::recurrent`].
    pub recurrent: Vec<f32>,
    /// By [`Cell::bias`].
    pub bias: Vec<f32>,
    /// By [`Cell::reset_bias`].
    pub reset_bias: Vec<f32>,
}

/// What comes out of a layer on the way back.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Back {
    /// By the weights; empty where nobody asked.
    pub weights: Gradients,
    /// By what was read, `[time, sequence, inputs]`; empty where that were places of ones.
    pub inputs: Vec<f32>,
    /// By what was remembered before the first step.
    pub memory: Memory,
    /// The length of the gradient by the state before each step, summed over sequences: how much of it comes back so far.
    pub lengths: Vec<f32>,
}

impl Tape {
    /// Goes back through time, given the gradients by the states `[time, sequence, units]`.
    pub fn back(&self, cell: &Cell, inputs: Inputs<'_>, by_states: &[f32], weights: bool) -> Back {
        let (units, width) = (cell.units, cell.width());
        let row = self.sequences * units;
        let times = by_states.len() / row;
        // By what goes into the gates: of what was read, and of what was remembered. They differ only in a GRU that resets
        // after its product.
        let mut read = vec![0.0; times * self.sequences * width];
        let is_after = cell.kind == Kind::Gru(Reset::After);
        let mut remembered = if is_after { read.clone() } else { Vec::new() };
        let mut memory = Memory::start(cell, self.sequences);
        let mut lengths = vec![0.0; times];
        let turned = Matrix::rows(&cell.recurrent, width).turned();
        for step in (0..times).rev() {
            let by_h = &mut memory.hidden;
            by_h.iter_mut().zip(&by_states[step * row..]).for_each(|(h, y)| *h += y);
            let place = step * self.sequences * width..(step + 1) * self.sequences * width;
            let by_z = &mut read[place.clone()];
            let before = &self.states[step * row..][..row];
            let gates = &self.gates[place.clone()];
            let mut by_before = vec![0.0; row];
            match cell.kind {
                Kind::Plain => {
                    for ((z, h), g) in by_z.iter_mut().zip(by_h.iter()).zip(gates) {
                        *z = h * slope(cell.activation, *g);
                    }
                    multiply(&mut by_before, Matrix::rows(by_z, width), turned, false, 1.0, true);
                }
                Kind::Lstm => {
                    self.lstm(cell, step, by_z, by_h, &mut memory.cell);
                    multiply(&mut by_before, Matrix::rows(by_z, width), turned, false, 1.0, true);
                }
                Kind::Gru(Reset::After) => {
                    let by_u = &mut remembered[place];
                    let inner = &self.inner[step * row..][..row];
                    for s in 0..self.sequences {
                        let (at, wide) = (s * units, s * width);
                        let g = &gates[wide..][..width];
                        let (z, u) = (&mut by_z[wide..][..width], &mut by_u[wide..][..width]);
                        for j in 0..units {
                            let (r, keep, n, dh) = (g[j], g[units + j], g[2 * units + j], by_h[at + j]);
                            let by_n = dh * (1.0 - keep) * slope(cell.activation, n);
                            z[2 * units + j] = by_n;
                            u[2 * units + j] = by_n * r;
                            z[j] = by_n * inner[at + j] * gate_slope(cell.gate, r);
                            z[units + j] = dh * (before[at + j] - n) * gate_slope(cell.gate, keep);
                            by_before[at + j] = dh * keep;
                        }
                        u[..2 * units].copy_from_slice(&z[..2 * units]);
                    }
                    multiply(&mut by_before, Matrix::rows(by_u, width), turned, true, 1.0, true);
                }
                Kind::Gru(Reset::Before) => {
                    let block = |first: usize, columns: usize| {
                        let data = &cell.recurrent[first..];
                        Matrix { data, rows: units, cols: columns, row_step: width, col_step: 1 }.turned()
                    };
                    for s in 0..self.sequences {
                        let (at, wide) = (s * units, s * width);
                        for j in 0..units {
                            let (keep, n, dh) = (gates[wide + units + j], gates[wide + 2 * units + j], by_h[at + j]);
                            by_z[wide + 2 * units + j] = dh * (1.0 - keep) * slope(cell.activation, n);
                            by_z[wide + units + j] = dh * (before[at + j] - n) * gate_slope(cell.gate, keep);
                            by_before[at + j] = dh * keep;
                        }
                    }
                    let sequences = self.sequences;
                    let data = &by_z[2 * units..];
                    let rows = Matrix { data, rows: sequences, cols: units, row_step: width, col_step: 1 };
                    let mut by_reset = vec![0.0; row];
                    multiply(&mut by_reset, rows, block(2 * units, units), false, 1.0, true);
                    for s in 0..self.sequences {
                        let (at, wide) = (s * units, s * width);
                        for j in 0..units {
                            let r = gates[wide + j];
                            by_z[wide + j] = by_reset[at + j] * before[at + j] * gate_slope(cell.gate, r);
                            by_before[at + j] += by_reset[at + j] * r;
                        }
                    }
                    let rows =
                        Matrix { data: by_z, rows: self.sequences, cols: 2 * units, row_step: width, col_step: 1 };
                    multiply(&mut by_before, rows, block(0, 2 * units), true, 1.0, true);
                }
            }
            lengths[step] = by_before.chunks_exact(units).map(|h| h.iter().map(|x| x * x).sum::<f32>().sqrt()).sum();
            memory.hidden = by_before;
        }
        let recurrent = if is_after { &remembered } else { &read };
        let weights = if weights { self.weights(cell, inputs, &read, recurrent) } else { Gradients::default() };
        let inputs = match inputs {
            Inputs::OneHot(_) => Vec::new(),
            Inputs::Dense(x) => {
                let mut by_x = vec![0.0; x.len()];
                multiply(
                    &mut by_x,
                    Matrix::rows(&read, width),
                    Matrix::rows(&cell.input, width).turned(),
                    false,
                    1.0,
                    true,
                );
                by_x
            }
        };
        Back { weights, inputs, memory, lengths }
    }

    /// One step back of an LSTM; `by_c` becomes the gradient by the cells before it.
    fn lstm(&self, cell: &Cell, step: usize, by_z: &mut [f32], by_h: &[f32], by_c: &mut [f32]) {
        let (units, width) = (cell.units, cell.width());
        let row = self.sequences * units;
        let (c, shown) = (&self.cells[step * row..][..row], &self.inner[step * row..][..row]);
        let gates = &self.gates[step * self.sequences * width..][..self.sequences * width];
        for s in 0..self.sequences {
            let (at, wide) = (s * units, s * width);
            let (g, z) = (&gates[wide..][..width], &mut by_z[wide..][..width]);
            for j in 0..units {
                let [i, f, n, o] = [g[j], g[units + j], g[2 * units + j], g[3 * units + j]];
                let (dh, y) = (by_h[at + j], shown[at + j]);
                let dc = by_c[at + j] + dh * o * slope(cell.activation, y);
                z[j] = dc * n * gate_slope(cell.gate, i);
                z[units + j] = dc * c[at + j] * gate_slope(cell.gate, f);
                z[2 * units + j] = dc * i * slope(cell.activation, n);
                z[3 * units + j] = dh * y * gate_slope(cell.gate, o);
                by_c[at + j] = dc * f;
            }
        }
    }

    fn weights(&self, cell: &Cell, inputs: Inputs<'_>, read: &[f32], remembered: &[f32]) -> Gradients {
        let (units, width) = (cell.units, cell.width());
        let rows = read.len() / width;
        let mut input = vec![0.0; cell.input.len()];
        match inputs {
            Inputs::Dense(x) => {
                let x = Matrix::rows(x, cell.inputs).turned();
                multiply(&mut input, x, Matrix::rows(read, width), false, 1.0, true);
            }
            Inputs::OneHot(places) => {
                for (place, z) in places.iter().zip(read.chunks_exact(width)) {
                    let row = &mut input[*place as usize * width..][..width];
                    row.iter_mut().zip(z).for_each(|(w, z)| *w += z);
                }
            }
        }
        let mut recurrent = vec![0.0; cell.recurrent.len()];
        let before = &self.states[..rows * units];
        multiply(
            &mut recurrent,
            Matrix::rows(before, units).turned(),
            Matrix::rows(remembered, width),
            false,
            1.0,
            true,
        );
        if cell.kind == Kind::Gru(Reset::Before) {
            // The candidate's weights saw the state that was reset.
            let mut candidate = vec![0.0; units * units];
            let z = Matrix { data: &read[2 * units..], rows, cols: units, row_step: width, col_step: 1 };
            multiply(&mut candidate, Matrix::rows(&self.inner[..rows * units], units).turned(), z, false, 1.0, true);
            for (row, own) in recurrent.chunks_exact_mut(width).zip(candidate.chunks_exact(units)) {
                row[2 * units..].copy_from_slice(own);
            }
        }
        let sum = |z: &[f32]| {
            let mut sum = vec![0.0; width];
            z.chunks_exact(width).for_each(|z| sum.iter_mut().zip(z).for_each(|(b, z)| *b += z));
            sum
        };
        let is_after = cell.kind == Kind::Gru(Reset::After);
        let reset_bias = if is_after { sum(remembered).split_off(2 * units) } else { Vec::new() };
        Gradients { input, recurrent, bias: sum(read), reset_bias }
    }
}

/// The derivative of an activation, by its value.
fn slope(activation: Activation, y: f32) -> f32 {
    match activation {
        Activation::Tanh => 1.0 - y * y,
        Activation::Relu if y > 0.0 => 1.0,
        Activation::Relu => 0.0,
    }
}

/// The derivative of a gate, by its value.
fn gate_slope(gate: Gate, y: f32) -> f32 {
    match gate {
        Gate::Sigmoid => y * (1.0 - y),
        Gate::Hard { slope } if y > 0.0 && y < 1.0 => slope,
        Gate::Hard { .. } => 0.0,
    }
}
