//! The map as a figure, and its coordinates.

use super::camera::Sight;
use super::{figures, labels, layers, map, twin};
use crate::array::Array;
use crate::export::{Table, ViewExport};
use crate::figure::{Anchor, Area, Colour, Figure, Mark, Palette, Pixels, fresh_key, size};
use crate::gui::caption;
use crate::gui::export::Recipe;
use crate::gui::state::State;
use crate::gui::words::space::SPACE;
use egui::{Pos2, Rect, Vec2};

/// Points that are drawn one by one; more become pixels.
const DOTS: usize = 20_000;
/// The size of the picture.
pub const SIZE: Vec2 = Vec2::new(960.0, 720.0);
/// Pixels of a point of the figure, where points are pixels.
const FINE: f32 = 2.0;

/// The map as it is looked at, with the coordinates of every point.
pub fn view(state: &State, palette: &'static Palette) -> Option<Recipe> {
    let space = state.space.space.clone()?;
    if twin::shown(state).is_some() {
        return figures::pair(state, palette);
    }
    if layers::is_shown(state, &space) {
        return figures::layers(state, palette);
    }
    let laid = state.space.laid.clone().filter(|laid| laid.question.space == space.id)?;
    let painted = state.space.painted.clone().filter(|p| p.map() == laid.id);
    let answer = state.space.answer.clone().filter(|answer| answer.fault.is_none());
    let camera = state.scene.space.camera;
    let said = map::said(state, &laid, &space);
    let mut caption = caption::bare().and(SPACE.caption_vectors, space.vectors.path.display().to_string());
    caption = caption.and(SPACE.caption_map, super::tools::method_name(laid.question.method));
    caption = caption.and(SPACE.caption_shown, said.join(" \u{b7} "));
    caption = caption.and(SPACE.caption_colour, state.scene.space.by.label().to_owned());
    if !state.scene.space.formula.trim().is_empty() {
        caption = caption.and(SPACE.caption_asked, state.scene.space.formula.trim().to_owned());
    }
    Some(Box::new(move || {
        let sight: Sight = camera.on(Rect::from_min_size(Pos2::ZERO, SIZE), laid.question.dims == 3);
        let mut figure = Figure::new(SIZE.x, SIZE.y, palette, SPACE.map);
        let colour = |i: usize| painted.as_ref().map_or(palette.accent, |p| p.colours[i]);
        let mut seen: Vec<(usize, Pos2)> = (0..laid.places.len())
            .filter_map(|i| Some((i, sight.at(laid.places[i]).filter(|at| sight.rect.contains(*at))?)))
            .collect();
        if sight.solid {
            let ahead = |i: usize| sight.ahead(laid.places[i]);
            seen.sort_by(|a, b| ahead(b.0).total_cmp(&ahead(a.0)));
        }
        scatter(&mut figure, sight.rect, &seen, colour, palette);
        let first: Vec<usize> = answer
            .iter()
            .flat_map(|a| a.row.into_iter().chain(a.inputs.iter().copied()).chain(a.joined()))
            .filter_map(|row| laid.point(row))
            .collect();
        let text = |point: usize| space.vectors.words.get(laid.row(point)).into_owned();
        let measure = |point: usize| Vec2::new(crate::figure::mono_width(&text(point), size::SMALL), size::SMALL + 3.0);
        for (point, rect) in labels::placed(&sight, &laid, &labels::candidates(&sight, &laid, &first), measure) {
            let ink = if first.contains(&point) { palette.accent } else { palette.text };
            figure.token([rect.left(), rect.center().y], text(point), size::SMALL, ink, Anchor::Start);
        }
        let points = 0..laid.places.len();
        let column = |k: usize| laid.coordinates.iter().map(move |row| row[k]);
        let mut table = Table::default().text("word", points.map(text)).single("x", column(0)).single("y", column(1));
        if laid.question.dims == 3 {
            table = table.single("z", column(2));
        }
        let shape = [laid.coordinates.len(), laid.question.dims];
        let coordinates = Array::new(&["point", "dim"], &shape, laid.coordinates.values().to_vec())?;
        Ok(ViewExport::new(caption, figure, table).with("coordinates", coordinates))
    }))
}

/// Points in a part of a figure: each as a dot, or, of very many, all as pixels.
pub fn scatter(
    figure: &mut Figure,
    part: Rect,
    seen: &[(usize, Pos2)],
    colour: impl Fn(usize) -> Colour,
    palette: &Palette,
) {
    if seen.len() <= DOTS {
        let dot = |&(i, at): &(usize, Pos2)| Mark::Dot { at: at.into(), radius: 2.0, colour: colour(i).faded(0.85) };
        figure.marks.extend(seen.iter().map(dot));
        return;
    }
    let (width, height) = ((part.width() * FINE) as usize, (part.height() * FINE) as usize);
    let mut cells = vec![palette.background; width * height];
    for &(i, at) in seen {
        let at = at - part.min;
        let (x, y) = ((at.x * FINE) as usize, (at.y * FINE) as usize);
        for (x, y) in [(x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1)] {
            if let Some(cell) = cells.get_mut(y * width + x).filter(|_| x < width) {
                *cell = cell.mix(colour(i), 0.6);
            }
        }
    }
    let pixels = Pixels::new(fresh_key(), width, height, |x, y| cells[y * width + x]);
    let area = Area { x: part.left(), y: part.top(), w: part.width(), h: part.height() };
    figure.marks.push(Mark::Image { area, pixels });
}
