//! Heads as points of a plane: those that attend alike lie close to each other.

use super::colour::Map;
use super::{Anchor, Area, Figure, Mark, Palette, Pixels, fresh_key, head_name, mono_width, size};
use crate::analysis::map::HeadMap;

/// Radius of a point.
const DOT: f32 = 4.5;
/// How far from a point the pointer may be.
const REACH: f32 = 12.0;
const MARGIN: f32 = 28.0;
const KEY: f32 = 44.0;

/// Where the heads are drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// The middle of each head's point, in the order of the model.
    pub points: Vec<[f32; 2]>,
    /// The size of the picture.
    pub size: [f32; 2],
}

impl Layout {
    /// Points that fit `width` by `height`; both axes have one scale, as distances do.
    pub fn new(map: &HeadMap, [width, height]: [f32; 2]) -> Self {
        let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for p in &map.points {
            for axis in 0..2 {
                low[axis] = low[axis].min(p[axis]);
                high[axis] = high[axis].max(p[axis]);
            }
        }
        let room = [width - 2.0 * MARGIN, height - 2.0 * MARGIN - KEY].map(|r| f64::from(r.max(40.0)));
        let span = [0, 1].map(|axis| (high[axis] - low[axis]).max(1e-9));
        let scale = (room[0] / span[0]).min(room[1] / span[1]);
        let scale = if scale.is_finite() { scale } else { 0.0 };
        let at = |p: &[f64; 2]| {
            // The y axis of a plot points up.
            let x = (p[0] - f64::midpoint(low[0], high[0])) * scale + room[0] / 2.0;
            let y = room[1] / 2.0 - (p[1] - f64::midpoint(low[1], high[1])) * scale;
            [x as f32 + MARGIN, y as f32 + MARGIN]
        };
        Self { points: map.points.iter().map(at).collect(), size: [width, height] }
    }

    /// The head under a point: the nearest within reach.
    pub fn at(&self, x: f32, y: f32) -> Option<usize> {
        let distance = |p: &[f32; 2]| (p[0] - x).hypot(p[1] - y);
        let near = self.points.iter().enumerate().map(|(i, p)| (i, distance(p))).filter(|(_, d)| *d <= REACH);
        near.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(i, _)| i)
    }
}

/// The map with a line from the selected head to each of its `near` ones, names where they do not cover each other, and a
/// key of the layers. `note` is written beside the key.
pub fn figure(
    map: &HeadMap,
    selected: (usize, usize),
    near: &[(usize, usize, f64)],
    note: &str,
    palette: &Palette,
    layout: &Layout,
) -> Figure {
    let [width, height] = layout.size;
    let mut figure = Figure::new(width, height, palette, "map of heads");
    let number = |(layer, head): (usize, usize)| layer * map.heads + head;
    let chosen = Some(number(selected)).filter(|&i| i < map.len() && selected.1 < map.heads);
    if let Some(from) = chosen {
        for &(layer, head, _) in near {
            let (from, to) = (layout.points[from], layout.points[number((layer, head))]);
            figure.marks.push(Mark::Line { from, to, width: 1.0, colour: palette.muted.faded(0.7) });
        }
    }
    let colour = |layer: usize| palette.at(Map::Viridis, layer as f32 / (map.layers.max(2) - 1) as f32);
    for (i, &at) in layout.points.iter().enumerate() {
        // A rim keeps points apart that lie over each other, and the dark end of the colours off a dark ground.
        figure.marks.push(Mark::Dot { at, radius: DOT + 1.0, colour: palette.muted.faded(0.6) });
        figure.marks.push(Mark::Dot { at, radius: DOT, colour: colour(map.place(i).0) });
    }
    if let Some(i) = chosen {
        figure.marks.push(Mark::Dot { at: layout.points[i], radius: DOT + 4.0, colour: palette.accent });
        figure.marks.push(Mark::Dot { at: layout.points[i], radius: DOT + 2.0, colour: palette.background });
        figure.marks.push(Mark::Dot { at: layout.points[i], radius: DOT, colour: colour(selected.0) });
    }
    names(&mut figure, map, chosen, near, palette, layout);

    let (steps, y) = (map.layers.clamp(1, 64), height - 26.0);
    let bar = Area { x: MARGIN, y: y - 5.0, w: 120.0, h: 10.0 };
    let layer = |i: usize| i * map.layers.max(1) / steps;
    let pixels = Pixels::new(fresh_key(), steps, 1, |i, _| colour(layer(i)));
    figure.marks.push(Mark::Image { area: bar, pixels });
    let last = format!("L{}", map.layers.saturating_sub(1));
    figure.token([bar.x, y + 15.0], "L0", size::SMALL, palette.muted, Anchor::Start);
    figure.token([bar.x + bar.w, y + 15.0], last, size::SMALL, palette.muted, Anchor::End);
    figure.caption([bar.x + bar.w + 16.0, y], note, palette.muted, Anchor::Start);
    figure
}

