//! Figures on the screen.

use super::action::Head;
use super::fan;
use super::memo::Memo;
use super::picture::{self, Layer, Strands};
use super::state::State;
use super::theme::{bold, colour};
use super::views::{compare, map, model, neuron, predict};
use crate::analysis::filter::{Combine, Filter, Shown, on_special, sift};
use crate::analysis::meaning::Meaning;
use crate::engine::Run;
use crate::figure::lines::{Columns, Focus};
use crate::figure::shades::Look as Colours;
use crate::figure::{Anchor, Area, Dash, Figure, Mark, Palette, Pixels, effects, heatmap, lines};
use egui::epaint::{CubicBezierShape, TextShape};
use egui::{
    Align2, Color32, ColorImage, FontFamily, FontId, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, TextureHandle,
    TextureOptions, Vec2,
};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// What drawing keeps from one frame to the next.
#[derive(Default)]
pub struct Canvas {
    /// Pictures on the graphics card, by their key. What a frame did not use is given up after it.
    textures: BTreeMap<u64, (TextureHandle, bool)>,
    /// What is shown before the threshold.
    sifted: Memo<ShownKey, Shown>,
    shown: Memo<ShownKey, Arc<Shown>>,
    values: Memo<ValuesKey, Vec<f32>>,
    whole: Memo<ShownKey, Shown>,
    passed: Memo<ShownKey, Vec<f32>>,
    /// Each of several heads before the threshold.
    apart: Memo<(ShownKey, bool), Vec<(Head, Shown)>>,
    strands: Memo<StrandsKey, Strands>,
    layer: Memo<LayerKey, Layer>,
    columns: Memo<(LayerKey, Option<Focus>), Columns>,
    lines: Memo<LinesKey, (Figure, lines::Layout)>,
    matrix: Memo<MatrixKey, (Figure, heatmap::Layout)>,
    sums: Memo<ShownKey, heatmap::Sums>,
    on_special: Memo<ValuesKey, f32>,
    /// The cells of heads in the view of all heads.
    pub cells: model::Cells,
    /// The neuron view.
    pub neuron: neuron::Drawn,
    /// Predictions.
    pub predict: predict::Drawn,
    /// The difference of a head.
    pub compare: compare::Drawn,
    /// The map of heads.
    pub map: map::Drawn,
    /// The map of a space.
    pub space: super::space::Drawn,
    /// The trace of a recurrent model.
    pub recurrent: super::recurrent::Drawn,
    /// Two maps beside each other.
    pub pair: super::space::PairDrawn,
    /// The map of layers.
    pub layers: super::space::layers::Drawn,
    /// The rows of the table of heads.
    pub heads: super::views::heads::Order,
    /// The map of heads of the view of effects.
    pub effects_heads: Memo<EffectsKey, (Figure, effects::Layout)>,
    /// The map of tokens of the view of effects.
    pub effects_tokens: Memo<EffectsKey, (Figure, effects::Layout)>,
}

/// Which work, how far it is, in which theme, in which room.
type EffectsKey = (u64, usize, bool, [u32; 2]);
/// What is drawn, whether head by head, and the layer that has columns.
type StrandsKey = (ShownKey, bool, usize);
/// Which run, meaning, layer and filter before its threshold.
type LayerKey = (u64, Meaning, usize, Filter);
/// What is drawn, about which token, how, in which theme, in which room.
type LinesKey = (ShownKey, Option<Focus>, (bool, Vec<Head>, lines::Way, String), bool, [u32; 2]);
/// What is drawn, in which colours and theme, in which room.
type MatrixKey = (ShownKey, Colours, bool, [u32; 2]);

/// Which run and meaning, which heads, and how they become one.
type ValuesKey = (u64, Meaning, Vec<Head>, Combine);
/// What a [`Shown`] is made from.
type ShownKey = (ValuesKey, Filter);

fn values_key(state: &State, run: &Run) -> ValuesKey {
    (run.id, state.meaning(), state.shown_heads(), state.combine())
}

