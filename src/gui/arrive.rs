//! What jobs have to say changes the state here.

use super::action::Sheet;
use super::command::Command;
use super::made::Made;
use super::state::{Problem, State, Study};
use super::update::{ask, look, open_recurrent, open_vectors, retarget, submit};
use super::words::files::FILES;
use super::words::{EN, fill};
use super::{before, examples, export, files, guess, keep, recurrent, space, views};
use crate::engine::{Engine, Event, News, Run, Slot};
use crate::error::Error;
use crate::figure::lines::Focus;
use egui::Context;
use egui::util::undoer::Undoer;
use std::sync::Arc;

/// Takes in what a job has to say, unless a newer one has taken its place.
pub fn receive(state: &mut State, engine: &Engine<Made>, ctx: &Context, event: Event<Made>) {
    if state.latest.get(&event.slot) != Some(&event.job) {
        return;
    }
    if let News::Progress(progress) = event.news {
        // What nobody waits for shows no progress.
        if !matches!(
            event.slot,
            Slot::Draw | Slot::Examples | Slot::Guess | Slot::Hover | Slot::Colour | Slot::Contour | Slot::Table
        ) {
            state.progress = Some((event.slot, progress));
        }
        return;
    }
    state.latest.remove(&event.slot);
    state.progress.take_if(|(slot, _)| *slot == event.slot);
    match event.news {
        News::Done(made) => arrive(state, engine, ctx, made),
        News::Failed(error) => failed(state, engine, event.slot, error),
        News::Progress(_) => {}
    }
}

fn arrive(state: &mut State, engine: &Engine<Made>, ctx: &Context, made: Made) {
    match made {
        Made::Opened(subject, found_as) => {
            files::opened(state, engine, &subject, found_as);
            ask(state, engine);
            if let Some(model) = state.model.clone() {
                submit(state, engine, Slot::Examples, "finding examples", move |control| {
                    Ok(Made::Examples(model.id, examples::passed(&model, control)?))
                });
            }
        }
        Made::Study(study) => {
            settle(state, engine, study);
            retarget(state, engine);
        }
        Made::Before(run) if state.is_about(&run) => {
            remember(state, &run);
            state.before = Some(run);
        }
        Made::Guess(found) => guess::keep(state, found),
        Made::Redrawn(study) => {
            if state.weights().is_some_and(|w| w.run.id == study.run.id && w.meaning == study.weights.meaning) {
                state.study = Some(study);
            }
        }
        Made::Examples(id, examples) => {
            if state.model.as_ref().is_some_and(|m| m.id == id) {
                state.examples = examples;
            }
        }
        Made::Heads(made) => views::heads::work::arrive(state, engine, ctx, made),
        Made::Look(look) => state.look = Some(look),
        Made::Neuron(made) => views::neuron::arrive(state, made),
        Made::Predict(made) => views::predict::arrive(state, made),
        Made::Compare(made) => views::compare::arrive(state, made),
        Made::Map(made) => views::map::arrive(state, made),
        Made::Space(made) => space::arrive(state, engine, made),
        Made::Recurrent(made) => recurrent::arrive(state, made),
        Made::Weights(Some(path)) => open_recurrent(state, engine, &path),
        Made::TextFile(Some(path)) => recurrent::apply(state, engine, recurrent::Ask::Read(path)),
        Made::Vectors(Some(path)) => open_vectors(state, engine, &path),
        Made::Saved(path) => {
            state.notice = Some(fill(EN.saved, &[&path.display().to_string()]));
            state.problem.take_if(|p| p.title == EN.failed_save);
            if matches!(state.sheet, Some(Sheet::Export | Sheet::Session)) {
                state.sheet = None;
            }
        }
        Made::Folder(Some(path)) | Made::File(Some(path)) => files::chosen(state, engine, &path),
        Made::Target(Some(path), of) => export::save(state, engine, ctx, path, of),
        Made::SessionTarget(Some(path)) => files::save(state, engine, path),
        Made::Missing(name) => files::missing(state, engine, name),
        Made::Session(session, notes) => files::resume(state, engine, *session, notes),
        Made::Watched(stamp, read) => files::changed(state, engine, stamp, read),
        Made::Text(text) => {
            ctx.copy_text(text);
            state.notice = Some(EN.copied.to_owned());
        }
        Made::Folder(None) | Made::File(None) => files::not_chosen(state),
        Made::Kept => keep::done(state),
        Made::Before(_)
        | Made::Effects
        | Made::Vectors(None)
        | Made::Weights(None)
        | Made::TextFile(None)
        | Made::SessionTarget(None)
        | Made::Target(None, _) => {}
        Made::Picture(width, height, rgba) => {
            ctx.copy_image(egui::ColorImage::from_rgba_unmultiplied([width, height], &rgba));
            state.notice = Some(EN.copied.to_owned());
        }
    }
}

