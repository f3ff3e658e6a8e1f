//! Activation patching: what of a clean run, put into a corrupt one, brings the target back.
//! Meng et al. 2022, <https://arxiv.org/abs/2202.05262> (causal tracing); Wang et al. 2022,
//! <https://arxiv.org/abs/2211.00593> (heads).

use super::ablate::{base, effect};
use super::opened::Opened;
use super::run::{Ask, Run};
use super::target::Target;
use super::versions::replaced;
use crate::error::{Error, Result};
use crate::text::Tokens;
use crate::trace::{Control, Place, Site, Want};
use std::sync::Arc;

/// A smaller change of the target than this is rounding, and cannot be shared out.
const SMALLEST: f64 = 1e-6;

/// What is put from the clean run into the corrupt one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The output of a layer at one token.
    Token {
        /// The layer, counted from 0.
        layer: usize,
        /// The position, counted from 0.
        token: usize,
    },
    /// What a head puts out, at every token.
    Head {
        /// The layer, counted from 0.
        layer: usize,
        /// The head, counted from 0.
        head: usize,
    },
}

/// The target's recovery by every part of a model.
#[derive(Debug, Clone)]
pub struct Patching {
    /// The run that the parts come from.
    pub clean: Arc<Run>,
    /// The run that they are put into.
    pub corrupt: Arc<Run>,
    /// What is to be recovered; a log-probability is that of the clean text's token.
    pub target: Target,
    /// [`Target::effect`] from the clean run to the corrupt one: what there is to recover.
    pub gap: f64,
    /// Positions at which the two texts have different tokens.
    pub differs: Vec<usize>,
    /// Recovery `[layer, token]`, row-major: 0 = corrupt, 1 = clean.
    pub tokens: Vec<f64>,
    /// Recovery `[layer, head]`, row-major: 0 = corrupt, 1 = clean.
    pub heads: Vec<f64>,
}

impl Patching {
    /// Puts each part of the run of `clean` into that of `corrupt`. `found` hears of every part and its recovery as it is
    /// known, the last layer first.
    pub fn new(
        opened: &Opened,
        [clean, corrupt]: [&Ask; 2],
        target: Target,
        control: &Control,
        mut found: impl FnMut(Part, f64),
    ) -> Result<Self> {
        let card = opened.card();
        let read = |ask| super::run::read(opened, ask);
        let differs = differences(opened, [&read(clean)?, &read(corrupt)?])?;
        let quiet = control.quiet();
        let keep = Want::nothing().and(Place { stack: Some(card.stack), ..Place::site(Site::Heads) });
        let run = |ask| -> Result<Arc<Run>> { Ok(Arc::new(base(opened, ask, target, keep.clone(), &quiet)?)) };
        let (clean, corrupt) = (run(clean)?, run(corrupt)?);
        let gap = target.effect(&clean, &corrupt)?;
        if gap.abs() < SMALLEST {
            return Err(Error::input(format!(
                "{target} is the same for the clean and the corrupt text (it changes by {gap:.1e}): there is nothing to \
                 recover"
            )));
        }

        let tokens = clean.tokens.len();
        let mut patching = Self {
            clean,
            corrupt,
            target,
            gap,
            differs,
            tokens: vec![0.0; card.layers * tokens],
            heads: vec![0.0; card.layers * card.heads],
        };
        let total = (card.layers * (tokens + card.heads)) as u64;
        let mut done = 0;
        for layer in (0..card.layers).rev() {
            let positions: Vec<Part> = (0..tokens).map(|token| Part::Token { layer, token }).collect();
            let heads: Vec<Part> = (0..card.heads).map(|head| Part::Head { layer, head }).collect();
            let most = patching.corrupt.together();
            for parts in positions.chunks(most).chain(heads.chunks(most)) {
                control.check()?;
                control.report("Patching", done, total);
                for (&part, recovery) in parts.iter().zip(patching.recoveries(opened, parts, &quiet)?) {
                    match part {
                        Part::Token { layer, token } => patching.tokens[layer * tokens + token] = recovery,
                        Part::Head { layer, head } => patching.heads[layer * card.heads + head] = recovery,
                    }
                    found(part, recovery);
                    done += 1;
                }
            }
        }
        control.report("Patching", total, total);
        Ok(patching)
    }

    /// `(patched - corrupt) / (clean - corrupt)` of parts of one kind in one layer.
    fn recoveries(&self, opened: &Opened, parts: &[Part], control: &Control) -> Result<Vec<f64>> {
        let Some(first) = parts.first() else { return Ok(Vec::new()) };
        if self.target.is_below(opened.card(), first.layer()) {
            return Ok(vec![0.0; parts.len()]);
        }
        let at = self.corrupt.at(first.layer(), first.site());
        let (from, into) = (self.clean.array(at)?, self.corrupt.array(at)?);
        let patched = |part: &Part| {
            let i = part.index();
            replaced(into, i, |values| values.copy_from_slice(from.block(&[i])))
        };
        let versions = parts.iter().map(patched).collect::<Result<Vec<_>>>()?;
        let want = self.target.want(opened.card());
        let runs = self.corrupt.versions(opened, at, &versions, &want, control)?;
        // Both are measured from the clean run, whose own effect is 0.
        runs.iter().map(|run| Ok(1.0 - effect(self.target, &self.clean, run)? / self.gap)).collect()
    }
}

impl Part {
    /// The layer that it is a part of.
    pub fn layer(self) -> usize {
        match self {
            Self::Token { layer, .. } | Self::Head { layer, .. } => layer,
        }
    }

    /// Where it stands in its layer.
    fn site(self) -> Site {
        match self {
            Self::Token { .. } => Site::Hidden,
            Self::Head { .. } => Site::Heads,
        }
    }

    /// Which token or head it is.
    fn index(self) -> usize {
        match self {
            Self::Token { token, .. } => token,
            Self::Head { head, .. } => head,
        }
    }
}

/// The positions at which two texts differ; refuses texts whose tokens do not stand side by side.
fn differences(opened: &Opened, [clean, corrupt]: [&Tokens; 2]) -> Result<Vec<usize>> {
    // What was cut off may have made two texts equally long.
    let dropped = [clean.dropped, corrupt.dropped];
    let [clean, corrupt] = [clean.ids(), corrupt.ids()];
    let differ = |&i: &usize| clean.get(i) != corrupt.get(i);
    let longest = clean.len().max(corrupt.len());
    let positions: Vec<usize> = (0..longest).filter(differ).collect();
    if clean.len() == corrupt.len() && dropped[0] == dropped[1] {
        return Ok(positions);
    }
    let name = |ids: &[u32], i: usize| {
        let piece = ids.get(i).and_then(|&id| opened.tokenizer.token(id));
        piece.map_or("nothing".to_owned(), |piece| format!("`{piece}`"))
    };
    let first = positions.first().copied().unwrap_or(0);
    Err(Error::input(format!(
        "the clean text has {} tokens and the corrupt one {}, and patching needs them side by side; they first differ at \
         token {first}: {} and {}",
        clean.len() + dropped[0],
        corrupt.len() + dropped[1],
        name(&clean, first),
        name(&corrupt, first)
    )))
}
