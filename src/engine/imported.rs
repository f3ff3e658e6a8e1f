//! Attention that another program computed, as a run: it can be shown, measured, compared and written like one of our
//! own, and only what needs the model itself cannot be done with it.

use super::device::Choice;
use super::opened::Opened;
use super::run::{Ask, Run, next_id};
use crate::array::Array;
use crate::error::{Error, Result};
use crate::model::{Answers, Card};
use crate::source::{attentions, fingerprint};
use crate::trace::{At, Control, Site, Stack, Want};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The family of a card that describes a file of attention.
pub const FAMILY: &str = "imported";

/// A file of attention that is open. Immutable.
#[derive(Debug)]
pub struct Imported {
    /// Distinguishes it from every model and every other file opened in this process.
    pub id: u64,
    /// The name of the file.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// SHA-256 over samples of the file, in hexadecimal.
    pub fingerprint: String,
    /// What the person should know: rows that do not sum to 1, tokens taken for special ones.
    pub notices: Vec<String>,
    /// Its attention.
    pub run: Arc<Run>,
}

impl Imported {
    /// Whether `name` is the path of a file of attention.
    pub fn is_one(name: &str) -> bool {
        attentions::is_one(Path::new(name))
    }

    /// Whether a file of attention can be called so, be it there or not.
    pub fn is_named_so(name: &str) -> bool {
        attentions::is_named_so(Path::new(name))
    }

    /// Opens a file with `attentions` `[layer, head, query, key]` and `tokens`, in npz, safetensors or JSON; at most
    /// `budget` bytes of numbers are kept.
    pub fn open(path: &Path, budget: u64, control: &Control) -> Result<Self> {
        let read = attentions::read(path, budget, control)?;
        let (layers, heads, n) = (read.layers, read.heads, read.tokens.len());
        let later = |at: usize| at % n > (at / n) % n;
        let is_causal = n > 1 && read.weights.iter().enumerate().all(|(at, &w)| w == 0.0 || !later(at));
        let stack = if is_causal { Stack::Decoder } else { Stack::Encoder };

        let mut arrays = BTreeMap::new();
        let mut weights = read.weights;
        // From the end on, so that what was read shrinks as the arrays grow.
        for layer in (0..layers).rev() {
            let block = weights.split_off(layer * heads * n * n);
            weights.shrink_to_fit();
            arrays.insert(
                At::new(stack, layer, Site::Probs),
                Array::new(&Site::Probs.axes()[1..], &[heads, n, n], block)?,
            );
        }
        let dim = read.hidden.as_ref().map_or(0, |(dim, _)| *dim);
        if let Some((dim, values)) = read.hidden {
            for (i, block) in values.chunks_exact(n * dim).enumerate() {
                let at = match i.checked_sub(1) {
                    None => At::new(Stack::Embeddings, 0, Site::Hidden),
                    Some(layer) => At::new(stack, layer, Site::Hidden),
                };
                arrays.insert(at, Array::new(&Site::Hidden.axes()[1..], &[n, dim], block.to_vec())?);
            }
        }
        let batched = |a: &Array| std::iter::once(1).chain(a.shape().iter().copied()).collect();
        let shapes = arrays.iter().map(|(at, array)| (*at, batched(array))).collect();
        let card = Card {
            family: FAMILY,
            stack,
            layers,
            heads,
            dim,
            inner: 0,
            narrow: dim,
            tables: Vec::new(),
            vocabulary: 0,
            tokens: n,
            outputs: Vec::new(),
            steps: Vec::new(),
            unavailable: vec![(Site::Logits, NO_MODEL.to_owned())],
            labels: Vec::new(),
            answers: Answers::default(),
        };
        let id = Opened::next_id();
        let texts = &read.tokens.texts;
        let ask = Ask {
            pair: texts.get(1).map(ToString::to_string),
            ..Ask::new(texts.first().map(ToString::to_string).unwrap_or_default())
        };
        let typed = read.tokens.ids();
        let run = Run {
            id: next_id(),
            model: id,
            card,
            ask,
            tokens: read.tokens,
            typed,
            arrays,
            shapes,
            broken: None,
            millis: 0.0,
        };
        Ok(Self {
            id,
            name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            path: path.to_path_buf(),
            fingerprint: fingerprint::of([path])?,
            notices: read.notes,
            run: Arc::new(run),
        })
    }

