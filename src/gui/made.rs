//! What the window's jobs make.

use super::action::ExportOf;
use super::examples::Example;
use super::guess::Guess;
use super::session::Session;
use super::state::{Look, Study};
use super::views::{compare, heads, map, neuron, predict};
use super::watch::Stamp;
use super::{recurrent, space};
use crate::engine::{Imported, Run, Subject};
use crate::error::Result;
use std::path::PathBuf;
use std::sync::Arc;

/// What came of a job.
pub enum Made {
    /// A model or a file of attention is open; and how to find it again.
    Opened(Subject, String),
    /// What is called so is not on this machine.
    Missing(String),
    /// A session was read; and what of it was not understood.
    Session(Box<Session>, Vec<String>),
    /// The session is kept for the next start.
    Kept,
    /// A file that is followed has changed, and was read.
    Watched(Stamp, Result<Arc<Imported>>),
    /// A run is done and drawn.
    Study(Study),
    /// The run without changes beside the one that is shown.
    Before(Arc<Run>),
    /// What the model predicts at a token.
    Guess(Guess),
    /// The run that is shown was drawn anew.
    Redrawn(Study),
    /// The examples that a model passes, with its [`Opened::id`].
    Examples(u64, Vec<Example>),
    /// A map of effects is complete.
    Effects,
    /// Something about the table of heads.
    Heads(heads::work::Made),
    /// A tensor.
    Look(Look),
    /// Queries and keys of a layer, for the neuron view.
    Neuron(neuron::Made),
    /// Predictions, or a text.
    Predict(predict::Made),
    /// Two runs beside each other.
    Compare(Arc<compare::Made>),
    /// Heads laid out by their likeness.
    Map(map::Made),
    /// Something of the spaces of vectors.
    Space(space::Made),
    /// Something of recurrent models.
    Recurrent(recurrent::Made),
    /// A recurrent model was chosen, or none.
    Weights(Option<PathBuf>),
    /// A text for a recurrent model was chosen, or none.
    TextFile(Option<PathBuf>),
    /// A file or folder of vectors was chosen, or none.
    Vectors(Option<PathBuf>),
    /// A file was written.
    Saved(PathBuf),
    /// A model folder was chosen, or none.
    Folder(Option<PathBuf>),
    /// A file to write to was chosen, or none.
    Target(Option<PathBuf>, ExportOf),
    /// A file to open was chosen, or none.
    File(Option<PathBuf>),
    /// A file for the session was chosen, or none.
    SessionTarget(Option<PathBuf>),
    /// A text for the clipboard.
    Text(String),
    /// A picture for the clipboard: width, height, RGBA.
    Picture(usize, usize, Vec<u8>),
}
