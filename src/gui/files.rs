//! Opening: models, attention from elsewhere, sessions, links of exBERT; and keeping the session for the next start.

use super::action::Sheet;
use super::command::Command;
use super::exbert::Link;
use super::made::Made;
use super::scene::Scene;
use super::session::{self, Reference, Session};
use super::state::{Problem, State};
use super::update::{self, submit};
use super::watch;
use super::words::files::FILES;
use super::words::fill;
use crate::analysis::filter::{Combine, Special, Threshold};
use crate::analysis::meaning::Meaning;
use crate::engine::{Engine, Imported, Slot, Subject};
use crate::error::{Error, Result};
use crate::figure::head_name;
use crate::figure::lines::Focus;
use crate::source::find;
use crate::trace::Site;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The file in the settings folder that holds the last session.
pub const LAST: &str = "last.lexiscope.json";
/// How long a person must rest before the session is kept.
const REST: Duration = Duration::from_secs(1);

/// A scene that waits for its model.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// The scene.
    pub scene: Scene,
    /// What it was saved with, where it is of a session.
    pub reference: Option<Reference>,
    /// What could not be restored so far.
    pub notes: Vec<String>,
    /// Whether the notes are about the session that is restored at the start: without them nothing is said.
    pub quiet: bool,
}

/// A model that a session or a link needs and that is not on this machine.
#[derive(Debug, Clone)]
pub struct Missing {
    /// What it is called.
    pub name: String,
    /// Whether it can be downloaded.
    pub is_id: bool,
    /// Bytes of the download, where they are known.
    pub size: Option<u64>,
    /// What waits for it.
    pub waiting: Waiting,
}

/// What a person chooses where a model is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instead {
    /// Another folder.
    Folder,
    /// The model itself, from the hub.
    Download,
    /// The bundled model.
    Bundled,
}

/// The file in which the session is kept for the next start.
#[derive(Debug, Default)]
pub struct Keep {
    /// Where it is; nothing where nothing is to be kept.
    pub path: Option<PathBuf>,
    /// What is in it.
    kept: Option<Session>,
    /// What is not in it yet, and since when.
    changed: Option<(Session, Instant)>,
}

/// The bytes of a download, as the hub lists the files that are loaded.
const SIZES: [(&str, u64); 14] = [
    ("bert-large-uncased", 1_344_951_957),
    ("bert-large-cased", 1_338_740_706),
    ("bert-base-uncased", 440_449_768),
    ("bert-base-cased", 435_755_784),
    ("bert-base-multilingual-cased", 714_290_682),
    ("bert-base-chinese", 411_553_788),
    ("distilbert-base-uncased", 267_954_768),
    ("distilroberta-base", 331_055_963),
    ("roberta-base", 498_818_054),
    ("roberta-large", 1_421_700_479),
    ("albert-base-v2", 47_372_894),
    ("gpt2", 548_105_171),
    ("distilgpt2", 352_824_413),
    ("gpt2-medium", 1_519_984_962),
];

/// Opens a model, a file of attention or a session.
pub fn open(state: &mut State, engine: &Engine<Made>, name: String) {
    state.waiting = None;
    if session::is_one(&name) {
        read_session(state, engine, name);
    } else {
        find_and_open(state, engine, name, true);
    }
}

/// Opens what `name` leads to. Unless it `may_load`, what is not on this machine is asked for first.
fn find_and_open(state: &mut State, engine: &Engine<Made>, name: String, may_load: bool) {
    let (device, budget) = (state.settings.device, state.settings.budget());
    state.opening = Some(name.clone());
    (state.sheet, state.notice, state.missing) = (None, None, None);
    submit(state, engine, Slot::Open, "opening a model", move |control| {
        if !may_load && !find::is_here(&name) {
            return Ok(Made::Missing(name));
        }
        let subject = Subject::open(&name, device, budget, control)?;
        let found_as = match std::fs::canonicalize(&name) {
            Ok(path) => path.to_string_lossy().into_owned(),
            Err(_) => name,
        };
        Ok(Made::Opened(subject, found_as))
    });
}

