//! The engine's threads: slots in which the newest request wins, jobs that can be stopped, events that come back.

use super::run::pool;
use crate::error::{Error, Result};
use crate::trace::{Control, Progress, Stop};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use std::time::{Duration, Instant};

type Work<T> = Box<dyn FnOnce(&Control) -> Result<T> + Send>;

/// A place for one job at a time: a newer request in a slot stops the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    /// The run that the views show.
    Run,
    /// The tensor of a site that somebody clicked.
    Look,
    /// Queries and keys of the shown head.
    Neuron,
    /// The run without changes beside the shown one.
    Before,
    /// What the shown run predicts at one token.
    Guess,
    /// What the shown run predicts.
    Predict,
    /// How the model goes on with a text.
    Generate,
    /// Measures over a corpus.
    Corpus,
    /// Measures of the heads of the shown run.
    Heads,
    /// What each change does to a target.
    Effects,
    /// Another run beside the shown one.
    Compare,
    /// All heads by their likeness.
    Map,
    /// Opening vectors.
    Space,
    /// Laying a space out.
    Layout,
    /// Neighbours of what was asked.
    Near,
    /// Neighbours of what the pointer is on.
    Hover,
    /// How far a map is to be believed.
    Trust,
    /// Colours of a map.
    Colour,
    /// Clusters of words.
    Cluster,
    /// How densely points lie on a map.
    Contour,
    /// The same map begun several times.
    Seeds,
    /// Words that somebody looks for.
    Find,
    /// Rows of a table.
    Table,
    /// Opening a recurrent model, or a text for it.
    Recurrent,
    /// A text as a recurrent model reads it.
    Reading,
    /// Cells of a hypothesis, and where else it holds.
    Cells,
    /// How a recurrent model goes on with a text.
    Sample,
    /// Axes by meaning.
    Axes,
    /// The association test.
    Weat,
    /// A space without axes.
    Reject,
    /// Answers to an analogy.
    Analogy,
    /// The odd one out.
    Odd,
    /// Curing vectors.
    Cure,
    /// What ails vectors.
    Doctor,
    /// Holding vectors against what people say.
    Test,
    /// A second space beside the first.
    Twin,
    /// Neighbours in the second space.
    TwinNear,
    /// Every layer of a model.
    Layers,
    /// Examples of a model.
    Examples,
    /// Drawing a large picture.
    Draw,
    /// Opening a model.
    Open,
    /// Writing files.
    Save,
    /// Drawing for the clipboard.
    Copy,
    /// Keeping the session for the next start.
    Keep,
    /// Following a file.
    Watch,
    /// File dialogs.
    Dialog,
}

impl Slot {
    /// Those whose work a person stops with one command.
    pub const STOPPABLE: [Self; 32] = [
        Self::Open,
        Self::Run,
        Self::Look,
        Self::Neuron,
        Self::Before,
        Self::Predict,
        Self::Generate,
        Self::Compare,
        Self::Map,
        Self::Effects,
        Self::Corpus,
        Self::Heads,
        Self::Save,
        Self::Space,
        Self::Layout,
        Self::Near,
        Self::Trust,
        Self::Recurrent,
        Self::Reading,
        Self::Cells,
        Self::Sample,
        Self::Axes,
        Self::Weat,
        Self::Reject,
        Self::Analogy,
        Self::Cure,
        Self::Doctor,
        Self::Test,
        Self::Twin,
        Self::Layers,
        Self::Cluster,
        Self::Seeds,
    ];

    /// Every slot; among those of one thread, the first that waits goes first.
    pub const ALL: [Self; 46] = [
        Self::Run,
        Self::Look,
        Self::Neuron,
        Self::Before,
        Self::Guess,
        Self::Predict,
        Self::Generate,
        Self::Draw,
        Self::Copy,
        Self::Compare,
        Self::Map,
        Self::Heads,
        Self::Examples,
        Self::Effects,
        Self::Corpus,
        Self::Open,
        Self::Save,
        Self::Keep,
        Self::Dialog,
        Self::Watch,
        Self::Space,
        Self::Hover,
        Self::Near,
        Self::Find,
        Self::Table,
        Self::Layout,
        Self::Colour,
        Self::Contour,
        Self::Cluster,
        Self::Seeds,
        Self::Trust,
        Self::Recurrent,
        Self::Reading,
        Self::Cells,
        Self::Sample,
        Self::Axes,
        Self::Weat,
        Self::Reject,
        Self::Analogy,
        Self::Odd,
        Self::Cure,
        Self::Doctor,
        Self::Test,
        Self::TwinNear,
        Self::Twin,
        Self::Layers,
    ];

