//! One forward pass, and the immutable result it leaves.

use super::continued::{self, Continued};
use super::intervention::{self, Cut, Off};
use super::opened::Opened;
use super::target::Target;
use crate::array::Array;
use crate::error::{Error, Result};
use crate::model::{Card, Input, Resume};
use crate::text::Tokens;
use crate::trace::{At, Control, Edit, Edits, Goal, Seen, Site, Stack, Trace, Want};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Instant;

/// The bytes that one run may keep unless somebody says otherwise.
pub const BUDGET: u64 = 2_000_000_000;

/// What is asked of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// The text.
    pub text: String,
    /// The second text of a pair.
    pub pair: Option<String>,
    /// The tokens that a model added to the first part of the text, where it did.
    pub continued: Option<Continued>,
    /// Positions of tokens that are replaced by the mask token.
    pub masked: Vec<usize>,
    /// Tokens that are replaced: the position, and the vocabulary's piece that stands there instead.
    pub replaced: Vec<(usize, String)>,
    /// Heads that are off.
    pub off: Vec<Off>,
    /// Edges that are cut.
    pub cuts: Vec<Cut>,
    /// What is kept.
    pub want: Want,
    /// What else is changed on the way.
    pub edits: Edits,
    /// What [`Site::Gradient`] is the gradient of, where that site is wanted.
    pub target: Option<Target>,
    /// The most bytes that may be kept.
    pub budget: u64,
}

impl Ask {
    /// Attention and hidden states of a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            pair: None,
            continued: None,
            masked: Vec::new(),
            replaced: Vec::new(),
            off: Vec::new(),
            cuts: Vec::new(),
            want: Want::attention(),
            edits: Edits::none(),
            target: None,
            budget: BUDGET,
        }
    }

    /// What is changed, in words, for captions: `token 3 masked`, `token 2 is door`, `L1·H5 off (mean)`.
    pub fn changes(&self) -> Vec<String> {
        let masked = self.masked.iter().map(|i| format!("token {i} masked"));
        let replaced = self.replaced.iter().map(|(i, piece)| format!("token {i} is {piece}"));
        let off = self.off.iter().map(ToString::to_string);
        masked.chain(replaced).chain(off).chain(self.cuts.iter().map(ToString::to_string)).collect()
    }

    /// Whether a run of this keeps all that a run of `other` keeps, and is the same besides.
    pub fn answers(&self, other: &Self) -> bool {
        let same = || Self { want: other.want.clone(), budget: other.budget, ..self.clone() } == *other;
        self.want.covers(&other.want) && same()
    }

    /// Whether nothing is changed: neither the tokens that the model reads nor the pass.
    pub fn is_plain(&self) -> bool {
        self.masked.is_empty()
            && self.replaced.is_empty()
            && self.off.is_empty()
            && self.cuts.is_empty()
            && self.edits.is_empty()
    }

    /// The same without any change.
    pub fn plain(&self) -> Self {
        let (masked, replaced, off, cuts) = Default::default();
        Self { masked, replaced, off, cuts, edits: Edits::none(), ..self.clone() }
    }

    /// All that is changed on the way, with the numbers that it takes.
    pub(super) fn edits(&self, opened: &Opened, control: &Control) -> Result<Edits> {
        Ok(intervention::edits(opened, &self.off, &self.cuts, control)?.with(&self.edits))
    }
}

/// What one forward pass left: tokens and the arrays that were asked for, without a batch axis.
#[derive(Debug, Clone)]
pub struct Run {
    /// Distinguishes it from every other run of this process.
    pub id: u64,
    /// The [`Opened::id`] of the model.
    pub model: u64,
    /// What the model is.
    pub card: Card,
    /// What was asked.
    pub ask: Ask,
    /// The tokens that the model read.
    pub tokens: Tokens,
    /// The vocabulary rows of the tokens as typed, before any was masked or replaced.
    pub typed: Vec<u32>,
    /// The kept tensors.
    pub arrays: BTreeMap<At, Array>,
    /// Every site in order of execution with its shape, batch axis included.
    pub shapes: Vec<(At, Vec<usize>)>,
    /// The first site, in order of execution, at which a change made numbers that are not finite.
    pub broken: Option<At>,
    /// How long the pass took, copies to the host included.
    pub millis: f64,
}

/// The first site that a layer can have.
const FIRST: Site = Site::Words;

