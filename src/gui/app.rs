//! The window: state, engine and views side by side.

use super::action::{Action, Actions, Sheet};
use super::command::Command;
use super::files;
use super::guess;
use super::keep;
use super::made::Made;
use super::paint::Canvas;
use super::panels;
use super::scene::{Arrangement, Workspace};
use super::settings::Settings;
use super::state::{GridLook, State};
use super::tiles::{self, Pane};
use super::words::EN;
use super::{arrive, theme, update};
use super::{recurrent, space};
use crate::engine::{Engine, Slot};
use crate::error::Result;
use crate::source::find;
use eframe::{CreationContext, Frame, Storage};
use egui::{Align2, CentralPanel, Color32, Context, Id, Margin, Panel, Pos2, Rect, Stroke, Ui, Vec2};
use egui_tiles::Tree;
use std::path::{Path, PathBuf};

const SETTINGS: &str = "settings";

/// The application.
pub struct App {
    state: State,
    engine: Engine<Made>,
    actions: Actions,
    canvas: Canvas,
    tree: Tree<Pane>,
    /// The sheet that the last frame showed.
    last_sheet: Option<Sheet>,
    /// Whether a text field had the focus in the last frame: Esc takes it away before anybody can ask.
    was_typing: bool,
    /// Where the pointer lay when a key was used: until it moves, it previews nothing, so that the keys win.
    muted: Option<Pos2>,
}

impl App {
    /// Starts with the first of `paths`, or with the bundled model; further paths are listed among the recent models.
    /// With `watch` the first of them is a file of attention that is followed. Where no path is given, the window goes
    /// on where the last session ended.
    pub fn new(context: &CreationContext<'_>, paths: &[PathBuf], watch: bool) -> Result<Self> {
        let stored = context.storage.and_then(|s| eframe::get_value::<Settings>(s, SETTINGS));
        let mut app = Self::start(context, stored.unwrap_or_default(), paths)?;
        // What is measured is the first start.
        if std::env::var_os(super::cold_start::VARIABLE).is_none()
            && let Some(folder) = eframe::storage_dir("lexiscope")
        {
            app.keep_in(&folder, paths.is_empty());
        }
        if let Some(path) = paths.first().filter(|_| watch) {
            app.watch(path);
        }
        Ok(app)
    }

    /// Keeps the session in this folder, and goes on with the one that is there if that is asked for.
    pub fn keep_in(&mut self, folder: &Path, go_on: bool) {
        let path = folder.join(keep::LAST);
        if !go_on {
            self.state.keep.path = Some(path);
        } else if let Some(last) = keep::last(&mut self.state, &path) {
            drop(self.actions.take());
            keep::open_last(&mut self.state, &self.engine, last);
        }
    }

    /// Follows a file of attention; one that is not there yet is waited for.
    pub fn watch(&mut self, path: &Path) {
        let stamp = super::watch::stamp(path);
        if stamp.is_none() {
            drop(self.actions.take());
        }
        self.state.watched = Some((path.to_path_buf(), stamp));
        files::watch(&mut self.state, &self.engine);
    }

    /// Starts with these settings.
    pub fn start(context: &CreationContext<'_>, settings: Settings, paths: &[PathBuf]) -> Result<Self> {
        let ctx = &context.egui_ctx;
        if let Some(state) = &context.wgpu_render_state {
            space::install(state);
        }
        theme::install(ctx);
        theme::choose(ctx, settings.theme);
        // A session that ended in projector mode must not enlarge the next one.
        ctx.set_zoom_factor(1.0);
        let waker = ctx.clone();
        let mut app = Self {
            state: State::new(settings.checked()),
            engine: Engine::start(move || waker.request_repaint())?,
            actions: Actions::default(),
            canvas: Canvas::default(),
            tree: tiles::tree(),
            last_sheet: None,
            was_typing: false,
            muted: None,
        };
        // One model is open at a time; the others wait in the list of recent ones.
        for path in paths.iter().skip(1).rev() {
            app.state.settings.remember(&path.to_string_lossy());
        }
        let first = paths.first().map_or_else(|| find::DEFAULT.to_owned(), |p| p.to_string_lossy().into_owned());
        app.actions.ask(Action::Open(first));
        Ok(app)
    }

