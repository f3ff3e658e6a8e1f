//! The map as a figure, and its coordinates.

use super::axes::{NAMES, lines};
use super::camera::Sight;
use super::colours::{self, Legend, Painted};
use super::contours::{self, Contours};
use super::{clusters, figures, labels, layers, looks, map, twin};
use crate::array::Array;
use crate::export::{Table, ViewExport};
use crate::figure::{Anchor, Area, Colour, Figure, Mark, Palette, Pixels, fresh_key, size};
use crate::gui::caption;
use crate::gui::export::Recipe;
use crate::gui::state::State;
use crate::gui::words::fill;
use crate::gui::words::space::SPACE;
use crate::gui::words::space::axes::AXES;
use crate::gui::words::space::doctor::DOCTOR;
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
    let lines = contours::known(state, &laid).cloned();
    let label = state.scene.space.looks.label.clone();
    let by = state.scene.space.by.label().to_owned();
    let asked = state.scene.space.formula.trim().to_owned();
    let camera = state.scene.space.camera;
    let said = map::said(state, &laid, &space);
    let axes = NAMES.iter().zip(&laid.question.axes);
    let mut caption = caption::bare().and(SPACE.caption_vectors, space.vectors.path.display().to_string());
    caption = caption.and(DOCTOR.caption, super::cured::names(&state.space.cured.shown));
    caption = caption.and(SPACE.caption_map, super::tools::method_name(laid.question.method));
    caption = axes.fold(caption, |caption, (name, text)| caption.and(fill(AXES.caption_axis, &[name]), text));
    caption = caption.and(SPACE.caption_shown, said.join(" \u{b7} "));
    caption = caption.and(SPACE.caption_colour, state.scene.space.by.label().to_owned());
    if !state.scene.space.formula.trim().is_empty() {
        caption = caption.and(SPACE.caption_asked, state.scene.space.formula.trim().to_owned());
    }
    Some(Box::new(move || {
        let sight: Sight = camera.on(Rect::from_min_size(Pos2::ZERO, SIZE), laid.question.dims == 3);
        let mut figure = Figure::new(SIZE.x, SIZE.y, palette, SPACE.map);
        if let Some(lines) = &lines {
            contour_marks(&mut figure, lines, &sight, palette);
        }
        let colour = |i: usize| painted.as_ref().map_or(palette.accent, |p| p.colours[i]);
        let is_drawn = |i: &usize| painted.as_ref().is_none_or(|p| !p.is_hidden(*i));
        let mut seen: Vec<(usize, Pos2)> = (0..laid.places.len())
            .filter(is_drawn)
            .filter_map(|i| Some((i, sight.at(laid.places[i]).filter(|at| sight.rect.contains(*at))?)))
            .collect();
        if sight.solid {
            let ahead = |i: usize| sight.ahead(laid.places[i]);
            seen.sort_by(|a, b| ahead(b.0).total_cmp(&ahead(a.0)));
        }
        let radius = |i: usize| painted.as_ref().filter(|p| p.radii.is_some()).map_or(2.0, |p| p.radius(i));
        scatter(&mut figure, sight.rect, &seen, (colour, radius), palette);
        let full = lines::draw(&mut figure, &laid, &sight, palette);
        let first: Vec<usize> = answer
            .iter()
            .flat_map(|a| a.row.into_iter().chain(a.inputs.iter().copied()).chain(a.joined()))
            .filter_map(|row| laid.point(row))
            .collect();
        let mut written = full;
        if let Some(at) = answer.as_ref().and_then(|answer| sight.at(answer.place?.0)) {
            figure.marks.push(Mark::Dot { at: at.into(), radius: 6.0, colour: palette.accent });
            figure.marks.push(Mark::Dot { at: at.into(), radius: 4.0, colour: palette.background });
            figure.token([at.x + 9.0, at.y], asked.as_str(), size::SMALL, palette.accent, Anchor::Start);
            let wide = crate::figure::mono_width(&asked, size::SMALL);
            written.push(Rect::from_min_size(at + Vec2::new(9.0, -8.0), Vec2::new(wide, 16.0)));
        }
        if let Some(painted) = &painted {
            let measure = |name: &str| Vec2::new(crate::figure::mono_width(name, size::BODY), size::BODY + 4.0);
            for (i, rect) in clusters::placed(&painted.names, &sight, &[], measure) {
                let (at, name) = (rect.center(), &painted.names[i]);
                let ink = palette.category(name.category);
                let ground = Area { x: rect.left(), y: rect.top(), w: rect.width(), h: rect.height() };
                figure.marks.push(Mark::Fill { area: ground.grown(2.0), colour: palette.background.faded(0.7) });
                figure.token(at.into(), name.text.as_str(), size::BODY, ink, Anchor::Middle);
                written.push(rect);
            }
        }
        let word = |point: usize| space.vectors.words.get(laid.row(point)).into_owned();
        let text = |point: usize| looks::label_by(label.as_deref(), &space, laid.row(point));
        let measure = |point: usize| Vec2::new(crate::figure::mono_width(&text(point), size::SMALL), size::SMALL + 3.0);
        let candidates = labels::candidates(&sight, &laid, &first, |point| !is_drawn(&point));
        for (point, rect) in labels::placed(&sight, &laid, &candidates, &written, measure) {
            let ink = if first.contains(&point) { palette.accent } else { palette.text };
            figure.token([rect.left(), rect.center().y], text(point), size::SMALL, ink, Anchor::Start);
        }
        if let Some(painted) = &painted {
            legend(&mut figure, painted, &by, palette);
        }
        let points = 0..laid.places.len();
        let column = |k: usize| laid.coordinates.iter().map(move |row| row[k]);
        let mut table = Table::default().text("word", points.map(word)).single("x", column(0)).single("y", column(1));
        if laid.question.dims == 3 {
            table = table.single("z", column(2));
        }
        if let Some((painted, Legend::Kinds(kinds, _))) = painted.as_ref().map(|painted| (painted, &painted.legend)) {
            let named = |kind: &u32| kinds.get(*kind as usize).map_or_else(String::new, |(name, _)| name.clone());
            table = table.text(&by, painted.kinds.iter().map(named));
        }
        let shape = [laid.coordinates.len(), laid.question.dims];
        let coordinates = Array::new(&["point", "dim"], &shape, laid.coordinates.values().to_vec())?;
        Ok(ViewExport::new(caption, figure, table).with("coordinates", coordinates))
    }))
}

