//! From the tensors of a file to a [`Cell`]: every framework has an order of gates of its own.
//!
//! | layout | weights | LSTM | GRU |
//! |---|---|---|---|
//! | PyTorch | one row to each output | i f g o | r z n, reset after the product |
//! | TensorFlow 1 | one row to each input, those of the state under those of the input | i j f o, forget bias 1 | r u and n apart, reset before |
//! | Keras | one row to each input | i f c o | z r h, reset as `reset_after` says |
//! | `CuDNN` in Keras | gate by gate as `CuDNN` has them | i f c o | z r h, reset after |
//! | Torch char-rnn | one row to each output | i f o g | z r n, where z is how much of the candidate comes in; reset before |

use super::cell::{Activation, Cell, Gate, Kind, Reset};
use crate::error::{Error, Result};

/// Whose order of gates a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// `torch.nn`: `weight_ih [gates * units, inputs]`, two biases.
    PyTorch,
    /// TensorFlow 1: `kernel [inputs + units, gates * units]`.
    TensorFlow,
    /// Keras: `kernel [inputs, gates * units]`, `recurrent_kernel`.
    Keras,
    /// Keras's `CuDNNLSTM` and `CuDNNGRU`.
    Cudnn,
    /// Torch char-rnn: `i2h [gates * units, inputs]`, `h2h`.
    Torch,
}

/// A tensor as a file has it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stored {
    /// The length of each axis.
    pub shape: Vec<usize>,
    /// Row-major.
    pub values: Vec<f32>,
}

impl Stored {
    /// Rows and columns.
    fn matrix(&self, what: &str) -> Result<(usize, usize)> {
        match self.shape[..] {
            [rows, cols] if rows > 0 && cols > 0 => Ok((rows, cols)),
            _ => Err(Error::input(format!("{what} should be a matrix and is {:?}", self.shape))),
        }
    }

    /// Rows and columns exchanged.
    pub fn turned(&self) -> Result<Self> {
        let (rows, cols) = self.matrix("a weight")?;
        let values = (0..cols).flat_map(|c| (0..rows).map(move |r| (r, c)));
        let values = values.map(|(r, c)| self.values[r * cols + c]).collect();
        Ok(Self { shape: vec![cols, rows], values })
    }

    /// Matrices beside each other, or under each other where they have one row to each output.
    pub fn joined(parts: &[Self], below: bool) -> Result<Self> {
        let [first, rest @ ..] = parts else { return Err(Error::input("there is nothing to join")) };
        if rest.is_empty() {
            return Ok(first.clone());
        }
        if parts.iter().all(|part| part.shape.len() == 1) {
            let values: Vec<f32> = parts.iter().flat_map(|part| part.values.iter().copied()).collect();
            return Ok(Self { shape: vec![values.len()], values });
        }
        if !below {
            let turned: Vec<Self> = parts.iter().map(Self::turned).collect::<Result<_>>()?;
            return Self::joined(&turned, true)?.turned();
        }
        let (mut rows, cols) = (0, first.matrix("a weight")?.1);
        for part in parts {
            let (more, width) = part.matrix("a weight")?;
            if width != cols {
                return Err(Error::input(format!("matrices of {cols} and {width} columns cannot be one")));
            }
            rows += more;
        }
        let values = parts.iter().flat_map(|part| part.values.iter().copied()).collect();
        Ok(Self { shape: vec![rows, cols], values })
    }
}

/// The tensors of one direction of one layer, and what a file says about them.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// Weights of what is read; absent where those of the state are under them in one matrix.
    pub input: Option<Stored>,
    /// Weights of the state.
    pub recurrent: Stored,
    /// Biases that are added to each other.
    pub biases: Vec<Stored>,
    /// The projection of an LSTM's state.
    pub projection: Option<Stored>,
    /// Where the reset gate of a GRU acts; what the layout has where nothing is said.
    pub reset: Option<Reset>,
    /// What is added to the forget gate of an LSTM.
    pub forget_bias: f32,
    /// How gates are squashed.
    pub gate: Gate,
    /// How candidates and states are squashed.
    pub activation: Activation,
    /// The largest magnitude in the cell of an LSTM.
    pub cell_clip: Option<f32>,
    /// The largest magnitude in its projected state.
    pub output_clip: Option<f32>,
}

impl Parts {
    /// Weights about which nothing else is said.
    pub fn new(input: Option<Stored>, recurrent: Stored, biases: Vec<Stored>) -> Self {
        Self {
            input,
            recurrent,
            biases,
            projection: None,
            reset: None,
            forget_bias: 0.0,
            gate: Gate::Sigmoid,
            activation: Activation::Tanh,
            cell_clip: None,
            output_clip: None,
        }
    }
}

