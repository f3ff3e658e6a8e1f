//! One error type for the whole program: what went wrong, where, and what to do about it.

use std::path::{Path, PathBuf};

/// The result of anything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong. The message says what and where; [`Error::remedy`] says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused to read or write.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is not what its name or header claims.
    #[error("{}: {what}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the byte, line or field where it is known.
        what: String,
    },
    /// A file is sound, and asks for something that Lexiscope does not have.
    #[error("{}: {what}", path.display())]
    Unsupported {
        /// The file or folder.
        path: PathBuf,
        /// What is not supported, and what to do instead where there is something.
        what: String,
    },
    /// A tensor that the model needs is not in its weights.
    #[error("{}: tensor `{tensor}` is missing", path.display())]
    MissingTensor {
        /// The file or folder of weights.
        path: PathBuf,
        /// The name that was looked for.
        tensor: String,
    },
    /// A tensor has another shape than the configuration asks for.
    #[error("{}: tensor `{tensor}` should be {wanted:?} but is {found:?}", path.display())]
    Shape {
        /// The file or folder of weights.
        path: PathBuf,
        /// The tensor's name.
        tensor: String,
        /// The shape that the configuration implies.
        wanted: Vec<usize>,
        /// The shape in the file.
        found: Vec<usize>,
    },
    /// The model's family is not one that Lexiscope reads.
    #[error("{}: model_type `{found}` is not supported (known: {})", path.display(), known.join(", "))]
    NoFamily {
        /// The configuration file.
        path: PathBuf,
        /// The family that it names.
        found: String,
        /// The families that can be read.
        known: Vec<&'static str>,
    },
    /// A model name leads nowhere.
    #[error("no model `{name}`: {why}")]
    NoModel {
        /// What was asked for.
        name: String,
        /// Where it was looked for, and what each place said.
        why: String,
    },
    /// A download failed.
    #[error("{url}: {what}")]
    Network {
        /// The address.
        url: String,
        /// What went wrong.
        what: String,
    },
    /// The text, or a choice made about it, is at fault.
    #[error("{what}")]
    Input {
        /// What is wrong with it.
        what: String,
    },
    /// A run would keep more than the memory budget allows.
    #[error("this run would keep {} MB and the budget is {} MB", wanted.div_ceil(1_000_000), budget / 1_000_000)]
    Memory {
        /// Bytes that the run would keep.
        wanted: u64,
        /// Bytes that may be kept.
        budget: u64,
    },
    /// A file would take more memory than it may.
    #[error("{}: opening it takes {} MB of memory, and {} MB may be used", path.display(), wanted.div_ceil(1_000_000), budget / 1_000_000)]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Bytes that it would take.
        wanted: u64,
        /// Bytes that it may take.
        budget: u64,
    },
    /// A compute device cannot be used.
    #[error("device {device}: {what}")]
    Device {
        /// The device that was asked for.
        device: String,
        /// Why it cannot be used.
        what: String,
    },
    /// A tensor operation failed.
    #[error("{0}")]
    Tensor(#[from] candle_core::Error),
    /// Somebody asked the work to stop.
    #[error("stopped")]
    Stopped,
    /// The window cannot be opened.
    #[error("no display could be opened: {what}")]
    NoDisplay {
        /// Why not.
        what: String,
    },
    /// A job panicked; the program goes on.
    #[error("internal error in {job}: {what}")]
    Panicked {
        /// The job that failed.
        job: String,
        /// The panic's message.
        what: String,
    },
}

impl Error {
    /// An input or output error at `path`.
    pub fn io(path: impl AsRef<Path>, source: std::io::Error) -> Self {
        Self::Io { path: path.as_ref().to_path_buf(), source }
    }

    /// A malformed file at `path`.
    pub fn format(path: impl AsRef<Path>, what: impl Into<String>) -> Self {
        Self::Format { path: path.as_ref().to_path_buf(), what: what.into() }
    }

    /// Something at `path` that Lexiscope does not have.
    pub fn unsupported(path: impl AsRef<Path>, what: impl Into<String>) -> Self {
        Self::Unsupported { path: path.as_ref().to_path_buf(), what: what.into() }
    }

    /// A fault in what the person asked for.
    pub fn input(what: impl Into<String>) -> Self {
        Self::Input { what: what.into() }
    }

    /// A panic in `job`, as `catch_unwind` caught it.
    pub fn panicked(job: &str, panic: &(dyn std::any::Any + Send)) -> Self {
        let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
        let what = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "unknown".to_owned());
        Self::Panicked { job: job.to_owned(), what }
    }

    /// What a person can do about it, in one sentence, where there is something to do.
    pub fn remedy(&self) -> Option<&'static str> {
        Some(match self {
            Self::Io { source, .. } => match source.kind() {
                std::io::ErrorKind::NotFound => "Check the path.",
                std::io::ErrorKind::PermissionDenied => "Check the permissions of the file and its folder.",
                std::io::ErrorKind::StorageFull => "Free some disk space and try again.",
                _ => return None,
            },
            // These messages end with what to do.
            Self::Format { what, .. } if ["git lfs pull", "never executes"].iter().any(|s| what.contains(s)) => {
                return None;
            }
            Self::Format { .. } => "Download or export the file again.",
            Self::MissingTensor { .. } | Self::Shape { .. } => {
                "The weights do not belong to this config.json, or the file is incomplete."
            }
            Self::NoFamily { .. } => "Open a model of one of the known families.",
            Self::NoModel { .. } => "Give a folder with config.json, a bundled model's name, or a hub id.",
            Self::Network { .. } => "Check the connection and try again: a partial download goes on where it stopped.",
            Self::Memory { .. } => {
                "Shorten the text, keep fewer sites, or raise the budget in the settings or with --budget."
            }
            Self::TooLarge { .. } => {
                "Read less of it (--limit, --sentences), close other programs, or raise the budget (--budget)."
            }
            Self::Device { .. } => "Choose another device in the settings or with --device.",
            Self::NoDisplay { .. } => "Use the command line, e.g. `lexiscope attend`: see `lexiscope --help`.",
            Self::Unsupported { .. } | Self::Input { .. } | Self::Tensor(_) | Self::Stopped => return None,
            Self::Panicked { .. } => "Please report this with the steps that led here.",
        })
    }

    /// Whether the work was stopped on request, which is no failure.
    pub fn is_stopped(&self) -> bool {
        matches!(self, Self::Stopped)
    }
}
