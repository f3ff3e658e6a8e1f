//! `lexiscope map`: heads that attend alike lie close to each other.

use super::ablate::table_file;
use super::attend::check_folder;
use super::{Chosen, check_text, progress, say, say_dropped};
use crate::analysis::map::{HeadMap, How};
use crate::engine::Ask;
use crate::error::Result;
use crate::export::Table;
use crate::figure::Caption;
use std::path::PathBuf;

/// Lays out all heads of a model in two dimensions by how they attend to a text.
///
/// Writes `layer, head, x, y, nearest_layer, nearest_head, distance` in the order of the model. The distance between two
/// heads is the root of the Jensen-Shannon divergence between their attention rows (nats), averaged over rows before
/// the root is taken: 0 to 0.833. `x` and `y` are classical multidimensional scaling of these distances, in the same
/// unit; of each axis the largest coordinate is positive. How much the two axes show is said on standard error.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    model: Chosen,
    /// The text. A file of attention has its own.
    #[arg(long, allow_hyphen_values = true)]
    text: Option<String>,
    /// The second text of a pair.
    #[arg(long, requires = "text", allow_hyphen_values = true, value_name = "TEXT")]
    pair: Option<String>,
    /// Whether special tokens are compared too (show) or left out, rows scaled to sum to 1 without them (hide); where the
    /// tokenizer adds none, the first token.
    #[arg(long, default_value = "show", value_parser = ["show", "hide"])]
    special: String,
    /// Mixes 0.001 of the even distribution into every row first, as Clark et al. 2019 do.
    #[arg(long)]
    smooth: bool,
    /// The file: its extension chooses the format (csv, json, npz).
    #[arg(long, value_parser = table_file)]
    out: PathBuf,
}

impl Args {
    /// What contradicts itself in these arguments.
    pub(super) fn misuse(&self) -> Option<String> {
        let lacks = self.text.is_none() && !self.model.is_imported();
        let lacks = lacks.then(|| "a model needs a text: give --text".to_owned());
        lacks.or_else(|| self.model.text_misuse(&[("--text", self.text.is_some()), ("--pair", self.pair.is_some())]))
    }

    pub(super) fn run(&self) -> Result<()> {
        for (what, text) in [("--text", &self.text), ("--pair", &self.pair)] {
            text.as_deref().map_or(Ok(()), |text| check_text(what, text))?;
        }
        check_folder(&self.out)?;
        let subject = self.model.subject()?;
        let progress = progress::Line::start();
        let control = progress.control();
        let text = self.text.as_deref().unwrap_or_default();
        let run = subject.run(&Ask { pair: self.pair.clone(), ..self.model.ask(text) }, &control)?;
        say_dropped("", &run.tokens);
        let how = How { smooth: self.smooth, hide: self.special == "hide" };
        let map = HeadMap::of(&run, how, &control)?;
        drop(progress);
        let shown = format!("{:.1} % of the squared distances, stress {:.3}", map.explained * 100.0, map.stress);
        let special = if how.hide { "special tokens left out" } else { "with special tokens" };
        say(&format!("note: two axes show {shown}; {special}"));
        let places = || (0..map.len()).map(|i| map.place(i));
        // A model of one head has no nearest one.
        let nearest: Vec<Option<(usize, usize, f64)>> =
            places().map(|(l, h)| map.nearest(l, h, 1).first().copied()).collect();
        let place = |n: &Option<(usize, usize, f64)>, pick: fn((usize, usize, f64)) -> usize| {
            n.map_or(-1, |n| i64::try_from(pick(n)).unwrap_or(-1))
        };
        let table = Table::default()
            .whole("layer", places().map(|p| p.0))
            .whole("head", places().map(|p| p.1))
            .number("x", map.points.iter().map(|p| p[0]))
            .number("y", map.points.iter().map(|p| p[1]))
            .whole("nearest_layer", nearest.iter().map(|n| place(n, |n| n.0)))
            .whole("nearest_head", nearest.iter().map(|n| place(n, |n| n.1)))
            .number("distance", nearest.iter().map(|n| n.map_or(f64::NAN, |n| n.2)));
        let caption = Caption::default()
            .and(if subject.is_imported() { "file" } else { "model" }, subject.title())
            .and("text", &*run.ask.text)
            .and("second text", self.pair.as_deref().unwrap_or_default())
            .and("measure", "root of the mean Jensen-Shannon divergence in nats")
            .and("special tokens", if how.hide { "left out, rows scaled to sum to 1" } else { "compared too" })
            .and("smoothing", if self.smooth { "0.999 p + 0.001 / n" } else { "none" })
            .and("layout", format!("classical multidimensional scaling: {shown}"));
        table.write(&caption, &self.out)
    }
}
