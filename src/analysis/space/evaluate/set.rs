//! A file that a space is held against: pairs of words, or questions of analogy.

use super::{Pairs, Questions, lines};
use crate::error::Result;
use crate::source::find;
use std::path::Path;

/// The most bytes of a file of pairs or questions.
const LONGEST: u64 = 256 << 20;
/// Fields that a line of a pair has at most where nothing but its text tells what it is.
const FIELDS: usize = 12;

/// What a file holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Set {
    /// Pairs of words with a number.
    Pairs(Pairs),
    /// Questions of analogy in sections.
    Questions(Questions),
}

impl Set {
    /// Reads a file: questions where its first line is the head of a section, `: name`, else pairs.
    pub fn read(path: &Path) -> Result<Self> {
        let text = find::read_text(path, LONGEST)?;
        if Questions::is_one(&text) {
            return Ok(Self::Questions(Questions::parse(&path.to_string_lossy(), &text)?));
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        Ok(Self::Pairs(Pairs::parse(&name, &text)?))
    }

    /// Whether a text that begins so looks like such a file, and not like vectors: each of its first lines has two words
    /// that are no numbers, and one of them a number after these.
    pub fn is_likely(text: &str) -> bool {
        let is_number = |field: &str| field.parse::<f64>().is_ok();
        let mut has_number = false;
        let first = lines(text).map(|(_, line)| line).filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
        let mut is_pair = |line: &str| {
            let fields: Vec<&str> = line.split(['\t', ',', ' ']).filter(|field| !field.is_empty()).collect();
            has_number |= fields.iter().skip(2).any(|field| is_number(field));
            (3..=FIELDS).contains(&fields.len()) && !fields.iter().take(2).any(|field| is_number(field))
        };
        Questions::is_one(text) || (first.take(5).all(&mut is_pair) && has_number)
    }

    /// Lines of the file that are no pair or no question.
    pub fn skipped(&self) -> &[usize] {
        match self {
            Self::Pairs(pairs) => &pairs.skipped,
            Self::Questions(questions) => &questions.skipped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_first_line_says() {
        let folder = tempfile::tempdir().expect("a folder");
        let read = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("it is written");
            Set::read(&path)
        };
        let Ok(Set::Pairs(pairs)) = read("people.tsv", "a\tb\t1\nc\n") else { panic!("pairs") };
        assert_eq!((pairs.name.as_str(), pairs.skipped), ("people", vec![2]));
        assert!(matches!(read("q.txt", ": one\na b c d\n"), Ok(Set::Questions(q)) if q.sections.len() == 1));
        assert!(read("empty.tsv", "").is_err());
        assert!(Set::read(folder.path()).is_err(), "a folder");
    }

    #[test]
    fn vectors_are_not_taken_for_pairs() {
        for likely in [": family\nboy girl king queen\n", "# people\ntiger\tcat\t7.35\n", "word1\tword2\tn\na\tb\t2\n"]
        {
            assert!(Set::is_likely(likely), "{likely}");
        }
        for other in ["60 5\nred 1 2 3 4 5\n", "the 0.1 0.2 0.3\n", "0.1\t0.2\t0.3\n", "word\tcount\n", ""] {
            assert!(!Set::is_likely(other), "{other}");
        }
    }
}
