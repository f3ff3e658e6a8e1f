//! Stopping long work and saying how far it is.

use crate::error::{Error, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag shared by whoever may stop a job and the job itself.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asks the job to stop at its next check.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether a stop was asked for.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// `Err(Stopped)` once a stop was asked for.
    pub fn check(&self) -> Result<()> {
        if self.is_set() { Err(Error::Stopped) } else { Ok(()) }
    }
}

/// How far a job is: `done` of `total` in whatever unit the stage counts (bytes, layers).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// What is being done, as a person reads it.
    pub stage: String,
    /// Units done.
    pub done: u64,
    /// Units in all; 0 where nobody knows.
    pub total: u64,
}

impl Progress {
    /// The share done, 0 to 1.
    pub fn share(&self) -> f32 {
        if self.total == 0 { 0.0 } else { (self.done as f32 / self.total as f32).clamp(0.0, 1.0) }
    }
}

/// What long work is given: a stop to look at and somebody to tell how far it is.
#[derive(Clone)]
pub struct Control {
    /// The flag that ends the work.
    pub stop: Stop,
    report: Arc<dyn Fn(Progress) + Send + Sync>,
}

impl Default for Control {
    fn default() -> Self {
        Self::new(Stop::default(), |_| {})
    }
}

impl Control {
    /// Work that `stop` ends and that reports to `report`.
    pub fn new(stop: Stop, report: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        Self { stop, report: Arc::new(report) }
    }

    /// A part of this work, stopped with it, that says nothing of itself.
    pub fn quiet(&self) -> Self {
        Self::new(self.stop.clone(), |_| {})
    }

    /// `Err(Stopped)` once a stop was asked for.
    pub fn check(&self) -> Result<()> {
        self.stop.check()
    }

    /// Says how far the work is.
    pub fn report(&self, stage: &str, done: u64, total: u64) {
        (self.report)(Progress { stage: stage.to_owned(), done, total });
    }
}

impl std::fmt::Debug for Control {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Control").field("stop", &self.stop).finish_non_exhaustive()
    }
}
