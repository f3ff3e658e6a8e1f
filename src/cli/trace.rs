//! `lexiscope trace`: what a recurrent model does with a text, step by step.

use super::attend::check_folder;
use super::{plain, progress, say};
use crate::engine::BUDGET;
use crate::engine::recurrent::{Ask, Block, Opened, Summary};
use crate::error::{Error, Result};
use crate::export;
use crate::export::steps::{Stretch, Writer};
use crate::figure::{Caption, Palette, strip};
use crate::source::find;
use crate::trace::{At, Edit, Edits, Place, Site, Want};
use clap::builder::{PathBufValueParser, TypedValueParser};
use std::path::{Path, PathBuf};

/// The longest text, in bytes.
const LONGEST: u64 = 4 << 30;

/// Reads a text with a recurrent model (RNN, GRU, LSTM, ELMo) and writes states, cells, gates and logits over time.
///
/// In npz every site is an array [time, unit] under its name: `forward.0.state`, `forward.0.cell`, `backward.1.gate.input`
/// and so on, with `logits` and `tokens` as attend writes them. csv has a row to each time step and a column to each unit.
/// svg draws one site. Without --keep these are the states and cells of all layers, and the logits; `gates` and `pre` stand
/// for all gates and all that goes into them, `all` for everything.
///
/// The text is read as it is. What the vocabulary does not have is passed over, counted and said. A long text is written
/// while it is read.
///
/// Of a language model the last line on standard error says how well it predicts: `{"tokens": ..., "bits_per_token": ...,
/// "perplexity": ...}`. `tokens` were read; the first one is not predicted.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("input").args(["text", "file"]).required(true))]
pub(super) struct Args {
    /// A folder of a model, a file of its weights (.safetensors, .pt, .h5, ...), or a lexiscope.json.
    #[arg(value_name = "MODEL")]
    model: String,
    /// The text.
    #[arg(long, allow_hyphen_values = true)]
    text: Option<String>,
    /// A file with the text.
    #[arg(long)]
    file: Option<PathBuf>,
    /// What is written, e.g. state,gates or forward.1.cell.
    #[arg(long, value_delimiter = ',', value_parser = kept, value_name = "SITES")]
    keep: Vec<Kept>,
    /// Puts a value in place of a site's at every step, of one unit or of all: forward.0.gate.reset=1 or
    /// forward.0.cell:17=0.
    #[arg(long, value_parser = forced, value_name = "SITE[:UNIT]=VALUE")]
    set: Vec<Edit>,
    /// The most memory that what is kept of a text may take where it has to be held at once, in MB.
    #[arg(long, default_value_t = BUDGET / 1_000_000, value_parser = clap::value_parser!(u64).range(1..), value_name = "MB")]
    budget: u64,
    /// The file: its extension chooses the format (npz, csv, svg). Without one only the line about predictions is
    /// written.
    #[arg(long, value_parser = PathBufValueParser::new().try_map(|path| check(&path).map(|()| path)))]
    out: Option<PathBuf>,
}

/// Places as they were typed.
#[derive(Debug, Clone)]
struct Kept {
    typed: String,
    places: Vec<Place>,
}

fn kept(text: &str) -> Result<Kept> {
    let typed = text.trim().to_owned();
    let of = |start: &str| Site::ALL.iter().filter(|s| s.name().starts_with(start)).map(|s| Place::site(*s)).collect();
    let places = match typed.as_str() {
        "gates" => of("gate."),
        "pre" => of("pre."),
        _ => vec![typed.parse()?],
    };
    Ok(Kept { typed, places })
}

fn forced(text: &str) -> Result<Edit> {
    let wrong = || Error::input("write a place and a value, e.g. forward.0.gate.reset=1 or forward.0.cell:17=0");
    let (place, value) = text.split_once('=').ok_or_else(wrong)?;
    let value = value.trim().parse().ok().filter(|value: &f32| value.is_finite()).ok_or_else(wrong)?;
    let (at, unit) = match place.split_once(':') {
        Some((at, unit)) => (at, Some(unit.trim().parse().map_err(|_| wrong())?)),
        None => (place, None),
    };
    Ok(Edit::SetUnits { at: at.trim().parse()?, unit, steps: None, value })
}

fn check(path: &Path) -> Result<()> {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    if ["npz", "csv", "svg"].contains(&extension.as_str()) {
        return Ok(());
    }
    Err(Error::input("the file's extension chooses the format, and is none of: npz, csv, svg"))
}

