//! Pictures as values: a few kinds of mark with positions in points. The window paints them, the export writes them,
//! so that both are the same picture.

mod caption;
pub mod cells;
pub mod colour;
pub mod contour;
pub mod effects;
pub mod find;
pub mod fonts;
pub mod grid;
pub mod heatmap;
pub mod legend;
pub mod lines;
pub mod map;
pub mod neuron;
pub mod order;
pub mod part;
pub mod pyramid;
pub mod shades;
pub mod strip;
pub mod table;

pub use caption::Caption;
pub use colour::{Colour, Palette};

use rayon::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use unicode_width::UnicodeWidthStr;

/// Type sizes in points.
pub mod size {
    /// Captions and tick labels.
    pub const SMALL: f32 = 12.0;
    /// Body text and tokens.
    pub const BODY: f32 = 13.0;
    /// Headings of panels.
    pub const HEADING: f32 = 16.0;
    /// The one large line.
    pub const TITLE: f32 = 20.0;
}

/// A rectangle: left, top, width, height.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Area {
    /// Left edge.
    pub x: f32,
    /// Top edge.
    pub y: f32,
    /// Width.
    pub w: f32,
    /// Height.
    pub h: f32,
}

impl Area {
    /// Whether a point lies inside.
    pub fn contains(&self, x: f32, y: f32) -> bool {
        x >= self.x && x < self.x + self.w && y >= self.y && y < self.y + self.h
    }

    /// The same larger by so much on every side.
    pub fn grown(self, by: f32) -> Self {
        Self { x: self.x - by, y: self.y - by, w: self.w + 2.0 * by, h: self.h + 2.0 * by }
    }

    /// The right edge.
    pub fn right(&self) -> f32 {
        self.x + self.w
    }

    /// The bottom edge.
    pub fn bottom(&self) -> f32 {
        self.y + self.h
    }
}

/// Which end of a text its position is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// The left end.
    Start,
    /// The middle.
    Middle,
    /// The right end.
    End,
}

/// Pixels to be drawn without smoothing.
#[derive(Debug, Clone)]
pub struct Pixels {
    /// Distinguishes the content: equal keys mean equal pixels.
    pub key: u64,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Row-major red, green, blue.
    pub rgb: Arc<[u8]>,
}

impl PartialEq for Pixels {
    /// By what is seen: the same picture made twice has two keys.
    fn eq(&self, other: &Self) -> bool {
        (self.width, self.height, &self.rgb) == (other.width, other.height, &other.rgb)
    }
}

impl Pixels {
    /// Fills pixels from a function of `(x, y)`.
    pub fn new(key: u64, width: usize, height: usize, colour: impl Fn(usize, usize) -> Colour + Sync) -> Self {
        let mut rgb = vec![0; width * height * 3];
        rgb.par_chunks_exact_mut((width * 3).max(1)).with_min_len(32).enumerate().for_each(|(y, row)| {
            for (x, pixel) in row.as_chunks_mut().0.iter_mut().enumerate() {
                let Colour(r, g, b, _) = colour(x, y);
                *pixel = [r, g, b];
            }
        });
        Self { key, width, height, rgb: rgb.into() }
    }
}

/// A key that no other pixels of this process have.
pub fn fresh_key() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    // The small numbers are left to pixels that are the same in every picture.
    NEXT.fetch_add(1, Ordering::Relaxed) | 1 << 62
}

/// The pattern of a line: what tells categories of one colour apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Dash {
    /// Without gaps.
    #[default]
    Solid,
    /// Long strokes.
    Dashed,
    /// Short strokes.
    Dotted,
}

impl Dash {
    /// The pattern of the category `i`: the first as many as there are colours are solid.
    pub fn of(i: usize) -> Self {
        match i / colour::CATEGORIES.len() {
            0 => Self::Solid,
            1 => Self::Dashed,
            _ => Self::Dotted,
        }
    }

    /// The lengths of a stroke and of the gap after it, in points along the way from end to end; `None` without gaps.
    pub fn lengths(self) -> Option<[f32; 2]> {
        match self {
            Self::Solid => None,
            Self::Dashed => Some([8.0, 5.0]),
            Self::Dotted => Some([3.0, 4.0]),
        }
    }
}

