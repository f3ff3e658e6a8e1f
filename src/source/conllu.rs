//! CoNLL-U: a word to a line of ten columns, a blank line after each sentence
//! (<https://universaldependencies.org/format.html>). Read are `ID`, `FORM`, `LEMMA`, `UPOS`, `HEAD`, `DEPREL`,
//! `SpaceAfter=No` and the comment `# text`. Empty nodes are no words of the text and are passed over.

use super::corpus::{Corpus, Sentence, Word};
use crate::error::{Error, Result};
use crate::trace::Control;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// The most names of relations that are told apart: treebanks have some fifty. Every head keeps count of each.
const MOST_RELATIONS: usize = 1000;

/// A word as its line has it.
struct Row<'a> {
    form: &'a str,
    lemma: &'a str,
    upos: &'a str,
    /// Counted from 1; 0 is the root.
    head: Option<usize>,
    relation: &'a str,
    line: usize,
}

/// A stretch of the text without space in it: a word, or several that are written as one.
struct Surface<'a> {
    form: &'a str,
    words: Range<usize>,
    space_after: bool,
    line: usize,
}

/// A sentence under way.
#[derive(Default)]
struct Block<'a> {
    line: usize,
    text: Option<&'a str>,
    rows: Vec<Row<'a>>,
    surfaces: Vec<Surface<'a>>,
}

/// Texts of which each is kept once.
#[derive(Default)]
struct Shared<'a>(HashMap<&'a str, Arc<str>>);

impl<'a> Shared<'a> {
    fn of(&mut self, text: &'a str) -> Arc<str> {
        self.0.entry(text).or_insert_with(|| text.into()).clone()
    }
}

/// Reads at most `most` sentences.
pub(super) fn read(path: &Path, text: &str, most: usize, control: &Control) -> Result<Corpus> {
    let mut sentences = Vec::new();
    let mut names: BTreeSet<&str> = BTreeSet::new();
    let mut pending: Vec<Vec<&str>> = Vec::new();
    let mut block = Block::default();
    let mut shared = Shared::default();
    for (number, line) in text.lines().chain([""]).enumerate() {
        if sentences.len() == most {
            break;
        }
        let wrong = |what: String| Error::format(path, what);
        if !line.trim().is_empty() {
            block.take(number + 1, line).map_err(wrong)?;
        } else if !block.rows.is_empty() {
            control.check()?;
            let (sentence, relations) = std::mem::take(&mut block).sentence(&mut shared).map_err(wrong)?;
            names.extend(&relations);
            if names.len() > MOST_RELATIONS {
                let line = sentence.line;
                let what =
                    format!("by the sentence of line {line} it has more than {MOST_RELATIONS} names of relations");
                return Err(wrong(what));
            }
            sentences.push(sentence);
            pending.push(relations);
        } else {
            block = Block::default();
        }
    }
    let numbers: BTreeMap<&str, usize> = names.iter().enumerate().map(|(i, name)| (*name, i)).collect();
    for (sentence, relations) in sentences.iter_mut().zip(pending) {
        // A word without a head has no relation to be looked up.
        let words = sentence.words.iter_mut().filter(|word| word.head.is_some());
        words.zip(relations).for_each(|(word, relation)| word.relation = numbers[relation]);
    }
    let relations = names.into_iter().map(str::to_owned).collect();
    Ok(Corpus { path: path.to_path_buf(), sentences, relations })
}

impl<'a> Block<'a> {
    /// Takes in a line; what is wrong with it names it.
    fn take(&mut self, number: usize, line: &'a str) -> Result<(), String> {
        let wrong = |what: &str| Err(format!("line {number}: {what}"));
        if self.line == 0 {
            self.line = number;
        }
        if let Some(comment) = line.strip_prefix('#') {
            if let Some(text) = comment.trim_start().strip_prefix("text").map(str::trim_start)
                && let Some(text) = text.strip_prefix('=')
            {
                self.text = Some(text.trim());
            }
            return Ok(());
        }
        let columns: Vec<&str> = line.split('\t').collect();
        let &[id, form, lemma, upos, _, _, head, relation, _, misc] = columns.as_slice() else {
            return wrong(&format!("{} columns instead of 10, which tabs separate", columns.len()));
        };
        let next = self.rows.len() + 1;
        let space_after = !misc.split('|').any(|part| part.trim() == "SpaceAfter=No");
        if id.contains('.') {
            return if id.split('.').all(is_number) { Ok(()) } else { wrong(&format!("`{id}` is no ID")) };
        }
        if form.trim().is_empty() {
            return wrong("the FORM is empty");
        }
        if let Some((first, last)) = id.split_once('-') {
            let inside = self.surfaces.last().map_or(0, |s| s.words.end) >= next;
            return match (number_of(first), number_of(last)) {
                (Some(first), Some(last)) if first == next && last >= first && !inside => {
                    self.surfaces.push(Surface { form, words: first - 1..last, space_after, line: number });
                    Ok(())
                }
                _ => wrong(&format!("the ID {id} is no range that begins with the next word, {next}")),
            };
        }
        if number_of(id) != Some(next) {
            return wrong(&format!("the ID is {id} and should be {next}"));
        }
        let head = match head {
            "_" => None,
            _ => match number_of(head) {
                Some(head) => Some(head),
                None => return wrong(&format!("the HEAD `{head}` is no number")),
            },
        };
        if self.surfaces.last().is_none_or(|s| s.words.end < next) {
            self.surfaces.push(Surface { form, words: next - 1..next, space_after, line: number });
        }
        self.rows.push(Row { form, lemma, upos, head, relation, line: number });
        Ok(())
    }