/// What is called so is not on this machine: the person chooses.
pub fn missing(state: &mut State, engine: &Engine<Made>, name: String) {
    state.opening = None;
    let Some(waiting) = state.waiting.take() else { return };
    let plain = name.rsplit('/').next().unwrap_or(&name);
    let size = SIZES.iter().find(|(known, _)| *known == plain).map(|(_, size)| *size);
    let is_id = find::is_id(&name);
    if waiting.quiet {
        // At the start nobody asked for anything: the window begins as it does the first time.
        find_and_open(state, engine, find::DEFAULT.to_owned(), true);
        state.notice = Some(fill(FILES.not_here, &[&name]));
        return;
    }
    state.missing = Some(Missing { name, is_id, size, waiting });
    state.sheet = Some(Sheet::Missing);
}

/// What the person chose in place of a missing model.
pub fn choose(state: &mut State, engine: &Engine<Made>, instead: Instead) {
    let Some(missing) = state.missing.clone() else { return };
    state.sheet = None;
    match instead {
        Instead::Folder => super::dialogs::folder(state, engine),
        Instead::Download => find_and_open(state, engine, missing.name, true),
        Instead::Bundled => find_and_open(state, engine, find::DEFAULT.to_owned(), true),
    }
    state.waiting = Some(missing.waiting);
}

/// A folder was chosen: what waits for a model gets this one.
pub fn chosen(state: &mut State, engine: &Engine<Made>, path: &Path) {
    let waiting = state.waiting.take();
    open(state, engine, path.to_string_lossy().into_owned());
    state.waiting = waiting;
}

/// Something is open: it takes the place of what was open before, and what waited for it is put on it.
pub fn opened(state: &mut State, subject: &Subject, found_as: String) {
    (state.opening, state.problem, state.missing) = (None, None, None);
    if find::bundled().iter().all(|(bundled, _)| *bundled != found_as) {
        state.settings.remember(&found_as);
    }
    state.reference = Some(found_as);
    state.notice = subject.notices().first().cloned();
    state.examples.clear();
    (state.before, state.look, state.looking) = Default::default();
    super::changes::forget(&mut state.scene);
    (state.untouched, state.scene.pinned) = (true, None);
    state.scene.others.clear();
    match subject {
        Subject::Model(model) => {
            // The text of a file belongs to the file.
            if state.imported.take().is_some() {
                super::examples::FIRST.clone_into(&mut state.scene.text);
                state.scene.pair = None;
            }
            (state.model, state.watched) = (Some(model.clone()), None);
        }
        Subject::Imported(imported) => {
            let file = std::fs::canonicalize(&imported.path).unwrap_or_else(|_| imported.path.clone());
            if state.watched.as_ref().is_some_and(|(path, _)| std::fs::canonicalize(path).ok().as_ref() != Some(&file))
            {
                state.watched = None;
            }
            show_imported(state, imported.clone());
        }
    }
    if let Some(waiting) = state.waiting.take() {
        put(state, subject, waiting);
    }
    state.history = egui::util::undoer::Undoer::default();
}

/// Shows a file of attention in place of a model.
fn show_imported(state: &mut State, imported: Arc<Imported>) {
    let ask = &imported.run.ask;
    (state.scene.text, state.scene.pair) = (ask.text.clone(), ask.pair.clone());
    if !has(state.scene.look.meaning) {
        state.scene.look.meaning = Meaning::Raw;
    }
    state.model = None;
    state.typed = None;
    state.imported = Some(imported);
}

/// Puts a scene on what is open; what it does not have is said.
fn put(state: &mut State, subject: &Subject, waiting: Waiting) {
    let Waiting { mut scene, reference, mut notes, quiet } = waiting;
    if let Some(reference) = reference.filter(|r| r.fingerprint != subject.fingerprint() && r.name == subject.name()) {
        let short = |print: &str| print.get(..8).unwrap_or(print).to_owned();
        let parts = [subject.name(), &short(subject.fingerprint()), &short(&reference.fingerprint)];
        notes.push(fill(FILES.other_files, &parts));
    }
    if let Subject::Imported(imported) = subject {
        let ask = &imported.run.ask;
        (scene.text, scene.pair) = (ask.text.clone(), ask.pair.clone());
        super::changes::forget(&mut scene);
    }
    notes.extend(check(&mut scene, subject));
    let partly = !notes.is_empty();
    state.scene = scene;
    (state.untouched, state.restored, state.typed) = (false, true, None);
    if partly && !quiet {
        let error = Error::input(notes.join(";\n"));
        state.problem = Some(Problem { title: FILES.restored_partly.to_owned(), next: Command::Models, error });
    } else if partly {
        state.notice = Some(notes.join("; "));
    }
}

