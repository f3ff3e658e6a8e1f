//! `lexiscope vectors FILE compare OTHER`: two spaces of the same words.

use super::Source;
use super::convert::{vectors_path, write};
use crate::analysis::space::comparison::{Comparison, How};
use crate::analysis::space::procrustes::shared;
use crate::analysis::space::trust::{Check, NEIGHBOURS};
use crate::cli::attend::check_folder;
use crate::cli::{plain, print, print_json, progress, say};
use crate::error::Result;
use crate::source::find;
use crate::source::vectors::{Opening, Vectors};
use serde_json::json;
use std::path::PathBuf;

/// Holds the vectors against others of the same words, also of another width.
///
/// The other space is turned onto the first (orthogonal Procrustes, over the words that both have); of spaces of different
/// width each is reduced to its first principal components. It prints how many words are shared, how much of the squared
/// lengths the turn leaves over, the centred kernel alignment (1: the same but for a turn), the share of neighbours that
/// words have in both with what chance gives, and the words that moved the furthest and that kept the fewest neighbours.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The other vectors, as FILE.
    other: PathBuf,
    /// Turns the vectors as they are; otherwise the mean of the shared words is taken off each space, and every vector is
    /// scaled to length 1.
    #[arg(long)]
    plain: bool,
    /// Neighbours of each word that are compared.
    #[arg(long, default_value_t = NEIGHBOURS as u32, value_parser = clap::value_parser!(u32).range(1..=10_000), value_name = "K")]
    neighbours: u32,
    /// Words in each list.
    #[arg(long, default_value_t = 20, value_name = "N")]
    top: usize,
    /// Where the drawing of words begins, where there are too many to ask for the neighbours of all.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Also writes the other space as it was turned, the shared words only; its extension chooses the format.
    #[arg(long, value_name = "FILE", value_parser = vectors_path())]
    out: Option<PathBuf>,
    /// As one JSON object.
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn run(&self, source: &Source) -> Result<()> {
        self.out.as_ref().map_or(Ok(()), |out| check_folder(out))?;
        let first = source.open()?;
        let budget = source.budget().unwrap_or(Opening::default().budget);
        let opening = Opening { budget, limit: source.limit, bad: source.bad, ..Opening::default() };
        let line = progress::Line::start();
        let control = line.control();
        let second = Vectors::open(&find::vectors(&self.other), &opening, &control)?;
        let check = Check { k: self.neighbours as usize, seed: self.seed, ..Check::default() };
        let how = How { plain: self.plain, check, budget };
        let pairs = shared(&first.words, &second.words);
        let found = Comparison::of(&first.rows, &second.rows, pairs, how, &control)?;
        drop(line);
        if found.aligned.widths.is_some() {
            let width = found.aligned.left.width();
            say(&format!("note: the widths differ: each space is reduced to {width} principal components"));
        }
        if self.json {
            self.json(&first, &second, &found)?;
        } else {
            self.text(&first, &second, &found)?;
        }
        match &self.out {
            Some(out) => write(&found.turned(&second)?, out),
            None => Ok(()),
        }
    }

    fn json(&self, first: &Vectors, second: &Vectors, found: &Comparison) -> Result<()> {
        let word = |pair: usize| first.words.get(found.pairs[pair].0);
        let moved = found.moved(self.top);
        let moved = moved.iter().map(|&i| json!({ "word": word(i), "residual": found.aligned.residuals[i] }));
        let parted = found.parted(self.top);
        let parted = parted.iter().map(|&(i, share)| json!({ "word": word(i), "overlap": share }));
        let neighbours = found.overlap.as_ref().map(|overlap| {
            json!({
                "k": overlap.k,
                "overlap": overlap.mean(),
                "chance": overlap.chance(),
                "sample": overlap.asked.len(),
            })
        });
        print_json(&json!({
            "words": [first.words.len(), second.words.len()],
            "width": [first.rows.width(), second.rows.width()],
            "shared": found.pairs.len(),
            "error": found.aligned.error,
            "kernel_alignment": found.kernel,
            "neighbours": neighbours,
            "moved": moved.collect::<Vec<_>>(),
            "parted": parted.collect::<Vec<_>>(),
        }))
    }

    fn text(&self, first: &Vectors, second: &Vectors, found: &Comparison) -> Result<()> {
        let word = |pair: usize| plain(&first.words.get(found.pairs[pair].0));
        print(|out| {
            writeln!(out, "shared      {} of {} and {}", found.pairs.len(), first.words.len(), second.words.len())?;
            writeln!(out, "error       {:.4}", found.aligned.error)?;
            if let Some(kernel) = found.kernel {
                writeln!(out, "alignment   {kernel:.4}")?;
            }
            if let Some(overlap) = &found.overlap {
                let (mean, chance, asked) = (overlap.mean(), overlap.chance(), overlap.asked.len());
                writeln!(out, "neighbours  {mean:.4} of {} (chance {chance:.4}), {asked} words asked", overlap.k)?;
            }
            writeln!(out, "\nmoved the furthest")?;
            for i in found.moved(self.top) {
                writeln!(out, "{}\t{:.4}", word(i), found.aligned.residuals[i])?;
            }
            writeln!(out, "\nfewest neighbours in common")?;
            for (i, share) in found.parted(self.top) {
                writeln!(out, "{}\t{share:.4}", word(i))?;
            }
            Ok(())
        })
    }
}
