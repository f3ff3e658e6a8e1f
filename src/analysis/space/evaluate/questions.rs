//! Questions of analogy in sections, as `questions-words.txt` has them.

use super::{How, lines};
use crate::analysis::space::analogy::{EPSILON, Method};
use crate::analysis::space::neighbours::{Index, Near};
use crate::analysis::space::vector;
use crate::error::{Error, Result};
use crate::source::vectors::Words;
use crate::trace::Control;
use std::collections::HashMap;

/// Answers that are looked through for one that is no word of the question in another case.
const TRIES: usize = 5;

/// A set of questions, as a file has them.
#[derive(Debug, Clone, PartialEq)]
pub struct Questions {
    /// Its sections in order.
    pub sections: Vec<Section>,
    /// Lines that are no question.
    pub skipped: Vec<usize>,
}

/// Questions of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// What it is called.
    pub name: String,
    /// Lines with four words: a is to b as c is to d.
    pub questions: Vec<(usize, [String; 4])>,
}

/// How a space did on a section.
#[derive(Debug, Clone, PartialEq)]
pub struct SectionScore {
    /// What the section is called.
    pub section: String,
    /// Questions answered rightly.
    pub correct: usize,
    /// Questions that count.
    pub total: usize,
    /// Questions with an unknown word.
    pub unknown: usize,
    /// Every question.
    pub answers: Vec<Answer>,
}

/// A question with what the space said.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The line of the file.
    pub line: usize,
    /// The four words as the file has them.
    pub words: [String; 4],
    /// The row of the answer; `None` where a word is unknown or has no direction.
    pub found: Option<usize>,
    /// Whether it is the fourth word.
    pub is_correct: bool,
}

/// A question all of whose words are known: where it stands, and the places of a, b, c among the words asked for.
struct Known {
    section: usize,
    question: usize,
    places: [usize; 3],
}

impl Questions {
    /// Whether a text is such a set: its first line that says something is the head of a section.
    pub fn is_one(text: &str) -> bool {
        lines(text)
            .map(|(_, line)| line)
            .find(|line| !line.trim().is_empty())
            .is_some_and(|line| line.starts_with(": "))
    }

    /// Reads sections, each with a head `: name`, of lines with four words. Other lines are skipped.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let (mut sections, mut skipped) = (Vec::<Section>::new(), Vec::new());
        for (number, line) in lines(text) {
            if line.starts_with(": ") {
                let name = line.trim_start_matches([':', ' ']).trim().to_owned();
                sections.push(Section { name, questions: Vec::new() });
                continue;
            }
            let words: Vec<&str> = line.split_whitespace().collect();
            match (&words[..], sections.last_mut()) {
                ([], _) => {}
                ([a, b, c, d], Some(section)) => {
                    section.questions.push((number, [a, b, c, d].map(|word| (*word).to_owned())));
                }
                (_, None) => {
                    return Err(Error::input(format!("{name}: line {number} stands before any section (`: name`)")));
                }
                _ => skipped.push(number),
            }
        }
        if sections.iter().all(|section| section.questions.is_empty()) {
            return Err(Error::input(format!("{name}: no line has four words")));
        }
        Ok(Self { sections, skipped })
    }

    /// Asks every question and says how many answers are right, by section. `index` has to be for cosine and `method`
    /// 3CosAdd or 3CosMul.
    pub fn score(
        &self,
        words: &Words,
        index: &Index<'_>,
        method: Method,
        how: How,
        control: &Control,
    ) -> Result<Vec<SectionScore>> {
        let index = index.clone().first(how.limit);
        let vocabulary = how.vocabulary(words);
        let (mut asked, mut places, mut known) = (Vec::new(), HashMap::new(), Vec::new());
        let mut scores: Vec<SectionScore> = self.sections.iter().map(SectionScore::new).collect();
        for (s, section) in self.sections.iter().enumerate() {
            for (q, (_, four)) in section.questions.iter().enumerate() {
                let row = |i: usize| vocabulary.get(&how.folded(&four[i])).copied();
                let (Some(a), Some(b), Some(c), Some(_)) = (row(0), row(1), row(2), row(3)) else {
                    scores[s].unknown += 1;
                    scores[s].total += usize::from(how.unknown_is_wrong);
                    continue;
                };
                scores[s].total += 1;
                if ![a, b, c].iter().all(|&row| index.is_placed(row)) {
                    // Without a direction there is no answer.
                    continue;
                }
                let mut place = |row: usize| {
                    *places.entry(row).or_insert_with(|| {
                        asked.push(row);
                        asked.len() - 1
                    })
                };
                known.push(Known { section: s, question: q, places: [place(a), place(b), place(c)] });
            }
        }
        let found = answers(&index, &asked, &known, method, control)?;
        for (known, found) in known.iter().zip(found) {
            let four = &self.sections[known.section].questions[known.question].1;
            let folded: Vec<String> = four.iter().map(|word| how.folded(word)).collect();
            let said = |near: &&Near| how.folded(&words.get(near.row));
            // gensim looks past words of the question in another case; where there is nothing else it takes the last.
            let answer = found.iter().find(|near| !folded[..3].contains(&said(near))).or(found.last());
            let score = &mut scores[known.section];
            let out = &mut score.answers[known.question];
            out.found = answer.map(|near| near.row);
            out.is_correct = answer.is_some_and(|near| said(&near) == folded[3]);
            score.correct += usize::from(out.is_correct);
        }
        Ok(scores)
    }
}

