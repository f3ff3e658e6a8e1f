//! How one weight comes about, as a picture: query, key and their product as strips, the steps to the weight with their
//! numbers, and under them every key of the row.

use super::shades::{Look, Shades};
use super::{Anchor, Area, Figure, Mark, Palette, Pixels, fit, fresh_key, head_name, size, weight};
use crate::analysis::neuron::Neuron;

/// The height of a key's row.
pub const ROW: f32 = 20.0;
/// Above and below the strip in a key's row.
const GAP: f32 = 4.0;
const STRIP: f32 = 22.0;
const LABEL: f32 = 104.0;
const NUMBER: f32 = 64.0;
const BAR: f32 = 72.0;
/// Where strips begin, where steps begin, and how high they are.
const TOP: f32 = 8.0;
const STEPS: f32 = TOP + 3.0 * (STRIP + 6.0) + 14.0;
const STEP: f32 = 62.0;
const HEADER: f32 = 30.0;
const LEGEND: f32 = 32.0;
const FIRST: f32 = STEPS + STEP + HEADER;

/// Where things are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Layout {
    /// Width of the picture.
    pub width: f32,
    /// Keys.
    pub n: usize,
    /// Dimensions.
    pub dims: usize,
}

impl Layout {
    /// A picture that fills `width`, at least 480.
    pub fn new(neuron: &Neuron, width: f32) -> Self {
        Self { width: width.max(480.0), n: neuron.tokens.len(), dims: neuron.width() }
    }

    /// The strip of the query (0), the key (1) and their product (2).
    pub fn strip(&self, i: usize) -> Area {
        let x = LABEL + 8.0;
        Area { x, y: TOP + i as f32 * (STRIP + 6.0), w: self.width - x - NUMBER - 8.0, h: STRIP }
    }

    /// The strip of products in a key's row.
    fn products(&self) -> Area {
        let x = LABEL + 8.0;
        let numbers = 2.0 * NUMBER + BAR + 56.0 + 16.0;
        Area { x, y: FIRST, w: (self.width - x - numbers).max(80.0), h: self.n as f32 * ROW }
    }

    /// The row of a key.
    pub fn row(&self, key: usize) -> Area {
        Area { x: 0.0, y: FIRST + key as f32 * ROW, w: self.width, h: ROW }
    }

    /// The dimension at `x` in an area that shows all of them side by side.
    pub fn dimension(&self, area: Area, x: f32) -> Option<usize> {
        let i = (x - area.x) / area.w * self.dims as f32;
        (i >= 0.0 && (i as usize) < self.dims).then_some(i as usize)
    }

    /// The dimension of a product in the row of a key at a point.
    pub fn product_at(&self, x: f32, y: f32) -> Option<(usize, usize)> {
        let area = self.products();
        let key = (y - area.y) / ROW;
        (key >= 0.0 && (key as usize) < self.n).then_some(())?;
        Some((key as usize, self.dimension(area, x)?))
    }

    /// The height of the picture.
    pub fn height(&self) -> f32 {
        FIRST + self.n as f32 * ROW + LEGEND
    }
}

/// Three significant digits and a real minus.
pub fn number(x: f64) -> String {
    if x.is_nan() {
        return "not a number".to_owned();
    }
    if x.is_infinite() {
        return if x < 0.0 { "\u{2212}\u{221e}" } else { "\u{221e}" }.to_owned();
    }
    let magnitude = if x == 0.0 { 0 } else { x.abs().log10().floor() as i32 };
    let digits = (2 - magnitude).clamp(0, 6) as usize;
    format!("{x:.digits$}").replace('-', "\u{2212}")
}

/// The products of a query with all keys as pixels: the same whichever key is looked at.
#[derive(Debug, Clone)]
pub struct Products {
    pixels: Pixels,
    /// The largest magnitude.
    most: f32,
}

impl Products {
    /// A row of pixels for each key, a column for each dimension.
    pub fn new(neuron: &Neuron, palette: &Palette) -> Self {
        let (n, width) = (neuron.tokens.len(), neuron.width());
        let all: Vec<f32> = (0..n).flat_map(|key| neuron.products(key)).collect();
        let most = largest(&all);
        let shades = Shades::new(palette, Look::default(), true, most, &[]);
        let colour = |x: usize, y: usize| shades.colour(all.get(y * width + x).copied().unwrap_or(0.0));
        Self { pixels: Pixels::new(fresh_key(), width.max(1), n.max(1), colour), most }
    }
}

