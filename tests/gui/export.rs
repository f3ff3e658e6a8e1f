//! What every view writes and copies: its picture, its numbers and what they are about, as it stands on the screen.

use crate::csv::read_csv;
use crate::hand::{ask, click, first, fixture, open_path, run, state};
use crate::window::{Window, settle};
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};
use lexiscope::analysis::compare::Comparison;
use lexiscope::analysis::filter::{Filter, Special, Threshold};
use lexiscope::analysis::map::{HeadMap, How};
use lexiscope::analysis::meaning::{Meaning, Weights};
use lexiscope::engine::{Ablation, Ask, Run, Target, With};
use lexiscope::figure::head_name;
use lexiscope::figure::lines::Focus;
use lexiscope::gui::Command;
use lexiscope::gui::action::{Action, ExportOf, Sheet};
use lexiscope::gui::scene::{Scene, View};
use lexiscope::trace::{Control, Site};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

const FORMATS: [&str; 5] = ["svg", "png", "csv", "json", "npz"];

/// What was written of a view, read back.
struct Written {
    svg: String,
    png: [u32; 2],
    /// The caption above the table.
    about: BTreeMap<String, String>,
    header: Vec<String>,
    rows: Vec<BTreeMap<String, String>>,
    json: Value,
    npz: BTreeMap<String, (String, Vec<u8>)>,
}

impl Written {
    /// Writes what is shown in every format and reads each.
    fn of(window: &mut Window, folder: &Path, of: ExportOf) -> Self {
        let path = |ending: &str| folder.join(format!("view.{ending}"));
        for ending in FORMATS {
            ask(window, Action::Export(path(ending), of));
            let problem = state(window).problem.as_ref().map(|p| p.error.to_string());
            assert_eq!((problem, path(ending).is_file()), (None, true), "{ending}");
        }
        let text = |ending: &str| std::fs::read_to_string(path(ending)).expect("it is text");
        let png = std::fs::read(path("png")).expect("it is there");
        let size = |at: usize| u32::from_be_bytes([png[at], png[at + 1], png[at + 2], png[at + 3]]);
        let csv = text("csv");
        let (comments, table): (Vec<&str>, Vec<&str>) = csv.split_inclusive('\n').partition(|l| l.starts_with("# "));
        let line = |line: &&str| line[2..].trim_end().split_once(": ").map(|(k, v)| (k.to_owned(), v.to_owned()));
        let mut table = read_csv(&table.concat()).into_iter();
        let header = table.next().expect("a header");
        let row = |fields: Vec<String>| {
            assert_eq!(fields.len(), header.len(), "{fields:?}");
            header.iter().cloned().zip(fields).collect()
        };
        let written = Self {
            svg: text("svg"),
            png: [size(16), size(20)],
            about: comments.iter().filter_map(line).collect(),
            rows: table.map(row).collect(),
            header: header.clone(),
            json: serde_json::from_str(&text("json")).expect("it is JSON"),
            npz: entries(&path("npz")),
        };
        for ending in FORMATS {
            std::fs::remove_file(path(ending)).expect("it was there");
        }
        written
    }

    /// The numbers of an array of the npz file, whatever it holds.
    fn numbers(&self, name: &str) -> Vec<f64> {
        let (kind, bytes) = self.npz.get(name).unwrap_or_else(|| panic!("no {name} in {:?}", self.npz.keys()));
        match kind.as_str() {
            "<f4" => bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().expect("four")).into()).collect(),
            "<f8" => bytes.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().expect("eight"))).collect(),
            "<i8" => bytes.chunks_exact(8).map(|b| i64::from_le_bytes(b.try_into().expect("eight")) as f64).collect(),
            other => panic!("{name} is {other}"),
        }
    }

    fn singles(&self, name: &str) -> Vec<f32> {
        self.numbers(name).into_iter().map(|x| x as f32).collect()
    }

    /// A column of the table.
    fn column(&self, name: &str) -> Vec<f64> {
        let field = |row: &BTreeMap<String, String>| if row[name].is_empty() { f64::NAN } else { number(&row[name]) };
        self.rows.iter().map(field).collect()
    }

    /// What is said in the caption of every format.
    fn says(&self, label: &str) -> &str {
        let said = self.about.get(label).unwrap_or_else(|| panic!("no {label} in {:?}", self.about));
        let npz: Value = serde_json::from_slice(&self.npz["about"].1).expect("JSON");
        for about in [&npz, &self.json["about"]] {
            assert_eq!(about[label].as_str().map(|text| text.replace('\n', " ")).as_deref(), Some(said.as_str()));
        }
        assert!(self.svg.contains(&format!(">{label}</text>")), "{label} is not under the picture");
        said
    }
}

