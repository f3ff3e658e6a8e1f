//! What a subcommand may change about a pass: masked and replaced tokens, heads that are off, edges that are cut.

use crate::engine::{Ask, Cut, Off, With};
use crate::error::{Error, Result};

/// Changes of tokens and of the pass.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Changes {
    /// Positions of tokens, counted from 0, that are replaced by the mask token, e.g. 3,5.
    #[arg(long, value_delimiter = ',', value_name = "I,J")]
    mask: Vec<usize>,
    /// Puts another token of the vocabulary at a position, e.g. 3=door; may be given several times.
    #[arg(long, value_parser = replaced, value_name = "I=TOKEN")]
    replace: Vec<(usize, String)>,
    /// Turns a head off, e.g. 2,5 for L2·H5; may be given several times.
    #[arg(long, value_parser = super::attend::head, value_name = "LAYER,HEAD")]
    off: Vec<(usize, usize)>,
    /// What a head that is off puts out: its mean over bundled sentences, or zero.
    #[arg(long, default_value_t, value_name = "mean|zero")]
    with: With,
    /// Cuts an edge before the softmax; * stands for every head of the layer; may be given several times.
    #[arg(long, value_parser = cut, value_name = "LAYER,HEAD,QUERY,KEY")]
    cut: Vec<Cut>,
}

impl Changes {
    /// What heads that are off put out.
    pub(super) fn with(&self) -> With {
        self.with
    }

    /// Whether anything is changed.
    pub(super) fn is_some(&self) -> bool {
        !(self.mask.is_empty() && self.replace.is_empty() && self.off.is_empty() && self.cut.is_empty())
    }

    /// The question with these changes.
    pub(super) fn of(&self, ask: Ask) -> Ask {
        let off = self.off.iter().map(|&(layer, head)| Off { layer, head, with: self.with });
        Ask {
            masked: self.mask.clone(),
            replaced: self.replace.clone(),
            off: off.collect(),
            cuts: self.cut.clone(),
            ..ask
        }
    }
}

fn replaced(text: &str) -> Result<(usize, String)> {
    let found = text.split_once('=').and_then(|(i, token)| Some((i.trim().parse().ok()?, token)));
    let found = found.filter(|(_, token)| !token.is_empty()).map(|(i, token)| (i, token.to_owned()));
    found.ok_or_else(|| Error::input("write a position and a token, e.g. 3=door"))
}

fn cut(text: &str) -> Result<Cut> {
    let number = |part: &str| part.parse::<usize>().ok();
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    let found = match parts[..] {
        [layer, head, query, key] => (|| {
            let head = if head == "*" { None } else { Some(number(head)?) };
            Some(Cut { layer: number(layer)?, head, query: number(query)?, key: number(key)? })
        })(),
        _ => None,
    };
    found.ok_or_else(|| {
        Error::input("write a layer, a head or *, the token that attends and the one attended to, e.g. 2,5,4,1")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_read_as_it_is_written() {
        assert_eq!(replaced("3=door").expect("a token"), (3, "door".to_owned()));
        assert_eq!(replaced("3==").expect("a token"), (3, "=".to_owned()));
        assert_eq!(cut("2, 5,4,1").expect("an edge"), Cut { layer: 2, head: Some(5), query: 4, key: 1 });
        assert_eq!(cut("0,*,3,3").expect("an edge").head, None);
        for wrong in ["", "door", "=door", "3=", "-1=a"] {
            assert!(replaced(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "1,2,3", "1,2,3,4,5", "*,1,2,3", "1,2,3,a", "1,2,*,3"] {
            assert!(cut(wrong).is_err(), "{wrong}");
        }
    }
}
