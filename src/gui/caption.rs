//! What stands under an exported picture: everything that a reader needs and the window shows elsewhere.

use super::state::State;
use super::words::files::FILES;
use crate::engine::Run;
use crate::figure::{Caption, head_name};

/// The model, the text, and what was changed about them.
pub fn of_run(state: &State) -> Caption {
    let Some(run) = state.run() else { return Caption::default() };
    let ask = &run.ask;
    let masked: Vec<String> = ask.masked.iter().map(|&i| typed(run, i)).collect();
    let replaced: Vec<String> =
        ask.replaced.iter().map(|(i, by)| format!("{} \u{2192} {by}", typed(run, *i))).collect();
    let off: Vec<String> =
        ask.off.iter().map(|off| format!("{} ({})", head_name(off.layer, off.head), off.with)).collect();
    let cut: Vec<String> = ask
        .cuts
        .iter()
        .map(|cut| {
            let whose = cut.head.map_or_else(|| format!("L{}", cut.layer), |head| head_name(cut.layer, head));
            format!("{whose} {} \u{2192} {}", typed(run, cut.query), typed(run, cut.key))
        })
        .collect();
    let kind = if state.imported.is_some() { FILES.caption_file } else { FILES.caption_model };
    Caption::default()
        .and(kind, title(state))
        .and(FILES.caption_text, &*ask.text)
        .and(FILES.caption_second, ask.pair.as_deref().unwrap_or_default())
        .and(FILES.caption_masked, masked.join(", "))
        .and(FILES.caption_replaced, replaced.join(", "))
        .and(FILES.caption_off, off.join(", "))
        .and(FILES.caption_cut, cut.join(", "))
}

/// The same with the selected heads and what their numbers stand for.
pub fn of(state: &State) -> Caption {
    of_run(state).and(FILES.caption_head, state.title()).and(FILES.caption_meaning, state.meaning_label())
}

/// What is open, with the beginning of its fingerprint.
pub fn title(state: &State) -> String {
    state.subject().map(|subject| subject.title()).unwrap_or_default()
}

/// A token as it was typed, with its position.
fn typed(run: &Run, i: usize) -> String {
    if i >= run.tokens.len() {
        return i.to_string();
    }
    let source = run.tokens.source(i);
    let word = if source.is_empty() { run.tokens.shown(i) } else { source.to_owned() };
    format!("{word} ({i})")
}