    /// Its run, if that is all that is asked for.
    fn answer(&self, ask: &Ask) -> Result<Arc<Run>> {
        if !ask.is_plain() {
            return Err(Error::input(format!("{}: {NO_MODEL}, so nothing can be masked or changed", self.name)));
        }
        let known = Want::attention();
        let layers = (0..self.run.card.layers).flat_map(|l| Site::ALL.iter().map(move |&s| (l, s)));
        let missing =
            layers.map(|(l, s)| At::new(self.run.card.stack, l, s)).find(|&at| ask.want.has(at) && !known.has(at));
        match missing {
            Some(at) => Err(Error::input(format!("{}: {NO_MODEL}, so there is no `{}`", self.name, at.site))),
            None => Ok(self.run.clone()),
        }
    }
}

/// Why something cannot be done with it.
pub const NO_MODEL: &str = "attention from a file comes without its model";

/// What a person works on: a model, or attention that another program computed.
#[derive(Debug, Clone)]
pub enum Subject {
    /// A model, which can be run on any text.
    Model(Arc<Opened>),
    /// Attention from a file.
    Imported(Arc<Imported>),
}

impl Subject {
    /// Opens a file of attention, or else the model called `name`: a path, a bundled name or a hub id. At most `budget`
    /// bytes of a file of attention are kept.
    pub fn open(name: &str, choice: Choice, budget: u64, control: &Control) -> Result<Self> {
        if Imported::is_one(name) {
            return Ok(Self::Imported(Arc::new(Imported::open(Path::new(name), budget, control)?)));
        }
        Ok(Self::Model(Arc::new(Opened::open(name, choice, control)?)))
    }

    /// The run that answers what is asked. Attention from a file has one text only, and that is what its run is about.
    pub fn run(&self, ask: &Ask, control: &Control) -> Result<Arc<Run>> {
        match self {
            Self::Model(opened) => Ok(Arc::new(Run::new(opened, ask, control)?)),
            Self::Imported(imported) => imported.answer(ask),
        }
    }

    /// The file of attention, if it is one.
    pub fn imported(&self) -> Option<&Imported> {
        match self {
            Self::Imported(imported) => Some(imported),
            Self::Model(_) => None,
        }
    }

    /// Whether it is a file of attention.
    pub fn is_imported(&self) -> bool {
        self.imported().is_some()
    }

    /// The [`Run::model`] of its runs.
    pub fn id(&self) -> u64 {
        match self {
            Self::Model(opened) => opened.id,
            Self::Imported(imported) => imported.id,
        }
    }

    /// What it is.
    pub fn card(&self) -> &Card {
        match self {
            Self::Model(opened) => opened.card(),
            Self::Imported(imported) => &imported.run.card,
        }
    }

    /// What the person calls it.
    pub fn name(&self) -> &str {
        match self {
            Self::Model(opened) => &opened.name,
            Self::Imported(imported) => &imported.name,
        }
    }

    /// What tells its files from others.
    pub fn fingerprint(&self) -> &str {
        match self {
            Self::Model(opened) => &opened.fingerprint,
            Self::Imported(imported) => &imported.fingerprint,
        }
    }

    /// What the person should know.
    pub fn notices(&self) -> &[String] {
        match self {
            Self::Model(opened) => &opened.notices,
            Self::Imported(imported) => &imported.notices,
        }
    }

    /// Name and the beginning of the fingerprint, as captions have them.
    pub fn title(&self) -> String {
        let print = self.fingerprint();
        format!("{} {}", self.name(), print.get(..8).unwrap_or(print))
    }
}
