//! What ails the space, one finding after the other, and what helps.

mod work;

pub use work::{Examined, Report, ask};

use super::{Ask, Chosen, Space, cured};
use crate::analysis::space::cures::Cure;
use crate::analysis::space::doctor::{Findings, Hubs};
use crate::engine::Slot;
use crate::figure::{fit, percent, short, size, weight};
use crate::gui::action::{Action, Actions};
use crate::gui::state::State;
use crate::gui::words::space::doctor::DOCTOR;
use crate::gui::words::{bytes, count, fill};
use crate::gui::{theme, widgets};
use crate::source::vectors::BadRows;
use egui::{Align2, Button, DragValue, FontFamily, FontId, Pos2, Rect, Response, RichText, Sense, Ui, Vec2};
use std::sync::Arc;
use work::{Named, SHOWN};

/// Above this mean cosine vectors share a direction.
const ONE_WAY: f64 = 0.1;
/// From this correlation on length tells how frequent a word is.
const TELLS: f64 = 0.3;
/// Above this skewness a few words are everybody's neighbour.
const SKEWED: f64 = 1.0;

/// Draws the panel.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, space: &Space) {
    widgets::title_row(ui, DOCTOR.title, |_| {});
    cures(ui, state, actions, space);
    rotation(ui, state, actions);
    ui.separator();
    let examined = &state.space.doctor;
    let is_busy = state.latest.contains_key(&Slot::Doctor);
    let is_new = examined.now.as_ref().is_some_and(|report| report.space == space.id);
    if let Some(report) = &examined.now {
        let opened = state.space.cured.opened.as_ref().map(|opened| opened.id);
        let before = examined.before.as_deref().filter(|b| b.space != report.space && Some(b.space) == opened);
        // What is known of another space is read, and leads nowhere.
        ui.add_enabled_ui(is_new, |ui| findings(ui, state, actions, report, before));
    }
    if is_new {
        return;
    }
    match &examined.failed {
        _ if is_busy => drop(widgets::muted(ui, DOCTOR.examining)),
        Some(error) => {
            let ink = theme::colour(theme::palette(ui.ctx()).error);
            ui.label(RichText::new(fill(DOCTOR.failed, &[error])).color(ink));
            again(ui, actions);
        }
        None if examined.asked == Some(space.id) => {
            widgets::muted(ui, DOCTOR.stopped);
            again(ui, actions);
        }
        None => {}
    }
}

fn again(ui: &mut Ui, actions: &Actions) {
    if ui.button(DOCTOR.examine).clicked() {
        actions.ask(Action::Space(Ask::Examine));
    }
}

fn choose(actions: &Actions, state: &State, change: impl FnOnce(&mut Chosen)) {
    let mut chosen = state.scene.space.clone();
    change(&mut chosen);
    actions.ask(Action::Space(Ask::Choose(Box::new(chosen))));
}

