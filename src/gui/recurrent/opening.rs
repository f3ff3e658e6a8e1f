//! Opening recurrent models, and texts for them.

use super::{Chosen, Kept, Made, Model};
use crate::engine::recurrent::{Opened, is_one as is_model};
use crate::engine::{Engine, Slot};
use crate::error::{Error, Result};
use crate::figure::fresh_key;
use crate::gui::made;
use crate::gui::scene::Workspace;
use crate::gui::state::State;
use crate::gui::update::submit;
use crate::gui::words::recurrent::RECURRENT;
use crate::source::find;
use std::path::Path;
use std::sync::Arc;

/// The folders of the bundled models, the first first.
const BUNDLED: [&str; 3] = ["char-lstm", "char-gru", "char-rnn"];
/// The longest text, in bytes.
const LONGEST: u64 = 1 << 30;

/// Whether a path is of a recurrent model rather than of anything else that the window opens.
pub fn is_one(state: &State, path: &Path) -> bool {
    if path.is_dir() {
        return is_model(path);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let is_its = name == "lexiscope.json" || name == "manifest.json";
    let is_its = is_its || [".h5", ".hdf5", ".keras"].iter().any(|ending| name.ends_with(ending));
    path.is_file() && is_model(path) && (is_its || state.scene.workspace == Workspace::Recurrent)
}

/// Whether a path is of a text for the model of the workspace.
pub fn is_text(state: &State, path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    state.scene.workspace == Workspace::Recurrent && path.is_file() && matches!(ending.as_str(), "txt" | "md" | "text")
}

/// The bundled models that are here.
pub fn bundled() -> impl Iterator<Item = &'static str> {
    BUNDLED.into_iter().filter(|name| find::recurrent(name).is_ok())
}

/// Opens a model.
pub fn open(state: &mut State, engine: &Engine<made::Made>, path: String) {
    let old = state.scene.recurrent.clone();
    // Layers, cells and gates are the model's; the text and how it is looked at stay.
    state.scene.recurrent = Chosen {
        path: path.clone(),
        layer: 0,
        backward: false,
        cells: Vec::new(),
        forced: Vec::new(),
        brush: None,
        ..old
    };
    let kept = &mut state.recurrent;
    kept.path = Some(path.clone());
    let bundled = bundled().next();
    let named = if path.is_empty() { bundled.map(str::to_owned) } else { Some(path) };
    let Some(named) = named else {
        kept.opening = None;
        return;
    };
    let name = Path::new(&named).file_name().map_or_else(|| named.clone(), |name| name.to_string_lossy().into_owned());
    kept.opening = Some(name);
    submit(state, engine, Slot::Recurrent, "opening a model", move |control| {
        let opened = Opened::open(&find::recurrent(&named)?, control)?;
        let model = Model { id: fresh_key(), opened };
        Ok(made::Made::Recurrent(Made::Opened(Arc::new(model))))
    });
}

/// A model is open.
pub fn opened(state: &mut State, model: &Arc<Model>) {
    let old = std::mem::take(&mut state.recurrent);
    state.recurrent =
        Kept { path: old.path, model: Some(model.clone()), text: old.text, of: old.of, ..Kept::default() };
    if matches!(&state.problem, Some(problem) if problem.title == RECURRENT.failed_open) {
        state.problem = None;
    }
    let notices = model.opened.notices.join("; ");
    state.notice = (!notices.is_empty()).then_some(notices);
    // What was kept from the last session may be of another model.
    let (network, chosen) = (&model.opened.network, &mut state.scene.recurrent);
    chosen.layer = chosen.layer.min(network.layers.len() - 1);
    let layer = &network.layers[chosen.layer];
    chosen.backward &= layer.backward.is_some();
    let units = layer.forward.units;
    chosen.cells.retain(|cell| *cell < units);
    let sites = network.sites();
    chosen.forced.retain(|forced| sites.iter().any(|(at, _)| *at == forced.edit().at()));
    if super::read::sites(model, super::stack(chosen.backward), chosen.layer).iter().all(|(s, _)| *s != chosen.site()) {
        crate::trace::Site::State.name().clone_into(&mut chosen.what);
    }
}

/// The text of a file.
pub fn text(file: &str) -> Result<Arc<str>> {
    let path = Path::new(file);
    let text = find::read_text(path, LONGEST)?;
    if text.is_empty() {
        return Err(Error::format(path, "the file is empty"));
    }
    Ok(text.into())
}
