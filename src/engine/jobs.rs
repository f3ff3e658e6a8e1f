//! The engine's threads: slots in which the newest request wins, jobs that can be stopped, events that come back.

use super::device::Choice;
use super::examples::{self, Example};
use super::{Ask, Opened, Run};
use crate::error::{Error, Result};
use crate::trace::{Control, Progress, Stop};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use std::time::{Duration, Instant};

/// Something the engine can be asked for.
pub enum Task {
    /// Open a model by path, bundled name or hub id.
    Open {
        /// What the person calls it.
        name: String,
        /// Where it is to be computed.
        device: Choice,
    },
    /// Run a model on a text.
    Run {
        /// The model.
        model: Arc<Opened>,
        /// What is asked of it.
        ask: Ask,
    },
    /// Find the examples that a model passes.
    Examples {
        /// The model.
        model: Arc<Opened>,
    },
    /// Write or draw something away from the frame.
    Other {
        /// What it is called in messages.
        name: &'static str,
        /// The work.
        work: Box<dyn FnOnce(&Control) -> Result<Outcome> + Send>,
    },
}

/// What came of a task.
#[derive(Debug)]
pub enum Outcome {
    /// A model is open.
    Opened(Arc<Opened>),
    /// A run is done.
    Run(Arc<Run>),
    /// The examples that a model passes, with its [`Opened::id`].
    Examples(u64, Vec<Example>),
    /// A file was written.
    Saved(PathBuf),
    /// A person chose a path, or none.
    Picked(Option<PathBuf>),
    /// A picture for the clipboard: width, height, RGBA.
    Picture(usize, usize, Vec<u8>),
}

/// A place for one job at a time: a newer request in a slot stops the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    /// The run that the views show.
    Run,
    /// The tensor of a site that somebody clicked.
    Look,
    /// Examples of a model.
    Examples,
    /// Opening a model.
    Open,
    /// Writing files.
    Save,
    /// File dialogs.
    Dialog,
}

impl Slot {
    const ALL: [Self; 6] = [Self::Run, Self::Look, Self::Examples, Self::Open, Self::Save, Self::Dialog];

    fn thread(self) -> usize {
        match self {
            Self::Run | Self::Look | Self::Examples => 0,
            Self::Open | Self::Save => 1,
            Self::Dialog => 2,
        }
    }
}

const THREADS: [&str; 3] = ["lexiscope-model", "lexiscope-files", "lexiscope-dialog"];

/// News of a job.
#[derive(Debug)]
pub struct Event {
    /// The job, as [`Engine::submit`] numbered it.
    pub job: u64,
    /// Its slot.
    pub slot: Slot,
    /// What happened.
    pub news: News,
}

/// What happened to a job.
#[derive(Debug)]
pub enum News {
    /// It is under way.
    Progress(Progress),
    /// It is done.
    Done(Outcome),
    /// It failed or was stopped.
    Failed(Error),
}

struct Pending {
    job: u64,
    task: Task,
    stop: Stop,
}

#[derive(Default)]
struct Board {
    next: u64,
    closed: bool,
    pending: BTreeMap<Slot, Pending>,
    running: BTreeMap<Slot, (u64, Stop)>,
}

struct Shared {
    board: Mutex<Board>,
    changed: Condvar,
}

