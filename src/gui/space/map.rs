//! The map: points, names, what is near to what was asked, and the gestures.

use super::camera::{Camera, Place, Sight};
use super::cloud::{Cloud, Points};
use super::colours::Painted;
use super::laid::{Laid, Method};
use super::{Ask, Space, clusters, colours, context, contours, labels, legend, looks, seeds};
use crate::engine::Slot;
use crate::figure::{percent, size};
use crate::gui::action::{Action, Actions};
use crate::gui::paint::Canvas;
use crate::gui::state::State;
use crate::gui::theme;
use crate::gui::words::space::SPACE;
use crate::gui::words::space::looks::LOOKS;
use crate::gui::words::{count, fill};
use eframe::egui_wgpu;
use egui::{
    Align2, Color32, CursorIcon, FontFamily, FontId, PointerButton, Pos2, Rect, Response, Sense, Shape, Stroke,
    StrokeKind, Ui, Vec2,
};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// How far from a point the pointer still finds it.
const REACH: f32 = 8.0;
/// Points that are drawn from back to front in three dimensions; beyond, nobody sees the order.
const SORTED: usize = 60_000;
/// The height of a line at the lower right.
const NOTE: f32 = 18.0;
/// The height of what lies over the map at its top.
const TOP: f32 = 40.0;
/// Points from which on they become smaller and fainter.
const MANY: f32 = 4_000.0;

/// What drawing keeps from one frame to the next.
#[derive(Debug, Default)]
pub struct Drawn {
    /// The points of a moving map or of one of its frames, with what they are of.
    moving: Option<((u64, u64, bool), Points)>,
    /// Points from back to front, with what they and the camera were.
    sorted: Option<((u64, u64), Points)>,
    /// Where a box or a shape is being drawn.
    shape: Vec<Pos2>,
    /// How large the names of points are, and of what.
    names: (Named, HashMap<(usize, bool), Vec2>),
    /// The maps of other seeds.
    pub seeds: seeds::Drawn,
}

/// What the sizes of names depend on: the map and the column of labels.
type Named = (u64, Option<String>);

/// Draws the map in all the room there is.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, canvas: &mut Canvas, space: &Space) {
    let rect = ui.available_rect_before_wrap();
    let response = ui.interact(rect, ui.scope_id().with("map"), Sense::click_and_drag());
    let kept = &state.space;
    if let Some(found) = &kept.seeds {
        seeds::show(ui, state, actions, canvas, found);
        return;
    }
    let label = SPACE.map;
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, label));
    let Some(laid) = kept.laid.as_ref().filter(|laid| laid.question.space == space.id) else {
        // A moving map shows itself before it is complete.
        if let Some(places) = kept.live.as_ref().and_then(|live| live.newest()) {
            let solid = state.scene.space.solid;
            let sight = state.scene.space.camera.on(rect, solid);
            cloud(ui, state, canvas, &sight, None, Some(&places));
            gestures(ui, state, actions, canvas, &response, &sight, None);
        } else {
            let ink = theme::colour(theme::palette(ui.ctx()).muted);
            ui.painter().text(rect.center(), Align2::CENTER_CENTER, SPACE.laying_out, theme::heading(), ink);
        }
        return;
    };
    let moving = match (&kept.live, kept.frame) {
        (Some(live), _) => live.newest().filter(|places| places.len() == laid.places.len() || kept.live.is_some()),
        (None, Some(frame)) => laid.frames.get(frame).cloned(),
        (None, None) => None,
    };
    let dims = if kept.live.is_some() && moving.is_some() { state.scene.space.solid } else { laid.question.dims == 3 };
    let sight = state.scene.space.camera.on(rect, dims);
    if let (None, Some(lines)) = (&moving, contours::known(state, laid)) {
        contours::draw(&ui.painter().with_clip_rect(rect), &sight, theme::palette(ui.ctx()), lines);
    }
    cloud(ui, state, canvas, &sight, Some(laid), moving.as_ref());
    if moving.is_none() {
        let full = super::axes::lines::show(ui, laid, &sight, said(state, laid, space).len() + 1);
        over(ui, state, canvas, &sight, laid, space, full);
    }
    let still = moving.is_none().then_some(laid);
    gestures(ui, state, actions, canvas, &response, &sight, still);
    // What is said is of the map at rest.
    if moving.is_none() {
        notes(ui, state, actions, &sight, laid, space);
    }
}

