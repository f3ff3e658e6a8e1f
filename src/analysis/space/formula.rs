//! Formulas of words: `king - man + woman`.
//!
//! | written | is |
//! |---|---|
//! | `king` | the vector of a word, as it stands in the file |
//! | `"new york"` | a word with spaces or signs of this language; `\"` and `\\` stand for `"` and `\` |
//! | `well-known` | one word: a hyphen without space on either side belongs to it |
//! | `a + b`, `a - b`, `-a` | sum, difference, opposite |
//! | `2*king`, `0.5 king`, `king*2` | a weight; a number that nothing follows is a word: `1984 - 1983` |
//! | `avg(a, b)` | the average |
//! | `{a, b}` | a set: as a vector its average, after `!` all of it, on an axis its words |
//! | `a ! b` | `a` without its part along `b`: `a - (a b / b b) b`; `a ! {b, c}` without its part in their plane |
//! | `(a + b) ! c` | brackets; `*` binds more than `!`, and `!` more than `+` and `-` |

mod parser;

use super::lexicon::{Lexicon, Missing};
use super::reject::basis;
use crate::error::Error;
use std::fmt;
use std::ops::Range;

/// A formula that is well formed.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {
    /// As it was typed.
    pub text: String,
    /// What it says.
    pub root: Node,
}

/// A part of a formula.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The bytes of the text that say it.
    pub at: Range<usize>,
    /// What it is.
    pub kind: Kind,
}

/// What a part of a formula is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A word of the vocabulary.
    Word(String),
    /// A number times a part; -1 for what is taken away.
    Times(f64, Box<Node>),
    /// Two parts or more, added.
    Sum(Vec<Node>),
    /// The average of the parts.
    Average(Vec<Node>),
    /// A set of parts.
    Set(Vec<Node>),
    /// A part without what lies along the others.
    Without(Box<Node>, Vec<Node>),
}

/// What is wrong with a formula, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The bytes of the text that are at fault; empty at the place where something is missing.
    pub at: Range<usize>,
    /// What is wrong, with the number of the character, counted from 1.
    pub what: String,
    /// Words that may have been meant.
    pub offers: Vec<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::input(fault.what)
    }
}

/// What a formula comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// The vector.
    pub vector: Vec<f32>,
    /// The rows of the words in it, each once: an answer leaves them out.
    pub inputs: Vec<usize>,
}

impl Formula {
    /// Reads a formula.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        Ok(Self { text: text.to_owned(), root: parser::parse(text)? })
    }

    /// The words in it, from left to right, with where they stand; a word twice if it is there twice.
    pub fn words(&self) -> Vec<(&str, Range<usize>)> {
        let mut found = Vec::new();
        self.root.each_word(&mut |word, at| found.push((word, at)));
        found
    }

    /// The words that are added and those that are taken away, if it is nothing but a sum of words without weights.
    pub fn terms(&self) -> Option<(Vec<&str>, Vec<&str>)> {
        let parts = if let Kind::Sum(parts) = &self.root.kind { parts } else { std::slice::from_ref(&self.root) };
        let (mut with, mut without) = (Vec::new(), Vec::new());
        for part in parts {
            match &part.kind {
                Kind::Word(word) => with.push(word.as_str()),
                Kind::Times(-1.0, part) => match &part.kind {
                    Kind::Word(word) => without.push(word.as_str()),
                    _ => return None,
                },
                _ => return None,
            }
        }
        Some((with, without))
    }

    /// What the parts of a set come to, each alone; of anything else the one vector.
    pub fn values(&self, lexicon: &Lexicon<'_>) -> Result<Vec<Value>, Fault> {
        let parts = if let Kind::Set(parts) = &self.root.kind { parts } else { std::slice::from_ref(&self.root) };
        parts.iter().map(|part| self.value_of(part, lexicon)).collect()
    }

    /// What it comes to.
    pub fn value(&self, lexicon: &Lexicon<'_>) -> Result<Value, Fault> {
        self.value_of(&self.root, lexicon)
    }

    fn value_of(&self, node: &Node, lexicon: &Lexicon<'_>) -> Result<Value, Fault> {
        let mut inputs = Vec::new();
        let vector = self.sum_of(node, lexicon, &mut inputs)?;
        Ok(Value { vector: vector.into_iter().map(|x| x as f32).collect(), inputs })
    }

    fn sum_of(&self, node: &Node, lexicon: &Lexicon<'_>, inputs: &mut Vec<usize>) -> Result<Vec<f64>, Fault> {
        let mut all = |parts: &[Node]| -> Result<Vec<Vec<f64>>, Fault> {
            parts.iter().map(|part| self.sum_of(part, lexicon, inputs)).collect()
        };
        Ok(match &node.kind {
            Kind::Word(word) => {
                let entry = lexicon.find(word).map_err(|missing| self.missing(node, &missing, lexicon))?;
                if let Some(row) = entry.row.filter(|row| !inputs.contains(row)) {
                    inputs.push(row);
                }
                entry.vector
            }
            Kind::Times(weight, part) => self.sum_of(part, lexicon, inputs)?.into_iter().map(|x| x * weight).collect(),
            Kind::Sum(parts) => added(&all(parts)?),
            Kind::Average(parts) | Kind::Set(parts) => {
                added(&all(parts)?).into_iter().map(|x| x / parts.len() as f64).collect()
            }
            Kind::Without(part, others) => {
                let mut vector = self.sum_of(part, lexicon, inputs)?;
                for other in others {
                    let directions =
                        if let Kind::Set(parts) = &other.kind { parts } else { std::slice::from_ref(other) };
                    let directions: Vec<Vec<f64>> =
                        directions.iter().map(|part| self.sum_of(part, lexicon, inputs)).collect::<Result<_, _>>()?;
                    let basis = basis(&directions.iter().map(Vec::as_slice).collect::<Vec<_>>());
                    if basis.is_empty() {
                        let what = "comes to zero: there is nothing to take away";
                        return Err(self.fault(other.at.clone(), |said| format!("{said} {what}")));
                    }
                    vector = without(&vector, &basis);
                }
                vector
            }
        })
    }

    fn missing(&self, node: &Node, missing: &Missing, lexicon: &Lexicon<'_>) -> Fault {
        let word = &missing.word;
        let parts: Vec<&str> = word.split('-').collect();
        // Typed without spaces around the minus.
        let is_difference = parts.len() > 1 && parts.iter().all(|part| lexicon.row(part).is_some());
        let hint = if is_difference { format!("; to subtract, write {}", parts.join(" - ")) } else { String::new() };
        let mut fault = self.fault(node.at.clone(), |said| format!("{said} {}{hint}", missing.why()));
        fault.offers.clone_from(&missing.near);
        fault
    }

    fn fault(&self, at: Range<usize>, what: impl Fn(&str) -> String) -> Fault {
        let said = format!("`{}` (character {})", &self.text[at.clone()], character(&self.text, at.start));
        Fault { what: what(&said), at, offers: Vec::new() }
    }
}

