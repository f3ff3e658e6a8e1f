//! The symbols along the axis with the brush, how surprising each was, and which part of the text is seen.

use super::axis::Axis;
use super::read::Read;
use super::{Ask, Chosen};
use crate::figure::{mono_width, short, size};
use crate::gui::action::{Action, Actions};
use crate::gui::paint::Canvas;
use crate::gui::state::State;
use crate::gui::theme;
use crate::gui::words::recurrent::RECURRENT;
use crate::gui::words::{count, fill};
use egui::{Align2, CursorIcon, FontFamily, FontId, Pos2, Rect, Response, Sense, Shape, Stroke, StrokeKind, Ui, Vec2};

/// The height of the symbols, of the curve, and of the bar under them.
pub const SYMBOLS: f32 = 24.0;
pub const CURVE: f32 = 56.0;
pub const BAR: f32 = 12.0;

/// Asks for another choice.
pub fn choose(actions: &Actions, state: &State, change: impl FnOnce(&mut Chosen)) {
    let mut chosen = state.scene.recurrent.clone();
    change(&mut chosen);
    if chosen != state.scene.recurrent {
        actions.ask(Action::Recurrent(Ask::Choose(Box::new(chosen))));
    }
}

/// Pins a step, and brings it into sight.
pub fn go_to(chosen: &mut Chosen, read: &Read, step: usize) {
    let wide = if chosen.window.wide > 0.0 { chosen.window.wide } else { read.usual() };
    chosen.step = Some(step);
    chosen.window.from = (step as f32 - 240.0 / wide).max(0.0);
}

/// Selects a cell, or one more; a selected one is let go of.
pub fn select(actions: &Actions, state: &State, cell: usize, more: bool) {
    choose(actions, state, |chosen| {
        if more {
            let was = chosen.cells.contains(&cell);
            chosen.cells.retain(|c| *c != cell);
            chosen.cells.extend((!was).then_some(cell));
        } else {
            chosen.cells = if chosen.cells == [cell] { Vec::new() } else { vec![cell] };
        }
    });
}

/// Scrolls and zooms where the pointer is: the wheel scrolls, with Ctrl it zooms.
pub fn scroll(ui: &Ui, actions: &Actions, axis: &Axis, response: &Response) {
    let Some(at) = response.hover_pos().filter(|_| response.contains_pointer()) else { return };
    let (zoom, wheel) = ui.input(|i| (i.zoom_delta(), i.smooth_scroll_delta()));
    let along = if wheel.x.abs() > wheel.y.abs() { wheel.x } else { wheel.y };
    if (zoom - 1.0).abs() > 1e-3 {
        actions.ask(Action::Recurrent(Ask::Look(axis.zoomed(zoom, at.x))));
    } else if along != 0.0 {
        actions.ask(Action::Recurrent(Ask::Look(axis.moved(along))));
    }
}

/// What is said of a step where the pointer is.
pub fn about(state: &State, read: &Read, step: usize) -> String {
    let mut lines = vec![fill(RECURRENT.step_line, &[&count(step as u64), read.shown(step)])];
    if let Some(bits) = read.surprise(step) {
        lines.push(fill(RECURRENT.surprise_line, &[&short(bits), &short((-bits).exp2())]));
    }
    let chosen = &state.scene.recurrent;
    if let (Some(cell), Some(levels)) = (chosen.cell(), read.sites.get(&chosen.site()))
        && let Some(value) = levels.value(step, cell)
    {
        lines.push(fill(RECURRENT.value_line, &[&cell.to_string(), &short(value)]));
    }
    let model = state.recurrent.model.as_ref().and_then(|model| model.opened.symbols.as_ref());
    let next: Vec<String> = read
        .next(step)
        .iter()
        .filter_map(|c| Some(format!("{} {}", super::read::shown(model?.item(c.id)), short(c.probability as f32))))
        .collect();
    if !next.is_empty() {
        lines.push(fill(RECURRENT.next_line, &[&next.join("  ")]));
    }
    lines.join("\n")
}

