//! `lexiscope embed`: what a layer of a model makes of tokens or texts, as vectors.

use super::attend::check_folder;
use super::vectors::{vectors_path, write};
use super::{Chosen, check_text, progress, say};
use crate::engine::contextual::{How, Pool, embed, embed_all};
use crate::error::Result;
use crate::source::passages::Passages;
use crate::source::vectors::Opening;
use std::path::PathBuf;

/// Takes the output of a layer as vectors: of every token of a text or a file of texts, or of each text as a whole.
///
/// A row of a token is called as the token is written, and has the columns `sentence` and `position`, both counted from
/// 0; tokens of a treebank also `upos`, `lemma` and `relation` of their word. A row of a text is called as the text.
/// What else a table or a .jsonl says of a text becomes columns too; npz and tsv hold them.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("input").args(["text", "file"]).required(true))]
pub(super) struct Args {
    #[command(flatten)]
    model: Chosen,
    /// The text.
    #[arg(long, allow_hyphen_values = true)]
    text: Option<String>,
    /// A .txt with a text to each line, a treebank as .conllu, a .csv or .tsv whose first row names its columns, or a
    /// .jsonl.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The column, or field, that holds the texts; `text` and its like are found without.
    #[arg(long, requires = "file", value_name = "NAME")]
    column: Option<String>,
    /// Reads only this many texts, from the beginning.
    #[arg(long, requires = "file", value_parser = clap::value_parser!(u32).range(1..), value_name = "N")]
    sentences: Option<u32>,
    /// The layer whose output is taken, counted from 0 as everywhere here: `--layer 3` is `hidden_states[4]` of
    /// transformers. `embeddings` (or -1) is what the first layer reads, `last` the output of the last one, `all` both and
    /// everything between, one after the other, with a column `layer`: `lexiscope project` lays all layers out together.
    #[arg(long, value_parser = layer, allow_hyphen_values = true, value_name = "LAYER")]
    layer: Layer,
    /// What is made of the tokens of a text: none (a row to each), their mean, or the vector of the [CLS] before them.
    #[arg(long, default_value_t = Pool::None)]
    pool: Pool,
    /// Whether special tokens are rows and count in the mean (show) or not (hide).
    #[arg(long, default_value = "show", value_parser = ["show", "hide"])]
    special: String,
    /// The file: its extension chooses the format (npz, tsv, npy, safetensors; txt, vec or bin, where no name comes
    /// twice).
    #[arg(long, value_name = "FILE", value_parser = vectors_path())]
    out: PathBuf,
}

/// A layer as a person names it.
#[derive(Debug, Clone, Copy)]
enum Layer {
    Embeddings,
    Number(usize),
    Last,
    All,
}

fn layer(text: &str) -> Result<Layer, String> {
    match text {
        "embeddings" | "-1" => Ok(Layer::Embeddings),
        "last" => Ok(Layer::Last),
        "all" => Ok(Layer::All),
        _ => {
            text.parse().map(Layer::Number).map_err(|_| "it is a number from 0 on, embeddings, last, or all".to_owned())
        }
    }
}

impl Args {
    pub(super) fn run(&self) -> Result<()> {
        self.text.as_deref().map_or(Ok(()), |text| check_text("--text", text))?;
        check_folder(&self.out)?;
        let line = progress::Line::start();
        let control = line.control();
        let most = self.sentences.map_or(usize::MAX, |n| n as usize);
        let passages = match (&self.text, &self.file) {
            (Some(text), _) => Passages::typed(text),
            (None, Some(file)) => Passages::open(file, self.column.as_deref(), most, &control)?,
            (None, None) => Passages::typed(""),
        };
        drop(line);
        let opened = self.model.open()?;
        let layer = match self.layer {
            Layer::Embeddings | Layer::All => None,
            Layer::Number(layer) => Some(layer),
            Layer::Last => opened.card().layers.checked_sub(1),
        };
        let room = Opening::default().budget;
        let how = How { layer, pool: self.pool, hide: self.special == "hide", budget: self.model.bytes(), room };
        let line = progress::Line::start();
        let take = if matches!(self.layer, Layer::All) { embed_all } else { embed };
        let embedded = take(&opened, &passages, how, &line.control());
        drop(line);
        let embedded = embedded?;
        embedded.vectors.report.notices.iter().for_each(|notice| say(&format!("note: {notice}")));
        super::heads::say_tour(embedded.tour, &opened);
        write(&embedded.vectors, &self.out)
    }
}
