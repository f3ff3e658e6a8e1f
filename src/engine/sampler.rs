//! From logits to the next token: temperature, top-k, top-p, and a generator of random numbers that gives the same
//! ones everywhere.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// How a token is drawn. The order is that of transformers: temperature, then top-k, then top-p.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sampling {
    /// Logits are divided by it; 0 always takes the likeliest token, the one with the lowest id among equals.
    pub temperature: f64,
    /// How many of the likeliest tokens are left; 0 leaves all.
    pub top_k: usize,
    /// The fewest of the likeliest tokens whose probabilities sum to at least this are left; 1 leaves all. Holtzman et
    /// al. 2020, "The Curious Case of Neural Text Degeneration".
    pub top_p: f64,
    /// Where the random numbers begin.
    pub seed: u64,
}

impl Default for Sampling {
    /// The model's own distribution.
    fn default() -> Self {
        Self { temperature: 1.0, top_k: 0, top_p: 1.0, seed: 0 }
    }
}

/// A token that may follow.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Candidate {
    /// Vocabulary row.
    pub id: u32,
    /// Probability, 0 to 1.
    pub probability: f64,
}

impl Sampling {
    /// Refuses what is no way to draw.
    pub fn check(&self) -> Result<()> {
        if !self.temperature.is_finite() || self.temperature < 0.0 {
            return Err(Error::input(format!("the temperature is {}: give 0 or more", self.temperature)));
        }
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            return Err(Error::input(format!("top-p is {}: give a share above 0 and up to 1", self.top_p)));
        }
        Ok(())
    }

    /// The tokens that may be drawn, likeliest first, with probabilities that sum to 1.
    pub fn keep(&self, logits: &[f32]) -> Vec<Candidate> {
        if self.temperature == 0.0 {
            return ranked(logits, 1.0).first().map(|c| Candidate { probability: 1.0, ..*c }).into_iter().collect();
        }
        let mut kept = ranked(logits, self.temperature);
        if self.top_k > 0 {
            kept.truncate(self.top_k);
            normalise(&mut kept);
        }
        let mut sum = 0.0;
        let enough = kept.iter().position(|c| {
            sum += c.probability;
            sum >= self.top_p
        });
        // A sum that rounding keeps below 1 leaves all, as 1 should.
        if let Some(last) = enough.filter(|_| self.top_p < 1.0) {
            kept.truncate(last + 1);
            normalise(&mut kept);
        }
        kept
    }
}

/// The candidate whose share of the line from 0 to 1, laid out in order, holds `point`.
pub fn draw(kept: &[Candidate], point: f64) -> Option<Candidate> {
    let mut sum = 0.0;
    let found = kept.iter().find(|c| {
        sum += c.probability;
        point < sum
    });
    found.or(kept.last()).copied()
}

/// Every token by its probability at a temperature, likeliest first and lower ids first among equals. The softmax is
/// computed in `f64`.
pub fn ranked(logits: &[f32], temperature: f64) -> Vec<Candidate> {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weight = |x: f32| (f64::from(x - max) / temperature).exp();
    let mut order: Vec<u32> = (0..logits.len() as u32).collect();
    order.sort_unstable_by(|&a, &b| logits[b as usize].total_cmp(&logits[a as usize]).then(a.cmp(&b)));
    let mut all: Vec<Candidate> =
        order.into_iter().map(|id| Candidate { id, probability: weight(logits[id as usize]) }).collect();
    normalise(&mut all);
    all
}

fn normalise(candidates: &mut [Candidate]) {
    let total: f64 = candidates.iter().map(|c| c.probability).sum();
    for candidate in candidates {
        candidate.probability /= total;
    }
}

/// `SplitMix64` (Steele, Lea and Flood 2014): the same numbers on every machine and in every version of Lexiscope.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Begins at a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The next number from 0 up to 1, 1 excluded: the upper 53 bits.
    pub fn point(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_splitmix64() {
        // The published test vector of the seed 1234567.
        let mut random = Random::new(1_234_567);
        let wanted = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        assert_eq!(wanted.map(|_| random.bits()), wanted);
    }

    #[test]
    fn tokens_come_as_often_as_they_are_likely() {
        let logits = [0.2_f32, 1.4, -0.7, 0.9, 0.0];
        let sampling = Sampling { temperature: 0.8, top_k: 4, top_p: 0.95, seed: 7 };
        // By hand: softmax(logits / 0.8) of the four largest, then those that reach 0.95.
        let weights = [1.4_f64, 0.9, 0.2, 0.0].map(|x| (x / 0.8).exp());
        let total: f64 = weights.iter().sum();
        let shares = weights.map(|w| w / total);
        assert!(shares[..3].iter().sum::<f64>() < 0.95, "all four are needed");
        let kept = sampling.keep(&logits);
        assert_eq!(kept.iter().map(|c| c.id).collect::<Vec<_>>(), [1, 3, 0, 4]);
        let mut random = Random::new(sampling.seed);
        let (times, mut counts) = (200_000, [0u32; 5]);
        for _ in 0..times {
            counts[draw(&kept, random.point()).expect("one is drawn").id as usize] += 1;
        }
        for (share, id) in shares.into_iter().zip([1, 3, 0, 4]) {
            let found = f64::from(counts[id]) / f64::from(times);
            // Five standard deviations.
            let allowed = 5.0 * (share * (1.0 - share) / f64::from(times)).sqrt();
            assert!((found - share).abs() < allowed, "token {id}: {found} should be {share} within {allowed}");
        }
        assert_eq!(counts[2], 0);
    }

    #[test]
    fn what_is_no_way_to_draw_is_refused() {
        let good = Sampling::default();
        assert!(good.check().is_ok());
        for temperature in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(Sampling { temperature, ..good }.check().is_err(), "{temperature}");
        }
        for top_p in [0.0, -0.1, 1.1, f64::NAN] {
            assert!(Sampling { top_p, ..good }.check().is_err(), "{top_p}");
        }
    }

    #[test]
    fn the_ends_of_the_line_belong_to_somebody() {
        let kept = [Candidate { id: 4, probability: 0.25 }, Candidate { id: 9, probability: 0.75 }];
        let drawn = |point| draw(&kept, point).expect("a candidate").id;
        assert_eq!((drawn(0.0), drawn(0.24), drawn(0.25), drawn(1.0)), (4, 4, 9, 9));
        assert_eq!(draw(&[], 0.5), None);
    }
}
