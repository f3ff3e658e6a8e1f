//! Files of a space: its vectors as they are shown, neighbours, and what is selected.

use super::cured;
use crate::error::{Error, Result};
use crate::export::vectors::{self, VectorFormat};
use crate::export::{Format, Table};
use crate::figure::Caption;
use crate::gui::caption;
use crate::gui::state::State;
use crate::gui::words::space::SPACE;
use crate::gui::words::space::doctor::DOCTOR;
use crate::gui::words::space::save::SAVE;
use crate::source::vectors::ColumnValues;
use crate::trace::Control;
use std::path::Path;

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The vectors.
    Vectors,
    /// What is near to what was asked.
    Near,
    /// The selected words.
    Selection,
}

/// Work that writes a file.
pub type Writing = Box<dyn FnOnce(&Path, &Control) -> Result<()> + Send>;

impl What {
    /// Every choice.
    pub const ALL: [Self; 3] = [Self::Vectors, Self::Near, Self::Selection];

    /// What it is called.
    pub fn label(self) -> &'static str {
        match self {
            Self::Vectors => SAVE.vectors,
            Self::Near => SAVE.near,
            Self::Selection => SAVE.selection,
        }
    }

    /// What is in the file.
    pub fn note(self) -> &'static str {
        match self {
            Self::Vectors => SAVE.vectors_note,
            Self::Near => SAVE.near_note,
            Self::Selection => SAVE.selection_note,
        }
    }

    /// The endings of its formats, the usual one first.
    pub fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Vectors => &["txt", "vec", "bin", "npy", "npz", "tsv", "safetensors"],
            Self::Near | Self::Selection => &["csv", "json", "npz"],
        }
    }

    /// An error where it cannot be written to a file of this name.
    pub fn check(self, path: &Path) -> Result<()> {
        match self {
            Self::Vectors => VectorFormat::of(path).map(|_| ()),
            Self::Near | Self::Selection => match Format::of(path)? {
                Format::Csv | Format::Json | Format::Npz => Ok(()),
                other => Err(Error::input(format!("a table is csv, json or npz, not {}", other.extension()))),
            },
        }
    }

    /// What the file is called unless the person says otherwise.
    pub fn file_name(self, state: &State) -> String {
        let asked = || plain(state.scene.space.formula.trim());
        let what = match self {
            Self::Vectors if state.space.cured.is_cured() => "cured".to_owned(),
            Self::Vectors => "vectors".to_owned(),
            Self::Near => format!("near-{}", asked()),
            Self::Selection => "selection".to_owned(),
        };
        format!("{}-{what}.{}", space_name(state), self.endings()[0])
    }

    /// The work that writes it.
    pub fn writing(self, state: &State) -> Result<Writing> {
        let space = state.space.space.clone().ok_or_else(|| Error::input(SAVE.no_space))?;
        match self {
            Self::Vectors => {
                Ok(Box::new(move |path, control| vectors::write(&space.vectors, path, control).map(|_| ())))
            }
            Self::Near => {
                let (table, about) = (near(state)?, about(state));
                Ok(Box::new(move |path, _| table.write(&about, path)))
            }
            Self::Selection => {
                let (table, about) = (selection(state)?, about(state));
                Ok(Box::new(move |path, _| table.write(&about, path)))
            }
        }
    }
}

/// The name of the open vectors, as a part of a file's name.
pub fn space_name(state: &State) -> String {
    let name = state.space.space.as_ref().map_or("space", |space| space.name.as_str());
    plain(&Path::new(name).file_stem().unwrap_or_default().to_string_lossy())
}

fn plain(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect();
    plain.chars().take(60).collect()
}

/// What the tables are of.
fn about(state: &State) -> Caption {
    let path = state.space.space.as_ref().map(|space| space.vectors.path.display().to_string());
    caption::bare()
        .and(SPACE.caption_vectors, path.unwrap_or_default())
        .and(DOCTOR.caption, cured::names(&state.space.cured.shown))
        .and(SPACE.caption_asked, state.scene.space.formula.trim())
}

/// The three lists of neighbours, one after the other.
fn near(state: &State) -> Result<Table> {
    let nothing = || Error::input(SAVE.no_answer);
    let space = state.space.space.as_ref().ok_or_else(nothing)?;
    let answer = state.space.answer.as_ref().filter(|answer| answer.fault.is_none()).ok_or_else(nothing)?;
    let scored = |list: &'static str, near: &[crate::analysis::space::neighbours::Near]| {
        near.iter().enumerate().map(|(i, near)| (list, i + 1, near.row, near.score)).collect::<Vec<_>>()
    };
    let mut lines = scored("stored", &answer.raw);
    lines.extend(scored("centred", answer.centred.as_deref().unwrap_or_default()));
    lines.extend(answer.map.iter().enumerate().map(|(i, row)| ("map", i + 1, *row, f32::NAN)));
    let all = || lines.iter();
    Ok(Table::default()
        .text("list", all().map(|line| line.0))
        .whole("place", all().map(|line| line.1))
        .text("word", all().map(|line| space.vectors.words.get(line.2)))
        .whole("rank", all().map(|line| line.2 + 1))
        .single("score", all().map(|line| line.3)))
}

/// The selected words, else those that were found.
fn selection(state: &State) -> Result<Table> {
    let nothing = || Error::input(SAVE.no_selection);
    let kept = &state.space;
    let space = kept.space.as_ref().ok_or_else(nothing)?;
    let found = kept.found.as_ref().map(|found| found.rows.clone());
    let rows = if kept.selection.is_empty() { found.unwrap_or_default() } else { kept.selection.clone() };
    let rows: Vec<usize> = rows.iter().copied().filter(|row| *row < space.vectors.rows.len()).collect();
    if rows.is_empty() {
        return Err(nothing());
    }
    let all = || rows.iter().copied();
    let mut table = Table::default()
        .text("word", all().map(|row| space.vectors.words.get(row)))
        .whole("rank", all().map(|row| row + 1))
        .single("length", all().map(|row| space.lengths.values()[row]));
    if let Some(laid) = kept.laid.as_ref().filter(|laid| laid.question.space == space.id) {
        for (k, name) in ["x", "y", "z"].into_iter().enumerate().take(laid.question.dims) {
            let place = |row: usize| laid.point(row).map_or(f32::NAN, |point| laid.coordinates.row(point)[k]);
            table = table.single(name, all().map(place));
        }
    }
    for column in &space.vectors.columns {
        table = match &column.values {
            ColumnValues::Number(values) => table.number(column.name.clone(), all().map(|row| values[row])),
            values => table.text(column.name.clone(), all().map(|row| values.text(row))),
        };
    }
    Ok(table)
}
