//! Lexiscope: a desktop microscope for language models.

pub mod analysis;
pub mod array;
pub mod cli;
pub mod engine;
pub mod error;
pub mod export;
pub mod figure;
#[cfg(feature = "gui")]
pub mod gui;
pub mod model;
pub mod source;
pub mod text;
pub mod trace;

pub use error::{Error, Result};
