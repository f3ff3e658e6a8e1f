//! How far long work is, on standard error: one line that is redrawn on a terminal, now and then a line elsewhere.

use crate::trace::{Control, Progress, Stop};
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The line. Cleared from the terminal when it is dropped.
pub(super) struct Line(Arc<Mutex<State>>);

struct State {
    terminal: bool,
    /// Nothing is shown before this moment.
    next: Instant,
    drawn: bool,
}

impl Line {
    /// A line that appears once the work has taken long enough to ask about.
    pub(super) fn start() -> Self {
        let terminal = io::stderr().is_terminal();
        let patience = if terminal { Duration::from_millis(300) } else { Duration::from_secs(5) };
        Self(Arc::new(Mutex::new(State { terminal, next: Instant::now() + patience, drawn: false })))
    }

    /// What the work reports to.
    pub(super) fn control(&self) -> Control {
        let state = self.0.clone();
        Control::new(Stop::default(), move |progress| {
            state.lock().unwrap_or_else(PoisonError::into_inner).show(&progress);
        })
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.drawn && state.terminal {
            let _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}

impl State {
    fn show(&mut self, progress: &Progress) {
        let now = Instant::now();
        if now < self.next {
            return;
        }
        let share = if progress.total == 0 { String::new() } else { format!(" {:.0} %", progress.share() * 100.0) };
        let line = super::plain(&format!("{}{share}", progress.stage));
        let mut out = io::stderr().lock();
        let _ = if self.terminal {
            write!(out, "\r\x1b[K{line}").and_then(|()| out.flush())
        } else {
            writeln!(out, "{line}")
        };
        self.drawn = true;
        self.next = now + if self.terminal { Duration::from_millis(100) } else { Duration::from_secs(10) };
    }
}
