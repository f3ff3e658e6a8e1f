//! The words at both ends of each drawn component.

use super::laid::{Laid, Method};
use super::{Ask, Space};
use crate::analysis::space::pca::Ends;
use crate::figure::{fit, short, size};
use crate::gui::action::{Action, Actions};
use crate::gui::state::State;
use crate::gui::words::fill;
use crate::gui::words::space::looks::LOOKS;
use crate::gui::{theme, widgets};
use egui::{Align2, Sense, Ui, Vec2};
use std::sync::Arc;

/// Words at each end.
pub const COUNT: usize = 10;

/// The points at both ends of each axis of a map.
pub fn of(laid: &Laid) -> Vec<Ends> {
    let column = |k: usize| laid.coordinates.iter().map(|row| row[k]).collect::<Vec<f32>>();
    (0..laid.question.dims).map(|k| Ends::of(&column(k), COUNT)).collect()
}

/// Draws them: below each component its low end at the left and its high end at the right.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, space: &Space) {
    // Rows of a map that is not drawn anew yet need not be rows of this space.
    let is_of = |laid: &&Arc<Laid>| laid.question.method == Method::Pca && laid.question.space == space.id;
    let Some(laid) = state.space.laid.as_ref().filter(is_of) else { return };
    if laid.ends.is_empty() {
        return;
    }
    ui.add_space(8.0);
    widgets::heading(ui, LOOKS.ends).on_hover_text(LOOKS.ends_tip);
    let ratios = laid.pca.as_ref().map(|pca| pca.ratios()).unwrap_or_default();
    for (k, ends) in laid.ends.iter().enumerate() {
        let component = laid.question.components[k];
        let share = ratios.get(component).copied().unwrap_or(0.0) * 100.0;
        ui.add_space(4.0);
        ui.label(fill(LOOKS.ends_of, &[&(component + 1).to_string(), &format!("{share:.1}")]));
        if let Some(rank) = laid.with_rank.get(k).copied().flatten() {
            widgets::muted(ui, fill(LOOKS.ends_rank, &[&short(rank as f32)])).on_hover_text(LOOKS.ends_rank_tip);
        }
        ui.columns(2, |columns| {
            let sides = [(LOOKS.ends_low, &ends.low), (LOOKS.ends_high, &ends.high)];
            for (ui, (name, points)) in columns.iter_mut().zip(sides) {
                ui.spacing_mut().item_spacing.y = 0.0;
                widgets::muted(ui, name);
                for &point in points {
                    word(ui, actions, space, laid.row(point));
                }
            }
        });
    }
}

/// A word that can be asked about.
fn word(ui: &mut Ui, actions: &Actions, space: &Space, row: usize) {
    let palette = theme::palette(ui.ctx());
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 18.0), Sense::click());
    let word = space.vectors.words.get(row);
    if response.hovered() {
        ui.painter().rect_filled(rect, 2.0, theme::colour(palette.raised));
        actions.over_row(row);
    }
    let text = fit(&word, size::BODY, rect.width());
    ui.painter().text(rect.left_center(), Align2::LEFT_CENTER, text, theme::mono(), theme::colour(palette.text));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, word.as_ref()));
    if response.clicked() {
        actions.ask(Action::Space(Ask::Row(row)));
    }
}
