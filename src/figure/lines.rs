//! Token lines: queries on one side, keys on the other, a curve for each weight that is shown.

mod columns;
mod layout;

pub use columns::Columns;
pub use layout::{Flow, Layout, ROW, Room, Side, Way};

use super::{Anchor, Area, Colour, Dash, Figure, Mark, Palette, fit, mono_width, short, size, weight};
use crate::analysis::attention::Edge;
use crate::text::Tokens;
use layout::LABEL_MAX;
use serde::{Deserialize, Serialize};

/// Which token a picture is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Focus {
    /// What a query looks at.
    Query(usize),
    /// Who looks at a key.
    Key(usize),
}

impl Focus {
    /// The token.
    pub fn token(self) -> usize {
        let (Self::Query(i) | Self::Key(i)) = self;
        i
    }

    /// The same side of another token.
    pub fn at(self, i: usize) -> Self {
        match self {
            Self::Query(_) => Self::Query(i),
            Self::Key(_) => Self::Key(i),
        }
    }

    /// Whether a weight goes out from the query or comes in to the key.
    pub fn has(self, edge: &Edge) -> bool {
        match self {
            Self::Query(q) => edge.query == q,
            Self::Key(k) => edge.key == k,
        }
    }

    /// The other end of a weight.
    pub fn opposite(self, edge: &Edge) -> Self {
        match self {
            Self::Query(_) => Self::Key(edge.key),
            Self::Key(_) => Self::Query(edge.query),
        }
    }
}

/// The curves of one head, or of several as one.
#[derive(Debug, Clone, Copy)]
pub struct Strand<'a> {
    /// What it is called in the legend.
    pub name: &'a str,
    /// Its weights, the strongest where there are too many.
    pub edges: &'a [Edge],
    /// All of its weights that the picture's focus has.
    pub about: &'a [Edge],
    /// Which category's colour and pattern it has; `None` for the accent, or for the colours of signs.
    pub category: Option<usize>,
}

/// Heat columns and which of their heads are shown.
#[derive(Debug, Clone, Copy)]
pub struct Beside<'a> {
    /// The numbers.
    pub columns: &'a Columns,
    /// The heads that are shown, with their category where each has its colour.
    pub picks: &'a [(usize, Option<usize>)],
}

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Picture<'a> {
    /// The tokens.
    pub tokens: &'a Tokens,
    /// The curves, one set over the other.
    pub strands: &'a [Strand<'a>],
    /// The columns beside the tokens.
    pub beside: Option<Beside<'a>>,
    /// The token that it is about: only its lines are strong and carry their weight; the others stay at 15 %.
    pub focus: Option<Focus>,
    /// The weight that a full line stands for.
    pub unit: f32,
    /// Whether weights have signs.
    pub signed: bool,
    /// What the weights stand for, as the key says it.
    pub meaning: &'a str,
    /// Heads that could have a column.
    pub heads: usize,
    /// What it shows, in one line.
    pub title: &'a str,
}

/// Beyond so many lines a picture is a blot: only the strongest are drawn, and those of the token that it is about.
pub const MOST: usize = 1500;

/// The rows that the legend of these strands takes in `width` points: none for one strand.
pub fn legend_rows(names: &[&str], width: f32) -> usize {
    places(names, width).last().map_or(0, |[_, row]| *row as usize + 1)
}

/// Left end and row of each entry of the legend.
fn places(names: &[&str], width: f32) -> Vec<[f32; 2]> {
    if names.len() < 2 {
        return Vec::new();
    }
    let (mut x, mut row) = (8.0, 0.0);
    let mut place = |name: &&str| {
        let wide = 22.0 + mono_width(name, size::SMALL) + 14.0;
        if x + wide > width && x > 8.0 {
            (x, row) = (8.0, row + 1.0);
        }
        let at = [x, row];
        x += wide;
        at
    };
    names.iter().map(&mut place).collect()
}

/// The lines of one or several heads.
pub fn figure(picture: &Picture<'_>, palette: &Palette, layout: &Layout) -> Figure {
    let [width, height] = layout.size();
    let mut figure = Figure::new(width, height, palette, picture.title);
    curves(&mut figure, picture, palette, layout);
    // Labels lie over the ends of curves, never under them.
    if let Some(focus) = picture.focus {
        figure.marks.push(Mark::Fill { area: layout.area(focus), colour: palette.raised });
    }
    legend(&mut figure, picture, palette, width);
    captions(&mut figure, palette, layout);
    if let Some(beside) = &picture.beside {
        heat(&mut figure, beside, picture.signed, palette, layout);
    }
    labels(&mut figure, picture, palette, layout);
    numbers(&mut figure, picture, palette, layout);
    key(&mut figure, picture, palette, layout);
    figure
}

