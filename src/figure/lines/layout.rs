//! Where tokens, columns and curves are: two columns of tokens, or two rows of them.

use super::Focus;
use crate::figure::{Anchor, Area, mono_width, size};
use crate::text::Tokens;
use serde::{Deserialize, Serialize};

/// A row is this high.
pub const ROW: f32 = 20.0;
/// The line below everything that says how strong a line is for which weight.
const KEY: f32 = 24.0;
/// Captions above the tokens.
const TOP: f32 = 24.0;
/// Room for a number.
const NUMBER: f32 = 44.0;
/// The widest label.
pub(super) const LABEL_MAX: f32 = 150.0;
/// The narrowest and the widest column of a head.
const COLUMN: [f32; 2] = [6.0, 8.0];
/// Between a number and the columns.
const BESIDE: f32 = 8.0;
/// The shortest way for the curves beside columns.
const WAY: f32 = 140.0;

/// How tokens are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Way {
    /// As the script wants it.
    #[default]
    Automatic,
    /// One under the other.
    Vertical,
    /// Side by side.
    Horizontal,
}

impl Way {
    /// All of them, in the order of the switch.
    pub const ALL: [Self; 3] = [Self::Vertical, Self::Horizontal, Self::Automatic];

    /// Where tokens run: side by side in Chinese and Japanese, and from the right where the script does.
    pub fn flow(self, tokens: &Tokens) -> Flow {
        let (mut wide, mut leftward, mut letters) = (0, 0, 0);
        for i in (0..tokens.len()).filter(|&i| !tokens.pieces[i].special) {
            for c in tokens.shown(i).chars().filter(|c| c.is_alphabetic()) {
                letters += 1;
                wide += usize::from(is_side_by_side(c));
                leftward += usize::from(is_leftward(c));
            }
        }
        match self {
            Self::Vertical => Flow::Down,
            _ if 2 * leftward > letters => Flow::Left,
            Self::Automatic if 2 * wide <= letters => Flow::Down,
            _ => Flow::Right,
        }
    }
}

/// Han and kana.
fn is_side_by_side(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{312f}' | '\u{31a0}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Hebrew, Arabic, Syriac, Thaana, N'Ko and their presentation forms.
fn is_leftward(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' | '\u{10800}'..='\u{10fff}')
}

/// Where tokens run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flow {
    /// Down: queries at the left, keys at the right.
    Down,
    /// To the right: queries on top, keys below.
    Right,
    /// To the left: queries on top, keys below.
    Left,
}

/// The side of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Beside the queries: what goes out from them.
    Outgoing,
    /// Beside the keys: what comes in to them.
    Incoming,
}

impl Side {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Outgoing, Self::Incoming];
}

/// What a layout must fit.
#[derive(Debug, Clone, Copy)]
pub struct Room<'a> {
    /// The width; tokens that run to the side may take more.
    pub width: f32,
    /// The height; tokens that run down may take more.
    pub height: f32,
    /// Where tokens run.
    pub flow: Flow,
    /// Heads that would have a column.
    pub heads: usize,
    /// Those that must have one as long as any has.
    pub picks: &'a [usize],
    /// Rows of the legend.
    pub legend: usize,
}

/// Where everything is. *Along* is where tokens run, *across* is where curves run.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// Where tokens run.
    pub flow: Flow,
    /// Start and extent of each token along.
    spans: Vec<[f32; 2]>,
    /// Across, where curves leave the queries.
    query: f32,
    /// Across, where curves reach the keys.
    key: f32,
    /// Across, the room for a label.
    pub label: f32,
    /// The heads that have a column.
    pub columns: Vec<usize>,
    column: f32,
    /// Where the legend begins, and the tokens' own captions.
    pub top: f32,
    size: [f32; 2],
}

impl Layout {
    /// Lays tokens out.
    pub fn new(tokens: &Tokens, room: &Room<'_>) -> Self {
        let widths = (0..tokens.len()).map(|i| mono_width(&tokens.shown(i), size::BODY).min(LABEL_MAX));
        let top = room.legend as f32 * ROW;
        if room.flow == Flow::Down { Self::down(widths, room, top) } else { Self::along(widths, room, top) }
    }

