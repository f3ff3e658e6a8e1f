//! `lexiscope vectors FILE expr`: the words nearest to a formula.

use super::Source;
use super::ask::Options;
use crate::analysis::space::analogy::{self, Method};
use crate::analysis::space::formula::Formula;
use crate::analysis::space::lexicon::Lexicon;
use crate::analysis::space::neighbours::Index;
use crate::cli::progress;
use crate::error::{Error, Result};
use crate::source::vectors::Vectors;

/// Finds the words nearest to a formula of words, such as "king - man + woman".
///
///   a + b, a - b, -a     sum, difference, opposite
///   2*a, 0.5 a           a weight; a number that nothing follows is a word
///   avg(a, b)            the average
///   {a, b}               a set: its average; after ! all of it
///   a ! b, a ! {b, c}    a without its part along b, or in the plane of b and c
///   (a + b) ! c          brackets; * binds more than !, and ! more than + and -
///   "new york"           a word with spaces or with signs of this language
///   well-known           one word: a hyphen without space on either side belongs to it
///
/// With cosine the vector of each word is scaled to length 1 first, as gensim's `most_similar` does; with the other metrics
/// vectors are taken as they are. Output as of `near`; the words of the formula are left out of it.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Args {
    /// The formula.
    #[arg(allow_hyphen_values = true)]
    formula: String,
    /// How words are combined: 3cosadd (the nearest to the sum), or 3cosmul (the product of cosines, gensim's
    /// `most_similar_cosmul`), which takes a plain sum of words, with cosine.
    #[arg(long, default_value_t = Method::CosAdd, value_parser = method, value_name = "METHOD")]
    method: Method,
    /// Lets the words of the formula into the answer.
    #[arg(long)]
    inputs: bool,
    #[command(flatten)]
    options: Options,
}

/// The methods that a sum can be read by.
pub(super) fn method(text: &str) -> Result<Method> {
    match text.parse()? {
        found @ (Method::CosAdd | Method::CosMul) => Ok(found),
        other => Err(Error::input(format!("{other} needs an analogy of given words (3cosadd, 3cosmul)"))),
    }
}

impl Args {
    /// What contradicts itself in these arguments.
    pub(super) fn misuse(&self) -> Option<String> {
        let is_angle = self.method == Method::CosAdd || self.options.is_unit();
        (!is_angle).then(|| "3cosmul multiplies cosines: it has no other metric".to_owned())
    }

    pub(super) fn run(&self, source: &Source) -> Result<()> {
        let formula = Formula::parse(&self.formula)?;
        let vectors = source.open()?;
        let make = |word: &str| vectors.subwords.as_ref()?.vector(word.as_bytes());
        let lexicon =
            Lexicon { words: &vectors.words, rows: &vectors.rows, make: Some(&make), unit: self.options.is_unit() };
        let value = formula.value(&lexicon)?;
        let keep = |row: usize| self.inputs || !value.inputs.contains(&row);
        match self.method {
            Method::CosMul => self.multiplied(&formula, &lexicon, &vectors, &keep),
            _ => self.options.answer(&vectors, &value.vector, &keep),
        }
    }

    fn multiplied(
        &self,
        formula: &Formula,
        lexicon: &Lexicon<'_>,
        vectors: &Vectors,
        keep: &(dyn Fn(usize) -> bool + Sync),
    ) -> Result<()> {
        let (with, without) = formula.terms().filter(|(with, _)| !with.is_empty()).ok_or_else(|| {
            Error::input(
                "3cosmul takes words that are added and taken away, without weights, at least one of them added",
            )
        })?;
        let single = |words: Vec<&str>| -> Result<Vec<Vec<f32>>> {
            words.into_iter().map(|w| Ok(lexicon.find(w)?.vector.into_iter().map(|x| x as f32).collect())).collect()
        };
        let (with, without) = (single(with)?, single(without)?);
        let line = progress::Line::start();
        let index = Index::new(&vectors.rows, self.options.metric);
        let near = analogy::multiplied(&index, &with, &without, self.options.count(), Some(keep), &line.control())?;
        drop(line);
        self.options.print(&vectors.words, &near)
    }
}
