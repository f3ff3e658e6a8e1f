//! `lexiscope attend`: runs a model on texts and writes what it did to files.

use super::changes::Changes;
use super::{Chosen, check_text, reading, say, say_dropped};
use crate::analysis::filter::{Combine, Pairs};
use crate::engine::{Ask, Run, Subject};
use crate::error::{Error, Result};
use crate::export::{self, Format};
use crate::figure::{Caption, Palette, head_name};
use crate::model::Card;
use crate::source::find;
use crate::trace::{Control, Place, Site, Want};
use clap::builder::{PathBufValueParser, TypedValueParser};
use std::path::{Path, PathBuf};

/// The longest file of texts that is read.
const LONGEST_FILE: u64 = 256 << 20;

/// Runs a model on a text and writes attention, hidden states and logits to a file, or draws the attention. In place of
/// a model it takes a file of attention, which is then written or drawn in another format.
///
/// In npz, safetensors and json: `attentions` [layer, head, query, key], `hidden_states` [layer + 1, token, dim], the
/// logits that the model has (`logits` [token, vocabulary], `next_sentence_logits`, ...), every site named by --keep
/// (`encoder.0.query`, ...), all f32, and `tokens`: a list of {piece, id, start, end, segment, special}, in npz and
/// safetensors as JSON in a u8 tensor. csv has one weight to a row: `layer,head,query,key,query_piece,key_piece,value`.
/// svg and png show all heads, or the one named by --head.
///
/// --meaning adds an array to tensors, and is what csv and pictures show: `scores`, `norms` and `gradient` (times attention;
/// the derivative alone is --keep gradient) like `attentions`, scores that are masked out minus infinity (null in json), and `rollout`
/// [layer, query, key]. --mass, --min, --top, --special, --words and --pairs leave values out of pictures, of csv
/// (only what passes has a row) and of json (0 where a value is left out, null among scores; `filter` says what was done).
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("input").args(["text", "file"]))]
pub(super) struct Args {
    #[command(flatten)]
    model: Chosen,
    /// The text.
    #[arg(long, allow_hyphen_values = true)]
    text: Option<String>,
    /// A file with one text to a line; each gets a numbered file of its own, out-1.npz and so on.
    #[arg(long)]
    file: Option<PathBuf>,
    /// The second text of a pair.
    #[arg(long, requires = "text", conflicts_with = "file", allow_hyphen_values = true, value_name = "TEXT")]
    pair: Option<String>,
    #[command(flatten)]
    changes: Changes,
    /// Sites that are written as well, e.g. query,key,value,scores or encoder.2.heads.
    #[arg(long, value_delimiter = ',', value_parser = kept, value_name = "SITES")]
    keep: Vec<Kept>,
    /// The head that a picture shows, counted from 0, e.g. 2,5 for L2·H5; given again, several as one (see --combine).
    #[arg(long = "head", value_parser = head, value_name = "LAYER,HEAD")]
    heads: Vec<(usize, usize)>,
    #[command(flatten)]
    reading: reading::ReadingArgs,
    /// Computes everything this many times more; the last line on standard error is the time that one took:
    /// `{"median_ms": ..., "min_ms": ...}`.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..), value_name = "N")]
    repeat: Option<u32>,
    /// The file: its extension chooses the format (npz, safetensors, json, csv, svg, png).
    #[arg(long, value_parser = PathBufValueParser::new().try_map(|path| Format::of(&path).map(|_| path)))]
    out: PathBuf,
}

/// A pattern of places as it was typed.
#[derive(Debug, Clone)]
struct Kept {
    typed: String,
    place: Place,
}

fn kept(text: &str) -> Result<Kept> {
    let typed = text.trim().to_owned();
    Ok(Kept { place: typed.parse()?, typed })
}

/// A layer and a head.
pub(super) fn head(text: &str) -> Result<(usize, usize)> {
    let number = |part: &str| part.trim().parse().ok();
    let found = text.split_once(',').and_then(|(layer, head)| Some((number(layer)?, number(head)?)));
    found.ok_or_else(|| Error::input("write a layer and a head, e.g. 2,5"))
}

/// One text and where it goes.
struct Job {
    text: String,
    out: PathBuf,
    /// The line that it is in the file of texts.
    line: Option<usize>,
}

