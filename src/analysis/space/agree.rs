//! How far maps of the same points agree: whether points have the same neighbours, however the maps are turned; and the
//! turn that lays one map onto another.

use super::tree::{Place, Tree, place};
use super::trust::Check;
use crate::error::{Error, Result};
use crate::rows::Rows;
use crate::trace::Control;
use rayon::prelude::*;

/// How far maps have the same neighbours.
#[derive(Debug, Clone, PartialEq)]
pub struct Agreement {
    /// Neighbours of each point: as many as asked for, or all others.
    pub k: usize,
    /// How many points were asked: all that have a place on every map, or a sample.
    pub asked: usize,
    /// The share of the neighbours of a point on one map that are its neighbours on another, over all points and pairs.
    pub shared: f64,
    /// What maps share whose points lie at random.
    pub chance: f64,
}

/// How far the neighbours of points agree between every two of several maps `[point, 2 or 3]`. `None` where there are
/// fewer than two maps, or two points with a place on all of them. Of `check` the number of neighbours counts, and which
/// points are asked.
pub fn agreement(maps: &[&Rows], check: Check, control: &Control) -> Result<Option<Agreement>> {
    let Some(first) = maps.first().filter(|_| maps.len() > 1) else { return Ok(None) };
    if let Some(other) = maps.iter().find(|map| map.len() != first.len()) {
        return Err(Error::input(format!("maps of {} and of {} points are not of the same", first.len(), other.len())));
    }
    let is_placed = |i: &usize| maps.iter().all(|map| map.row(*i).iter().all(|x| x.is_finite()));
    let placed: Vec<usize> = (0..first.len()).filter(is_placed).collect();
    let n = placed.len();
    if n < 2 || check.k == 0 {
        return Ok(None);
    }
    let k = check.k.min(n - 1);
    let maps: Vec<Rows> = maps.iter().map(|map| map.picked(&placed)).collect();
    let trees = maps.iter().map(Tree::of).collect::<Result<Vec<_>>>()?;
    let asked = check.asked(n);
    let pairs = maps.len() * (maps.len() - 1) / 2;
    let of_point = |&i: &usize| {
        control.check()?;
        let near = |(map, tree): (&Rows, &Tree)| -> Vec<usize> {
            tree.nearest_to(i, place(map.row(i)), k).iter().map(|found| found.row).collect()
        };
        let lists: Vec<Vec<usize>> = maps.iter().zip(&trees).map(near).collect();
        let both = |a: &[usize], b: &[usize]| a.iter().filter(|row| b.contains(row)).count();
        let shared: usize = (0..lists.len()).map(|j| (0..j).map(|i| both(&lists[i], &lists[j])).sum::<usize>()).sum();
        Ok(shared)
    };
    let shared: usize = asked.par_iter().map(of_point).collect::<Result<Vec<usize>>>()?.iter().sum();
    let shared = shared as f64 / (asked.len() * pairs * k) as f64;
    Ok(Some(Agreement { k, asked: asked.len(), shared, chance: k as f64 / (n - 1) as f64 }))
}

