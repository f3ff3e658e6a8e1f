//! A plain map that stands beside another: points, names, what is asked, and the gestures that both share.

use super::camera::{Camera, Place, Sight};
use super::cloud::{Cloud, Points};
use crate::analysis::space::tree::Tree;
use crate::figure::{Colour, fit, size};
use crate::gui::theme;
use eframe::egui_wgpu;
use egui::{
    Align2, CursorIcon, FontFamily, FontId, PointerButton, Pos2, Rect, Sense, Stroke, StrokeKind, Ui, UiBuilder, Vec2,
};

/// How far from a point the pointer still finds it.
const REACH: f32 = 8.0;
/// Names on a map at a time.
const NAMES: usize = 90;
/// Points that are tried for a name.
const TRIED: usize = 800;
/// What title and controls take of the top of a map.
const TOP: f32 = 110.0;
/// The radius of a point.
pub const RADIUS: f32 = 2.5;

/// What is drawn.
pub struct Plot<'a> {
    /// Which of the clouds of the window it is.
    pub place: u64,
    /// What a screen reader calls it.
    pub label: &'a str,
    /// What is written over it.
    pub title: &'a str,
    /// Where the points are, between -1 and 1.
    pub places: &'a [Place],
    /// The same, as the graphics card has them.
    pub points: Points,
    /// To find points by; where there is none, every point is looked at.
    pub tree: Option<&'a Tree>,
    /// What a point is called.
    pub name: &'a dyn Fn(usize) -> String,
    /// The point that is asked about.
    pub asked: Option<usize>,
    /// Points that are joined with it.
    pub joined: &'a [usize],
    /// The point under the pointer, here or on the other map.
    pub over: Option<usize>,
    /// Points that are selected.
    pub selected: &'a [usize],
}

/// What somebody did on a map.
#[derive(Debug, Default, PartialEq)]
pub struct Done {
    /// The point under the pointer.
    pub over: Option<usize>,
    /// The point that was clicked.
    pub clicked: Option<usize>,
    /// The point that was clicked twice.
    pub twice: Option<usize>,
    /// Where the map is to be looked at from now.
    pub camera: Option<Camera>,
    /// The points in a box that was drawn.
    pub boxed: Option<Vec<usize>>,
}

/// Points in their colours.
pub fn points(places: &[Place], colours: impl Fn(usize) -> Colour + Sync) -> Points {
    Points::new(places.len(), |i| {
        let is_there = places[i].iter().all(|x| x.is_finite());
        (if is_there { places[i] } else { [0.0; 3] }, if is_there { RADIUS } else { 0.0 }, colours(i))
    })
}

/// Chooses which points get their name and where it stands: those `first`, then by their order, none over another. `size`
/// is the size of a point's name.
pub fn placed(sight: &Sight, places: &[Place], first: &[usize], size: impl Fn(usize) -> Vec2) -> Vec<(usize, Rect)> {
    // The title and the controls above it take the top.
    let mut taken = vec![Rect::from_min_size(sight.rect.min, Vec2::new(sight.rect.width(), TOP))];
    let mut named: Vec<(usize, Rect)> = Vec::new();
    let rest = (0..places.len().min(TRIED)).filter(|point| !first.contains(point));
    for point in first.iter().copied().chain(rest) {
        if named.len() == NAMES {
            break;
        }
        let at = places.get(point).and_then(|place| sight.at(*place)).filter(|at| sight.rect.contains(*at));
        let Some(at) = at.filter(|_| named.iter().all(|(other, _)| *other != point)) else { continue };
        let size = size(point);
        let right = at + Vec2::new(5.0, -size.y / 2.0);
        let left = at + Vec2::new(-5.0 - size.x, -size.y / 2.0);
        let is_free = |room: &Rect| {
            sight.rect.contains_rect(*room) && taken.iter().all(|t| !t.intersects(room.expand2(Vec2::new(4.0, 2.0))))
        };
        let room = [right, left].into_iter().map(|corner| Rect::from_min_size(corner, size)).find(is_free);
        if let Some(room) = room {
            taken.push(room);
            named.push((point, room));
        }
    }
    named
}

