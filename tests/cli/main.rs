//! Drives the program as a person or a script does: arguments in, files, output and exit codes out.

#[path = "../written/mod.rs"]
mod written;

mod attend;
mod heads;
mod models;
mod program;
mod trace;
mod wrong;
