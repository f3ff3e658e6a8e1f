//! Words that are spelt almost as one that is not there.

use crate::source::vectors::Words;
use rayon::prelude::*;

/// Words that are looked at together.
const PART: usize = 1 << 14;

/// The `count` words spelt most like `wanted`, the nearest first and of equally near ones the earlier, which in files of
/// embeddings is the more frequent. Near is the number of letters to change, leave out, put in or swap with the next
/// (optimal string alignment), upper and lower case being the same; of a short word one, of others two at most.
pub fn nearest(words: &Words, wanted: &str, count: usize) -> Vec<usize> {
    let wanted: Vec<char> = folded(wanted);
    let most = if wanted.len() <= 3 { 1 } else { 2 };
    let look = |part: usize| {
        let mut found = Vec::new();
        let mut letters = Vec::new();
        let mut table = Table::default();
        for i in part * PART..((part + 1) * PART).min(words.len()) {
            let bytes = words.bytes_of(i);
            // A letter has four bytes at most.
            if bytes.len() + most < wanted.len() || bytes.len() > 4 * (wanted.len() + most) {
                continue;
            }
            letters.clear();
            if bytes.is_ascii() {
                letters.extend(bytes.iter().map(|b| char::from(b.to_ascii_lowercase())));
            } else {
                letters.extend(folded(&words.get(i)));
            }
            if let Some(distance) = table.distance(&wanted, &letters, most) {
                found.push((distance, i));
            }
        }
        found
    };
    let mut found: Vec<(usize, usize)> = (0..words.len().div_ceil(PART)).into_par_iter().flat_map_iter(look).collect();
    found.sort_unstable();
    found.truncate(count);
    found.into_iter().map(|(_, i)| i).collect()
}

fn folded(text: &str) -> Vec<char> {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// Three rows of the table of distances between beginnings.
#[derive(Default)]
struct Table {
    before: Vec<usize>,
    last: Vec<usize>,
    row: Vec<usize>,
}

impl Table {
    /// The distance of two words if it is `most` or less.
    fn distance(&mut self, a: &[char], b: &[char], most: usize) -> Option<usize> {
        if a.len().abs_diff(b.len()) > most {
            return None;
        }
        let far = most + 1;
        self.last.clear();
        self.last.extend((0..=b.len()).map(|j| j.min(far)));
        self.before.clear();
        self.before.resize(b.len() + 1, far);
        for i in 1..=a.len() {
            // Farther from the diagonal than `most` nothing can be near.
            let (first, end) = (i.saturating_sub(most).max(1), (i + most).min(b.len()));
            self.row.clear();
            self.row.resize(b.len() + 1, far);
            self.row[0] = i.min(far);
            let mut best = self.row[0];
            for j in first..=end {
                let changed = self.last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let mut distance = changed.min(self.last[j] + 1).min(self.row[j - 1] + 1);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    distance = distance.min(self.before[j - 2] + 1);
                }
                self.row[j] = distance.min(far);
                best = best.min(distance);
            }
            if best > most {
                return None;
            }
            std::mem::swap(&mut self.before, &mut self.last);
            std::mem::swap(&mut self.last, &mut self.row);
        }
        self.last.last().copied().filter(|&distance| distance <= most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(words: &[&str], wanted: &str) -> Vec<String> {
        let words: Words = words.iter().collect();
        nearest(&words, wanted, 9).into_iter().map(|i| words.get(i).into_owned()).collect()
    }

    #[test]
    fn the_nearest_spelling_comes_first_and_of_equal_ones_the_earlier() {
        let words = ["the", "queens", "queen", "Quen", "kings", "quean", "quen dom", "women"];
        assert_eq!(near(&words, "quen"), ["Quen", "queen", "quean", "queens"]);
        assert_eq!(near(&words, "wmoen"), ["women"]);
        assert_eq!(near(&words, "teh"), ["the"]);
        assert_eq!(near(&words, "kin"), [""; 0]);
        assert_eq!(near(&words, ""), [""; 0]);
    }

    #[test]
    fn letters_are_counted_and_not_bytes() {
        assert_eq!(near(&["Ärger", "Übel", "öl"], "ärgre"), ["Ärger"]);
        assert_eq!(near(&["コーヒー"], "コーヒ"), ["コーヒー"]);
    }

    #[test]
    fn a_distance_is_that_of_the_whole_table() {
        // Against the definition, without a band and without an end before the end.
        let whole = |a: &[char], b: &[char]| {
            let mut d = vec![vec![0usize; b.len() + 1]; a.len() + 1];
            for i in 0..=a.len() {
                for j in 0..=b.len() {
                    d[i][j] = if i == 0 || j == 0 {
                        i + j
                    } else {
                        let changed = d[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                        let one = changed.min(d[i - 1][j] + 1).min(d[i][j - 1] + 1);
                        let swaps = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                        if swaps { one.min(d[i - 2][j - 2] + 1) } else { one }
                    };
                }
            }
            d[a.len()][b.len()]
        };
        let word = |mut x: u32| {
            let mut letters = Vec::new();
            for _ in 0..x % 7 {
                x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                letters.push(if x >> 31 == 0 { 'a' } else { 'b' });
            }
            letters
        };
        let mut table = Table::default();
        for x in 0..200 {
            for y in 0..200 {
                let (a, b) = (word(x * 7919), word(y * 104_729));
                for most in [1, 2, 3] {
                    let wanted = Some(whole(&a, &b)).filter(|&d| d <= most);
                    assert_eq!(table.distance(&a, &b, most), wanted, "{a:?} {b:?}");
                }
            }
        }
    }
}