    /// What the window knows.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Whether nothing is under way: what is on the screen is the answer to what was asked.
    pub fn is_settled(&self) -> bool {
        self.state.typed.is_none()
            && !self.state.running
            && self.state.opening.is_none()
            && self.state.space.flight.is_none()
            && !Slot::ALL.into_iter().any(|s| !matches!(s, Slot::Dialog | Slot::Watch) && self.engine.is_busy(s))
    }

    /// Asks for something as a person would.
    pub fn ask(&self, action: Action) {
        self.actions.ask(action);
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, _frame: &mut Frame) {
        for event in self.engine.events() {
            arrive::receive(&mut self.state, &self.engine, ctx, event);
        }
        // A letter that is for views of attention says nothing where there are none.
        let is_here = |command: &Command| {
            self.state.scene.workspace == Workspace::Attention || !command.is_of_attention() || !command.is_letter()
        };
        if let Some(command) = Command::pressed(ctx, self.was_typing, self.state.sheet.is_some()).filter(is_here) {
            self.muted = ctx.input(|i| i.pointer.hover_pos());
            self.actions.ask(Action::Do(command));
        }
        for file in ctx.input(|i| i.raw.dropped_files.clone()) {
            self.actions.ask(Action::Open(file.path().to_string_lossy().into_owned()));
        }
        for action in self.actions.take() {
            update::apply(&mut self.state, &self.engine, ctx, action);
        }
        guess::follow(&mut self.state, &self.engine);
        self.state.space_dark = theme::palette(ctx).dark;
        space::follow(&mut self.state, &self.engine);
        recurrent::follow(&mut self.state, &self.engine);
        if self.state.space.is_moving() {
            ctx.request_repaint();
        }
        self.state.settings.look = self.state.scene.look;
        if let Some(rest) = keep::keep(&mut self.state, &self.engine, false) {
            ctx.request_repaint_after(rest);
        }
        // What an answer changes belongs to the change that asked for it.
        if !self.state.running {
            self.state.history.feed_state(ctx.input(|i| i.time), &self.state.scene);
        }
        // While a person types, the sentence is read once the keys rest.
        if let Some(typed) = self.state.typed {
            let rest = update::PAUSE.saturating_sub(typed.elapsed());
            if rest.is_zero() {
                self.state.typed = None;
                update::ask(&mut self.state, &self.engine);
            } else {
                ctx.request_repaint_after(rest);
            }
        }
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut Frame) {
        self.panels(ui);
        self.sheet(ui.ctx());
        overlays(ui, &self.state);
        self.canvas.tidy();
        if self.state.study.as_ref().is_some_and(|s| s.look != self.state.grid_look) {
            update::redraw(&mut self.state, &self.engine, ui.ctx());
        }
        self.was_typing = ui.ctx().text_edit_focused();
        self.preview(ui.ctx());
        if !self.actions.is_empty() {
            ui.ctx().request_repaint();
        }
    }

    fn save(&mut self, storage: &mut dyn Storage) {
        eframe::set_value(storage, SETTINGS, &self.state.settings);
        keep::keep(&mut self.state, &self.engine, true);
    }
}

impl App {
    /// What the pointer is on is previewed from the next frame on.
    fn preview(&mut self, ctx: &Context) {
        if self.muted != ctx.input(|i| i.pointer.hover_pos()) {
            self.muted = None;
        }
        let (token, head) = self.actions.take_hover();
        let (token, head) = if self.muted.is_some() { (None, None) } else { (token, head) };
        if token != self.state.preview {
            self.actions.ask(Action::Preview(token));
        }
        if head != self.state.preview_head {
            self.actions.ask(Action::PreviewHead(head));
        }
        let row = self.actions.take_row();
        if row != self.state.space.over {
            self.actions.ask(Action::Space(space::Ask::Over(row)));
        }
    }

