//! Sentences that show what a model does, offered only where it does it.

use crate::analysis::attention::{Habit, best, strongest};
use crate::analysis::predictions::top;
use crate::engine::{Ask, Opened, Run};
use crate::error::Result;
use crate::trace::{Control, Site, Want};

/// The sentence that is there when the window opens.
pub const FIRST: &str = "The old lady quickly opened the heavy door.";

/// What an example shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lesson {
    /// A head that looks at the word before.
    PreviousWord,
    /// A head that links a verb to its object.
    VerbObject,
    /// The model guesses a hidden word.
    FillBlank,
    /// A pair of sentences.
    TwoSentences,
    /// A Chinese sentence.
    Chinese,
}

/// A sentence and where to look.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// What it shows.
    pub lesson: Lesson,
    /// The text.
    pub text: String,
    /// The second text of a pair.
    pub pair: Option<String>,
    /// What to select.
    pub spot: Option<Spot>,
}

/// A head, and a token in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spot {
    /// The layer.
    pub layer: usize,
    /// The head.
    pub head: usize,
    /// The token whose row is pinned.
    pub query: Option<usize>,
}

/// Where to look first: the verb and its object in the first sentence, or the head with the plainest habit.
pub fn first_spot(run: &Run) -> Spot {
    let habit = || [Habit::Previous, Habit::Next].into_iter().find_map(|habit| best(run, habit));
    verb_to_object(run, "opened", "door")
        .or_else(|| habit().map(|s| Spot { layer: s.layer, head: s.head, query: None }))
        .unwrap_or_default()
}

/// The examples that the model passes.
pub fn passed(model: &Opened, control: &Control) -> Result<Vec<Example>> {
    let card = model.card();
    let mut examples = Vec::new();
    let example = |lesson, spot| Example { lesson, text: FIRST.to_owned(), pair: None, spot };
    let run = Run::new(model, &Ask::new(FIRST), control)?;

    if let Some(score) = best(&run, Habit::Previous) {
        examples.push(example(Lesson::PreviousWord, Some(Spot { layer: score.layer, head: score.head, query: None })));
    }
    if let Some(spot) = verb_to_object(&run, "opened", "door") {
        examples.push(example(Lesson::VerbObject, Some(spot)));
    }
    if let Some((mask, id)) = model.tokenizer.mask().filter(|_| card.predicts_words()) {
        let text = FIRST.replace("door", mask);
        let want = Want::nothing().and(crate::trace::Place::site(Site::Logits));
        let guess = Run::new(model, &Ask { want, ..Ask::new(text.clone()) }, control)?;
        let position = guess.tokens.pieces.iter().position(|p| p.id == id);
        if let (Some(i), Some(logits)) = (position, guess.logits(Site::Logits)) {
            let words = top(logits.block(&[i]), 5);
            let said = |p: &crate::analysis::predictions::Prediction| model.tokenizer.token(p.id).unwrap_or_default();
            if words.iter().any(|p| said(p).trim_start_matches(['\u{120}', '\u{2581}']) == "door") {
                examples.push(Example { text, ..example(Lesson::FillBlank, None) });
            }
        }
    }
    if !card.is_causal() {
        let pair = Some("She went out into the garden.".to_owned());
        examples.push(Example { pair, ..example(Lesson::TwoSentences, None) });
    }
    let chinese = "老太太很快打开了沉重的门。";
    let read = model.tokenizer.encode(chinese, None, card.tokens)?;
    if read.pieces.iter().all(|p| !model.tokenizer.is_unknown(p.id)) {
        examples.push(Example { text: chinese.to_owned(), ..example(Lesson::Chinese, None) });
    }
    Ok(examples)
}

/// The head in which `verb` looks at `object` most, if it looks at nothing else as much.
fn verb_to_object(run: &Run, verb: &str, object: &str) -> Option<Spot> {
    let position = |word: &str| (0..run.tokens.len()).find(|&i| run.tokens.source(i) == word);
    let (verb, object) = (position(verb)?, position(object)?);
    let heads = (0..run.card.layers).flat_map(|l| (0..run.card.heads).map(move |h| (l, h)));
    let found = heads.filter_map(|(l, h)| {
        let edge = strongest(&run.tokens, run.head(l, h), verb)?;
        (edge.key == object && edge.weight >= 0.3).then_some((l, h, edge.weight))
    });
    let (layer, head, _) = found.max_by(|a, b| a.2.total_cmp(&b.2))?;
    Some(Spot { layer, head, query: Some(verb) })
}
