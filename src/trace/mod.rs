//! The seam: one call per site of a forward pass. Capture, intervention, cancelling and progress are one mechanism.

mod stop;

pub use stop::{Control, Progress, Stop};
