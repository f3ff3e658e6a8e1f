//! `lexiscope ablate`: what each head, turned off alone, does to a target.

use super::changes::Changes;
use super::{Chosen, check_text, progress, say, say_dropped};
use crate::engine::{Ablation, Ask, Target, With};
use crate::error::{Error, Result};
use crate::export::{Format, Table};
use crate::figure::Caption;
use std::path::PathBuf;

/// Turns off every head of a model, one at a time, and writes what that does to a target.
///
/// csv has one head to a row: `layer,head,effect`; json has the same rows under `rows` and what they are about under
/// `about`. The effect is the target without the head minus the target with it: of a log-probability (natural) or a
/// logit their difference, of `pooled` and `hidden` the cosine with what it was, minus 1.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    model: Chosen,
    /// The text.
    #[arg(long, allow_hyphen_values = true)]
    text: String,
    /// The second text of a pair.
    #[arg(long, allow_hyphen_values = true, value_name = "TEXT")]
    pair: Option<String>,
    /// What heads are judged by: logprob:TOKEN, class:CLASS, pooled or hidden:LAYER,TOKEN, all counted from 0.
    #[arg(long)]
    target: Target,
    #[command(flatten)]
    changes: Changes,
    /// The file: its extension chooses the format (csv, json, npz).
    #[arg(long, value_parser = table_file)]
    out: PathBuf,
}

impl Args {
    pub(super) fn run(&self) -> Result<()> {
        for (what, text) in [("--text", Some(&self.text)), ("--pair", self.pair.as_ref())] {
            text.map_or(Ok(()), |text| check_text(what, text))?;
        }
        super::attend::check_folder(&self.out)?;
        let opened = self.model.open()?;
        let ask = self.changes.of(Ask { pair: self.pair.clone(), ..self.model.ask(&self.text) });
        let line = progress::Line::start();
        let made = Ablation::new(&opened, &ask, self.target, self.changes.with(), &line.control(), |_| {});
        drop(line);
        let made = made?;
        say_dropped("", &made.before.tokens);
        for (&(layer, head), at) in &made.broken {
            say(&format!(
                "note: without L{layer}\u{b7}H{head} the numbers are not finite, first at {at}: it has no effect"
            ));
        }
        let off = match made.with {
            With::Zero => "zero".to_owned(),
            With::Mean => {
                let means = opened.means(&crate::trace::Control::default())?;
                format!("mean over {} tokens of {} bundled sentences", means.tokens, means.sentences)
            }
        };
        say(&format!("effects on {} with heads off to {off}", self.target));
        let about = Caption::default()
            .and("model", format!("{} {}", opened.name, opened.short_fingerprint()))
            .and("text", &self.text)
            .and("pair", self.pair.as_deref().unwrap_or_default())
            .and("changed", ask.changes().join(", "))
            .and("target", self.target.to_string())
            .and("effect", self.target.unit())
            .and("off", off);
        Table::default()
            .whole("layer", made.iter().map(|e| e.layer))
            .whole("head", made.iter().map(|e| e.head))
            .number("effect", made.iter().map(|e| e.effect))
            .write(&about, &self.out)
    }
}

/// A file that a table can be written to.
pub(super) fn table_file(text: &str) -> Result<PathBuf> {
    let path = PathBuf::from(text);
    match Format::of(&path)? {
        Format::Csv | Format::Json | Format::Npz => Ok(path),
        other => Err(Error::input(format!("a table is csv, json or npz, not {}", other.extension()))),
    }
}
