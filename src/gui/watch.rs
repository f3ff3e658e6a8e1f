//! Follows a file of attention that another program writes again and again.

use crate::engine::Imported;
use crate::error::Result;
use crate::trace::Control;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// How often the file is looked at.
const PERIOD: Duration = Duration::from_millis(300);
/// How long a request to stop may wait.
const SLICE: Duration = Duration::from_millis(50);

/// What tells one writing of a file from the next: when, and how long it is.
pub type Stamp = Option<(SystemTime, u64)>;

/// The stamp of a file as it is; `None` while there is none.
pub fn stamp(path: &Path) -> Stamp {
    let meta = std::fs::metadata(path).ok()?;
    Some((meta.modified().ok()?, meta.len()))
}

/// Waits until the file is another than at `known` and has rested for one period, and reads it. What comes back is the
/// new stamp and what was read, or why it could not be.
pub fn next(path: &Path, known: Stamp, budget: u64, control: &Control) -> Result<(Stamp, Result<Imported>)> {
    let mut last = known;
    loop {
        let mut waited = Duration::ZERO;
        while waited < PERIOD {
            control.check()?;
            std::thread::sleep(SLICE);
            waited += SLICE;
        }
        let now = stamp(path);
        // A program that saves may take the file away for a moment.
        if now.is_some() && now != known && now == last {
            // Progress would draw attention to what nobody asked for just now.
            return Ok((now, Imported::open(path, budget, &Control::default())));
        }
        last = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{Progress, Stop};

    #[test]
    fn a_file_is_read_once_it_rests() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.json");
        let text = |w: &str| format!("{{\"tokens\": [\"a\"], \"attentions\": [[[[{w}]]]]}}");
        std::fs::write(&path, text("1")).expect("written");
        let known = stamp(&path);
        let writer = std::thread::Builder::new().name("writer".to_owned()).spawn({
            let path = path.clone();
            let whole = text("0.25");
            move || {
                // Half of it first, and the rest while it is looked at.
                std::fs::write(&path, &whole[..20]).expect("written");
                std::thread::sleep(Duration::from_millis(200));
                std::fs::write(&path, whole).expect("written");
            }
        });
        let writer = writer.expect("a thread");
        let (stamp, read) = next(&path, known, 1000, &Control::default()).expect("nobody stops it");
        writer.join().expect("it writes");
        assert_eq!(read.expect("it is whole").run.head(0, 0), [0.25]);
        std::fs::write(&path, "{\"tokens\":").expect("written");
        let (_, read) = next(&path, stamp, 1000, &Control::default()).expect("nobody stops it");
        assert!(read.expect_err("half a file").to_string().contains("not JSON"));
        let stop = Stop::default();
        stop.set();
        let control = Control::new(stop, |_: Progress| {});
        assert!(next(&path, None, 1000, &control).expect_err("it is stopped").is_stopped());
    }
}
