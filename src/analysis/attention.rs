//! The strongest weights of a head, and which heads do something simple.

use super::measures::{Measure, Setting};
use crate::engine::Run;
use crate::text::Tokens;
use rayon::prelude::*;

/// One weight that is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edge {
    /// The token that attends.
    pub query: usize,
    /// The token attended to.
    pub key: usize,
    /// The weight.
    pub weight: f32,
}

/// The key that a query attends to most, by magnitude, special tokens and the query itself aside.
pub fn strongest(tokens: &Tokens, weights: &[f32], query: usize) -> Option<Edge> {
    let n = tokens.len();
    let row = weights.get(query * n..(query + 1) * n)?;
    let keys = (0..n).filter(|&k| k != query && !tokens.pieces[k].special && row[k].is_finite());
    let key = keys.max_by(|&a, &b| row[a].abs().total_cmp(&row[b].abs()))?;
    Some(Edge { query, key, weight: row[key] })
}

/// Something simple that a head may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Habit {
    /// Looks at the token before.
    Previous,
    /// Looks at the token after.
    Next,
    /// Looks at special tokens: a sink.
    Special,
}

/// How much of a head's attention follows a habit on one text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// The habit.
    pub habit: Habit,
    /// The layer.
    pub layer: usize,
    /// The head.
    pub head: usize,
    /// Mean over queries of the mass that follows the habit, 0 to 1. For neighbours, of the mass that is not on
    /// special tokens: a sink would drown everything else.
    pub score: f32,
    /// Over how many queries.
    pub n: usize,
}

/// The habit of one head; `None` where no query can show it.
fn score(run: &Run, setting: &Setting, layer: usize, head: usize, habit: Habit) -> Option<Score> {
    let measure = match habit {
        Habit::Previous => Measure::Previous,
        Habit::Next => Measure::Next,
        Habit::Special => Measure::SinkShare,
    };
    // Where no token is special, there is none to look at.
    if habit == Habit::Special && run.tokens.pieces.iter().all(|piece| !piece.special) {
        return None;
    }
    let (score, n) = setting.habit(measure, run.head(layer, head));
    (n > 0).then_some(Score { habit, layer, head, score: score as f32, n: n as usize })
}

/// The head that follows each habit most, where it does so with more than half of its attention.
pub fn worth_seeing(run: &Run) -> Vec<Score> {
    [Habit::Previous, Habit::Next, Habit::Special].into_iter().filter_map(|habit| best(run, habit)).collect()
}

/// The head that follows a habit most, if that is more than half of its attention and shown by three queries.
pub fn best(run: &Run, habit: Habit) -> Option<Score> {
    let heads = run.card.heads;
    let setting = Setting::of(run);
    let all = (0..run.card.layers * heads).into_par_iter();
    let scores: Vec<Score> = all.filter_map(|i| score(run, &setting, i / heads, i % heads, habit)).collect();
    scores.into_iter().max_by(|a, b| a.score.total_cmp(&b.score)).filter(|s| s.score > 0.5 && s.n >= 3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Piece;

    fn tokens(specials: &[bool]) -> Tokens {
        let piece = |(i, &special): (usize, &bool)| Piece {
            piece: i.to_string(),
            id: 0,
            start: 0,
            end: 0,
            text: 0,
            segment: 0,
            special,
            word: (!special).then_some(i as u32),
            unknown: false,
        };
        Tokens { texts: vec!["".into()], pieces: specials.iter().enumerate().map(piece).collect(), dropped: 0 }
    }

    #[test]
    fn the_strongest_key_is_neither_special_nor_the_query() {
        let tokens = tokens(&[true, false, false]);
        let weights = [1.0, 0.0, 0.0, 0.5, 0.4, 0.1, 0.0, 0.0, 1.0];
        let edge = strongest(&tokens, &weights, 1).expect("token 2 is left");
        assert_eq!((edge.key, edge.weight), (2, 0.1));
    }
}
