//! All layers by heads in the whole window: from the model at a glance down to one number.

use super::camera::{Camera, Lens};
use crate::analysis::measures::Measure;
use crate::figure::grid::{Grid, Layout, level_rgb};
use crate::figure::lines::Focus;
use crate::figure::order::{Along, Sorting};
use crate::figure::pyramid::Pool;
use crate::figure::{Area, Palette, fit, head_name, legend, mono_width, short, size};
use crate::gui::action::{Action, Actions, Head};
use crate::gui::command::Command;
use crate::gui::paint::{self, Canvas};
use crate::gui::panels;
use crate::gui::state::{State, Study};
use crate::gui::words::{EN, fill};
use crate::gui::{theme, widgets};
use egui::{Align2, Button, ColorImage, FontFamily, FontId, Key, Painter, Pos2, Rect, RichText, Sense, Ui, Vec2};
use std::hash::{DefaultHasher, Hash, Hasher};
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

/// Names of rows at the left and of columns on top.
const LEFT: f32 = 34.0;
const TOP: f32 = 20.0;
/// The colour bar below.
const KEY: f32 = 40.0;
/// From cells of this size on, tokens stand beside them, and numbers in them.
const LABELLED: f32 = 14.0;
const NUMBERED: f32 = 28.0;
/// The largest cell.
const LARGEST: f32 = 96.0;
/// The widest label of a token.
const LABEL: f32 = 84.0;
/// Finer pictures of heads are made for so long in a frame; what is not ready is drawn coarser.
const PATIENCE: Duration = Duration::from_millis(2);

/// Draws the view.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, canvas: &mut Canvas) {
    let Some(study) = &state.study else { return };
    let below = if study.worth.is_empty() { 0.0 } else { 84.0 };
    let room = Vec2::new(ui.available_width(), (ui.available_height() - below).max(160.0));
    let (rect, _) = ui.allocate_exact_size(room, Sense::hover());
    if state.is_stale() {
        ui.multiply_opacity(0.6);
    }
    let view = Rect::from_min_max(rect.min + Vec2::new(LEFT, TOP), rect.max - Vec2::new(0.0, KEY));
    let scene = Stage::new(study, view);
    let camera = navigate(ui, state, actions, &scene.lens);
    let mut drawing = Drawing { ui, state, study, stage: &scene, camera, actions, canvas };
    drawing.heads();
    drawing.legend(rect);
    if !study.worth.is_empty() {
        panels::grid::worth_seeing(ui, state, study, actions, true);
    }
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
    fn new(study: &Study, view: Rect) -> Self {
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
}