    fn down(widths: impl Iterator<Item = f32>, room: &Room<'_>, top: f32) -> Self {
        let (count, longest) = widths.fold((0, 24f32), |(n, most), w| (n + 1, most.max(w)));
        let label = longest + 12.0;
        // Numbers stand at the left of queries or at the right of keys.
        let fixed = 2.0 * (label + NUMBER) + 16.0;
        let (columns, column) = columns(room, (room.width - fixed - WAY) / 2.0 - BESIDE);
        let block = block(&columns, column);
        let gap = (room.width - fixed - 2.0 * block).clamp(80.0, 320.0);
        let query = ((room.width - gap) / 2.0).max(label + NUMBER + block);
        let spans = (0..count).map(|i| [top + TOP + i as f32 * ROW, ROW]).collect();
        let size = [room.width, top + TOP + count as f32 * ROW + 8.0 + KEY];
        Self { flow: room.flow, spans, query, key: query + gap, label, columns, column, top, size }
    }

    fn along(widths: impl Iterator<Item = f32>, room: &Room<'_>, top: f32) -> Self {
        const CAPTION: f32 = 48.0;
        let mut spans: Vec<[f32; 2]> = Vec::new();
        let mut x = CAPTION;
        for width in widths {
            let extent = (width + 8.0).max(21.0);
            spans.push([x, extent]);
            x += extent;
        }
        let width = (x + 8.0).max(room.width);
        if room.flow == Flow::Left {
            for span in &mut spans {
                span[0] = width - span[0] - span[1];
            }
        }
        let label = ROW + 2.0;
        let fixed = top + 2.0 * (label + NUMBER) + 8.0 + KEY;
        let (columns, column) = columns(room, (room.height - fixed - WAY) / 2.0 - BESIDE);
        let block = block(&columns, column);
        let gap = (room.height - fixed - 2.0 * block).clamp(120.0, 220.0);
        let query = top + block + NUMBER + label;
        let size = [width, query + gap + label + NUMBER + block + 4.0 + KEY];
        Self { flow: room.flow, spans, query, key: query + gap, label, columns, column, top, size }
    }

    /// How many tokens there are.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Width and height of the picture.
    pub fn size(&self) -> [f32; 2] {
        self.size
    }

    /// The middle of the line that explains the others.
    pub fn key_line(&self) -> f32 {
        self.size[1] - KEY / 2.0
    }

    /// Whether tokens stand one under the other.
    pub fn is_down(&self) -> bool {
        self.flow == Flow::Down
    }

    /// The rectangle from `[along, extent]` and `[across, extent]`.
    fn place(&self, along: [f32; 2], across: [f32; 2]) -> Area {
        let (x, y) = if self.is_down() { (across, along) } else { (along, across) };
        Area { x: x[0], y: y[0], w: x[1], h: y[1] }
    }

    /// The label of a token.
    pub fn area(&self, focus: Focus) -> Area {
        let across = match focus {
            Focus::Query(_) => self.query - self.label,
            Focus::Key(_) => self.key,
        };
        self.place(self.spans[focus.token()], [across, self.label])
    }

    /// Where curves leave a query or reach a key.
    pub fn end(&self, focus: Focus) -> [f32; 2] {
        let [start, extent] = self.spans[focus.token()];
        let across = if matches!(focus, Focus::Query(_)) { self.query } else { self.key };
        let Area { x, y, .. } = self.place([start + extent / 2.0, 0.0], [across, 0.0]);
        [x, y]
    }

    /// Where the text of a label is, and which of its ends.
    pub fn text(&self, focus: Focus) -> ([f32; 2], Anchor) {
        let [x, y] = self.end(focus);
        match (self.is_down(), focus) {
            (true, Focus::Query(_)) => ([x - 6.0, y], Anchor::End),
            (true, Focus::Key(_)) => ([x + 6.0, y], Anchor::Start),
            (false, Focus::Query(_)) => ([x, y - self.label / 2.0], Anchor::Middle),
            (false, Focus::Key(_)) => ([x, y + self.label / 2.0], Anchor::Middle),
        }
    }

