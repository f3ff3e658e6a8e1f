//! The program, run as a person or a script does.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

pub const TEXT: &str = "The old lady quickly opened the heavy door.";

/// The bundled model.
pub fn bundled() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models/bert-mini-en")
}

pub fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Runs the program without a display.
pub fn lexiscope(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lexiscope"));
    for name in ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"] {
        command.env_remove(name);
    }
    command.args(args).output().expect("the program starts")
}

/// `attend` with the bundled model.
pub fn attend(args: &[&str], out: &Path) -> Output {
    let (model, out) = (bundled(), out.to_string_lossy().into_owned());
    let model = model.to_string_lossy().into_owned();
    lexiscope([&["attend", &model], args, &["--out", &out]].concat())
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("messages are UTF-8")
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("output is UTF-8")
}

/// The output of a command that does what it should.
pub fn done(output: Output) -> Output {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    output
}

/// The message of a command that fails with `code`, leaving one line and no data.
#[track_caller]
pub fn refused(output: &Output, code: i32) -> String {
    let message = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{message}");
    assert!(output.stdout.is_empty(), "{}", stdout(output));
    if code != 2 {
        assert_eq!(message.lines().count(), 1, "{message}");
    }
    assert!(message.starts_with("error: ") && !message.contains("panicked"), "{message}");
    assert!(!message.contains("internal error"), "{message}");
    message
}

/// What lies in a folder.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let mut names: Vec<String> =
        entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
