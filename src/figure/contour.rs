//! Lines of equal height over a grid: marching squares (Lorensen and Cline 1987, in the plane), joined end to end.

/// Nobody.
const NONE: u32 = u32::MAX;

/// The lines along which numbers on a grid, row-major `[y, x]`, pass a level, in nodes from the first one. A line that
/// closes ends where it begins; the others end at the edge of the grid, or where a number is not finite. Where a cell can
/// be cut in two ways, its middle decides.
pub fn lines(values: &[f32], width: usize, level: f32) -> Vec<Vec<[f32; 2]>> {
    let height = values.len().checked_div(width).unwrap_or(0);
    if width < 2 || height < 2 {
        return Vec::new();
    }
    // The edge from a node to the right has an even number, the one down from it the odd number after.
    let across = |x: usize, y: usize| (2 * (y * width + x)) as u32;
    let down = |x: usize, y: usize| across(x, y) + 1;
    let mut next = vec![[NONE; 2]; 2 * values.len()];
    let mut join = |a: u32, b: u32| {
        for (from, to) in [(a, b), (b, a)] {
            let ends = &mut next[from as usize];
            ends[usize::from(ends[0] != NONE)] = to;
        }
    };
    for y in 0..height - 1 {
        for x in 0..width - 1 {
            let corner = [(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)].map(|(x, y)| values[y * width + x]);
            if !corner.iter().all(|v| v.is_finite()) {
                continue;
            }
            let is_above = corner.map(|v| v >= level);
            let edges = [across(x, y), down(x + 1, y), across(x, y + 1), down(x, y)];
            let crossed: Vec<u32> =
                (0..4).filter(|&i| is_above[i] != is_above[(i + 1) % 4]).map(|i| edges[i]).collect();
            match crossed.as_slice() {
                [a, b] => join(*a, *b),
                [a, b, c, d] => {
                    let middle = corner.iter().sum::<f32>() / 4.0 >= level;
                    // The first corner lies between the last edge and the first.
                    if middle == is_above[0] {
                        join(*a, *b);
                        join(*c, *d);
                    } else {
                        join(*d, *a);
                        join(*b, *c);
                    }
                }
                _ => {}
            }
        }
    }
    let point = |edge: u32| {
        let node = edge as usize / 2;
        let (x, y) = ((node % width) as f32, (node / width) as f32);
        let is_down = edge % 2 == 1;
        let (from, to) = (values[node], values[node + if is_down { width } else { 1 }]);
        let part = ((level - from) / (to - from)).clamp(0.0, 1.0);
        if is_down { [x, y + part] } else { [x + part, y] }
    };
    let mut found = Vec::new();
    let mut walk = |start: usize, next: &mut Vec<[u32; 2]>| {
        let mut line = vec![point(start as u32)];
        let mut at = start;
        loop {
            let ends = &mut next[at];
            let Some(side) = ends.iter().position(|e| *e != NONE) else { break };
            let to = std::mem::replace(&mut ends[side], NONE);
            let back = &mut next[to as usize];
            if let Some(side) = back.iter().position(|e| *e == at as u32) {
                back[side] = NONE;
            }
            at = to as usize;
            line.push(point(to));
        }
        found.push(line);
    };
    // Those with ends first; what is left closes.
    let ends: Vec<usize> = (0..next.len()).filter(|&e| next[e][0] != NONE && next[e][1] == NONE).collect();
    for edge in ends.into_iter().chain(0..next.len()) {
        if next[edge].iter().any(|e| *e != NONE) {
            walk(edge, &mut next);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(width: usize, height: usize, value: impl Fn(f32, f32) -> f32) -> Vec<f32> {
        (0..width * height).map(|i| value((i % width) as f32, (i / width) as f32)).collect()
    }

    #[test]
    fn a_hill_has_one_closed_line_which_is_a_circle() {
        let hill = grid(41, 37, |x, y| 30.0 - (x - 20.0).hypot(y - 18.0));
        let found = lines(&hill, 41, 20.0);
        assert_eq!(found.len(), 1);
        let line = &found[0];
        assert_eq!(line.first(), line.last());
        assert!(line.len() > 40);
        assert!(line.iter().all(|[x, y]| ((x - 20.0).hypot(y - 18.0) - 10.0).abs() < 0.06));
        // Neighbours on the line are neighbours on the grid.
        assert!(line.windows(2).all(|w| (w[0][0] - w[1][0]).hypot(w[0][1] - w[1][1]) < 1.5));
        assert!(lines(&hill, 41, 31.0).is_empty());
    }

    #[test]
    fn a_slope_has_a_line_from_edge_to_edge() {
        let found = lines(&grid(9, 6, |x, _| x), 9, 3.25);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].len(), 6);
        assert!(found[0].iter().all(|[x, _]| (x - 3.25).abs() < 1e-6));
        let ends = [found[0][0][1], found[0][5][1]];
        assert!(ends == [0.0, 5.0] || ends == [5.0, 0.0]);
    }

    #[test]
    fn every_crossing_of_a_wild_field_is_on_one_line() {
        let field = grid(30, 30, |x, y| ((x * 1.7).sin() * 3.0 + (y * 2.3).cos() * 2.0 + x * y * 0.61).sin());
        let level = 0.1;
        let found = lines(&field, 30, level);
        let is_above = |x: usize, y: usize| field[y * 30 + x] >= level;
        let across =
            (0..30).flat_map(|y| (0..29).map(move |x| (x, y))).filter(|&(x, y)| is_above(x, y) != is_above(x + 1, y));
        let down =
            (0..29).flat_map(|y| (0..30).map(move |x| (x, y))).filter(|&(x, y)| is_above(x, y) != is_above(x, y + 1));
        let crossings = across.count() + down.count();
        let on_lines: usize = found.iter().map(|l| l.len() - usize::from(l.first() == l.last())).sum();
        assert_eq!(on_lines, crossings);
        let is_edge = |p: &[f32; 2]| p.iter().any(|x| *x == 0.0 || *x == 29.0);
        for line in found.iter().filter(|l| l.first() != l.last()) {
            assert!(is_edge(&line[0]) && line.last().is_some_and(is_edge));
        }
    }

    #[test]
    fn a_saddle_is_cut_as_its_middle_says() {
        let count = |high: f32| lines(&[high, 0.0, 0.0, high], 2, 0.5).len();
        assert_eq!((count(1.0), count(0.9)), (2, 2));
        let joined = |values: [f32; 4]| {
            let found = lines(&values, 2, 0.5);
            // The line about the corner at the origin ends on the two edges there.
            found.iter().any(|l| l.iter().all(|[x, y]| *x == 0.0 || *y == 0.0))
        };
        assert!(!joined([1.0, 0.2, 0.2, 1.0]), "the middle is high: the high corners are one");
        assert!(joined([0.7, 0.0, 0.0, 0.7]), "the middle is low: each high corner is alone");
    }

    #[test]
    fn what_is_no_number_ends_a_line() {
        let mut hill = grid(21, 21, |x, y| 20.0 - (x - 10.0).hypot(y - 10.0));
        hill[10 * 21 + 15] = f32::NAN;
        assert!(lines(&hill, 21, 15.0).iter().flatten().flatten().all(|x| x.is_finite()));
        assert!(lines(&[], 0, 0.0).is_empty() && lines(&[1.0, 2.0], 2, 1.5).is_empty());
    }
}
