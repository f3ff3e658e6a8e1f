//! Opening models and running them, on threads of its own or on the caller's.

pub mod device;
mod jobs;
mod opened;
mod run;
mod target;

pub use jobs::{Engine, Event, News, Slot};
pub use opened::{Opened, Parameter};
pub use run::{Ask, BUDGET, Results, Run, pass, pass_towards, read};
pub use target::Target;
