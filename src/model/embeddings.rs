//! The embeddings that BERT, RoBERTa, DistilBERT, ELECTRA and ALBERT share: words, positions and (where the family
//! has them) segments, added and normalised.

use super::blocks::{LayerNorm, ids_tensor, look_up};
use super::kernels;
use super::params::Params;
use super::{Card, Input};
use crate::error::{Error, Result};
use crate::trace::{Site, Stack, Trace};
use candle_core::{Device, Tensor};

/// Words, positions and segments.
pub struct Embeddings {
    words: Tensor,
    positions: Tensor,
    segments: Option<Tensor>,
    norm: LayerNorm,
    // RoBERTa counts positions from here, over tokens that are not padding.
    padding: Option<u32>,
    device: Device,
}

/// The sizes of the embedding tables.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Rows of the word table.
    pub vocabulary: usize,
    /// Rows of the position table.
    pub positions: usize,
    /// Rows of the segment table; 0 where the family has none.
    pub segments: usize,
    /// Width.
    pub dim: usize,
    /// What the layer norm adds to the variance.
    pub eps: f64,
}

impl Embeddings {
    /// Reads the tables.
    pub fn load(vb: &Params<'_>, sizes: Sizes, padding: Option<u32>, device: &Device) -> Result<Self> {
        let Sizes { vocabulary, positions, segments, dim, eps } = sizes;
        let table = |rows: usize, name: &str| vb.get(&[rows, dim], &format!("{name}.weight"));
        Ok(Self {
            words: table(vocabulary, "word_embeddings")?,
            positions: table(positions, "position_embeddings")?,
            segments: if segments > 0 { Some(table(segments, "token_type_embeddings")?) } else { None },
            norm: LayerNorm::load(&vb.pp("LayerNorm"), dim, eps)?,
            padding,
            device: device.clone(),
        })
    }

    /// The word table `[vocabulary, dim]`, to which decoders are tied.
    pub fn words(&self) -> &Tensor {
        &self.words
    }

    /// Ids to `[batch, token, dim]`; `project` is what ELECTRA and ALBERT put after the norm.
    pub fn forward(
        &self,
        input: &Input,
        card: &Card,
        trace: &mut Trace<'_>,
        project: impl FnOnce(Tensor) -> Result<Tensor>,
    ) -> Result<Tensor> {
        input.check(card)?;
        trace.enter(Stack::Embeddings, 0)?;
        let words = trace.see(Site::Words, look_up(&self.words, &ids_tensor(&input.ids, &self.device)?)?)?;
        let positions = ids_tensor(&self.position_ids(input), &self.device)?;
        let positions = trace.see(Site::Positions, look_up(&self.positions, &positions)?)?;
        let mut x = words;
        if let Some(table) = &self.segments {
            let rows = table.dim(0)? as u32;
            // RoBERTa gives every token the first row, whatever text it is from.
            let first_only = self.padding.is_some();
            let ids: Vec<Vec<u32>> =
                input.segments.iter().map(|s| s.iter().map(|&t| if first_only { 0 } else { t }).collect()).collect();
            if ids.iter().flatten().any(|&t| t >= rows) {
                return Err(Error::input(format!("the model knows {rows} segments, not more")));
            }
            x = kernels::add(&x, &trace.see(Site::Segments, look_up(table, &ids_tensor(&ids, &self.device)?)?)?)?;
        }
        let x = self.norm.forward(&kernels::add(&x, &positions)?)?;
        trace.see(Site::Hidden, project(x)?)
    }

    fn position_ids(&self, input: &Input) -> Vec<Vec<u32>> {
        let rows = input.ids.iter();
        match self.padding {
            None => rows.map(|row| (0..row.len() as u32).collect()).collect(),
            Some(padding) => rows
                .map(|row| {
                    let mut position = padding;
                    row.iter()
                        .map(|&id| {
                            if id == padding {
                                return padding;
                            }
                            position += 1;
                            position
                        })
                        .collect()
                })
                .collect(),
        }
    }
}
