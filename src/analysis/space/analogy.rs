//! Analogies, a is to b as c is to what?, by every method that is in use, beside the baselines that they have to beat.
//!
//! All vectors are scaled to length 1. Words of the question are left out of the answers unless they are let in: most of
//! what the methods are credited with comes from leaving them out (Linzen 2016; Rogers et al. 2017).

use super::lexicon::{Entry, Lexicon, Missing};
use super::neighbours::{Index, Keep, Metric, Near};
use super::vector;
use crate::error::{Error, Result};
use crate::trace::Control;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What gensim adds to the denominator of 3CosMul.
pub(super) const EPSILON: f64 = 1e-6;
/// Nearer to c than this, a row has no direction from it that single precision could tell.
const TOUCHING: f32 = 1e-5;

/// How an analogy is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// `cos(x, c + b - a)`: Mikolov et al. 2013, gensim's `most_similar`.
    #[default]
    CosAdd,
    /// `cos'(x, b) cos'(x, c) / (cos'(x, a) + 0.000001)` with `cos' = (cos + 1) / 2`: Levy and Goldberg 2014, equation 4,
    /// gensim's `most_similar_cosmul`.
    CosMul,
    /// `cos(x - c, b - a)`: the direction alone, Mikolov et al. 2013, Levy and Goldberg 2014, equation 2.
    PairDirection,
    /// `cos(x, c + mean(b) - mean(a))` over several pairs a, b: Drozd et al. 2016. Of one pair the same as 3CosAdd.
    CosAvg,
    /// `cos(x, c)`: what is near c anyway.
    NearC,
    /// `cos(x, b)`: what is near b anyway.
    NearB,
}

impl Method {
    /// Every choice, baselines last.
    pub const ALL: &[Self] = &[Self::CosAdd, Self::CosMul, Self::PairDirection, Self::CosAvg, Self::NearC, Self::NearB];

    /// The name as it is typed and printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::CosAdd => "3cosadd",
            Self::CosMul => "3cosmul",
            Self::PairDirection => "pairdirection",
            Self::CosAvg => "3cosavg",
            Self::NearC => "near-c",
            Self::NearB => "near-b",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Method {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.iter().copied().find(|method| method.name() == text);
        let known: Vec<_> = Self::ALL.iter().map(|method| method.name()).collect();
        found.ok_or_else(|| Error::input(format!("no way to answer an analogy `{text}` ({})", known.join(", "))))
    }
}

/// An analogy whose words were found.
#[derive(Debug, Clone, PartialEq)]
pub struct Analogy {
    /// Pairs (a, b); the first is the one asked about, the others help 3CosAvg.
    pairs: Vec<[Entry; 2]>,
    c: Entry,
}

impl Analogy {
    /// Looks up the words of "`a` is to `b` as `c` is to what?", with more pairs of the same kind, if there are any.
    pub fn find(a: &str, b: &str, c: &str, more: &[[&str; 2]], lexicon: &Lexicon<'_>) -> Result<Self, Missing> {
        let lexicon = Lexicon { unit: true, ..*lexicon };
        let pair = |[a, b]: [&str; 2]| Ok([lexicon.find(a)?, lexicon.find(b)?]);
        let pairs = [[a, b]].iter().chain(more).map(|words| pair(*words)).collect::<Result<_, Missing>>()?;
        Ok(Self { pairs, c: lexicon.find(c)? })
    }

    /// The vectors of a, b and c, each of length 1.
    pub fn vectors(&self) -> [&[f64]; 3] {
        let [a, b] = &self.pairs[0];
        [&a.vector, &b.vector, &self.c.vector]
    }

    /// The rows of its words.
    pub fn inputs(&self) -> Vec<usize> {
        self.pairs.iter().flatten().chain([&self.c]).filter_map(|entry| entry.row).collect()
    }

    /// Where a method that looks near one point looks: `c + b - a` of 3CosAdd, the middle of 3CosAvg, c or b.
    pub fn target(&self, method: Method) -> Vec<f32> {
        let [a, b] = &self.pairs[0];
        let sum = |of: &dyn Fn(usize) -> f64| (0..self.c.vector.len()).map(|j| of(j) as f32).collect();
        match method {
            Method::NearC => sum(&|j| self.c.vector[j]),
            Method::NearB => sum(&|j| b.vector[j]),
            Method::CosAvg => {
                let count = self.pairs.len() as f64;
                let offset = |j: usize| self.pairs.iter().map(|[a, b]| b.vector[j] - a.vector[j]).sum::<f64>();
                sum(&|j| self.c.vector[j] + offset(j) / count)
            }
            Method::CosAdd | Method::CosMul | Method::PairDirection => {
                sum(&|j| self.c.vector[j] + b.vector[j] - a.vector[j])
            }
        }
    }

