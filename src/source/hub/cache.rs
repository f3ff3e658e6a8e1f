//! One model's place in the cache, as every hub library lays it out:
//!
//! ```text
//! models--org--name/blobs/<checksum>             the content, with `.incomplete` while it is downloaded
//! models--org--name/snapshots/<commit>/<file>    a link to the content
//! models--org--name/refs/main                    the commit
//! ```

use super::digest::is_hex;
use super::listing::{Entry, is_plain, shown};
use crate::error::{Error, Result};
use crate::trace::Control;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, TryLockError};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where weights may lie, the best first. An index names the files that a large model is split into.
pub(super) const WEIGHTS: [&str; 4] =
    ["model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json"];

/// The longest index that is read.
const INDEX_LIMIT: u64 = 16 << 20;

/// A model's folder in the cache.
#[derive(Debug)]
pub(super) struct Repo {
    root: PathBuf,
    locks: PathBuf,
}

impl Repo {
    pub(super) fn new(cache: &Path, id: &str) -> Self {
        let folder = format!("models--{}", id.replace('/', "--"));
        Self { root: cache.join(&folder), locks: cache.join(".locks").join(folder) }
    }

    /// The folder of a commit's files.
    pub(super) fn snapshot(&self, commit: &str) -> PathBuf {
        self.root.join("snapshots").join(commit)
    }

    /// The commit that the main branch was at when it was last downloaded.
    pub(super) fn main(&self) -> Option<String> {
        let mut text = String::new();
        File::open(self.root.join("refs").join("main")).ok()?.take(128).read_to_string(&mut text).ok()?;
        let commit = text.trim();
        is_hex(commit, 40).then(|| commit.to_owned())
    }

    /// Notes that the main branch is at `commit`, whose files are all there.
    pub(super) fn set_main(&self, commit: &str) -> Result<()> {
        let path = self.root.join("refs").join("main");
        let fresh = path.with_added_extension("new");
        make_parent(&path)?;
        fs::write(&fresh, commit).map_err(|e| Error::io(&fresh, e))?;
        fs::rename(&fresh, &path).map_err(|e| Error::io(&path, e))
    }

    /// Puts a file into its snapshot. `download` fills the path that it is given, unless the content is here already.
    pub(super) fn place(
        &self,
        commit: &str,
        entry: &Entry,
        control: &Control,
        download: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<()> {
        let at = self.snapshot(commit).join(&entry.name);
        if holds(&at, entry.size) {
            return Ok(());
        }
        let blob = self.root.join("blobs").join(entry.sum.hex());
        make_parent(&at)?;
        make_parent(&blob)?;
        let _alone = self.lock(entry, control)?;
        if holds(&at, entry.size) {
            return Ok(());
        }
        if !holds(&blob, entry.size) {
            let partial = blob.with_added_extension("incomplete");
            download(&partial)?;
            fs::rename(&partial, &blob).map_err(|e| Error::io(&blob, e))?;
        }
        link(&blob, &at)
    }

    /// Waits until nobody else, in this process or another, downloads the same content.
    fn lock(&self, entry: &Entry, control: &Control) -> Result<File> {
        let path = self.locks.join(format!("{}.lock", entry.sum.hex()));
        make_parent(&path)?;
        let file =
            File::options().write(true).create(true).truncate(false).open(&path).map_err(|e| Error::io(&path, e))?;
        // A file system without locks has to do without.
        while let Err(TryLockError::WouldBlock) = file.try_lock() {
            control.check()?;
            control.report(&format!("Waiting for another download of {}", entry.name), 0, entry.size);
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(file)
    }
}

/// Whether a folder has a configuration and all of its weights.
pub(super) fn is_complete(folder: &Path) -> bool {
    let has = |name: &str| folder.join(name).is_file();
    let has_weights = |name: &str| {
        has(name) && (!is_index(name) || shards(&folder.join(name)).is_ok_and(|files| files.iter().all(|f| has(f))))
    };
    has("config.json") && WEIGHTS.iter().any(|name| has_weights(name))
}

/// Whether a file of weights only names the files with the numbers.
pub(super) fn is_index(name: &str) -> bool {
    name.ends_with(".index.json")
}

/// The files that an index names, each once.
pub(super) fn shards(index: &Path) -> Result<BTreeSet<String>> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    let mut json = Vec::new();
    let file = File::open(index).map_err(|e| Error::io(index, e))?;
    file.take(INDEX_LIMIT).read_to_end(&mut json).map_err(|e| Error::io(index, e))?;
    let map: Index = serde_json::from_slice(&json).map_err(|e| Error::format(index, e.to_string()))?;
    let names: BTreeSet<String> = map.weight_map.into_values().collect();
    match names.iter().find(|name| !is_plain(name)) {
        Some(bad) => Err(Error::format(index, format!("`{}` is no name of a file of weights", shown(bad)))),
        None if names.is_empty() => Err(Error::format(index, "it names no files of weights")),
        None => Ok(names),
    }
}

fn holds(path: &Path, size: u64) -> bool {
    fs::metadata(path).is_ok_and(|m| m.is_file() && m.len() == size)
}

fn make_parent(path: &Path) -> Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(|e| Error::io(parent, e))
}

/// Makes `at` show the content of `blob`: by a relative link, else by a second name, else by a copy.
fn link(blob: &Path, at: &Path) -> Result<()> {
    let fresh = at.with_added_extension("new");
    match fs::remove_file(&fresh) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(Error::io(&fresh, e)),
        _ => {}
    }
    if !link_relative(blob, &fresh) && fs::hard_link(blob, &fresh).is_err() {
        fs::copy(blob, &fresh).map_err(|e| Error::io(&fresh, e))?;
    }
    fs::rename(&fresh, at).map_err(|e| Error::io(at, e))
}

/// Links a file of a snapshot to its content in `blobs`, where the system has such links for everybody.
#[cfg(unix)]
fn link_relative(blob: &Path, at: &Path) -> bool {
    let name = blob.file_name().unwrap_or_default();
    std::os::unix::fs::symlink(Path::new("../../blobs").join(name), at).is_ok()
}

#[cfg(not(unix))]
fn link_relative(_: &Path, _: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_model_is_complete_with_its_last_shard() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("it can be written");
        write("config.json", "{}");
        write("model.safetensors.index.json", r#"{"weight_map":{"a":"m-1.safetensors","b":"m-2.safetensors"}}"#);
        write("m-1.safetensors", "1");
        assert!(!is_complete(folder.path()));
        write("m-2.safetensors", "2");
        assert!(is_complete(folder.path()));
    }

    #[test]
    fn an_index_cannot_point_out_of_its_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let index = folder.path().join("model.safetensors.index.json");
        fs::write(&index, r#"{"weight_map":{"a":"../other/model.safetensors"}}"#).expect("it can be written");
        let error = shards(&index).expect_err("a name with a folder in it");
        assert!(error.to_string().contains("../other"), "{error}");
    }

    #[test]
    fn what_a_link_cannot_do_a_second_name_or_a_copy_does() {
        let folder = tempfile::tempdir().expect("a folder");
        let blob = folder.path().join("blobs").join("abc");
        let at = folder.path().join("snapshots").join("c0").join("config.json");
        make_parent(&blob).and_then(|()| make_parent(&at)).expect("folders");
        fs::write(&blob, "{}").expect("it can be written");
        fs::write(&at, "older").expect("it can be written");
        link(&blob, &at).expect("one of the three works");
        assert_eq!(fs::read_to_string(&at).expect("it shows the content"), "{}");
    }
}
