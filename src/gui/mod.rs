//! The window.

use crate::error::{Error, Result};
use std::path::PathBuf;

/// Opens the window with these paths in it; returns when it is closed.
pub fn run(paths: Vec<PathBuf>) -> Result<()> {
    drop(paths);
    let set = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    let what = if cfg!(target_os = "linux") && !["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"].into_iter().any(set) {
        "neither DISPLAY nor WAYLAND_DISPLAY is set"
    } else {
        "the window is not built yet"
    };
    Err(Error::NoDisplay { what: what.to_owned() })
}
