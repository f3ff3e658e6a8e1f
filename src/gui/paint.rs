//! Figures on the screen.

use super::action::Head;
use super::fan;
use super::memo::Memo;
use super::picture;
use super::state::State;
use super::theme::{bold, colour};
use super::views::neuron;
use crate::analysis::filter::{Combine, Filter, Shown, Threshold, show};
use crate::analysis::meaning::Meaning;
use crate::analysis::predictions::Prediction;
use crate::engine::Run;
use crate::figure::lines::Focus;
use crate::figure::{Anchor, Area, Figure, Mark, Palette, Pixels, effects, heatmap, lines};
use egui::epaint::{CubicBezierShape, TextShape};
use egui::{
    Align2, Color32, ColorImage, FontFamily, FontId, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, TextureHandle,
    TextureOptions, Vec2,
};
use std::collections::BTreeMap;
use std::rc::Rc;

/// What drawing keeps from one frame to the next.
#[derive(Default)]
pub struct Canvas {
    /// Pictures on the graphics card, by their key. What a frame did not use is given up after it.
    textures: BTreeMap<u64, (TextureHandle, bool)>,
    shown: Memo<ShownKey, Shown>,
    whole: Memo<ShownKey, Shown>,
    lines: Memo<LinesKey, (Figure, lines::Layout)>,
    /// Predictions of the shown run and of the run without changes, by run and position.
    pub after: Memo<(u64, usize), Option<Vec<Prediction>>>,
    /// See `after`.
    pub before: Memo<(u64, usize), Option<Vec<Prediction>>>,
    matrix: Memo<MatrixKey, (Figure, heatmap::Layout)>,
    /// The neuron view.
    pub neuron: neuron::Drawn,
    /// The map of heads of the view of effects.
    pub effects_heads: Memo<EffectsKey, (Figure, effects::Layout)>,
    /// The map of tokens of the view of effects.
    pub effects_tokens: Memo<EffectsKey, (Figure, effects::Layout)>,
}

/// Which work, how far it is, in which theme, in which room.
type EffectsKey = (u64, usize, bool, [u32; 2]);
/// What is drawn, about which token, in which theme, how wide.
type LinesKey = (ShownKey, Option<Focus>, bool, u32);
/// What is drawn, in which theme, in which room.
type MatrixKey = (ShownKey, bool, [u32; 2]);

/// What a [`Shown`] is made from.
#[derive(Debug, Clone, PartialEq)]
struct ShownKey {
    run: u64,
    meaning: Meaning,
    heads: Vec<Head>,
    combine: Combine,
    filter: Filter,
}

impl ShownKey {
    fn of(state: &State, run: &Run, filter: Filter) -> Self {
        let (meaning, heads, combine) = (state.meaning(), state.shown_heads(), state.combine());
        Self { run: run.id, meaning, heads, combine, filter }
    }
}

impl Canvas {
    /// The shown heads with everything left out that is to be.
    pub fn shown(&mut self, state: &State) -> Option<Rc<Shown>> {
        let run = state.run()?;
        let filter = state.scene.look.filter;
        Some(self.shown.get(ShownKey::of(state, run, filter), || show(&run.tokens, &state.values(), &filter)))
    }

    /// The shown heads with nothing left out: the same tokens as in [`Canvas::shown`], every value.
    pub fn whole(&mut self, state: &State) -> Option<Rc<Shown>> {
        let run = state.run()?;
        // Edges are not asked for here, and sorting them takes time.
        let nothing = Filter { threshold: Threshold::AtLeast(f32::INFINITY), ..Filter::nothing() };
        let filter = Filter { words: state.scene.look.filter.words, ..nothing };
        Some(self.whole.get(ShownKey::of(state, run, filter), || show(&run.tokens, &state.values(), &filter)))
    }

