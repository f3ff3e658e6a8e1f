//! What each head puts out on average: what it is set to where it is turned off.

use super::opened::Opened;
use super::run::pass;
use crate::array::Array;
use crate::error::{Error, Result};
use crate::model::Input;
use crate::text::Tokens;
use crate::trace::{At, Control, Edits, Place, Site, Want};

/// Everyday sentences in two languages, one to a line.
const SENTENCES: [&str; 2] =
    [include_str!("../../assets/sentences/en.txt"), include_str!("../../assets/sentences/zh.txt")];

/// The mean output of every head over the tokens of the bundled sentences, special tokens included.
#[derive(Debug, Clone, PartialEq)]
pub struct Means {
    /// `[layer, head, width]`; not a number where a head puts out such.
    pub heads: Array,
    /// How many sentences the mean is over.
    pub sentences: usize,
    /// How many tokens the mean is over.
    pub tokens: usize,
}

impl Means {
    /// Runs the model over the sentences that its tokenizer reads best.
    pub(super) fn new(opened: &Opened, control: &Control) -> Result<Self> {
        let card = opened.card();
        let width = card.dim / card.heads.max(1);
        let texts = sentences(opened)?;
        let want = Want::nothing().and(Place { stack: Some(card.stack), ..Place::site(Site::Heads) });
        let quiet = control.quiet();
        let mut sums = vec![0f64; card.layers * card.heads * width];
        let mut tokens = 0;
        for (i, text) in texts.iter().enumerate() {
            control.check()?;
            control.report("Means of the heads", i as u64, texts.len() as u64);
            let seen = pass(opened, &Input::single(text), &want, &Edits::none(), &quiet)?;
            for layer in 0..card.layers {
                let at = At::new(card.stack, layer, Site::Heads);
                let kept = seen.arrays.get(&at).ok_or_else(|| Error::input(format!("{at} was not kept")))?;
                for head in 0..card.heads {
                    let sum = &mut sums[(layer * card.heads + head) * width..][..width];
                    for row in kept.block(&[0, head]).chunks_exact(width.max(1)) {
                        sum.iter_mut().zip(row).for_each(|(s, &x)| *s += f64::from(x));
                    }
                }
            }
            tokens += text.len();
        }
        let means: Vec<f32> = sums.iter().map(|s| (s / tokens as f64) as f32).collect();
        let heads = Array::new(&["layer", "head", "width"], &[card.layers, card.heads, width], means)?;
        Ok(Self { heads, sentences: texts.len(), tokens })
    }

    /// The mean of one head `[width]`, or why it has none.
    pub fn of(&self, layer: usize, head: usize) -> Result<&[f32]> {
        let mean = self.heads.block(&[layer, head]);
        if mean.iter().all(|x| x.is_finite()) {
            return Ok(mean);
        }
        Err(Error::input(format!(
            "L{layer}\u{b7}H{head} has no mean: what it puts out over the bundled sentences is not all finite numbers; turn \
             it off to zero"
        )))
    }
}

/// The set of sentences with the smallest share of tokens that the vocabulary cannot spell, as the model reads them.
fn sentences(opened: &Opened) -> Result<Vec<Tokens>> {
    let read = |set: &str| -> Result<Vec<Tokens>> {
        set.lines().map(|line| opened.tokenizer.encode(line, None, opened.card().tokens)).collect()
    };
    let share = |texts: &[Tokens]| {
        let pieces = || texts.iter().flat_map(|t| &t.pieces).filter(|p| !p.special);
        pieces().filter(|p| p.unknown).count() as f64 / pieces().count().max(1) as f64
    };
    let [english, chinese] = SENTENCES.map(read);
    match (english, chinese) {
        (Ok(english), Ok(chinese)) => Ok(if share(&chinese) < share(&english) { chinese } else { english }),
        (Ok(one), Err(_)) | (Err(_), Ok(one)) => Ok(one),
        (Err(error), Err(_)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_sentences_and_no_empty_line() {
        for set in SENTENCES {
            assert!(set.lines().count() >= 24 && set.lines().all(|line| line.trim() == line && !line.is_empty()));
        }
    }
}
