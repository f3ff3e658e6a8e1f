//! What every cell does over the text: cells by time, or lines.

use super::axis::Axis;
use super::levels::Levels;
use super::read::{Read, is_gate};
use super::{Ask, heat, strip};
use crate::figure::{Palette, short, size};
use crate::gui::action::{Action, Actions};
use crate::gui::paint::Canvas;
use crate::gui::state::State;
use crate::gui::theme;
use crate::gui::words::fill;
use crate::gui::words::recurrent::RECURRENT;
use egui::{Align2, FontFamily, FontId, Pos2, Rect, Sense, Stroke, Ui, Vec2};

/// Cells of which all are drawn as lines.
const FEW: usize = 128;
/// Room for the numbers at the left.
pub const LEFT: f32 = 52.0;

/// Draws the trace in a rectangle, right of the room for its numbers.
pub fn show(ui: &Ui, state: &State, actions: &Actions, canvas: &mut Canvas, read: &Read, axis: &Axis, rect: Rect) {
    let palette = theme::palette(ui.ctx());
    let chosen = &state.scene.recurrent;
    let response = ui.interact(rect, ui.scope_id().with("trace"), Sense::click_and_drag());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, RECURRENT.trace));
    let site = chosen.site();
    let Some(levels) = read.sites.get(&site) else {
        let ink = theme::colour(palette.muted);
        ui.painter().text(rect.center(), Align2::CENTER_CENTER, RECURRENT.no_site, theme::heading(), ink);
        return;
    };
    let scale = Scale::new(levels, is_gate(site), rect);
    if chosen.lines {
        lines(ui, state, levels, axis, &scale, palette);
    } else {
        let units = 0..levels.units();
        let pixels = heat::pixels(
            &mut canvas.recurrent.cells,
            read.id,
            site,
            levels,
            (units, rect.height() as usize),
            axis,
            palette,
        );
        let (steps, _) = axis.columns();
        let area =
            Rect::from_min_max(Pos2::new(axis.x(steps.start), rect.top()), Pos2::new(axis.x(steps.end), rect.bottom()));
        canvas.image(&ui.painter().with_clip_rect(rect), &pixels, area);
        rows(ui, state, levels, rect, palette);
    }
    if let Some(step) = chosen.step.filter(|step| axis.visible().contains(step)) {
        let ink = Stroke::new(1.0, theme::colour(palette.text));
        ui.painter().with_clip_rect(rect).vline(axis.middle(step), rect.y_range(), ink);
    }
    strip::scroll(ui, actions, axis, &response);
    if response.dragged() {
        actions.ask(Action::Recurrent(Ask::Look(axis.moved(response.drag_delta().x))));
    }
    let at = response.hover_pos().or(response.interact_pointer_pos());
    let Some((at, step)) = at.and_then(|at| Some((at, axis.step(at.x)?))) else { return };
    let row = ((at.y - rect.top()) / rect.height() * levels.units() as f32) as usize;
    let cell =
        if chosen.lines { nearest(state, levels, &scale, step, at.y) } else { Some(row.min(levels.units() - 1)) };
    let Some(cell) = cell else { return };
    if response.clicked() {
        strip::select(actions, state, cell, ui.input(|i| i.modifiers.shift));
    }
    if response.hovered() {
        let value = levels.value(step, cell).map_or_else(String::new, short);
        let line = fill(RECURRENT.value_line, &[&cell.to_string(), &value]);
        let text = format!("{line}\n{}", strip::about(state, read, step));
        ui.painter().with_clip_rect(rect).vline(
            at.x,
            rect.y_range(),
            Stroke::new(1.0, theme::colour(palette.muted.faded(0.6))),
        );
        response.on_hover_text_at_pointer(text);
    }
}

/// The vertical axis of lines.
struct Scale {
    rect: Rect,
    least: f32,
    most: f32,
}

impl Scale {
    /// Symmetric about 0 where a value is negative; gates are from 0 to 1.
    fn new(levels: &Levels, is_gate: bool, rect: Rect) -> Self {
        let top = if is_gate { 1.0 } else { levels.most.max(f32::MIN_POSITIVE) };
        let least = if levels.signed { -top } else { 0.0 };
        Self { rect: rect.shrink2(Vec2::new(0.0, 4.0)), least, most: top }
    }

    fn y(&self, value: f32) -> f32 {
        let share = (value - self.least) / (self.most - self.least);
        self.rect.bottom() - share * self.rect.height()
    }
}

