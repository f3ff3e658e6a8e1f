//! All heads at every coarseness: what is drawn of a cell when there is less than a pixel for it.

use super::colour::Colour;
use super::shades::Shades;
use crate::analysis::sift::Sifted;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::ops::Range;

/// What stands for several cells under one pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
pub enum Pool {
    /// The one farthest from zero, so that thin stripes survive.
    #[default]
    Max,
    /// Their mean.
    Mean,
}

impl Pool {
    /// What it is called under a picture.
    pub fn name(self) -> &'static str {
        match self {
            Self::Max => "max",
            Self::Mean => "mean",
        }
    }
}

/// Mip levels of square matrices `[query, key]`, one for each head. Level 0, every cell, is the run's own array; in
/// level `k` an entry stands for 2^k by 2^k cells. The levels together take a third of a quarter of the arrays' bytes,
/// halved: entries have sixteen bits.
#[derive(Debug, Clone)]
pub struct Pyramid {
    /// Rows and columns of level 0.
    pub n: usize,
    /// What an entry is.
    pub pool: Pool,
    /// The number that the largest entry stands for.
    pub top: f32,
    heads: Vec<Head>,
}

/// The levels of one head from 1 on, and its largest size.
#[derive(Debug, Clone, Default)]
struct Head {
    levels: Vec<Vec<i16>>,
    largest: f32,
}

/// What is not a number.
const BROKEN: i16 = i16::MIN;
/// The code of the largest size.
const FULL: f32 = 32_000.0;
/// Colours of either sign in one picture.
const STEPS: usize = 512;

/// The square root of a number's share of `top`, with its sign, as sixteen bits.
fn encode(x: f32, top: f32) -> i16 {
    if !x.is_finite() {
        return if x == f32::NEG_INFINITY { 0 } else { BROKEN };
    }
    ((x.abs() / top).min(1.0).sqrt() * FULL).round().copysign(x) as i16
}

fn decode(code: i16, top: f32) -> f32 {
    if code == BROKEN {
        return f32::NAN;
    }
    let root = f32::from(code) / FULL;
    (root * root * top).copysign(root)
}

impl Pyramid {
    /// The levels of every head, layer by layer.
    pub fn of(sifted: &Sifted, pool: Pool) -> Self {
        let heads = sifted.heads().max(1);
        let head = |i: usize| sifted.head(i / heads, i % heads);
        Self::new(sifted.layers() * heads, sifted.len(), pool, sifted.unit(), head)
    }

