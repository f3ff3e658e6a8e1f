//! A recurrent model that has been read, with its vocabulary.

use super::described::{self, Described, Task};
use super::elmo::Options;
use super::tensors::Tensors;
use super::{keras, manifest, state_dict};
use crate::error::{Error, Result};
use crate::model::recurrent::{Embedding, Network, Pooling};
use crate::source::fingerprint;
use crate::source::hdf5::Hdf5;
use crate::source::symbols::Symbols;
use crate::trace::Control;
use std::path::{Path, PathBuf};

/// What a vocabulary may be called, the best name first.
const VOCABULARIES: [&str; 7] =
    ["vocab.json", "vocabulary.json", "vocab.txt", "vocabulary.txt", "characters.txt", "chars.json", "char2idx.json"];

/// A recurrent model with what is known about it.
#[derive(Debug)]
pub struct Opened {
    /// The folder's name, or the file's.
    pub name: String,
    /// What was opened.
    pub path: PathBuf,
    /// The network.
    pub network: Network,
    /// What its numbers stand for; none where it spells its tokens, or where nothing tells.
    pub symbols: Option<Symbols>,
    /// What it is for.
    pub task: Task,
    /// Names of the labels of a tagger or a classifier.
    pub labels: Vec<String>,
    /// The files that were read.
    pub files: Vec<PathBuf>,
    /// What a person should know about it.
    pub notices: Vec<String>,
    /// See [`fingerprint::of`].
    pub fingerprint: String,
}

/// Whether a path leads to files that look like a recurrent model's; its tensors may tell otherwise.
pub fn is_one(path: &Path) -> bool {
    if path.is_file() {
        return is_weights(path)
            || path.file_name().is_some_and(|name| name == described::NAME || name == "manifest.json");
    }
    let has = |name: &str| path.join(name).is_file();
    has(described::NAME) || (!has("config.json") && (has("manifest.json") || !candidates(path).is_empty()))
}

/// Where a model is read from.
struct Place {
    folder: PathBuf,
    described: Described,
    /// The file of tensors.
    weights: PathBuf,
    /// ELMo's options.
    options: Option<(PathBuf, Options)>,
}

impl Opened {
    /// Opens the model at `path`: a folder, a file of weights, or the `lexiscope.json` or `manifest.json` beside them. Of
    /// several in one folder, what `lexiscope.json` names is read, then a manifest, then a state dict, then HDF5.
    pub fn open(path: &Path, control: &Control) -> Result<Self> {
        let place = place(path)?;
        let tensors = Tensors::open(&place.weights, control)?;
        let mut notices = Vec::new();
        let mut files = tensors.files();
        if place.described != Described::default() {
            files.insert(0, place.folder.join(described::NAME));
        }
        let mut symbols = place.described.symbols(&place.folder)?;
        let is_elmo = place.options.is_some();
        if symbols.is_none() && !is_elmo {
            let found = vocabulary(&place.folder, &place.weights);
            symbols = found.as_deref().map(|path| Symbols::read(path, place.described.unit)).transpose()?;
            files.extend(found);
        }
        let network = if let Some((path, options)) = &place.options {
            files.insert(0, path.clone());
            options.network(&tensors)?
        } else if place.weights.file_name().is_some_and(|name| name == "manifest.json") {
            manifest::network(&tensors)?
        } else if tensors.hdf5().is_some() && place.described.layers.is_none() {
            let (network, said) = keras::network(&tensors)?;
            notices.extend(said);
            network
        } else {
            state_dict::network(&tensors, &place.described, symbols.as_ref().map(Symbols::len))?
        };
        let rows = network.vocabulary();
        if let (Some(symbols), Some(rows)) = (&symbols, rows)
            && symbols.len() > rows
        {
            let what = format!("the vocabulary has {} symbols, and the model reads {rows}", symbols.len());
            return Err(tensors.wrong(format!("{what}: it belongs to another model")));
        }
        if symbols.is_none() && rows.is_some() {
            notices.push(format!(
                "there is no vocabulary: put one beside the weights ({}, …) or name it in a lexiscope.json",
                VOCABULARIES[0]
            ));
        }
        let mut network = network;
        let task = task(&mut network, &place.described);
        if task == Task::Language && network.is_bidirectional() {
            notices.push("it reads the text in both directions: what it predicts it has seen already".to_owned());
        }
        let classes = network.output.as_ref().map_or(0, |output| output.bias.len());
        let labels = place.described.labels.clone().unwrap_or_default();
        if !labels.is_empty() && labels.len() != classes {
            return Err(tensors.wrong(format!("there are {} labels, and {classes} logits", labels.len())));
        }
        let fingerprint = fingerprint::of(files.iter().map(PathBuf::as_path))?;
        let named = if path.is_dir() { path } else { &place.weights };
        let full = named.canonicalize().unwrap_or_else(|_| named.to_path_buf());
        Ok(Self {
            name: full.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            path: path.to_path_buf(),
            network,
            symbols,
            task,
            labels,
            files,
            notices,
            fingerprint,
        })
    }

    /// Whether it spells its tokens (ELMo): a text is sentences, one to a line, of tokens with spaces between them.
    pub fn spells(&self) -> bool {
        matches!(self.network.embedding, Embedding::Letters(_))
    }

    /// What it is, in words: `LSTM, 2 layers of 128 units, language model`.
    pub fn describe(&self) -> String {
        let first = &self.network.layers[0];
        let both = if self.network.is_bidirectional() { ", both directions" } else { "" };
        let projected = first.forward.projection.as_ref().map(|_| format!(" projected to {}", first.forward.outputs()));
        format!(
            "{}, {} layers of {} units{}{both}, {}",
            first.forward.kind.name(),
            self.network.layers.len(),
            first.forward.units,
            projected.unwrap_or_default(),
            self.task.name()
        )
    }
}

