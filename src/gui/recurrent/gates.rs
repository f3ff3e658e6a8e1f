//! Every gate of the layer along the axis, how much of the time its cells are shut or open, and gates that are forced.

use super::axis::Axis;
use super::read::Read;
use super::{Forced, heat, strip};
use crate::analysis::recurrent::saturation::{OPEN, SHUT};
use crate::figure::{percent, short, size};
use crate::gui::action::Actions;
use crate::gui::paint::Canvas;
use crate::gui::state::State;
use crate::gui::theme;
use crate::gui::widgets;
use crate::gui::words::recurrent::{RECURRENT, site_name};
use crate::gui::words::{fill, number};
use crate::trace::{Site, Stack};
use egui::{Align2, Button, FontFamily, FontId, Pos2, Rect, RichText, Sense, Stroke, Ui, Vec2};

/// The height of a strip.
const ROW: f32 = 20.0;
/// The side of a scatter.
const SCATTER: f32 = 88.0;

/// Draws the strips; `axis` is that of the trace.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, canvas: &mut Canvas, read: &Read, axis: &Axis) {
    let chosen = &state.scene.recurrent;
    if read.gates.is_empty() {
        let why = if read.asked.only.is_some() { RECURRENT.gates_too_long } else { RECURRENT.no_gates };
        widgets::muted(ui, why);
        return;
    }
    ui.horizontal(|ui| {
        let mut own = chosen.own;
        let cell =
            chosen.cell().map_or_else(|| RECURRENT.chosen_cell.to_owned(), |c| fill(RECURRENT.cell, &[&c.to_string()]));
        widgets::choice(ui, &mut own, &[(false, RECURRENT.mean), (true, cell.as_str())], RECURRENT.own_tip);
        if own != chosen.own {
            strip::choose(actions, state, |chosen| chosen.own = own);
        }
        if let Some(change) = &read.change {
            ui.label(RichText::new(said(read, change)).font(theme::mono())).on_hover_text(RECURRENT.change_tip);
        }
    });
    chips(ui, state, actions);
    egui::ScrollArea::vertical().id_salt("gates").auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        for (site, gate) in &read.gates {
            ui.horizontal(|ui| {
                ui.add_space((axis.left - ui.cursor().left()).max(0.0));
                ui.spacing_mut().item_spacing.x = 4.0;
                ui.label(site_name(*site));
                force(ui, state, actions, read, *site);
                let units = gate.shares.len().max(1) as f32;
                let mean = |k: usize| gate.shares.iter().map(|share| share[k]).sum::<f32>() / units;
                let numbers = [percent(mean(0)), short(SHUT), percent(mean(1)), short(OPEN)];
                let said = fill(RECURRENT.saturation, &numbers.each_ref().map(String::as_str));
                widgets::muted(ui, said).on_hover_text(RECURRENT.saturation_tip);
            });
            let (row, _) = ui.allocate_exact_size(Vec2::new(ui.available_width(), ROW), Sense::hover());
            let across = egui::Rangef::new(axis.left, axis.left + axis.width);
            strip_of(ui, state, actions, canvas, read, axis, (*site, Rect::from_x_y_ranges(across, row.y_range())));
        }
        ui.add_space(6.0);
        ui.horizontal_wrapped(|ui| {
            for (site, gate) in &read.gates {
                scatter(ui, state, *site, &gate.shares);
            }
        });
    });
}

/// What forcing changed, as numbers.
fn said(read: &Read, change: &super::read::Change) -> String {
    let outputs = fill(RECURRENT.change, &[&number(change.outputs as f32), &number(change.largest as f32)]);
    match (change.bits, read.summary.bits_per_token()) {
        (Some(before), Some(now)) => {
            format!("{outputs}, {}", fill(RECURRENT.change_bits, &[&number(before as f32), &number(now as f32)]))
        }
        _ => outputs,
    }
}

/// Forced gates, each with a way back.
pub fn chips(ui: &mut Ui, state: &State, actions: &Actions) {
    let forced = &state.scene.recurrent.forced;
    if forced.is_empty() {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = Vec2::splat(4.0);
        for (place, one) in forced.iter().enumerate() {
            let text = format!("{} = {}", one.edit().at(), one.value);
            let chip = ui.add(Button::new(RichText::new(format!("{text}  \u{d7}"))).small().corner_radius(4.0));
            let chip = widgets::named(chip, &fill(RECURRENT.take_back, &[&text]));
            if chip.on_hover_text(RECURRENT.take_back_tip).clicked() {
                strip::choose(actions, state, |chosen| drop(chosen.forced.remove(place)));
            }
        }
    });
}

