//! Clusters by k-means: Lloyd 1982, begun by k-means++ (Arthur and Vassilvitskii 2007) with the better of several
//! candidates for each centre, as they advise.
//!
//! Squared distances are sums of products, which are computed block by block in single precision about the mean of the
//! rows; sums, and the distance of each row from its own centre, are in double precision. The work is cut into the same
//! parts on any number of threads, so that the same seed gives the same clusters everywhere.

use super::neighbours::{Index, Lengths, Metric};
use super::vector;
use crate::analysis::bootstrap::SplitMix;
use crate::error::{Error, Result};
use crate::rows::Rows;
use crate::trace::Control;
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par};
use rayon::prelude::*;

/// The cluster of a row that has none: it is not finite or, where directions count, has none.
pub const NONE: u32 = u32::MAX;

/// Into how many parts the work is cut.
const PARTS: usize = 64;
/// Rows that are multiplied at once.
const BLOCK: usize = 512;
/// Rows of a cluster that are tried for its label, at least and at most.
const TRIED: (usize, usize) = (64, 2_000);

/// How clusters are found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KMeans {
    /// How many.
    pub k: usize,
    /// Whether each row is scaled to length 1 first, so that near means by angle.
    pub unit: bool,
    /// Where the drawing of the first centres begins.
    pub seed: u64,
    /// Steps at most.
    pub most: usize,
    /// It ends where centres move no further than this, squared and in parts of the mean variance of the dimensions; at
    /// 0, where no row changes its cluster.
    pub tolerance: f64,
}

impl Default for KMeans {
    fn default() -> Self {
        Self { k: 12, unit: true, seed: 0, most: 300, tolerance: 1e-4 }
    }
}

/// Rows in clusters.
#[derive(Debug, Clone, PartialEq)]
pub struct Clusters {
    /// The centres, `[cluster, dimension]`: fewer than asked for where there are fewer different rows.
    pub centres: Rows,
    /// The cluster of each row, or [`NONE`].
    pub of: Vec<u32>,
    /// Rows of each cluster.
    pub counts: Vec<usize>,
    /// The sum of the squared distances of rows from their centres.
    pub inertia: f64,
    /// How many times centres were moved.
    pub steps: usize,
}

impl KMeans {
    /// The clusters of rows. An error where no row has a place.
    pub fn of(self, rows: &Rows, control: &Control) -> Result<Clusters> {
        let rows = Prepared::new(rows, self.unit)?;
        let start = self.begin(&rows, control)?;
        self.lloyd(&rows, start, control)
    }

    /// The same from these first centres, `[cluster, dimension]`; `k` and `seed` are of no effect.
    pub fn of_start(self, rows: &Rows, start: &Rows, control: &Control) -> Result<Clusters> {
        let rows = Prepared::new(rows, self.unit)?;
        if start.is_empty() || start.width() != rows.width() {
            let (has, needs) = (start.width(), rows.width());
            return Err(Error::input(format!("{} centres of width {has} for rows of width {needs}", start.len())));
        }
        let less = |centre: &[f32]| centre.iter().zip(&rows.origin).map(|(c, o)| f64::from(*c) - o).collect();
        self.lloyd(&rows, start.iter().map(less).collect(), control)
    }

