//! The sheet of contextual vectors: which texts, which layer, a row to what.

use crate::engine::contextual::Pool;
use crate::figure::size;
use crate::gui::action::{Action, Actions};
use crate::gui::command::Command;
use crate::gui::space;
use crate::gui::space::context::{Ask, Context, Source, layer_name};
use crate::gui::state::State;
use crate::gui::theme::CONTROL;
use crate::gui::widgets;
use crate::gui::words::fill;
use crate::gui::words::space::context::CONTEXT;
use egui::{Button, TextEdit, Ui, Vec2};

/// The width that the sheet wants.
const WIDTH: f32 = 440.0;

/// Draws the sheet.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, is_new: bool) {
    widgets::sheet_width(ui, WIDTH);
    let Some(model) = &state.model else {
        ui.label(CONTEXT.needs_model);
        widgets::command(ui, actions, Command::Models);
        return;
    };
    let ask = |ask| actions.ask(Action::Space(space::Ask::Context(ask)));
    let draft = state.space.draft.clone().unwrap_or_else(|| Context::usual(model));
    let mut next = draft.clone();
    let layers = model.card().layers;
    next.layer = next.layer.map(|layer| layer.min(layers.saturating_sub(1)));
    widgets::heading(ui, &fill(CONTEXT.title, &[&model.name]));
    widgets::muted(ui, CONTEXT.note);
    ui.add_space(4.0);
    widgets::muted(ui, CONTEXT.source);
    let sources = [(Source::Text, CONTEXT.of_text), (Source::File, CONTEXT.of_file)];
    let old = next.source;
    widgets::choice(ui, &mut next.source, &sources, CONTEXT.source_tip);
    if next.source != old {
        next.text.clear();
    }
    let ready = match next.source {
        Source::File => {
            file(ui, actions, &mut next);
            !next.text.trim().is_empty()
        }
        Source::Text | Source::Senses => {
            let text = state.scene.text.trim();
            let shown = if text.is_empty() { CONTEXT.no_text } else { text };
            widgets::muted(ui, crate::figure::fit(shown, size::BODY, ui.available_width()));
            !text.is_empty()
        }
    };
    ui.add_space(4.0);
    widgets::muted(ui, CONTEXT.layer);
    let names: Vec<(Option<usize>, String)> =
        std::iter::once(None).chain((0..layers).map(Some)).map(|layer| (layer, layer_name(layer))).collect();
    let choices: Vec<(Option<usize>, &str)> = names.iter().map(|(layer, name)| (*layer, name.as_str())).collect();
    widgets::choice(ui, &mut next.layer, &choices, CONTEXT.layer_tip);
    ui.add_space(4.0);
    widgets::muted(ui, CONTEXT.pooling);
    let pools = [(Pool::None, CONTEXT.pool_none), (Pool::Mean, CONTEXT.pool_mean), (Pool::Cls, CONTEXT.pool_cls)];
    widgets::choice(ui, &mut next.pool, &pools, CONTEXT.pooling_tip);
    ui.checkbox(&mut next.hide, CONTEXT.hide).on_hover_text(CONTEXT.hide_tip);
    ui.add_space(4.0);
    let button = ui.add_enabled(ready, Button::new(CONTEXT.make).min_size(Vec2::new(96.0, CONTROL)));
    if button.on_hover_text(CONTEXT.make_tip).clicked() {
        // Only what the sheet offers is computed.
        let source = if next.source == Source::File { Source::File } else { Source::Text };
        ask(Ask::Make(Box::new(Context { source, ..next.clone() })));
        actions.ask(Action::Sheet(None));
    }
    if next != draft || (is_new && state.space.draft.is_none()) {
        ask(Ask::Draft(Box::new(next)));
    }
}

/// The path of the file, and the column that holds the texts.
fn file(ui: &mut Ui, actions: &Actions, next: &mut Context) {
    ui.horizontal(|ui| {
        let field = TextEdit::singleline(&mut next.text)
            .hint_text(CONTEXT.path_hint)
            .desired_width(ui.available_width() - 108.0)
            .align(egui::Align2::LEFT_CENTER)
            .min_size(Vec2::new(0.0, CONTROL));
        widgets::named(ui.add(field), CONTEXT.path);
        if ui.add(Button::new(CONTEXT.choose).min_size(Vec2::new(80.0, CONTROL))).clicked() {
            actions.ask(Action::Space(space::Ask::Context(Ask::Dialog)));
        }
    });
    ui.horizontal(|ui| {
        widgets::muted(ui, CONTEXT.column).on_hover_text(CONTEXT.column_tip);
        let field = TextEdit::singleline(&mut next.column)
            .hint_text(CONTEXT.column_hint)
            .desired_width(160.0)
            .align(egui::Align2::LEFT_CENTER)
            .min_size(Vec2::new(0.0, CONTROL));
        widgets::named(ui.add(field), CONTEXT.column).on_hover_text(CONTEXT.column_tip);
    });
}
