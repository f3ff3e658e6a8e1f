//! `lexiscope view`: opens the window on a model, a session or a file of attention.

use crate::engine::Imported;
use crate::error::{Error, Result};
use std::path::PathBuf;

/// Opens the window on a model, a session or a file of attention.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A model (folder, bundled name or hub id), a session (.lexiscope.json), or a file of attention: .npz, .safetensors
    /// or .json with `attentions` [layer, head, query, key] and `tokens`.
    #[arg(value_name = "FILE|MODEL")]
    path: PathBuf,
    /// Reads the file of attention again whenever it changes, as a notebook writes it; it need not be there yet.
    #[arg(long)]
    watch: bool,
}

impl Args {
    pub(super) fn run(&self) -> Result<()> {
        let name = self.path.to_string_lossy();
        if self.watch && !Imported::is_named_so(&name) {
            let what = "--watch follows a file of attention (.npz, .safetensors or .json), and this is none";
            return Err(Error::unsupported(&self.path, what));
        }
        super::window(vec![self.path.clone()], self.watch)
    }
}
