//! The odd one out: the word that lies farthest from what a few words have in common.

use super::lexicon::{Lexicon, Missing};
use crate::error::{Error, Result};

/// Words by how near they are to the middle of them all, the nearest first: `(place in the list, cosine)`. The last one is the odd one.
/// The middle is the mean of the vectors, each scaled to length 1; the numbers are gensim's `rank_by_centrality`, and
/// its `doesnt_match` is the last word. Of equal ones the earlier comes first.
///
/// Of fewer than three words none is odd: an error.
pub fn ranked(words: &[&str], lexicon: &Lexicon<'_>) -> Result<Vec<(usize, f32)>> {
    if words.len() < 3 {
        return Err(Error::input("to find the odd one out takes three words or more"));
    }
    let lexicon = Lexicon { unit: true, ..*lexicon };
    let vectors = words.iter().map(|word| Ok(lexicon.find(word)?.vector)).collect::<Result<Vec<_>, Missing>>()?;
    let width = vectors[0].len();
    let mut middle = vec![0f64; width];
    for vector in &vectors {
        middle.iter_mut().zip(vector).for_each(|(m, x)| *m += x);
    }
    let length = middle.iter().map(|x| x * x).sum::<f64>().sqrt();
    // Where they cancel there is no middle, and each is as odd as the others.
    let scale = if length > 1e-12 { 1.0 / length } else { 0.0 };
    let cosine = |vector: &Vec<f64>| vector.iter().zip(&middle).map(|(x, m)| x * m).sum::<f64>() * scale;
    let mut ranked: Vec<(usize, f32)> = vectors.iter().map(|vector| cosine(vector) as f32).enumerate().collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    Ok(ranked)
}
