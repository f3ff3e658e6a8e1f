//! Actions change the state here; what jobs have to say does in [`super::arrive`]. Nothing else does.

use super::action::{Action, ExportOf, Sheet};
use super::command::Command;
use super::examples::Spot;
use super::exbert::Link;
use super::made::Made;
use super::scene::Scene;
use super::scene::{Arrangement, View, Workspace};
use super::settings::Theme;
use super::slice::Slice;
use super::state::{Look, State, Study};
use super::views::camera::Camera;
use super::views::heads::work::Ask as OfHeads;
use super::words::EN;
use super::words::files::FILES;
use super::{before, changes, dialogs, export, files, moves, recurrent, space, theme, views};
use crate::analysis::attention::worth_seeing;
use crate::analysis::filter::{Filter, Special};
use crate::analysis::meaning::Weights;
use crate::engine::{Ask, Engine, Run, Slot};
use crate::error::Result;
use crate::figure::lines::{Focus, Way};
use crate::trace::{At, Control, Place, Want};
use egui::Context;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long the keys must rest before the sentence is read.
pub const PAUSE: Duration = Duration::from_millis(80);

/// Applies one action.
pub fn apply(state: &mut State, engine: &Engine<Made>, ctx: &Context, action: Action) {
    act(state, engine, ctx, action);
    retarget(state, engine);
}

/// A gradient is taken of what is masked or pinned now, unless something else was chosen.
pub(super) fn retarget(state: &mut State, engine: &Engine<Made>) {
    let Some(wanted) = state.gradient_of() else { return };
    let is_other = |run: &Arc<Run>| run.ask.target != Some(wanted) && state.is_about(run);
    if !state.running && state.problem.is_none() && state.run().is_some_and(is_other) {
        ask(state, engine);
    }
}