    /// The token lines of the shown heads.
    pub fn lines(&mut self, state: &State, palette: &Palette, width: f32) -> Option<Rc<(Figure, lines::Layout)>> {
        let (run, shown) = (state.run()?, self.shown(state)?);
        let focus = state.focus_in(&shown);
        let key = (ShownKey::of(state, run, state.scene.look.filter), focus, palette.dark, width.to_bits());
        Some(self.lines.get(key, || picture::lines(&shown, focus, &state.title(), palette, width)))
    }

    /// The matrix of the shown heads.
    pub fn matrix(
        &mut self,
        state: &State,
        palette: &Palette,
        room: [f32; 2],
    ) -> Option<Rc<(Figure, heatmap::Layout)>> {
        let (run, shown) = (state.run()?, self.shown(state)?);
        let key = (ShownKey::of(state, run, state.scene.look.filter), palette.dark, room.map(f32::to_bits));
        Some(self.matrix.get(key, || picture::matrix(&shown, &state.title(), palette, room)))
    }

    /// Paints pixels over a rectangle, unsmoothed.
    pub fn image(&mut self, painter: &Painter, pixels: &Pixels, rect: Rect) {
        let make = || ColorImage::from_rgb([pixels.width, pixels.height], &pixels.rgb);
        self.picture(painter, pixels.key, rect, make);
    }

    /// Paints the picture of this key over a rectangle; it is made where there is none yet.
    pub fn picture(&mut self, painter: &Painter, key: u64, rect: Rect, make: impl FnOnce() -> ColorImage) {
        let (texture, used) = self
            .textures
            .entry(key)
            .or_insert_with(|| (painter.ctx().load_texture("figure", make(), TextureOptions::NEAREST), true));
        *used = true;
        painter.image(texture.id(), rect, Rect::from_min_max(Pos2::ZERO, Pos2::new(1.0, 1.0)), Color32::WHITE);
    }

    /// Ends a frame.
    pub fn tidy(&mut self) {
        self.textures.retain(|_, (_, used)| std::mem::take(used));
    }
}

/// A rectangle of a figure on the screen.
pub fn rect(area: Area, origin: Pos2) -> Rect {
    Rect::from_min_size(origin + Vec2::new(area.x, area.y), Vec2::new(area.w, area.h))
}

/// Paints a figure with its top left corner at `origin`. Marks outside the clip rectangle cost nothing.
pub fn figure(painter: &Painter, canvas: &mut Canvas, figure: &Figure, origin: Pos2) {
    let clip = painter.clip_rect();
    let at = |[x, y]: [f32; 2]| origin + Vec2::new(x, y);
    let mut marks = figure.marks.as_slice();
    while let Some((mark, rest)) = marks.split_first() {
        let curves = fan::count(marks);
        if curves >= fan::MANY {
            let (fan, rest) = marks.split_at(curves);
            fan::paint(painter, canvas, fan, origin);
            marks = rest;
            continue;
        }
        marks = rest;
        match mark {
            Mark::Fill { area, colour: c } => {
                painter.rect_filled(rect(*area, origin), 0.0, colour(*c));
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
            Mark::Curve { from, to, width, colour: c } => {
                let (from, to) = (at(*from), at(*to));
                if clip.intersects(Rect::from_two_pos(from, to).expand(*width)) {
                    let middle = f32::midpoint(from.x, to.x);
                    let points = [from, Pos2::new(middle, from.y), Pos2::new(middle, to.y), to];
                    let stroke = Stroke::new(*width, colour(*c));
                    painter.add(Shape::CubicBezier(CubicBezierShape::from_points_stroke(
                        points,
                        false,
                        Color32::TRANSPARENT,
                        stroke,
                    )));
                }
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
                    let galley = painter.layout_no_wrap(text.clone(), font, colour(*c));
                    // egui turns the text about its anchor, and places it by its top left corner.
                    let corner = position - align.pos_in_rect(&galley.rect).to_vec2();
                    let shape = TextShape::new(corner, galley, colour(*c))
                        .with_angle_and_anchor(-std::f32::consts::FRAC_PI_2, align);
                    painter.add(shape);
                } else {
                    painter.text(position, align, text, font, colour(*c));
                }
            }
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
