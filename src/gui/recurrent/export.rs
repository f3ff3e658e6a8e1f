//! The trace as a figure, and its numbers.

use super::axis::Axis;
use crate::array::Array;
use crate::export::{Table, ViewExport};
use crate::figure::{Palette, strip as figure};
use crate::gui::caption;
use crate::gui::export::Recipe;
use crate::gui::state::State;
use crate::gui::words::files::FILES;
use crate::gui::words::recurrent::RECURRENT;
use crate::text::Tokens;
use crate::trace::At;

/// Steps that a picture has room for.
const DRAWN: usize = 1600;
/// Rows of the table.
const ROWS: usize = 1_000_000;

/// What is seen of the trace, with the values of all cells.
pub fn view(state: &State, palette: &'static Palette) -> Option<Recipe> {
    let (model, read) = (state.recurrent.model.clone()?, state.recurrent.current()?.clone());
    let chosen = state.scene.recurrent.clone();
    let site = chosen.site();
    read.sites.get(&site)?;
    let at = At::new(read.asked.stack, read.asked.layer, site);
    let seen = Axis::new(chosen.window, 0.0, 900.0, read.times(), read.usual()).visible();
    let forced: Vec<String> = chosen.forced.iter().map(|one| format!("{} = {}", one.edit().at(), one.value)).collect();
    let said = format!("{} ({})", model.opened.name, model.opened.describe());
    let caption = caption::bare()
        .and(FILES.caption_model, said)
        .and(RECURRENT.caption_site, at.to_string())
        .and(RECURRENT.caption_steps, format!("{}-{}", seen.start, seen.end.saturating_sub(1)))
        .and(RECURRENT.caption_forced, forced.join(", "));
    Some(Box::new(move || {
        let levels = read.sites.get(&site).ok_or_else(|| crate::Error::input(RECURRENT.no_site))?;
        let units = levels.units();
        let most = (ROWS / units).max(1);
        let steps = seen.start..seen.end.min(seen.start + DRAWN.min(most));
        let part = &levels.values.data()[steps.start * units..steps.end * units];
        let values = Array::new(&["time", "unit"], &[steps.len(), units], part)?;
        let pieces = read.tokens.pieces[steps.clone()].to_vec();
        let figure = figure::draw(&values, &pieces, &at.to_string(), palette);
        let places = || steps.clone().flat_map(|step| (0..units).map(move |cell| (step, cell)));
        let table = Table::default()
            .whole("step", places().map(|(step, _)| step))
            .text("token", places().map(|(step, _)| read.tokens.pieces[step].piece.clone()))
            .whole("cell", places().map(|(_, cell)| cell))
            .single("value", values.data().iter().copied());
        let tokens = Tokens { texts: read.tokens.texts.clone(), pieces, dropped: 0 };
        Ok(ViewExport::new(caption, figure, table).with(at.to_string(), values).of(tokens))
    }))
}
