//! Figures as SVG and PNG.

use super::reading::Reading;
use crate::analysis::filter::Filter;
use crate::analysis::meaning::Weights;
use crate::analysis::sift::Sifted;
use crate::error::{Error, Result};
use crate::figure::order::Order;
use crate::figure::pyramid::{Pool, Pyramid};
use crate::figure::{Anchor, Area, Colour, Figure, Mark, Palette, grid, heatmap};
use resvg::{tiny_skia, usvg};
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

/// Pixels of a PNG per point of the figure.
pub const SCALE: f32 = 2.0;

/// The picture of a run as the window draws it: the grid of all heads, or one head, as far as they pass the filter.
pub fn of_run(weights: &Arc<Weights>, head: Option<(usize, usize)>, reading: &Reading, palette: &Palette) -> Figure {
    match head {
        None => {
            let width = 28.0 + weights.heads() as f32 * 48.0;
            let layout = grid::Layout::new(weights.layers(), weights.heads(), width, grid::USUAL);
            let sifted = Sifted::new(weights.clone(), reading.filter.unwrap_or_else(Filter::nothing));
            let pyramid = Pyramid::of(&sifted, Pool::Max);
            let order = Order::model(weights.layers(), weights.heads());
            let grid = grid::Grid { sifted: &sifted, pyramid: &pyramid, order: &order, stretch: false };
            grid::figure(&grid, palette, &layout, SCALE)
        }
        Some((layer, head)) => {
            let shown = reading.picture(weights, (layer, head));
            let (title, label) = (reading.title((layer, head)), weights.label());
            let matrix = heatmap::Matrix {
                meaning: &label,
                unit: weights.unit() * reading.most(),
                signed: weights.meaning.is_signed(),
                ..heatmap::Matrix::new(&shown.tokens, &shown.weights, &title)
            };
            heatmap::figure(&matrix, palette, &heatmap::Layout::new(&shown.tokens, 900.0, 1000.0))
        }
    }
}

/// A figure as SVG text.
pub fn svg(figure: &Figure) -> Result<String> {
    let mut out = String::new();
    let (w, h) = (figure.width, figure.height);
    // Writing to a string cannot fail; `?` would need an error that never comes.
    let _ = writeln!(out, r#"<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" viewBox="0 0 {w} {h}">"#);
    let _ = writeln!(out, "<title>{}</title>", escaped(&figure.title));
    let _ = writeln!(out, r#"<rect width="{w}" height="{h}" {}/>"#, fill(figure.background));
    for mark in &figure.marks {
        let _ = writeln!(out, "{}", element(mark)?);
    }
    out.push_str("</svg>\n");
    Ok(out)
}

/// A figure as the bytes of a PNG file, `scale` pixels to the point.
pub fn png(figure: &Figure, scale: f32) -> Result<Vec<u8>> {
    let pixmap = rasterise(figure, scale)?;
    pixmap.encode_png().map_err(|e| Error::input(format!("the picture could not be encoded: {e}")))
}

/// A figure as `(width, height, RGBA)`, for the clipboard.
pub fn rgba(figure: &Figure, scale: f32) -> Result<(usize, usize, Vec<u8>)> {
    let pixmap = rasterise(figure, scale)?;
    Ok((pixmap.width() as usize, pixmap.height() as usize, pixmap.take_demultiplied()))
}

fn rasterise(figure: &Figure, scale: f32) -> Result<tiny_skia::Pixmap> {
    let failed = |what: String| Error::input(format!("the picture could not be drawn: {what}"));
    let options = usvg::Options { fontdb: FONTS.clone(), font_family: "Inter".into(), ..Default::default() };
    let tree = usvg::Tree::from_str(&svg(figure)?, &options).map_err(|e| failed(e.to_string()))?;
    let (width, height) = ((figure.width * scale).ceil() as u32, (figure.height * scale).ceil() as u32);
    let mut pixmap = tiny_skia::Pixmap::new(width, height)
        .ok_or_else(|| failed(format!("{width} x {height} pixels are too many")))?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    Ok(pixmap)
}

static FONTS: LazyLock<Arc<usvg::fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = usvg::fontdb::Database::new();
    for font in crate::figure::fonts::ALL {
        fonts.load_font_data(font.to_vec());
    }
    Arc::new(fonts)
});

