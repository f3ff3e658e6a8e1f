//! How a recurrent language model goes on with a text.

use super::described::Task;
use super::opened::Opened;
use crate::engine::run::in_pool;
use crate::engine::sampler::{Random, Sampling, draw, ranked};
use crate::error::{Error, Result};
use crate::model::recurrent::Reading;
use crate::source::symbols::Skipped;
use crate::trace::{Control, Edits, Trace, Want};

/// A token that was drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// Its row in the vocabulary.
    pub id: u32,
    /// Its symbol.
    pub symbol: String,
    /// Its probability in the model's own distribution.
    pub probability: f64,
}

impl Opened {
    /// Reads `prefix`, in which nothing is drawn (a warm-up of the states), and draws `count` tokens after it, each read
    /// before the next is drawn. `said` gets each as it comes; a stop ends the work with an error.
    ///
    /// # Errors
    /// Where the model predicts no next token, or nothing of the prefix is in its vocabulary.
    pub fn generate(
        &self,
        prefix: &str,
        sampling: &Sampling,
        count: usize,
        edits: &Edits,
        control: &Control,
        said: &mut (dyn FnMut(&Said) + Send),
    ) -> Result<Vec<Said>> {
        sampling.check()?;
        let symbols = self.symbols.as_ref().filter(|_| self.task == Task::Language && !self.network.is_bidirectional());
        let Some(symbols) = symbols else {
            return Err(Error::input(format!("{} does not predict what comes next", self.name)));
        };
        let (found, _) = symbols.split(prefix, 0, usize::MAX, &mut Skipped::default());
        let mut ids: Vec<u32> = found.iter().map(|symbol| symbol.id).collect();
        if ids.is_empty() {
            return Err(Error::input("there is nothing in the text that the model can read: give it a beginning"));
        }
        let (mut states, mut random, mut from, mut all) =
            (self.network.start(), Random::new(sampling.seed), 0, Vec::new());
        while all.len() < count {
            control.check()?;
            control.report("Generating", all.len() as u64, count as u64);
            let (want, quiet) = (Want::nothing(), control.quiet());
            let logits = in_pool(|| {
                let mut trace = Trace::new(&want, edits, &quiet, self.network.layers.len());
                self.network.forward(Reading::Ids(&ids), from, &mut states, &mut trace)
            })?;
            from += ids.len();
            let classes = self.network.vocabulary().unwrap_or(1).max(1);
            let logits = logits.unwrap_or_default();
            let row = logits.rchunks_exact(classes).next().unwrap_or_default();
            if let Some(broken) = row.iter().find(|x| !x.is_finite()) {
                return Err(Error::input(format!(
                    "after {from} tokens the model's logits are {broken}: it cannot go on"
                )));
            }
            let Some(drawn) = draw(&sampling.keep(row), random.point()) else { break };
            let own = ranked(row, 1.0).into_iter().find(|c| c.id == drawn.id).map_or(0.0, |c| c.probability);
            let next = Said { id: drawn.id, symbol: symbols.item(drawn.id).to_owned(), probability: own };
            said(&next);
            all.push(next);
            ids = vec![drawn.id];
        }
        Ok(all)
    }
}
