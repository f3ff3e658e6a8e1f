//! What states of recurrent layers over time have to say: hypotheses and where else they hold, cells that follow a
//! pattern, gates that stand open or shut, and how far back an output depends on what was read.

pub mod cells;
pub mod hypothesis;
pub mod matching;
pub mod memory;
pub mod pattern;
pub mod saturation;
