//! The inspector of a word or formula: what is near to it in three spaces.

use super::near::Answer;
use super::{Ask, Chosen, Space, analogy, chips, ends};
use crate::analysis::space::neighbours::Metric;
use crate::figure::{fit, short, size, weight};
use crate::gui::action::{Action, Actions};
use crate::gui::state::State;
use crate::gui::words::space::SPACE;
use crate::gui::words::space::doctor::DOCTOR;
use crate::gui::words::space::looks::LOOKS;
use crate::gui::words::{count, fill};
use crate::gui::{theme, widgets};
use egui::{Align2, FontId, Rect, Sense, Ui, Vec2};
use std::collections::BTreeSet;

/// Components whose variance is drawn.
const SCREE: usize = 30;

/// Draws it.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, space: &Space) {
    let kept = &state.space;
    if let Some(fault) = &kept.fault {
        faulty(ui, state, actions, fault);
        return;
    }
    let Some(answer) = kept.answer.as_ref().filter(|_| !state.scene.space.formula.trim().is_empty()) else {
        widgets::title_row(ui, SPACE.what, |_| {});
        let width = count(space.vectors.rows.width() as u64);
        ui.label(fill(SPACE.what_text, &[&width]));
        for notice in &space.vectors.report.notices {
            widgets::muted(ui, notice.clone());
        }
        analogy::examples(ui, state, actions, space);
        analogy::odd(ui, state, actions, space);
        super::context::examples(ui, state, actions);
        scree(ui, state);
        ends::show(ui, state, actions, space);
        return;
    };
    let title = match answer.row {
        Some(row) => space.vectors.words.get(row).into_owned(),
        None => state.scene.space.formula.trim().to_owned(),
    };
    widgets::title_row(ui, &fit(&title, size::HEADING, ui.available_width() - 130.0), |ui| {
        if let Some(row) = answer.row
            && ui.button(LOOKS.fly).on_hover_text(LOOKS.fly_tip).clicked()
        {
            actions.ask(Action::Space(Ask::Fly(row)));
        }
    });
    if let Some(row) = answer.row {
        let (rank, length) = (count(row as u64 + 1), short(space.lengths.values()[row]));
        widgets::muted(ui, fill(SPACE.word_line, &[&rank, &length]));
        let columns = space.vectors.columns.iter();
        let known = columns.filter_map(|c| Some(format!("{}: {}", c.name, super::table::cell(&c.values, row)?)));
        for line in known.take(6) {
            widgets::muted(ui, line);
        }
        super::context::show(ui, state, actions, space, row);
    } else {
        let words: Vec<String> = answer.inputs.iter().map(|&i| space.vectors.words.get(i).into_owned()).collect();
        if !words.is_empty() {
            widgets::muted(ui, fill(SPACE.answer_line, &[&words.join(", ")]));
        }
    }
    if let Some((_, is_mean)) = answer.place {
        widgets::muted(ui, if is_mean { LOOKS.placed_by_mean } else { LOOKS.placed_exactly });
    }
    chips::show(ui, answer);
    ui.add_space(4.0);
    widgets::heading(ui, SPACE.nearest);
    choices(ui, state, actions);
    lists(ui, actions, answer, space, kept.cured.is_cured());
    analogy::show(ui, state, actions, space);
    analogy::odd(ui, state, actions, space);
    scree(ui, state);
}

fn faulty(ui: &mut Ui, state: &State, actions: &Actions, fault: &crate::analysis::space::formula::Fault) {
    widgets::title_row(ui, SPACE.formula, |_| {});
    let ink = theme::colour(theme::palette(ui.ctx()).error);
    ui.label(egui::RichText::new(&fault.what).color(ink));
    if fault.offers.is_empty() {
        return;
    }
    widgets::muted(ui, SPACE.offers);
    ui.horizontal_wrapped(|ui| {
        for offer in &fault.offers {
            if ui.button(offer).clicked() {
                let mut formula = state.scene.space.formula.trim().to_owned();
                let at = fault.at.clone();
                if formula.is_char_boundary(at.start) && formula.is_char_boundary(at.end) && at.end <= formula.len() {
                    formula.replace_range(at, &super::near::quoted(offer));
                }
                let chosen = Chosen { formula, row: None, ..state.scene.space.clone() };
                actions.ask(Action::Space(Ask::Choose(Box::new(chosen))));
            }
        }
    });
}

