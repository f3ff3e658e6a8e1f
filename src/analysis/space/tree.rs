//! Points of a map, found by place: the nearest ones, those within a circle, those in a box. A k-d tree (Bentley 1975;
//! Friedman, Bentley and Finkel 1977) of boxes that halve their points until few are left in each.

use crate::error::{Error, Result};
use crate::rows::Rows;
use rayon::prelude::*;
use std::collections::BinaryHeap;

/// Points in a leaf, at most.
const LEAF: usize = 16;
/// Points that are sorted on one thread.
const ALONE: usize = 20_000;

/// A place in two or three dimensions; in two the third is 0.
pub type Place = [f32; 3];

/// The points of a map, in an order in which near ones are together.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree {
    points: Vec<Point>,
    /// The boxes in pre-order: a box, then those of its first half, then those of its second.
    boxes: Vec<Bounds>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Point {
    at: Place,
    row: u32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Bounds {
    low: Place,
    high: Place,
}

/// A point that was found: how far it is, squared, and its row. Nearer ones are less, and of equally near ones those of
/// lower rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// The squared distance.
    pub square: f64,
    /// The row of the map.
    pub row: usize,
}

impl Eq for Found {}

impl PartialOrd for Found {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Found {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.square.total_cmp(&other.square).then(self.row.cmp(&other.row))
    }
}

/// The place of a row of two or three coordinates.
pub fn place(row: &[f32]) -> Place {
    [row[0], row[1], row.get(2).copied().unwrap_or(0.0)]
}

/// The squared distance of two places.
pub fn square(a: Place, b: Place) -> f64 {
    let part = |k: usize| (f64::from(a[k]) - f64::from(b[k])).powi(2);
    part(0) + part(1) + part(2)
}

impl Tree {
    /// The rows of `map`, each two or three coordinates wide. Rows with a coordinate that is not finite are left out.
    pub fn of(map: &Rows) -> Result<Self> {
        if !(map.is_empty() || (2..=3).contains(&map.width())) {
            return Err(Error::input(format!("a map has two or three dimensions, not {}", map.width())));
        }
        if u32::try_from(map.len()).is_err() {
            return Err(Error::input(format!("a map of {} points is too large", map.len())));
        }
        let points = map.iter().enumerate().map(|(row, at)| Point { at: place(at), row: row as u32 });
        let mut points: Vec<Point> = points.filter(|p| p.at.iter().all(|x| x.is_finite())).collect();
        let depth = points.len().div_ceil(LEAF).next_power_of_two().trailing_zeros();
        let mut boxes = vec![Bounds { low: [0.0; 3], high: [0.0; 3] }; (2 << depth) - 1];
        halve(&mut points, &mut boxes);
        Ok(Self { points, boxes })
    }

    /// How many points there are.
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// The `k` points nearest to a place, nearest first; fewer where there are no more.
    pub fn nearest(&self, at: Place, k: usize) -> Vec<Found> {
        let mut best = BinaryHeap::with_capacity(k.min(self.len()) + 1);
        if k > 0 && !self.is_empty() {
            search(at, k, &self.boxes, &self.points, &mut best);
        }
        best.into_sorted_vec()
    }

    /// The same without the point of row `row` itself.
    pub fn nearest_to(&self, row: usize, at: Place, k: usize) -> Vec<Found> {
        let mut found = self.nearest(at, k + 1);
        found.retain(|f| f.row != row);
        found.truncate(k);
        found
    }

    /// The rows of the points no further than `radius` from a place, in order.
    pub fn within(&self, at: Place, radius: f32) -> Vec<usize> {
        let most = f64::from(radius).powi(2);
        self.filtered(&|b| b.square(at) <= most, &|p| square(at, p) <= most)
    }

    /// The rows of the points in a box, its sides included, in order. In two dimensions the third sides are 0.
    pub fn inside(&self, low: Place, high: Place) -> Vec<usize> {
        let touches = |b: &Bounds| (0..3).all(|k| b.low[k] <= high[k] && low[k] <= b.high[k]);
        self.filtered(&touches, &|p| (0..3).all(|k| low[k] <= p[k] && p[k] <= high[k]))
    }

