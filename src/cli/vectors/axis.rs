//! `lexiscope vectors FILE axis`: axes by meaning, and whether they mean more than chance.

use super::Source;
use super::ask::Scored;
use crate::analysis::space::axes::{Chance, Typed, stability};
use crate::analysis::space::lexicon::Lexicon;
use crate::analysis::space::pca::{Ends, with_log};
use crate::analysis::space::reject::{Leak, Telling, reject};
use crate::cli::ablate::table_file;
use crate::cli::attend::check_folder;
use crate::cli::{plain, print, print_json, progress, say};
use crate::error::Result;
use crate::export::Table;
use crate::figure::Caption;
use crate::source::vectors::Vectors;
use crate::trace::Control;
use serde::Serialize;
use std::path::PathBuf;

/// Measures words along axes with a meaning, and the axes themselves.
///
/// An axis is two sets of words, "man, boy : woman, girl"; pairs of words, "man : woman, king : queen", of whose differences
/// it is the first component; or a formula, "woman - man". Words lie along it by their cosine. Prints for each axis its
/// strength (of sets how far apart their means are, of pairs the share of their squared differences along it), how many axes
/// of random words do as well and the chance p of that, its correlation with the logarithm of the rank, its cosine with the
/// axis made without each word or pair, and the words at both ends.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The axes; after `--` also such that begin with a minus.
    #[arg(required = true, value_name = "AXIS")]
    axes: Vec<String>,
    /// How many words at either end.
    #[arg(short, long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..), value_name = "N")]
    number: u32,
    /// Axes of random words.
    #[arg(long, default_value_t = 1000, value_name = "N")]
    draws: u32,
    /// Where random numbers begin.
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,
    /// Takes all axes out of the space and tells what of each leaks back: how well this many words at either end are told
    /// apart before and after, by the nearer of two centroids and by their 10 nearest among them.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..))]
    reject: Option<u32>,
    /// Writes every word with its place along each axis (csv, json, npz).
    #[arg(long, value_parser = table_file, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Prints JSON: a list with an object to each axis.
    #[arg(long)]
    json: bool,
}

/// What is found about an axis.
#[derive(Serialize)]
struct Found<'a> {
    axis: &'a str,
    /// Of a formula there is neither strength nor chance.
    strength: Option<f64>,
    draws: Option<usize>,
    as_strong: Option<usize>,
    p: Option<f64>,
    with_log_rank: Option<f64>,
    without: Vec<(String, Option<f64>)>,
    low: Vec<Scored<'a>>,
    high: Vec<Scored<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    leak: Option<Leaked>,
}

/// What the space tells of the ends of an axis.
#[derive(Serialize)]
struct Leaked {
    accuracy: [f64; 2],
    neighbours: [f64; 2],
}

impl Args {
    pub(super) fn run(&self, source: &Source) -> Result<()> {
        self.out.iter().try_for_each(|out| check_folder(out))?;
        let vectors = source.open()?;
        let lexicon = Lexicon { words: &vectors.words, rows: &vectors.rows, make: None, unit: true };
        let axes = self.axes.iter().map(|text| Typed::read(text, &lexicon)).collect::<Result<Vec<_>>>()?;
        for (text, typed) in self.axes.iter().zip(&axes) {
            for missing in &typed.missing {
                say(&format!("note: `{}` is left out of `{text}`: it {}", missing.word, missing.why()));
            }
        }
        let line = progress::Line::start();
        let control = line.control();
        let places = axes.iter().map(|typed| typed.axis.places(&vectors.rows, &control)).collect::<Result<Vec<_>>>()?;
        let directions: Vec<&[f64]> = axes.iter().map(|typed| typed.axis.direction.as_slice()).collect();
        let after = self.reject.map(|_| reject(&vectors.rows, &directions, &control)).transpose()?;
        let mut found = Vec::new();
        for ((text, typed), places) in self.axes.iter().zip(&axes).zip(&places) {
            let mut one = self.one(&vectors, text, typed, places, &control)?;
            if let (Some(after), Some(count)) = (&after, self.reject) {
                let leak = Leak::of(&vectors.rows, after, places, count as usize, 10, &control)?;
                let both = |of: fn(&Telling) -> f64| [of(&leak.before), of(&leak.after)];
                one.leak = Some(Leaked { accuracy: both(|t| t.accuracy), neighbours: both(|t| t.neighbours) });
            }
            found.push(one);
        }
        drop(line);
        if let Some(out) = &self.out {
            let table = Table::default().text("word", vectors.words.iter()).whole("rank", 1..=vectors.words.len());
            let columns = self.axes.iter().zip(&places);
            let table = columns.fold(table, |table, (text, places)| table.single(text, places.iter().copied()));
            table.write(&Caption::default().and("vectors", vectors.path.display().to_string()), out)?;
        }
        if self.json { print_json(&found) } else { table(&found) }
    }

    fn one<'a>(
        &self,
        vectors: &'a Vectors,
        text: &'a str,
        typed: &Typed,
        places: &[f32],
        control: &Control,
    ) -> Result<Found<'a>> {
        let (words, rows) = (&vectors.words, &vectors.rows);
        let among: Vec<usize> = (0..rows.len()).collect();
        let draws = self.draws as usize;
        let poles = typed.poles.as_ref();
        let chance = poles.map(|poles| Chance::of(rows, poles, &among, draws, self.seed, control)).transpose()?;
        let without = match poles {
            None => Vec::new(),
            Some(poles) => poles.names(words).into_iter().zip(stability(rows, poles)?).collect(),
        };
        let strength = poles.map(|_| typed.axis.strength);
        let ranks: Vec<f64> = (1..=rows.len()).map(|rank| rank as f64).collect();
        let ends = Ends::of(places, self.number as usize);
        let scored = |rows: &[usize]| -> Vec<Scored<'a>> {
            rows.iter().map(|&row| Scored { word: words.get(row), score: places[row] }).collect()
        };
        Ok(Found {
            axis: text,
            strength,
            draws: chance.as_ref().map(|_| draws),
            as_strong: chance.as_ref().map(|chance| chance.reach(typed.axis.strength)),
            p: chance.as_ref().map(|chance| chance.p),
            with_log_rank: with_log(places, &ranks).map(|both| both.spearman),
            without,
            low: scored(&ends.low),
            high: scored(&ends.high),
            leak: None,
        })
    }
}

fn table(found: &[Found<'_>]) -> Result<()> {
    let figure = |x: Option<f64>| x.map_or("-".to_owned(), |x| x.to_string());
    print(|out| {
        for one in found {
            writeln!(out, "axis\t{}", plain(one.axis))?;
            writeln!(out, "strength\t{}", figure(one.strength))?;
            if let (Some(draws), Some(count), Some(p)) = (one.draws, one.as_strong, one.p) {
                writeln!(out, "random\t{count} of {draws}\tp {p}")?;
            }
            writeln!(out, "with log rank\t{}", figure(one.with_log_rank))?;
            for (word, cosine) in &one.without {
                writeln!(out, "without\t{}\t{}", plain(word), figure(*cosine))?;
            }
            for (end, words) in [("low", &one.low), ("high", &one.high)] {
                for Scored { word, score } in words {
                    writeln!(out, "{end}\t{}\t{score}", plain(word))?;
                }
            }
            if let Some(Leaked { accuracy: [a, b], neighbours: [c, d] }) = one.leak {
                writeln!(out, "told apart\t{a} before\t{b} after")?;
                writeln!(out, "neighbours alike\t{c} before\t{d} after")?;
            }
        }
        Ok(())
    })
}
