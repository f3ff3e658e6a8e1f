//! All layers by heads in the whole window: from the model at a glance down to one number.

pub mod shot;

use super::camera::{Camera, Lens};
use crate::analysis::filter::Filter;
use crate::analysis::meaning::Meaning;
use crate::analysis::measures::Measure;
use crate::figure::grid::{Grid, KEY, Layout, level_rgb};
use crate::figure::lines::Focus;
use crate::figure::order::{Along, Sorting};
use crate::figure::part::{LABEL, LABELLED, LARGEST, LEFT, Part, TOP, Tile};
use crate::figure::pyramid::Pool;
use crate::figure::{Area, Mark, Palette, legend, short};
use crate::gui::action::{Action, Actions, Head};
use crate::gui::command::Command;
use crate::gui::paint::{self, Canvas};
use crate::gui::panels;
use crate::gui::state::{State, Study};
use crate::gui::words::{EN, fill};
use crate::gui::{theme, widgets};
use egui::{Button, ColorImage, Key, Painter, Pos2, Rect, RichText, Sense, Ui, Vec2};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// What the view asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ask {
    /// See this part.
    Look(Camera),
    /// Pool cells like this.
    Pool(Pool),
    /// Pool cells the other way.
    OtherPool,
    /// Put layers or heads into this order.
    Sort(Sorting),
}

/// Does what the view asked for.
pub fn apply(state: &mut State, ask: Ask) {
    let pool = &mut state.scene.look.pool;
    match ask {
        Ask::Look(camera) => state.scene.details.camera = camera,
        Ask::Pool(how) => *pool = how,
        Ask::Sort(sorting) => state.scene.look.sorting = sorting,
        Ask::OtherPool => *pool = if *pool == Pool::Max { Pool::Mean } else { Pool::Max },
    }
}

/// Finer pictures of heads are made for so long in a frame; what is not ready is drawn coarser.
const PATIENCE: Duration = Duration::from_millis(2);

/// Values of heads that the last frame showed, by run, meaning, filter and head.
#[derive(Debug, Default)]
pub struct Cells(Vec<(CellsKey, Rc<Vec<f32>>, bool)>);

type CellsKey = (u64, Meaning, Filter, Head);

impl Cells {
    /// The values of a head: those of the last frame, or new ones.
    fn get(&mut self, key: CellsKey, make: impl FnOnce() -> Vec<f32>) -> Rc<Vec<f32>> {
        if let Some((_, values, used)) = self.0.iter_mut().find(|(known, ..)| *known == key) {
            *used = true;
            return values.clone();
        }
        let values = Rc::new(make());
        self.0.push((key, values.clone(), true));
        values
    }

    /// Ends a frame: what it did not use is given up.
    pub fn tidy(&mut self) {
        self.0.retain_mut(|(.., used)| std::mem::take(used));
    }
}

/// Draws the view; the room that it has.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, canvas: &mut Canvas) -> Option<[f32; 2]> {
    let study = state.study.as_ref()?;
    let below = if study.worth.is_empty() { 0.0 } else { 84.0 };
    let room = Vec2::new(ui.available_width(), (ui.available_height() - below).max(160.0));
    let (rect, _) = ui.allocate_exact_size(room, Sense::hover());
    if state.is_stale() {
        ui.multiply_opacity(0.6);
    }
    let stage = Stage::new(study, rect);
    let camera = navigate(ui, state, actions, &stage.lens);
    let (tiles, level) = stage.tiles(study, camera, ui.pixels_per_point());
    let part = stage.part(study, theme::palette(ui.ctx()), camera, &tiles, level, state.focus());
    let mut drawing = Drawing { ui, state, study, stage: &stage, part, camera, actions, canvas };
    drawing.heads();
    drawing.legend(rect);
    if !study.worth.is_empty() {
        panels::grid::worth_seeing(ui, state, study, actions, true);
    }
    Some([room.x, room.y])
}

