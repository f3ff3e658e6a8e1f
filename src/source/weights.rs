//! The weights of a model folder: every tensor by name, read as `f32` when it is asked for.
//!
//! Nothing is read before it is needed and nothing in a file is believed before it is checked. The files may be
//! safetensors or what PyTorch's `torch.save` writes, in one piece or in shards.

use super::safetensors;
use super::stored::{Disk, Place, shown};
use super::torch;
use crate::error::{Error, Result};
use crate::trace::Control;
use candle_core::DType;
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The files that hold weights, the best first.
const FILES: [&str; 4] =
    ["model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json"];

/// Files that hold weights which only other programs read.
const OTHERS: [&str; 4] = ["tf_model.h5", "flax_model.msgpack", "rust_model.ot", "model.onnx"];

/// How the file begins that Git leaves in place of one that is stored elsewhere.
const POINTER: &[u8] = b"version https://git-lfs";

/// The longest index of shards, in bytes.
const LONGEST_INDEX: u64 = 100_000_000;

/// What a checkpoint says of one tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// How its numbers are stored: candle's name for it, or the nearest where candle has none (`u8` for `bool`,
    /// `i16` for signed bytes, `i32` and `i64` for unsigned 16 and 64 bits).
    pub dtype: DType,
    /// The length of each axis.
    pub shape: Vec<usize>,
}

/// A tensor that can be read, and what became of it.
#[derive(Debug)]
struct Held {
    entry: Entry,
    file: usize,
    place: Place,
    read: AtomicBool,
    not_finite: AtomicBool,
    copy: AtomicBool,
}

/// An open checkpoint. Tensors are read one by one, from any thread.
#[derive(Debug)]
pub struct Weights {
    path: PathBuf,
    files: Vec<PathBuf>,
    disks: Vec<Disk>,
    held: BTreeMap<String, Held>,
    control: Control,
    /// Bytes read so far, and bytes that all tensors take.
    done: AtomicU64,
    total: u64,
}

impl Weights {
    /// Opens the weights in the model folder `path`, which may also be a file of weights itself: reads what tensors
    /// there are, but none of their numbers. `control` may stop this and every later read, and is told of progress
    /// in bytes.
    ///
    /// # Errors
    /// [`Error::Format`] if the folder has no weights, or if a file is damaged, incomplete or would run code.
    pub fn open(path: &Path, control: &Control) -> Result<Self> {
        let main = find(path)?;
        let mut weights = Self {
            path: path.to_path_buf(),
            files: Vec::new(),
            disks: Vec::new(),
            held: BTreeMap::new(),
            control: control.clone(),
            done: AtomicU64::new(0),
            total: 0,
        };
        if main.extension().is_some_and(|e| e == "json") {
            weights.add_shards(&main)?;
        } else {
            weights.add(&main, |_| true)?;
        }
        weights.total = weights.held.values().map(|h| h.place.bytes()).fold(0, u64::saturating_add);
        control.report("Reading weights", 0, weights.total);
        Ok(weights)
    }

