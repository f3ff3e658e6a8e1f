//! Heads by their names: as they are written here, counted from 0, and as papers write them, counted from 1.

use super::head_name;
use crate::analysis::heads::Table;
use crate::analysis::measures::Measure;
use crate::analysis::relations::Direction;

/// What somebody who types looks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Wanted {
    /// Nothing: every head.
    All,
    /// One head, counted from 0: `L7·H9`, `L7H9`, `7.9`.
    Head(usize, usize),
    /// One head, counted from 1 as in papers: `8-10`.
    Paper(usize, usize),
    /// One layer, counted from 0: `L7`.
    Layer(usize),
    /// Heads that have more or less of something than this: `previous > 0.5`, `sink < .3`, `nsubj > .1`.
    Value {
        /// A measure, by the beginning of its name; or else the lift of a dependency relation, in the better direction.
        of: Result<Measure, String>,
        /// Whether more is looked for.
        more: bool,
        /// Than what.
        than: f64,
    },
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
        if let Some(value) = value(&text) {
            return value;
        }
        let text = text.strip_prefix("papers:").unwrap_or(&text).trim().to_owned();
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
        let plain = text.replace("-h", "h").replace(['\u{b7}', ' ', '.', ','], "");
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

    /// Whether the head in a row of the table is looked for. A head without the value is not.
    pub fn fits(&self, table: &Table, row: usize) -> bool {
        let at = &table.rows[row];
        match self {
            Self::All => true,
            Self::Head(l, h) | Self::Paper(l, h) => (*l, *h) == (at.layer, at.head),
            Self::Layer(l) => *l == at.layer,
            Self::Label(words) => has(&at.label, words),
            Self::Value { of, more, than } => {
                let value = match of {
                    Ok(measure) => at.measures.get(*measure),
                    Err(relation) => best_lift(table, row, relation),
                };
                value.is_some_and(|value| if *more { value > *than } else { value < *than })
            }
        }
    }
}

/// Whether a label has all the words.
fn has(label: &str, words: &str) -> bool {
    words.split_whitespace().all(|word| label.to_lowercase().contains(word))
}

/// The larger lift of a head at a relation, of its two directions.
fn best_lift(table: &Table, row: usize, relation: &str) -> Option<f64> {
    let lists = Direction::ALL.into_iter().filter_map(|direction| table.lifts_at(relation, direction));
    lists.map(|lifts| lifts[row].lift).max_by(f64::total_cmp)
}

/// Reads `previous > 0.5`; nothing where no number follows the sign, as in a label.
fn value(text: &str) -> Option<Wanted> {
    let at = text.find(['<', '>'])?;
    let name = text[..at].trim().replace(' ', "_");
    let than = text[at + 1..].trim().parse().ok().filter(|x: &f64| x.is_finite())?;
    if name.is_empty() {
        return None;
    }
    let measure = Measure::ALL.into_iter().find(|m| m.name().starts_with(&name));
    Some(Wanted::Value { of: measure.ok_or(name), more: text[at..].starts_with('>'), than })
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
            Self::Value { of, more, than } => {
                let name = match of {
                    Ok(measure) => measure.name(),
                    Err(relation) => relation,
                };
                write!(f, "{name} {} {than}", if *more { '>' } else { '<' })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_writing_a_head_are_read() {
        for text in ["L7\u{b7}H9", "l7h9", "L7.H9", "L7 H9", "L7-H9", "7.9", "7,9", " 7.9 "] {
            assert_eq!(Wanted::read(text), Wanted::Head(7, 9), "{text}");
        }
        for text in ["8-10", "papers: 8-10", "Papers:8-10"] {
            assert_eq!(Wanted::read(text), Wanted::Paper(7, 9), "{text}");
        }
        assert_eq!(paper_name(7, 9), "8-10");
        assert_eq!(Wanted::read("L7"), Wanted::Layer(7));
        assert_eq!(Wanted::read("obj"), Wanted::Label("obj".into()));
        assert_eq!(Wanted::read(" "), Wanted::All);
        for text in
            ["0-3", "7", "7.", "l", "h9", "1-2-3", "l7-9", "dependent->head", "> 0.5", "previous >", "self > nan"]
        {
            assert!(matches!(Wanted::read(text), Wanted::Label(_)), "{text}");
        }
        assert!(has("obj head->dependent", "obj head") && !has("obj head->dependent", "nsubj head"));
    }

    #[test]
    fn values_are_read_by_the_beginning_of_their_names() {
        for (text, of, more, than) in [
            ("previous > 0.5", Ok(Measure::Previous), true, 0.5),
            ("Sink < .3", Ok(Measure::SinkShare), false, 0.3),
            ("same token>0.1", Ok(Measure::SameToken), true, 0.1),
            ("nsubj:pass > .1", Err("nsubj:pass".to_owned()), true, 0.1),
            ("distance > -1", Ok(Measure::Distance), true, -1.0),
        ] {
            assert_eq!(Wanted::read(text), Wanted::Value { of, more, than }, "{text}");
        }
        assert_eq!(Wanted::read("sink<.3").to_string(), "sink_share < 0.3");
    }
}
