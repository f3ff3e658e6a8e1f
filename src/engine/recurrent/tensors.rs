//! Tensors by name, from whichever file they are in.

use super::guess::closest;
use crate::error::{Error, Result};
use crate::model::recurrent::Stored;
use crate::source::hdf5::Hdf5;
use crate::source::manifest::Manifest;
use crate::source::weights::Weights;
use crate::trace::Control;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The most names that a message lists.
const LISTED: usize = 12;

/// An open file of tensors.
pub(super) struct Tensors {
    path: PathBuf,
    file: File,
    shapes: BTreeMap<String, Vec<usize>>,
}

enum File {
    Weights(Box<Weights>),
    Hdf5(Box<Hdf5>),
    Manifest(Manifest),
}

impl Tensors {
    pub(super) fn open(path: &Path, control: &Control) -> Result<Self> {
        let file = if path.extension().is_some_and(|e| e == "json") {
            File::Manifest(Manifest::open(path)?)
        } else if Hdf5::is_one(path) {
            File::Hdf5(Box::new(Hdf5::open(path, control)?))
        } else {
            File::Weights(Box::new(Weights::open(path, control)?))
        };
        let owned = |(name, shape): (&str, &[usize])| (name.to_owned(), shape.to_vec());
        let shapes = match &file {
            File::Weights(weights) => weights.entries().map(|(name, e)| owned((name, &e.shape))).collect(),
            File::Hdf5(file) => file.datasets().map(|name| owned((name, file.shape(name).unwrap_or(&[])))).collect(),
            File::Manifest(manifest) => manifest.entries().map(owned).collect(),
        };
        Ok(Self { path: path.to_path_buf(), file, shapes })
    }

    /// The file, and those beside it that it names.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        match &self.file {
            File::Weights(weights) => weights.files().to_vec(),
            File::Hdf5(_) => vec![self.path.clone()],
            File::Manifest(manifest) => manifest.files(),
        }
    }

    /// As an HDF5 file, if it is one.
    pub(super) fn hdf5(&self) -> Option<&Hdf5> {
        match &self.file {
            File::Hdf5(file) => Some(file),
            _ => None,
        }
    }

    /// Every name with its shape, sorted.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &[usize])> {
        self.shapes.iter().map(|(name, shape)| (name.as_str(), shape.as_slice()))
    }

    pub(super) fn shape(&self, name: &str) -> Option<&[usize]> {
        self.shapes.get(name).map(Vec::as_slice)
    }

    /// A tensor.
    ///
    /// # Errors
    /// Where there is none of this name, with the one that is closest and what there is.
    pub(super) fn read(&self, name: &str) -> Result<Stored> {
        let Some(shape) = self.shapes.get(name) else {
            let hint = closest(name, self.shapes.keys().map(String::as_str));
            let hint = hint.map(|close| format!("; the closest is `{close}`")).unwrap_or_default();
            return Err(self.wrong(format!("there is no tensor `{name}`{hint} (found: {})", self.listed())));
        };
        let values = match &self.file {
            File::Weights(weights) => weights.read(name, shape)?,
            File::Hdf5(file) => file.read(name)?,
            File::Manifest(manifest) => manifest.read(name)?,
        };
        if let Some(i) = values.iter().position(|x| !x.is_finite()) {
            return Err(self.wrong(format!("tensor `{name}` has a number that is not finite, at place {i}")));
        }
        Ok(Stored { shape: shape.clone(), values })
    }

    /// A tensor with one axis.
    pub(super) fn row(&self, name: &str) -> Result<Vec<f32>> {
        Ok(self.read(name)?.values)
    }

    /// An error about the file.
    pub(super) fn wrong(&self, what: impl Into<String>) -> Error {
        Error::unsupported(&self.path, what)
    }

    /// The names and shapes that there are, so many as fit into a message.
    pub(super) fn listed(&self) -> String {
        let shown: Vec<String> = self.shapes.iter().take(LISTED).map(|(name, s)| format!("{name} {s:?}")).collect();
        let more = self.shapes.len().saturating_sub(LISTED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        shown.join(", ") + &more
    }
}
