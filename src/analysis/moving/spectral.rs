//! Where UMAP begins: the slowest waves over the graph of neighbours, which are the eigenvectors of its normalised
//! Laplacian with the smallest values (Belkin and Niyogi 2003; Ng, Jordan and Weiss 2002). Parts that no edge joins get
//! discs of their own, the largest in the middle.

use super::lanczos;
use super::noise;
use super::sparse::Sparse;
use crate::analysis::bootstrap::SplitMix;
use crate::error::Result;
use crate::trace::Control;
use rayon::prelude::*;

/// How exact the waves have to be: they are a start only.
const TOLERANCE: f64 = 1e-4;

/// Products with the graph after which the waves are taken as they are.
const MOST: usize = 1000;

/// The residual from which on they are no waves.
const ROUGH: f64 = 0.05;

/// Points that are worked on at once.
const BLOCK: usize = 1024;

/// A start.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Start<const D: usize> {
    /// Where the points are.
    pub places: Vec<[f32; D]>,
    /// How many parts the graph has.
    pub parts: usize,
    /// Points whose waves were not found, so that they begin at random.
    pub random: usize,
}

/// Lays the graph out by its waves.
pub(super) fn start<const D: usize>(graph: &Sparse, seed: u64, control: &Control) -> Result<Start<D>> {
    let mut random = SplitMix(seed);
    let parts = parts(graph);
    let mut start = Start { places: vec![[0.0; D]; graph.len()], parts: parts.len(), random: 0 };
    // Discs as large as their parts, one after the other on a spiral.
    let mut before = 0usize;
    for (turn, part) in parts.iter().enumerate() {
        control.check()?;
        let radius = |points: f32| points.powf(1.0 / D as f32);
        let away = if turn == 0 { 0.0 } else { 1.2 * radius(before as f32) + radius(part.len() as f32) };
        let centre = direction::<D>(turn).map(|x| away * x);
        let layout = waves::<D>(graph, part, control)?;
        if layout.is_none() && part.len() > 2 * D {
            start.random += part.len();
        }
        let scale = radius(part.len() as f32);
        for (at, &i) in part.iter().enumerate() {
            let own = layout.as_ref().map_or_else(|| std::array::from_fn(|_| noise::even(&mut random)), |all| all[at]);
            start.places[i as usize] = std::array::from_fn(|d| centre[d] + scale * own[d]);
        }
        before += part.len();
    }
    Ok(start)
}

/// Directions one after the other that keep away from each other: turns by the golden angle.
fn direction<const D: usize>(turn: usize) -> [f32; D] {
    let angle = turn as f32 * std::f32::consts::PI * (3.0 - 5f32.sqrt());
    // In space also up and down, by a sequence that fills evenly.
    let height = if D > 2 { 1.0 - 2.0 * (turn as f32 * 0.618_034).fract() } else { 0.0 };
    let across = (1.0 - height * height).sqrt();
    std::array::from_fn(|d| [across * angle.cos(), across * angle.sin(), height][d.min(2)])
}

/// The points that edges join, part by part, the largest first (of equals the one with the first point).
fn parts(graph: &Sparse) -> Vec<Vec<u32>> {
    let mut seen = vec![false; graph.len()];
    let mut parts: Vec<Vec<u32>> = Vec::new();
    for i in 0..graph.len() {
        if std::mem::replace(&mut seen[i], true) {
            continue;
        }
        let mut part = vec![i as u32];
        let mut at = 0;
        while at < part.len() {
            for &j in graph.row(part[at] as usize).0 {
                if !std::mem::replace(&mut seen[j as usize], true) {
                    part.push(j);
                }
            }
            at += 1;
        }
        part.sort_unstable();
        parts.push(part);
    }
    parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
    parts
}