fn number(text: &str) -> f64 {
    text.parse().unwrap_or_else(|_| panic!("`{text}` is no number"))
}

/// The arrays of an npz file: the kind of numbers and their bytes.
fn entries(path: &Path) -> BTreeMap<String, (String, Vec<u8>)> {
    let mut zip = zip::ZipArchive::new(std::fs::File::open(path).expect("it is there")).expect("a zip file");
    let mut found = BTreeMap::new();
    for i in 0..zip.len() {
        let mut entry = zip.by_index(i).expect("an entry");
        let name = entry.name().expect("a name").strip_suffix(".npy").expect("an array").to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("it reads");
        let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
        let header = std::str::from_utf8(&bytes[10..start]).expect("ASCII");
        let kind =
            header.split("'descr': '").nth(1).and_then(|rest| rest.split('\'').next()).expect("a kind").to_owned();
        assert!(found.insert(name, (kind, bytes.split_off(start))).is_none(), "a name twice");
    }
    found
}

/// Everything that a view can show is computed.
fn compute(window: &mut Window, view: View) {
    ask(window, Action::Show(view));
    match view {
        View::Compare => {
            window.get_by_label("Sentence B").focus();
            settle(window);
            window.get_by_label("Sentence B").type_text("The young man closed the heavy window.");
            settle(window);
            click(window, "Compare now");
        }
        View::Effects => click(window, "Compute effects"),
        _ => {}
    }
}