fn lines(ui: &Ui, state: &State, levels: &Levels, axis: &Axis, scale: &Scale, palette: &Palette) {
    let chosen = &state.scene.recurrent;
    let rect = scale.rect;
    let painter = ui.painter().with_clip_rect(rect.expand(4.0));
    let small = FontId::new(size::SMALL, FontFamily::Monospace);
    for value in [scale.least, 0.0, scale.most] {
        let y = scale.y(value);
        painter.hline(rect.x_range(), y, Stroke::new(1.0, theme::colour(palette.line)));
        let at = Pos2::new(rect.left() - 6.0, y);
        ui.painter().text(at, Align2::RIGHT_CENTER, short(value), small.clone(), theme::colour(palette.muted));
    }
    let y = |value: f32| scale.y(value);
    let draw = |cell: usize, stroke: Stroke| {
        strip::line(&painter, axis, |steps| levels.extremes(steps, cell..cell + 1), y, stroke);
    };
    if levels.units() <= FEW {
        let faint = (1.5 / (levels.units() as f32).sqrt()).clamp(0.1, 0.6);
        for cell in (0..levels.units()).filter(|cell| !chosen.cells.contains(cell)) {
            draw(cell, Stroke::new(1.0, theme::colour(palette.muted.faded(faint))));
        }
    } else if chosen.cells.is_empty() {
        let ink = theme::colour(palette.muted);
        painter.text(rect.center(), Align2::CENTER_CENTER, RECURRENT.select_first, theme::heading(), ink);
    }
    for (place, &cell) in chosen.cells.iter().enumerate().filter(|(_, cell)| **cell < levels.units()) {
        draw(cell, Stroke::new(2.0, theme::colour(palette.category(place))));
    }
}

/// The drawn line that is nearest at a step.
fn nearest(state: &State, levels: &Levels, scale: &Scale, step: usize, y: f32) -> Option<usize> {
    let cells = &state.scene.recurrent.cells;
    let all = if levels.units() <= FEW { (0..levels.units()).collect() } else { cells.clone() };
    let far = |cell: usize| levels.value(step, cell).map_or(f32::INFINITY, |value| (scale.y(value) - y).abs());
    all.into_iter().filter(|cell| *cell < levels.units()).min_by(|a, b| far(*a).total_cmp(&far(*b)))
}

/// Numbers of cells at the left, and marks at the selected ones.
fn rows(ui: &Ui, state: &State, levels: &Levels, rect: Rect, palette: &Palette) {
    let units = levels.units();
    let high = rect.height() / units as f32;
    let small = FontId::new(size::SMALL, FontFamily::Monospace);
    let middle = |cell: usize| rect.top() + (cell as f32 + 0.5) * high;
    let painter = ui.painter();
    let chosen: Vec<usize> = state.scene.recurrent.cells.iter().copied().filter(|cell| *cell < units).collect();
    let every = (16.0 / high).ceil().max(1.0) as usize;
    let number = |cell: usize, ink| {
        painter.text(
            Pos2::new(rect.left() - 8.0, middle(cell)),
            Align2::RIGHT_CENTER,
            cell.to_string(),
            small.clone(),
            ink,
        );
    };
    for cell in (0..units).step_by(nice(every)) {
        let is_free = chosen.iter().all(|c| (middle(*c) - middle(cell)).abs() > 11.0);
        if is_free {
            number(cell, theme::colour(palette.muted));
        }
    }
    for (place, &cell) in chosen.iter().enumerate() {
        let ink = theme::colour(palette.category(place));
        let is_last = chosen[place + 1..].iter().all(|c| (middle(*c) - middle(cell)).abs() > 11.0);
        if is_last {
            number(cell, ink);
        }
        let area = Rect::from_min_max(
            Pos2::new(rect.left() - 4.0, middle(cell) - high.max(3.0) / 2.0),
            Pos2::new(rect.left() - 1.0, middle(cell) + high.max(3.0) / 2.0),
        );
        painter.rect_filled(area, 0.0, ink);
        if high >= 4.0 {
            let row = Rect::from_x_y_ranges(rect.x_range(), area.y_range());
            painter.rect_stroke(row, 0.0, Stroke::new(1.0, ink), egui::StrokeKind::Outside);
        }
    }
}

/// The next of 1, 2, 5, 10, 20, 50 and so on.
fn nice(least: usize) -> usize {
    let mut unit = 1;
    loop {
        for step in [1, 2, 5] {
            if step * unit >= least {
                return step * unit;
            }
        }
        unit *= 10;
    }
}
