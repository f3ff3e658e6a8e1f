//! `lexiscope compare`: which heads attend differently in two models, or to two texts, and where one of them does.

use super::attend::{check_folder, head};
use super::reading::{FilterArgs, MeaningArgs, describe};
use super::{Chosen, check_text, progress, say, say_dropped};
use crate::analysis::compare::Comparison;
use crate::analysis::filter::{Filter, cut};
use crate::analysis::meaning::Weights;
use crate::array::Array;
use crate::engine::device::Choice;
use crate::engine::{Ask, BUDGET, Subject};
use crate::error::{Error, Result};
use crate::export::compare::{differences, divergences};
use crate::export::{Format, ViewExport, picture};
use crate::figure::heatmap::{self, Matrix};
use crate::figure::{Caption, Palette, head_name};
use crate::trace::{Place, Want};
use std::path::PathBuf;

/// Measures how differently the heads of two models attend to a text, or those of one model to two texts.
///
/// Writes `layer, head, js` in the order of the model: the Jensen-Shannon divergence between the rows of the same head in
/// A and in B, in nats (natural logarithm, 0 to ln 2 = 0.693), averaged over query rows. Where the tokens differ, they
/// are aligned along a longest common subsequence; tokens without a partner are left out, and rows are scaled to sum to
/// 1 over the keys that remain. Where the models differ in size, the layers and heads that both have are compared. A head
/// without a row to compare has an empty field; rollout has no heads, and its field `head` is empty. A divergence is
/// between shares: --meaning raw, norm or rollout, after --special and --words.
///
/// With --head it writes where that head differs: `query, key, query_piece, key_piece, difference`, B's values less A's
/// under any meaning, or draws them (svg, png). --mass, --min and --top then choose among the differences by their
/// magnitude: of each row the fewest that carry SHARE of all of it, those of at least W, or the K largest. npz and json
/// also have all of them, `differences` [query, key].
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
    #[arg(long, conflicts_with = "head")]
    smooth: bool,
    /// Writes the differences of this head, counted from 0, e.g. 2,5 for L2·H5.
    #[arg(long, value_parser = head, value_name = "LAYER,HEAD")]
    head: Option<(usize, usize)>,
    #[command(flatten)]
    of: MeaningArgs,
    #[command(flatten)]
    filters: FilterArgs,
    /// Where they are computed: auto, cpu, cuda or metal.
    #[arg(long, default_value_t = Choice::Auto)]
    device: Choice,
    /// The most memory that the results for one text may take, in MB.
    #[arg(long, default_value_t = BUDGET / 1_000_000, value_parser = clap::value_parser!(u64).range(1..), value_name = "MB")]
    budget: u64,
    /// The file: its extension chooses the format (csv, json, npz; with --head also svg and png).
    #[arg(long, value_parser = compared_file)]
    out: PathBuf,
}