impl Layout {
    /// Whether matrices have one row to each output, `x W^T`.
    pub fn has_rows_of_outputs(self) -> bool {
        matches!(self, Self::PyTorch | Self::Torch)
    }

    /// Where the reset gate of a GRU acts unless a file says otherwise.
    pub fn reset(self) -> Reset {
        if matches!(self, Self::PyTorch | Self::Cudnn) { Reset::After } else { Reset::Before }
    }

    /// The block of a file's weights that each gate of a [`Cell`] is.
    fn order(self, kind: Kind) -> &'static [usize] {
        match (self, kind) {
            (_, Kind::Plain) => &[0],
            (Self::TensorFlow, Kind::Lstm) => &[0, 2, 1, 3],
            (Self::Torch, Kind::Lstm) => &[0, 1, 3, 2],
            (Self::PyTorch | Self::Keras | Self::Cudnn, Kind::Lstm) => &[0, 1, 2, 3],
            (Self::PyTorch | Self::TensorFlow, Kind::Gru(_)) => &[0, 1, 2],
            (Self::Keras | Self::Cudnn | Self::Torch, Kind::Gru(_)) => &[1, 0, 2],
        }
    }

    /// The cell that these tensors are.
    ///
    /// # Errors
    /// [`Error::Input`] where their shapes do not go together.
    pub fn cell(self, kind: Kind, parts: &Parts) -> Result<Cell> {
        let kind = match kind {
            Kind::Gru(_) => Kind::Gru(parts.reset.unwrap_or_else(|| self.reset())),
            kind => kind,
        };
        let gates = kind.gates();
        let by_input = |stored: &Stored| if self.has_rows_of_outputs() { stored.turned() } else { Ok(stored.clone()) };
        let mut recurrent = by_input(&parts.recurrent)?;
        let (rows, width) = recurrent.matrix("the recurrent weight")?;
        if width % gates != 0 {
            let name = kind.name();
            return Err(Error::input(format!("{width} columns are not {gates} gates of one size, as a {name} has")));
        }
        let units = width / gates;
        let mut input = if let Some(stored) = &parts.input {
            by_input(stored)?
        } else {
            // The rows of the state are the last ones of the one matrix.
            let outputs = parts.projection.as_ref().and_then(|p| p.shape.get(1).copied()).unwrap_or(units);
            if rows <= outputs {
                return Err(Error::input(format!("{rows} rows have no place for an input beside {outputs} of state")));
            }
            let state = recurrent.values.split_off((rows - outputs) * width);
            let input = std::mem::replace(&mut recurrent, Stored { shape: vec![outputs, width], values: state });
            Stored { shape: vec![rows - outputs, width], values: input.values }
        };
        if self == Self::Cudnn {
            (input, recurrent) = (from_cudnn(&input, gates)?, turned_gates(&recurrent, gates)?);
        }
        let (inputs, wide) = input.matrix("the input weight")?;
        if wide != width {
            return Err(Error::input(format!("the weights have {wide} and {width} outputs")));
        }
        let order = self.order(kind);
        let (bias, reset_bias) = Self::biases(kind, parts, units, order)?;
        let projection = match &parts.projection {
            Some(stored) if self.has_rows_of_outputs() => Some(stored.turned()?),
            stored => stored.clone(),
        };
        let mut cell = Cell {
            kind,
            gate: parts.gate,
            activation: parts.activation,
            inputs,
            units,
            input: ordered(&input.values, units, order),
            recurrent: ordered(&recurrent.values, units, order),
            bias,
            reset_bias,
            projection: projection.map(|stored| stored.values),
            cell_clip: parts.cell_clip,
            output_clip: parts.output_clip,
        };
        if matches!(kind, Kind::Lstm) {
            cell.bias[units..2 * units].iter_mut().for_each(|b| *b += parts.forget_bias);
        }
        if self == Self::Torch && matches!(kind, Kind::Gru(_)) {
            // The gate there is how much of the candidate comes in: 1 - s(x) = s(-x).
            let mut negate = |row: &mut [f32]| row[units..2 * units].iter_mut().for_each(|w| *w = -*w);
            cell.input.chunks_exact_mut(width).for_each(&mut negate);
            cell.recurrent.chunks_exact_mut(width).for_each(&mut negate);
            negate(&mut cell.bias);
        }
        let clips = [parts.cell_clip, parts.output_clip];
        if let Some(clip) = clips.into_iter().flatten().find(|clip| !clip.is_finite() || *clip < 0.0) {
            return Err(Error::input(format!("{clip} is no magnitude to clip to")));
        }
        cell.check()?;
        Ok(cell)
    }

    /// The bias of all gates, and that inside the reset where there is one.
    fn biases(kind: Kind, parts: &Parts, units: usize, order: &[usize]) -> Result<(Vec<f32>, Vec<f32>)> {
        let width = order.len() * units;
        let mut rows: Vec<Vec<f32>> = Vec::new();
        for stored in &parts.biases {
            // Keras and CuDNN put both into one tensor.
            if stored.values.len() != width && stored.values.len() != 2 * width {
                let found = stored.values.len();
                return Err(Error::input(format!("a bias has {found} numbers, and the weights have {width} outputs")));
            }
            rows.extend(stored.values.chunks_exact(width).map(|row| ordered(row, units, order)));
        }
        let mut bias = vec![0.0; width];
        let mut reset_bias = if kind == Kind::Gru(Reset::After) { vec![0.0; units] } else { Vec::new() };
        for (i, row) in rows.iter().enumerate() {
            // The second one is the state's: of a candidate that is reset after the product it stays inside.
            let inside = if i > 0 { reset_bias.len() } else { 0 };
            let (outer, inner) = row.split_at(width - inside);
            bias.iter_mut().zip(outer).for_each(|(b, x)| *b += x);
            reset_bias.iter_mut().zip(inner).for_each(|(b, x)| *b += x);
        }
        Ok((bias, reset_bias))
    }
}

