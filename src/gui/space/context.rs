//! Vectors of the open model in context: what they are made from, and the sentence that a row stands in.

use super::{Kept, Space, opening};
use crate::engine::contextual::{Embedded, How, Pool, embed};
use crate::engine::{Engine, Opened};
use crate::error::{Error, Result};
use crate::figure::size;
use crate::gui::action::{Action, Actions, Sheet};
use crate::gui::scene::Workspace;
use crate::gui::state::State;
use crate::gui::views::heads::work::Ask as OfHeads;
use crate::gui::words::space::context::CONTEXT;
use crate::gui::words::{count, fill};
use crate::gui::{dialogs, made, theme, widgets};
use crate::source::passages::Passages;
use crate::source::senses;
use crate::source::vectors::ColumnValues;
use crate::trace::Control;
use egui::text::{LayoutJob, TextFormat};
use egui::{FontFamily, FontId, Key, Ui};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Letters that are shown of a sentence before and after the token.
const AROUND: usize = 220;

/// Where texts come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// They were typed.
    #[default]
    Text,
    /// A file.
    File,
    /// The sentences of [`senses`].
    Senses,
}

/// What contextual vectors are made from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Context {
    /// Where the texts come from.
    pub source: Source,
    /// The text, the path of the file, or the word that has two senses.
    pub text: String,
    /// The column of a file that holds the texts; found by its name where this is empty.
    pub column: String,
    /// The layer, or the embeddings.
    pub layer: Option<usize>,
    /// What becomes of the tokens of a text.
    pub pool: Pool,
    /// Whether special tokens are left out.
    pub hide: bool,
}

impl Context {
    /// What somebody most likely wants of a model: tokens as its last layer has them.
    pub fn usual(model: &Opened) -> Self {
        Self { layer: model.card().layers.checked_sub(1), hide: true, ..Self::default() }
    }

    /// What its vectors are called.
    pub fn name(&self, model: &str) -> String {
        let text = match self.source {
            Source::Text => CONTEXT.in_text.to_owned(),
            Source::File => opening::name_of(&self.text),
            Source::Senses => self.text.clone(),
        };
        fill(CONTEXT.name, &[&text, &layer_name(self.layer), model])
    }

    /// The word that has two senses, where its sentences are the texts.
    pub fn word(&self) -> Option<&str> {
        (self.source == Source::Senses).then_some(&self.text)
    }

    /// Reads the texts.
    pub fn passages(&self, control: &Control) -> Result<Passages> {
        match self.source {
            Source::Text if self.text.trim().is_empty() => Err(Error::input(CONTEXT.no_text)),
            Source::Text => Ok(Passages::typed(&self.text)),
            Source::File => {
                let column = Some(self.column.trim()).filter(|column| !column.is_empty());
                Passages::open(Path::new(&self.text), column, usize::MAX, control)
            }
            Source::Senses => {
                senses::of(&self.text).ok_or_else(|| Error::input(fill(CONTEXT.no_senses, &[&self.text])))
            }
        }
    }

    /// How its vectors are taken.
    pub fn how(&self, budget: u64) -> How {
        How { layer: self.layer, pool: self.pool, hide: self.hide, budget, room: budget }
    }
}

/// A layer as it is said: `L3`, or `embeddings`.
pub fn layer_name(layer: Option<usize>) -> String {
    layer.map_or_else(|| CONTEXT.embeddings.to_owned(), |layer| fill(CONTEXT.layer_name, &[&layer.to_string()]))
}

/// What contextual vectors are of.
#[derive(Debug)]
pub struct Of {
    /// What they are made from.
    pub context: Context,
    /// The [`Opened::id`] of the model.
    pub model: u64,
    /// What it is called.
    pub name: String,
    /// The texts.
    pub passages: Passages,
    /// The bytes of each row's token in its text; none where a row stands for a text.
    pub spans: Vec<Range<usize>>,
}

/// A request about contextual vectors.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// What is about to be asked for is this now.
    Draft(Box<Context>),
    /// Choose a file of texts.
    Dialog,
    /// Compute them; a typed text is that of the sentence field.
    Make(Box<Context>),
}

