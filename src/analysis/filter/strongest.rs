//! The largest of very many values: what a picture has room for.

use super::Shown;
use super::threshold::size;
use crate::analysis::attention::Edge;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

/// Size, head, query and key: the first of the order is the largest, of equal ones the earlier.
type Found = (std::cmp::Reverse<u32>, usize, usize, usize);

/// Of several heads the `most` largest values that pass, head by head; of equal ones the earlier.
pub fn strongest(heads: &[&Shown], most: usize) -> Vec<Vec<Edge>> {
    if heads.iter().map(|head| head.count).sum::<usize>() <= most {
        let all = |head: &&Shown| (0..head.tokens.len()).flat_map(|query| head.edges_of(query)).collect();
        return heads.iter().map(all).collect();
    }
    let cut = |found: &mut Vec<Found>| {
        found.select_nth_unstable(most - 1);
        found.truncate(most);
        found[most - 1].0.0
    };
    // What is smaller than so many values of any part is among the largest of none.
    let floor = AtomicU32::new(0);
    let of_rows = |(place, queries): (usize, Range<usize>)| {
        let head = heads[place];
        let mut found: Vec<Found> = Vec::with_capacity(2 * most);
        for query in queries {
            let mut weakest = floor.load(Ordering::Relaxed);
            let row = &head.weights[query * head.tokens.len()..][..head.tokens.len()];
            for (key, &w) in row.iter().enumerate() {
                let bits = size(w).to_bits();
                if bits >= weakest && head.cuts[query].has(key, w) {
                    found.push((std::cmp::Reverse(bits), place, query, key));
                    if found.len() == 2 * most {
                        let least = cut(&mut found);
                        weakest = floor.fetch_max(least, Ordering::Relaxed).max(least);
                    }
                }
            }
        }
        found
    };
    let parts = heads.iter().enumerate().flat_map(|(place, head)| {
        let n = head.tokens.len();
        (0..n).step_by(128).map(move |start| (place, start..(start + 128).min(n)))
    });
    let mut found: Vec<Found> = parts.collect::<Vec<_>>().into_par_iter().flat_map_iter(of_rows).collect();
    cut(&mut found);
    found.sort_unstable_by_key(|&(_, place, query, key)| (place, query, key));
    let of = |place: usize| found.iter().filter(move |f| f.1 == place).filter_map(move |f| heads[place].edge(f.2, f.3));
    (0..heads.len()).map(|place| of(place).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Filter, Threshold, show};
    use super::*;
    use crate::analysis::meaning::Meaning;
    use crate::text::{Piece, Tokens};

    #[test]
    fn of_very_many_values_the_strongest_are_those_of_a_sort() {
        let n = 60;
        let piece = || Piece {
            piece: "x".into(),
            id: 0,
            start: 0,
            end: 0,
            text: 0,
            segment: 0,
            special: false,
            word: None,
            unknown: false,
        };
        let tokens = Tokens { texts: vec!["".into()], pieces: (0..n).map(|_| piece()).collect(), dropped: 0 };
        // Many ties, both signs.
        let value = |i: usize| ((i * 7919) % 97) as f32 / 97.0 - 0.3;
        let head = |offset: usize| -> Vec<f32> { (0..n * n).map(|i| value(i + offset)).collect() };
        let heads = [0, 41].map(|offset| {
            show(
                &tokens,
                &head(offset),
                Meaning::Scores,
                &Filter { threshold: Threshold::Mass(0.9), ..Filter::nothing() },
            )
        });
        let all: Vec<(usize, Edge)> =
            heads.iter().enumerate().flat_map(|(h, s)| s.edges().map(move |e| (h, e))).collect();
        assert_eq!(all.len(), heads.iter().map(|h| h.count).sum::<usize>());
        for most in [1, 7, 500, all.len(), all.len() + 1] {
            let mut wanted = all.clone();
            wanted.sort_by(|a, b| b.1.weight.abs().total_cmp(&a.1.weight.abs()));
            wanted.truncate(most);
            wanted.sort_by_key(|(h, e)| (*h, e.query, e.key));
            let found = strongest(&heads.each_ref(), most);
            let found: Vec<(usize, Edge)> =
                found.into_iter().enumerate().flat_map(|(h, edges)| edges.into_iter().map(move |e| (h, e))).collect();
            assert_eq!(found, wanted, "{most}");
        }
        let of = |focus: &dyn Fn(&Edge) -> bool| heads[1].edges().filter(|e| focus(e)).collect::<Vec<_>>();
        let sorted = |mut edges: Vec<Edge>| {
            edges.sort_by_key(|e| (e.query, e.key));
            edges
        };
        assert_eq!(heads[1].edges_of(3).collect::<Vec<_>>(), sorted(of(&|e| e.query == 3)));
        assert_eq!(heads[1].edges_to(3).collect::<Vec<_>>(), sorted(of(&|e| e.key == 3)));
    }
}
