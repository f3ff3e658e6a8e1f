//! What turns the last hidden state into logits. A head is a short chain of steps, so that each family only says
//! which tensors its chain is made of.

use super::blocks::{Activation, LayerNorm, Linear, first_token};
use super::params::Params;
use super::{Answers, Card, Input, Source};
use crate::error::{Error, Result};
use crate::trace::{Site, Trace};
use candle_core::{DType, Tensor};

/// One step of a head.
pub enum Step {
    /// `[batch, token, dim]` to the first token `[batch, dim]`.
    First,
    /// `[batch, token, dim]` to the last token that is not padding `[batch, dim]`; the id of padding tokens, if any, counts
    /// as padding in a text too.
    Last(Option<i64>),
    /// A linear layer.
    Linear(Linear),
    /// An activation.
    Activate(Activation),
    /// A layer norm.
    Norm(LayerNorm),
    /// Shows the tensor on the way.
    Show(Site),
    /// `[.., 1]` to `[..]`.
    Squeeze,
}

struct Head {
    site: Site,
    steps: Vec<Step>,
}

/// The heads of a checkpoint, and why the others are missing.
#[derive(Default)]
pub struct Heads {
    list: Vec<Head>,
    unavailable: Vec<(Site, String)>,
    labels: Vec<String>,
    answers: Answers,
}

impl Heads {
    /// Adds the head at `site` if the checkpoint has the tensor `probe`; otherwise notes that it is missing.
    pub fn add(
        &mut self,
        site: Site,
        vb: &Params<'_>,
        probe: &str,
        steps: impl FnOnce() -> Result<Vec<Step>>,
    ) -> Result<()> {
        if vb.contains(probe) {
            self.attempt(site, vb, steps)?;
        } else {
            self.lacks(site, absent(probe));
        }
        Ok(())
    }

    /// Adds the head at `site`, or notes what its part of the checkpoint lacks: the rest can be run all the same.
    /// Says which of the two it was.
    pub fn attempt(&mut self, site: Site, vb: &Params<'_>, steps: impl FnOnce() -> Result<Vec<Step>>) -> Result<bool> {
        let why = match vb.attempt(steps) {
            Ok(steps) => {
                self.list.push(Head { site, steps });
                return Ok(true);
            }
            Err(Error::MissingTensor { tensor, .. }) => absent(&tensor),
            Err(Error::Shape { tensor, wanted, found, .. }) => {
                format!("tensor `{tensor}` should be {wanted:?} but is {found:?}")
            }
            Err(Error::Input { what }) => what,
            Err(other) => return Err(other),
        };
        self.lacks(site, why);
        Ok(false)
    }

    /// Notes that a head is missing, and why.
    pub fn lacks(&mut self, site: Site, why: String) {
        self.unavailable.push((site, why));
    }

    /// Adds the classifier, if the checkpoint has one: over tokens or over the whole text, as its class says. Its output
    /// layer is called `tokens` or `texts`.
    pub fn add_classifier(
        &mut self,
        source: &Source<'_>,
        [tokens, texts]: [&str; 2],
        dim: usize,
        before: impl FnOnce() -> Result<Vec<Step>>,
    ) -> Result<()> {
        let vb = &source.vb;
        let weight = |name: &str| format!("{name}.weight");
        let Some(site) = source.classifies() else {
            let found = [tokens, texts].map(weight).into_iter().find(|w| vb.contains(w));
            self.lacks(Site::Sequence, match (found, source.class()) {
                (None, _) => absent(&weight(texts)),
                (Some(found), "") => {
                    format!("there is a tensor `{found}`, but config.json names no class that says what it labels")
                }
                (Some(found), class) => format!(
                    "there is a tensor `{found}`, but the class {class} is not known to be a classifier of tokens or \
                     of texts"
                ),
            });
            return Ok(());
        };
        let over_tokens = site == Site::TokenLabels;
        let name = if over_tokens { tokens } else { texts };
        let Some(shape) = vb.shape(&weight(name)) else {
            self.lacks(site, absent(&weight(name)));
            return Ok(());
        };
        let labels = shape.first().copied().unwrap_or(0);
        let added = self.attempt(site, vb, || {
            let mut steps = if over_tokens { Vec::new() } else { before()? };
            steps.push(Step::Linear(if vb.contains(&format!("{name}.bias")) {
                Linear::load(&vb.pp(name), dim, labels)?
            } else {
                Linear::load_no_bias(&vb.pp(name), dim, labels)?
            }));
            Ok(steps)
        })?;
        if added {
            self.labels = source.labels(labels);
            self.answers = source.answers(labels);
        }
        Ok(())
    }