    /// The same where there are no more than so many; `None` where there are.
    pub fn inside_at_most(&self, low: Place, high: Place, most: usize) -> Option<Vec<usize>> {
        let touches = |b: &Bounds| (0..3).all(|k| b.low[k] <= high[k] && low[k] <= b.high[k]);
        let mut rows = Vec::new();
        let mut open = vec![(self.boxes.as_slice(), self.points.as_slice())];
        while let Some((boxes, points)) = open.pop() {
            if points.is_empty() || !touches(&boxes[0]) {
                continue;
            }
            if boxes.len() == 1 {
                let inside = |p: &&Point| (0..3).all(|k| low[k] <= p.at[k] && p.at[k] <= high[k]);
                rows.extend(points.iter().filter(inside).map(|p| p.row as usize));
                if rows.len() > most {
                    return None;
                }
            } else {
                open.extend(split(&boxes[1..], points));
            }
        }
        rows.sort_unstable();
        Some(rows)
    }

    /// The point whose picture is nearest to a place of a picture, and how far that is, among those no further than
    /// `reach` that `keep` lets through; of equally near ones the lower row. `seen` says where a place is on the picture;
    /// `None` behind the eye. It must draw lines as lines, as cameras do: what lies in a box of the map then lies within
    /// the picture of its corners.
    pub fn nearest_seen(
        &self,
        at: [f32; 2],
        reach: f32,
        seen: impl Fn(Place) -> Option<[f32; 2]>,
        keep: impl Fn(usize) -> bool,
    ) -> Option<(usize, f32)> {
        let far = |[x, y]: [f32; 2]| (x - at[0]).hypot(y - at[1]);
        // No further than this is any point of a box; nothing is known of one that is partly behind the eye.
        let least = |b: &Bounds| {
            let corner = |i: usize| seen(std::array::from_fn(|k| if i >> k & 1 == 0 { b.low[k] } else { b.high[k] }));
            let (mut low, mut high) = ([f32::INFINITY; 2], [f32::NEG_INFINITY; 2]);
            for i in 0..8 {
                let Some(place) = corner(i) else { return 0.0 };
                for k in 0..2 {
                    (low[k], high[k]) = (low[k].min(place[k]), high[k].max(place[k]));
                }
            }
            far([at[0].clamp(low[0], high[0]), at[1].clamp(low[1], high[1])])
        };
        let mut best: Option<(usize, f32)> = None;
        let mut open = vec![(0.0, self.boxes.as_slice(), self.points.as_slice())];
        while let Some((bound, boxes, points)) = open.pop() {
            if points.is_empty() || bound > best.map_or(reach, |b| b.1) {
                continue;
            }
            if boxes.len() > 1 {
                let mut halves = split(&boxes[1..], points).map(|(boxes, points)| (least(&boxes[0]), boxes, points));
                halves.sort_by(|a, b| b.0.total_cmp(&a.0));
                open.extend(halves);
                continue;
            }
            for point in points {
                let (row, Some(distance)) = (point.row as usize, seen(point.at).map(far)) else { continue };
                let is_better = best.is_none_or(|b| (distance, row) < (b.1, b.0));
                if distance <= reach && is_better && keep(row) {
                    best = Some((row, distance));
                }
            }
        }
        best
    }

    fn filtered(&self, touches: &dyn Fn(&Bounds) -> bool, keep: &dyn Fn(Place) -> bool) -> Vec<usize> {
        let mut rows = Vec::new();
        let mut open = vec![(self.boxes.as_slice(), self.points.as_slice())];
        while let Some((boxes, points)) = open.pop() {
            if points.is_empty() || !touches(&boxes[0]) {
                continue;
            }
            if boxes.len() == 1 {
                rows.extend(points.iter().filter(|p| keep(p.at)).map(|p| p.row as usize));
            } else {
                open.extend(split(&boxes[1..], points));
            }
        }
        rows.sort_unstable();
        rows
    }
}

