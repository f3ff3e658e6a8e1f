//! Many curves as one picture, whether they run across or down. A head that reads 128 tokens shows about 4,000 weights: triangles for each of them take
//! longer than a frame to make, and a slow graphics card far longer to fill.

use super::paint::Canvas;
use super::theme;
use crate::figure::{Colour, Mark};
use egui::{Color32, ColorImage, Painter, Pos2, Rect, Vec2};
use rayon::prelude::*;
use std::hash::{DefaultHasher, Hash, Hasher};

/// A figure of fewer curves than this has them drawn as shapes.
pub const MANY: usize = 256;
/// In a figure of many, so few of one colour still are.
pub const FEW: usize = 12;

/// Columns that one thread draws at a time: their pixels stay in its cache.
const STRIPE: usize = 32;

/// A curve in pixels of the picture, as if it ran across; one that runs down is turned over. Columns are the same for
/// all.
#[derive(Clone, Copy)]
struct Curve {
    from: f32,
    to: f32,
    width: f32,
    opacity: f32,
}

/// How many of the first marks are curves of one colour and pattern from one column to another, or row to row.
pub fn count(marks: &[Mark]) -> usize {
    let columns = |mark: &Mark| match mark {
        Mark::Curve { from, to, colour: Colour(r, g, b, _), dash, down, .. } => {
            let way = usize::from(*down);
            Some((from[way], to[way], [*r, *g, *b], *dash, *down))
        }
        _ => None,
    };
    let Some(first) = marks.first().and_then(columns) else { return 0 };
    marks.iter().take_while(|m| columns(m) == Some(first)).count()
}

/// Paints the visible part of `marks`, which [`count`] has counted.
pub fn paint(painter: &Painter, canvas: &mut Canvas, marks: &[Mark], origin: Pos2) {
    let Some(&Mark::Curve { from, to, colour, dash, down, .. }) = marks.first() else { return };
    let scale = painter.pixels_per_point();
    let clip = painter.clip_rect();
    // Along the way of the curves, and across it.
    let (way, across) = (usize::from(down), usize::from(!down));
    let origin = [origin.x, origin.y];
    let (low_clip, high_clip) = if down { (clip.left(), clip.right()) } else { (clip.top(), clip.bottom()) };
    let (left, right) = ((origin[way] + from[way]) * scale, (origin[way] + to[way]) * scale);
    let (first, last) = (left.floor(), right.ceil());
    let ends = marks.iter().filter_map(|mark| match mark {
        Mark::Curve { from, to, .. } => Some([from[across], to[across]]),
        _ => None,
    });
    let [low, high] = ends.flatten().fold([f32::MAX, f32::MIN], |[low, high], y| [low.min(y - 4.0), high.max(y + 4.0)]);
    let top = (low_clip.max(origin[across] + low) * scale).floor();
    let bottom = (high_clip.min(origin[across] + high) * scale).ceil();
    if last <= first || bottom <= top {
        return;
    }
    let (columns, rows) = ((last - first) as usize, (bottom - top) as usize);

    let mut hasher = DefaultHasher::new();
    (columns, rows, [left - first, right - first].map(f32::to_bits), colour.0, colour.1, colour.2).hash(&mut hasher);
    (dash, down).hash(&mut hasher);
    let mut curves = Vec::with_capacity(marks.len());
    for mark in marks {
        let Mark::Curve { from, to, width, colour, .. } = mark else { continue };
        let y = |y: f32| (origin[across] + y) * scale - top;
        let opacity = f32::from(colour.3) / 255.0;
        let curve = Curve { from: y(from[across]), to: y(to[across]), width: width * scale, opacity };
        [curve.from, curve.to, curve.width, opacity].map(f32::to_bits).hash(&mut hasher);
        curves.push(curve);
    }
    let turn = |x: f32, y: f32| if down { Vec2::new(y, x) } else { Vec2::new(x, y) };
    let corner = Pos2::ZERO + turn(first, top) / scale;
    let rect = Rect::from_min_size(corner, turn(columns as f32, rows as f32) / scale);
    let dash = dash.lengths().map(|lengths| lengths.map(|x| x * scale));
    // The highest bit keeps clear of the keys of figures.
    canvas.picture(painter, hasher.finish() | 1 << 63, rect, || {
        let covered = cover(&curves, columns, rows, [left - first, right - first], dash);
        let shades: Vec<Color32> = (0..=255).map(|a| theme::colour(Colour(colour.0, colour.1, colour.2, a))).collect();
        let shade = |covered: f32| shades[usize::from((covered * 255.0 + 0.5) as u8)];
        if down {
            return ColorImage::new([rows, columns], covered.into_iter().map(shade).collect());
        }
        let at = |i: usize| shade(covered[i % columns * rows + i / columns]);
        ColorImage::new([columns, rows], (0..columns * rows).map(at).collect())
    });
}

