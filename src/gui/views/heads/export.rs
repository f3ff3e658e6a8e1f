//! Tables of heads and their evidence as files, as they are on the screen.

use super::super::evidence;
use super::work::{Chosen, Key, file_name};
use super::{SHOWN, cell, relations as of_head};
use crate::analysis::heads::Table as Measures;
use crate::engine::{Engine, Slot};
use crate::export::{self, Format, ViewExport};
use crate::figure::table::{Column, figure};
use crate::figure::{Figure, Palette, head_name};
use crate::gui::action::Head;
use crate::gui::export::Recipe;
use crate::gui::state::State;
use crate::gui::update::submit;
use crate::gui::words::files::FILES;
use crate::gui::words::heads::{self as said, HEADS};
use crate::gui::words::{EN, fill};
use crate::gui::{caption, made, picture, theme};
use egui::Context;
use std::path::PathBuf;

/// Which table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    /// Heads with measures.
    Heads,
    /// Heads with relations.
    Relations,
    /// Edges of the selected head.
    Evidence,
}

/// Asks for the file of a table in a dialog.
pub fn target(state: &mut State, engine: &Engine<made::Made>, which: Saved) {
    let what = match which {
        Saved::Heads => "heads",
        Saved::Relations => "relations",
        Saved::Evidence => "evidence",
    };
    let name = format!("{}-{what}.csv", picture::model_name(state));
    submit(state, engine, Slot::Dialog, "choosing a file", move |_| {
        let dialog = [Format::Csv, Format::Json, Format::Npz]
            .iter()
            .fold(rfd::AsyncFileDialog::new().set_file_name(name), |dialog, format| {
                dialog.add_filter(format.extension().to_uppercase(), &[format.extension()])
            });
        let picked = pollster::block_on(dialog.save_file());
        Ok(made::Made::Heads(super::work::Made::Target(picked.map(|p| p.path().to_path_buf()), which)))
    });
}

/// Writes a table.
pub fn save(state: &mut State, engine: &Engine<made::Made>, ctx: &Context, path: PathBuf, which: Saved) {
    let palette = theme::palette(ctx);
    let Some(recipe) = export(state, palette, which) else { return };
    let scale = state.settings.png_scale;
    submit(state, engine, Slot::Save, "saving", move |_| {
        recipe()?.write(palette, scale, &path)?;
        Ok(made::Made::Saved(path))
    });
}

/// A table with its picture: heads as they are found and sorted, relations of all heads, edges of the selected one.
pub fn export(state: &State, palette: &'static Palette, which: Saved) -> Option<Recipe> {
    let (heads, chosen) = (&state.views.heads, state.scene.details.heads.clone());
    let table = heads.table(chosen.source, state.run()?)?.clone();
    let measured = heads.measured.clone().filter(|_| table.is_corpus);
    let about = match &measured {
        Some(measured) => caption::of_subject(state)
            .and(FILES.caption_corpus, file_name(&measured.corpus.path))
            .and(FILES.caption_meaning, EN.meaning_raw),
        None => caption::of_attention(state),
    };
    let about = about.and(FILES.caption_count, table.n.to_string());
    let selected = state.scene.head;
    let lines =
        move || -> Vec<usize> { measured.iter().flat_map(|m| m.corpus.sentences.iter().map(|s| s.line)).collect() };
    Some(match which {
        Saved::Heads => {
            let rows = chosen.rows(&table);
            let about =
                about.and(FILES.caption_order, order(chosen.sort)).and(FILES.caption_found, chosen.find.as_str());
            Box::new(move || {
                let drawn = measures(&table, &chosen, &rows, palette);
                Ok(ViewExport::new(about, drawn, export::heads::measures(&table).picked(&rows)))
            })
        }
        Saved::Relations => Box::new(move || {
            let drawn = relations(&table, &chosen, selected, palette);
            Ok(ViewExport::new(about, drawn, export::heads::relations(&table)))
        }),
        Saved::Evidence => {
            let (layer, head): Head = selected;
            let number = table.rows.iter().position(|row| (row.layer, row.head) == selected)?;
            let about = about.and(FILES.caption_head, head_name(layer, head));
            let group = chosen.group;
            Box::new(move || {
                let drawn = evidence::picture(&table.evidence.of(number), group, palette);
                Ok(ViewExport::new(about, drawn, export::heads::evidence(&table, &[number], &lines())))
            })
        }
    })
}

/// What the rows are sorted by, where it is not the model's own order.
fn order((key, descending): (Key, bool)) -> String {
    let by = match key {
        Key::Head if !descending => return String::new(),
        Key::Head => HEADS.column_head,
        Key::Label => HEADS.column_label,
        Key::Of(of) => said::title_of(of),
        Key::Measure(measure) => said::title(measure),
    };
    format!("{by} {}", if descending { HEADS.falling } else { HEADS.rising })
}

/// The rows with the columns that the window shows.
fn measures(table: &Measures, chosen: &Chosen, rows: &[usize], palette: &Palette) -> Figure {
    let lifts = chosen.chosen(table);
    let named = [Column::words(HEADS.column_head, 72.0), Column::words(HEADS.column_label, 164.0)];
    let mut columns: Vec<Column> = named.into_iter().collect();
    let mut keys = vec![Key::Head, Key::Label];
    for (of, width) in of_head::CHOSEN.into_iter().filter(|_| lifts.is_some()) {
        columns.push(Column::numbers(said::title_of(of), width + 8.0));
        keys.push(Key::Of(of));
    }
    columns.extend(SHOWN.iter().map(|m| Column::numbers(said::title(*m), 76.0)));
    keys.extend(SHOWN.map(Key::Measure));
    let of_row = |&row: &usize| keys.iter().map(move |&key| cell(table, lifts, row, key)).collect::<Vec<_>>();
    let cells: Vec<_> = rows.iter().flat_map(of_row).collect();
    figure(HEADS.heads, &columns, &cells, palette)
}

/// The relations of the selected head, which are what the window shows of all.
fn relations(table: &Measures, chosen: &Chosen, (layer, head): Head, palette: &Palette) -> Figure {
    let columns: Vec<Column> = of_head::COLUMNS
        .iter()
        .map(|&(of, width)| {
            let title = said::title_of(of);
            if of.is_number() { Column::numbers(title, width) } else { Column::words(title, width) }
        })
        .collect();
    let lifts = chosen.lifts(table, (layer, head));
    let of_lift = |lift| of_head::COLUMNS.iter().map(move |&(of, _)| of_head::cell(of, lift, table));
    let cells: Vec<_> = lifts.into_iter().flat_map(of_lift).collect();
    let title = fill(HEADS.relations_of, &[&head_name(layer, head)]);
    Figure::stacked(title.clone(), vec![(title, figure(HEADS.heads, &columns, &cells, palette))], palette)
}