fn act(state: &mut State, engine: &Engine<Made>, ctx: &Context, action: Action) {
    match action {
        Action::Do(command) => perform(state, engine, ctx, command),
        Action::Open(name) => files::open(state, engine, name),
        Action::Text(text) => {
            if let Some(link) = Link::find(&text) {
                files::follow(state, engine, link);
                return;
            }
            if state.imported.is_some() {
                state.notice = Some(FILES.from_file_note.to_owned());
                return;
            }
            state.scene.text = text;
            state.untouched = false;
            changed(state);
        }
        Action::Pair(pair) => {
            state.scene.pair = pair;
            changed(state);
        }
        Action::Example(example) => {
            state.scene.text = example.text;
            state.scene.pair = example.pair;
            state.next_spot = example.spot;
            state.untouched = false;
            changed(state);
            state.typed = None;
            ask(state, engine);
        }
        Action::Select(head) => {
            state.scene.head = head;
            state.scene.others.clear();
            state.preview_head = None;
            state.untouched = false;
        }
        Action::Lines(ask) => views::lines::apply(state, ask),
        Action::Heatmap(colours) => state.scene.look.colours = colours,
        Action::Model(ask) => views::model::apply(state, ask),
        Action::PreviewHead(head) => state.preview_head = head,
        Action::Pin(focus) => {
            state.untouched = false;
            state.scene.pinned = (state.scene.pinned != Some(focus)).then_some(focus);
        }
        Action::Preview(focus) => state.preview = focus,
        Action::Show(view) => moves::reveal(state, view),
        Action::Arrange(arrangement) => state.scene.look.arrangement = arrangement,
        Action::Filter(filter) => {
            state.scene.look.filter = Filter { threshold: filter.threshold.checked(), ..filter };
        }
        Action::Mean(meaning) if files::refuse_meaning(state, meaning) => {}
        Action::Mean(meaning) => {
            state.scene.look.meaning = meaning;
            ask(state, engine);
        }
        Action::Target(target) => state.scene.target = target,
        Action::Neuron(asked) => views::neuron::apply(state, engine, asked),
        Action::Mask(_) | Action::HeadOff(_) | Action::Change(_) if files::refuse_change(state) => {}
        Action::Mask(position) => {
            if state.model.as_ref().is_some_and(|m| m.tokenizer.mask().is_none()) {
                state.notice = Some(EN.no_mask.to_owned());
            } else if state.can_mask(position) && !is_old(state) {
                let pieces = state.pieces_of(position);
                toggle(&mut state.scene.masked, &pieces);
                intervene(state, engine);
            }
        }
        Action::HeadOff(head) => {
            if !is_old(state) {
                toggle(&mut state.scene.heads_off, &[head]);
                intervene(state, engine);
            }
        }
        Action::Change(change) => {
            if !is_old(state) && changes::apply(&mut state.scene, change) {
                intervene(state, engine);
            }
        }
        Action::Effects(ask) => views::effects::apply(state, engine, ask),
        Action::Heads(OfHeads::Open(text, (layer, head), query)) => {
            state.scene.look.view = View::Lines;
            (state.scene.text, state.scene.pair, state.scene.others) = (text, None, Vec::new());
            state.next_spot = Some(Spot { layer, head, query: Some(query) });
            state.untouched = false;
            changed(state);
            state.typed = None;
            ask(state, engine);
        }
        Action::Heads(ask) => views::heads::work::apply(state, engine, ask),
        Action::Predict(ask) => views::predict::apply(state, engine, ask),
        Action::Compare(ask) => views::compare::apply(state, engine, ask),
        Action::Map(ask) => views::map::apply(state, engine, ask),
        Action::Space(ask) => space::apply(state, engine, ask),
        Action::Recurrent(ask) => recurrent::apply(state, engine, ask),
        Action::Workspace(workspace) => state.scene.workspace = workspace,
        Action::Look(at) => look(state, engine, at),
        Action::Slice(leading) => {
            let Some(Look { at, array, .. }) = state.look.clone() else { return };
            let dark = ctx.theme() == egui::Theme::Dark;
            submit(state, engine, Slot::Look, "slicing a tensor", move |_| {
                let slice = Slice::new(at.site, &array, &leading, dark);
                Ok(Made::Look(Look { at, array, slice }))
            });
        }
        Action::Export(path, of) => export::save(state, engine, ctx, path, of),
        Action::ExportAs(of) => dialogs::target(state, engine, of),
        Action::PngScale(scale) => state.settings.png_scale = scale.clamp(0.5, 8.0),
        Action::SaveSession(path) => files::save(state, engine, path),
        Action::SaveSessionAs => dialogs::session(state, engine),
        Action::Notes(notes) => {
            state.scene.notes = notes;
            state.untouched = false;
        }
        Action::Instead(instead) => files::choose(state, engine, instead),
        Action::Sheet(sheet) => {
            files::put_off(state);
            state.sheet = sheet;
        }
        Action::Theme(choice) => {
            state.settings.theme = choice;
            theme::choose(ctx, choice);
        }
        Action::Device(device) => state.settings.device = device,
        Action::Budget(mb) => state.settings.budget_mb = mb.clamp(100, 1_000_000),
        Action::Dismiss => state.problem = None,
        Action::Copy(text) => {
            ctx.copy_text(text);
            state.notice = Some(EN.copied.to_owned());
        }
    }
}

/// Asks the engine for work whose outcome replaces that of older work in the slot.
pub fn submit(
    state: &mut State,
    engine: &Engine<Made>,
    slot: Slot,
    name: &'static str,
    work: impl FnOnce(&Control) -> Result<Made> + Send + 'static,
) {
    let job = engine.submit(slot, name, work);
    state.latest.insert(slot, job);
}

/// Ends what is under way in a slot. What came of a text that is being generated still arrives.
pub fn halt(state: &mut State, engine: &Engine<Made>, slot: Slot) {
    engine.stop(slot);
    if slot != Slot::Generate || !engine.is_busy(slot) {
        state.latest.remove(&slot);
    }
    state.progress.take_if(|(of, _)| *of == slot);
}

