//! Comparisons as tables.

use super::Table;
use crate::analysis::compare::Comparison;
use crate::text::Tokens;

/// The divergence of every head, in the order of the model: `layer, head, js`. `head` is empty where what is compared has
/// no heads, `js` where no row can be compared.
pub fn divergences(found: &Comparison) -> Table {
    let places = || (0..found.js.len()).map(|i| (i / found.heads, i % found.heads));
    let table = Table::default().whole("layer", places().map(|p| p.0));
    let table = if found.of.has_heads() {
        table.whole("head", places().map(|p| p.1))
    } else {
        table.number("head", places().map(|_| f64::NAN))
    };
    table.number("js", found.js.iter().map(|js| js.unwrap_or(f64::NAN)))
}

/// The differences of one head that are not zero, row by row: `query, key, query_piece, key_piece, difference`.
/// `values` are row-major over the `tokens`.
pub fn differences(tokens: &Tokens, values: &[f32]) -> Table {
    let n = tokens.len().max(1);
    let there = || values.iter().enumerate().filter(|(_, d)| **d != 0.0 && **d != f32::NEG_INFINITY);
    let piece = |i: usize| tokens.pieces[i].piece.as_str();
    Table::default()
        .whole("query", there().map(|(i, _)| i / n))
        .whole("key", there().map(|(i, _)| i % n))
        .text("query_piece", there().map(|(i, _)| piece(i / n)))
        .text("key_piece", there().map(|(i, _)| piece(i % n)))
        .single("difference", there().map(|(_, d)| *d))
}
