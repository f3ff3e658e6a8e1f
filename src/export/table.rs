//! Attention as a table: one weight per row, for spreadsheets and data frames.

use crate::engine::Run;
use crate::trace::Site;
use std::borrow::Cow;
use std::io::{self, Write};

/// Writes CSV with the columns `layer,head,query,key,query_piece,key_piece,value`: every weight of every head, in
/// that order. Layers, heads and token positions count from 0; pieces are as the vocabulary writes them, quoted as
/// RFC 4180 says; the value is the shortest decimal that reads back as the same `f32`.
pub fn attention(run: &Run, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "layer,head,query,key,query_piece,key_piece,value")?;
    let pieces: Vec<Cow<'_, str>> = run.tokens.pieces.iter().map(|p| quoted(&p.piece)).collect();
    let n = pieces.len();
    for layer in 0..run.card.layers {
        let heads = run.arrays.get(&run.at(layer, Site::Probs)).map_or(0, |probs| probs.len_of("head"));
        for head in 0..heads {
            for (query, row) in run.head(layer, head).chunks_exact(n.max(1)).enumerate() {
                for (key, value) in row.iter().enumerate() {
                    let (q, k) = (&pieces[query], &pieces[key]);
                    writeln!(out, "{layer},{head},{query},{key},{q},{k},{value:?}")?;
                }
            }
        }
    }
    Ok(())
}

/// A field as RFC 4180 writes it: in quotes where it holds a comma, a quote or a line break.
fn quoted(field: &str) -> Cow<'_, str> {
    if field.contains([',', '"', '\n', '\r']) {
        Cow::Owned(format!("\"{}\"", field.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        for (plain, written) in [("door", "door"), (",", "\",\""), ("\"", "\"\"\"\""), ("a\nb", "\"a\nb\""), ("", "")] {
            assert_eq!(quoted(plain), written);
        }
    }
}