/// Keeps a run, so that the same question is answered at once.
fn remember(state: &mut State, run: &Arc<Run>) {
    if state.results.find(run.model, &run.ask).is_none() {
        state.results.add(run.clone(), state.settings.budget());
    }
}

/// A run is there: it replaces the old one, and the selection stays inside it.
fn settle(state: &mut State, engine: &Engine<Made>, study: Study) {
    let run = study.run.clone();
    let old = state.study.replace(study).map(|s| s.run);
    state.running = state.typed.is_some();
    remember(state, &run);
    if matches!(&state.problem, Some(p) if p.title == EN.failed_run) {
        state.problem = None;
    }
    let is_plain = run.ask.is_plain();
    before::look_back(state, engine, &run);
    let card = &run.card;
    state.scene.head =
        (state.scene.head.0.min(card.layers.saturating_sub(1)), state.scene.head.1.min(card.heads.saturating_sub(1)));
    state.preview_head = None;
    let is_first = std::mem::take(&mut state.untouched);
    let is_kept = keep::is_kept(state);
    let spot = if is_first && is_plain { Some(examples::first_spot(&run)) } else { None };
    let restored = std::mem::take(&mut state.restored);
    if let Some(spot) = state.next_spot.take().or(spot) {
        state.scene.head = (spot.layer, spot.head);
        state.scene.others.clear();
        state.scene.pinned = spot.query.map(Focus::Query);
        if is_first {
            // Where a person begins is nothing to go back behind, and nothing to be kept.
            state.history = Undoer::default();
            if is_kept {
                keep::begin(state);
            }
        }
    } else if let Some(Focus::Query(i) | Focus::Key(i)) = state.scene.pinned {
        // The pin stays on its token; in another text it stays only where the same token stands.
        let token = |run: &Run| run.tokens.pieces.get(i).map(|p| p.piece.clone());
        let same_text = old.as_ref().is_some_and(|o| o.ask.text == run.ask.text && o.ask.pair == run.ask.pair);
        if i >= run.tokens.len() || !(restored || same_text || old.is_some_and(|o| token(&o) == token(&run))) {
            state.scene.pinned = None;
        }
    }
    // The tensor belongs to the old run.
    state.look = None;
    match state.looking {
        Some(at) if state.sheet == Some(Sheet::Shapes) => look(state, engine, at),
        _ => state.looking = None,
    }
}

fn failed(state: &mut State, engine: &Engine<Made>, slot: Slot, error: Error) {
    let (title, next) = match slot {
        Slot::Open => {
            let name = state.opening.take().unwrap_or_default();
            if files::not_opened(state, engine, &name, &error) {
                return;
            }
            (fill(EN.failed_model, &[&name]), Command::Models)
        }
        Slot::Run => {
            state.running = false;
            before::roll_back(state);
            (EN.failed_run.to_owned(), Command::EditSentence)
        }
        Slot::Look => {
            state.looking = None;
            (EN.failed_look.to_owned(), Command::ShapeTrace)
        }
        Slot::Copy => (FILES.failed_copy.to_owned(), Command::Export),
        Slot::Keep => return keep::failed(state, error),
        Slot::Save | Slot::Dialog => (EN.failed_save.to_owned(), Command::Export),
        Slot::Examples | Slot::Draw | Slot::Watch | Slot::Guess => return,
        Slot::Recurrent | Slot::Reading | Slot::Cells | Slot::Sample => {
            if error.is_stopped() {
                state.notice = Some(EN.stopped.to_owned());
                recurrent::stopped(state, slot);
            } else {
                recurrent::failed(state, slot, error);
            }
            return;
        }
        Slot::Space
        | Slot::Layout
        | Slot::Near
        | Slot::Hover
        | Slot::Trust
        | Slot::Colour
        | Slot::Cluster
        | Slot::Contour
        | Slot::Seeds
        | Slot::Find
        | Slot::Table
        | Slot::Axes
        | Slot::Weat
        | Slot::Reject
        | Slot::Analogy
        | Slot::Odd
        | Slot::Cure
        | Slot::Doctor
        | Slot::Test
        | Slot::Twin
        | Slot::TwinNear
        | Slot::Layers => {
            if error.is_stopped() {
                state.notice = Some(EN.stopped.to_owned());
                space::stopped(state, slot);
            } else {
                space::failed(state, slot, error);
            }
            return;
        }
        Slot::Neuron
        | Slot::Before
        | Slot::Predict
        | Slot::Generate
        | Slot::Corpus
        | Slot::Heads
        | Slot::Effects
        | Slot::Compare
        | Slot::Map => (EN.failed_view.to_owned(), state.scene.look.view.command()),
    };
    if error.is_stopped() {
        state.notice = Some(EN.stopped.to_owned());
    } else {
        state.problem = Some(Problem { title, next, error });
    }
}
