//! The seam: one call per site of a forward pass. Capture, intervention, cancelling and progress are one
//! mechanism, in every model.
//!
//! A model calls [`Trace::enter`] at each block and [`Trace::see`] at each site. `see` looks at the stop flag, lets
//! an edit swap the tensor, keeps it if somebody asked, and returns what the pass goes on with.
//!
//! A recurrent layer computes one time step after the other. For each of its directions it takes [`Steps`] from
//! [`Trace::steps`], calls [`Steps::see`] at each site of each step, which does the same to a slice of numbers, and
//! gives them back with [`Trace::keep`].

mod at;
mod edit;
mod gradient;
mod steps;
mod stop;
mod want;

pub use at::{At, Place, Site, Stack};
pub use edit::{Edit, Edits};
pub use gradient::{Goal, Measure};
pub use steps::Steps;
pub use stop::{Control, Progress, Stop};
pub use want::Want;

use crate::array::Array;
use crate::error::Result;
use candle_core::Tensor;
use gradient::Slope;
use std::collections::BTreeMap;

/// Watches one forward pass.
pub struct Trace<'a> {
    want: &'a Want,
    edits: &'a Edits,
    control: &'a Control,
    stack: Stack,
    layer: usize,
    layers: usize,
    // Kept tensors of the present layer, still on the device: one copy per layer, not one per site.
    pending: Vec<(At, Tensor)>,
    kept: BTreeMap<At, Array>,
    seen: Vec<(At, Vec<usize>)>,
    slope: Option<Slope<'a>>,
    watch: bool,
    broken: Option<At>,
}

/// What a watched pass leaves behind.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// The tensors that were asked for, batch axis included.
    pub arrays: BTreeMap<At, Array>,
    /// Every site in order of execution with its shape, batch axis included.
    pub shapes: Vec<(At, Vec<usize>)>,
    /// The first site, in order of execution, at which not all numbers are finite, where somebody watched for it.
    pub broken: Option<At>,
}

impl<'a> Trace<'a> {
    /// Watches a pass through `layers` layers.
    pub fn new(want: &'a Want, edits: &'a Edits, control: &'a Control, layers: usize) -> Self {
        let (pending, kept, seen) = Default::default();
        let (stack, layer, slope, broken) = (Stack::Embeddings, 0, None, None);
        let watch = !edits.is_empty();
        Self { want, edits, control, stack, layer, layers, pending, kept, seen, slope, watch, broken }
    }

    /// Looks for the first site that is not finite where nothing is edited too: other tokens can make such numbers.
    pub fn watching(self, watch: bool) -> Self {
        Self { watch: self.watch || watch, ..self }
    }

    /// Computes [`Site::Gradient`] as well: the derivative of `goal` by every attention probability.
    pub fn towards(self, goal: Option<&'a Goal>) -> Self {
        Self { slope: goal.map(Slope::to), ..self }
    }

    /// Every following [`Trace::see`] belongs to this layer.
    pub fn enter(&mut self, stack: Stack, layer: usize) -> Result<()> {
        self.control.check()?;
        self.copy_pending()?;
        self.stack = stack;
        self.layer = layer;
        if stack.is_layered() {
            self.control.report("Forward pass", layer as u64, self.layers as u64);
        }
        Ok(())
    }

    /// Whether anybody wants to keep `site` of this layer: what costs extra is computed only then.
    pub fn wants(&self, site: Site) -> bool {
        let at = At::new(self.stack, self.layer, site);
        self.want.has(at) || self.slope.as_ref().is_some_and(|slope| slope.reads(at))
    }

    /// Whether anybody needs `site` of this layer as a tensor of its own: a fused kernel may skip it otherwise.
    pub fn needs(&self, site: Site) -> bool {
        self.wants(site) || !self.edits.is_empty()
    }

    /// Shows `t` to whoever asked for `site`; the pass goes on with what comes back.
    pub fn see(&mut self, site: Site, t: Tensor) -> Result<Tensor> {
        self.control.check()?;
        let at = At::new(self.stack, self.layer, site);
        let t = self.edits.apply(at, t)?;
        self.seen.push((at, t.dims().to_vec()));
        // A change can make numbers that no layer after it survives: where that began is what there is to say.
        if self.watch && self.broken.is_none() && !edit::is_finite(&t)? {
            self.broken = Some(at);
        }
        if self.want.has(at) {
            self.pending.push((at, t.clone()));
        }
        match &mut self.slope {
            Some(slope) => slope.see(at, t),
            None => Ok(t),
        }
    }

    /// What watches a recurrent layer, here in the direction `stack`, over `count` time steps from step `from` on. Its
    /// `sites`, each with its number of units, are called by their places in this list.
    pub fn steps(&self, stack: Stack, sites: &[(Site, usize)], from: usize, count: usize) -> Result<Steps<'a>> {
        self.control.check()?;
        let sites = sites.iter().map(|&(site, units)| (At::new(stack, self.layer, site), units));
        Ok(Steps::new(sites, from..from + count, self.want, self.edits, self.control))
    }

    /// Takes what was watched.
    pub fn keep(&mut self, steps: Steps<'_>) -> Result<()> {
        steps.finish(&mut self.kept, &mut self.seen, &mut self.broken)
    }

    /// Notes that the pass went through `site` where a fused kernel never made its tensor.
    pub fn pass(&mut self, site: Site, shape: &[usize]) {
        self.seen.push((At::new(self.stack, self.layer, site), shape.to_vec()));
    }

    /// Ends the pass.
    pub fn finish(mut self) -> Result<Seen> {
        self.control.check()?;
        self.copy_pending()?;
        self.control.report("Forward pass", self.layers as u64, self.layers as u64);
        if let Some(slope) = self.slope.take() {
            let mut found = slope.solve(self.control)?;
            found.sort_by_key(|(at, _)| *at);
            for (at, t) in found {
                self.seen.push((at, t.dims().to_vec()));
                if self.want.has(at) {
                    self.pending.push((at, t));
                }
            }
            self.copy_pending()?;
        }
        Ok(Seen { arrays: self.kept, shapes: self.seen, broken: self.broken })
    }

    fn copy_pending(&mut self) -> Result<()> {
        for (at, t) in self.pending.drain(..) {
            self.kept.insert(at, Array::new(at.site.axes(), t.dims(), edit::to_host(&t)?)?);
        }
        Ok(())
    }
}
