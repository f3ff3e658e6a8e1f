//! One slice of a tensor as numbers and pixels, made away from the frame.

use crate::array::Array;
use crate::figure::{Palette, Pixels};
use crate::trace::Site;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bars of the histogram.
pub const BINS: usize = 40;
/// The most pixels a side: graphics cards refuse large textures.
const MOST: usize = 1024;

/// Keys of pixels: the top bits tell these pictures from those of heads.
static NEXT: AtomicU64 = AtomicU64::new(1 << 61);

/// The last two axes of a tensor under chosen leading indices.
#[derive(Debug, Clone)]
pub struct Slice {
    /// The leading indices.
    pub leading: Vec<usize>,
    /// Rows and columns; a single row where the tensor has one axis.
    pub shape: [usize; 2],
    /// Smallest finite value.
    pub min: f32,
    /// Largest finite value.
    pub max: f32,
    /// Mean of the finite values.
    pub mean: f32,
    /// Their standard deviation.
    pub deviation: f32,
    /// How many values are not finite.
    pub not_finite: usize,
    /// How many values fall into each of [`BINS`] equal steps from smallest to largest.
    pub counts: Vec<u32>,
    /// The values as colours.
    pub pixels: Pixels,
    /// Rows and columns of values under one pixel.
    pub pooled: [usize; 2],
    /// For which theme the colours are.
    pub dark: bool,
}

impl Slice {
    /// The slice of `array` under `leading`; indices that are missing or too large are put right.
    pub fn new(site: Site, array: &Array, leading: &[usize], dark: bool) -> Self {
        let outer = array.shape().len().saturating_sub(2);
        let leading: Vec<usize> = (0..outer)
            .map(|axis| leading.get(axis).copied().unwrap_or(0).min(array.shape()[axis].saturating_sub(1)))
            .collect();
        let shape = match array.shape()[outer..] {
            [rows, columns] => [rows, columns],
            [columns] => [1, columns],
            _ => [1, array.data().len()],
        };
        let values = if array.data().is_empty() { &[] } else { array.block(&leading) };
        let finite = || values.iter().copied().filter(|v| v.is_finite());
        let count = finite().count();
        let min = finite().fold(f32::INFINITY, f32::min);
        let max = finite().fold(f32::NEG_INFINITY, f32::max);
        let (min, max) = if count == 0 { (0.0, 0.0) } else { (min, max) };
        let mean = finite().map(f64::from).sum::<f64>() / count.max(1) as f64;
        let variance = finite().map(|v| (f64::from(v) - mean).powi(2)).sum::<f64>() / count.max(1) as f64;
        let mut counts = vec![0; BINS];
        let step = (f64::from(max) - f64::from(min)) / BINS as f64;
        if step > 0.0 {
            for v in finite() {
                counts[(((f64::from(v) - f64::from(min)) / step) as usize).min(BINS - 1)] += 1;
            }
        }
        let (pixels, pooled) = paint(site, values, shape, min.abs().max(max.abs()), dark);
        Self {
            leading,
            shape,
            min,
            max,
            mean: mean as f32,
            deviation: variance.sqrt() as f32,
            not_finite: values.len() - count,
            counts,
            pixels,
            pooled,
            dark,
        }
    }
}

/// Attention on its own scale, everything else signed and symmetric about zero. Where there are more values than
/// pixels, a pixel shows the one that is farthest from zero.
fn paint(site: Site, values: &[f32], [rows, columns]: [usize; 2], largest: f32, dark: bool) -> (Pixels, [usize; 2]) {
    let palette = Palette::of(dark);
    let attention = palette.attention_scale();
    let pooled = [rows.div_ceil(MOST).max(1), columns.div_ceil(MOST).max(1)];
    let (height, width) = (rows.div_ceil(pooled[0]), columns.div_ceil(pooled[1]));
    let farthest = |x: usize, y: usize| {
        let block = (y * pooled[0]..((y + 1) * pooled[0]).min(rows))
            .flat_map(|r| &values[r * columns..][x * pooled[1]..((x + 1) * pooled[1]).min(columns)]);
        // What is not a number wins, so that it is seen.
        block.copied().max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(0.0)
    };
    let pixels = Pixels::new(NEXT.fetch_add(1, Ordering::Relaxed), width, height, |x, y| match farthest(x, y) {
        v if site == Site::Probs => attention(v),
        v if largest > 0.0 => palette.signed(v / largest),
        _ => palette.background,
    });
    (pixels, pooled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_leaves_out_what_is_no_number() {
        let array = Array::new(&["dim"], &[4], vec![1.0, 3.0, f32::NAN, f32::INFINITY]).expect("four values");
        let slice = Slice::new(Site::Hidden, &array, &[], true);
        assert_eq!((slice.min, slice.max, slice.mean, slice.deviation, slice.not_finite), (1.0, 3.0, 2.0, 1.0, 2));
        assert_eq!(slice.counts.iter().sum::<u32>(), 2);
    }

    #[test]
    fn a_wide_tensor_fits_a_texture_and_keeps_its_extremes() {
        let mut values = vec![0.0; 3 * 30_522];
        values[30_522 + 20_000] = -5.0;
        let array = Array::new(&["token", "vocabulary"], &[3, 30_522], values).expect("it fits");
        let slice = Slice::new(Site::Logits, &array, &[], false);
        assert!(slice.pixels.width <= MOST && slice.pixels.height == 3);
        let [_, wide] = slice.pooled;
        let at = (slice.pixels.width + 20_000 / wide) * 3;
        let palette = Palette::of(false);
        let strongest = palette.signed(-1.0);
        assert_eq!(slice.pixels.rgb[at..at + 3], [strongest.0, strongest.1, strongest.2]);
        assert_ne!(strongest, palette.background);
    }

    #[test]
    fn leading_indices_choose_the_slice() {
        let values: Vec<f32> = (0..24).map(|x| x as f32).collect();
        let array = Array::new(&["head", "query", "key"], &[2, 3, 4], values).expect("it fits");
        assert_eq!(Slice::new(Site::Scores, &array, &[1], true).min, 12.0);
        assert_eq!(Slice::new(Site::Scores, &array, &[9], true).min, 12.0, "the last there is");
        assert_eq!(Slice::new(Site::Scores, &array, &[], true).max, 11.0);
    }
}