    /// The thread that it runs on. Quick work shares one; nothing waits for what can take long.
    fn thread(self) -> &'static str {
        match self {
            Self::Run | Self::Look | Self::Neuron | Self::Before | Self::Guess => "lexiscope-model",
            Self::Predict => "lexiscope-predict",
            Self::Generate => "lexiscope-generate",
            Self::Draw | Self::Copy => "lexiscope-draw",
            Self::Map | Self::Heads | Self::Examples => "lexiscope-measure",
            Self::Compare => "lexiscope-compare",
            Self::Effects => "lexiscope-effects",
            Self::Corpus => "lexiscope-corpus",
            Self::Open => "lexiscope-open",
            Self::Save | Self::Keep => "lexiscope-save",
            Self::Dialog => "lexiscope-dialog",
            Self::Watch => "lexiscope-watch",
            Self::Space | Self::Layout => "lexiscope-space",
            Self::Near | Self::Hover | Self::Find | Self::Table | Self::Colour | Self::Contour => "lexiscope-near",
            Self::Trust => "lexiscope-trust",
            Self::Recurrent | Self::Reading => "lexiscope-recurrent",
            Self::Cells => "lexiscope-cells",
            Self::Sample => "lexiscope-sample",
            Self::Axes | Self::Weat | Self::Reject | Self::Analogy | Self::Odd => "lexiscope-meaning",
            Self::Cure => "lexiscope-cure",
            Self::Doctor => "lexiscope-doctor",
            Self::Test => "lexiscope-test",
            Self::Twin | Self::TwinNear => "lexiscope-twin",
            Self::Layers => "lexiscope-layers",
            Self::Cluster | Self::Seeds => "lexiscope-cluster",
        }
    }
}

/// News of a job.
#[derive(Debug)]
pub struct Event<T> {
    /// The job, as [`Engine::submit`] numbered it.
    pub job: u64,
    /// Its slot.
    pub slot: Slot,
    /// What happened.
    pub news: News<T>,
}

/// What happened to a job.
#[derive(Debug)]
pub enum News<T> {
    /// It is under way.
    Progress(Progress),
    /// It is done.
    Done(T),
    /// It failed or was stopped.
    Failed(Error),
}

struct Pending<T> {
    job: u64,
    name: &'static str,
    work: Work<T>,
    stop: Stop,
}

struct Board<T> {
    next: u64,
    closed: bool,
    pending: BTreeMap<Slot, Pending<T>>,
    running: BTreeMap<Slot, (u64, Stop)>,
}

struct Shared<T> {
    board: Mutex<Board<T>>,
    changed: Condvar,
}

impl<T> Shared<T> {
    /// A worker never panics while it holds the board, so a poisoned lock still guards a good one.
    fn lock(&self) -> MutexGuard<'_, Board<T>> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Threads that open models and run them, away from the frame. `T` is what jobs make.
pub struct Engine<T> {
    shared: Arc<Shared<T>>,
    events: Receiver<Event<T>>,
}

impl<T: Send + 'static> Engine<T> {
    /// Starts the threads. `wake` is called after each event.
    pub fn start(wake: impl Fn() + Send + Sync + 'static) -> Result<Self> {
        let shared = Arc::new(Shared {
            board: Mutex::new(Board { next: 0, closed: false, pending: BTreeMap::new(), running: BTreeMap::new() }),
            changed: Condvar::new(),
        });
        let (sender, events) = sync_channel(1024);
        let wake: Arc<dyn Fn() + Send + Sync> = Arc::new(wake);
        for name in BTreeSet::from(Slot::ALL.map(Slot::thread)) {
            let worker = Worker { name, shared: shared.clone(), sender: sender.clone(), wake: wake.clone() };
            Builder::new()
                .name(name.to_owned())
                .spawn(move || worker.work())
                .map_err(|e| Error::Panicked { job: name.to_owned(), what: e.to_string() })?;
        }
        Ok(Self { shared, events })
    }

    /// Asks for work, called `name` in messages; a job that waits or runs in the same slot is stopped. Returns the
    /// job's number.
    pub fn submit(
        &self,
        slot: Slot,
        name: &'static str,
        work: impl FnOnce(&Control) -> Result<T> + Send + 'static,
    ) -> u64 {
        let mut board = self.shared.lock();
        board.next += 1;
        let job = board.next;
        if let Some((_, stop)) = board.running.get(&slot) {
            stop.set();
        }
        board.pending.insert(slot, Pending { job, name, work: Box::new(work), stop: Stop::default() });
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
    pub fn events(&self) -> impl Iterator<Item = Event<T>> + '_ {
        self.events.try_iter()
    }

    /// The next event, waiting for it at most `limit`.
    pub fn next_event(&self, limit: Duration) -> Option<Event<T>> {
        self.events.recv_timeout(limit).ok()
    }
}