/// One thing on a picture.
#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    /// A filled rectangle.
    Fill {
        /// Where.
        area: Area,
        /// Its colour.
        colour: Colour,
    },
    /// A rectangle's outline, drawn inside its edge.
    Ring {
        /// Where.
        area: Area,
        /// Its colour.
        colour: Colour,
        /// Its width.
        width: f32,
    },
    /// Pixels stretched over a rectangle.
    Image {
        /// Where.
        area: Area,
        /// What.
        pixels: Pixels,
    },
    /// A curve that leaves and arrives horizontally, or vertically.
    Curve {
        /// One end.
        from: [f32; 2],
        /// The other end.
        to: [f32; 2],
        /// Its width.
        width: f32,
        /// Its colour.
        colour: Colour,
        /// Its pattern.
        dash: Dash,
        /// Whether it leaves and arrives vertically.
        down: bool,
    },
    /// A straight line.
    Line {
        /// One end.
        from: [f32; 2],
        /// The other end.
        to: [f32; 2],
        /// Its width.
        width: f32,
        /// Its colour.
        colour: Colour,
    },
    /// A filled circle.
    Dot {
        /// Its middle.
        at: [f32; 2],
        /// Its radius.
        radius: f32,
        /// Its colour.
        colour: Colour,
    },
    /// One line of text.
    Text {
        /// The position of its anchor; vertically the middle of the line.
        at: [f32; 2],
        /// The text.
        text: String,
        /// Its size.
        size: f32,
        /// Its colour.
        colour: Colour,
        /// Which end is at the position.
        anchor: Anchor,
        /// Whether it is set in the monospaced face, as tokens and numbers are.
        mono: bool,
        /// Whether it is turned to read upwards.
        upright: bool,
    },
    /// Marks of which no more is seen than lies inside an area.
    Clip {
        /// What is seen of them.
        area: Area,
        /// What they are.
        marks: Vec<Self>,
    },
}

impl Mark {
    /// The same further down.
    fn lowered(mut self, by: f32) -> Self {
        match &mut self {
            Self::Fill { area, .. } | Self::Ring { area, .. } | Self::Image { area, .. } => area.y += by,
            Self::Curve { from, to, .. } | Self::Line { from, to, .. } => {
                from[1] += by;
                to[1] += by;
            }
            Self::Dot { at, .. } | Self::Text { at, .. } => at[1] += by,
            Self::Clip { area, marks } => {
                area.y += by;
                *marks = std::mem::take(marks).into_iter().map(|mark| mark.lowered(by)).collect();
            }
        }
        self
    }
}

/// A picture: marks in the order in which they are drawn, in points from the top left.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Width.
    pub width: f32,
    /// Height.
    pub height: f32,
    /// The colour behind everything.
    pub background: Colour,
    /// What is drawn.
    pub marks: Vec<Mark>,
    /// What it shows, in one line.
    pub title: String,
}

impl Figure {
    /// An empty picture.
    pub fn new(width: f32, height: f32, palette: &Palette, title: impl Into<String>) -> Self {
        Self { width, height, background: palette.background, marks: Vec::new(), title: title.into() }
    }

    /// Pictures one under the other, each under its heading where it has one.
    pub fn stacked(title: impl Into<String>, parts: Vec<(String, Self)>, palette: &Palette) -> Self {
        const HEADING: f32 = 28.0;
        let mut all = Self::new(0.0, 0.0, palette, title);
        for (heading, part) in parts {
            if !heading.is_empty() {
                all.width = all.width.max(8.0 + mono_width(&heading, size::SMALL));
                all.caption([8.0, all.height + HEADING / 2.0], heading, palette.text, Anchor::Start);
                all.height += HEADING;
            }
            let down = all.height;
            all.marks.extend(part.marks.into_iter().map(|mark| mark.lowered(down)));
            (all.width, all.height) = (all.width.max(part.width), all.height + part.height);
        }
        all
    }

    /// Draws an outline around an area, outside of it.
    pub fn ring(&mut self, area: Area, colour: Colour, width: f32) {
        self.marks.push(Mark::Ring { area: area.grown(width), colour, width });
    }

