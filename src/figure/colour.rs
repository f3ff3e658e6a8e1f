//! Colours: one table for the dark and one for the light theme, and the ramps that turn numbers into colour.

use serde::{Deserialize, Serialize};

/// Red, green, blue and opacity, 0 to 255, not premultiplied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Colour(pub u8, pub u8, pub u8, pub u8);

impl Colour {
    /// An opaque colour from `0xRRGGBB`.
    pub const fn hex(rgb: u32) -> Self {
        Self((rgb >> 16) as u8, (rgb >> 8) as u8, rgb as u8, 255)
    }

    /// The same colour, see-through: 0 is invisible, 1 opaque.
    pub fn faded(self, opacity: f32) -> Self {
        Self(self.0, self.1, self.2, (f32::from(self.3) * opacity.clamp(0.0, 1.0)).round() as u8)
    }

    /// Between two colours in linear light, `t` from 0 to 1.
    pub fn mix(self, other: Self, t: f32) -> Self {
        let part = |a: u8, b: u8| {
            let (a, b) = (linear(a), linear(b));
            let x = a + (b - a) * t.clamp(0.0, 1.0);
            let encoded = if x <= 0.003_130_8 { 12.92 * x } else { 1.055 * x.powf(1.0 / 2.4) - 0.055 };
            (encoded * 255.0).round() as u8
        };
        Self(part(self.0, other.0), part(self.1, other.1), part(self.2, other.2), part(self.3, other.3))
    }

    /// Contrast of two opaque colours by WCAG 2, 1 to 21.
    pub fn contrast(self, other: Self) -> f32 {
        let luminance = |c: Self| 0.2126 * linear(c.0) + 0.7152 * linear(c.1) + 0.0722 * linear(c.2);
        let (a, b) = (luminance(self), luminance(other));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }
}

fn linear(byte: u8) -> f32 {
    let x = f32::from(byte) / 255.0;
    if x <= 0.04045 { x / 12.92 } else { ((x + 0.055) / 1.055).powf(2.4) }
}

/// Every colour of a theme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Palette {
    /// Whether it is the dark one.
    pub dark: bool,
    /// Behind figures.
    pub background: Colour,
    /// Behind controls.
    pub panel: Colour,
    /// A control under the pointer, a selected row.
    pub raised: Colour,
    /// Hairlines and borders.
    pub line: Colour,
    /// Text.
    pub text: Colour,
    /// Text of second rank.
    pub muted: Colour,
    /// Selection and links.
    pub accent: Colour,
    /// Things that went wrong.
    pub error: Colour,
    // Attention from 0 to 1: starts at the background, so that zero looks like nothing.
    ramp: [Colour; 4],
}

/// The dark theme.
pub static DARK: Palette = Palette {
    dark: true,
    background: Colour::hex(0x10_13_17),
    panel: Colour::hex(0x17_1B_21),
    raised: Colour::hex(0x22_28_30),
    line: Colour::hex(0x2A_30_38),
    text: Colour::hex(0xE6_E9_EE),
    muted: Colour::hex(0x9A_A4_B2),
    accent: Colour::hex(0x5A_A9_FF),
    error: Colour::hex(0xF2_A0_5C),
    ramp: [Colour::hex(0x10_13_17), Colour::hex(0x1D_46_75), Colour::hex(0x5A_A9_FF), Colour::hex(0xE3_F0_FF)],
};

/// The light theme.
pub static LIGHT: Palette = Palette {
    dark: false,
    background: Colour::hex(0xFF_FF_FF),
    panel: Colour::hex(0xF5_F7_FA),
    raised: Colour::hex(0xE6_EB_F2),
    line: Colour::hex(0xD9_DE_E5),
    text: Colour::hex(0x14_18_1D),
    muted: Colour::hex(0x5B_66_73),
    accent: Colour::hex(0x17_69_D2),
    error: Colour::hex(0xB0_4A_00),
    ramp: [Colour::hex(0xFF_FF_FF), Colour::hex(0xA9_CB_F3), Colour::hex(0x17_69_D2), Colour::hex(0x08_26_52)],
};

