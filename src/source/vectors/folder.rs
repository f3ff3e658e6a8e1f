//! Folders: the input embedding of a model, or vectors with what belongs to them.

use super::super::find;
use super::super::stored::shown;
use super::super::tokenizer::Tokenizer;
use super::super::weights::Weights;
use super::builder::{check_budget, needed};
use super::columns::Labels;
use super::matrix::{self, Offer};
use super::numbers::Numbers;
use super::{Opening, Vectors, projector};
use crate::error::{Error, Result};
use crate::trace::Control;
use std::path::{Path, PathBuf};

/// The longest `config.json` that is read.
const LONGEST_CONFIG: u64 = 16 << 20;
/// How models call the matrix that turns tokens into vectors, those that hold it for several parts of a model first.
const EMBEDDINGS: [&str; 9] = [
    "shared.weight",
    "word_embeddings.weight",
    "embed_tokens.weight",
    "wte.weight",
    "tokens_embed.weight",
    "word_embedding.weight",
    "tok_embeddings.weight",
    "embed_in.weight",
    "embedding.weight",
];
/// Files that have vectors, whatever their names are.
const EXTENSIONS: [&str; 6] = ["safetensors", "npy", "npz", "vec", "bin", "bytes"];
/// What others are called that have them.
const STEMS: [&str; 3] = ["vectors", "tensors", "embeddings"];

/// Opens a folder.
pub fn open(path: &Path, opening: &Opening, control: &Control) -> Result<Vectors> {
    if path.join("config.json").is_file() {
        return of_model(path, path, opening, control);
    }
    let config = path.join(projector::CONFIG);
    let inside = if config.is_file() { config } else { only(path)? };
    let mut vectors = Vectors::open(&inside, opening, control)?;
    path.clone_into(&mut vectors.path);
    Ok(vectors)
}

/// Whether a folder is one of vectors and of no model.
pub fn is_one(path: &Path) -> bool {
    path.is_dir()
        && !path.join("config.json").is_file()
        && (path.join(projector::CONFIG).is_file() || only(path).is_ok())
}

/// The one file of vectors in a folder.
fn only(path: &Path) -> Result<PathBuf> {
    let entries = std::fs::read_dir(path).map_err(|e| Error::io(path, e))?;
    let is_one = |file: &Path| {
        let part = |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().to_lowercase();
        let (extension, stem) = (part(file.extension()), part(file.file_stem()));
        let is_table = matches!(extension.as_str(), "txt" | "tsv") && STEMS.contains(&stem.as_str());
        file.is_file() && (EXTENSIONS.contains(&extension.as_str()) || is_table)
    };
    let mut found: Vec<PathBuf> = entries.flatten().map(|e| e.path()).filter(|file| is_one(file)).collect();
    found.sort();
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(Error::unsupported(path, "there is neither a model nor a file of vectors in this folder")),
        _ => {
            let name = |file: &PathBuf| shown(&file.file_name().unwrap_or_default().to_string_lossy());
            let names: Vec<String> = found.iter().take(12).map(name).collect();
            let what = format!("there are several files of vectors in this folder: open one of {}", names.join(", "));
            Err(Error::input(format!("{}: {what}", path.display())))
        }
    }
}

/// Reads what a model turns its tokens into, a row to each entry of its vocabulary, out of its folder or a file of
/// weights in it.
pub fn of_model(path: &Path, folder: &Path, opening: &Opening, control: &Control) -> Result<Vectors> {
    let config_path = folder.join("config.json");
    let text = find::read_text(&config_path, LONGEST_CONFIG)?;
    let config: serde_json::Value =
        serde_json::from_str(&text).map_err(|e| Error::format(&config_path, e.to_string()))?;
    let weights = Weights::open(path, control)?;
    let offers: Vec<Offer> = weights
        .entries()
        .map(|(name, entry)| Offer {
            name: name.to_owned(),
            shape: entry.shape.clone(),
            is_float: !entry.dtype.is_int(),
        })
        .collect();
    let (at, rows, width) = matrix::choose(path, &offers, opening.tensor.as_deref(), &EMBEDDINGS)?;
    let wanted = opening.limit.map_or(rows, |limit| limit.min(rows));
    check_budget(path, needed(rows as u64, width), opening)?;
    let mut values = weights.read(&offers[at].name, &offers[at].shape)?;
    values.truncate(wanted * width);
    values.shrink_to_fit();

    let mut numbers = Numbers::new("embedding of a model", values, width, rows);
    numbers.report.notices.push(format!("`{}` of the model", shown(&offers[at].name)));
    let family = config["model_type"].as_str().unwrap_or_default();
    match Tokenizer::open(folder, family, config["tokenizer_class"].as_str()) {
        Ok(tokenizer) => {
            let mut labels = Labels::default();
            // Models have rows that no token uses, to make their number a round one.
            let name = |id: usize| tokenizer.token(id as u32).unwrap_or_else(|| format!("[row {id}]"));
            (0..wanted).for_each(|id| labels.words.push(name(id).as_bytes()));
            numbers.labels = Some(labels);
        }
        Err(error) => numbers.report.notices.push(format!("its tokenizer is not read: {error}")),
    }
    numbers.named(path, opening, control)
}
