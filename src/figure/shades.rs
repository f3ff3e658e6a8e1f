//! From numbers to colours: which map, on which scale, and what the ends stand for.

use super::colour::{Colour, Map, Palette};
use serde::{Deserialize, Serialize};

/// How far along the colour map a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
pub enum Scale {
    /// In proportion.
    Linear,
    /// By the square root: small weights are seen.
    #[default]
    Root,
    /// By the logarithm, four powers of ten.
    Log,
    /// By how many are smaller: as many cells of every shade.
    Rank,
}

impl Scale {
    /// All of them, in the order of menus.
    pub const ALL: [Self; 4] = [Self::Linear, Self::Root, Self::Log, Self::Rank];

    /// What it is called under a picture.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Root => "square root",
            Self::Log => "logarithm",
            Self::Rank => "rank",
        }
    }
}

/// Powers of ten that the logarithmic scale spans.
const DECADES: f32 = 4.0;
/// Shades of each sign.
const SHADES: usize = 256;

/// A choice of colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Look {
    /// The map. Signed numbers have one of their own.
    pub map: Map,
    /// The scale.
    pub scale: Scale,
}

/// The colours of numbers, mixed once and looked up.
#[derive(Debug, Clone)]
pub struct Shades {
    scale: Scale,
    signed: bool,
    top: f32,
    /// From nothing to full, and for signed numbers from nothing to the other end.
    tables: [Vec<Colour>; 2],
    ranks: Ranks,
    broken: Colour,
    nothing: Colour,
}

impl Shades {
    /// Colours for numbers up to `top`, of either sign where they are `signed`. Only ranks need the `values`.
    pub fn new(palette: &Palette, look: Look, signed: bool, top: f32, values: &[f32]) -> Self {
        let part = |i: usize| i as f32 / (SHADES - 1) as f32;
        let above = |i| if signed { palette.balance(part(i)) } else { palette.at(look.map, part(i)) };
        let below: Vec<Colour> =
            if signed { (0..SHADES).map(|i| palette.balance(-part(i))).collect() } else { Vec::new() };
        Self {
            scale: look.scale,
            signed,
            top: if top > 0.0 && top.is_finite() { top } else { 1.0 },
            tables: [(0..SHADES).map(above).collect(), below],
            ranks: if look.scale == Scale::Rank { Ranks::new(values) } else { Ranks::default() },
            broken: palette.error,
            nothing: palette.background,
        }
    }

    /// How far along the map a finite number is: 0 to 1, or -1 to 1 where numbers are signed.
    pub fn position(&self, x: f32) -> f32 {
        let size = if self.signed { x.abs() } else { x.max(0.0) };
        let t = match self.scale {
            Scale::Linear => size / self.top,
            Scale::Root => (size / self.top).sqrt(),
            Scale::Log if size > 0.0 => 1.0 + (size / self.top).log10() / DECADES,
            Scale::Log => 0.0,
            Scale::Rank => self.ranks.of(size),
        };
        t.clamp(0.0, 1.0).copysign(if self.signed { x } else { 1.0 })
    }

    /// The colour of a number. A score that the mask took out (minus infinity) looks like nothing; what is not a number
    /// is marked.
    pub fn colour(&self, x: f32) -> Colour {
        if x == f32::NEG_INFINITY {
            return self.nothing;
        }
        if !x.is_finite() {
            return self.broken;
        }
        self.along(self.position(x))
    }

    /// The colour at a position along the map.
    pub fn along(&self, t: f32) -> Colour {
        let table = if self.signed && t < 0.0 { &self.tables[1] } else { &self.tables[0] };
        table[(t.abs().min(1.0) * (SHADES - 1) as f32).round() as usize]
    }

    /// Whether numbers of both signs have their colours.
    pub fn is_signed(&self) -> bool {
        self.signed
    }

    /// The scale.
    pub fn scale(&self) -> Scale {
        self.scale
    }

    /// The number that stands at a position of the map without a sign, 0 to 1.
    pub fn value(&self, t: f32) -> f32 {
        match self.scale {
            Scale::Linear => t * self.top,
            Scale::Root => t * t * self.top,
            Scale::Log => self.top * 10f32.powf((t - 1.0) * DECADES),
            Scale::Rank => self.ranks.value(t),
        }
    }
}