    /// The sentence, and the relations of those of its words that have a head. Relations are numbered later.
    fn sentence(self, shared: &mut Shared<'a>) -> Result<(Sentence, Vec<&'a str>), String> {
        let count = self.rows.len();
        if let Some(last) = self.surfaces.last().filter(|s| s.words.end > count) {
            return Err(format!(
                "line {}: the ID ends with {}, and there are {count} words",
                last.line, last.words.end
            ));
        }
        let (text, places) = match self.text.and_then(|text| Some((text, place(text, &self.surfaces)?))) {
            Some((text, places)) => (text.to_owned(), places),
            None => join(&self.surfaces),
        };
        let spans = self.surfaces.iter().zip(places).flat_map(|(s, at)| self.divide(s, &at));
        let mut words = Vec::with_capacity(count);
        let mut relations = Vec::new();
        for ((i, row), span) in self.rows.iter().enumerate().zip(spans) {
            let head = match row.head {
                Some(head) if head > count || head == i + 1 => {
                    return Err(format!("line {}: the HEAD {head} is no other word of {count}", row.line));
                }
                Some(head) if row.relation != "_" && !row.relation.is_empty() => head.checked_sub(1),
                _ => None,
            };
            relations.extend(head.map(|_| row.relation));
            let (upos, lemma) = (shared.of(row.upos), shared.of(row.lemma));
            words.push(Word { span, head, relation: 0, upos, lemma });
        }
        Ok((Sentence { text, words, line: self.line }, relations))
    }

