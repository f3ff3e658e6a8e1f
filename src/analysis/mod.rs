//! Pure functions on arrays. No candle, no egui.

pub mod attention;
pub mod bootstrap;
pub mod evidence;
pub mod filter;
pub mod heads;
pub mod meaning;
pub mod measures;
pub mod neuron;
pub mod predictions;
pub mod relations;
pub mod rollout;