/// The picture.
pub fn figure(neuron: &Neuron, products: &Products, palette: &Palette, layout: &Layout) -> Figure {
    let name = |i: usize| neuron.tokens.shown(i);
    let (query, key) = (name(neuron.query), name(neuron.key));
    let title = format!("{}: {query} \u{2192} {key}", head_name(neuron.layer, neuron.head));
    let mut figure = Figure::new(layout.width, layout.height(), palette, title);
    let both = neuron.products(neuron.key);
    let strips = [("q", query.as_str(), &neuron.q[..]), ("k", &key, neuron.k(neuron.key)), ("q\u{d7}k", "", &both)];
    for (i, (letter, token, values)) in strips.into_iter().enumerate() {
        let area = layout.strip(i);
        let middle = area.y + area.h / 2.0;
        figure.token([0.0, middle], letter, size::BODY, palette.muted, Anchor::Start);
        let token = fit(token, size::BODY, LABEL - 40.0);
        figure.token([LABEL, middle], token, size::BODY, palette.text, Anchor::End);
        let most = largest(values);
        let shades = Shades::new(palette, Look::default(), true, most, &[]);
        let colour = |x: usize, _| shades.colour(values.get(x).copied().unwrap_or(0.0));
        let pixels = Pixels::new(fresh_key(), values.len().max(1), 1, colour);
        figure.marks.push(Mark::Image { area, pixels });
        figure.marks.push(Mark::Ring { area, colour: palette.line, width: 1.0 });
        let scale = format!("\u{b1}{}", number(most.into()));
        figure.token([layout.width - 4.0, middle], scale, size::SMALL, palette.muted, Anchor::End);
    }
    steps(&mut figure, neuron, palette, layout);
    rows(&mut figure, neuron, products, palette, layout);
    figure
}

/// From the dot product to the weight, number by number.
fn steps(figure: &mut Figure, neuron: &Neuron, palette: &Palette, layout: &Layout) {
    let step = &neuron.steps[neuron.key];
    let hidden = step.score.is_none();
    // Less a number below zero is more.
    let sign = if neuron.largest < 0.0 { "+" } else { "\u{2212}" };
    let less = format!("{sign} {}", number(neuron.largest.abs().into()));
    let score = step.score.map_or_else(|| "\u{2212}\u{221e}".to_owned(), |s| number(s.into()));
    let shifted = step.score.map_or(f64::NEG_INFINITY, |s| f64::from(s - neuron.largest));
    let scaled = number(step.dot / neuron.scale());
    let cells = [
        ("sum of q\u{d7}k".to_owned(), number(step.dot), "q\u{b7}k".to_owned()),
        (format!("\u{f7} \u{221a}{}", layout.dims), scaled, "scaled".to_owned()),
        ("mask".to_owned(), score, if hidden { "hidden" } else { "open" }.to_owned()),
        (less, number(shifted), "less max".to_owned()),
        ("exp".to_owned(), number(step.exp), String::new()),
        (format!("\u{f7} {}", number(neuron.sum)), weight(step.probability), "over sum".to_owned()),
    ];
    let wide = layout.width / cells.len() as f32;
    for (i, (what, value, note)) in cells.into_iter().enumerate() {
        let area = Area { x: i as f32 * wide, y: STEPS, w: wide - 14.0, h: STEP - 10.0 };
        let is_last = i == 5;
        figure.marks.push(Mark::Ring { area, colour: if is_last { palette.accent } else { palette.line }, width: 1.0 });
        let middle = area.x + area.w / 2.0;
        figure.caption([middle, area.y + 10.0], what, palette.muted, Anchor::Middle);
        let ink = if is_last { palette.accent } else { palette.text };
        figure.token([middle, area.y + 26.0], value, size::BODY, ink, Anchor::Middle);
        figure.caption([middle, area.y + 42.0], note, palette.muted, Anchor::Middle);
        if !is_last {
            let at = [area.x + area.w + 7.0, area.y + area.h / 2.0];
            figure.caption(at, "\u{2192}", palette.muted, Anchor::Middle);
        }
    }
}

