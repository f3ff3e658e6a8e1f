//! Two spaces on the screen: the panel with what they have in common, and their maps side by side.

use super::cloud::Points;
use super::colours::Range;
use super::near::Answer;
use super::plot::{self, Done, Plot};
use super::twin::{self, Ask, Other, Pair};
use super::{Space, context, legend, word};
use crate::analysis::space::neighbours::Metric;
use crate::figure::colour::Map;
use crate::figure::{Colour, short, size, weight};
use crate::gui::action::{Action, Actions};
use crate::gui::memo::Memo;
use crate::gui::paint::Canvas;
use crate::gui::state::State;
use crate::gui::words::space::SPACE;
use crate::gui::words::space::twin::TWIN;
use crate::gui::words::{count, fill};
use crate::gui::{theme, widgets};
use egui::{Align, Align2, FontFamily, FontId, Layout, Rect, Stroke, Ui, Vec2};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Words in each list.
const LISTED: usize = 15;

/// The points of both maps: of which pair, in which theme.
pub type Drawn = Memo<(u64, bool), [Points; 2]>;

fn ask(actions: &Actions, ask: Ask) {
    actions.ask(Action::Space(super::Ask::Twin(ask)));
}

/// The panel.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, space: &Space) {
    widgets::title_row(ui, TWIN.title, |_| {});
    let chosen = &state.scene.space.twin;
    let Some(other) = &chosen.other else {
        widgets::muted(ui, TWIN.note);
        ui.add_space(4.0);
        sources(ui, state, actions, space);
        return;
    };
    let pair = twin::shown(state);
    ui.horizontal(|ui| {
        let name = match pair {
            Some((pair, _)) if !twin::is_busy(state) => {
                let rows = &pair.second.vectors.rows;
                let parts = [pair.second.name.clone(), count(rows.len() as u64), rows.width().to_string()];
                fill(SPACE.chip, &parts.each_ref().map(String::as_str))
            }
            _ => twin::name(other),
        };
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui.button(TWIN.close).on_hover_text(TWIN.close_tip).clicked() {
                ask(actions, Ask::Open(None));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(egui::Label::new(name).truncate());
            });
        });
    });
    if let Other::Layer(_) = other {
        layers(ui, state, actions, space);
    }
    let mut plain = chosen.plain;
    if ui.checkbox(&mut plain, TWIN.plain).on_hover_text(TWIN.plain_tip).changed() {
        ask(actions, Ask::Plain(plain));
    }
    let Some((pair, is_old)) = pair else {
        if twin::is_busy(state) {
            widgets::muted(ui, TWIN.comparing);
        } else if ui.button(TWIN.again).on_hover_text(TWIN.again_tip).clicked() {
            ask(actions, Ask::Again);
        }
        return;
    };
    if is_old {
        ui.multiply_opacity(0.6);
    }
    numbers(ui, space, pair);
    near(ui, state, actions, space, pair);
    lists(ui, actions, space, pair);
    ui.add_space(4.0);
    if widgets::wide(ui, true, TWIN.export).on_hover_text(TWIN.export_tip).clicked() {
        ask(actions, Ask::Export);
    }
}

/// Where a second space may come from.
fn sources(ui: &mut Ui, state: &State, actions: &Actions, space: &Space) {
    if widgets::wide(ui, true, TWIN.open).on_hover_text(TWIN.open_tip).clicked() {
        ask(actions, Ask::Dialog);
    }
    if widgets::wide(ui, true, TWIN.bundled).on_hover_text(TWIN.bundled_tip).clicked() {
        ask(actions, Ask::Open(Some(Other::File(String::new()))));
    }
    if space.of.is_some() {
        ui.add_space(4.0);
        widgets::muted(ui, TWIN.layer);
        layers(ui, state, actions, space);
    }
}

/// The other layers of the model; nothing where it is not open.
fn layers(ui: &mut Ui, state: &State, actions: &Actions, space: &Space) {
    let (Some(of), Some(model)) = (&space.of, &state.model) else { return };
    if of.model != model.id {
        return;
    }
    let own = Some(of.context.layer);
    let all = std::iter::once(None).chain((0..model.card().layers).map(Some));
    let names: Vec<(Option<Other>, String)> = all
        .filter(|layer| own != Some(*layer))
        .map(|layer| (Some(Other::Layer(layer)), context::layer_name(layer)))
        .collect();
    let now = state.scene.space.twin.other.clone();
    ui.horizontal_wrapped(|ui| {
        for (other, name) in names {
            let button = egui::Button::selectable(now == other, name).frame_when_inactive(true);
            if ui.add(button).on_hover_text(TWIN.layer_tip).clicked() && now != other {
                ask(actions, Ask::Open(other));
            }
        }
    });
}