    /// The levels of `count` heads of `n` by `n` weights, from a function that gives their cells. Sizes above `top`
    /// are drawn like `top`; what was masked before the softmax (minus infinity) counts as nothing.
    pub fn new<'a>(
        count: usize,
        n: usize,
        pool: Pool,
        top: f32,
        cells: impl Fn(usize) -> Cow<'a, [f32]> + Sync,
    ) -> Self {
        let top = if top > 0.0 && top.is_finite() { top } else { 1.0 };
        let build = |i: usize| {
            let cells = cells(i);
            if cells.len() == n * n && n > 0 { Head::new(&cells, n, pool, top) } else { Head::default() }
        };
        Self { n, pool, top, heads: (0..count).into_par_iter().map(build).collect() }
    }

    /// The coarsest level: one entry for a whole head.
    pub fn last(&self) -> usize {
        self.n.max(1).next_power_of_two().trailing_zeros() as usize
    }

    /// Rows and columns of a level.
    pub fn side(&self, level: usize) -> usize {
        side(self.n, level)
    }

    /// The finest level whose entries are at least a pixel wide where a head takes `pixels`.
    pub fn level_for(&self, pixels: f32) -> usize {
        (0..self.last()).find(|&level| pixels >= self.side(level) as f32).unwrap_or(self.last())
    }

    /// An entry of a level from 1 on, as a number.
    pub fn value(&self, head: usize, level: usize, query: usize, key: usize) -> Option<f32> {
        let entries = self.heads.get(head)?.levels.get(level.checked_sub(1)?)?;
        let side = self.side(level);
        (query < side && key < side).then(|| decode(entries[query * side + key], self.top))
    }

    /// The entries of a level from 1 on, row-major `[query, key]`, as numbers.
    pub fn values(&self, head: usize, level: usize) -> Vec<f32> {
        let entries = level.checked_sub(1).and_then(|l| self.heads.get(head)?.levels.get(l));
        entries.map_or_else(Vec::new, |entries| entries.iter().map(|&code| decode(code, self.top)).collect())
    }

    /// The largest size of a head, not a number aside.
    pub fn largest(&self, head: usize) -> f32 {
        self.heads.get(head).map_or(0.0, |h| h.largest)
    }

    /// The pixels of a level from 1 on, row-major red, green, blue, in shades on the square-root scale; with `stretch`
    /// up to the head's own largest size.
    /// Empty where the head has no cells.
    pub fn rgb(&self, head: usize, level: usize, shades: &Shades, stretch: bool) -> Vec<u8> {
        let Some(entries) = level.checked_sub(1).and_then(|l| self.heads.get(head)?.levels.get(l)) else {
            return Vec::new();
        };
        let unit = if stretch && self.largest(head) > 0.0 { self.largest(head) } else { self.top };
        // The colours of every so many codes up to the unit's, of either sign.
        let most = f32::from(encode(unit, self.top)).max(1.0);
        // Codes are square roots, as colours are.
        let colour = |i: usize, sign: f32| {
            let Colour(r, g, b, _) = shades.along(sign * i as f32 / (STEPS - 1) as f32);
            [r, g, b]
        };
        let [above, below] = [1.0, -1.0].map(|sign| (0..STEPS).map(|i| colour(i, sign)).collect::<Vec<_>>());
        let Colour(r, g, b, _) = shades.colour(f32::NAN);
        let mut rgb = Vec::with_capacity(3 * entries.len());
        for &code in entries {
            let step = (f32::from(code).abs() / most * (STEPS - 1) as f32 + 0.5) as usize;
            let pixel = match code {
                BROKEN => [r, g, b],
                0.. => above[step.min(STEPS - 1)],
                _ => below[step.min(STEPS - 1)],
            };
            rgb.extend(pixel);
        }
        rgb
    }

    /// Bytes that the levels take.
    pub fn bytes(&self) -> u64 {
        self.heads.iter().flat_map(|h| &h.levels).map(|l| 2 * l.len() as u64).sum()
    }
}

fn side(n: usize, level: usize) -> usize {
    n.div_ceil(1 << level)
}

impl Head {
    fn new(cells: &[f32], n: usize, pool: Pool, top: f32) -> Self {
        let (largest, plain) = survey(cells);
        let mut levels = Vec::new();
        // Each level is made from the one before in full precision; sums are divided by their cells at the end.
        let mut finer = Cow::Borrowed(cells);
        let mut level = 0;
        while side(n, level) > 1 {
            let coarser = if plain && pool == Pool::Max {
                halve_plain(&finer, side(n, level))
            } else {
                halve(&finer, side(n, level), pool)
            };
            level += 1;
            let across = side(n, level);
            let mean = |(i, &x): (usize, &f32)| {
                let cells = covered(n, level, i / across) * covered(n, level, i % across);
                encode(x / cells as f32, top)
            };
            levels.push(match pool {
                Pool::Max if plain => coarser.iter().map(|x| encode_plain(*x, top)).collect(),
                Pool::Max => coarser.iter().map(|x| encode(*x, top)).collect(),
                Pool::Mean => coarser.iter().enumerate().map(mean).collect(),
            });
            finer = Cow::Owned(coarser);
        }
        Self { levels, largest }
    }
}

