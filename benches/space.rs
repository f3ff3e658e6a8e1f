//! Word vectors at the sizes that people have: opening them, exact neighbours, principal components, t-SNE and UMAP.
//! `space.sh` runs it beside its peers.
//!
//!     cargo bench --bench space -- WORK [PART] [ROUNDS]
//!
//! WORK is `open`, `near`, `pca`, `tsne` or `umap`; with PART 5 there are a fifth of the rows. The vectors are made up: 500
//! clusters, all dimensions normally distributed, each narrower than the one before. They are written once, to
//! `lexiscope-space` in the folder for temporary files. A line of JSON says what each round took.
#![expect(clippy::print_stdout, reason = "its output is the figure")]

use lexiscope::analysis::bootstrap::SplitMix;
use lexiscope::analysis::moving::layout::{Layout, start};
use lexiscope::analysis::moving::{tsne, umap};
use lexiscope::analysis::space::neighbours::{Index, Lengths, Metric};
use lexiscope::analysis::space::pca::Pca;
use lexiscope::analysis::space::trust::Check;
use lexiscope::export::vectors::write;
use lexiscope::rows::Rows;
use lexiscope::source::vectors::{Opening, Report, Vectors, Words};
use lexiscope::trace::Control;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Words of a large vocabulary, and of one that is laid out.
const MANY: usize = 400_000;
const SOME: usize = 50_000;
/// Queries that are asked together, and rows found for each.
const QUERIES: usize = 1000;
const FOUND: usize = 10;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let number = |i: usize, otherwise: usize| args.get(i).map_or(otherwise, |arg| arg.parse().expect("a number"));
    let (part, rounds) = (number(1, 1).max(1), number(2, 3).max(1));
    let work = args.first().map_or("", String::as_str);
    match work {
        "open" => open(MANY / part, 100, rounds),
        "near" => near(MANY / part, 300, rounds),
        "pca" => components(MANY / part, 300, rounds),
        "tsne" | "umap" => map(work, SOME / part, 100, rounds),
        _ => println!("cargo bench --bench space -- open|near|pca|tsne|umap [PART] [ROUNDS]"),
    }
}

/// The made-up vectors in this format.
fn file(rows: usize, width: usize, extension: &str) -> PathBuf {
    let folder = std::env::temp_dir().join("lexiscope-space");
    let path = folder.join(format!("{rows}x{width}.{extension}"));
    if !path.exists() {
        fs::create_dir_all(&folder).expect("a folder for the vectors");
        let words: Words = (0..rows).map(|i| format!("word{i}")).collect();
        let rows = made_up(rows, width);
        let vectors =
            Vectors { path: path.clone(), words, rows, columns: Vec::new(), subwords: None, report: Report::default() };
        // Under its own name once it is whole.
        let half = folder.join(format!("half.{extension}"));
        write(&vectors, &half, &Control::default()).expect("room for the vectors");
        fs::rename(&half, &path).expect("it was written");
    }
    path
}