/// Does what was asked for.
pub fn apply(state: &mut State, engine: &Engine<made::Made>, ask: Ask) {
    match ask {
        Ask::Draft(draft) => state.space.draft = Some(*draft),
        Ask::Dialog => dialogs::texts(state, engine),
        Ask::Make(mut context) => {
            if context.source == Source::Text {
                context.text.clone_from(&state.scene.text);
            }
            let source = opening::Source { path: String::new(), context: Some(*context), bad: state.scene.space.bad };
            opening::open(state, engine, source, false);
        }
    }
}

/// A file of texts was chosen, or none.
pub fn picked(kept: &mut Kept, path: Option<PathBuf>) {
    if let (Some(path), Some(draft)) = (path, &mut kept.draft) {
        (draft.source, draft.text) = (Source::File, path.to_string_lossy().into_owned());
    }
}

/// Computes the vectors.
pub fn make(model: Option<&Opened>, context: &Context, budget: u64, control: &Control) -> Result<Space> {
    let model = model.ok_or_else(|| Error::input(CONTEXT.needs_model))?;
    let passages = context.passages(control)?;
    let Embedded { mut vectors, spans, tour } = embed(model, &passages, context.how(budget), control)?;
    for (number, text) in [(tour.skipped, CONTEXT.skipped), (tour.shortened, CONTEXT.shortened)] {
        if number > 0 {
            vectors.report.notices.push(fill(text, &[&count(number as u64)]));
        }
    }
    let of = Of { context: context.clone(), model: model.id, name: model.name.clone(), passages, spans };
    Ok(Space { of: Some(Arc::new(of)), ..Space::of(context.name(&model.name), vectors) })
}

/// Where a row stands.
struct Spot<'a> {
    text: &'a str,
    span: Range<usize>,
    /// Which token of the text it is; none where the row stands for the text.
    token: Option<usize>,
}

impl Of {
    fn spot(&self, space: &Space, row: usize) -> Option<Spot<'_>> {
        let number = |column: usize, name: &str| match space.vectors.columns.get(column) {
            Some(column) if column.name == name => match &column.values {
                ColumnValues::Number(values) => values.get(row).map(|value| *value as usize),
                _ => None,
            },
            _ => None,
        };
        let text = self.passages.corpus.sentences.get(number(0, "sentence")?)?.text.as_str();
        let span = self.spans.get(row).cloned().unwrap_or_default();
        let token = if self.spans.is_empty() { None } else { number(1, "position") };
        Some(Spot { text, span, token })
    }

    /// The token of a row between its neighbours: `the bank of`.
    pub fn in_place(&self, space: &Space, row: usize) -> String {
        let token = space.vectors.words.get(row);
        let Some(spot) = self.spot(space, row).filter(|spot| !spot.span.is_empty()) else { return token.into_owned() };
        let before = spot.text.get(..spot.span.start).and_then(|text| text.split_whitespace().next_back());
        let after = spot.text.get(spot.span.end..).and_then(|text| text.split_whitespace().next());
        let parts = [before, Some(token.trim()), after];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// The rows of the word that has two senses, where there is one.
    pub fn rows_of_word(&self, space: &Space) -> Option<Vec<usize>> {
        self.context.word()?;
        let senses = &space.vectors.columns.iter().find(|column| column.name == "sense")?.values;
        Some((0..senses.len()).filter(|&row| !senses.text(row).is_empty()).collect())
    }

    fn is_open(&self, state: &State) -> bool {
        state.model.as_ref().is_some_and(|model| model.id == self.model)
    }
}

/// Reads the sentence of a row in the attention workspace, with its token pinned.
pub fn attend(state: &State, actions: &Actions, space: &Space, row: usize) {
    let Some(of) = space.of.as_ref().filter(|of| of.is_open(state)) else { return };
    let Some(spot) = of.spot(space, row) else { return };
    let text = spot.text.to_owned();
    if let Some(token) = spot.token {
        actions.ask(Action::Heads(OfHeads::Open(text, state.scene.head, token)));
    } else {
        actions.ask(Action::Pair(None));
        actions.ask(Action::Text(text));
    }
    actions.ask(Action::Workspace(Workspace::Attention));
}

