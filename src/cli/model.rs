//! `lexiscope model`: what a model is, down to the last parameter.

use super::{Chosen, check_text, plain, print, print_json, say_dropped};
use crate::array::describe;
use crate::engine::device;
use crate::engine::{Ask, Opened, Parameter, Run, Subject};
use crate::error::{Error, Result};
use crate::text::Piece;
use crate::trace::{Control, Place, Want};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Shows a model's card: sizes, every parameter, tokenizer and files; of a file of attention what it holds.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    model: Chosen,
    /// Adds the shape of every tensor on the way of this text through the model.
    #[arg(long, allow_hyphen_values = true)]
    text: Option<String>,
    /// The second text of a pair.
    #[arg(long, requires = "text", allow_hyphen_values = true)]
    pair: Option<String>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

impl Args {
    /// What contradicts itself in these arguments.
    pub(super) fn misuse(&self) -> Option<String> {
        self.model.text_misuse(&[("--text", self.text.is_some())])
    }

    pub(super) fn run(&self) -> Result<()> {
        if self.model.is_imported() {
            let held = Held::of(&self.model.subject()?);
            return if self.json { print_json(&held) } else { print(|out| held.write(out)) };
        }
        for (what, text) in [("--text", &self.text), ("--pair", &self.pair)] {
            text.as_deref().map_or(Ok(()), |text| check_text(what, text))?;
        }
        let opened = self.model.open()?;
        let mut card = Card::of(&opened)?;
        if let Some(text) = &self.text {
            card.trace = Some(trace(&opened, &self.model.ask(text), self.pair.as_deref())?);
        }
        if self.json { print_json(&card) } else { print(|out| card.write(out)) }
    }
}

/// What a file of attention holds, in the order of the JSON.
#[derive(Serialize)]
struct Held {
    name: String,
    family: &'static str,
    layers: usize,
    heads: usize,
    /// The width of the hidden states; 0 where there are none.
    dim: usize,
    /// Whether every token sees earlier ones only.
    causal: bool,
    fingerprint: String,
    notices: Vec<String>,
    tokens: Vec<Piece>,
}

impl Held {
    fn of(subject: &Subject) -> Self {
        let (card, tokens) = (subject.card(), subject.imported().map(|file| file.run.tokens.pieces.clone()));
        Self {
            name: subject.name().to_owned(),
            family: card.family,
            layers: card.layers,
            heads: card.heads,
            dim: card.dim,
            causal: card.is_causal(),
            fingerprint: subject.fingerprint().to_owned(),
            notices: subject.notices().to_vec(),
            tokens: tokens.unwrap_or_default(),
        }
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut line = |name: &str, value: &dyn std::fmt::Display| {
            writeln!(out, "{name:<12} {}", plain(&value.to_string()).trim_end())
        };
        line("name", &self.name)?;
        line("family", &self.family)?;
        line("layers", &self.layers)?;
        line("heads", &self.heads)?;
        if self.dim > 0 {
            line("dim", &self.dim)?;
        }
        line("causal", if self.causal { &"yes" } else { &"no" })?;
        line("tokens", &self.tokens.len())?;
        line("fingerprint", &self.fingerprint)?;
        for notice in &self.notices {
            line("notice", notice)?;
        }
        writeln!(out, "\ntokens (number, piece, segment, special)")?;
        let rows = self.tokens.iter().enumerate().map(|(i, t)| {
            let special = if t.special { "special" } else { "" };
            [i.to_string(), plain(&t.piece), t.segment.to_string(), special.to_owned()]
        });
        table(out, &rows.collect::<Vec<_>>())
    }
}

/// Everything that is printed, in the order of the JSON.
#[derive(Serialize)]
struct Card {
    name: String,
    class: String,
    family: &'static str,
    layers: usize,
    heads: usize,
    dim: usize,
    inner: usize,
    vocabulary: usize,
    max_tokens: usize,
    outputs: Vec<&'static str>,
    unavailable: Vec<Unavailable>,
    labels: Vec<String>,
    device: &'static str,
    /// Numbers that the model computes with: the sum over used tensors.
    parameters: u64,
    /// Numbers in the file that it does not use.
    unused_parameters: u64,
    tokenizer: String,
    /// SHA-256 over samples of the files: what captions and sessions know the model by.
    fingerprint: String,
    files: Vec<Listed>,
    notices: Vec<String>,
    ledger: Vec<Entry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<Vec<Step>>,
}

#[derive(Serialize)]
struct Unavailable {
    output: &'static str,
    why: String,
}

#[derive(Serialize)]
struct Listed {
    name: String,
    bytes: u64,
    sha256: String,
}

#[derive(Serialize)]
struct Entry {
    name: String,
    shape: Vec<usize>,
    dtype: &'static str,
    count: u64,
    used: bool,
    /// Whether it is a second copy of a tensor that is used.
    tied: bool,
}

#[derive(Serialize)]
struct Step {
    site: String,
    axes: &'static [&'static str],
    shape: Vec<usize>,
}