impl Args {
    /// What contradicts itself in these arguments.
    pub(super) fn misuse(&self) -> Option<String> {
        let format = Format::of(&self.out).ok()?;
        let (has_text, is_imported) = (self.text.is_some() || self.file.is_some(), self.model.is_imported());
        if !has_text && !is_imported {
            return Some("a model needs a text: give --text or --file".to_owned());
        }
        if is_imported && (has_text || self.changes.is_some() || self.repeat.is_some()) {
            let what = "holds attention that is computed: --text, --file, --repeat and changes need a model";
            return Some(format!("{} {what}", super::plain(&self.model.name)));
        }
        if !self.heads.is_empty() && !format.is_picture() {
            return Some("--head chooses what a picture shows: it needs --out with .svg or .png".to_owned());
        }
        if !self.keep.is_empty() && !format.holds_tensors() {
            return Some("--keep writes tensors: it needs --out with .npz, .safetensors or .json".to_owned());
        }
        let keeps_gradient = self.keep.iter().any(|kept| kept.place.site == Some(Site::Gradient));
        if let Some(what) = self.reading.of.misuse(keeps_gradient) {
            return Some(what);
        }
        if !self.heads.is_empty() && !self.reading.of.meaning.has_heads() {
            return Some("rollout has no heads: without --head a picture shows it for every layer".to_owned());
        }
        if self.reading.combine.is_some() && self.heads.len() < 2 {
            return Some("--combine makes one picture of several heads: give --head more than once".to_owned());
        }
        if let Some(filter) = self.reading.filter() {
            if filter.pairs != Pairs::All && self.pair.is_none() && !is_imported {
                return Some("--pairs chooses between two texts: give the second with --pair".to_owned());
            }
            let filters = "--mass, --min, --top, --special, --words and --pairs";
            if matches!(format, Format::Npz | Format::Safetensors) {
                let held = "which always holds every value: write .csv, .json, .svg or .png";
                return Some(format!("{filters} leave no value out of .{}, {held}", format.extension()));
            }
        }
        None
    }

    pub(super) fn run(&self) -> Result<()> {
        let jobs = self.jobs()?;
        check_folder(&self.out)?;
        let subject = self.model.subject()?;
        self.heads.iter().try_for_each(|&head| check_head(subject.card(), head))?;
        for job in &jobs {
            self.write(&subject, job).map_err(|e| self.in_line(job, e))?;
        }
        if let [first, .., last] = jobs.as_slice() {
            say(&format!("{} files: {} to {}", jobs.len(), first.out.display(), last.out.display()));
        }
        match self.repeat {
            Some(times) => self.time(&subject, &jobs, times),
            None => Ok(()),
        }
    }

    /// The texts, checked before a model is opened.
    fn jobs(&self) -> Result<Vec<Job>> {
        if let Some(pair) = &self.pair {
            check_text("--pair", pair)?;
        }
        if let Some(text) = &self.text {
            check_text("--text", text)?;
            return Ok(vec![Job { text: text.clone(), out: self.out.clone(), line: None }]);
        }
        let Some(path) = &self.file else {
            // A file of attention is about its own text.
            return Ok(vec![Job { text: String::new(), out: self.out.clone(), line: None }]);
        };
        let text = find::read_text(path, LONGEST_FILE).map_err(|e| match e {
            Error::Format { .. } => Error::input(e.to_string()),
            other => other,
        })?;
        let lines: Vec<&str> = text.strip_prefix('\u{feff}').unwrap_or(&text).lines().collect();
        if lines.is_empty() {
            return Err(Error::input(format!("{} is empty", path.display())));
        }
        let width = lines.len().to_string().len();
        let job = |(i, text): (usize, &&str)| {
            check_text(&format!("{}: line {}", path.display(), i + 1), text)?;
            Ok(Job { text: (*text).to_owned(), out: numbered(&self.out, i + 1, width), line: Some(i + 1) })
        };
        lines.iter().enumerate().map(job).collect()
    }

    /// What is asked of the model for one text.
    fn ask(&self, job: &Job, want: Want) -> Ask {
        let target = self.reading.of.target;
        self.changes.of(Ask { pair: self.pair.clone(), want, target, ..self.model.ask(&job.text) })
    }

