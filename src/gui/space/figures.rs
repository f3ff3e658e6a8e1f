//! The maps of two spaces and of layers as figures, with their numbers.

use super::export::{SIZE, scatter};
use super::{layers, plot, twin};
use crate::array::Array;
use crate::export::{Table, ViewExport};
use crate::figure::colour::Map;
use crate::figure::{Anchor, Colour, Figure, Mark, Palette, mono_width, size};
use crate::gui::caption;
use crate::gui::export::Recipe;
use crate::gui::space::camera::{Camera, Place, Sight};
use crate::gui::state::State;
use crate::gui::words::space::SPACE;
use crate::gui::words::space::layers::LAYERS;
use crate::gui::words::space::twin::TWIN;
use egui::{Pos2, Rect, Vec2};

/// Points whose paths are all drawn.
const FEW: usize = 60;

/// Draws points and names into a part of a figure.
fn draw(
    figure: &mut Figure,
    (camera, rect, title): (Camera, Rect, &str),
    places: &[Place],
    first: &[usize],
    colour: impl Fn(usize) -> Colour,
    name: impl Fn(usize) -> String,
    palette: &Palette,
) -> Sight {
    let sight = camera.on(rect, false);
    let seen = (0..places.len()).filter_map(|i| Some((i, sight.at(places[i]).filter(|at| rect.contains(*at))?)));
    scatter(figure, rect, &seen.collect::<Vec<_>>(), (colour, |_| 2.0), palette);
    let measure = |point: usize| Vec2::new(mono_width(&name(point), size::SMALL), size::SMALL + 3.0);
    for (point, room) in plot::placed(&sight, places, first, measure) {
        let ink = if first.contains(&point) { palette.accent } else { palette.text };
        figure.token([room.left(), room.center().y], name(point), size::SMALL, ink, Anchor::Start);
    }
    figure.caption([rect.left() + 12.0, rect.top() + 16.0], title, palette.text, Anchor::Start);
    sight
}

/// Both maps side by side, with where every shared word is on each.
pub fn pair(state: &State, palette: &'static Palette) -> Option<Recipe> {
    let (pair, space) = (twin::shown(state)?.0.clone(), state.space.space.clone()?);
    let camera = state.scene.space.camera;
    let asked = state.space.answer.as_ref().and_then(|answer| pair.of_first(answer.row?));
    let caption = caption::bare()
        .and(SPACE.caption_vectors, space.vectors.path.display().to_string())
        .and(TWIN.caption, pair.second.name.as_str())
        .and(SPACE.caption_map, TWIN.map_note);
    Some(Box::new(move || {
        let mut figure = Figure::new(SIZE.x, SIZE.y, palette, TWIN.title);
        let residuals = &pair.found.aligned.residuals;
        let [low, high] = pair.range;
        let colour = |i: usize| {
            let t = if high > low { (residuals[i] - low) / (high - low) } else { 0.5 };
            if t.is_nan() { palette.line } else { palette.at(Map::Viridis, t) }
        };
        let word = |i: usize| space.vectors.words.get(pair.found.pairs[i].0).into_owned();
        let first: Vec<usize> = asked.into_iter().collect();
        let half = Vec2::new(SIZE.x / 2.0, SIZE.y);
        for (side, name) in [&space.name, &pair.second.name].into_iter().enumerate() {
            let rect = Rect::from_min_size(Pos2::new(half.x * side as f32, 0.0), half);
            draw(&mut figure, (camera, rect, name), &pair.places[side], &first, colour, word, palette);
        }
        let (from, to) = ([half.x, 0.0], [half.x, half.y]);
        figure.marks.push(Mark::Line { from, to, width: 1.0, colour: palette.line });
        let column = |side: usize, k: usize| pair.places[side].iter().map(move |at| at[k]);
        let table = Table::default()
            .text("word", (0..residuals.len()).map(word))
            .single("x", column(0, 0))
            .single("y", column(0, 1))
            .single("x_second", column(1, 0))
            .single("y_second", column(1, 1))
            .single("residual", residuals.iter().copied());
        let turned = &pair.found.aligned.left;
        let turned = Array::new(&["word", "dim"], &[turned.len(), turned.width()], turned.values().to_vec())?;
        Ok(ViewExport::new(caption, figure, table).with("turned", turned))
    }))
}

/// The map of layers as it is looked at, with where every token is in each layer.
pub fn layers(state: &State, palette: &'static Palette) -> Option<Recipe> {
    let space = state.space.space.clone()?;
    let (paths, layer, painted) = layers::shown(state, &space)?;
    let (paths, painted) = (paths.clone(), painted.cloned());
    let camera = state.scene.space.camera;
    let asked = state.space.answer.as_ref().and_then(|answer| paths.point(answer.row?));
    let caption = caption::bare()
        .and(SPACE.caption_vectors, space.name.as_str())
        .and(SPACE.caption_map, layers::title(&space, layer))
        .and(SPACE.caption_shown, layers::fit(&paths));
    Some(Box::new(move || {
        let mut figure = Figure::new(SIZE.x, SIZE.y, palette, LAYERS.map);
        let colour = |i: usize| painted.as_ref().map_or(palette.accent, |painted| painted.colours[i]);
        let name = |point: usize| layers::name(&paths, &space, point);
        let first: Vec<usize> = asked.into_iter().collect();
        let places = paths.at(layer);
        let whole = (camera, Rect::from_min_size(Pos2::ZERO, SIZE), &*layers::title(&space, layer));
        let sight = draw(&mut figure, whole, &places, &first, colour, name, palette);
        let few = if places.len() <= FEW { places.len() } else { 0 };
        for point in (0..few).filter(|point| !first.contains(point)).chain(first.iter().copied()) {
            let is_first = first.contains(&point);
            let (width, ink) = if is_first { (2.0, palette.accent) } else { (1.0, colour(point).faded(0.35)) };
            let corners: Vec<Pos2> = paths.places.iter().filter_map(|layer| sight.at(layer[point])).collect();
            for ends in corners.windows(2) {
                let (from, to) = (ends[0].into(), ends[1].into());
                figure.marks.push(Mark::Line { from, to, width, colour: ink });
            }
        }
        let count = places.len();
        let rows = || (0..paths.places.len()).flat_map(|layer| (0..count).map(move |point| (layer, point)));
        let column = |k: usize| paths.coordinates.iter().map(move |row| row[k]);
        let table = Table::default()
            .text("word", rows().map(|(_, point)| space.vectors.words.get(paths.row(point)).into_owned()))
            .whole("row", rows().map(|(_, point)| paths.row(point)))
            .number("layer", rows().map(|(layer, _)| layer as f64 - 1.0))
            .single("x", column(0))
            .single("y", column(1));
        let shape = [paths.places.len(), count, 2];
        let coordinates = Array::new(&["layer", "token", "dim"], &shape, paths.coordinates.values().to_vec())?;
        Ok(ViewExport::new(caption, figure, table).with("coordinates", coordinates))
    }))
}