/// The largest size, what is not a number aside, and whether all cells are finite and none is below zero: then they
/// can be compared as they are, many at a time.
fn survey(cells: &[f32]) -> (f32, bool) {
    // Sizes are in the order of their bits, those of infinity and of what is not a number last.
    let all = |(most, signs): (i32, u32), x: &f32| {
        let bits = x.to_bits();
        (most.max((bits & 0x7fff_ffff) as i32), signs | bits)
    };
    let (most, signs) = cells.iter().fold((0, 0), all);
    let largest = f32::from_bits(most as u32);
    if largest.is_finite() {
        return (largest, signs >> 31 == 0);
    }
    (cells.iter().filter(|x| x.is_finite()).fold(0.0, |most, x| most.max(x.abs())), false)
}

/// [`encode`] of a number that is finite and not below zero.
fn encode_plain(x: f32, top: f32) -> i16 {
    ((x / top).min(1.0).sqrt() * FULL + 0.5) as i16
}

/// [`halve`] by the largest, of numbers that are finite and not below zero.
fn halve_plain(finer: &[f32], n: usize) -> Vec<f32> {
    let larger = |a: f32, b: f32| if a > b { a } else { b };
    let mut out = Vec::with_capacity(n.div_ceil(2).pow(2));
    let mut line = vec![0.0; n];
    for rows in finer.chunks(2 * n) {
        let (first, second) = rows.split_at(n);
        line.copy_from_slice(first);
        for (a, b) in line.iter_mut().zip(second) {
            *a = larger(*a, *b);
        }
        let pairs = line.chunks_exact(2);
        let last = pairs.remainder().first().copied();
        out.extend(pairs.map(|pair| larger(pair[0], pair[1])));
        out.extend(last);
    }
    out
}

/// How many of `n` cells the entry `i` of a level stands for along one axis.
fn covered(n: usize, level: usize, i: usize) -> usize {
    (n - (i << level)).min(1 << level)
}

/// Of each two by two entries the farthest from zero, or the sum.
fn halve(finer: &[f32], n: usize, pool: Pool) -> Vec<f32> {
    let across = n.div_ceil(2);
    // A mean counts what was masked as nothing.
    let value = |x: f32| if pool == Pool::Mean && x == f32::NEG_INFINITY { 0.0 } else { x };
    let mut out = Vec::with_capacity(across * across);
    for rows in finer.chunks(2 * n) {
        let (first, second) = rows.split_at(n);
        for (x, pair) in first.chunks(2).enumerate() {
            let mut entry = value(pair[0]);
            if let Some(&b) = pair.get(1) {
                entry = join(pool, entry, value(b));
            }
            for &b in second.get(2 * x..(2 * x + 2).min(second.len())).unwrap_or_default() {
                entry = join(pool, entry, value(b));
            }
            out.push(entry);
        }
    }
    out
}

/// Of `n` entries those under pixel `i` of `pixels`.
pub fn span(i: usize, n: usize, pixels: usize) -> Range<usize> {
    let from = i * n / pixels;
    from..((i + 1) * n).div_ceil(pixels).min(n).max(from + 1)
}

/// An `n` by `n` matrix on `cell` by `cell` pixels: repeated where it is smaller, pooled where it is larger.
pub fn shrink(weights: &[f32], n: usize, cell: usize, pool: Pool) -> Vec<f32> {
    if n <= cell || cell == 0 {
        let row = |y: usize| &weights[y * n / cell * n..][..n];
        return (0..cell).flat_map(|y| (0..cell).map(move |x| row(y)[x * n / cell])).collect();
    }
    let spans: Vec<Range<usize>> = (0..cell).map(|i| span(i, n, cell)).collect();
    // Columns first, then rows: every weight is looked at once or twice.
    let mut columns = vec![0.0; n * cell];
    let rows = columns.par_chunks_exact_mut(cell).zip(weights.par_chunks_exact(n)).with_min_len(32);
    rows.for_each(|(to, row)| {
        to.iter_mut().zip(&spans).for_each(|(to, span)| *to = along(pool, row[span.clone()].iter().copied()));
    });
    let mut out = vec![0.0; cell * cell];
    out.par_chunks_exact_mut(cell).zip(&spans).with_min_len(32).for_each(|(to, span)| {
        let column = |x: usize| span.clone().map(move |r| r * cell + x);
        to.iter_mut().enumerate().for_each(|(x, to)| *to = along(pool, column(x).map(|i| columns[i])));
    });
    out
}

