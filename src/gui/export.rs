//! How each view is exported: what it shows, put together away from the frame.

use super::action::{ExportOf, Head};
use super::made::Made;
use super::picture::Strands;
use super::scene::{View, Workspace};
use super::state::{State, Study};
use super::update::submit;
use super::views::heads::export::Saved;
use super::views::model::shot::Shot;
use super::words::files::FILES;
use super::words::recurrent::RECURRENT;
use super::words::space::SPACE;
use super::words::{EN, fill};
use super::{caption, picture, recurrent, space, theme, views};
use crate::analysis::filter::show;
use crate::array::Array;
use crate::engine::{Ask, Engine, Opened, Run, Slot};
use crate::error::{Error, Result};
use crate::export::table::matrix_tsv;
use crate::export::{Choice, Format, Reading, Table, ViewExport};
use crate::figure::heatmap::Sums;
use crate::figure::lines::Focus;
use crate::figure::order::Along;
use crate::figure::{Caption, Figure, Mark, Palette, short};
use crate::trace::{Control, Place, Site, Want};
use egui::Context;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Work that puts an export together.
pub type Recipe = Box<dyn FnOnce() -> Result<ViewExport> + Send>;

/// What the view in the centre shows.
fn of_view(state: &State, palette: &'static Palette) -> Result<Recipe> {
    let view = state.scene.look.view;
    if state.scene.workspace == Workspace::Embeddings {
        return space::view(state, palette).ok_or_else(|| Error::input(SPACE.nothing));
    }
    if state.scene.workspace == Workspace::Recurrent {
        return recurrent::view(state, palette).ok_or_else(|| Error::input(RECURRENT.nothing));
    }
    let recipe = match view {
        View::Lines | View::Heatmap => of_head(state, palette),
        View::Neuron => views::neuron::export(state, palette),
        View::Effects => views::effects::export::export(state, palette),
        View::Heads => views::heads::export::export(state, palette, Saved::Heads),
        View::Evidence => views::heads::export::export(state, palette, Saved::Evidence),
        View::Predict => views::predict::export(state, palette),
        View::Compare => views::compare::export(state, palette),
        View::Map => views::map::export(state, palette),
    };
    recipe.ok_or_else(|| nothing(state, Some(view)))
}

/// What is exported, where it is a picture with its numbers.
fn recipe(state: &State, palette: &'static Palette, of: ExportOf) -> Result<Recipe> {
    match of {
        ExportOf::Head => of_view(state, palette),
        ExportOf::Grid | ExportOf::Numbers | ExportOf::Space(_) => {
            of_grid(state, palette).ok_or_else(|| nothing(state, None))
        }
    }
}

/// There is nothing to write yet, and what a person can do about it.
fn nothing(state: &State, view: Option<View>) -> Error {
    let next = match view.filter(|_| state.run().is_some()) {
        None | Some(View::Lines | View::Heatmap) => FILES.nothing_read,
        Some(View::Neuron) => FILES.nothing_neuron,
        Some(View::Predict) => FILES.nothing_predict,
        Some(View::Effects) => FILES.nothing_effects,
        Some(View::Compare) => FILES.nothing_compare,
        Some(View::Heads | View::Evidence) => FILES.nothing_heads,
        Some(View::Map) => FILES.nothing_map,
    };
    Error::input(fill(FILES.nothing_shown, &[next]))
}

/// The endings of an export's formats, the usual one first.
pub fn endings(of: ExportOf) -> Vec<&'static str> {
    let formats: &[Format] = match of {
        ExportOf::Head | ExportOf::Grid => &ViewExport::FORMATS,
        ExportOf::Numbers => &[Format::Npz, Format::Safetensors, Format::Json, Format::Csv],
        ExportOf::Space(what) => return what.endings().to_vec(),
    };
    formats.iter().map(|format| format.extension()).collect()
}

/// An error where an export cannot be written to a file of this name.
pub fn check(of: ExportOf, path: &Path) -> Result<()> {
    match of {
        ExportOf::Space(what) => what.check(path),
        _ => Format::of(path).map(|_| ()),
    }
}