    /// Draws a token or a number.
    pub fn token(&mut self, at: [f32; 2], text: impl Into<String>, size: f32, colour: Colour, anchor: Anchor) {
        self.marks.push(Mark::Text { at, text: text.into(), size, colour, anchor, mono: true, upright: false });
    }

    /// Draws a caption.
    pub fn caption(&mut self, at: [f32; 2], text: impl Into<String>, colour: Colour, anchor: Anchor) {
        let size = size::SMALL;
        self.marks.push(Mark::Text { at, text: text.into(), size, colour, anchor, mono: false, upright: false });
    }
}

/// The width of a text in the monospaced face; wide characters come from the fallback face and take one em.
pub fn mono_width(text: &str, size: f32) -> f32 {
    let narrow = 0.6 * size;
    text.chars()
        .map(|c| match unicode_width::UnicodeWidthChar::width(c) {
            Some(2) => size,
            Some(0) | None => 0.0,
            _ => narrow,
        })
        .sum()
}

/// A text cut to fit `width` in the monospaced face, with an ellipsis where something was cut.
pub fn fit(text: &str, size: f32, width: f32) -> String {
    if mono_width(text, size) <= width {
        return text.to_owned();
    }
    let mut cut = String::new();
    for c in text.chars() {
        cut.push(c);
        if mono_width(&cut, size) + 0.6 * size > width {
            cut.pop();
            break;
        }
    }
    debug_assert!(cut.width() <= text.width(), "cutting never widens");
    cut + "\u{2026}"
}

/// A weight as it is written on screen: three decimals.
pub fn weight(x: f32) -> String {
    if x.is_finite() { format!("{x:.3}").replace('-', "\u{2212}") } else { "not a number".to_owned() }
}

/// A number with three significant digits and a real minus, without zeros at its end.
pub fn short(x: f32) -> String {
    if !x.is_finite() {
        return "not a number".to_owned();
    }
    let size = x.abs();
    let text = if size == 0.0 {
        "0".to_owned()
    } else if (1e-4..1e5).contains(&size) {
        let text = format!("{x:.*}", (2 - size.log10().floor() as i32).max(0) as usize);
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    } else {
        format!("{x:.0e}")
    };
    text.replace('-', "\u{2212}")
}

/// A count with thin spaces in thousands.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('\u{2009}');
        }
        out.push(c);
    }
    out
}

/// A share as it is written on screen.
pub fn percent(x: f32) -> String {
    format!("{:.0} %", x * 100.0)
}

/// A probability as it is written on screen: two significant digits of a percentage.
pub fn probability(p: f64) -> String {
    let percent = p * 100.0;
    let digits = if percent >= 10.0 {
        0
    } else if percent >= 1.0 {
        1
    } else {
        2
    };
    if percent > 0.0 && percent < 0.005 { "< 0.01 %".to_owned() } else { format!("{percent:.digits$} %") }
}

/// A head as it is written on screen.
pub fn head_name(layer: usize, head: usize) -> String {
    format!("L{layer}\u{b7}H{head}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_token_is_cut_to_its_column() {
        assert_eq!(fit("short", 10.0, 60.0), "short");
        let cut = fit("incomprehensibilities", 10.0, 60.0);
        assert!(cut.ends_with('\u{2026}') && mono_width(&cut, 10.0) <= 60.0, "{cut}");
        assert!(mono_width("门", 10.0) > mono_width("d", 10.0));
    }

    #[test]
    fn counts_have_thin_spaces_in_thousands() {
        assert_eq!((count(1_234_567).as_str(), count(42).as_str()), ("1\u{2009}234\u{2009}567", "42"));
    }

    #[test]
    fn short_numbers_keep_three_digits_and_no_zeros() {
        let written: Vec<String> = [0.0, 1.0, 0.25, -0.123_45, 12.34, 2500.0, 3e-7].into_iter().map(short).collect();
        assert_eq!(written, ["0", "1", "0.25", "\u{2212}0.123", "12.3", "2500", "3e\u{2212}7"]);
    }

    #[test]
    fn probabilities_keep_two_digits() {
        let written: Vec<String> = [0.941, 0.031_4, 0.001_24, 1e-9, 0.0].into_iter().map(probability).collect();
        assert_eq!(written, ["94 %", "3.1 %", "0.12 %", "< 0.01 %", "0.00 %"]);
    }
}
