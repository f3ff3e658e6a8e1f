//! Training of small character models, with kernels of our own: every gate of every step is there to be seen, and
//! gradients are those of [`crate::model::recurrent`]. The same plan, corpus and seed give the same model to the last bit,
//! also where training was stopped and went on later from a checkpoint.

mod batches;
mod checkpoint;
mod file;
mod optimizer;
mod plan;
mod trainer;

pub use batches::{Batch, Batches};
pub use optimizer::Optimizer;
pub use plan::{Clip, Method, Order, Plan};
pub use trainer::{Report, Trainer};
