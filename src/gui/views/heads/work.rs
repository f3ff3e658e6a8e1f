//! What the table of heads knows and what is done for it, away from the frame.

use super::export::{Saved, save, target};
use crate::analysis::heads::{Part, Row, Table, Tally};
use crate::analysis::measures::Measure;
use crate::engine::corpus::{self, Tour};
use crate::engine::{Engine, Opened, Run, Slot};
use crate::error::{Error, Result};
use crate::figure::find::Wanted;
use crate::gui::made;
use crate::gui::state::State;
use crate::gui::update::{halt, submit};
use crate::gui::words::heads::HEADS;
use crate::source::corpus::Corpus;
use crate::trace::Control;
use egui::Context;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What heads are measured on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Source {
    /// The sentence that stands in the window.
    #[default]
    Text,
    /// A file of sentences.
    Corpus,
}

/// What a table is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Key {
    /// Layers and heads in order.
    #[default]
    Head,
    /// Labels.
    Label,
    /// A measure.
    Measure(Measure),
}

/// Heads measured over a corpus.
#[derive(Debug)]
pub struct Measured {
    /// The [`Opened::id`] of the model.
    pub model: u64,
    /// The sentences.
    pub corpus: Corpus,
    /// What became of them.
    pub tour: Tour,
    /// The numbers.
    pub table: Arc<Table>,
}

/// What the view asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// Measure on this.
    Source(Source),
    /// The path of the corpus was typed.
    Path(String),
    /// So many sentences of it.
    Most(usize),
    /// Choose the corpus in a dialog.
    Choose,
    /// Read the corpus.
    Measure,
    /// Stop reading it.
    Stop,
    /// Measure the run that is shown.
    Text,
    /// Something was typed to be found.
    Find(String),
    /// Sort by this, the other way round if it is sorted so.
    Sort(Key),
    /// Write a table; its file is asked for in a dialog.
    Save(Saved),
    /// Gather evidence by this.
    Group(super::super::evidence::Group),
    /// Read a sentence of the corpus and pin a token in a head.
    Open(String, (usize, usize), usize),
}

/// What jobs of this view make.
pub enum Made {
    /// The heads of the run with this [`Run::id`].
    Text(u64, Arc<Table>),
    /// The heads over a corpus.
    Corpus(Arc<Measured>),
    /// A corpus was chosen, or none.
    Chosen(Option<PathBuf>),
    /// A file for a table was chosen, or none.
    Target(Option<PathBuf>, Saved),
}

/// What was chosen for the table and for evidence: a part of the scene.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Chosen {
    /// What is measured.
    pub source: Source,
    /// The path of the corpus as it stands in its field.
    pub path: String,
    /// How many sentences are read; none where nobody chose.
    pub most: Option<usize>,
    /// What is looked for.
    pub find: String,
    /// What the table is sorted by, and whether the largest come first.
    pub sort: (Key, bool),
    /// What evidence is gathered by.
    pub group: super::super::evidence::Group,
}

/// What the view knows.
#[derive(Debug, Default)]
pub struct Heads {
    /// The run that a table was asked for.
    asked: Option<u64>,
    text: Option<(u64, Arc<Table>)>,
    /// The corpus that was measured last.
    pub measured: Option<Arc<Measured>>,
}

/// Sentences that are read unless a person says otherwise.
pub const USUAL: usize = 1000;

impl Heads {
    /// The table of the source that is chosen, if it is there; of a text only that of the run.
    pub fn table(&self, source: Source, run: &Run) -> Option<&Arc<Table>> {
        match source {
            Source::Text => self.text.as_ref().filter(|(id, _)| *id == run.id).map(|(_, table)| table),
            Source::Corpus => self.measured.as_ref().filter(|m| m.model == run.model).map(|m| &m.table),
        }
    }

    /// Whether the table of a run was asked for.
    pub fn was_asked(&self, run: &Run) -> bool {
        self.asked == Some(run.id)
    }
}