/// Takes out of a scene what the subject does not have, and says it.
fn check(scene: &mut Scene, subject: &Subject) -> Vec<String> {
    let card = subject.card();
    let (layers, heads) = (card.layers, card.heads);
    let has = |(l, h): (usize, usize)| l < layers && h < heads;
    let names = |heads: &[(usize, usize)]| heads.iter().map(|&(l, h)| head_name(l, h)).collect::<Vec<_>>().join(", ");
    let mut notes = Vec::new();
    let wanted = scene.heads();
    if !has(scene.head) {
        let shown = wanted.iter().copied().find(|&h| has(h)).unwrap_or_default();
        let parts =
            [head_name(scene.head.0, scene.head.1), layers.to_string(), heads.to_string(), head_name(shown.0, shown.1)];
        notes.push(fill(FILES.no_head, &parts.each_ref().map(String::as_str)));
        scene.head = shown;
    }
    let gone: Vec<_> = wanted.iter().skip(1).chain(&scene.heads_off).copied().filter(|&h| !has(h)).collect();
    if !gone.is_empty() {
        notes.push(fill(FILES.no_heads, &[&names(&gone)]));
    }
    let head = scene.head;
    scene.others.retain(|&h| has(h) && h != head);
    scene.heads_off.retain(|&h| has(h));
    let Some(n) = tokens(scene, subject) else { return notes };
    let mut lost: Vec<usize> = scene.masked.iter().copied().filter(|&i| i >= n).collect();
    lost.extend(scene.replaced.iter().map(|(i, _)| *i).filter(|&i| i >= n));
    let in_text = |cut: &crate::engine::Cut| cut.query < n && cut.key < n;
    lost.extend(scene.cuts.iter().filter(|c| !in_text(c)).map(|c| c.query.max(c.key)));
    if !lost.is_empty() {
        let lost: Vec<String> = lost.iter().map(ToString::to_string).collect();
        notes.push(fill(FILES.no_mask, &[&lost.join(", ")]));
    }
    scene.masked.retain(|&i| i < n);
    scene.replaced.retain(|(i, _)| *i < n);
    scene.cuts.retain(|cut| in_text(cut) && cut.layer < layers && cut.head.is_none_or(|h| h < heads));
    if let Some(focus) = scene.pinned.filter(|f| f.token() >= n) {
        notes.push(fill(FILES.no_token, &[&focus.token().to_string(), &n.to_string()]));
        scene.pinned = None;
    }
    notes
}

/// How many tokens the text of a scene has.
fn tokens(scene: &Scene, subject: &Subject) -> Option<usize> {
    match subject {
        Subject::Imported(imported) => Some(imported.run.tokens.len()),
        Subject::Model(model) => {
            let pair = scene.pair.as_deref().filter(|p| !p.trim().is_empty());
            Some(model.tokenizer.encode(&scene.text, pair, model.card().tokens).ok()?.len())
        }
    }
}