    /// Enters what can and cannot be predicted into the card.
    pub fn describe(&self, card: &mut Card) {
        card.outputs = self.list.iter().map(|h| h.site).collect();
        for step in self.list.iter().flat_map(|h| &h.steps) {
            if let Step::Show(site) = step
                && !card.steps.contains(site)
            {
                card.steps.push(*site);
            }
        }
        card.unavailable.clone_from(&self.unavailable);
        card.labels.clone_from(&self.labels);
        card.answers = self.answers;
    }

    /// Logits over the vocabulary `[batch, token, vocabulary]` from hidden states `[batch, token, dim]`.
    pub fn words(&self, hidden: &Tensor) -> Result<Tensor> {
        let head = self.list.iter().find(|head| head.site == Site::Logits);
        let head = head.ok_or_else(|| Error::input("the model predicts no words"))?;
        head.steps.iter().try_fold(hidden.clone(), |x, step| match step {
            Step::Linear(linear) => linear.forward(&x),
            Step::Activate(activation) => activation.forward(&x),
            Step::Norm(norm) => norm.forward(&x),
            Step::Show(_) => Ok(x),
            Step::First | Step::Last(_) | Step::Squeeze => Err(Error::input("a vocabulary head reads every token")),
        })
    }

    /// Runs the heads that the trace wants: `[batch, token, dim]`.
    pub fn forward(&self, hidden: &Tensor, input: &Input, trace: &mut Trace<'_>) -> Result<()> {
        for head in &self.list {
            let shown = head.steps.iter().any(|s| matches!(s, Step::Show(site) if trace.wants(*site)));
            if !shown && !trace.wants(head.site) {
                continue;
            }
            let mut x = hidden.clone();
            for step in &head.steps {
                x = match step {
                    Step::First => first_token(&x)?,
                    Step::Last(pad) => last_token(&x, input, *pad)?,
                    Step::Linear(linear) => linear.forward(&x)?,
                    Step::Activate(activation) => activation.forward(&x)?,
                    Step::Norm(norm) => norm.forward(&x)?,
                    Step::Show(site) => trace.see(*site, x)?,
                    Step::Squeeze => x.squeeze(candle_core::D::Minus1)?,
                };
            }
            trace.see(head.site, x)?;
        }
        Ok(())
    }
}

/// The chain of a masked-LM head: dense, activation, norm, decoder.
pub fn vocabulary(dense: Linear, activation: Activation, norm: LayerNorm, decoder: Linear) -> Vec<Step> {
    vec![
        Step::Linear(dense),
        Step::Activate(activation),
        Step::Norm(norm),
        Step::Show(Site::Transformed),
        Step::Linear(decoder),
    ]
}

/// The decoder at `vb`, or the word embeddings where the file leaves it to be tied. `biases` are tried in order.
pub fn decoder(
    source: &Source<'_>,
    vb: &Params<'_>,
    weight: &str,
    biases: &[&str],
    words: &Tensor,
    dim: usize,
) -> Result<Linear> {
    let rows = words.dim(0)?;
    let weight = if vb.contains(weight) {
        let own = vb.get(&[rows, dim], weight)?;
        let differ = own.ne(words)?.to_dtype(DType::F32)?.sum_all()?.to_scalar::<f32>()? > 0.0;
        if differ {
            own
        } else {
            // Some files hold the table twice: it is one all the same.
            vb.tie(weight);
            words.clone()
        }
    } else if source.ties_words() {
        words.clone()
    } else {
        return Err(Error::input(format!("{}, and `tie_word_embeddings` is false", absent(&vb.path(weight)))));
    };
    let bias = biases.iter().find(|b| vb.contains(b));
    Ok(Linear::new(weight, bias.map(|b| vb.get(&[rows], b)).transpose()?))
}

fn absent(tensor: &str) -> String {
    format!("the checkpoint has no tensor `{tensor}`")
}

/// The last token that is neither masked nor `pad`; the first where there is none.
fn last_token(x: &Tensor, input: &Input, pad: Option<i64>) -> Result<Tensor> {
    let rows = input.ids.iter().zip(&input.mask).enumerate().map(|(i, (ids, mask))| {
        let last = ids.iter().zip(mask).rposition(|(&id, &m)| m == 1 && pad != Some(id.into())).unwrap_or(0);
        x.get(i)?.get(last)
    });
    Ok(Tensor::stack(&rows.collect::<candle_core::Result<Vec<_>>>()?, 0)?)
}
