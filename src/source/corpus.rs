//! Corpora: the sentences that heads are measured on, plain or with the words and relations of a treebank.

use super::{conllu, find};
use crate::error::{Error, Result};
use crate::trace::Control;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The longest file that is read.
const LONGEST: u64 = 256 << 20;

/// A word of a treebank.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Word {
    /// Its bytes in the sentence's text.
    pub span: Range<usize>,
    /// The word that it depends on, counted from 0; `None` for a root, and where the file leaves it open.
    pub head: Option<usize>,
    /// Its relation to that word: an index into [`Corpus::relations`].
    pub relation: usize,
    /// Its part of speech, the treebank's `UPOS`; `_` where it has none.
    pub upos: Arc<str>,
    /// What it is a form of; `_` where the treebank does not say.
    pub lemma: Arc<str>,
}

/// One sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// What the model reads.
    pub text: String,
    /// The words of a treebank; none of a plain text.
    pub words: Vec<Word>,
    /// The line of the file that it begins in, counted from 1.
    pub line: usize,
}

/// A file of sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corpus {
    /// The file.
    pub path: PathBuf,
    /// Its sentences in order.
    pub sentences: Vec<Sentence>,
    /// The names of the dependency relations, in the order of the alphabet; none of a plain text.
    pub relations: Vec<String>,
}

impl Corpus {
    /// Reads at most `most` sentences: of `.txt` a sentence to each line that is not blank, of `.conllu` those of the
    /// treebank. Errors name the file and the line.
    pub fn open(path: &Path, most: usize, control: &Control) -> Result<Self> {
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        let read: fn(&Path, &str, usize, &Control) -> Result<Self> = match extension.as_str() {
            "txt" => lines,
            "conllu" => conllu::read,
            _ => {
                let what = "a corpus is a .txt with a sentence to each line, or a .conllu";
                return Err(Error::input(format!("{}: {what}", path.display())));
            }
        };
        let text = find::read_text(path, LONGEST)?;
        let corpus = read(path, text.strip_prefix('\u{feff}').unwrap_or(&text), most, control)?;
        if corpus.sentences.is_empty() {
            return Err(Error::input(format!("{}: there is no sentence in it", path.display())));
        }
        Ok(corpus)
    }

    /// Whether it has words with relations.
    pub fn is_treebank(&self) -> bool {
        !self.relations.is_empty()
    }
}

/// A sentence to a line.
fn lines(path: &Path, text: &str, most: usize, control: &Control) -> Result<Corpus> {
    let mut sentences = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).take(most) {
        control.check()?;
        sentences.push(Sentence { text: line.trim().to_owned(), words: Vec::new(), line: number + 1 });
    }
    Ok(Corpus { path: path.to_path_buf(), sentences, relations: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(name: &str, bytes: &[u8]) -> Result<Corpus> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("it is written");
        Corpus::open(&path, 3, &Control::default())
    }

    #[test]
    fn a_line_is_a_sentence() {
        let corpus = open("a.TXT", b"\xef\xbb\xbfOne.\r\n\r\n  Two. \r\nThree.\nFour.").expect("a corpus");
        let found: Vec<(&str, usize)> = corpus.sentences.iter().map(|s| (s.text.as_str(), s.line)).collect();
        assert_eq!(found, [("One.", 1), ("Two.", 3), ("Three.", 4)], "no more than were asked for");
        assert!(!corpus.is_treebank());
    }

    #[test]
    fn what_is_no_corpus_is_refused() {
        for (name, bytes, why) in [
            ("a.csv", b"One.".as_slice(), ".conllu"),
            ("a.txt", b" \n\r\n", "no sentence"),
            ("a.txt", b"One.\xff", "byte 4 is not UTF-8"),
            ("a.conllu", b"# only a comment\n", "no sentence"),
        ] {
            let error = open(name, bytes).expect_err(name).to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
