//! A file on its way: the bytes that are here and their checksum so far.

use super::digest::Digest;
use super::listing::Entry;
use super::session::network;
use crate::error::{Error, Result};
use crate::trace::Control;
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

/// How much is read between two looks at the stop flag.
pub(super) const BLOCK: usize = 128 << 10;

/// A file that is being filled.
pub(super) struct Part<'a> {
    path: &'a Path,
    pub(super) entry: &'a Entry,
    file: File,
    /// Bytes that are here.
    pub(super) have: u64,
    digest: Digest,
}

impl<'a> Part<'a> {
    /// Opens what an earlier download left, or begins.
    pub(super) fn open(path: &'a Path, entry: &'a Entry, control: &Control) -> Result<Self> {
        let io = |e| Error::io(path, e);
        let file = File::options().read(true).write(true).create(true).truncate(false).open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        let mut part = Self { path, entry, file, have: 0, digest: Digest::new(&entry.sum, entry.size) };
        if length > entry.size {
            part.file.set_len(0).map_err(io)?;
            return Ok(part);
        }
        let mut block = vec![0; BLOCK];
        while part.have < length {
            control.check()?;
            let n = part.file.read(&mut block).map_err(io)?;
            if n == 0 {
                break;
            }
            part.digest.update(&block[..n]);
            part.have += n as u64;
        }
        Ok(part)
    }

    /// Forgets what is here.
    pub(super) fn restart(&mut self) -> Result<()> {
        if self.have > 0 {
            let emptied = self.file.set_len(0).and_then(|()| self.file.seek(SeekFrom::Start(0)));
            emptied.map_err(|e| Error::io(self.path, e))?;
            self.have = 0;
            self.digest = Digest::new(&self.entry.sum, self.entry.size);
        }
        Ok(())
    }

    /// Adds what came from `url`.
    pub(super) fn append(&mut self, bytes: &[u8], url: &str) -> Result<()> {
        if bytes.len() as u64 > self.entry.size - self.have {
            return Err(self.spoiled(url, "the server sent more bytes than the file has"));
        }
        self.file.write_all(bytes).map_err(|e| Error::io(self.path, e))?;
        self.digest.update(bytes);
        self.have += bytes.len() as u64;
        Ok(())
    }

    /// The file is there: is it the right one?
    pub(super) fn finish(mut self, url: &str) -> Result<()> {
        self.file.sync_all().map_err(|e| Error::io(self.path, e))?;
        let digest = std::mem::replace(&mut self.digest, Digest::new(&self.entry.sum, 0));
        if digest.finish() == self.entry.sum {
            return Ok(());
        }
        Err(self.spoiled(url, "the file arrived damaged: its checksum is another than the hub's"))
    }

    /// Nothing of the file can be used.
    fn spoiled(&self, url: &str, what: &str) -> Error {
        match fs::remove_file(self.path) {
            Ok(()) => network(url, what),
            Err(e) => Error::io(self.path, e),
        }
    }
}