impl Plot<'_> {
    /// Draws the map into a rectangle and says what was done there. `under` is drawn between points and names.
    pub fn show(&self, ui: &mut Ui, rect: Rect, camera: Camera, under: impl FnOnce(&Ui, &Sight)) -> Done {
        ui.scope_builder(UiBuilder::new().max_rect(rect).id_salt(self.label), |ui| {
            let sight = camera.on(rect, false);
            let response = ui.interact(rect, ui.scope_id().with(self.label), Sense::click_and_drag());
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, self.label));
            self.cloud(ui, &sight);
            under(ui, &sight);
            self.over(ui, &sight);
            self.gestures(ui, &sight, &response)
        })
        .inner
    }

    fn cloud(&self, ui: &Ui, sight: &Sight) {
        let palette = theme::palette(ui.ctx());
        let crowd = (4_000.0 / self.places.len().max(1) as f32).clamp(0.02, 1.0);
        let near = sight.camera.zoom.sqrt().min(4.0);
        let others = if self.asked.is_some() || self.over.is_some() { 0.55 } else { 1.0 };
        let cloud = Cloud {
            place: self.place,
            version: (self.points.key, 0),
            points: self.points.clone(),
            size: sight.rect.size().into(),
            matrix: sight.matrix(),
            scale: (crowd.powf(0.25) * near).clamp(0.35, 2.0),
            opacity: (crowd.powf(0.4) * near).clamp(0.2, 0.9) * others,
            fog: (palette.background, 0.0),
        };
        ui.painter().add(egui_wgpu::Callback::new_paint_callback(sight.rect, cloud));
    }

    fn at(&self, sight: &Sight, point: usize) -> Option<Pos2> {
        let at = sight.at(*self.places.get(point)?)?;
        (at.x.is_finite() && at.y.is_finite()).then_some(at)
    }

    /// What is drawn over the points.
    fn over(&self, ui: &Ui, sight: &Sight) {
        let palette = theme::palette(ui.ctx());
        let painter = ui.painter().with_clip_rect(sight.rect);
        let (text, accent, line) =
            (theme::colour(palette.text), theme::colour(palette.accent), theme::colour(palette.muted));
        if let Some(from) = self.asked.and_then(|asked| self.at(sight, asked)) {
            for to in self.joined.iter().filter_map(|&point| self.at(sight, point)) {
                painter.line_segment([from, to], Stroke::new(1.0, line));
                painter.circle_filled(to, 3.0, text);
            }
            painter.circle_stroke(from, 5.0, Stroke::new(1.5, accent));
        }
        for at in self.selected.iter().take(2000).filter_map(|&point| self.at(sight, point)) {
            painter.circle_stroke(at, 4.0, Stroke::new(1.0, accent));
        }
        if let Some(at) = self.over.and_then(|over| self.at(sight, over)) {
            painter.circle_stroke(at, 5.0, Stroke::new(2.0, accent));
        }
        let title = sight.rect.left_top() + Vec2::new(10.0, 72.0);
        let bold = FontId::new(size::BODY, FontFamily::Proportional);
        painter.text(title, Align2::LEFT_TOP, fit(self.title, size::BODY, sight.rect.width() - 20.0), bold, text);
        self.names(ui, sight);
    }

    /// Names: the most important first.
    fn names(&self, ui: &Ui, sight: &Sight) {
        let palette = theme::palette(ui.ctx());
        let painter = ui.painter().with_clip_rect(sight.rect);
        let (text, accent, ground) =
            (theme::colour(palette.text), theme::colour(palette.accent), theme::colour(palette.background));
        let first = self.over.iter().chain(&self.asked).chain(self.joined).chain(self.selected.iter().take(100));
        let strong: Vec<usize> = first.copied().collect();
        let galley = |point: usize| {
            let is_strong = strong.contains(&point);
            let is_first = self.over == Some(point) || self.asked == Some(point);
            let ink = if is_first { accent } else { text.gamma_multiply(if is_strong { 1.0 } else { 0.72 }) };
            let font = FontId::new(if is_strong { size::BODY } else { size::SMALL }, FontFamily::Proportional);
            painter.layout_no_wrap(fit(&(self.name)(point), size::BODY, 160.0), font, ink)
        };
        for (point, room) in placed(sight, self.places, &strong, |point| galley(point).size()) {
            let galley = galley(point);
            for by in [Vec2::new(-1.0, 0.0), Vec2::new(1.0, 0.0), Vec2::new(0.0, -1.0), Vec2::new(0.0, 1.0)] {
                painter.galley_with_override_text_color(room.min + by, galley.clone(), ground.gamma_multiply(0.8));
            }
            painter.galley(room.min, galley, theme::colour(palette.text));
        }
    }

    /// The point nearest to the pointer, if it is near enough.
    fn under(&self, sight: &Sight, at: Pos2) -> Option<usize> {
        let far = |point: usize| self.at(sight, point).map(|p| p.distance(at));
        let found = if let Some(tree) = self.tree {
            tree.nearest(sight.under(at), 1).first().map(|found| found.row)
        } else {
            let all = (0..self.places.len()).filter_map(|i| Some((i, far(i)?)));
            all.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(i, _)| i)
        };
        found.filter(|&point| far(point).is_some_and(|d| d <= REACH))
    }

    fn gestures(&self, ui: &Ui, sight: &Sight, response: &egui::Response) -> Done {
        let mut done = Done::default();
        let (shift, scroll, pinch) = ui.input(|i| (i.modifiers.shift, i.smooth_scroll_delta().y, i.zoom_delta()));
        let pointer = response.hover_pos();
        if let Some(at) = pointer {
            let times = (scroll * 0.005).exp() * pinch;
            if (times - 1.0).abs() > 1e-4 {
                done.camera = Some(sight.closer(times, at));
            }
        }
        let origin = ui.input(|i| i.pointer.press_origin());
        if response.dragged_by(PointerButton::Primary) && shift {
            if let (Some(from), Some(to)) = (origin, response.interact_pointer_pos()) {
                let accent = theme::colour(theme::palette(ui.ctx()).accent);
                let stroke = Stroke::new(1.0, accent);
                let area = Rect::from_two_pos(from, to);
                ui.painter().rect(area, 0.0, accent.gamma_multiply(0.12), stroke, StrokeKind::Inside);
            }
        } else if response.dragged() {
            done.camera = Some(sight.moved(response.drag_delta()));
        }
        if let (true, true, Some(from), Some(to)) =
            (response.drag_stopped(), shift, origin, response.interact_pointer_pos())
        {
            let area = Rect::from_two_pos(from, to);
            let is_in = |point: &usize| self.at(sight, *point).is_some_and(|at| area.contains(at));
            done.boxed = Some((0..self.places.len()).filter(is_in).collect());
        }
        done.over = pointer.filter(|_| !response.dragged()).and_then(|at| self.under(sight, at));
        if done.over.is_some() {
            ui.ctx().set_cursor_icon(CursorIcon::PointingHand);
        }
        done.clicked = done.over.filter(|_| response.clicked());
        done.twice = done.over.filter(|_| response.double_clicked());
        done
    }
}
