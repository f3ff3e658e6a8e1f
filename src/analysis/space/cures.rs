//! What helps a space whose vectors all point one way, or whose lengths say how frequent words are: each cure makes new
//! rows. And a rotation at random, after which every coordinate is another one and nothing else has changed.

use super::moments;
use super::pca::Pca;
use super::product::{project, times};
use crate::analysis::bootstrap::SplitMix;
use crate::error::{Error, Result};
use crate::rows::Rows;
use crate::trace::Control;
use faer::Mat;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A variance below this share of the largest is rounding: whitening would blow it up.
const NOTHING: f64 = 1e-7;

/// What can be done to a space. As text: `centre`, `unit`, `top:3`, `whiten`, `first:20000`, `rotate:7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Cure {
    /// Takes the mean off.
    Centre,
    /// Scales each row to length 1; zeros stay.
    Unit,
    /// Takes the mean and what lies along the first so many components off: "all but the top" of Mu and Viswanath 2018,
    /// who take a hundredth of the width.
    WithoutTop(usize),
    /// Coordinates along the components, each scaled to variance 1. Components along which nothing varies are left out, so
    /// that rows may become shorter.
    Whiten,
    /// Keeps the first so many rows: in files of embeddings the most frequent words.
    First(usize),
    /// Turns the rows at random, see [`rotated`], with this seed. It cures nothing: it shows that no coordinate means
    /// anything by itself.
    Rotate(u64),
}

impl fmt::Display for Cure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Centre => f.write_str("centre"),
            Self::Unit => f.write_str("unit"),
            Self::WithoutTop(count) => write!(f, "top:{count}"),
            Self::Whiten => f.write_str("whiten"),
            Self::First(count) => write!(f, "first:{count}"),
            Self::Rotate(seed) => write!(f, "rotate:{seed}"),
        }
    }
}

impl FromStr for Cure {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, number) = text.split_once(':').map_or((text, None), |(name, number)| (name, Some(number)));
        let count = || number.and_then(|number| number.parse().ok()).filter(|count| *count > 0);
        let found = match name {
            "centre" | "center" if number.is_none() => Some(Self::Centre),
            "unit" if number.is_none() => Some(Self::Unit),
            "whiten" if number.is_none() => Some(Self::Whiten),
            "top" => count().map(Self::WithoutTop),
            "first" => count().map(Self::First),
            "rotate" => number.unwrap_or("0").parse().ok().map(Self::Rotate),
            _ => None,
        };
        found.ok_or_else(|| {
            Error::input(format!("no cure `{text}` (centre, unit, top:3, whiten, first:20000, rotate:SEED)"))
        })
    }
}