impl Shared {
    /// A worker never panics while it holds the board, so a poisoned lock still guards a good one.
    fn lock(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Threads that open models and run them, away from the frame.
pub struct Engine {
    shared: Arc<Shared>,
    events: Receiver<Event>,
}

impl Engine {
    /// Starts the threads. `wake` is called after each event.
    pub fn start(wake: impl Fn() + Send + Sync + 'static) -> Result<Self> {
        let shared = Arc::new(Shared { board: Mutex::default(), changed: Condvar::new() });
        let (sender, events) = sync_channel(1024);
        let wake: Arc<dyn Fn() + Send + Sync> = Arc::new(wake);
        for (index, name) in THREADS.into_iter().enumerate() {
            let worker = Worker { index, shared: shared.clone(), sender: sender.clone(), wake: wake.clone() };
            Builder::new()
                .name(name.to_owned())
                .spawn(move || worker.work())
                .map_err(|e| Error::Panicked { job: name.to_owned(), what: e.to_string() })?;
        }
        Ok(Self { shared, events })
    }

    /// Asks for a task; a job that waits or runs in the same slot is stopped. Returns the job's number.
    pub fn submit(&self, slot: Slot, task: Task) -> u64 {
        let mut board = self.shared.lock();
        board.next += 1;
        let job = board.next;
        if let Some((_, stop)) = board.running.get(&slot) {
            stop.set();
        }
        board.pending.insert(slot, Pending { job, task, stop: Stop::default() });
        self.shared.changed.notify_all();
        job
    }

    /// Stops what waits or runs in a slot.
    pub fn stop(&self, slot: Slot) {
        let mut board = self.shared.lock();
        board.pending.remove(&slot);
        if let Some((_, stop)) = board.running.get(&slot) {
            stop.set();
        }
    }

    /// Whether a slot has a job that waits or runs.
    pub fn is_busy(&self, slot: Slot) -> bool {
        let board = self.shared.lock();
        board.pending.contains_key(&slot) || board.running.contains_key(&slot)
    }

    /// The events that have come in since the last call.
    pub fn events(&self) -> impl Iterator<Item = Event> + '_ {
        self.events.try_iter()
    }

    /// The next event, waiting for it at most `limit`.
    pub fn next_event(&self, limit: Duration) -> Option<Event> {
        self.events.recv_timeout(limit).ok()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let mut board = self.shared.lock();
        board.closed = true;
        board.pending.clear();
        board.running.values().for_each(|(_, stop)| stop.set());
        self.shared.changed.notify_all();
    }
}

struct Worker {
    index: usize,
    shared: Arc<Shared>,
    sender: SyncSender<Event>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl Worker {
    fn work(&self) {
        while let Some((slot, Pending { job, task, stop })) = self.next() {
            let control = self.control(job, slot, stop);
            let name = task.name();
            let news = match catch_unwind(AssertUnwindSafe(|| task.perform(&control))) {
                Ok(Ok(outcome)) => News::Done(outcome),
                Ok(Err(error)) => News::Failed(error),
                Err(panic) => News::Failed(Error::panicked(name, panic.as_ref())),
            };
            self.shared.lock().running.remove(&slot);
            if self.sender.send(Event { job, slot, news }).is_err() {
                return;
            }
            (self.wake)();
        }
    }

    /// Waits for the next task of this thread; `None` once the engine is gone.
    fn next(&self) -> Option<(Slot, Pending)> {
        let mut board = self.shared.lock();
        loop {
            if board.closed {
                return None;
            }
            let slots = Slot::ALL.into_iter().filter(|s| s.thread() == self.index);
            let found = slots.into_iter().find_map(|s| board.pending.remove(&s).map(|p| (s, p)));
            if let Some((slot, pending)) = found {
                board.running.insert(slot, (pending.job, pending.stop.clone()));
                return Some((slot, pending));
            }
            board = self.shared.changed.wait(board).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Progress goes out at most twenty times a second, and never blocks the work.
    fn control(&self, job: u64, slot: Slot, stop: Stop) -> Control {
        let (sender, wake) = (self.sender.clone(), self.wake.clone());
        let last = Mutex::new(Instant::now());
        Control::new(stop, move |progress| {
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            if last.elapsed() < Duration::from_millis(50) {
                return;
            }
            *last = Instant::now();
            match sender.try_send(Event { job, slot, news: News::Progress(progress) }) {
                Ok(()) => wake(),
                Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
            }
        })
    }
}

impl Task {
    fn name(&self) -> &'static str {
        match self {
            Self::Open { .. } => "opening a model",
            Self::Run { .. } => "a forward pass",
            Self::Examples { .. } => "finding examples",
            Self::Other { name, .. } => name,
        }
    }

    fn perform(self, control: &Control) -> Result<Outcome> {
        Ok(match self {
            Self::Open { name, device } => Outcome::Opened(Arc::new(Opened::open(&name, device, control)?)),
            Self::Run { model, ask } => Outcome::Run(Arc::new(Run::new(&model, &ask, control)?)),
            Self::Examples { model } => Outcome::Examples(model.id, examples::passed(&model, control)?),
            Self::Other { work, .. } => work(control)?,
        })
    }
}
