//! `lexiscope heads`: what every head of a model does, on a text or over a corpus.

use super::attend::check_folder;
use super::{Chosen, check_text, progress, say, say_dropped};
use crate::analysis::heads::{Part, Table, Tally};
use crate::engine::corpus::{self, Tour};
use crate::engine::{Opened, Run, Subject};
use crate::error::{Error, Result};
use crate::export::{self, Format};
use crate::figure::Caption;
use crate::source::corpus::Corpus;
use crate::trace::{Control, Place, Site, Want};
use clap::builder::{PathBufValueParser, TypedValueParser};
use std::path::{Path, PathBuf};

/// Measures every head of a model on a text or over a corpus, and finds what each does.
///
/// In place of a model and a text it takes a file of attention.
///
/// One row to a head. Each number is the mean over query rows, and over a corpus of these over
/// sentences:
///
///   layer, head   counted from 0
///   entropy       of a row, in nats (Clark et al. 2019, 3.3)
///   distance      to the keys, in tokens, weighted by attention (Vig and Belinkov 2019, 4.2)
///   confidence    the largest weight of a row (Voita et al. 2019, 4)
///   self          attention to the token itself (HeadVis)
///   previous      to the token before (HeadVis)
///   next          to the token after (HeadVis)
///   `same_token`  to the same token elsewhere (Olsson et al. 2022)
///   induction     to what followed the same token earlier (Olsson et al. 2022)
///   first         to the first token of the sequence (Clark et al. 2019, 3.2)
///   delimiter     to separators and . , ; : ! ? (Clark et al. 2019, 3.2)
///   `sink_share`  to the sink: what the tokenizer added, without that the first token (Xiao et
///                 al. 2023)
///   label         what the head does, where that is earned
///   `label_lift`, `label_p`, `label_n`
///                 of a label that is a relation: lift, chance after correction and pairs of
///                 words on held-out sentences
///   n             rows of attention of a text, sentences of a corpus
///   punctuation   to . , ; : ! ?
///   evenness      entropy, of what equal weights would have
///
/// and for each measure, as <measure>_n, how many rows (of a text) or sentences (of a corpus)
/// show it; over a corpus also <measure>_low and <measure>_high, where it lies with 95 %
/// confidence (1,000 resamples of sentences; none from fewer than 5 sentences). Entropy, distance
/// and confidence are of rows as computed; first, delimiter and sink share too, without the
/// sink's own rows. The others are of what the sink leaves: its columns are taken out and the row
/// is divided by what is left, if that is more than a tenth; self, punctuation and evenness only
/// where there is more than one key.
///
/// A .conllu corpus gives a second file, FILE.relations.csv: every dependency relation in both
/// directions (Clark et al. 2019, 4.2; Voita et al. 2019, 5.2). `accuracy` is how often the word
/// that the head attends to most (pieces merged to words, special tokens and the word itself left
/// out) is the other end of the relation, `baseline` how often the word at `baseline_offset` is,
/// `lift` their difference. A model that sees earlier tokens only is asked only where the other
/// end comes before. Words that are not made of whole tokens are left out. A head is labelled by
/// a relation only if its lift is at least 0.15 on sentences that did not choose it and
/// significant among all heads and relations tried (0.05; exact sign test over sentences,
/// Bonferroni).
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
#[command(group = clap::ArgGroup::new("input").args(["text", "corpus"]))]
pub(super) struct Args {
    #[command(flatten)]
    model: Chosen,
    /// The text.
    #[arg(long, allow_hyphen_values = true)]
    text: Option<String>,
    /// A .txt with a sentence to each line, or a treebank as .conllu.
    #[arg(long, value_name = "FILE")]
    corpus: Option<PathBuf>,
    /// Reads only this many sentences, from the beginning.
    #[arg(long, requires = "corpus", value_parser = clap::value_parser!(u32).range(1..), value_name = "N")]
    sentences: Option<u32>,
    /// Also writes the 20 strongest edges of every head, and 20 drawn at random, each with a chance proportional to its
    /// weight, to this file (csv or json).
    #[arg(long, value_name = "FILE", value_parser = table_path())]
    evidence: Option<PathBuf>,
    /// The file: its extension chooses the format (csv or json).
    #[arg(long, value_name = "FILE", value_parser = table_path())]
    out: PathBuf,
}

fn table_path() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| match Format::of(&path) {
        Ok(Format::Csv | Format::Json) => Ok(path),
        Ok(other) => Err(Error::input(format!("heads are written as csv or json, not {}", other.extension()))),
        Err(error) => Err(error),
    })
}