/// Writes a file. The numbers of all heads are more than a table holds, so they are written from the run.
pub fn save(state: &mut State, engine: &Engine<Made>, ctx: &Context, path: PathBuf, of: ExportOf) {
    if let ExportOf::Space(what) = of {
        let writing = what.writing(state);
        submit(state, engine, Slot::Save, "saving", move |control| {
            writing?(&path, control)?;
            Ok(Made::Saved(path))
        });
        return;
    }
    let palette: &'static Palette = theme::palette(ctx);
    let is_picture = Format::of(&path).is_ok_and(Format::is_picture);
    let drawn = (of == ExportOf::Head || is_picture).then(|| recipe(state, palette, of));
    let run = state.run().cloned().ok_or_else(|| nothing(state, None));
    let model = state.model.clone();
    let (scale, meaning, caption) = (state.settings.png_scale, state.meaning(), of_all(state));
    submit(state, engine, Slot::Save, "saving", move |control| {
        if let Some(recipe) = drawn {
            recipe?()?.write(palette, scale, &path)?;
        } else {
            let (keep, reading) = (&Want::nothing(), Reading { meaning, ..Reading::default() });
            let choice = Choice { keep, head: None, reading, palette, caption, about: true };
            crate::export::write(&whole(run?, model.as_deref(), control)?, &choice, &path)?;
        }
        Ok(Made::Saved(path))
    });
}

/// A run with the hidden states that the window does not keep.
fn whole(run: Arc<Run>, model: Option<&Opened>, control: &Control) -> Result<Arc<Run>> {
    let Some(model) = model.filter(|model| model.id == run.model && run.hidden_states().is_err()) else {
        return Ok(run);
    };
    let want = run.ask.want.clone().and(Place::site(Site::Hidden));
    Ok(Arc::new(Run::new(model, &Ask { want, ..run.ask.clone() }, control)?))
}

/// Puts a picture with its caption on the clipboard.
pub fn copy_picture(state: &mut State, engine: &Engine<Made>, ctx: &Context, of: ExportOf) {
    let palette: &'static Palette = theme::palette(ctx);
    let (recipe, scale) = (recipe(state, palette, of), state.settings.png_scale);
    submit(state, engine, Slot::Copy, "copying a picture", move |_| {
        let figure = recipe?()?.captioned(palette);
        let (width, height, rgba) = crate::export::picture::rgba(&figure, scale)?;
        Ok(Made::Picture(width, height, rgba))
    });
}

/// Puts the numbers of a view on the clipboard: heads that are seen as one as a matrix, everything else as a table.
pub fn copy_values(state: &mut State, engine: &Engine<Made>, ctx: &Context) {
    let view = state.scene.look.view;
    let is_matrix = view == View::Heatmap || (view == View::Lines && !state.is_overlaid());
    let matrix = state.run().filter(|_| is_matrix).map(|run| (run.clone(), state.values()));
    let recipe = if matrix.is_none() { Some(of_view(state, theme::palette(ctx))) } else { None };
    submit(state, engine, Slot::Copy, "copying numbers", move |_| {
        let table = recipe.transpose()?.map(|recipe| recipe()).transpose()?.and_then(|view| view.table);
        let matrix = matrix.map(|(run, values)| matrix_tsv(&run.tokens, &values));
        Ok(Made::Text(matrix.or(table.map(|table| table.tsv())).unwrap_or_default()))
    });
}

/// The selected heads as they are drawn: what passes the threshold. Tensors hold every weight, before anything is left
/// out.
fn of_head(state: &State, palette: &'static Palette) -> Option<Recipe> {
    let (run, weights) = (state.run()?.clone(), state.weights()?.clone());
    let look = state.scene.look;
    let shown = Arc::new(show(&run.tokens, &state.values(), state.meaning(), &look.filter));
    let strands = Strands::new(state, &shown, &picture::apart(state));
    let is_matrix = look.view == View::Heatmap;
    let passed = shown.passed(0.0);
    let figure = picture::of_head(state, &strands, &shown, &passed, palette);
    // Several heads that are drawn each for itself are counted each for itself.
    let drawn = strands.counts().filter(|_| !is_matrix);
    let (mass, kept, of) = drawn.unwrap_or((shown.mass, shown.count, shown.of));
    let steps = views::steps(state, &shown, mass, kept, of).join(" \u{b7} ");
    let steps = if is_matrix { steps } else { views::cut(steps, kept) };
    let caption = caption::of(state).and(FILES.caption_shown, steps);
    let (whole, pinned) = (state.values(), state.pinned_in(&shown));
    Some(Box::new(move || {
        let n = run.tokens.len();
        let matrix = |values: Vec<f32>| Array::new(&["query", "key"], &[n, n], values);
        if is_matrix {
            let sums = Sums::new(&passed, shown.tokens.len());
            let table = with_sums(Table::matrix(&shown.tokens, &passed), &sums);
            let caption = caption.and(FILES.caption_sums, largest(&sums));
            let view = ViewExport::new(caption, figure, table).with("weights", matrix(whole)?);
            return Ok(view.of(run.tokens.clone()).filtered());
        }
        let mut view = ViewExport::new(caption, figure, edges(&strands, pinned)).of(run.tokens.clone()).filtered();
        for (heads, _) in &strands.shown {
            view = match heads.as_slice() {
                &[(layer, head)] if strands.shown.len() > 1 => {
                    view.with(format!("L{layer}.H{head}"), matrix(weights.head(layer, head).into_owned())?)
                }
                _ => view.with("weights", matrix(whole.clone())?),
            };
        }
        Ok(view)
    }))
}