/// A button to each cure; what was chosen stands over the map.
fn cures(ui: &mut Ui, state: &State, actions: &Actions, space: &Space) {
    let numbers = ui.scope_id().with("numbers of cures");
    let usual = ((space.vectors.rows.width() / 100).max(1), space.vectors.rows.len().min(20_000));
    let (mut top, mut first): (usize, usize) = ui.data(|d| d.get_temp(numbers)).unwrap_or(usual);
    let mut wanted = None;
    let cure = |ui: &mut Ui, label: &str, tip: &str| ui.add(Button::new(label)).on_hover_text(tip).clicked();
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = Vec2::splat(4.0);
        if cure(ui, DOCTOR.centre, DOCTOR.centre_tip) {
            wanted = Some(Cure::Centre);
        }
        if cure(ui, DOCTOR.unit, DOCTOR.unit_tip) {
            wanted = Some(Cure::Unit);
        }
        if cure(ui, DOCTOR.whiten, DOCTOR.whiten_tip) {
            wanted = Some(Cure::Whiten);
        }
    });
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        if cure(ui, DOCTOR.top, DOCTOR.top_tip) {
            wanted = Some(Cure::WithoutTop(top));
        }
        let most = space.vectors.rows.width().saturating_sub(1).max(1);
        let drag = ui.add(DragValue::new(&mut top).range(1..=most).speed(0.05));
        widgets::named(drag, DOCTOR.top_count).on_hover_text(DOCTOR.top_tip);
    });
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        if cure(ui, DOCTOR.first, DOCTOR.first_tip) {
            wanted = Some(Cure::First(first));
        }
        let drag = DragValue::new(&mut first).range(1..=space.vectors.rows.len().max(1)).speed(50.0);
        widgets::named(ui.add(drag), DOCTOR.first_count).on_hover_text(DOCTOR.first_tip);
    });
    ui.data_mut(|d| d.insert_temp(numbers, (top, first)));
    if let Some(cure) = wanted.filter(|_| state.scene.space.cures.len() < cured::MOST) {
        choose(actions, state, |chosen| chosen.cures.push(cure));
    }
    let opened = state.space.cured.opened.as_ref().map_or(0, |opened| opened.vectors.bytes());
    let (made, budget) = (cured::bytes(state), bytes(state.settings.budget()));
    let line = match made {
        0 => fill(DOCTOR.memory, &[&bytes(opened), &budget]),
        made => fill(DOCTOR.memory_cured, &[&bytes(opened), &bytes(made), &budget]),
    };
    small(ui, &line).on_hover_text(DOCTOR.memory_tip);
}

/// The switch that turns the space, and what that shows.
fn rotation(ui: &mut Ui, state: &State, actions: &Actions) {
    let turn = state.scene.space.turn;
    ui.horizontal(|ui| {
        let mut on = turn.is_some();
        if ui.checkbox(&mut on, DOCTOR.rotate).on_hover_text(DOCTOR.rotate_tip).changed() {
            choose(actions, state, |chosen| chosen.turn = on.then_some(1));
        }
        if let Some(mut seed) = turn {
            let drag = widgets::named(ui.add(DragValue::new(&mut seed)), DOCTOR.seed);
            if drag.on_hover_text(DOCTOR.seed_tip).changed() {
                choose(actions, state, |chosen| chosen.turn = Some(seed));
            }
        }
    });
    let Some(turned) = state.space.cured.turned.filter(|_| turn.is_some()) else { return };
    let same = if turned.same >= 1.0 { percent(1.0) } else { format!("{:.2} %", (turned.same * 100.0).min(99.99)) };
    let (k, asked) = (turned.k.to_string(), count(turned.asked as u64));
    ui.label(fill(DOCTOR.turned_same, &[&same, &k, &asked])).on_hover_text(DOCTOR.turned_tip);
    ui.label(fill(DOCTOR.turned_change, &[&short(turned.change as f32), &short(turned.size as f32)]));
    widgets::muted(ui, DOCTOR.turned_means);
}

/// What becomes of rows with NaN or infinity on opening.
pub fn bad_rows(ui: &mut Ui, state: &State, actions: &Actions) {
    let mut bad = state.scene.space.bad;
    let choices =
        [(BadRows::Skip, DOCTOR.bad_skip), (BadRows::Keep, DOCTOR.bad_keep), (BadRows::Refuse, DOCTOR.bad_refuse)];
    widgets::muted(ui, DOCTOR.bad_rows).on_hover_text(DOCTOR.bad_rows_tip);
    widgets::choice(ui, &mut bad, &choices, DOCTOR.bad_rows_tip);
    if bad != state.scene.space.bad {
        choose(actions, state, |chosen| chosen.bad = bad);
    }
}

/// One thing that was found.
struct Finding<'a> {
    name: &'a str,
    /// The number, of now and as opened.
    number: String,
    before: Option<String>,
    text: String,
    tip: &'a str,
    /// Whether it is something to mind.
    minds: bool,
}