/// Names beside points, the most important first; one that would cover another name or a point's is left out.
fn names(
    figure: &mut Figure,
    map: &HeadMap,
    chosen: Option<usize>,
    near: &[(usize, usize, f64)],
    palette: &Palette,
    layout: &Layout,
) {
    let close: Vec<usize> = near.iter().map(|(l, h, _)| l * map.heads + h).collect();
    let first = chosen.into_iter().chain(close.iter().copied());
    let rest = (0..map.len()).filter(|i| Some(*i) != chosen && !close.contains(i));
    let mut taken: Vec<Area> = Vec::new();
    for i in first.chain(rest) {
        let (layer, head) = map.place(i);
        let name = head_name(layer, head);
        let (w, [x, y]) = (mono_width(&name, size::SMALL), layout.points[i]);
        let sides = [x + DOT + 4.0, x - DOT - 4.0 - w];
        let place = sides.into_iter().map(|x| Area { x, y: y - 7.0, w, h: 14.0 }).find(|area| {
            let inside = area.x >= 2.0 && area.x + w <= layout.size[0] - 2.0;
            inside && !taken.iter().any(|other| overlap(area, other))
        });
        let Some(area) = place else { continue };
        let covers = layout.points.iter().enumerate().any(|(j, p)| j != i && area.contains(p[0], p[1]));
        let important = Some(i) == chosen || close.contains(&i);
        if covers && !important {
            continue;
        }
        let ink = if Some(i) == chosen {
            palette.accent
        } else if important {
            palette.text
        } else {
            palette.muted
        };
        figure.token([area.x, y], name, size::SMALL, ink, Anchor::Start);
        taken.push(area);
    }
}

fn overlap(a: &Area, b: &Area) -> bool {
    a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::map::How;

    fn map(points: Vec<[f64; 2]>) -> HeadMap {
        let n = points.len();
        let distances = (0..n * n)
            .map(|i| (points[i / n][0] - points[i % n][0]).hypot(points[i / n][1] - points[i % n][1]))
            .collect();
        HeadMap { layers: n / 2, heads: 2, distances, points, explained: 1.0, stress: 0.0, how: How::default() }
    }

    #[test]
    fn distances_on_the_picture_are_those_of_the_map_and_points_are_found() {
        let map = map(vec![[0.0, 0.0], [0.3, 0.0], [0.0, 0.4], [-0.2, 0.1]]);
        let layout = Layout::new(&map, [500.0, 400.0]);
        let length = |i: usize, j: usize| {
            let ([x, y], [u, v]) = (layout.points[i], layout.points[j]);
            f64::from((x - u).hypot(y - v))
        };
        let scale = length(0, 1) / map.distances[1];
        for (i, j) in [(0, 2), (1, 2), (3, 1)] {
            assert!((length(i, j) - scale * map.distances[i * 4 + j]).abs() < 1e-3);
        }
        for (i, [x, y]) in layout.points.iter().enumerate() {
            assert_eq!(layout.at(x + 2.0, y - 2.0), Some(i));
            assert!(*x >= MARGIN - 1.0 && *x <= 500.0 - MARGIN + 1.0 && *y <= 400.0 - KEY);
        }
        assert_eq!(layout.at(-50.0, -50.0), None);
    }

    #[test]
    fn names_do_not_cover_each_other_and_heads_in_one_place_are_drawn() {
        let map = map((0..60).map(|i| [f64::from(i % 7) * 0.01, f64::from(i % 5) * 0.01]).collect());
        let palette = Palette::of(true);
        let layout = Layout::new(&map, [300.0, 240.0]);
        let near = map.nearest(3, 1, 5);
        let figure = figure(&map, (3, 1), &near, "", palette, &layout);
        let mut areas: Vec<Area> = Vec::new();
        for mark in &figure.marks {
            if let Mark::Text { at: [x, y], text, .. } = mark
                && text.contains('\u{b7}')
            {
                let area = Area { x: *x, y: y - 7.0, w: mono_width(text, size::SMALL), h: 14.0 };
                assert!(!areas.iter().any(|other| overlap(&area, other)), "{text}");
                areas.push(area);
            }
        }
        assert!(!areas.is_empty());
        let same = HeadMap { points: vec![[0.0; 2]; 4], ..self::map(vec![[0.0; 2]; 4]) };
        let layout = Layout::new(&same, [300.0, 240.0]);
        assert!(layout.points.iter().flatten().all(|x| x.is_finite()));
    }
}