fn perform(state: &mut State, engine: &Engine<Made>, ctx: &Context, command: Command) {
    let sheet = |state: &mut State, sheet| {
        state.sheet = (state.sheet != Some(sheet)).then_some(sheet);
    };
    match command {
        Command::Models => sheet(state, Sheet::Models),
        Command::Palette => sheet(state, Sheet::Palette),
        Command::Find => moves::find(state, ctx),
        Command::Settings => sheet(state, Sheet::Settings),
        Command::ShapeTrace => sheet(state, Sheet::Shapes),
        Command::Export => sheet(state, Sheet::Export),
        Command::Help => sheet(state, Sheet::Help),
        Command::OpenFolder => dialogs::folder(state, engine),
        Command::OpenFile => dialogs::file(state, engine),
        Command::Attention => state.scene.workspace = Workspace::Attention,
        Command::Embeddings => state.scene.workspace = Workspace::Embeddings,
        Command::OpenVectors => dialogs::vectors(state, engine, Made::Vectors),
        Command::Recurrent => state.scene.workspace = Workspace::Recurrent,
        Command::OpenRecurrent => dialogs::weights(state, engine),
        Command::OpenText => dialogs::text(state, engine),
        Command::Table => state.scene.space.table = !state.scene.space.table,
        Command::Session => sheet(state, Sheet::Session),
        Command::EditSentence if state.scene.workspace == Workspace::Embeddings => {
            ctx.memory_mut(|m| m.request_focus(space::formula_id()));
        }
        Command::EditSentence if state.scene.workspace == Workspace::Recurrent => {
            ctx.memory_mut(|m| m.request_focus(recurrent::text_id()));
        }
        Command::EditSentence => ctx.memory_mut(|m| m.request_focus(super::panels::top::sentence_id())),
        Command::SecondSentence => {
            state.scene.pair = if state.scene.pair.is_some() { None } else { Some(String::new()) };
            if state.scene.pair.is_some() {
                ctx.memory_mut(|m| m.request_focus(super::panels::top::second_id()));
            }
            changed(state);
        }
        Command::Lines
        | Command::Heatmap
        | Command::Neuron
        | Command::Effects
        | Command::Heads
        | Command::Evidence
        | Command::Predict
        | Command::Compare
        | Command::Map => {
            let shows = |view: &&View| view.command() == command;
            if let Some(view) = View::ALL.iter().find(shows) {
                moves::reveal(state, *view);
            }
        }
        Command::NextHead => moves::step(state, 0, 1),
        Command::PreviousHead => moves::step(state, 0, -1),
        Command::NextLayer => moves::step(state, 1, 0),
        Command::PreviousLayer => moves::step(state, -1, 0),
        Command::NextToken => moves::along(state, 1),
        Command::PreviousToken => moves::along(state, -1),
        Command::Unpin if state.scene.workspace == Workspace::Embeddings && state.sheet.is_none() => {
            space::let_go(state);
        }
        Command::Unpin if state.scene.workspace == Workspace::Recurrent && state.sheet.is_none() => {
            recurrent::let_go(state);
        }
        Command::Unpin => {
            files::put_off(state);
            if state.sheet.take().is_none() {
                if state.projector && state.scene.pinned.is_none() {
                    project(state, ctx, false);
                }
                (state.scene.pinned, state.preview) = (None, None);
            }
        }
        Command::Mask => {
            if let Some(focus) = state.focus() {
                apply(state, engine, ctx, Action::Mask(focus.token()));
            }
        }
        Command::HeadOff => {
            if !files::refuse_change(state) && !is_old(state) {
                let heads = state.scene.heads();
                toggle(&mut state.scene.heads_off, &heads);
                intervene(state, engine);
            }
        }
        Command::HideSpecial => {
            let special = &mut state.scene.look.filter.special;
            *special = if *special == Special::Show { Special::Hide } else { Special::Show };
        }
        Command::Words => {
            let words = &mut state.scene.look.filter.words;
            *words = !*words;
        }
        Command::Undo => {
            let now = state.scene.clone();
            if let Some(scene) = state.history.undo(&now).cloned() {
                restore(state, engine, scene);
            }
        }
        Command::Redo => {
            let now = state.scene.clone();
            if let Some(scene) = state.history.redo(&now).cloned() {
                restore(state, engine, scene);
            }
        }
        Command::Pin => {
            if let Some(focus) = state.preview.or(state.scene.pinned) {
                apply(state, engine, ctx, Action::Pin(focus));
            } else if let Some(first) = state.run().and_then(|r| r.tokens.pieces.iter().position(|p| !p.special)) {
                apply(state, engine, ctx, Action::Pin(Focus::Query(first)));
            }
        }
        Command::Stretch => state.scene.look.stretch = !state.scene.look.stretch,
        Command::Pool => views::model::apply(state, views::model::Ask::OtherPool),
        Command::WholeModel if state.scene.workspace == Workspace::Embeddings => {
            state.scene.space.camera = space::camera::Camera::default();
        }
        Command::WholeModel => state.scene.details.camera = Camera::default(),
        Command::Direction => {
            let at = Way::ALL.iter().position(|w| *w == state.scene.look.way).unwrap_or(0);
            state.scene.look.way = Way::ALL[(at + 1) % Way::ALL.len()];
        }
        Command::Overview => state.scene.look.arrangement = Arrangement::Overview,
        Command::GridOnly => state.scene.look.arrangement = Arrangement::Grid,
        Command::HeadOnly => state.scene.look.arrangement = Arrangement::Head,
        Command::Tiles => state.scene.look.arrangement = Arrangement::Tiles,
        Command::CopyPicture => export::copy_picture(state, engine, ctx, ExportOf::Head),
        Command::CopyGrid => export::copy_picture(state, engine, ctx, ExportOf::Grid),
        Command::CopyValues => export::copy_values(state, engine, ctx),
        Command::Projector => {
            let on = !state.projector;
            project(state, ctx, on);
        }
        Command::SwitchTheme => {
            let dark = ctx.theme() == egui::Theme::Dark;
            apply(state, engine, ctx, Action::Theme(if dark { Theme::Light } else { Theme::Dark }));
        }
        Command::Stop => stop(state, engine),
    }
}

