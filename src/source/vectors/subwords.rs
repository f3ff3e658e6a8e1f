//! The parts of words that fastText knows: n-grams of characters, each with a vector that it shares with all n-grams of
//! the same bucket (Bojanowski et al. 2017, 3.2; `Dictionary::computeSubwords` of fastText).

use crate::rows::Rows;
use std::ops::Range;

/// What stands around a word while its n-grams are cut.
const EDGES: [u8; 2] = *b"<>";
/// The word that ends every line.
const END: &[u8] = b"</s>";

/// An n-gram of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gram {
    /// Its bytes, with `<` and `>` where it is at an edge of the word.
    pub bytes: Vec<u8>,
    /// Its characters, counted in the word between `<` and `>`.
    pub chars: Range<usize>,
    /// Its row in [`Subwords::buckets`].
    pub bucket: usize,
}

/// How much each part of a word has of its vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Shares {
    /// What the word has to itself, if it is in the vocabulary.
    pub own: Option<f64>,
    /// Its n-grams, in the order of [`Subwords::grams`].
    pub grams: Vec<(Gram, f64)>,
}

/// The n-grams of a space.
#[derive(Debug, Clone, PartialEq)]
pub struct Subwords {
    /// The fewest and the most characters of an n-gram.
    pub lengths: (usize, usize),
    /// The vectors of n-grams, `[bucket, dimension]`.
    pub buckets: Rows,
    /// Whether `</s>` is cut as well, as fastText did before version 12 of its files.
    cuts_end: bool,
}

impl Subwords {
    /// N-grams of `lengths.0` to `lengths.1` characters; there must be a bucket.
    pub(super) fn new(lengths: (usize, usize), buckets: Rows, cuts_end: bool) -> Self {
        Self { lengths, buckets, cuts_end }
    }

    /// The n-grams of a word, by where they begin, then by how long they are: as fastText adds them up. None of a word
    /// that is too short.
    pub fn grams(&self, word: &[u8]) -> Vec<Gram> {
        let mut grams = Vec::new();
        self.each(word, |bytes, chars, bucket| grams.push(Gram { bytes: bytes.to_vec(), chars, bucket }));
        grams
    }

    /// The vector of an n-gram.
    pub fn row(&self, gram: &Gram) -> &[f32] {
        self.buckets.row(gram.bucket)
    }

    /// The vector of a word that is not in the vocabulary: the mean of its n-grams. `None` where it has none.
    pub fn vector(&self, word: &[u8]) -> Option<Vec<f32>> {
        let mut sum = vec![0.0; self.buckets.width()];
        let count = self.add(word, &mut sum);
        scale(&mut sum, count);
        (count > 0).then_some(sum)
    }

    /// What a word of the vocabulary has to itself, given its vector, which is the mean of this and its n-grams.
    pub fn own(&self, word: &[u8], vector: &[f32]) -> Vec<f32> {
        let mut sum = vec![0.0; self.buckets.width()];
        let count = self.add(word, &mut sum) + 1;
        vector.iter().zip(sum).map(|(x, grams)| x * count as f32 - grams).collect()
    }

    /// How much each part of a word has of its vector, which is given for a word of the vocabulary and is the mean of all
    /// parts: the product of the part with the vector, over that of the vector with itself and the number of parts. Shares
    /// add up to 1; a part that points away from the vector has less than nothing. `None` of a word without n-grams, and
    /// where the vector is 0.
    pub fn shares(&self, word: &[u8], vector: Option<&[f32]>) -> Option<Shares> {
        let grams = self.grams(word);
        let known = vector.map(|vector| (vector.to_vec(), self.own(word, vector)));
        let count = grams.len() + usize::from(known.is_some());
        let (vector, own) = match known {
            Some((vector, own)) => (vector, Some(own)),
            None => (self.vector(word)?, None),
        };
        let with = |part: &[f32]| part.iter().zip(&vector).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
        let whole = with(&vector) * count as f64;
        let is_sound = !grams.is_empty() && whole.is_finite() && whole > 0.0;
        is_sound.then(|| Shares {
            own: own.map(|own| with(&own) / whole),
            grams: grams
                .into_iter()
                .map(|gram| {
                    let share = with(self.row(&gram)) / whole;
                    (gram, share)
                })
                .collect(),
        })
    }

    /// Turns what a word of the vocabulary has to itself into its vector.
    pub(super) fn complete(&self, word: &[u8], own: &mut [f32]) {
        let count = self.add(word, own) + 1;
        scale(own, count);
    }

    /// Adds the vectors of all n-grams, and says how many there are.
    fn add(&self, word: &[u8], sum: &mut [f32]) -> usize {
        let mut count = 0;
        self.each(word, |_, _, bucket| {
            count += 1;
            sum.iter_mut().zip(self.buckets.row(bucket)).for_each(|(sum, x)| *sum += x);
        });
        count
    }