/// The symbols; a drag brushes, a click pins.
pub fn symbols(ui: &Ui, state: &State, actions: &Actions, canvas: &mut Canvas, read: &Read, axis: &Axis, rect: Rect) {
    let palette = theme::palette(ui.ctx());
    let chosen = &state.scene.recurrent;
    let response = ui.interact(rect, ui.scope_id().with("symbols"), Sense::click_and_drag());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, RECURRENT.symbols));
    let painter = ui.painter().with_clip_rect(rect);
    painter.rect_filled(rect, 0.0, theme::colour(palette.panel));
    let seen = axis.visible();
    let found =
        state.recurrent.found.as_ref().filter(|found| !found.cells.is_empty() && found.counts.len() == read.times());
    if let Some(found) = found {
        let all = found.cells.len() as f32;
        let (steps, columns) = axis.columns();
        let bucket = axis.bucket();
        for column in 0..columns {
            let from = steps.start + column * bucket;
            let own = &found.counts[from.min(read.times())..(from + bucket).min(read.times())];
            let most = own.iter().copied().max().unwrap_or(0) as f32;
            if most > 0.0 {
                let area = Rect::from_min_max(
                    Pos2::new(axis.x(from), rect.top()),
                    Pos2::new(axis.x(from + bucket), rect.bottom()),
                );
                painter.rect_filled(area, 0.0, theme::colour(palette.accent.faded(0.6 * most / all)));
            }
        }
    }
    let stretch = |from: usize, to: usize| {
        Rect::from_min_max(Pos2::new(axis.x(from), rect.top()), Pos2::new(axis.x(to), rect.bottom()))
    };
    if let Some((from, to)) = chosen.brush {
        let around = [from.saturating_sub(chosen.margins[0])..from, to..(to + chosen.margins[1]).min(read.times())];
        for margin in around.into_iter().filter(|margin| !margin.is_empty()) {
            painter.rect_filled(stretch(margin.start, margin.end), 0.0, theme::colour(palette.muted.faded(0.3)));
        }
        let ink = Stroke::new(2.0, theme::colour(palette.accent));
        painter.rect_stroke(stretch(from, to), 0.0, ink, StrokeKind::Inside);
    }
    let font = FontId::new(size::BODY, FontFamily::Monospace);
    if axis.wide >= mono_width("m", size::SMALL) {
        for step in seen.clone() {
            let text = crate::figure::fit(read.shown(step), size::BODY, axis.wide.max(8.0));
            let special = read.tokens.pieces.get(step).is_some_and(|piece| piece.piece.trim().is_empty());
            let ink = theme::colour(if special { palette.muted } else { palette.text });
            let at = Pos2::new(axis.middle(step), rect.center().y);
            painter.text(at, Align2::CENTER_CENTER, text, font.clone(), ink);
        }
    } else {
        let small = FontId::new(size::SMALL, FontFamily::Proportional);
        let said = fill(RECURRENT.zoom_to_read, &[&count(seen.start as u64), &count(seen.end as u64)]);
        painter.text(
            rect.left_center() + Vec2::new(6.0, 0.0),
            Align2::LEFT_CENTER,
            said,
            small,
            theme::colour(palette.muted),
        );
    }
    if let Some(step) = chosen.step.filter(|step| seen.contains(step)) {
        painter.rect_stroke(
            stretch(step, step + 1),
            0.0,
            Stroke::new(1.0, theme::colour(palette.text)),
            StrokeKind::Inside,
        );
    }
    scroll(ui, actions, axis, &response);
    brush(ui, state, actions, canvas, axis, &response);
    if let Some(step) = response.hover_pos().and_then(|at| axis.step(at.x)) {
        response.on_hover_cursor(CursorIcon::Text).on_hover_text_at_pointer(about(state, read, step));
    }
}

fn brush(ui: &Ui, state: &State, actions: &Actions, canvas: &mut Canvas, axis: &Axis, response: &Response) {
    let Some(at) = response.interact_pointer_pos() else { return };
    let step_at = |x: f32| {
        let inside = x.clamp(axis.left, axis.left + axis.width - 0.01);
        axis.step(inside).unwrap_or(axis.times.saturating_sub(1))
    };
    let step = step_at(at.x);
    if response.clicked() {
        choose(actions, state, |chosen| chosen.step = if chosen.step == Some(step) { None } else { Some(step) });
    } else if response.drag_started() {
        // A drag is known to be one only after it has moved.
        let origin = ui.input(|i| i.pointer.press_origin()).unwrap_or(at);
        canvas.recurrent.brushed = Some(step_at(origin.x));
    }
    if let Some(from) = canvas.recurrent.brushed.filter(|_| response.dragged()) {
        let stretch = (from.min(step), from.max(step) + 1);
        choose(actions, state, |chosen| (chosen.brush, chosen.lower) = (Some(stretch), super::Lower::Hypothesis));
    }
    if response.drag_stopped() {
        canvas.recurrent.brushed = None;
    }
}