#[test]
fn every_view_is_written_in_every_format_with_its_numbers() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = first();
    let model = state(&window).model.clone().expect("a model");
    let run = run(&window);
    let n = run.tokens.len();
    let (layer, head) = state(&window).scene.head;
    for &view in View::ALL {
        compute(&mut window, view);
        let written = Written::of(&mut window, folder.path(), ExportOf::Head);
        assert!(written.png[0] > 300 && written.png[1] > 100, "{view:?}: {:?}", written.png);
        assert!(written.svg.contains("<text") && !written.rows.is_empty(), "{view:?}");
        let rows = written.json["rows"].as_array().expect("rows");
        assert_eq!(rows.len(), written.rows.len(), "{view:?}");
        for (json, row) in rows.iter().zip(&written.rows) {
            for (name, field) in row {
                let same = match &json[name] {
                    Value::Null => field.is_empty(),
                    Value::String(text) => text == field,
                    value => value.as_f64() == Some(number(field)),
                };
                assert!(same, "{view:?}: {name} is {} and {field}", json[name]);
            }
        }
        let said = written.says("model");
        assert!(said.contains("bert-mini-en") && said.contains(model.short_fingerprint()), "{view:?}: {said}");
        assert!(written.says("text").starts_with("The old lady"), "{view:?}");
        let weights = run.head(layer, head);
        let at = |row: &BTreeMap<String, String>, name: &str| number(&row[name]) as usize;
        match view {
            View::Lines | View::Heatmap => {
                // Special tokens are left out of what is drawn, and of nothing else.
                let is_special = |i: usize| run.tokens.pieces[i].special;
                let own = |q: usize, k: usize| if is_special(q) || is_special(k) { 0.0 } else { weights[q * n + k] };
                let mut drawn = vec![0.0; n * n];
                for row in &written.rows {
                    drawn[at(row, "query") * n + at(row, "key")] = number(&row["value"]) as f32;
                }
                for (q, row) in drawn.chunks(n).enumerate() {
                    // What passes the threshold is what it is; everything else is smaller, and not there.
                    let least = row.iter().copied().filter(|w| *w > 0.0).fold(f32::INFINITY, f32::min);
                    for (k, &value) in row.iter().enumerate() {
                        let is_drawn = value == own(q, k) && value >= least;
                        assert!(is_drawn || (value == 0.0 && own(q, k) <= least), "{view:?} {q} {k}: {value}");
                    }
                    let sum = |values: &mut dyn Iterator<Item = f32>| values.map(f64::from).sum::<f64>();
                    let (kept, all) = (sum(&mut row.iter().copied()), sum(&mut (0..n).map(|k| own(q, k))));
                    assert!(kept >= 0.7 * all - 1e-6, "{view:?} {q}: {kept} of {all}");
                }
                assert_eq!(written.singles("weights"), weights);
                assert_eq!(written.says("head"), head_name(layer, head));
                assert_eq!(written.rows.len() == n * n, view == View::Heatmap, "lines have a threshold");
            }
            View::Neuron => {
                let query = number(written.says("query").rsplit(['(', ')']).nth(1).expect("its place")) as usize;
                let row: Vec<f32> = written.column("probability").into_iter().map(|x| x as f32).collect();
                assert_eq!(row, weights[query * n..][..n]);
                let (q, k) = (written.numbers("q"), written.numbers("k"));
                let width = q.len();
                for (key, dot) in written.numbers("dot").into_iter().enumerate() {
                    let sum: f64 = q.iter().zip(&k[key * width..]).map(|(a, b)| a * b).sum();
                    assert!((sum - dot).abs() < 1e-4 * dot.abs().max(1.0), "{sum} and {dot}");
                }
            }
            View::Predict => {
                let logits = run.logits(Site::Logits).expect("words").block(&[1]);
                let most = logits.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
                let sum: f64 = logits.iter().map(|x| f64::from(x - most).exp()).sum();
                let first =
                    written.rows.iter().filter(|row| row["rank"] == "1").nth(1).expect("a word of the second token");
                assert_eq!(first["row"], run.tokens.shown(1));
                assert!((number(&first["probability"]) - 1.0 / sum).abs() < 1e-6, "{first:?}");
            }
            View::Effects => {
                let target = state(&window).scene.target.expect("a target");
                let asked = Ask::new(run.ask.text.clone());
                let made =
                    Ablation::new(&model, &asked, target, With::Mean, &Control::default(), |_| {}).expect("effects");
                let wanted: Vec<f32> = made.iter().map(|e| e.effect as f32).collect();
                let found = written.singles("effect");
                assert!(wanted.iter().zip(&found).all(|(a, b)| (a - b).abs() < 1e-5) && found.len() == wanted.len());
                assert_eq!((written.says("heads off"), written.about.contains_key("meaning")), ("mean", false));
                assert!(written.says("target").contains("log-probability"));
            }
            View::Compare => {
                let other = Arc::new(model_run(&window, "The young man closed the heavy window."));
                let [a, b] = [&run, &other].map(|run| Weights::new(run, Meaning::Raw).expect("attention"));
                let found = Comparison::of(&a, &b, &state(&window).scene.look.filter, false, &Control::default());
                let found = found.expect("a comparison");
                let js: Vec<f64> = found.js.iter().map(|js| js.unwrap_or(f64::NAN)).collect();
                assert_eq!((written.numbers("js"), written.column("js")), (js.clone(), js));
                let difference = found.difference(&a, &b, layer, head).expect("a matrix");
                assert_eq!(written.singles("difference"), difference);
                assert_eq!(written.says("meaning"), "Attention");
            }
            View::Heads => {
                assert_eq!((written.rows.len(), written.header[..3].join(",")), (32, "layer,head,entropy".to_owned()));
                for row in &written.rows {
                    let rows = run.head(at(row, "layer"), at(row, "head")).chunks(n);
                    let most: f64 = rows.map(|row| f64::from(row.iter().fold(0.0, |a: f32, &b| a.max(b)))).sum();
                    assert!((number(&row["confidence"]) - most / n as f64).abs() < 1e-5, "{row:?}");
                }
            }
            View::Evidence => {
                assert!(written.rows.iter().all(|row| {
                    let is_of = (at(row, "layer"), at(row, "head")) == (layer, head);
                    is_of && number(&row["weight"]) as f32 == weights[at(row, "query") * n + at(row, "key")]
                }));
                assert_eq!(written.says("head"), head_name(layer, head));
            }
            View::Map => {
                let map = HeadMap::of(&run, How::default(), &Control::default()).expect("a map");
                let distances: Vec<f32> = map.distances.iter().map(|d| *d as f32).collect();
                assert_eq!(written.singles("distances"), distances);
                assert_eq!(written.column("x"), map.points.iter().map(|p| p[0]).collect::<Vec<_>>());
            }
        }
        ask(&mut window, Action::Do(Command::CopyValues));
        let problem = state(&window).problem.as_ref().map(|p| p.error.to_string());
        assert_eq!((problem, state(&window).notice.as_deref()), (None, Some("Copied")), "{view:?}");
        ask(&mut window, Action::Do(Command::CopyPicture));
        assert!(state(&window).problem.is_none(), "{view:?}");
    }
}