fn choices(ui: &mut Ui, state: &State, actions: &Actions) {
    let mut next = state.scene.space.clone();
    let metrics: Vec<(Metric, &str)> = Metric::ALL.iter().map(|&m| (m, m.name())).collect();
    widgets::choice(ui, &mut next.metric, &metrics, SPACE.metric_tip);
    ui.checkbox(&mut next.inputs, SPACE.inputs).on_hover_text(SPACE.inputs_tip);
    if next != state.scene.space {
        actions.ask(Action::Space(Ask::Choose(Box::new(next))));
    }
}

/// The three lists side by side; what is not among the nearest as stored is marked.
fn lists(ui: &mut Ui, actions: &Actions, answer: &Answer, space: &Space, cured: bool) {
    let raw: BTreeSet<usize> = answer.raw.iter().map(|near| near.row).collect();
    let most = answer.raw.iter().fold(0f32, |most, near| most.max(near.score.abs())).max(f32::MIN_POSITIVE);
    let share = |score: f32| match answer.asked.metric() {
        // The nearest has the longest bar: the least distance there is, of each.
        Metric::Euclidean => answer.raw.first().map_or(1.0, |n| n.score) / score.max(f32::MIN_POSITIVE),
        Metric::Cosine => score.max(0.0),
        Metric::Dot => score / most,
    };
    let by_cosine = |score: f32| score.max(0.0);
    let mut is_marked = false;
    ui.columns(3, |columns| {
        for ui in columns.iter_mut() {
            ui.spacing_mut().item_spacing.y = 2.0;
        }
        let (name, tip) = if cured { (DOCTOR.as_cured, DOCTOR.as_cured_tip) } else { (SPACE.raw, SPACE.raw_tip) };
        widgets::muted(&mut columns[0], name).on_hover_text(tip);
        for near in &answer.raw {
            let number = score(answer.asked.metric(), near.score);
            entry(&mut columns[0], actions, space, near.row, Some(&(share(near.score), number)), false);
        }
        widgets::muted(&mut columns[1], SPACE.centred).on_hover_text(SPACE.centred_tip);
        match &answer.centred {
            None => drop(widgets::muted(&mut columns[1], SPACE.too_large)),
            Some(list) => {
                for near in list {
                    let marked = !raw.contains(&near.row);
                    is_marked |= marked;
                    let bar = (by_cosine(near.score), score(Metric::Cosine, near.score));
                    entry(&mut columns[1], actions, space, near.row, Some(&bar), marked);
                }
            }
        }
        widgets::muted(&mut columns[2], SPACE.on_map).on_hover_text(SPACE.on_map_tip);
        for &row in &answer.map {
            let marked = !raw.contains(&row);
            is_marked |= marked;
            entry(&mut columns[2], actions, space, row, None, marked);
        }
    });
    if is_marked {
        widgets::muted(ui, SPACE.marks);
    }
}

/// A score as it is read: cosines with three decimals.
fn score(metric: Metric, x: f32) -> String {
    if metric == Metric::Cosine { weight(x) } else { short(x) }
}