/// Every key of the row: products by dimension, dot product, score and probability.
fn rows(figure: &mut Figure, neuron: &Neuron, products: &Products, palette: &Palette, layout: &Layout) {
    let strip = layout.products();
    let (dot, score) = (strip.x + strip.w + 8.0 + NUMBER, strip.x + strip.w + 8.0 + 2.0 * NUMBER);
    let bar = score + 16.0;
    let head = FIRST - 12.0;
    figure.caption([LABEL, head], "key", palette.muted, Anchor::End);
    figure.caption([strip.x, head], "q\u{d7}k, dimension by dimension", palette.muted, Anchor::Start);
    figure.caption([dot, head], "q\u{b7}k", palette.muted, Anchor::End);
    figure.caption([score, head], "score", palette.muted, Anchor::End);
    figure.caption([bar, head], "probability", palette.muted, Anchor::Start);
    let row = layout.row(neuron.key);
    figure.marks.push(Mark::Fill { area: row, colour: palette.raised });
    figure.marks.push(Mark::Image { area: strip, pixels: products.pixels.clone() });
    // A key's pixels fill its row; what is painted over them sets it apart from its neighbours.
    for key in 0..layout.n {
        let Area { y, h, .. } = layout.row(key);
        let colour = if key == neuron.key { palette.raised } else { palette.background };
        for y in [y, y + h - GAP] {
            figure.marks.push(Mark::Fill { area: Area { y, h: GAP, ..strip }, colour });
        }
    }
    let scale = format!("\u{b1}{}", number(products.most.into()));
    let legend =
        format!("Blue below zero, orange above, square root. Strips have scales of their own, all keys {scale}.");
    figure.caption([4.0, layout.height() - 14.0], legend, palette.muted, Anchor::Start);
    for (key, step) in neuron.steps.iter().enumerate() {
        let y = layout.row(key).y + ROW / 2.0;
        let special = neuron.tokens.pieces[key].special;
        let ink = if special || step.score.is_none() { palette.muted } else { palette.text };
        let token = fit(&neuron.tokens.shown(key), size::BODY, LABEL - 4.0);
        figure.token([LABEL, y], token, if special { size::SMALL } else { size::BODY }, ink, Anchor::End);
        figure.token([dot, y], number(step.dot), size::SMALL, ink, Anchor::End);
        let value = step.score.map_or_else(|| "masked".to_owned(), |s| number(s.into()));
        figure.token([score, y], value, size::SMALL, ink, Anchor::End);
        let track = Area { x: bar, y: y - 4.0, w: BAR, h: 8.0 };
        let behind = if key == neuron.key { palette.background } else { palette.raised };
        figure.marks.push(Mark::Fill { area: track, colour: behind });
        let filled = Area { w: BAR * step.probability.clamp(0.0, 1.0), ..track };
        figure.marks.push(Mark::Fill { area: filled, colour: palette.accent });
        figure.token([bar + BAR + 8.0, y], weight(step.probability), size::SMALL, ink, Anchor::Start);
    }
}

/// The largest magnitude, 1 where there is none.
fn largest(values: &[f32]) -> f32 {
    let most = values.iter().filter(|v| v.is_finite()).fold(0.0, |m: f32, v| m.max(v.abs()));
    if most > 0.0 { most } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits() {
        for (x, written) in [
            (0.0, "0.00"),
            (12.345, "12.3"),
            (-0.012_34, "\u{2212}0.0123"),
            (1234.5, "1234"),
            (f64::NEG_INFINITY, "\u{2212}\u{221e}"),
        ] {
            assert_eq!(number(x), written);
        }
    }

    #[test]
    fn a_point_finds_the_dimension_drawn_there() {
        let layout = Layout { width: 600.0, n: 9, dims: 32 };
        let strip = layout.strip(1);
        assert_eq!(layout.dimension(strip, strip.x + 1.0), Some(0));
        assert_eq!(layout.dimension(strip, strip.x + strip.w - 1.0), Some(31));
        assert_eq!(layout.dimension(strip, strip.x - 1.0), None);
        let products = layout.products();
        let row = layout.row(4);
        assert_eq!(layout.product_at(products.x + products.w * 0.5 + 0.1, row.y + 3.0), Some((4, 16)));
        assert_eq!(layout.product_at(products.x + 1.0, layout.height()), None);
        assert!(layout.row(8).y + ROW <= layout.height());
    }
}
