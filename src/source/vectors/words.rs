//! The words of a space: bytes as the file has them, one after the other, found by a hash.

use std::borrow::Cow;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;

/// An empty place of the index.
const NONE: u32 = u32::MAX;

/// Words in the order of the file, numbered from 0. They are distinct where they came by [`Words::add`]; what came by
/// [`Words::push`] may repeat, and then the first one is found. They are kept as bytes: a word that is not UTF-8 stays
/// exactly what it was and is only shown lossily. One block of bytes and one of places: a million words cost little more
/// than their letters.
#[derive(Clone)]
pub struct Words {
    bytes: Vec<u8>,
    /// Where each word ends in `bytes`.
    ends: Vec<u64>,
    /// Word numbers by hash, open addressing; its length is a power of two, at least a quarter larger than the words.
    index: Vec<u32>,
    hasher: RandomState,
}

impl Words {
    /// No words, with room for `count` of them.
    pub fn with_capacity(count: usize) -> Self {
        let count = count.min(NONE as usize);
        let index = vec![NONE; (count + count / 2).next_power_of_two().max(8)];
        Self { bytes: Vec::new(), ends: Vec::with_capacity(count), index, hasher: RandomState::new() }
    }

    /// Adds a word that is not there yet, and says whether it was added.
    pub fn add(&mut self, word: &[u8]) -> bool {
        if self.ends.len() >= NONE as usize {
            return false;
        }
        if (self.ends.len() + 1) * 5 > self.index.len() * 4 {
            self.grow();
        }
        let place = self.place(word);
        if self.index[place] != NONE {
            return false;
        }
        self.index[place] = self.ends.len() as u32;
        self.bytes.extend_from_slice(word);
        self.ends.push(self.bytes.len() as u64);
        true
    }

    /// Adds a word, which may be there already.
    pub fn push(&mut self, word: &[u8]) {
        if !self.add(word) {
            self.bytes.extend_from_slice(word);
            self.ends.push(self.bytes.len() as u64);
        }
    }

    /// The words with these numbers, in this order.
    ///
    /// # Panics
    /// If there is no word with one of them, as slices do.
    pub fn picked(&self, places: &[usize]) -> Self {
        let mut picked = Self::with_capacity(places.len());
        for &i in places {
            picked.push(self.bytes_of(i));
        }
        picked
    }

    fn grow(&mut self) {
        self.index = vec![NONE; self.index.len() * 2];
        for i in 0..self.ends.len() {
            let place = self.place(self.bytes_of(i));
            if self.index[place] == NONE {
                self.index[place] = i as u32;
            }
        }
    }

    /// Where a word is in the index, or the empty place where it would be.
    fn place(&self, word: &[u8]) -> usize {
        let mask = self.index.len() - 1;
        let mut place = self.hasher.hash_one(word) as usize & mask;
        while self.index[place] != NONE && self.bytes_of(self.index[place] as usize) != word {
            place = (place + 1) & mask;
        }
        place
    }

    /// How many words there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no word.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// A word as the file has it.
    ///
    /// # Panics
    /// If there is no word with this number, as slices do.
    pub fn bytes_of(&self, i: usize) -> &[u8] {
        let start = if i == 0 { 0 } else { self.ends[i - 1] as usize };
        &self.bytes[start..self.ends[i] as usize]
    }

    /// A word as it is shown: what is not UTF-8 becomes U+FFFD.
    pub fn get(&self, i: usize) -> Cow<'_, str> {
        String::from_utf8_lossy(self.bytes_of(i))
    }

    /// The number of a word.
    pub fn find(&self, word: impl AsRef<[u8]>) -> Option<usize> {
        let found = self.index[self.place(word.as_ref())];
        (found != NONE).then_some(found as usize)
    }

    /// The words in order, as they are shown.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Cow<'_, str>> {
        (0..self.len()).map(|i| self.get(i))
    }

    /// Gives back the memory that is not used.
    pub fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
        self.ends.shrink_to_fit();
    }

    /// Bytes held.
    pub fn bytes(&self) -> u64 {
        (self.bytes.capacity() + self.ends.capacity() * 8 + self.index.capacity() * 4) as u64
    }
}

impl Default for Words {
    fn default() -> Self {
        Self::with_capacity(0)
    }
}

impl PartialEq for Words {
    fn eq(&self, other: &Self) -> bool {
        self.ends == other.ends && self.bytes == other.bytes
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<W: AsRef<[u8]>> FromIterator<W> for Words {
    /// Those of the words that are distinct.
    fn from_iter<I: IntoIterator<Item = W>>(words: I) -> Self {
        let words = words.into_iter();
        let mut all = Self::with_capacity(words.size_hint().0);
        words.for_each(|word| {
            all.add(word.as_ref());
        });
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_by_what_they_are() {
        let names: Vec<String> = (0..5000).map(|i| format!("word {i}")).collect();
        let words: Words = names.iter().collect();
        assert_eq!(words.len(), 5000);
        for (i, name) in names.iter().enumerate() {
            assert_eq!((words.find(name), words.get(i).as_ref()), (Some(i), name.as_str()));
        }
        assert_eq!(words.find("word 5000"), None);
        assert_eq!(Words::default().find(""), None);
    }

    #[test]
    fn a_word_twice_keeps_its_first_number() {
        let mut words = Words::default();
        let added: Vec<bool> = ["a", "b", "a", ""].iter().map(|w| words.add(w.as_bytes())).collect();
        assert_eq!(added, [true, true, false, true]);
        assert_eq!((words.find("b"), words.find("")), (Some(1), Some(2)));
    }

    #[test]
    fn names_may_repeat_and_the_first_is_found() {
        let mut words = Words::default();
        (0..100).for_each(|i| words.push(format!("{}", i % 7).as_bytes()));
        assert_eq!((words.len(), words.find("3"), words.get(10).as_ref()), (100, Some(3), "3"));
        let picked = words.picked(&[99, 3, 10]);
        assert_eq!((picked.len(), picked.find("3"), picked.find("1")), (3, Some(1), Some(0)));
    }

    #[test]
    fn bytes_that_are_no_utf8_survive() {
        let words: Words = [b"caf\xe9".as_slice(), b"caf\xe8"].into_iter().collect();
        assert_eq!(words.len(), 2);
        assert_eq!(words.bytes_of(1), b"caf\xe8");
        assert_eq!(words.get(0), "caf\u{fffd}");
        assert_eq!(words.find(b"caf\xe9"), Some(0));
    }
}