fn made_up(rows: usize, width: usize) -> Rows {
    let mut random = SplitMix(4);
    let mut normal = || {
        let unit = |bits: u64| ((bits >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
        let (radius, angle) = (unit(random.bits()), unit(random.bits()));
        (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
    };
    let clusters = 500;
    let centres: Vec<f64> = (0..clusters * width).map(|_| normal()).collect();
    let mut values = Vec::with_capacity(rows * width);
    for i in 0..rows {
        // Large clusters and small ones.
        let cluster = (i * i / 7 + i) % clusters * (i % clusters) / clusters;
        for j in 0..width {
            let spread = (1.0 + j as f64 / 8.0).sqrt().recip();
            let value = spread * (0.5 * centres[cluster * width + j] + 0.5 * normal());
            // As many digits as files of word vectors have.
            values.push(((value * 1e5).round() / 1e5) as f32);
        }
    }
    Rows::new(values, width).expect("whole rows")
}

fn read(path: &Path) -> Vectors {
    Vectors::open(path, &Opening::default(), &Control::default()).expect("a good file")
}

/// Runs something and says it: wall-clock seconds, seconds of all processors, and what else is known.
fn say<T>(work: &str, run: impl FnOnce() -> T, about: impl FnOnce(&T) -> Value) {
    let (before, start) = (cpu(), Instant::now());
    let result = std::hint::black_box(run());
    let (seconds, cpu) = (start.elapsed().as_secs_f64(), cpu() - before);
    println!("{}", json!({ "work": work, "seconds": seconds, "cpu": cpu, "about": about(&result) }));
}

/// Seconds that this process has had of all processors, as Linux counts them; elsewhere 0.
fn cpu() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks: f64 = after.split_whitespace().skip(11).take(2).filter_map(|x| x.parse::<f64>().ok()).sum();
    ticks / 100.0
}

/// Bytes that this process holds, as Linux counts them; elsewhere 0.
fn held() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    1024.0 * line.split_whitespace().next().and_then(|x| x.parse::<f64>().ok()).unwrap_or_default()
}

fn open(rows: usize, width: usize, rounds: usize) {
    let [text, binary] = ["txt", "bin"].map(|extension| file(rows, width, extension));
    for _ in 0..rounds {
        for (work, path) in [("open text", &text), ("open binary", &binary)] {
            bare(path);
            let before = held();
            let about = |vectors: &Vectors| {
                assert_eq!((vectors.words.len(), vectors.rows.width()), (rows, width));
                json!({ "resident": (held() - before) / vectors.rows.bytes() as f64 })
            };
            say(work, || read(path), about);
        }
        say("read the binary file's bytes", || bare(&binary), |_| Value::Null);
    }
}

/// Reads a file and does nothing with it.
fn bare(path: &Path) -> usize {
    let (mut file, mut buffer, mut bytes) = (File::open(path).expect("a file"), vec![0; 4 << 20], 0);
    loop {
        match file.read(&mut buffer).expect("it can be read") {
            0 => return bytes,
            more => bytes += more,
        }
    }
}

fn near(rows: usize, width: usize, rounds: usize) {
    let vectors = read(&file(rows, width, "npy"));
    let lengths = Lengths::of(&vectors.rows);
    let asked: Vec<usize> = (0..QUERIES).map(|i| i * (rows / QUERIES)).collect();
    let queries = vectors.rows.picked(&asked);
    let control = Control::default();
    for (metric, suffix) in [(Metric::Cosine, ""), (Metric::Dot, " by dot product")] {
        let index = Index::with(&vectors.rows, metric, lengths.clone());
        for round in 0..rounds {
            let first = |rows: &[usize]| json!({ "rows": rows });
            for i in 0..5 {
                let query = queries.row(round + i);
                let found = || index.nearest(query, FOUND, None, &control).expect("neighbours");
                say(
                    &format!("near one{suffix}"),
                    || found().iter().map(|near| near.row).collect::<Vec<_>>(),
                    |r| first(r),
                );
            }
            let found = || index.nearest_of(&queries, FOUND, None, &control).expect("neighbours");
            let rows = |found: &Vec<Vec<_>>| json!({ "queries": found.len() });
            say(&format!("near many{suffix}"), found, rows);
        }
    }
}

fn components(rows: usize, width: usize, rounds: usize) {
    let vectors = read(&file(rows, width, "npy"));
    let control = Control::default();
    for _ in 0..rounds {
        let found = || {
            let pca = Pca::of(&vectors.rows, &control).expect("components");
            let scores = pca.scores(&vectors.rows, &[0, 1, 2], &control).expect("scores");
            (pca, scores)
        };
        say("pca", found, |(pca, _)| json!({ "ratios": pca.ratios()[..3] }));
    }
}

fn map(work: &str, rows: usize, width: usize, rounds: usize) {
    let vectors = read(&file(rows, width, "npy"));
    let (rows, control, metric) = (&vectors.rows, Control::default(), Metric::Cosine);
    let made = || {
        let index = Index::new(rows, metric);
        let layout = if work == "tsne" {
            let options = tsne::Options::default();
            let graph = index.graph(options.reach(), &control).expect("neighbours");
            let pca = Pca::of(rows, &control).expect("components");
            let start = start(rows, &pca, 2, 0, &control).expect("a start");
            Layout::tsne(&graph, metric, start, options, &control)
        } else {
            let options = umap::Options::default();
            let graph = index.graph(options.neighbours - 1, &control).expect("neighbours");
            Layout::umap(&graph, metric, umap::Start::Spectral, options, &control)
        };
        let mut layout = layout.expect("a start");
        layout.finish(&control).expect("not stopped");
        Rows::new(layout.coordinates().to_vec(), 2).expect("whole rows")
    };
    let about = |map: &Rows| {
        let check = Check { exact: 0, ..Check::default() };
        let trust = check.of(rows, map, None, &control).expect("not stopped").expect("some points");
        json!({ "kept_15": trust.share_kept() })
    };
    for _ in 0..rounds {
        say(work, made, about);
    }
}
