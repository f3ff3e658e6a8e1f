//! What turns the last hidden state into logits. A head is a short chain of steps, so that each family only says
//! which tensors its chain is made of.

use super::blocks::{Activation, LayerNorm, Linear, first_token};
use super::params::Params;
use super::{Card, Input, Source};
use crate::error::Result;
use crate::trace::{Site, Trace};
use candle_core::Tensor;

/// One step of a head.
pub enum Step {
    /// `[batch, token, dim]` to the first token `[batch, dim]`.
    First,
    /// `[batch, token, dim]` to the last token that is not padding `[batch, dim]`.
    Last,
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
            self.list.push(Head { site, steps: steps()? });
        } else {
            self.unavailable.push((site, format!("the checkpoint has no tensor `{probe}`")));
        }
        Ok(())
    }

    /// Adds a head that needs no tensors of its own.
    pub fn push(&mut self, site: Site, steps: Vec<Step>) {
        self.list.push(Head { site, steps });
    }

    /// Notes that a head is missing, and why.
    pub fn lacks(&mut self, site: Site, why: String) {
        self.unavailable.push((site, why));
    }

    /// Adds the classifier whose output layer is `name`, if the checkpoint has it: over tokens or over the whole text,
    /// as its class says.
    pub fn add_classifier(
        &mut self,
        source: &Source<'_>,
        vb: &Params<'_>,
        name: &str,
        dim: usize,
        before: impl FnOnce() -> Result<Vec<Step>>,
    ) -> Result<()> {
        let weight = format!("{name}.weight");
        let over_tokens = source.class().contains("TokenClassification");
        let site = if over_tokens { Site::TokenLabels } else { Site::Sequence };
        let Some(&[labels, _]) = vb.shape(&weight) else {
            self.unavailable.push((Site::Sequence, format!("the checkpoint has no tensor `{weight}`")));
            return Ok(());
        };
        let mut steps = if over_tokens { Vec::new() } else { before()? };
        steps.push(Step::Linear(if vb.contains(&format!("{name}.bias")) {
            Linear::load(&vb.pp(name), dim, labels)?
        } else {
            Linear::load_no_bias(&vb.pp(name), dim, labels)?
        }));
        self.labels = source.labels(labels);
        self.push(site, steps);
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
                    Step::Last => last_token(&x, input)?,
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

/// The decoder at `vb`, or the word embeddings where the file leaves it to be tied. `bias_names` are tried in order.
pub fn decoder(vb: &Params<'_>, weight: &str, bias_names: &[&str], words: &Tensor, dim: usize) -> Result<Linear> {
    let rows = words.dim(0)?;
    let weight = if vb.contains(weight) { vb.get(&[rows, dim], weight)? } else { words.clone() };
    let bias = bias_names.iter().find(|b| vb.contains(b));
    Ok(Linear::new(weight, bias.map(|b| vb.get(&[rows], b)).transpose()?))
}

fn last_token(x: &Tensor, input: &Input) -> Result<Tensor> {
    let rows = input.mask.iter().enumerate().map(|(i, mask)| {
        let last = mask.iter().rposition(|&m| m == 1).unwrap_or(0);
        x.get(i)?.get(last)
    });
    Ok(Tensor::stack(&rows.collect::<candle_core::Result<Vec<_>>>()?, 0)?)
}