/// How wide a line is that stands for a share of the largest weight, and how opaque.
fn stroke(share: f32) -> (f32, f32) {
    (0.75 + 3.0 * share, share.sqrt())
}

/// The pattern of a line. Colours that tell heads apart cannot tell signs, so what is below zero is dotted.
fn pattern(strand: &Strand<'_>, negative: bool) -> Dash {
    match strand.category {
        Some(_) if negative => Dash::Dotted,
        Some(i) => Dash::of(i),
        None => Dash::Solid,
    }
}

/// Samples of lines with the weights that they stand for, and what weights are.
fn key(figure: &mut Figure, picture: &Picture<'_>, palette: &Palette, layout: &Layout) {
    let coloured = picture.strands.len() > 1;
    let (mut x, y) = (8.0, layout.key_line());
    let signs: &[f32] = if picture.signed && !coloured { &[-1.0, 1.0] } else { &[1.0] };
    for (sign, share) in signs.iter().flat_map(|sign| [0.25, 1.0].map(|share| (*sign, share))) {
        let (width, opacity) = stroke(share);
        let ink = match (coloured, picture.signed) {
            (true, _) => palette.text,
            (false, true) => palette.balance(sign),
            (false, false) => palette.accent,
        };
        let colour = ink.faded(opacity);
        figure.marks.push(Mark::Line { from: [x, y], to: [x + 20.0, y], width, colour });
        let number = short(sign * share * picture.unit);
        figure.token([x + 26.0, y], number.as_str(), size::SMALL, palette.muted, Anchor::Start);
        x += 26.0 + mono_width(&number, size::SMALL) + 12.0;
    }
    let mut said = vec![picture.meaning.to_owned()];
    if coloured && picture.signed {
        said.push("dotted below zero".to_owned());
    }
    let columns = layout.columns.len();
    if picture.beside.is_some() && columns < picture.heads {
        said.push(format!("{columns} of {} heads have columns", picture.heads));
    }
    figure.caption([x, y], said.join("; "), palette.muted, Anchor::Start);
}

fn ink(palette: &Palette, strand: &Strand<'_>, signed: bool, weight: f32) -> Colour {
    match strand.category {
        Some(i) => palette.category(i),
        None if signed => palette.balance(1f32.copysign(weight)),
        None => palette.accent,
    }
}

fn curves(figure: &mut Figure, picture: &Picture<'_>, palette: &Palette, layout: &Layout) {
    let focus = picture.focus;
    // Strong lines are drawn last, on top; lines of one colour together, which is fast.
    for strong in [false, true] {
        for strand in picture.strands {
            let edges = if strong && focus.is_some() { strand.about } else { strand.edges };
            for negative in [true, false] {
                let dash = pattern(strand, negative);
                let is_now = |e: &&Edge| focus.is_none_or(|f| f.has(e)) == strong && (e.weight < 0.0) == negative;
                for edge in edges.iter().filter(is_now) {
                    let share = (edge.weight.abs() / picture.unit).clamp(0.0, 1.0);
                    let (width, opacity) = stroke(share);
                    let opacity = opacity * if strong { 1.0 } else { 0.15 };
                    figure.marks.push(Mark::Curve {
                        from: layout.end(Focus::Query(edge.query)),
                        to: layout.end(Focus::Key(edge.key)),
                        width,
                        colour: ink(palette, strand, picture.signed, edge.weight).faded(opacity),
                        dash,
                        down: !layout.is_down(),
                    });
                }
            }
        }
    }
}

/// A sample of each colour and pattern with the name of its head.
fn legend(figure: &mut Figure, picture: &Picture<'_>, palette: &Palette, width: f32) {
    let names: Vec<&str> = picture.strands.iter().map(|s| s.name).collect();
    for ([x, row], strand) in places(&names, width).into_iter().zip(picture.strands) {
        let y = row * ROW + ROW / 2.0;
        let colour = ink(palette, strand, false, 0.0);
        let [stroke, gap] = pattern(strand, false).lengths().unwrap_or([16.0, 0.0]);
        let mut start = 0.0;
        while start < 16.0 {
            let area = Area { x: x + start, y: y - 1.5, w: stroke.min(16.0 - start), h: 3.0 };
            figure.marks.push(Mark::Fill { area, colour });
            start += stroke + gap;
        }
        figure.token([x + 22.0, y], strand.name, size::SMALL, palette.text, Anchor::Start);
    }
}

