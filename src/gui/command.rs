//! What a person can do without pointing: one list for menus, palette, tooltips and shortcuts.

use egui::{Key, KeyboardShortcut, Modifiers};

/// A command. It carries nothing: it acts on what is selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command {
    /// Choose a model.
    Models,
    /// Choose a model's folder in a file dialog.
    OpenFolder,
    /// Choose a file of attention or a session in a file dialog.
    OpenFile,
    /// Look at attention.
    Attention,
    /// Look at recurrent models.
    Recurrent,
    /// Choose a file of a recurrent model in a file dialog.
    OpenRecurrent,
    /// Choose a text for a recurrent model in a file dialog.
    OpenText,
    /// Look at spaces of vectors.
    Embeddings,
    /// Choose a file of vectors in a file dialog.
    OpenVectors,
    /// Show the words of a space as a table.
    Table,
    /// Notes, and the file of the session.
    Session,
    /// Find a command.
    Palette,
    /// Put the cursor into the sentence.
    EditSentence,
    /// Add or remove the second sentence.
    SecondSentence,
    /// Draw the head as lines.
    Lines,
    /// Draw the head as a heatmap.
    Heatmap,
    /// Draw how one weight comes about.
    Neuron,
    /// Show what heads do for a target.
    Effects,
    /// Measure every head.
    Heads,
    /// Show what the head does over a corpus.
    Evidence,
    /// Show what the model predicts.
    Predict,
    /// Compare with something else.
    Compare,
    /// Lay heads out by their likeness.
    Map,
    /// The head to the right.
    NextHead,
    /// The head to the left.
    PreviousHead,
    /// The layer below.
    NextLayer,
    /// The layer above.
    PreviousLayer,
    /// Pin the token after the pinned one.
    NextToken,
    /// Pin the token before the pinned one.
    PreviousToken,
    /// Let go of the pinned token.
    Unpin,
    /// Mask or unmask the pinned word.
    Mask,
    /// Turn the head off or on.
    HeadOff,
    /// Pin the token under the pointer, or let go of the pinned one.
    Pin,
    /// Hide or show special tokens.
    HideSpecial,
    /// Words or pieces.
    Words,
    /// Take the last change back.
    Undo,
    /// Make the change again.
    Redo,
    /// Find something.
    Find,
    /// Give every thumbnail its own maximum, or all the same.
    Stretch,
    /// Show the largest or the mean under each pixel of all heads.
    Pool,
    /// See all heads again.
    WholeModel,
    /// Tokens down, side by side, or as their script wants it.
    Direction,
    /// Show every site with its shape.
    ShapeTrace,
    /// Grid, head and inspector side by side.
    Overview,
    /// The grid of heads alone.
    GridOnly,
    /// One head alone.
    HeadOnly,
    /// Views as tiles that can be moved.
    Tiles,
    /// Write what is shown to a file.
    Export,
    /// Put the picture on the clipboard.
    CopyPicture,
    /// Put the picture of all heads on the clipboard.
    CopyGrid,
    /// Put the head's weights on the clipboard.
    CopyValues,
    /// Larger type, fewer panels.
    Projector,
    /// Dark or light.
    SwitchTheme,
    /// Change the settings.
    Settings,
    /// Stop what is being computed.
    Stop,
    /// Keys and notes.
    Help,
}

const PLAIN: Modifiers = Modifiers::NONE;
const CTRL: Modifiers = Modifiers::COMMAND;
const CTRL_SHIFT: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);

/// Keys of the view of all heads that are no commands: while they are held the view moves or grows.
pub const GESTURES: [KeyboardShortcut; 6] = [
    KeyboardShortcut::new(PLAIN, Key::Plus),
    KeyboardShortcut::new(PLAIN, Key::Minus),
    KeyboardShortcut::new(Modifiers::SHIFT, Key::ArrowLeft),
    KeyboardShortcut::new(Modifiers::SHIFT, Key::ArrowRight),
    KeyboardShortcut::new(Modifiers::SHIFT, Key::ArrowUp),
    KeyboardShortcut::new(Modifiers::SHIFT, Key::ArrowDown),
];