/// The menu of orders.
pub fn sorting(ui: &mut Ui, state: &State, actions: &Actions) {
    let now = state.scene.look.sorting;
    let name = |by: Option<Measure>| by.map_or_else(|| EN.order_model.to_owned(), |m| m.name().replace('_', " "));
    let button = Button::new(fill(EN.order, &[&name(now.by)])).frame_when_inactive(true);
    let button = widgets::named(ui.add(button), EN.order_name).on_hover_text(EN.order_tip);
    let mut next = now;
    egui::Popup::menu(&button).show(|ui| {
        for by in std::iter::once(None).chain(Measure::ALL.map(Some)) {
            if ui.add(Button::selectable(now.by == by, name(by))).clicked() {
                next.by = by;
                ui.close();
            }
        }
        ui.separator();
        for (along, label) in [(Along::Heads, EN.order_heads), (Along::Layers, EN.order_layers)] {
            if ui.add(Button::selectable(now.along == along, label)).clicked() {
                next.along = along;
                ui.close();
            }
        }
    });
    if next != now {
        actions.ask(Action::Model(Ask::Sort(next)));
    }
}

/// Where the thumbnails are unzoomed.
struct Stage {
    layout: Layout,
    lens: Lens,
    n: usize,
}

impl Stage {
    /// In this room, names and key included.
    fn new(study: &Study, room: Rect) -> Self {
        let view = Rect::from_min_max(room.min + Vec2::new(LEFT, TOP), room.max - Vec2::new(0.0, KEY));
        let (layers, heads) = (study.weights.layers(), study.weights.heads());
        let mut layout = Layout { origin: [0.0, 0.0], ..Layout::new(layers, heads, 0.0, 8.0) };
        if !study.order.has_plain_columns() {
            layout = layout.named();
        }
        let across = view.width() / heads.max(1) as f32 - layout.gap[0];
        let down = view.height() / layers.max(1) as f32 - layout.gap[1];
        layout.cell = across.min(down).clamp(4.0, 160.0);
        let n = study.pyramid.n.max(1);
        let picture =
            Vec2::new(heads as f32 * (layout.cell + layout.gap[0]), layers as f32 * (layout.cell + layout.gap[1]));
        // Where names stand over every thumbnail, the first row needs room for them too.
        let most = LARGEST * n as f32 / layout.cell;
        Self { layout, lens: Lens { view, picture, most, slack: Vec2::new(LABEL + 12.0, LABEL + 12.0) }, n }
    }

    fn area(&self, row: usize, column: usize) -> Rect {
        let Area { x, y, w, h } = self.layout.area(row, column);
        let lift = if self.layout.is_named() { self.layout.gap[1] } else { 0.0 };
        Rect::from_min_size(Pos2::new(x, y + lift), Vec2::new(w, h))
    }

    /// The heads that are seen, edges on pixels, and the level of their pictures: they are whole pixels wide, so that every
    /// entry of a level has one.
    fn tiles(&self, study: &Study, camera: Camera, scale: f32) -> (Vec<Tile>, usize) {
        let pixels = (self.layout.cell * camera.zoom * scale).round().max(1.0);
        let side = pixels / scale;
        let places = (0..self.layout.layers).flat_map(|row| (0..self.layout.heads).map(move |column| (row, column)));
        let tile = |(row, column): (usize, usize)| {
            let min = camera.rect(self.area(row, column), &self.lens).min;
            let (x, y) = ((min.x * scale).round() / scale, (min.y * scale).round() / scale);
            Tile { row, column, area: Area { x, y, w: side, h: side } }
        };
        let is_seen = |tile: &Tile| self.lens.view.intersects(rect(tile.area));
        (places.map(tile).filter(is_seen).collect(), study.pyramid.level_for(pixels))
    }

    /// What is drawn; `focus` is a token of the text.
    fn part<'a>(
        &self,
        study: &'a Study,
        palette: &'a Palette,
        camera: Camera,
        tiles: &'a [Tile],
        level: usize,
        focus: Option<Focus>,
    ) -> Part<'a> {
        let (min, size) = (self.lens.view.min, self.lens.view.size());
        let view = Area { x: min.x, y: min.y, w: size.x, h: size.y };
        let place = |focus: Focus| study.sifted.spans.iter().position(|span| span.contains(&focus.token()));
        let focus = focus.and_then(|focus| Some(focus.at(place(focus)?)));
        let (is_whole, is_named) = (camera.is_whole(), self.layout.is_named());
        Part { grid: study.drawn(), palette, view, tiles, level, is_whole, is_named, focus }
    }
}

fn rect(area: Area) -> Rect {
    paint::rect(area, Pos2::ZERO)
}

