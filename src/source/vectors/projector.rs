//! The files of the Embedding Projector: `projector_config.json`, which names tensors and metadata, and `.bytes`, numbers
//! as little-endian `f32` and nothing else.

use super::super::find;
use super::super::stored::{Disk, Element, Place, shown};
use super::builder::{check_budget, needed};
use super::columns::Labels;
use super::matrix::{self, Offer};
use super::numbers::Numbers;
use super::{Opening, Vectors};
use crate::error::{Error, Result};
use crate::trace::Control;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The longest configuration that is read.
const LONGEST: u64 = 16 << 20;
/// What the file is called that names all others.
pub const CONFIG: &str = "projector_config.json";

#[derive(Deserialize)]
struct Config {
    embeddings: Vec<Embedding>,
}

/// One space of a configuration, of which only this is of use.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Embedding {
    #[serde(default)]
    tensor_name: String,
    #[serde(default)]
    tensor_shape: Vec<usize>,
    #[serde(default)]
    tensor_path: String,
    metadata_path: Option<String>,
}

/// Opens a space of a configuration.
pub fn configured(path: &Path, opening: &Opening, control: &Control) -> Result<Vectors> {
    let text = find::read_text(path, LONGEST)?;
    let config: Config =
        serde_json::from_str(&text).map_err(|e| Error::format(path, format!("it is no list of embeddings: {e}")))?;
    let offers: Vec<Offer> = config
        .embeddings
        .iter()
        .map(|e| Offer { name: e.tensor_name.clone(), shape: e.tensor_shape.clone(), is_float: true })
        .collect();
    // Where only one is named, its shape may be left to its file.
    let at = match config.embeddings.as_slice() {
        [_] if opening.tensor.is_none() => 0,
        _ => matrix::choose(path, &offers, opening.tensor.as_deref(), &[])?.0,
    };
    let embedding = &config.embeddings[at];
    let tensor = beside(path, &embedding.tensor_path)?;
    let metadata = embedding.metadata_path.as_deref().filter(|name| !name.is_empty());
    let labels = match (&opening.labels, metadata) {
        (Some(labels), _) => Some(labels.clone()),
        (None, Some(metadata)) => Some(beside(path, metadata)?),
        (None, None) => None,
    };
    let shape = match embedding.tensor_shape.as_slice() {
        &[rows, width] if rows > 0 && width > 0 => Some((rows, width)),
        _ => None,
    };
    let inner = Opening { labels, tensor: None, metadata: None, ..opening.clone() };
    let mut vectors = if is_raw(&tensor) {
        raw(&Disk::open(&tensor)?, shape, &inner, control)?
    } else {
        Vectors::open(&tensor, &inner, control)?
    };
    if let Some((rows, width)) = shape.filter(|shape| shape.1 != vectors.rows.width()) {
        let found = vectors.rows.width();
        return Err(Error::format(
            path,
            format!(
                "it says that `{}` is {rows} x {width}, and its rows have {found} numbers",
                shown(&embedding.tensor_name)
            ),
        ));
    }
    path.clone_into(&mut vectors.path);
    Ok(vectors)
}

/// Whether a file is one of numbers and nothing else.
pub fn is_raw(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("bytes"))
}

/// Opens a `.bytes`. Its width is what the person says, what a configuration beside it says, or what its words, of which
/// there is one to a row, leave.
pub fn bytes(disk: &Disk, opening: &Opening, control: &Control) -> Result<Vectors> {
    let path = disk.path();
    if opening.width.is_none() {
        let config = path.with_file_name(CONFIG);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if let Some(tensor) = named_in(&config, &name) {
            let mut vectors = configured(&config, &Opening { tensor: Some(tensor), ..opening.clone() }, control)?;
            path.clone_into(&mut vectors.path);
            return Ok(vectors);
        }
    }
    raw(disk, None, opening, control)
}

/// What a configuration, if there is one, calls the tensor that is in the file `name`.
fn named_in(config: &Path, name: &str) -> Option<String> {
    let config: Config = serde_json::from_str(&find::read_text(config, LONGEST).ok()?).ok()?;
    let mut found = config.embeddings.into_iter();
    found.find(|e| Path::new(&e.tensor_path).file_name().is_some_and(|n| n == name)).map(|e| e.tensor_name)
}

/// The file that a configuration names.
fn beside(config: &Path, name: &str) -> Result<PathBuf> {
    if name.contains("://") {
        let what =
            format!("it names `{}`, which is not on this machine: download it and name it in its place", shown(name));
        return Err(Error::unsupported(config, what));
    }
    let file = config.parent().unwrap_or(Path::new("")).join(name);
    if name.is_empty() || !file.is_file() {
        return Err(Error::format(config, format!("it names `{}`, and there is no such file", shown(name))));
    }
    Ok(file)
}

fn raw(disk: &Disk, shape: Option<(usize, usize)>, opening: &Opening, control: &Control) -> Result<Vectors> {
    let path = disk.path();
    let len = disk.len();
    if len == 0 {
        return Err(disk.fault("it is empty"));
    }
    let labels = opening.labels.as_deref();
    let width = match (opening.width, shape, labels) {
        (Some(width), ..) => width as u64,
        (None, Some((rows, width)), _) => {
            let wanted = (rows as u64).checked_mul(width as u64).and_then(|n| n.checked_mul(4));
            if wanted != Some(len) {
                return Err(disk.fault(format!("{rows} x {width} numbers are not the {len} bytes that it has")));
            }
            width as u64
        }
        (None, None, Some(labels)) => {
            let rows = Labels::count(labels, control)?;
            // There may be a line of names before the words.
            let fits = |rows: u64| (rows > 0 && len.is_multiple_of(rows * 4)).then(|| len / rows / 4);
            match (fits(rows), rows.checked_sub(1).and_then(fits)) {
                (Some(width), None) | (None, Some(width)) => width,
                _ => return Err(disk.fault(width_is_open())),
            }
        }
        _ => return Err(disk.fault(width_is_open())),
    };
    if width == 0 || !len.is_multiple_of(width.saturating_mul(4)) {
        return Err(disk.fault(format!("its {len} bytes are no rows of {width} numbers")));
    }
    let rows = (len / 4 / width) as usize;
    let wanted = opening.limit.map_or(rows, |limit| limit.min(rows));
    check_budget(path, needed(wanted as u64, width as usize), opening)?;
    let place = Place { element: Element::F32, shape: vec![wanted, width as usize], start: 0, strides: None };
    let values = matrix::read(disk, &place, control)?;
    Numbers::new("raw numbers", values, width as usize, rows).named(path, opening, control)
}

fn width_is_open() -> String {
    format!("it does not say how many numbers a row has: say it (--width), or put a {CONFIG} beside it")
}
