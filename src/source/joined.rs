//! Tokens that come without their text: the text is put together from them, so that every token has its bytes in it.

use crate::text::{Piece, Tokens};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A text put together from given places may be at most so many times longer than the tokens in it.
const SPARSEST: usize = 16;

/// A token as a file has it: a string, or an object as Lexiscope writes it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Token {
    /// As its vocabulary writes it.
    pub piece: String,
    /// Its row in the vocabulary, where that is known.
    pub id: Option<u32>,
    /// Its bytes in its text.
    pub span: Option<(usize, usize)>,
    /// The text that it belongs to, 0 or 1.
    pub segment: u32,
    /// Whether the tokenizer added it, where that is known.
    pub special: Option<bool>,
}

impl From<String> for Token {
    fn from(piece: String) -> Self {
        Self { piece, ..Self::default() }
    }
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Fields {
            piece: String,
            id: Option<u32>,
            start: Option<usize>,
            end: Option<usize>,
            #[serde(default)]
            segment: u32,
            special: Option<bool>,
        }
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "each token should be a string, or an object with `piece`")]
        enum Either {
            Text(String),
            Fields(Fields),
        }
        Ok(match Either::deserialize(deserializer)? {
            Either::Text(piece) => piece.into(),
            Either::Fields(f) => Self {
                piece: f.piece,
                id: f.id,
                span: f.start.zip(f.end),
                segment: f.segment.min(1),
                special: f.special,
            },
        })
    }
}

/// Whether a token looks like one that a tokenizer adds: `[CLS]`, `<s>`, `<|endoftext|>`. A mask or an unknown word
/// stands for text and is none.
fn looks_special(piece: &str) -> bool {
    let stands_for_text = ["[MASK]", "<mask>", "[UNK]", "<unk>"].contains(&piece);
    let inside = |open: char, close: char| piece.strip_prefix(open).and_then(|p| p.strip_suffix(close));
    let bracket = inside('[', ']').is_some_and(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_uppercase()));
    let angle = inside('<', '>').is_some_and(|p| {
        let letter = |b: u8| b.is_ascii_alphanumeric() || b"_|/".contains(&b);
        !p.is_empty() && p.bytes().all(letter)
    });
    (bracket || angle) && !stands_for_text
}

/// The tokens with their texts, and what a person should know about them.
pub fn tokens(given: &[Token]) -> (Tokens, Vec<String>) {
    let mut notes = Vec::new();
    let told = given.iter().any(|t| t.special.is_some());
    let special: Vec<bool> =
        given.iter().map(|t| if told { t.special == Some(true) } else { looks_special(&t.piece) }).collect();
    if !told && special.contains(&true) {
        let mut names: Vec<&str> = Vec::new();
        for (token, _) in given.iter().zip(&special).filter(|(_, special)| **special) {
            if !names.contains(&token.piece.as_str()) {
                names.push(&token.piece);
            }
        }
        names.truncate(6);
        notes.push(format!("taken for special tokens by their looks: {} (`special` says otherwise)", names.join(" ")));
    }
    let count = if given.iter().any(|t| t.segment == 1) { 2 } else { 1 };
    let marked = given.iter().any(|t| t.piece.starts_with(['\u{120}', '\u{2581}']));
    let mut numbers: BTreeMap<&str, u32> = BTreeMap::new();
    for (i, token) in given.iter().enumerate() {
        numbers.entry(&token.piece).or_insert(i as u32);
    }
    let mut pieces: Vec<Piece> = given
        .iter()
        .zip(&special)
        .map(|(t, &special)| Piece {
            piece: t.piece.clone(),
            // Equal pieces are the same token, whatever its number in their vocabulary.
            id: t.id.unwrap_or_else(|| numbers.get(t.piece.as_str()).copied().unwrap_or(0)),
            start: 0,
            end: 0,
            text: t.segment,
            segment: t.segment,
            special,
            word: None,
            unknown: ["[UNK]", "<unk>"].contains(&t.piece.as_str()),
        })
        .collect();
    let mut texts: Vec<Arc<str>> = Vec::new();
    for text in 0..count {
        let mine: Vec<usize> = (0..given.len()).filter(|&i| given[i].segment == text && !special[i]).collect();
        words(&mut pieces, &mine, marked);
        let text = match placed(given, &pieces, &mine) {
            Some(text) => {
                for &i in &mine {
                    (pieces[i].start, pieces[i].end) = given[i].span.unwrap_or_default();
                }
                text
            }
            None => joined(&mut pieces, &mine, marked),
        };
        texts.push(text.into());
    }
    (Tokens { texts, pieces, dropped: 0 }, notes)
}

