//! The parallelogram of an analogy as a figure.

use crate::analysis::space::plane::Plane;
use crate::figure::{fit, size};
use crate::gui::theme;
use crate::gui::words::space::analogy::ANALOGY;
use egui::{Align2, FontFamily, FontId, Pos2, Rect, Sense, Shape, Stroke, Ui, Vec2};

/// Its height, and the room about it for names.
const HEIGHT: f32 = 190.0;
const EDGE: Vec2 = Vec2::new(56.0, 24.0);
/// The width of a name.
const NAME: f32 = 120.0;

/// Draws a, b, c, the answer, and where the parallelogram would end.
pub fn show(ui: &mut Ui, plane: &Plane, names: [&str; 4]) {
    let palette = theme::palette(ui.ctx());
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), HEIGHT), Sense::hover());
    let painter = ui.painter().with_clip_rect(rect);
    painter.rect_filled(rect, 4.0, theme::colour(palette.background));
    let places = placed(plane, rect.shrink2(EDGE));
    let (accent, muted, text) =
        (theme::colour(palette.accent), theme::colour(palette.muted), theme::colour(palette.text));
    let [a, b, c, d, wanted] = places;
    painter.line_segment([a, c], Stroke::new(1.0, muted));
    for line in [[b, wanted], [c, wanted]] {
        painter.extend(Shape::dashed_line(&line, Stroke::new(1.0, muted), 4.0, 3.0));
    }
    for [from, to] in [[a, b], [c, d]] {
        arrow(&painter, from, to, Stroke::new(2.0, accent));
    }
    painter.circle_stroke(wanted, 5.0, Stroke::new(1.5, muted));
    let middle =
        Pos2::new(places.iter().map(|p| p.x).sum::<f32>() / 5.0, places.iter().map(|p| p.y).sum::<f32>() / 5.0);
    let font = FontId::new(size::BODY, FontFamily::Monospace);
    for (at, name) in [a, b, c, d].into_iter().zip(names) {
        painter.circle_filled(at, 3.5, text);
        // Names stand outside the figure: above what is above its middle, below what is below.
        let (by, align) = if at.y <= middle.y { (-6.0, Align2::CENTER_BOTTOM) } else { (6.0, Align2::CENTER_TOP) };
        let galley = painter.layout_no_wrap(fit(name, size::BODY, NAME), font.clone(), text);
        let place = align.anchor_size(at + Vec2::new(0.0, by), galley.size());
        let left = place.left().clamp(rect.left() + 2.0, (rect.right() - 2.0 - place.width()).max(rect.left() + 2.0));
        painter.galley(Pos2::new(left, place.top()), galley, text);
    }
    let spoken = format!("{}: {}", ANALOGY.plane, names.join(", "));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &spoken));
    response.on_hover_text(ANALOGY.plane_tip);
}

/// The points as large as the room allows, both axes alike.
fn placed(plane: &Plane, room: Rect) -> [Pos2; 5] {
    let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    for point in &plane.points {
        for k in 0..2 {
            (low[k], high[k]) = (low[k].min(point[k]), high[k].max(point[k]));
        }
    }
    let size = [0, 1].map(|k| (high[k] - low[k]).max(1e-9) as f32);
    let scale = (room.width() / size[0]).min(room.height() / size[1]);
    plane.points.map(|point| {
        let from = [0, 1].map(|k| (point[k] - f64::midpoint(low[k], high[k])) as f32 * scale);
        room.center() + Vec2::new(from[0], -from[1])
    })
}

/// A line with a head before the point that it leads to.
fn arrow(painter: &egui::Painter, from: Pos2, to: Pos2, stroke: Stroke) {
    let along = (to - from).normalized();
    if (to - from).length() < 8.0 {
        painter.line_segment([from, to], stroke);
        return;
    }
    let tip = to - along * 4.0;
    painter.line_segment([from, tip], stroke);
    for side in [along.rot90(), -along.rot90()] {
        painter.line_segment([tip, tip - along * 7.0 + side * 4.0], stroke);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Control;

    #[test]
    fn a_figure_keeps_its_shape_and_stays_inside() {
        let words: [&[f32]; 4] = [&[0.0, 0.0], &[4.0, 0.0], &[0.0, 1.0], &[3.0, 1.0]];
        let plane = Plane::of(words, &Control::default()).expect("a plane");
        let room = Rect::from_min_size(Pos2::new(10.0, 20.0), Vec2::new(200.0, 100.0));
        let [a, b, c, _, wanted] = placed(&plane, room);
        assert!((b.x - a.x - 200.0).abs() < 1e-3 && (a.y - c.y - 50.0).abs() < 1e-3, "{a:?} {b:?} {c:?}");
        assert!((wanted - b - (c - a)).length() < 1e-3);
        assert!([a, b, c, wanted].iter().all(|at| room.expand(0.1).contains(*at)));
        let same = Plane::of([&[1.0, 1.0]; 4], &Control::default()).expect("a plane");
        assert!(placed(&same, room).iter().all(|at| at.is_finite()));
    }
}
