//! Attention rollout: how much of each input token a token of layer l is made of, if attention is all that mixes tokens.
//! Abnar and Zuidema 2020, <https://arxiv.org/abs/2005.00928>.

use crate::array::Array;
use crate::engine::Run;
use crate::error::Result;
use rayon::prelude::*;

/// `[layer, query, key]`: with `A` the mean over heads and `A' = (A + I) / row sum`, `R_0 = A'_0`,
/// `R_l = A'_l R_(l-1)`. Rows sum to 1.
pub fn rollout(run: &Run) -> Result<Array> {
    let n = run.tokens.len();
    let mut rows: Vec<f32> = Vec::with_capacity(run.card.layers * n * n);
    for layer in 0..run.card.layers {
        let probs = run.array(run.at(layer, crate::trace::Site::Probs))?;
        let step = step(probs.data(), probs.len_of("head"), n);
        let below = rows.len().checked_sub(n * n).map(|start| &rows[start..]);
        let joint = below.map_or_else(|| step.clone(), |below| product(&step, below, n));
        rows.extend(joint);
    }
    Array::new(&["layer", "query", "key"], &[run.card.layers, n, n], rows)
}

/// Mean over heads of `[head, query, key]`, half of it staying where it is, rows summing to 1.
fn step(probs: &[f32], heads: usize, n: usize) -> Vec<f32> {
    let mut mean = vec![0f32; n * n];
    mean.par_chunks_mut(n.max(1)).enumerate().for_each(|(q, row)| {
        for head in probs.chunks_exact((n * n).max(1)).take(heads) {
            row.iter_mut().zip(&head[q * n..]).for_each(|(m, p)| *m += p);
        }
        for m in row.iter_mut() {
            *m /= heads as f32;
        }
        row[q] += 1.0;
        let sum: f32 = row.iter().sum();
        for m in row {
            *m /= sum;
        }
    });
    mean
}

/// `a b` of two row-major matrices `[n, n]`, rows in parallel; what is zero in `a` (later tokens) costs nothing.
fn product(a: &[f32], b: &[f32], n: usize) -> Vec<f32> {
    let mut out = vec![0f32; n * n];
    out.par_chunks_mut(n.max(1)).zip(a.par_chunks(n.max(1))).for_each(|(out, a)| {
        // Four rows of b at a time: the row that grows is read and written a quarter as often.
        for (four, b) in a.chunks(4).zip(b.chunks(4 * n)) {
            match four {
                [0.0, 0.0, 0.0, 0.0] => {}
                &[w, x, y, z] => {
                    let (b0, rest) = b.split_at(n);
                    let (b1, rest) = rest.split_at(n);
                    let (b2, b3) = rest.split_at(n);
                    for ((((o, b0), b1), b2), b3) in out.iter_mut().zip(b0).zip(b1).zip(b2).zip(b3) {
                        *o += (w * b0 + x * b1) + (y * b2 + z * b3);
                    }
                }
                few => {
                    for (w, b) in few.iter().zip(b.chunks(n)) {
                        out.iter_mut().zip(b).for_each(|(o, b)| *o += w * b);
                    }
                }
            }
        }
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_is_a_product_whatever_its_size() {
        for n in [1, 2, 3, 4, 5, 8, 11] {
            let cell = |i: usize, k: usize| ((i * 7 + k * 3) % 5) as f32 - 1.0;
            let matrix = |t: usize| (0..n * n).map(|i| cell(i / n + t, i % n)).collect::<Vec<f32>>();
            let (a, b) = (matrix(0), matrix(1));
            for (i, found) in product(&a, &b, n).into_iter().enumerate() {
                let wanted: f32 = (0..n).map(|k| a[i / n * n + k] * b[k * n + i % n]).sum();
                assert_eq!(found, wanted, "{n}: {i}");
            }
        }
    }

    #[test]
    fn a_step_keeps_half_and_sums_to_one() {
        // Two heads over two tokens: their mean is [0.5, 0.5], [0, 1].
        let probs = [1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0];
        assert_eq!(step(&probs, 2, 2), [0.75, 0.25, 0.0, 1.0]);
    }
}
