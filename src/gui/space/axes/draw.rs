//! The tab of axes: fields, what is wrong with them, and each axis with its tests.

use super::found::{Along, Read};
use super::{Ask, MOST, NAMES, Part, leak, ruler, weat};
use crate::analysis::space::axes::{Poles, quoted};
use crate::analysis::space::lexicon::Missing;
use crate::figure::{percent, short, size, weight};
use crate::gui::action::{Action, Actions};
use crate::gui::space::{self, Chosen, Space, word};
use crate::gui::state::State;
use crate::gui::theme::CONTROL;
use crate::gui::words::space::axes::AXES;
use crate::gui::words::{count, fill};
use crate::gui::{theme, widgets};
use egui::{Button, FontFamily, FontId, Rect, RichText, Sense, Stroke, TextEdit, Ui, Vec2};
use std::sync::Arc;

/// Axes that are offered where the vocabulary has their words.
const EXAMPLES: [(&str, &[&str]); 6] = [
    ("man : woman", &["man", "woman"]),
    ("good : bad", &["good", "bad"]),
    ("he, man, boy : she, woman, girl", &["he", "man", "boy", "she", "woman", "girl"]),
    ("man : woman, king : queen, boy : girl", &["man", "woman", "king", "queen", "boy", "girl"]),
    ("poor : rich", &["poor", "rich"]),
    ("old - young", &["old", "young"]),
];
/// Words or pairs whose weight is listed.
const LISTED: usize = 12;

/// Draws the tab.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, space: &Space) {
    let mut next = state.scene.space.clone();
    let parts = [(Part::Axes, AXES.part_axes), (Part::Weat, AXES.part_weat), (Part::Reject, AXES.part_reject)];
    widgets::choice(ui, &mut next.axes.part, &parts, AXES.part_tip);
    ui.add_space(4.0);
    match state.scene.space.axes.part {
        Part::Axes => axes(ui, state, actions, space, &mut next),
        Part::Weat => weat::show(ui, state, actions, space, &mut next),
        Part::Reject => leak::show(ui, state, &mut next),
    }
    if next != state.scene.space {
        actions.ask(Action::Space(space::Ask::Choose(Box::new(next))));
    }
}

fn axes(ui: &mut Ui, state: &State, actions: &Actions, space: &Space, next: &mut Chosen) {
    let kept = &state.space.axes;
    let count = next.axes.typed.len();
    let mut removed = None;
    for i in 0..count {
        let read = kept.found.as_ref().and_then(|found| found.axes.get(i));
        if field(ui, i, &mut next.axes.typed[i], count > 1, read) {
            removed = Some(i);
        }
    }
    if let Some(i) = removed {
        next.axes.typed.remove(i);
    }
    let good: Vec<&Arc<Along>> = kept.found.iter().flat_map(|found| found.good()).collect();
    ui.horizontal_wrapped(|ui| {
        if next.axes.typed.len() < MOST && ui.button(AXES.add).on_hover_text(AXES.add_tip).clicked() {
            next.axes.typed.push(String::new());
        }
        let is_whole = kept.found.as_ref().is_some_and(|found| {
            found.axes.iter().all(|read| !matches!(read.axis, Some(Err(_))))
                && found.axes.iter().map(|read| read.text.as_str()).eq(next.axes.typed.iter().map(|text| text.trim()))
        });
        let lay_out = ui.add_enabled(is_whole && good.len() >= 2, Button::new(AXES.lay_out));
        let lay_out = lay_out.on_hover_text(AXES.lay_out_tip).on_disabled_hover_text(AXES.lay_out_needs);
        if lay_out.clicked() {
            actions.ask(Action::Space(space::Ask::Axes(Ask::LayOut)));
        }
        let export = ui.add_enabled(!good.is_empty(), Button::new(AXES.export)).on_hover_text(AXES.export_tip);
        if export.clicked() {
            actions.ask(Action::Space(space::Ask::Axes(Ask::Export)));
        }
    });
    examples(ui, space, next);
    if kept.good.iter().all(Option::is_none) {
        ui.add_space(4.0);
        ui.label(AXES.what_text);
    }
    for (i, along) in kept.good.iter().enumerate() {
        let Some(along) = along else { continue };
        ui.add_space(8.0);
        // An axis stays until its field can be read again.
        let is_old = !good.iter().any(|known| Arc::ptr_eq(known, along));
        ui.scope(|ui| {
            if is_old {
                ui.multiply_opacity(0.6);
            }
            ui.push_id(i, |ui| one(ui, state, actions, space, along));
        });
    }
    cosines(ui, &good);
    if kept.asked.as_ref() != kept.found.as_ref().map(|found| &found.asked) {
        widgets::muted(ui, AXES.measuring);
    }
}

