//! A model that is open: weights on a device, tokenizer, and what is known about its files.

use super::device::{self, Choice};
use crate::error::{Error, Result};
use crate::model::{self, Card, Model, Params, Source};
use crate::source::find;
use crate::source::tokenizer::Tokenizer;
use crate::source::weights::Weights;
use crate::trace::Control;
use candle_core::Device;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// The longest `config.json` that is read.
const LONGEST_CONFIG: u64 = 16 << 20;

/// One tensor of the checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name in the file.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// How the file stores it, e.g. `f16`.
    pub stored: &'static str,
    /// Whether the model uses it.
    pub used: bool,
}

impl Parameter {
    /// How many numbers it holds.
    pub fn count(&self) -> u64 {
        self.shape.iter().map(|&d| d as u64).product()
    }
}

/// An open model. Immutable; shared between runs.
pub struct Opened {
    /// Distinguishes it from every other model opened in this process.
    pub id: u64,
    /// What the person calls it.
    pub name: String,
    /// Its folder.
    pub path: PathBuf,
    /// The class it was saved from, e.g. `BertForMaskedLM`; empty where the configuration does not say.
    pub class: String,
    /// What splits text into tokens.
    pub tokenizer: Tokenizer,
    /// The files of the weights.
    pub weight_files: Vec<PathBuf>,
    /// Every tensor of the checkpoint.
    pub ledger: Vec<Parameter>,
    /// What the person should know: a device that failed, weights that are not numbers.
    pub notices: Vec<String>,
    /// Where it is computed.
    pub device: Device,
    model: Box<dyn Model>,
}

impl Opened {
    /// Opens the model called `name`: a path, a bundled name or a hub id.
    pub fn open(name: &str, choice: Choice, control: &Control) -> Result<Self> {
        let path = find::model(name, control)?;
        let mut opened = Self::open_folder(&path, choice, control)?;
        if !Path::new(name).exists() {
            name.clone_into(&mut opened.name);
        }
        Ok(opened)
    }

    /// Opens a folder with `config.json`, weights and tokenizer.
    pub fn open_folder(path: &Path, choice: Choice, control: &Control) -> Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let config_path = path.join("config.json");
        let text = find::read_text(&config_path, LONGEST_CONFIG)?;
        let config: serde_json::Value =
            serde_json::from_str(&text).map_err(|e| Error::format(&config_path, e.to_string()))?;
        let Some(model_type) = config["model_type"].as_str() else {
            return Err(Error::format(&config_path, "it has no `model_type`, so the family is unknown"));
        };
        let family = model::family(&config_path, model_type)?;
        let tokenizer = Tokenizer::open(path, model_type, config["tokenizer_class"].as_str())?;
        let weights = Weights::open(path, control)?;
        let (device, notice) = device::open(choice);
        let mut notices: Vec<String> = notice.into_iter().collect();
        let vb = Params::new(&weights, &device);
        let source = Source { path: &config_path, config: &config, vb, device: &device };
        let class = source.class().to_owned();
        // Sizes that do not go together are a fault of the configuration.
        let model = (family.load)(&source).map_err(|e| match e {
            Error::Input { what } => Error::format(&config_path, what),
            other => other,
        })?;

        let card = model.card();
        if tokenizer.size() > card.vocabulary {
            notices.push(format!(
                "the tokenizer has {} entries and the model only {}: some words cannot be read",
                tokenizer.size(),
                card.vocabulary
            ));
        }
        let broken = weights.not_finite();
        if !broken.is_empty() {
            notices.push(format!("weights that are not finite numbers: {}", broken.join(", ")));
        }
        let unused = weights.unused();
        let ledger = weights
            .entries()
            .map(|(name, entry)| Parameter {
                name: name.to_owned(),
                shape: entry.shape.clone(),
                stored: entry.dtype.as_str(),
                used: unused.binary_search_by(|u| u.as_str().cmp(name)).is_err(),
            })
            .collect();
        let full = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        Ok(Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            name: full.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            path: path.to_path_buf(),
            class,
            tokenizer,
            weight_files: weights.files().to_vec(),
            ledger,
            notices,
            device,
            model,
        })
    }

    /// What the model is.
    pub fn card(&self) -> &Card {
        self.model.card()
    }

    /// The model itself.
    pub(super) fn model(&self) -> &dyn Model {
        self.model.as_ref()
    }

    /// How many numbers the model computes with.
    pub fn parameters(&self) -> u64 {
        self.ledger.iter().filter(|p| p.used).map(Parameter::count).sum()
    }
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").field("name", &self.name).field("card", self.card()).finish_non_exhaustive()
    }
}