/// A number under its name.
fn number(ui: &mut Ui, name: &str, value: &str, tip: &str) {
    let spoken = format!("{name} {value}");
    let row = ui.horizontal(|ui| {
        ui.label(name);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let label = ui.label(egui::RichText::new(value).font(theme::mono()));
            widgets::named(label, &spoken);
        });
    });
    row.response.on_hover_text(tip);
}

fn numbers(ui: &mut Ui, space: &Space, pair: &Pair) {
    let found = &pair.found;
    let (here, there, both) = (space.vectors.words.len(), pair.second.vectors.words.len(), found.pairs.len());
    let share = |of: usize| crate::figure::percent(both as f32 / of.max(1) as f32);
    let parts = [count(both as u64), share(here), count(here as u64), share(there), count(there as u64)];
    widgets::muted(ui, fill(TWIN.shared, &parts.each_ref().map(String::as_str)));
    if found.aligned.widths.is_some() {
        let widths = [space.vectors.rows.width(), pair.second.vectors.rows.width(), found.aligned.left.width()];
        widgets::muted(ui, fill(TWIN.widths, &widths.map(|w| w.to_string()).each_ref().map(String::as_str)));
    }
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    number(ui, TWIN.fit, &percent(found.aligned.error), TWIN.fit_tip);
    if let Some(overlap) = &found.overlap {
        let tip = fill(TWIN.overlap_tip, &[&percent(overlap.chance())]);
        let value = format!("{} ({} {})", percent(overlap.mean()), SPACE.random, percent(overlap.chance()));
        number(ui, &fill(TWIN.overlap, &[&overlap.k.to_string()]), &value, &tip);
        if !overlap.is_exact() {
            widgets::muted(ui, fill(TWIN.sample, &[&count(overlap.asked.len() as u64)]));
        }
    }
    if let Some(kernel) = found.kernel {
        number(ui, TWIN.kernel, &weight(kernel as f32), TWIN.kernel_tip);
    }
}

/// What is near to what is asked, here and there.
fn near(ui: &mut Ui, state: &State, actions: &Actions, space: &Space, pair: &Pair) {
    let kept = &state.space;
    let Some(here) = kept.answer.as_ref().filter(|a| a.fault.is_none() && !a.raw.is_empty()) else { return };
    let there = kept.twin.answer.as_ref();
    ui.add_space(4.0);
    widgets::heading(ui, TWIN.near).on_hover_text(TWIN.near_tip);
    let rows_there = |answer: &Answer| -> Vec<Option<usize>> {
        answer.raw.iter().map(|near| pair.from_second(space, near.row)).collect()
    };
    let in_second: BTreeSet<usize> = there.iter().flat_map(|answer| rows_there(answer)).flatten().collect();
    let in_first: BTreeSet<usize> = here.raw.iter().map(|near| near.row).collect();
    let mut is_marked = false;
    ui.columns(2, |columns| {
        for ui in columns.iter_mut() {
            ui.spacing_mut().item_spacing.y = 2.0;
        }
        let width = columns[0].available_width();
        widgets::muted(&mut columns[0], crate::figure::fit(&space.name, size::BODY, width));
        for near in &here.raw {
            let marked = there.is_some_and(|a| a.fault.is_none()) && !in_second.contains(&near.row);
            is_marked |= marked;
            word::entry(&mut columns[0], actions, space, near.row, Some(&bar(here, near.score)), marked);
        }
        let ui = &mut columns[1];
        widgets::muted(ui, crate::figure::fit(&pair.second.name, size::BODY, width));
        match there {
            None => drop(widgets::muted(ui, TWIN.comparing)),
            Some(answer) if answer.fault.is_some() => drop(widgets::muted(ui, TWIN.not_there)),
            Some(answer) => {
                for (near, row) in answer.raw.iter().zip(rows_there(answer)) {
                    let marked = row.is_none_or(|row| !in_first.contains(&row));
                    is_marked |= marked;
                    let bar = bar(answer, near.score);
                    if let Some(row) = row {
                        word::entry(ui, actions, space, row, Some(&bar), marked);
                    } else {
                        // A word of the second space only: there is nothing to ask about it here.
                        let word = pair.second.vectors.words.get(near.row).into_owned();
                        widgets::short_bar(ui, &word, bar.0, &bar.1);
                    }
                }
            }
        }
    });
    if is_marked {
        widgets::muted(ui, TWIN.marks);
    }
}

/// The bar of a neighbour: its length, and its score in words.
fn bar(answer: &Answer, score: f32) -> (f32, String) {
    let nearest = answer.raw.first().map_or(1.0, |near| near.score);
    match answer.asked.metric() {
        Metric::Cosine => (score.max(0.0), weight(score)),
        Metric::Euclidean => (nearest / score.max(f32::MIN_POSITIVE), short(score)),
        Metric::Dot => (score / nearest.abs().max(f32::MIN_POSITIVE), short(score)),
    }
}