fn model_run(window: &Window, text: &str) -> Run {
    let model = state(window).model.clone().expect("a model");
    Run::new(&model, &Ask::new(text), &Control::default()).expect("a run")
}

#[test]
fn what_is_not_there_yet_is_not_replaced_by_something_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = first();
    for (view, next) in [(View::Effects, "click Compute"), (View::Compare, "choose what to compare with")] {
        ask(&mut window, Action::Show(view));
        for ending in FORMATS {
            let path = folder.path().join(format!("x.{ending}"));
            ask(&mut window, Action::Export(path.clone(), ExportOf::Head));
            let said = state(&window).problem.as_ref().expect("it is said").error.to_string();
            assert!(said.starts_with("nothing is shown yet") && said.contains(next), "{said}");
            assert!(!path.exists());
            ask(&mut window, Action::Dismiss);
        }
        for copy in [Command::CopyValues, Command::CopyPicture] {
            ask(&mut window, Action::Do(copy));
            let problem = state(&window).problem.as_ref().expect("it is said");
            assert!(problem.title == "Nothing was copied" && problem.error.to_string().contains(next));
            ask(&mut window, Action::Dismiss);
        }
    }
    ask(&mut window, Action::Text(String::new()));
    for of in [ExportOf::Head, ExportOf::Grid, ExportOf::Numbers] {
        let path = folder.path().join("empty.npz");
        ask(&mut window, Action::Export(path.clone(), of));
        assert!(state(&window).problem.as_ref().is_some_and(|p| p.error.to_string().contains("type a sentence")));
        assert!(!path.exists());
        ask(&mut window, Action::Dismiss);
    }
}