/// Several entries as one.
fn along(pool: Pool, values: impl Iterator<Item = f32>) -> f32 {
    let mut values = values.map(|x| if pool == Pool::Mean && x == f32::NEG_INFINITY { 0.0 } else { x });
    let first = values.next().unwrap_or(f32::NAN);
    let (all, count) = values.fold((first, 1), |(all, count), x| (join(pool, all, x), count + 1));
    if pool == Pool::Mean { all / count as f32 } else { all }
}

/// Two entries as one: the one farther from zero, or the sum. What is not a number wins, so that it is seen; what was
/// masked never does.
fn join(pool: Pool, a: f32, b: f32) -> f32 {
    match pool {
        Pool::Mean => a + b,
        Pool::Max if a.is_nan() || b == f32::NEG_INFINITY => a,
        Pool::Max if b.is_nan() || a == f32::NEG_INFINITY || b.abs() > a.abs() => b,
        Pool::Max => a,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Palette;
    use super::super::shades::Look;
    use super::*;

    fn one(cells: &[f32], n: usize, pool: Pool) -> Pyramid {
        Pyramid::new(1, n, pool, 1.0, |_| Cow::Borrowed(cells))
    }

    #[test]
    fn every_entry_is_the_largest_or_the_mean_of_its_cells() {
        // 11 is odd at every level: the last entries stand for fewer cells.
        let n = 11;
        let cells: Vec<f32> = (0..n * n).map(|i| ((i * 7919) % 1009) as f32 / 1009.0).collect();
        for pool in [Pool::Max, Pool::Mean] {
            let pyramid = one(&cells, n, pool);
            assert_eq!(pyramid.last(), 4);
            for level in 1..=pyramid.last() {
                let (side, step) = (pyramid.side(level), 1 << level);
                assert_eq!(side, n.div_ceil(step));
                for (q, k) in (0..side).flat_map(|q| (0..side).map(move |k| (q, k))) {
                    let under: Vec<f32> = (q * step..((q + 1) * step).min(n))
                        .flat_map(|r| cells[r * n..][k * step..((k + 1) * step).min(n)].to_vec())
                        .collect();
                    let wanted = match pool {
                        Pool::Max => under.iter().copied().fold(0.0, f32::max),
                        Pool::Mean => under.iter().sum::<f32>() / under.len() as f32,
                    };
                    let found = pyramid.value(0, level, q, k).expect("an entry");
                    assert!((found - wanted).abs() < 1e-4, "{pool:?} {level} ({q}, {k}): {found} and {wanted}");
                }
            }
            assert_eq!(pyramid.value(0, 1, 6, 0), None);
        }
    }

    #[test]
    fn the_fast_way_makes_the_same_levels() {
        for n in [1, 2, 5, 16, 33] {
            let cells: Vec<f32> = (0..n * n).map(|i| ((i * 7919) % 1009) as f32 / 1009.0).collect();
            assert_eq!(halve_plain(&cells, n), halve(&cells, n, Pool::Max));
            assert!(cells.iter().all(|&x| encode_plain(x, 1.0).abs_diff(encode(x, 1.0)) <= 1));
            let most = cells.iter().copied().fold(0.0, f32::max);
            assert_eq!(survey(&cells), (most, true));
        }
        assert_eq!(survey(&[0.5, -0.75]), (0.75, false));
        assert_eq!(survey(&[0.5, f32::NAN, f32::NEG_INFINITY]), (0.5, false));
    }

    #[test]
    fn a_stripe_one_cell_wide_survives_to_the_coarsest_level() {
        let n = 512;
        let mut cells = vec![0.0; n * n];
        for q in 0..n {
            cells[q * n + 333] = 0.9;
        }
        let pyramid = one(&cells, n, Pool::Max);
        for level in 1..=pyramid.last() {
            let side = pyramid.side(level);
            for q in 0..side {
                let row: Vec<f32> = (0..side).filter_map(|k| pyramid.value(0, level, q, k)).collect();
                assert!(row.iter().any(|w| (w - 0.9).abs() < 1e-4), "level {level}, row {q}");
            }
        }
        let mean = one(&cells, n, Pool::Mean);
        assert!((mean.value(0, 9, 0, 0).expect("the whole head") - 0.9 / 512.0).abs() < 1e-5);
    }

    #[test]
    fn signs_and_what_is_no_number_are_kept() {
        let cells = [0.1, -0.8, f32::NEG_INFINITY, 0.2];
        let pyramid = one(&cells, 2, Pool::Max);
        assert!((pyramid.value(0, 1, 0, 0).expect("it") + 0.8).abs() < 1e-4, "the farthest from zero");
        assert!((one(&cells, 2, Pool::Mean).value(0, 1, 0, 0).expect("it") + 0.125).abs() < 1e-4);
        assert!(one(&[0.1, f32::NAN, 0.9, 0.2], 2, Pool::Max).value(0, 1, 0, 0).expect("it").is_nan());
        assert!(one(&[0.5], 2, Pool::Max).value(0, 1, 0, 0).is_none(), "a head without its cells");
    }

    #[test]
    fn colours_are_those_of_the_numbers_and_stretch_to_the_largest() {
        let palette = Palette::of(true);
        let shades = Shades::new(palette, Look::default(), false, 1.0, &[]);
        let cells = [0.0, 0.0, 0.25, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0625, 0.0, 0.0, 0.0, 0.0, 0.0];
        let pyramid = one(&cells, 4, Pool::Max);
        let near = |found: &[u8], wanted: Colour| {
            found.iter().zip([wanted.0, wanted.1, wanted.2]).all(|(a, b)| a.abs_diff(b) <= 3)
        };
        let plain = pyramid.rgb(0, 1, &shades, false);
        assert!(near(&plain[..3], palette.attention(0.0)) && near(&plain[3..6], palette.attention(0.25)));
        let stretched = pyramid.rgb(0, 1, &shades, true);
        assert!(near(&stretched[3..6], palette.attention(1.0)) && near(&stretched[9..], palette.attention(0.25)));
    }

    #[test]
    fn a_one_pixel_stripe_survives_shrinking() {
        let n = 500;
        let mut weights = vec![0.0; n * n];
        for q in 0..n {
            weights[q * n + 333] = 0.9;
        }
        let small = shrink(&weights, n, 40, Pool::Max);
        assert!(small.chunks(40).all(|row| row.contains(&0.9)));
        let mean = shrink(&weights, n, 50, Pool::Mean);
        assert!((mean.iter().sum::<f32>() / 2500.0 - 0.9 / 500.0).abs() < 1e-5);
        weights[7] = f32::NAN;
        assert!(shrink(&weights, n, 40, Pool::Max).iter().any(|w| w.is_nan()));
        assert_eq!(shrink(&[0.1, 0.2, 0.3, 0.4], 2, 4, Pool::Max)[..4], [0.1, 0.1, 0.2, 0.2]);
    }

    #[test]
    fn a_level_is_chosen_whose_entries_are_at_least_a_pixel() {
        let pyramid = Pyramid::new(0, 512, Pool::Max, 1.0, |_| Cow::Borrowed(&[]));
        let level = |pixels| pyramid.level_for(pixels);
        assert_eq!((level(2000.0), level(512.0), level(511.0), level(64.0), level(0.5)), (0, 0, 1, 3, 9));
    }
}
