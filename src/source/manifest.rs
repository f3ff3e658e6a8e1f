//! Weights as ml5 ships them: a `manifest.json` that names tensors, and for each a file of raw floats beside it.

use super::find::read_text;
use super::stored::{Disk, Element, Place, count, shown};
use crate::error::{Error, Result};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The longest manifest, in bytes.
const LONGEST: u64 = 16 << 20;

/// What a manifest says of one tensor.
#[derive(Debug, Deserialize)]
struct Claim {
    filename: String,
    shape: Vec<usize>,
}

/// An open manifest.
#[derive(Debug)]
pub struct Manifest {
    path: PathBuf,
    claims: BTreeMap<String, Claim>,
}

impl Manifest {
    /// Reads what tensors there are, but none of their numbers.
    pub fn open(path: &Path) -> Result<Self> {
        let text = read_text(path, LONGEST)?;
        let claims: BTreeMap<String, Claim> = serde_json::from_str(&text)
            .map_err(|e| Error::format(path, format!("it is no list of tensors with `filename` and `shape`: {e}")))?;
        let is_plain =
            |name: &str| !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', ':', '\0']);
        if let Some((name, claim)) = claims.iter().find(|(_, claim)| !is_plain(&claim.filename)) {
            let (name, file) = (shown(name), shown(&claim.filename));
            return Err(Error::format(path, format!("tensor `{name}`: `{file}` is no name of a file in the folder")));
        }
        Ok(Self { path: path.to_path_buf(), claims })
    }

    /// Every tensor with its shape, sorted by name.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &[usize])> {
        self.claims.iter().map(|(name, claim)| (name.as_str(), claim.shape.as_slice()))
    }

    /// The manifest and the files of the tensors.
    pub fn files(&self) -> Vec<PathBuf> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let files = self.claims.values().map(|claim| folder.join(&claim.filename));
        std::iter::once(self.path.clone()).chain(files).collect()
    }

    /// The numbers of a tensor, row-major.
    pub fn read(&self, name: &str) -> Result<Vec<f32>> {
        let missing = || Error::MissingTensor { path: self.path.clone(), tensor: name.to_owned() };
        let claim = self.claims.get(name).ok_or_else(missing)?;
        let disk = Disk::open(&self.path.with_file_name(&claim.filename))?;
        let bytes = count(&claim.shape).and_then(|n| n.checked_mul(4));
        if bytes != Some(disk.len()) {
            let (found, name) = (disk.len(), shown(name));
            return Err(
                disk.fault(format!("it has {found} bytes, which is not what {:?} of `{name}` takes", claim.shape))
            );
        }
        Place { element: Element::F32, shape: claim.shape.clone(), start: 0, strides: None }
            .read(&disk, &mut |_| Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_another_length_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("manifest.json");
        std::fs::write(&path, r#"{"b": {"filename": "b", "shape": [2]}, "x": {"filename": "x", "shape": [2, 2]}}"#)
            .expect("written");
        std::fs::write(folder.path().join("b"), [1.5f32, -2.0].map(f32::to_le_bytes).concat()).expect("written");
        std::fs::write(folder.path().join("x"), [0u8; 15]).expect("written");
        let manifest = Manifest::open(&path).expect("it is one");
        assert_eq!(manifest.read("b").expect("two numbers"), [1.5, -2.0]);
        assert!(manifest.read("x").expect_err("a byte is missing").to_string().contains("15 bytes"));
        assert!(manifest.read("y").is_err());
        std::fs::write(&path, r#"{"b": {"filename": "../b", "shape": [2]}}"#).expect("written");
        assert!(Manifest::open(&path).expect_err("another folder").to_string().contains("no name of a file"));
    }
}
