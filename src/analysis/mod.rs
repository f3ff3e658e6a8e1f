//! Pure functions on arrays. No candle, no egui.

pub mod align;
pub mod attention;
pub mod bootstrap;
pub mod compare;
pub mod density;
pub mod divergence;
pub mod eigen;
pub mod evidence;
pub mod filter;
pub mod heads;
pub mod map;
pub mod meaning;
pub mod measures;
pub mod moving;
pub mod neuron;
pub mod predictions;
pub mod recurrent;
pub mod relations;
pub mod rollout;
pub mod sift;
pub mod space;