/// The points, on the graphics card.
fn cloud(
    ui: &Ui,
    state: &State,
    canvas: &mut Canvas,
    sight: &Sight,
    laid: Option<&Arc<Laid>>,
    moving: Option<&Arc<Vec<Place>>>,
) {
    let palette = theme::palette(ui.ctx());
    let kept = &state.space;
    let painted = kept.painted.as_ref().filter(|p| laid.is_some_and(|laid| laid.id == p.map()));
    let points = match (moving, painted, laid) {
        (None, Some(painted), _) => painted.points.clone(),
        (moving, _, laid) => {
            let turn = kept.live.as_ref().map_or(0, |live| live.turn.load(Ordering::Relaxed));
            let frame = kept.frame.map_or(turn, |frame| u64::MAX - frame as u64);
            let key = (laid.map_or(0, |laid| laid.id), frame, palette.dark);
            let Some(places) = moving.or(laid.map(|laid| &laid.places)) else { return };
            match &canvas.space.moving {
                Some((known, points)) if *known == key => points.clone(),
                _ => {
                    let points = colours::plain(places, |_| palette.accent);
                    canvas.space.moving = Some((key, points.clone()));
                    points
                }
            }
        }
    };
    let n = points.len() as f32;
    let crowd = (MANY / n.max(1.0)).clamp(0.02, 1.0);
    let near = sight.camera.zoom.sqrt().min(4.0);
    let scale = (crowd.powf(0.25) * near).clamp(0.35, 2.0);
    // Where something is asked, it stands out before all others.
    let others = if kept.answer.is_some() || kept.over.is_some() { 0.45 } else { 1.0 };
    let opacity = (crowd.powf(0.4) * near).clamp(0.2, 0.9) * others;
    let (points, version) = if sight.solid && points.len() <= SORTED {
        let camera = fingerprint(&sight.camera);
        let version = (points.key, camera);
        let sorted = match &canvas.space.sorted {
            Some((known, sorted)) if *known == version => sorted.clone(),
            _ => {
                let places = moving.map_or_else(|| laid.map(|laid| laid.places.clone()), |m| Some(m.clone()));
                let places = places.unwrap_or_default();
                let mut order: Vec<u32> = (0..points.len() as u32).collect();
                let ahead: Vec<f32> = places.iter().map(|at| sight.ahead(*at)).collect();
                order.sort_unstable_by(|a, b| ahead[*b as usize].total_cmp(&ahead[*a as usize]));
                let sorted = points.sorted(&order);
                canvas.space.sorted = Some((version, sorted.clone()));
                sorted
            }
        };
        (sorted, version)
    } else {
        let version = (points.key, 0);
        (points, version)
    };
    let cloud = Cloud {
        place: 1,
        points,
        version,
        size: sight.rect.size().into(),
        matrix: sight.matrix(),
        scale,
        opacity,
        fog: (palette.background, if sight.solid { 0.75 } else { 0.0 }),
    };
    ui.painter().add(egui_wgpu::Callback::new_paint_callback(sight.rect, cloud));
}

fn fingerprint(camera: &Camera) -> u64 {
    let parts = camera.middle.iter().chain(&camera.turn).chain([&camera.zoom]);
    parts.fold(1, |all: u64, x| all.wrapping_mul(0x0100_0000_01b3).wrapping_add(u64::from(x.to_bits())))
}

/// The colours of a map, where they are known.
pub fn painted<'a>(state: &'a State, laid: &Laid) -> Option<&'a Painted> {
    state.space.painted.as_deref().filter(|painted| painted.map() == laid.id)
}

