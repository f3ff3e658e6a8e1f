//! Tokens and where they stand in the text that the person typed. The text is never rewritten.

use serde::Serialize;
use std::ops::Range;
use std::sync::Arc;

/// One token: what the tokenizer made of a span of the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Piece {
    /// The token as its vocabulary writes it, e.g. `##ing` or `Ġdoor`.
    pub piece: String,
    /// Its row in the vocabulary.
    pub id: u32,
    /// First byte of its span in its text (0 for special tokens).
    pub start: usize,
    /// One past the last byte of its span (0 for special tokens).
    pub end: usize,
    /// Which text it belongs to: 0 or 1.
    #[serde(skip)]
    pub text: u32,
    /// The token-type id given to the model; where the model has none, 0 or 1 by text.
    pub segment: u32,
    /// Whether the tokenizer added it (`[CLS]`, `[SEP]`, ...).
    pub special: bool,
    /// Which word of its text it belongs to; `None` for special tokens.
    #[serde(skip)]
    pub word: Option<u32>,
    /// Whether it stands for something that the vocabulary cannot spell.
    #[serde(skip)]
    pub unknown: bool,
}

impl Piece {
    /// The token as a person reads it: continuation marks are not drawn but implied.
    pub fn shown(&self) -> String {
        let p = self.piece.strip_prefix("##").unwrap_or(&self.piece);
        if self.special || !p.contains(['\u{120}', '\u{10a}', '\u{2581}']) {
            return p.to_owned();
        }
        let p: String = p
            .chars()
            .map(|c| match c {
                '\u{120}' | '\u{2581}' => ' ',
                '\u{10a}' => '\u{23ce}',
                c => c,
            })
            .collect();
        let trimmed = p.trim_start();
        if trimmed.is_empty() { "\u{b7}".repeat(p.chars().count().max(1)) } else { trimmed.to_owned() }
    }
}

/// A text, or a pair of texts, as a model reads it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tokens {
    /// The text and, for a pair, the second text, exactly as typed.
    pub texts: Vec<Arc<str>>,
    /// The tokens in order.
    pub pieces: Vec<Piece>,
    /// Tokens that did not fit into the model and were left out.
    pub dropped: usize,
}

impl Tokens {
    /// How many tokens there are.
    pub fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The vocabulary rows, in order.
    pub fn ids(&self) -> Vec<u32> {
        self.pieces.iter().map(|p| p.id).collect()
    }

    /// The token-type ids, in order.
    pub fn segments(&self) -> Vec<u32> {
        self.pieces.iter().map(|p| p.segment).collect()
    }

    /// The part of the typed text that token `i` stands for; empty for special tokens.
    pub fn source(&self, i: usize) -> &str {
        let p = &self.pieces[i];
        self.texts.get(p.text as usize).and_then(|t| t.get(p.start..p.end)).unwrap_or("")
    }

    /// Whether token `i` continues the word of the token before it.
    pub fn continues(&self, i: usize) -> bool {
        let p = &self.pieces[i];
        i > 0 && p.word.is_some() && {
            let before = &self.pieces[i - 1];
            before.word == p.word && before.text == p.text
        }
    }

    /// The tokens as a person reads them. Byte-level pieces that spell no character of their own
    /// show the characters they are part of; equal special tokens stay as the tokenizer writes them.
    pub fn shown(&self, i: usize) -> String {
        let p = &self.pieces[i];
        if p.special {
            return p.piece.clone();
        }
        let source = self.source(i).trim();
        // Byte-level vocabularies spell non-ASCII text in stand-in characters: the typed text reads better.
        if !source.is_empty() && !source.is_ascii() && !p.piece.starts_with("##") {
            return source.to_owned();
        }
        p.shown()
    }

    /// A token for each word of [`Tokens::words`]: its pieces joined, written as in the text. Special tokens stay.
    pub fn merged(&self) -> Self {
        let merge = |word: Range<usize>| {
            let mut joined = self.pieces[word.start].clone();
            if word.len() > 1 {
                joined.end = self.pieces[word.end - 1].end;
                joined.unknown = self.pieces[word.clone()].iter().any(|p| p.unknown);
                joined.piece = word.map(|i| self.shown(i)).collect();
            }
            joined
        };
        Self { texts: self.texts.clone(), pieces: self.words().into_iter().map(merge).collect(), dropped: self.dropped }
    }

    /// The tokens of each word, in order; a special token is a word of its own.
    pub fn words(&self) -> Vec<Range<usize>> {
        let mut words: Vec<Range<usize>> = Vec::new();
        for i in 0..self.len() {
            match words.last_mut() {
                Some(last) if self.continues(i) => last.end = i + 1,
                _ => words.push(i..i + 1),
            }
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(piece: &str, start: usize, end: usize, word: Option<u32>) -> Piece {
        Piece {
            piece: piece.into(),
            id: 0,
            start,
            end,
            text: 0,
            segment: 0,
            special: word.is_none(),
            word,
            unknown: false,
        }
    }

    #[test]
    fn words_join_their_pieces() {
        let tokens = Tokens {
            texts: vec!["unhappy man".into()],
            pieces: vec![
                piece("[CLS]", 0, 0, None),
                piece("un", 0, 2, Some(0)),
                piece("##happy", 2, 7, Some(0)),
                piece("man", 8, 11, Some(1)),
            ],
            dropped: 0,
        };
        assert_eq!(tokens.words(), [0..1, 1..3, 3..4]);
        assert_eq!(tokens.source(2), "happy");
        assert_eq!(tokens.shown(2), "happy");
        let merged = tokens.merged();
        assert_eq!((0..3).map(|i| merged.shown(i)).collect::<Vec<_>>(), ["[CLS]", "unhappy", "man"]);
        assert_eq!(merged.source(1), "unhappy");
    }
}