#[test]
fn all_heads_are_written_as_they_are_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = first();
    let n = run(&window).tokens.len();
    ask(&mut window, Action::Mean(Meaning::Scores));
    let written = Written::of(&mut window, folder.path(), ExportOf::Grid);
    let run = run(&window);
    let scores: Vec<f32> = (0..run.card.layers)
        .flat_map(|layer| run.array(run.at(layer, Site::Scores)).expect("kept").data().to_vec())
        .collect();
    assert_eq!(written.singles("scores"), scores);
    assert_eq!((written.rows.len(), written.says("meaning")), (32 * n * n, "Scores before softmax"));
    assert!(written.rows.iter().zip(&scores).all(|(row, score)| number(&row["value"]) as f32 == *score));
    assert!(written.svg.contains("<title>score before softmax, 4 layers x 8 heads</title>"));
    let path = folder.path().join("x.safetensors");
    ask(&mut window, Action::Export(path.clone(), ExportOf::Numbers));
    let bytes = std::fs::read(&path).expect("it is there");
    let tensors = safetensors::SafeTensors::deserialize(&bytes).expect("a safetensors file");
    let singles = |bytes: &[u8]| -> Vec<f32> {
        bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().expect("four"))).collect()
    };
    assert_eq!(singles(tensors.tensor("scores").expect("they are there").data()), scores);
    let (_, about) = safetensors::SafeTensors::read_metadata(&bytes).expect("a header");
    let about = about.metadata().clone().expect("metadata");
    assert_eq!(about.get("meaning").map(String::as_str), Some("Scores before softmax"));
    // A file that says what it is about is one that can be opened again.
    open_path(&mut window, &path);
    assert_eq!(state(&window).run().expect("a run").head(1, 2), run.head(1, 2));
}

#[test]
fn filters_are_named_and_never_thin_out_tensors() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = first();
    let run = run(&window);
    let n = run.tokens.len();
    let (layer, head) = state(&window).scene.head;
    let filter = Filter { special: Special::Hide, threshold: Threshold::Mass(0.4), ..Filter::default() };
    ask(&mut window, Action::Filter(filter));
    for view in [View::Lines, View::Heatmap] {
        ask(&mut window, Action::Show(view));
        let written = Written::of(&mut window, folder.path(), ExportOf::Head);
        assert_eq!(written.singles("weights"), run.head(layer, head));
        let mut names: Vec<&String> = written.npz.keys().collect();
        names.sort();
        assert_eq!(names, ["about", "tokens", "weights"]);
        let tokens: Value = serde_json::from_slice(&written.npz["tokens"].1).expect("JSON");
        assert_eq!(tokens.as_array().map(Vec::len), Some(n));
        let about: Value = serde_json::from_slice(&written.npz["about"].1).expect("JSON");
        assert!(about["arrays"].as_str().is_some_and(|said| said.contains("no filter")));
        assert!(written.says("threshold").contains("40 %"), "{}", written.says("threshold"));
        assert!(written.says("shown").contains("special tokens took"));
        let special = |row: &BTreeMap<String, String>| {
            run.tokens.pieces[number(&row["key"]) as usize].special && number(&row["value"]) != 0.0
        };
        assert!(!written.rows.iter().any(special), "{view:?}");
        if view == View::Heatmap {
            assert_eq!(written.rows.len(), n * n);
            for query in 0..n {
                let row: f64 = written.column("value")[query * n..][..n].iter().sum();
                assert!((written.column("row_sum")[query * n] - row).abs() < 1e-5);
                let column: f64 = (0..n).map(|q| written.column("value")[q * n + query]).sum();
                assert!((written.column("column_sum")[query] - column).abs() < 1e-5);
            }
            assert!(written.says("sums").starts_with("rows up to"));
        }
    }
}

