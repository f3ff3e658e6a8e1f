//! Opening models and running them, on threads of its own or on the caller's.

mod ablate;
pub mod contextual;
mod continued;
pub mod corpus;
pub mod device;
pub mod generate;
mod imported;
mod intervention;
mod jobs;
pub mod lens;
mod means;
mod opened;
mod patch;
pub mod recurrent;
mod run;
pub mod sampler;
mod target;
mod versions;

pub use ablate::{Ablation, Effect};
pub use continued::Continued;
pub use imported::{FAMILY, Imported, NO_MODEL, Subject};
pub use intervention::{Cut, Off, With};
pub use jobs::{Engine, Event, News, Slot};
pub use means::Means;
pub use opened::{Opened, Parameter};
pub use patch::{Part, Patching};
pub use run::{Ask, BUDGET, Results, Run, pass, pass_towards, read};
pub use target::Target;