    /// The first centres, less the origin: each drawn with a chance that goes with its squared distance from those before.
    fn begin(self, rows: &Prepared<'_>, control: &Control) -> Result<Vec<Vec<f64>>> {
        let mut random = SplitMix(self.seed);
        let trials = 2 + (self.k.max(1) as f64).ln() as usize;
        let mut room = vec![0f32; rows.width()];
        let mut centre = |i: usize| -> Vec<f32> {
            rows.copy(i, &mut room);
            room.clone()
        };
        let first = rows.placed[random.below(rows.placed.len())];
        let mut centres = vec![centre(first)];
        let (mut nearest, mut potential) = {
            let mut found = rows.squares(&centres, None, control)?;
            found.pop().ok_or_else(|| Error::input("there are no vectors"))?
        };
        while centres.len() < self.k {
            control.report("Drawing centres", centres.len() as u64, self.k as u64);
            if potential <= 0.0 {
                break;
            }
            let drawn: Vec<Vec<f32>> = (0..trials)
                .map(|_| {
                    let aim = (random.bits() >> 11) as f64 / (1u64 << 53) as f64 * potential;
                    let mut sum = 0.0;
                    let reaches = |square: &f32| {
                        sum += f64::from(*square);
                        *square > 0.0 && sum > aim
                    };
                    let last = || nearest.iter().rposition(|square| *square > 0.0).unwrap_or(first);
                    centre(nearest.iter().position(reaches).unwrap_or_else(last))
                })
                .collect();
            let tried = rows.squares(&drawn, Some(&nearest), control)?;
            let best = tried.into_iter().zip(drawn).min_by(|a, b| a.0.1.total_cmp(&b.0.1));
            let Some(((squares, left), chosen)) = best else { break };
            (nearest, potential) = (squares, left);
            centres.push(chosen);
        }
        Ok(centres.into_iter().map(|centre| centre.into_iter().map(f64::from).collect()).collect())
    }

    /// Moves centres to the middle of their rows until nothing changes.
    fn lloyd(self, rows: &Prepared<'_>, mut centres: Vec<Vec<f64>>, control: &Control) -> Result<Clusters> {
        let enough = self.tolerance * rows.variance();
        let (mut of, mut squares) = (vec![NONE; rows.rows.len()], vec![0f32; rows.rows.len()]);
        let mut steps = 0;
        let mut is_near = false;
        loop {
            control.report("Finding clusters", steps as u64, self.most as u64);
            let mut found = rows.assign(&centres, &mut of, &mut squares, control)?;
            if found.changed == 0 || is_near || steps >= self.most {
                let values = centres.iter().flat_map(|c| c.iter().zip(&rows.origin).map(|(c, o)| (c + o) as f32));
                return Ok(Clusters {
                    centres: Rows::new(values.collect(), rows.width())?,
                    of,
                    counts: found.counts,
                    inertia: found.inertia,
                    steps,
                });
            }
            rows.fill_empty(&mut found, &of, &squares);
            let mut shift = 0.0;
            for ((centre, sums), &count) in
                centres.iter_mut().zip(found.sums.chunks_exact(rows.width())).zip(&found.counts)
            {
                for (c, sum) in centre.iter_mut().zip(sums) {
                    let next = if count > 0 { sum / count as f64 } else { *c };
                    shift += (next - *c).powi(2);
                    *c = next;
                }
            }
            steps += 1;
            is_near = self.tolerance > 0.0 && shift <= enough;
        }
    }
}

impl Clusters {
    /// How many clusters there are.
    pub fn len(&self) -> usize {
        self.centres.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.centres.is_empty()
    }

    /// The cluster of a row.
    pub fn cluster(&self, row: usize) -> Option<usize> {
        self.of.get(row).filter(|c| **c != NONE).map(|c| *c as usize)
    }

    /// The `count` rows that say best what each cluster is about, the best first: of the more frequent quarter of its rows
    /// (in files of embeddings the first ones, here 64 at least and 2,000 at most) those whose cosine to its centre is
    /// large, and larger than that to any other centre.
    pub fn typical(&self, rows: &Rows, count: usize, control: &Control) -> Result<Vec<Vec<usize>>> {
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); self.len()];
        for (row, cluster) in self.of.iter().enumerate().filter(|(_, c)| **c != NONE) {
            let (cluster, members) = (*cluster as usize, &mut members[*cluster as usize]);
            let tried = (self.counts[cluster] / 4).clamp(TRIED.0, TRIED.1);
            if members.len() < tried {
                members.push(row);
            }
        }
        let score = |row: usize, own: usize| {
            let to = |cluster: usize| vector::cosine(rows.row(row), self.centres.row(cluster));
            let others = (0..self.len()).filter(|c| *c != own).map(to).fold(f64::NEG_INFINITY, f64::max);
            // What there is no other centre to be told from is only near its own.
            let (own, others) = (to(own), if others.is_finite() { others } else { 0.0 });
            own + (own - others)
        };
        let of_cluster = |(cluster, members): (usize, Vec<usize>)| {
            control.check()?;
            let mut scored: Vec<(f64, usize)> =
                members.into_iter().map(|row| (score(row, cluster), row)).filter(|(s, _)| !s.is_nan()).collect();
            scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            Ok(scored.into_iter().take(count).map(|(_, row)| row).collect())
        };
        members.into_par_iter().enumerate().map(of_cluster).collect()
    }
}