    fn panels(&mut self, ui: &mut Ui) {
        if self.state.scene.workspace == Workspace::Embeddings {
            space::show(ui, &self.state, &self.actions, &mut self.canvas);
            if self.state.space.opening.is_some() || self.state.latest.contains_key(&Slot::Layout) {
                progress_line(ui, ui.max_rect(), &self.state);
            }
            return;
        }
        if self.state.scene.workspace == Workspace::Recurrent {
            recurrent::show(ui, &self.state, &self.actions, &mut self.canvas);
            if self.state.recurrent.opening.is_some() || self.state.latest.contains_key(&Slot::Reading) {
                progress_line(ui, ui.max_rect(), &self.state);
            }
            return;
        }
        let palette = theme::palette(ui.ctx());
        let (panel, back) = (theme::colour(palette.panel), theme::colour(palette.background));
        let frame = |fill: Color32, margin: Margin| egui::Frame::new().fill(fill).inner_margin(margin);
        let slim = Margin::symmetric(theme::PADDING, 0);
        let (state, actions) = (&self.state, &self.actions);

        Panel::top("bar").exact_size(40.0).resizable(false).frame(frame(panel, slim)).show(ui, |ui| {
            panels::top::bar(ui, state, actions);
        });
        if !state.projector {
            Panel::top("row").exact_size(32.0).resizable(false).frame(frame(panel, slim)).show(ui, |ui| {
                panels::top::row(ui, state, actions, &mut self.canvas);
            });
        }
        Panel::bottom("status").exact_size(24.0).resizable(false).frame(frame(panel, slim)).show(ui, |ui| {
            panels::status::show(ui, state, actions);
        });

        let width = ui.available_width();
        let arrangement = if state.projector { Arrangement::Head } else { state.scene.look.arrangement };
        let padded = Margin::same(theme::PADDING);
        if arrangement == Arrangement::Overview {
            let (left, right) = if width >= 1200.0 { (400.0, 280.0) } else { (width * 0.31, width * 0.25) };
            let side = frame(panel, padded);
            let grid_look = Panel::left("grid").exact_size(left).resizable(false).frame(side).show(ui, |ui| {
                let look = panels::grid::wanted(ui, state);
                panels::grid::show(ui, state, actions, &mut self.canvas);
                look
            });
            Panel::right("inspector").exact_size(right).resizable(false).frame(side).show(ui, |ui| {
                panels::inspector::show(ui, state, actions, &mut self.canvas);
            });
            self.state.grid_look = grid_look.inner;
        }
        let state = &self.state;
        let (mut look, mut room) = (None, None);
        let centre = CentralPanel::default().frame(frame(back, padded)).show(ui, |ui| {
            panels::head::problem(ui, state, actions);
            match arrangement {
                Arrangement::Overview | Arrangement::Head => {
                    panels::head::show(ui, state, actions, &mut self.canvas);
                }
                Arrangement::Grid => {
                    // Room is kept for the heading and the heads worth seeing.
                    let height = Some((ui.available_height() - 160.0).round());
                    look = Some(GridLook { height, ..panels::grid::wanted(ui, state) });
                    room = panels::grid::alone(ui, state, actions, &mut self.canvas);
                }
                Arrangement::Tiles => {
                    if !tiles::is_whole(&self.tree) {
                        self.tree = tiles::tree();
                    }
                    let canvas = &mut self.canvas;
                    let mut drawer = tiles::Drawer { state, actions, canvas, look: None };
                    self.tree.ui(&mut drawer, ui);
                    look = drawer.look;
                }
            }
        });
        if state.running || state.opening.is_some() {
            progress_line(ui, centre.response.rect, state);
        }
        if let Some(look) = look {
            self.state.grid_look = look;
        }
        self.state.grid_room = room;
    }