    /// Where the number of a token is, and which of its ends; side by side it stands upright.
    pub fn number(&self, focus: Focus) -> ([f32; 2], Anchor) {
        let ([x, y], beside) = (self.end(focus), self.label + 4.0);
        match (self.is_down(), focus) {
            (true, Focus::Query(_)) => ([x - beside, y], Anchor::End),
            (true, Focus::Key(_)) => ([x + beside, y], Anchor::Start),
            (false, Focus::Query(_)) => ([x, y - beside + 2.0], Anchor::Start),
            (false, Focus::Key(_)) => ([x, y + beside - 2.0], Anchor::End),
        }
    }

    /// The hairline that joins a token to the one before, both on one side.
    pub fn joint(&self, focus: Focus) -> Area {
        let i = focus.token();
        let middle = |i: usize| self.spans[i][0] + self.spans[i][1] / 2.0;
        let (from, to) = (middle(i.saturating_sub(1)), middle(i));
        let across = match focus {
            Focus::Query(_) => self.query - self.label + 1.0,
            Focus::Key(_) => self.key + self.label - 2.0,
        };
        self.place([from.min(to), (to - from).abs()], [across, 1.0])
    }

    /// The column at this place among [`Layout::columns`], all tokens of it.
    pub fn column(&self, side: Side, place: usize) -> Area {
        let (first, last) = (self.spans.first(), self.spans.last());
        let (Some(first), Some(last)) = (first, last) else { return Area::default() };
        let start = first[0].min(last[0]);
        let end = (first[0] + first[1]).max(last[0] + last[1]);
        self.place([start, end - start], [self.across(side, place), self.column])
    }

    /// The cell of a token in a column.
    pub fn cell(&self, side: Side, place: usize, token: usize) -> Area {
        self.place(self.spans[token], [self.across(side, place), self.column])
    }

    fn across(&self, side: Side, place: usize) -> f32 {
        let (block, before) = (block(&self.columns, self.column), place as f32 * self.column);
        match side {
            Side::Outgoing => self.query - self.label - NUMBER - block + before,
            Side::Incoming => self.key + self.label + NUMBER + BESIDE + before,
        }
    }

    /// The token and the place of the column under a point.
    pub fn column_at(&self, x: f32, y: f32) -> Option<(Side, usize, usize)> {
        let (along, across) = if self.is_down() { (y, x) } else { (x, y) };
        let token = self.spans.iter().position(|[start, extent]| (*start..start + extent).contains(&along))?;
        let places = 0..self.columns.len();
        Side::BOTH.into_iter().find_map(|side| {
            let inside = |place: &usize| (0.0..self.column).contains(&(across - self.across(side, *place)));
            places.clone().find(inside).map(|place| (side, place, token))
        })
    }
}

/// What the columns of one side take across, with the room beside them.
fn block(columns: &[usize], column: f32) -> f32 {
    if columns.is_empty() { 0.0 } else { columns.len() as f32 * column + BESIDE }
}