impl Chosen {
    /// The rows of a table that are looked for, in the order that is chosen.
    pub fn rows(&self, table: &Table) -> Vec<usize> {
        let wanted = Wanted::read(&self.find);
        let fits = |row: &Row| wanted.fits(row.layer, row.head, &row.label);
        let mut rows: Vec<usize> = (0..table.rows.len()).filter(|&i| fits(&table.rows[i])).collect();
        let (key, descending) = self.sort;
        let row = |i: &usize| &table.rows[*i];
        match key {
            Key::Head => {}
            // Heads without a label come last.
            Key::Label => rows.sort_by_key(|i| (row(i).label.is_empty() != descending, row(i).label.clone())),
            Key::Measure(m) => rows.sort_by(|a, b| {
                let value = |i| row(i).measures.get(m).unwrap_or(f64::NEG_INFINITY);
                value(a).total_cmp(&value(b))
            }),
        }
        if descending {
            rows.reverse();
        }
        rows
    }
}

/// Does what the view asks for.
pub fn apply(state: &mut State, engine: &Engine<made::Made>, asked: Ask) {
    let heads = &mut state.scene.details.heads;
    match asked {
        Ask::Source(source) => heads.source = source,
        Ask::Path(path) => heads.path = path,
        Ask::Most(most) => heads.most = Some(most.max(1)),
        Ask::Find(text) => heads.find = text,
        Ask::Group(group) => heads.group = group,
        Ask::Sort(key) => {
            let descending = !matches!(key, Key::Head | Key::Label);
            heads.sort = if heads.sort.0 == key { (key, !heads.sort.1) } else { (key, descending) };
        }
        Ask::Choose => submit(state, engine, Slot::Dialog, "choosing a corpus", |_| {
            let dialog = rfd::AsyncFileDialog::new().add_filter("Corpus", &["conllu", "txt"]);
            let picked = pollster::block_on(dialog.pick_file());
            Ok(made::Made::Heads(Made::Chosen(picked.map(|p| p.path().to_path_buf()))))
        }),
        Ask::Measure => measure(state, engine),
        Ask::Stop => {
            halt(state, engine, Slot::Corpus);
        }
        Ask::Text => {
            let Some(run) = state.run().cloned() else { return };
            state.views.heads.asked = Some(run.id);
            submit(state, engine, Slot::Heads, "measuring heads", move |_| {
                Ok(made::Made::Heads(Made::Text(run.id, Arc::new(Table::of_run(&run)))))
            });
        }
        Ask::Save(which) => target(state, engine, which),
        // `update` reads the sentence.
        Ask::Open(..) => {}
    }
}

/// Takes in what a job made.
pub fn arrive(state: &mut State, engine: &Engine<made::Made>, ctx: &Context, made: Made) {
    let heads = &mut state.views.heads;
    match made {
        Made::Text(run, table) => heads.text = Some((run, table)),
        Made::Corpus(measured) => heads.measured = Some(measured),
        Made::Chosen(Some(path)) => {
            state.scene.details.heads.path = path.to_string_lossy().into_owned();
            measure(state, engine);
        }
        Made::Target(Some(path), which) => save(state, engine, ctx, path, which),
        Made::Chosen(None) | Made::Target(None, _) => {}
    }
}

fn measure(state: &mut State, engine: &Engine<made::Made>) {
    let Some(model) = state.model.clone() else { return };
    let heads = &state.scene.details.heads;
    let (path, most) = (heads.path.trim().to_owned(), heads.most.unwrap_or(USUAL));
    let budget = state.settings.budget();
    if path.is_empty() {
        state.notice = Some(HEADS.no_path.to_owned());
        return;
    }
    submit(state, engine, Slot::Corpus, "measuring heads over a corpus", move |control| {
        let measured = over(&model, Path::new(&path), most, budget, control)?;
        Ok(made::Made::Heads(Made::Corpus(Arc::new(measured))))
    });
}

/// Every head of a model over the first `most` sentences of a corpus.
fn over(model: &Opened, path: &Path, most: usize, budget: u64, control: &Control) -> Result<Measured> {
    let corpus = Corpus::open(path, most, control)?;
    let card = model.card();
    let mut tally = Tally::new(card.layers, card.heads, &corpus.relations);
    let texts: Vec<&str> = corpus.sentences.iter().map(|s| s.text.as_str()).collect();
    let part = |i: usize, run: &Run| Part::of(i, run, &corpus.sentences[i].words);
    let tour = corpus::each(model, &texts, budget, control, part, |i, part| tally.add(i, part))?;
    if tour.read == 0 {
        return Err(Error::input(format!("{}: the model can read none of its sentences", path.display())));
    }
    Ok(Measured { model: model.id, tour, table: Arc::new(tally.finish()), corpus })
}

/// The last part of a path.
pub fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
