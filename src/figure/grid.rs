//! All layers by heads as thumbnails, on one fixed scale.

use super::{Anchor, Area, Figure, Mark, Palette, Pixels, fresh_key, size};
use crate::analysis::meaning::Weights;

/// Where the thumbnails are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Layout {
    /// Rows.
    pub layers: usize,
    /// Columns.
    pub heads: usize,
    /// Width and height of one thumbnail.
    pub cell: f32,
    /// The first thumbnail's left and top edge.
    pub origin: [f32; 2],
}

/// The usual size of a thumbnail.
pub const USUAL: f32 = 44.0;
const GAP: f32 = 4.0;
const LABELS: f32 = 28.0;
const TOP: f32 = 20.0;
const KEY: f32 = 40.0;

impl Layout {
    /// Thumbnails that fill `width`, from 8 to `most` points wide.
    pub fn new(layers: usize, heads: usize, width: f32, most: f32) -> Self {
        let fitting = (width - LABELS) / heads.max(1) as f32 - GAP;
        Self { layers, heads, cell: fitting.clamp(8.0, most.max(8.0)).floor(), origin: [LABELS, TOP] }
    }

    /// The largest thumbnails of which `layers` rows fit `height`, the key included.
    pub fn most_in(layers: usize, height: f32) -> f32 {
        (height - TOP - KEY) / layers.max(1) as f32 - GAP
    }

    /// The thumbnail of a head.
    pub fn area(&self, layer: usize, head: usize) -> Area {
        let step = self.cell + GAP;
        Area {
            x: self.origin[0] + head as f32 * step,
            y: self.origin[1] + layer as f32 * step,
            w: self.cell,
            h: self.cell,
        }
    }

    /// The size of the picture.
    pub fn size(&self) -> [f32; 2] {
        let step = self.cell + GAP;
        [self.origin[0] + self.heads as f32 * step, self.origin[1] + self.layers as f32 * step + KEY]
    }
}

/// The grid of a run under a meaning. `scale` is how many pixels a point has; `stretch` gives every head its own maximum. Thumbnails with more cells than pixels show the
/// largest weight under each pixel, so that thin stripes survive; the key says so.
pub fn figure(weights: &Weights, palette: &Palette, layout: &Layout, scale: f32, stretch: bool) -> Figure {
    let [width, height] = layout.size();
    let title = format!("Attention of {} layers x {} heads", layout.layers, layout.heads);
    let mut figure = Figure::new(width, height, palette, title);
    for head in 0..layout.heads {
        // Where thumbnails are narrower than their labels, only every second or fourth is written.
        let every = if layout.cell >= 22.0 {
            1
        } else if layout.cell >= 12.0 {
            2
        } else {
            4
        };
        if head % every == 0 {
            let area = layout.area(0, head);
            let at = [area.x + area.w / 2.0, area.y - 10.0];
            figure.token(at, format!("H{head}"), size::SMALL, palette.muted, Anchor::Middle);
        }
    }
    for layer in 0..layout.layers {
        let area = layout.area(layer, 0);
        let every = if layout.cell >= 12.0 { 1 } else { 2 };
        if layer % every == 0 {
            let at = [area.x - 6.0, area.y + area.h / 2.0];
            figure.token(at, format!("L{layer}"), size::SMALL, palette.muted, Anchor::End);
        }
    }
    let n = weights.run.tokens.len();
    let pixels = ((layout.cell * scale).round() as usize).max(1);
    figure.marks.push(Mark::Image {
        area: Area {
            x: layout.origin[0],
            y: layout.origin[1],
            w: layout.heads as f32 * (layout.cell + GAP),
            h: layout.layers as f32 * (layout.cell + GAP),
        },
        pixels: atlas(weights, palette, layout, pixels, scale, stretch),
    });
    for layer in 0..layout.layers {
        for head in 0..layout.heads {
            figure.marks.push(Mark::Ring { area: layout.area(layer, head), colour: palette.line, width: 1.0 });
        }
    }
    let scale = if stretch { KeyScale::Stretched } else { KeyScale::Fixed };
    key(&mut figure, palette, [layout.origin[0], height - KEY + 16.0], scale, n > pixels);
    figure
}

/// What the end of a colour key stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyScale {
    /// A weight of 1.
    Fixed,
    /// The largest weight of each head.
    Stretched,
}