/// What a network is for: what is said, or what its logits tell.
fn task(network: &mut Network, described: &Described) -> Task {
    let rows = network.vocabulary();
    let is_double = network.is_bidirectional();
    let Some(output) = &mut network.output else { return Task::States };
    let predicts = rows == Some(output.bias.len());
    match described.task {
        Some(Task::Language | Task::Tagger) => output.reads = Pooling::Every,
        // What reads every step labels none of them: the last states are what is usually read.
        Some(Task::Classifier) if output.reads == Pooling::Every => output.reads = Pooling::Final,
        _ => {}
    }
    match (described.task, output.reads) {
        (Some(task), _) => task,
        (None, Pooling::Every) if predicts && !is_double => Task::Language,
        (None, Pooling::Every) => Task::Tagger,
        // It was trained on windows to predict what comes next, and can do so after every token.
        (None, _) if predicts && !is_double => {
            output.reads = Pooling::Every;
            Task::Language
        }
        (None, _) => Task::Classifier,
    }
}

fn place(path: &Path) -> Result<Place> {
    let is_folder = std::fs::metadata(path).map_err(|e| Error::io(path, e))?.is_dir();
    let folder = match path.parent() {
        _ if is_folder => path.to_path_buf(),
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    };
    let named = path.file_name().unwrap_or_default();
    let is_chosen = !is_folder && named != described::NAME && named != "options.json";
    let described = Described::read(&folder)?.unwrap_or_default();
    // A file that was named itself is read as it is, unless the description is of that very file.
    let described = match &described.weights {
        Some(weights) if is_chosen && folder.join(weights) != *path => Described::default(),
        _ => described,
    };
    if is_chosen {
        return Ok(Place { options: options(&folder, path)?, weights: path.to_path_buf(), folder, described });
    }
    if let Some(name) = &described.weights {
        if name.components().count() != 1 || name.is_absolute() {
            let what = format!("`weights` = `{}` is not the name of a file in the same folder", name.display());
            return Err(Error::unsupported(folder.join(described::NAME), what));
        }
        let weights = folder.join(name);
        return Ok(Place { options: options(&folder, &weights)?, weights, folder, described });
    }
    let manifest = folder.join("manifest.json");
    if manifest.is_file() {
        return Ok(Place { folder, described, weights: manifest, options: None });
    }
    let found = candidates(&folder);
    if folder.join("options.json").is_file() {
        for weights in found.iter().filter(|path| Hdf5::is_one(path)) {
            if let Some(options) = options(&folder, weights)? {
                return Ok(Place { folder, described, weights: weights.clone(), options: Some(options) });
            }
        }
    }
    let is_hdf5 = |path: &&PathBuf| is_hdf5(path);
    let dicts: Vec<&PathBuf> = found.iter().filter(|path| !is_hdf5(path)).collect();
    let others: Vec<&PathBuf> = found.iter().filter(is_hdf5).collect();
    let best = |paths: &[&PathBuf]| {
        let named = paths.iter().find(|path| path.file_stem().is_some_and(|s| s == "model" || s == "pytorch_model"));
        named.or(if paths.len() == 1 { paths.first() } else { None }).map(|path| (*path).clone())
    };
    let chosen = if dicts.is_empty() { best(&others) } else { best(&dicts) };
    match chosen {
        Some(weights) => Ok(Place { folder, described, weights, options: None }),
        None if found.is_empty() => {
            let what = "there are no weights of a recurrent model in this folder: neither lexiscope.json nor \
                        manifest.json nor a .safetensors, .pt, .pth, .bin, .h5 or .hdf5";
            Err(Error::unsupported(&folder, what))
        }
        None => {
            let name = |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let names: Vec<String> = found.iter().map(name).collect();
            let what = format!("there are several files of weights ({}): open one of them", names.join(", "));
            Err(Error::unsupported(&folder, what))
        }
    }
}

/// ELMo's options, where they are beside weights that have its table of characters.
fn options(folder: &Path, weights: &Path) -> Result<Option<(PathBuf, Options)>> {
    let path = folder.join("options.json");
    if !path.is_file() || !Hdf5::is_one(weights) {
        return Ok(None);
    }
    let file = Hdf5::open(weights, &Control::default())?;
    if file.shape("char_embed").is_none() {
        return Ok(None);
    }
    Ok(Options::read(&path)?.map(|options| (path, options)))
}

/// The files in a folder that may hold weights, by name.
fn candidates(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|e| e.path()).filter(|path| path.is_file() && is_weights(path)).collect();
    found.sort();
    found
}

fn is_weights(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    matches!(ending.as_str(), "safetensors" | "pt" | "pth" | "bin" | "ckpt") || is_hdf5(path)
}

fn is_hdf5(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    matches!(ending.as_str(), "h5" | "hdf5" | "keras")
}

/// The file of the vocabulary: one of the usual names, or what is called after the weights.
fn vocabulary(folder: &Path, weights: &Path) -> Option<PathBuf> {
    let usual = VOCABULARIES.iter().map(|name| folder.join(name));
    let stem = weights.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let stem = stem.trim_end_matches("_weights").trim_end_matches("-weights").to_owned();
    let called = ["_vocab.json", "-vocab.json", ".vocab.json", "_vocab.txt", ".vocab.txt"];
    usual.chain(called.iter().map(|end| folder.join(format!("{stem}{end}")))).find(|path| path.is_file())
}
