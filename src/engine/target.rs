//! What an intervention is judged by: a number, or a vector, that a run ends with.

use super::run::Run;
use crate::error::{Error, Result};
use crate::model::Card;
use crate::trace::{At, Goal, Measure, Place, Site, Stack, Want};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// What an intervention is judged by. Prints and parses as `logprob:3`, `class:1`, `pooled`, `hidden:2,5`; everything
/// counts from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// The log-probability (natural) of the token as typed at a position, also where it is masked now.
    LogProb(usize),
    /// The logit of a class of the text.
    Class(usize),
    /// The pooled embedding: the mean of the last hidden state over all tokens, as sentence-transformers has it.
    Pooled,
    /// The output of a layer at a token: `Hidden(layer, token)`.
    Hidden(usize, usize),
}

impl Target {
    /// Refuses a target that the model, or a text of `tokens` tokens, does not have.
    pub fn check(self, card: &Card, tokens: usize) -> Result<()> {
        let token = |i: usize| {
            if i < tokens {
                return Ok(());
            }
            Err(Error::input(format!("{self}: there is no token {i}: the text has {tokens}, counted from 0")))
        };
        match self {
            Self::LogProb(i) => {
                lacks(self, card, Site::Logits, "predicts no words")?;
                token(i)?;
                if card.is_causal() && i == 0 {
                    let why = "nothing comes before the first token, so this model does not predict it";
                    return Err(Error::input(format!("{self}: {why}")));
                }
                Ok(())
            }
            Self::Class(k) => {
                lacks(self, card, Site::Sequence, "does not classify texts")?;
                let classes = card.labels.len();
                if k < classes {
                    return Ok(());
                }
                Err(Error::input(format!("{self}: there is no class {k}: the model has {classes}, counted from 0")))
            }
            Self::Pooled => Ok(()),
            Self::Hidden(layer, i) => {
                if layer < card.layers {
                    return token(i);
                }
                let layers = card.layers;
                Err(Error::input(format!("{self}: there is no layer {layer}: the model has {layers}, counted from 0")))
            }
        }
    }

    /// What suits a model that read `tokens` tokens: a class, else the log-probability of the first of `at` that the model
    /// predicts, else the pooled embedding.
    pub fn usual(card: &Card, tokens: usize, at: impl IntoIterator<Item = usize>) -> Self {
        let first = std::iter::once(Self::Class(0)).chain(at.into_iter().map(Self::LogProb));
        first.into_iter().find(|target| target.check(card, tokens).is_ok()).unwrap_or(Self::Pooled)
    }

    /// The place that a run has to keep for it.
    pub fn place(self, card: &Card) -> Place {
        let output = |site| Place { stack: Some(Stack::Output), ..Place::site(site) };
        let hidden =
            |layer: usize| Place { stack: Some(card.stack), layer: Some(layer as u16), site: Some(Site::Hidden) };
        match self {
            Self::LogProb(_) => output(Site::Logits),
            Self::Class(_) => output(Site::Sequence),
            Self::Pooled => hidden(card.layers.saturating_sub(1)),
            Self::Hidden(layer, _) => hidden(layer),
        }
    }

    /// What a run has to keep for it.
    pub fn want(self, card: &Card) -> Want {
        Want::nothing().and(self.place(card))
    }

    /// The number whose gradient is meant, in a pass over a text with these ids `typed`: the log-probability or logit itself;
    /// of a vector its length, which is its part along its own direction.
    pub fn goal(self, card: &Card, typed: &[u32]) -> Result<Goal> {
        self.check(card, typed.len())?;
        let last = card.layers.saturating_sub(1);
        let hidden = |layer| At::new(card.stack, layer, Site::Hidden);
        let (at, measure) = match self {
            Self::LogProb(i) => {
                let id = typed.get(i).copied().unwrap_or_default();
                (At::new(Stack::Output, 0, Site::Logits), Measure::LogProb { row: Self::row(card, i), id })
            }
            Self::Class(k) => (At::new(Stack::Output, 0, Site::Sequence), Measure::Entry(k)),
            Self::Pooled => (hidden(last), Measure::MeanLength),
            Self::Hidden(layer, i) => (hidden(layer), Measure::Length(i)),
        };
        Ok(Goal { at, measure })
    }