    /// The `k` best answers with the number that the method gives them, the best first. `index` has to be for cosine;
    /// `inputs` lets the words of the question in.
    ///
    /// # Panics
    /// If the index is for another metric.
    pub fn answers(
        &self,
        method: Method,
        index: &Index<'_>,
        k: usize,
        inputs: bool,
        control: &Control,
    ) -> Result<Vec<Near>> {
        assert_eq!(index.metric(), Metric::Cosine, "analogies are a matter of angles");
        let banned = if inputs { Vec::new() } else { self.inputs() };
        let keep: Keep<'_> = &|row| !banned.contains(&row);
        let [a, b] = &self.pairs[0];
        match method {
            Method::CosAdd | Method::CosAvg | Method::NearC | Method::NearB => {
                index.nearest(&self.target(method), k, Some(keep), control)
            }
            Method::CosMul => {
                let single = |entry: &Entry| entry.vector.iter().map(|&x| x as f32).collect::<Vec<f32>>();
                multiplied(index, &[single(b), single(&self.c)], &[single(a)], k, Some(keep), control)
            }
            Method::PairDirection => self.along(index, k, keep, control),
        }
    }

    fn along(&self, index: &Index<'_>, k: usize, keep: Keep<'_>, control: &Control) -> Result<Vec<Near>> {
        let [a, b] = &self.pairs[0];
        let offset: Vec<f64> = b.vector.iter().zip(&a.vector).map(|(b, a)| b - a).collect();
        let length = offset.iter().map(|x| x * x).sum::<f64>().sqrt();
        if length == 0.0 {
            return Err(Error::input(
                "the first two words have the same vector: there is no direction from one to the other",
            ));
        }
        let unit: Vec<f32> = offset.iter().map(|x| (x / length) as f32).collect();
        let c: Vec<f32> = self.c.vector.iter().map(|&x| x as f32).collect();
        let from = vector::dot(&c, &unit);
        let rough = |x: &[f32], length: f32| {
            let square = 2.0 - 2.0 * vector::dot(x, &c) / length;
            let along = vector::dot(x, &unit) / length - from;
            if square > TOUCHING { along / square.sqrt() } else { f32::NAN }
        };
        let exact = |row: usize| {
            let x = index.rows().row(row);
            let scale = 1.0 / vector::length(x);
            let (mut along, mut square) = (0.0, 0.0);
            for ((&x, c), o) in x.iter().zip(&self.c.vector).zip(&offset) {
                let difference = f64::from(x) * scale - c;
                along += difference * o;
                square += difference * difference;
            }
            along / (square.sqrt() * length)
        };
        index.greatest(k, Some(keep), rough, exact, control)
    }
}

/// The `k` rows with the greatest product of `cos' = (cos + 1) / 2` to all of `with`, divided by that of `without` plus
/// 0.000001: gensim's `most_similar_cosmul`. `index` has to be for cosine.
///
/// # Panics
/// If the index is for another metric.
pub fn multiplied(
    index: &Index<'_>,
    with: &[Vec<f32>],
    without: &[Vec<f32>],
    k: usize,
    keep: Option<Keep<'_>>,
    control: &Control,
) -> Result<Vec<Near>> {
    assert_eq!(index.metric(), Metric::Cosine, "the method multiplies cosines");
    let units = |vectors: &[Vec<f32>]| -> Vec<Vec<f32>> {
        let unit = |v: &Vec<f32>| {
            let length = vector::length(v);
            v.iter().map(|&x| (f64::from(x) / length) as f32).collect()
        };
        vectors.iter().map(unit).collect()
    };
    let (with_units, without_units) = (units(with), units(without));
    let rough = |x: &[f32], length: f32| {
        let product =
            |units: &[Vec<f32>]| units.iter().map(|u| f32::midpoint(1.0, vector::dot(x, u) / length)).product::<f32>();
        product(&with_units) / (product(&without_units) + EPSILON as f32)
    };
    let exact = |row: usize| {
        let cosine = |v: &Vec<f32>| vector::cosine(v, index.rows().row(row));
        let product = |vectors: &[Vec<f32>]| vectors.iter().map(|v| f64::midpoint(1.0, cosine(v))).product::<f64>();
        product(with) / (product(without) + EPSILON)
    };
    index.greatest(k, keep, rough, exact, control)
}