impl Node {
    fn each_word<'a>(&'a self, see: &mut impl FnMut(&'a str, Range<usize>)) {
        match &self.kind {
            Kind::Word(word) => see(word, self.at.clone()),
            Kind::Times(_, part) => part.each_word(see),
            Kind::Sum(parts) | Kind::Average(parts) | Kind::Set(parts) => {
                for part in parts {
                    part.each_word(see);
                }
            }
            Kind::Without(part, others) => {
                part.each_word(see);
                for part in others {
                    part.each_word(see);
                }
            }
        }
    }
}

/// The number of the character that begins at this byte, counted from 1.
fn character(text: &str, at: usize) -> usize {
    text[..at].chars().count() + 1
}

fn added(parts: &[Vec<f64>]) -> Vec<f64> {
    let mut sum = parts.first().map(|part| vec![0.0; part.len()]).unwrap_or_default();
    for part in parts {
        sum.iter_mut().zip(part).for_each(|(s, x)| *s += x);
    }
    // What rounding leaves of terms that cancel is no direction.
    let size: f64 = parts.iter().map(|part| length(part)).sum();
    cleared(sum, size, 1e-12)
}

/// A vector without its part in the span of vectors of length 1 at right angles.
fn without(vector: &[f64], basis: &[Vec<f64>]) -> Vec<f64> {
    let mut left = vector.to_vec();
    for axis in basis {
        let along: f64 = left.iter().zip(axis).map(|(x, a)| x * a).sum();
        left.iter_mut().zip(axis).for_each(|(x, a)| *x -= along * a);
    }
    // Vectors are known to single precision: less than that is nothing.
    cleared(left, length(vector), 1e-7)
}

/// Zeros where nothing but rounding is left of vectors of this size.
fn cleared(mut vector: Vec<f64>, size: f64, share: f64) -> Vec<f64> {
    if length(&vector) <= share * size {
        vector.fill(0.0);
    }
    vector
}

