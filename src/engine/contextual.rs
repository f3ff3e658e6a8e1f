//! Contextual vectors: what a layer of a model makes of every token of some texts, or of each text as a whole.

use super::corpus::{Tour, each_keeping};
use super::opened::Opened;
use super::run::Run;
use crate::error::{Error, Result};
use crate::rows::Rows;
use crate::source::corpus::{Corpus, Word};
use crate::source::passages::Passages;
use crate::source::vectors::{Column, ColumnValues, Vectors, Words};
use crate::trace::{At, Control, Place, Site, Stack, Want};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// What is made of the tokens of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pool {
    /// A vector to each token.
    #[default]
    None,
    /// The mean over the tokens of a text.
    Mean,
    /// The vector of the first token, which the tokenizer added (`[CLS]`).
    Cls,
}

impl std::str::FromStr for Pool {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self::None),
            "mean" => Ok(Self::Mean),
            "cls" => Ok(Self::Cls),
            _ => Err("it is one of: none, mean, cls".to_owned()),
        }
    }
}

impl std::fmt::Display for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Mean => "mean",
            Self::Cls => "cls",
        })
    }
}

/// How vectors are taken from a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct How {
    /// The layer whose output is taken, counted from 0; the embeddings where there is none.
    pub layer: Option<usize>,
    /// What is made of the tokens of a text.
    pub pool: Pool,
    /// Whether the tokens that the tokenizer adds are left out, of the rows or of the mean.
    pub hide: bool,
    /// The most bytes that one run may keep.
    pub budget: u64,
    /// The most bytes that the vectors may take.
    pub room: u64,
}

/// Vectors, and what became of the texts.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedded {
    /// A row to each token (its name is the token's text), or to each text (its name is the text). The columns: `sentence`,
    /// counted from 0, and for tokens `position`, counted from 0 with special tokens; of a treebank `upos`, `lemma` and
    /// `relation` of the word that a token belongs to; and what the file says of each text. Where a file has the columns
    /// `word` and `sense`, the sense is said of the tokens of that word only.
    pub vectors: Vectors,
    /// The bytes of each token in its text, nothing of special ones; empty where a row stands for a text.
    pub spans: Vec<Range<usize>>,
    /// How many texts were read.
    pub tour: Tour,
}

/// What one text gives.
struct Part {
    /// A block to each layer.
    values: Vec<Vec<f32>>,
    names: Vec<String>,
    positions: Vec<usize>,
    spans: Vec<Range<usize>>,
    /// The word that each token belongs to.
    words: Vec<Option<usize>>,
}

/// Runs a model on every text and takes the output of a layer.
pub fn embed(opened: &Opened, passages: &Passages, how: How, control: &Control) -> Result<Embedded> {
    let card = opened.card();
    if let Some(layer) = how.layer.filter(|layer| *layer >= card.layers) {
        let what = format!("there is no layer {layer}: the model has {} layers, counted from 0", card.layers);
        return Err(Error::input(what));
    }
    let mut embedded = gather(opened, passages, &[how.layer], how, control)?;
    embedded.vectors.report.notices.insert(0, about(opened, how));
    Ok(embedded)
}

/// The same of the embeddings and of every layer, whatever [`How::layer`] is: all rows of the embeddings, then all of
/// layer 0, and so on, with the column `layer`, which is -1 of the embeddings.
pub fn embed_all(opened: &Opened, passages: &Passages, how: How, control: &Control) -> Result<Embedded> {
    let layers: Vec<Option<usize>> = std::iter::once(None).chain((0..opened.card().layers).map(Some)).collect();
    let mut embedded = gather(opened, passages, &layers, how, control)?;
    let rows = embedded.vectors.rows.len() / layers.len();
    let number = |layer: &Option<usize>| layer.map_or(-1.0, |layer| layer as f64);
    let values = layers.iter().flat_map(|layer| std::iter::repeat_n(number(layer), rows)).collect();
    let column = Column { name: "layer".to_owned(), values: ColumnValues::Number(values) };
    embedded.vectors.columns.push(column);
    let what = format!("the embeddings and the output of every layer of {}, one after the other", opened.name);
    embedded.vectors.report.notices.insert(0, what);
    Ok(embedded)
}

