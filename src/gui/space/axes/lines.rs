//! The axes of a map along axes: where each is zero, and what stands at its ends.

use crate::analysis::space::axes::Typed;
use crate::figure::{Anchor, Figure, Mark, Palette, fit, mono_width, size};
use crate::gui::space::camera::{Place, Sight};
use crate::gui::space::laid::{Laid, Method};
use crate::gui::theme;
use egui::{Align2, FontFamily, FontId, Pos2, Rect, Stroke, Ui, Vec2};

/// Room at the edges of the map: what lies over it stands there.
const ABOVE: f32 = 48.0;
/// Room for a name.
const NAME: f32 = 180.0;

/// A line with what stands at its ends.
struct Line {
    ends: [Pos2; 2],
    /// The text, where it stands, and which of its ends is there.
    names: [(String, Pos2, Align2); 2],
}

/// The lines of a map, with `below` points at its lower edge left free; none of a map along something else.
fn of(laid: &Laid, sight: &Sight, below: f32) -> Vec<Line> {
    if laid.question.method != Method::Axes {
        return Vec::new();
    }
    let names = laid.question.axes.iter().map(|text| Typed::ends(text));
    if sight.solid {
        return names.enumerate().filter_map(|(k, names)| through(laid, sight, k, names)).collect();
    }
    let zero = sight.at(laid.frame.place([0.0; 3])).filter(|at| at.is_finite());
    let Some(zero) = zero else { return Vec::new() };
    let room = Rect::from_min_max(
        sight.rect.min + Vec2::new(10.0, ABOVE),
        (sight.rect.max - Vec2::new(10.0, below)).max(sight.rect.min + Vec2::new(20.0, ABOVE + 20.0)),
    );
    // Where zero is out of sight, names stand at the edge that is nearest to it.
    let (x, y) = (zero.x.clamp(room.left(), room.right()), zero.y.clamp(room.top() + 20.0, room.bottom() - 20.0));
    let is_left = x < room.center().x;
    let beside = if is_left { (4.0, Align2::LEFT_TOP) } else { (-4.0, Align2::RIGHT_TOP) };
    names
        .enumerate()
        .map(|(k, [low, high])| {
            let shown = |name: &str| fit(name, size::BODY, NAME);
            if k == 0 {
                let at = |x: f32, up: bool| Pos2::new(x, if up { y - 3.0 } else { y + 3.0 });
                let low = (arrow("\u{2190} ", &shown(&low), ""), at(room.left(), true), Align2::LEFT_BOTTOM);
                let high = (arrow("", &shown(&high), " \u{2192}"), at(room.right(), true), Align2::RIGHT_BOTTOM);
                let ends = [Pos2::new(sight.rect.left(), zero.y), Pos2::new(sight.rect.right(), zero.y)];
                Line { ends, names: [low, high] }
            } else {
                let ends = [Pos2::new(zero.x, sight.rect.bottom()), Pos2::new(zero.x, sight.rect.top())];
                let (by, top) = beside;
                let bottom = if is_left { Align2::LEFT_BOTTOM } else { Align2::RIGHT_BOTTOM };
                let low = (arrow("\u{2193} ", &shown(&low), ""), Pos2::new(x + by, room.bottom()), bottom);
                let high = (arrow("\u{2191} ", &shown(&high), ""), Pos2::new(x + by, room.top()), top);
                Line { ends, names: [low, high] }
            }
        })
        .collect()
}

/// A name with an arrow; nothing where there is no name.
fn arrow(before: &str, name: &str, after: &str) -> String {
    if name.is_empty() { String::new() } else { format!("{before}{name}{after}") }
}

/// An axis of three through the origin, as far as words lie along it.
fn through(laid: &Laid, sight: &Sight, k: usize, [low, high]: [String; 2]) -> Option<Line> {
    let finite = || laid.coordinates.iter().map(|row| row[k]).filter(|x| x.is_finite());
    let (least, most) = (finite().fold(0f32, f32::min), finite().fold(0f32, f32::max));
    let end = |x: f32| {
        let mut place: Place = [0.0; 3];
        place[k] = x;
        sight.at(laid.frame.place(place))
    };
    let ends = [end(least)?, end(most)?];
    let name = |name: &str, at: Pos2| (fit(name, size::BODY, NAME), at, Align2::CENTER_BOTTOM);
    Some(Line { ends, names: [name(&low, ends[0]), name(&high, ends[1])] })
}

/// Draws them on the map, with room for so many lines of notes at its lower edge; where their names stand.
pub fn show(ui: &Ui, laid: &Laid, sight: &Sight, notes: usize) -> Vec<Rect> {
    let palette = theme::palette(ui.ctx());
    let painter = ui.painter().with_clip_rect(sight.rect);
    let (line, text) = (theme::colour(palette.muted.faded(0.6)), theme::colour(palette.text));
    let (ground, font) = (theme::colour(palette.background), FontId::new(size::BODY, FontFamily::Proportional));
    let lines = of(laid, sight, 16.0 + 18.0 * notes as f32);
    for Line { ends, .. } in &lines {
        painter.line_segment(*ends, Stroke::new(1.0, line));
    }
    let mut full = Vec::new();
    for (name, at, align) in lines.into_iter().flat_map(|line| line.names).filter(|(name, ..)| !name.is_empty()) {
        let galley = painter.layout_no_wrap(name, font.clone(), text);
        let place = align.anchor_size(at, galley.size());
        painter.rect_filled(place.expand2(Vec2::new(4.0, 1.0)), 2.0, ground.gamma_multiply(0.8));
        painter.galley(place.min, galley, text);
        full.push(place);
    }
    full
}

/// Adds them to an exported map; where their names stand.
pub fn draw(figure: &mut Figure, laid: &Laid, sight: &Sight, palette: &Palette) -> Vec<Rect> {
    let mut full = Vec::new();
    for Line { ends, names } in of(laid, sight, 16.0) {
        let colour = palette.muted.faded(0.6);
        if ends.iter().all(|end| sight.rect.contains(*end)) {
            figure.marks.push(Mark::Line { from: ends[0].into(), to: ends[1].into(), width: 1.0, colour });
        }
        for (name, at, align) in names.into_iter().filter(|(name, ..)| !name.is_empty()) {
            let anchor = match align.x() {
                egui::Align::Min => Anchor::Start,
                egui::Align::Center => Anchor::Middle,
                egui::Align::Max => Anchor::End,
            };
            let y = if align.y() == egui::Align::Min { at.y + 8.0 } else { at.y - 8.0 };
            // Not narrower than the name is in the face of captions.
            full.push(align.anchor_size(at, Vec2::new(mono_width(&name, size::SMALL), 16.0)));
            figure.caption([at.x, y], name, palette.text, anchor);
        }
    }
    full
}
