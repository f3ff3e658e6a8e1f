//! A list of names with bars and numbers, each a button; and the same list as a picture.

use crate::figure::table::{Cell, Column};
use crate::figure::{Figure, Palette, size, table};
use crate::gui::action::Head;
use crate::gui::theme;
use crate::gui::words::heads::HEADS;
use egui::{Align2, FontFamily, FontId, Rect, Response, Sense, Ui, Vec2};

/// One row: a name, a bar from 0 to 1 and a number. Screen readers and tests know it by `spoken`.
pub fn row(ui: &mut Ui, name: &str, share: f32, number: &str, selected: bool, spoken: &str) -> Response {
    let palette = theme::palette(ui.ctx());
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 22.0), Sense::click());
    let painter = ui.painter();
    if selected || response.hovered() {
        painter.rect_filled(rect, 3.0, theme::colour(palette.raised));
    }
    let font = FontId::new(size::BODY, FontFamily::Monospace);
    let (ink, muted) =
        (theme::colour(if selected { palette.accent } else { palette.text }), theme::colour(palette.muted));
    painter.text(rect.left_center() + Vec2::new(6.0, 0.0), Align2::LEFT_CENTER, name, font.clone(), ink);
    painter.text(rect.right_center() - Vec2::new(6.0, 0.0), Align2::RIGHT_CENTER, number, font, muted);
    let track = Rect::from_min_max(rect.left_top() + Vec2::new(76.0, 7.0), rect.right_bottom() - Vec2::new(64.0, 7.0));
    painter.rect_filled(track, 2.0, theme::colour(palette.raised));
    let filled = Rect::from_min_size(track.min, Vec2::new(track.width() * share.clamp(0.0, 1.0), track.height()));
    painter.rect_filled(filled, 2.0, theme::colour(palette.accent));
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, selected, spoken));
    response
}

/// Rows of a list of heads that a picture shows: about as many as the window does.
const MOST: usize = 20;

/// Heads with their numbers as a picture, the largest number with the longest bar.
pub fn figure(
    heads: &[(usize, usize, f64)],
    name: impl Fn(Head) -> String,
    number: impl Fn(f32) -> String,
    palette: &Palette,
) -> Figure {
    let most = heads.iter().fold(0.0, |most: f64, head| most.max(head.2)).max(f64::MIN_POSITIVE);
    let columns = [Column::words(HEADS.column_head, 76.0), Column::numbers("", 240.0)];
    let cells = heads.iter().take(MOST).flat_map(|&(layer, head, value)| {
        [Cell::plain(name((layer, head))), Cell::bar(number(value as f32), (value / most) as f32)]
    });
    table::figure("", &columns, &cells.collect::<Vec<_>>(), palette)
}
