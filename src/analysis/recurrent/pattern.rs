//! What a cell may follow: a number for every token of a text.

use crate::error::{Error, Result};
use crate::text::Tokens;
use regex::Regex;

/// Something that a text has at every place.
#[derive(Debug, Clone)]
pub enum Pattern {
    /// Between double quotes, straight or curved.
    Quotes,
    /// Inside round, square or curly brackets: how deep.
    Brackets,
    /// Characters since the line began.
    Line,
    /// Whether an expression has just matched: its match ends at most so many bytes before the token.
    After(Regex, usize),
}

impl Pattern {
    /// After an expression.
    pub fn after(expression: &str, within: usize) -> Result<Self> {
        let regex = Regex::new(expression).map_err(|e| Error::input(format!("`{expression}`: {e}")))?;
        Ok(Self::After(regex, within))
    }

    /// Its value at every token of one text, at the token's last byte.
    pub fn of(&self, tokens: &Tokens) -> Vec<f32> {
        let text = tokens.texts.first().map_or("", |text| &**text);
        let mut at_byte = vec![0f32; text.len() + 1];
        match self {
            Self::Quotes => {
                let mut inside = false;
                for (byte, c) in text.char_indices() {
                    inside = match c {
                        '"' => !inside,
                        '\u{201c}' => true,
                        '\u{201d}' => false,
                        _ => inside,
                    };
                    at_byte[byte] = f32::from(u8::from(inside));
                }
            }
            Self::Brackets => {
                let mut depth = 0usize;
                for (byte, c) in text.char_indices() {
                    match c {
                        '(' | '[' | '{' => depth += 1,
                        ')' | ']' | '}' => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    at_byte[byte] = depth as f32;
                }
            }
            Self::Line => {
                let mut since = 0;
                for (byte, c) in text.char_indices() {
                    since = if c == '\n' { 0 } else { since + 1 };
                    at_byte[byte] = since as f32;
                }
            }
            Self::After(regex, within) => {
                for found in regex.find_iter(text) {
                    let end = (found.end() + within).min(text.len());
                    at_byte[found.end().min(end)..end].fill(1.0);
                }
            }
        }
        // The character that a token ends with began a few bytes before its end.
        let last = |end: usize| (0..end).rev().find(|byte| text.is_char_boundary(*byte)).unwrap_or(0);
        tokens
            .pieces
            .iter()
            .map(|piece| if piece.special { 0.0 } else { at_byte[last(piece.end.min(text.len()))] })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::symbols::{Skipped, Symbols};
    use crate::text::Piece;

    fn tokens(text: &str) -> Tokens {
        let symbols = Symbols::of_text(text).expect("characters");
        let (found, _) = symbols.split(text, 0, usize::MAX, &mut Skipped::default());
        let piece = |s: &crate::source::symbols::Symbol| Piece {
            piece: symbols.item(s.id).to_owned(),
            id: s.id,
            start: s.start,
            end: s.end,
            text: 0,
            segment: 0,
            special: false,
            word: None,
            unknown: false,
        };
        Tokens { texts: vec![text.into()], pieces: found.iter().map(piece).collect(), dropped: 0 }
    }

    #[test]
    fn patterns_are_what_they_say() {
        let text = "é \"a\"(b[c])\nxy";
        let tokens = tokens(text);
        let of = |pattern: Pattern| pattern.of(&tokens);
        assert_eq!(of(Pattern::Quotes), [0., 0., 1., 1., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0.]);
        assert_eq!(of(Pattern::Brackets), [0., 0., 0., 0., 0., 1., 1., 2., 2., 1., 0., 0., 0., 0.]);
        assert_eq!(of(Pattern::Line), [1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 0., 1., 2.]);
        let after = Pattern::after("[bx]", 1).expect("an expression");
        assert_eq!(of(after), [0., 0., 0., 0., 0., 0., 0., 1., 0., 0., 0., 0., 0., 1.]);
        assert!(Pattern::after("(", 1).is_err());
    }
}
