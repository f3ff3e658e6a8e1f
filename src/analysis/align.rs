//! Which token of one text is which of another.

use crate::text::Tokens;

/// Pairs of positions that stand for the same token, ascending on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Alignment {
    /// `(position in A, position in B)`.
    pub pairs: Vec<(usize, usize)>,
    /// How many tokens A and B have.
    pub lengths: [usize; 2],
}

impl Alignment {
    /// Equal sequences of tokens are aligned one to one, others along a longest common subsequence (Hirschberg 1975;
    /// of several, the one whose pairs come first). Two tokens are the same if a person reads the same, if both
    /// begin a word or both continue one, and if both or neither are special: vocabularies may write them in different
    /// ways.
    pub fn of(a: &Tokens, b: &Tokens) -> Self {
        let read = |tokens: &Tokens| -> Vec<(String, bool, bool)> {
            (0..tokens.len()).map(|i| (tokens.shown(i), tokens.continues(i), tokens.pieces[i].special)).collect()
        };
        let (read_a, read_b) = (read(a), read(b));
        let lengths = [a.len(), b.len()];
        if read_a == read_b {
            return Self::side_by_side(a.len());
        }
        Self { pairs: common(&read_a, &read_b), lengths }
    }

    /// Each of `count` tokens is that at its own place.
    pub fn side_by_side(count: usize) -> Self {
        Self { pairs: (0..count).map(|i| (i, i)).collect(), lengths: [count; 2] }
    }

    /// Whether every token has its partner at its own place.
    pub fn is_identity(&self) -> bool {
        self.lengths == [self.pairs.len(); 2]
    }

    /// How many tokens of A and of B have no partner.
    pub fn unaligned(&self) -> [usize; 2] {
        self.lengths.map(|n| n - self.pairs.len())
    }

    /// The aligned positions of side 0 (A) or 1 (B).
    pub fn side(&self, side: usize) -> Vec<usize> {
        self.pairs.iter().map(|&(a, b)| if side == 0 { a } else { b }).collect()
    }
}

/// A longest common subsequence as pairs of positions.
fn common<T: PartialEq>(a: &[T], b: &[T]) -> Vec<(usize, usize)> {
    // lengths[i][j]: of the longest common subsequence of a[i..] and b[j..].
    let width = b.len() + 1;
    let mut lengths = vec![0u32; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            lengths[i * width + j] = if a[i] == b[j] {
                lengths[(i + 1) * width + j + 1] + 1
            } else {
                lengths[(i + 1) * width + j].max(lengths[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while let left @ 1.. = lengths[i * width + j] {
        // The first pair that a longest one can begin with. A row that has none is never looked at again.
        let begins = |&(i, j): &(usize, usize)| a[i] == b[j] && lengths[(i + 1) * width + j + 1] + 1 == left;
        let Some(pair) = (i..a.len()).flat_map(|i| (j..b.len()).map(move |j| (i, j))).find(begins) else { break };
        pairs.push(pair);
        (i, j) = (pair.0 + 1, pair.1 + 1);
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every common subsequence, by trying all of them.
    fn longest_by_force(a: &[u8], b: &[u8]) -> usize {
        let of = |mask: u32| (0..a.len()).filter(move |i| mask >> i & 1 == 1).map(|i| a[i]);
        let is_in_b = |mask: u32| {
            let mut rest = b.iter();
            of(mask).all(|x| rest.any(|y| *y == x))
        };
        (0..1u32 << a.len()).filter(|&mask| is_in_b(mask)).map(u32::count_ones).max().unwrap_or(0) as usize
    }

    #[test]
    fn the_longest_common_subsequence_is_found() {
        assert_eq!(common(b"xab", b"aab"), [(1, 0), (2, 2)]);
        let words = [&b"abcbdab"[..], b"bdcaba", b"", b"aaaa", b"abab", b"cab", b"xyz"];
        for a in words {
            for b in words {
                let pairs = common(a, b);
                assert_eq!(pairs.len(), longest_by_force(a, b), "{a:?} {b:?}");
                assert!(pairs.iter().all(|&(i, j)| a[i] == b[j]));
                assert!(pairs.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 < w[1].1), "{pairs:?}");
            }
        }
    }
}