/// What is drawn over the points: joints, names, rings.
fn over(ui: &Ui, state: &State, canvas: &mut Canvas, sight: &Sight, laid: &Laid, space: &Space, axes: Vec<Rect>) {
    let palette = theme::palette(ui.ctx());
    let painter = ui.painter().with_clip_rect(sight.rect);
    let (text, accent, line) =
        (theme::colour(palette.text), theme::colour(palette.accent), theme::colour(palette.muted));
    let kept = &state.space;
    let at = |row: usize| sight.at(laid.places[laid.point(row)?]);
    let answer = kept.answer.as_ref().filter(|answer| answer.fault.is_none());
    if let Some(answer) = answer {
        // The true neighbours of a word, wherever the map has them.
        let stray = || answer.place.and_then(|(place, _)| sight.at(place));
        if let Some(from) = answer.row.and_then(at).or_else(stray) {
            for to in answer.joined().filter_map(at) {
                painter.line_segment([from, to], Stroke::new(1.0, line));
                painter.circle_filled(to, 3.0, text);
            }
        }
    }
    if let (Some(row), Some(near)) = (kept.over, kept.hover.as_ref().filter(|(row, _)| Some(*row) == kept.over))
        && let Some(from) = at(row)
    {
        for to in near.1.iter().copied().filter_map(at) {
            painter.line_segment([from, to], Stroke::new(1.0, accent));
            painter.circle_filled(to, 2.5, accent);
        }
    }
    for &row in kept.selection.iter().take(2000) {
        if let Some(at) = at(row) {
            painter.circle_stroke(at, 4.0, Stroke::new(1.0, accent));
        }
    }
    let mut first: Vec<usize> = Vec::new();
    first.extend(kept.over);
    if let Some(answer) = answer {
        first.extend(answer.row);
        first.extend(&answer.inputs);
        first.extend(answer.joined());
    }
    let strong = first.len();
    first.extend(kept.selection.iter().take(200));
    if let Some(found) = &kept.found {
        first.extend(found.rows.iter().take(400));
    }
    let strong: Vec<usize> = first[..strong].iter().filter_map(|&row| laid.point(row)).collect();
    let first: Vec<usize> = first.iter().filter_map(|&row| laid.point(row)).collect();
    let font = |point: usize| {
        let large = strong.contains(&point);
        FontId::new(if large { size::BODY } else { size::SMALL }, FontFamily::Proportional)
    };
    let shown = |point: usize| crate::figure::fit(&looks::label(state, space, laid.row(point)), size::BODY, 160.0);
    let is_out = |point: usize| painted(state, laid).is_some_and(|painted| painted.is_hidden(point));
    // Where words were found, only these are named.
    let candidates = match &kept.found {
        Some(_) => first.into_iter().filter(|&point| !is_out(point)).collect(),
        None => labels::candidates(sight, laid, &first, is_out),
    };
    let ground = theme::colour(palette.background);
    // Nothing is written under what lies over the map.
    let mut written = vec![sight.rect.with_max_y(sight.rect.top() + TOP), notes_area(ui, state, sight, laid, space)];
    written.extend(painted(state, laid).and_then(|painted| legend::area(sight.rect.shrink(10.0), painted)));
    written.extend(axes);
    if let Some((label, rect)) = stray(state, sight, &painter) {
        halo(&painter, rect, &label, FontId::proportional(size::BODY), accent, ground);
        written.push(rect);
    }
    if let Some(painted) = painted(state, laid) {
        let measure = |name: &str| painter.layout_no_wrap(name.to_owned(), clusters::font(), text).size();
        for (i, rect) in clusters::placed(&painted.names, sight, &written, measure) {
            let name = &painted.names[i];
            let ink = theme::colour(palette.category(name.category));
            halo(&painter, rect, &name.text, clusters::font(), ink, ground);
            written.push(rect);
        }
    }
    let named = (laid.id, state.scene.space.looks.label.clone());
    let (known, sizes) = &mut canvas.space.names;
    if *known != named {
        *known = named;
        sizes.clear();
    }
    let measure = |point: usize| {
        let lay = || painter.layout_no_wrap(shown(point), font(point), text).size();
        *sizes.entry((point, strong.contains(&point))).or_insert_with(lay)
    };
    for (point, rect) in labels::placed(sight, laid, &candidates, &written, measure) {
        let row = laid.row(point);
        let is_asked = answer.is_some_and(|a| a.row == Some(row) || a.inputs.contains(&row));
        let ink = if is_asked || kept.over == Some(row) {
            accent
        } else if strong.contains(&point) {
            text
        } else {
            text.gamma_multiply(0.72)
        };
        halo(&painter, rect, &shown(point), font(point), ink, ground);
    }
    if let Some(answer) = answer {
        for at in answer.row.iter().chain(&answer.inputs).filter_map(|&row| at(row)) {
            painter.circle_stroke(at, 5.0, Stroke::new(1.5, accent));
        }
    }
    if let Some(at) = kept.over.and_then(at) {
        painter.circle_stroke(at, 5.0, Stroke::new(2.0, accent));
    }
}