/// A field with what is wrong with it; whether it is to be taken away.
fn field(ui: &mut Ui, i: usize, text: &mut String, is_one_of_many: bool, read: Option<&Read>) -> bool {
    let mut is_removed = false;
    ui.horizontal(|ui| {
        let (name, room) = (NAMES[i], if is_one_of_many { CONTROL + 8.0 } else { 0.0 });
        widgets::muted(ui, name);
        let field = TextEdit::singleline(text)
            .hint_text(AXES.hint)
            .desired_width(ui.available_width() - room)
            .align(egui::Align2::LEFT_CENTER)
            .min_size(Vec2::new(0.0, CONTROL));
        widgets::named(ui.add(field), &fill(AXES.axis, &[name])).on_hover_text(AXES.axis_tip);
        if is_one_of_many {
            let button = ui.add(Button::new("\u{d7}").min_size(Vec2::splat(CONTROL)));
            is_removed = widgets::named(button, &fill(AXES.remove, &[name])).on_hover_text(AXES.remove_tip).clicked();
        }
    });
    if let Some(read) = read.filter(|read| read.text == text.trim()) {
        let unknown: Vec<&Missing> = read.unknown.iter().collect();
        match &read.axis {
            Some(Err(why)) if unknown.is_empty() => faulty(ui, why),
            Some(Err(_)) => misspelt(ui, text, &unknown, false),
            _ => misspelt(ui, text, &unknown, true),
        }
    }
    is_removed
}

/// What is wrong, in the colour of errors.
pub fn faulty(ui: &mut Ui, why: &str) {
    let ink = theme::colour(theme::palette(ui.ctx()).error);
    ui.label(RichText::new(why).color(ink));
}

/// Words that cannot be used, and what may have been meant; a click writes it into the text.
pub fn misspelt(ui: &mut Ui, text: &mut String, unknown: &[&Missing], are_left_out: bool) {
    for missing in unknown {
        let said = missing.to_string();
        faulty(ui, &if are_left_out { fill(AXES.left_out, &[&said]) } else { said });
        ui.horizontal_wrapped(|ui| {
            for offer in &missing.near {
                if ui.button(offer).on_hover_text(fill(AXES.offer_tip, &[&missing.word])).clicked() {
                    *text = replaced(text, &missing.word, &quoted(offer));
                }
            }
        });
    }
}

/// A text with another word in place of one, wherever it stands alone.
fn replaced(text: &str, word: &str, by: &str) -> String {
    let is_letter = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    let mut done = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(word).filter(|_| !word.is_empty()) {
        let (before, after) = (&rest[..at], &rest[at + word.len()..]);
        let is_apart = |c: Option<char>| c.is_none_or(|c| !is_letter(c));
        let starts = before.chars().next_back().or_else(|| done.chars().next_back());
        let is_whole = is_apart(starts) && is_apart(after.chars().next());
        done.push_str(before);
        // In quotes the word stays there.
        let is_quoted = starts == Some('"') && after.starts_with('"');
        done.push_str(match (is_whole, is_quoted) {
            (false, _) => word,
            (true, true) => by.trim_matches('"'),
            (true, false) => by,
        });
        rest = after;
    }
    done + rest
}

/// Axes whose words are there; a click takes one into the first empty field.
fn examples(ui: &mut Ui, space: &Space, next: &mut Chosen) {
    let is_there = |words: &&[&str]| words.iter().all(|word| space.vectors.words.find(word).is_some());
    let typed = &mut next.axes.typed;
    let Some(empty) = typed.iter().position(|text| text.trim().is_empty()) else { return };
    let offered = EXAMPLES.iter().filter(|(text, words)| is_there(words) && !typed.iter().any(|t| t.trim() == *text));
    let offered: Vec<&str> = offered.map(|(text, _)| *text).collect();
    ui.horizontal_wrapped(|ui| {
        for example in offered {
            let label = RichText::new(example).size(size::SMALL);
            if ui.add(Button::new(label)).on_hover_text(AXES.example_tip).clicked() {
                example.clone_into(&mut typed[empty]);
            }
        }
    });
}

/// An axis: the ruler, the words at its ends, and what is to be thought of it.
fn one(ui: &mut Ui, state: &State, actions: &Actions, space: &Space, along: &Along) {
    widgets::heading(ui, &crate::figure::fit(&along.text, size::HEADING, ui.available_width() - 8.0));
    ruler::show(ui, state, actions, space, along);
    let most = along.range().map_or(1.0, |[low, high]| low.abs().max(high.abs())).max(f32::MIN_POSITIVE);
    ui.columns(2, |columns| {
        let away = AXES.away.to_owned();
        let names = along.names.clone().map(|name| if name.is_empty() { away.clone() } else { name });
        for ((ui, rows), name) in columns.iter_mut().zip([&along.ends.low, &along.ends.high]).zip(names) {
            ui.spacing_mut().item_spacing.y = 2.0;
            let shown = crate::figure::fit(&name, size::BODY, ui.available_width());
            widgets::muted(ui, shown).on_hover_text(name);
            for &row in rows {
                let place = along.places[row];
                word::entry(ui, actions, space, row, Some(&(place.abs() / most, weight(place))), false);
            }
        }
    });
    ui.add_space(4.0);
    chance(ui, along);
    if let Some(with_rank) = along.with_rank {
        widgets::muted(ui, fill(AXES.with_rank, &[&weight(with_rank as f32)])).on_hover_text(AXES.with_rank_tip);
    }
    without(ui, along);
}