impl Card {
    fn of(opened: &Opened) -> Result<Self> {
        let card = opened.card();
        let unavailable = card.unavailable.iter();
        let ledger = opened.ledger.iter().map(|p| Entry {
            name: p.name.clone(),
            shape: p.shape.clone(),
            dtype: p.stored,
            count: p.count(),
            used: p.used,
            tied: p.tied,
        });
        Ok(Self {
            name: opened.name.clone(),
            class: opened.class.clone(),
            family: card.family,
            layers: card.layers,
            heads: card.heads,
            dim: card.dim,
            inner: card.inner,
            vocabulary: card.vocabulary,
            max_tokens: card.tokens,
            outputs: card.outputs.iter().map(|o| o.name()).collect(),
            unavailable: unavailable.map(|(o, why)| Unavailable { output: o.name(), why: why.clone() }).collect(),
            labels: card.labels.clone(),
            device: device::describe(&opened.device),
            parameters: opened.parameters(),
            unused_parameters: opened.ledger.iter().filter(|p| !p.used && !p.tied).map(Parameter::count).sum(),
            tokenizer: opened.tokenizer.describe().to_owned(),
            fingerprint: opened.fingerprint.clone(),
            files: files(opened)?,
            notices: opened.notices.clone(),
            ledger: ledger.collect(),
            trace: None,
        })
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut line = |name: &str, value: &dyn std::fmt::Display| {
            writeln!(out, "{name:<12} {}", plain(&value.to_string()).trim_end())
        };
        line("name", &self.name)?;
        line("class", if self.class.is_empty() { &"(config.json does not say)" } else { &self.class })?;
        line("family", &self.family)?;
        line("layers", &self.layers)?;
        line("heads", &self.heads)?;
        line("dim", &self.dim)?;
        line("inner", &self.inner)?;
        line("vocabulary", &self.vocabulary)?;
        line("max tokens", &self.max_tokens)?;
        let predicts = if self.outputs.is_empty() { "nothing".to_owned() } else { self.outputs.join(", ") };
        line("predicts", &predicts)?;
        for Unavailable { output, why } in &self.unavailable {
            line("", &format!("no {output}: {why}"))?;
        }
        if !self.labels.is_empty() {
            line("labels", &self.labels.join(", "))?;
        }
        line("device", &self.device)?;
        line("parameters", &self.parameters)?;
        if self.unused_parameters > 0 {
            line("unused", &format!("{} more in the file", self.unused_parameters))?;
        }
        line("tokenizer", &self.tokenizer)?;
        line("fingerprint", &self.fingerprint)?;
        for notice in &self.notices {
            line("notice", notice)?;
        }

        writeln!(out, "\nfiles (name, bytes, sha256)")?;
        let rows = self.files.iter().map(|f| [plain(&f.name), f.bytes.to_string(), f.sha256.clone()]);
        table(out, &rows.collect::<Vec<_>>())?;

        writeln!(out, "\nparameters (name, shape, stored as, count)")?;
        let rows = self.ledger.iter().map(|e| {
            let note = if e.used {
                ""
            } else if e.tied {
                "tied"
            } else {
                "unused"
            };
            [plain(&e.name), format!("{:?}", e.shape), e.dtype.to_owned(), e.count.to_string(), note.to_owned()]
        });
        table(out, &rows.collect::<Vec<_>>())?;

        if let Some(trace) = &self.trace {
            writeln!(out, "\nsites in order of execution")?;
            for step in trace {
                writeln!(out, "  {} {}", step.site, describe(step.axes, &step.shape))?;
            }
        }
        Ok(())
    }
}

/// Rows with their columns aligned; numbers stand to the right.
fn table<const N: usize>(out: &mut dyn Write, rows: &[[String; N]]) -> io::Result<()> {
    let width = |i: usize| rows.iter().map(|r| r[i].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    for row in rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| {
            let number = !cell.is_empty() && cell.bytes().all(|b| b.is_ascii_digit());
            if number { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        writeln!(out, "  {}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

/// Every site that a text passes, with the heads that the checkpoint has.
fn trace(opened: &Opened, ask: &Ask, pair: Option<&str>) -> Result<Vec<Step>> {
    let outputs = opened.card().outputs.iter();
    let want = outputs.fold(Want::nothing(), |want, &site| want.and(Place::site(site)));
    let ask = Ask { pair: pair.map(str::to_owned), want, ..ask.clone() };
    let run = Run::new(opened, &ask, &Control::default())?;
    say_dropped("", &run.tokens);
    let step = |(at, shape): &(crate::trace::At, Vec<usize>)| Step {
        site: at.to_string(),
        axes: at.site.axes(),
        shape: shape.clone(),
    };
    Ok(run.shapes.iter().map(step).collect())
}

/// The files that the model is made of, each once: configuration, weights, tokenizer.
fn files(opened: &Opened) -> Result<Vec<Listed>> {
    let mut paths: Vec<PathBuf> = vec![opened.path.join("config.json")];
    // Weights in several files have a table of which tensor is where.
    let tables = ["model.safetensors.index.json", "pytorch_model.bin.index.json"].map(|name| opened.path.join(name));
    paths.extend(tables.into_iter().filter(|path| opened.weight_files.len() > 1 && path.is_file()));
    paths.extend(opened.weight_files.iter().cloned());
    for path in opened.tokenizer.files() {
        if !paths.contains(path) {
            paths.push(path.clone());
        }
    }
    paths.iter().map(|path| listed(path, &opened.path)).collect()
}

fn listed(path: &Path, folder: &Path) -> Result<Listed> {
    let (bytes, sha256) = digest(path).map_err(|e| Error::io(path, e))?;
    let name = path.strip_prefix(folder).unwrap_or(path).to_string_lossy().into_owned();
    Ok(Listed { name, bytes, sha256 })
}

/// A file's size and SHA-256.
fn digest(path: &Path) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let mut sha = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut size = 0;
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            break;
        }
        sha.update(&buffer[..n]);
        size += n as u64;
    }
    let mut hex = String::with_capacity(64);
    for byte in sha.finalize() {
        // Writing to a string cannot fail.
        let _ = std::fmt::Write::write_fmt(&mut hex, format_args!("{byte:02x}"));
    }
    Ok((size, hex))
}