/// The next [`Run::id`].
pub(super) fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl Run {
    /// Runs the model on what is asked.
    pub fn new(opened: &Opened, ask: &Ask, control: &Control) -> Result<Self> {
        let card = opened.card();
        let whole = continued::typed(opened, ask)?;
        let typed = whole.ids();
        let tokens = changed(opened, ask, whole)?;
        let slopes = (0..card.layers).map(|l| At::new(card.stack, l, Site::Gradient));
        let target = ask.target.filter(|_| slopes.clone().any(|at| ask.want.has(at)));
        let goal = target.map(|target| target.goal(card, &typed)).transpose()?;
        let derived = slopes.filter(|_| goal.is_some()).map(|at| shaped(card, tokens.len(), at));
        let wanted = ask.want.bytes(sites(card, tokens.len()).into_iter().chain(derived));
        if wanted > ask.budget {
            return Err(Error::Memory { wanted, budget: ask.budget });
        }
        let edits = ask.edits(opened, control)?;
        let start = Instant::now();
        let input = Input::single(&tokens);
        let seen = watched(opened, &input, &ask.want, &edits, goal.as_ref(), !ask.is_plain(), control)?;
        let millis = start.elapsed().as_secs_f64() * 1e3;
        let broken = if seen.broken.is_some() { to_blame(opened, ask, seen.broken, control)? } else { None };
        Ok(Self {
            id: next_id(),
            model: opened.id,
            card: card.clone(),
            ask: ask.clone(),
            tokens,
            typed,
            arrays: seen.arrays.iter().map(|(at, a)| (*at, a.squeeze())).collect(),
            shapes: seen.shapes,
            broken,
            millis,
        })
    }

    /// The same tokens again with further `edits`, keeping `want`. Where this run kept what the lowest edited layer
    /// reads, only that layer and those above are computed; below it the new run shares this one's arrays. Its numbers
    /// are those of the whole pass to the last bit.
    pub fn again(&self, opened: &Opened, edits: &Edits, want: &Want, control: &Control) -> Result<Self> {
        let stack = self.card.stack;
        // The layer to go on from; none where the embeddings themselves are edited.
        let layer = match edits.iter().map(Edit::at).min() {
            Some(at) if at.stack < stack => None,
            Some(at) if at.stack == stack => Some(usize::from(at.layer)),
            _ => Some(self.card.layers),
        };
        let known = layer.and_then(|layer| Some((layer, self.arrays.get(&self.below(layer))?)));
        let floor = known.map_or(At::new(Stack::Embeddings, 0, FIRST), |(layer, _)| self.at(layer, FIRST));
        let all = self.ask.edits(opened, control)?.with(edits);
        let all = all.iter().filter(|e| e.at() >= floor).fold(Edits::none(), |edits, e| edits.and(e.clone()));
        let resume = known.map(|(layer, hidden)| -> Result<Resume> {
            Ok(Resume { layer, hidden: Array::stack("batch", std::slice::from_ref(hidden))? })
        });
        let input = Input { resume: resume.transpose()?, ..Input::single(&self.tokens) };
        let start = Instant::now();
        let seen = pass(opened, &input, want, &all, control)?;
        // Gradients come from above, whatever layer they are of.
        let is_below = |at: At| at < floor && at.site != Site::Gradient;
        let shared = self.arrays.iter().filter(|(at, _)| is_below(**at) && want.has(**at));
        let made = seen.arrays.iter().map(|(at, a)| (*at, a.squeeze()));
        Ok(Self {
            id: next_id(),
            ask: Ask { want: want.clone(), edits: self.ask.edits.clone().with(edits), ..self.ask.clone() },
            arrays: shared.map(|(at, a)| (*at, a.clone())).chain(made).collect(),
            shapes: self.shapes.iter().filter(|(at, _)| is_below(*at)).cloned().chain(seen.shapes).collect(),
            broken: self.broken.filter(|at| *at < floor).or(seen.broken),
            millis: start.elapsed().as_secs_f64() * 1e3,
            model: self.model,
            card: self.card.clone(),
            tokens: self.tokens.clone(),
            typed: self.typed.clone(),
        })
    }

    /// A run of the same tokens with other arrays.
    pub(super) fn child(&self, ask: Ask, arrays: BTreeMap<At, Array>, broken: Option<At>) -> Self {
        Self { id: next_id(), ask, arrays, broken, ..self.clone() }
    }

    /// The place of what layer `layer` reads.
    pub(super) fn below(&self, layer: usize) -> At {
        layer.checked_sub(1).map_or(At::new(Stack::Embeddings, 0, Site::Hidden), |l| self.at(l, Site::Hidden))
    }

    /// The kept array of a site in a layer, or why it is not there.
    pub fn array(&self, at: At) -> Result<&Array> {
        self.arrays.get(&at).ok_or_else(|| Error::input(format!("{at} was not kept by this run")))
    }

    /// A site of layer `layer`.
    pub fn at(&self, layer: usize, site: Site) -> At {
        At::new(self.card.stack, layer, site)
    }

    /// Attention probabilities of one head, row-major `[query, key]`; empty where they were not kept.
    pub fn head(&self, layer: usize, head: usize) -> &[f32] {
        match self.arrays.get(&self.at(layer, Site::Probs)) {
            Some(probs) if head < probs.len_of("head") => probs.block(&[head]),
            _ => &[],
        }
    }

    /// All attention probabilities `[layer, head, query, key]`.
    pub fn attentions(&self) -> Result<Array> {
        let layers = (0..self.card.layers).map(|l| self.array(self.at(l, Site::Probs)).cloned());
        Array::stack("layer", &layers.collect::<Result<Vec<_>>>()?)
    }

    /// Embeddings and the output of every layer `[layer + 1, token, dim]`, as transformers' `hidden_states`.
    pub fn hidden_states(&self) -> Result<Array> {
        let embeddings = self.array(At::new(Stack::Embeddings, 0, Site::Hidden)).cloned();
        let layers = (0..self.card.layers).map(|l| self.array(self.at(l, Site::Hidden)).cloned());
        Array::stack("layer", &std::iter::once(embeddings).chain(layers).collect::<Result<Vec<_>>>()?)
    }

    /// Kept logits.
    pub fn logits(&self, site: Site) -> Option<&Array> {
        self.arrays.get(&At::new(Stack::Output, 0, site))
    }

    /// Bytes that the run keeps.
    pub fn bytes(&self) -> u64 {
        self.arrays.values().map(Array::bytes).sum()
    }
}