/// Wheel and pinch zoom where the pointer is, + and - in the middle; dragging and Shift with an arrow move. Keys wait for
/// what lies over the view.
fn navigate(ui: &Ui, state: &State, actions: &Actions, lens: &Lens) -> Camera {
    let before = state.scene.details.camera.inside(lens);
    let mut camera = before;
    let response = ui.interact(lens.view, ui.scope_id().with("map"), Sense::drag());
    let over = response.contains_pointer().then(|| ui.input(|i| i.pointer.hover_pos())).flatten();
    if let Some(at) = over {
        let (wheel, pinch) = ui.input(|i| (i.smooth_scroll_delta(), i.zoom_delta()));
        let by = if pinch == 1.0 { (wheel.y * 0.005).exp() } else { pinch };
        if by != 1.0 {
            camera = camera.zoomed(by, at, lens);
        }
    }
    if response.dragged() {
        camera = camera.panned(response.drag_delta(), lens);
    }
    let covered = state.sheet.is_some() || egui::Popup::is_any_open(ui.ctx());
    if !covered && !ui.ctx().text_edit_focused() {
        let pressed = |keys: &[Key]| ui.input(|i| keys.iter().any(|key| i.key_pressed(*key)) && !i.modifiers.command);
        let middle = lens.view.center();
        if pressed(&[Key::Plus, Key::Equals]) {
            camera = camera.zoomed(1.5, over.unwrap_or(middle), lens);
        }
        if pressed(&[Key::Minus]) {
            camera = camera.zoomed(1.0 / 1.5, over.unwrap_or(middle), lens);
        }
        for (key, way) in [
            (Key::ArrowLeft, Vec2::new(1.0, 0.0)),
            (Key::ArrowRight, Vec2::new(-1.0, 0.0)),
            (Key::ArrowUp, Vec2::new(0.0, 1.0)),
            (Key::ArrowDown, Vec2::new(0.0, -1.0)),
        ] {
            if ui.input(|i| i.modifiers.shift && i.key_pressed(key)) {
                camera = camera.panned(way * lens.view.size() / 8.0, lens);
            }
        }
    }
    if camera != before {
        actions.ask(Action::Model(Ask::Look(camera)));
    }
    camera
}

/// One frame of the view.
struct Drawing<'a, 'u> {
    ui: &'u mut Ui,
    state: &'a State,
    study: &'a Study,
    stage: &'a Stage,
    part: Part<'a>,
    camera: Camera,
    actions: &'a Actions,
    canvas: &'a mut Canvas,
}

impl Drawing<'_, '_> {
    /// The numbers of a head as far as they are not left out.
    fn cells(&mut self, head: Head) -> Rc<Vec<f32>> {
        cells(self.canvas, self.study, head)
    }

    fn paint(&mut self, marks: &[Mark]) {
        // Names stand outside of the view.
        let painter = self.ui.painter_at(self.stage.lens.view.expand2(Vec2::new(LEFT, TOP)));
        paint::marks(&painter, self.canvas, marks, Pos2::ZERO);
    }

    fn heads(&mut self) {
        let part = self.part;
        let painter = self.ui.painter_at(self.stage.lens.view.expand(2.0));
        let start = Instant::now();
        let mut late = false;
        for tile in part.tiles {
            late |= self.head(&painter, tile, start);
        }
        if late {
            self.ui.ctx().request_repaint();
        }
        let (canvas, study) = (&mut *self.canvas, self.study);
        let numbers = part.numbers(|head| cells(canvas, study, head));
        self.paint(&numbers);
        for tile in part.tiles {
            self.touch(&painter, tile, part.cell());
        }
        self.paint(&part.tokens());
        self.paint(&part.names());
    }

