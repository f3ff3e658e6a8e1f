//! What every test of the window does with it.
#![expect(clippy::print_stdout, reason = "a skipped test says why")]

use crate::window::{self, Window, settle};
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;
use lexiscope::engine::Run;
use lexiscope::gui::action::Action;
use lexiscope::gui::settings::Settings;
use lexiscope::gui::state::State;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The window as it starts.
pub fn first() -> Window {
    window::open([1280.0, 800.0], 1.0, Settings::default())
}

/// Asks for something and waits until it is on the screen.
pub fn ask(window: &mut Window, action: Action) {
    window.state().ask(action);
    settle(window);
}

/// Clicks what is called so.
pub fn click(window: &mut Window, label: &str) {
    window.get_by_label(label).click();
    settle(window);
}

pub fn press(window: &mut Window, key: Key) {
    window.key_press(key);
    settle(window);
}

pub fn press_with(window: &mut Window, modifiers: Modifiers, key: Key) {
    window.key_press_modifiers(modifiers, key);
    settle(window);
}

/// Opens a file or a folder.
pub fn open_path(window: &mut Window, path: &Path) {
    ask(window, Action::Open(path.to_string_lossy().into_owned()));
}

pub fn state(window: &Window) -> &State {
    window.state().state()
}

/// The run that is shown.
pub fn run(window: &Window) -> Arc<Run> {
    state(window).run().expect("a run").clone()
}

/// The tokens that are shown, as the vocabulary has them.
pub fn pieces(window: &Window) -> Vec<String> {
    run(window).tokens.pieces.iter().map(|p| p.piece.clone()).collect()
}

/// A file or a folder of `tests/data`.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// A file of three groups of twenty words about three directions, of which the first begins it.
pub fn groups(folder: &tempfile::TempDir) -> String {
    let path = folder.path().join("groups.txt");
    let mut text = String::from("60 5\n");
    for i in 0..60usize {
        let (group, far) = (i % 3, (i / 3) as f32);
        let mut vector = [0.02 * far, 0.01 * (far * 1.7).sin(), 0.0, 0.0, 0.0];
        vector[2 + group] = 1.0 + 0.05 * (far * 0.9).cos();
        let name = ["red", "green", "blue"][group];
        let row: Vec<String> = vector.iter().map(|x| format!("{x:.5}")).collect();
        let _ = writeln!(text, "{name}{} {}", i / 3, row.join(" "));
    }
    std::fs::write(&path, text).expect("it is written");
    path.to_string_lossy().into_owned()
}

/// Whether pictures can be drawn; a test that needs them is skipped where they cannot.
pub fn has_graphics() -> bool {
    let instance = eframe::wgpu::Instance::default();
    let found = pollster::block_on(instance.enumerate_adapters(eframe::wgpu::Backends::all()));
    if found.is_empty() {
        println!("skipped: there is no graphics adapter (on Debian: apt install mesa-vulkan-drivers)");
    }
    !found.is_empty()
}