/// The hollow point of what is asked and has no row on the map, and its label with where that stands.
fn stray(state: &State, sight: &Sight, painter: &egui::Painter) -> Option<(String, Rect)> {
    let answer = state.space.answer.as_ref().filter(|answer| answer.fault.is_none())?;
    let at = sight.at(answer.place?.0).filter(|at| sight.rect.contains(*at))?;
    let palette = theme::palette(painter.ctx());
    painter.circle(at, 5.0, theme::colour(palette.background), Stroke::new(2.0, theme::colour(palette.accent)));
    let label = crate::figure::fit(state.scene.space.formula.trim(), size::BODY, 200.0);
    let size = painter.layout_no_wrap(label.clone(), FontId::proportional(size::BODY), Color32::PLACEHOLDER).size();
    let right = Rect::from_min_size(at + Vec2::new(9.0, -size.y / 2.0), size);
    let left = right.translate(Vec2::new(-18.0 - size.x, 0.0));
    Some((label, if sight.rect.contains_rect(right) { right } else { left }))
}

/// Text with an edge in the colour of the ground, so that it is read over points.
fn halo(painter: &egui::Painter, rect: Rect, text: &str, font: FontId, ink: Color32, ground: Color32) {
    let galley = painter.layout_no_wrap(text.to_owned(), font, ink);
    for by in [Vec2::new(-1.0, 0.0), Vec2::new(1.0, 0.0), Vec2::new(0.0, -1.0), Vec2::new(0.0, 1.0)] {
        painter.galley_with_override_text_color(rect.min + by, galley.clone(), ground.gamma_multiply(0.8));
    }
    painter.galley(rect.min, galley, ink);
}