impl Args {
    /// What contradicts itself in these arguments.
    pub(super) fn misuse(&self) -> Option<String> {
        let has_text = self.text.is_some() || self.corpus.is_some();
        match (has_text, self.model.is_imported()) {
            (false, false) => Some("a model needs a text: give --text or --corpus".to_owned()),
            (true, true) => {
                let name = super::plain(&self.model.name);
                Some(format!("{name} holds attention that is computed: --text and --corpus need a model"))
            }
            _ => self.clash(),
        }
    }

    /// What would be written twice to one file.
    fn clash(&self) -> Option<String> {
        let evidence = self.evidence.as_ref()?;
        let is_clash = [&self.out, &self.relations()].contains(&evidence);
        let name = super::plain(&evidence.to_string_lossy());
        is_clash.then(|| format!("{name} is written to already: --evidence needs a file of its own"))
    }

    /// The file of relations.
    fn relations(&self) -> PathBuf {
        self.out.with_extension("relations.csv")
    }

    pub(super) fn run(&self) -> Result<()> {
        self.text.as_deref().map_or(Ok(()), |text| check_text("--text", text))?;
        [Some(&self.out), self.evidence.as_ref()].into_iter().flatten().try_for_each(|out| check_folder(out))?;
        let most = self.sentences.map_or(usize::MAX, |n| n as usize);
        let read = |path: &PathBuf| Corpus::open(path, most, &Control::default());
        let corpus = self.corpus.as_ref().map(read).transpose()?;
        let subject = self.model.subject()?;
        let (table, lines) = match (&corpus, &subject) {
            (Some(corpus), Subject::Model(opened)) => {
                (self.over(opened, corpus)?, corpus.sentences.iter().map(|s| s.line).collect())
            }
            _ => (self.on_text(&subject)?, vec![1]),
        };
        let about = Caption::default().and(if subject.is_imported() { "file" } else { "model" }, subject.title());
        let about = about.and("text", self.text.clone().unwrap_or_default());
        let file = self.corpus.as_deref().and_then(Path::file_name).unwrap_or_default();
        let about = about.and("corpus", file.to_string_lossy()).and("n", table.n.to_string());
        export::heads::measures(&table).write(&about, &self.out)?;
        if corpus.as_ref().is_some_and(Corpus::is_treebank) {
            if table.lost > 0 {
                let (lost, links) = (table.lost, table.links);
                say(&format!(
                    "note: {lost} of {links} pairs of words are left out of the relations: a word of theirs is not made of \
                     whole tokens"
                ));
            }
            let path = self.relations();
            let about = about
                .clone()
                .and("sentences with relations", table.aligned.to_string())
                .and("pairs left out", format!("{} of {}, not made of whole tokens", table.lost, table.links));
            export::heads::relations(&table).write(&about, &path)?;
        }
        if let Some(path) = &self.evidence {
            let about = about
                .and("edges", table.evidence.edges.to_string())
                .and("left out", format!("{} on the sink, from it, or of a token with itself", table.evidence.others))
                .and("random", "20 edges of each head, drawn with a chance proportional to their weight");
            let all: Vec<usize> = (0..table.rows.len()).collect();
            export::heads::evidence(&table, &all, &lines).write(&about, path)?;
        }
        Ok(())
    }

    fn on_text(&self, subject: &Subject) -> Result<Table> {
        let text = self.text.as_deref().unwrap_or_default();
        let ask = crate::engine::Ask { want: Want::nothing().and(Place::site(Site::Probs)), ..self.model.ask(text) };
        let line = progress::Line::start();
        let control = line.control();
        let run = subject.run(&ask, &control)?;
        let table = Table::of_run(&run, &control)?;
        drop(line);
        say_dropped("", &run.tokens);
        Ok(table)
    }

    fn over(&self, opened: &Opened, corpus: &Corpus) -> Result<Table> {
        let card = opened.card();
        let mut tally = Tally::new(card.layers, card.heads, &corpus.relations);
        let texts: Vec<&str> = corpus.sentences.iter().map(|s| s.text.as_str()).collect();
        let line = progress::Line::start();
        let (budget, control) = (self.model.bytes(), line.control());
        let quiet = control.quiet();
        let part = |i: usize, run: &Run| Part::of(i, run, &corpus.sentences[i].words, &quiet);
        let tour = corpus::each(opened, &texts, budget, &control, part, |i, part| tally.add(i, part))?;
        if tour.read == 0 {
            return Err(Error::input(format!("{}: the model can read none of its sentences", corpus.path.display())));
        }
        let table = tally.finish(&control)?;
        drop(line);
        say_tour(tour, opened);
        Ok(table)
    }
}

/// Says what the model did not see.
pub(super) fn say_tour(tour: Tour, opened: &Opened) {
    if tour.skipped > 0 {
        say(&format!("note: {} sentences are left out: the model can read nothing in them", tour.skipped));
    }
    if tour.shortened > 0 {
        let limit = opened.card().tokens;
        say(&format!("note: {} sentences lost their end: the model reads {limit} tokens", tour.shortened));
    }
}