/// The output of some layers, one block of rows to each.
fn gather(
    opened: &Opened,
    passages: &Passages,
    layers: &[Option<usize>],
    how: How,
    control: &Control,
) -> Result<Embedded> {
    let card = opened.card();
    let at = |layer: &Option<usize>| match layer {
        Some(layer) => At::new(card.stack, *layer, Site::Hidden),
        None => At::new(Stack::Embeddings, 0, Site::Hidden),
    };
    let places: Vec<At> = layers.iter().map(at).collect();
    let sentences = &passages.corpus.sentences;
    let texts: Vec<&str> = sentences.iter().map(|s| s.text.as_str()).collect();
    let rows = count(opened, &texts, how, control)?.saturating_mul(layers.len());
    let wanted = (rows as u64).saturating_mul(card.dim as u64 * 4 + 64);
    if wanted > how.room {
        return Err(if passages.corpus.path.as_os_str().is_empty() {
            Error::Memory { wanted, budget: how.room }
        } else {
            Error::TooLarge { path: passages.corpus.path.clone(), wanted, budget: how.room }
        });
    }

    let place = |at: &At| Place { stack: Some(at.stack), layer: Some(at.layer), ..Place::site(at.site) };
    let want = places.iter().fold(Want::nothing(), |want, at| want.and(place(at)));
    let mut values: Vec<Vec<f32>> = vec![Vec::with_capacity(rows / layers.len() * card.dim); layers.len()];
    let mut names: Vec<String> = Vec::new();
    let (mut of, mut positions, mut tags, mut spans) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let map = |i: usize, run: &Run| part(run, &places, &sentences[i].words, how);
    let tour = each_keeping(opened, &texts, &want, how.budget, control, map, |i, part| {
        values.iter_mut().zip(part.values).for_each(|(all, some)| all.extend(some));
        of.extend(std::iter::repeat_n(i, part.names.len()));
        names.extend(part.names);
        positions.extend(part.positions);
        spans.extend(part.spans);
        tags.extend(part.words);
    })?;
    if names.is_empty() {
        return Err(Error::input("the model can read nothing in these texts"));
    }
    let mut columns = vec![numbers("sentence", &of)];
    if how.pool == Pool::None {
        columns.push(numbers("position", &positions));
        columns.extend(tag_columns(&passages.corpus, &of, &tags));
    }
    columns.extend(passages.columns.iter().map(|c| Column { name: c.name.clone(), values: c.values.picked(&of) }));
    if how.pool == Pool::None {
        of_word_only(&mut columns, |row| around(texts[of[row]], &spans[row]));
    }
    // What is known of a row is the same in every layer.
    let again: Vec<usize> = layers.iter().flat_map(|_| 0..names.len()).collect();
    let mut words = Words::with_capacity(again.len());
    for &i in &again {
        words.push(names[i].as_bytes());
    }
    if layers.len() > 1 {
        for column in &mut columns {
            column.values = column.values.picked(&again);
        }
        spans = if spans.is_empty() { spans } else { again.iter().map(|&i| spans[i].clone()).collect() };
    }
    let mut vectors = Vectors::made("contextual vectors", words, Rows::new(values.concat(), card.dim)?, columns)?;
    vectors.path.clone_from(&passages.corpus.path);
    Ok(Embedded { vectors, spans, tour })
}

/// Takes the `sense` away from tokens that do not belong to the `word` that it is said of.
fn of_word_only<'a>(columns: &mut [Column], text: impl Fn(usize) -> &'a str) {
    let find = |name: &str| columns.iter().position(|c| c.name.eq_ignore_ascii_case(name));
    let (Some(word), Some(sense)) = (find("word"), find("sense")) else { return };
    let is_of = |row: usize| text(row).to_lowercase() == columns[word].values.text(row).to_lowercase();
    let count = columns[sense].values.len();
    let senses: Vec<String> = (0..count)
        .map(|row| if is_of(row) { columns[sense].values.text(row).into_owned() } else { String::new() })
        .collect();
    columns[sense].values = ColumnValues::of_kinds(senses.iter().map(String::as_str));
}

/// The whole word of a text that a token of these bytes is a part of; what is no word is left as it is.
fn around<'a>(text: &'a str, span: &Range<usize>) -> &'a str {
    let token = text.get(span.clone()).unwrap_or_default();
    let start = span.start + token.len() - token.trim_start().len();
    let end = start + token.trim().len();
    let is_letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    if !is_letter(token.trim().chars().next()) || !is_letter(token.trim().chars().next_back()) {
        return token.trim();
    }
    let start = text[..start].trim_end_matches(char::is_alphanumeric).len();
    let end = text.len() - text[end..].trim_start_matches(char::is_alphanumeric).len();
    &text[start..end]
}

/// Where the vectors come from, in words.
fn about(opened: &Opened, how: How) -> String {
    let (place, number) = match how.layer {
        Some(layer) => (format!("the output of layer {layer}"), layer + 1),
        None => ("the embeddings".to_owned(), 0),
    };
    let of = match (how.pool, how.hide) {
        (Pool::None, _) => "at every token",
        (Pool::Mean, true) => "mean over the tokens of each text without special ones",
        (Pool::Mean, false) => "mean over the tokens of each text, special ones too",
        (Pool::Cls, _) => "at the first token of each text",
    };
    format!("{place} of {} (`hidden_states[{number}]` in transformers), {of}", opened.name)
}