impl Bounds {
    fn of(points: &[Point]) -> Self {
        let first = points.first().map_or([0.0; 3], |p| p.at);
        points.iter().fold(Self { low: first, high: first }, |mut all, p| {
            for k in 0..3 {
                all.low[k] = all.low[k].min(p.at[k]);
                all.high[k] = all.high[k].max(p.at[k]);
            }
            all
        })
    }

    /// Two opposite corners, as points.
    fn corners(self) -> [Point; 2] {
        [self.low, self.high].map(|at| Point { at, row: 0 })
    }

    /// The squared distance of a place; 0 inside.
    fn square(&self, at: Place) -> f64 {
        let nearest = |k: usize| at[k].clamp(self.low[k], self.high[k]);
        square(at, [nearest(0), nearest(1), nearest(2)])
    }

    /// The dimension in which it is longest.
    fn longest(&self) -> usize {
        let length = |k: usize| self.high[k] - self.low[k];
        (1..3).fold(0, |best, k| if length(k) > length(best) { k } else { best })
    }
}

/// Looks through boxes for what is nearer than the worst of the best, the nearer half first.
fn search(at: Place, k: usize, boxes: &[Bounds], points: &[Point], best: &mut BinaryHeap<Found>) {
    let [_, below @ ..] = boxes else { return };
    if below.is_empty() {
        for point in points {
            let found = Found { square: square(at, point.at), row: point.row as usize };
            if best.len() < k {
                best.push(found);
            } else if let Some(mut worst) = best.peek_mut()
                && found < *worst
            {
                *worst = found;
            }
        }
        return;
    }
    let halves = split(below, points);
    let far = halves.map(|(boxes, _)| boxes[0].square(at));
    let order = if far[0] <= far[1] { [0, 1] } else { [1, 0] };
    for i in order {
        if best.len() < k || best.peek().is_some_and(|worst| far[i] <= worst.square) {
            search(at, k, halves[i].0, halves[i].1, best);
        }
    }
}

/// The boxes and points of both halves.
fn split<'a>(below: &'a [Bounds], points: &'a [Point]) -> [(&'a [Bounds], &'a [Point]); 2] {
    let (first, second) = below.split_at(below.len() / 2);
    let (left, right) = points.split_at(points.len() / 2);
    [(first, left), (second, right)]
}

