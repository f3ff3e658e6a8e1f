//! Results as files.

pub mod picture;
