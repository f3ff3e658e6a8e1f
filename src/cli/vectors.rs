//! `lexiscope vectors`: files of word vectors on the command line, one file here to each thing that is asked of them.

mod analogy;
mod ask;
mod axis;
mod compare;
mod convert;
mod eval;
mod expr;
mod info;
mod near;
mod odd;
mod parts;
mod weat;

pub(super) use convert::{vectors_path, write};

use super::{progress, say};
use crate::analysis::space::cured::cured;
use crate::analysis::space::cures::Cure;
use crate::error::Result;
use crate::source::find;
use crate::source::vectors::{BadRows, Opening, Vectors};
use crate::trace::Control;
use clap::Subcommand;
use std::path::PathBuf;

/// Opens a file of word vectors: says what is in it, finds neighbours, converts it.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    source: Source,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Info(info::Args),
    Convert(convert::Args),
    Near(near::Args),
    Expr(expr::Args),
    Analogy(analogy::Args),
    Odd(odd::Args),
    Axis(axis::Args),
    Weat(weat::Args),
    Parts(parts::Args),
    Eval(eval::Args),
    Compare(compare::Args),
}

/// The vectors that a subcommand works on.
#[derive(Debug, clap::Args)]
pub(super) struct Source {
    /// A file of vectors: word2vec (text or binary), GloVe, fastText (.bin and .vec), NumPy (.npy, .npz), safetensors,
    /// or the Embedding Projector's (tables, .bytes, `projector_config.json`); its content says which it is. Or a folder
    /// with one, a folder of a model, of which the input embedding is read, or the name of bundled ones.
    file: PathBuf,
    /// Which tensor or array holds the vectors, where there are several.
    #[arg(long, global = true, value_name = "NAME")]
    tensor: Option<String>,
    /// How many numbers a row has, where the file does not say it (.bytes).
    #[arg(long, global = true, value_name = "N")]
    width: Option<usize>,
    /// A file with a word to each row, where the vectors have none: plain lines, .tsv or .csv, whose other columns are
    /// metadata.
    #[arg(long, global = true, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// A table of metadata (.tsv or .csv, or a vocabulary of words and counts), joined by word, or by row where it names
    /// no word.
    #[arg(long, global = true, value_name = "FILE")]
    metadata: Option<PathBuf>,
    /// Reads only this many words, from the beginning.
    #[arg(long, global = true, value_name = "N")]
    limit: Option<usize>,
    /// What becomes of rows with NaN or infinity: skip, keep or refuse.
    #[arg(long, global = true, default_value_t = BadRows::Skip, value_name = "WHAT")]
    bad: BadRows,
    /// The most memory that the vectors may take, in MB; nine tenths of what is free if nothing is said.
    #[arg(long, global = true, value_parser = clap::value_parser!(u64).range(1..), value_name = "MB")]
    budget: Option<u64>,
    /// Cures the vectors before anything else is done with them; given several times, in that order. centre: takes the
    /// mean off; unit: scales every vector to length 1; top:D: takes off the mean and the first D components ("all but
    /// the top"); whiten: gives every component variance 1; first:N: keeps the first N words; rotate:SEED: turns the
    /// space at random, which changes every coordinate and no neighbour.
    #[arg(long = "cure", global = true, value_name = "CURE")]
    cures: Vec<Cure>,
}

impl Source {
    /// Opens the vectors; what the person should know about them goes to standard error.
    pub(super) fn open(&self) -> Result<Vectors> {
        let progress = progress::Line::start();
        let vectors = self.open_with(&progress.control());
        drop(progress);
        let vectors = vectors?;
        vectors.report.notices.iter().for_each(|notice| say(&format!("note: {notice}")));
        Ok(vectors)
    }

    /// The most bytes that the vectors may take, where it was said.
    pub(super) fn budget(&self) -> Option<u64> {
        self.budget.map(|mb| mb.saturating_mul(1_000_000))
    }

    fn open_with(&self, control: &Control) -> Result<Vectors> {
        let opening = self.opening();
        let vectors = Vectors::open(&find::vectors(&self.file), &opening, control)?;
        if self.cures.is_empty() { Ok(vectors) } else { cured(&vectors, &self.cures, opening.budget, control) }
    }

    fn opening(&self) -> Opening {
        let default = Opening::default();
        let budget = self.budget().unwrap_or(default.budget);
        Opening {
            budget,
            limit: self.limit,
            bad: self.bad,
            tensor: self.tensor.clone(),
            width: self.width,
            labels: self.labels.clone(),
            metadata: self.metadata.clone(),
        }
    }
}

impl Args {
    /// What contradicts itself in these arguments.
    pub(super) fn misuse(&self) -> Option<String> {
        match &self.command {
            Command::Expr(args) => args.misuse(),
            _ => None,
        }
    }

    pub(super) fn run(&self) -> Result<()> {
        match &self.command {
            Command::Info(args) => args.run(&self.source),
            Command::Convert(args) => args.run(&self.source),
            Command::Near(args) => args.run(&self.source),
            Command::Expr(args) => args.run(&self.source),
            Command::Analogy(args) => args.run(&self.source),
            Command::Odd(args) => args.run(&self.source),
            Command::Axis(args) => args.run(&self.source),
            Command::Weat(args) => args.run(&self.source),
            Command::Parts(args) => args.run(&self.source),
            Command::Eval(args) => args.run(&self.source),
            Command::Compare(args) => args.run(&self.source),
        }
    }
}