impl Args {
    pub(super) fn run(&self) -> Result<()> {
        if let Some(out) = &self.out {
            check_folder(out)?;
        }
        let line = progress::Line::start();
        let control = line.control();
        let text = match (&self.text, &self.file) {
            (Some(text), _) => text.clone(),
            (None, Some(file)) => find::read_text(file, LONGEST)?,
            (None, None) => String::new(),
        };
        let opened = Opened::open(&find::recurrent(&self.model)?, &control);
        drop(line);
        let opened = opened?;
        opened.notices.iter().for_each(|notice| say(&format!("note: {notice}")));
        let want = self.want(&opened)?;
        let edits = self.set.iter().fold(Edits::none(), |edits, edit| edits.and(edit.clone()));
        let ask = Ask { text: &text, want, edits, budget: self.budget.saturating_mul(1_000_000) };
        let line = progress::Line::start();
        let control = line.control();
        let summary = match &self.out {
            Some(out) if out.extension().is_some_and(|e| e.eq_ignore_ascii_case("svg")) => {
                let (at, traced) = Self::one(&opened, &ask).and_then(|at| Ok((at, opened.run(&ask, &control)?)))?;
                let array = traced.arrays.get(&at).ok_or_else(|| Error::input(format!("{at} was not kept")))?;
                let palette = Palette::of(false);
                let figure = strip::draw(array, &traced.tokens.pieces, &at.to_string(), palette);
                let caption = Caption::default().and("model", format!("{} ({})", opened.name, opened.describe()));
                let caption = caption.and("text", text.as_str()).and("site", at.to_string());
                export::write_figure(&caption.under(&figure, palette), out)?;
                traced.summary
            }
            Some(out) => {
                let mut writer = Writer::create(out)?;
                let summary =
                    opened.trace(&ask, &control, &mut |block| writer.add(&stretch(&block, &named(&block))))?;
                writer.finish()?;
                summary
            }
            None => opened.trace(&ask, &control, &mut |_| Ok(()))?,
        };
        drop(line);
        report(&summary);
        Ok(())
    }

    /// What is kept; refuses places that the model does not have.
    fn want(&self, opened: &Opened) -> Result<Want> {
        if self.out.is_none() {
            return Ok(Want::nothing());
        }
        let sites = opened.network.sites();
        if self.keep.is_empty() {
            let usual = [Site::State, Site::Cell, Site::Mixed, Site::Logits];
            return Ok(usual.into_iter().fold(Want::nothing(), |want, site| want.and(Place::site(site))));
        }
        for kept in &self.keep {
            if !kept.places.iter().any(|place| sites.iter().any(|(at, _)| place.matches(*at))) {
                let names: Vec<String> = sites.iter().map(|(at, _)| at.to_string()).collect();
                let typed = &kept.typed;
                return Err(Error::input(format!(
                    "--keep {typed}: this model has no such site ({})",
                    names.join(", ")
                )));
            }
        }
        let want = self.keep.iter().flat_map(|kept| &kept.places).fold(Want::nothing(), |want, place| want.and(*place));
        // The logits are always written where tensors are; a picture shows one site.
        let is_picture = self.out.as_ref().is_some_and(|out| out.extension().is_some_and(|e| e == "svg"));
        Ok(if is_picture { want } else { want.and(Place::site(Site::Logits)) })
    }

    /// The one site that a picture shows.
    fn one(opened: &Opened, ask: &Ask<'_>) -> Result<At> {
        let wanted: Vec<At> = opened.network.sites().iter().map(|(at, _)| *at).filter(|at| ask.want.has(*at)).collect();
        match wanted.as_slice() {
            [only] => Ok(*only),
            several => {
                let names: Vec<String> = several.iter().map(ToString::to_string).collect();
                Err(Error::input(format!("a picture shows one site: choose with --keep one of {}", names.join(", "))))
            }
        }
    }
}

/// The arrays of a block under the names that they have in files.
fn named(block: &Block) -> Vec<(String, crate::array::Array)> {
    let name = |at: &At| if at.site == Site::Logits { "logits".to_owned() } else { at.to_string() };
    block.arrays.iter().map(|(at, array)| (name(at), array.clone())).collect()
}

fn stretch<'a>(block: &'a Block, arrays: &'a [(String, crate::array::Array)]) -> Stretch<'a> {
    Stretch { from: block.from, tokens: &block.tokens, bits: &block.bits, arrays }
}

/// Says what was passed over, what is broken, and how well the text was predicted.
fn report(summary: &Summary) {
    if let Some(what) = summary.skipped.describe() {
        say(&format!("note: {}", plain(&what)));
    }
    if let Some(at) = summary.broken {
        say(&format!("note: not all numbers are finite, first at {at}"));
    }
    if let (Some(bits), Some(perplexity)) = (summary.bits_per_token(), summary.perplexity()) {
        let tokens = summary.tokens;
        say(&serde_json::json!({ "tokens": tokens, "bits_per_token": bits, "perplexity": perplexity }).to_string());
    }
}
