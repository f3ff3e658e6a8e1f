//! Opening: models, attention from elsewhere, sessions, links of exBERT.

use super::action::Sheet;
use super::exbert::Link;
use super::made::Made;
use super::restore::{Waiting, put};
use super::scene::{Scene, Workspace};
use super::session::{self, Reference, Session};
use super::space;
use super::state::State;
use super::update::{self, submit};
use super::watch;
use super::words::files::FILES;
use super::words::fill;
use super::{keep, recurrent};
use crate::analysis::filter::{Combine, Special, Threshold};
use crate::analysis::meaning::Meaning;
use crate::engine::{Engine, Imported, Slot, Subject};
use crate::error::{Error, Result};
use crate::figure::head_name;
use crate::figure::lines::Focus;
use crate::source::find;
use crate::source::vectors::Vectors;
use crate::trace::Site;
use egui::util::undoer::Undoer;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A model that a session or a link needs and that is not on this machine, or cannot be opened.
#[derive(Debug, Clone)]
pub struct Missing {
    /// What it is called.
    pub name: String,
    /// Whether it can be downloaded.
    pub is_id: bool,
    /// Bytes of the download, where they are known.
    pub size: Option<u64>,
    /// Whether it is here, or was asked for, and could not be opened.
    pub failed: bool,
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

/// The bytes of a download, as the hub lists the files that are loaded.
///
/// They are those of the models under their old short names, and under the names of [`OWNERS`].
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
/// Who owns the models of [`SIZES`] on the hub.
const OWNERS: [&str; 5] = ["google-bert", "FacebookAI", "openai-community", "distilbert", "albert"];

/// Opens a model, a file of attention or a session.
pub fn open(state: &mut State, engine: &Engine<Made>, name: String) {
    (state.waiting, state.missing) = (None, None);
    let path = Path::new(&name);
    if recurrent::is_text(state, path) {
        recurrent::apply(state, engine, recurrent::Ask::Read(path.to_path_buf()));
    } else if recurrent::is_one(state, path) {
        update::open_recurrent(state, engine, path);
        if state.subject().is_none() && state.opening.is_none() {
            find_and_open(state, engine, vec![find::DEFAULT.to_owned()], true);
        }
    } else if space::evaluation::takes(state, path) {
        let asked = space::evaluation::Ask::Read(PathBuf::from(&name));
        space::apply(state, engine, space::Ask::Test(asked));
    } else if is_vectors(state, &name) {
        update::open_vectors(state, engine, Path::new(&name));
        if state.subject().is_none() && state.opening.is_none() {
            find_and_open(state, engine, vec![find::DEFAULT.to_owned()], true);
        }
    } else if session::is_one(&name) {
        read_session(state, engine, name);
    } else {
        find_and_open(state, engine, vec![name], true);
    }
}

/// Whether a path is of vectors rather than of a model, of attention or of a session: by its ending, where that says it,
/// else by the workspace.
fn is_vectors(state: &State, name: &str) -> bool {
    let path = Path::new(name);
    if path.is_dir() {
        return Vectors::is_folder(path);
    }
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    match ending.as_str() {
        "vec" | "txt" | "tsv" | "bytes" | "npy" => path.is_file(),
        "npz" | "safetensors" | "bin" | "json" => {
            path.is_file() && state.scene.workspace == Workspace::Embeddings && !session::is_one(name)
        }
        _ => false,
    }
}

/// Opens what the first of `names` that is here leads to. Unless it `may_load`, what is not on this machine is asked for
/// first.
pub fn find_and_open(state: &mut State, engine: &Engine<Made>, names: Vec<String>, may_load: bool) {
    let (device, budget) = (state.settings.device, state.settings.budget());
    let Some(first) = names.first().cloned() else { return };
    clear(state);
    state.opening = Some(first.clone());
    submit(state, engine, Slot::Open, "opening a model", move |control| {
        let here = || names.into_iter().find(|name| find::is_here(name));
        let Some(name) = (if may_load { Some(first.clone()) } else { here() }) else {
            return Ok(Made::Missing(first));
        };
        let subject = Subject::open(&name, device, budget, control)?;
        let found_as = match std::fs::canonicalize(&name) {
            Ok(path) => path.to_string_lossy().into_owned(),
            Err(_) => name,
        };
        Ok(Made::Opened(subject, found_as))
    });
}

/// Something else is opened: what was said before is about what was there before. What was said at the start stays.
fn clear(state: &mut State) {
    state.sheet = None;
    if state.subject().is_some() {
        state.notice = None;
    }
}

/// Adds to what the status bar says.
pub fn say(state: &mut State, notes: impl IntoIterator<Item = String>) {
    let said: Vec<String> = state.notice.take().into_iter().chain(notes).collect();
    state.notice = (!said.is_empty()).then(|| said.join("; "));
}

/// What is called so is not on this machine: the person chooses, or something like it is open already.
pub fn missing(state: &mut State, engine: &Engine<Made>, name: String) {
    state.opening = None;
    let Some(waiting) = state.waiting.take() else { return };
    let called = |s: &Subject| waiting.reference.as_ref().is_some_and(|r| r.name == s.name());
    if let Some(subject) = state.subject().filter(called) {
        put(state, &subject, waiting);
        update::ask(state, engine);
    } else if waiting.quiet {
        fall_back(state, engine, waiting, fill(FILES.last_not_here, &[&name]));
    } else {
        ask_instead(state, name, waiting, false);
    }
}

/// Something could not be opened: what waits for it goes on waiting, or takes what there is. Whether all is said.
pub fn not_opened(state: &mut State, engine: &Engine<Made>, name: &str, error: &Error) -> bool {
    let Some(waiting) = state.waiting.take() else { return false };
    let falls_back = waiting.quiet;
    if falls_back {
        fall_back(state, engine, waiting, fill(FILES.last_failed, &[name, &error.to_string()]));
    } else {
        ask_instead(state, name.to_owned(), waiting, true);
    }
    falls_back
}

/// Nothing is opened any more: the person chooses again what a session or a link gets.
pub fn stopped(state: &mut State) {
    if let (Some(name), Some(waiting)) = (state.opening.take(), state.waiting.take()) {
        ask_instead(state, name, waiting, true);
    }
}

/// No folder and no file was chosen: what waited for one is asked about again.
pub fn not_chosen(state: &mut State) {
    if state.waiting.take().is_some() && state.missing.is_some() {
        state.sheet = Some(Sheet::Missing);
    }
}

/// Where the person closes the sheet without a choice, says where the question is asked again.
pub fn put_off(state: &mut State) {
    let missing = state.missing.as_ref().filter(|_| state.sheet == Some(Sheet::Missing));
    if let Some(missing) = missing {
        state.notice = Some(fill(FILES.still_waits, &[&missing.name]));
    }
}

/// The last session goes on with the bundled model: nobody asked for anything yet, so nothing is asked.
fn fall_back(state: &mut State, engine: &Engine<Made>, mut waiting: Waiting, note: String) {
    waiting.notes.insert(0, note);
    waiting.quiet = false;
    find_and_open(state, engine, vec![find::DEFAULT.to_owned()], true);
    state.waiting = Some(waiting);
}

/// Asks what to open for a scene in place of `name`, or of what it was about from the beginning.
fn ask_instead(state: &mut State, name: String, waiting: Waiting, failed: bool) {
    let name = state.missing.take().map_or(name, |missing| missing.name);
    let (size, is_id) = (size(&name), find::is_id(&name));
    state.missing = Some(Missing { name, is_id, size, failed, waiting });
    state.sheet = Some(Sheet::Missing);
}

/// The bytes of a download, where they are known.
fn size(name: &str) -> Option<u64> {
    let plain = match name.split_once('/') {
        Some((owner, plain)) => OWNERS.contains(&owner).then_some(plain)?,
        None => name,
    };
    SIZES.iter().find(|(known, _)| *known == plain).map(|(_, size)| *size)
}

/// What the person chose in place of a missing model.
pub fn choose(state: &mut State, engine: &Engine<Made>, instead: Instead) {
    let Some(missing) = state.missing.clone() else { return };
    state.sheet = None;
    match instead {
        Instead::Folder => super::dialogs::folder(state, engine),
        Instead::Download => find_and_open(state, engine, vec![missing.name], true),
        Instead::Bundled => find_and_open(state, engine, vec![find::DEFAULT.to_owned()], true),
    }
    state.waiting = Some(missing.waiting);
}

/// A folder was chosen: what waits for a model gets this one.
pub fn chosen(state: &mut State, engine: &Engine<Made>, path: &Path) {
    let (waiting, missing) = (state.waiting.take(), state.missing.take());
    open(state, engine, path.to_string_lossy().into_owned());
    if waiting.is_some() {
        (state.waiting, state.missing) = (waiting, missing);
    }
}

/// Something is open: it takes the place of what was open before, and what waited for it is put on it.
pub fn opened(state: &mut State, engine: &Engine<Made>, subject: &Subject, found_as: String) {
    (state.opening, state.problem, state.missing) = (None, None, None);
    if find::bundled().iter().all(|(bundled, _)| *bundled != found_as) {
        state.settings.remember(&found_as);
    }
    state.reference = Some(found_as);
    say(state, subject.notices().iter().cloned());
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
        let followed = waiting.reference.as_ref().is_some_and(|r| r.followed);
        put(state, subject, waiting);
        if let (true, Subject::Imported(imported)) = (followed, subject) {
            state.watched = Some((imported.path.clone(), watch::stamp(&imported.path)));
            watch(state, engine);
        }
    }
    state.history = Undoer::default();
    keep::opened(state);
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

/// Restores what a link of exBERT says.
pub fn follow(state: &mut State, engine: &Engine<Made>, link: Link) {
    let Scene { notes, look, details, .. } = state.scene.clone();
    let mut scene = Scene { notes, look, details, ..Scene::default() };
    let mut notes = Vec::new();
    let is_name = |name: &String| {
        // A path could lead anywhere, also to another machine.
        let is_bundled = || find::bundled().iter().any(|(bundled, _)| bundled == name);
        find::is_id(name) || state.subject().is_some_and(|s| s.name() == name) || is_bundled()
    };
    let open = state.model.as_ref().and(state.reference.clone());
    let model = match link.model {
        Some(name) if !is_name(&name) => {
            notes.push(fill(FILES.link_no_model, &[&name]));
            open
        }
        named => named.or(open),
    };
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
    let (scene, strange) = scene.checked();
    notes.extend(strange);
    let waiting = Waiting { scene, reference: None, notes, quiet: false };
    let (name, open) = (model.unwrap_or_else(|| find::DEFAULT.to_owned()), state.reference.clone());
    wait_for(state, engine, waiting, vec![name.clone()], |s| s.name() == name || open.as_ref() == Some(&name));
}

/// Puts a scene on what is open where that `suits`, or opens its model, if it is on this machine under one of these
/// names.
fn wait_for(
    state: &mut State,
    engine: &Engine<Made>,
    waiting: Waiting,
    names: Vec<String>,
    suits: impl FnOnce(&Subject) -> bool,
) {
    let Some(subject) = state.subject().filter(suits) else {
        find_and_open(state, engine, names, false);
        state.waiting = Some(waiting);
        return;
    };
    clear(state);
    state.problem = None;
    put(state, &subject, waiting);
    update::ask(state, engine);
}

fn read_session(state: &mut State, engine: &Engine<Made>, name: String) {
    state.opening = Some(name.clone());
    clear(state);
    submit(state, engine, Slot::Open, "opening a session", move |_| {
        let (session, notes) = Session::read(Path::new(&name))?;
        Ok(Made::Session(Box::new(session), notes))
    });
}

/// A session was read.
pub fn resume(state: &mut State, engine: &Engine<Made>, session: Session, notes: Vec<String>) {
    state.opening = None;
    state.waiting = None;
    let waiting = Waiting { scene: session.scene, reference: session.model, notes, quiet: false };
    match waiting.reference.clone() {
        // Of no model in particular: what is open will do.
        None => wait_for(state, engine, waiting, vec![find::DEFAULT.to_owned()], |_| true),
        Some(of) => {
            wait_for(state, engine, waiting, of.names(), |s| s.name() == of.name && s.fingerprint() == of.fingerprint);
        }
    }
}

/// How what is open is found again.
pub fn reference(state: &State) -> Option<Reference> {
    let (subject, open) = state.subject().zip(state.reference.clone())?;
    let (name, fingerprint) = (subject.name().to_owned(), subject.fingerprint().to_owned());
    Some(Reference { name, open, fingerprint, followed: state.watched.is_some() })
}

/// The session as it stands.
pub fn session(state: &State) -> Session {
    Session { model: reference(state), scene: state.scene.clone() }
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
        Ok(imported) => redrawn(state, engine, &imported),
        Err(error) => {
            let template = match stamp {
                _ if state.subject().is_none() => FILES.watch_not_yet,
                None => FILES.watch_gone,
                Some(_) => FILES.watch_failed,
            };
            state.notice = Some(fill(template, &[&error.to_string()]));
        }
    }
    watch(state, engine);
}

