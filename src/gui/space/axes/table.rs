//! The places of words along axes as a file.

use super::found::Along;
use crate::engine::{Engine, Slot};
use crate::error::{Error, Result};
use crate::export::{Format, Table};
use crate::figure::Caption;
use crate::gui::action::ExportOf;
use crate::gui::space::Space;
use crate::gui::state::State;
use crate::gui::update::submit;
use crate::gui::words::fill;
use crate::gui::words::space::SPACE;
use crate::gui::words::space::axes::AXES;
use crate::gui::{caption, made};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is written, as it stands there when it is asked for.
struct Written {
    space: Arc<Space>,
    axes: Vec<Arc<Along>>,
}

impl Written {
    fn of(state: &State) -> Option<Self> {
        let mut axes: Vec<Arc<Along>> = Vec::new();
        for along in state.space.axes.found.iter().flat_map(|found| found.good()) {
            if axes.iter().all(|known| known.text != along.text) {
                axes.push(along.clone());
            }
        }
        let space = state.space.space.clone()?;
        (!axes.is_empty()).then_some(Self { space, axes })
    }

    /// `word, rank`, and under each axis as it was typed the cosine of the word with it.
    fn write(&self, path: &Path) -> Result<()> {
        let words = &self.space.vectors.words;
        let table = Table::default().text("word", words.iter()).whole("rank", 1..=words.len());
        let table =
            self.axes.iter().fold(table, |table, along| table.single(&along.text, along.places.iter().copied()));
        let about = caption::bare().and(SPACE.caption_vectors, self.space.vectors.path.display().to_string());
        table.write(&self.axes.iter().fold(about, |about, along| said(about, along)), path)
    }
}

/// How strong an axis is, and the chance that a random one is as strong.
fn said(about: Caption, along: &Along) -> Caption {
    let strength = along.axis().strength.to_string();
    let chance = along.chance.as_ref();
    let said =
        chance.map(|c| fill(AXES.caption_chance, &[&strength, &c.p.to_string(), &c.strengths.len().to_string()]));
    about.and(fill(AXES.caption_strength, &[&along.text]), said.unwrap_or(strength))
}

/// Asks for the file in a dialog and writes it.
pub fn export(state: &mut State, engine: &Engine<made::Made>) {
    let Some(written) = Written::of(state) else { return };
    let name = format!("{}-axes.csv", written.space.name.split('.').next().unwrap_or_default());
    submit(state, engine, Slot::Dialog, "choosing a file", move |_| {
        let dialog = [Format::Csv, Format::Json, Format::Npz]
            .iter()
            .fold(rfd::AsyncFileDialog::new().set_file_name(name), |dialog, format| {
                dialog.add_filter(format.extension().to_uppercase(), &[format.extension()])
            });
        let Some(path) = pollster::block_on(dialog.save_file()).map(|file| file.path().to_path_buf()) else {
            return Ok(made::Made::Target(None, ExportOf::default()));
        };
        written.write(&path)?;
        Ok(made::Made::Saved(path))
    });
}

/// Writes the file.
pub fn save(state: &mut State, engine: &Engine<made::Made>, path: PathBuf) {
    let written = Written::of(state).ok_or_else(|| Error::input(AXES.no_axes));
    submit(state, engine, Slot::Save, "saving", move |_| {
        written?.write(&path)?;
        Ok(made::Made::Saved(path))
    });
}