/// Results of this session, oldest given up first once the budget is spent: what was asked before is answered at once.
#[derive(Debug, Default)]
pub struct Results {
    runs: Vec<Arc<Run>>,
}

impl Results {
    /// Adds a run in place of those that kept no more of the same; the oldest go until everything fits `budget` bytes. The
    /// newest always stays.
    pub fn add(&mut self, run: Arc<Run>, budget: u64) {
        self.runs.retain(|old| old.model != run.model || !run.ask.answers(&old.ask));
        self.runs.push(run);
        while self.runs.len() > 1 && self.bytes() > budget {
            self.runs.remove(0);
        }
    }

    /// The run that answered the same question, perhaps with more than was asked for, if it is still kept.
    pub fn find(&self, model: u64, ask: &Ask) -> Option<&Arc<Run>> {
        self.runs.iter().find(|r| r.model == model && r.ask.answers(ask))
    }

    /// Bytes kept in all.
    pub fn bytes(&self) -> u64 {
        self.runs.iter().map(|r| r.bytes()).sum()
    }
}

/// The tokens that the model will read, mask tokens and replacements in place.
pub fn read(opened: &Opened, ask: &Ask) -> Result<Tokens> {
    changed(opened, ask, continued::typed(opened, ask)?)
}

/// Tokens as typed with what is replaced and masked in its place; a token that is both is masked.
fn changed(opened: &Opened, ask: &Ask, mut tokens: Tokens) -> Result<Tokens> {
    let count = tokens.len();
    let missing = |i: usize, what: &str| {
        Error::input(format!("there is no token {i} to {what}: the text has {count}, counted from 0"))
    };
    for (i, word) in &ask.replaced {
        let piece = tokens.pieces.get_mut(*i).ok_or_else(|| missing(*i, "replace"))?;
        (piece.id, piece.piece) = opened.tokenizer.one(word, &piece.piece)?;
        piece.unknown = opened.tokenizer.is_unknown(piece.id);
        // Nothing that was typed stands there any more.
        piece.end = piece.start;
    }
    if ask.masked.is_empty() {
        return Ok(tokens);
    }
    let Some((mask, id)) = opened.tokenizer.mask() else {
        return Err(Error::input(format!("{} has no mask token", opened.name)));
    };
    for &i in &ask.masked {
        let piece = tokens.pieces.get_mut(i).ok_or_else(|| missing(i, "mask"))?;
        mask.clone_into(&mut piece.piece);
        piece.id = id;
        piece.end = piece.start;
    }
    Ok(tokens)
}

/// One pass over a batch; what it leaves has its batch axis.
pub fn pass(opened: &Opened, input: &Input, want: &Want, edits: &Edits, control: &Control) -> Result<Seen> {
    pass_towards(opened, input, want, edits, None, control)
}

/// A [`pass`] that also leaves the derivative of `goal` by every attention probability, at [`Site::Gradient`].
pub fn pass_towards(
    opened: &Opened,
    input: &Input,
    want: &Want,
    edits: &Edits,
    goal: Option<&Goal>,
    control: &Control,
) -> Result<Seen> {
    watched(opened, input, want, edits, goal, false, control)
}

/// The place at which a change broke the numbers; none where those of the text as it was typed break there already.
fn to_blame(opened: &Opened, ask: &Ask, broken: Option<At>, control: &Control) -> Result<Option<At>> {
    let typed = Input::single(&continued::typed(opened, ask)?);
    let own = watched(opened, &typed, &Want::nothing(), &Edits::none(), None, true, &control.quiet())?.broken;
    Ok(broken.filter(|at| own.is_none_or(|own| own > *at)))
}

