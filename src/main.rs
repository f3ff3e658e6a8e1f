//! `lexiscope`: the window, or with a subcommand the same engine at the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    lexiscope::cli::main()
}
