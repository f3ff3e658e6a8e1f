//! The plan of the house, held against the source: data flows one way, so no module imports one to its right.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The modules of the crate, from left to right. Each may import those to its left.
const ORDER: &[&str] = &[
    "error", "array", "rows", "text", "trace", "source", "model", "engine", "train", "analysis", "figure", "export",
    "gui", "cli",
];

/// Where less is allowed than that: who, from where, and the only thing that may be taken.
const DOORS: &[(&str, &str, &str)] = &[
    // Families read tensors; how a folder is found, downloaded or tokenised is not their business.
    ("model", "source", "weights"),
    // What is measured and drawn is a finished run: no model is opened or run for it.
    ("analysis", "engine", "Run"),
    ("export", "engine", "Run"),
    // No subcommand opens the window; that is all the command line knows of it.
    ("cli", "gui", "run"),
];

/// Who may name a crate from outside, where that is not everybody's.
const OUTSIDE: &[(&str, &[&str])] = &[
    ("egui", &["gui"]),
    ("eframe", &["gui"]),
    ("egui_plot", &["gui"]),
    ("egui_tiles", &["gui"]),
    ("rfd", &["gui"]),
    ("clap", &["cli"]),
    // The array is the only tensor that leaves the engine.
    ("candle_core", &["error", "trace", "source", "model", "engine"]),
    ("candle_nn", &["model"]),
    ("resvg", &["export"]),
    ("ureq", &["source"]),
];

/// The crate's root belongs to no layer.
const ROOT: &[&str] = &["lib", "main"];

#[test]
fn no_module_imports_one_to_its_right() {
    let place = |module: &str| ORDER.iter().position(|m| *m == module);
    let mut wrong = Vec::new();
    let mut opened: BTreeSet<&(&str, &str, &str)> = BTreeSet::new();
    for File { path, module, code, .. } in sources().iter().filter(|f| !ROOT.contains(&f.module.as_str())) {
        let from = place(module).unwrap_or_else(|| panic!("{path}: `{module}` has no place in the order"));
        for import in imports(code, &inside(path)) {
            let (to, item) = (import[0].as_str(), import.get(1).map_or("", String::as_str));
            // The one name that the root itself has is the error's.
            let to = if ["Error", "Result"].contains(&to) { "error" } else { to };
            let Some(at) = place(to) else {
                wrong.push(format!("{path}: `{}` is no module of the order", import.join("::")));
                continue;
            };
            let door = DOORS.iter().find(|(who, whom, _)| who == module && *whom == to);
            opened.extend(door.filter(|(.., what)| *what == item));
            if at > from || door.is_some_and(|(.., what)| *what != item) {
                wrong.push(format!("{path}: `{module}` may not use `{}`", import.join("::")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let closed: Vec<_> = DOORS.iter().filter(|door| !opened.contains(*door)).collect();
    assert!(closed.is_empty(), "nobody goes through {closed:?}: take the door out");
}

#[test]
fn a_crate_from_outside_is_named_only_where_it_belongs() {
    for (name, rooms) in OUTSIDE {
        let files: Vec<File> = sources().into_iter().filter(|f| words(&f.code).any(|word| word == *name)).collect();
        for file in &files {
            assert!(rooms.contains(&file.module.as_str()), "{} names {name}", file.path);
        }
        let without: Vec<_> = rooms.iter().filter(|room| files.iter().all(|f| f.module != **room)).collect();
        assert!(without.is_empty(), "{name} is not used in {without:?}: strike it out here");
    }
}

#[test]
fn no_file_is_longer_than_600_lines() {
    let long: BTreeMap<String, usize> =
        sources().into_iter().map(|f| (f.path, f.lines)).filter(|f| f.1 > 600).collect();
    assert!(long.is_empty(), "what second noun is hiding in {long:?}?");
}

#[test]
fn every_way_to_write_an_import_is_understood() {
    let code = "use crate::engine::{Run, device::Choice};\nuse crate::{array::Array, text as t, trace::{At, Site}};\n\
                fn f() { crate::export::write(super::g()); super::super::model::family() }\nmod tests {\n    \
                use super::*;\n    use super::super::h;\n    use super::super::super::gui::App;\n}\nuse super::super::cli;";
    let found: Vec<String> = imports(code, &["figure".into(), "grid".into()]).iter().map(|i| i.join("::")).collect();
    let wanted = [
        "engine::Run",
        "engine::device::Choice",
        "array::Array",
        "text",
        "trace::At",
        "trace::Site",
        "export::write",
        "figure::g",
        "model::family",
        "figure::grid::*",
        "figure::h",
        "gui::App",
        "cli",
    ];
    assert_eq!(found, wanted);
    assert_eq!(without_comments("let url = 1; // crate::gui\n/// [`crate::cli`]\nmod m;"), "let url = 1; \n\nmod m;\n");
}

/// A file under `src`.
struct File {
    /// From `src` on, with `/`.
    path: String,
    /// The module of the crate that it is part of, or `lib` or `main`.
    module: String,
    /// What is in it but comments.
    code: String,
    lines: usize,
}

fn sources() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders: Vec<PathBuf> = vec![root.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the source") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).expect("a file of the source");
                let parts = path.strip_prefix(&root).expect("under src").iter().map(|p| p.to_string_lossy());
                let path = parts.collect::<Vec<_>>().join("/");
                let module = path.split(['/', '.']).next().unwrap_or_default().to_owned();
                files.push(File { path, module, code: without_comments(&text), lines: text.lines().count() });
            }
        }
    }
    assert!(files.len() > 50, "the source was found");
    files
}

/// The module that a file is: `figure/grid.rs` is `figure::grid`, `figure/mod.rs` is `figure`.
fn inside(path: &str) -> Vec<String> {
    let parts = path.trim_end_matches(".rs").split('/').map(str::to_owned);
    parts.filter(|part| part != "mod").collect()
}

/// An address in a string ends its line too: nothing that is looked for here comes after one.
fn without_comments(text: &str) -> String {
    text.lines().flat_map(|line| [line.split("//").next().unwrap_or_default(), "\n"]).collect()
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_')
}

/// Every path in `code` that begins with `crate` or `super`, from the root of the crate on. The code is that of the
/// module `inside`, laid out by rustfmt: a module in the file ends with a brace under its first letter.
fn imports(code: &str, inside: &[String]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut nested: Vec<(usize, String)> = Vec::new();
    let mut start = 0;
    for line in code.split_inclusive('\n') {
        let indent = line.len() - line.trim_start().len();
        let text = line.trim().trim_start_matches("pub(super) ").trim_start_matches("pub ");
        if let Some(name) = text.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(" {")) {
            nested.push((indent, name.to_owned()));
        } else if line.trim() == "}" && nested.last().is_some_and(|(at, _)| *at == indent) {
            nested.pop();
        }
        let here: Vec<String> = inside.iter().cloned().chain(nested.iter().map(|n| n.1.clone())).collect();
        for (at, _) in line.match_indices("crate::").chain(line.match_indices("super::")) {
            let before = line[..at].chars().next_back();
            // `super` in the middle of a path belongs to the `super` that it begins with.
            if !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':' || c == '$') {
                let (tree, _) = tree(&code[start + at..]);
                found.extend(tree.into_iter().filter_map(|path| from_root(&path, &here)));
            }
        }
        start += line.len();
    }
    found
}