fn project(state: &mut State, ctx: &Context, on: bool) {
    state.projector = on;
    ctx.set_zoom_factor(if on { 1.5 } else { 1.0 });
    state.notice = on.then(|| EN.projector_way_back.to_owned());
}

/// Opens vectors in their workspace.
pub fn open_vectors(state: &mut State, engine: &Engine<Made>, path: &std::path::Path) {
    state.scene.workspace = Workspace::Embeddings;
    space::apply(state, engine, space::Ask::Open(path.to_string_lossy().into_owned()));
}

/// Opens a recurrent model in its workspace.
pub fn open_recurrent(state: &mut State, engine: &Engine<Made>, path: &std::path::Path) {
    state.scene.workspace = Workspace::Recurrent;
    recurrent::apply(state, engine, recurrent::Ask::Open(path.to_string_lossy().into_owned()));
}

/// Ends everything that is under way.
fn stop(state: &mut State, engine: &Engine<Made>) {
    for slot in Slot::STOPPABLE {
        halt(state, engine, slot);
        space::stopped(state, slot);
    }
    files::stopped(state);
    for slot in [Slot::Recurrent, Slot::Sample] {
        recurrent::stopped(state, slot);
    }
    (state.running, state.typed, state.progress, state.opening) = (false, None, None, None);
    before::roll_back(state);
    state.notice = Some(EN.stopped.to_owned());
}

/// Takes all of these out of a list where it has them all, and else adds those that it lacks.
fn toggle<T: PartialEq + Copy>(list: &mut Vec<T>, items: &[T]) {
    if items.iter().all(|item| list.contains(item)) {
        list.retain(|x| !items.contains(x));
    } else {
        let missing: Vec<T> = items.iter().copied().filter(|item| !list.contains(item)).collect();
        list.extend(missing);
    }
}

