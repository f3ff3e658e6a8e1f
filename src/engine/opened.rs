//! A model that is open: weights on a device, tokenizer, and what is known about its files.

use super::device::{self, Choice};
use super::means::Means;
use crate::error::{Error, Result};
use crate::model::{self, Card, Model, Params, Source};
use crate::source::tokenizer::Tokenizer;
use crate::source::weights::Weights;
use crate::source::{find, fingerprint};
use crate::trace::Control;
use candle_core::Device;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

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
    /// Whether it is a second copy of a tensor that is used, as a tied decoder is.
    pub tied: bool,
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
    /// What tells its files from those of every other model: see [`fingerprint::of`], over configuration, weights and
    /// tokenizer.
    pub fingerprint: String,
    /// Where it is computed.
    pub device: Device,
    model: Box<dyn Model>,
    means: OnceLock<Arc<Means>>,
}

impl Opened {
    /// A number that nothing else opened in this process has.
    pub(super) fn next_id() -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        NEXT.fetch_add(1, Ordering::Relaxed)
    }

    /// Opens the model called `name`: a path, a bundled name or a hub id.
    pub fn open(name: &str, choice: Choice, control: &Control) -> Result<Self> {
        let path = find::model(name, control)?;
        let weights = find::weights(name).unwrap_or_else(|| path.clone());
        let mut opened = Self::open_with(&path, &weights, choice, control)?;
        if !Path::new(name).exists() {
            name.clone_into(&mut opened.name);
        }
        Ok(opened)
    }

    /// Opens a folder with `config.json`, weights and tokenizer.
    pub fn open_folder(path: &Path, choice: Choice, control: &Control) -> Result<Self> {
        Self::open_with(path, path, choice, control)
    }

    /// Opens a folder with the weights in `weights`, which is the folder itself or one of its files.
    fn open_with(path: &Path, weights: &Path, choice: Choice, control: &Control) -> Result<Self> {
        let config_path = path.join("config.json");
        let text = find::read_text(&config_path, LONGEST_CONFIG)?;
        let mut config: serde_json::Value =
            serde_json::from_str(&text).map_err(|e| Error::format(&config_path, e.to_string()))?;
        if !config.is_object() {
            return Err(Error::format(&config_path, "it should be an object of settings"));
        }
        if let Some(named) = config["model_type"].as_str() {
            model::family(&config_path, named)?;
        }
        let weights = Weights::open(weights, control)?;
        let mut notices = Vec::new();
        if config["model_type"].is_null() {
            let (found, by) = infer(&config, &weights).ok_or_else(|| no_family(&config_path))?;
            notices.push(format!("config.json has no `model_type`: taken for {found} by {by}"));
            config["model_type"] = found.into();
        }
        let model_type = config["model_type"].as_str().unwrap_or_default();
        let family = model::family(&config_path, model_type)?;
        let tokenizer = Tokenizer::open(path, model_type, config["tokenizer_class"].as_str())?;
        let (mut device, notice) = device::open(choice);
        notices.extend(notice);
        let class = config["architectures"][0].as_str().unwrap_or_default().to_owned();
        let load = |device: &Device| {
            let vb = Params::new(&weights, device);
            (family.load)(&Source { path: &config_path, config: &config, vb, device })
        };
        let mut loaded = load(&device);
        if let Err(Error::Tensor(error)) = &loaded
            && !device.is_cpu()
        {
            // A device may open and still have no room for the weights.
            notices.push(format!("{}: {error}; computing on the CPU instead", device::describe(&device)));
            device = Device::Cpu;
            loaded = load(&device);
        }
        let model = loaded.map_err(|e| match e {
            // Sizes that do not go together are a fault of the configuration.
            Error::Input { what } => Error::format(&config_path, what),
            // The file could be read: downloading it again would change nothing.
            Error::Format { path, what } if path == config_path => Error::Unsupported { path, what },
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
        let (unused, tied) = (weights.unused(), weights.tied());
        let ledger = weights
            .entries()
            .map(|(name, entry)| Parameter {
                name: name.to_owned(),
                shape: entry.shape.clone(),
                stored: entry.dtype.as_str(),
                used: unused.binary_search_by(|u| u.as_str().cmp(name)).is_err(),
                tied: tied.binary_search_by(|t| t.as_str().cmp(name)).is_ok(),
            })
            .collect();
        let files = std::iter::once(&config_path).chain(weights.files()).chain(tokenizer.files());
        let fingerprint = fingerprint::of(files.map(PathBuf::as_path))?;
        let full = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        Ok(Self {
            id: Self::next_id(),
            name: full.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            path: path.to_path_buf(),
            class,
            tokenizer,
            weight_files: weights.files().to_vec(),
            ledger,
            notices,
            fingerprint,
            device,
            model,
            means: OnceLock::new(),
        })
    }

    /// What the model is.
    pub fn card(&self) -> &Card {
        self.model.card()
    }

    /// The beginning of the fingerprint, enough to tell checkpoints apart in a caption.
    pub fn short_fingerprint(&self) -> &str {
        self.fingerprint.get(..8).unwrap_or(&self.fingerprint)
    }

    /// The model itself.
    pub(super) fn model(&self) -> &dyn Model {
        self.model.as_ref()
    }

    /// What its heads put out on average, computed when it is first asked for.
    pub fn means(&self, control: &Control) -> Result<Arc<Means>> {
        if let Some(known) = self.means.get() {
            return Ok(known.clone());
        }
        let means = Arc::new(Means::new(self, control)?);
        Ok(self.means.get_or_init(|| means).clone())
    }

    /// How many numbers the model computes with.
    pub fn parameters(&self) -> u64 {
        self.ledger.iter().filter(|p| p.used).map(Parameter::count).sum()
    }
}

/// Says what is known where nothing tells the family.
fn no_family(config: &Path) -> Error {
    let known: Vec<&str> = model::FAMILIES.iter().flat_map(|family| family.names).copied().collect();
    let why = "it has no `model_type`, and neither its `architectures` nor the names of the tensors tell the family";
    Error::unsupported(config, format!("{why} (known: {})", known.join(", ")))
}

/// The family of a configuration that names none, and what gave it away: the class that it was saved from, or the
/// names of its tensors.
fn infer(config: &serde_json::Value, weights: &Weights) -> Option<(&'static str, String)> {
    const CLASSES: [(&str, &str); 8] = [
        ("Bert", "bert"),
        ("Roberta", "roberta"),
        ("XLMRoberta", "xlm-roberta"),
        ("Camembert", "camembert"),
        ("DistilBert", "distilbert"),
        ("Electra", "electra"),
        ("Albert", "albert"),
        ("GPT2", "gpt2"),
    ];
    const TENSORS: [(&str, &str); 10] = [
        ("distilbert.", "distilbert"),
        ("electra.", "electra"),
        ("albert.", "albert"),
        ("roberta.", "roberta"),
        ("bert.", "bert"),
        ("transformer.h.0.attn.c_attn.", "gpt2"),
        ("h.0.attn.c_attn.", "gpt2"),
        ("transformer.layer.0.attention.q_lin.", "distilbert"),
        ("encoder.albert_layer_groups.", "albert"),
        ("discriminator_predictions.", "electra"),
    ];
    let by_class = config["architectures"].as_array().into_iter().flatten().find_map(|class| {
        let class = class.as_str()?;
        // `BertGenerationEncoder` is another family than `BertModel`.
        let is_of = |family: &str| {
            let rest = class.strip_prefix(family)?;
            ["Model", "For", "LMHead", "DoubleHeads"].iter().any(|what| rest.starts_with(what)).then_some(())
        };
        let (_, family) = CLASSES.iter().find(|(name, _)| is_of(name).is_some())?;
        Some((*family, format!("its class {class}")))
    });
    let by_tensor = || {
        TENSORS.iter().find_map(|(start, family)| {
            let (name, _) = weights.entries().find(|(name, _)| name.starts_with(start))?;
            Some((*family, format!("the name of its tensor {name}")))
        })
    };
    by_class.or_else(by_tensor)
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").field("name", &self.name).field("card", self.card()).finish_non_exhaustive()
    }
}
