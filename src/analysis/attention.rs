//! What is shown of a head's attention, what was left out, and which heads do something simple.

use crate::engine::Run;
use crate::text::Tokens;

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

/// A head after the transformations, in their fixed order: special tokens, then the threshold.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shown {
    /// Weights row-major `[query, key]`, special tokens zeroed if they are hidden. Not renormalised.
    pub weights: Vec<f32>,
    /// The share of all mass that hiding special tokens took away, 0 to 1.
    pub removed: f32,
    /// The weights that pass the threshold.
    pub edges: Vec<Edge>,
    /// The share of the remaining mass that they carry.
    pub mass: f32,
    /// How many weights there are that are not hidden.
    pub of: usize,
}

/// What to leave out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Filter {
    /// Whether rows and columns of special tokens are zeroed.
    pub hide_special: bool,
    /// The share of each row's mass that is shown, 0 to 1, largest weights first (exBERT's design).
    pub top: f32,
}

/// Applies a filter to one head's weights, row-major `[query, key]`.
pub fn show(tokens: &Tokens, weights: &[f32], filter: Filter) -> Shown {
    let n = tokens.len();
    if weights.len() != n * n || n == 0 {
        return Shown::default();
    }
    let special = |i: usize| filter.hide_special && tokens.pieces[i].special;
    let mut kept = weights.to_vec();
    for (i, w) in kept.iter_mut().enumerate() {
        if special(i / n) || special(i % n) {
            *w = 0.0;
        }
    }
    // A hidden query's row is not looked at, so its mass counts as neither shown nor removed.
    let rows = (0..n).filter(|&q| !special(q));
    let of = rows.clone().count().pow(2);
    let after: f32 = sum(&kept);
    let mut edges = Vec::new();
    for query in rows {
        edges.extend(top_of_row(query, &kept[query * n..][..n], filter.top));
    }
    let shown: f32 = edges.iter().map(|e| e.weight).sum();
    Shown {
        removed: if filter.hide_special { on_special(tokens, weights) } else { 0.0 },
        mass: if after > 0.0 { (shown / after).min(1.0) } else { 0.0 },
        of,
        weights: kept,
        edges,
    }
}

/// The share of the attention of a text's own tokens that rests on special tokens, 0 to 1: what hiding them takes away.
pub fn on_special(tokens: &Tokens, weights: &[f32]) -> f32 {
    let n = tokens.len();
    let (special, own): (Vec<usize>, Vec<usize>) = (0..n).partition(|&i| tokens.pieces[i].special);
    if weights.len() != n * n || own.is_empty() {
        return 0.0;
    }
    let taken = |q: usize| special.iter().map(|&k| weights[q * n + k]).sum::<f32>();
    // Every row sums to 1.
    own.iter().map(|&q| taken(q)).sum::<f32>() / own.len() as f32
}

/// The largest weights of a row until they carry `top` of its mass; the one that crosses the line is included.
fn top_of_row(query: usize, row: &[f32], top: f32) -> Vec<Edge> {
    let total = sum(row);
    let mut order: Vec<usize> = (0..row.len()).filter(|&k| row[k] > 0.0).collect();
    order.sort_by(|&a, &b| row[b].total_cmp(&row[a]));
    let mut running = 0.0;
    let mut edges = Vec::new();
    for key in order {
        if running >= top * total {
            break;
        }
        running += row[key];
        edges.push(Edge { query, key, weight: row[key] });
    }
    edges
}

fn sum(row: &[f32]) -> f32 {
    row.iter().sum()
}

/// The key that a query attends to most, special tokens and the query itself aside.
pub fn strongest(tokens: &Tokens, weights: &[f32], query: usize) -> Option<Edge> {
    let n = tokens.len();
    let row = weights.get(query * n..(query + 1) * n)?;
    let keys = (0..n).filter(|&k| k != query && !tokens.pieces[k].special && row[k].is_finite());
    let key = keys.max_by(|&a, &b| row[a].total_cmp(&row[b]))?;
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
pub fn score(run: &Run, layer: usize, head: usize, habit: Habit) -> Option<Score> {
    let tokens = &run.tokens;
    let (n, weights) = (tokens.len(), run.head(layer, head));
    if weights.len() != n * n {
        return None;
    }
    let special = |i: usize| tokens.pieces[i].special;
    let mut total = 0.0;
    let mut count = 0;
    for query in (0..n).filter(|&q| !special(q)) {
        let row = &weights[query * n..][..n];
        let on_special: f32 = (0..n).filter(|&k| special(k)).map(|k| row[k]).sum();
        let rest = 1.0 - on_special;
        let share = match habit {
            Habit::Special => Some(on_special),
            Habit::Previous => query.checked_sub(1).filter(|&k| !special(k)).map(|k| row[k] / rest),
            Habit::Next => Some(query + 1).filter(|&k| k < n && !special(k)).map(|k| row[k] / rest),
        };
        // Where next to nothing is left beside the sink, a share of it says nothing.
        let counts = habit == Habit::Special || rest > 0.1;
        if let Some(share) = share.filter(|s| counts && s.is_finite()) {
            total += share;
            count += 1;
        }
    }
    (count > 0).then(|| Score { habit, layer, head, score: total / count as f32, n: count })
}

/// The head that follows each habit most, where it does so with more than half of its attention.
pub fn worth_seeing(run: &Run) -> Vec<Score> {
    [Habit::Previous, Habit::Next, Habit::Special].into_iter().filter_map(|habit| best(run, habit)).collect()
}

/// The head that follows a habit most, if that is more than half of its attention and shown by three queries.
pub fn best(run: &Run, habit: Habit) -> Option<Score> {
    let heads = (0..run.card.layers).flat_map(|l| (0..run.card.heads).map(move |h| (l, h)));
    let scores = heads.filter_map(|(l, h)| score(run, l, h, habit));
    scores.max_by(|a, b| a.score.total_cmp(&b.score)).filter(|s| s.score > 0.5 && s.n >= 3)
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
    fn hiding_special_tokens_says_how_much_went() {
        let tokens = tokens(&[true, false, false]);
        let weights = [0.0, 0.5, 0.5, 0.6, 0.1, 0.3, 0.2, 0.4, 0.4];
        let shown = show(&tokens, &weights, Filter { hide_special: true, top: 1.0 });
        assert!((shown.removed - 0.4).abs() < 1e-6, "rows 1 and 2 lose 0.6 and 0.2 of 2: {}", shown.removed);
        assert_eq!(shown.weights, [0.0, 0.0, 0.0, 0.0, 0.1, 0.3, 0.0, 0.4, 0.4]);
        assert_eq!(shown.edges.len(), 4);
        let all = show(&tokens, &weights, Filter { hide_special: false, top: 1.0 });
        assert_eq!((all.removed, all.weights.as_slice()), (0.0, weights.as_slice()));
    }

    #[test]
    fn the_threshold_keeps_the_edge_that_crosses_it() {
        let row = [0.5, 0.3, 0.15, 0.05];
        let kept = |top| top_of_row(0, &row, top).len();
        assert_eq!((kept(0.0), kept(0.1), kept(0.5), kept(0.51), kept(0.81), kept(1.0)), (0, 1, 1, 2, 3, 4));
    }

    #[test]
    fn the_strongest_key_is_neither_special_nor_the_query() {
        let tokens = tokens(&[true, false, false]);
        let weights = [1.0, 0.0, 0.0, 0.5, 0.4, 0.1, 0.0, 0.0, 1.0];
        let edge = strongest(&tokens, &weights, 1).expect("token 2 is left");
        assert_eq!((edge.key, edge.weight), (2, 0.1));
    }
}
