//! HDF5 files, as Keras, ELMo and LSTMVis use them: groups, datasets of numbers and strings, attributes.
//!
//! Read are superblocks of versions 0 to 3; groups with a table of symbols or with links in their headers; data that is
//! contiguous, compact, or in chunks under a version 1 B-tree; deflate, shuffle, LZF and checksums. What else the format
//! has is named and refused. No length in a file is believed before it is checked, and every walk ends.

mod chunks;
mod cursor;
mod groups;
mod header;
mod inflate;
mod kind;
mod lzf;

use super::stored::{Disk, shown};
use crate::error::{Error, Result};
use crate::trace::Control;
use cursor::Sizes;
use header::{Attribute, Header, Layout};
use kind::{Class, Kind};
use std::collections::BTreeMap;
use std::path::Path;

/// How a file begins; what is before it, if anything, is 512 bytes or a power of two times as many.
const SIGNATURE: &[u8] = b"\x89HDF\r\n\x1a\n";

/// The most bytes to which the bytes of a file can grow: deflate turns 1 into 1,032 at best.
const GROWTH: u64 = 1032;

/// An open file, of which everything but the numbers has been read.
#[derive(Debug)]
pub struct Hdf5 {
    disk: Disk,
    sizes: Sizes,
    objects: BTreeMap<String, Header>,
}

impl Hdf5 {
    /// Whether a file begins as these do.
    pub fn is_one(path: &Path) -> bool {
        let Ok(disk) = Disk::open(path) else { return false };
        signature(&disk).is_ok_and(|at| at.is_some())
    }

    /// Opens a file and reads what there is in it.
    ///
    /// # Errors
    /// [`Error::Format`] with the byte at fault, [`Error::Unsupported`] for what is sound and not read.
    pub fn open(path: &Path, control: &Control) -> Result<Self> {
        let disk = Disk::open(path)?;
        let Some(at) = signature(&disk)? else {
            return Err(disk.fault("it is no HDF5 file: it does not begin with the format's signature"));
        };
        let (sizes, root) = superblock(&disk, at)?;
        let objects = groups::walk(&disk, sizes, root, control)?;
        Ok(Self { disk, sizes, objects })
    }

    /// The names of all datasets, from the root on without a leading slash, sorted.
    pub fn datasets(&self) -> impl Iterator<Item = &str> {
        self.objects.iter().filter(|(_, object)| object.is_dataset()).map(|(name, _)| name.as_str())
    }