impl Command {
    /// Every command, in the order of menus and palette.
    pub const ALL: &[Self] = &[
        Self::Models,
        Self::OpenFolder,
        Self::OpenFile,
        Self::OpenVectors,
        Self::OpenRecurrent,
        Self::OpenText,
        Self::Attention,
        Self::Recurrent,
        Self::Embeddings,
        Self::Table,
        Self::Session,
        Self::EditSentence,
        Self::SecondSentence,
        Self::Lines,
        Self::Heatmap,
        Self::Neuron,
        Self::Effects,
        Self::Heads,
        Self::Evidence,
        Self::Predict,
        Self::Compare,
        Self::Map,
        Self::NextHead,
        Self::PreviousHead,
        Self::NextLayer,
        Self::PreviousLayer,
        Self::NextToken,
        Self::PreviousToken,
        Self::Unpin,
        Self::Mask,
        Self::HeadOff,
        Self::Pin,
        Self::HideSpecial,
        Self::Words,
        Self::Stretch,
        Self::Pool,
        Self::WholeModel,
        Self::Direction,
        Self::ShapeTrace,
        Self::Overview,
        Self::GridOnly,
        Self::HeadOnly,
        Self::Tiles,
        Self::Export,
        Self::CopyPicture,
        Self::CopyGrid,
        Self::CopyValues,
        Self::Projector,
        Self::SwitchTheme,
        Self::Settings,
        Self::Palette,
        Self::Find,
        Self::Undo,
        Self::Redo,
        Self::Stop,
        Self::Help,
    ];

