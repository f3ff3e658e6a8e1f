//! The maps of effects as files: what is on the screen, and what was asked.

use super::work::{Board, Work};
use super::{Drawn, Mode, target};
use crate::engine::Run;
use crate::export::{Table, ViewExport};
use crate::figure::{Caption, Figure, Palette};
use crate::gui::action::Head;
use crate::gui::export::Recipe;
use crate::gui::state::State;
use crate::gui::words::changes::CHANGES;
use crate::gui::words::files::FILES;
use crate::gui::words::fill;
use crate::gui::{caption, panels};

/// What the view shows, as far as it is computed; `None` before any of it is.
pub fn export(state: &State, palette: &'static Palette) -> Option<Recipe> {
    let effects = &state.views.effects;
    let work = match state.scene.details.effects {
        Mode::LeaveOut => &effects.left_out,
        Mode::Patch => &effects.patched,
    };
    let run = state.run()?;
    let work = work.clone().filter(|work| work.question.model == run.model)?;
    let board = work.board();
    if board.done == 0 {
        return None;
    }
    let (caption, selected) = (about(state, run, &work, board.done), state.scene.head);
    Some(Box::new(move || {
        Ok(ViewExport::new(caption, picture(&work, &board, selected, palette), table(&work, &board)))
    }))
}

/// What was asked: the maps stay what they were computed for when something else is chosen.
fn about(state: &State, run: &Run, work: &Work, done: usize) -> Caption {
    let question = &work.question;
    let is_same = run.ask.text == question.ask.text && run.ask.pair == question.ask.pair;
    let judged = if is_same { target::in_words(run, question.target) } else { question.target.to_string() };
    let about = caption::asked(state, &question.ask);
    let about = match &question.corrupt {
        None => about
            .and(CHANGES.caption_map, CHANGES.leave_out)
            .and(CHANGES.caption_with, panels::changes::with(question.with))
            .and(CHANGES.caption_effect, question.target.unit()),
        Some(corrupt) => about
            .and(CHANGES.caption_map, CHANGES.patching)
            .and(CHANGES.caption_corrupt, corrupt)
            .and(CHANGES.caption_recovery, CHANGES.recovery),
    };
    let computed = fill(FILES.computed, &[&done.to_string(), &work.total().to_string()]);
    about
        .and(CHANGES.caption_target, judged)
        .and(FILES.caption_computed, if done < work.total() { computed } else { String::new() })
}

/// The maps one under the other, the selected head with its ring.
fn picture(work: &Work, board: &Board, (layer, head): Head, palette: &Palette) -> Figure {
    let room = [720.0, 640.0];
    let names: Vec<String> = (0..work.heads).map(|h| format!("H{h}")).collect();
    let of_heads =
        if work.tokens.is_empty() { Drawn::left_out(work, &names, board) } else { Drawn::heads(&names, board) };
    let (mut heads, layout) = of_heads.figure(work.layers, palette, room);
    if layer < work.layers && head < work.heads {
        heads.ring(layout.area(layer, head), palette.accent, 2.0);
    }
    if work.tokens.is_empty() {
        return heads;
    }
    let tokens = Drawn::tokens(work, board).figure(work.layers, palette, room).0;
    let parts = [(CHANGES.patch_by_token, tokens), (CHANGES.patch_heads, heads)];
    Figure::stacked(CHANGES.patching, parts.map(|(name, figure)| (name.to_owned(), figure)).into(), palette)
}

/// `layer, head, effect`, or of patching `kind, layer, index, piece, recovery`; what is not known yet is empty.
fn table(work: &Work, board: &Board) -> Table {
    let places = |values: &[f32], width: usize| {
        let width = width.max(1);
        (0..values.len()).map(move |i| (i / width, i % width))
    };
    let heads = || places(&board.heads, work.heads);
    if work.tokens.is_empty() {
        return Table::default()
            .whole("layer", heads().map(|p| p.0))
            .whole("head", heads().map(|p| p.1))
            .single("effect", board.heads.iter().copied());
    }
    let tokens = || places(&board.tokens, work.tokens.len());
    let kinds = tokens().map(|_| "token").chain(heads().map(|_| "head"));
    let pieces = tokens().map(|(_, i)| work.tokens[i].as_str()).chain(heads().map(|_| ""));
    Table::default()
        .text("kind", kinds)
        .whole("layer", tokens().chain(heads()).map(|p| p.0))
        .whole("index", tokens().chain(heads()).map(|p| p.1))
        .text("piece", pieces)
        .single("recovery", board.tokens.iter().chain(&board.heads).copied())
}