impl Finding<'_> {
    /// The name with its number, and a sentence under them.
    fn show(self, ui: &mut Ui) {
        let palette = theme::palette(ui.ctx());
        ui.add_space(6.0);
        let (number, tip) = match &self.before {
            Some(before) if *before != self.number => {
                (fill(DOCTOR.before, &[before, &self.number]), format!("{} {}", self.tip, DOCTOR.before_tip))
            }
            _ => (self.number.clone(), self.tip.to_owned()),
        };
        let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 20.0), Sense::hover());
        let body = FontId::new(size::BODY, FontFamily::Proportional);
        let (text, mark) = (theme::colour(palette.text), theme::colour(palette.signed(1.0)));
        let painter = ui.painter();
        if self.minds {
            painter.circle_filled(rect.left_center() + Vec2::new(4.0, 0.0), 4.0, mark);
        } else {
            let ring = egui::Stroke::new(1.0, theme::colour(palette.muted));
            painter.circle_stroke(rect.left_center() + Vec2::new(4.0, 0.0), 3.5, ring);
        }
        let mono = FontId::new(size::BODY, FontFamily::Monospace);
        let room = rect.width() - crate::figure::mono_width(&number, size::BODY) - 24.0;
        let name = fit(self.name, size::BODY, room);
        painter.text(rect.left_center() + Vec2::new(16.0, 0.0), Align2::LEFT_CENTER, name, body, text);
        painter.text(rect.right_center(), Align2::RIGHT_CENTER, &number, mono, text);
        let spoken = format!("{} {number}", self.name);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &spoken));
        response.on_hover_text(&tip);
        widgets::muted(ui, self.text).on_hover_text(tip);
    }
}

fn small(ui: &mut Ui, text: &str) -> Response {
    let ink = theme::colour(theme::palette(ui.ctx()).muted);
    ui.label(RichText::new(text).size(size::SMALL).color(ink))
}

/// A line that can be clicked: what it is at the left, a number at the right.
pub fn line(ui: &mut Ui, text: &str, number: &str) -> Response {
    let palette = theme::palette(ui.ctx());
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 20.0), Sense::click());
    let painter = ui.painter();
    if response.hovered() {
        painter.rect_filled(rect, 2.0, theme::colour(palette.raised));
    }
    let mono = FontId::new(size::BODY, FontFamily::Monospace);
    let room = rect.width() - crate::figure::mono_width(number, size::BODY) - 28.0;
    let left = rect.left_center() + Vec2::new(16.0, 0.0);
    let (ink, muted) = (theme::colour(palette.text), theme::colour(palette.muted));
    painter.text(left, Align2::LEFT_CENTER, fit(text, size::BODY, room), mono.clone(), ink);
    painter.text(rect.right_center(), Align2::RIGHT_CENTER, number, mono, muted);
    let spoken = format!("{text} {number}");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, spoken.trim()));
    response
}

/// The first words of many; a click asks about one.
fn words(ui: &mut Ui, actions: &Actions, named: &Named, all: usize) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = Vec2::splat(4.0);
        for (row, word) in named {
            let button = ui.add(Button::new(fit(word, size::BODY, 120.0)).small());
            if widgets::named(button, word).clicked() {
                actions.ask(Action::Space(Ask::Row(*row)));
            }
        }
        if all > named.len() {
            small(ui, &fill(DOCTOR.more, &[&count((all - named.len()) as u64)]));
        }
    });
}