impl Palette {
    /// The theme's table.
    pub fn of(dark: bool) -> &'static Self {
        if dark { &DARK } else { &LIGHT }
    }

    /// The colour of an attention weight on the fixed scale 0 to 1, square root. What is not a number is marked.
    pub fn attention(&self, weight: f32) -> Colour {
        if !weight.is_finite() {
            return self.error;
        }
        self.at(Map::House, weight.clamp(0.0, 1.0).sqrt())
    }

    /// The colour at `t`, from 0 to 1, of a map for numbers without a sign.
    pub fn at(&self, map: Map, t: f32) -> Colour {
        let stops: &[Colour] = match map {
            Map::House => &self.ramp,
            Map::Viridis => &VIRIDIS,
            Map::Cividis => &CIVIDIS,
        };
        let last = stops.len() - 2;
        let t = t.clamp(0.0, 1.0) * (last + 1) as f32;
        let i = (t as usize).min(last);
        stops[i].mix(stops[i + 1], t - i as f32)
    }

    /// The colour at `t`, from -1 to 1, of the map for signed numbers: blue, like nothing, orange.
    pub fn balance(&self, t: f32) -> Colour {
        self.background.mix(if t < 0.0 { NEGATIVE } else { POSITIVE }, t.abs().min(1.0))
    }

    /// The colour of the category `i` as a line or a word on the background: at least three times as bright or dark.
    /// Colours repeat after [`CATEGORIES`]; [`super::Dash::of`] tells those of one colour apart.
    pub fn category(&self, i: usize) -> Colour {
        let plain = CATEGORIES[i % CATEGORIES.len()];
        let steps = (0..=20).map(|step| plain.mix(self.text, step as f32 / 20.0));
        steps.into_iter().find(|c| c.contrast(self.background) >= 3.0).unwrap_or(self.text)
    }

    /// Text that can be read on `ground`: that of the theme where it can, else black or white.
    pub fn ink_on(&self, ground: Colour) -> Colour {
        let inks = [self.text, self.background, Colour::hex(0xFF_FF_FF), Colour::hex(0)];
        let by_contrast = |a: &Colour, b: &Colour| a.contrast(ground).total_cmp(&b.contrast(ground));
        let plain = inks.into_iter().find(|ink| ink.contrast(ground) >= 4.5);
        plain.or_else(|| inks.into_iter().max_by(by_contrast)).unwrap_or(self.text)
    }

    /// The colour of a signed number on the symmetric scale -1 to 1. What is not a number is marked.
    pub fn signed(&self, x: f32) -> Colour {
        if !x.is_finite() {
            return self.error;
        }
        self.balance(x.abs().sqrt().copysign(x))
    }

    /// [`Palette::attention`] for pictures with many cells: 256 colours are mixed once and looked up.
    pub fn attention_scale(&self) -> impl Fn(f32) -> Colour + use<> {
        let table: Vec<Colour> = (0..=255u32).map(|i| self.attention((i as f32 / 255.0).powi(2))).collect();
        let broken = self.error;
        move |weight| {
            if !weight.is_finite() {
                return broken;
            }
            table[(weight.clamp(0.0, 1.0).sqrt() * 255.0).round() as usize]
        }
    }
}

/// A map from numbers without a sign to colours. All of them can be read by colour-blind readers, and in grey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
pub enum Map {
    /// The ramp of the theme: nothing looks like nothing.
    #[default]
    House,
    /// Like matplotlib's viridis.
    Viridis,
    /// Like cividis (Nunez, Anderton and Renslow 2018).
    Cividis,
}

impl Map {
    /// All of them, in the order of menus.
    pub const ALL: [Self; 3] = [Self::House, Self::Viridis, Self::Cividis];
}