/// The lines that are drawn, one row to each; heads that are drawn each for itself are named.
fn edges(strands: &Strands, pinned: Option<Focus>) -> Table {
    let lines = strands.shown.iter().enumerate().flat_map(|(place, (heads, shown))| {
        let head = heads.first().copied().unwrap_or_default();
        strands.lines(place, pinned).into_iter().map(move |edge| (head, shown, edge))
    });
    let lines: Vec<_> = lines.collect();
    let edges = || lines.iter().map(|(head, shown, edge)| (*head, *shown, edge));
    let table = if strands.shown.len() > 1 {
        let table = Table::default().whole("layer", edges().map(|(head, ..)| head.0));
        table.whole("head", edges().map(|(head, ..)| head.1))
    } else {
        Table::default()
    };
    table
        .whole("query", edges().map(|(.., e)| e.query))
        .whole("key", edges().map(|(.., e)| e.key))
        .text("query_piece", edges().map(|(_, shown, e)| shown.tokens.pieces[e.query].piece.as_str()))
        .text("key_piece", edges().map(|(_, shown, e)| shown.tokens.pieces[e.key].piece.as_str()))
        .single("value", edges().map(|(.., e)| e.weight))
}

/// The matrix with the sums that stand beside it.
fn with_sums(table: Table, sums: &Sums) -> Table {
    let n = sums.rows.len().max(1);
    let cells = 0..table.rows();
    table
        .single("row_sum", cells.clone().map(|i| sums.rows[i / n]))
        .single("column_sum", cells.map(|i| sums.columns[i % n]))
}

/// What the longest bars of the sums stand for.
fn largest(sums: &Sums) -> String {
    let most = |sums: &[f32]| short(sums.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(0.0));
    fill(FILES.sums, &[&most(&sums.rows), &most(&sums.columns)])
}

/// What all heads show.
fn of_all(state: &State) -> Caption {
    let sorting = state.study.as_ref().map(|study| study.look.sorting);
    let order = sorting.and_then(|sorting| {
        let along = if sorting.along == Along::Heads { EN.order_heads } else { EN.order_layers };
        Some(fill(FILES.order, &[along, &sorting.by?.name().replace('_', " ")]))
    });
    caption::of_run(state)
        .and(FILES.caption_meaning, state.meaning_label())
        .and(FILES.caption_order, order.unwrap_or_default())
}

/// The picture of all heads, or of the part of them that is on the screen, with what marks them there.
fn of_grid(state: &State, palette: &'static Palette) -> Option<Recipe> {
    let (study, selected, off) = (state.study.clone()?, state.scene.heads(), state.scene.heads_off.clone());
    let caption = of_all(state);
    let Some(shot) = Shot::new(state) else {
        return Some(Box::new(move || Ok(ViewExport::picture(caption, marked(&study, &selected, &off, palette)))));
    };
    let caption = caption.and(FILES.caption_part, shot.part(palette));
    Some(Box::new(move || Ok(ViewExport::picture(caption, shot.figure(palette)))))
}

/// All heads with a ring about the selected ones and a stroke through those that are off.
fn marked(study: &Study, selected: &[Head], off: &[Head], palette: &Palette) -> Figure {
    let mut figure = Figure::clone(&study.grid);
    let has_heads = study.weights.meaning.has_heads();
    let is_in = |list: &[Head], head: Head| list.iter().any(|h| h.0 == head.0 && (h.1 == head.1 || !has_heads));
    for row in 0..study.layout.layers {
        for column in 0..study.layout.heads {
            let (head, area) = (study.order.head(row, column), study.layout.area(row, column));
            if is_in(off, head) {
                let (from, to) = ([area.x, area.y + area.h], [area.x + area.w, area.y]);
                figure.marks.push(Mark::Line { from, to, width: 1.5, colour: palette.error });
            }
            if is_in(selected, head) {
                figure.ring(area, palette.accent, 2.0);
            }
        }
    }
    figure
}