/// Sorts points into boxes.
fn halve(points: &mut [Point], boxes: &mut [Bounds]) {
    let [all, below @ ..] = boxes else { return };
    *all = if points.len() > ALONE {
        let parts: Vec<Point> = points.par_chunks(ALONE).map(Bounds::of).flat_map_iter(Bounds::corners).collect();
        Bounds::of(&parts)
    } else {
        Bounds::of(points)
    };
    if below.is_empty() {
        return;
    }
    let (axis, middle) = (all.longest(), points.len() / 2);
    if middle > 0 {
        points.select_nth_unstable_by(middle, |p, q| p.at[axis].total_cmp(&q.at[axis]).then(p.row.cmp(&q.row)));
    }
    let count = points.len();
    let (first, second) = below.split_at_mut(below.len() / 2);
    let (left, right) = points.split_at_mut(middle);
    if count > ALONE {
        rayon::join(|| halve(left, first), || halve(right, second));
    } else {
        halve(left, first);
        halve(right, second);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::bootstrap::SplitMix;

    /// Points of which many are equal in a coordinate and some altogether.
    fn map(n: usize, width: usize) -> Rows {
        let mut random = SplitMix(n as u64);
        let values = (0..n * width).map(|_| random.below(40) as f32 * 0.25 - 3.0).collect();
        Rows::new(values, width).expect("whole rows")
    }

    /// By looking at every point.
    fn all(map: &Rows, at: Place) -> Vec<Found> {
        let found = |(row, point): (usize, &[f32])| Found { square: square(at, place(point)), row };
        let mut all: Vec<Found> = map.iter().enumerate().map(found).collect();
        all.sort();
        all
    }

    #[test]
    fn points_are_found_by_place() {
        for (n, width) in [(1, 2), (2, 3), (16, 2), (17, 3), (700, 2), (3000, 3), (70_000, 2)] {
            let map = map(n, width);
            let tree = Tree::of(&map).expect("a map");
            assert_eq!(tree.len(), n);
            for (at, k, radius) in [([0.1, 0.2, 0.0], 1, 0.3), ([9.0, -9.0, 0.0], 15, 9.0), ([1.0, 1.0, 0.0], 200, 0.0)]
            {
                let wanted = all(&map, at);
                assert_eq!(tree.nearest(at, k), wanted[..k.min(n)], "{n} {width} {at:?}");
                let mut close: Vec<usize> =
                    wanted.iter().filter(|f| f.square <= f64::from(radius).powi(2)).map(|f| f.row).collect();
                close.sort_unstable();
                assert_eq!(tree.within(at, radius), close);
                let (low, high) = ([at[0] - 1.0, at[1] - 0.2, -1.0], [at[0] + 0.4, at[1] + 2.0, 1.0]);
                let inside = |p: Place| (0..3).all(|k| low[k] <= p[k] && p[k] <= high[k]);
                let boxed: Vec<usize> = (0..n).filter(|&i| inside(place(map.row(i)))).collect();
                assert_eq!(tree.inside(low, high), boxed);
            }
        }
    }

    #[test]
    fn points_are_found_by_where_they_are_seen() {
        for (n, width) in [(900, 2), (5000, 3)] {
            let map = map(n, width);
            let tree = Tree::of(&map).expect("a map");
            // An eye that is 6 before the map, and one inside it.
            for eye in [6.0, 1.0] {
                let seen = |p: Place| {
                    let far = 1.0 + p[2] / eye;
                    (far > 0.1).then(|| [100.0 * (p[0] + 0.3 * p[1]) / far, 100.0 * p[1] / far])
                };
                for (at, reach) in
                    [([10.0, 20.0], 30.0), ([-200.0, 150.0], 8.0), ([400.0, 0.0], 500.0), ([9e3, 0.0], 5.0)]
                {
                    let keep = |row: usize| row % 3 != 1;
                    let far = |row: usize| {
                        let [x, y] = seen(place(map.row(row)))?;
                        Some((x - at[0]).hypot(y - at[1]))
                    };
                    let near = (0..n).filter(|&i| keep(i)).filter_map(|i| Some((i, far(i)?))).filter(|f| f.1 <= reach);
                    let wanted = near.min_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
                    assert_eq!(tree.nearest_seen(at, reach, seen, keep), wanted, "{n} {width} {eye} {at:?}");
                }
            }
            let (low, high) = ([-1.0, -1.0, -1.0], [0.5, 0.0, 1.0]);
            let all = tree.inside(low, high);
            assert_eq!(tree.inside_at_most(low, high, all.len()), Some(all.clone()));
            assert_eq!(tree.inside_at_most(low, high, all.len() - 1), None);
        }
    }

    #[test]
    fn a_point_is_not_its_own_neighbour() {
        let map = Rows::new(vec![1.0; 80], 2).expect("forty equal points");
        let tree = Tree::of(&map).expect("a map");
        let rows =
            |of: usize, k: usize| tree.nearest_to(of, [1.0, 1.0, 0.0], k).iter().map(|f| f.row).collect::<Vec<_>>();
        assert_eq!(rows(1, 3), [0, 2, 3]);
        assert_eq!(rows(39, 3), [0, 1, 2]);
        assert_eq!(rows(7, 60).len(), 39);
    }

    #[test]
    fn points_that_lie_nowhere_are_left_out() {
        let map = Rows::new(vec![f32::NAN, 0.0, 1.0, 2.0, 0.0, f32::INFINITY], 2).expect("three rows");
        let tree = Tree::of(&map).expect("a map");
        assert_eq!(tree.nearest([0.0; 3], 5), [Found { square: 5.0, row: 1 }]);
        let none = Tree::of(&Rows::default()).expect("nothing is a map");
        assert!(none.is_empty() && none.nearest([0.0; 3], 1).is_empty() && none.within([0.0; 3], 9.0).is_empty());
        assert!(Tree::of(&Rows::new(vec![0.0; 4], 4).expect("one row")).is_err());
    }
}
