//! The command line. Standard output is data, standard error is progress and what went wrong; numbers are plain ASCII
//! in full precision.
//!
//! Exit codes: 0 done, 1 the input or a file is at fault, 2 wrong use, 3 no display for the window.

mod ablate;
mod attend;
mod changes;
mod compare;
mod embed;
mod fill;
mod generate;
mod heads;
mod lens;
mod map;
mod model;
mod patch;
mod progress;
mod project;
mod reading;
mod trace;
mod train;
mod vectors;
mod view;

use crate::engine::device::Choice;
use crate::engine::{Ask, BUDGET, Imported, Opened, Subject};
use crate::error::{Error, Result};
use crate::text::Tokens;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use std::io::{self, BufWriter, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;

/// A desktop microscope for language models. Without a subcommand it opens its window.
///
/// Exit codes: 0 done, 1 the input or a file is at fault, 2 wrong use, 3 no display for the window.
#[derive(Debug, Parser)]
#[command(name = "lexiscope", version, args_conflicts_with_subcommands = true)]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// What the window opens: a folder of a model, a session, or a file of attention; further ones are listed in its
    /// picker.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Model(model::Args),
    Attend(attend::Args),
    Fill(fill::Args),
    Ablate(ablate::Args),
    Patch(patch::Args),
    Heads(heads::Args),
    Generate(generate::Args),
    Lens(lens::Args),
    Compare(compare::Args),
    Map(map::Args),
    Vectors(vectors::Args),
    Embed(embed::Args),
    Project(project::Args),
    Trace(trace::Args),
    Train(train::Args),
    View(view::Args),
}

impl Command {
    fn name(&self) -> &'static str {
        match self {
            Self::Model(_) => "model",
            Self::Attend(_) => "attend",
            Self::Fill(_) => "fill",
            Self::Ablate(_) => "ablate",
            Self::Patch(_) => "patch",
            Self::Heads(_) => "heads",
            Self::Generate(_) => "generate",
            Self::Lens(_) => "lens",
            Self::Compare(_) => "compare",
            Self::Map(_) => "map",
            Self::Vectors(_) => "vectors",
            Self::Embed(_) => "embed",
            Self::Project(_) => "project",
            Self::Trace(_) => "trace",
            Self::Train(_) => "train",
            Self::View(_) => "the window",
        }
    }

    /// What contradicts itself in the arguments.
    fn misuse(&self) -> Option<String> {
        match self {
            Self::Model(args) => args.misuse(),
            Self::Attend(args) => args.misuse(),
            Self::Heads(args) => args.misuse(),
            Self::Generate(args) => args.misuse(),
            Self::Compare(args) => args.misuse(),
            Self::Map(args) => args.misuse(),
            Self::Project(args) => args.misuse(),
            Self::Vectors(args) => args.misuse(),
            _ => None,
        }
    }

    fn run(&self) -> Result<()> {
        match self {
            Self::Model(args) => args.run(),
            Self::Attend(args) => args.run(),
            Self::Fill(args) => args.run(),
            Self::Ablate(args) => args.run(),
            Self::Patch(args) => args.run(),
            Self::Heads(args) => args.run(),
            Self::Generate(args) => args.run(),
            Self::Lens(args) => args.run(),
            Self::Compare(args) => args.run(),
            Self::Map(args) => args.run(),
            Self::Vectors(args) => args.run(),
            Self::Embed(args) => args.run(),
            Self::Project(args) => args.run(),
            Self::Trace(args) => args.run(),
            Self::Train(args) => args.run(),
            Self::View(args) => args.run(),
        }
    }
}

/// The model that a subcommand works on.
#[derive(Debug, clap::Args)]
struct Chosen {
    /// A folder with config.json, the name of a bundled model, or a hub id; where no model is needed, also a file of
    /// attention (.npz, .safetensors or .json with `attentions` and `tokens`).
    #[arg(value_name = "MODEL")]
    name: String,
    /// Where it is computed: auto, cpu, cuda or metal.
    #[arg(long, default_value_t = Choice::Auto)]
    device: Choice,
    /// The most memory that the results for one text may take, in MB.
    #[arg(long, default_value_t = BUDGET / 1_000_000, value_parser = clap::value_parser!(u64).range(1..), value_name = "MB")]
    budget: u64,
}

impl Chosen {
    /// Opens the model or the file of attention; what the person should know about it goes to standard error.
    fn subject(&self) -> Result<Subject> {
        let progress = progress::Line::start();
        let subject = Subject::open(&self.name, self.device, self.bytes(), &progress.control());
        drop(progress);
        let subject = subject?;
        subject.notices().iter().for_each(|notice| say(&format!("note: {notice}")));
        Ok(subject)
    }

    /// Whether it is a file of attention.
    fn is_imported(&self) -> bool {
        Imported::is_one(&self.name)
    }

