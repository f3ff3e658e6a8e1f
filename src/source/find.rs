//! From what a person calls a model to the folder it is in: an existing path, then a bundled model's name, then a
//! hub id.

use super::hub::{self, Hub};
use crate::error::{Error, Result};
use crate::trace::Control;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// The bundled model that opens when nothing else is asked for.
pub const DEFAULT: &str = "bert-mini-en";

/// The folder of the model called `name`, downloading it if it is a hub id that is not on this machine yet.
pub fn model(name: &str, control: &Control) -> Result<PathBuf> {
    let path = Path::new(name);
    if path.exists() {
        return Ok(folder_of(path));
    }
    if let Some(found) = shelves().into_iter().map(|s| s.join(name)).find(|p| is_plain(name) && is_model(p)) {
        return Ok(found);
    }
    if hub::is_id(name) {
        return Hub::from_env().fetch(name, control);
    }
    let why = "there is no such path, no bundled model of that name, and it is no hub id".to_owned();
    Err(Error::NoModel { name: name.to_owned(), why })
}

/// Whether what is called `name` is on this machine: a path, a bundled model, or in the cache of the hub.
pub fn is_here(name: &str) -> bool {
    let bundled = || shelves().into_iter().any(|s| is_plain(name) && is_model(&s.join(name)));
    Path::new(name).exists() || bundled() || (is_id(name) && Hub::from_env().cached(name).is_some())
}

/// Whether `name` could be a model's on the hub.
pub fn is_id(name: &str) -> bool {
    hub::is_id(name)
}

/// The file or folder of vectors called `path`: what is there, or the folder of that name on the shelves, bundled vectors
/// and models alike.
pub fn vectors(path: &Path) -> PathBuf {
    let is_name = !path.exists() && path.to_str().is_some_and(is_plain);
    let found = shelves().into_iter().map(|shelf| shelf.join(path)).find(|p| is_name && p.is_dir());
    found.unwrap_or_else(|| path.to_path_buf())
}

/// The file or folder of the recurrent model called `name`: what is there, or the folder of that name on the shelves.
pub fn recurrent(name: &str) -> Result<PathBuf> {
    let path = Path::new(name);
    if path.exists() {
        return Ok(path.to_path_buf());
    }
    let found = shelves().into_iter().map(|shelf| shelf.join(name)).find(|p| is_plain(name) && p.is_dir());
    let why = "there is no such path and no bundled model of that name".to_owned();
    found.ok_or_else(|| Error::NoModel { name: name.to_owned(), why })
}

/// The file of weights that `name` is the path of, if it is one. A shard is no model by itself.
pub fn weights(name: &str) -> Option<PathBuf> {
    const ENDINGS: [&str; 6] = [".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".index.json"];
    let path = Path::new(name);
    let file = path.file_name()?.to_string_lossy();
    let is_whole = ENDINGS.iter().any(|ending| file.ends_with(ending)) && !file.contains("-of-");
    (is_whole && path.is_file()).then(|| path.to_path_buf())
}

/// Every model folder on the shelves, by name, each name once.
pub fn bundled() -> Vec<(String, PathBuf)> {
    let mut found: Vec<(String, PathBuf)> = Vec::new();
    for shelf in shelves() {
        let Ok(entries) = std::fs::read_dir(&shelf) else { continue };
        let mut here: Vec<PathBuf> = entries.flatten().map(|e| e.path()).filter(|p| is_model(p)).collect();
        here.sort();
        for path in here {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if found.iter().all(|(known, _)| *known != name) {
                found.push((name, path));
            }
        }
    }
    found
}

/// The user's own `models` folder.
pub fn user_shelf() -> Option<PathBuf> {
    dirs::data_dir().map(|d| d.join("lexiscope").join("models"))
}

/// Where models lie: beside the executable, in the repository that it was built in, in the user's data folder.
fn shelves() -> Vec<PathBuf> {
    let exe = std::env::current_exe().ok();
    // target/release/lexiscope and target/debug/deps/test are two and three folders below the repository.
    let mut shelves: Vec<PathBuf> =
        exe.iter().flat_map(|e| e.ancestors().skip(1).take(4)).map(|d| d.join("models")).collect();
    shelves.push(PathBuf::from("models"));
    // A program that was installed from its repository still finds what lies there.
    shelves.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("models"));
    shelves.extend(user_shelf());
    shelves
}

/// How Git begins the file that it leaves in place of one that is stored elsewhere.
const POINTER: &[u8] = b"version https://git-lfs";

/// The text of a regular file of at most `limit` bytes. Pipes and devices, which may have no end, are refused.
pub fn read_text(path: &Path, limit: u64) -> Result<String> {
    let failed = |e| Error::io(path, e);
    // Opening a pipe would wait for somebody to write to it.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err(Error::input(format!("{}: it is not a regular file", path.display())));
    }
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limit {
        let most = limit >> 20;
        return Err(Error::input(format!("{}: it is longer than the {most} MB that are read", path.display())));
    }
    if bytes.starts_with(POINTER) {
        let what =
            "it is a Git LFS pointer and not the file itself: run `git lfs pull` in the folder that it was cloned to";
        return Err(Error::unsupported(path, what));
    }
    String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        Error::format(path, format!("byte {at} is not UTF-8"))
    })
}

/// Whether a JSON file of this name, in lower case, belongs to a model's folder.
pub fn is_of_model(name: &str) -> bool {
    const NAMES: [&str; 9] = [
        "config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "added_tokens.json",
        "generation_config.json",
        "vocab.json",
        "modules.json",
        "preprocessor_config.json",
    ];
    NAMES.contains(&name) || name.ends_with(".index.json")
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if path.is_file() && parent.as_os_str().is_empty() => PathBuf::from("."),
        Some(parent) if path.is_file() => parent.to_path_buf(),
        _ => path.to_path_buf(),
    }
}

fn is_plain(name: &str) -> bool {
    Path::new(name).components().count() == 1 && !name.starts_with('.')
}

fn is_model(path: &Path) -> bool {
    path.join("config.json").is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_model_is_found_by_name_and_by_path() {
        let by_name = model(DEFAULT, &Control::default()).expect("it is in the repository");
        let file = by_name.join("config.json");
        let by_file = model(&file.to_string_lossy(), &Control::default()).expect("a file in it");
        assert_eq!(by_name, by_file);
        assert!(bundled().iter().any(|(name, _)| name == DEFAULT));
    }

    #[test]
    fn a_name_that_leads_nowhere_says_where_it_was_looked_for() {
        let error = model("no/such/folder/here", &Control::default()).expect_err("three slashes are no hub id");
        assert!(error.to_string().contains("no such path"), "{error}");
    }
}