/// The colour key "0 -> 1" of the attention scale.
pub(super) fn key(figure: &mut Figure, palette: &Palette, at: [f32; 2], scale: KeyScale, pooled: bool) {
    let [x, y] = at;
    figure.token([x, y], "0", size::SMALL, palette.muted, Anchor::Start);
    let steps = 96;
    // The bar is linear in the weight's square root, as the colours are.
    let pixels = Pixels::new(u64::from(palette.dark), steps, 1, |i, _| {
        palette.attention((i as f32 / (steps - 1) as f32).powi(2))
    });
    figure.marks.push(Mark::Image { area: Area { x: x + 14.0, y: y - 5.0, w: steps as f32, h: 10.0 }, pixels });
    let half = x + 14.0 + steps as f32 * 0.5;
    figure.marks.push(Mark::Fill { area: Area { x: half, y: y + 5.0, w: 1.0, h: 3.0 }, colour: palette.muted });
    let (middle, most, note) = match scale {
        KeyScale::Fixed => ("0.25", "1", "square root, same for all heads"),
        KeyScale::Stretched => ("max/4", "max", "square root, each head to its own maximum"),
    };
    let note = if pooled { note.replacen(", ", "; maximum per pixel, ", 1) } else { note.to_owned() };
    figure.token([half, y + 15.0], middle, size::SMALL, palette.muted, Anchor::Middle);
    let end = x + 14.0 + steps as f32 + 6.0;
    figure.token([end, y], most, size::SMALL, palette.muted, Anchor::Start);
    let after = end + super::mono_width(most, size::SMALL) + 8.0;
    figure.caption([after, y], note, palette.muted, Anchor::Start);
}

/// All thumbnails in one picture, gaps included: one texture for the whole model.
fn atlas(weights: &Weights, palette: &Palette, layout: &Layout, cell: usize, scale: f32, stretch: bool) -> Pixels {
    let step = ((layout.cell + GAP) * scale).round() as usize;
    let (width, height) = (layout.heads * step, layout.layers * step);
    let colour = palette.attention_scale();
    let back = palette.background;
    let mut rgb: Vec<u8> = [back.0, back.1, back.2].repeat(width * height);
    let n = weights.run.tokens.len();
    for layer in 0..layout.layers {
        for head in 0..layout.heads {
            let values = weights.head(layer, head);
            if values.len() != n * n {
                continue;
            }
            let small = shrink(&values, n, cell);
            let largest = small.iter().copied().filter(|w| w.is_finite()).fold(0.0, f32::max);
            let unit = if stretch && largest > 0.0 { largest } else { 1.0 };
            for (row, line) in small.chunks_exact(cell).enumerate() {
                let start = ((layer * step + row) * width + head * step) * 3;
                for (pixel, &w) in rgb[start..][..cell * 3].chunks_exact_mut(3).zip(line) {
                    let c = colour(w / unit);
                    pixel.copy_from_slice(&[c.0, c.1, c.2]);
                }
            }
        }
    }
    Pixels { key: fresh_key(), width, height, rgb: rgb.into() }
}

/// An `n` by `n` matrix on `cell` by `cell` pixels: repeated where it is smaller, the maximum where it is larger.
pub(super) fn shrink(weights: &[f32], n: usize, cell: usize) -> Vec<f32> {
    let span = |i: usize| {
        let from = i * n / cell;
        from..((i + 1) * n).div_ceil(cell).min(n).max(from + 1)
    };
    let mut out = Vec::with_capacity(cell * cell);
    if n <= cell {
        for y in 0..cell {
            let row = &weights[y * n / cell * n..][..n];
            out.extend((0..cell).map(|x| row[x * n / cell]));
        }
        return out;
    }
    // Columns first, then rows: every weight is looked at once or twice.
    let mut columns = Vec::with_capacity(n * cell);
    for row in weights.chunks_exact(n) {
        columns.extend((0..cell).map(|x| row[span(x)].iter().fold(f32::NEG_INFINITY, |m, &w| larger(m, w))));
    }
    for y in 0..cell {
        for x in 0..cell {
            out.push(span(y).fold(f32::NEG_INFINITY, |m, r| larger(m, columns[r * cell + x])));
        }
    }
    out
}

/// The larger of two weights; what is not a number wins, so that it is seen.
fn larger(a: f32, b: f32) -> f32 {
    if a.is_nan() || a > b { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thumbnails_fill_the_width_and_stay_apart() {
        let layout = Layout::new(4, 8, 400.0, USUAL);
        let [width, height] = layout.size();
        assert!(width <= 400.0, "{width}");
        let (first, last) = (layout.area(0, 0), layout.area(3, 7));
        assert!(layout.area(0, 1).x >= first.x + first.w + GAP && layout.area(1, 0).y >= first.y + first.h + GAP);
        assert!(last.x + last.w <= width && last.y + last.h <= height - KEY);
    }

    #[test]
    fn a_one_pixel_stripe_survives_shrinking() {
        let n = 500;
        let mut weights = vec![0.0; n * n];
        for q in 0..n {
            weights[q * n + 333] = 0.9;
        }
        let small = shrink(&weights, n, 40);
        assert!(small.chunks(40).all(|row| row.contains(&0.9)));
        weights[7] = f32::NAN;
        assert!(shrink(&weights, n, 40).iter().any(|w| w.is_nan()));
        assert_eq!(shrink(&[0.1, 0.2, 0.3, 0.4], 2, 4)[..4], [0.1, 0.1, 0.2, 0.2]);
    }
}