/// A [`pass_towards`] that looks for numbers that are not finite, where it is edited or told to `watch`.
fn watched(
    opened: &Opened,
    input: &Input,
    want: &Want,
    edits: &Edits,
    goal: Option<&Goal>,
    watch: bool,
    control: &Control,
) -> Result<Seen> {
    // An edit that no pass comes to would leave everything as it was, and nobody would know.
    let mut places = if edits.is_empty() { Vec::new() } else { sites(opened.card(), input.shape().1) };
    if input.resume.is_some() {
        let floor = At::new(opened.card().stack, input.first_layer(), FIRST);
        places.retain(|(at, _)| *at >= floor);
    }
    if let Some(edit) = edits.iter().find(|edit| places.iter().all(|(at, _)| *at != edit.at())) {
        return Err(Error::input(format!("{} has no {} to edit", opened.name, edit.at())));
    }
    if let Some(edit) = edits.iter().find(|edit| edit.at().site.is_measured()) {
        let at = edit.at();
        return Err(Error::input(format!(
            "{at} is only measured: the pass goes on without it, so an edit does nothing"
        )));
    }
    let mut trace = Trace::new(want, edits, control, opened.card().layers).towards(goal).watching(watch);
    let forward = || -> Result<Seen> {
        opened.model().forward(input, &mut trace)?;
        trace.finish()
    };
    on_threads(opened, forward)
}

/// `work` on the threads that a model computes with.
pub(super) fn on_threads<T: Send>(opened: &Opened, work: impl FnOnce() -> T + Send) -> T {
    if opened.device.is_cpu() { in_pool(work) } else { work() }
}

/// `work` on the threads that this process computes with; a job of the engine has its own already.
pub(super) fn in_pool<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    static POOL: LazyLock<Option<rayon::ThreadPool>> = LazyLock::new(pool);
    match &*POOL {
        Some(pool) if rayon::current_thread_index().is_none() => pool.install(work),
        _ => work(),
    }
}

/// One thread per processor that this process may use; candle's own pool counts the machine's cores instead.
pub(super) fn pool() -> Option<rayon::ThreadPool> {
    let asked = std::env::var("RAYON_NUM_THREADS").ok().and_then(|n| n.parse().ok()).filter(|&n| n > 0);
    let threads = asked.or_else(|| std::thread::available_parallelism().ok().map(Into::into)).unwrap_or(1);
    rayon::ThreadPoolBuilder::new().num_threads(threads).thread_name(|i| format!("lexiscope-{i}")).build().ok()
}

/// The places that a pass over one text of `tokens` tokens goes through where everything is asked for, with their
/// shapes: what a memory estimate is made of, and where an edit can be.
fn sites(card: &Card, tokens: usize) -> Vec<(At, Vec<usize>)> {
    let embeddings = card.tables.iter().chain(&[Site::Hidden]).map(|&site| (Stack::Embeddings, 0, site));
    let layers = (0..card.layers).flat_map(|l| in_layer(card, l).map(move |site| (card.stack, l, site)));
    let outputs = card.steps.iter().chain(&card.outputs).map(|&site| (Stack::Output, 0, site));
    let places = embeddings.chain(layers).chain(outputs);
    places.map(|(stack, layer, site)| shaped(card, tokens, At::new(stack, layer, site))).collect()
}

/// A place with the shape of its tensor, of one text.
fn shaped(card: &Card, tokens: usize, at: At) -> (At, Vec<usize>) {
    let At { stack, site, .. } = at;
    let size = |axis: &&str| match *axis {
        "token" | "query" | "key" => tokens,
        "head" => card.heads,
        "width" => card.dim / card.heads.max(1),
        "dim" if site == Site::Transformed || (stack == Stack::Embeddings && site != Site::Hidden) => card.narrow,
        "dim" => card.dim,
        "unit" => card.inner,
        "vocabulary" => card.vocabulary,
        "label" if matches!(site, Site::NextSentence | Site::SentenceOrder) => 2,
        "label" => card.labels.len(),
        _ => 1,
    };
    (at, site.axes().iter().map(size).collect())
}

/// The sites of a layer.
fn in_layer(card: &Card, layer: usize) -> impl Iterator<Item = Site> {
    let (is_causal, is_last) = (card.is_causal(), layer + 1 == card.layers);
    let is_there = move |site: &Site| match site {
        Site::Normed | Site::MiddleNormed => is_causal,
        Site::Residual => is_causal && is_last,
        _ => (Site::Query..=Site::Hidden).contains(site),
    };
    Site::ALL.iter().copied().filter(is_there)
}
