//! Axes as they are typed: `man, boy : woman, girl`, or a formula.

use super::{Axis, Poles};
use crate::analysis::space::formula::Formula;
use crate::analysis::space::lexicon::{Lexicon, Missing};
use crate::error::{Error, Result};

/// An axis with what it was made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Typed {
    /// The axis.
    pub axis: Axis,
    /// The words of its poles that are in the vocabulary; of a formula none.
    pub poles: Option<Poles>,
    /// The words of its poles that are not.
    pub missing: Vec<Missing>,
}

impl Typed {
    /// Reads an axis: two sets of words, commas between the words and a colon between the sets, or a formula
    /// ([`Formula`]), along whose vector the axis lies. A word with a comma, a colon or a quote stands in quotes:
    /// `\"` and `\\` stand for `"` and `\` there. Words that are not in the vocabulary are left out; a set of which none
    /// is there is an error, and so is a formula with such a word.
    pub fn read(text: &str, lexicon: &Lexicon<'_>) -> Result<Self> {
        if !has_colon(text) {
            let value = Formula::parse(text)?.value(&Lexicon { unit: true, ..*lexicon })?;
            let vector: Vec<f64> = value.vector.iter().map(|x| f64::from(*x)).collect();
            return Ok(Self { axis: Axis::along(&vector)?, poles: None, missing: Vec::new() });
        }
        let sides = split(text)?;
        let [from, to] = sides.as_slice() else {
            return Err(Error::input(format!("the axis `{text}` has more than two sets of words")));
        };
        let mut missing = Vec::new();
        let mut known = |words: &[String]| -> Result<Vec<usize>> {
            let before = missing.len();
            let mut rows: Vec<usize> = Vec::new();
            for word in words {
                match (Lexicon { unit: true, make: None, ..*lexicon }).find(word) {
                    Ok(entry) => rows.extend(entry.row.filter(|row| !rows.contains(row))),
                    Err(why) => missing.push(why),
                }
            }
            if rows.is_empty() {
                let why: Vec<String> = missing[before..].iter().map(|m| format!("`{}` {}", m.word, m.why())).collect();
                let why = if why.is_empty() { "it is empty".to_owned() } else { why.join("; ") };
                return Err(Error::input(format!("the axis `{text}` has a set without a known word: {why}")));
            }
            Ok(rows)
        };
        let poles = Poles::Sets(known(from)?, known(to)?);
        Ok(Self { axis: Axis::of(lexicon.rows, &poles)?, poles: Some(poles), missing })
    }
}

/// Whether there is a colon outside quotes.
fn has_colon(text: &str) -> bool {
    let (mut quoted, mut letters) = (false, text.chars());
    while let Some(letter) = letters.next() {
        match letter {
            ':' if !quoted => return true,
            '"' => quoted = !quoted,
            '\\' if quoted => drop(letters.next()),
            _ => {}
        }
    }
    false
}

/// The words of each side of the colons.
fn split(text: &str) -> Result<Vec<Vec<String>>> {
    let mut sides = vec![Vec::new()];
    let (mut word, mut quoted) = (String::new(), false);
    let mut letters = text.chars();
    let mut end = |word: &mut String, quoted: &mut bool, next: bool| {
        let whole = if *quoted { std::mem::take(word) } else { std::mem::take(word).trim().to_owned() };
        if let Some(side) = sides.last_mut()
            && (*quoted || !whole.is_empty())
        {
            side.push(whole);
        }
        *quoted = false;
        if next {
            sides.push(Vec::new());
        }
    };
    while let Some(letter) = letters.next() {
        match letter {
            ',' | ':' => end(&mut word, &mut quoted, letter == ':'),
            '"' if word.trim().is_empty() && !quoted => {
                word.clear();
                quoted = true;
                loop {
                    match letters.next() {
                        Some('"') => break,
                        Some('\\') => word.extend(letters.next()),
                        Some(other) => word.push(other),
                        None => return Err(Error::input(format!("a quote in the axis `{text}` does not end"))),
                    }
                }
            }
            // After a quoted word there is only space before the next sign.
            _ if quoted && letter.is_whitespace() => {}
            _ if quoted => return Err(Error::input(format!("the axis `{text}` lacks a comma after a quoted word"))),
            _ => word.push(letter),
        }
    }
    end(&mut word, &mut quoted, false);
    Ok(sides)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Rows;
    use crate::source::vectors::Words;

    #[test]
    fn sets_are_split_at_commas_and_a_colon() {
        let found = split(" man, new york ,, \"a, \\\"b\\\"\" : woman").expect("two sets");
        assert_eq!(found, [vec!["man", "new york", "a, \"b\""], vec!["woman"]]);
        assert_eq!(split("\":)\" : \" \"").expect("two sets"), [vec![":)"], vec![" "]]);
        assert_eq!(split("a:b:c").expect("three sets").len(), 3);
        assert!(has_colon("\":\" : a") && !has_colon("\"\\\": \" - b"));
        assert!(split("\"a : b").is_err() && split("\"a\" b : c").is_err());
    }

    #[test]
    fn an_axis_without_a_known_word_is_an_error() {
        let words: Words = ["man", "woman", "king", "zero"].into_iter().collect();
        let rows = Rows::new(vec![1.0, 0.0, 0.0, 2.0, 3.0, 3.0, 0.0, 0.0], 2).expect("four rows");
        let lexicon = Lexicon { words: &words, rows: &rows, make: None, unit: false };
        let found = Typed::read("man, mann : woman, woman", &lexicon).expect("an axis");
        assert_eq!(found.poles, Some(Poles::Sets(vec![0], vec![1])));
        assert_eq!(found.missing.iter().map(|m| m.word.as_str()).collect::<Vec<_>>(), ["mann"]);
        let half = 0.5f64.sqrt();
        assert!((found.axis.direction[0] + half).abs() < 1e-9 && (found.axis.direction[1] - half).abs() < 1e-9);
        // A formula takes words as gensim does, at length 1.
        let formula = Typed::read("woman - \"man\"", &lexicon).expect("an axis");
        assert!((formula.axis.cosine(&found.axis) - 1.0).abs() < 1e-6 && formula.poles.is_none());
        for (wrong, says) in [
            ("kin, zero : woman", "`kin` is not in the vocabulary; nearest spellings: king"),
            ("man :", "it is empty"),
            ("man : woman : king", "more than two sets"),
            ("queeen - man", "`queeen` (character 1) is not in the vocabulary"),
            ("man : man", "do not differ"),
        ] {
            let error = Typed::read(wrong, &lexicon).expect_err(wrong).to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