fn captions(figure: &mut Figure, palette: &Palette, layout: &Layout) {
    if layout.is_empty() {
        return;
    }
    for (focus, name) in [(Focus::Query(0), "query"), (Focus::Key(0), "key")] {
        let ([x, y], anchor) = layout.text(focus);
        let (at, anchor) = match layout.flow {
            Flow::Down => ([x, layout.top + 10.0], anchor),
            Flow::Right => ([8.0, y], Anchor::Start),
            Flow::Left => ([layout.size()[0] - 8.0, y], Anchor::End),
        };
        figure.caption(at, name, palette.muted, anchor);
    }
}

/// The cells of the columns, and the numbers of their heads as far as there is room.
fn heat(figure: &mut Figure, beside: &Beside<'_>, signed: bool, palette: &Palette, layout: &Layout) {
    let plain = ramp(palette, palette.muted, 0.4);
    for (place, &head) in layout.columns.iter().enumerate() {
        let pick = beside.picks.iter().find(|(h, _)| *h == head);
        let full = |sign: f32| match pick {
            None => palette.muted,
            Some((_, Some(category))) => palette.category(*category),
            Some((_, None)) if signed => palette.balance(sign),
            Some((_, None)) => palette.accent,
        };
        let shades = pick.map(|_| [1.0, -1.0].map(|sign| ramp(palette, full(sign), 1.0)));
        for side in Side::BOTH {
            let top = beside.columns.top(side);
            for token in 0..layout.len() {
                let value = beside.columns.value(side, head, token);
                if value == 0.0 || top == 0.0 {
                    continue;
                }
                let ramp = shades.as_ref().map_or(&plain, |[above, below]| if value < 0.0 { below } else { above });
                let step = (value.abs() / top).sqrt() * (ramp.len() - 1) as f32;
                let colour = if value.is_finite() { ramp[step.round() as usize] } else { palette.error };
                let Area { x, y, w, h } = layout.cell(side, place, token);
                let area = if layout.is_down() {
                    Area { x, y: y + 1.0, w: w - 1.0, h: h - 2.0 }
                } else {
                    Area { x: x + 1.0, y, w: w - 2.0, h: h - 1.0 }
                };
                figure.marks.push(Mark::Fill { area, colour });
            }
            if pick.is_some() {
                name(figure, head, full(1.0), side, place, layout);
            }
        }
    }
}

/// The name of a shown head at its column, where the one before is not in the way.
fn name(figure: &mut Figure, head: usize, colour: Colour, side: Side, place: usize, layout: &Layout) {
    let text = format!("H{head}");
    let Area { x, y, w, h } = layout.column(side, place);
    if layout.is_down() {
        let at = [x + (w - 1.0) / 2.0, layout.top + 10.0];
        let reach = mono_width(&text, size::SMALL);
        let is_free = !figure.marks.iter().any(|mark| match mark {
            Mark::Text { at: [other, y], text, .. } => {
                *y == at[1] && (other - at[0]).abs() < f32::midpoint(reach, mono_width(text, size::SMALL)) + 2.0
            }
            _ => false,
        });
        if is_free {
            figure.token(at, text, size::SMALL, colour, Anchor::Middle);
        }
    } else if layout.flow == Flow::Left {
        figure.token([x + w + 6.0, y + h / 2.0], text, size::SMALL, colour, Anchor::Start);
    } else {
        figure.token([x - 6.0, y + h / 2.0], text, size::SMALL, colour, Anchor::End);
    }
}

/// Shades from the background to a colour's share.
fn ramp(palette: &Palette, full: Colour, share: f32) -> Vec<Colour> {
    (0..=48).map(|i| palette.background.mix(full, share * i as f32 / 48.0)).collect()
}

fn labels(figure: &mut Figure, picture: &Picture<'_>, palette: &Palette, layout: &Layout) {
    let (tokens, focus) = (picture.tokens, picture.focus);
    let mut reached = vec![[false; 2]; tokens.len()];
    for edge in picture.strands.iter().flat_map(|s| s.about) {
        reached[edge.query][0] = true;
        reached[edge.key][1] = true;
    }
    for (i, reached) in reached.iter().enumerate() {
        let special = tokens.pieces[i].special;
        let text = fit(&tokens.shown(i), size::BODY, LABEL_MAX);
        let size = if special { size::SMALL } else { size::BODY };
        let drawn = mono_width(&text, size);
        for (side, reached) in [(Focus::Query(i), reached[0]), (Focus::Key(i), reached[1])] {
            let near = focus == Some(side) || focus.is_none() || reached;
            let ink = if special || !near { palette.muted } else { palette.text };
            let ([x, y], anchor) = layout.text(side);
            if tokens.continues(i) {
                // Pieces of one word are joined by a hairline at its outer edge.
                figure.marks.push(Mark::Fill { area: layout.joint(side), colour: palette.muted });
            }
            if tokens.pieces[i].unknown {
                let left = match anchor {
                    Anchor::Start => x,
                    Anchor::Middle => x - drawn / 2.0,
                    Anchor::End => x - drawn,
                };
                let area = Area { x: left, y: y + 8.0, w: drawn, h: 1.0 };
                figure.marks.push(Mark::Fill { area, colour: palette.error });
            }
            figure.token([x, y], text.as_str(), size, ink, anchor);
        }
    }
}