/// Rows as clusters see them: scaled, and less an origin.
struct Prepared<'a> {
    rows: &'a Rows,
    /// What a row is multiplied by; NaN for one without a place.
    factors: Vec<f32>,
    /// Rows that have a place.
    placed: Vec<usize>,
    /// The mean of the scaled rows.
    origin: Vec<f64>,
}

/// What came of looking at all rows.
struct Found {
    /// Sums of the rows of each cluster, `[cluster, dimension]`.
    sums: Vec<f64>,
    counts: Vec<usize>,
    inertia: f64,
    changed: usize,
}

impl<'a> Prepared<'a> {
    fn new(rows: &'a Rows, unit: bool) -> Result<Self> {
        let lengths = Lengths::of(rows);
        let index = Index::with(rows, if unit { Metric::Cosine } else { Metric::Euclidean }, lengths.clone());
        let factor = |(i, length): (usize, &f32)| match (index.is_placed(i), unit) {
            (false, _) => f32::NAN,
            (true, true) => 1.0 / length,
            (true, false) => 1.0,
        };
        let factors: Vec<f32> = lengths.values().iter().enumerate().map(factor).collect();
        let placed: Vec<usize> = (0..rows.len()).filter(|&i| !factors[i].is_nan()).collect();
        if placed.is_empty() {
            return Err(Error::input("no vector has a place: there is nothing to find clusters of"));
        }
        let mut origin = vec![0f64; rows.width()];
        for &i in &placed {
            origin.iter_mut().zip(rows.row(i)).for_each(|(sum, x)| *sum += f64::from(x * factors[i]));
        }
        for sum in &mut origin {
            *sum /= placed.len() as f64;
        }
        Ok(Self { rows, factors, placed, origin })
    }

    fn width(&self) -> usize {
        self.rows.width()
    }

    /// The mean variance of the dimensions.
    fn variance(&self) -> f64 {
        let square = |i: &usize| -> f64 {
            let values = self.rows.row(*i).iter().zip(&self.origin);
            values.map(|(x, o)| (f64::from(x * self.factors[*i]) - o).powi(2)).sum()
        };
        let sum: f64 = self
            .placed
            .par_chunks(BLOCK)
            .map(|part| part.iter().map(square).sum::<f64>())
            .collect::<Vec<_>>()
            .iter()
            .sum();
        sum / (self.placed.len() * self.width()) as f64
    }

    /// A row as it is seen.
    fn copy(&self, i: usize, to: &mut [f32]) {
        let factor = self.factors[i];
        for ((to, x), o) in to.iter_mut().zip(self.rows.row(i)).zip(&self.origin) {
            *to = x * factor - *o as f32;
        }
    }

    /// Rows of a part.
    fn part(&self) -> usize {
        self.rows.len().div_ceil(PARTS).max(BLOCK)
    }