/// Restores what a link of exBERT says.
pub fn follow(state: &mut State, engine: &Engine<Made>, link: Link) {
    let mut scene = Scene { look: state.scene.look, notes: state.scene.notes.clone(), ..Scene::default() };
    let mut notes = Vec::new();
    scene.text = link.sentence.unwrap_or_else(|| state.scene.text.clone());
    let layer = link.layer.unwrap_or(0);
    match link.heads.as_deref() {
        Some([first, others @ ..]) => {
            scene.head = (layer, *first);
            scene.others = others.iter().map(|&head| (layer, head)).collect();
        }
        Some([]) => {
            scene.head = (layer, 0);
            notes.push(fill(FILES.link_no_heads, &[&head_name(layer, 0)]));
        }
        None => scene.head = (layer, 0),
    }
    // What exBERT draws of several heads is their sum.
    scene.look.combine = Some(Combine::Sum);
    scene.look.view = super::scene::View::Lines;
    scene.look.meaning = Meaning::Raw;
    if let Some(share) = link.threshold {
        scene.look.filter.threshold = Threshold::Mass(share).checked();
    }
    if let Some(hide) = link.hide_special {
        scene.look.filter.special = if hide { Special::Hide } else { Special::Show };
    }
    scene.masked = link.masked;
    scene.pinned = link.pinned.map(|(i, key)| if key { Focus::Key(i) } else { Focus::Query(i) });
    if !link.faults.is_empty() {
        notes.push(fill(FILES.link_faults, &[&link.faults.join(", ")]));
    }
    if !link.left.is_empty() {
        notes.push(fill(FILES.link_left, &[&link.left.join(", ")]));
    }
    if scene.text.contains(['\'', '\u{2019}']) && (scene.pinned.is_some() || !scene.masked.is_empty()) {
        notes.push(FILES.link_apostrophe.to_owned());
    }
    let waiting = Waiting { scene, reference: None, notes, quiet: false };
    let Some(name) = link.model.or_else(|| state.reference.clone()) else { return };
    wait_for(state, engine, waiting, name);
}

/// Opens the model of a scene, or puts the scene on it where it is open already.
fn wait_for(state: &mut State, engine: &Engine<Made>, waiting: Waiting, name: String) {
    if let Some(subject) = state.subject().filter(|s| s.name() == name || state.reference.as_ref() == Some(&name)) {
        (state.sheet, state.notice) = (None, None);
        put(state, &subject, waiting);
        update::ask(state, engine);
        return;
    }
    find_and_open(state, engine, name, false);
    state.waiting = Some(waiting);
}

fn read_session(state: &mut State, engine: &Engine<Made>, name: String) {
    state.opening = Some(name.clone());
    (state.sheet, state.notice) = (None, None);
    submit(state, engine, Slot::Open, "opening a session", move |_| {
        let (session, notes) = Session::read(Path::new(&name))?;
        Ok(Made::Session(Box::new(session), notes))
    });
}

/// A session was read.
pub fn resume(state: &mut State, engine: &Engine<Made>, session: Session, notes: Vec<String>) {
    state.opening = None;
    let waiting = Waiting { scene: session.scene, reference: session.model, notes, quiet: false };
    let name = waiting.reference.as_ref().map(|r| r.open.clone());
    let name = name.or_else(|| state.reference.clone()).unwrap_or_else(|| find::DEFAULT.to_owned());
    wait_for(state, engine, waiting, name);
}

/// The session as it stands.
pub fn session(state: &State) -> Session {
    let model = state.subject().zip(state.reference.clone()).map(|(subject, open)| Reference {
        name: subject.name().to_owned(),
        open,
        fingerprint: subject.fingerprint().to_owned(),
    });
    Session { model, scene: state.scene.clone() }
}

/// Writes the session to a file that the person named.
pub fn save(state: &mut State, engine: &Engine<Made>, path: PathBuf) {
    let session = session(state);
    submit(state, engine, Slot::Save, "saving a session", move |_| {
        let mut path = path;
        if !session::is_one(&path.to_string_lossy()) {
            let mut name = path.file_stem().unwrap_or_default().to_owned();
            name.push(session::ENDING);
            path.set_file_name(name);
        }
        crate::export::write_text(&session.to_json()?, &path)?;
        Ok(Made::Saved(path))
    });
}