/// How surprising each token was, as a perplexity on a logarithmic scale, with lines at 1 and at the size of the
/// vocabulary.
pub fn curve(ui: &Ui, state: &State, actions: &Actions, read: &Read, axis: &Axis, rect: Rect) {
    let palette = theme::palette(ui.ctx());
    let painter = ui.painter().with_clip_rect(rect.expand2(Vec2::new(60.0, 0.0)));
    let Some(levels) = &read.bits else { return };
    let response = ui.interact(rect, ui.scope_id().with("surprise"), Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, RECURRENT.curve));
    let vocabulary = state.recurrent.model.as_ref().and_then(|model| model.opened.network.vocabulary()).unwrap_or(1);
    let uniform = (vocabulary.max(2) as f32).log2();
    let top = uniform * 1.25;
    let y = |bits: f32| rect.bottom() - 3.0 - (bits / top).clamp(0.0, 1.0) * (rect.height() - 6.0);
    let hair = Stroke::new(1.0, theme::colour(palette.line));
    let small = FontId::new(size::SMALL, FontFamily::Monospace);
    for (bits, label) in [(0.0, "1".to_owned()), (uniform, count(vocabulary as u64))] {
        painter.hline(rect.x_range(), y(bits), hair);
        let at = Pos2::new(rect.left() - 6.0, y(bits));
        painter.text(at, Align2::RIGHT_CENTER, label, small.clone(), theme::colour(palette.muted));
    }
    let inner = ui.painter().with_clip_rect(rect);
    line(&inner, axis, |steps| levels.extremes(steps, 0..1), y, Stroke::new(1.2, theme::colour(palette.error)));
    if let Some(mean) = read.summary.bits_per_token() {
        let stroke = Stroke::new(1.0, theme::colour(palette.accent));
        inner.extend(Shape::dashed_line(
            &[Pos2::new(rect.left(), y(mean as f32)), Pos2::new(rect.right(), y(mean as f32))],
            stroke,
            4.0,
            4.0,
        ));
    }
    scroll(ui, actions, axis, &response);
    if let Some(step) = response.hover_pos().and_then(|at| axis.step(at.x)) {
        let at = axis.middle(step);
        inner.vline(at, rect.y_range(), Stroke::new(1.0, theme::colour(palette.muted)));
        response.on_hover_text_at_pointer(about(state, read, step));
    }
}

/// A line through the visible steps; where several share a column of pixels, from the smallest to the largest. It has a
/// gap where there is no number.
pub fn line(
    painter: &egui::Painter,
    axis: &Axis,
    extremes: impl Fn(std::ops::Range<usize>) -> Option<[f32; 2]>,
    y: impl Fn(f32) -> f32,
    stroke: Stroke,
) {
    let (steps, columns) = axis.columns();
    let bucket = axis.bucket();
    let mut points: Vec<Pos2> = Vec::with_capacity(columns * 2);
    for column in 0..columns {
        let from = steps.start + column * bucket;
        let x = axis.x(from) + axis.wide * bucket as f32 / 2.0;
        match extremes(from..from + bucket).filter(|pair| pair[0].is_finite()) {
            Some([least, most]) => {
                points.push(Pos2::new(x, y(least)));
                if bucket > 1 {
                    points.push(Pos2::new(x, y(most)));
                }
            }
            None => drop(painter.add(Shape::line(std::mem::take(&mut points), stroke))),
        }
    }
    painter.add(Shape::line(points, stroke));
}

/// The whole text as a bar, with the part that is seen; a click or a drag goes there.
pub fn overview(ui: &Ui, actions: &Actions, axis: &Axis, rect: Rect) {
    let palette = theme::palette(ui.ctx());
    let response = ui.interact(rect, ui.scope_id().with("overview"), Sense::click_and_drag());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ScrollBar, true, RECURRENT.overview));
    let track = rect.shrink2(Vec2::new(0.0, 3.0));
    ui.painter().rect_filled(track, 3.0, theme::colour(palette.raised));
    let times = axis.times.max(1) as f32;
    let part = |step: f32| rect.left() + rect.width() * (step / times).clamp(0.0, 1.0);
    let seen = axis.width / axis.wide;
    let (from, to) = (part(axis.from), part(axis.from + seen));
    let thumb = Rect::from_min_max(Pos2::new(from, track.top()), Pos2::new(to.max(from + 6.0), track.bottom()));
    ui.painter().rect_filled(thumb, 3.0, theme::colour(palette.muted));
    if let Some(at) = response.interact_pointer_pos().filter(|_| response.dragged() || response.clicked()) {
        let step = (at.x - rect.left()) / rect.width() * times - seen / 2.0;
        actions.ask(Action::Recurrent(Ask::Look(super::Window { from: step.max(0.0), wide: axis.wide })));
    }
}