    /// The shape of a dataset, if there is one of this name.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        let object = self.objects.get(name)?;
        object.shape.as_deref().filter(|_| object.is_dataset())
    }

    /// The numbers of a dataset, row-major.
    pub fn read(&self, name: &str) -> Result<Vec<f32>> {
        let (object, kind) = self.dataset(name)?;
        let Class::Number(element) = kind.class else { return Err(self.wrong(name, kind, "numbers")) };
        let bytes = self.bytes(name, object, kind)?;
        let mut values = Vec::new();
        element.widen(&bytes, &mut values);
        Ok(values)
    }

    /// The texts of a dataset.
    pub fn texts(&self, name: &str) -> Result<Vec<String>> {
        let (object, kind) = self.dataset(name)?;
        let bytes = self.bytes(name, object, kind)?;
        self.strings(kind, &bytes)?.ok_or_else(|| self.wrong(name, kind, "texts"))
    }

    /// The texts of an attribute of the object called `name` (the root is the empty name); `None` where there is no such
    /// attribute, or where it holds no texts.
    pub fn attribute(&self, name: &str, attribute: &str) -> Result<Option<Vec<String>>> {
        let found = self.objects.get(name).and_then(|object| object.attributes.iter().find(|a| a.name == attribute));
        let Some(Attribute { kind, bytes, .. }) = found else { return Ok(None) };
        self.strings(kind, bytes)
    }

    fn dataset(&self, name: &str) -> Result<(&Header, &Kind)> {
        let missing = || Error::MissingTensor { path: self.disk.path().to_path_buf(), tensor: name.to_owned() };
        let object = self.objects.get(name).filter(|object| object.is_dataset()).ok_or_else(missing)?;
        Ok((object, object.kind.as_ref().ok_or_else(missing)?))
    }

    fn wrong(&self, name: &str, kind: &Kind, wanted: &str) -> Error {
        let what = format!("dataset `{}` holds {} and not {wanted}", shown(name), kind.name());
        Error::unsupported(self.disk.path(), what)
    }

    /// The texts that bytes of this kind are; `None` where they are no texts.
    fn strings(&self, kind: &Kind, bytes: &[u8]) -> Result<Option<Vec<String>>> {
        let clean = |bytes: &[u8]| {
            let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
            String::from_utf8_lossy(&bytes[..end]).trim_end_matches(' ').to_owned()
        };
        Ok(match kind.class {
            Class::Text => Some(bytes.chunks_exact(kind.size.max(1)).map(clean).collect()),
            Class::LongText => {
                let items = bytes.chunks_exact(kind.size.max(1));
                let texts = items.map(|item| groups::global(&self.disk, self.sizes, item).map(|b| clean(&b)));
                Some(texts.collect::<Result<_>>()?)
            }
            _ => None,
        })
    }

    /// All bytes of a dataset, as they are in memory.
    fn bytes(&self, name: &str, object: &Header, kind: &Kind) -> Result<Vec<u8>> {
        let shape = object.shape.clone().unwrap_or_default();
        let count = super::stored::count(&shape).and_then(|n| n.checked_mul(kind.size as u64));
        let most = self.disk.len().saturating_mul(GROWTH);
        let shown = shown(name);
        let total = count.filter(|n| *n <= most).ok_or_else(|| {
            self.disk.fault(format!("dataset `{shown}` claims to be {shape:?}, more than the file can hold"))
        })?;
        let mut bytes = match &object.layout {
            None => Vec::new(),
            Some(Layout::Compact(bytes)) => bytes.clone(),
            // Nothing was ever written: it is full of zeros.
            Some(Layout::Contiguous { start: None, .. }) => self.zeros(total, &shown)?,
            Some(Layout::Contiguous { start: Some(start), len }) => {
                let what = |e| inside(&shown, e);
                self.disk.bytes(self.sizes.place(*start), (*len).min(total)).map_err(what)?
            }
            Some(Layout::Chunks { index, chunk }) => {
                let mut bytes = self.zeros(total, &shown)?;
                let dataset = chunks::Dataset { shape: &shape, chunk, size: kind.size, filters: &object.filters };
                chunks::read(&self.disk, self.sizes, index, &dataset, &mut bytes).map_err(|e| inside(&shown, e))?;
                bytes
            }
        };
        if bytes.len() as u64 != total {
            let found = bytes.len();
            return Err(self.disk.fault(format!("dataset `{shown}` should have {total} bytes and has {found}")));
        }
        kind.turn(&mut bytes);
        Ok(bytes)
    }

    fn zeros(&self, total: u64, name: &str) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        match usize::try_from(total).ok().and_then(|n| bytes.try_reserve_exact(n).ok().map(|()| n)) {
            Some(n) => bytes.resize(n, 0),
            None => return Err(self.disk.fault(format!("there is not enough memory for dataset `{name}`"))),
        }
        Ok(bytes)
    }
}

/// An error, with the dataset that it is in.
fn inside(name: &str, error: Error) -> Error {
    match error {
        Error::Format { path, what } => Error::Format { path, what: format!("dataset `{name}`: {what}") },
        Error::Unsupported { path, what } => Error::Unsupported { path, what: format!("dataset `{name}`: {what}") },
        other => other,
    }
}

/// Where the superblock is.
fn signature(disk: &Disk) -> Result<Option<u64>> {
    let mut at = 0;
    loop {
        if disk.room(at, SIGNATURE.len() as u64).is_err() {
            return Ok(None);
        }
        if disk.bytes(at, SIGNATURE.len() as u64)? == SIGNATURE {
            return Ok(Some(at));
        }
        at = if at == 0 { 512 } else { at * 2 };
    }
}

/// The sizes that a file uses, and where the header of its root group is.
fn superblock(disk: &Disk, at: u64) -> Result<(Sizes, u64)> {
    let head = disk.bytes(at, (disk.len() - at).min(128))?;
    let byte = |i: usize| head.get(i).copied().unwrap_or(0);
    let version = byte(8);
    let (offset, length, start) = match version {
        0 => (byte(13), byte(14), 24),
        1 => (byte(13), byte(14), 28),
        2 | 3 => (byte(9), byte(10), 12),
        _ => return Err(Error::unsupported(disk.path(), format!("its superblock is of version {version}"))),
    };
    let mut sizes = Sizes::new(offset, length).ok_or_else(|| {
        disk.fault(format!("byte {at}: addresses of {offset} and lengths of {length} bytes are not possible"))
    })?;
    let mut cursor = cursor::Cursor::new(&head, at, sizes, disk);
    cursor.skip(start)?;
    let base = cursor.address()?;
    // Free space or an extension, the end of the file; of the old versions also the driver.
    cursor.address()?;
    cursor.address()?;
    if version < 2 {
        cursor.address()?;
        // The name of the root.
        cursor.address()?;
    }
    let root = cursor.address()?;
    sizes.base = base.unwrap_or(0);
    root.map(|root| (sizes, root)).ok_or_else(|| disk.fault("it has no root group"))
}
