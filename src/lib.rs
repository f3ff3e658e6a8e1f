//! Lexiscope: a desktop microscope for language models.
//!
//! The window (feature `gui`) and the command line are two thin faces of this library: whatever the one shows, the
//! other can compute and write, with the same numbers.
//!
//! ```no_run
//! use lexiscope::engine::{Ask, Opened, Run, device::Choice};
//! use lexiscope::trace::Control;
//!
//! # fn main() -> lexiscope::Result<()> {
//! let control = Control::default();
//! let model = Opened::open("bert-mini-en", Choice::Auto, &control)?;
//! let run = Run::new(&model, &Ask::new("The old lady opened the door."), &control)?;
//! let attentions = run.attentions()?; // [layer, head, query, key]
//! # Ok(())
//! # }
//! ```
//!
//! # ARCHITECTURE
//!
//! ```text
//! files ──► source ──► model ──► engine ──► analysis ──► figure ──► gui · export · cli
//!           weights    forward   own         pure         marks
//!           tokenizer  passes    threads,    functions
//!           hub        (seam)    runs
//!               ▲                                                    │
//!               └──── an Action, applied at the top of the next frame ┘
//! ```
//!
//! Data moves to the right, and no module imports one to its right; `tests/layers.rs` holds that.
//!
//! * [`error`]: one error type; its message says what and where, [`Error::remedy`] what to do.
//! * [`mod@array`]: named axes, a shape, shared numbers: the only tensor that leaves the engine.
//! * [`rows`]: large matrices, built in place.
//! * [`text`]: tokens that know their bytes in the text as typed.
//! * [`trace`]: the seam. Every forward pass calls `see` at each site; there a tensor is kept, changed, counted, or the
//!   pass is stopped. `encoder.3.probs` names such a place everywhere.
//! * [`source`]: what comes from files. Lengths are checked before anything is allocated; nothing is executed.
//! * [`model`]: one file per family. A new family is a file and a line in [`model::FAMILIES`].
//! * [`engine`]: opens models, runs them, keeps threads on which the newest request of a slot wins.
//! * [`train`]: small recurrent models, trained here.
//! * [`analysis`]: pure functions on arrays.
//! * [`figure`]: runs as pictures made of a few kinds of mark, in one table of colours.
//! * [`export`]: the same pictures and numbers as files.
//! * [`cli`]: one file per subcommand.
//! * `gui`: state, engine and panels side by side. Panels read the state and leave `Action`s; one function applies them.

pub mod analysis;
pub mod array;
pub mod cli;
pub mod engine;
pub mod error;
pub mod export;
pub mod figure;
#[cfg(feature = "gui")]
pub mod gui;
pub mod model;
pub mod rows;
pub mod source;
pub mod text;
pub mod trace;
pub mod train;

pub use error::{Error, Result};