fn element(mark: &Mark) -> Result<String> {
    Ok(match mark {
        Mark::Fill { area, colour } => format!("<rect {} {}/>", place(*area), fill(*colour)),
        Mark::Ring { area, colour, width } => {
            let half = width / 2.0;
            let inner = Area { x: area.x + half, y: area.y + half, w: area.w - width, h: area.h - width };
            format!(r#"<rect {} fill="none" {} stroke-width="{width}"/>"#, place(inner), stroke(*colour))
        }
        Mark::Image { area, pixels } => {
            let data = base64(&encode(pixels.width, pixels.height, &pixels.rgb)?);
            format!(
                r#"<image {} preserveAspectRatio="none" image-rendering="pixelated" style="image-rendering:pixelated" href="data:image/png;base64,{data}"/>"#,
                place(*area)
            )
        }
        Mark::Curve { from: [x0, y0], to: [x1, y1], width, colour, dash, down } => {
            let (x, y) = (f32::midpoint(*x0, *x1), f32::midpoint(*y0, *y1));
            let bends = if *down { format!("{x0} {y} {x1} {y}") } else { format!("{x} {y0} {x} {y1}") };
            let dash = dash.lengths().map(|[stroke, gap]| format!(r#" stroke-dasharray="{stroke} {gap}""#));
            format!(
                r#"<path d="M{x0} {y0}C{bends} {x1} {y1}" fill="none" {} stroke-width="{width}"{}/>"#,
                stroke(*colour),
                dash.unwrap_or_default()
            )
        }
        Mark::Line { from: [x0, y0], to: [x1, y1], width, colour } => {
            format!(r#"<path d="M{x0} {y0}L{x1} {y1}" fill="none" {} stroke-width="{width}"/>"#, stroke(*colour))
        }
        Mark::Dot { at: [x, y], radius, colour } => {
            format!(r#"<circle cx="{x}" cy="{y}" r="{radius}" {}/>"#, fill(*colour))
        }
        Mark::Text { at: [x, y], text, size, colour, anchor, mono, upright } => {
            let anchor = match anchor {
                Anchor::Start => "start",
                Anchor::Middle => "middle",
                Anchor::End => "end",
            };
            let family = if *mono { "JetBrains Mono, Droid Sans Fallback" } else { "Inter, Droid Sans Fallback" };
            let turn = if *upright { format!(r#" transform="rotate(-90 {x} {y})""#) } else { String::new() };
            // The middle of lower-case letters stands about a third of the size above the baseline.
            format!(
                r#"<text x="{x}" y="{y}" dy="0.35em" font-size="{size}" font-family="{family}" text-anchor="{anchor}" xml:space="preserve" {}{turn}>{}</text>"#,
                fill(*colour),
                escaped(text)
            )
        }
        // A picture in a picture shows nothing beyond its edge.
        Mark::Clip { area, marks } => {
            let Area { x, y, w, h } = area;
            let inner = marks.iter().map(element).collect::<Result<Vec<_>>>()?.join("\n");
            format!("<svg {} viewBox=\"{x} {y} {w} {h}\" overflow=\"hidden\">\n{inner}\n</svg>", place(*area))
        }
    })
}

fn place(Area { x, y, w, h }: Area) -> String {
    format!(r#"x="{x}" y="{y}" width="{w}" height="{h}""#)
}

fn fill(colour: Colour) -> String {
    paint("fill", colour)
}

fn stroke(colour: Colour) -> String {
    paint("stroke", colour)
}

fn paint(what: &str, Colour(r, g, b, a): Colour) -> String {
    let opacity = if a == 255 { String::new() } else { format!(r#" {what}-opacity="{:.3}""#, f32::from(a) / 255.0) };
    format!(r##"{what}="#{r:02x}{g:02x}{b:02x}"{opacity}"##)
}

/// Text as XML allows it; characters that XML 1.0 forbids are left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

fn encode(width: usize, height: usize, rgb: &[u8]) -> Result<Vec<u8>> {
    let failed = |e: png::EncodingError| Error::input(format!("the picture could not be encoded: {e}"));
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width as u32, height as u32);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(rgb).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(out)
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().enumerate().fold(0u32, |w, (i, &b)| w | u32::from(b) << (16 - 8 * i));
        for i in 0..4 {
            let index = (word >> (18 - 6 * i)) as usize & 63;
            out.push(if i <= chunk.len() { ALPHABET[index] as char } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Pixels;

    #[test]
    fn base64_agrees_with_the_examples_of_rfc_4648() {
        for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn characters_that_xml_forbids_are_left_out() {
        let palette = Palette::of(false);
        let figure = Figure::new(4.0, 2.0, palette, "a\u{0}\u{b}\u{1f}\u{85}\u{fffe}\u{ffff}\u{fffd}\u{1fffe}<b");
        assert!(svg(&figure).expect("it writes").contains("<title>a\u{fffd}\u{1fffe}&lt;b</title>"));
        assert!(png(&figure, 1.0).is_ok());
    }

    #[test]
    fn nothing_is_drawn_beyond_the_edge_of_a_part() {
        let palette = Palette::of(false);
        let mut figure = Figure::new(40.0, 20.0, palette, "a part");
        let wide = Area { x: -50.0, y: -50.0, w: 200.0, h: 200.0 };
        let marks = vec![Mark::Fill { area: wide, colour: palette.accent }];
        figure.marks.push(Mark::Clip { area: Area { x: 10.0, y: 5.0, w: 20.0, h: 10.0 }, marks });
        let (width, _, rgba) = rgba(&figure, 1.0).expect("it draws");
        let at = |x: usize, y: usize| {
            Colour(rgba[(y * width + x) * 4], rgba[(y * width + x) * 4 + 1], rgba[(y * width + x) * 4 + 2], 255)
        };
        for (x, y, is_inside) in
            [(9, 10, false), (10, 5, true), (29, 14, true), (30, 10, false), (20, 4, false), (20, 15, false)]
        {
            assert_eq!(at(x, y), if is_inside { palette.accent } else { palette.background }, "{x} {y}");
        }
    }

    #[test]
    fn a_png_shows_cells_where_the_figure_puts_them() {
        let palette = Palette::of(false);
        let mut figure = Figure::new(40.0, 20.0, palette, "<two cells>");
        let pixels = Pixels::new(1, 2, 1, |x, _| if x == 0 { palette.accent } else { palette.text });
        figure.marks.push(Mark::Image { area: Area { x: 10.0, y: 5.0, w: 20.0, h: 10.0 }, pixels });
        let (width, height, rgba) = rgba(&figure, 2.0).expect("it draws");
        assert_eq!((width, height), (80, 40));
        let at = |x: usize, y: usize| {
            let p = &rgba[(y * width + x) * 4..][..4];
            Colour(p[0], p[1], p[2], p[3])
        };
        assert_eq!(at(2, 2), palette.background);
        assert_eq!(at(22, 12), palette.accent);
        assert_eq!(at(38, 28), palette.accent, "cells are not smoothed");
        assert_eq!(at(42, 28), palette.text);
        assert!(svg(&figure).expect("it writes").contains("&lt;two cells&gt;"));
    }
}
