//! Pure functions on arrays. No candle, no egui.

pub mod attention;
pub mod filter;
pub mod meaning;
pub mod neuron;
pub mod predictions;
pub mod rollout;
