//! Heads by their names: as they are written here, counted from 0, and as papers write them, counted from 1.

use super::head_name;

/// What somebody who types looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing: every head.
    All,
    /// One head, counted from 0: `L7·H9`, `L7H9`, `7.9`.
    Head(usize, usize),
    /// One head, counted from 1 as in papers: `8-10`.
    Paper(usize, usize),
    /// One layer, counted from 0: `L7`.
    Layer(usize),
    /// Words of a label.
    Label(String),
}

impl Wanted {
    /// Reads what was typed. Layer and head count from 0 whichever way they were written.
    pub fn read(typed: &str) -> Self {
        let text = typed.trim().to_lowercase();
        if text.is_empty() {
            return Self::All;
        }
        let number = |part: &str| part.trim().parse::<usize>().ok();
        let pair = |text: &str, between: char| {
            let (layer, head) = text.split_once(between)?;
            Some((number(layer)?, number(head)?))
        };
        if let Some((layer, head)) = pair(&text.replace(['\u{2013}', '\u{2212}'], "-"), '-') {
            // There is no head 0 in papers.
            return match (layer.checked_sub(1), head.checked_sub(1)) {
                (Some(layer), Some(head)) => Self::Paper(layer, head),
                _ => Self::Label(text),
            };
        }
        let plain = text.replace(['\u{b7}', ' ', '.', ','], "");
        if let Some(rest) = plain.strip_prefix('l') {
            if let Some((layer, head)) = pair(rest, 'h') {
                return Self::Head(layer, head);
            }
            if let Some(layer) = number(rest).filter(|_| !text.contains(['.', ','])) {
                return Self::Layer(layer);
            }
        }
        let found = ['.', ',', '\u{b7}'].into_iter().find_map(|between| pair(&text, between));
        found.map_or(Self::Label(text), |(layer, head)| Self::Head(layer, head))
    }

    /// Whether a head with this label is looked for.
    pub fn fits(&self, layer: usize, head: usize, label: &str) -> bool {
        match self {
            Self::All => true,
            Self::Head(l, h) | Self::Paper(l, h) => (*l, *h) == (layer, head),
            Self::Layer(l) => *l == layer,
            Self::Label(words) => words.split_whitespace().all(|word| label.to_lowercase().contains(word)),
        }
    }
}

/// A head as papers write it, layer and head counted from 1.
pub fn paper_name(layer: usize, head: usize) -> String {
    format!("{}-{}", layer + 1, head + 1)
}

impl std::fmt::Display for Wanted {
    /// The heads in the way of this program.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::All => Ok(()),
            Self::Head(l, h) | Self::Paper(l, h) => write!(f, "{}", head_name(*l, *h)),
            Self::Layer(l) => write!(f, "L{l}"),
            Self::Label(words) => write!(f, "{words}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_writing_a_head_are_read() {
        for text in ["L7\u{b7}H9", "l7h9", "L7.H9", "L7 H9", "7.9", "7,9", " 7.9 "] {
            assert_eq!(Wanted::read(text), Wanted::Head(7, 9), "{text}");
        }
        assert_eq!(Wanted::read("8-10"), Wanted::Paper(7, 9));
        assert_eq!(paper_name(7, 9), "8-10");
        assert_eq!(Wanted::read("L7"), Wanted::Layer(7));
        assert_eq!(Wanted::read("obj"), Wanted::Label("obj".into()));
        assert_eq!(Wanted::read(" "), Wanted::All);
        for text in ["0-3", "7", "7.", "l", "h9", "1-2-3", "dependent->head"] {
            assert!(matches!(Wanted::read(text), Wanted::Label(_)), "{text}");
        }
        assert!(Wanted::read("Obj head").fits(1, 2, "obj head->dependent"));
        assert!(!Wanted::read("8-10").fits(8, 10, "") && Wanted::read("8-10").fits(7, 9, ""));
    }
}