const VIRIDIS: [Colour; 9] = [
    Colour::hex(0x44_01_54),
    Colour::hex(0x47_2D_7B),
    Colour::hex(0x3B_52_8B),
    Colour::hex(0x2C_72_8E),
    Colour::hex(0x21_90_8C),
    Colour::hex(0x27_AD_81),
    Colour::hex(0x5D_C8_63),
    Colour(0xAA, 0xDC, 0x32, 255),
    Colour::hex(0xFD_E7_25),
];

const CIVIDIS: [Colour; 10] = [
    Colour::hex(0x00_20_4D),
    Colour::hex(0x00_33_6F),
    Colour::hex(0x39_48_6B),
    Colour::hex(0x57_5C_6D),
    Colour::hex(0x70_71_73),
    Colour::hex(0x8A_87_79),
    Colour::hex(0xA6_9D_75),
    Colour::hex(0xC4_B5_6C),
    Colour::hex(0xE4_CF_5B),
    Colour::hex(0xFF_EA_46),
];

// Signed numbers from -1 to 1, blue over neutral to orange: apart for colour-blind readers, zero like nothing.
const NEGATIVE: Colour = Colour::hex(0x3B_8E_E0);
const POSITIVE: Colour = Colour::hex(0xE6_8A_2E);

/// Categories that stay apart for colour-blind readers (Okabe and Ito 2008).
pub const CATEGORIES: [Colour; 7] = [
    Colour::hex(0xE6_9F_00),
    Colour::hex(0x56_B4_E9),
    Colour::hex(0x00_9E_73),
    Colour::hex(0xF0_E4_42),
    Colour::hex(0x00_72_B2),
    Colour::hex(0xD5_5E_00),
    Colour::hex(0xCC_79_A7),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_legible_on_every_surface() {
        for palette in [&DARK, &LIGHT] {
            for surface in [palette.background, palette.panel, palette.raised] {
                for ink in [palette.text, palette.muted, palette.error] {
                    assert!(ink.contrast(surface) >= 4.5, "{ink:?} on {surface:?}: {}", ink.contrast(surface));
                }
            }
            for surface in [palette.background, palette.panel] {
                assert!(palette.accent.contrast(surface) >= 4.5, "accent on {surface:?}");
            }
        }
    }

    #[test]
    fn no_attention_looks_like_nothing_and_more_looks_like_more() {
        for palette in [&DARK, &LIGHT] {
            assert_eq!(palette.attention(0.0), palette.background);
            let contrast: Vec<f32> =
                (0..=20).map(|i| palette.attention(i as f32 / 20.0).contrast(palette.background)).collect();
            assert!(contrast.windows(2).all(|w| w[0] < w[1]), "{contrast:?}");
            assert_eq!(palette.attention(f32::NAN), palette.error);
            assert_eq!(palette.signed(0.0), palette.background);
        }
    }

    #[test]
    fn every_map_brightens_steadily_from_end_to_end() {
        let luminance = |c: Colour| Colour::hex(0).contrast(c);
        for map in Map::ALL {
            for palette in [&DARK, &LIGHT] {
                let along: Vec<f32> = (0..=32).map(|i| luminance(palette.at(map, i as f32 / 32.0))).collect();
                let (rises, falls) = (along.windows(2).all(|w| w[0] < w[1]), along.windows(2).all(|w| w[0] > w[1]));
                assert!(rises || falls, "{map:?}: {along:?}");
            }
        }
    }

    #[test]
    fn categories_stand_out_and_differ() {
        for palette in [&DARK, &LIGHT] {
            let all: Vec<Colour> = (0..CATEGORIES.len()).map(|i| palette.category(i)).collect();
            for (i, a) in all.iter().enumerate() {
                assert!(a.contrast(palette.background) >= 3.0, "{a:?}");
                assert!(all[..i].iter().all(|b| a != b), "{a:?} twice");
            }
        }
    }
}