/// The lines of density.
fn contour_marks(figure: &mut Figure, lines: &Contours, sight: &Sight, palette: &Palette) {
    for (share, line) in &lines.lines {
        let points: Vec<Pos2> = line.iter().filter_map(|at| sight.at(*at)).collect();
        for ends in points.windows(2).filter(|ends| ends.iter().any(|at| sight.rect.contains(*at))) {
            let (from, to) = (ends[0].into(), ends[1].into());
            figure.marks.push(Mark::Line { from, to, width: 1.0, colour: contours::ink(*share, palette) });
        }
    }
}

/// What colours stand for, at the lower left: a bar with its ends, or as many kinds as have room.
fn legend(figure: &mut Figure, painted: &Painted, by: &str, palette: &Palette) {
    const KINDS: usize = 20;
    let bottom = SIZE.y - 14.0;
    match &painted.legend {
        Legend::Plain => {}
        Legend::Range(range) => {
            let bar = Area { x: 14.0, y: bottom - 26.0, w: 180.0, h: 8.0 };
            let shade = |x: usize, _| palette.at(crate::figure::colour::Map::Viridis, x as f32 / 59.0);
            figure.marks.push(Mark::Image { area: bar, pixels: Pixels::new(fresh_key(), 60, 1, shade) });
            figure.caption([bar.x, bar.y - 10.0], colours::name(by, range), palette.text, Anchor::Start);
            figure.caption([bar.x, bottom - 6.0], colours::number(range.low), palette.muted, Anchor::Start);
            figure.caption([bar.right(), bottom - 6.0], colours::number(range.high), palette.muted, Anchor::End);
        }
        Legend::Kinds(kinds, _) => {
            let shown = kinds.len().min(KINDS);
            for (i, (kind, category)) in kinds.iter().take(shown).enumerate() {
                let y = bottom - 18.0 * (shown - 1 - i) as f32;
                figure.marks.push(Mark::Dot { at: [18.0, y], radius: 4.0, colour: palette.category(*category) });
                figure.caption([28.0, y], kind.as_str(), palette.text, Anchor::Start);
            }
        }
    }
}

/// Points in a part of a figure: each as a dot, or, of very many, all as pixels.
pub fn scatter(
    figure: &mut Figure,
    part: Rect,
    seen: &[(usize, Pos2)],
    (colour, radius): (impl Fn(usize) -> Colour, impl Fn(usize) -> f32),
    palette: &Palette,
) {
    if seen.len() <= DOTS {
        let dot =
            |&(i, at): &(usize, Pos2)| Mark::Dot { at: at.into(), radius: radius(i), colour: colour(i).faded(0.85) };
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