/// The strength of the axis among those of random words.
fn chance(ui: &mut Ui, along: &Along) {
    let strength = along.axis().strength;
    match &along.typed.poles {
        None => drop(widgets::muted(ui, AXES.formula)),
        Some(Poles::Sets(..)) => drop(ui.label(fill(AXES.sets, &[&short(strength as f32)]))),
        Some(Poles::Pairs(_)) => drop(ui.label(fill(AXES.pairs, &[&percent(strength as f32)]))),
    }
    let Some(chance) = &along.chance else {
        if along.typed.poles.is_some() {
            widgets::muted(ui, AXES.too_few_words);
        }
        return;
    };
    let draws = chance.strengths.len();
    let reach = chance.reach(strength);
    let said = fill(AXES.reach, &[&count(reach as u64), &count(draws as u64), &short(chance.p as f32)]);
    ui.label(said);
    distribution(ui, &chance.strengths, strength);
}

/// A histogram of the strengths of random axes, with a line where this one is.
fn distribution(ui: &mut Ui, strengths: &[f64], own: f64) {
    const BARS: usize = 48;
    let (Some(&low), Some(&high)) = (strengths.first(), strengths.last()) else { return };
    let (low, high) = (low.min(own), high.max(own));
    let width = (high - low).max(f64::MIN_POSITIVE);
    let share = |x: f64| ((x - low) / width) as f32;
    let mut bars = [0usize; BARS];
    for &strength in strengths {
        bars[((share(strength) * BARS as f32) as usize).min(BARS - 1)] += 1;
    }
    let most = bars.iter().copied().max().unwrap_or(1).max(1) as f32;
    let palette = theme::palette(ui.ctx());
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 48.0), Sense::hover());
    let plot = Rect::from_min_max(rect.min, rect.max - Vec2::new(0.0, 16.0));
    let painter = ui.painter();
    let step = plot.width() / BARS as f32;
    for (i, &bar) in bars.iter().enumerate().filter(|(_, bar)| **bar > 0) {
        let height = (bar as f32 / most * plot.height()).max(1.0);
        let corner = egui::Pos2::new(plot.left() + step * i as f32, plot.bottom() - height);
        let bar = Rect::from_min_size(corner, Vec2::new((step - 1.0).max(1.0), height));
        painter.rect_filled(bar, 0.0, theme::colour(palette.muted));
    }
    let baseline = [plot.left_bottom(), plot.right_bottom()];
    painter.line_segment(baseline, Stroke::new(1.0, theme::colour(palette.line)));
    let x = plot.left() + plot.width() * share(own);
    painter.vline(x, plot.y_range(), Stroke::new(2.0, theme::colour(palette.accent)));
    let small = FontId::new(size::SMALL, FontFamily::Proportional);
    let muted = theme::colour(palette.muted);
    let ends =
        [(rect.left_bottom(), egui::Align2::LEFT_BOTTOM, low), (rect.right_bottom(), egui::Align2::RIGHT_BOTTOM, high)];
    for (at, align, x) in ends {
        painter.text(at, align, short(x as f32), small.clone(), muted);
    }
    painter.text(rect.center_bottom(), egui::Align2::CENTER_BOTTOM, AXES.random, small, muted);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, AXES.random));
    response.on_hover_text(AXES.random_tip);
}

/// How much the axis hangs on each of its words.
fn without(ui: &mut Ui, along: &Along) {
    if along.without.is_empty() {
        return;
    }
    ui.add_space(4.0);
    let is_of_pairs = matches!(along.typed.poles, Some(Poles::Pairs(_)));
    let heading = if is_of_pairs { AXES.without_pair } else { AXES.without_word };
    widgets::muted(ui, heading).on_hover_text(AXES.without_tip);
    for (name, cosine) in along.without.iter().take(LISTED) {
        let (share, number) = cosine.map_or((0.0, AXES.no_axis.to_owned()), |c| (c as f32, weight(c as f32)));
        widgets::bar(ui, name, share, &number, true);
    }
    if let Some(more) = along.without.len().checked_sub(LISTED).filter(|more| *more > 0) {
        widgets::muted(ui, fill(AXES.more, &[&count(more as u64)]));
    }
}

/// How much axes say the same.
fn cosines(ui: &mut Ui, good: &[&Arc<Along>]) {
    for (i, second) in good.iter().enumerate() {
        for first in &good[..i] {
            let said = [&first.text, &second.text, &weight(first.axis().cosine(second.axis()) as f32)];
            widgets::muted(ui, fill(AXES.cosine, &said.map(String::as_str))).on_hover_text(AXES.cosine_tip);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_replaced_where_it_stands_alone() {
        assert_eq!(replaced("man, mann : mann-like, womann", "mann", "man"), "man, man : mann-like, womann");
        assert_eq!(replaced("\"new yrk\" : x", "new yrk", "\"new york\""), "\"new york\" : x");
        assert_eq!(replaced("kng - man", "kng", "\"a b\""), "\"a b\" - man");
    }
}