/// Wheel and pinch zoom where the pointer is, + and - in the middle, dragging moves.
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
    if !ui.ctx().text_edit_focused() {
        let pressed = |keys: &[Key]| ui.input(|i| keys.iter().any(|key| i.key_pressed(*key)) && !i.modifiers.command);
        let middle = lens.view.center();
        if pressed(&[Key::Plus, Key::Equals]) {
            camera = camera.zoomed(1.5, over.unwrap_or(middle), lens);
        }
        if pressed(&[Key::Minus]) {
            camera = camera.zoomed(1.0 / 1.5, over.unwrap_or(middle), lens);
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
    camera: Camera,
    actions: &'a Actions,
    canvas: &'a mut Canvas,
}

impl Drawing<'_, '_> {
    fn heads(&mut self) {
        let palette = theme::palette(self.ui.ctx());
        let lens = &self.stage.lens;
        let painter = self.ui.painter_at(lens.view.expand(2.0));
        let start = Instant::now();
        let mut late = false;
        let (rows, columns) = (self.stage.layout.layers, self.stage.layout.heads);
        let mut seen = Vec::new();
        for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
            let rect = self.camera.rect(self.stage.area(row, column), lens);
            if lens.view.intersects(rect) {
                late |= self.head(&painter, palette, (row, column), rect, start);
                seen.push((row, column, rect));
            }
        }
        if late {
            self.ui.ctx().request_repaint();
        }
        let cell = seen.first().map_or(0.0, |(.., rect)| rect.width() / self.stage.n as f32);
        if cell >= NUMBERED {
            for &(row, column, rect) in &seen {
                self.numbers(&painter, palette, self.study.order.head(row, column), rect, cell);
            }
        }
        for &(row, column, rect) in &seen {
            self.touch(&painter, palette, (row, column), rect, cell);
        }
        if cell >= LABELLED {
            self.tokens(&painter, palette, &seen, cell);
        }
        self.names(palette, &seen);
    }

    /// Paints a head at the level that suits its size; whether a finer picture of it has to wait.
    fn head(
        &mut self,
        painter: &Painter,
        palette: &Palette,
        (row, column): (usize, usize),
        rect: Rect,
        start: Instant,
    ) -> bool {
        let Some(overview) = &self.study.overview else { return false };
        let grid = self.study.drawn();
        let head = self.study.order.head(row, column);
        let level = self.study.pyramid.level_for(rect.width() * painter.pixels_per_point() + 0.5);
        let mut late = false;
        if level < overview.level {
            let mut hasher = DefaultHasher::new();
            (overview.pixels.key, head, level).hash(&mut hasher);
            let key = hasher.finish() >> 8 | 1 << 58;
            if self.canvas.has(key) || start.elapsed() < PATIENCE {
                let side = self.study.pyramid.side(level);
                self.canvas.picture(painter, key, rect, || picture(&grid, palette, head, level, side));
                return false;
            }
            late = true;
        }
        let [left, top, right, bottom] = overview.part(row, column);
        let part = Rect::from_min_max(Pos2::new(left, top), Pos2::new(right, bottom));
        let pixels = &overview.pixels;
        self.canvas
            .part(painter, pixels.key, rect, part, || ColorImage::from_rgb([pixels.width, pixels.height], &pixels.rgb));
        late
    }

    /// What a head does under the pointer, and how it is marked.
    fn touch(&mut self, painter: &Painter, palette: &Palette, (row, column): (usize, usize), rect: Rect, cell: f32) {
        let head = self.study.order.head(row, column);
        let lens = &self.stage.lens;
        let area = rect.intersect(lens.view);
        let response = self.ui.interact(area, self.ui.scope_id().with(("head", head)), Sense::click());
        let selected = self.state.scene.heads().contains(&head);
        let label = fill(EN.grid_name, &[&head_name(head.0, head.1)]);
        response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, selected, &label));
        if response.double_clicked() {
            let onto = Camera::onto(self.stage.area(row, column), lens);
            let camera = if self.camera.is_whole() { onto } else { Camera::default() };
            self.actions.ask(Action::Model(Ask::Look(camera)));
        } else if response.clicked() {
            let modifiers = self.ui.input(|i| i.modifiers);
            self.actions.ask(if modifiers.shift || modifiers.command {
                Action::Lines(super::lines::Ask::Toggle(head))
            } else {
                Action::Select(head)
            });
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
        }
        let state = self.state;
        let actions = self.actions;
        response.context_menu(|ui| panels::grid::head_menu(ui, state, head, actions));
        let Some(at) = response.hover_pos() else { return };
        let lines = self.under(palette, painter, head, rect, at, cell);
        response.on_hover_ui_at_pointer(|ui| {
            for (i, line) in lines.iter().enumerate() {
                let text = RichText::new(line).font(theme::mono());
                ui.label(if i == 1 { text.strong() } else { text });
            }
        });
    }

    /// The name of the head and what is under the pointer: a cell's number, or what its pixel stands for.
    fn under(&self, palette: &Palette, painter: &Painter, head: Head, rect: Rect, at: Pos2, cell: f32) -> Vec<String> {
        let name = head_name(head.0, head.1);
        let (n, pyramid) = (self.stage.n, &self.study.pyramid);
        let tokens = &self.study.run.tokens;
        if tokens.len() != n {
            return vec![name];
        }
        let level = pyramid.level_for(rect.width() * painter.pixels_per_point() + 0.5);
        let index = |share: f32| ((share * n as f32) as usize).min(n - 1);
        let (q, k) = (index((at.y - rect.top()) / rect.height()), index((at.x - rect.left()) / rect.width()));
        if level == 0 {
            let value = self.study.weights.head(head.0, head.1).get(q * n + k).copied().unwrap_or(f32::NAN);
            if cell >= 4.0 {
                let place = Rect::from_min_size(rect.min + Vec2::new(k as f32, q as f32) * cell, Vec2::splat(cell));
                let ink = egui::Stroke::new(1.0, theme::colour(palette.accent));
                painter.rect_stroke(place, 0.0, ink, egui::StrokeKind::Outside);
            }
            let number = if value == f32::NEG_INFINITY { EN.cannot_be.to_owned() } else { short(value) };
            return vec![fill(EN.cell_tip, &[&tokens.shown(q), &tokens.shown(k)]), format!("{name}  {number}")];
        }
        let (block, grid) = (1 << level, self.study.drawn());
        let Some(value) = pyramid.value(grid.index(head), level, q / block, k / block) else { return vec![name] };
        let ends = |i: usize| (i / block * block, (i / block * block + block - 1).min(n - 1));
        let ((q0, q1), (k0, k1)) = (ends(q), ends(k));
        let range = [q0, q1, k0, k1].map(|i| i.to_string());
        vec![
            fill(EN.block_tip, &range.each_ref().map(String::as_str)),
            format!("{name}  {} {}", self.pooled(level), short(value)),
        ]
    }

    /// `max of 8 × 8`.
    fn pooled(&self, level: usize) -> String {
        let block = (1usize << level).to_string();
        fill(EN.pool_of, &[self.study.pyramid.pool.name(), &block, &block])
    }

    /// The values of cells that are large enough for them.
    fn numbers(&self, painter: &Painter, palette: &Palette, head: Head, rect: Rect, cell: f32) {
        let weights = self.study.weights.head(head.0, head.1);
        let n = self.stage.n;
        if weights.len() != n * n {
            return;
        }
        let grid = self.study.drawn();
        let shades = grid.shades(palette);
        let share = self.study.weights.unit() / grid.unit(head);
        let font = FontId::new(if cell >= 40.0 { size::SMALL } else { 11.0 }, FontFamily::Monospace);
        let view = self.stage.lens.view;
        for q in seen(rect.top(), cell, n, view.top(), view.bottom()) {
            for k in seen(rect.left(), cell, n, view.left(), view.right()) {
                let value = weights[q * n + k];
                if value == f32::NEG_INFINITY {
                    continue;
                }
                let back = shades.colour(value * share);
                let ink = if palette.text.contrast(back) >= palette.background.contrast(back) {
                    palette.text
                } else {
                    palette.background
                };
                let at = rect.min + Vec2::new(k as f32 + 0.5, q as f32 + 0.5) * cell;
                painter.text(at, Align2::CENTER_CENTER, figures(value, cell), font.clone(), theme::colour(ink));
            }
        }
    }

    /// Tokens at the left edge and along the top, as long as their cells are seen.
    fn tokens(&self, painter: &Painter, palette: &Palette, heads: &[(usize, usize, Rect)], cell: f32) {
        let tokens = &self.study.run.tokens;
        let (n, view) = (self.stage.n, self.stage.lens.view);
        if tokens.len() != n {
            return;
        }
        let texts: Vec<String> = (0..n).map(|i| fit(&tokens.shown(i), size::SMALL, LABEL)).collect();
        let wide = texts.iter().map(|t| mono_width(t, size::SMALL)).fold(0.0, f32::max) + 10.0;
        let Some(&(first_row, first_column, _)) = heads.first() else { return };
        let back = theme::colour(palette.background);
        // A band stands at the edge of the view, or beside the picture where that begins further in.
        let left = heads.iter().map(|(.., rect)| rect.left()).fold(f32::MAX, f32::min) - wide;
        let top = heads.iter().map(|(.., rect)| rect.top()).fold(f32::MAX, f32::min) - wide;
        let (left, top) = (left.max(view.left()), top.max(view.top()));
        painter.rect_filled(
            Rect::from_min_max(Pos2::new(left, view.top()), Pos2::new(left + wide, view.bottom())),
            0.0,
            back,
        );
        painter.rect_filled(
            Rect::from_min_max(Pos2::new(view.left(), top), Pos2::new(view.right(), top + wide)),
            0.0,
            back,
        );
        let font = FontId::new(size::SMALL, FontFamily::Monospace);
        let focus = self.state.focus();
        let ink = |i: usize, side: Focus| {
            let special = tokens.pieces[i].special;
            theme::colour(if focus == Some(side) {
                palette.accent
            } else if special {
                palette.muted
            } else {
                palette.text
            })
        };
        let beside = painter.with_clip_rect(Rect::from_min_max(Pos2::new(left, top + wide), view.max));
        for &(.., rect) in heads.iter().filter(|(_, column, _)| *column == first_column) {
            for q in seen(rect.top(), cell, n, view.top(), view.bottom()) {
                let at = Pos2::new(left + wide - 6.0, rect.top() + (q as f32 + 0.5) * cell);
                beside.text(at, Align2::RIGHT_CENTER, &texts[q], font.clone(), ink(q, Focus::Query(q)));
            }
        }
        let above = painter.with_clip_rect(Rect::from_min_max(Pos2::new(left + wide, top), view.max));
        for &(.., rect) in heads.iter().filter(|(row, ..)| *row == first_row) {
            for k in seen(rect.left(), cell, n, view.left(), view.right()) {
                let at = Pos2::new(rect.left() + (k as f32 + 0.5) * cell, top + wide - 6.0);
                let colour = ink(k, Focus::Key(k));
                paint::upright(&above, at, &texts[k], font.clone(), colour, Align2::LEFT_CENTER);
            }
        }
    }

    /// `L3` at the left and `H5` on top, or over every head where each layer has its own order.
    fn names(&self, palette: &Palette, heads: &[(usize, usize, Rect)]) {
        let view = self.stage.lens.view;
        let painter = self.ui.painter_at(view.expand2(Vec2::new(LEFT, TOP)));
        let (font, ink) = (FontId::new(size::SMALL, FontFamily::Monospace), theme::colour(palette.muted));
        let order = &self.study.order;
        let (mut done_row, mut done_column) = (None, Vec::new());
        for &(row, column, rect) in heads {
            let (layer, head) = order.head(row, column);
            let seen = rect.intersect(view);
            if done_row != Some(row) && seen.height() >= 12.0 {
                done_row = Some(row);
                let x = if self.camera.is_whole() { rect.left() } else { view.left() };
                painter.text(
                    Pos2::new(x - 6.0, seen.center().y),
                    Align2::RIGHT_CENTER,
                    format!("L{layer}"),
                    font.clone(),
                    ink,
                );
            }
            let wide = seen.width() >= 22.0 || (column % 4 == 0 && !self.stage.layout.is_named());
            if self.stage.layout.is_named() {
                if wide && rect.top() - 4.0 > view.top() {
                    let at = Pos2::new(seen.center().x, rect.top() - 8.0);
                    painter.text(at, Align2::CENTER_CENTER, format!("H{head}"), font.clone(), ink);
                }
            } else if wide && !done_column.contains(&column) {
                done_column.push(column);
                let y = if self.camera.is_whole() { rect.top() } else { view.top() };
                let at = Pos2::new(seen.center().x, y - 10.0);
                painter.text(at, Align2::CENTER_CENTER, format!("H{head}"), font.clone(), ink);
            }
        }
    }

    /// The colour bar, with what one pixel stands for.
    fn legend(&mut self, rect: Rect) {
        let palette = theme::palette(self.ui.ctx());
        let pixels = self.stage.layout.cell * self.camera.zoom * self.ui.pixels_per_point();
        let level = self.study.pyramid.level_for(pixels + 0.5);
        let grid = self.study.drawn();
        let pooled = (level > 0).then(|| self.pooled(level));
        let mut figure = crate::figure::Figure::new(rect.width(), KEY, palette, "");
        let note = grid.note(pooled.as_deref());
        legend::draw(&mut figure, palette, [LEFT, 16.0], &grid.shades(palette), &note);
        let painter = self.ui.painter_at(rect);
        paint::figure(&painter, self.canvas, &figure, rect.left_bottom() - Vec2::new(0.0, KEY));
        let buttons = Rect::from_min_max(
            Pos2::new(rect.right() - 220.0, rect.bottom() - KEY + 4.0),
            Pos2::new(rect.right(), rect.bottom() - KEY + 4.0 + theme::CONTROL),
        );
        let layout = egui::Layout::right_to_left(egui::Align::Center);
        let (actions, camera, lens) = (self.actions, self.camera, &self.stage.lens);
        self.ui.scope_builder(egui::UiBuilder::new().max_rect(buttons).layout(layout), |ui| {
            widgets::command(ui, actions, Command::WholeModel);
            for (sign, name, by) in [("+", EN.zoom_in, 1.5), ("\u{2212}", EN.zoom_out, 1.0 / 1.5)] {
                let button = ui.add(Button::new(sign).min_size(Vec2::splat(theme::CONTROL)));
                if widgets::named(button, name).on_hover_text(EN.zoom_tip).clicked() {
                    let camera = camera.zoomed(by, lens.view.center(), lens);
                    actions.ask(Action::Model(Ask::Look(camera)));
                }
            }
        });
    }
}

