//! People's numbers against cosines, with the line of equal ranks.

use super::{Outcome, said};
use crate::analysis::space::evaluate::PairScore;
use crate::figure::{short, size};
use crate::gui::theme;
use crate::gui::words::fill;
use crate::gui::words::space::evaluation::EVALUATION;
use egui::{Align2, FontFamily, FontId, Pos2, Rect, Sense, Shape, Stroke, Ui, Vec2};

/// How far from a point the pointer still finds it.
const REACH: f32 = 6.0;
/// Points that are drawn at most.
const MOST: usize = 5_000;
/// Corners of the line that are drawn at most.
const CORNERS: usize = 200;

/// Draws the points; the one that was clicked.
pub fn show(ui: &mut Ui, outcome: &Outcome, score: &PairScore) -> Option<usize> {
    let palette = theme::palette(ui.ctx());
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 208.0), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, EVALUATION.scatter));
    let plot = Rect::from_min_max(rect.min + Vec2::new(0.0, 18.0), rect.max - Vec2::new(0.0, 18.0));
    let (first, last) = (outcome.line.first()?, outcome.line.last()?);
    let share = |k: usize, x: f64| if last[k] > first[k] { (x - first[k]) / (last[k] - first[k]) } else { 0.5 };
    let inside = plot.shrink(5.0);
    let place = |gold: f64, model: f64| {
        let (x, y) = (share(0, gold) as f32, share(1, model) as f32);
        Pos2::new(inside.left() + x * inside.width(), inside.bottom() - y * inside.height())
    };
    let at = |i: usize| place(score.points[i].gold, score.points[i].model);
    let painter = ui.painter();
    painter.rect_filled(plot, 2.0, theme::colour(palette.background));
    let step = outcome.line.len().div_ceil(CORNERS);
    let corners = outcome.line.iter().step_by(step).chain([last]).map(|[gold, model]| place(*gold, *model));
    let muted = theme::colour(palette.muted);
    painter.add(Shape::line(corners.collect(), Stroke::new(1.5, muted)));
    let ink = theme::colour(palette.accent.faded(0.6));
    let step = score.points.len().div_ceil(MOST);
    for i in (0..score.points.len()).step_by(step.max(1)) {
        painter.circle_filled(at(i), 2.0, ink);
    }
    let mark = theme::colour(palette.signed(1.0));
    for &i in outcome.outliers.iter().filter(|i| **i < score.points.len()) {
        painter.circle_filled(at(i), 3.5, mark);
    }
    let font = FontId::new(size::SMALL, FontFamily::Proportional);
    let ends = |k: usize| [first[k], last[k]].map(|x| short(x as f32));
    let [low, high] = ends(1);
    let (corner, above) = (plot.left_top() - Vec2::new(0.0, 2.0), fill(EVALUATION.scatter_y, &[&low, &high]));
    painter.text(corner, Align2::LEFT_BOTTOM, above, font.clone(), muted);
    let [low, high] = ends(0);
    let (corner, below) = (plot.right_bottom() + Vec2::new(0.0, 2.0), fill(EVALUATION.scatter_x, &[&low, &high]));
    painter.text(corner, Align2::RIGHT_TOP, below, font, muted);
    let pointer = response.hover_pos()?;
    let distances = (0..score.points.len()).map(|i| (i, at(i).distance(pointer)));
    let (found, far) = distances.min_by(|a, b| a.1.total_cmp(&b.1))?;
    if far > REACH {
        response.on_hover_text(EVALUATION.scatter_tip);
        return None;
    }
    painter.circle_stroke(at(found), 5.0, Stroke::new(1.5, theme::colour(palette.text)));
    ui.ctx().set_cursor_icon(egui::CursorIcon::PointingHand);
    let is_clicked = response.clicked();
    response.on_hover_text_at_pointer(said(&score.points[found]));
    is_clicked.then_some(found)
}