/// Shows what the file that is followed holds now.
fn redrawn(state: &mut State, engine: &Engine<Made>, imported: &Arc<Imported>) {
    state.notice = Some(fill(FILES.watch_redrawn, &[&imported.name]));
    say(state, imported.notices.iter().cloned());
    let subject = Subject::Imported(imported.clone());
    let is_first = state.imported.is_none();
    let before = (state.scene.text.clone(), state.scene.pair.clone());
    show_imported(state, imported.clone());
    if is_first {
        // Nothing could be opened before.
        let path = std::fs::canonicalize(&imported.path).unwrap_or_else(|_| imported.path.clone());
        state.reference = Some(path.to_string_lossy().into_owned());
        (state.problem, state.untouched) = (None, true);
        keep::opened(state);
    } else {
        let scene = state.scene.clone();
        put(state, &subject, Waiting { scene, reference: None, notes: Vec::new(), quiet: true });
    }
    if before != (state.scene.text.clone(), state.scene.pair.clone()) {
        // What was chosen before was chosen of other tokens.
        state.history = Undoer::default();
    }
    update::ask(state, engine);
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
pub fn has(meaning: Meaning) -> bool {
    meaning.wants().iter().all(|site| *site == Site::Probs)
}

/// The name of a session file, unless the person says otherwise.
pub fn session_name(state: &State) -> String {
    let name = state.subject().map_or_else(|| "session".to_owned(), |s| s.name().to_owned());
    let plain: String = name.chars().map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect();
    plain + session::ENDING
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::settings::Settings;

    fn waiting() -> Waiting {
        let scene = Scene { text: "pasted".to_owned(), ..Scene::default() };
        Waiting { scene, reference: None, notes: Vec::new(), quiet: false }
    }

    #[test]
    fn who_stops_or_chooses_nothing_is_asked_again() {
        let mut state = State::new(Settings::default());
        (state.opening, state.waiting) = (Some("bert-large-uncased".to_owned()), Some(waiting()));
        stopped(&mut state);
        let missing = state.missing.clone().expect("it still waits");
        assert_eq!((missing.name.as_str(), missing.waiting.scene.text.as_str()), ("bert-large-uncased", "pasted"));
        assert!(state.waiting.is_none() && state.sheet == Some(Sheet::Missing), "nothing else that opens gets it");

        (state.sheet, state.waiting) = (None, Some(missing.waiting));
        not_chosen(&mut state);
        assert!(state.waiting.is_none() && state.sheet == Some(Sheet::Missing));
        (state.sheet, state.missing) = (None, None);
        not_chosen(&mut state);
        assert_eq!(state.sheet, None, "a dialog that nothing waited for");
    }

    #[test]
    fn the_size_of_a_download_is_that_of_the_model_itself() {
        assert_eq!(size("gpt2"), Some(548_105_171));
        assert_eq!(size("openai-community/gpt2"), size("gpt2"));
        assert_eq!(size("somebody/gpt2"), None, "another model of that name");
    }
}
