//! Recurrent models: what is in their files, and what they do with a text.

mod described;
mod elmo;
mod generate;
mod guess;
mod keras;
mod manifest;
mod opened;
mod state_dict;
mod tensors;
mod traced;

pub use described::{Described, Task};
pub use generate::Said;
pub use opened::{Opened, is_one};
pub use traced::{Ask, Block, Summary, Traced};