    /// Paints a head at the level that suits its size; whether a finer picture of it has to wait.
    fn head(&mut self, painter: &Painter, tile: &Tile, start: Instant) -> bool {
        let Some(finest) = self.study.overviews.first() else { return false };
        let Part { grid, palette, level, .. } = self.part;
        let rect = rect(tile.area);
        let head = self.study.order.head(tile.row, tile.column);
        let mut late = false;
        if level < finest.level {
            let mut hasher = DefaultHasher::new();
            (finest.pixels.key, head, level).hash(&mut hasher);
            let key = hasher.finish() >> 8 | 1 << 58;
            if self.canvas.has(key) || start.elapsed() < PATIENCE {
                let side = self.study.pyramid.side(level);
                self.canvas.picture(painter, key, rect, || picture(&grid, palette, head, level, side));
                return false;
            }
            late = true;
        }
        let suits = self.study.overviews.iter().find(|overview| overview.level == level);
        let overview = suits.unwrap_or(finest);
        let [left, top, right, bottom] = overview.part(tile.row, tile.column);
        let part = Rect::from_min_max(Pos2::new(left, top), Pos2::new(right, bottom));
        let pixels = &overview.pixels;
        self.canvas
            .part(painter, pixels.key, rect, part, || ColorImage::from_rgb([pixels.width, pixels.height], &pixels.rgb));
        late
    }

