//! `lexiscope project`: word vectors laid out on a map, and how much of the space the map keeps.

use super::ablate::table_file;
use super::attend::check_folder;
use super::vectors::Source;
use super::{progress, say};
use crate::analysis::space::axes::{Typed, places};
use crate::analysis::space::diffusion::Diffusion;
use crate::analysis::space::kmeans::{Clusters, KMeans};
use crate::analysis::space::lexicon::Lexicon;
use crate::analysis::space::neighbours::Metric;
use crate::analysis::space::pca::{Ends, Pca, with_log};
use crate::analysis::space::random;
use crate::analysis::space::trust::{Check, Trust};
use crate::engine::BUDGET;
use crate::error::Result;
use crate::export::Table;
use crate::figure::Caption;
use crate::rows::Rows;
use crate::source::vectors::Vectors;
use crate::trace::Control;
use clap::ValueEnum;
use serde_json::{Map, Value, json};
use std::path::PathBuf;

/// Words at each end of an axis.
const ENDS: usize = 10;

/// Lays word vectors out in two or three dimensions.
///
/// Writes `word, x, y` or `word, x, y, z` in the order of the file; a word whose vector has no place is given empty
/// fields. The last line on standard error is a JSON object: what was done, and how much of the space the map keeps, over
/// all points up to 20,000 and over a sample of 2,000 beyond (`sample` says how many points were asked). `kept_15` is the
/// share of the 15 nearest words of each that are its 15 nearest on the map (`kept_random` that of a map at random);
/// `trustworthiness` and `continuity` are those of Venna and Kaski 2001. Of PCA, `explained_variance_ratio` has the shares
/// of the total variance along the axes.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    source: Source,
    /// How they are laid out.
    #[arg(long)]
    method: Method,
    /// Dimensions of the map.
    #[arg(long, value_parser = clap::value_parser!(u8).range(2..=3), value_name = "2|3")]
    dims: Option<u8>,
    /// Where random numbers begin: the same seed gives the same map.
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,
    /// An axis of the map, for the method `axes`, once for each dimension: two sets of words, "man, boy : woman, girl", or
    /// a formula, "woman - man". Words lie along it by their cosine.
    #[arg(long = "axis", value_name = "AXIS", allow_hyphen_values = true)]
    axes: Vec<String>,
    /// What is near among the vectors, for what the map keeps and for clusters: cosine, euclidean or dot.
    #[arg(long, default_value_t = Metric::Cosine)]
    metric: Metric,
    /// Parts the words into so many clusters by k-means, of directions where near goes by cosine.
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    clusters: Option<u32>,
    /// The file: its extension chooses the format (csv, json, npz).
    #[arg(long, value_parser = table_file)]
    out: PathBuf,
}

/// How vectors are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Method {
    /// Along the principal components: centred, exact, not scaled.
    Pca,
    /// By diffusion over a Gaussian kernel of all pairs, whose memory grows with the square of the words.
    Diffusion,
    /// Along random directions: what a map shows beyond this one, it has found.
    Random,
    /// Along axes that words make.
    Axes,
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Self::Pca => "pca",
            Self::Diffusion => "diffusion",
            Self::Random => "random",
            Self::Axes => "axes",
        }
    }
}

/// A map, and what is to be said of how it was made.
struct Made {
    map: Rows,
    facts: Vec<(&'static str, Value)>,
}

impl Args {
    /// What contradicts itself in these arguments.
    pub(super) fn misuse(&self) -> Option<String> {
        let (axes, dims) = (self.axes.len(), self.dims());
        match self.method {
            Method::Axes if axes != dims || !(2..=3).contains(&axes) => {
                let dims = self.dims.map_or_else(|| "2 or 3".to_owned(), |dims| dims.to_string());
                Some(format!("a map along axes needs one --axis to each dimension: {dims} of them, not {axes}"))
            }
            Method::Axes => None,
            _ => (axes > 0).then(|| format!("--axis needs --method axes, not {}", self.method.name())),
        }
    }

    fn dims(&self) -> usize {
        let given = self.dims.map(usize::from);
        given.unwrap_or(if self.method == Method::Axes { self.axes.len() } else { 2 })
    }

    pub(super) fn run(&self) -> Result<()> {
        check_folder(&self.out)?;
        let vectors = self.source.open()?;
        let progress = progress::Line::start();
        let control = progress.control();
        let Made { map, facts } = self.lay(&vectors, &control)?;
        let clusters = self.clusters(&vectors, &control)?;
        let check = Check { metric: self.metric, seed: self.seed, ..Check::default() };
        let trust = check.of(&vectors.rows, &map, None, &control)?;
        drop(progress);
        let column = |k: usize| map.iter().map(move |row| row[k]);
        let table = Table::default().text("word", vectors.words.iter());
        let names = ["x", "y", "z"].into_iter().take(self.dims()).enumerate();
        let mut table = names.fold(table, |table, (k, name)| table.single(name, column(k)));
        if let Some((found, _)) = &clusters {
            let cluster = |row: usize| found.cluster(row).map_or_else(String::new, |cluster| cluster.to_string());
            table = table.text("cluster", (0..found.of.len()).map(cluster));
        }
        let mut about = Map::new();
        about.insert("method".to_owned(), json!(self.method.name()));
        about.insert("words".to_owned(), json!(vectors.words.len()));
        about.insert("dims".to_owned(), json!(self.dims()));
        about.insert("seed".to_owned(), json!(self.seed));
        about.extend(facts.into_iter().map(|(name, value)| (name.to_owned(), value)));
        if let Some((found, said)) = clusters {
            about.insert("inertia".to_owned(), json!(found.inertia));
            about.insert("clusters".to_owned(), said);
        }
        about.extend(kept(trust.as_ref(), self.metric));
        let file = vectors.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let caption = about.iter().fold(Caption::default().and("file", file), |caption, (name, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            caption.and(name, value)
        });
        table.write(&caption, &self.out)?;
        say(&Value::Object(about).to_string());
        Ok(())
    }

