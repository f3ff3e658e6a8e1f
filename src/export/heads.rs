//! Tables of heads: measures, relations, evidence.

use super::Table;
use crate::analysis::evidence::Found;
use crate::analysis::heads;
use crate::analysis::measures::Measure;
use crate::analysis::relations::Earned;

/// Every head with its measures: `layer, head`, the measures up to `sink_share`, `label`; then what a label that is a
/// relation is earned by, `label_lift`, `label_p` and `label_n` (lift, chance and pairs of words on held-out sentences),
/// `n` (rows of attention of a text, sentences of a corpus), `punctuation` and `evenness`; then for each measure how many rows or sentences have it
/// (`entropy_n`, ...) and, over a corpus, where it lies with 95 % confidence (`entropy_low`, `entropy_high`, ...). A
/// measure that nothing shows is an empty field.
pub fn measures(table: &heads::Table) -> Table {
    let rows = || table.rows.iter();
    let measure = |out: Table, m: Measure| out.number(m.name(), rows().map(|r| r.measures.values[m as usize]));
    let (named, more) = Measure::ALL.split_at(Measure::SinkShare as usize + 1);
    let out = Table::default().whole("layer", rows().map(|r| r.layer)).whole("head", rows().map(|r| r.head));
    let out = named.iter().fold(out, |out, &m| measure(out, m));
    let out = out.text("label", rows().map(|r| r.label.as_str()));
    let earned = |of: fn(&Earned) -> f64| rows().map(move |r| r.earned.as_ref().map_or(f64::NAN, of));
    let out = out.number("label_lift", earned(|e| e.lift)).number("label_p", earned(|e| e.chance));
    let out = out.number("label_n", earned(|e| f64::from(e.n))).whole("n", rows().map(|_| table.n));
    let out = more.iter().fold(out, |out, &m| measure(out, m));
    Measure::ALL.iter().fold(out, |out, &m| {
        let out = out.whole(format!("{}_n", m.name()), rows().map(|r| r.measures.count(m)));
        if !table.is_corpus {
            return out;
        }
        let low = rows().map(|r| r.interval(m).map_or(f64::NAN, |i| i.low));
        let high = rows().map(|r| r.interval(m).map_or(f64::NAN, |i| i.high));
        out.number(format!("{}_low", m.name()), low).number(format!("{}_high", m.name()), high)
    })
}

/// Every head with every dependency relation in both directions: `layer, head, relation, direction, accuracy,
/// baseline_offset, baseline, lift, n, low, high`. Offsets are in words; `low` and `high` are where the lift lies.
pub fn relations(table: &heads::Table) -> Table {
    // By head, in which order everything else is.
    let mut lifts: Vec<_> = table.lifts.iter().collect();
    lifts.sort_by_key(|lift| lift.head);
    let lifts = || lifts.iter();
    Table::default()
        .whole("layer", lifts().map(|l| table.rows[l.head].layer))
        .whole("head", lifts().map(|l| table.rows[l.head].head))
        .text("relation", lifts().map(|l| table.relations[l.relation].as_str()))
        .text("direction", lifts().map(|l| l.direction.name()))
        .number("accuracy", lifts().map(|l| l.accuracy))
        .whole("baseline_offset", lifts().map(|l| l.offset))
        .number("baseline", lifts().map(|l| l.baseline))
        .number("lift", lifts().map(|l| l.lift))
        .whole("n", lifts().map(|l| l.n))
        .number("low", lifts().map(|l| l.interval.map_or(f64::NAN, |i| i.low)))
        .number("high", lifts().map(|l| l.interval.map_or(f64::NAN, |i| i.high)))
}

/// The strongest edges of heads and random ones: `layer, head, kind, rank, line, query, key, query_piece,
/// key_piece, offset, weight, text`. `heads` are rows of the table; `lines` are the lines of the file in which sentences
/// begin, counted from 1.
pub fn evidence(table: &heads::Table, heads: &[usize], lines: &[usize]) -> Table {
    let mut all: Vec<(usize, &str, usize, Found)> = Vec::new();
    for &head in heads {
        let examples = table.evidence.of(head);
        for (kind, list) in [("strongest", examples.strongest), ("random", examples.random)] {
            all.extend(list.into_iter().enumerate().map(|(rank, found)| (head, kind, rank + 1, found)));
        }
    }
    let all = || all.iter();
    let piece = |found: &Found, i: usize| found.tokens.pieces[i].piece.clone();
    Table::default()
        .whole("layer", all().map(|(head, ..)| table.rows[*head].layer))
        .whole("head", all().map(|(head, ..)| table.rows[*head].head))
        .text("kind", all().map(|(_, kind, ..)| *kind))
        .whole("rank", all().map(|(_, _, rank, _)| *rank))
        .whole("line", all().map(|(.., found)| lines.get(found.sentence).copied().unwrap_or(1)))
        .whole("query", all().map(|(.., found)| found.query))
        .whole("key", all().map(|(.., found)| found.key))
        .text("query_piece", all().map(|(.., found)| piece(found, found.query)))
        .text("key_piece", all().map(|(.., found)| piece(found, found.key)))
        .whole("offset", all().map(|(.., found)| found.offset() as i64))
        .single("weight", all().map(|(.., found)| found.weight))
        .text("text", all().map(|(.., found)| found.tokens.texts.first().map_or("", |text| text)))
}