/// Numbers the words: a piece goes on with a word where its vocabulary marks it so.
fn words(pieces: &mut [Piece], mine: &[usize], marked: bool) {
    let mut word = 0;
    for (at, &i) in mine.iter().enumerate() {
        if at > 0 && !goes_on(&pieces[mine[at - 1]].piece, &pieces[i].piece, marked) {
            word += 1;
        }
        pieces[i].word = Some(word);
    }
}

/// Whether `piece` is part of the word of the piece before. Vocabularies that mark the beginning of a word leave
/// punctuation unmarked too, which is a word of its own.
fn goes_on(before: &str, piece: &str, marked: bool) -> bool {
    if !marked {
        return piece.starts_with("##") && piece.len() > 2;
    }
    let is_letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let begins = piece.starts_with(['\u{120}', '\u{2581}', '\u{10a}']);
    !begins && is_letter(before.chars().next_back()) == is_letter(piece.chars().next())
}

/// What a piece adds to the text, and whether a space stands before it.
fn written(piece: &str, marked: bool) -> (bool, String) {
    if !marked {
        return match piece.strip_prefix("##") {
            Some(rest) if !rest.is_empty() => (false, rest.to_owned()),
            _ => (true, piece.to_owned()),
        };
    }
    let rest = piece.strip_prefix(['\u{120}', '\u{2581}']);
    let body = rest.unwrap_or(piece).replace(['\u{120}', '\u{2581}'], " ").replace('\u{10a}', "\n");
    (rest.is_some(), body)
}

/// The text with every piece where the file says that it stands, if those places can be: what a tokenizer changed (the
/// case of letters, accents) is as the tokenizer left it.
fn placed(given: &[Token], pieces: &[Piece], mine: &[usize]) -> Option<String> {
    let spans: Vec<(usize, usize)> = mine.iter().map(|&i| given[i].span).collect::<Option<_>>()?;
    let known: usize = mine.iter().map(|&i| pieces[i].piece.len() + 1).sum();
    let end = spans.iter().map(|s| s.1).max().unwrap_or(0);
    let in_order = spans.iter().all(|s| s.0 <= s.1) && spans.windows(2).all(|s| s[0].0 <= s[1].0);
    if !in_order || end > known.checked_mul(SPARSEST)? {
        return None;
    }
    let mut text = vec![b' '; end];
    for (&i, &(start, end)) in mine.iter().zip(&spans) {
        let body = pieces[i].piece.trim_start_matches(['\u{120}', '\u{2581}']);
        let body = body.strip_prefix("##").filter(|rest| !rest.is_empty()).unwrap_or(body);
        let bytes = bytes_of(body);
        let room = &mut text[start..end];
        // Some vocabularies count the space before a word to the word.
        let skip = usize::from(pieces[i].piece.starts_with(['\u{120}', '\u{2581}']) && room.len() == bytes.len() + 1);
        if room.len() - skip.min(room.len()) == bytes.len() {
            room[skip..].copy_from_slice(&bytes);
        } else {
            let mut fits = body.len().min(room.len());
            while !body.is_char_boundary(fits) {
                fits -= 1;
            }
            room.fill(b' ');
            room[..fits].copy_from_slice(&body.as_bytes()[..fits]);
        }
    }
    let text = String::from_utf8(text).ok()?;
    spans.iter().all(|&(start, end)| text.get(start..end).is_some()).then_some(text)
}

/// The bytes that a piece stands for: byte-level vocabularies write bytes as stand-in characters.
fn bytes_of(body: &str) -> Vec<u8> {
    let stands_in = |c: char| ('\u{a1}'..='\u{143}').contains(&c);
    let decoded: Option<Vec<u8>> = body.chars().map(|c| if c.is_ascii() { Some(c as u8) } else { byte(c) }).collect();
    decoded.filter(|_| body.chars().any(stands_in)).unwrap_or_else(|| body.as_bytes().to_vec())
}

/// The byte that a stand-in character of GPT-2's vocabulary writes: printable characters of Latin-1 are themselves, the
/// other bytes follow from U+0100 on, in order.
fn byte(c: char) -> Option<u8> {
    let plain = |b: u8| (b'!'..=b'~').contains(&b) || (0xa1..=0xac).contains(&b) || b >= 0xae;
    let code = u32::from(c);
    match u8::try_from(code) {
        Ok(b) => plain(b).then_some(b),
        Err(_) => (0..=255u8).filter(|&b| !plain(b)).nth(code.checked_sub(256)? as usize),
    }
}