fn findings(ui: &mut Ui, state: &State, actions: &Actions, report: &Report, before: Option<&Report>) {
    let found = &report.findings;
    let was = before.map(|before| &before.findings);
    let real = |x: f64| weight(x as f32);
    if let Some(cosine) = found.cosine {
        let minds = cosine > ONE_WAY;
        let verdict = if minds { DOCTOR.one_way_yes } else { DOCTOR.one_way_no };
        let text = fill(DOCTOR.one_way_text, &[&count(found.pairs())]);
        Finding {
            name: DOCTOR.one_way,
            number: real(cosine),
            before: was.and_then(|was| was.cosine).map(real),
            text: format!("{text} {verdict}"),
            tip: DOCTOR.one_way_tip,
            minds,
        }
        .show(ui);
    }
    let against = report.against.as_deref().unwrap_or(DOCTOR.rank);
    let spearman = found.frequency.map(|f| f.spearman);
    let minds = spearman.is_some_and(|s| s.abs() >= TELLS);
    let text = if spearman.is_some() {
        let verdict = if minds { DOCTOR.lengths_yes } else { DOCTOR.lengths_no };
        format!("{} {verdict}", fill(DOCTOR.lengths_text, &[against]))
    } else {
        fill(DOCTOR.lengths_none, &[against])
    };
    Finding {
        name: DOCTOR.lengths,
        number: spearman.map_or_else(|| "\u{2013}".to_owned(), real),
        before: was.and_then(|was| was.frequency).map(|f| real(f.spearman)),
        text,
        tip: DOCTOR.lengths_tip,
        minds,
    }
    .show(ui);
    if spearman.is_some() {
        scatter(ui, report, against);
    }
    hubs(ui, actions, report, before);
    let width = state.space.space.as_ref().map_or(0, |space| space.vectors.rows.width());
    Finding {
        name: DOCTOR.dimensions,
        number: short(found.participation as f32),
        before: was.map(|was| short(was.participation as f32)),
        text: fill(DOCTOR.dimensions_text, &[&count(width as u64)]),
        tip: DOCTOR.dimensions_tip,
        minds: false,
    }
    .show(ui);
    equal(ui, actions, report, was);
    Finding {
        name: DOCTOR.zeros,
        number: count(found.zeros.len() as u64),
        before: was.map(|was| count(was.zeros.len() as u64)),
        text: (if found.zeros.is_empty() { DOCTOR.zeros_none } else { DOCTOR.zeros_text }).to_owned(),
        tip: DOCTOR.zeros_tip,
        minds: !found.zeros.is_empty(),
    }
    .show(ui);
    words(ui, actions, &report.zeros, found.zeros.len());
    let met = state.space.cured.opened.as_ref().map_or(0, |opened| opened.vectors.report.not_finite);
    let text = match (found.not_finite.len(), met) {
        (0, 0) => DOCTOR.broken_none,
        (0, _) => DOCTOR.broken_left_out,
        _ => DOCTOR.broken_kept,
    };
    Finding {
        name: DOCTOR.broken,
        number: count(met.max(found.not_finite.len()) as u64),
        before: None,
        text: text.to_owned(),
        tip: DOCTOR.broken_tip,
        minds: met > 0,
    }
    .show(ui);
    words(ui, actions, &report.broken, found.not_finite.len());
    bad_rows(ui, state, actions);
}

fn hubs(ui: &mut Ui, actions: &Actions, report: &Report, before: Option<&Report>) {
    let Some(hubs) = &report.findings.hubs else { return };
    let of = |hubs: &Hubs| short(hubs.skewness as f32);
    let old = before.and_then(|before| before.findings.hubs.as_ref());
    let minds = hubs.skewness > SKEWED;
    let template = if hubs.is_sample { DOCTOR.hubs_sample } else { DOCTOR.hubs_text };
    let text = fill(template, &[&hubs.k.to_string(), &count(hubs.words.len() as u64)]);
    let verdict = if minds { DOCTOR.hubs_yes } else { DOCTOR.hubs_no };
    Finding {
        name: DOCTOR.hubs,
        number: of(hubs),
        before: old.map(of),
        text: format!("{text} {verdict}"),
        tip: DOCTOR.hubs_tip,
        minds,
    }
    .show(ui);
    for (row, word, lists) in &report.hubs {
        if line(ui, word, &count(u64::from(*lists))).on_hover_text(DOCTOR.hub_tip).clicked() {
            actions.ask(Action::Space(Ask::Row(*row)));
        }
    }
    let (all, first) = (report.nobodys.0, &report.nobodys.1);
    let share = percent(all as f32 / hubs.words.len().max(1) as f32);
    Finding {
        name: DOCTOR.nobodys,
        number: count(all as u64),
        before: before.map(|before| count(before.nobodys.0 as u64)),
        text: if all == 0 { DOCTOR.nobodys_none.to_owned() } else { fill(DOCTOR.nobodys_text, &[&share]) },
        tip: DOCTOR.nobodys_tip,
        minds: false,
    }
    .show(ui);
    words(ui, actions, first, all);
}