/// The weights of the token that the picture is about, at the other ends of its lines; of several heads the largest.
fn numbers(figure: &mut Figure, picture: &Picture<'_>, palette: &Palette, layout: &Layout) {
    let Some(focus) = picture.focus else { return };
    let mut most: Vec<Option<(f32, Colour)>> = vec![None; picture.tokens.len()];
    for strand in picture.strands {
        for edge in strand.about.iter().filter(|e| e.weight.abs() >= 0.005 * picture.unit) {
            let known = &mut most[focus.opposite(edge).token()];
            if known.is_none_or(|(weight, _)| weight.abs() < edge.weight.abs()) {
                *known = Some((edge.weight, ink(palette, strand, picture.signed, edge.weight)));
            }
        }
    }
    let opposite = if matches!(focus, Focus::Query(_)) { Focus::Key(0) } else { Focus::Query(0) };
    for (i, found) in most.into_iter().enumerate() {
        let Some((value, colour)) = found else { continue };
        let (at, anchor) = layout.number(opposite.at(i));
        let text = if picture.unit == 1.0 { weight(value) } else { short(value) };
        let upright = !layout.is_down();
        figure.marks.push(Mark::Text { at, text, size: size::SMALL, colour, anchor, mono: true, upright });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Piece;

    #[test]
    fn a_legend_takes_the_rows_that_its_names_need() {
        assert_eq!(legend_rows(&["L1\u{b7}H1"], 300.0), 0, "one head needs none");
        assert_eq!(legend_rows(&["L1\u{b7}H1"; 3], 300.0), 1);
        let many = places(&["L10\u{b7}H10"; 12], 300.0);
        assert_eq!(many.len(), 12);
        assert!(many.iter().all(|[x, _]| x + 22.0 + mono_width("L10\u{b7}H10", size::SMALL) <= 300.0), "{many:?}");
    }

    #[test]
    fn lines_keep_their_sizes_and_signs_and_say_what_they_stand_for() {
        let piece = |word: u32| Piece {
            piece: "x".into(),
            id: 0,
            start: 0,
            end: 0,
            text: 0,
            segment: 0,
            special: false,
            word: Some(word),
            unknown: false,
        };
        let tokens = Tokens { texts: vec!["".into()], pieces: (0..2).map(piece).collect(), dropped: 0 };
        let edge = |key, weight| Edge { query: 0, key, weight };
        let (first, second) = ([edge(0, 1.1), edge(1, 3.0)], [edge(1, -2.0)]);
        let strand = |edges, i| Strand { name: "L0", edges, about: &[], category: Some(i) };
        let strands = [strand(&first[..], 0), strand(&second[..], 1)];
        let columns = Columns::default();
        let picture = Picture {
            tokens: &tokens,
            strands: &strands,
            beside: Some(Beside { columns: &columns, picks: &[] }),
            focus: None,
            unit: 3.0,
            signed: true,
            meaning: "score",
            heads: 16,
            title: "",
        };
        let room = Room { width: 400.0, height: 300.0, flow: Flow::Down, heads: 0, picks: &[], legend: 1 };
        let layout = Layout::new(&tokens, &room);
        let figure = figure(&picture, Palette::of(true), &layout);
        let mut curves = Vec::new();
        for mark in &figure.marks {
            match mark {
                Mark::Curve { width, dash, .. } => curves.push((*width, *dash)),
                Mark::Text { at: [_, y], .. } => assert!(*y < layout.size()[1], "inside the picture"),
                _ => {}
            }
        }
        let [(small, Dash::Solid), (large, Dash::Solid), (_, Dash::Dotted)] = curves[..] else { panic!("{curves:?}") };
        assert!(large > 1.5 * small, "sums above 1 differ: {small} and {large}");
        let says = |wanted: &str| figure.marks.iter().any(|m| matches!(m, Mark::Text { text, .. } if text == wanted));
        assert!(says("3") && says("0.75"), "a full line and a quarter of it");
        assert!(says("score; dotted below zero; 0 of 16 heads have columns"));
    }
}
