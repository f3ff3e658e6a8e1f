//! Keeping the session for the next start, and going on with it there.

use super::command::Command;
use super::files::{self, session};
use super::made::Made;
use super::restore::Waiting;
use super::session::{Reference, Session};
use super::state::{Problem, State};
use super::update::submit;
use super::words::files::FILES;
use super::words::fill;
use crate::engine::{Engine, Slot};
use crate::error::{Error, Result};
use crate::source::find;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The file in the settings folder that holds the last session.
pub const LAST: &str = "last.lexiscope.json";
/// A copy of one that this program does not understand wholly, beside it.
const UNREAD: &str = "last-unread.lexiscope.json";
/// How long a person must rest before the session is kept.
const REST: Duration = Duration::from_secs(1);
/// How long the first change may wait where a person does not rest.
const LATEST: Duration = Duration::from_secs(2);
/// How long to wait after the file could not be written.
const AGAIN: Duration = Duration::from_secs(10);

/// The file in which the session is kept for the next start.
#[derive(Debug, Default)]
pub struct Keep {
    /// Where it is; nothing where nothing is to be kept.
    pub path: Option<PathBuf>,
    /// What needs no keeping: what is in the file, or what was there before anything was chosen. Nothing until something
    /// is open: then there is nothing that could be lost, and much that could be overwritten.
    kept: Option<Session>,
    /// What is not in the file yet.
    changed: Option<Changed>,
    /// What is being written.
    writing: Option<Session>,
    /// Whether it could not be written the last time.
    failed: bool,
}

/// A session that is not kept yet.
#[derive(Debug)]
struct Changed {
    session: Session,
    /// When the first change was made.
    first: Instant,
    /// When the last one was.
    last: Instant,
}

impl Keep {
    /// How long a change may still wait.
    fn rest(&self) -> Duration {
        let (rest, latest) = if self.failed { (AGAIN, AGAIN) } else { (REST, LATEST) };
        let left = |c: &Changed| rest.saturating_sub(c.last.elapsed()).min(latest.saturating_sub(c.first.elapsed()));
        self.changed.as_ref().map_or(rest, left)
    }
}

/// Keeps the session for the next start: once the person rests, or after two seconds at the latest; `now` waits for
/// neither. How long there is still to wait.
pub fn keep(state: &mut State, engine: &Engine<Made>, now: bool) -> Option<Duration> {
    let path = state.keep.path.clone()?;
    if state.keep.kept.is_none() || is_kept(state) {
        state.keep.changed = None;
        return None;
    }
    if now {
        // The program ends: nobody waits for a job.
        let session = session(state);
        if write(&session, &path).is_ok() {
            state.keep.kept = Some(session);
        }
        return None;
    }
    // One file is written at a time; the frame after its end looks again.
    if state.keep.writing.is_some() {
        return None;
    }
    note(state);
    let rest = state.keep.rest();
    if !rest.is_zero() {
        return Some(rest);
    }
    let session = state.keep.changed.take()?.session;
    state.keep.writing = Some(session.clone());
    submit(state, engine, Slot::Keep, "keeping the session", move |_| {
        write(&session, &path)?;
        Ok(Made::Kept)
    });
    None
}

/// Notes what there is to be kept, and when it changed.
fn note(state: &mut State) {
    if state.keep.changed.as_ref().is_some_and(|c| is_same(&c.session, state)) {
        return;
    }
    let (session, last) = (session(state), Instant::now());
    let first = state.keep.changed.as_ref().map_or(last, |c| c.first);
    state.keep.changed = Some(Changed { session, first, last });
}

/// Whether a session is what stands there.
fn is_same(session: &Session, state: &State) -> bool {
    session.scene == state.scene && session.model == files::reference(state)
}

/// Whether what stands there needs no keeping.
pub fn is_kept(state: &State) -> bool {
    state.keep.kept.as_ref().is_some_and(|kept| is_same(kept, state))
}

/// What stands there was not chosen by the person, and needs no keeping.
pub fn begin(state: &mut State) {
    state.keep.kept = Some(session(state));
}

/// Something is open: where it is the first, what it begins with needs no keeping.
pub fn opened(state: &mut State) {
    if state.keep.kept.is_none() {
        begin(state);
    }
}

/// The file was written.
pub fn done(state: &mut State) {
    state.keep.kept = state.keep.writing.take().or(state.keep.kept.take());
    state.keep.failed = false;
    state.problem.take_if(|p| p.title == FILES.not_kept);
}

/// The file could not be written. It is tried again, and said once.
pub fn failed(state: &mut State, error: Error) {
    state.keep.writing = None;
    if !std::mem::replace(&mut state.keep.failed, true) {
        state.problem = Some(Problem { title: FILES.not_kept.to_owned(), next: Command::Session, error });
    }
}

fn write(session: &Session, path: &Path) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
    }
    crate::export::write_text(&session.to_json()?, path)
}

/// Goes on where the last session ended, if there was one: what waits for its model, and what that is called.
pub fn last(state: &mut State, path: &Path) -> Option<(Waiting, Vec<String>)> {
    state.keep.path = Some(path.to_owned());
    let found = path.is_file().then(|| Session::read(path))?;
    let Ok((session, mut notes)) = found else {
        files::say(state, [FILES.last_damaged.to_owned(), set_aside(path)]);
        return None;
    };
    if !notes.is_empty() {
        notes.push(set_aside(path));
    }
    let names = session.model.as_ref().map_or_else(|| vec![find::DEFAULT.to_owned()], Reference::names);
    Some((Waiting { scene: session.scene, reference: session.model, notes, quiet: true }, names))
}

/// Copies what is not understood, so that the next change does not overwrite it; and says where.
fn set_aside(path: &Path) -> String {
    match std::fs::copy(path, path.with_file_name(UNREAD)) {
        Ok(_) => fill(FILES.last_copied, &[UNREAD]),
        Err(error) => fill(FILES.last_not_copied, &[&error.to_string()]),
    }
}

/// Opens what the last session was about, without loading anything from elsewhere.
pub fn open_last(state: &mut State, engine: &Engine<Made>, (waiting, names): (Waiting, Vec<String>)) {
    state.keep.kept = None;
    files::find_and_open(state, engine, names, false);
    state.waiting = Some(waiting);
}
