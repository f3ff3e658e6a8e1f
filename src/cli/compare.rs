//! `lexiscope compare`: which heads attend differently in two models, or to two texts.

use super::attend::check_folder;
use super::{Chosen, about, check_text, progress, say, say_dropped, table_file};
use crate::analysis::compare::Comparison;
use crate::engine::device::Choice;
use crate::engine::{Ask, BUDGET, Opened, Run};
use crate::error::Result;
use crate::export::Table;
use crate::figure::Caption;
use clap::builder::{PathBufValueParser, TypedValueParser};
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
    /// Model A: a folder with config.json, the name of a bundled model, or a hub id.
    #[arg(value_name = "MODEL_A")]
    a: String,
    /// Model B; the same model again compares two texts.
    #[arg(value_name = "MODEL_B")]
    b: String,
    /// The text.
    #[arg(long, allow_hyphen_values = true)]
    text: String,
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
    #[arg(long, value_parser = PathBufValueParser::new().try_map(table_file))]
    out: PathBuf,
}

impl Args {
    pub(super) fn run(&self) -> Result<()> {
        check_text("--text", &self.text)?;
        let text_b = self.text_b.as_deref().unwrap_or(&self.text);
        check_text("--text-b", text_b)?;
        check_folder(&self.out)?;
        let open = |name: &str| self.chosen(name).open();
        let a = open(&self.a)?;
        let b = if self.b == self.a { None } else { Some(open(&self.b)?) };
        let b = b.as_ref().unwrap_or(&a);
        let progress = progress::Line::start();
        let control = progress.control();
        let pass = |opened: &Opened, text: &str| {
            let ask: Ask = self.chosen(&opened.name).ask(text);
            Run::new(opened, &ask, &control)
        };
        let (run_a, run_b) = (pass(&a, &self.text)?, pass(b, text_b)?);
        say_dropped("A: ", &run_a.tokens);
        say_dropped("B: ", &run_b.tokens);
        let found = Comparison::of(&run_a, &run_b, self.smooth, &control)?;
        drop(progress);
        for note in notes(&found) {
            say(&note);
        }
        let places = || (0..found.js.len()).map(|i| (i / found.heads, i % found.heads));
        let table = Table::default()
            .whole("layer", places().map(|p| p.0))
            .whole("head", places().map(|p| p.1))
            .number("js", found.js.iter().map(|js| js.unwrap_or(f64::NAN)));
        let caption = caption(&found, [(&a, &self.text), (b, text_b)]);
        table.write(&caption, &self.out)
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

fn caption(found: &Comparison, sides: [(&Opened, &str); 2]) -> Caption {
    let [(a, text_a), (b, text_b)] = sides;
    let [left_a, left_b] = found.left_out;
    let [alone_a, alone_b] = found.alignment.unaligned();
    let all = found.alignment.pairs.len();
    Caption::default()
        .and("model", about(a))
        .and("text", text_a)
        .and("model B", about(b))
        .and("text B", text_b)
        .and("measure", "Jensen-Shannon divergence in nats, mean over query rows")
        .and("smoothing", if found.smoothed { "0.999 p + 0.001 / n" } else { "none" })
        .and("aligned tokens", format!("{all}, {alone_a} of A and {alone_b} of B left out"))
        .and("attention left out", format!("A {left_a}, B {left_b}"))
}