#[test]
fn heads_in_their_colours_are_written_one_by_one_and_a_sum_names_its_heads() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = first();
    let run = run(&window);
    let n = run.tokens.len();
    let heads = [(0, 1), (0, 4), (2, 3)];
    ask(&mut window, Action::Select(heads[0]));
    let joined = heads.map(|(l, h)| head_name(l, h)).join(", ");
    for &(layer, head) in &heads[1..] {
        window.get_by_label(&format!("Head {}", head_name(layer, head))).click_modifiers(Modifiers::SHIFT);
        settle(&mut window);
    }
    ask(&mut window, Action::Show(View::Lines));
    // A head under the pointer is previewed, and what is seen is written.
    window.hover_at(egui::pos2(640.0, 788.0));
    settle(&mut window);
    let written = Written::of(&mut window, folder.path(), ExportOf::Head);
    assert_eq!(written.says("head"), format!("{joined}, each in its colour"));
    assert!(written.says("shown").contains(&format!("{} of", written.rows.len())), "{}", written.says("shown"));
    let mut seen: Vec<(usize, usize)> = Vec::new();
    for row in &written.rows {
        let at = |name: &str| number(&row[name]) as usize;
        let head = (at("layer"), at("head"));
        assert_eq!(number(&row["value"]) as f32, run.head(head.0, head.1)[at("query") * n + at("key")]);
        if !seen.contains(&head) {
            seen.push(head);
        }
    }
    assert_eq!(seen, heads);
    for (layer, head) in heads {
        assert_eq!(written.singles(&format!("L{layer}.H{head}")), run.head(layer, head));
    }
    click(&mut window, "Sum");
    let written = Written::of(&mut window, folder.path(), ExportOf::Head);
    assert_eq!(written.says("head"), format!("Sum of {joined}"));
    let sum = |i: usize| heads.iter().map(|&(l, h)| run.head(l, h)[i]).sum::<f32>();
    assert!(written.singles("weights").iter().enumerate().all(|(i, w)| (w - sum(i)).abs() < 1e-6));
}

#[test]
fn more_lines_than_are_drawn_are_said_to_be() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = first();
    ask(
        &mut window,
        Action::Text("The old lady quickly opened the heavy door and the young man closed it. ".repeat(4)),
    );
    ask(&mut window, Action::Filter(Filter { threshold: Threshold::Mass(1.0), ..Filter::default() }));
    ask(&mut window, Action::Show(View::Lines));
    let n = run(&window).tokens.len();
    assert!(n * n > 1500, "{n} tokens");
    let written = Written::of(&mut window, folder.path(), ExportOf::Head);
    assert!(written.says("shown").contains("the 1\u{2009}500 strongest are drawn"), "{}", written.says("shown"));
    // The table has the lines that are drawn, and the tensor has every weight.
    let ways = written.svg.split("<path d=\"").skip(1).filter_map(|path| path.split('"').next());
    assert_eq!(written.rows.len(), ways.filter(|way| way.contains('C')).count());
    assert!(written.rows.len() >= 1500 && written.rows.len() < n * n, "{}", written.rows.len());
    assert_eq!(written.singles("weights").len(), n * n);
}

#[test]
fn patching_is_written_as_both_of_its_maps() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = first();
    ask(&mut window, Action::Target(Some(Target::LogProb(8))));
    ask(&mut window, Action::Show(View::Effects));
    click(&mut window, "Patching");
    let corrupt = "The old lady quickly closed the heavy door.";
    click(&mut window, "Corrupt sentence");
    window.key_press_modifiers(Modifiers::COMMAND, Key::A);
    window.get_by_label("Corrupt sentence").type_text(corrupt);
    settle(&mut window);
    click(&mut window, "Compute effects");
    let written = Written::of(&mut window, folder.path(), ExportOf::Head);
    let run = run(&window);
    let (layers, heads, n) = (run.card.layers, run.card.heads, run.tokens.len());
    let of = |kind: &str| written.rows.iter().filter(|row| row["kind"] == kind).collect::<Vec<_>>();
    assert_eq!((of("token").len(), of("head").len()), (layers * n, layers * heads));
    // What the target is read from is all there is after the last layer: it brings everything back, the rest nothing.
    for (i, row) in of("token")[(layers - 1) * n..].iter().enumerate() {
        assert_eq!(row["piece"], run.tokens.shown(i));
        let wanted = if i == 8 { 1.0 } else { 0.0 };
        assert!((number(&row["recovery"]) - wanted).abs() < 1e-4, "{row:?}");
    }
    assert_eq!(written.says("corrupt text"), corrupt);
    assert!(written.says("target").contains("token 8") && !written.about.contains_key("head"));
    for title in ["Recovery by layer and token", "Recovery by head, at all tokens"] {
        assert!(written.svg.contains(title), "{title}");
    }
}

