//! Putting the scene of a session or a link on what is open. What is not there is left out, and said.

use super::changes;
use super::command::Command;
use super::files::{has, say};
use super::scene::Scene;
use super::session::Reference;
use super::state::{Problem, State};
use super::words::files::FILES;
use super::words::{count, fill};
use crate::analysis::meaning::Meaning;
use crate::engine::{Ask, Cut, Subject, read};
use crate::error::Error;
use crate::figure::head_name;
use crate::model::Card;

/// Names of one kind that are said at most.
const NAMED: usize = 12;

/// A scene that waits for its model.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// The scene.
    pub scene: Scene,
    /// What it was saved with, where it is of a session.
    pub reference: Option<Reference>,
    /// What could not be restored so far.
    pub notes: Vec<String>,
    /// Whether nobody asked for it, as at the start: then what is left out is said in the status bar.
    pub quiet: bool,
}

/// Puts a scene on what is open; what it does not have is said.
pub fn put(state: &mut State, subject: &Subject, waiting: Waiting) {
    let Waiting { mut scene, reference, mut notes, quiet } = waiting;
    if let Some(reference) = &reference {
        notes.extend(differs(reference, subject));
        say(state, moved(reference, subject, state.reference.as_deref()));
    }
    if let Subject::Imported(imported) = subject {
        notes.extend(without_model(&mut scene));
        let ask = &imported.run.ask;
        (scene.text, scene.pair) = (ask.text.clone(), ask.pair.clone());
    }
    notes.extend(check(&mut scene, subject));
    state.scene = scene;
    (state.untouched, state.restored, state.typed) = (false, true, None);
    if quiet {
        say(state, notes);
    } else if !notes.is_empty() {
        let error = Error::input(notes.join(";\n"));
        state.problem = Some(Problem { title: FILES.restored_partly.to_owned(), next: Command::Models, error });
    }
}

/// Whether the files are others than those that the session was saved with, in words.
fn differs(reference: &Reference, subject: &Subject) -> Option<String> {
    let short = |print: &str| print.get(..8).unwrap_or(print).to_owned();
    let (now, then) = (short(subject.fingerprint()), short(&reference.fingerprint));
    if reference.fingerprint == subject.fingerprint() {
        None
    } else if reference.name == subject.name() {
        Some(fill(FILES.other_files, &[subject.name(), &now, &then]))
    } else {
        Some(fill(FILES.other_model, &[&reference.name, &then, subject.name(), &now]))
    }
}

/// Whether the same files were found in another place, in words.
fn moved(reference: &Reference, subject: &Subject, place: Option<&str>) -> Option<String> {
    let place = place.filter(|p| *p != reference.open && reference.fingerprint == subject.fingerprint())?;
    Some(fill(FILES.other_place, &[place, &reference.open]))
}

/// Takes out of a scene what needs a model, and says it.
fn without_model(scene: &mut Scene) -> Vec<String> {
    let mut notes = Vec::new();
    if scene.is_changed() {
        notes.push(FILES.no_change.to_owned());
    }
    changes::forget(scene);
    if !has(scene.look.meaning) {
        scene.look.meaning = Meaning::Raw;
        notes.push(FILES.no_meaning.to_owned());
    }
    notes
}

/// Takes out of a scene what the subject does not have, and says it.
fn check(scene: &mut Scene, subject: &Subject) -> Vec<String> {
    let mut notes = check_heads(scene, subject.card());
    if let Some(n) = tokens(scene, subject) {
        notes.extend(check_tokens(scene, n));
        notes.extend(check_target(scene, subject.card(), n));
    }
    notes
}

fn check_heads(scene: &mut Scene, card: &Card) -> Vec<String> {
    let (layers, heads) = (card.layers, card.heads);
    let has = |(l, h): (usize, usize)| l < layers && h < heads;
    let mut notes = Vec::new();
    let wanted = scene.heads();
    if !has(scene.head) {
        let shown = wanted.iter().copied().find(|&h| has(h)).unwrap_or_default();
        let parts =
            [head_name(scene.head.0, scene.head.1), layers.to_string(), heads.to_string(), head_name(shown.0, shown.1)];
        notes.push(fill(FILES.no_head, &parts.each_ref().map(String::as_str)));
        scene.head = shown;
    }
    let gone = wanted.iter().skip(1).chain(&scene.heads_off).filter(|&&h| !has(h));
    notes.extend(listed(FILES.no_heads, gone.map(|&(l, h)| head_name(l, h))));
    let head = scene.head;
    scene.others.retain(|&h| has(h) && h != head);
    scene.heads_off.retain(|&h| has(h));
    let has_cut = |cut: &Cut| has((cut.layer, cut.head.unwrap_or(0)));
    notes.extend(listed(FILES.no_cuts, scene.cuts.iter().filter(|c| !has_cut(c)).map(cut_name)));
    scene.cuts.retain(has_cut);
    notes
}

fn check_tokens(scene: &mut Scene, n: usize) -> Vec<String> {
    let in_text = |cut: &Cut| cut.query < n && cut.key < n;
    let changed = scene.masked.iter().copied().chain(scene.replaced.iter().map(|(i, _)| *i));
    let cut = scene.cuts.iter().filter(|c| !in_text(c)).map(|c| c.query.max(c.key));
    let lost = changed.filter(|&i| i >= n).chain(cut).map(|i| i.to_string());
    let mut notes: Vec<String> = listed(FILES.no_mask, lost).into_iter().collect();
    scene.masked.retain(|&i| i < n);
    scene.replaced.retain(|(i, _)| *i < n);
    scene.cuts.retain(in_text);
    if let Some(focus) = scene.pinned.take_if(|f| f.token() >= n) {
        notes.push(fill(FILES.no_token, &[&focus.token().to_string(), &n.to_string()]));
    }
    notes
}

fn check_target(scene: &mut Scene, card: &Card, n: usize) -> Option<String> {
    let why = scene.target?.check(card, n).err()?;
    scene.target = None;
    Some(fill(FILES.no_target, &[&why.to_string()]))
}

/// A cut as it is said: `L2·H5 3→4`, of all heads `L2 3→4`.
fn cut_name(cut: &Cut) -> String {
    let place = cut.head.map_or_else(|| format!("L{}", cut.layer), |head| head_name(cut.layer, head));
    format!("{place} {}\u{2192}{}", cut.query, cut.key)
}

/// A sentence about names, of which there may be none or very many.
fn listed(template: &str, names: impl Iterator<Item = String>) -> Option<String> {
    let mut names: Vec<String> = names.collect();
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    if more > 0 {
        names.push(fill(FILES.more, &[&count(more as u64)]));
    }
    (!names.is_empty()).then(|| fill(template, &[&names.join(", ")]))
}

/// How many tokens the text of a scene has.
fn tokens(scene: &Scene, subject: &Subject) -> Option<usize> {
    match subject {
        Subject::Imported(imported) => Some(imported.run.tokens.len()),
        Subject::Model(model) => {
            let pair = scene.pair.clone().filter(|p| !p.trim().is_empty());
            // Tokens that the model added need not be those that the tokenizer makes of the whole text.
            let ask = Ask { pair, continued: scene.continued.clone(), ..Ask::new(scene.text.clone()) };
            Some(read(model, &ask).ok()?.len())
        }
    }
}