/// How many numbers of a picture are smaller, counted by their first three digits: sorting a quarter of a million
/// numbers takes longer than a frame.
#[derive(Debug, Clone, Default)]
struct Ranks {
    /// For each step of size, the share of sizes below it plus half of those in it.
    below: Vec<f32>,
}

impl Ranks {
    /// Sizes of floats from zero on are in the order of their bits; sixteen of them keep seven bits after the point.
    fn step(size: f32) -> usize {
        (size.to_bits() >> 16) as usize
    }

    fn new(values: &[f32]) -> Self {
        let mut counts = vec![0u32; Self::step(f32::INFINITY) + 1];
        for v in values.iter().filter(|v| v.is_finite()) {
            counts[Self::step(v.abs())] += 1;
        }
        // Nothing stays nothing: zeros are no part of the ranking.
        counts[0] = 0;
        let all = counts.iter().sum::<u32>().max(1) as f32;
        let mut before = 0;
        let mut share = |count: &u32| {
            let middle = before as f32 + 0.5 * *count as f32;
            before += *count;
            middle / all
        };
        Self { below: counts.iter().map(&mut share).collect() }
    }

    fn of(&self, size: f32) -> f32 {
        self.below.get(Self::step(size)).copied().unwrap_or(0.0)
    }

    /// The size that a share of all sizes is below.
    fn value(&self, share: f32) -> f32 {
        let step = self.below.partition_point(|below| *below < share);
        // Where all numbers are zero, none is below any share.
        if step == self.below.len() { 0.0 } else { f32::from_bits((step as u32) << 16) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shades(scale: Scale, signed: bool, top: f32, values: &[f32]) -> Shades {
        Shades::new(Palette::of(true), Look { scale, ..Look::default() }, signed, top, values)
    }

    #[test]
    fn each_scale_has_its_formula() {
        let at = |scale, x| shades(scale, false, 2.0, &[]).position(x);
        assert_eq!(at(Scale::Linear, 0.5), 0.25);
        assert_eq!(at(Scale::Root, 0.5), 0.5);
        assert!((at(Scale::Log, 0.02) - 0.5).abs() < 1e-6, "two of four powers of ten below the top");
        assert_eq!((at(Scale::Log, 0.0), at(Scale::Linear, -1.0), at(Scale::Root, 9.0)), (0.0, 0.0, 1.0));
        for scale in [Scale::Linear, Scale::Root, Scale::Log] {
            let shades = shades(scale, false, 2.0, &[]);
            for t in [0.1, 0.5, 0.9] {
                assert!((shades.position(shades.value(t)) - t).abs() < 1e-5, "{scale:?} at {t}");
            }
        }
    }

    #[test]
    fn ranks_count_what_is_smaller() {
        let values: Vec<f32> = (1..=1000).map(|i| (i as f32 / 1000.0).powi(5)).chain([0.0, f32::NAN]).collect();
        let shades = shades(Scale::Rank, false, 1.0, &values);
        for i in [1usize, 250, 500, 750, 1000] {
            let x = values[i - 1];
            let smaller = values.iter().filter(|v| **v < x && **v > 0.0).count() as f32 / 1000.0;
            assert!((shades.position(x) - smaller).abs() < 0.01, "{x}: {} and {smaller}", shades.position(x));
        }
        assert_eq!(shades.position(0.0), 0.0);
        assert!((shades.value(0.5) / values[499] - 1.0).abs() < 0.02);
        assert!((shades.value(1.0) - 1.0).abs() < 0.02);
        let nothing = self::shades(Scale::Rank, false, 1.0, &[0.0; 9]);
        assert_eq!([0.0, 0.5, 1.0].map(|share| nothing.value(share)), [0.0; 3]);
    }

    #[test]
    fn signs_are_symmetric_and_what_is_no_number_is_marked() {
        let palette = Palette::of(true);
        let both = shades(Scale::Root, true, 4.0, &[]);
        assert_eq!((both.position(-1.0), both.position(1.0)), (-0.5, 0.5));
        assert_ne!(both.colour(-1.0), both.colour(1.0));
        assert_eq!(both.colour(0.0), palette.background);
        assert_eq!((both.colour(f32::NAN), both.colour(f32::INFINITY)), (palette.error, palette.error));
        assert_eq!(both.colour(f32::NEG_INFINITY), palette.background, "a masked score");
    }
}