/// Places in the plane turned about their middle, and mirrored where that is better, onto the places of the same points on
/// another map (Procrustes' problem in two dimensions, in closed form). Places that are not finite do not count.
pub fn turned(places: &[Place], onto: &[Place]) -> Vec<Place> {
    let pairs: Vec<(&Place, &Place)> =
        places.iter().zip(onto).filter(|(a, b)| a.iter().chain(b.iter()).all(|x| x.is_finite())).collect();
    let n = pairs.len().max(1) as f64;
    let mean = |pick: &dyn Fn(&(&Place, &Place)) -> [f32; 3]| {
        [0, 1].map(|k| pairs.iter().map(|pair| f64::from(pick(pair)[k])).sum::<f64>() / n)
    };
    let (from, to) = (mean(&|pair| *pair.0), mean(&|pair| *pair.1));
    let mut products = [[0f64; 2]; 2];
    for (a, b) in &pairs {
        for i in 0..2 {
            for j in 0..2 {
                products[i][j] += (f64::from(a[i]) - from[i]) * (f64::from(b[j]) - to[j]);
            }
        }
    }
    let [[xx, xy], [yx, yy]] = products;
    // Of turns and of mirrored turns the best each; then the better of both.
    let (turn, mirror) = ((xx + yy).hypot(xy - yx), (xx - yy).hypot(xy + yx));
    let (c, s, sign) = if mirror > turn {
        ((xx - yy) / mirror, (xy + yx) / mirror, -1.0)
    } else if turn > 0.0 {
        ((xx + yy) / turn, (xy - yx) / turn, 1.0)
    } else {
        (1.0, 0.0, 1.0)
    };
    let turned = |at: &Place| {
        let (x, y) = (f64::from(at[0]) - from[0], f64::from(at[1]) - from[1]);
        [(c * x - sign * s * y + to[0]) as f32, (s * x + sign * c * y + to[1]) as f32, at[2]]
    };
    places.iter().map(turned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::bootstrap::SplitMix;

    fn map(seed: u64, n: usize) -> Rows {
        let mut random = SplitMix(seed);
        Rows::new((0..n * 2).map(|_| random.below(1 << 20) as f32).collect(), 2).expect("whole rows")
    }

    #[test]
    fn a_map_agrees_with_itself_and_maps_at_random_by_chance() {
        let control = Control::default();
        let (one, two) = (map(1, 900), map(2, 900));
        let mirrored = Rows::new(one.iter().flat_map(|row| [row[1] * -3.0 + 7.0, row[0] * 3.0]).collect(), 2);
        let mirrored = mirrored.expect("whole rows");
        let found = |maps: &[&Rows]| agreement(maps, Check::default(), &control).expect("not stopped").expect("maps");
        assert_eq!(found(&[&one, &mirrored, &one]).shared, 1.0);
        let other = found(&[&one, &two]);
        assert_eq!((other.k, other.asked, other.chance), (15, 900, 15.0 / 899.0));
        assert!((other.shared / other.chance - 1.0).abs() < 0.25, "{other:?}");
        // Of three maps, one pair agrees wholly and two as those at random do.
        assert!((found(&[&one, &two, &one]).shared - (1.0 + 2.0 * other.shared) / 3.0).abs() < 1e-9);
        assert_eq!(agreement(&[&one], Check::default(), &control).expect("nothing to do"), None);
        assert!(agreement(&[&one, &map(3, 8)], Check::default(), &control).is_err());
    }

    #[test]
    fn a_turned_map_is_turned_back() {
        let mut random = SplitMix(4);
        let mut next = || random.below(2000) as f32 / 1000.0 - 1.0;
        let onto: Vec<Place> = (0..60).map(|_| [next(), next() * 0.5, 0.0]).collect();
        for (angle, sign) in [(0.3f32, 1.0), (2.9, 1.0), (-1.2, -1.0)] {
            let (s, c) = angle.sin_cos();
            let moved = |p: &Place| [c * p[0] - s * p[1] * sign + 0.2, s * p[0] + c * p[1] * sign - 0.1, 0.0];
            let mut places: Vec<Place> = onto.iter().map(moved).collect();
            places[5] = [f32::NAN, 0.0, 0.0];
            for (i, (found, wanted)) in turned(&places, &onto).iter().zip(&onto).enumerate().filter(|(i, _)| *i != 5) {
                assert!(
                    (0..2).all(|k| (found[k] - wanted[k]).abs() < 1e-5),
                    "{angle} {sign} {i}: {found:?} {wanted:?}"
                );
            }
        }
        assert_eq!(turned(&[[0.5, 0.5, 0.0]], &[[0.1, 0.2, 0.0]]), [[0.1, 0.2, 0.0]]);
    }
}