/// Keeps the session for the next start, once the person rests; `now` does not wait for that. How long there is still
/// to wait.
pub fn keep(state: &mut State, engine: &Engine<Made>, now: bool) -> Option<Duration> {
    let path = state.keep.path.clone()?;
    // Until something is open there is nothing that could be lost, and much that could be overwritten.
    if state.subject().is_none() || state.untouched || state.waiting.is_some() {
        return None;
    }
    let present = session(state);
    if state.keep.kept.as_ref() == Some(&present) {
        state.keep.changed = None;
        return None;
    }
    let since = match &state.keep.changed {
        Some((session, since)) if *session == present => *since,
        _ => {
            let since = Instant::now();
            state.keep.changed = Some((present.clone(), since));
            since
        }
    };
    let rest = REST.saturating_sub(since.elapsed());
    if !now && !rest.is_zero() {
        return Some(rest);
    }
    state.keep.changed = None;
    state.keep.kept = Some(present.clone());
    if now {
        // The program ends: nobody waits for a job.
        let _ = write(&present, &path);
        return None;
    }
    submit(state, engine, Slot::Keep, "keeping the session", move |_| {
        write(&present, &path)?;
        Ok(Made::Kept)
    });
    None
}

fn write(session: &Session, path: &Path) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
    }
    crate::export::write_text(&session.to_json()?, path)
}

/// Goes on where the last session ended, if there was one.
pub fn last(state: &mut State, path: PathBuf) -> Option<String> {
    let found = path.is_file().then(|| Session::read(&path));
    state.keep.path = Some(path);
    let Ok((session, notes)) = found? else {
        state.notice = Some(FILES.last_damaged.to_owned());
        return None;
    };
    state.keep.kept = Some(session.clone());
    let name = session.model.as_ref().map(|r| r.open.clone())?;
    state.waiting = Some(Waiting { scene: session.scene, reference: session.model, notes, quiet: true });
    Some(name)
}

/// Opens what the last session was about, without loading anything from elsewhere.
pub fn open_last(state: &mut State, engine: &Engine<Made>, name: String) {
    let notice = state.notice.take();
    find_and_open(state, engine, name, false);
    state.notice = notice;
}

/// Follows the file of attention that is shown.
pub fn watch(state: &mut State, engine: &Engine<Made>) {
    let Some((path, stamp)) = state.watched.clone() else { return };
    let budget = state.settings.budget();
    submit(state, engine, Slot::Watch, "following a file", move |control| {
        let (stamp, read) = watch::next(&path, stamp, budget, control)?;
        Ok(Made::Watched(stamp, read.map(Arc::new)))
    });
}

/// The file that is followed has changed.
pub fn changed(state: &mut State, engine: &Engine<Made>, stamp: watch::Stamp, read: Result<Arc<Imported>>) {
    let Some(watched) = &mut state.watched else { return };
    watched.1 = stamp;
    match read {
        Ok(imported) => {
            let scene = state.scene.clone();
            state.notice = Some(fill(FILES.watch_redrawn, &[&imported.name]));
            let subject = Subject::Imported(imported.clone());
            let is_first = state.imported.is_none();
            show_imported(state, imported);
            if is_first {
                state.problem = None;
            } else {
                put(state, &subject, Waiting { scene, reference: None, notes: Vec::new(), quiet: true });
            }
            update::ask(state, engine);
        }
        Err(error) => state.notice = Some(fill(FILES.watch_failed, &[&error.to_string()])),
    }
    watch(state, engine);
}

/// Says why nothing can be changed about what was read from a file; whether it was.
pub fn refuse_change(state: &mut State) -> bool {
    let refused = state.imported.is_some();
    if refused {
        state.notice = Some(FILES.no_change.to_owned());
    }
    refused
}

/// Says why a meaning cannot be had of what was read from a file; whether it cannot.
pub fn refuse_meaning(state: &mut State, meaning: Meaning) -> bool {
    let refused = state.imported.is_some() && !has(meaning);
    if refused {
        state.notice = Some(FILES.no_meaning.to_owned());
    }
    refused
}

/// Whether a meaning needs nothing but attention.
fn has(meaning: Meaning) -> bool {
    meaning.wants().iter().all(|site| *site == Site::Probs)
}

/// The name of a session file, unless the person says otherwise.
pub fn session_name(state: &State) -> String {
    let name = state.subject().map_or_else(|| "session".to_owned(), |s| s.name().to_owned());
    let plain: String = name.chars().map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect();
    plain + session::ENDING
}