    /// Why texts contradict a file of attention, which has its own; `given` says which there are.
    fn text_misuse(&self, given: &[(&str, bool)]) -> Option<String> {
        let names: Vec<&str> = given.iter().filter(|(_, is_given)| *is_given).map(|(name, _)| *name).collect();
        let is_wrong = !names.is_empty() && self.is_imported();
        let name = plain(&self.name);
        is_wrong.then(|| format!("{name} holds attention that is computed: {} needs a model", names.join(" and ")))
    }

    /// The most bytes that results may take.
    fn bytes(&self) -> u64 {
        self.budget.saturating_mul(1_000_000)
    }

    /// Opens the model; what the person should know about it goes to standard error.
    fn open(&self) -> Result<Opened> {
        if self.is_imported() {
            let what = "it holds attention and no model, and this needs a model: name one, or use model, attend, heads, \
                        compare, map or view";
            return Err(Error::unsupported(&self.name, what));
        }
        let progress = progress::Line::start();
        let opened = Opened::open(&self.name, self.device, &progress.control());
        drop(progress);
        let opened = opened?;
        opened.notices.iter().for_each(|notice| say(&format!("note: {notice}")));
        Ok(opened)
    }

    /// The question about a text, with the budget that was given.
    fn ask(&self, text: &str) -> Ask {
        Ask { budget: self.bytes(), ..Ask::new(text) }
    }
}

/// Does what the arguments of this process ask for.
pub fn main() -> ExitCode {
    let args = Args::parse();
    let Some(command) = args.command else {
        // `lexiscope atend MODEL ...` is a subcommand misspelt, not two things to open.
        if let [first, _, ..] = args.paths.as_slice()
            && !first.exists()
        {
            let what = format!("there is no subcommand and no path `{}`", plain(&first.to_string_lossy()));
            Args::command().error(ErrorKind::InvalidSubcommand, what).exit();
        }
        return report(caught("the window", || window(args.paths, false)));
    };
    if let Some(what) = command.misuse() {
        Args::command().error(ErrorKind::ArgumentConflict, what).exit();
    }
    // The one line that says what went wrong is printed below.
    std::panic::set_hook(Box::new(|_| {}));
    report(caught(command.name(), || command.run()))
}

#[cfg(feature = "gui")]
fn window(paths: Vec<PathBuf>, watch: bool) -> Result<()> {
    crate::gui::run(paths, watch)
}

#[cfg(not(feature = "gui"))]
fn window(_paths: Vec<PathBuf>, _watch: bool) -> Result<()> {
    Err(Error::NoDisplay { what: "this build has no window".to_owned() })
}

/// `work`, a panic in it turned into an error.
fn caught(name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(Error::panicked(name, panic.as_ref())))
}

/// The exit code of a result; an error is said in one line.
fn report(result: Result<()>) -> ExitCode {
    let Err(error) = result else { return ExitCode::SUCCESS };
    let remedy = error.remedy().map(|r| format!(". {r}")).unwrap_or_default();
    let what = error.to_string();
    say(&format!("error: {}{remedy}", what.strip_suffix('.').filter(|_| !remedy.is_empty()).unwrap_or(&what)));
    ExitCode::from(if matches!(error, Error::NoDisplay { .. }) { 3 } else { 1 })
}

/// One line to standard error. Where nobody listens there is nothing to be done.
fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", plain(line));
}

/// Data to standard output. A reader that has seen enough and closed it is no error.
fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done.map_err(|e| Error::io("standard output", e)),
    }
}

/// A value as indented JSON on standard output.
fn print_json(value: &impl serde::Serialize) -> Result<()> {
    print(|out| {
        serde_json::to_writer_pretty(&mut *out, value)?;
        writeln!(out)
    })
}

/// Text from a file or a message without what would move a terminal's cursor or break the line.
fn plain(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// Refuses a text that says nothing.
fn check_text(what: &str, text: &str) -> Result<()> {
    if text.is_empty() {
        return Err(Error::input(format!("{what} is empty")));
    }
    if text.trim().is_empty() {
        return Err(Error::input(format!("{what} is blank")));
    }
    Ok(())
}

/// A model's name with its hash, for the head of a file.
fn about(opened: &Opened) -> String {
    format!("{} {}", opened.name, opened.short_fingerprint())
}

/// Says how much of a text the model does not see.
fn say_dropped(prefix: &str, tokens: &Tokens) {
    if tokens.dropped > 0 {
        let (dropped, read) = (tokens.dropped, tokens.len());
        say(&format!("note: {prefix}{dropped} tokens were dropped: the model reads the first {read}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_panic_is_an_error_with_a_remedy() {
        let error = caught("fill", || panic!("out of cheese")).expect_err("it panics");
        assert_eq!(error.to_string(), "internal error in fill: out of cheese");
        assert!(error.remedy().is_some());
    }

    #[test]
    fn a_message_is_one_line() {
        assert_eq!(plain("a\nb\x1b[2Jc\r\n"), "a b [2Jc  ");
        assert_eq!(plain("Ġdoor 门"), "Ġdoor 门");
    }
}
