//! Lexiscope: a desktop microscope for language models.

pub mod array;
pub mod error;
pub mod source;
pub mod text;
pub mod trace;

pub use error::{Error, Result};