fn picture(grid: &Grid<'_>, palette: &Palette, head: Head, level: usize, side: usize) -> ColorImage {
    let rgb = level_rgb(grid, palette, head, level);
    if rgb.len() == 3 * side * side {
        return ColorImage::from_rgb([side, side], &rgb);
    }
    ColorImage::filled([1, 1], theme::colour(palette.background))
}

/// Which of `n` cells from `start` on are seen between two edges.
fn seen(start: f32, cell: f32, n: usize, low: f32, high: f32) -> std::ops::Range<usize> {
    let first = ((low - start) / cell).floor().max(0.0) as usize;
    let last = ((high - start) / cell).ceil().max(0.0) as usize;
    first.min(n)..last.min(n)
}

/// A number in a cell: as many digits as fit.
fn figures(value: f32, cell: f32) -> String {
    if !value.is_finite() {
        return "?".to_owned();
    }
    if value.abs() >= 9.995 {
        return format!("{value:.0}").replace('-', "\u{2212}");
    }
    let digits = if value.abs() >= 0.9995 { 2 } else { 3 };
    let text = format!("{value:.digits$}").replace('-', "\u{2212}");
    if cell >= 40.0 { text } else { text.replacen("0.", ".", 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_fit_their_cells() {
        for value in [0.0, 0.123_45, 0.999_9, 1.0, -0.5, 12.3, -123.0, f32::NAN] {
            for cell in [NUMBERED, 40.0, LARGEST] {
                let text = figures(value, cell);
                let size = if cell >= 40.0 { size::SMALL } else { 11.0 };
                assert!(mono_width(&text, size) <= cell + 6.0, "{text} in {cell}");
            }
        }
        assert_eq!((figures(0.123_45, 28.0).as_str(), figures(0.123_45, 40.0).as_str()), (".123", "0.123"));
    }

    #[test]
    fn only_cells_between_the_edges_are_seen() {
        assert_eq!(seen(0.0, 10.0, 100, 95.0, 131.0), 9..14);
        assert_eq!(seen(50.0, 10.0, 4, 0.0, 500.0), 0..4);
        assert_eq!(seen(50.0, 10.0, 4, 0.0, 20.0), 0..0);
    }
}
