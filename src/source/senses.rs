//! Sentences in which one word has two senses, to see what a model makes of them.

use super::corpus::{Corpus, Sentence};
use super::passages::Passages;
use super::vectors::{Column, ColumnValues};
use std::path::PathBuf;

/// A table with the columns `word`, `sense` and `text`, as [`Passages::open`] reads it.
const TABLE: &str = include_str!("../../assets/sentences/senses.tsv");

/// The rows: word, sense, text.
fn rows() -> impl Iterator<Item = [&'static str; 3]> {
    TABLE.lines().skip(1).filter_map(|line| {
        let mut fields = line.split('\t');
        Some([fields.next()?, fields.next()?, fields.next()?])
    })
}

/// The words, each with its senses, in the order of the table.
pub fn words() -> Vec<(&'static str, Vec<&'static str>)> {
    let mut words: Vec<(&str, Vec<&str>)> = Vec::new();
    for [word, sense, _] in rows() {
        match words.iter_mut().find(|(known, _)| *known == word) {
            Some((_, senses)) if senses.contains(&sense) => {}
            Some((_, senses)) => senses.push(sense),
            None => words.push((word, vec![sense])),
        }
    }
    words
}

/// The sentences with a word, and the column of its sense in each; `None` of a word that there is nothing of.
pub fn of(word: &str) -> Option<Passages> {
    let found: Vec<[&str; 3]> = rows().filter(|row| row[0] == word).collect();
    if found.is_empty() {
        return None;
    }
    let sentence = |(i, row): (usize, &[&str; 3])| Sentence { text: row[2].to_owned(), words: Vec::new(), line: i + 1 };
    let sentences = found.iter().enumerate().map(sentence).collect();
    let column = |name: &str, at: usize| Column {
        name: name.to_owned(),
        values: ColumnValues::of_kinds(found.iter().map(|row| row[at])),
    };
    let corpus = Corpus { path: PathBuf::new(), sentences, relations: Vec::new() };
    Some(Passages { corpus, columns: vec![column("word", 0), column("sense", 1)] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Control;
    use std::path::Path;

    #[test]
    fn every_word_has_two_senses_and_stands_in_each_of_its_sentences() {
        assert_eq!(words(), [("bank", vec!["river", "money"]), ("play", vec!["theatre", "game"])]);
        for (word, _) in words() {
            let passages = of(word).expect("there are sentences");
            assert_eq!(passages.corpus.sentences.len(), 10);
            let has = |text: &str| text.split(|c: char| !c.is_alphanumeric()).filter(|w| *w == word).count();
            assert!(passages.corpus.sentences.iter().all(|s| has(&s.text) == 1), "{word}");
        }
        assert!(of("door").is_none());
    }

    #[test]
    fn the_table_is_what_the_reader_of_tables_reads() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/sentences/senses.tsv");
        let read = Passages::open(&path, None, usize::MAX, &Control::default()).expect("a table");
        let texts: Vec<&str> = rows().map(|row| row[2]).collect();
        assert!(read.corpus.sentences.iter().map(|s| s.text.as_str()).eq(texts));
        assert_eq!(read.columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["word", "sense"]);
    }
}
