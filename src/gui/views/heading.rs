//! The sentence over a picture: who looks at whom.

use crate::analysis::attention::{Edge, strongest};
use crate::analysis::filter::Shown;
use crate::figure::lines::Focus;
use crate::figure::size;
use crate::gui::paint::{self, Face};
use crate::gui::state::State;
use crate::gui::theme;
use crate::gui::words::views::VIEWS;
use crate::gui::words::{EN, fill};
use egui::{Sense, Ui, Vec2};

/// `L2·H5: opened looks at door, 0.86`, of what the pointer or the pin is on, else of the strongest weight. `whole` has
/// nothing left out: where a query rests more on itself or on a special token, the heading says so. Where rows are
/// rescaled it says the number that is `drawn` first.
pub fn show(ui: &mut Ui, state: &State, whole: &Shown, drawn: &Shown) {
    let palette = theme::palette(ui.ctx());
    let (tokens, weights) = (&whole.tokens, &whole.weights);
    let n = tokens.len();
    let (edge, verb) = match state.focus_in(whole) {
        Some(Focus::Query(q)) => (strongest(tokens, weights, q), EN.looks_at),
        Some(Focus::Key(k)) => (most_seen_by(whole, k), EN.is_seen_by),
        None => {
            let rows = (0..n).filter(|&q| !tokens.pieces[q].special);
            let edges = rows.filter_map(|q| strongest(tokens, weights, q));
            (edges.max_by(|a, b| a.weight.abs().total_cmp(&b.weight.abs())), EN.looks_at)
        }
    };
    let (text, accent) = (theme::colour(palette.text), theme::colour(palette.accent));
    let muted = theme::colour(palette.muted);
    let name = format!("{}: ", state.title());
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 28.0), Sense::hover());
    let painter = ui.painter_at(rect);
    let spoken = if let Some(edge) = edge {
        let (from, to) = (tokens.shown(edge.query), tokens.shown(edge.key));
        let (first, second) = if verb == EN.looks_at { (from, to) } else { (to, from) };
        let middle = format!(" {verb} ");
        let is_share = state.meaning().is_share();
        let decimals = |w: f32| if is_share && w >= 0.1 { format!("{w:.2}") } else { state.number(w) };
        let rescaled = drawn.weights.get(edge.query * n + edge.key).filter(|w| drawn.rescaled && **w != 0.0);
        let number = match rescaled {
            Some(&w) => format!(", {}{}", decimals(w), fill(VIEWS.rescaled_from, &[&decimals(edge.weight)])),
            None => format!(", {}", decimals(edge.weight)),
        };
        let row = weights.get(edge.query * n..(edge.query + 1) * n).unwrap_or_default();
        let size = |k: usize| if row[k].is_finite() { row[k].abs() } else { 0.0 };
        let largest = (0..row.len()).max_by(|&a, &b| size(a).total_cmp(&size(b)));
        let rest = match largest.filter(|&k| verb == EN.looks_at && size(k) > edge.weight.abs()) {
            Some(k) if k == edge.query => fill(EN.most_on, &[EN.itself, &decimals(row[k])]),
            Some(k) => fill(EN.most_on, &[&tokens.shown(k), &decimals(row[k])]),
            None => String::new(),
        };
        let parts = [
            (name.as_str(), Face::Bold, text),
            (first.as_str(), Face::Mono, accent),
            (middle.as_str(), Face::Bold, text),
            (second.as_str(), Face::Mono, accent),
            (number.as_str(), Face::Bold, text),
        ];
        let end = paint::phrase(&painter, rect.left_center(), &parts, size::HEADING);
        let after = rect.left_center() + Vec2::new(end, 1.0);
        paint::phrase(&painter, after, &[(rest.as_str(), Face::Plain, muted)], size::BODY);
        format!("{name}{first}{middle}{second}{number}{rest}")
    } else {
        paint::phrase(&painter, rect.left_center(), &[(name.as_str(), Face::Bold, text)], size::HEADING);
        format!("{name}{}", EN.nothing_shown)
    };
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &spoken));
}

/// The query that looks at `key` most, special tokens and the key itself aside.
fn most_seen_by(whole: &Shown, key: usize) -> Option<Edge> {
    let n = whole.tokens.len();
    let queries = (0..n).filter(|&q| q != key && !whole.tokens.pieces[q].special);
    let edges = queries.filter_map(|query| Some(Edge { query, key, weight: *whole.weights.get(query * n + key)? }));
    edges.filter(|e| e.weight.is_finite()).max_by(|a, b| a.weight.abs().total_cmp(&b.weight.abs()))
}