/// The blocks of `units` columns of each row in this order.
fn ordered(values: &[f32], units: usize, order: &[usize]) -> Vec<f32> {
    let rows = values.chunks_exact(order.len() * units);
    rows.flat_map(|row| order.iter().flat_map(move |&gate| &row[gate * units..][..units])).copied().collect()
}

/// Each gate's square of recurrent weights turned.
fn turned_gates(stored: &Stored, gates: usize) -> Result<Stored> {
    let (rows, width) = stored.matrix("the recurrent weight")?;
    let units = width / gates;
    if rows != units {
        return Err(Error::input(format!("{rows} rows and {units} units: CuDNN's layers have no projection")));
    }
    let places = (0..rows).flat_map(|r| (0..width).map(move |c| (r, c)));
    let turned = places.map(|(r, c)| stored.values[(c % units) * width + c / units * units + r]);
    Ok(Stored { shape: stored.shape.clone(), values: turned.collect() })
}

/// Each gate's input weights as Keras converts them: their numbers row by row are those of the result column by column.
fn from_cudnn(stored: &Stored, gates: usize) -> Result<Stored> {
    let (rows, width) = stored.matrix("the input weight")?;
    let units = width / gates;
    let places = (0..rows).flat_map(|r| (0..width).map(move |c| (r, c)));
    let turned = places.map(|(r, c)| {
        let number = r + c % units * rows;
        stored.values[number / units * width + c / units * units + number % units]
    });
    Ok(Stored { shape: stored.shape.clone(), values: turned.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(shape: &[usize], values: impl IntoIterator<Item = f32>) -> Stored {
        Stored { shape: shape.to_vec(), values: values.into_iter().collect() }
    }

    #[test]
    fn matrices_are_joined_along_their_outputs() {
        let a = stored(&[2, 1], [1.0, 2.0]);
        let b = stored(&[2, 1], [3.0, 4.0]);
        let both = [a, b];
        assert_eq!(Stored::joined(&both, false).expect("two columns"), stored(&[2, 2], [1.0, 3.0, 2.0, 4.0]));
        assert_eq!(Stored::joined(&both, true).expect("two rows"), stored(&[4, 1], [1.0, 2.0, 3.0, 4.0]));
        let wrong = [both[0].clone(), stored(&[2, 2], [0.0; 4])];
        assert!(Stored::joined(&wrong, true).is_err());
    }

    #[test]
    fn shapes_that_do_not_go_together_are_refused_with_their_sizes() {
        let parts = Parts::new(Some(stored(&[8, 3], [0.0; 24])), stored(&[8, 2], [0.0; 16]), Vec::new());
        assert!(Layout::PyTorch.cell(Kind::Lstm, &parts).is_ok());
        for (says, wrong) in [
            ("not 3 gates", Layout::PyTorch.cell(Kind::Gru(Reset::After), &parts)),
            ("do not go together", Layout::PyTorch.cell(Kind::Plain, &parts)),
            ("a bias has 3 numbers", {
                let biases = vec![stored(&[3], [0.0; 3])];
                Layout::PyTorch.cell(Kind::Lstm, &Parts { biases, ..parts.clone() })
            }),
            ("no magnitude", {
                Layout::PyTorch.cell(Kind::Lstm, &Parts { cell_clip: Some(f32::NAN), ..parts.clone() })
            }),
        ] {
            let error = wrong.expect_err(says).to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