/// The text is another: what was masked or turned off belonged to the old one.
fn changed(state: &mut State) {
    changes::forget(&mut state.scene);
    state.notice = None;
    state.typed = Some(Instant::now());
    state.running = true;
}

/// Asks for the run of what stands there, or clears the views where nothing does.
pub fn ask(state: &mut State, engine: &Engine<Made>) {
    let Some(subject) = state.subject() else {
        state.running = false;
        return;
    };
    let Some(ask) = state.ask() else {
        halt(state, engine, Slot::Run);
        (state.study, state.before, state.running) = (None, None, false);
        return;
    };
    let known = state.results.find(subject.id(), &ask).cloned();
    let (look, meaning, before) = (state.grid_look, state.scene.look.meaning, state.study.clone());
    state.running = true;
    // It is of what was shown until now.
    halt(state, engine, Slot::Before);
    submit(state, engine, Slot::Run, "a forward pass", move |control| {
        let run = match known {
            Some(run) => run,
            None => subject.run(&ask, control)?,
        };
        let worth = worth_seeing(&run);
        let weights = Arc::new(Weights::new(&run, meaning)?);
        Ok(Made::Study(Study::new(weights, worth, look, before.as_ref())))
    });
}

/// Whether the picture is of another text or model, so that positions in it mean nothing for what stands there.
fn is_old(state: &State) -> bool {
    state.run().is_none_or(|run| !state.is_about(run))
}

/// Runs with what the person changed, or goes back to the run without changes.
fn intervene(state: &mut State, engine: &Engine<Made>) {
    state.untouched = false;
    ask(state, engine);
}

/// Brings back what the person chose before, and runs the model where that asks for it.
fn restore(state: &mut State, engine: &Engine<Made>, scene: Scene) {
    let asked = state.ask();
    state.scene = scene;
    (state.preview, state.preview_head, state.next_spot) = (None, None, None);
    (state.typed, state.untouched) = (None, false);
    if state.ask() != asked || state.meaning() != state.scene.look.meaning {
        state.restored = true;
        ask(state, engine);
    }
}

/// The grid is to be drawn for another width, theme, pixel size or filter. The heads of a long text wait until the filter
/// rests: a drag would otherwise have to share the processor with what it leaves behind.
pub fn redraw(state: &mut State, engine: &Engine<Made>, ctx: &Context) {
    /// So many numbers are looked through between two frames.
    const FEW: usize = 4_000_000;
    let Some(study) = &state.study else { return };
    if engine.is_busy(Slot::Draw) {
        return;
    }
    let filter = state.grid_look.filter;
    let numbers = study.sifted.layers() * study.sifted.heads() * study.run.tokens.len().pow(2);
    if numbers > FEW && study.look.filter != filter {
        let known = state.grid_filter.filter(|(known, _)| *known == filter);
        let (_, since) = *state.grid_filter.insert(known.unwrap_or_else(|| (filter, Instant::now())));
        let rest = PAUSE.saturating_sub(since.elapsed());
        if !rest.is_zero() {
            return ctx.request_repaint_after(rest);
        }
    }
    let (study, look) = (study.clone(), state.grid_look);
    submit(state, engine, Slot::Draw, "drawing", move |_| {
        Ok(Made::Redrawn(Study::new(study.weights.clone(), study.worth.clone(), look, Some(&study))))
    });
}

pub(super) fn look(state: &mut State, engine: &Engine<Made>, at: At) {
    let (Some(model), Some(ask)) = (state.model.clone(), state.ask()) else { return };
    state.looking = Some(at);
    let place = Place { stack: Some(at.stack), layer: at.stack.is_layered().then_some(at.layer), site: Some(at.site) };
    let ask = Ask { want: Want::nothing().and(place), ..ask };
    let dark = state.grid_look.dark;
    submit(state, engine, Slot::Look, "reading a tensor", move |control| {
        let run = Run::new(&model, &ask, control)?;
        let array = run.array(at)?.clone();
        let slice = Slice::new(at.site, &array, &[], dark);
        Ok(Made::Look(Look { at, array, slice }))
    });
}