/// Moving, turning, zooming, pointing, selecting.
fn gestures(
    ui: &Ui,
    state: &State,
    actions: &Actions,
    canvas: &mut Canvas,
    response: &Response,
    sight: &Sight,
    laid: Option<&Arc<Laid>>,
) {
    let look = |camera: Camera| {
        if camera != sight.camera {
            actions.ask(Action::Space(Ask::Look(camera)));
        }
    };
    let (modifiers, scroll, pinch) = ui.input(|i| (i.modifiers, i.smooth_scroll_delta().y, i.zoom_delta()));
    let pointer = response.hover_pos();
    if let Some(at) = pointer {
        let times = (scroll * 0.005).exp() * pinch;
        if (times - 1.0).abs() > 1e-4 {
            look(sight.closer(times, at));
        }
    }
    let shape = &mut canvas.space.shape;
    let is_shape = modifiers.shift || modifiers.alt || !shape.is_empty();
    if response.dragged_by(PointerButton::Primary) && is_shape {
        if let Some(at) = response.interact_pointer_pos() {
            if shape.is_empty() {
                shape.push(ui.input(|i| i.pointer.press_origin()).unwrap_or(at));
            }
            if modifiers.alt || shape.len() > 2 {
                if shape.last().is_none_or(|last| last.distance(at) > 3.0) {
                    shape.push(at);
                }
            } else {
                shape.truncate(1);
                shape.push(at);
            }
        }
        let accent = theme::colour(theme::palette(ui.ctx()).accent);
        let stroke = Stroke::new(1.0, accent);
        match shape.as_slice() {
            [from, to] => {
                let rect = Rect::from_two_pos(*from, *to);
                ui.painter().rect(rect, 0.0, accent.gamma_multiply(0.12), stroke, StrokeKind::Inside);
            }
            points => drop(ui.painter().add(Shape::line(points.to_vec(), stroke))),
        }
    } else if response.dragged_by(PointerButton::Primary) {
        let by = response.drag_delta();
        look(if sight.solid { sight.turned(by) } else { sight.moved(by) });
    } else if response.dragged_by(PointerButton::Secondary) || response.dragged_by(PointerButton::Middle) {
        look(sight.moved(response.drag_delta()));
    }
    if response.drag_stopped() && !shape.is_empty() {
        let drawn = std::mem::take(shape);
        if let Some(laid) = laid {
            let rows = inside(sight, laid, painted(state, laid), &drawn);
            actions.ask(Action::Space(Ask::Select(Arc::new(rows))));
        }
    }
    let Some(laid) = laid else { return };
    let at = pointer.filter(|_| !response.dragged());
    let over = at.and_then(|at| under(sight, laid, painted(state, laid), at)).map(|point| laid.row(point));
    if let Some(row) = over {
        actions.over_row(row);
        ui.ctx().set_cursor_icon(CursorIcon::PointingHand);
    }
    if let (true, Some(row)) = (response.clicked(), over) {
        actions.ask(Action::Space(Ask::Row(row)));
    }
    if let (true, Some(row), Some(space)) = (response.double_clicked(), over, &state.space.space) {
        context::attend(state, actions, space, row);
    }
}

/// The point nearest to the pointer, if it is near enough and drawn.
pub fn under(sight: &Sight, laid: &Laid, painted: Option<&Painted>, at: Pos2) -> Option<usize> {
    let seen = |place: Place| sight.at(place).map(<[f32; 2]>::from);
    let keep = |point: usize| painted.is_none_or(|painted| !painted.is_hidden(point));
    laid.tree.nearest_seen(at.into(), REACH, seen, keep).map(|(point, _)| point)
}

/// The rows of the drawn points in a box of two corners, or in a shape.
fn inside(sight: &Sight, laid: &Laid, painted: Option<&Painted>, shape: &[Pos2]) -> Vec<usize> {
    let bounds = Rect::from_points(shape);
    let is_in = |at: Pos2| match shape {
        [_, _] => bounds.contains(at),
        corners => bounds.contains(at) && within(corners, at),
    };
    let drawn = (0..laid.places.len()).filter(|&point| painted.is_none_or(|painted| !painted.is_hidden(point)));
    drawn.filter(|&p| sight.at(laid.places[p]).is_some_and(is_in)).map(|p| laid.row(p)).collect()
}

/// Whether a point lies in a closed shape: a ray from it crosses the edge an odd number of times.
fn within(corners: &[Pos2], at: Pos2) -> bool {
    let edges = corners.iter().zip(corners.iter().cycle().skip(1));
    let crosses =
        |(a, b): (&Pos2, &Pos2)| (a.y > at.y) != (b.y > at.y) && at.x < (b.x - a.x) * (at.y - a.y) / (b.y - a.y) + a.x;
    edges.filter(|edge| crosses(*edge)).count() % 2 == 1
}

/// What the axes are, what the colours are, how much is shown and how far it is to be believed.
fn notes(ui: &Ui, state: &State, actions: &Actions, sight: &Sight, laid: &Laid, space: &Space) {
    let palette = theme::palette(ui.ctx());
    let painter = ui.painter();
    let small = FontId::new(size::SMALL, FontFamily::Proportional);
    let muted = theme::colour(palette.muted);
    let rect = sight.rect.shrink(10.0);
    let ground = theme::colour(palette.background.faded(0.7));
    painter.rect_filled(notes_area(ui, state, sight, laid, space), 4.0, ground);
    for (i, line) in noted(state, sight, laid, space).iter().rev().enumerate() {
        let at = rect.right_bottom() - Vec2::new(0.0, NOTE * i as f32);
        painter.text(at, Align2::RIGHT_BOTTOM, line, small.clone(), muted);
    }
    if let Some(painted) = painted(state, laid) {
        legend::show(ui, rect, actions, laid, painted, state.scene.space.by.label());
    }
}

