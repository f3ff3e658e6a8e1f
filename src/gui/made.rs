//! What the window's jobs make.

use super::action::ExportOf;
use super::examples::Example;
use super::state::{Look, Study};
use super::views::neuron;
use crate::engine::Opened;
use std::path::PathBuf;
use std::sync::Arc;

/// What came of a job.
pub enum Made {
    /// A model is open; and how to find it again, unless it is bundled.
    Opened(Arc<Opened>, Option<String>),
    /// A run is done and drawn.
    Study(Study),
    /// The run that is shown was drawn anew.
    Redrawn(Study),
    /// The examples that a model passes, with its [`Opened::id`].
    Examples(u64, Vec<Example>),
    /// A map of effects is complete.
    Effects,
    /// A tensor.
    Look(Look),
    /// Queries and keys of a layer, for the neuron view.
    Neuron(neuron::Made),
    /// A file was written.
    Saved(PathBuf),
    /// A model folder was chosen, or none.
    Folder(Option<PathBuf>),
    /// A file to write to was chosen, or none.
    Target(Option<PathBuf>, ExportOf),
    /// A picture for the clipboard: width, height, RGBA.
    Picture(usize, usize, Vec<u8>),
}
