//! What the table of heads knows and what is done for it, away from the frame.

use super::export::{Saved, save, target};
use crate::analysis::heads::{Part, Table, Tally};
use crate::analysis::measures::Measure;
use crate::analysis::relations::{Direction, Lift};
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
use std::cmp::Ordering;
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
    /// What is known of the chosen relation.
    Of(Of),
}

/// What is known of how a head finds a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Of {
    /// The name of the relation.
    Relation,
    /// From which end.
    Direction,
    /// Accuracy less baseline.
    #[default]
    Lift,
    /// Where the lift lies; in order of its lower end.
    Interval,
    /// The share of right choices.
    Accuracy,
    /// That of the best fixed offset.
    Baseline,
    /// How many pairs of words.
    N,
}

impl Of {
    /// Whether it is a number.
    pub fn is_number(self) -> bool {
        !matches!(self, Self::Relation | Self::Direction)
    }

    /// What a number is sorted by.
    fn value(self, lift: &Lift) -> f64 {
        match self {
            Self::Relation | Self::Direction => 0.0,
            Self::Lift => lift.lift,
            Self::Interval => lift.interval.map_or(f64::NEG_INFINITY, |i| i.low),
            Self::Accuracy => lift.accuracy,
            Self::Baseline => lift.baseline,
            Self::N => f64::from(lift.n),
        }
    }

    /// The order of two relations by this, smallest first.
    fn order(self, a: &Lift, b: &Lift) -> Ordering {
        match self {
            // They are numbered in the order of the alphabet.
            Self::Relation => a.relation.cmp(&b.relation),
            Self::Direction => a.direction.cmp(&b.direction),
            _ => self.value(a).total_cmp(&self.value(b)),
        }
    }
}

/// A relation by its name, and from which end.
pub type Relation = (String, Direction);

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
    /// Show how heads do at this relation; none is shown without.
    Relation(Option<Relation>),
    /// Sort the relations of a head by this, the other way round if they are sorted so.
    SortRelations(Of),
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
    /// The relation that the table of heads has columns of.
    pub relation: Option<Relation>,
    /// What the relations of a head are sorted by, and whether the smallest come first.
    pub relations_sort: (Of, bool),
    /// What evidence is gathered by.
    pub group: super::super::evidence::Group,
}

/// What the view knows.
#[derive(Debug, Default)]
pub struct Heads {
    /// How many tables there have been.
    pub edition: u64,
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
    /// How every head does at the chosen relation, in the order of the rows; `None` where the table knows nothing of it.
    pub fn chosen<'a>(&self, table: &'a Table) -> Option<&'a [Lift]> {
        let (relation, direction) = self.relation.as_ref()?;
        table.lifts_at(relation, *direction)
    }

    /// What is known of a head's relations, in the order that is chosen.
    pub fn lifts<'a>(&self, table: &'a Table, (layer, head): (usize, usize)) -> Vec<&'a Lift> {
        let mut lifts = table.lifts_of(layer, head);
        let (by, ascending) = self.relations_sort;
        lifts.sort_by(|a, b| if ascending { by.order(a, b) } else { by.order(b, a) });
        lifts
    }

    /// The rows of a table that are looked for, in the order that is chosen.
    pub fn rows(&self, table: &Table) -> Vec<usize> {
        let wanted = Wanted::read(&self.find);
        let mut rows: Vec<usize> = (0..table.rows.len()).filter(|&i| wanted.fits(table, i)).collect();
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
            Key::Of(of) => {
                if let Some(lifts) = self.chosen(table) {
                    rows.sort_by(|&a, &b| of.order(&lifts[a], &lifts[b]));
                }
            }
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
        Ask::Relation(relation) => {
            heads.relation = relation;
            // Who asks which head finds a relation wants the best first.
            heads.sort = if heads.relation.is_some() { (Key::Of(Of::Lift), true) } else { (Key::Head, false) };
        }
        Ask::SortRelations(of) => {
            let (by, ascending) = heads.relations_sort;
            let is_name = matches!(of, Of::Relation | Of::Direction);
            heads.relations_sort = (of, if by == of { !ascending } else { is_name });
        }
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
            submit(state, engine, Slot::Heads, "measuring heads", move |control| {
                Ok(made::Made::Heads(Made::Text(run.id, Arc::new(Table::of_run(&run, control)?))))
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
    heads.edition += u64::from(matches!(made, Made::Text(..) | Made::Corpus(_)));
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
    let Some(model) = state.model.clone().filter(|_| state.imported.is_none()) else {
        state.notice = Some(HEADS.no_model.to_owned());
        return;
    };
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
    let quiet = control.quiet();
    let part = |i: usize, run: &Run| Part::of(i, run, &corpus.sentences[i].words, &quiet);
    let tour = corpus::each(model, &texts, budget, control, part, |i, part| tally.add(i, part))?;
    if tour.read == 0 {
        return Err(Error::input(format!("{}: the model can read none of its sentences", path.display())));
    }
    Ok(Measured { model: model.id, tour, table: Arc::new(tally.finish(control)?), corpus })
}

/// The last part of a path.
pub fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
