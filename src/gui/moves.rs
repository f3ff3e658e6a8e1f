//! Moving on to another head, token or view.

use super::scene::{Arrangement, View, Workspace};
use super::state::State;
use crate::analysis::filter::Special;
use crate::figure::lines::Focus;
use egui::Context;

/// Selects a head so many layers and heads away, as far as there are any.
pub fn step(state: &mut State, layers: isize, heads: isize) {
    let Some(run) = state.run() else { return };
    let card = &run.card;
    let moved = |now: usize, by: isize, count: usize| now.saturating_add_signed(by).min(count.saturating_sub(1));
    let (layer, head) = state.scene.head;
    let next = (moved(layer, layers, card.layers), moved(head, heads, card.heads));
    state.scene.head = next;
    state.scene.others.clear();
    state.preview_head = None;
    state.untouched = false;
}

/// Pins the next token on the same side, or the one before, as far as tokens are shown.
pub fn along(state: &mut State, by: isize) {
    let Some(run) = state.run() else { return };
    let filter = state.scene.look.filter;
    let hidden = |i: usize| filter.special != Special::Show && run.tokens.pieces[i].special;
    let goes_on = |i: usize| filter.words && run.tokens.continues(i);
    let shown: Vec<usize> = (0..run.tokens.len()).filter(|&i| !hidden(i) && !goes_on(i)).collect();
    let pinned = state.scene.pinned.unwrap_or(Focus::Query(0));
    let next = match state.scene.pinned {
        None => shown.first(),
        Some(_) if by > 0 => shown.iter().find(|i| **i > pinned.token()),
        Some(_) => shown.iter().rev().find(|i| **i < pinned.token()),
    };
    if let Some(&i) = next {
        (state.scene.pinned, state.preview, state.untouched) = (Some(pinned.at(i)), None, false);
    }
}

/// Puts the cursor where heads are found.
pub fn find(state: &mut State, ctx: &Context) {
    state.sheet = None;
    let is_space = state.scene.workspace == Workspace::Embeddings;
    if !is_space {
        reveal(state, View::Heads);
    }
    // The key that asked for the field is not the first letter in it.
    ctx.input_mut(|i| i.events.retain(|e| !matches!(e, egui::Event::Text(text) if text == "/")));
    let field = if is_space { super::space::find_id() } else { super::views::heads::find_id() };
    ctx.memory_mut(|m| m.request_focus(field));
}

/// Shows a view, in a layout that has room for it.
pub fn reveal(state: &mut State, view: View) {
    state.scene.workspace = Workspace::Attention;
    let look = &mut state.scene.look;
    look.view = view;
    let is_hidden = match look.arrangement {
        Arrangement::Overview | Arrangement::Head => false,
        Arrangement::Grid => true,
        Arrangement::Tiles => !view.is_of_head(),
    };
    if is_hidden {
        look.arrangement = Arrangement::Overview;
    }
}
