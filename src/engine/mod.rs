//! Opening models and running them, on threads of its own or on the caller's.

pub mod device;
pub mod examples;
mod jobs;
mod opened;
mod run;

pub use jobs::{Engine, Event, News, Outcome, Slot, Task};
pub use opened::{Opened, Parameter};
pub use run::{Ask, BUDGET, Results, Run, pass, read};
