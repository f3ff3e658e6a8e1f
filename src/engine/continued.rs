//! Tokens that a model added to a text. They need not be those that the tokenizer makes of the whole text, so that they
//! go with it wherever it is read again.

use super::opened::Opened;
use super::run::Ask;
use crate::error::Result;
use crate::text::{Piece, Tokens};
use serde::{Deserialize, Serialize};

/// Which tokens follow the first part of a text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Continued {
    /// Bytes of the text that were given: the tokenizer reads these.
    pub from: usize,
    /// Vocabulary rows of the tokens that follow.
    pub ids: Vec<u32>,
}

impl Continued {
    /// The tokens of `text`; nothing where these rows do not spell it, as those of another model do not.
    pub(super) fn tokens(&self, opened: &Opened, text: &str) -> Result<Option<Tokens>> {
        let card = opened.card();
        let Some(given) = text.get(..self.from).filter(|_| card.is_causal()) else { return Ok(None) };
        let whole = self.after(opened, given)?;
        Ok(Some(whole).filter(|w| w.dropped == 0 && w.len() <= card.tokens && *w.texts[0] == *text))
    }

    /// The tokens of what was given, and these.
    pub(super) fn after(&self, opened: &Opened, given: &str) -> Result<Tokens> {
        go_on(opened, opened.tokenizer.encode(given, None, opened.card().tokens)?, &self.ids)
    }
}

/// The tokens of what is asked about, before any is masked or replaced.
pub(super) fn typed(opened: &Opened, ask: &Ask) -> Result<Tokens> {
    let continued = ask.continued.as_ref().map(|continued| continued.tokens(opened, &ask.text)).transpose()?;
    match continued.flatten() {
        Some(tokens) => Ok(tokens),
        None => opened.tokenizer.encode(&ask.text, ask.pair.as_deref(), opened.card().tokens),
    }
}

/// The tokens of a text and those that follow it, which know their bytes in the longer text.
fn go_on(opened: &Opened, mut tokens: Tokens, ids: &[u32]) -> Result<Tokens> {
    let typed = tokens.texts.first().map(ToString::to_string).unwrap_or_default();
    // What ends a text is no part of it.
    let said = ids.strip_suffix(opened.tokenizer.end().as_slice()).unwrap_or(ids);
    let added = opened.tokenizer.decode(said)?;
    // How many bytes of the addition are spelt by the first tokens of it.
    let mut spelt = Vec::with_capacity(ids.len() + 1);
    for count in 0..=ids.len() {
        spelt.push(in_common(&opened.tokenizer.decode(&ids[..count.min(said.len())])?, &added));
    }
    let text = typed.clone() + &added;
    let mut word = tokens.pieces.iter().filter_map(|p| p.word).max();
    let mut before = typed.chars().next_back();
    for (i, &id) in ids.iter().enumerate() {
        let start = spelt[i];
        // A piece that spells part of a character has the whole of it.
        let end = spelt[i + 1..].iter().copied().find(|&end| end > start).unwrap_or(added.len());
        let part = &added[start..end];
        let special = opened.tokenizer.end() == Some(id);
        let fresh = part.chars().next().is_none_or(|first| word.is_none() || begins_word(before, first));
        if !special && fresh && !(i > 0 && spelt[i] == spelt[i - 1]) {
            word = Some(word.map_or(0, |w| w + 1));
        }
        before = part.chars().next_back().or(before);
        let blank = part.len() - part.trim_start().len();
        let start = if blank == part.len() { start } else { start + blank };
        tokens.pieces.push(Piece {
            piece: opened.tokenizer.token(id).unwrap_or_default(),
            id,
            start: if special { 0 } else { typed.len() + start },
            end: if special { 0 } else { typed.len() + end },
            text: 0,
            segment: 0,
            special,
            word: word.filter(|_| !special),
            unknown: false,
        });
    }
    tokens.texts = vec![text.into()];
    Ok(tokens)
}

/// Bytes that two texts have in common from the start, whole characters only.
fn in_common(part: &str, whole: &str) -> usize {
    part.chars().zip(whole.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum()
}

/// Whether GPT-2 splits words between two characters: at spaces, and where letters, digits and other signs meet.
fn begins_word(before: Option<char>, first: char) -> bool {
    let kind = |c: char| (c.is_alphabetic(), c.is_numeric());
    first.is_whitespace() || before.is_none_or(|before| kind(before) != kind(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_begin_where_gpt2_splits_them() {
        for (before, first) in [('a', ' '), ('a', ','), ('1', 'a'), (' ', 'a'), ('a', '\n')] {
            assert!(begins_word(Some(before), first), "{before:?} {first:?}");
        }
        assert!(!begins_word(Some('a'), 'b') && !begins_word(Some('!'), '?'));
    }

    #[test]
    fn a_character_in_parts_counts_once_it_is_whole() {
        assert_eq!(in_common("a\u{fffd}", "a\u{e9}b"), 1);
        assert_eq!(in_common("a\u{e9}", "a\u{e9}b"), 3);
    }
}
