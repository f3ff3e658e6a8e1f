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
    /// a key (exBERT). What was masked before the softmax (minus infinity) counts as nothing, and so does what is in a
    /// row or column of `hidden`.
    pub fn new(heads: &[Cow<'_, [f32]>], hidden: &[usize], n: usize) -> Self {
        let of = |head: &Cow<'_, [f32]>| {
            if is_matrix(head, n) { means(head, hidden, n) } else { [vec![0.0; n], vec![0.0; n]] }
        };
        let each: Vec<[Vec<f32>; 2]> = heads.par_iter().map(of).collect();
        let (outgoing, incoming): (Vec<_>, Vec<_>) = each.into_iter().map(|[a, b]| (a, b)).unzip();
        let (outgoing, incoming) = (outgoing.concat(), incoming.concat());
        Self { top: [most(&outgoing), most(&incoming)], outgoing, incoming, n }
    }

    /// The same with one token looked at: the other side has only the weights between it and that token.
    pub fn about(mut self, heads: &[Cow<'_, [f32]>], hidden: &[usize], focus: Option<Focus>) -> Self {
        let n = self.n;
        let heads = heads.iter().enumerate().filter(|(_, head)| is_matrix(head, n));
        let is_hidden = |i: usize| hidden.contains(&i);
        match focus {
            None => {}
            Some(Focus::Query(q)) => {
                for (i, head) in heads {
                    let row = head[q * n..][..n].iter().map(|&x| value(x));
                    let to = &mut self.incoming[i * n..][..n];
                    to.iter_mut().zip(row).for_each(|(to, x)| *to = if is_hidden(q) { 0.0 } else { x });
                    clear(to, hidden);
                }
                self.top[1] = most(&self.incoming);
            }
            Some(Focus::Key(k)) => {
                for (i, head) in heads {
                    let column = head.iter().skip(k).step_by(n).map(|&x| value(x));
                    let to = &mut self.outgoing[i * n..][..n];
                    to.iter_mut().zip(column).for_each(|(to, x)| *to = if is_hidden(k) { 0.0 } else { x });
                    clear(to, hidden);
                }
                self.top[0] = most(&self.outgoing);
            }
        }
        self
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

fn is_matrix(head: &[f32], n: usize) -> bool {
    head.len() == n * n && n > 0
}

fn value(x: f32) -> f32 {
    if x == f32::NEG_INFINITY { 0.0 } else { x }
}

fn most(values: &[f32]) -> f32 {
    values.iter().filter(|x| x.is_finite()).fold(0f32, |most, x| most.max(x.abs()))
}

fn clear(values: &mut [f32], hidden: &[usize]) {
    for &i in hidden {
        values[i] = 0.0;
    }
}

/// The means of rows and of columns.
fn means(head: &[f32], hidden: &[usize], n: usize) -> [Vec<f32>; 2] {
    let (mut outgoing, mut incoming) = (vec![0.0; n], vec![0.0; n]);
    let mut left = vec![0.0; n];
    for (q, row) in head.chunks_exact(n).enumerate().filter(|(q, _)| !hidden.contains(q)) {
        left.iter_mut().zip(row).for_each(|(left, &x)| *left = value(x));
        clear(&mut left, hidden);
        outgoing[q] = left.iter().sum::<f32>() / n as f32;
        incoming.iter_mut().zip(&left).for_each(|(sum, x)| *sum += x);
    }
    for sum in &mut incoming {
        *sum /= n as f32;
    }
    [outgoing, incoming]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_means_and_a_focus_leaves_one_row_or_column() {
        let heads = [vec![0.5, 0.5, 0.1, 0.9], vec![1.0, 0.0, f32::NEG_INFINITY, -1.0]].map(Cow::Owned);
        let of = |focus, side| {
            let columns = Columns::new(&heads, &[], 2).about(&heads, &[], focus);
            [0, 1].map(|h| [0, 1].map(|i| columns.value(side, h, i)))
        };
        assert_eq!(of(None, Side::Outgoing), [[0.5, 0.5], [0.5, -0.5]]);
        assert_eq!(of(None, Side::Incoming), [[0.3, 0.7], [0.5, -0.5]]);
        assert_eq!(of(Some(Focus::Query(1)), Side::Incoming), [[0.1, 0.9], [0.0, -1.0]]);
        assert_eq!(of(Some(Focus::Query(1)), Side::Outgoing), [[0.5, 0.5], [0.5, -0.5]]);
        assert_eq!(of(Some(Focus::Key(0)), Side::Outgoing), [[0.5, 0.1], [1.0, 0.0]]);
        assert_eq!(Columns::new(&heads, &[], 2).top(Side::Incoming), 0.7);
        // A token that is hidden neither gives nor gets, as if its row and its column were nothing.
        let nothing = [vec![0.5, 0.0, 0.0, 0.0], vec![1.0, 0.0, 0.0, 0.0]].map(Cow::Owned);
        for focus in [None, Some(Focus::Query(0)), Some(Focus::Query(1)), Some(Focus::Key(0)), Some(Focus::Key(1))] {
            let hidden = Columns::new(&heads, &[1], 2).about(&heads, &[1], focus);
            assert_eq!(hidden, Columns::new(&nothing, &[], 2).about(&nothing, &[], focus), "{focus:?}");
        }
    }
}