    fn each(&self, word: &[u8], mut see: impl FnMut(&[u8], Range<usize>, usize)) {
        if word == END && !self.cuts_end {
            return;
        }
        let word = [&EDGES[..1], word, &EDGES[1..]].concat();
        // A character begins at every byte that does not continue one, whatever else is wrong with it.
        let starts = (0..word.len()).filter(|&i| i == 0 || word[i] & 0xc0 != 0x80).chain([word.len()]);
        let starts: Vec<usize> = starts.collect();
        let chars = starts.len() - 1;
        for first in 0..chars {
            for length in self.lengths.0.max(1)..=self.lengths.1.min(chars - first) {
                let last = first + length;
                // A lone edge says nothing.
                if length == 1 && (first == 0 || last == chars) {
                    continue;
                }
                let bytes = &word[starts[first]..starts[last]];
                see(bytes, first..last, hash(bytes) as usize % self.buckets.len());
            }
        }
    }
}

fn scale(sum: &mut [f32], count: usize) {
    let share = 1.0 / count.max(1) as f32;
    for x in sum {
        *x *= share;
    }
}

/// FNV-1a of 32 bits, with the one difference that fastText made: a byte from 128 on is taken for a negative number, and
/// so changes the upper bits too.
fn hash(bytes: &[u8]) -> u32 {
    bytes.iter().fold(2_166_136_261, |hash, &byte| (hash ^ byte.cast_signed() as u32).wrapping_mul(16_777_619))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subwords(lengths: (usize, usize), cuts_end: bool) -> Subwords {
        let buckets = Rows::new((0..14).map(|x| x as f32).collect(), 2).expect("seven rows");
        Subwords::new(lengths, buckets, cuts_end)
    }

    fn texts(subwords: &Subwords, word: &str) -> Vec<String> {
        subwords.grams(word.as_bytes()).iter().map(|g| String::from_utf8_lossy(&g.bytes).into_owned()).collect()
    }

    #[test]
    fn n_grams_are_cut_at_characters() {
        // The example of Bojanowski et al. 2017, 3.2.
        assert_eq!(texts(&subwords((3, 3), false), "where"), ["<wh", "whe", "her", "ere", "re>"]);
        assert_eq!(texts(&subwords((1, 2), false), "ab"), ["<a", "a", "ab", "b", "b>"]);
        assert_eq!(texts(&subwords((3, 4), false), "门o"), ["<门o", "<门o>", "门o>"]);
        let grams = subwords((3, 6), false).grams("день".as_bytes());
        assert_eq!((grams[1].chars.clone(), grams[1].bytes.len()), (0..4, 7));
        assert!(texts(&subwords((5, 6), false), "a").is_empty());
    }

    #[test]
    fn the_end_of_a_line_was_a_word_like_others_once() {
        assert!(texts(&subwords((3, 3), false), "</s>").is_empty());
        assert_eq!(texts(&subwords((3, 3), true), "</s>"), ["<</", "</s", "/s>", "s>>"]);
    }

    #[test]
    fn the_hash_is_that_of_fasttext() {
        // FNV-1a test vectors of Landon Curt Noll; bytes from 128 on as `ft_hash_bytes` of gensim 4.4.0 has them.
        assert_eq!((hash(b""), hash(b"a"), hash(b"foobar")), (0x811c_9dc5, 0xe40c_292c, 0xbf9c_f968));
        assert_eq!((hash("é".as_bytes()), hash("门".as_bytes())), (0x3cfa_68c1, 0x4591_0013));
    }

    #[test]
    fn a_vector_is_the_mean_of_its_parts() {
        let subwords = subwords((3, 3), false);
        let grams = subwords.grams(b"abc");
        assert_eq!(grams.len(), 3);
        let mean = |axis: usize| grams.iter().map(|g| subwords.row(g)[axis]).sum::<f32>() / 3.0;
        let found = subwords.vector(b"abc").expect("it has n-grams");
        assert!((found[0] - mean(0)).abs() < 1e-6 && (found[1] - mean(1)).abs() < 1e-6);
        let mut own = vec![7.0, -2.0];
        subwords.complete(b"abc", &mut own);
        assert!((own[0] - (7.0 + 3.0 * mean(0)) / 4.0).abs() < 1e-6);
        let back = subwords.own(b"abc", &own);
        assert!((back[0] - 7.0).abs() < 1e-5 && (back[1] + 2.0).abs() < 1e-5);
        assert_eq!(subwords.vector(b""), None);
    }

    #[test]
    fn shares_of_a_vector_add_up_to_all_of_it() {
        let subwords = subwords((3, 4), false);
        for vector in [None, Some([7.0f32, -2.0].as_slice())] {
            let shares = subwords.shares(b"night", vector).expect("it has n-grams");
            assert_eq!((shares.own.is_some(), shares.grams.len()), (vector.is_some(), 9));
            let sum = shares.own.unwrap_or(0.0) + shares.grams.iter().map(|(_, share)| share).sum::<f64>();
            assert!((sum - 1.0).abs() < 1e-6, "{sum}");
        }
        assert_eq!(subwords.shares(b"", None), None);
        assert_eq!(subwords.shares(b"night", Some(&[0.0, 0.0])), None);
    }
}
