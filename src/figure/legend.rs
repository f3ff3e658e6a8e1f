//! The colour bar under a picture: numbers at its ends and its middle, and what they are.

use super::shades::{Scale, Shades};
use super::{Anchor, Area, Figure, Mark, Palette, Pixels, mono_width, short, size};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Points that the bar is wide.
const WIDTH: usize = 96;
/// Between lines after the bar.
const LINE: f32 = 15.0;

/// What the numbers at a bar are.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    /// The largest, where it is not a number that holds for the whole picture: "max".
    pub most: Option<String>,
    /// What is written after the bar, line by line.
    pub lines: Vec<String>,
}

/// Draws the bar from `at`, its left end and middle height; it takes 30 points of height, and a third line after it 15 more.
pub fn draw(figure: &mut Figure, palette: &Palette, at: [f32; 2], shades: &Shades, note: &Note) {
    let [x, y] = at;
    let signed = shades.is_signed();
    let (low, high, middle) = numbers(shades, note.most.as_deref());
    figure.token([x, y], low.as_str(), size::SMALL, palette.muted, Anchor::Start);
    let start = x + mono_width(&low, size::SMALL).max(8.0) + 6.0;
    let part = |i: usize| i as f32 / (WIDTH - 1) as f32;
    let colour = |i: usize| shades.along(if signed { 2.0 * part(i) - 1.0 } else { part(i) });
    let mut hasher = DefaultHasher::new();
    (palette.dark, signed).hash(&mut hasher);
    (0..WIDTH).for_each(|i| colour(i).hash(&mut hasher));
    let pixels = Pixels::new(hasher.finish() >> 8 | 1 << 59, WIDTH, 1, |i, _| colour(i));
    figure.marks.push(Mark::Image { area: Area { x: start, y: y - 5.0, w: WIDTH as f32, h: 10.0 }, pixels });
    let half = start + WIDTH as f32 * 0.5;
    figure.marks.push(Mark::Fill { area: Area { x: half, y: y + 5.0, w: 1.0, h: 3.0 }, colour: palette.muted });
    figure.token([half, y + 15.0], middle, size::SMALL, palette.muted, Anchor::Middle);
    let end = start + WIDTH as f32 + 6.0;
    figure.token([end, y], high.as_str(), size::SMALL, palette.muted, Anchor::Start);
    let after = end + mono_width(&high, size::SMALL) + 8.0;
    for (i, line) in note.lines.iter().enumerate() {
        figure.caption([after, y + i as f32 * LINE], line.as_str(), palette.muted, Anchor::Start);
    }
}

/// The numbers at the low end, the high end and in the middle.
fn numbers(shades: &Shades, most: Option<&str>) -> (String, String, String) {
    let half = |top: &str| match shades.scale() {
        Scale::Linear => format!("{top}/2"),
        Scale::Root => format!("{top}/4"),
        Scale::Log => format!("{top}/100"),
        Scale::Rank => "median".to_owned(),
    };
    let high = most.map_or_else(|| short(shades.value(1.0)), str::to_owned);
    if shades.is_signed() {
        return (format!("\u{2212}{high}"), high, "0".to_owned());
    }
    let low = if matches!(shades.scale(), Scale::Log | Scale::Rank) { short(shades.value(0.0)) } else { "0".into() };
    let middle = most.map_or_else(|| short(shades.value(0.5)), half);
    (low, high, middle)
}

#[cfg(test)]
mod tests {
    use super::super::shades::Look;
    use super::*;

    #[test]
    fn the_numbers_say_what_the_colours_stand_for() {
        let of = |scale, signed, most| {
            let shades = Shades::new(Palette::of(true), Look { scale, ..Look::default() }, signed, 1.0, &[]);
            let (low, high, middle) = numbers(&shades, most);
            [low, middle, high]
        };
        assert_eq!(of(Scale::Root, false, None), ["0", "0.25", "1"]);
        assert_eq!(of(Scale::Linear, false, None), ["0", "0.5", "1"]);
        assert_eq!(of(Scale::Log, false, None), ["0.0001", "0.01", "1"]);
        assert_eq!(of(Scale::Root, false, Some("max")), ["0", "max/4", "max"]);
        assert_eq!(of(Scale::Root, true, None), ["\u{2212}1", "0", "1"]);
    }
}