#[test]
fn the_table_of_heads_is_written_as_it_is_sorted_and_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = first();
    ask(&mut window, Action::Show(View::Heads));
    click(&mut window, "Sort by entropy");
    let written = Written::of(&mut window, folder.path(), ExportOf::Head);
    let entropy = written.column("entropy");
    assert!(entropy.is_sorted_by(|a, b| a >= b) && entropy[0] > entropy[31], "{entropy:?}");
    assert_eq!(written.says("order"), "entropy falling");
    window.get_by_label("Find heads").focus();
    settle(&mut window);
    window.get_by_label("Find heads").type_text("L2");
    settle(&mut window);
    let written = Written::of(&mut window, folder.path(), ExportOf::Head);
    assert_eq!((written.rows.len(), written.says("found by")), (8, "L2"));
    assert!(written.column("layer").iter().all(|layer| *layer == 2.0));
}

#[test]
fn what_classifiers_say_of_a_text_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = first();
    open_path(&mut window, &fixture("models/roberta-classifier"));
    ask(&mut window, Action::Show(View::Predict));
    window.get_by_label("The whole text");
    let written = Written::of(&mut window, folder.path(), ExportOf::Head);
    let labels = &state(&window).model.clone().expect("a model").card().labels.clone();
    assert_eq!(written.rows.len(), labels.len());
    let sum: f64 = written.column("probability").iter().sum();
    assert!((sum - 1.0).abs() < 1e-6, "{sum}");
    assert!(labels.iter().all(|label| written.svg.contains(&format!(">{label}</text>"))));
}

#[test]
fn a_generated_text_is_written_step_by_step() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = first();
    open_path(&mut window, &fixture("models/gpt2"));
    ask(&mut window, Action::Show(View::Predict));
    click(&mut window, "Generate");
    click(&mut window, "Generate text");
    let written = Written::of(&mut window, folder.path(), ExportOf::Head);
    assert!(!written.rows.is_empty() && written.says("drawn with").contains("seed 0"));
    for row in &written.rows {
        assert!(number(&row["drawn"]) > 0.0 && number(&row["probability"]) > 0.0);
        assert!(written.svg.contains("likeliest"));
    }
}

#[test]
fn the_sheet_offers_what_can_be_written_and_names_files_after_what_is_open() {
    let mut window = first();
    open_path(&mut window, &fixture("imported/plain.npz"));
    ask(&mut window, Action::Sheet(Some(Sheet::Export)));
    for ending in FORMATS {
        window.get_by_label(ending);
    }
    let path = |window: &Window| window.get_by_label("File").accesskit_node().value().expect("a path");
    assert!(path(&window).ends_with("plain.npz-lines-L0-H0.svg"), "{}", path(&window));
    click(&mut window, "csv");
    assert!(path(&window).ends_with("plain.npz-lines-L0-H0.csv"));
    window.get_by_label_contains("pandas.read_csv");
    // The sheet's own choice; the panel behind it has a title of the same name.
    window.get_all_by_label("All heads").last().expect("a choice").click();
    settle(&mut window);
    for ending in FORMATS {
        window.get_by_label(ending);
    }
    assert!(path(&window).ends_with("plain.npz-all-heads.svg"));
}

#[test]
fn the_caption_of_changes_and_of_the_pin_is_complete() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = first();
    ask(&mut window, Action::Pin(Focus::Key(3)));
    let scene: &Scene = &state(&window).scene;
    assert_eq!(scene.pinned, Some(Focus::Key(3)));
    ask(&mut window, Action::Mask(5));
    ask(&mut window, Action::Show(View::Heatmap));
    let written = Written::of(&mut window, folder.path(), ExportOf::Head);
    assert_eq!((written.says("masked"), written.says("pinned")), ("opened (5)", "key lady (3)"));
    let npz = folder.path().join("grid.npz");
    ask(&mut window, Action::Export(npz.clone(), ExportOf::Grid));
    assert_eq!(entries(&npz)["attentions"].1.len(), 4 * 32 * run(&window).tokens.len().pow(2));
}
