//! The odd one out: the word that lies farthest from what a few words have in common.

use super::lexicon::{Lexicon, Missing};
use crate::error::{Error, Result};

/// Words by how near they are to the middle of them all.
#[derive(Debug, Clone, PartialEq)]
pub struct Odd {
    /// Places in the list of words with the cosine to the middle, the nearest first: the last one is the odd one. Of equal
    /// ones the earlier comes first.
    pub ranked: Vec<(usize, f32)>,
    /// Words that have no vector or no direction: they are left out.
    pub missing: Vec<Missing>,
}

impl Odd {
    /// Ranks words. The middle is the mean of the vectors, each scaled to length 1; the numbers are those of gensim's
    /// `rank_by_centrality`, and its `doesnt_match` is the last word.
    ///
    /// Of fewer than three known words none is odd: an error.
    pub fn of(words: &[&str], lexicon: &Lexicon<'_>) -> Result<Self> {
        let lexicon = Lexicon { unit: true, ..*lexicon };
        let (mut vectors, mut missing) = (Vec::new(), Vec::new());
        for (place, word) in words.iter().enumerate() {
            match lexicon.find(word) {
                Ok(entry) => vectors.push((place, entry.vector)),
                Err(why) => missing.push(why),
            }
        }
        if vectors.len() < 3 {
            let mut what = "finding the odd one out takes three known words or more".to_owned();
            for word in &missing {
                what = format!("{what}; {word}");
            }
            return Err(Error::input(what));
        }
        let mut middle = vec![0f64; vectors[0].1.len()];
        for (_, vector) in &vectors {
            middle.iter_mut().zip(vector).for_each(|(m, x)| *m += x);
        }
        let length = middle.iter().map(|x| x * x).sum::<f64>().sqrt();
        // Where they cancel there is no middle, and each is as odd as the others.
        let scale = if length > 1e-12 { 1.0 / length } else { 0.0 };
        let cosine = |vector: &[f64]| vector.iter().zip(&middle).map(|(x, m)| x * m).sum::<f64>() * scale;
        let mut ranked: Vec<(usize, f32)> = vectors.iter().map(|(place, v)| (*place, cosine(v) as f32)).collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        Ok(Self { ranked, missing })
    }
}