/// Buttons that force a gate to 0 or 1.
fn force(ui: &mut Ui, state: &State, actions: &Actions, read: &Read, site: Site) {
    let backward = read.asked.stack == Stack::Backward;
    let is_it = |f: &Forced| f.site == site.name() && f.layer == read.asked.layer && f.backward == backward;
    let now = state.scene.recurrent.forced.iter().find(|f| is_it(f)).map(|f| f.value);
    for (value, label) in [(0.0, "0"), (1.0, "1")] {
        let on = now.is_some_and(|now| (now - value).abs() < 0.5);
        let button = ui.add(Button::selectable(on, label).small().frame_when_inactive(true));
        let button = widgets::named(button, &fill(RECURRENT.force, &[site_name(site), label]));
        if button.on_hover_text(RECURRENT.force_tip).clicked() {
            strip::choose(actions, state, |chosen| {
                chosen.forced.retain(|f| !is_it(f));
                if !on {
                    let (layer, site) = (read.asked.layer, site.name().to_owned());
                    chosen.forced.push(Forced { backward, layer, site, value });
                }
            });
        }
    }
}

/// A gate along the axis: of the chosen cell, or the mean of all.
fn strip_of(
    ui: &Ui,
    state: &State,
    actions: &Actions,
    canvas: &mut Canvas,
    read: &Read,
    axis: &Axis,
    (site, rect): (Site, Rect),
) {
    let palette = theme::palette(ui.ctx());
    let (Some(gate), Some(all)) = (read.gates.get(&site), read.sites.get(&site)) else { return };
    let chosen = &state.scene.recurrent;
    let cell = chosen.cell().filter(|cell| chosen.own && *cell < all.units());
    let (levels, unit) = cell.map_or((&gate.mean, 0), |cell| (all, cell));
    let memo = canvas.recurrent.gates.entry(site).or_default();
    // Means are no cell's: their picture has a name of its own.
    let id = if cell.is_some() { read.id } else { !read.id };
    let pixels = heat::pixels(memo, id, site, levels, (unit..unit + 1, 1), axis, palette);
    let (steps, _) = axis.columns();
    let area =
        Rect::from_min_max(Pos2::new(axis.x(steps.start), rect.top()), Pos2::new(axis.x(steps.end), rect.bottom()));
    canvas.image(&ui.painter().with_clip_rect(rect), &pixels, area);
    ui.painter().rect_stroke(rect, 0.0, Stroke::new(1.0, theme::colour(palette.line)), egui::StrokeKind::Outside);
    let response = ui.interact(rect, ui.scope_id().with(("gate", site.name())), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, site_name(site)));
    strip::scroll(ui, actions, axis, &response);
    let Some(step) = response.hover_pos().and_then(|at| axis.step(at.x)) else { return };
    let value = levels.value(step, unit).map_or_else(String::new, short);
    let text = format!("{} {value}\n{}", site_name(site), strip::about(state, read, step));
    if response.on_hover_text_at_pointer(text).clicked() {
        strip::choose(actions, state, |chosen| chosen.step = Some(step));
    }
}

/// Every cell by the share of time at which a gate is shut, and open (Karpathy et al. 2015).
fn scatter(ui: &mut Ui, state: &State, site: Site, shares: &[[f32; 2]]) {
    let palette = theme::palette(ui.ctx());
    let (rect, response) = ui.allocate_exact_size(Vec2::new(SCATTER + 52.0, SCATTER + 36.0), Sense::hover());
    let plot = Rect::from_min_size(rect.min + Vec2::new(28.0, 16.0), Vec2::splat(SCATTER));
    let painter = ui.painter();
    let small = FontId::new(size::SMALL, FontFamily::Proportional);
    let (muted, line) = (theme::colour(palette.muted), Stroke::new(1.0, theme::colour(palette.line)));
    painter.rect_stroke(plot, 0.0, line, egui::StrokeKind::Outside);
    painter.line_segment([plot.left_top(), plot.right_bottom()], line);
    let text = |at: Pos2, align: Align2, text: &str| {
        painter.text(at, align, text, small.clone(), muted);
    };
    text(plot.center_top() - Vec2::new(0.0, 3.0), Align2::CENTER_BOTTOM, site_name(site));
    text(plot.center_bottom() + Vec2::new(0.0, 3.0), Align2::CENTER_TOP, RECURRENT.shut);
    text(plot.left_top() - Vec2::new(4.0, 0.0), Align2::RIGHT_TOP, "1");
    text(plot.left_bottom() - Vec2::new(4.0, 0.0), Align2::RIGHT_BOTTOM, "0");
    let cells = &state.scene.recurrent.cells;
    for (unit, [shut, open]) in shares.iter().enumerate() {
        let at = Pos2::new(plot.left() + shut * plot.width(), plot.bottom() - open * plot.height());
        let place = cells.iter().position(|cell| *cell == unit);
        let (radius, ink) = place.map_or((1.5, palette.accent.faded(0.6)), |place| (4.0, palette.category(place)));
        painter.circle_filled(at, radius, theme::colour(ink));
    }
    let name = fill(RECURRENT.scatter, &[site_name(site)]);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &name));
    response.on_hover_text(RECURRENT.scatter_tip);
}
