//! `lexiscope vectors FILE eval`: how well vectors agree with people.

use super::Source;
use super::expr::method;
use crate::analysis::space::analogy::Method;
use crate::analysis::space::evaluate::{How, PairScore, SectionScore, Set};
use crate::analysis::space::neighbours::{Index, Metric};
use crate::cli::ablate::table_file;
use crate::cli::attend::check_folder;
use crate::cli::{plain, print, print_json, progress, say};
use crate::error::Result;
use crate::export::Table;
use crate::figure::Caption;
use crate::source::vectors::Vectors;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Holds vectors against what people say: pairs of words with a number (WordSim-353, SimLex-999), and questions of analogy
/// (questions-words.txt).
///
/// A file whose first line is the head of a section, `: name`, has questions: four words to a line, of which the fourth is
/// looked for. Any other file has pairs: two words and a number to a line, between tabs (without any, commas; without any,
/// blanks); lines that begin with # are comments.
///
/// Of pairs it prints Pearson's and Spearman's correlation between numbers and cosines, and how many pairs had an unknown
/// word, in percent; of questions, how many are answered rightly, by section. The figures are those of gensim's
/// `evaluate_word_pairs` and `evaluate_word_analogies`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files of pairs or of questions.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How questions are answered: 3cosadd or 3cosmul.
    #[arg(long, default_value_t = Method::CosAdd, value_parser = method, value_name = "METHOD")]
    method: Method,
    /// Knows only so many words, from the beginning of the vectors.
    #[arg(long, default_value_t = 300_000, value_name = "N")]
    restrict: usize,
    /// Tells upper and lower case apart.
    #[arg(long)]
    exact_case: bool,
    /// Counts a pair with an unknown word as unlike and a question as wrong; otherwise they are left out.
    #[arg(long)]
    unknown_is_wrong: bool,
    /// Also writes every pair with its number, its cosine, how far it is off the line through all, and how much higher it
    /// stands in people's order than by cosine, as a share of all pairs (csv, json, npz).
    #[arg(long, value_parser = table_file, value_name = "FILE")]
    points: Option<PathBuf>,
    /// Also writes every question with its answer (csv, json, npz).
    #[arg(long, value_parser = table_file, value_name = "FILE")]
    answers: Option<PathBuf>,
    /// Prints JSON: a list with an object to each file of pairs and to each section of questions, and one to their sum.
    #[arg(long)]
    json: bool,
}

/// A line of the output.
#[derive(Serialize)]
#[serde(untagged)]
enum Line {
    Pairs { name: String, pearson: Option<f64>, spearman: Option<f64>, oov: f64, pairs: usize, unknown: usize },
    Section { section: String, correct: usize, total: usize, unknown: usize },
}

impl Args {
    pub(super) fn run(&self, source: &Source) -> Result<()> {
        [&self.points, &self.answers].into_iter().flatten().try_for_each(|out| check_folder(out))?;
        let sets = self.files.iter().map(|path| read(path)).collect::<Result<Vec<_>>>()?;
        let vectors = source.open()?;
        let how = How { limit: self.restrict, fold: !self.exact_case, unknown_is_wrong: self.unknown_is_wrong };
        let index = Index::new(&vectors.rows, Metric::Cosine);
        let progress = progress::Line::start();
        let (mut lines, mut pairs, mut sections) = (Vec::new(), Vec::new(), Vec::new());
        for set in &sets {
            match set {
                Set::Pairs(set) => {
                    let score = set.score(&vectors.words, &vectors.rows, how)?;
                    lines.push(Line::of_pairs(&score));
                    pairs.push(score);
                }
                Set::Questions(set) => {
                    let scores = set.score(&vectors.words, &index, self.method, how, &progress.control())?;
                    lines.extend(scores.iter().chain([&SectionScore::sum(&scores)]).map(Line::of_section));
                    sections.extend(scores);
                }
            }
        }
        drop(progress);
        let about = Caption::default().and("vectors", vectors.path.display().to_string());
        if let Some(out) = &self.points {
            points(&pairs).write(&about, out)?;
        }
        if let Some(out) = &self.answers {
            answers(&sections, &vectors).write(&about.and("method", self.method.name()), out)?;
        }
        if self.json { print_json(&lines) } else { table(&lines) }
    }
}