    /// What a head does under the pointer, and how it is marked.
    fn touch(&mut self, painter: &Painter, tile: &Tile, cell: f32) {
        let (palette, rect) = (self.part.palette, rect(tile.area));
        let drawn = self.study.order.head(tile.row, tile.column);
        let head = self.state.stands_for(drawn);
        let lens = &self.stage.lens;
        let area = rect.intersect(lens.view);
        let response = self.ui.interact(area, self.ui.scope_id().with(("head", head)), Sense::click());
        let selected = self.state.heads().contains(&head);
        let token = response.hover_pos().and_then(|at| self.token(rect, at, cell));
        let label = fill(EN.grid_name, &[&self.state.name(head)]);
        response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, selected, &label));
        if response.double_clicked() {
            let onto = Camera::onto(self.stage.area(tile.row, tile.column), lens);
            let camera = if self.camera.is_whole() { onto } else { Camera::default() };
            self.actions.ask(Action::Model(Ask::Look(camera)));
        } else if response.clicked() {
            self.clicked(head, token);
        }
        let outline = |width: f32, ink| {
            painter.rect_stroke(rect, 0.0, egui::Stroke::new(width, theme::colour(ink)), egui::StrokeKind::Outside);
        };
        if selected {
            outline(2.0, palette.accent);
        } else if response.hovered() || response.has_focus() {
            outline(2.0, palette.muted);
        } else {
            outline(1.0, palette.line);
        }
        if self.state.is_off(head) {
            let ink = egui::Stroke::new(1.5, theme::colour(palette.error));
            painter.line_segment([rect.left_bottom(), rect.right_top()], ink);
        }
        if response.hovered() {
            self.actions.over_head(head);
            if let Some(token) = token {
                self.actions.over_token(token);
            }
        }
        let state = self.state;
        let actions = self.actions;
        response.context_menu(|ui| panels::grid::head_menu(ui, state, head, actions));
        let Some(at) = response.hover_pos() else { return };
        let lines = self.under(palette, painter, drawn, rect, at, cell);
        response.on_hover_ui_at_pointer(|ui| {
            for (i, line) in lines.iter().enumerate() {
                let text = RichText::new(line).font(theme::mono());
                ui.label(if i == 1 { text.strong() } else { text });
            }
        });
    }

    /// What a click on a head does: with Shift or Ctrl it joins the others; on a cell it pins the cell's query too.
    fn clicked(&self, head: Head, token: Option<Focus>) {
        let modifiers = self.ui.input(|i| i.modifiers);
        if modifiers.shift || modifiers.command {
            self.actions.ask(Action::Lines(super::lines::Ask::Toggle(head)));
            return;
        }
        if token.is_none() || !self.state.heads().contains(&head) {
            self.actions.ask(Action::Select(head));
        }
        if let Some(token) = token {
            self.actions.ask(Action::Pin(token));
        }
    }

    /// The query and the key at a point of a head.
    fn cell_at(&self, rect: Rect, at: Pos2) -> (usize, usize) {
        let n = self.stage.n;
        let index = |share: f32| ((share * n as f32) as usize).min(n - 1);
        (index((at.y - rect.top()) / rect.height()), index((at.x - rect.left()) / rect.width()))
    }

    /// The query of the cell at a point, where cells are large enough to be pointed at.
    fn token(&self, rect: Rect, at: Pos2, cell: f32) -> Option<Focus> {
        let spans = self.study.sifted.spans.get(self.cell_at(rect, at).0).filter(|_| cell >= LABELLED)?;
        Some(Focus::Query(spans.start))
    }

    /// The name of the head and what is under the pointer: a cell's number, or what its pixel stands for.
    fn under(
        &mut self,
        palette: &Palette,
        painter: &Painter,
        head: Head,
        rect: Rect,
        at: Pos2,
        cell: f32,
    ) -> Vec<String> {
        let name = self.state.name(head);
        let (n, level, study) = (self.stage.n, self.part.level, self.study);
        let (tokens, pyramid) = (&study.sifted.tokens, &study.pyramid);
        if tokens.len() != n {
            return vec![name];
        }
        let (q, k) = self.cell_at(rect, at);
        if level == 0 {
            let value = self.cells(head).get(q * n + k).copied().unwrap_or(f32::NAN);
            if cell >= 4.0 {
                let place = Rect::from_min_size(rect.min + Vec2::new(k as f32, q as f32) * cell, Vec2::splat(cell));
                let ink = egui::Stroke::new(1.0, theme::colour(palette.accent));
                painter.rect_stroke(place, 0.0, ink, egui::StrokeKind::Outside);
            }
            let number = match value {
                f32::NEG_INFINITY => EN.cannot_be.to_owned(),
                0.0 if study.sifted.is_there(head, q, k) => EN.left_out.to_owned(),
                value => short(value),
            };
            return vec![fill(EN.cell_tip, &[&tokens.shown(q), &tokens.shown(k)]), format!("{name}  {number}")];
        }
        let (block, grid) = (1 << level, study.drawn());
        let Some(value) = pyramid.value(grid.index(head), level, q / block, k / block) else { return vec![name] };
        let ends = |i: usize| (i / block * block, (i / block * block + block - 1).min(n - 1));
        let ((q0, q1), (k0, k1)) = (ends(q), ends(k));
        let range = [q0, q1, k0, k1].map(|i| i.to_string());
        vec![
            fill(EN.block_tip, &range.each_ref().map(String::as_str)),
            format!("{name}  {} {}", self.part.pooled().unwrap_or_default(), short(value)),
        ]
    }

    /// The colour bar, with what one pixel stands for.
    fn legend(&mut self, rect: Rect) {
        let Part { grid, palette, .. } = self.part;
        let mut figure = crate::figure::Figure::new(rect.width(), KEY, palette, "");
        legend::draw(&mut figure, palette, [LEFT, 16.0], &grid.shades(palette), &self.part.note());
        let painter = self.ui.painter_at(rect);
        paint::figure(&painter, self.canvas, &figure, rect.left_bottom() - Vec2::new(0.0, KEY));
        let buttons = Rect::from_min_max(
            Pos2::new(rect.right() - 220.0, rect.bottom() - KEY + 4.0),
            Pos2::new(rect.right(), rect.bottom() - KEY + 4.0 + theme::CONTROL),
        );
        let layout = egui::Layout::right_to_left(egui::Align::Center);
        let (actions, camera, lens) = (self.actions, self.camera, &self.stage.lens);
        // They lie over the room of the picture, and what follows stands below all of it.
        let ui = &mut self.ui.new_child(egui::UiBuilder::new().max_rect(buttons).layout(layout));
        widgets::command(ui, actions, Command::WholeModel);
        for (sign, name, by) in [("+", EN.zoom_in, 1.5), ("\u{2212}", EN.zoom_out, 1.0 / 1.5)] {
            let button = ui.add(Button::new(sign).min_size(Vec2::splat(theme::CONTROL)));
            if widgets::named(button, name).on_hover_text(EN.zoom_tip).clicked() {
                let camera = camera.zoomed(by, lens.view.center(), lens);
                actions.ask(Action::Model(Ask::Look(camera)));
            }
        }
    }
}

fn cells(canvas: &mut Canvas, study: &Study, head: Head) -> Rc<Vec<f32>> {
    let key = (study.run.id, study.weights.meaning, study.look.filter, head);
    canvas.cells.get(key, || study.sifted.head(head.0, head.1).into_owned())
}

fn picture(grid: &Grid<'_>, palette: &Palette, head: Head, level: usize, side: usize) -> ColorImage {
    let rgb = level_rgb(grid, palette, head, level);
    if rgb.len() == 3 * side * side {
        return ColorImage::from_rgb([side, side], &rgb);
    }
    ColorImage::filled([1, 1], theme::colour(palette.background))
}