impl<T> Drop for Engine<T> {
    fn drop(&mut self) {
        let mut board = self.shared.lock();
        board.closed = true;
        board.pending.clear();
        board.running.values().for_each(|(_, stop)| stop.set());
        self.shared.changed.notify_all();
    }
}

struct Worker<T> {
    name: &'static str,
    shared: Arc<Shared<T>>,
    sender: SyncSender<Event<T>>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl<T: Send + 'static> Worker<T> {
    fn work(&self) {
        // Work that was split waits for the threads that it was split over. Those that a frame or another job splits
        // its work over must not be busy for seconds, so each worker has its own.
        let mut threads = None;
        while let Some((slot, Pending { job, name, work, stop })) = self.next() {
            let control = self.control(job, slot, stop);
            let work = || match threads.get_or_insert_with(pool) {
                Some(pool) => pool.install(|| work(&control)),
                None => work(&control),
            };
            let news = match catch_unwind(AssertUnwindSafe(work)) {
                Ok(Ok(outcome)) => News::Done(outcome),
                Ok(Err(error)) => News::Failed(error),
                Err(panic) => News::Failed(Error::panicked(name, panic.as_ref())),
            };
            let sent = self.sender.send(Event { job, slot, news });
            // Only now: where nothing is busy, all that there is to say has been said.
            self.shared.lock().running.remove(&slot);
            if sent.is_err() {
                return;
            }
            (self.wake)();
        }
    }

    /// Waits for the next task of this thread; `None` once the engine is gone.
    fn next(&self) -> Option<(Slot, Pending<T>)> {
        let mut board = self.shared.lock();
        loop {
            if board.closed {
                return None;
            }
            let slots = Slot::ALL.into_iter().filter(|s| s.thread() == self.name);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn engine() -> Engine<u32> {
        Engine::start(|| {}).expect("threads")
    }

    fn last(engine: &Engine<u32>) -> Event<u32> {
        loop {
            let event = engine.next_event(Duration::from_secs(20)).expect("an event in time");
            if !matches!(event.news, News::Progress(_)) {
                return event;
            }
        }
    }

    #[test]
    fn the_newest_request_in_a_slot_wins() {
        let engine = engine();
        let forever = |control: &Control| loop {
            control.check()?;
            std::thread::yield_now();
        };
        let first = engine.submit(Slot::Run, "a loop", forever);
        let second = engine.submit(Slot::Run, "two", |_| Ok(2));
        let mut seen = Vec::new();
        while !seen.iter().any(|(job, _)| *job == second) {
            let event = last(&engine);
            seen.push((event.job, matches!(event.news, News::Done(2))));
        }
        assert_eq!(seen.last(), Some(&(second, true)));
        // The first either never began or was stopped inside.
        assert!(seen.iter().all(|&(job, done)| job != first || !done));
    }

    #[test]
    fn what_takes_long_keeps_nothing_waiting() {
        let engine = engine();
        let long = [Slot::Predict, Slot::Generate, Slot::Compare, Slot::Effects, Slot::Corpus, Slot::Open, Slot::Map];
        for slot in long {
            engine.submit(slot, "a loop", |control| {
                loop {
                    control.check()?;
                    std::thread::yield_now();
                }
            });
        }
        for slot in Slot::ALL.into_iter().filter(|slot| !long.contains(slot) && slot.thread() != Slot::Map.thread()) {
            let job = engine.submit(slot, "four", |_| Ok(4));
            let event = last(&engine);
            assert!(event.job == job && matches!(event.news, News::Done(4)), "{slot:?}");
        }
    }

    #[test]
    fn a_panic_is_an_error_of_its_job_only() {
        let engine = engine();
        engine.submit(Slot::Run, "a mishap", |_| panic!("on purpose"));
        let News::Failed(error) = last(&engine).news else { panic!("it should fail") };
        assert_eq!(error.to_string(), "internal error in a mishap: on purpose");
        engine.submit(Slot::Run, "three", |_| Ok(3));
        assert!(matches!(last(&engine).news, News::Done(3)));
    }

    #[test]
    fn a_stop_ends_a_job() {
        let engine = engine();
        engine.submit(Slot::Open, "a loop", |control| {
            loop {
                control.check()?;
                control.report("Turning", 1, 2);
                std::thread::yield_now();
            }
        });
        let event = engine.next_event(Duration::from_secs(20)).expect("progress in time");
        assert!(matches!(event.news, News::Progress(p) if p.stage == "Turning"));
        assert!(engine.is_busy(Slot::Open));
        engine.stop(Slot::Open);
        let News::Failed(error) = last(&engine).news else { panic!("it should be stopped") };
        assert!(error.is_stopped());
    }
}
