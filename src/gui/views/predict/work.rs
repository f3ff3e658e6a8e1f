//! Reading predictions out, away from the frame.

use super::{Mode, Question, RANKS};
use crate::analysis::predictions::{Prediction, top};
use crate::engine::{Ask, Opened, Run, lens};
use crate::error::{Error, Result};
use crate::figure::head_name;
use crate::gui::words::predict::PREDICT;
use crate::model::Answers;
use crate::trace::{Control, Place, Site, Want};
use std::sync::Arc;

/// A word and how likely it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    /// As a person reads it.
    pub text: String,
    /// 0 to 1.
    pub probability: f64,
}

/// The answers of a classifier.
#[derive(Debug)]
pub struct Bars {
    /// What is classified.
    pub title: &'static str,
    /// What it says of each label, the largest logit first.
    pub list: Vec<Answer>,
}

/// What a classifier says of a label.
#[derive(Debug)]
pub struct Answer {
    /// The label.
    pub label: String,
    /// Its logit.
    pub logit: f32,
    /// Its probability, where there is one.
    pub probability: Option<f64>,
}

/// Words in rows and columns.
#[derive(Debug)]
pub struct Grid {
    /// What it answers.
    pub question: Question,
    /// What it shows, in one line.
    pub title: &'static str,
    /// Names of the rows.
    pub rows: Vec<String>,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Words of each cell, likeliest first, row-major.
    pub cells: Vec<Vec<Word>>,
    /// What classifiers of the whole text say.
    pub bars: Vec<Bars>,
}

impl Grid {
    /// The words of a cell.
    pub fn words(&self, (row, column): (usize, usize)) -> &[Word] {
        self.cells.get(row * self.columns.len() + column).map_or(&[], Vec::as_slice)
    }

    /// What a cell is about.
    pub fn name_of(&self, (row, column): (usize, usize)) -> String {
        let name = |list: &[String], i: usize| list.get(i).cloned().unwrap_or_default();
        match self.question.mode {
            Mode::Heads => head_name(row, column),
            Mode::Tokens => name(&self.rows, row),
            _ => format!("{} \u{b7} {}", name(&self.rows, row), name(&self.columns, column)),
        }
    }

    /// The token that a cell is about.
    pub fn token_of(&self, (row, column): (usize, usize)) -> Option<usize> {
        match self.question.mode {
            Mode::Tokens => Some(row),
            Mode::Layers | Mode::Head => Some(column),
            _ => None,
        }
    }
}

/// Answers a question about a run. `inner` is a run of the same text that keeps what heads read, where there is one;
/// what comes back is such a run, or the run itself.
pub fn read(
    model: &Opened,
    run: &Arc<Run>,
    inner: Option<Arc<Run>>,
    question: Question,
    control: &Control,
) -> Result<(Grid, Arc<Run>)> {
    let words = |logits: &[f32]| said(model, &top(logits, RANKS));
    let tokens = || (0..run.tokens.len()).map(|i| run.tokens.shown(i)).collect::<Vec<_>>();
    let again = |want: Want| -> Result<Arc<Run>> {
        let ask = Ask { want, target: None, ..run.ask.clone() };
        Ok(Arc::new(Run::new(model, &ask, control)?))
    };
    let heads = |inner: Option<Arc<Run>>| -> Result<Arc<Run>> {
        match inner.filter(|inner| inner.arrays.contains_key(&inner.at(0, Site::Heads))) {
            Some(inner) => Ok(inner),
            None => again(lens::want_heads()),
        }
    };
    let grid = |title, rows, columns, cells| Grid { question, title, rows, columns, cells, bars: Vec::new() };
    match question.mode {
        Mode::Layers => {
            let has_states = run.hidden_states().is_ok();
            let run = if has_states { run.clone() } else { again(lens::want_layers())? };
            let found = lens::layers(model, &run, control, words)?;
            let names = (0..run.card.layers).map(|l| format!("L{l}"));
            let rows = std::iter::once(PREDICT.embeddings.to_owned()).chain(names).collect();
            let cells = found.into_iter().flatten().collect();
            Ok((grid(PREDICT.layers, rows, tokens(), cells), run))
        }
        Mode::Head => {
            let (layer, head) = question.head.unwrap_or_default();
            let inner = heads(inner)?;
            let cells = lens::head(model, &inner, (layer, head), control, words)?;
            Ok((grid(PREDICT.head, vec![head_name(layer, head)], tokens(), cells), inner))
        }
        Mode::Heads => {
            let inner = heads(inner)?;
            let found = lens::heads(model, &inner, question.token.unwrap_or_default(), control, words)?;
            let rows = (0..run.card.layers).map(|l| format!("L{l}")).collect();
            let columns = (0..run.card.heads).map(|h| format!("H{h}")).collect();
            let cells = found.into_iter().flatten().collect();
            Ok((grid(PREDICT.heads, rows, columns, cells), inner))
        }
        Mode::Tokens | Mode::Generate => {
            let outputs = &run.card.outputs;
            let missing = outputs.iter().any(|site| run.logits(*site).is_none());
            let seen = if missing {
                again(outputs.iter().fold(Want::nothing(), |want, &site| want.and(Place::site(site))))?
            } else {
                run.clone()
            };
            Ok((of_tokens(model, run, &seen, question)?, seen))
        }
    }
}