    fn write(&self, subject: &Subject, job: &Job) -> Result<()> {
        let keep = self.keep.iter().fold(Want::nothing(), |want, kept| want.and(kept.place));
        let meaning = self.reading.of.meaning.wants().iter().map(|&site| Place::site(site));
        let mut want = meaning.fold(Want::attention().union(&keep), Want::and);
        if Format::of(&self.out)?.holds_tensors() {
            let outputs = subject.card().outputs.iter();
            want = outputs.fold(want, |want, &site| want.and(Place::site(site)));
        }
        let run = subject.run(&self.ask(job, want), &Control::default())?;
        if let Some(kept) = self.keep.iter().find(|k| !run.arrays.keys().any(|at| k.place.matches(*at))) {
            return Err(Error::input(format!("--keep {}: this model has no such site", kept.typed)));
        }
        let line = job.line.map(|n| format!("line {n}: ")).unwrap_or_default();
        say_dropped(&line, &run.tokens);
        let wrong: usize = run.arrays.values().map(crate::array::Array::not_finite).sum();
        if wrong > 0 {
            let first = run.broken.map_or(String::new(), |at| format!(", first at {at}"));
            say(&format!("note: {line}{wrong} values of this run are not finite numbers{first}"));
        }
        let palette = Palette::of(false);
        let caption = self.reading.caption(caption(subject, &run, &self.heads, self.reading.combine));
        let reading = self.reading.reading(&self.heads);
        let filter = reading.filter;
        let head = self.heads.first().copied();
        let choice = export::Choice { keep: &keep, head, reading, palette, caption, about: false };
        let passed = export::write(&run, &choice, &job.out)?;
        if let (Some(filter), Format::Csv) = (filter, Format::of(&job.out)?) {
            say(&format!("note: {line}{}", reading::summary(&filter, self.reading.of.meaning, &passed)));
        }
        Ok(())
    }

    /// Says which line is at fault, where the text is.
    fn in_line(&self, job: &Job, error: Error) -> Error {
        match (error, job.line, &self.file) {
            (Error::Input { what }, Some(line), Some(file)) => {
                Error::input(format!("{}: line {line}: {what}", file.display()))
            }
            (error, ..) => error,
        }
    }

    /// Computes all texts again and again and says how long that takes.
    fn time(&self, subject: &Subject, jobs: &[Job], times: u32) -> Result<()> {
        let mut millis = Vec::new();
        for _ in 0..times {
            let mut sum = 0.0;
            for job in jobs {
                sum += subject.run(&self.ask(job, Want::attention()), &Control::default())?.millis;
            }
            millis.push(sum);
        }
        millis.sort_by(f64::total_cmp);
        let middle = millis.len() / 2;
        let median =
            if millis.len() % 2 == 1 { millis[middle] } else { f64::midpoint(millis[middle - 1], millis[middle]) };
        say(&format!("{{\"median_ms\": {median:.3}, \"min_ms\": {:.3}}}", millis[0]));
        Ok(())
    }
}

/// What is to be known of a picture.
fn caption(subject: &Subject, run: &Run, heads: &[(usize, usize)], combine: Option<Combine>) -> Caption {
    let names: Vec<String> = heads.iter().map(|&(l, h)| head_name(l, h)).collect();
    let how = if heads.len() > 1 { format!("{} of ", combine.unwrap_or_default()) } else { String::new() };
    Caption::default()
        .and(if subject.is_imported() { "file" } else { "model" }, subject.title())
        .and("text", &*run.ask.text)
        .and("second text", run.ask.pair.as_deref().unwrap_or_default())
        .and("changed", run.ask.changes().join(", "))
        .and("head", how + &names.join(", "))
}

/// `out.npz` as `out-07.npz`.
fn numbered(path: &Path, number: usize, width: usize) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{number:0width$}"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

/// Refuses a folder that is not there before work is spent on what it should hold.
pub(super) fn check_folder(out: &Path) -> Result<()> {
    match out.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => match std::fs::metadata(folder) {
            Ok(meta) if meta.is_dir() => Ok(()),
            Ok(_) => Err(Error::io(folder, std::io::ErrorKind::NotADirectory.into())),
            Err(e) => Err(Error::io(folder, e)),
        },
        _ => Ok(()),
    }
}

fn check_head(card: &Card, (l, h): (usize, usize)) -> Result<()> {
    if l < card.layers && h < card.heads {
        return Ok(());
    }
    let (name, layers, heads) = (head_name(l, h), card.layers, card.heads);
    Err(Error::input(format!(
        "there is no head {name}: the model has {layers} layers of {heads} heads, counted from 0"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_numbered_so_that_they_sort() {
        assert_eq!(numbered(Path::new("a/out.x.npz"), 7, 2), Path::new("a/out.x-07.npz"));
        assert_eq!(numbered(Path::new("out.csv"), 1, 1), Path::new("out-1.csv"));
    }

    #[test]
    fn a_head_is_a_layer_and_a_head() {
        assert_eq!(head("2, 5").expect("a head"), (2, 5));
        for wrong in ["2", "2,", "2,5,1", "-1,0", "a,b"] {
            assert!(head(wrong).is_err(), "{wrong}");
        }
    }
}
