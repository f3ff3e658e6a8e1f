//! The block of text under an exported picture: what a reader must know to read it once it has left the window.

use super::{Anchor, Area, Figure, Mark, Palette, mono_width, size};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

/// The height of a line in points.
const LINE: f32 = 16.0;
const MARGIN: f32 = 12.0;
/// A narrower picture is widened for its caption.
const NARROWEST: f32 = 360.0;
/// A longer text is cut: the caption tells which text it is, it does not reprint a book.
const LONGEST: usize = 600;

/// Labelled lines in the order in which they are read: model, text, head, meaning, what is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caption(Vec<(String, String)>);

impl Caption {
    /// This line as well, unless there is nothing to say.
    pub fn and(mut self, label: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        if !text.trim().is_empty() {
            self.0.push((label.into(), text));
        }
        self
    }

    /// The lines as `(label, text)`.
    pub fn lines(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(label, text)| (label.as_str(), text.as_str()))
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The picture with the block under it. Its own marks stay where they are.
    pub fn under(&self, figure: &Figure, palette: &Palette) -> Figure {
        let mut figure = figure.clone();
        if self.is_empty() {
            return figure;
        }
        figure.width = figure.marks.iter().filter_map(end).fold(figure.width.max(NARROWEST), f32::max);
        let label = self.lines().map(|(label, _)| width(label)).fold(0.0, f32::max);
        let left = MARGIN + label + MARGIN;
        let room = (figure.width - left - MARGIN).max(80.0);
        let rule = Area { x: MARGIN, y: figure.height + 4.0, w: figure.width - 2.0 * MARGIN, h: 1.0 };
        figure.marks.push(Mark::Fill { area: rule, colour: palette.line });
        let mut y = rule.y + MARGIN;
        for (label, text) in self.lines() {
            figure.caption([MARGIN, y], label, palette.muted, Anchor::Start);
            for line in wrapped(text, room) {
                figure.caption([left, y], line, palette.text, Anchor::Start);
                y += LINE;
            }
        }
        figure.height = y + 4.0;
        figure
    }
}

impl Serialize for Caption {
    /// An object in the order of the lines.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        self.lines().try_for_each(|(label, text)| map.serialize_entry(label, text))?;
        map.end()
    }
}

/// A text in lines of at most `room` points, broken at spaces where there are any.
fn wrapped(text: &str, room: f32) -> Vec<String> {
    let mut short: String = text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(LONGEST).is_some() {
        short.push('\u{2026}');
    }
    let mut lines = vec![String::new()];
    let mut used = 0.0;
    for word in short.split_inclusive(' ') {
        if used > 0.0 && used + width(word.trim_end()) > room {
            lines.push(String::new());
            used = 0.0;
        }
        for c in word.chars() {
            let wide = em(c) * size::SMALL;
            if used > 0.0 && c != ' ' && used + wide > room {
                lines.push(String::new());
                used = 0.0;
            }
            if let Some(line) = lines.last_mut() {
                line.push(c);
            }
            used += wide;
        }
    }
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

/// Where a text that runs to the right must have ended, with a margin: a window shows what a picture would cut off.
fn end(mark: &Mark) -> Option<f32> {
    match mark {
        Mark::Text { at: [x, _], text, size, anchor: Anchor::Start, mono, upright: false, .. } => {
            Some(x + MARGIN + if *mono { mono_width(text, *size) } else { width(text) })
        }
        _ => None,
    }
}

/// About how wide a text is in the proportional face, rather too wide than too narrow.
fn width(text: &str) -> f32 {
    text.chars().map(em).sum::<f32>() * size::SMALL
}

/// About how wide a character is, in sizes of the type.
fn em(c: char) -> f32 {
    match c {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' | '\u{b7}' => 0.31,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '-' | '"' | '/' => 0.41,
        'm' | 'w' | 'M' | 'W' | '%' | '@' | '\u{2026}' => 0.95,
        c if c.is_ascii_uppercase() => 0.74,
        c => match unicode_width::UnicodeWidthChar::width(c) {
            Some(2) => 1.0,
            Some(0) | None => 0.0,
            _ => 0.63,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caption_lies_under_the_picture_and_moves_nothing() {
        let palette = Palette::of(false);
        let mut figure = Figure::new(200.0, 100.0, palette, "x");
        figure.caption([1.0, 2.0], "inside", palette.text, Anchor::Start);
        let text = "The old lady quickly opened the heavy door. ".repeat(6);
        let caption = Caption::default().and("model", "bert-mini-en").and("nothing", " ").and("text", &text);
        let drawn = caption.under(&figure, palette);
        assert_eq!(drawn.marks[0], figure.marks[0]);
        assert!(drawn.width >= NARROWEST && drawn.height > 100.0 + 4.0 * LINE);
        let mut words = String::new();
        for mark in &drawn.marks[1..] {
            match mark {
                Mark::Text { at: [x, y], text, .. } => {
                    assert!(*y > 100.0 && *y < drawn.height && x + width(text) <= drawn.width, "{text}");
                    words += text;
                }
                Mark::Fill { area, .. } => assert!(area.y >= 100.0),
                other => panic!("{other:?}"),
            }
        }
        assert!(words.contains("bert-mini-en") && !words.contains("nothing"));
        assert_eq!(words.matches("door.").count(), 6, "nothing is lost where lines break");
        assert_eq!(Caption::default().under(&figure, palette), figure);
    }

    #[test]
    fn nothing_is_cut_off_at_the_right() {
        let palette = Palette::of(false);
        let mut figure = Figure::new(100.0, 50.0, palette, "x");
        let legend = "square root, each head to its own maximum";
        figure.caption([330.0, 20.0], legend, palette.text, Anchor::Start);
        let drawn = Caption::default().and("model", "m").under(&figure, palette);
        assert!(drawn.width > 330.0 + width(legend), "{}", drawn.width);
    }

    #[test]
    fn lines_break_without_spaces_too_and_a_book_is_cut() {
        let lines = wrapped(&"\u{95e8}".repeat(50), 120.0);
        assert_eq!(lines.iter().map(|l| l.chars().count()).collect::<Vec<_>>(), [10, 10, 10, 10, 10]);
        let long = wrapped(&"a ".repeat(2000), 400.0);
        assert_eq!(long.concat().matches('a').count(), LONGEST / 2);
        assert!(long.last().is_some_and(|l| l.ends_with('\u{2026}')));
    }

    #[test]
    fn a_caption_is_an_object_in_its_order() {
        let caption = Caption::default().and("text", "b").and("model", "a\"b");
        assert_eq!(serde_json::to_string(&caption).expect("it is JSON"), r#"{"text":"b","model":"a\"b"}"#);
    }
}
