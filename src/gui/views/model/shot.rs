//! The view as it stands on the screen, for a file or the clipboard.

use super::Stage;
use crate::figure::lines::Focus;
use crate::figure::{Figure, Palette, head_name};
use crate::gui::action::Head;
use crate::gui::scene::Arrangement;
use crate::gui::state::{State, Study};
use crate::gui::views::camera::Camera;
use crate::gui::words::files::FILES;
use crate::gui::words::{count, fill};
use egui::{Pos2, Rect, Vec2};

/// As many heads as a caption names one by one.
const NAMED: usize = 8;

/// What is on the screen, to be drawn away from the frame.
pub struct Shot {
    study: Study,
    room: Rect,
    camera: Camera,
    /// Pixels per point: they choose the level.
    scale: f32,
    focus: Option<Focus>,
    selected: Vec<Head>,
    off: Vec<Head>,
}

impl Shot {
    /// What is seen now; `None` where all heads do not have the window for themselves.
    pub fn new(state: &State) -> Option<Self> {
        let is_alone = state.scene.look.arrangement == Arrangement::Grid && !state.projector;
        let [width, height] = state.grid_room.filter(|_| is_alone)?;
        Some(Self {
            study: state.study.clone()?,
            room: Rect::from_min_size(Pos2::ZERO, Vec2::new(width, height)),
            camera: state.scene.details.camera,
            scale: state.grid_look.scale,
            focus: state.scene.pinned,
            selected: state.scene.heads(),
            off: state.scene.heads_off.clone(),
        })
    }

    /// Which heads are seen, and of a single one which queries and keys; nothing where all are.
    pub fn part(&self, palette: &Palette) -> String {
        let stage = Stage::new(&self.study, self.room);
        let camera = self.camera.inside(&stage.lens);
        let (tiles, level) = stage.tiles(&self.study, camera, self.scale);
        if camera.is_whole() {
            return String::new();
        }
        let order = &self.study.order;
        let has_heads = self.study.weights.meaning.has_heads();
        let name = |(layer, head): Head| if has_heads { head_name(layer, head) } else { format!("L{layer}") };
        let names: Vec<String> = tiles.iter().map(|tile| name(order.head(tile.row, tile.column))).collect();
        let all = self.study.weights.layers() * self.study.weights.heads();
        let names = match names.as_slice() {
            [first, .., last] if names.len() > NAMED => fill(FILES.part_to, &[first, last]),
            _ => names.join(", "),
        };
        let heads = fill(FILES.part_heads, &[&count(tiles.len() as u64), &count(all as u64), &names]);
        let [tile] = tiles.as_slice() else { return heads };
        let part = stage.part(&self.study, palette, camera, &tiles, level, None);
        let ends = part.cells_of(tile).map(|range| [range.start, range.end.saturating_sub(1)]);
        let ends: Vec<String> = ends.iter().flatten().map(usize::to_string).collect();
        let ends: Vec<&str> = ends.iter().map(String::as_str).collect();
        format!("{heads}; {}", fill(FILES.part_cells, &ends))
    }

    /// The picture.
    pub fn figure(&self, palette: &Palette) -> Figure {
        let stage = Stage::new(&self.study, self.room);
        let camera = self.camera.inside(&stage.lens);
        let (tiles, level) = stage.tiles(&self.study, camera, self.scale);
        let part = stage.part(&self.study, palette, camera, &tiles, level, self.focus);
        part.figure(&self.study.grid.title, &self.selected, &self.off)
    }
}
