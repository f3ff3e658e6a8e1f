//! File dialogs, on a thread of their own: the frame never waits for them.

use super::action::ExportOf;
use super::made::Made;
use super::space;
use super::state::State;
use super::update::submit;
use crate::engine::{Engine, Slot};
use std::path::PathBuf;

/// Asks for a model's folder.
pub fn folder(state: &mut State, engine: &Engine<Made>) {
    let start = state.model.as_ref().and_then(|m| m.path.canonicalize().ok()?.parent().map(ToOwned::to_owned));
    submit(state, engine, Slot::Dialog, "choosing a folder", move |_| {
        let mut dialog = rfd::AsyncFileDialog::new();
        if let Some(start) = start {
            dialog = dialog.set_directory(start);
        }
        let picked = pollster::block_on(dialog.pick_folder());
        Ok(Made::Folder(picked.map(|p| p.path().to_path_buf())))
    });
}

/// Asks for a file to open: attention, a session, weights.
pub fn file(state: &mut State, engine: &Engine<Made>) {
    submit(state, engine, Slot::Dialog, "choosing a file", move |_| {
        let known = ["npz", "safetensors", "json", "bin", "pt"];
        let dialog = rfd::AsyncFileDialog::new().add_filter("Attention, sessions, weights", &known);
        let picked = pollster::block_on(dialog.pick_file());
        Ok(Made::File(picked.map(|p| p.path().to_path_buf())))
    });
}

/// Asks for a file of vectors; `made` says what it is for.
pub fn vectors(state: &mut State, engine: &Engine<Made>, made: fn(Option<PathBuf>) -> Made) {
    submit(state, engine, Slot::Dialog, "choosing a file", move |_| {
        let known = ["bin", "vec", "txt", "tsv", "bytes", "json", "npy", "npz", "safetensors"];
        let dialog = rfd::AsyncFileDialog::new().add_filter("Vectors", &known);
        let picked = pollster::block_on(dialog.pick_file());
        Ok(made(picked.map(|p| p.path().to_path_buf())))
    });
}

/// Asks for a file to write the turned second space to.
pub fn turned(state: &mut State, engine: &Engine<Made>) {
    submit(state, engine, Slot::Dialog, "choosing a file", move |_| {
        let filter = |dialog: rfd::AsyncFileDialog, ending: &&str| dialog.add_filter(ending.to_uppercase(), &[*ending]);
        let dialog = rfd::AsyncFileDialog::new().set_file_name("aligned.npz");
        let dialog = ["npz", "tsv", "npy", "safetensors", "vec", "bin"].iter().fold(dialog, filter);
        let picked = pollster::block_on(dialog.save_file());
        let path = picked.map(|p| p.path().to_path_buf());
        Ok(Made::Space(space::Made::Twin(space::twin::Made::Target(path))))
    });
}

/// Asks for a file of texts.
pub fn texts(state: &mut State, engine: &Engine<Made>) {
    submit(state, engine, Slot::Dialog, "choosing a file", move |_| {
        let known = ["txt", "csv", "tsv", "jsonl", "ndjson", "conllu"];
        let dialog = rfd::AsyncFileDialog::new().add_filter("Texts", &known);
        let picked = pollster::block_on(dialog.pick_file());
        Ok(Made::Space(space::Made::Texts(picked.map(|p| p.path().to_path_buf()))))
    });
}

/// Asks for a file of a recurrent model.
pub fn weights(state: &mut State, engine: &Engine<Made>) {
    submit(state, engine, Slot::Dialog, "choosing a file", move |_| {
        let known = ["safetensors", "pt", "pth", "bin", "ckpt", "h5", "hdf5", "keras", "json"];
        let dialog = rfd::AsyncFileDialog::new().add_filter("Recurrent models", &known);
        let picked = pollster::block_on(dialog.pick_file());
        Ok(Made::Weights(picked.map(|p| p.path().to_path_buf())))
    });
}

/// Asks for a text.
pub fn text(state: &mut State, engine: &Engine<Made>) {
    submit(state, engine, Slot::Dialog, "choosing a file", move |_| {
        let dialog = rfd::AsyncFileDialog::new().add_filter("Texts", &["txt", "md", "text"]);
        let picked = pollster::block_on(dialog.pick_file());
        Ok(Made::TextFile(picked.map(|p| p.path().to_path_buf())))
    });
}

/// Asks for a file to write the session to.
pub fn session(state: &mut State, engine: &Engine<Made>) {
    let name = super::files::session_name(state);
    submit(state, engine, Slot::Dialog, "choosing a file", move |_| {
        let dialog = rfd::AsyncFileDialog::new().set_file_name(name).add_filter("Lexiscope", &["lexiscope.json"]);
        let picked = pollster::block_on(dialog.save_file());
        Ok(Made::SessionTarget(picked.map(|p| p.path().to_path_buf())))
    });
}

/// Asks for a file to write to.
pub fn target(state: &mut State, engine: &Engine<Made>, of: ExportOf) {
    let name = super::picture::file_name(state, of);
    submit(state, engine, Slot::Dialog, "choosing a file", move |_| {
        let filter =
            |dialog: rfd::AsyncFileDialog, ending: &'static str| dialog.add_filter(ending.to_uppercase(), &[ending]);
        let dialog = rfd::AsyncFileDialog::new().set_file_name(name);
        let dialog = super::export::endings(of).into_iter().fold(dialog, filter);
        let picked = pollster::block_on(dialog.save_file());
        Ok(Made::Target(picked.map(|p| p.path().to_path_buf()), of))
    });
}
