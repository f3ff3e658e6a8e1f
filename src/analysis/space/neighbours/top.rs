//! The best of many scores, without sorting them.

/// How many scores are looked at together before any is looked at alone.
const GROUP: usize = 32;

/// The `most` best of the scores that it sees; of equal scores those of the lower rows, as long as rows come in order.
/// A score that is NaN is never kept.
#[derive(Debug, Clone)]
pub(super) struct Top {
    /// What passed so far: the score in the upper half, the row, turned round, in the lower one, so that the greatest
    /// key is the best score and of equal ones the lowest row.
    keys: Vec<u64>,
    most: usize,
    /// What a score has to exceed.
    bar: f32,
}

impl Top {
    pub(super) fn new(most: usize) -> Self {
        Self { keys: Vec::new(), most, bar: f32::NEG_INFINITY }
    }

    /// Whether a score is worth offering.
    #[inline]
    pub(super) fn lets(&self, score: f32) -> bool {
        score > self.bar
    }

    /// Looks at one score.
    #[inline]
    pub(super) fn offer(&mut self, score: f32, row: usize) {
        if self.lets(score) {
            self.keys.push(key(score, row));
            if self.keys.len() >= 2 * self.most + GROUP {
                self.cut();
            }
        }
    }

    /// Looks at the scores of the rows from `first` on, of which those count that `keep` lets through.
    #[inline]
    pub(super) fn see(&mut self, scores: &[f32], first: usize, keep: impl Fn(usize) -> bool) {
        for (group, at) in scores.chunks(GROUP).zip((first..).step_by(GROUP)) {
            let bar = self.bar;
            let above: u32 = group.iter().map(|&score| u32::from(score > bar)).sum();
            if above > 0 {
                for (&score, row) in group.iter().zip(at..) {
                    if self.lets(score) && keep(row) {
                        self.offer(score, row);
                    }
                }
            }
        }
    }

    /// Forgets all but the best.
    fn cut(&mut self) {
        if self.keys.len() > self.most && self.most > 0 {
            self.keys.select_nth_unstable_by(self.most - 1, |a, b| b.cmp(a));
            self.keys.truncate(self.most);
            self.bar = score(self.keys[self.most - 1]);
        }
    }

    /// What another one saw, too.
    pub(super) fn join(&mut self, other: &Self) {
        self.keys.extend_from_slice(&other.keys);
        self.cut();
    }

    /// The rows of the best, in no order.
    pub(super) fn rows(mut self) -> impl Iterator<Item = usize> {
        self.cut();
        self.keys.truncate(self.most);
        self.keys.into_iter().map(|key| !(key as u32) as usize)
    }
}

/// A number that grows with the score and, for equal scores, falls with the row.
fn key(score: f32, row: usize) -> u64 {
    // -0 becomes 0.
    let bits = (score + 0.0).to_bits();
    let ordered = if bits >> 31 == 1 { !bits } else { bits | 1 << 31 };
    u64::from(ordered) << 32 | u64::from(!(row as u32))
}

/// The score in a key.
fn score(key: u64) -> f32 {
    let ordered = (key >> 32) as u32;
    f32::from_bits(if ordered >> 31 == 1 { ordered & !(1 << 31) } else { !ordered })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_ordered_as_scores_are() {
        let scores = [f32::NEG_INFINITY, -3.5, -1e-30, 0.0, 1e-30, 2.0, f32::INFINITY];
        for pair in scores.windows(2) {
            assert!(key(pair[0], 0) < key(pair[1], 9));
        }
        assert!(key(1.0, 3) > key(1.0, 4));
        assert_eq!(key(0.0, 3), key(-0.0, 3));
        assert!(scores.iter().all(|&s| score(key(s, 7)) == s));
    }

    #[test]
    fn the_best_are_kept_and_of_equal_ones_the_first() {
        let scores: Vec<f32> = (0..5000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as f32).collect();
        let mut sorted: Vec<usize> = (0..5000).filter(|i| i % 3 != 0).collect();
        sorted.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
        let mut seen = Top::new(40);
        seen.see(&scores, 0, |row| row % 3 != 0);
        let (mut first, mut second) = (Top::new(40), Top::new(40));
        first.see(&scores[..1234], 0, |row| row % 3 != 0);
        second.see(&scores[1234..], 1234, |row| row % 3 != 0);
        first.join(&second);
        for top in [seen, first] {
            let mut rows: Vec<usize> = top.rows().collect();
            rows.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
            assert_eq!(rows, sorted[..40]);
        }
    }

    #[test]
    fn nan_is_never_among_the_best() {
        let mut top = Top::new(3);
        top.see(&[f32::NAN, -1.0, f32::NAN], 0, |_| true);
        assert_eq!(top.rows().collect::<Vec<_>>(), [1]);
    }
}