fn length(vector: &[f64]) -> f64 {
    vector.iter().map(|x| x * x).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Rows;
    use crate::source::vectors::Words;

    const ROWS: [(&str, [f32; 3]); 6] = [
        ("x", [2.0, 0.0, 0.0]),
        ("y", [0.0, 0.5, 0.0]),
        ("xy", [3.0, 4.0, 0.0]),
        ("all", [1.0, 1.0, 1.0]),
        ("none", [0.0, 0.0, 0.0]),
        ("bad", [0.0, f32::NAN, 0.0]),
    ];

    fn value(text: &str, unit: bool) -> Result<Value, Fault> {
        let words: Words = ROWS.iter().map(|row| row.0).collect();
        let rows = Rows::new(ROWS.iter().flat_map(|row| row.1).collect(), 3).expect("rows");
        let make = |word: &str| (word == "made").then(|| vec![0.0, 0.0, 5.0]);
        let lexicon = Lexicon { words: &words, rows: &rows, make: Some(&make), unit };
        Formula::parse(text)?.value(&lexicon)
    }

    fn close(text: &str, unit: bool, wanted: [f32; 3]) {
        let found = value(text, unit).expect(text).vector;
        assert!(found.iter().zip(wanted).all(|(f, w)| (f - w).abs() < 1e-6), "{text}: {found:?} {wanted:?}");
    }

    #[test]
    fn a_formula_comes_to_what_it_says() {
        close("xy", true, [0.6, 0.8, 0.0]);
        close("xy", false, [3.0, 4.0, 0.0]);
        close("xy - y + made", true, [0.6, -0.2, 1.0]);
        close("xy - y + made", false, [3.0, 3.5, 5.0]);
        close("2*x - 0.5 y", true, [2.0, -0.5, 0.0]);
        close("avg(x, y, -2 x)", true, [-1.0 / 3.0, 1.0 / 3.0, 0.0]);
        close("{x, y} - x", false, [-1.0, 0.25, 0.0]);
        close("xy ! x", false, [0.0, 4.0, 0.0]);
        close("all ! xy", false, [1.0 - 7.0 / 25.0 * 3.0, 1.0 - 7.0 / 25.0 * 4.0, 1.0]);
        // A plane, given by two directions that are not at right angles; one after the other would leave more.
        close("all ! {x, xy}", false, [0.0, 0.0, 1.0]);
        close("all ! {x, xy, y, x + y}", false, [0.0, 0.0, 1.0]);
    }

    #[test]
    fn what_cancels_is_zero_and_no_direction() {
        for text in ["xy - xy", "xy ! xy", "x + xy - xy - x", "xy ! (2 xy)", "all ! {x, y, made}"] {
            assert_eq!(value(text, true).expect(text).vector, [0.0; 3], "{text}");
        }
    }

    #[test]
    fn words_of_the_vocabulary_are_inputs_and_each_once() {
        assert_eq!(value("xy - x + made + avg(xy, y) ! all", true).expect("a value").inputs, [2, 0, 1, 3]);
        let formula = Formula::parse("xy - made + xy").expect("a formula");
        assert_eq!(formula.words(), [("xy", 0..2), ("made", 5..9), ("xy", 12..14)]);
    }

    #[test]
    fn a_plain_sum_is_two_lists() {
        let terms = |text: &str| {
            let formula = Formula::parse(text).expect("a formula");
            formula.terms().map(|(with, without)| (with.join(" "), without.join(" ")))
        };
        assert_eq!(terms("king - man + woman"), Some(("king woman".into(), "man".into())));
        assert_eq!(terms("king"), Some(("king".into(), String::new())));
        assert_eq!(terms("-king"), Some((String::new(), "king".into())));
        for text in ["2 king - man", "a ! b", "avg(a, b)", "a - (b + c)", "a - 2 b", "{a, b}"] {
            assert_eq!(terms(text), None, "{text}");
        }
    }

    #[test]
    fn a_set_has_as_many_values_as_parts() {
        let words: Words = ROWS.iter().map(|row| row.0).collect();
        let rows = Rows::new(ROWS.iter().flat_map(|row| row.1).collect(), 3).expect("rows");
        let lexicon = Lexicon { words: &words, rows: &rows, make: None, unit: false };
        let values = |text: &str| Formula::parse(text).expect("a formula").values(&lexicon).expect("values");
        let set = values("{x + y, all}");
        assert_eq!(set.iter().map(|v| v.vector.clone()).collect::<Vec<_>>(), [[2.0, 0.5, 0.0], [1.0; 3]]);
        assert_eq!(set[0].inputs, [0, 1]);
        assert_eq!(values("x + y").len(), 1);
    }

    #[test]
    fn what_cannot_be_used_is_named_with_its_place() {
        let fault = value("x + alll - y", true).expect_err("not there");
        assert_eq!(fault.at, 4..8);
        assert_eq!(fault.what, "`alll` (character 5) is not in the vocabulary; nearest spellings: all");
        assert_eq!(fault.offers, ["all"]);
        let fault = value("x-y", true).expect_err("not there");
        assert!(fault.what.ends_with("; to subtract, write x - y"), "{fault}");
        let said = |text, unit| value(text, unit).expect_err(text).what;
        assert_eq!(said("2 none", true), "`none` (character 3) has a vector of zeros, which has no direction");
        assert_eq!(said("bad", false), "`bad` (character 1) has a vector with NaN or infinity");
        assert_eq!(said("x ! none", false), "`none` (character 5) comes to zero: there is nothing to take away");
        assert_eq!(said("x ! (y - y)", true), "`y - y` (character 6) comes to zero: there is nothing to take away");
        assert!(value("none + x", false).is_ok());
    }
}
