//! What stands under an exported picture: everything that a reader needs and the window shows elsewhere.

use super::action::Head;
use super::scene::View;
use super::state::State;
use super::words::files::FILES;
use super::words::{self, EN, fill};
use crate::analysis::filter::Threshold;
use crate::engine::Ask;
use crate::figure::lines::Focus;
use crate::figure::{Caption, head_name, percent, short};
use crate::text::Tokens;

/// The model, the text, and what was changed about them.
pub fn of_run(state: &State) -> Caption {
    state.run().map_or_else(Caption::default, |run| asked(state, &run.ask))
}

/// The same of what was asked, which need not be what is shown.
pub fn asked(state: &State, ask: &Ask) -> Caption {
    // Tokens are named as they were typed, before anything was masked or replaced; unknown ones by their position.
    let runs = || state.before.iter().chain(state.run());
    let tokens = runs().find(|run| run.ask.text == ask.text && run.ask.pair == ask.pair).map(|run| &run.tokens);
    let typed = |i: usize| tokens.map_or_else(|| i.to_string(), |tokens| typed(tokens, i));
    let masked: Vec<String> = ask.masked.iter().map(|&i| typed(i)).collect();
    let replaced: Vec<String> = ask.replaced.iter().map(|(i, by)| format!("{} \u{2192} {by}", typed(*i))).collect();
    let off: Vec<String> =
        ask.off.iter().map(|off| format!("{} ({})", head_name(off.layer, off.head), off.with)).collect();
    let cut: Vec<String> = ask
        .cuts
        .iter()
        .map(|cut| {
            let whose = cut.head.map_or_else(|| format!("L{}", cut.layer), |head| head_name(cut.layer, head));
            format!("{whose} {} \u{2192} {}", typed(cut.query), typed(cut.key))
        })
        .collect();
    of_subject(state)
        .and(FILES.caption_text, &*ask.text)
        .and(FILES.caption_second, ask.pair.as_deref().unwrap_or_default())
        .and(FILES.caption_masked, masked.join(", "))
        .and(FILES.caption_replaced, replaced.join(", "))
        .and(FILES.caption_off, off.join(", "))
        .and(FILES.caption_cut, cut.join(", "))
}

/// Nothing yet.
pub fn bare() -> Caption {
    Caption::default()
}

/// The model, or the file of attention, alone.
pub fn of_subject(state: &State) -> Caption {
    let kind = if state.imported.is_some() { FILES.caption_file } else { FILES.caption_model };
    Caption::default().and(kind, title(state))
}

/// The run with the heads that lines or a matrix show, what their numbers stand for and which of them are shown.
pub fn of(state: &State) -> Caption {
    let pinned = state.scene.pinned.zip(state.run()).map(|(focus, run)| {
        let name = if matches!(focus, Focus::Query(_)) { FILES.pinned_query } else { FILES.pinned_key };
        fill(name, &[&typed(&run.tokens, focus.token())])
    });
    let threshold = match state.scene.look.filter.threshold {
        Threshold::Mass(share) => fill(FILES.threshold_mass, &[&percent(share)]),
        Threshold::AtLeast(least) => fill(FILES.threshold_least, &[&short(least)]),
        Threshold::Top(count) => fill(FILES.threshold_top, &[&count.to_string()]),
    };
    of_run(state)
        .and(FILES.caption_head, heads(state))
        .and(FILES.caption_meaning, state.meaning_label())
        .and(FILES.caption_pinned, pinned.unwrap_or_default())
        .and(FILES.caption_threshold, threshold)
}

/// The run of a view that reads the attention itself, whatever the numbers elsewhere stand for.
pub fn of_attention(state: &State) -> Caption {
    of_run(state).and(FILES.caption_meaning, EN.meaning_raw)
}

/// The heads that lines or a matrix show, by name: `Sum of L0·H1, L2·H3`.
pub fn heads(state: &State) -> String {
    let heads = state.shown_heads();
    if heads.len() < 2 {
        return state.title();
    }
    let names = names(&heads);
    if state.is_overlaid() && state.scene.look.view == View::Lines {
        fill(FILES.in_colours, &[&names])
    } else {
        fill(FILES.combined, &[words::combine(state.combine()), &names])
    }
}

/// `L0·H1, L2·H3`.
fn names(heads: &[Head]) -> String {
    heads.iter().map(|&(layer, head)| head_name(layer, head)).collect::<Vec<_>>().join(", ")
}

/// What is open, with the beginning of its fingerprint.
pub fn title(state: &State) -> String {
    state.subject().map(|subject| subject.title()).unwrap_or_default()
}

/// A token as it was typed, with its position.
pub fn typed(tokens: &Tokens, i: usize) -> String {
    if i >= tokens.len() {
        return i.to_string();
    }
    let source = tokens.source(i);
    let word = if source.is_empty() { tokens.shown(i) } else { source.to_owned() };
    format!("{word} ({i})")
}