impl SectionScore {
    fn new(section: &Section) -> Self {
        let answer = |(line, words): &(usize, [String; 4])| Answer {
            line: *line,
            words: words.clone(),
            found: None,
            is_correct: false,
        };
        let answers = section.questions.iter().map(answer).collect();
        Self { section: section.name.clone(), correct: 0, total: 0, unknown: 0, answers }
    }

    /// All sections as one, without the answers.
    pub fn sum(scores: &[Self]) -> Self {
        let sum = |of: fn(&Self) -> usize| scores.iter().map(of).sum();
        let (correct, total, unknown) = (sum(|s| s.correct), sum(|s| s.total), sum(|s| s.unknown));
        Self { section: "Total accuracy".to_owned(), correct, total, unknown, answers: Vec::new() }
    }
}

/// The best answers to each question.
fn answers(
    index: &Index<'_>,
    asked: &[usize],
    known: &[Known],
    method: Method,
    control: &Control,
) -> Result<Vec<Vec<Near>>> {
    let places: Vec<[usize; 3]> = known.iter().map(|known| known.places).collect();
    let cosine = |place: usize, row: usize| vector::cosine(index.rows().row(asked[place]), index.rows().row(row));
    match method {
        Method::CosAdd => {
            // cos(x, b + c - a) but for the length of the sum, which is the same for all x.
            let rough = |[a, b, c]: [&[f32]; 3], out: &mut [f32]| {
                for (((out, a), b), c) in out.iter_mut().zip(a).zip(b).zip(c) {
                    *out = b + c - a;
                }
            };
            let exact = |q: usize, row: usize| {
                let [a, b, c] = places[q].map(|place| cosine(place, row));
                b + c - a
            };
            index.mixed(asked, &places, TRIES, rough, exact, control)
        }
        Method::CosMul => {
            let rough = |[a, b, c]: [&[f32]; 3], out: &mut [f32]| {
                for (((out, a), b), c) in out.iter_mut().zip(a).zip(b).zip(c) {
                    *out = (1.0 + b) * (1.0 + c) / (1.0 + a + 2.0 * EPSILON as f32);
                }
            };
            let exact = |q: usize, row: usize| {
                let [a, b, c] = places[q].map(|place| f64::midpoint(1.0, cosine(place, row)));
                b * c / (a + EPSILON)
            };
            index.mixed(asked, &places, TRIES, rough, exact, control)
        }
        _ => Err(Error::input(format!("questions are answered by 3cosadd or 3cosmul, not by {method}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_read() {
        let text = ": one two \r\nA b c d\n\nx y z\n: three\n: four\na b c d\n";
        let questions = Questions::parse("q", text).expect("questions");
        let names: Vec<_> = questions.sections.iter().map(|s| (s.name.as_str(), s.questions.len())).collect();
        assert_eq!(names, [("one two", 1), ("three", 0), ("four", 1)]);
        assert_eq!(questions.skipped, [4]);
        assert_eq!(questions.sections[0].questions[0], (2, ["A", "b", "c", "d"].map(str::to_owned)));
        assert!(Questions::is_one(text) && !Questions::is_one("a\tb\t1\n: x\n"));
        let early = Questions::parse("q", "a b c d\n: x\n").expect_err("before any section");
        assert_eq!(early.to_string(), "q: line 1 stands before any section (`: name`)");
        assert!(Questions::parse("q", ": x\n").is_err());
    }
}