    /// What was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The files that tensors are read from.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Every tensor, sorted by name.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.held.iter().map(|(name, held)| (name.as_str(), &held.entry))
    }

    /// Whether there is a tensor of this name, or of its older name (see [`Weights::read`]).
    pub fn contains(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The shape of the tensor that [`Weights::read`] would read.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.find(name).map(|(_, held)| held.entry.shape.as_slice())
    }

    /// Reads a tensor of the shape `wanted` as `f32`, row-major, whatever float it is stored as. Where there is no
    /// `X.weight` or `X.bias`, the names of old BERT checkpoints, `X.gamma` and `X.beta`, are tried.
    ///
    /// # Errors
    /// [`Error::MissingTensor`], [`Error::Shape`], or what is wrong with the file; whole numbers are, because they
    /// are no weights until a scale that is elsewhere is applied.
    pub fn read(&self, name: &str, wanted: &[usize]) -> Result<Vec<f32>> {
        let (_, held) = self.held(name)?;
        if held.entry.shape != wanted {
            return Err(Error::Shape {
                path: self.files[held.file].clone(),
                tensor: name.to_owned(),
                wanted: wanted.to_vec(),
                found: held.entry.shape.clone(),
            });
        }
        let element = held.place.element;
        if !element.is_float() {
            let name = shown(name);
            let what = format!("tensor `{name}` holds {element:?} and not floats: quantised weights are not read");
            return Err(self.disks[held.file].fault(what));
        }
        self.read_any(name)
    }

    /// Reads a tensor as `f32`, row-major, in the shape that it has and whatever it is stored as.
    pub fn read_any(&self, name: &str) -> Result<Vec<f32>> {
        let (_, held) = self.held(name)?;
        self.control.check()?;
        let mut tick = |bytes| {
            let done = self.done.fetch_add(bytes, Ordering::Relaxed) + bytes;
            self.control.report("Reading weights", done.min(self.total), self.total);
            self.control.check()
        };
        let values = held.place.read(&self.disks[held.file], &mut tick)?;
        held.read.store(true, Ordering::Relaxed);
        if values.iter().any(|v| !v.is_finite()) {
            held.not_finite.store(true, Ordering::Relaxed);
        }
        Ok(values)
    }

    /// Says that nobody needs a tensor that was read: from here on it is as if it had not been.
    pub fn disuse(&self, name: &str) {
        if let Some((_, held)) = self.find(name) {
            held.read.store(false, Ordering::Relaxed);
            held.not_finite.store(false, Ordering::Relaxed);
        }
    }

    /// Says that a tensor is a second copy of another one, which serves in its place.
    pub fn tie(&self, name: &str) {
        self.disuse(name);
        if let Some((_, held)) = self.find(name) {
            held.copy.store(true, Ordering::Relaxed);
        }
    }

    /// The names of the tensors that are second copies, sorted.
    pub fn tied(&self) -> Vec<String> {
        self.names(|held| held.copy.load(Ordering::Relaxed))
    }

    /// The names of the tensors that nobody has read, sorted.
    pub fn unused(&self) -> Vec<String> {
        self.names(|held| !held.read.load(Ordering::Relaxed))
    }

    /// The names of the tensors that were read and hold a NaN or an infinity, sorted.
    pub fn not_finite(&self) -> Vec<String> {
        self.names(|held| held.not_finite.load(Ordering::Relaxed))
    }

    fn names(&self, with: impl Fn(&Held) -> bool) -> Vec<String> {
        self.held.iter().filter(|(_, held)| with(held)).map(|(name, _)| name.clone()).collect()
    }

    fn held(&self, name: &str) -> Result<(&str, &Held)> {
        self.find(name).ok_or_else(|| {
            let path = if let [only] = self.files.as_slice() { only } else { &self.path };
            Error::MissingTensor { path: path.clone(), tensor: name.to_owned() }
        })
    }

    fn find(&self, name: &str) -> Option<(&str, &Held)> {
        let known = |name: &str| self.held.get_key_value(name).map(|(name, held)| (name.as_str(), held));
        known(name).or_else(|| known(&older(name)?))
    }

    /// Adds the tensors of one file that `belongs` accepts; gives the names of all that are in it.
    fn add(&mut self, path: &Path, belongs: impl Fn(&str) -> bool) -> Result<BTreeSet<String>> {
        self.control.check()?;
        let disk = Disk::open(path)?;
        let found = tensors(&disk, &self.control)?;
        let file = self.files.len();
        let names = found.keys().cloned().collect();
        for (name, place) in found {
            if !belongs(&name) {
                continue;
            }
            let entry = Entry { dtype: place.element.dtype(), shape: place.shape.clone() };
            let [read, not_finite, copy] = Default::default();
            let held = Held { entry, file, place, read, not_finite, copy };
            if let Some(other) = self.held.get(&name) {
                let other = self.files[other.file].file_name().unwrap_or_default().display();
                return Err(disk.fault(format!("tensor `{}` is also in {other}", shown(&name))));
            }
            self.held.insert(name, held);
        }
        self.files.push(path.to_path_buf());
        self.disks.push(disk);
        Ok(names)
    }

    /// Adds every shard that the index at `path` names.
    fn add_shards(&mut self, path: &Path) -> Result<()> {
        let index = Index::read(path)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let shards: BTreeSet<&str> = index.weight_map.values().map(String::as_str).collect();
        for shard in shards {
            if !is_plain(shard) {
                let shard = shown(shard);
                return Err(Error::format(path, format!("`{shard}` is not the name of a file in the same folder")));
            }
            let file = folder.join(shard);
            if !file.is_file() {
                return Err(Error::format(path, format!("its shard {} is missing from the folder", shown(shard))));
            }
            let names = self.add(&file, |name| index.weight_map.get(name).is_none_or(|s| s == shard))?;
            let mut promised = index.weight_map.iter().filter(|(_, s)| *s == shard).map(|(name, _)| name);
            if let Some(name) = promised.find(|name| !names.contains(*name)) {
                let (name, shard) = (shown(name), shown(shard));
                return Err(Error::format(path, format!("tensor `{name}` should be in {shard}, and is not")));
            }
        }
        Ok(())
    }
}