    /// For each of some centres the squared distance of every row, or that of `before` where it is less (0 where a row has
    /// no place), and the sum of all.
    fn squares(&self, centres: &[Vec<f32>], before: Option<&[f32]>, control: &Control) -> Result<Vec<(Vec<f32>, f64)>> {
        let own: Vec<f32> = centres.iter().map(|c| vector::dot(c, c)).collect();
        let matrix = Mat::from_fn(self.width(), centres.len(), |i, j| centres[j][i]);
        let starts: Vec<usize> = (0..self.rows.len()).step_by(self.part()).collect();
        let of_part = |&start: &usize| {
            let end = (start + self.part()).min(self.rows.len());
            let mut found = vec![Vec::with_capacity(end - start); centres.len()];
            self.products(start..end, matrix.as_ref(), control, |i, row, products| {
                let square = vector::dot(row, row);
                for ((found, product), own) in found.iter_mut().zip(products).zip(&own) {
                    let far = (square - 2.0 * product + own).max(0.0);
                    let far = if self.factors[i].is_nan() { 0.0 } else { far };
                    found.push(before.map_or(far, |before| far.min(before[i])));
                }
            })?;
            Ok(found)
        };
        let parts: Vec<Vec<Vec<f32>>> = starts.par_iter().map(of_part).collect::<Result<_>>()?;
        let of_centre = |j: usize| {
            let all: Vec<f32> = parts.iter().flat_map(|part| &part[j]).copied().collect();
            let sum = all.iter().map(|x| f64::from(*x)).sum();
            (all, sum)
        };
        Ok((0..centres.len()).map(of_centre).collect())
    }

    /// Multiplies a range of rows by a matrix `[dimension, centre]`; `see` is told of each row its number, what it is, and
    /// its products.
    fn products(
        &self,
        range: std::ops::Range<usize>,
        matrix: MatRef<'_, f32>,
        control: &Control,
        mut see: impl FnMut(usize, &[f32], &[f32]),
    ) -> Result<()> {
        let (width, wide) = (self.width(), matrix.ncols());
        let (mut room, mut products) = (vec![0f32; BLOCK * width], vec![0f32; BLOCK * wide]);
        for start in range.clone().step_by(BLOCK) {
            control.check()?;
            let count = (range.end - start).min(BLOCK);
            let room = &mut room[..count * width];
            for (row, to) in room.chunks_exact_mut(width).enumerate() {
                if self.factors[start + row].is_nan() {
                    to.fill(0.0);
                } else {
                    self.copy(start + row, to);
                }
            }
            let products = &mut products[..count * wide];
            let left = MatRef::from_row_major_slice(room, count, width);
            let into = MatMut::from_row_major_slice_mut(products, count, wide);
            matmul(into, Accum::Replace, left, matrix, 1.0, Par::Seq);
            for (i, (row, products)) in room.chunks_exact(width).zip(products.chunks_exact(wide)).enumerate() {
                see(start + i, row, products);
            }
        }
        Ok(())
    }

    /// Gives every row to the nearest centre, the first of equally near ones.
    fn assign(&self, centres: &[Vec<f64>], of: &mut [u32], squares: &mut [f32], control: &Control) -> Result<Found> {
        let (width, k) = (self.width(), centres.len());
        let own: Vec<f32> = centres.iter().map(|c| c.iter().map(|x| x * x).sum::<f64>() as f32).collect();
        let matrix = Mat::from_fn(width, k, |i, j| centres[j][i] as f32);
        let part = self.part();
        let of_part = |(p, (of, squares)): (usize, (&mut [u32], &mut [f32]))| -> Result<Found> {
            let start = p * part;
            let mut found = Found { sums: vec![0.0; k * width], counts: vec![0; k], inertia: 0.0, changed: 0 };
            self.products(start..start + of.len(), matrix.as_ref(), control, |i, row, products| {
                if self.factors[i].is_nan() {
                    return;
                }
                let mut best = (f32::INFINITY, 0);
                for (j, (product, own)) in products.iter().zip(&own).enumerate() {
                    let far = own - 2.0 * product;
                    if far < best.0 {
                        best = (far, j);
                    }
                }
                let cluster = best.1;
                found.changed += usize::from(std::mem::replace(&mut of[i - start], cluster as u32) != cluster as u32);
                found.counts[cluster] += 1;
                let sums = &mut found.sums[cluster * width..][..width];
                let mut square = 0.0;
                for ((sum, x), c) in sums.iter_mut().zip(row).zip(&centres[cluster]) {
                    let x = f64::from(*x);
                    *sum += x;
                    square += (x - c) * (x - c);
                }
                squares[i - start] = square as f32;
                found.inertia += square;
            })?;
            Ok(found)
        };
        let parts = of.par_chunks_mut(part).zip(squares.par_chunks_mut(part)).enumerate();
        let parts: Vec<Found> = parts.map(of_part).collect::<Result<_>>()?;
        let mut all = Found { sums: vec![0.0; k * width], counts: vec![0; k], inertia: 0.0, changed: 0 };
        for part in parts {
            all.sums.iter_mut().zip(part.sums).for_each(|(all, x)| *all += x);
            all.counts.iter_mut().zip(part.counts).for_each(|(all, x)| *all += x);
            all.inertia += part.inertia;
            all.changed += part.changed;
        }
        Ok(all)
    }

