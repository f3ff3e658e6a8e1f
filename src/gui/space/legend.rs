//! What colours and sizes of points stand for, at the lower left of the map.

use super::Ask;
use super::colours::{self, Legend, Painted, Range};
use super::laid::Laid;
use crate::figure::colour::Map;
use crate::figure::{Palette, fit, size};
use crate::gui::action::{Action, Actions};
use crate::gui::theme;
use crate::gui::words::fill;
use crate::gui::words::space::SPACE;
use crate::gui::words::space::looks::LOOKS;
use egui::{Align2, FontFamily, FontId, Painter, Pos2, Rect, Sense, Stroke, Ui, Vec2};
use std::sync::Arc;

/// The height of a line.
const LINE: f32 = 18.0;
/// The width of a name.
const WIDE: f32 = 220.0;

/// Draws it in a corner of the map; `name` is what colours stand for. A click on a kind selects its words.
pub fn show(ui: &Ui, rect: Rect, actions: &Actions, laid: &Laid, painted: &Painted, name: &str) {
    let (painter, palette) = (ui.painter(), theme::palette(ui.ctx()));
    if let Some(area) = area(rect, painted) {
        painter.rect_filled(area, 4.0, theme::colour(palette.background.faded(0.7)));
    }
    let top = match &painted.legend {
        Legend::Plain => rect.bottom(),
        Legend::Range(range) => ramp(painter, rect, range, name, palette),
        Legend::Kinds(kinds, others) => {
            let (top, clicked) = list(ui, rect, kinds, *others, palette);
            if let Some(category) = clicked {
                let rows = painted.of_kind(category).map(|point| laid.row(point)).collect();
                actions.ask(Action::Space(Ask::Select(Arc::new(rows))));
            }
            top
        }
    };
    if let Some((label, range)) = &painted.sizes {
        let y = if top < rect.bottom() { top - 12.0 } else { rect.bottom() - 8.0 };
        let muted = theme::colour(palette.muted);
        painter.circle_filled(Pos2::new(rect.left() + 3.0, y), 1.5, muted);
        painter.circle_filled(Pos2::new(rect.left() + 13.0, y), 4.5, muted);
        let ends = [range.low, range.high].map(colours::number);
        let line = fill(LOOKS.size_legend, &[&colours::name(label, range), &ends[0], &ends[1]]);
        painter.text(Pos2::new(rect.left() + 24.0, y), Align2::LEFT_CENTER, line, small(), theme::colour(palette.text));
    }
}

/// The part of the map that it takes: nothing else is written there.
pub fn area(rect: Rect, painted: &Painted) -> Option<Rect> {
    let (wide, high) = match &painted.legend {
        Legend::Plain => (0.0, 0.0),
        Legend::Range(_) => (184.0, 50.0),
        Legend::Kinds(kinds, others) => {
            let (shown, left) = room(rect, kinds.len(), *others);
            (WIDE + 20.0, LINE * (shown + usize::from(left > 0)) as f32)
        }
    };
    let (wide, high) = if painted.sizes.is_some() { (wide.max(WIDE), high + LINE + 6.0) } else { (wide, high) };
    let corner = rect.left_bottom() - Vec2::new(4.0, high);
    (high > 0.0).then(|| Rect::from_min_max(corner, rect.left_bottom() + Vec2::new(wide, 4.0)))
}

/// How many kinds have room, and how many have none.
fn room(rect: Rect, kinds: usize, others: usize) -> (usize, usize) {
    // What is looked at is in the middle: the list takes the lower half at most.
    let room = ((rect.height() * 0.5 / LINE) as usize).max(2);
    let shown = if kinds + usize::from(others > 0) > room { room - 1 } else { kinds };
    (shown, others + kinds - shown)
}

fn small() -> FontId {
    FontId::new(size::SMALL, FontFamily::Proportional)
}

/// The colours of a range; where it begins from above.
pub fn ramp(painter: &Painter, rect: Rect, range: &Range, name: &str, palette: &Palette) -> f32 {
    let (text, muted) = (theme::colour(palette.text), theme::colour(palette.muted));
    let bar = Rect::from_min_size(rect.left_bottom() - Vec2::new(0.0, 28.0), Vec2::new(180.0, 8.0));
    for i in 0..60 {
        let x = bar.left() + bar.width() * i as f32 / 60.0;
        let part = Rect::from_min_size(Pos2::new(x, bar.top()), Vec2::new(bar.width() / 60.0 + 0.5, 8.0));
        painter.rect_filled(part, 0.0, theme::colour(palette.at(Map::Viridis, i as f32 / 59.0)));
    }
    let title = bar.left_top() - Vec2::new(0.0, 4.0);
    painter.text(title, Align2::LEFT_BOTTOM, colours::name(name, range), small(), text);
    for (at, x, align) in
        [(bar.left_bottom(), range.low, Align2::LEFT_TOP), (bar.right_bottom(), range.high, Align2::RIGHT_TOP)]
    {
        painter.text(at + Vec2::new(0.0, 3.0), align, colours::number(x), small(), muted);
    }
    if let Some(chance) = range.chance.filter(|c| (range.low..=range.high).contains(c)) {
        let x = bar.left() + bar.width() * range.at(chance);
        painter.line_segment([Pos2::new(x, bar.top() - 3.0), Pos2::new(x, bar.bottom() + 3.0)], Stroke::new(1.5, text));
        let at = Pos2::new(x.max(bar.left() + 24.0), bar.bottom() + 3.0);
        painter.text(at + Vec2::new(4.0, 0.0), Align2::LEFT_TOP, SPACE.random, small(), muted);
    }
    bar.top() - LINE
}

/// The kinds that have room, and how many have none; where it begins from above, and which was clicked.
fn list(ui: &Ui, rect: Rect, kinds: &[(String, usize)], others: usize, palette: &Palette) -> (f32, Option<usize>) {
    let (text, muted) = (theme::colour(palette.text), theme::colour(palette.muted));
    let (shown, left) = room(rect, kinds.len(), others);
    let lines = shown + usize::from(left > 0);
    if lines == 0 {
        return (rect.bottom(), None);
    }
    let y = |i: usize| rect.bottom() - 8.0 - LINE * (lines - 1 - i) as f32;
    let painter = ui.painter();
    let mut clicked = None;
    for (i, (kind, category)) in kinds.iter().take(shown).enumerate() {
        let (middle, word) = (y(i), fit(kind, size::SMALL, WIDE));
        let galley = painter.layout_no_wrap(word, small(), text);
        let area = Rect::from_center_size(
            Pos2::new(rect.left() + 10.0 + galley.size().x / 2.0, middle),
            Vec2::new(galley.size().x + 22.0, LINE),
        );
        let response = ui.interact(area, ui.scope_id().with(("kind", i)), Sense::click());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, kind));
        if response.hovered() {
            painter.rect_filled(area, 3.0, theme::colour(palette.raised));
        }
        painter.circle_filled(Pos2::new(rect.left() + 5.0, middle), 4.0, theme::colour(palette.category(*category)));
        painter.galley(Pos2::new(rect.left() + 16.0, middle - galley.size().y / 2.0), galley, text);
        if response.on_hover_text(LOOKS.kind_tip).clicked() {
            clicked = Some(*category);
        }
    }
    if left > 0 {
        painter.circle_filled(Pos2::new(rect.left() + 5.0, y(shown)), 4.0, muted);
        let line = fill(LOOKS.others, &[&left.to_string()]);
        painter.text(Pos2::new(rect.left() + 16.0, y(shown)), Align2::LEFT_CENTER, line, small(), muted);
    }
    (y(0) - LINE / 2.0, clicked)
}