/// The file that says which tensor is in which shard.
#[derive(serde::Deserialize)]
struct Index {
    /// Tensor to file name.
    weight_map: BTreeMap<String, String>,
}

impl Index {
    fn read(path: &Path) -> Result<Self> {
        let disk = Disk::open(path)?;
        refuse_pointer(&disk)?;
        if disk.len() > LONGEST_INDEX {
            return Err(disk.fault(format!("an index of {} bytes is no index", disk.len())));
        }
        let index: Self = serde_json::from_slice(&disk.bytes(0, disk.len())?)
            .map_err(|e| disk.fault(format!("it does not say which shard has which tensor: {e}")))?;
        if index.weight_map.is_empty() {
            return Err(disk.fault("its `weight_map` names no tensor"));
        }
        Ok(index)
    }
}

/// The tensors of one file, whichever format it is in.
fn tensors(disk: &Disk, control: &Control) -> Result<BTreeMap<String, Place>> {
    refuse_pointer(disk)?;
    // A header of JSON after eight bytes of length can be nothing else, whatever the file is called.
    let named = disk.path().extension().is_some_and(|e| e == "safetensors");
    if named || (disk.len() > 8 && disk.bytes(8, 1)? == b"{") {
        return safetensors::tensors(disk);
    }
    torch::tensors(disk, control)
}

fn refuse_pointer(disk: &Disk) -> Result<()> {
    let head = disk.bytes(0, disk.len().min(POINTER.len() as u64))?;
    if head == POINTER {
        return Err(disk.fault(
            "it is a Git LFS pointer and not the file itself: run `git lfs pull` in the folder that it was cloned to",
        ));
    }
    Ok(())
}

/// The file to begin with: `path` itself, or the best one in the folder `path`.
fn find(path: &Path) -> Result<PathBuf> {
    let kind = std::fs::metadata(path).map_err(|e| Error::io(path, e))?;
    if kind.is_file() {
        return Ok(path.to_path_buf());
    }
    if !kind.is_dir() {
        return Err(Error::io(path, ErrorKind::InvalidInput.into()));
    }
    if let Some(found) = FILES.iter().map(|name| path.join(name)).find(|p| p.is_file()) {
        return Ok(found);
    }
    let other = OTHERS.iter().find(|name| path.join(name).is_file());
    let other = other.map(|name| format!(" ({name} is, but Lexiscope does not read that format)")).unwrap_or_default();
    let what = format!("there are no weights in this folder: none of {} is there{other}", FILES.join(", "));
    Err(Error::format(path, what))
}

/// What old checkpoints call the tensor `name`.
fn older(name: &str) -> Option<String> {
    let (stem, older) = match name.strip_suffix("weight") {
        Some(stem) => (stem, "gamma"),
        None => (name.strip_suffix("bias")?, "beta"),
    };
    (stem.is_empty() || stem.ends_with('.')).then(|| format!("{stem}{older}"))
}

/// Whether `name` names a file in the same folder, on every system.
fn is_plain(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    matches!((parts.next(), parts.next()), (Some(Component::Normal(only)), None) if only == name)
        && !name.contains(['/', '\\', ':', '\0'])
}