/// The text of the pieces one after another, with spaces where words begin.
fn joined(pieces: &mut [Piece], mine: &[usize], marked: bool) -> String {
    let mut text = String::new();
    for &i in mine {
        let (space, body) = written(&pieces[i].piece, marked);
        if space && !text.is_empty() {
            text.push(' ');
        }
        pieces[i].start = text.len();
        text.push_str(&body);
        pieces[i].end = text.len();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(pieces: &[&str]) -> Vec<Token> {
        pieces.iter().map(|p| Token::from((*p).to_owned())).collect()
    }

    fn sources(tokens: &Tokens) -> Vec<&str> {
        (0..tokens.len()).map(|i| tokens.source(i)).collect()
    }

    #[test]
    fn words_and_pieces_make_a_text() {
        let (tokens, notes) = tokens(&plain(&["[CLS]", "un", "##happy", "[MASK]", "man", "[SEP]"]));
        assert_eq!(&*tokens.texts[0], "unhappy [MASK] man");
        assert_eq!(tokens.ids(), [0, 1, 2, 3, 4, 5]);
        assert_eq!(sources(&tokens), ["", "un", "happy", "[MASK]", "man", ""]);
        assert_eq!(tokens.words(), [0..1, 1..3, 3..4, 4..5, 5..6]);
        assert!(notes[0].contains("[CLS] [SEP]") && !notes[0].contains("MASK"), "{notes:?}");
        let (tokens, notes) = super::tokens(&plain(&["\u{120}The", "\u{120}un", "happy", ".", "<|endoftext|>"]));
        assert_eq!(&*tokens.texts[0], "The unhappy.");
        assert_eq!(tokens.words(), [0..1, 1..3, 3..4, 4..5]);
        assert_eq!(notes.len(), 1);
        let (tokens, notes) = super::tokens(&plain(&["\u{95e8}", "a < b", ""]));
        assert_eq!(sources(&tokens), ["\u{95e8}", "a < b", ""]);
        assert!(notes.is_empty());
    }

    #[test]
    fn places_that_are_given_are_kept() {
        let token = |piece: &str, start, end| Token { span: Some((start, end)), ..Token::from(piece.to_owned()) };
        let cafe = [token("the", 0, 3), token("cafe", 4, 9), token("door", 12, 16)];
        let (tokens, _) = tokens(&cafe);
        assert_eq!(&*tokens.texts[0], "the cafe    door");
        assert_eq!((tokens.pieces[1].start, tokens.pieces[1].end), (4, 9));
        // The stand-ins of a byte-level vocabulary, the space counted to the word or not.
        let (tokens, _) = super::tokens(&[token("A", 0, 1), token("\u{120}caf\u{c3}\u{a9}", 2, 7)]);
        assert_eq!(&*tokens.texts[0], "A caf\u{e9}");
        let (tokens, _) = super::tokens(&[token("A", 0, 1), token("\u{120}caf\u{c3}\u{a9}", 1, 7)]);
        assert_eq!(&*tokens.texts[0], "A caf\u{e9}");
        // A character in two pieces, each of which spans it: what cannot be cut is joined.
        let (tokens, _) = super::tokens(&[token("a", 0, 1), token("b", 4_000_000_000, 4_000_000_001)]);
        assert_eq!(sources(&tokens), ["a", "b"]);
        assert_eq!(&*tokens.texts[0], "a b", "a place that cannot be is not believed");
        let (tokens, _) = super::tokens(&[token("a", 5, 2)]);
        assert_eq!(sources(&tokens), ["a"]);
    }

    #[test]
    fn a_pair_has_two_texts() {
        let mut given = plain(&["[CLS]", "one", "[SEP]", "two", "##s", "[SEP]"]);
        given[3..].iter_mut().for_each(|t| t.segment = 1);
        let (tokens, _) = tokens(&given);
        assert_eq!(tokens.texts.iter().map(|t| &**t).collect::<Vec<_>>(), ["one", "twos"]);
        assert_eq!(tokens.source(4), "s");
    }

    #[test]
    fn bytes_are_found_again() {
        // "é" is the bytes c3 a9, a space 20, a line feed 0a, a soft hyphen ad.
        assert_eq!(bytes_of("\u{c3}\u{a9}"), "\u{e9}".as_bytes());
        let of = |c| byte(c).expect("a stand-in");
        assert_eq!((of('\u{120}'), of('\u{10a}'), of('\u{143}')), (0x20, 0x0a, 0xad));
        assert_eq!(byte('\u{144}'), None);
    }
}