/// The lines at the lower right.
fn noted(state: &State, sight: &Sight, laid: &Laid, space: &Space) -> Vec<String> {
    let mut lines = said(state, laid, space);
    lines.push(if sight.solid { SPACE.drag_solid } else { SPACE.drag_flat }.to_owned());
    lines
}

/// The part of the map that they take.
fn notes_area(ui: &Ui, state: &State, sight: &Sight, laid: &Laid, space: &Space) -> Rect {
    let lines = noted(state, sight, laid, space);
    let font = FontId::new(size::SMALL, FontFamily::Proportional);
    let width = |line: &String| ui.painter().layout_no_wrap(line.clone(), font.clone(), Color32::PLACEHOLDER).size().x;
    let wide = lines.iter().map(width).fold(0.0, f32::max);
    let size = Vec2::new(wide + 8.0, NOTE * lines.len() as f32 + 4.0);
    Rect::from_min_max(
        sight.rect.right_bottom() - size - Vec2::splat(6.0),
        sight.rect.right_bottom() - Vec2::splat(6.0),
    )
}

/// What stands beside the map, line by line.
pub fn said(state: &State, laid: &Laid, space: &Space) -> Vec<String> {
    let mut lines = Vec::new();
    if laid.question.method == Method::Pca {
        lines.push(axes(state, laid));
    }
    lines.extend(laid.notices.iter().cloned());
    if contours::known(state, laid).is_some() {
        lines.push(LOOKS.contours_note.to_owned());
    }
    if state.latest.contains_key(&Slot::Cluster) {
        lines.push(LOOKS.clusters_wait.to_owned());
    }
    let (shown, all) = (laid.places.len() as u64, space.vectors.rows.len() as u64);
    lines.push(fill(SPACE.shown_of, &[&count(shown), &count(all)]));
    match (&state.space.trust, state.space.trust()) {
        (_, Some(trust)) => {
            let chance = percent_fine(trust.random());
            let kept = percent_fine(trust.share_kept());
            let line = fill(SPACE.trust, &[&kept, &trust.k.to_string(), &chance]);
            let sample = count(trust.asked.len() as u64);
            lines.push(if trust.is_exact() { line } else { fill(SPACE.trust_sample, &[&line, &sample]) });
        }
        (Some((id, None)), None) if *id == laid.id => {}
        _ => lines.push(SPACE.trust_wait.to_owned()),
    }
    lines
}

/// `PC1 15.6 % · PC2 10.7 % · 26.3 % of the variance is shown`.
fn axes(state: &State, laid: &Laid) -> String {
    let ratios = laid.pca.as_ref().map(|pca| pca.ratios()).unwrap_or_default();
    let components = &state.scene.space.components[..laid.question.dims];
    let share = |k: usize| ratios.get(k).copied().unwrap_or(0.0) * 100.0;
    let mut parts: Vec<String> =
        components.iter().map(|&k| fill(SPACE.axis, &[&(k + 1).to_string(), &format!("{:.1}", share(k))])).collect();
    let mut distinct = components.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let total: f64 = distinct.into_iter().map(share).sum();
    parts.push(fill(SPACE.variance, &[&format!("{total:.1}")]));
    parts.join(" \u{b7} ")
}

/// A share with a decimal where it is small.
pub fn percent_fine(share: f64) -> String {
    if share < 0.1 { format!("{:.2} %", share * 100.0) } else { percent(share as f32) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_holds_what_lies_within_its_edge() {
        let corners = [[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [5.0, 5.0], [0.0, 10.0]].map(Pos2::from);
        for (at, wanted) in [([5.0, 2.0], true), ([5.0, 8.0], false), ([1.0, 8.0], true), ([11.0, 1.0], false)] {
            assert_eq!(within(&corners, at.into()), wanted, "{at:?}");
        }
    }
}