    /// A centre without rows goes where a row is farthest from its own, which leaves that cluster.
    fn fill_empty(&self, found: &mut Found, of: &[u32], squares: &[f32]) {
        let empty: Vec<usize> = (0..found.counts.len()).filter(|&c| found.counts[c] == 0).collect();
        if empty.is_empty() {
            return;
        }
        let mut far = self.placed.clone();
        far.sort_by(|a, b| squares[*b].total_cmp(&squares[*a]).then(a.cmp(b)));
        let mut row = vec![0f32; self.width()];
        for (cluster, i) in empty.into_iter().zip(far) {
            let from = of[i] as usize;
            if found.counts[from] < 2 {
                continue;
            }
            self.copy(i, &mut row);
            let width = self.width();
            for (k, x) in row.iter().enumerate() {
                found.sums[from * width + k] -= f64::from(*x);
                found.sums[cluster * width + k] = f64::from(*x);
            }
            found.counts[from] -= 1;
            found.counts[cluster] = 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four clumps of unlike size about the corners of a square, with a row that is no number and one of zeros.
    fn clumps() -> Rows {
        let mut random = SplitMix(7);
        let mut values = Vec::new();
        for i in 0..900 {
            let corner = [[9.0, 1.0], [1.0, 9.0], [9.0, 9.0], [-4.0, 3.0]][i % 7 % 4];
            let noise = |random: &mut SplitMix| (random.below(1000) as f32 / 1000.0 - 0.5) * 1.5;
            values.extend(corner.map(|c| c + noise(&mut random)));
        }
        values.extend([f32::NAN, 1.0, 0.0, 0.0]);
        Rows::new(values, 2).expect("whole rows")
    }

    fn find(k: usize, unit: bool, seed: u64) -> Clusters {
        let asked = KMeans { k, unit, seed, tolerance: 0.0, ..KMeans::default() };
        asked.of(&clumps(), &Control::default()).expect("clusters")
    }

    #[test]
    fn each_row_is_with_its_nearest_centre_and_each_centre_in_the_middle_of_its_rows() {
        let rows = clumps();
        for (k, unit) in [(4, false), (7, false), (3, true), (1, false)] {
            let found = find(k, unit, 3);
            assert_eq!(found.len(), k);
            let seen = |i: usize| -> Vec<f64> {
                let length = if unit { vector::length(rows.row(i)) } else { 1.0 };
                rows.row(i).iter().map(|x| f64::from(*x) / length).collect()
            };
            let far = |i: usize, c: usize| -> f64 {
                seen(i).iter().zip(found.centres.row(c)).map(|(x, c)| (x - f64::from(*c)).powi(2)).sum()
            };
            let mut inertia = 0.0;
            for i in 0..900 {
                let own = far(i, found.cluster(i).expect("it has a place"));
                inertia += own;
                assert!((0..k).all(|c| own <= far(i, c) + 1e-4), "{k} {unit} {i}");
            }
            for c in 0..k {
                let members: Vec<usize> = (0..900).filter(|&i| found.cluster(i) == Some(c)).collect();
                assert!(!members.is_empty() && found.counts[c] >= members.len());
                if unit {
                    continue;
                }
                let zero = usize::from(found.cluster(901) == Some(c)) as f64;
                for axis in 0..2 {
                    let mean: f64 = members.iter().map(|&i| seen(i)[axis]).sum::<f64>() / (members.len() as f64 + zero);
                    assert!((mean - f64::from(found.centres.row(c)[axis])).abs() < 1e-4, "{k} {c}");
                }
            }
            let zero = found.cluster(901).map_or(0.0, |c| far(901, c));
            assert_eq!((found.cluster(900), found.cluster(901).is_none()), (None, unit));
            assert!((found.inertia - inertia - zero).abs() < 1e-3 * (inertia + 1.0), "{} {inertia}", found.inertia);
        }
    }

    #[test]
    fn clumps_are_found_whatever_the_seed_and_the_same_seed_finds_the_same() {
        let wanted = find(4, false, 0);
        for seed in 1..6 {
            let found = find(4, false, seed);
            assert!((found.inertia / wanted.inertia - 1.0).abs() < 1e-3, "{seed}: {}", found.inertia);
        }
        assert_eq!(wanted, find(4, false, 0));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
        assert_eq!(wanted, pool.install(|| find(4, false, 0)));
    }

    #[test]
    fn little_is_no_trouble() {
        let control = Control::default();
        let equal = Rows::new(vec![2.0; 40], 2).expect("twenty rows");
        let found = KMeans { unit: false, ..KMeans::default() }.of(&equal, &control).expect("one cluster");
        assert_eq!((found.len(), found.inertia, found.counts), (1, 0.0, vec![20]));
        let two = Rows::new(vec![1.0, 0.0, 0.0, 1.0], 2).expect("two rows");
        assert_eq!(KMeans::default().of(&two, &control).expect("two clusters").len(), 2);
        let none = Rows::new(vec![f32::NAN; 4], 2).expect("two rows");
        assert!(KMeans::default().of(&none, &control).is_err());
        assert!(KMeans::default().of(&Rows::default(), &control).is_err());
        control.stop.set();
        assert!(KMeans::default().of(&clumps(), &control).is_err_and(|e| e.is_stopped()));
    }

    #[test]
    fn an_empty_cluster_takes_what_lies_far() {
        let rows = Rows::new(vec![0.0, 0.0, 0.1, 0.0, 0.0, 0.1, 50.0, 50.0], 2).expect("four rows");
        let start = Rows::new(vec![0.0, 0.0, -90.0, -90.0], 2).expect("two centres");
        let asked = KMeans { unit: false, tolerance: 0.0, ..KMeans::default() };
        let found = asked.of_start(&rows, &start, &Control::default()).expect("clusters");
        assert_eq!(found.of, [0, 0, 0, 1]);
    }

    #[test]
    fn typical_rows_are_near_their_centre_and_frequent() {
        let mut values = Vec::new();
        for i in 0..1200usize {
            let t = (i as f32 * 0.37).sin() * 0.4;
            values.extend(if i % 2 == 0 { [1.0, t] } else { [t, 1.0] });
        }
        let rows = Rows::new(values, 2).expect("whole rows");
        let control = Control::default();
        let found = KMeans { k: 2, ..KMeans::default() }.of(&rows, &control).expect("clusters");
        for (cluster, typical) in found.typical(&rows, 3, &control).expect("not stopped").iter().enumerate() {
            assert_eq!(typical.len(), 3);
            assert!(typical.iter().all(|&row| found.cluster(row) == Some(cluster) && row < 300), "{typical:?}");
        }
    }
}