/// A word with its number and a bar under it. A click asks about it.
pub fn entry(ui: &mut Ui, actions: &Actions, space: &Space, row: usize, bar: Option<&(f32, String)>, marked: bool) {
    let palette = theme::palette(ui.ctx());
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 24.0), Sense::click());
    let word = space.vectors.words.get(row);
    let number = bar.map_or("", |(_, number)| number.as_str());
    let room = rect.width() - if number.is_empty() { 0.0 } else { 42.0 };
    let painter = ui.painter();
    if response.hovered() {
        painter.rect_filled(rect, 2.0, theme::colour(palette.raised));
        actions.over_row(row);
    }
    let ink = theme::colour(if marked { palette.signed(1.0) } else { palette.text });
    let text = fit(&word, size::BODY, room - if marked { 8.0 } else { 0.0 });
    let left = rect.left_top() + Vec2::new(0.0, 2.0);
    let font = FontId::new(size::BODY, egui::FontFamily::Monospace);
    if marked {
        painter.circle_filled(left + Vec2::new(2.5, 8.0), 2.5, ink);
    }
    painter.text(left + Vec2::new(if marked { 8.0 } else { 0.0 }, 0.0), Align2::LEFT_TOP, text, font, ink);
    let small = FontId::new(size::SMALL, egui::FontFamily::Monospace);
    painter.text(
        rect.right_top() + Vec2::new(0.0, 3.0),
        Align2::RIGHT_TOP,
        number,
        small,
        theme::colour(palette.muted),
    );
    if let Some((share, _)) = bar {
        let track =
            Rect::from_min_max(rect.left_bottom() - Vec2::new(0.0, 4.0), rect.right_bottom() - Vec2::new(0.0, 1.0));
        painter.rect_filled(track, 1.0, theme::colour(palette.raised));
        let width = track.width() * share.clamp(0.0, 1.0);
        painter.rect_filled(
            Rect::from_min_size(track.min, Vec2::new(width, track.height())),
            1.0,
            theme::colour(palette.accent),
        );
    }
    let spoken = format!("{word} {number}");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, spoken.trim()));
    if response.clicked() {
        actions.ask(Action::Space(Ask::Row(row)));
    }
}

/// The variance of the first components, beside what noise would have.
fn scree(ui: &mut Ui, state: &State) {
    let Some(pca) = state.space.laid.as_ref().and_then(|laid| laid.pca.clone()) else { return };
    ui.add_space(8.0);
    widgets::heading(ui, SPACE.variances).on_hover_text(SPACE.variances_tip);
    let palette = theme::palette(ui.ctx());
    let (ratios, stick) = (pca.ratios(), pca.broken_stick());
    let shown = ratios.len().min(SCREE);
    let most =
        ratios.iter().chain(&stick).take(1).copied().fold(0.0, f64::max).max(stick.first().copied().unwrap_or(0.0));
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 96.0), Sense::hover());
    let plot = Rect::from_min_max(rect.min, rect.max - Vec2::new(0.0, 16.0));
    let step = plot.width() / shown.max(1) as f32;
    let height = |share: f64| if most > 0.0 { (share / most) as f32 * plot.height() } else { 0.0 };
    let painter = ui.painter();
    for (k, &share) in ratios.iter().take(shown).enumerate() {
        let drawn = state.scene.space.components[..if state.scene.space.solid { 3 } else { 2 }].contains(&k);
        let ink = theme::colour(if drawn { palette.accent } else { palette.muted });
        let x = plot.left() + step * k as f32;
        let bar = Rect::from_min_max(
            egui::Pos2::new(x, plot.bottom() - height(share)),
            egui::Pos2::new(x + (step - 1.0).max(1.0), plot.bottom()),
        );
        painter.rect_filled(bar, 0.0, ink);
    }
    let line: Vec<egui::Pos2> = stick
        .iter()
        .take(shown)
        .enumerate()
        .map(|(k, &share)| egui::Pos2::new(plot.left() + step * (k as f32 + 0.5), plot.bottom() - height(share)))
        .collect();
    painter.add(egui::Shape::line(line, egui::Stroke::new(1.5, theme::colour(palette.text))));
    let small = FontId::new(size::SMALL, egui::FontFamily::Proportional);
    let muted = theme::colour(palette.muted);
    painter.text(rect.left_bottom(), Align2::LEFT_BOTTOM, "1", small.clone(), muted);
    painter.text(rect.right_bottom(), Align2::RIGHT_BOTTOM, shown.to_string(), small.clone(), muted);
    painter.text(rect.center_bottom(), Align2::CENTER_BOTTOM, SPACE.stick, small.clone(), muted);
    if let Some(first) = ratios.first() {
        let label = format!("{:.1} %", first * 100.0);
        painter.text(plot.right_top(), Align2::RIGHT_TOP, label, small, muted);
    }
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, SPACE.variances));
    if let Some(at) = response.hover_pos() {
        let k = (((at.x - plot.left()) / step) as usize).min(shown.saturating_sub(1));
        if let (Some(share), Some(noise)) = (ratios.get(k), stick.get(k)) {
            let text = format!("PC{}: {:.2} % ({} {:.2} %)", k + 1, share * 100.0, SPACE.stick, noise * 100.0);
            response.on_hover_text_at_pointer(text);
        }
    }
}
