//! Names of points: the most important first, none over another.

use super::camera::Sight;
use super::laid::Laid;
use egui::{Pos2, Rect, Vec2};

/// Names on a map at a time.
const MOST: usize = 160;
/// Points that are tried for a place, so that a frame never looks at all of a million.
const TRIED: usize = 6_000;
/// Points that are looked at for one in sight, from the first of the file on.
const SCANNED: usize = 200_000;
/// How close the eye must be for the points in sight to be looked up rather than tried in their order.
const CLOSE: f32 = 3.0;
/// Points of the screen between a point and its name.
const GAP: f32 = 7.0;
/// Room about a name.
const ROOM: Vec2 = Vec2::new(6.0, 3.0);

/// The points to be named, in the order of importance: those `first`, then by their place in the file, without those that
/// are left out.
pub fn candidates(sight: &Sight, laid: &Laid, first: &[usize], is_out: impl Fn(usize) -> bool) -> Vec<usize> {
    let n = laid.places.len();
    let rest: Vec<usize> = if sight.solid || sight.camera.zoom < CLOSE {
        (0..n).filter(|&p| !is_out(p)).take(TRIED).collect()
    } else {
        let [[x0, y0], [x1, y1]] = sight.window();
        let is_seen = |&p: &usize| {
            let [x, y, _] = laid.places[p];
            x0 <= x && x <= x1 && y0 <= y && y <= y1
        };
        // Where few are in sight the tree finds them; where many are, the first of the file are soon met.
        match laid.tree.inside_at_most([x0, y0, 0.0], [x1, y1, 0.0], TRIED) {
            Some(seen) => seen.into_iter().filter(|&p| !is_out(p)).collect(),
            None => (0..n.min(SCANNED)).filter(is_seen).filter(|&p| !is_out(p)).take(TRIED).collect(),
        }
    };
    first.iter().copied().filter(|&p| !is_out(p)).chain(rest).collect()
}

/// Chooses which points get their name and where it stands, beside what is written already. `size` is the size of a
/// point's name.
pub fn placed(
    sight: &Sight,
    laid: &Laid,
    points: &[usize],
    written: &[Rect],
    mut size: impl FnMut(usize) -> Vec2,
) -> Vec<(usize, Rect)> {
    let mut taken = Taken::new(sight.rect);
    for rect in written {
        taken.take(*rect);
    }
    let mut named: Vec<(usize, Rect)> = Vec::new();
    for &point in points {
        if named.len() == MOST {
            break;
        }
        let Some(at) = sight.at(laid.places[point]).filter(|at| sight.rect.contains(*at)) else { continue };
        if taken.is_full_at(at) || named.iter().any(|(other, _)| *other == point) {
            continue;
        }
        let size = size(point);
        let left = at + Vec2::new(GAP, -size.y / 2.0);
        let right = at + Vec2::new(-GAP - size.x, -size.y / 2.0);
        let place = [left, right].map(|corner| Rect::from_min_size(corner, size)).into_iter().find(|r| {
            let room = r.expand2(ROOM);
            sight.rect.contains_rect(*r) && taken.is_free(room)
        });
        if let Some(rect) = place {
            taken.take(rect.expand2(ROOM));
            named.push((point, rect));
        }
    }
    named
}

/// What of the picture is taken, in cells of 8 points.
struct Taken {
    corner: Pos2,
    columns: usize,
    rows: usize,
    cells: Vec<bool>,
}

impl Taken {
    const CELL: f32 = 8.0;

    fn new(rect: Rect) -> Self {
        let (columns, rows) = (
            (rect.width() / Self::CELL).ceil().max(1.0) as usize,
            (rect.height() / Self::CELL).ceil().max(1.0) as usize,
        );
        Self { corner: rect.min, columns, rows, cells: vec![false; columns * rows] }
    }

    fn cells(&self, rect: Rect) -> impl Iterator<Item = usize> + use<> {
        let cell = |x: f32, most: usize| (x / Self::CELL).floor().clamp(0.0, (most - 1) as f32) as usize;
        let (low, high) = (rect.min - self.corner, rect.max - self.corner);
        let columns = self.columns;
        let across = cell(low.x, self.columns)..cell(high.x, self.columns) + 1;
        let down = cell(low.y, self.rows)..cell(high.y, self.rows) + 1;
        down.flat_map(move |y| across.clone().map(move |x| y * columns + x))
    }

    fn is_free(&self, rect: Rect) -> bool {
        self.cells(rect).all(|i| !self.cells[i])
    }

    /// Whether not even the start of a name has room beside a point.
    fn is_full_at(&self, at: Pos2) -> bool {
        let beside = |dx: f32| self.cells(Rect::from_center_size(at + Vec2::new(dx, 0.0), Vec2::splat(1.0)));
        [GAP + 8.0, -GAP - 8.0].into_iter().all(|dx| beside(dx).any(|i| self.cells[i]))
    }

    fn take(&mut self, rect: Rect) {
        let cells: Vec<usize> = self.cells(rect).collect();
        for i in cells {
            self.cells[i] = true;
        }
    }
}
