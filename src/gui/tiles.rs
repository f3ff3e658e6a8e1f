//! The fourth layout: views as tiles that can be dragged and resized.

use super::action::Actions;
use super::paint::Canvas;
use super::panels::{grid, head, inspector};
use super::scene::View;
use super::state::{GridLook, State};
use super::views;
use super::words::EN;
use egui::{Ui, WidgetText};
use egui_tiles::{Behavior, Tile, TileId, Tiles, Tree, UiResponse};

/// A view that can be a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pane {
    /// All heads.
    Grid,
    /// Token lines.
    Lines,
    /// The matrix.
    Heatmap,
    /// The numbers.
    Inspector,
}

/// All views side by side.
pub fn tree() -> Tree<Pane> {
    let mut tiles = Tiles::default();
    let grid = tiles.insert_pane(Pane::Grid);
    let lines = tiles.insert_pane(Pane::Lines);
    let heatmap = tiles.insert_pane(Pane::Heatmap);
    let inspector = tiles.insert_pane(Pane::Inspector);
    let left = tiles.insert_vertical_tile(vec![grid, inspector]);
    let root = tiles.insert_horizontal_tile(vec![left, lines, heatmap]);
    Tree::new(egui::Id::unique("tiles"), root, tiles)
}

/// What drawing a tile needs.
pub struct Drawer<'a> {
    /// The state.
    pub state: &'a State,
    /// Where requests go.
    pub actions: &'a Actions,
    /// Pictures.
    pub canvas: &'a mut Canvas,
    /// How the grid is to be drawn in its tile.
    pub look: Option<GridLook>,
}

impl Behavior<Pane> for Drawer<'_> {
    fn pane_ui(&mut self, ui: &mut Ui, _id: TileId, pane: &mut Pane) -> UiResponse {
        egui::Frame::new().inner_margin(super::theme::PADDING).show(ui, |ui| match pane {
            Pane::Grid => {
                self.look = Some(grid::wanted(ui, self.state));
                grid::show(ui, self.state, self.actions, self.canvas);
            }
            Pane::Lines | Pane::Heatmap if self.state.run().is_none() => head::empty(ui, self.state),
            Pane::Inspector => inspector::show(ui, self.state, self.actions, self.canvas),
            Pane::Lines => {
                views::caption(ui, self.state, self.canvas, true);
                views::show(ui, View::Lines, self.state, self.actions, self.canvas);
            }
            Pane::Heatmap => views::show(ui, View::Heatmap, self.state, self.actions, self.canvas),
        });
        UiResponse::None
    }

    fn tab_title_for_pane(&mut self, pane: &Pane) -> WidgetText {
        match pane {
            Pane::Grid => EN.grid_tile,
            Pane::Lines => EN.lines,
            Pane::Heatmap => EN.heatmap,
            Pane::Inspector => EN.inspector,
        }
        .into()
    }

    fn simplification_options(&self) -> egui_tiles::SimplificationOptions {
        // A bar with its name on each tile is what a tile is dragged by.
        egui_tiles::SimplificationOptions { all_panes_must_have_tabs: true, ..Default::default() }
    }

    fn is_tab_closable(&self, _tiles: &Tiles<Pane>, _id: TileId) -> bool {
        false
    }

    fn on_tab_close(&mut self, _tiles: &mut Tiles<Pane>, _id: TileId) -> bool {
        false
    }

    fn dragged_overlay_color(&self, visuals: &egui::Visuals) -> egui::Color32 {
        visuals.selection.bg_fill
    }

    fn top_bar_right_ui(
        &mut self,
        _tiles: &Tiles<Pane>,
        _ui: &mut Ui,
        _id: TileId,
        _tabs: &egui_tiles::Tabs,
        _scroll: &mut f32,
    ) {
    }
}

/// Whether a tree still has every view: a damaged one is replaced.
pub fn is_whole(tree: &Tree<Pane>) -> bool {
    let panes: Vec<Pane> =
        tree.tiles.iter().filter_map(|(_, t)| if let Tile::Pane(p) = t { Some(*p) } else { None }).collect();
    [Pane::Grid, Pane::Lines, Pane::Heatmap, Pane::Inspector].iter().all(|p| panes.contains(p))
}
