//! Files that are written whole or not at all.

use crate::error::{Error, Result};
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Writes `path` by way of a file beside it, which takes its place when all is written. On failure nothing is left
/// and a file that was there before is as it was.
pub(super) fn save(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Result<()> {
    let saved = || -> io::Result<()> {
        let (part, file) = Part::create(path)?;
        let mut out = BufWriter::with_capacity(1 << 20, file);
        write(&mut out)?;
        out.flush()?;
        drop(out);
        part.keep(path)
    };
    saved().map_err(|e| Error::io(path, e))
}

/// A file under way, removed unless it is kept.
pub(super) struct Part(PathBuf);

impl Part {
    /// A new file in the folder of `path`.
    pub(super) fn create(path: &Path) -> io::Result<(Self, File)> {
        let process = std::process::id();
        for number in 0.. {
            let part = path.with_file_name(format!(".lexiscope-{process}-{number}.part"));
            match OpenOptions::new().read(true).write(true).create_new(true).open(&part) {
                Ok(file) => return Ok((Self(part), file)),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    pub(super) fn keep(self, path: &Path) -> io::Result<()> {
        std::fs::rename(&self.0, path)?;
        // Its name is gone, so there is nothing to remove.
        std::mem::forget(self);
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.csv");
        save(&path, |out| out.write_all(b"old")).expect("it is written");
        let failing = save(&path, |out| out.write_all(b"new").and(Err(io::ErrorKind::StorageFull.into())));
        assert!(failing.expect_err("it fails").remedy().expect("a remedy").contains("disk space"));
        assert_eq!(std::fs::read(&path).expect("it is there"), b"old");
        save(&path, |out| out.write_all(b"newer")).expect("it is replaced");
        assert_eq!(std::fs::read(&path).expect("it is there"), b"newer");
        assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 1);
        assert!(save(folder.path(), |_| Ok(())).is_err(), "a folder is not replaced");
    }
}
