//! Token lines: queries at the left, keys at the right, a curve for each weight that is shown.

use super::{Anchor, Area, Figure, Mark, Palette, fit, mono_width, size, weight};
use crate::analysis::attention::Edge;
use crate::text::Tokens;
use serde::{Deserialize, Serialize};

/// A row is this high.
pub const ROW: f32 = 20.0;
const TOP: f32 = 24.0;
const NUMBER: f32 = 48.0;
const LABEL_MAX: f32 = 150.0;

/// Which token a picture is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Focus {
    /// What a query looks at.
    Query(usize),
    /// Who looks at a key.
    Key(usize),
}

impl Focus {
    /// The token.
    pub fn token(self) -> usize {
        let (Self::Query(i) | Self::Key(i)) = self;
        i
    }

    /// The same side of another token.
    pub fn at(self, i: usize) -> Self {
        match self {
            Self::Query(_) => Self::Query(i),
            Self::Key(_) => Self::Key(i),
        }
    }
}

/// Where the two columns are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Layout {
    /// Rows.
    pub n: usize,
    /// Right edge of the queries.
    pub left: f32,
    /// Left edge of the keys.
    pub right: f32,
    /// Width of the picture.
    pub width: f32,
    /// Room for a label.
    pub label: f32,
}

impl Layout {
    /// Two columns in `width`, as far apart as reads well.
    pub fn new(tokens: &Tokens, width: f32) -> Self {
        let longest = (0..tokens.len()).map(|i| mono_width(&tokens.shown(i), size::BODY)).fold(24.0, f32::max);
        let label = longest.min(LABEL_MAX) + 12.0;
        // Numbers stand at the left of queries or at the right of keys.
        let gap = (width - 2.0 * label - 2.0 * NUMBER - 16.0).clamp(80.0, 320.0);
        let left = ((width - gap) / 2.0).max(label + NUMBER);
        Self { n: tokens.len(), left, right: left + gap, width, label }
    }

    /// The middle of a row.
    pub fn y(&self, row: usize) -> f32 {
        TOP + (row as f32 + 0.5) * ROW
    }

    /// The label of a token, at the left for a query and at the right for a key.
    pub fn area(&self, focus: Focus) -> Area {
        let (row, x, w) = match focus {
            Focus::Query(i) => (i, self.left - self.label, self.label),
            Focus::Key(i) => (i, self.right, self.label),
        };
        Area { x, y: TOP + row as f32 * ROW, w, h: ROW }
    }

    /// The height of the picture.
    pub fn height(&self) -> f32 {
        TOP + self.n as f32 * ROW + 8.0
    }
}

/// Beyond so many lines a picture is a blot: only the strongest are drawn, and those of the token that it is about.
pub const MOST: usize = 1500;

/// The weakest weight that is still among the [`MOST`] strongest.
fn weakest_drawn(edges: &[Edge]) -> f32 {
    if edges.len() <= MOST {
        return 0.0;
    }
    let mut weights: Vec<f32> = edges.iter().map(|e| e.weight).collect();
    *weights.select_nth_unstable_by(MOST - 1, |a, b| b.total_cmp(a)).1
}

/// The lines of one head. With a focus only its lines are strong and carry their weight; the others stay at 15 %.
pub fn figure(
    tokens: &Tokens,
    edges: &[Edge],
    focus: Option<Focus>,
    palette: &Palette,
    layout: &Layout,
    title: &str,
) -> Figure {
    let mut figure = Figure::new(layout.width, layout.height(), palette, title);
    figure.caption([layout.left - 6.0, 10.0], "query", palette.muted, Anchor::End);
    figure.caption([layout.right + 6.0, 10.0], "key", palette.muted, Anchor::Start);
    if let Some(focus) = focus {
        figure.marks.push(Mark::Fill { area: layout.area(focus), colour: palette.raised });
    }
    let touches = |e: &Edge| match focus {
        None => true,
        Some(Focus::Query(q)) => e.query == q,
        Some(Focus::Key(k)) => e.key == k,
    };
    let weakest = weakest_drawn(edges);
    let is_drawn = |e: &Edge| e.weight >= weakest || (focus.is_some() && touches(e));
    // Strong lines are drawn last, on top.
    for strong in [false, true] {
        for edge in edges.iter().filter(|e| is_drawn(e) && touches(e) == strong) {
            let opacity = edge.weight.clamp(0.0, 1.0).sqrt() * if strong { 1.0 } else { 0.15 };
            figure.marks.push(Mark::Curve {
                from: [layout.left, layout.y(edge.query)],
                to: [layout.right, layout.y(edge.key)],
                width: 0.75 + 3.0 * edge.weight.clamp(0.0, 1.0),
                colour: palette.accent.faded(opacity),
            });
        }
    }
    let mut reached = vec![[false; 2]; tokens.len()];
    if focus.is_some() {
        for edge in edges.iter().filter(|e| touches(e)) {
            reached[edge.query][0] = true;
            reached[edge.key][1] = true;
        }
    }
    for (i, reached) in reached.iter().enumerate() {
        let special = tokens.pieces[i].special;
        let text = fit(&tokens.shown(i), size::BODY, LABEL_MAX);
        let near = |side: Focus| focus == Some(side) || focus.is_none();
        let ink = |side: Focus, column: usize| {
            if special || !(near(side) || reached[column]) { palette.muted } else { palette.text }
        };
        let y = layout.y(i);
        let size = if special { size::SMALL } else { size::BODY };
        let at = [layout.left - 6.0, y];
        let drawn = mono_width(&text, size);
        if tokens.continues(i) {
            // Pieces of one word are joined by a hairline at its outer edge.
            for x in [layout.left - layout.label + 1.0, layout.right + layout.label - 2.0] {
                let area = Area { x, y: layout.y(i - 1), w: 1.0, h: ROW };
                figure.marks.push(Mark::Fill { area, colour: palette.muted });
            }
        }
        if tokens.pieces[i].unknown {
            for x in [layout.left - 6.0 - drawn, layout.right + 6.0] {
                let area = Area { x, y: y + 8.0, w: drawn, h: 1.0 };
                figure.marks.push(Mark::Fill { area, colour: palette.error });
            }
        }
        figure.token(at, text.clone(), size, ink(Focus::Query(i), 0), Anchor::End);
        figure.token([layout.right + 6.0, y], text, size, ink(Focus::Key(i), 1), Anchor::Start);
    }
    if let Some(focus) = focus {
        for edge in edges.iter().filter(|e| touches(e) && e.weight >= 0.005) {
            let (x, row, anchor) = match focus {
                Focus::Query(_) => (layout.right + layout.label + 4.0, edge.key, Anchor::Start),
                Focus::Key(_) => (layout.left - layout.label - 4.0, edge.query, Anchor::End),
            };
            figure.token([x, layout.y(row)], weight(edge.weight), size::SMALL, palette.accent, anchor);
        }
    }
    figure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_too_many_lines_the_strongest_are_drawn() {
        let edge = |i: usize| Edge { query: i, key: i, weight: ((i * 7919) % 10_000) as f32 / 10_000.0 };
        let edges: Vec<Edge> = (0..10_000).map(edge).collect();
        let weakest = weakest_drawn(&edges);
        assert_eq!(edges.iter().filter(|e| e.weight >= weakest).count(), MOST);
        assert_eq!(weakest_drawn(&edges[..MOST]), 0.0);
    }
}
