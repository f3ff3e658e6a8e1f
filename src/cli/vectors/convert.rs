//! `lexiscope vectors FILE convert`: the same vectors in another format.

use super::Source;
use crate::cli::attend::check_folder;
use crate::cli::{progress, say};
use crate::error::Result;
use crate::export::vectors::{self, VectorFormat};
use crate::source::vectors::Vectors;
use clap::builder::{PathBufValueParser, TypedValueParser};
use std::path::{Path, PathBuf};

/// Writes the vectors in another format.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file: its extension chooses the format. txt or vec: word2vec text; bin: word2vec binary; npy, with the words
    /// in a file beside it; npz; tsv: the Embedding Projector's tables, the second of which lies beside it; safetensors.
    #[arg(long, value_name = "FILE", value_parser = vectors_path())]
    out: PathBuf,
}

/// A path whose extension names a format of vectors.
pub(in crate::cli) fn vectors_path() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| VectorFormat::of(&path).map(|_| path))
}

impl Args {
    pub(super) fn run(&self, source: &Source) -> Result<()> {
        check_folder(&self.out)?;
        write(&source.open()?, &self.out)
    }
}

/// Writes vectors; what the person should know goes to standard error.
pub(in crate::cli) fn write(vectors: &Vectors, out: &Path) -> Result<()> {
    let progress = progress::Line::start();
    let written = vectors::write(vectors, out, &progress.control());
    drop(progress);
    let written = written?;
    written.notices.iter().for_each(|notice| say(&format!("note: {notice}")));
    for file in &written.files[1..] {
        say(&format!("note: what belongs to the rows is in {}", file.display()));
    }
    Ok(())
}
