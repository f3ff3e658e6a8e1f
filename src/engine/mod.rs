//! Opening models and running them.

pub mod device;
mod opened;
mod run;

pub use opened::{Opened, Parameter};
pub use run::{Ask, BUDGET, Results, Run, pass, read};