/// The sentence of a row with its token marked, and the way to the attention view.
pub fn show(ui: &mut Ui, state: &State, actions: &Actions, space: &Space, row: usize) {
    let Some(of) = &space.of else { return };
    let Some(spot) = of.spot(space, row) else { return };
    ui.add_space(4.0);
    widgets::heading(ui, CONTEXT.sentence);
    ui.label(marked(ui, &spot));
    let button = widgets::wide(ui, of.is_open(state), CONTEXT.attend);
    let button = button.on_hover_text(CONTEXT.attend_tip);
    let asked = button.on_disabled_hover_text(fill(CONTEXT.other_model, &[&of.name])).clicked();
    if asked || entered(ui) {
        attend(state, actions, space, row);
    }
    ui.add_space(4.0);
}

/// Whether Enter was pressed while nothing else had a use for it.
fn entered(ui: &Ui) -> bool {
    let fields = [super::formula_id(), super::find_id()];
    let is_taken = ui.memory(|m| m.focused().is_some() || fields.iter().any(|id| m.had_focus_last_frame(*id)));
    let is_covered = egui::Popup::is_any_open(ui.ctx());
    !is_taken && !is_covered && ui.input(|i| i.key_pressed(Key::Enter) && i.modifiers.is_none())
}

fn marked(ui: &Ui, spot: &Spot<'_>) -> LayoutJob {
    let palette = theme::palette(ui.ctx());
    let (text, accent) = (theme::colour(palette.text), theme::colour(palette.accent));
    let font = FontId::new(size::BODY, FontFamily::Proportional);
    let plain = TextFormat::simple(font.clone(), theme::colour(palette.muted));
    let strong = TextFormat { background: accent.gamma_multiply(0.25), ..TextFormat::simple(font, text) };
    let (before, rest) = spot.text.split_at_checked(spot.span.start).unwrap_or((spot.text, ""));
    let (token, after) = rest.split_at_checked(spot.span.len()).unwrap_or((rest, ""));
    let start = before.char_indices().rev().nth(AROUND).map_or(0, |(at, _)| at);
    let end = after.char_indices().nth(AROUND).map_or(after.len(), |(at, _)| at);
    let mut job = LayoutJob::default();
    if start > 0 {
        job.append("\u{2026}", 0.0, plain.clone());
    }
    job.append(&before[start..], 0.0, plain.clone());
    job.append(token, 0.0, strong);
    job.append(&after[..end], 0.0, plain.clone());
    if end < after.len() {
        job.append("\u{2026}", 0.0, plain);
    }
    job
}

/// What an example is called: `bank: river or money`.
pub fn example_name(word: &str, senses: &[&str]) -> String {
    fill(CONTEXT.example, &[word, &senses.join(CONTEXT.senses)])
}

/// The vectors of an example.
pub fn example(model: &Opened, word: &str) -> Action {
    let context = Context { source: Source::Senses, text: word.to_owned(), ..Context::usual(model) };
    Action::Space(super::Ask::Context(Ask::Make(Box::new(context))))
}

/// The examples as buttons; nothing where no model is open.
pub fn examples(ui: &mut Ui, state: &State, actions: &Actions) {
    let Some(model) = &state.model else { return };
    ui.add_space(8.0);
    widgets::heading(ui, CONTEXT.examples);
    ui.horizontal_wrapped(|ui| {
        for (word, senses) in senses::words() {
            let name = example_name(word, &senses);
            let button = widgets::named(ui.button(&name), &fill(CONTEXT.example_chip, &[&name]));
            if button.on_hover_text(fill(CONTEXT.example_tip, &[word])).clicked() {
                actions.ask(example(model, word));
            }
        }
    });
}

/// What the menu of vectors has about the open model.
pub fn menu(ui: &mut Ui, state: &State, actions: &Actions) {
    let Some(model) = &state.model else {
        widgets::muted(ui, CONTEXT.needs_model);
        return;
    };
    ui.separator();
    let input = Action::Space(super::Ask::Open(model.path.to_string_lossy().into_owned()));
    let sheet = Action::Sheet(Some(Sheet::Contextual));
    let mut items = vec![
        (fill(CONTEXT.input, &[&model.name]), CONTEXT.input_tip.to_owned(), input),
        (CONTEXT.contextual.to_owned(), CONTEXT.contextual_tip.to_owned(), sheet),
    ];
    for (word, senses) in senses::words() {
        items.push((example_name(word, &senses), fill(CONTEXT.example_tip, &[word]), example(model, word)));
    }
    for (label, tip, action) in items {
        if ui.button(label).on_hover_text(tip).clicked() {
            actions.ask(action);
            ui.close();
        }
    }
}