/// A file of a table or a picture.
fn compared_file(text: &str) -> Result<PathBuf> {
    let path = PathBuf::from(text);
    match Format::of(&path)? {
        Format::Safetensors => Err(Error::input("differences are written as csv, json, npz, svg or png")),
        _ => Ok(path),
    }
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
        if let Some(what) = self.of.misuse(false) {
            return Some(what);
        }
        let meaning = self.of.meaning;
        match self.head {
            None if meaning.is_signed() => {
                let what = "has signs, and a divergence is between shares: add --head LAYER,HEAD for the differences of a head";
                return Some(format!("{} {what}", meaning.label()));
            }
            None if self.filters.threshold().is_some() => {
                let what = "--mass, --min and --top choose among the differences of a head: add --head LAYER,HEAD";
                return Some(what.to_owned());
            }
            None if Format::of(&self.out).is_ok_and(Format::is_picture) => {
                return Some("a picture shows the differences of a head: add --head LAYER,HEAD".to_owned());
            }
            Some((_, head)) if head > 0 && !meaning.has_heads() => {
                return Some("rollout has no heads: write --head LAYER,0".to_owned());
            }
            _ => {}
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
        let sites = self.of.meaning.wants().iter().map(|&site| Place::site(site));
        let (want, target) = (sites.fold(Want::attention(), Want::and), self.of.target);
        let weights = |subject: &Subject, text: Option<&String>| -> Result<Weights> {
            let text = text.map(String::as_str).unwrap_or_default();
            let ask = Ask { want: want.clone(), target, ..self.chosen(subject.name()).ask(text) };
            Weights::new(&subject.run(&ask, &control)?, self.of.meaning)
        };
        let sides = [weights(&a, self.text.as_ref())?, weights(&b, self.text_b.as_ref().or(self.text.as_ref()))?];
        let [run_a, run_b] = [&sides[0].run, &sides[1].run];
        say_dropped("A: ", &run_a.tokens);
        say_dropped("B: ", &run_b.tokens);
        let filter = self.filters.filter();
        let found = Comparison::of(&sides[0], &sides[1], &filter, self.smooth, &control)?;
        drop(progress);
        for note in notes(&found) {
            say(&note);
        }
        let caption = Caption::default()
            .and("model", a.title())
            .and("text", &*run_a.ask.text)
            .and("model B", b.title())
            .and("text B", &*run_b.ask.text)
            .and("meaning", self.of.label())
            .and("shown", describe(&filter.before_threshold(), self.of.meaning));
        match self.head {
            Some(head) => self.differences(&sides, &found, head, caption),
            None => divergences(&found).write(&about(caption, &found), &self.out),
        }
    }

    /// Writes where one head differs.
    fn differences(
        &self,
        [a, b]: &[Weights; 2],
        found: &Comparison,
        (layer, head): (usize, usize),
        caption: Caption,
    ) -> Result<()> {
        let name = if self.of.meaning.has_heads() { head_name(layer, head) } else { format!("L{layer}") };
        if layer >= found.layers || head >= found.heads {
            let (layers, heads) = (found.layers, found.heads);
            let both = format!("both sides have {layers} layers of {heads} heads, counted from 0");
            return Err(Error::input(format!("there is no head {name}: {both}")));
        }
        let (whole, tokens) = (found.difference(a, b, layer, head)?, found.tokens(&a.run));
        let mut values = whole.clone();
        let n = tokens.len();
        let threshold = self.filters.filter().threshold;
        let passed = cut(&mut values, n, threshold);
        let kept = describe(&Filter { threshold, ..Filter::nothing() }, self.of.meaning);
        if !kept.is_empty() {
            let (shown, of, share) = (passed.kept, passed.of, passed.share());
            say(&format!("note: {kept}: {shown} of {of} differences, {share} of their magnitude"));
        }
        let (meaning, title) = (format!("B \u{2212} A of {}", self.of.label()), format!("{name} B \u{2212} A"));
        let (unit, palette) = (a.unit().max(b.unit()), Palette::of(false));
        let matrix = Matrix { meaning: &meaning, unit, signed: true, ..Matrix::new(&tokens, &values, &title) };
        let figure = heatmap::figure(&matrix, palette, &heatmap::Layout::new(&tokens, 900.0, 1000.0));
        let table = differences(&tokens, &values);
        let caption = aligned(caption.and("head", name), found).and("threshold", kept);
        if Format::of(&self.out)? == Format::Csv {
            return table.write(&caption, &self.out);
        }
        let whole = Array::new(&["query", "key"], &[n, n], whole)?;
        let view = ViewExport::new(caption, figure, table).with("differences", whole).of(tokens);
        view.write(palette, picture::SCALE, &self.out)
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

/// Which tokens were compared.
fn aligned(caption: Caption, found: &Comparison) -> Caption {
    let [left_a, left_b] = found.left_out;
    let [alone_a, alone_b] = found.alignment.unaligned();
    let all = found.alignment.pairs.len();
    caption
        .and("aligned tokens", format!("{all}, {alone_a} of A and {alone_b} of B left out"))
        .and("attention left out", format!("A {left_a}, B {left_b}"))
}

/// What the numbers are.
fn about(caption: Caption, found: &Comparison) -> Caption {
    let caption = caption
        .and("measure", "Jensen-Shannon divergence in nats, mean over query rows")
        .and("smoothing", if found.smoothed { "0.999 p + 0.001 / n" } else { "none" });
    aligned(caption, found)
}
