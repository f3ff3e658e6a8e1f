//! How each view is exported: what it shows, put together away from the frame.

use super::action::ExportOf;
use super::made::Made;
use super::scene::View;
use super::state::State;
use super::update::submit;
use super::views::heads::work::Saved;
use super::words::files::FILES;
use super::{caption, picture, theme, views};
use crate::analysis::filter::show;
use crate::array::Array;
use crate::engine::{Engine, Slot};
use crate::error::{Error, Result};
use crate::export::{Choice, Format, Reading, Table, ViewExport};
use crate::figure::Palette;
use crate::trace::Want;
use egui::Context;
use std::path::PathBuf;

/// Work that puts an export together.
pub type Recipe = Box<dyn FnOnce() -> Result<ViewExport> + Send>;

/// What the view in the centre shows.
fn of_view(state: &State, palette: &'static Palette) -> Option<Recipe> {
    match state.scene.look.view {
        View::Lines | View::Heatmap => of_head(state, palette),
        View::Neuron | View::Effects => of_picture(state, palette),
        View::Heads => views::heads::work::export(state, Saved::Heads),
        View::Evidence => views::heads::work::export(state, Saved::Evidence),
        View::Predict => views::predict::export(state, palette),
        View::Compare => views::compare::export(state, palette),
        View::Map => views::map::export(state, palette),
    }
}

/// What is exported, where it is a picture with its numbers; the numbers of all heads are written as the run has them.
fn recipe(state: &State, palette: &'static Palette, of: ExportOf) -> Option<Recipe> {
    match of {
        ExportOf::Head => of_view(state, palette),
        ExportOf::Grid => of_grid(state),
        ExportOf::Numbers => None,
    }
}

/// The formats of an export, the usual one first.
pub fn formats(of: ExportOf) -> &'static [Format] {
    use Format::{Csv, Json, Npz, Png, Safetensors, Svg};
    match of {
        ExportOf::Head => &[Svg, Png, Csv, Json, Npz],
        ExportOf::Grid => &[Svg, Png],
        ExportOf::Numbers => &[Npz, Safetensors, Json, Csv],
    }
}

/// Writes a file.
pub fn save(state: &mut State, engine: &Engine<Made>, ctx: &Context, path: PathBuf, of: ExportOf) {
    let Some(run) = state.run().cloned() else { return };
    let palette: &'static Palette = theme::palette(ctx);
    let format = Format::of(&path).ok();
    // Tensors of all heads are more than a table holds.
    let whole = of == ExportOf::Grid && format.is_some_and(|format| !format.is_picture());
    let recipe = recipe(state, palette, of).filter(|_| !whole);
    let (scale, caption) = (state.settings.png_scale, caption::of_run(state));
    submit(state, engine, Slot::Save, "saving", move |_| {
        if let Some(recipe) = recipe {
            recipe()?.write(palette, scale, &path)?;
        } else {
            let (keep, reading) = (&Want::nothing(), Reading::default());
            let choice = Choice { keep, head: None, reading, palette, caption };
            crate::export::write(&run, &choice, &path)?;
        }
        Ok(Made::Saved(path))
    });
}

/// Puts a picture on the clipboard.
pub fn copy_picture(state: &mut State, engine: &Engine<Made>, ctx: &Context, of: ExportOf) {
    let Some(recipe) = recipe(state, theme::palette(ctx), of) else { return };
    let scale = state.settings.png_scale;
    submit(state, engine, Slot::Copy, "copying a picture", move |_| {
        let figure = recipe()?.figure.ok_or_else(|| Error::input("this view has no picture"))?;
        let (width, height, rgba) = crate::export::picture::rgba(&figure, scale)?;
        Ok(Made::Picture(width, height, rgba))
    });
}

/// Puts the numbers of a view on the clipboard: of heads as a matrix, of everything else as a table.
pub fn copy_values(state: &mut State, engine: &Engine<Made>, ctx: &Context) {
    let recipe = of_view(state, theme::palette(ctx));
    let matrix = if state.scene.look.view.is_of_head() { picture::table(state) } else { None };
    submit(state, engine, Slot::Copy, "copying numbers", move |_| {
        if let Some(matrix) = matrix {
            return Ok(Made::Text(matrix));
        }
        let table = recipe.map(|recipe| recipe()).transpose()?.and_then(|view| view.table);
        let table = table.ok_or_else(|| Error::input("this view has no numbers to copy"))?;
        Ok(Made::Text(table.tsv()))
    });
}

/// The selected heads as they are drawn: of lines the weights that pass the threshold, of the matrix all of it.
fn of_head(state: &State, palette: &'static Palette) -> Option<Recipe> {
    let run = state.run()?.clone();
    let figure = picture::of_head(state, palette)?;
    let look = state.scene.look;
    let shown = show(&run.tokens, &state.values(), state.meaning(), &look.filter);
    let strands = picture::Strands::new(state, &shown);
    // Several heads that are drawn each for itself are counted each for itself.
    let drawn = strands.drawn().filter(|_| look.view == View::Lines);
    let (mass, kept, of) = drawn.unwrap_or((shown.mass, shown.edges.len(), shown.of));
    let caption =
        caption::of(state).and(FILES.caption_shown, views::steps(state, &shown, mass, kept, of).join(" \u{b7} "));
    Some(Box::new(move || {
        let tokens = &shown.tokens;
        let table = if look.view == View::Heatmap {
            Table::matrix(tokens, &shown.weights)
        } else {
            let edges = || shown.edges.iter();
            Table::default()
                .whole("query", edges().map(|e| e.query))
                .whole("key", edges().map(|e| e.key))
                .text("query_piece", edges().map(|e| tokens.pieces[e.query].piece.as_str()))
                .text("key_piece", edges().map(|e| tokens.pieces[e.key].piece.as_str()))
                .single("value", edges().map(|e| e.weight))
        };
        let weights = Array::new(&["query", "key"], &[tokens.len(), tokens.len()], shown.weights.clone())?;
        Ok(ViewExport::new(caption, figure, table).with("weights", weights))
    }))
}

/// A view that is a picture alone.
fn of_picture(state: &State, palette: &'static Palette) -> Option<Recipe> {
    let figure = picture::of_head(state, palette)?;
    let caption = caption::of(state);
    Some(Box::new(move || Ok(ViewExport { caption, figure: Some(figure.into()), ..ViewExport::default() })))
}

/// The picture of all heads.
fn of_grid(state: &State) -> Option<Recipe> {
    let grid = state.study.as_ref()?.grid.clone();
    let caption = caption::of_run(state).and(FILES.caption_meaning, state.meaning_label());
    Some(Box::new(move || Ok(ViewExport { caption, figure: Some(grid), ..ViewExport::default() })))
}