/// A path that begins with `crate` or `super`, seen from the root; `None` for the root's own names, taken all at once.
fn from_root(path: &[String], here: &[String]) -> Option<Vec<String>> {
    let up = path.iter().take_while(|part| *part == "super").count();
    let rest = &path[up.max(1)..];
    let base = if up > 0 { &here[..here.len().checked_sub(up).expect("no super above the root")] } else { &[] };
    Some([base, rest].concat()).filter(|path| !path.is_empty())
}

/// The paths of a use tree at the beginning of `code`, and how long it is: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn tree(code: &str) -> (Vec<Vec<String>>, usize) {
    let name = code.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '*').unwrap_or(code.len());
    let first = code[..name].to_owned();
    let Some(rest) = code[name..].strip_prefix("::") else { return (vec![vec![first]], name) };
    let mut at = name + 2;
    if !rest.starts_with('{') {
        let (paths, length) = tree(rest);
        return (paths.into_iter().map(|path| [vec![first.clone()], path].concat()).collect(), at + length);
    }
    let mut found = Vec::new();
    while !code[at..].starts_with('}') {
        at += 1 + code[at + 1..].find(|c: char| !c.is_whitespace()).unwrap_or(0);
        if code[at..].starts_with('}') {
            break;
        }
        let (paths, length) = tree(&code[at..]);
        found.extend(paths.into_iter().map(|path| [vec![first.clone()], path].concat()));
        at += length;
        // Past another name for it.
        at += code[at..].find([',', '}']).unwrap_or(code.len() - at);
    }
    (found, at + 1)
}