    /// What it is called.
    pub fn label(self) -> &'static str {
        self.texts().0
    }

    /// What it does, in one sentence.
    pub fn tip(self) -> &'static str {
        self.texts().1
    }

    fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Models => ("Choose model\u{2026}", "Open another model."),
            Self::OpenFolder => ("Open folder\u{2026}", "Choose a model's folder in a file dialog."),
            Self::OpenFile => {
                ("Open file\u{2026}", "Choose a file of attention, a session or weights in a file dialog.")
            }
            Self::OpenVectors => ("Open vectors\u{2026}", "Choose a file of word vectors in a file dialog."),
            Self::Attention => ("Attention", "Look at the attention of a model."),
            Self::Recurrent => ("Recurrent", "Look at a recurrent model: what its cells do over a text, step by step."),
            Self::OpenRecurrent => {
                ("Open recurrent model\u{2026}", "Choose a file of a recurrent model's weights in a file dialog.")
            }
            Self::OpenText => ("Open text\u{2026}", "Choose a text for the recurrent model in a file dialog."),
            Self::Embeddings => ("Embeddings", "Look at a space of vectors: its map, neighbours and formulas."),
            Self::Table => ("Table of words", "Show the words of a space as a table, or hide it."),
            Self::Session => ("Session\u{2026}", "Write notes, and save everything on the screen to one small file."),
            Self::Palette => ("Command palette", "Find any command by its name."),
            Self::EditSentence => ("Edit sentence", "Put the cursor into the sentence."),
            Self::SecondSentence => ("Second sentence", "Add or remove a second sentence."),
            Self::Lines => ("Show lines", "Draw the head as lines between tokens."),
            Self::Heatmap => ("Show heatmap", "Draw the head as a matrix."),
            Self::Neuron => ("Show neuron view", "Draw how query and key of one weight make it, step by step."),
            Self::Effects => ("Show effects", "See what each head does for a target, and what patching brings back."),
            Self::Heads => ("Show table of heads", "Measure every head on this text or over a corpus."),
            Self::Evidence => ("Show evidence", "Show the head\u{2019}s strongest edges beside random ones."),
            Self::Predict => {
                ("Show predictions", "See what tokens, layers and heads predict, and how the model goes on.")
            }
            Self::Compare => ("Show comparison", "Compare with another sentence, another model, or before a change."),
            Self::Map => ("Show map of heads", "See heads that attend alike close to each other."),
            Self::NextHead => ("Next head", "Select the head to the right."),
            Self::PreviousHead => ("Previous head", "Select the head to the left."),
            Self::NextLayer => ("Next layer", "Select the same head one layer further on."),
            Self::PreviousLayer => ("Previous layer", "Select the same head one layer before."),
            Self::NextToken => ("Pin next token", "Pin the token after the pinned one."),
            Self::PreviousToken => ("Pin previous token", "Pin the token before the pinned one."),
            Self::Unpin => ("Unpin token", "Let go of the pinned token."),
            Self::Mask => ("Mask this word", "Replace the pinned token by the mask token, or show it again."),
            Self::HeadOff => {
                ("Turn this head off", "Set the selected head's output to its mean or to zero, or let it work again.")
            }
            Self::HideSpecial => ("Hide special tokens", "Leave out or show the tokens that the tokenizer added."),
            Self::Pin => ("Pin token", "Pin the token under the pointer, or let go of the pinned one."),
            Self::Words => ("Words, not pieces", "Draw the pieces of a word as one, or each for itself."),
            Self::Undo => ("Undo", "Take the last change back."),
            Self::Redo => ("Redo", "Make the change again that was taken back."),
            Self::Find => ("Find\u{2026}", "Find a head by its name or its label."),
            Self::Stretch => ("Stretch each head", "Draw every thumbnail up to its own maximum, or all on one scale."),
            Self::Pool => {
                ("Maximum or mean", "Show the largest or the mean of the cells under each pixel of all heads.")
            }
            Self::WholeModel => ("Whole model", "See all heads again."),
            Self::Direction => ("Direction of tokens", "Draw tokens down, side by side, or as their script wants it."),
            Self::ShapeTrace => ("Shape trace", "List every site of the forward pass with its axes and sizes."),
            Self::Overview => ("Layout: overview", "Grid, head and inspector side by side."),
            Self::GridOnly => ("Layout: all heads", "The grid of heads fills the window."),
            Self::HeadOnly => ("Layout: one head", "The selected head fills the window."),
            Self::Tiles => ("Layout: tiles", "Views as tiles that can be dragged and resized."),
            Self::Export => ("Export\u{2026}", "Write pictures or numbers to a file."),
            Self::CopyPicture => ("Copy picture", "Put the picture of the head on the clipboard."),
            Self::CopyGrid => ("Copy all heads", "Put the picture of all heads on the clipboard."),
            Self::CopyValues => ("Copy values", "Put the head's weights on the clipboard as a table."),
            Self::Projector => ("Projector mode", "Larger type and fewer panels, for a lecture."),
            Self::SwitchTheme => ("Switch theme", "Dark or light."),
            Self::Settings => ("Settings", "Theme, device and memory."),
            Self::Stop => ("Stop", "Stop what is being computed."),
            Self::Help => ("Keyboard and help", "All keys, and how to read the pictures."),
        }
    }

    /// Whether it is about the attention of a model, and nothing else.
    pub fn is_of_attention(self) -> bool {
        use Command::{
            Compare, Direction, Effects, Evidence, HeadOff, Heads, Heatmap, HideSpecial, Lines, Map, Mask, Neuron,
            NextHead, NextLayer, NextToken, Pin, Pool, Predict, PreviousHead, PreviousLayer, PreviousToken, ShapeTrace,
            Stretch, Words,
        };
        matches!(
            self,
            Lines | Heatmap | Neuron | Effects | Heads | Evidence | Predict | Compare | Map | NextHead | PreviousHead
        ) || matches!(self, NextLayer | PreviousLayer | NextToken | PreviousToken | Mask | HeadOff | Pin | HideSpecial)
            || matches!(self, Words | Stretch | Pool | Direction | ShapeTrace)
    }

    /// Whether a key without Ctrl calls it.
    pub fn is_letter(self) -> bool {
        self.shortcut().modifiers == PLAIN
    }

    /// The keys that call it. Those without Ctrl act only while no text field has the focus.
    pub fn shortcut(self) -> KeyboardShortcut {
        let (modifiers, key) = match self {
            Self::Models => (CTRL, Key::O),
            Self::OpenFolder => (CTRL_SHIFT, Key::O),
            Self::OpenFile => (CTRL_SHIFT, Key::F),
            Self::OpenVectors => (CTRL_SHIFT, Key::E),
            Self::Attention => (PLAIN, Key::F2),
            Self::Embeddings => (PLAIN, Key::F3),
            Self::Recurrent => (PLAIN, Key::F4),
            Self::OpenRecurrent => (CTRL_SHIFT, Key::R),
            Self::OpenText => (CTRL_SHIFT, Key::T),
            Self::Table => (PLAIN, Key::B),
            Self::Session => (CTRL_SHIFT, Key::S),
            Self::Palette => (CTRL, Key::K),
            Self::EditSentence => (CTRL, Key::L),
            Self::SecondSentence => (CTRL, Key::Num2),
            Self::Lines => (PLAIN, Key::L),
            Self::Heatmap => (PLAIN, Key::H),
            Self::Neuron => (PLAIN, Key::N),
            Self::Effects => (PLAIN, Key::E),
            Self::Heads => (PLAIN, Key::I),
            Self::Evidence => (PLAIN, Key::V),
            Self::Predict => (PLAIN, Key::R),
            Self::Compare => (PLAIN, Key::C),
            Self::Map => (PLAIN, Key::A),
            Self::NextHead => (PLAIN, Key::ArrowRight),
            Self::PreviousHead => (PLAIN, Key::ArrowLeft),
            Self::NextLayer => (PLAIN, Key::ArrowDown),
            Self::PreviousLayer => (PLAIN, Key::ArrowUp),
            Self::NextToken => (PLAIN, Key::CloseBracket),
            Self::PreviousToken => (PLAIN, Key::OpenBracket),
            Self::Unpin => (PLAIN, Key::Escape),
            Self::Mask => (PLAIN, Key::M),
            Self::HeadOff => (PLAIN, Key::K),
            Self::Pin => (PLAIN, Key::Space),
            Self::Words => (PLAIN, Key::W),
            Self::Undo => (CTRL, Key::Z),
            Self::Redo => (CTRL, Key::Y),
            Self::Find => (PLAIN, Key::Slash),
            Self::HideSpecial => (PLAIN, Key::S),
            Self::Stretch => (PLAIN, Key::X),
            Self::Pool => (PLAIN, Key::P),
            Self::WholeModel => (PLAIN, Key::Num0),
            Self::Direction => (PLAIN, Key::D),
            Self::ShapeTrace => (PLAIN, Key::T),
            Self::Overview => (PLAIN, Key::Num1),
            Self::GridOnly => (PLAIN, Key::Num2),
            Self::HeadOnly => (PLAIN, Key::Num3),
            Self::Tiles => (PLAIN, Key::Num4),
            Self::Export => (CTRL, Key::S),
            Self::CopyPicture => (CTRL_SHIFT, Key::C),
            Self::CopyGrid => (CTRL_SHIFT, Key::G),
            Self::CopyValues => (CTRL_SHIFT, Key::V),
            Self::Projector => (PLAIN, Key::F5),
            Self::SwitchTheme => (CTRL, Key::D),
            Self::Settings => (CTRL, Key::Comma),
            Self::Stop => (CTRL, Key::Period),
            Self::Help => (PLAIN, Key::F1),
        };
        KeyboardShortcut::new(modifiers, key)
    }

    /// Other keys that call it.
    pub fn also(self) -> Option<KeyboardShortcut> {
        let (modifiers, key) = match self {
            Self::Help => (PLAIN, Key::Questionmark),
            Self::Redo => (CTRL_SHIFT, Key::Z),
            _ => return None,
        };
        Some(KeyboardShortcut::new(modifiers, key))
    }

    /// Whether its keys would also type something, so that they must wait while a text field has the focus.
    pub fn is_typed(self) -> bool {
        let function = matches!(self, Self::Projector | Self::Help | Self::Unpin);
        (self.shortcut().modifiers == PLAIN && !function) || matches!(self, Self::Undo | Self::Redo)
    }

    /// Tooltip with the keys.
    pub fn tooltip(self, ctx: &egui::Context) -> String {
        format!("{} ({})", self.tip(), ctx.format_shortcut(&self.shortcut()))
    }

    /// The command whose keys were just pressed. Esc leaves a text field or a menu before it does anything else,
    /// unless a sheet is open, which it closes.
    pub fn pressed(ctx: &egui::Context, was_typing: bool, sheet: bool) -> Option<Self> {
        let typing = was_typing || ctx.text_edit_focused();
        let menu = egui::Popup::is_any_open(ctx);
        // Space presses the button that has the focus, arrows move a slider that has it.
        let focused = ctx.memory(|m| m.focused().is_some());
        let slides = super::widgets::is_slider_focused(ctx);
        // Shift with an arrow moves over all heads.
        let pans = ctx.input(|i| i.modifiers.shift);
        let waits = |c: Self| match c {
            Self::Unpin => (typing || menu) && !sheet,
            Self::Pin => typing || menu || focused,
            Self::NextHead | Self::PreviousHead | Self::NextLayer | Self::PreviousLayer => {
                typing || menu || slides || pans
            }
            c => (typing || menu) && c.is_typed(),
        };
        // More modifiers first: Ctrl+Shift+O is not Ctrl+O.
        let mut order: Vec<Self> = Self::ALL.to_vec();
        order.sort_by_key(|c| c.shortcut().modifiers != CTRL_SHIFT && *c != Self::Redo);
        let called = |c: &Self| {
            let keys = std::iter::once(c.shortcut()).chain(c.also().filter(|_| !typing));
            keys.into_iter().any(|keys| ctx.input_mut(|input| input.consume_shortcut(&keys)))
        };
        order.into_iter().filter(|c| !waits(*c)).find(called)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_commands_share_keys_or_a_name() {
        let keys = |c: &Command| std::iter::once(c.shortcut()).chain(c.also()).collect::<Vec<_>>();
        for (i, a) in Command::ALL.iter().enumerate() {
            assert!(keys(a).iter().all(|k| !GESTURES.contains(k)), "{a:?} shares its keys with a gesture");
            for b in &Command::ALL[i + 1..] {
                assert_ne!(a.label(), b.label());
                assert!(keys(a).iter().all(|k| !keys(b).contains(k)), "{a:?} and {b:?}");
            }
            assert!(a.tip().ends_with('.'), "{a:?} has one sentence");
        }
    }
}
