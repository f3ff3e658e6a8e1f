//! Follows a file of attention that another program writes again and again.

use crate::engine::Imported;
use crate::error::{Error, Result};
use crate::trace::Control;
use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// How often the file is looked at.
const PERIOD: Duration = Duration::from_millis(300);
/// How many looks a file may be away, or change between each and the next, before something is done about it.
const PATIENCE: usize = 6;
/// How long a request to stop may wait.
const SLICE: Duration = Duration::from_millis(50);

/// What tells one writing of a file from the next: when, and how long it is.
pub type Stamp = Option<(SystemTime, u64)>;

/// The stamp of a file as it is; `None` while there is none.
pub fn stamp(path: &Path) -> Stamp {
    let meta = std::fs::metadata(path).ok()?;
    Some((meta.modified().ok()?, meta.len()))
}

/// Waits until the file is another than at `known` and has rested for one period, and reads it; one that does not rest
/// is read as soon as it is whole. What comes back is the new stamp and what was read, or why it could not be; a file
/// that stays away has no stamp.
pub fn next(path: &Path, known: Stamp, budget: u64, control: &Control) -> Result<(Stamp, Result<Imported>)> {
    let (mut last, mut looks) = (known, 0);
    loop {
        sleep(control)?;
        let now = stamp(path);
        let rests = now == last;
        last = now;
        looks = if now == known { 0 } else { looks + 1 };
        // Progress would draw attention to what nobody asked for just now.
        let read = || Imported::open(path, budget, &Control::default());
        match now {
            _ if looks == 0 => {}
            Some(_) if rests => return Ok((now, read())),
            // A program that saves may take the file away for a moment.
            _ if looks < PATIENCE => {}
            None => return Ok((None, Err(Error::io(path, ErrorKind::NotFound.into())))),
            Some(_) => {
                looks = 1;
                if let Ok(whole) = read() {
                    return Ok((now, Ok(whole)));
                }
            }
        }
    }
}

/// Waits for one period, or until it is stopped.
fn sleep(control: &Control) -> Result<()> {
    let mut waited = Duration::ZERO;
    while waited < PERIOD {
        control.check()?;
        std::thread::sleep(SLICE);
        waited += SLICE;
    }
    Ok(())
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

    #[test]
    fn a_file_that_never_rests_is_read_and_one_that_stays_away_is_missed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.json");
        std::fs::write(&path, "{}").expect("written");
        let known = stamp(&path);
        let done = Stop::default();
        let writer = std::thread::Builder::new().name("writer".to_owned()).spawn({
            let (path, done) = (path.clone(), done.clone());
            move || {
                // As a program does that means to be read: whole files take each other's place.
                for i in 0.. {
                    if done.is_set() {
                        break;
                    }
                    let next = path.with_extension("next");
                    let text = format!("{{\"tokens\": [\"a\"], \"attentions\": [[[[1.{}]]]]}}", "0".repeat(1 + i % 50));
                    std::fs::write(&next, text).expect("written");
                    std::fs::rename(next, &path).expect("put in its place");
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
        });
        let writer = writer.expect("a thread");
        // Whoever waits for it to rest waits for ever.
        let begun = std::time::Instant::now();
        let (stamp, read) = next(&path, known, 1000, &Control::default()).expect("nobody stops it");
        assert!(begun.elapsed() < Duration::from_secs(20));
        done.set();
        writer.join().expect("it writes");
        assert_eq!(read.expect("it is whole").run.head(0, 0), [1.0]);
        std::fs::remove_file(&path).expect("removed");
        let (gone, read) = next(&path, stamp, 1000, &Control::default()).expect("nobody stops it");
        assert!(gone.is_none() && read.is_err());
    }
}