/// The first waves of a part, each from -1 to 1; `None` where it is too small for any or they were not found.
fn waves<const D: usize>(graph: &Sparse, part: &[u32], control: &Control) -> Result<Option<Vec<[f32; D]>>> {
    if part.len() <= 2 * D {
        return Ok(None);
    }
    let mut own = vec![u32::MAX; graph.len()];
    part.iter().enumerate().for_each(|(at, &i)| own[i as usize] = at as u32);
    let degree = |i: u32| graph.row(i as usize).1.iter().sum::<f32>();
    let roots: Vec<f32> = part.par_iter().map(|&i| degree(i).sqrt()).collect();
    // The weights over the roots of both degrees, row by row.
    let mut starts = vec![0usize];
    starts.extend(part.iter().scan(0, |end, &i| {
        *end += graph.row(i as usize).0.len();
        Some(*end)
    }));
    let row = |at: usize| {
        let (places, weights) = graph.row(part[at] as usize);
        let (own, roots) = (&own, &roots);
        places.iter().zip(weights).map(move |(&j, &w)| {
            let j = own[j as usize];
            (j, w / (roots[at] * roots[j as usize]))
        })
    };
    let cells: Vec<(u32, f32)> = (0..part.len()).into_par_iter().flat_map_iter(row).collect();
    let multiply = |x: &[f32], y: &mut [f32]| {
        y.par_chunks_mut(BLOCK).enumerate().for_each(|(block, y)| {
            for (at, y) in y.iter_mut().enumerate() {
                let i = block * BLOCK + at;
                *y = cells[starts[i]..starts[i + 1]].iter().map(|&(j, w)| w * x[j as usize]).sum();
            }
        });
    };
    // The wave that goes nowhere is known: the roots of the degrees.
    let length = roots.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
    let level: Vec<f32> = roots.iter().map(|x| (f64::from(*x) / length) as f32).collect();
    let found = lanczos::largest(multiply, &[level], part.len(), D, (TOLERANCE, MOST), control)?;
    let most: Vec<f32> = found.vectors.iter().map(|v| v.iter().fold(0f32, |most, x| most.max(x.abs()))).collect();
    if found.residual.is_nan() || found.residual > ROUGH || most.len() < D || !most.iter().all(|m| *m > 0.0) {
        return Ok(None);
    }
    let place = |i: usize| std::array::from_fn(|d| found.vectors[d][i] / most[d]);
    Ok(Some((0..part.len()).map(place).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A path of points, with another apart and one alone.
    fn paths(lengths: &[usize]) -> Sparse {
        let n: usize = lengths.iter().sum();
        let (mut places, mut weights) = (Vec::new(), Vec::new());
        for &length in lengths {
            let first = places.len() / 2;
            for i in 0..length {
                let here = first + i;
                let next = |there: bool, other: usize| if there { (other as u32, 1.0) } else { (here as u32, 0.0) };
                let both = [next(i > 0, here.wrapping_sub(1)), next(i + 1 < length, here + 1)];
                for (place, weight) in both {
                    places.push(place);
                    weights.push(weight);
                }
            }
        }
        Sparse::joined(n, &places, &weights, f32::max, &Control::default()).expect("not stopped")
    }

    #[test]
    fn a_path_is_laid_out_along_its_wave() {
        let start = start::<2>(&paths(&[60]), 1, &Control::default()).expect("not stopped");
        assert_eq!((start.parts, start.random), (1, 0));
        let first: Vec<f32> = start.places.iter().map(|p| p[0]).collect();
        let rises = first.windows(2).skip(1).take(57).filter(|w| w[1] > w[0]).count();
        assert!(rises == 0 || rises == 57, "{first:?}");
    }

    #[test]
    fn parts_lie_apart() {
        let graph = paths(&[3, 40, 1, 20]);
        assert_eq!(parts(&graph).iter().map(Vec::len).collect::<Vec<_>>(), [40, 20, 3, 1]);
        let flat = start::<2>(&graph, 1, &Control::default()).expect("not stopped");
        assert_eq!((flat.parts, flat.random), (4, 0));
        let centre = |range: std::ops::Range<usize>| {
            let count = range.len() as f32;
            flat.places[range].iter().fold([0.0; 2], |sum, p| [sum[0] + p[0] / count, sum[1] + p[1] / count])
        };
        let (large, small) = (centre(3..43), centre(44..64));
        assert!((large[0] - small[0]).hypot(large[1] - small[1]) > 40f32.sqrt());
        let deep = start::<3>(&graph, 1, &Control::default()).expect("not stopped");
        assert!(deep.places.as_flattened().iter().all(|x| x.is_finite()));
    }
}
