//! What the model predicts at the token that the person asks about, before and after a change. Short texts have logits
//! of every token; of long ones, where these cost more than all attention, one row is read out when it is asked for.

use super::made::Made;
use super::state::State;
use super::update::submit;
use crate::analysis::predictions::{Prediction, top};
use crate::engine::{Engine, Run, Slot, lens};
use crate::figure::lines::Focus;
use crate::trace::Site;
use std::sync::Arc;

/// How many words are said.
const COUNT: usize = 5;
/// How many tokens are remembered: both runs of a few clicks.
const MOST: usize = 64;

/// The likeliest words of a token of a run.
#[derive(Debug, Clone)]
pub struct Guess {
    /// The [`Run::id`].
    run: u64,
    token: usize,
    /// Likeliest first.
    words: Arc<[Prediction]>,
}

/// The token that the person asks about: the masked one, else one that was typed as a mask, else the pinned one of a text
/// with changes.
pub fn token(state: &State) -> Option<usize> {
    let (model, run) = (state.model.as_ref()?, state.run()?);
    let typed_mask = || {
        let (_, id) = model.tokenizer.mask()?;
        run.tokens.pieces.iter().position(|p| p.id == id)
    };
    let pinned = || state.scene.pinned.filter(|_| state.is_changed()).map(Focus::token);
    state.scene.masked.first().copied().or_else(typed_mask).or_else(pinned)
}

/// The likeliest words of a token of a run, where they are known.
pub fn words(state: &State, run: &Run, token: usize) -> Option<Arc<[Prediction]>> {
    state.guesses.iter().find(|g| g.run == run.id && g.token == token).map(|g| g.words.clone())
}

/// Reads out what is asked about and not known yet. Rows of logits that a run has are read at once.
pub fn follow(state: &mut State, engine: &Engine<Made>) {
    let (Some(model), Some(token)) = (state.model.clone(), token(state)) else { return };
    let runs: Vec<Arc<Run>> = [state.run(), state.unchanged()].into_iter().flatten().cloned().collect();
    for run in runs {
        if token >= run.tokens.len() || words(state, &run, token).is_some() {
            continue;
        }
        if let Some(logits) = run.logits(Site::Logits) {
            keep(state, guess(&run, token, top(logits.block(&[token]), COUNT)));
        } else if lens::has_last(&run) && !state.latest.contains_key(&Slot::Guess) {
            let model = model.clone();
            submit(state, engine, Slot::Guess, "reading a token out", move |control| {
                let words = match lens::last(&model, &run, token, control, |logits| top(logits, COUNT)) {
                    // What cannot be read out is not asked for again.
                    Err(error) if !error.is_stopped() => Vec::new(),
                    words => words?,
                };
                Ok(Made::Guess(guess(&run, token, words)))
            });
        }
    }
}

fn guess(run: &Run, token: usize, words: Vec<Prediction>) -> Guess {
    Guess { run: run.id, token, words: words.into() }
}

/// Remembers what was read out.
pub fn keep(state: &mut State, guess: Guess) {
    if state.guesses.len() == MOST {
        state.guesses.remove(0);
    }
    state.guesses.push(guess);
}