    /// The clusters that are asked for, with what is said of each.
    fn clusters(&self, vectors: &Vectors, control: &Control) -> Result<Option<(Clusters, Value)>> {
        const TYPICAL: usize = 5;
        let Some(k) = self.clusters else { return Ok(None) };
        let (k, unit, seed) = (k as usize, self.metric == Metric::Cosine, self.seed);
        let found = KMeans { k, unit, seed, ..KMeans::default() }.of(&vectors.rows, control)?;
        let typical = found.typical(&vectors.rows, TYPICAL, control)?;
        let each = typical.iter().zip(&found.counts).enumerate();
        let said = each.map(
            |(cluster, (rows, count))| json!({ "cluster": cluster, "words": count, "typical": named(vectors, rows) }),
        );
        let said = said.collect();
        Ok(Some((found, said)))
    }

    fn lay(&self, vectors: &Vectors, control: &Control) -> Result<Made> {
        let (rows, dims) = (&vectors.rows, self.dims());
        match self.method {
            Method::Pca => {
                let found = Pca::of(rows, control)?;
                let shown: Vec<usize> = (0..dims).collect();
                let mut ratios = found.ratios();
                ratios.resize(dims, 0.0);
                if found.left_out > 0 {
                    say(&format!("note: {} vectors with NaN or infinity are left out", found.left_out));
                }
                let map = found.scores(rows, &shown, control)?;
                let ranks: Vec<f64> = (1..=rows.len()).map(|rank| rank as f64).collect();
                let column = |k: usize| map.iter().map(|row| row[k]).collect::<Vec<f32>>();
                let ends = |k: usize| {
                    let ends = Ends::of(&column(k), ENDS);
                    json!({ "low": named(vectors, &ends.low), "high": named(vectors, &ends.high) })
                };
                let with_rank = |k: usize| with_log(&column(k), &ranks).map(|found| found.spearman);
                let facts = vec![
                    ("explained_variance_ratio", json!(ratios)),
                    ("rank_correlation", (0..dims).map(with_rank).collect()),
                    ("ends", (0..dims).map(ends).collect()),
                ];
                Ok(Made { map, facts })
            }
            Method::Diffusion => {
                let budget = self.source.budget().unwrap_or(BUDGET);
                let asked = Diffusion { dims, steps: 1, scale: None, seed: self.seed, budget };
                let found = asked.of(rows, control)?;
                Ok(Made {
                    map: found.places,
                    facts: vec![("scale", json!(found.scale)), ("eigenvalues", json!(found.values))],
                })
            }
            Method::Random => Ok(Made { map: random::projection(rows, dims, self.seed, control)?, facts: Vec::new() }),
            Method::Axes => {
                let lexicon = Lexicon { words: &vectors.words, rows, make: None, unit: true };
                let read = |text: &String| Typed::read(text, &lexicon);
                let axes = self.axes.iter().map(read).collect::<Result<Vec<_>>>()?;
                for (axis, text) in axes.iter().zip(&self.axes) {
                    for missing in &axis.missing {
                        say(&format!("note: `{}` is left out of `{text}`: it {}", missing.word, missing.why()));
                    }
                }
                let directions: Vec<_> = axes.iter().map(|typed| &typed.axis).collect();
                Ok(Made {
                    map: places(rows, &directions, control)?,
                    facts: vec![("axes", json!(self.axes)), ("cosine_of_axes", json!(cosines(&axes)))],
                })
            }
        }
    }
}

/// The words of rows.
fn named(vectors: &Vectors, rows: &[usize]) -> Vec<String> {
    rows.iter().map(|&row| vectors.words.get(row).into_owned()).collect()
}

/// How much axes say the same: the cosine of each pair.
fn cosines(axes: &[Typed]) -> Vec<f64> {
    let pairs = (0..axes.len()).flat_map(|i| (0..i).map(move |j| (j, i)));
    pairs.map(|(i, j)| axes[i].axis.cosine(&axes[j].axis)).collect()
}

/// What a map keeps; `null` where there is nothing to keep.
fn kept(trust: Option<&Trust>, metric: Metric) -> Vec<(String, Value)> {
    let facts = [
        ("metric", json!(metric.name())),
        ("neighbours", json!(trust.map(|t| t.k))),
        ("kept_15", json!(trust.map(Trust::share_kept))),
        ("kept_random", json!(trust.map(Trust::random))),
        ("trustworthiness", json!(trust.map(Trust::trustworthiness))),
        ("continuity", json!(trust.map(Trust::continuity))),
        ("sample", json!(trust.map_or(0, |t| t.asked.len()))),
    ];
    facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
