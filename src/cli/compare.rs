//! `lexiscope compare`: which heads attend differently in two models, or to two texts.

use super::ablate::table_file;
use super::attend::check_folder;
use super::{Chosen, check_text, progress, say, say_dropped};
use crate::analysis::compare::Comparison;
use crate::analysis::filter::Filter;
use crate::engine::device::Choice;
use crate::engine::{BUDGET, Subject};
use crate::error::Result;
use crate::export::Table;
use crate::figure::Caption;
use std::path::PathBuf;

/// Measures how differently the heads of two models attend to a text, or those of one model to two texts.
///
/// Writes `layer, head, js` in the order of the model: the Jensen-Shannon divergence between the attention of the same
/// head in A and in B, in nats (natural logarithm, 0 to ln 2 = 0.693), averaged over query rows. Where the tokens
/// differ, they are aligned along a longest common subsequence; tokens without a partner are left out, and rows are
/// scaled to sum to 1 over the keys that remain. Where the models differ in size, the layers and heads that both have
/// are compared. A head without a row to compare has an empty field.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Model A: a folder with config.json, the name of a bundled model, a hub id, or a file of attention.
    #[arg(value_name = "MODEL_A")]
    a: String,
    /// Model B; the same model again compares two texts.
    #[arg(value_name = "MODEL_B")]
    b: String,
    /// The text. A file of attention has its own.
    #[arg(long, allow_hyphen_values = true)]
    text: Option<String>,
    /// The text that B reads, where it is another.
    #[arg(long, allow_hyphen_values = true, value_name = "TEXT")]
    text_b: Option<String>,
    /// Mixes 0.001 of the even distribution into every row first, as Clark et al. 2019 do.
    #[arg(long)]
    smooth: bool,
    /// Where they are computed: auto, cpu, cuda or metal.
    #[arg(long, default_value_t = Choice::Auto)]
    device: Choice,
    /// The most memory that the results for one text may take, in MB.
    #[arg(long, default_value_t = BUDGET / 1_000_000, value_parser = clap::value_parser!(u64).range(1..), value_name = "MB")]
    budget: u64,
    /// The file: its extension chooses the format (csv, json, npz).
    #[arg(long, value_parser = table_file)]
    out: PathBuf,
}

impl Args {
    /// What contradicts itself in these arguments.
    pub(super) fn misuse(&self) -> Option<String> {
        let needs_text =
            [(&self.a, &self.text), (&self.b, if self.text_b.is_some() { &self.text_b } else { &self.text })];
        let lacks = needs_text.into_iter().any(|(name, text)| text.is_none() && !self.chosen(name).is_imported());
        if lacks {
            return Some("a model needs a text: give --text".to_owned());
        }
        let (a, b) = (self.chosen(&self.a), self.chosen(&self.b));
        // The text of A is also B's, unless B has one of its own.
        let for_a = !b.is_imported() && self.text_b.is_none();
        let text = ("--text", self.text.is_some() && !for_a);
        let text_b = ("--text-b", self.text_b.is_some());
        a.text_misuse(&[text]).or_else(|| b.text_misuse(&[text_b, ("--text", self.text.is_some() && a.is_imported())]))
    }

    pub(super) fn run(&self) -> Result<()> {
        for (what, text) in [("--text", &self.text), ("--text-b", &self.text_b)] {
            text.as_deref().map_or(Ok(()), |text| check_text(what, text))?;
        }
        check_folder(&self.out)?;
        let a = self.chosen(&self.a).subject()?;
        let b = if self.b == self.a { a.clone() } else { self.chosen(&self.b).subject()? };
        let progress = progress::Line::start();
        let control = progress.control();
        let run = |subject: &Subject, text: Option<&String>| {
            let text = text.map(String::as_str).unwrap_or_default();
            subject.run(&self.chosen(subject.name()).ask(text), &control)
        };
        let run_a = run(&a, self.text.as_ref())?;
        let run_b = run(&b, self.text_b.as_ref().or(self.text.as_ref()))?;
        say_dropped("A: ", &run_a.tokens);
        say_dropped("B: ", &run_b.tokens);
        let found = Comparison::of(&run_a, &run_b, &Filter::nothing(), self.smooth, &control)?;
        drop(progress);
        for note in notes(&found) {
            say(&note);
        }
        let places = || (0..found.js.len()).map(|i| (i / found.heads, i % found.heads));
        let table = Table::default()
            .whole("layer", places().map(|p| p.0))
            .whole("head", places().map(|p| p.1))
            .number("js", found.js.iter().map(|js| js.unwrap_or(f64::NAN)));
        let caption = Caption::default()
            .and("model", a.title())
            .and("text", &*run_a.ask.text)
            .and("model B", b.title())
            .and("text B", &*run_b.ask.text);
        table.write(&about(caption, &found), &self.out)
    }

    fn chosen(&self, name: &str) -> Chosen {
        Chosen { name: name.to_owned(), device: self.device, budget: self.budget }
    }
}

/// What was not compared.
fn notes(found: &Comparison) -> Vec<String> {
    let mut notes = Vec::new();
    if let [(layers_a, heads_a), (layers_b, heads_b)] = found.shapes
        && found.shapes[0] != found.shapes[1]
    {
        notes.push(format!(
            "note: A has {layers_a} layers of {heads_a} heads, B {layers_b} of {heads_b}: the first {} layers and {} \
             heads are compared",
            found.layers, found.heads
        ));
    }
    if !found.alignment.is_identity() {
        let [a, b] = found.alignment.unaligned();
        let [share_a, share_b] = found.left_out.map(|share| share * 100.0);
        notes.push(format!(
            "note: {} tokens are aligned; {a} of A and {b} of B are left out, and with them {share_a:.1} % of A's \
             attention and {share_b:.1} % of B's",
            found.alignment.pairs.len()
        ));
    }
    notes
}

/// What the numbers are.
fn about(caption: Caption, found: &Comparison) -> Caption {
    let [left_a, left_b] = found.left_out;
    let [alone_a, alone_b] = found.alignment.unaligned();
    let all = found.alignment.pairs.len();
    caption
        .and("measure", "Jensen-Shannon divergence in nats, mean over query rows")
        .and("smoothing", if found.smoothed { "0.999 p + 0.001 / n" } else { "none" })
        .and("aligned tokens", format!("{all}, {alone_a} of A and {alone_b} of B left out"))
        .and("attention left out", format!("A {left_a}, B {left_b}"))
}
