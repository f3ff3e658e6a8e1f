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

/// What is made of the tokens of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
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
    /// `relation` of the word that a token belongs to; and what the file says of each text.
    pub vectors: Vectors,
    /// How many texts were read.
    pub tour: Tour,
}

/// What one text gives.
struct Part {
    values: Vec<f32>,
    names: Vec<String>,
    positions: Vec<usize>,
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
    let at = how.layer.map_or(At::new(Stack::Embeddings, 0, Site::Hidden), |l| At::new(card.stack, l, Site::Hidden));
    let sentences = &passages.corpus.sentences;
    let texts: Vec<&str> = sentences.iter().map(|s| s.text.as_str()).collect();
    let rows = count(opened, &texts, how, control)?;
    let wanted = (rows as u64).saturating_mul(card.dim as u64 * 4 + 64);
    if wanted > how.room {
        return Err(Error::TooLarge { path: passages.corpus.path.clone(), wanted, budget: how.room });
    }

    let want = Want::nothing().and(Place { stack: Some(at.stack), layer: Some(at.layer), ..Place::site(at.site) });
    let mut values = Vec::with_capacity(rows * card.dim);
    let mut words = Words::with_capacity(rows);
    let (mut of, mut positions, mut tags) = (Vec::new(), Vec::new(), Vec::new());
    let map = |i: usize, run: &Run| part(run, at, &sentences[i].words, how);
    let tour = each_keeping(opened, &texts, &want, how.budget, control, map, |i, part| {
        values.extend(part.values);
        part.names.iter().for_each(|name| words.push(name.as_bytes()));
        of.extend(std::iter::repeat_n(i, part.names.len()));
        positions.extend(part.positions);
        tags.extend(part.words);
    })?;
    if words.is_empty() {
        return Err(Error::input("the model can read nothing in these texts"));
    }
    let mut columns = vec![numbers("sentence", &of)];
    if how.pool == Pool::None {
        columns.push(numbers("position", &positions));
        columns.extend(tag_columns(&passages.corpus, &of, &tags));
    }
    columns.extend(passages.columns.iter().map(|c| Column { name: c.name.clone(), values: c.values.picked(&of) }));
    let mut vectors = Vectors::made("contextual vectors", words, Rows::new(values, card.dim)?, columns)?;
    vectors.path.clone_from(&passages.corpus.path);
    vectors.report.notices.insert(0, about(opened, how));
    Ok(Embedded { vectors, tour })
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

fn part(run: &Run, at: At, words: &[Word], how: How) -> Result<Part> {
    let hidden = run.array(at)?;
    let pieces = &run.tokens.pieces;
    let shown: Vec<usize> = (0..pieces.len()).filter(|&i| !(how.hide && pieces[i].special)).collect();
    let row = |i: usize| hidden.block(&[i]);
    let text = || vec![run.ask.text.split_whitespace().collect::<Vec<_>>().join(" ")];
    Ok(match how.pool {
        Pool::None => Part {
            values: shown.iter().flat_map(|&i| row(i)).copied().collect(),
            names: shown.iter().map(|&i| run.tokens.shown(i)).collect(),
            words: shown.iter().map(|&i| word_of(words, pieces[i].start, pieces[i].end)).collect(),
            positions: shown,
        },
        Pool::Mean => {
            let mut sums = vec![0f64; hidden.len_of("dim")];
            for &i in &shown {
                sums.iter_mut().zip(row(i)).for_each(|(sum, x)| *sum += f64::from(*x));
            }
            let count = shown.len() as f64;
            let values = sums.into_iter().map(|sum| (sum / count) as f32).collect();
            Part { values, names: text(), positions: Vec::new(), words: Vec::new() }
        }
        Pool::Cls => {
            if !pieces.first().is_some_and(|piece| piece.special) {
                // Its last token is the only one that has seen the text.
                let what = "this model's texts begin with no token of their own to stand for all: take the mean";
                return Err(Error::input(what));
            }
            Part { values: row(0).to_vec(), names: text(), positions: Vec::new(), words: Vec::new() }
        }
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
