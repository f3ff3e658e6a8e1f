//! Heat columns: how much attention each token gives and gets, head by head.

use super::{Focus, Side};
use rayon::prelude::*;
use std::borrow::Cow;

/// The columns of a layer's heads, row-major `[head, token]` on each side.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Columns {
    outgoing: Vec<f32>,
    incoming: Vec<f32>,
    n: usize,
    top: [f32; 2],
}

impl Columns {
    /// Of each head's weights, row-major `[query, key]`: the mean over keys beside a query, the mean over queries beside
    /// a key (exBERT). With a focus the other side has only the weights between it and that token. What was masked
    /// before the softmax (minus infinity) counts as nothing.
    pub fn new(heads: &[Cow<'_, [f32]>], n: usize, focus: Option<Focus>) -> Self {
        let of = |head: &Cow<'_, [f32]>| {
            if head.len() == n * n && n > 0 { sides(head, n, focus) } else { [vec![0.0; n], vec![0.0; n]] }
        };
        let each: Vec<[Vec<f32>; 2]> = heads.par_iter().map(of).collect();
        let (outgoing, incoming): (Vec<_>, Vec<_>) = each.into_iter().map(|[a, b]| (a, b)).unzip();
        let (outgoing, incoming) = (outgoing.concat(), incoming.concat());
        let most = |v: &[f32]| v.iter().filter(|x| x.is_finite()).fold(0f32, |most, x| most.max(x.abs()));
        Self { top: [most(&outgoing), most(&incoming)], outgoing, incoming, n }
    }

    /// The number of a token.
    pub fn value(&self, side: Side, head: usize, token: usize) -> f32 {
        let numbers = match side {
            Side::Outgoing => &self.outgoing,
            Side::Incoming => &self.incoming,
        };
        numbers.get(head * self.n + token).copied().unwrap_or(0.0)
    }

    /// The largest size on a side: what full colour stands for.
    pub fn top(&self, side: Side) -> f32 {
        self.top[usize::from(side == Side::Incoming)]
    }
}

fn sides(head: &[f32], n: usize, focus: Option<Focus>) -> [Vec<f32>; 2] {
    let value = |x: f32| if x == f32::NEG_INFINITY { 0.0 } else { x };
    let outgoing = match focus {
        Some(Focus::Key(k)) => (0..n).map(|q| value(head[q * n + k])).collect(),
        _ => head.chunks_exact(n).map(|row| row.iter().map(|&x| value(x)).sum::<f32>() / n as f32).collect(),
    };
    let incoming = if let Some(Focus::Query(q)) = focus {
        head[q * n..][..n].iter().map(|&x| value(x)).collect()
    } else {
        let mut sums = vec![0.0; n];
        for row in head.chunks_exact(n) {
            for (sum, &x) in sums.iter_mut().zip(row) {
                *sum += value(x);
            }
        }
        sums.iter().map(|sum| sum / n as f32).collect()
    };
    [outgoing, incoming]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_means_and_a_focus_leaves_one_row_or_column() {
        let head = Cow::Borrowed([0.5, 0.5, 0.1, 0.9].as_slice());
        let other = Cow::Borrowed([1.0, 0.0, f32::NEG_INFINITY, -1.0].as_slice());
        let heads = [head, other];
        let of = |focus, side| {
            let columns = Columns::new(&heads, 2, focus);
            [0, 1].map(|h| [0, 1].map(|i| columns.value(side, h, i)))
        };
        assert_eq!(of(None, Side::Outgoing), [[0.5, 0.5], [0.5, -0.5]]);
        assert_eq!(of(None, Side::Incoming), [[0.3, 0.7], [0.5, -0.5]]);
        assert_eq!(of(Some(Focus::Query(1)), Side::Incoming), [[0.1, 0.9], [0.0, -1.0]]);
        assert_eq!(of(Some(Focus::Query(1)), Side::Outgoing), [[0.5, 0.5], [0.5, -0.5]]);
        assert_eq!(of(Some(Focus::Key(0)), Side::Outgoing), [[0.5, 0.1], [1.0, 0.0]]);
        assert_eq!(Columns::new(&heads, 2, None).top(Side::Incoming), 0.7);
    }
}
