//! The parts of the window. Each draws from the state and leaves its requests behind.

pub mod changes;
pub mod contextual;
pub mod export;
pub mod grid;
pub mod head;
pub mod help;
pub mod inspector;
pub mod missing;
pub mod models;
pub mod palette;
pub mod replace;
pub mod session;
pub mod settings;
pub mod shapes;
pub mod status;
pub mod target;
pub mod top;