/// The words, labels or answers of every token, and what classifiers say of the text.
fn of_tokens(model: &Opened, run: &Run, seen: &Run, question: Question) -> Result<Grid> {
    let (labels, k) = (&run.card.labels, question.ranks);
    let mut bars = Vec::new();
    for (site, title, names) in [
        (Site::Sequence, PREDICT.of_text, labels.clone()),
        (Site::NextSentence, PREDICT.next_sentence, vec![PREDICT.follows.to_owned(), PREDICT.unrelated.to_owned()]),
        (Site::SentenceOrder, PREDICT.sentence_order, vec![PREDICT.in_order.to_owned(), PREDICT.swapped.to_owned()]),
    ] {
        // Whether a second sentence follows is no question about one.
        let asked = site == Site::Sequence || run.ask.pair.is_some();
        if let Some(logits) = seen.logits(site).filter(|_| asked) {
            let kind = if site == Site::Sequence { run.card.answers } else { Answers::One };
            bars.push(Bars { title, list: answers(finite(logits.data())?, &names, kind) });
        }
    }
    let rows: Vec<String> = (0..run.tokens.len()).map(|i| run.tokens.shown(i)).collect();
    let ranks = |n: usize| (1..=n).map(|i| i.to_string()).collect::<Vec<_>>();
    // A cell to each rank, so that all of them are seen at once.
    let spread =
        |words: Vec<Word>, n: usize| (0..n).map(move |i| words.get(i).cloned().into_iter().collect::<Vec<_>>());
    let (title, columns, cells) = if let Some(logits) = seen.logits(Site::Logits) {
        let mut cells = Vec::with_capacity(rows.len() * k);
        for i in 0..rows.len() {
            cells.extend(spread(said(model, &top(finite(logits.block(&[i]))?, k)), k));
        }
        let title = if run.card.is_causal() { PREDICT.next_title } else { PREDICT.tokens_title };
        (title, ranks(k), cells)
    } else if let Some(logits) = seen.logits(Site::TokenLabels) {
        let n = labels.len().min(k);
        let mut cells = Vec::with_capacity(rows.len() * n);
        for i in 0..rows.len() {
            let word = |p: Prediction| Word {
                text: labels.get(p.id as usize).cloned().unwrap_or_default(),
                probability: p.probability,
            };
            cells.extend(spread(top(finite(logits.block(&[i]))?, n).into_iter().map(word).collect(), n));
        }
        (PREDICT.labels_title, ranks(n), cells)
    } else if let Some(logits) = seen.logits(Site::Discriminator) {
        let word = |x: &f32| vec![Word { text: PREDICT.replaced.to_owned(), probability: logistic(*x) }];
        (PREDICT.discriminator_title, vec![String::new()], finite(logits.data())?.iter().map(word).collect())
    } else {
        return Ok(Grid {
            question,
            title: PREDICT.text_title,
            rows: Vec::new(),
            columns: Vec::new(),
            cells: Vec::new(),
            bars,
        });
    };
    Ok(Grid { question, title, rows, columns, cells, bars })
}

/// What a classifier says of every label.
fn answers(logits: &[f32], labels: &[String], kind: Answers) -> Vec<Answer> {
    let answer = |p: Prediction| {
        let logit = logits[p.id as usize];
        let probability = match kind {
            Answers::One => Some(p.probability),
            Answers::Several => Some(logistic(logit)),
            Answers::Numbers => None,
        };
        Answer { label: labels.get(p.id as usize).cloned().unwrap_or_default(), logit, probability }
    };
    top(logits, logits.len()).into_iter().map(answer).collect()
}

fn logistic(x: f32) -> f64 {
    1.0 / (1.0 + (-f64::from(x)).exp())
}

fn finite(logits: &[f32]) -> Result<&[f32]> {
    if logits.iter().all(|x| x.is_finite()) {
        return Ok(logits);
    }
    Err(Error::input("the logits of this run are not all finite numbers"))
}

/// Predictions as words.
fn said(model: &Opened, found: &[Prediction]) -> Vec<Word> {
    let word = |p: &Prediction| Word { text: spelt(model, p.id), probability: p.probability };
    found.iter().map(word).collect()
}

/// A vocabulary entry as a person reads it: a space before it is drawn as a dot only where nothing else is there.
pub fn spelt(model: &Opened, id: u32) -> String {
    let piece = model.tokenizer.token(id).unwrap_or_default();
    // Byte-level entries spell other scripts in stand-in characters.
    let decoded = if piece.is_ascii() { None } else { model.tokenizer.decode(&[id]).ok() };
    let text = decoded.filter(|text| !text.contains('\u{fffd}')).unwrap_or_else(|| piece.clone());
    let word = text.trim().trim_start_matches(['\u{120}', '\u{2581}']);
    if word.is_empty() { text.replace('\n', "\u{23ce}").replace(' ', "\u{b7}") } else { word.to_owned() }
}