    /// The panel that lies over the window, closed by a click outside it.
    fn sheet(&mut self, ctx: &Context) {
        let is_new = self.state.sheet != self.last_sheet;
        self.last_sheet = self.state.sheet;
        let Some(sheet) = self.state.sheet else { return };
        let (anchor, offset) = match sheet {
            Sheet::Models | Sheet::Contextual => (Align2::LEFT_TOP, Vec2::new(12.0, 44.0)),
            Sheet::Palette | Sheet::Replace(_) => (Align2::CENTER_TOP, Vec2::new(0.0, 80.0)),
            Sheet::Settings | Sheet::Export | Sheet::Help | Sheet::Shapes | Sheet::Session | Sheet::Missing => {
                (Align2::CENTER_CENTER, Vec2::ZERO)
            }
        };
        let (state, actions, canvas) = (&self.state, &self.actions, &mut self.canvas);
        let area = egui::Area::new(Id::unique("sheet")).order(egui::Order::Foreground).anchor(anchor, offset);
        let drawn = area.show(ctx, |ui| {
            let frame = egui::Frame::popup(ui.style()).inner_margin(theme::PADDING);
            let shown = frame.show(ui, |ui| match sheet {
                Sheet::Models => panels::models::show(ui, state, actions, is_new),
                Sheet::Palette => panels::palette::show(ui, actions, is_new),
                Sheet::Settings => panels::settings::show(ui, state, actions),
                Sheet::Shapes => panels::shapes::show(ui, state, actions, canvas),
                Sheet::Export => panels::export::show(ui, state, actions, is_new),
                Sheet::Session => panels::session::show(ui, state, actions, is_new),
                Sheet::Missing => panels::missing::show(ui, state, actions),
                Sheet::Replace(i) => panels::replace::show(ui, state, actions, i, is_new),
                Sheet::Contextual => panels::contextual::show(ui, state, actions, is_new),
                Sheet::Help => panels::help::show(ui),
            });
            // The palette's first line is its text field; it closes by Esc, as palettes do.
            if sheet != Sheet::Palette {
                let corner = shown.response.rect.right_top() + Vec2::new(-32.0, 8.0);
                let button = egui::Button::new("\u{d7}").frame(false);
                let close = ui.put(Rect::from_min_size(corner, Vec2::splat(theme::CONTROL)), button);
                if super::widgets::named(close, EN.close).clicked() {
                    actions.ask(Action::Sheet(None));
                }
            }
        });
        if !is_new && drawn.response.clicked_elsewhere() && !egui::Popup::is_any_open(ctx) && self.actions.is_empty() {
            self.actions.ask(Action::Sheet(None));
        }
    }
}

/// Two points high at the top of the old picture, until the new one is there.
fn progress_line(ui: &Ui, rect: Rect, state: &State) {
    let share = state.progress.as_ref().map_or(0.3, |(_, p)| p.share());
    let line = Rect::from_min_size(rect.min, Vec2::new(rect.width() * share.max(0.05), 2.0));
    ui.painter().rect_filled(line, 0.0, theme::colour(theme::palette(ui.ctx()).accent));
}

/// What lies over everything: the drop target, and the pointer's ring in a lecture.
fn overlays(ui: &Ui, state: &State) {
    let palette = theme::palette(ui.ctx());
    let accent = theme::colour(palette.accent);
    let painter = ui.ctx().layer_painter(egui::LayerId::new(egui::Order::Tooltip, Id::unique("overlay")));
    if ui.input(|i| !i.raw.hovered_files.is_empty()) {
        let all = ui.ctx().content_rect();
        painter.rect_filled(all, 0.0, theme::colour(palette.background.faded(0.8)));
        painter.rect_stroke(all.shrink(8.0), 8.0, Stroke::new(2.0, accent), egui::StrokeKind::Inside);
        let ink = theme::colour(palette.text);
        painter.text(all.center(), Align2::CENTER_CENTER, EN.drop_here, theme::title(), ink);
    }
    if let (true, Some(at)) = (state.projector, ui.input(|i| i.pointer.hover_pos())) {
        painter.circle_stroke(at, 16.0, Stroke::new(2.0, accent));
    }
}