/// What differs most.
fn lists(ui: &mut Ui, actions: &Actions, space: &Space, pair: &Pair) {
    let found = &pair.found;
    let moved = found.moved(LISTED);
    let most = moved.first().map_or(1.0, |&i| found.aligned.residuals[i]).max(f32::MIN_POSITIVE);
    ui.add_space(4.0);
    ui.columns(2, |columns| {
        for ui in columns.iter_mut() {
            ui.spacing_mut().item_spacing.y = 2.0;
        }
        let ui = &mut columns[0];
        widgets::muted(ui, TWIN.moved).on_hover_text(TWIN.moved_tip);
        for i in moved {
            let residual = found.aligned.residuals[i];
            word::entry(ui, actions, space, found.pairs[i].0, Some(&(residual / most, short(residual))), false);
        }
        let ui = &mut columns[1];
        widgets::muted(ui, TWIN.parted).on_hover_text(TWIN.parted_tip);
        for (i, share) in found.parted(LISTED) {
            let bar = (share, crate::figure::percent(share));
            word::entry(ui, actions, space, found.pairs[i].0, Some(&bar), false);
        }
    });
}

/// Both maps, in all the room there is.
pub fn maps(ui: &mut Ui, state: &State, actions: &Actions, canvas: &mut Canvas, space: &Arc<Space>, pair: &Pair) {
    let palette = theme::palette(ui.ctx());
    let all = ui.available_rect_before_wrap();
    let (left, right) = all.split_left_right_at_fraction(0.5);
    let residuals = &pair.found.aligned.residuals;
    let [low, high] = pair.range;
    let colour = |i: usize| -> Colour {
        let t = if high > low { (residuals[i] - low) / (high - low) } else { 0.5 };
        if t.is_nan() { palette.line } else { palette.at(Map::Viridis, t) }
    };
    let drawn = canvas.pair.get((pair.id, palette.dark), || {
        [plot::points(&pair.places[0], colour), plot::points(&pair.places[1], colour)]
    });
    let kept = &state.space;
    let answer = kept.answer.as_ref().filter(|answer| answer.fault.is_none());
    let asked = answer.and_then(|answer| answer.row).and_then(|row| pair.of_first(row));
    let here: Vec<usize> = answer.iter().flat_map(|a| &a.raw).filter_map(|near| pair.of_first(near.row)).collect();
    let there: Vec<usize> = kept
        .twin
        .answer
        .iter()
        .filter(|answer| answer.fault.is_none())
        .flat_map(|a| &a.raw)
        .filter_map(|near| pair.of_first(pair.from_second(space, near.row)?))
        .collect();
    let over = kept.over.and_then(|row| pair.of_first(row));
    let selected: Vec<usize> = kept.selection.iter().take(2000).filter_map(|&row| pair.of_first(row)).collect();
    let name = |i: usize| space.vectors.words.get(pair.found.pairs[i].0).into_owned();
    let half = |side: usize| Plot {
        place: 20 + side as u64,
        label: [TWIN.first_map, TWIN.second_map][side],
        title: [&space.name, &pair.second.name][side],
        places: &pair.places[side],
        points: drawn[side].clone(),
        tree: Some(&pair.trees[side]),
        name: &name,
        asked,
        joined: [&here[..], &there[..]][side],
        over,
        selected: &selected,
    };
    let camera = state.scene.space.camera;
    let both = [(0, left), (1, right)].map(|(side, rect)| half(side).show(ui, rect, camera, |_, _| {}));
    let line = Stroke::new(1.0, theme::colour(palette.line));
    ui.painter().line_segment([all.center_top(), all.center_bottom()], line);
    let range = Range { low, high, chance: None, log: false };
    legend::ramp(ui.painter(), all.shrink(10.0), &range, TWIN.residual, palette);
    note(ui, right);
    for done in both {
        follow(actions, pair, done);
    }
}

/// What is common to both maps, at the foot of the right one.
fn note(ui: &Ui, rect: Rect) {
    let small = FontId::new(size::SMALL, FontFamily::Proportional);
    let muted = theme::colour(theme::palette(ui.ctx()).muted);
    let galley = ui.painter().layout(TWIN.map_note.to_owned(), small, muted, rect.width() - 20.0);
    let at = rect.left_bottom() + Vec2::new(10.0, -10.0);
    let place = Align2::LEFT_BOTTOM.anchor_size(at, galley.size());
    ui.painter().galley(place.min, galley, muted);
}

/// Asks for what was done on one of the maps.
fn follow(actions: &Actions, pair: &Pair, done: Done) {
    let row = |point: usize| pair.found.pairs[point].0;
    if let Some(point) = done.over {
        actions.over_row(row(point));
    }
    if let Some(point) = done.clicked {
        actions.ask(Action::Space(super::Ask::Row(row(point))));
    }
    if let Some(points) = done.boxed {
        let rows = points.into_iter().map(row).collect();
        actions.ask(Action::Space(super::Ask::Select(Arc::new(rows))));
    }
    if let Some(camera) = done.camera {
        actions.ask(Action::Space(super::Ask::Look(camera)));
    }
}