/// Reads a set; lines that are left out are told on standard error.
fn read(path: &Path) -> Result<Set> {
    let set = Set::read(path)?;
    if let Some(first) = set.skipped().first() {
        let what = if matches!(set, Set::Pairs(_)) { "pair" } else { "question" };
        let (shown, count) = (plain(&path.to_string_lossy()), set.skipped().len());
        say(&format!("note: {shown}: {count} lines are no {what} and are left out, the first is line {first}"));
    }
    Ok(set)
}

impl Line {
    fn of_pairs(score: &PairScore) -> Self {
        let finite = |x: f64| x.is_finite().then_some(x);
        Self::Pairs {
            name: score.name.clone(),
            pearson: finite(score.pearson),
            spearman: finite(score.spearman),
            oov: score.oov,
            pairs: score.points.len(),
            unknown: score.unknown.len(),
        }
    }

    fn of_section(score: &SectionScore) -> Self {
        let SectionScore { section, correct, total, unknown, .. } = score;
        Self::Section { section: section.clone(), correct: *correct, total: *total, unknown: *unknown }
    }
}

fn table(lines: &[Line]) -> Result<()> {
    let name = |line: &Line| match line {
        Line::Pairs { name, .. } => plain(name),
        Line::Section { section, .. } => plain(section),
    };
    let width = lines.iter().map(|line| name(line).chars().count()).max().unwrap_or(0);
    let figure = |x: &Option<f64>| x.map_or("-".to_owned(), |x| format!("{x:.4}"));
    print(|out| {
        for line in lines {
            write!(out, "{:<width$}  ", name(line))?;
            match line {
                Line::Pairs { pearson, spearman, oov, pairs, .. } => {
                    let (pearson, spearman) = (figure(pearson), figure(spearman));
                    writeln!(out, "pearson {pearson}  spearman {spearman}  pairs {pairs}  unknown {oov:.1} %")?;
                }
                Line::Section { correct, total, unknown, .. } => {
                    let share = *correct as f64 / (*total).max(1) as f64 * 100.0;
                    writeln!(out, "{share:>5.1} %  {correct} of {total}  unknown {unknown}")?;
                }
            }
        }
        Ok(())
    })
}

/// Every pair of every set.
fn points(scores: &[PairScore]) -> Table {
    let all = || scores.iter().flat_map(|score| score.points.iter().map(move |point| (&score.name, point)));
    Table::default()
        .text("set", all().map(|(name, _)| name))
        .whole("line", all().map(|(_, p)| p.line))
        .text("a", all().map(|(_, p)| &p.words[0]))
        .text("b", all().map(|(_, p)| &p.words[1]))
        .number("number", all().map(|(_, p)| p.gold))
        .number("cosine", all().map(|(_, p)| p.model))
        .number("residual", all().map(|(_, p)| p.residual))
        .number("gap", all().map(|(_, p)| p.gap))
}

/// Every question of every section; an unknown word leaves the answer empty.
fn answers(scores: &[SectionScore], vectors: &Vectors) -> Table {
    let all = || scores.iter().flat_map(|score| score.answers.iter().map(move |answer| (&score.section, answer)));
    let word = |i: usize| all().map(move |(_, answer)| answer.words[i].as_str());
    Table::default()
        .text("section", all().map(|(section, _)| section))
        .whole("line", all().map(|(_, answer)| answer.line))
        .text("a", word(0))
        .text("b", word(1))
        .text("c", word(2))
        .text("d", word(3))
        .text("answer", all().map(|(_, a)| a.found.map(|row| vectors.words.get(row).into_owned()).unwrap_or_default()))
        .whole("correct", all().map(|(_, answer)| u8::from(answer.is_correct)))
}