impl Canvas {
    /// The shown heads as one, before anything is left out.
    fn values(&mut self, state: &State, run: &Run) -> Rc<Vec<f32>> {
        self.values.get(values_key(state, run), || state.values())
    }

    /// The shown heads with everything left out that is to be.
    pub fn shown(&mut self, state: &State) -> Option<Arc<Shown>> {
        let run = state.run()?;
        let filter = state.scene.look.filter;
        let values = self.values(state, run);
        let make = || sift(&run.tokens, &values, state.meaning(), &filter);
        let sifted = self.sifted.get((values_key(state, run), filter.before_threshold()), make);
        let make = || Arc::new((*sifted).clone().under(filter.threshold));
        Some(Arc::clone(&*self.shown.get((values_key(state, run), filter), make)))
    }

    /// The shown heads with nothing left out: the same tokens as in [`Canvas::shown`], every value.
    pub fn whole(&mut self, state: &State) -> Option<Rc<Shown>> {
        let run = state.run()?;
        let filter = Filter { words: state.scene.look.filter.words, ..Filter::nothing() };
        let values = self.values(state, run);
        let make = || sift(&run.tokens, &values, state.meaning(), &filter);
        Some(self.whole.get((values_key(state, run), filter), make))
    }

    /// What the matrix draws: the values that pass the threshold, everything else nothing.
    pub fn passed(&mut self, state: &State) -> Option<Rc<Vec<f32>>> {
        let (run, shown) = (state.run()?, self.shown(state)?);
        Some(self.passed.get((values_key(state, run), state.scene.look.filter), || shown.passed(0.0)))
    }

    /// What the lines show, head by head where each has its colour.
    pub fn strands(&mut self, state: &State) -> Option<Rc<Strands>> {
        let (run, shown) = (state.run()?, self.shown(state)?);
        let shown_key = (values_key(state, run), state.scene.look.filter);
        let apart_key = ((shown_key.0.clone(), shown_key.1.before_threshold()), state.is_overlaid());
        let apart = self.apart.get(apart_key, || picture::apart(state));
        let key = (shown_key, state.is_overlaid(), state.scene.head.0);
        Some(self.strands.get(key, || Strands::new(state, &shown, &apart)))
    }

    /// What tokens give and get in each head of the selected head's layer.
    pub fn columns(&mut self, state: &State) -> Option<Rc<Columns>> {
        let (run, shown) = (state.run()?, self.shown(state)?);
        let filter = state.scene.look.filter.before_threshold();
        let key = (run.id, state.meaning(), state.scene.head.0, filter);
        let layer = self.layer.get(key, || Layer::new(state));
        let focus = state.focus_in(&shown);
        Some(self.columns.get((key, focus), || layer.columns(focus)))
    }

    /// The token lines of the shown heads.
    pub fn lines(&mut self, state: &State, palette: &Palette, room: [f32; 2]) -> Option<Rc<(Figure, lines::Layout)>> {
        let (run, shown) = (state.run()?, self.shown(state)?);
        let (strands, columns) = (self.strands(state)?, self.columns(state)?);
        let focus = state.focus_in(&shown);
        let look = &state.scene.look;
        let shown_key = (values_key(state, run), look.filter);
        let drawn = (state.is_overlaid(), state.heads(), look.way, state.title());
        let key = (shown_key, focus, drawn, palette.dark, room.map(f32::to_bits));
        Some(self.lines.get(key, || picture::lines(state, &strands, &columns, &shown, focus, palette, room)))
    }

    /// The matrix of the shown heads.
    pub fn matrix(
        &mut self,
        state: &State,
        palette: &Palette,
        room: [f32; 2],
    ) -> Option<Rc<(Figure, heatmap::Layout)>> {
        let (run, shown, passed) = (state.run()?, self.shown(state)?, self.passed(state)?);
        let look = &state.scene.look;
        let key = ((values_key(state, run), look.filter), look.colours, palette.dark, room.map(f32::to_bits));
        Some(self.matrix.get(key, || picture::matrix(state, &shown, &passed, palette, room)))
    }