/// The heads that have a column in `room` points, and how wide each is: all, or as many as are still legible, those
/// that are shown first and others at even steps.
fn columns(room: &Room<'_>, across: f32) -> (Vec<usize>, f32) {
    let fitting = (across / COLUMN[0]).max(0.0) as usize;
    let mut heads: Vec<usize> = if room.heads <= fitting {
        (0..room.heads).collect()
    } else {
        let mut heads: Vec<usize> = room.picks.iter().copied().take(fitting).collect();
        let step = room.heads.div_ceil((fitting - heads.len()).max(1));
        let others = (0..room.heads).step_by(step).filter(|h| !room.picks.contains(h));
        let left = fitting - heads.len();
        heads.extend(others.take(left).collect::<Vec<_>>());
        heads
    };
    heads.sort_unstable();
    heads.dedup();
    let column = (across / heads.len().max(1) as f32).clamp(COLUMN[0], COLUMN[1]).floor();
    (heads, column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Piece;

    fn tokens(words: &[&str]) -> Tokens {
        let piece = |(i, word): (usize, &&str)| Piece {
            piece: (*word).to_owned(),
            id: 0,
            start: 0,
            end: 0,
            text: 0,
            segment: 0,
            special: word.starts_with('['),
            word: Some(i as u32),
            unknown: false,
        };
        Tokens { texts: vec!["".into()], pieces: words.iter().enumerate().map(piece).collect(), dropped: 0 }
    }

    fn room(flow: Flow, heads: usize) -> Room<'static> {
        Room { width: 568.0, height: 600.0, flow, heads, picks: &[], legend: 0 }
    }

    #[test]
    fn the_script_chooses_where_tokens_run() {
        let flow = |words: &[&str]| Way::Automatic.flow(&tokens(words));
        assert_eq!(flow(&["[CLS]", "the", "door"]), Flow::Down);
        assert_eq!(flow(&["[CLS]", "\u{79cb}", "\u{5929}", "\u{3068}", "x"]), Flow::Right);
        assert_eq!(flow(&["[CLS]", "\u{5e9}\u{5dc}\u{5d5}\u{5dd}", "ok"]), Flow::Left);
        assert_eq!(flow(&["[CLS]", "1", "."]), Flow::Down, "nothing to tell from");
        assert_eq!(Way::Horizontal.flow(&tokens(&["the"])), Flow::Right);
        assert_eq!(Way::Horizontal.flow(&tokens(&["\u{5e9}\u{5dc}"])), Flow::Left);
        assert_eq!(Way::Vertical.flow(&tokens(&["\u{79cb}"])), Flow::Down);
    }

    #[test]
    fn nothing_lies_over_anything_else() {
        let tokens = tokens(&["[CLS]", "the", "unbelievably", "\u{79cb}", "door", "[SEP]"]);
        for flow in [Flow::Down, Flow::Right, Flow::Left] {
            for heads in [0, 1, 8, 12, 40] {
                let layout = Layout::new(&tokens, &room(flow, heads));
                let [width, height] = layout.size();
                let mut areas: Vec<Area> = (0..tokens.len())
                    .flat_map(|i| [layout.area(Focus::Query(i)), layout.area(Focus::Key(i))])
                    .collect();
                for place in 0..layout.columns.len() {
                    areas.extend(Side::BOTH.map(|side| layout.column(side, place)));
                }
                for (i, a) in areas.iter().enumerate() {
                    assert!(a.x >= 0.0 && a.y >= 0.0 && a.x + a.w <= width && a.y + a.h <= height, "{flow:?} {a:?}");
                    for b in &areas[..i] {
                        let apart = a.x + a.w <= b.x + 0.01
                            || b.x + b.w <= a.x + 0.01
                            || a.y + a.h <= b.y + 0.01
                            || b.y + b.h <= a.y + 0.01;
                        assert!(apart, "{flow:?}, {heads} heads: {a:?} and {b:?}");
                    }
                }
                assert!(layout.columns.is_empty() || layout.column >= 6.0);
            }
        }
    }

    #[test]
    fn tokens_run_from_the_right_where_the_script_does() {
        let tokens = tokens(&["a", "b", "c"]);
        let starts = |flow| {
            let layout = Layout::new(&tokens, &room(flow, 0));
            [0, 1, 2].map(|i| layout.area(Focus::Query(i)).x)
        };
        let (right, left) = (starts(Flow::Right), starts(Flow::Left));
        assert!(right[0] < right[1] && right[1] < right[2], "{right:?}");
        assert!(left[0] > left[1] && left[1] > left[2], "{left:?}");
    }

    #[test]
    fn columns_that_would_be_too_narrow_thin_out_but_not_the_selected_ones() {
        let room = Room { heads: 64, picks: &[5, 33], ..room(Flow::Down, 64) };
        let (heads, width) = columns(&room, 80.0);
        assert!(heads.len() <= 13 && width >= 6.0, "{heads:?} of {width}");
        assert!(heads.contains(&5) && heads.contains(&33) && heads.contains(&0));
        assert!(columns(&room, 4.0).0.is_empty());
        assert_eq!(columns(&Room { heads: 12, ..room }, 100.0), ((0..12).collect(), 8.0));
    }

    #[test]
    fn a_point_finds_the_cell_drawn_there() {
        let tokens = tokens(&["a", "b", "c"]);
        for flow in [Flow::Down, Flow::Right, Flow::Left] {
            let layout = Layout::new(&tokens, &room(flow, 8));
            for (side, place, token) in [(Side::Outgoing, 0, 2), (Side::Incoming, 7, 0), (Side::Incoming, 3, 1)] {
                let Area { x, y, w, h } = layout.cell(side, place, token);
                assert_eq!(layout.column_at(x + w / 2.0, y + h / 2.0), Some((side, place, token)), "{flow:?}");
            }
            assert_eq!(layout.column_at(1.0, 1.0), None);
        }
    }
}
