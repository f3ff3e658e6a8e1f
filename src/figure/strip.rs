//! Units over time: a row to each unit, a column to each step, and the tokens along them.

use super::legend::{self, Note};
use super::shades::{Look, Shades};
use super::{Anchor, Area, Colour, Figure, Mark, Palette, Pixels, fresh_key, mono_width, size};
use crate::array::Array;
use crate::text::Piece;

/// The widest and the highest that the plot gets, in points.
const WIDEST: f32 = 1600.0;
const HIGHEST: f32 = 640.0;
/// Room for the numbers of units, and for tokens and the legend.
const LEFT: f32 = 44.0;
const MARGIN: f32 = 12.0;
const LEGEND: f32 = 44.0;

/// Draws values `[time, unit]`. Colours are symmetric about 0 where any value is negative; the largest magnitude has full
/// colour.
pub fn draw(values: &Array, tokens: &[Piece], title: &str, palette: &Palette) -> Figure {
    let (times, units) = (values.len_of("time").max(1), values.shape().last().copied().unwrap_or(1).max(1));
    let finite = || values.data().iter().copied().filter(|x| x.is_finite());
    let signed = finite().any(|x| x < 0.0);
    let most = finite().fold(0.0, |most: f32, x| most.max(x.abs())).max(f32::MIN_POSITIVE);
    let width = (times as f32 * 12.0).clamp(240.0, WIDEST);
    let height = (units as f32 * 8.0).clamp(64.0, HIGHEST);
    let column = width / times as f32;
    let longest = tokens.iter().map(|t| mono_width(&shown(t), size::SMALL)).fold(8.0, f32::max).min(96.0);
    let plot = Area { x: LEFT, y: MARGIN, w: width, h: height };
    let below = plot.bottom() + longest + 10.0;
    let mut figure = Figure::new(plot.right() + MARGIN, below + LEGEND, palette, title);
    let shades = Shades::new(palette, Look::default(), signed, most, &[]);
    let colour = |x: f32| if x.is_finite() { shades.colour(x) } else { palette.error };
    // More steps or units than points: each point shows the value of the largest magnitude under it.
    let (across, down) = (times.min(width as usize), units.min(height as usize));
    let pixels = Pixels::new(fresh_key(), across, down, |x, y| strongest(values, (x, across), (y, down), &colour));
    figure.marks.push(Mark::Image { area: plot, pixels });
    for unit in (0..units).step_by(units.div_ceil(8).max(1)) {
        let y = plot.y + (unit as f32 + 0.5) * height / units as f32;
        figure.token([LEFT - 6.0, y], unit.to_string(), size::SMALL, palette.muted, Anchor::End);
    }
    let every = (14.0 / column).ceil().max(1.0) as usize;
    for (step, token) in tokens.iter().enumerate().step_by(every) {
        let at = [plot.x + (step as f32 + 0.5) * column, plot.bottom() + 4.0];
        let text = super::fit(&shown(token), size::SMALL, 96.0);
        let (colour, anchor) = (palette.text, Anchor::End);
        figure.marks.push(Mark::Text { at, text, size: size::SMALL, colour, anchor, mono: true, upright: true });
    }
    let note = Note { most: None, lines: vec![title.to_owned()] };
    legend::draw(&mut figure, palette, [LEFT, below + 10.0], &shades, &note);
    figure
}

/// A token as it is written on screen; white space has signs of its own.
fn shown(token: &Piece) -> String {
    match token.piece.as_str() {
        " " => "\u{b7}".to_owned(),
        "\n" => "\u{23ce}".to_owned(),
        "\t" => "\u{21e5}".to_owned(),
        "\r" => "\u{240d}".to_owned(),
        other => other.to_owned(),
    }
}

/// The colour of a point among so many of each axis.
fn strongest(values: &Array, x: (usize, usize), y: (usize, usize), colour: &impl Fn(f32) -> Colour) -> Colour {
    let range = |(i, of): (usize, usize), n: usize| i * n / of..((i + 1) * n / of).max(i * n / of + 1).min(n);
    let mut most = 0f32;
    for step in range(x, values.shape()[0]) {
        for value in &values.block(&[step])[range(y, values.shape()[1])] {
            if !value.is_finite() {
                return colour(*value);
            }
            if value.abs() > most.abs() {
                most = *value;
            }
        }
    }
    colour(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_a_pixel_for_every_value_and_says_what_is_broken() {
        let values = Array::new(&["time", "unit"], &[3, 2], vec![0.0, 1.0, -1.0, 0.0, f32::NAN, 0.5]).expect("it fits");
        let palette = Palette::of(false);
        let figure = draw(&values, &[], "forward.0.cell", palette);
        let Some(Mark::Image { pixels, .. }) = figure.marks.first() else { panic!("pixels come first") };
        assert_eq!((pixels.width, pixels.height), (3, 2));
        let pixel = |x: usize, y: usize| &pixels.rgb[(y * 3 + x) * 3..][..3];
        let Colour(r, g, b, _) = palette.background;
        assert_eq!(pixel(0, 0), [r, g, b], "0 looks like nothing");
        let Colour(r, g, b, _) = palette.error;
        assert_eq!(pixel(2, 0), [r, g, b]);
        assert_ne!(pixel(0, 1), pixel(1, 0), "signs differ");
    }
}
