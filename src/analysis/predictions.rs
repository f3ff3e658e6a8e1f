//! From logits to the words a model would put somewhere.

/// One word and how likely the model finds it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// Vocabulary row.
    pub id: u32,
    /// Probability, 0 to 1.
    pub probability: f64,
}

/// The `k` likeliest of a row of logits, most likely first. The softmax is computed in `f64`.
pub fn top(logits: &[f32], k: usize) -> Vec<Prediction> {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let total: f64 = logits.iter().map(|&x| f64::from(x - max).exp()).sum();
    let mut order: Vec<u32> = (0..logits.len() as u32).collect();
    let by_logit = |a: &u32, b: &u32| logits[*b as usize].total_cmp(&logits[*a as usize]).then(a.cmp(b));
    let k = k.min(order.len());
    if k > 0 && k < order.len() {
        order.select_nth_unstable_by(k - 1, by_logit);
    }
    order.truncate(k);
    order.sort_by(by_logit);
    let probability = |id: u32| f64::from(logits[id as usize] - max).exp() / total;
    order.into_iter().map(|id| Prediction { id, probability: probability(id) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_come_first_and_probabilities_are_of_the_whole_vocabulary() {
        let logits = [0.0, 2.0_f32.ln(), 4.0_f32.ln(), 1.0_f32.ln()];
        let top = top(&logits, 2);
        assert_eq!(top.iter().map(|p| p.id).collect::<Vec<_>>(), [2, 1]);
        assert!((top[0].probability - 0.5).abs() < 1e-7 && (top[1].probability - 0.25).abs() < 1e-7);
    }

    #[test]
    fn asking_for_more_than_there_is_gives_all() {
        assert_eq!(top(&[1.0, 2.0], 10).len(), 2);
        assert!(top(&[], 3).is_empty());
    }
}