fn equal(ui: &mut Ui, actions: &Actions, report: &Report, was: Option<&Findings>) {
    let groups = &report.findings.equal;
    let rows = |groups: &[Vec<usize>]| count(groups.iter().map(Vec::len).sum::<usize>() as u64);
    Finding {
        name: DOCTOR.equal,
        number: rows(groups),
        before: was.map(|was| rows(&was.equal)),
        text: match groups.len() {
            0 => DOCTOR.equal_none.to_owned(),
            n => fill(DOCTOR.equal_text, &[&count(n as u64)]),
        },
        tip: DOCTOR.equal_tip,
        minds: !groups.is_empty(),
    }
    .show(ui);
    for (group, named) in groups.iter().zip(&report.equal) {
        let text = named.iter().map(|(_, word)| word.as_str()).collect::<Vec<_>>().join(" = ");
        if line(ui, &text, &count(group.len() as u64)).on_hover_text(DOCTOR.equal_row_tip).clicked() {
            actions.ask(Action::Space(Ask::Select(Arc::new(group.clone()))));
        }
    }
    if groups.len() > SHOWN {
        small(ui, &fill(DOCTOR.more, &[&count((groups.len() - SHOWN) as u64)]));
    }
}

/// Length against frequency or rank.
fn scatter(ui: &mut Ui, report: &Report, against: &str) {
    let palette = theme::palette(ui.ctx());
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 112.0), Sense::hover());
    let plot = Rect::from_min_max(rect.min + Vec2::new(16.0, 18.0), rect.max - Vec2::new(0.0, 18.0));
    let painter = ui.painter();
    painter.rect_filled(plot, 2.0, theme::colour(palette.background));
    let ink = theme::colour(palette.accent.faded(0.55));
    for [x, y] in &report.points {
        let at =
            Pos2::new(plot.left() + 3.0 + x * (plot.width() - 6.0), plot.bottom() - 3.0 - y * (plot.height() - 6.0));
        painter.rect_filled(Rect::from_center_size(at, Vec2::splat(2.0)), 0.0, ink);
    }
    let [[m0, m1], [l0, l1]] = report.ends.map(|ends| ends.map(super::colours::number));
    let font = FontId::new(size::SMALL, FontFamily::Proportional);
    let muted = theme::colour(palette.muted);
    let lengths = fill(DOCTOR.scatter_y, &[&l0, &l1]);
    painter.text(plot.left_top() - Vec2::new(0.0, 2.0), Align2::LEFT_BOTTOM, lengths, font.clone(), muted);
    let below = |x: f32| Pos2::new(x, plot.bottom() + 2.0);
    painter.text(below(plot.left()), Align2::LEFT_TOP, &m0, font.clone(), muted);
    painter.text(below(plot.right()), Align2::RIGHT_TOP, &m1, font.clone(), muted);
    let middle = fit(&fill(DOCTOR.scatter_rare, &[against]), size::SMALL, plot.width() - 96.0);
    painter.text(below(plot.center().x), Align2::CENTER_TOP, middle, font, muted);
    let name = fill(DOCTOR.scatter, &[against]);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &name));
    response.on_hover_text(DOCTOR.lengths_tip);
}