    /// Whether it is read before `layer`, so that nothing done there or above can change it.
    pub fn is_below(self, card: &Card, layer: usize) -> bool {
        let place = self.place(card);
        place.stack == Some(card.stack) && place.layer.is_some_and(|l| usize::from(l) < layer)
    }

    /// The row of `logits [token, vocabulary]` that predicts token `i`: its own of a masked language model, the one
    /// before of a causal one.
    pub fn row(card: &Card, i: usize) -> usize {
        if card.is_causal() { i.saturating_sub(1) } else { i }
    }

    /// The target of one run where it is a number (a log-probability, a logit); `of` is the run whose typed token is
    /// meant. `None` where it is a vector, which has a size only beside another one.
    pub fn number(self, of: &Run, run: &Run) -> Result<Option<f64>> {
        let kept = |site| {
            let missing = || Error::input(format!("{self}: this run kept no {site}"));
            run.logits(site).ok_or_else(missing)
        };
        let found = match self {
            Self::LogProb(i) => {
                let (logits, row) = (kept(Site::Logits)?, Self::row(&run.card, i));
                let id = of.typed.get(i).copied();
                let there =
                    id.filter(|&id| row < logits.len_of("token") && (id as usize) < logits.len_of("vocabulary"));
                let id = there.ok_or_else(|| Error::input(format!("{self}: the run has no such token")))?;
                log_softmax(logits.block(&[row]), id as usize)
            }
            Self::Class(k) => {
                let logit = kept(Site::Sequence)?.data().get(k).copied();
                logit.map(f64::from).ok_or_else(|| Error::input(format!("{self}: the run has no such class")))?
            }
            Self::Pooled | Self::Hidden(..) => return Ok(None),
        };
        finite(self, found).map(Some)
    }

    /// The target of one run where it is a vector `[dim]`; `None` where it is a number.
    pub fn vector(self, run: &Run) -> Result<Option<Vec<f64>>> {
        let found = match self {
            Self::LogProb(_) | Self::Class(_) => return Ok(None),
            Self::Pooled => {
                let hidden = run.array(run.at(run.card.layers.saturating_sub(1), Site::Hidden))?;
                let (tokens, dim) = (hidden.len_of("token"), hidden.len_of("dim"));
                let mut mean = vec![0.0; dim];
                for row in hidden.data().chunks_exact(dim.max(1)) {
                    mean.iter_mut().zip(row).for_each(|(m, &x)| *m += f64::from(x) / tokens as f64);
                }
                mean
            }
            Self::Hidden(layer, i) => {
                let hidden = run.array(run.at(layer, Site::Hidden))?;
                if i >= hidden.len_of("token") {
                    return Err(Error::input(format!("{self}: the run has no such token")));
                }
                hidden.block(&[i]).iter().map(|&x| f64::from(x)).collect()
            }
        };
        finite(self, found.iter().sum())?;
        Ok(Some(found))
    }

    /// What changed from one run to another of the same tokens: the difference of log-probabilities (nats) or logits,
    /// after minus before; of vectors their cosine minus 1, which is 0 where nothing changed and -2 at most.
    pub fn effect(self, before: &Run, after: &Run) -> Result<f64> {
        let missing = || Error::input(format!("{self}: two runs of different kinds"));
        if let Some(was) = self.number(before, before)? {
            return Ok(self.number(before, after)?.ok_or_else(missing)? - was);
        }
        let was = self.vector(before)?.ok_or_else(missing)?;
        let is = self.vector(after)?.ok_or_else(missing)?;
        if was.len() != is.len() {
            return Err(Error::input(format!("{self}: vectors of {} and {} numbers", was.len(), is.len())));
        }
        // The cosine of a vector with itself may miss 1 by the last bit.
        let change = if was == is { 0.0 } else { cosine(&was, &is) - 1.0 };
        finite(self, change)
    }

