//! The ruler of an axis: how words are spread along it, its own words, and the one that was asked about.

use super::found::{Along, BINS};
use crate::analysis::space::axes::Poles;
use crate::figure::{fit, size, weight};
use crate::gui::action::{Action, Actions};
use crate::gui::space::{Ask, Space};
use crate::gui::state::State;
use crate::gui::theme;
use crate::gui::words::fill;
use crate::gui::words::space::axes::AXES;
use egui::{Align2, FontFamily, FontId, Pos2, Rect, Sense, Stroke, Ui, Vec2};

/// Room for the name over the ruler, for the histogram, and for the numbers under it.
const ROOM: [f32; 3] = [18.0, 30.0, 24.0];
/// Room at either side, so that the outermost words stand inside.
const SIDE: f32 = 6.0;

/// Draws it; what the pointer is on is named, and a click asks about it.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, space: &Space, along: &Along) {
    let Some([low, high]) = along.range() else { return };
    let palette = theme::palette(ui.ctx());
    let size_of = Vec2::new(ui.available_width(), ROOM.iter().sum());
    let (rect, response) = ui.allocate_exact_size(size_of, Sense::click());
    let plot = Rect::from_min_max(
        rect.min + Vec2::new(SIDE, ROOM[0]),
        Pos2::new(rect.right() - SIDE, rect.top() + ROOM[0] + ROOM[1]),
    );
    let width = (high - low).max(f32::MIN_POSITIVE);
    let x = |place: f32| plot.left() + plot.width() * (place - low) / width;
    let painter = ui.painter();
    let ink = |colour| theme::colour(colour);
    let most = along.bins.iter().copied().max().unwrap_or(1).max(1) as f32;
    let step = plot.width() / BINS as f32;
    for (i, &count) in along.bins.iter().enumerate().filter(|(_, count)| **count > 0) {
        // The square root, so that single words at the ends are seen.
        let height = ((count as f32 / most).sqrt() * plot.height()).max(1.0);
        let corner = Pos2::new(plot.left() + step * i as f32, plot.bottom() - height);
        let bar = Rect::from_min_size(corner, Vec2::new((step - 1.0).max(1.0), height));
        painter.rect_filled(bar, 0.0, ink(palette.line));
    }
    painter.line_segment([plot.left_bottom(), plot.right_bottom()], Stroke::new(1.0, ink(palette.muted)));
    let small = FontId::new(size::SMALL, FontFamily::Monospace);
    let below = plot.bottom() + 8.0;
    let ends = [(plot.left(), low, Align2::LEFT_TOP), (plot.right(), high, Align2::RIGHT_TOP)];
    for (at, place, align) in ends {
        painter.text(Pos2::new(at, below), align, weight(place), small.clone(), ink(palette.muted));
    }
    if (low..=high).contains(&0.0) {
        painter.vline(x(0.0), plot.bottom() - 4.0..=plot.bottom() + 4.0, Stroke::new(1.0, ink(palette.muted)));
        if (x(0.0) - plot.left()).min(plot.right() - x(0.0)) > 56.0 {
            painter.text(Pos2::new(x(0.0), below), Align2::CENTER_TOP, "0", small.clone(), ink(palette.muted));
        }
    }
    for (row, end) in own(along) {
        let place = along.places.get(row).copied().filter(|place| place.is_finite());
        if let Some(place) = place {
            let stroke = Stroke::new(2.0, ink(palette.signed(end)));
            painter.vline(x(place.clamp(low, high)), plot.bottom()..=plot.bottom() + 6.0, stroke);
        }
    }
    let over = response.hover_pos().and_then(|at| {
        let place = |x: f32| low + width * (x - plot.left()) / plot.width();
        along.at(place(at.x - 1.5), place(at.x + 1.5))
    });
    let asked = asked(state, space, along);
    let shown = match over {
        Some(row) => Some((space.vectors.words.get(row).into_owned(), along.places[row])),
        None => asked,
    };
    let mut spoken = fill(AXES.ruler, &[&along.text]);
    if let Some((word, place)) = shown {
        let at = x(place.clamp(low, high));
        let marker = Stroke::new(2.0, ink(palette.accent));
        painter.vline(at, plot.top() - 2.0..=plot.bottom() + 4.0, marker);
        let text = format!("{} {}", fit(&word, size::BODY, rect.width() * 0.6), weight(place));
        let galley = painter.layout_no_wrap(text, FontId::new(size::BODY, FontFamily::Monospace), ink(palette.accent));
        let left = (at - galley.size().x / 2.0).clamp(rect.left(), (rect.right() - galley.size().x).max(rect.left()));
        painter.galley(Pos2::new(left, rect.top()), galley, ink(palette.accent));
        spoken = format!("{spoken}: {}", fill(AXES.asked, &[&word, &weight(place)]));
    }
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &spoken));
    let Some(row) = over else { return };
    actions.over_row(row);
    if response.clicked() {
        actions.ask(Action::Space(Ask::Row(row)));
    }
    let (word, place) = (space.vectors.words.get(row), weight(along.places[row]));
    response.on_hover_cursor(egui::CursorIcon::PointingHand).on_hover_text(fill(AXES.ruler_tip, &[&word, &place]));
}

/// The words that the axis is made from, -1 of its low end and 1 of its high one.
fn own(along: &Along) -> Vec<(usize, f32)> {
    match &along.typed.poles {
        None => Vec::new(),
        Some(Poles::Sets(from, to)) => {
            from.iter().map(|&row| (row, -1.0)).chain(to.iter().map(|&row| (row, 1.0))).collect()
        }
        Some(Poles::Pairs(pairs)) => pairs.iter().flat_map(|&(from, to)| [(from, -1.0), (to, 1.0)]).collect(),
    }
}

/// What was asked about, and where it lies.
fn asked(state: &State, space: &Space, along: &Along) -> Option<(String, f32)> {
    let answer = state.space.answer.as_ref().filter(|answer| answer.fault.is_none())?;
    match answer.row {
        Some(row) => {
            let place = along.places.get(row).copied().filter(|place| place.is_finite())?;
            Some((space.vectors.words.get(row).into_owned(), place))
        }
        None => Some((state.scene.space.formula.trim().to_owned(), along.place_of(&answer.vector)?)),
    }
}
