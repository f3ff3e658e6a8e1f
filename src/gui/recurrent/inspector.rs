//! What the model is, how well it predicts the text, and what it predicts at the pinned token.

use super::read::Read;
use super::sample;
use crate::figure::{probability, short};
use crate::gui::action::Actions;
use crate::gui::state::State;
use crate::gui::theme;
use crate::gui::widgets;
use crate::gui::words::recurrent::RECURRENT;
use crate::gui::words::{bytes, count, fill, number};
use egui::{RichText, ScrollArea, Ui};

/// Draws the panel.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, read: Option<&Read>) {
    let Some(model) = &state.recurrent.model else { return };
    ScrollArea::vertical().id_salt("recurrent inspector").auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        widgets::heading(ui, RECURRENT.what);
        widgets::muted(ui, model.opened.describe());
        widgets::muted(ui, fill(RECURRENT.parameters, &[&count(model.opened.network.parameters() as u64)]));
        ui.add_space(8.0);
        let Some(read) = read else { return };
        totals(ui, state, read);
        ui.add_space(8.0);
        if model.predicts() {
            next(ui, state, read);
            ui.add_space(8.0);
            sample::show(ui, state, actions);
        }
    });
}

fn totals(ui: &mut Ui, state: &State, read: &Read) {
    let line = |ui: &mut Ui, name: &str, value: String, tip: &str| {
        ui.horizontal(|ui| {
            widgets::muted(ui, name).on_hover_text(tip);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                ui.label(RichText::new(value).font(theme::mono()));
            });
        });
    };
    widgets::heading(ui, RECURRENT.totals);
    line(ui, RECURRENT.tokens, count(read.summary.tokens as u64), RECURRENT.tokens_tip);
    if let (Some(bits), Some(perplexity)) = (read.summary.bits_per_token(), read.summary.perplexity()) {
        line(ui, RECURRENT.bits, number(bits as f32), RECURRENT.bits_tip);
        line(ui, RECURRENT.perplexity, number(perplexity as f32), RECURRENT.perplexity_tip);
    }
    if let Some(skipped) = read.summary.skipped.describe() {
        widgets::muted(ui, skipped);
    }
    if read.left_out > 0 {
        widgets::muted(ui, fill(RECURRENT.left_out, &[&bytes(read.left_out as u64)]));
    }
    if let Some(at) = read.summary.broken {
        let ink = theme::colour(theme::palette(ui.ctx()).error);
        ui.label(RichText::new(fill(RECURRENT.broken, &[&at.to_string()])).color(ink));
    }
    let chosen = &state.scene.recurrent;
    if let (Some(cell), Some(levels)) = (chosen.cell(), read.sites.get(&chosen.site()))
        && let Some(value) = chosen.step.and_then(|step| levels.value(step, cell))
    {
        line(ui, &fill(RECURRENT.cell, &[&cell.to_string()]), short(value), RECURRENT.cell_tip);
    }
}

/// The likeliest tokens after the pinned one.
fn next(ui: &mut Ui, state: &State, read: &Read) {
    let step = state.scene.recurrent.step.unwrap_or(usize::MAX).min(read.times().saturating_sub(1));
    widgets::heading(ui, &fill(RECURRENT.next_title, &[read.shown(step), &count(step as u64)]))
        .on_hover_text(RECURRENT.next_tip);
    let symbols = state.recurrent.model.as_ref().and_then(|model| model.opened.symbols.as_ref());
    let Some(symbols) = symbols else { return };
    let real = read.tokens.pieces.get(step + 1).map(|piece| piece.id);
    let accent = theme::palette(ui.ctx()).accent;
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for candidate in read.next(step) {
            let label = super::read::shown(symbols.item(candidate.id));
            let share = candidate.probability;
            widgets::bar_in(ui, label, share as f32, &probability(share), real == Some(candidate.id), accent, 56.0);
        }
    });
    if let Some(bits) = read.surprise(step + 1) {
        let said = fill(RECURRENT.came, &[read.shown(step + 1), &probability(f64::from(-bits).exp2())]);
        widgets::muted(ui, said);
    }
}