    /// What an effect is counted in, for axes and tables.
    pub fn unit(self) -> &'static str {
        match self {
            Self::LogProb(_) => "change of log-probability (nats)",
            Self::Class(_) => "change of logit",
            Self::Pooled | Self::Hidden(..) => "cosine minus 1",
        }
    }
}

/// Refuses a target whose logits the model does not have, with the reason that its card knows.
fn lacks(target: Target, card: &Card, site: Site, what: &str) -> Result<()> {
    if card.outputs.contains(&site) {
        return Ok(());
    }
    let why = card.unavailable.iter().find(|(s, _)| *s == site).map(|(_, why)| format!(": {why}"));
    let why = why.unwrap_or_default();
    Err(Error::input(format!("{target}: the model {what}{why}; `pooled` and `hidden:LAYER,TOKEN` are there for all")))
}

fn finite(target: Target, value: f64) -> Result<f64> {
    if value.is_finite() { Ok(value) } else { Err(Error::input(format!("{target} is not a finite number here"))) }
}

/// The natural logarithm of one entry of the softmax of `logits`, in `f64`.
fn log_softmax(logits: &[f32], at: usize) -> f64 {
    let max = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let total: f64 = logits.iter().map(|&x| (f64::from(x) - max).exp()).sum();
    f64::from(logits[at]) - max - total.ln()
}

/// The cosine of two vectors of one length; not a number where one of them is zero.
fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    (dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()).clamp(-1.0, 1.0)
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LogProb(i) => write!(f, "logprob:{i}"),
            Self::Class(k) => write!(f, "class:{k}"),
            Self::Pooled => f.write_str("pooled"),
            Self::Hidden(layer, i) => write!(f, "hidden:{layer},{i}"),
        }
    }
}

impl FromStr for Target {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let number = |part: &str| part.trim().parse().ok();
        let found = match text.trim().split_once(':') {
            None if text.trim() == "pooled" => Some(Self::Pooled),
            Some(("logprob", i)) => number(i).map(Self::LogProb),
            Some(("class", k)) => number(k).map(Self::Class),
            Some(("hidden", at)) => {
                at.split_once(',').and_then(|(layer, i)| Some(Self::Hidden(number(layer)?, number(i)?)))
            }
            _ => None,
        };
        let kinds = "logprob:TOKEN, class:CLASS, pooled, hidden:LAYER,TOKEN";
        found.ok_or_else(|| Error::input(format!("`{text}` is no target ({kinds}; everything counts from 0)")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_prints_and_parses_back() {
        for target in [Target::LogProb(3), Target::Class(1), Target::Pooled, Target::Hidden(2, 5)] {
            assert_eq!(target.to_string().parse::<Target>().expect("its own name"), target);
        }
        for wrong in ["", "logprob", "logprob:", "logprob:-1", "class:a", "hidden:2", "hidden:2,5,1", "pooled:0"] {
            let error = wrong.parse::<Target>().expect_err(wrong).to_string();
            assert!(error.contains("hidden:LAYER,TOKEN"), "{error}");
        }
    }

    #[test]
    fn a_log_probability_is_that_of_the_softmax() {
        let logits = [0.0, 2.0_f32.ln(), 4.0_f32.ln(), 1.0_f32.ln()];
        assert!((log_softmax(&logits, 1) - 0.25_f64.ln()).abs() < 1e-7);
        // Large logits neither overflow nor lose the small ones.
        assert!((log_softmax(&[1000.0, 999.0], 1) - (-1.0 - (1.0 + (-1.0_f64).exp()).ln())).abs() < 1e-12);
    }

    #[test]
    fn a_cosine_knows_direction_only() {
        assert!((cosine(&[1.0, 2.0], &[2.0, 4.0]) - 1.0).abs() < 1e-15);
        assert!((cosine(&[1.0, 0.0], &[0.0, 3.0])).abs() < 1e-15);
        assert!((cosine(&[1.0, 0.0], &[-3.0, 0.0]) + 1.0).abs() < 1e-15);
    }
}
