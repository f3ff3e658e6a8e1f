//! Names of places in a forward pass. `encoder.3.probs` is the CLI flag, the key in an exported file and the
//! entry of every pick-list.

use crate::error::{Error, Result};
use std::fmt;
use std::str::FromStr;

/// Which stack of blocks a site belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stack {
    /// Token, position and segment embeddings.
    Embeddings,
    /// Blocks that attend in both directions.
    Encoder,
    /// Blocks that attend to earlier tokens only.
    Decoder,
    /// Recurrent layers that read from left to right.
    Forward,
    /// Recurrent layers that read from right to left.
    Backward,
    /// What turns the last hidden state into logits.
    Output,
}

impl Stack {
    const ALL: [Self; 6] =
        [Self::Embeddings, Self::Encoder, Self::Decoder, Self::Forward, Self::Backward, Self::Output];

    /// Whether its sites are numbered by layer.
    pub fn is_layered(self) -> bool {
        !matches!(self, Self::Embeddings | Self::Output)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Embeddings => "embeddings",
            Self::Encoder => "encoder",
            Self::Decoder => "decoder",
            Self::Forward => "forward",
            Self::Backward => "backward",
            Self::Output => "output",
        }
    }
}

macro_rules! sites {
    ($($(#[$doc:meta])* $variant:ident = $name:literal [$($axis:literal),+];)+) => {
        /// A named place in a forward pass, in the order in which a block reaches them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Site { $($(#[$doc])* $variant,)+ }

        impl Site {
            /// Every site, in order of execution within a block.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name as it is typed and printed.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The names of its axes, batch first.
            pub fn axes(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &["batch", $($axis),+],)+ }
            }
        }
    };
}

sites! {
    /// Token embeddings looked up by id.
    Words = "words" ["token", "dim"];
    /// Position embeddings.
    Positions = "positions" ["token", "dim"];
    /// Segment (token-type) embeddings.
    Segments = "segments" ["token", "dim"];
    /// Input of a block after its first layer norm (GPT-2 normalises before it attends).
    Normed = "normed" ["token", "dim"];
    /// Queries of each head.
    Query = "query" ["head", "query", "width"];
    /// Keys of each head.
    Key = "key" ["head", "key", "width"];
    /// Values of each head.
    Value = "value" ["head", "key", "width"];
    /// Length of each value behind its head's part of the output projection, `||v W_O||`, without the projection's bias.
    ValueNorm = "value_norm" ["head", "key"];
    /// Scaled and masked scores before the softmax.
    Scores = "scores" ["head", "query", "key"];
    /// Attention probabilities: every row sums to 1.
    Probs = "probs" ["head", "query", "key"];
    /// What each head reads: probabilities times values, before the output projection.
    Heads = "heads" ["head", "query", "width"];
    /// Output of the attention block after its projection, before residual and norm.
    Attended = "attended" ["token", "dim"];
    /// Residual stream after attention (normalised where the family normalises there).
    Middle = "middle" ["token", "dim"];
    /// Input of the feed-forward block after its layer norm (GPT-2).
    MiddleNormed = "middle_normed" ["token", "dim"];
    /// Activations inside the feed-forward block.
    Inner = "inner" ["token", "unit"];
    /// Output of the feed-forward block, before residual and norm.
    Fed = "fed" ["token", "dim"];
    /// Residual stream after the last block, before the final layer norm (GPT-2).
    Residual = "residual" ["token", "dim"];
    /// Output of a block, exactly as `hidden_states` has it; of the embeddings, its first entry.
    Hidden = "hidden" ["token", "dim"];
    /// Pooled first token.
    Pooled = "pooled" ["dim"];
    /// Hidden state transformed for the vocabulary.
    Transformed = "transformed" ["token", "dim"];
    /// Logits over the vocabulary.
    Logits = "logits" ["token", "vocabulary"];
    /// Logits of the two answers to "does the second sentence follow?".
    NextSentence = "next_sentence_logits" ["label"];
    /// Logits of the two answers to "are the sentences in order?".
    SentenceOrder = "sentence_order_logits" ["label"];
    /// Logits of the sequence classifier.
    Sequence = "sequence_logits" ["label"];
    /// Logits of the token classifier.
    TokenLabels = "token_logits" ["token", "label"];
    /// Logit of "this token was replaced".
    Discriminator = "discriminator_logits" ["token"];
    /// Derivative of a run's target by each attention probability, others held; only there where a target was given.
    Gradient = "gradient" ["head", "query", "key"];
    /// What the filters over a token's characters found, the largest value of each (ELMo).
    Characters = "characters" ["token", "unit"];
    /// What goes into the input gate of an LSTM, before the squashing; so with the other gates.
    PreInput = "pre.input" ["time", "unit"];
    /// What goes into the forget gate of an LSTM.
    PreForget = "pre.forget" ["time", "unit"];
    /// What goes into the reset gate of a GRU.
    PreReset = "pre.reset" ["time", "unit"];
    /// What goes into the update gate of a GRU.
    PreUpdate = "pre.update" ["time", "unit"];
    /// What goes into the candidate of an LSTM or a GRU.
    PreCandidate = "pre.candidate" ["time", "unit"];
    /// What goes into the output gate of an LSTM.
    PreOutput = "pre.output" ["time", "unit"];
    /// What goes into the state of a plain recurrent layer.
    PreState = "pre.state" ["time", "unit"];
    /// Input gate of an LSTM: how much of the candidate comes into the cell.
    GateInput = "gate.input" ["time", "unit"];
    /// Forget gate of an LSTM: how much of the cell stays.
    GateForget = "gate.forget" ["time", "unit"];
    /// Reset gate of a GRU: how much of the state the candidate sees.
    GateReset = "gate.reset" ["time", "unit"];
    /// Update gate of a GRU: how much of the state stays.
    GateUpdate = "gate.update" ["time", "unit"];
    /// Output gate of an LSTM: how much of the cell shows.
    GateOutput = "gate.output" ["time", "unit"];
    /// What an LSTM would write into its cell, or a GRU into its state.
    Candidate = "candidate" ["time", "unit"];
    /// Memory of an LSTM, clipped where the model clips it.
    Cell = "cell" ["time", "unit"];
    /// State of an LSTM before its projection.
    Unprojected = "unprojected" ["time", "unit"];
    /// State of a recurrent layer: what it puts out and what it reads at the next step.
    State = "state" ["time", "unit"];
    /// Weighted sum of a bidirectional model's layers (ELMo).
    Mixed = "mixed" ["time", "unit"];
}

