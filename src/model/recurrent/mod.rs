//! Recurrent networks: plain, GRU and LSTM layers, stacked, in one direction or two, with projection and clipping; and
//! ELMo, which is one of them over a network of characters.
//!
//! The kernels are our own, on plain slices of `f32`: what a layer reads is multiplied for all time steps at once, and
//! what it remembers a step at a time. Every gate, what went into it, the cell and the state are sites of the seam
//! ([`crate::trace::Steps`]). Whatever the order of gates in a file ([`Layout`]), a [`Cell`] has one order.

mod backward;
mod cell;
mod characters;
mod gru;
mod layout;
mod lstm;
mod network;
mod plain;
mod tape;
#[expect(clippy::inline_always, reason = "what is not inlined is compiled for any processor only")]
mod vector;

pub use backward::{Back, Gradients};
pub use cell::{Activation, Cell, Gate, Inputs, Kind, Reset, State};
pub use characters::{Filters, Highway, Spelled, Speller};
pub use layout::{Layout, Parts, Stored};
pub use network::{Embedding, Layer, Network, Output, Pooling, Reading, States, Wiring};
pub use tape::{Memory, Tape};
