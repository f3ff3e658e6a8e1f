//! The arguments that say what numbers stand for and what is left out, and what contradicts itself in them.

use crate::analysis::filter::{Combine, Filter, Pairs, Special, Threshold};
use crate::analysis::meaning::Meaning;
use crate::engine::Target;
use crate::error::{Error, Result};
use crate::export::{Passed, Reading};
use crate::figure::Caption;

/// What numbers stand for.
#[derive(Debug, clap::Args)]
pub(super) struct MeaningArgs {
    /// What the numbers stand for: raw (attention probabilities), scores (before the softmax), norm (norm-weighted,
    /// Kobayashi et al. 2020), gradient (gradient x attention of --target), rollout (Abnar and Zuidema 2020).
    #[arg(long, default_value_t, value_name = "MEANING")]
    pub(super) meaning: Meaning,
    /// What a gradient is taken of: logprob:TOKEN, class:CLASS, pooled or hidden:LAYER,TOKEN, counted from 0. Of a vector
    /// (pooled, hidden) it is the length.
    #[arg(long)]
    pub(super) target: Option<Target>,
}

/// What is left out.
#[derive(Debug, clap::Args)]
pub(super) struct FilterArgs {
    /// Of each row only the largest values that carry this share of its mass, e.g. 0.7.
    #[arg(long, group = "threshold", value_parser = share, value_name = "SHARE")]
    mass: Option<f32>,
    /// Only values of at least this magnitude.
    #[arg(long, group = "threshold", value_parser = least, value_name = "W")]
    min: Option<f32>,
    /// Of each row only this many of the largest values.
    #[arg(long, group = "threshold", value_parser = clap::value_parser!(u32).range(1..), value_name = "K")]
    top: Option<u32>,
    /// Special tokens: show, hide (leave out) or renormalise (leave out and scale rows to their former sum).
    #[arg(long, value_name = "WHAT")]
    special: Option<Special>,
    /// Words instead of pieces: columns summed, rows averaged.
    #[arg(long)]
    words: bool,
}

/// What numbers stand for, and what is left out of pictures, csv and json.
#[derive(Debug, clap::Args)]
pub(super) struct ReadingArgs {
    #[command(flatten)]
    pub(super) of: MeaningArgs,
    #[command(flatten)]
    filters: FilterArgs,
    /// Of a pair only from one text to another: all, aa, ab, ba or bb.
    #[arg(long, requires = "pair", value_name = "PAIRS")]
    pairs: Option<Pairs>,
    /// How several heads (--head given more than once) become one picture: mean, sum or max.
    #[arg(long, value_name = "HOW")]
    pub(super) combine: Option<Combine>,
}

fn share(text: &str) -> Result<f32> {
    let share = text.parse().ok().filter(|share: &f32| *share > 0.0 && *share <= 1.0);
    share.ok_or_else(|| Error::input("write a share above 0 and at most 1, e.g. 0.7"))
}

fn least(text: &str) -> Result<f32> {
    let least = text.parse().ok().filter(|least: &f32| least.is_finite() && *least >= 0.0);
    least.ok_or_else(|| Error::input("write a number of at least 0, e.g. 0.05"))
}

impl FilterArgs {
    /// The threshold, where there is one.
    pub(super) fn threshold(&self) -> Option<Threshold> {
        let thresholds = [
            self.mass.map(Threshold::Mass),
            self.min.map(Threshold::AtLeast),
            self.top.map(|count| Threshold::Top(count as usize)),
        ];
        thresholds.into_iter().flatten().next()
    }

    /// What is left out; without a threshold every value passes.
    pub(super) fn filter(&self) -> Filter {
        Filter {
            special: self.special.unwrap_or(Special::Show),
            pairs: Pairs::All,
            words: self.words,
            threshold: self.threshold().unwrap_or(Threshold::AtLeast(0.0)),
        }
    }
}

impl MeaningArgs {
    /// What contradicts itself.
    pub(super) fn misuse(&self, keeps_gradient: bool) -> Option<String> {
        let wants = self.meaning == Meaning::Gradient || keeps_gradient;
        let targets = "logprob:TOKEN, class:CLASS, pooled or hidden:LAYER,TOKEN";
        match self.target {
            None if wants => Some(format!("a gradient is taken of something: it needs --target {targets}")),
            Some(_) if !wants => Some("--target goes with --meaning gradient or --keep gradient".to_owned()),
            _ => None,
        }
    }

    /// What the numbers are.
    pub(super) fn label(&self) -> String {
        match self.target.filter(|_| self.meaning == Meaning::Gradient) {
            Some(target) => format!("{} of {target}", self.meaning.label()),
            None => self.meaning.label().to_owned(),
        }
    }
}

impl ReadingArgs {
    /// What is left out, where anything is.
    pub(super) fn filter(&self) -> Option<Filter> {
        let FilterArgs { special, words, .. } = self.filters;
        let filters = self.filters.threshold().is_some() || special.is_some() || words || self.pairs.is_some();
        filters.then(|| Filter { pairs: self.pairs.unwrap_or_default(), ..self.filters.filter() })
    }

    /// The reading of heads of which the first is the picture's own.
    pub(super) fn reading(&self, heads: &[(usize, usize)]) -> Reading {
        Reading {
            meaning: self.of.meaning,
            filter: self.filter(),
            others: heads.iter().skip(1).copied().collect(),
            combine: self.combine.unwrap_or_default(),
        }
    }

    /// What a reader of a picture must know about its numbers.
    pub(super) fn caption(&self, caption: Caption) -> Caption {
        let left_out = self.filter().map(|filter| describe(&filter, self.of.meaning)).unwrap_or_default();
        caption.and("meaning", self.of.label()).and("shown", left_out)
    }
}

/// A filter in words.
pub(super) fn describe(filter: &Filter, meaning: Meaning) -> String {
    let mut parts = Vec::new();
    match filter.special {
        Special::Show => {}
        Special::Renormalise if filter.rescales(meaning) => {
            parts.push("without special tokens, rows scaled to their former sum".to_owned());
        }
        Special::Hide | Special::Renormalise => parts.push("without special tokens".to_owned()),
    }
    if filter.pairs != Pairs::All {
        parts.push(format!("pairs {}", filter.pairs));
    }
    if filter.words {
        parts.push("words".to_owned());
    }
    match filter.threshold {
        Threshold::Mass(share) => parts.push(format!("the largest values of each row up to {share} of its mass")),
        Threshold::AtLeast(least) if least > 0.0 => parts.push(format!("values of at least {least}")),
        Threshold::AtLeast(_) => {}
        Threshold::Top(count) => parts.push(format!("the {count} largest values of each row")),
    }
    parts.join("; ")
}

/// What passed the filter, in one line.
pub(super) fn summary(filter: &Filter, meaning: Meaning, passed: &Passed) -> String {
    let special = match filter.special {
        Special::Show => String::new(),
        _ => format!("special tokens had {} of the mass; ", passed.removed),
    };
    format!(
        "{}: {special}{} of {} values, {} of the mass",
        describe(filter, meaning),
        passed.edges,
        passed.of,
        passed.mass
    )
}
