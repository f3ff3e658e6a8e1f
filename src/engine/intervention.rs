//! What a person changes about a pass: heads that are off, edges that are cut. Described without numbers, so that a
//! question stays small, can be compared and saved.

use super::opened::Opened;
use crate::array::Array;
use crate::error::{Error, Result};
use crate::trace::{At, Control, Edit, Edits, Site};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What a head that is off puts out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum With {
    /// Its mean over the tokens of the bundled sentences: what it says of this text is gone, what it always says stays.
    #[default]
    Mean,
    /// Nothing.
    Zero,
}

impl With {
    /// Every choice.
    pub const ALL: [Self; 2] = [Self::Mean, Self::Zero];

    /// The name as it is typed and printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Zero => "zero",
        }
    }
}

impl fmt::Display for With {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for With {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|w| w.name() == text);
        found.ok_or_else(|| Error::input(format!("a head is turned off with mean or zero, not with `{text}`")))
    }
}

/// A head that is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Off {
    /// Its layer, counted from 0.
    pub layer: usize,
    /// The head, counted from 0.
    pub head: usize,
    /// What it puts out.
    pub with: With,
}

impl Off {
    /// The change of the pass.
    pub fn edit(self, opened: &Opened, control: &Control) -> Result<Edit> {
        let (Self { layer, head, with }, card) = (self, opened.card());
        if layer >= card.layers || head >= card.heads {
            return Err(Error::input(format!(
                "there is no head {head} of layer {layer} to turn off: the model has {} layers of {} heads, counted \
                 from 0",
                card.layers, card.heads
            )));
        }
        let at = At::new(card.stack, layer, Site::Heads);
        let values = match with {
            // Not a factor of 0, which leaves what is not finite as it is.
            With::Zero => vec![0.0; card.dim / card.heads.max(1)],
            With::Mean => opened.means(control)?.of(layer, head)?.to_vec(),
        };
        Ok(Edit::SetHead { at, head, with: Array::new(&["width"], &[values.len()], values)? })
    }
}

impl fmt::Display for Off {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "L{}\u{b7}H{} off ({})", self.layer, self.head, self.with)
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = self.head.map_or(String::new(), |head| format!("\u{b7}H{head}"));
        write!(f, "L{}{head} cut {} to {}", self.layer, self.query, self.key)
    }
}

/// An edge of attention that is cut before the softmax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cut {
    /// Its layer, counted from 0.
    pub layer: usize,
    /// The head, counted from 0; every head of the layer where there is none.
    pub head: Option<usize>,
    /// The token that attends.
    pub query: usize,
    /// The token attended to.
    pub key: usize,
}

impl Cut {
    /// The change of the pass.
    pub fn edit(self, opened: &Opened) -> Result<Edit> {
        let (Self { layer, head, query, key }, card) = (self, opened.card());
        if layer >= card.layers || head.is_some_and(|h| h >= card.heads) {
            return Err(Error::input(format!(
                "there is no layer {layer}{} to cut an edge of: the model has {} layers of {} heads, counted from 0",
                head.map_or(String::new(), |h| format!(" with a head {h}")),
                card.layers,
                card.heads
            )));
        }
        Ok(Edit::Cut { at: At::new(card.stack, layer, Site::Scores), head, query, key })
    }
}

/// The changes of a pass that heads that are off and edges that are cut make.
pub fn edits(opened: &Opened, off: &[Off], cuts: &[Cut], control: &Control) -> Result<Edits> {
    let cuts = cuts.iter().map(|cut| cut.edit(opened));
    let off = off.iter().map(|off| off.edit(opened, control));
    cuts.chain(off).try_fold(Edits::none(), |edits, edit| Ok(edits.and(edit?)))
}