    /// The bytes of the words of a surface that lies `at` these. Words that are not spelt as they are written, as French
    /// `de le` in `du`, share them all.
    fn divide(&self, surface: &Surface<'_>, at: &Range<usize>) -> Vec<Range<usize>> {
        let forms: Vec<&str> = self.rows[surface.words.clone()].iter().map(|row| row.form).collect();
        if forms.concat() != surface.form {
            return vec![at.clone(); forms.len()];
        }
        let mut end = at.start;
        let mut next = |form: &&str| {
            let start = end;
            end += form.len();
            start..end
        };
        forms.iter().map(&mut next).collect()
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// A number in digits alone: a sign is none of the format's.
fn number_of(text: &str) -> Option<usize> {
    text.parse().ok().filter(|_| is_number(text))
}

/// Where the surfaces are in the text; `None` where it is not made of them.
fn place(text: &str, surfaces: &[Surface<'_>]) -> Option<Vec<Range<usize>>> {
    let mut end = 0;
    let mut next = |surface: &Surface<'_>| {
        let rest = &text[end..];
        let start = end + rest.len() - rest.trim_start().len();
        text[start..].starts_with(surface.form).then(|| {
            end = start + surface.form.len();
            start..end
        })
    };
    let places = surfaces.iter().map(&mut next).collect::<Option<Vec<_>>>()?;
    text[end..].trim().is_empty().then_some(places)
}

/// The surfaces as a text, and where they are in it.
fn join(surfaces: &[Surface<'_>]) -> (String, Vec<Range<usize>>) {
    let mut text = String::new();
    let mut places = Vec::with_capacity(surfaces.len());
    for (i, surface) in surfaces.iter().enumerate() {
        let start = text.len();
        text.push_str(surface.form);
        places.push(start..text.len());
        if surface.space_after && i + 1 < surfaces.len() {
            text.push(' ');
        }
    }
    (text, places)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Corpus> {
        read(Path::new("t.conllu"), text, usize::MAX, &Control::default())
    }

    /// Lines with the columns that are read: ID, FORM, HEAD, DEPREL, MISC.
    fn rows(rows: &[(&str, &str, &str, &str, &str)]) -> String {
        let line = |(id, form, head, relation, misc): &(&str, &str, &str, &str, &str)| {
            format!("{id}\t{form}\t_\t_\t_\t_\t{head}\t{relation}\t_\t{misc}\n")
        };
        rows.iter().map(line).collect()
    }

    fn forms(corpus: &Corpus, sentence: usize) -> Vec<&str> {
        let sentence = &corpus.sentences[sentence];
        sentence.words.iter().map(|w| &sentence.text[w.span.clone()]).collect()
    }

    const DONT: &[(&str, &str, &str, &str, &str)] = &[
        ("1", "I", "4", "nsubj", "_"),
        ("2-3", "don't", "_", "_", "_"),
        ("2", "do", "4", "aux", "_"),
        ("3", "n't", "4", "advmod", "_"),
        ("4", "know", "0", "root", "SpaceAfter=No"),
        ("4.1", "it", "_", "_", "_"),
        ("5", ".", "4", "punct", "_"),
    ];

    #[test]
    fn words_stand_in_the_text_as_it_was_written() {
        let corpus = parse(&format!("# sent_id = 1\n# text = I don't  know.\n{}", rows(DONT))).expect("a treebank");
        assert_eq!(corpus.sentences[0].text, "I don't  know.");
        assert_eq!(forms(&corpus, 0), ["I", "do", "n't", "know", "."]);
        assert_eq!(corpus.relations, ["advmod", "aux", "nsubj", "punct"]);
        let links: Vec<_> = corpus.sentences[0].words.iter().map(|w| (w.head, w.relation)).collect();
        assert_eq!(links, [(Some(3), 2), (Some(3), 1), (Some(3), 0), (None, 0), (Some(3), 3)]);
        assert_eq!(corpus.sentences[0].line, 1);
        let tagged = "1\tcats\tcat\tNOUN\t_\t_\t0\troot\t_\t_\n";
        let word = &parse(tagged).expect("a treebank").sentences[0].words[0];
        assert_eq!((&*word.upos, &*word.lemma), ("NOUN", "cat"));
    }

    #[test]
    fn forms_are_joined_where_the_text_is_another() {
        for comment in ["", "# text = Something else\n", "# text = I don't know. Yes\n"] {
            let corpus = parse(&format!("{comment}{}\n\n", rows(DONT))).expect("a treebank");
            assert_eq!(corpus.sentences[0].text, "I don't know.", "{comment}");
            assert_eq!(forms(&corpus, 0), ["I", "do", "n't", "know", "."]);
        }
    }

    #[test]
    fn words_that_are_not_spelt_as_written_share_their_bytes() {
        let du = [("1-2", "du", "_", "_", "_"), ("1", "de", "3", "case", "_"), ("2", "le", "3", "det", "_")];
        let corpus = parse(&rows(&[&du[..], &[("3", "pain", "0", "root", "_")]].concat())).expect("a treebank");
        assert_eq!(forms(&corpus, 0), ["du", "du", "pain"]);
    }

    #[test]
    fn what_is_wrong_names_its_line() {
        for (text, why) in [
            ("1\ta\t_\t_\n".to_owned(), "line 1: 4 columns"),
            (rows(&[("1", "a", "0", "root", "_"), ("3", "b", "1", "x", "_")]), "line 2: the ID is 3 and should be 2"),
            (rows(&[("1", "a", "x", "root", "_")]), "line 1: the HEAD `x`"),
            (format!("# c\n{}", rows(&[("1", "a", "2", "root", "_")])), "line 2: the HEAD 2 is no other word of 1"),
            (rows(&[("1", "a", "1", "root", "_")]), "line 1: the HEAD 1"),
            (rows(&[("1-9999999", "a", "_", "_", "_"), ("1", "a", "0", "root", "_")]), "line 1: the ID ends with"),
            (rows(&[("2-3", "a", "_", "_", "_")]), "line 1: the ID 2-3 is no range"),
            (rows(&[("1", " ", "0", "root", "_")]), "line 1: the FORM is empty"),
            (rows(&[("1.x", "a", "_", "_", "_")]), "line 1: `1.x` is no ID"),
            (rows(&[("+1", "a", "0", "root", "_")]), "line 1: the ID is +1 and should be 1"),
            (rows(&[("1-+2", "a", "_", "_", "_")]), "line 1: the ID 1-+2 is no range"),
            (rows(&[("1", "a", "+0", "root", "_")]), "line 1: the HEAD `+0` is no number"),
        ] {
            let error = parse(&text).expect_err(why).to_string();
            assert!(error.starts_with("t.conllu: ") && error.contains(why), "{error}");
        }
    }

    #[test]
    fn relations_without_end_are_refused() {
        let relation = |i: usize| format!("r{i}");
        let sentence = |i: usize| rows(&[("1", "a", "0", "root", "_"), ("2", "b", "1", &relation(i), "_")]);
        let many = |n: usize| (0..n).map(|i| sentence(i) + "\n").collect::<String>();
        assert_eq!(parse(&many(MOST_RELATIONS)).expect("as many as are read").relations.len(), MOST_RELATIONS);
        let error = parse(&many(MOST_RELATIONS + 1)).expect_err("one more").to_string();
        assert!(error.contains("line 3001 it has more than 1000 names of relations"), "{error}");
    }

    #[test]
    fn no_more_is_read_than_is_asked_for() {
        let two = format!("{}\nrubbish", rows(DONT));
        assert_eq!(read(Path::new("t"), &two, 1, &Control::default()).expect("one is enough").sentences.len(), 1);
        assert!(parse(&two).is_err());
    }
}