    /// The sums of what the matrix shows.
    pub fn sums(&mut self, state: &State) -> Option<Rc<heatmap::Sums>> {
        let (run, shown) = (state.run()?, self.shown(state)?);
        let passed = self.passed(state)?;
        let make = || heatmap::Sums::new(&passed, shown.tokens.len());
        Some(self.sums.get((values_key(state, run), state.scene.look.filter), make))
    }

    /// The share that special tokens take of the shown heads.
    pub fn on_special(&mut self, state: &State) -> f32 {
        let Some(run) = state.run() else { return 0.0 };
        let values = self.values(state, run);
        *self.on_special.get(values_key(state, run), || on_special(&run.tokens, &values))
    }

    /// Paints pixels over a rectangle, unsmoothed.
    pub fn image(&mut self, painter: &Painter, pixels: &Pixels, rect: Rect) {
        let make = || ColorImage::from_rgb([pixels.width, pixels.height], &pixels.rgb);
        self.picture(painter, pixels.key, rect, make);
    }

    /// Paints the picture of this key over a rectangle; it is made where there is none yet.
    pub fn picture(&mut self, painter: &Painter, key: u64, rect: Rect, make: impl FnOnce() -> ColorImage) {
        self.part(painter, key, rect, Rect::from_min_max(Pos2::ZERO, Pos2::new(1.0, 1.0)), make);
    }

    /// Paints a part of a picture, in shares of its width and height.
    pub fn part(&mut self, painter: &Painter, key: u64, rect: Rect, part: Rect, make: impl FnOnce() -> ColorImage) {
        let (texture, used) = self
            .textures
            .entry(key)
            .or_insert_with(|| (painter.ctx().load_texture("figure", make(), TextureOptions::NEAREST), true));
        *used = true;
        painter.image(texture.id(), rect, part, Color32::WHITE);
    }

    /// Whether the picture of this key is on the graphics card.
    pub fn has(&self, key: u64) -> bool {
        self.textures.contains_key(&key)
    }

    /// Ends a frame.
    pub fn tidy(&mut self) {
        self.textures.retain(|_, (_, used)| std::mem::take(used));
        self.cells.tidy();
    }
}

/// A rectangle of a figure on the screen.
pub fn rect(area: Area, origin: Pos2) -> Rect {
    Rect::from_min_size(origin + Vec2::new(area.x, area.y), Vec2::new(area.w, area.h))
}

/// Paints a figure with its top left corner at `origin`. Marks outside the clip rectangle cost nothing.
pub fn figure(painter: &Painter, canvas: &mut Canvas, figure: &Figure, origin: Pos2) {
    marks(painter, canvas, &figure.marks, origin);
}

