//! The one way from the window back to its state: values that are applied at the top of the next frame.

use super::changes;
use super::command::Command;
use super::examples::Example;
use super::files::Instead;
use super::scene::{Arrangement, View, Workspace};
use super::settings::Theme;
use super::views::{compare, effects, heads, lines, map, model, neuron, predict};
use super::{recurrent, space};
use crate::analysis::filter::Filter;
use crate::analysis::meaning::Meaning;
use crate::engine::Target;
use crate::engine::device::Choice;
use crate::figure::lines::Focus;
use crate::figure::shades::Look;
use crate::trace::At;
use std::cell::{Cell, RefCell};
use std::path::PathBuf;

/// A layer and a head, both from 0.
pub type Head = (usize, usize);

/// A request.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// A command.
    Do(Command),
    /// Open a model by path, bundled name or hub id.
    Open(String),
    /// The sentence was typed.
    Text(String),
    /// The second sentence was typed, added or removed.
    Pair(Option<String>),
    /// Read an example.
    Example(Example),
    /// Select a head.
    Select(Head),
    /// Change what the lines show.
    Lines(lines::Ask),
    /// Colour the matrix differently.
    Heatmap(Look),
    /// Look at all heads differently.
    Model(model::Ask),
    /// The pointer rests on a head's thumbnail, or on none.
    PreviewHead(Option<Head>),
    /// Pin a token, or release it if it is pinned.
    Pin(Focus),
    /// The pointer rests on a token, or on none.
    Preview(Option<Focus>),
    /// Draw lines or a heatmap.
    Show(View),
    /// Share the window differently.
    Arrange(Arrangement),
    /// Leave out what this filter leaves out.
    Filter(Filter),
    /// Let the numbers stand for something else.
    Mean(Meaning),
    /// Take gradients of this, or of what suits the model.
    Target(Option<Target>),
    /// Something of the neuron view.
    Neuron(neuron::Ask),
    /// Mask a token of the text, or show it again.
    Mask(usize),
    /// Turn a head off, or on again.
    HeadOff(Head),
    /// Change tokens, heads or edges, or take a change back.
    Change(changes::Ask),
    /// Ask about effects.
    Effects(effects::Ask),
    /// Something about the table of heads or its evidence.
    Heads(heads::work::Ask),
    /// Something of the predictions.
    Predict(predict::Ask),
    /// Something of the comparison.
    Compare(compare::Ask),
    /// Something of the map of heads.
    Map(map::Ask),
    /// Something of the spaces of vectors.
    Space(space::Ask),
    /// Something of recurrent models.
    Recurrent(recurrent::Ask),
    /// Be another instrument.
    Workspace(Workspace),
    /// Look at the tensor of a site.
    Look(At),
    /// Look at another slice of that tensor.
    Slice(Vec<usize>),
    /// Write to a file; its ending chooses the format.
    Export(PathBuf, ExportOf),
    /// Ask for the file in a dialog, then write.
    ExportAs(ExportOf),
    /// Pixels of a PNG file per point.
    PngScale(f32),
    /// Write the session to a file.
    SaveSession(PathBuf),
    /// Ask for the file of the session in a dialog, then write.
    SaveSessionAs,
    /// Notes were typed.
    Notes(String),
    /// Open this in place of a model that is missing.
    Instead(Instead),
    /// Open or close a sheet.
    Sheet(Option<Sheet>),
    /// Dark or light.
    Theme(Theme),
    /// Where the next model is computed.
    Device(Choice),
    /// Megabytes that results may take.
    Budget(u64),
    /// Take the message away.
    Dismiss,
    /// Put a text on the clipboard.
    Copy(String),
}

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExportOf {
    /// The picture of the selected head.
    #[default]
    Head,
    /// The picture of all heads.
    Grid,
    /// The run's numbers.
    Numbers,
    /// Something of the space of vectors.
    Space(space::What),
}

/// A panel that lies over the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sheet {
    /// Models to choose from.
    Models,
    /// Commands to choose from.
    Palette,
    /// Settings.
    Settings,
    /// Sites with shapes and tensors.
    Shapes,
    /// Files to write.
    Export,
    /// Notes, and the file of the session.
    Session,
    /// What to open where a model is missing.
    Missing,
    /// Another token for this position.
    Replace(usize),
    /// Contextual vectors to compute.
    Contextual,
    /// Keys and notes.
    Help,
}

/// Where drawing code leaves its requests.
#[derive(Debug, Default)]
pub struct Actions {
    asked: RefCell<Vec<Action>>,
    token: Cell<Option<Focus>>,
    head: Cell<Option<Head>>,
    row: Cell<Option<usize>>,
}

impl Actions {
    /// Asks for something.
    pub fn ask(&self, action: Action) {
        self.asked.borrow_mut().push(action);
    }

    /// The pointer is on a token.
    pub fn over_token(&self, focus: Focus) {
        self.token.set(Some(focus));
    }

    /// The pointer is on a head.
    pub fn over_head(&self, head: Head) {
        self.head.set(Some(head));
    }

    /// The pointer is on the word of a row.
    pub fn over_row(&self, row: usize) {
        self.row.set(Some(row));
    }

    /// The row that the pointer was on in the frame that was just drawn.
    pub fn take_row(&self) -> Option<usize> {
        self.row.take()
    }

    /// What the pointer was on in the frame that was just drawn.
    pub fn take_hover(&self) -> (Option<Focus>, Option<Head>) {
        (self.token.take(), self.head.take())
    }

    /// Whether nothing was asked for.
    pub fn is_empty(&self) -> bool {
        self.asked.borrow().is_empty()
    }

    /// Takes what was asked for.
    pub fn take(&self) -> Vec<Action> {
        self.asked.take()
    }
}