/// How many rows there will be.
fn count(opened: &Opened, texts: &[&str], how: How, control: &Control) -> Result<usize> {
    if how.pool != Pool::None {
        return Ok(texts.len());
    }
    let mut rows = 0;
    for text in texts {
        control.check()?;
        match opened.tokenizer.encode(text, None, opened.card().tokens) {
            Ok(tokens) => rows += tokens.pieces.iter().filter(|p| !(how.hide && p.special)).count(),
            // It is left out later too.
            Err(Error::Input { .. }) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(rows)
}

fn part(run: &Run, places: &[At], words: &[Word], how: How) -> Result<Part> {
    let pieces = &run.tokens.pieces;
    let shown: Vec<usize> = (0..pieces.len()).filter(|&i| !(how.hide && pieces[i].special)).collect();
    if how.pool == Pool::Cls && !pieces.first().is_some_and(|piece| piece.special) {
        // Its last token is the only one that has seen the text.
        let what = "this model's texts begin with no token of their own to stand for all: take the mean";
        return Err(Error::input(what));
    }
    let values = |at: &At| -> Result<Vec<f32>> {
        let hidden = run.array(*at)?;
        Ok(match how.pool {
            Pool::None => shown.iter().flat_map(|&i| hidden.block(&[i])).copied().collect(),
            Pool::Mean => {
                let mut sums = vec![0f64; hidden.len_of("dim")];
                for &i in &shown {
                    sums.iter_mut().zip(hidden.block(&[i])).for_each(|(sum, x)| *sum += f64::from(*x));
                }
                sums.into_iter().map(|sum| (sum / shown.len() as f64) as f32).collect()
            }
            Pool::Cls => hidden.block(&[0]).to_vec(),
        })
    };
    let values = places.iter().map(values).collect::<Result<_>>()?;
    if how.pool != Pool::None {
        let text = run.ask.text.split_whitespace().collect::<Vec<_>>().join(" ");
        return Ok(Part { values, names: vec![text], positions: Vec::new(), spans: Vec::new(), words: Vec::new() });
    }
    Ok(Part {
        values,
        names: shown.iter().map(|&i| run.tokens.shown(i)).collect(),
        spans: shown.iter().map(|&i| pieces[i].start..pieces[i].end).collect(),
        words: shown.iter().map(|&i| word_of(words, pieces[i].start, pieces[i].end)).collect(),
        positions: shown,
    })
}

/// The word of a treebank that the bytes of a token touch.
fn word_of(words: &[Word], start: usize, end: usize) -> Option<usize> {
    if start == end {
        return None;
    }
    // Words of one surface share its bytes: the first of them stands for it.
    words.iter().position(|word| word.span.start < end && start < word.span.end)
}

fn numbers(name: &str, values: &[usize]) -> Column {
    Column { name: name.to_owned(), values: ColumnValues::Number(values.iter().map(|x| *x as f64).collect()) }
}

/// The tags of the words that tokens belong to; nothing of special tokens.
fn tag_columns(corpus: &Corpus, of: &[usize], words: &[Option<usize>]) -> Vec<Column> {
    if corpus.sentences.iter().all(|s| s.words.is_empty()) {
        return Vec::new();
    }
    let all = || of.iter().zip(words).map(|(i, word)| word.map(|word| &corpus.sentences[*i].words[word]));
    let column = |name: &str, values| Column { name: name.to_owned(), values };
    let relation = |word: &Word| match word.head {
        Some(_) => corpus.relations[word.relation].clone(),
        None => "root".to_owned(),
    };
    let relations: Vec<String> = all().map(|word| word.map(relation).unwrap_or_default()).collect();
    let lemmas = all().map(|word| word.map(|w| w.lemma.to_string()).unwrap_or_default()).collect();
    let mut columns = vec![
        column("upos", ColumnValues::of_kinds(all().map(|word| word.map_or("", |w| &*w.upos)))),
        column("lemma", ColumnValues::of_texts(lemmas)),
    ];
    if corpus.is_treebank() {
        columns.push(column("relation", ColumnValues::of_kinds(relations.iter().map(String::as_str))));
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_belongs_to_the_word_around_it() {
        let text = "We banked on the bank's word.";
        for (span, wanted) in
            [(3..7, "banked"), (9..9, ""), (17..21, "bank"), (21..22, "'"), (16..21, "bank"), (90..95, "")]
        {
            assert_eq!(around(text, &span), wanted, "{span:?}");
        }
    }
}
