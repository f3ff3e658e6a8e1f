//! `lexiscope train`: trains a small recurrent model on a text.

use super::{progress, say};
use crate::error::{Error, Result};
use crate::source::find;
use crate::train::{Clip, Method, Order, Plan, Trainer};
use clap::ValueEnum;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The longest corpus, in bytes.
const LONGEST: u64 = 1 << 30;
/// How often a checkpoint is written at least.
const OFTEN: Duration = Duration::from_mins(1);

/// Trains a model of the characters of a text, and writes it to a folder: `model.safetensors` with PyTorch's names, a
/// `lexiscope.json` with the vocabulary, and a checkpoint. What is not said is as in char-rnn: two layers of 128 units,
/// RMSProp with a rate of 0.002, batches of 50 sequences of 50 characters.
///
/// Where the folder has a checkpoint, --resume goes on exactly where it was. Same arguments and corpus give the same model
/// to the last bit.
///
/// Standard error has a JSON line now and then: `{"step": ..., "of": ..., "epoch": ..., "loss": ..., "perplexity": ...,
/// "gradient": ..., "clipped": ..., "rate": ...}`, and after each epoch `{"epoch": ..., "held_out_perplexity": ...}`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The cells.
    #[arg(value_enum)]
    cell: CellKind,
    /// The text.
    #[arg(long, value_name = "FILE")]
    corpus: PathBuf,
    /// The folder of the model.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Goes on from the folder's checkpoint; what else is said here is then not looked at.
    #[arg(long)]
    resume: bool,
    /// Units of each layer.
    #[arg(long, default_value_t = 128)]
    units: usize,
    /// Layers.
    #[arg(long, default_value_t = 2)]
    layers: usize,
    /// Sequences at a time.
    #[arg(long, default_value_t = 50)]
    batch: usize,
    /// Steps through which the gradient goes back.
    #[arg(long, default_value_t = 50)]
    steps: usize,
    /// How often the corpus is read.
    #[arg(long, default_value_t = 50)]
    epochs: usize,
    /// Stretches one after the other with their state, or in a random order without.
    #[arg(long, value_enum, default_value_t = OrderArg::Sequential)]
    order: OrderArg,
    /// How weights follow gradients.
    #[arg(long, value_enum, default_value_t = MethodArg::Rmsprop)]
    method: MethodArg,
    /// How far they go.
    #[arg(long, default_value_t = 2e-3)]
    rate: f32,
    /// What the rate is multiplied with after each epoch from the tenth on.
    #[arg(long, default_value_t = 0.97)]
    decay: f32,
    /// The longest gradient: longer ones are scaled, and keep their direction.
    #[arg(long, group = "clipping", value_name = "LENGTH")]
    clip: Option<f32>,
    /// The largest number in a gradient; 5 where nothing is said.
    #[arg(long, group = "clipping", value_name = "MAGNITUDE")]
    clip_elements: Option<f32>,
    /// The share of the text, at its end, that is not trained on.
    #[arg(long, default_value_t = 0.05, value_name = "SHARE")]
    held_out: f32,
    /// Where random numbers begin.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum CellKind {
    Rnn,
    Gru,
    Lstm,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OrderArg {
    Random,
    Sequential,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum MethodArg {
    Sgd,
    Rmsprop,
    Adam,
}

impl Args {
    fn plan(&self) -> Plan {
        let clip = match (self.clip, self.clip_elements) {
            (Some(length), _) => Clip::Norm(length),
            (None, Some(magnitude)) => Clip::Elements(magnitude),
            (None, None) => Clip::Elements(5.0),
        };
        Plan {
            cell: match self.cell {
                CellKind::Rnn => "rnn",
                CellKind::Gru => "gru",
                CellKind::Lstm => "lstm",
            }
            .to_owned(),
            units: self.units,
            layers: self.layers,
            batch: self.batch,
            steps: self.steps,
            epochs: self.epochs,
            order: match self.order {
                OrderArg::Random => Order::Random,
                OrderArg::Sequential => Order::Sequential,
            },
            method: match self.method {
                MethodArg::Sgd => Method::Sgd,
                MethodArg::Rmsprop => Method::Rmsprop,
                MethodArg::Adam => Method::Adam,
            },
            rate: self.rate,
            decay: self.decay,
            clip,
            held_out: self.held_out,
            seed: self.seed,
            ..Plan::default()
        }
    }

    pub(super) fn run(&self) -> Result<()> {
        let corpus = find::read_text(&self.corpus, LONGEST)?;
        if corpus.is_empty() {
            return Err(Error::input(format!("{} is empty", self.corpus.display())));
        }
        let mut trainer = if self.resume {
            Trainer::resume(&self.out, &corpus)?
        } else if Trainer::is_in(&self.out) {
            let what = "it has a checkpoint: go on with --resume, or choose another folder";
            return Err(Error::input(format!("{}: {what}", self.out.display())));
        } else {
            Trainer::new(self.plan(), &corpus)?
        };
        // The folder is refused now, and not after hours.
        trainer.save(&self.out)?;
        let line = progress::Line::start();
        let control = line.control();
        let mut saved = Instant::now();
        let mut said = Instant::now();
        while !trainer.is_done() {
            let report = trainer.step(&control)?;
            control.report("Training", report.step, report.of);
            if report.step == 1 || said.elapsed() > Duration::from_secs(10) || trainer.is_done() {
                said = Instant::now();
                let text = serde_json::json!({
                    "step": report.step, "of": report.of, "epoch": report.epoch, "loss": report.loss,
                    "perplexity": report.perplexity(), "gradient": report.before, "clipped": report.after,
                    "rate": report.rate,
                });
                say(&text.to_string());
            }
            let is_over = trainer.is_at_end();
            if is_over && let Some(loss) = trainer.held_out(&control)? {
                let text = serde_json::json!({ "epoch": report.epoch, "held_out_perplexity": loss.exp() });
                say(&text.to_string());
            }
            if is_over || saved.elapsed() > OFTEN {
                trainer.save(&self.out)?;
                saved = Instant::now();
            }
        }
        trainer.save(&self.out)
    }
}