impl TryFrom<String> for Cure {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Cure> for String {
    fn from(cure: Cure) -> Self {
        cure.to_string()
    }
}

impl Cure {
    /// The rows, cured. Those with a value that is not finite count for no mean and no component, and stay what they are
    /// or become NaN.
    pub fn of(self, rows: &Rows, control: &Control) -> Result<Rows> {
        match self {
            Self::Centre => {
                let mean = moments::mean(rows, &moments::sound(rows), control)?;
                changed(rows, control, |_, row| {
                    row.iter_mut().zip(&mean).for_each(|(x, m)| *x = (f64::from(*x) - m) as f32);
                })
            }
            Self::Unit => changed(rows, control, |_, row| {
                let length = row.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
                if length > 0.0 {
                    for x in row {
                        *x = (f64::from(*x) / length) as f32;
                    }
                }
            }),
            Self::WithoutTop(count) => {
                let found = Pca::of(rows, control)?;
                let top = &found.components[..count.min(found.components.len())];
                without(rows, &found.mean, top, control)
            }
            Self::Whiten => {
                let found = Pca::of(rows, control)?;
                let least = found.variances.first().map_or(0.0, |most| most * NOTHING);
                let kept = found.variances.iter().take_while(|v| **v > least).count();
                if kept == 0 {
                    return Err(Error::input("the vectors are all equal: nothing in them can be scaled to vary"));
                }
                let scaled = |i: usize, k: usize| found.components[k][i] / found.variances[k].sqrt();
                let matrix = Mat::from_fn(rows.width(), kept, scaled);
                times(rows, &found.mean, matrix.as_ref(), "Whitening", control)
            }
            Self::First(count) => {
                let values = rows.values()[..count.min(rows.len()) * rows.width()].to_vec();
                Rows::new(values, rows.width())
            }
            Self::Rotate(seed) => rotated(rows, seed, control),
        }
    }
}

/// The rows, each changed alone, with its number.
fn changed(rows: &Rows, control: &Control, change: impl Fn(usize, &mut [f32]) + Send + Sync) -> Result<Rows> {
    let mut rows = rows.clone();
    let width = rows.width().max(1);
    let each = |(i, row): (usize, &mut [f32])| -> Result<()> {
        control.check()?;
        change(i, row);
        Ok(())
    };
    rows.values_mut().par_chunks_mut(width).enumerate().try_for_each(each)?;
    Ok(rows)
}

/// The rows less an origin and what lies along some directions of length 1 that are orthogonal to each other.
pub(super) fn without(rows: &Rows, origin: &[f64], basis: &[Vec<f64>], control: &Control) -> Result<Rows> {
    let directions: Vec<Option<&[f64]>> = basis.iter().map(|d| Some(d.as_slice())).collect();
    let along = project(rows, origin, &directions, control)?;
    changed(rows, control, |i, row| {
        let shares = if basis.is_empty() { &[] } else { along.row(i) };
        for (j, x) in row.iter_mut().enumerate() {
            let taken: f64 = shares.iter().zip(basis).map(|(share, d)| f64::from(*share) * d[j]).sum();
            *x = (f64::from(*x) - origin[j] - taken) as f32;
        }
    })
}

/// The rows turned by a random rotation (possibly with a reflection), all of which are equally likely: the orthogonal
/// factor of a matrix of normal numbers, its signs those of the other factor's diagonal (Stewart 1980).
pub fn rotated(rows: &Rows, seed: u64, control: &Control) -> Result<Rows> {
    let width = rows.width();
    let mut random = SplitMix(seed);
    let mut uniform = || ((random.bits() >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
    // Box and Muller 1958.
    let mut normal = || (-2.0 * uniform().ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos();
    let drawn = Mat::from_fn(width, width, |_, _| normal());
    let factors = drawn.qr();
    let (turn, signs) = (factors.compute_thin_Q(), factors.thin_R());
    let turn = Mat::from_fn(width, width, |i, j| turn[(i, j)] * signs[(j, j)].signum());
    times(rows, &vec![0.0; width], turn.as_ref(), "Turning", control)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Rows {
        let mut values: Vec<f32> = (0..60).map(|i| ((i * i) as f32 * 0.3).sin() + (i % 3) as f32).collect();
        values.splice(6..6, [f32::NAN, 1.0, 2.0]);
        Rows::new(values, 3).expect("whole rows")
    }

    fn cured(cure: Cure) -> Rows {
        cure.of(&rows(), &Control::default()).expect("a cure")
    }

    fn mean(rows: &Rows, j: usize) -> f64 {
        rows.iter().map(|row| f64::from(row[j])).filter(|x| x.is_finite()).sum::<f64>() / 20.0
    }

    #[test]
    fn a_row_that_is_no_number_spoils_no_other() {
        for cure in [Cure::Centre, Cure::Unit, Cure::WithoutTop(1), Cure::Whiten] {
            let found = cured(cure);
            assert_eq!(moments::sound(&found).len(), 20, "{cure:?}");
            assert!(found.row(2).iter().any(|x| x.is_nan()));
        }
        let centred = cured(Cure::Centre);
        let centred = centred.picked(&moments::sound(&centred));
        assert!((0..3).all(|j| mean(&centred, j).abs() < 1e-7));
        assert!(cured(Cure::Unit).iter().all(|row| {
            let length: f32 = row.iter().map(|x| x * x).sum();
            length.is_nan() || (length - 1.0).abs() < 1e-6
        }));
    }

    #[test]
    fn what_is_taken_off_is_gone() {
        let control = Control::default();
        let whole = Pca::of(&rows(), &control).expect("components");
        let rest = Pca::of(&cured(Cure::WithoutTop(1)), &control).expect("components");
        assert!((rest.total - (whole.total - whole.variances[0])).abs() < 1e-6);
        assert!((rest.variances[0] - whole.variances[1]).abs() < 1e-6 && rest.mean.iter().all(|m| m.abs() < 1e-6));
        assert!(cured(Cure::WithoutTop(9)).iter().flatten().all(|x| x.is_nan() || x.abs() < 1e-6));
        let white = Pca::of(&cured(Cure::Whiten), &control).expect("components");
        assert!(white.variances.iter().all(|v| (v - 1.0).abs() < 1e-5));
    }

    #[test]
    fn a_direction_in_which_nothing_varies_is_left_out() {
        let values = (0..40).flat_map(|i| [(i as f32).sin(), 2.0, (i as f32).cos()]).collect();
        let found = Cure::Whiten.of(&Rows::new(values, 3).expect("whole rows"), &Control::default());
        assert_eq!(found.expect("a cure").width(), 2);
        let equal = Rows::new(vec![1.0; 9], 3).expect("whole rows");
        assert!(Cure::Whiten.of(&equal, &Control::default()).is_err());
        let zeros = Rows::new(vec![0.0; 3], 3).expect("one row");
        assert_eq!(Cure::Unit.of(&zeros, &Control::default()).expect("a cure"), zeros);
        assert_eq!(cured(Cure::First(2)).values(), &rows().values()[..6]);
        assert_eq!(cured(Cure::First(99)).len(), 21);
    }

    #[test]
    fn cures_are_read_as_they_are_written() {
        for cure in
            [Cure::Centre, Cure::Unit, Cure::WithoutTop(3), Cure::Whiten, Cure::First(20_000), Cure::Rotate(u64::MAX)]
        {
            assert_eq!(cure.to_string().parse::<Cure>().expect("it is written so"), cure);
        }
        for wrong in ["", "top", "top:0", "top:-1", "centre:1", "first:x", "rotate:", "heal"] {
            assert!(wrong.parse::<Cure>().is_err(), "{wrong}");
        }
        assert!(serde_json::from_str::<Cure>("\"top:0\"").is_err());
    }

    #[test]
    fn a_rotation_keeps_products() {
        let control = Control::default();
        let turned = rotated(&rows(), 4, &control).expect("a rotation");
        let product =
            |rows: &Rows, i: usize, j: usize| -> f32 { rows.row(i).iter().zip(rows.row(j)).map(|(x, y)| x * y).sum() };
        for (i, j) in [(0, 0), (0, 5), (7, 20), (9, 3)] {
            assert!((product(&rows(), i, j) - product(&turned, i, j)).abs() < 1e-4);
        }
        assert!((turned.row(0)[0] - rows().row(0)[0]).abs() > 1e-3);
        assert_eq!(rotated(&rows(), 4, &control).expect("the same").row(0), turned.row(0));
        assert_ne!(rotated(&rows(), 5, &control).expect("another").row(0), turned.row(0));
    }
}
