//! The window.

pub mod action;
mod app;
mod arrive;
mod before;
mod caption;
pub mod changes;
mod cold_start;
mod command;
mod dialogs;
mod examples;
mod exbert;
mod export;
mod fan;
pub mod files;
mod guess;
mod keep;
mod made;
mod memo;
mod moves;
mod paint;
mod panels;
mod picture;
pub mod recurrent;
mod restore;
pub mod scene;
mod session;
pub mod settings;
mod slice;
pub mod space;
pub mod state;
mod table;
mod theme;
mod tiles;
mod update;
mod views;
mod watch;
mod widgets;
pub mod words;

pub use app::App;
use cold_start::ColdStart;
pub use command::Command;
pub use examples::{Example, FIRST, Lesson};

use crate::error::{Error, Result};
use crate::figure::Colour;
use std::path::PathBuf;

/// Opens the window with the first of `paths`, or where the last session ended, and returns once it is closed. With
/// `watch` the first path is a file of attention that is read again whenever it changes.
pub fn run(paths: Vec<PathBuf>, watch: bool) -> Result<()> {
    let begun = std::time::Instant::now();
    check_display()?;
    let viewport = egui::ViewportBuilder::default()
        .with_title("Lexiscope")
        .with_icon(icon())
        .with_app_id("lexiscope")
        .with_inner_size([1280.0, 800.0])
        .with_min_inner_size([800.0, 520.0])
        .with_drag_and_drop(true);
    let options = eframe::NativeOptions { viewport, ..Default::default() };
    let start = move |context: &eframe::CreationContext<'_>| -> Result<Box<dyn eframe::App>, _> {
        let app = App::new(context, &paths, watch)?;
        if std::env::var_os(cold_start::VARIABLE).is_none() {
            return Ok(Box::new(app));
        }
        Ok(Box::new(ColdStart { app, begun, first_frame: None, frames: 0, attention: false }))
    };
    eframe::run_native("lexiscope", options, Box::new(start)).map_err(|error| {
        // The window system puts the place in its own source before what went wrong.
        let what = error.to_string();
        Error::NoDisplay {
            what: what
                .rsplit(".rs:")
                .next()
                .unwrap_or(&what)
                .trim_start_matches(|c: char| c.is_ascii_digit() || c == ':' || c == ' ')
                .to_owned(),
        }
    })
}

/// A small head: its diagonal strong, its rest faint, in the colours of the attention scale.
fn icon() -> egui::IconData {
    const CELLS: u32 = 4;
    const SIDE: u32 = 64;
    let palette = &crate::figure::colour::DARK;
    let step = SIDE / CELLS;
    let rgba = (0..SIDE * SIDE).flat_map(|i| {
        let (x, y) = (i % SIDE, i / SIDE);
        let distance = (x / step).abs_diff(y / step);
        let edge = x % step == 0 || y % step == 0;
        let weight = if edge { 0.0 } else { 0.6 / (1 + 6 * distance) as f32 };
        let Colour(r, g, b, a) = palette.attention(weight);
        [r, g, b, a]
    });
    egui::IconData { rgba: rgba.collect(), width: SIDE, height: SIDE }
}

/// Without a display server the window system would fail with a message that names no way on.
fn check_display() -> Result<()> {
    let set = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    let needs = cfg!(all(unix, not(target_vendor = "apple"), not(target_os = "android")));
    if needs && !["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"].into_iter().any(set) {
        let what = "neither DISPLAY nor WAYLAND_DISPLAY is set".to_owned();
        return Err(Error::NoDisplay { what });
    }
    Ok(())
}
