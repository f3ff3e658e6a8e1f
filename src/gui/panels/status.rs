//! The line at the bottom: device, tokens, time, memory, progress.

use crate::engine::device;
use crate::figure::size;
use crate::gui::action::{Action, Actions};
use crate::gui::command::Command;
use crate::gui::scene::Workspace;
use crate::gui::state::State;
use crate::gui::words::files::FILES;
use crate::gui::words::recurrent::RECURRENT;
use crate::gui::words::space::SPACE;
use crate::gui::words::{EN, bytes, count, fill, millis};
use crate::gui::{theme, widgets};
use egui::{Align, Layout, ProgressBar, RichText, Ui};

/// The status line.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions) {
    ui.horizontal_centered(|ui| {
        let ink = theme::colour(theme::palette(ui.ctx()).muted);
        let small = |text: String| RichText::new(text).size(size::SMALL).color(ink);
        let mut parts: Vec<String> = Vec::new();
        if let Some(model) = &state.model {
            parts.push(device::describe(&model.device).to_owned());
        }
        if state.imported.is_some() {
            parts.push(match &state.watched {
                Some((path, _)) => fill(FILES.watching, &[&path.display().to_string()]),
                None => FILES.from_file.to_owned(),
            });
        }
        let space = state.space.space.as_ref().filter(|_| state.scene.workspace == Workspace::Embeddings);
        if let Some(space) = space {
            let rows = &space.vectors.rows;
            parts = vec![
                fill(SPACE.status, &[&count(rows.len() as u64), &rows.width().to_string()]),
                space.vectors.report.format.to_owned(),
                fill(EN.kept, &[&bytes(state.space.bytes())]),
            ];
        } else if state.scene.workspace == Workspace::Recurrent {
            let read = state.recurrent.current();
            parts = read.map(|read| fill(RECURRENT.status, &[&count(read.times() as u64)])).into_iter().collect();
        } else if let Some(run) = state.run() {
            parts.push(fill(EN.tokens, &[&count(run.tokens.len() as u64)]));
            if state.imported.is_none() {
                parts.push(fill(EN.last_pass, &[&millis(run.millis)]));
            }
            parts.push(fill(EN.kept, &[&bytes(state.results.bytes())]));
        }
        ui.label(small(parts.join("  \u{b7}  ")));
        if let Some((_, progress)) = &state.progress {
            ui.separator();
            ui.label(small(progress.stage.clone()));
            ui.add(ProgressBar::new(progress.share()).desired_width(120.0).desired_height(6.0));
            if ui.small_button(EN.stop).on_hover_text(Command::Stop.tooltip(ui.ctx())).clicked() {
                actions.ask(Action::Do(Command::Stop));
            }
        } else if state.opening.is_some() || state.running {
            ui.separator();
            if ui.small_button(EN.stop).on_hover_text(Command::Stop.tooltip(ui.ctx())).clicked() {
                actions.ask(Action::Do(Command::Stop));
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if space.is_none() {
                ui.label(small(EN.from_zero.to_owned()));
            }
            if let Some(notice) = &state.notice {
                ui.separator();
                widgets::muted(ui, notice.clone());
            }
        });
    });
}