impl Site {
    /// Whether it is only measured: the pass goes on without it, so that an edit there would change nothing.
    pub fn is_measured(self) -> bool {
        matches!(self, Self::ValueNorm | Self::Gradient)
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A place in a forward pass: a site in a layer of a stack. Prints and parses as `encoder.3.probs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct At {
    /// The stack of blocks.
    pub stack: Stack,
    /// The layer, counted from 0; 0 in stacks that have no layers.
    pub layer: u16,
    /// The site inside it.
    pub site: Site,
}

impl At {
    /// A site of a layer.
    pub fn new(stack: Stack, layer: usize, site: Site) -> Self {
        Self { stack, layer: layer as u16, site }
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.stack.is_layered() {
            write!(f, "{}.{}.{}", self.stack.name(), self.layer, self.site)
        } else {
            write!(f, "{}.{}", self.stack.name(), self.site)
        }
    }
}

impl FromStr for At {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.parse::<Place>()? {
            Place { stack: Some(stack), layer: Some(layer), site: Some(site) } => Ok(Self { stack, layer, site }),
            Place { stack: Some(stack), layer: None, site: Some(site) } if !stack.is_layered() => {
                Ok(Self { stack, layer: 0, site })
            }
            _ => Err(Error::input(format!("`{text}` does not name one place; write it like encoder.3.probs"))),
        }
    }
}

/// A pattern of places: what is left open matches everything. Parses from `probs`, `encoder.3.probs`,
/// `encoder.3`, `encoder.*.probs` and `all`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// The stack, or any.
    pub stack: Option<Stack>,
    /// The layer, or every layer.
    pub layer: Option<u16>,
    /// The site, or every site.
    pub site: Option<Site>,
}

impl Place {
    /// One site in every layer.
    pub fn site(site: Site) -> Self {
        Self { site: Some(site), ..Self::default() }
    }

    /// Whether `at` is one of these places.
    pub fn matches(&self, at: At) -> bool {
        self.stack.is_none_or(|s| s == at.stack)
            && self.layer.is_none_or(|l| l == at.layer)
            && self.site.is_none_or(|s| s == at.site)
    }
}

impl FromStr for Place {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut place = Self::default();
        if text == "all" {
            return Ok(place);
        }
        let mut parts = text.split('.').peekable();
        while let Some(part) = parts.next() {
            // The sites of recurrent cells have names of two parts.
            let two = parts.peek().map(|next| format!("{part}.{next}"));
            if let Some(&site) = two.and_then(|two| Site::ALL.iter().find(|s| s.name() == two)) {
                parts.next();
                place.site = Some(site);
            } else if let Some(stack) = Stack::ALL.into_iter().find(|s| s.name() == part) {
                place.stack = Some(stack);
            } else if let Ok(layer) = part.parse() {
                place.layer = Some(layer);
            } else if let Some(&site) = Site::ALL.iter().find(|s| s.name() == part) {
                place.site = Some(site);
            } else if part != "*" {
                let known: Vec<_> = Site::ALL.iter().map(|s| s.name()).collect();
                return Err(Error::input(format!("no site `{part}` in `{text}` (sites: {})", known.join(", "))));
            }
        }
        Ok(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_prints_and_parses_back() {
        for stack in Stack::ALL {
            for layer in if stack.is_layered() { [0, 11] } else { [0, 0] } {
                for &site in Site::ALL {
                    let at = At::new(stack, layer, site);
                    assert_eq!(at.to_string().parse::<At>().expect("its own name"), at);
                }
            }
        }
    }

    #[test]
    fn patterns_leave_parts_open() {
        let at: At = "encoder.3.probs".parse().expect("a place");
        let gate: At = "backward.1.gate.input".parse().expect("a gate");
        assert_eq!(gate, At::new(Stack::Backward, 1, Site::GateInput));
        assert!("gate.input".parse::<Place>().expect("a site of two parts").matches(gate));
        for yes in ["probs", "encoder", "encoder.3", "encoder.*.probs", "3.probs", "all"] {
            assert!(yes.parse::<Place>().expect(yes).matches(at), "{yes}");
        }
        for no in ["query", "decoder", "encoder.2.probs"] {
            assert!(!no.parse::<Place>().expect(no).matches(at), "{no}");
        }
        assert!("encoder.3.porbs".parse::<Place>().is_err());
        assert!("encoder.probs".parse::<At>().is_err(), "a layered stack needs its layer");
    }
}