/// Paints the marks of a figure whose top left corner is at `origin`.
pub fn marks(painter: &Painter, canvas: &mut Canvas, mut marks: &[Mark], origin: Pos2) {
    let clip = painter.clip_rect();
    let at = |[x, y]: [f32; 2]| origin + Vec2::new(x, y);
    let many = marks.iter().filter(|m| matches!(m, Mark::Curve { .. })).count() >= fan::MANY;
    while let Some((mark, rest)) = marks.split_first() {
        let curves = if many { fan::count(marks) } else { 0 };
        if curves > fan::FEW {
            let (fan, rest) = marks.split_at(curves);
            fan::paint(painter, canvas, fan, origin);
            marks = rest;
            continue;
        }
        marks = rest;
        match mark {
            Mark::Fill { area, colour: c } => {
                let rect = rect(*area, origin);
                if clip.intersects(rect) {
                    painter.rect_filled(rect, 0.0, colour(*c));
                }
            }
            Mark::Ring { area, colour: c, width } => {
                let rect = rect(*area, origin);
                if clip.intersects(rect) {
                    painter.rect_stroke(rect, 0.0, Stroke::new(*width, colour(*c)), StrokeKind::Inside);
                }
            }
            Mark::Image { area, pixels } => {
                let rect = rect(*area, origin);
                if clip.intersects(rect) {
                    canvas.image(painter, pixels, rect);
                }
            }
            Mark::Curve { from, to, width, colour: c, dash, down } => {
                let (from, to) = (at(*from), at(*to));
                if clip.intersects(Rect::from_two_pos(from, to).expand(*width)) {
                    curve(painter, [from, to], Stroke::new(*width, colour(*c)), *dash, *down);
                }
            }
            Mark::Line { from, to, width, colour: c } => {
                painter.line_segment([at(*from), at(*to)], Stroke::new(*width, colour(*c)));
            }
            Mark::Dot { at: middle, radius, colour: c } => {
                painter.circle_filled(at(*middle), *radius, colour(*c));
            }
            Mark::Text { at: position, text, size, colour: c, anchor, mono, upright } => {
                let position = at(*position);
                let reach = 200.0;
                if !clip.expand(reach).contains(position) {
                    continue;
                }
                let family = if *mono { FontFamily::Monospace } else { FontFamily::Proportional };
                let font = FontId::new(*size, family);
                let align = match anchor {
                    Anchor::Start => Align2::LEFT_CENTER,
                    Anchor::Middle => Align2::CENTER_CENTER,
                    Anchor::End => Align2::RIGHT_CENTER,
                };
                if *upright {
                    self::upright(painter, position, text, font, colour(*c), align);
                } else {
                    painter.text(position, align, text, font, colour(*c));
                }
            }
            Mark::Clip { area, marks } => {
                let inside = painter.with_clip_rect(rect(*area, origin).intersect(clip));
                self::marks(&inside, canvas, marks, origin);
            }
        }
    }
}

/// Text that reads upwards.
pub fn upright(painter: &Painter, at: Pos2, text: &str, font: FontId, ink: Color32, align: Align2) {
    let galley = painter.layout_no_wrap(text.to_owned(), font, ink);
    // egui turns the text about its anchor, and places it by its top left corner.
    let corner = at - align.pos_in_rect(&galley.rect).to_vec2();
    let angle = -std::f32::consts::FRAC_PI_2;
    painter.add(TextShape::new(corner, galley, ink).with_angle_and_anchor(angle, align));
}

fn curve(painter: &Painter, [from, to]: [Pos2; 2], stroke: Stroke, dash: Dash, down: bool) {
    let (x, y) = (f32::midpoint(from.x, to.x), f32::midpoint(from.y, to.y));
    let bends =
        if down { [Pos2::new(from.x, y), Pos2::new(to.x, y)] } else { [Pos2::new(x, from.y), Pos2::new(x, to.y)] };
    let points = [from, bends[0], bends[1], to];
    let shape = CubicBezierShape::from_points_stroke(points, false, Color32::TRANSPARENT, stroke);
    match dash.lengths() {
        None => drop(painter.add(shape)),
        Some([length, gap]) => {
            painter.extend(Shape::dashed_line(&shape.flatten(Some(0.5)), stroke, length, gap));
        }
    }
}

/// Words set in one line, each in its own face and colour; returns the width.
pub fn phrase(painter: &Painter, at: Pos2, parts: &[(&str, Face, Color32)], size: f32) -> f32 {
    let mut x = at.x;
    for (text, face, ink) in parts {
        let family = match face {
            Face::Plain => FontFamily::Proportional,
            Face::Bold => bold(),
            Face::Mono => FontFamily::Monospace,
        };
        let drawn = painter.text(Pos2::new(x, at.y), Align2::LEFT_CENTER, text, FontId::new(size, family), *ink);
        x = drawn.right();
    }
    x - at.x
}

/// A face of [`phrase`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// The face of the interface.
    Plain,
    /// The face of headings.
    Bold,
    /// The face of tokens.
    Mono,
}