/// The opacity of every pixel, column by column. Layers of one colour let through the product of what each lets
/// through, in whatever order they lie. Curves run between `ends`; where they are dashed, columns in a gap stay empty.
fn cover(curves: &[Curve], columns: usize, rows: usize, [left, right]: [f32; 2], dash: Option<[f32; 2]>) -> Vec<f32> {
    // The curve's points are x = 1.5 t (1 - t) + t^3 and y = 3 t^2 - 2 t^3 of the way. For the middle of each column:
    // how far down the curve is there, and how steep.
    let at = |column: usize| {
        let x = ((column as f32 + 0.5 - left) / (right - left)).clamp(0.0, 1.0);
        let mut t = x;
        for _ in 0..4 {
            t -= (1.5 * t * (1.0 - t) + t * t * t - x) / (1.5 - 3.0 * t + 3.0 * t * t);
        }
        let steep = 6.0 * t * (1.0 - t) / (1.5 - 3.0 * t + 3.0 * t * t);
        (t * t * (3.0 - 2.0 * t), steep / (right - left))
    };
    let path: Vec<(f32, f32)> = (0..columns).map(at).collect();
    let is_gap = |column: usize| {
        dash.is_some_and(|[stroke, gap]| (column as f32 + 0.5 - left).rem_euclid(stroke + gap) > stroke)
    };
    let gaps: Vec<bool> = (0..columns).map(is_gap).collect();
    let steepest = path.iter().fold(0f32, |most, (_, steep)| most.max(*steep));
    // The columns in which each curve is inside the picture.
    let visible: Vec<(Curve, usize, usize)> = curves
        .iter()
        .filter_map(|&curve| {
            let rise = curve.to - curve.from;
            let reach = (0.5 * curve.width + 1.0) * (1.0 + rise.abs() * steepest);
            let (low, high) = (-reach, rows as f32 + reach);
            let within =
                |limit: f32| path.partition_point(|(y, _)| (curve.from + rise * y - limit) * rise.signum() < 0.0);
            let (a, b) = if rise < 0.0 { (within(high), within(low)) } else { (within(low), within(high)) };
            let level = rise == 0.0 && (low..high).contains(&curve.from);
            let (a, b) = if rise == 0.0 { (0, if level { columns } else { 0 }) } else { (a, b) };
            (a < b).then_some((curve, a, b))
        })
        .collect();
    let mut through = vec![1f32; columns * rows];
    through.par_chunks_mut(STRIPE * rows).enumerate().for_each(|(stripe, through)| {
        let first = stripe * STRIPE;
        for &(Curve { from, to, width, opacity }, a, b) in &visible {
            let half = 0.5 * width + 0.5;
            let most = width.min(1.0);
            for column in (a.max(first)..b.min(first + through.len() / rows)).filter(|&column| !gaps[column]) {
                let (down, steep) = path[column];
                let rise = to - from;
                let y = from + rise * down;
                // Across the curve, not down the column, it fades over one pixel.
                let steep = rise * steep;
                let slant = (1.0 + steep * steep).sqrt();
                let across = 1.0 / slant;
                let reach = half * slant;
                let top = (y - reach).max(0.0) as u32 as usize;
                let bottom = ((y + reach + 1.0).max(0.0) as u32 as usize).min(rows);
                if top >= bottom {
                    continue;
                }
                let mut distance = (top as f32 + 0.5 - y) * across;
                for through in &mut through[(column - first) * rows..][top..bottom] {
                    *through *= 1.0 - opacity * (half - distance.abs()).max(0.0).min(most);
                    distance += across;
                }
            }
        }
        for t in through {
            *t = 1.0 - *t;
        }
    });
    through
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_covers_its_width_and_two_let_through_the_product() {
        let (columns, rows) = (80, 40);
        let level = Curve { from: 10.0, to: 10.0, width: 2.0, opacity: 0.5 };
        let one = cover(&[level], columns, rows, [0.0, 80.0], None);
        assert!(one.chunks(rows).all(|column| {
            let near = |row: usize, opacity: f32| (column[row] - opacity).abs() < 1e-6;
            near(8, 0.0) && near(9, 0.5) && near(10, 0.5) && near(11, 0.0)
        }));
        let two = cover(&[level, level], columns, rows, [0.0, 80.0], None);
        assert!((two[9] - 0.75).abs() < 1e-6);
        let dashed = cover(&[level], columns, rows, [0.0, 80.0], Some([6.0, 4.0]));
        let drawn = |column: usize| dashed[column * rows + 9] > 0.0;
        assert!((0..columns).all(|column| drawn(column) == (column % 10 < 6)));
    }

    #[test]
    fn a_curve_runs_from_end_to_end_and_its_hidden_part_changes_nothing() {
        let (columns, rows) = (100, 60);
        let slope = Curve { from: 5.0, to: 55.0, width: 1.5, opacity: 1.0 };
        let whole = cover(&[slope], columns, rows, [0.0, 100.0], None);
        let middle = |column: usize| {
            let column = &whole[column * rows..][..rows];
            let sum: f32 = column.iter().sum();
            column.iter().enumerate().map(|(row, w)| (row as f32 + 0.5) * w).sum::<f32>() / sum
        };
        assert!((middle(0) - 5.0).abs() < 0.2 && (middle(99) - 55.0).abs() < 0.2);
        assert!((middle(49) + middle(50) - 60.0).abs() < 0.2);
        // The same curve seen through a window that begins 20 rows further down, and turned over.
        let moved = Curve { from: slope.from - 20.0, to: slope.to - 20.0, ..slope };
        let part = cover(&[moved], columns, 30, [0.0, 100.0], None);
        let over = Curve { from: 30.0 - moved.from, to: 30.0 - moved.to, ..slope };
        let turned = cover(&[over], columns, 30, [0.0, 100.0], None);
        for (column, (part, turned)) in part.chunks(30).zip(turned.chunks(30)).enumerate() {
            for (row, w) in part.iter().enumerate() {
                assert!((w - whole[column * rows + row + 20]).abs() < 1e-4);
                assert!((w - turned[29 - row]).abs() < 1e-3);
            }
        }
    }
}
