//! The centre: tabs, what is shown in words, and the view.

use super::changes;
use crate::gui::action::{Action, Actions};
use crate::gui::paint::Canvas;
use crate::gui::scene::View;
use crate::gui::state::State;
use crate::gui::words::files::FILES;
use crate::gui::words::{EN, fill};
use crate::gui::{theme, views, widgets};
use egui::{RichText, Ui};
use std::path::Path;

/// A centre at least this wide shows the lines and another view side by side.
const BOTH: f32 = 800.0;

/// Tabs, heading and pictures of the shown head.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, canvas: &mut Canvas) {
    if state.run().is_none() {
        empty(ui, state);
        return;
    }
    let view = state.scene.look.view;
    let both = ui.available_width() >= BOTH && view.is_of_head();
    views::tabs(ui, state, actions);
    if view.is_of_head() {
        views::caption(ui, state, canvas, both || view == View::Lines);
    }
    changes::show(ui, state, actions);
    if both {
        let beside = if view == View::Lines { View::Heatmap } else { view };
        ui.columns(2, |columns| {
            views::show(&mut columns[0], View::Lines, state, actions, canvas);
            views::show(&mut columns[1], beside, state, actions, canvas);
        });
    } else {
        views::show(ui, view, state, actions, canvas);
    }
}

/// What went wrong, why, and what to do.
pub fn problem(ui: &mut Ui, state: &State, actions: &Actions) {
    let Some(problem) = &state.problem else { return };
    let palette = theme::palette(ui.ctx());
    let frame = egui::Frame::new()
        .fill(theme::colour(palette.raised))
        .stroke(egui::Stroke::new(1.0, theme::colour(palette.error)))
        .corner_radius(4.0)
        .inner_margin(theme::PADDING);
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.label(RichText::new(&problem.title).font(theme::heading()).color(theme::colour(palette.error)));
        ui.label(problem.error.to_string());
        if let Some(remedy) = problem.error.remedy() {
            widgets::muted(ui, remedy);
        }
        ui.horizontal(|ui| {
            widgets::command(ui, actions, problem.next);
            if ui.button(EN.dismiss).clicked() {
                actions.ask(Action::Dismiss);
            }
        });
    });
    ui.add_space(8.0);
}

/// Which file is waited for.
pub fn awaited(path: &Path) -> String {
    fill(FILES.awaited, &[&path.file_name().unwrap_or_default().to_string_lossy()])
}

/// The centre before there is anything to show.
pub fn empty(ui: &mut Ui, state: &State) {
    ui.add_space(ui.available_height() * 0.3);
    ui.vertical_centered(|ui| {
        let (title, text) = match (&state.opening, &state.model, state.running) {
            _ if let Some((path, is_there)) = state.awaited() => {
                (awaited(path), if is_there { FILES.awaited_broken } else { FILES.awaited_note })
            }
            (Some(name), ..) => {
                (fill(EN.opening, &[name]), state.progress.as_ref().map_or("", |(_, p)| p.stage.as_str()))
            }
            (None, Some(_), true) => (EN.reading.to_owned(), ""),
            (None, None, _) => (EN.no_model.to_owned(), EN.drop_hint),
            _ => (EN.empty_title.to_owned(), EN.empty_text),
        };
        ui.label(RichText::new(title).font(theme::title()));
        widgets::muted(ui, text);
        if let (Some(_), Some((_, progress))) = (&state.opening, &state.progress) {
            ui.add_space(8.0);
            ui.add(egui::ProgressBar::new(progress.share()).desired_width(280.0).desired_height(8.0));
        }
    });
}
