//! Which part of a large picture is seen, and how large.

use egui::{Pos2, Rect, Vec2};
use serde::{Deserialize, Serialize};

/// Where a picture is looked at, and what a camera may do there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lens {
    /// The viewport on the screen.
    pub view: Rect,
    /// The size of the picture, which fits the viewport unzoomed.
    pub picture: Vec2,
    /// The largest zoom.
    pub most: f32,
    /// Room at the left and the top, in screen points, that a zoomed picture may leave free: for labels.
    pub slack: Vec2,
}

/// A view of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Camera {
    /// Screen points to a point of the picture; 1 is the whole picture.
    pub zoom: f32,
    /// The point of the picture in the middle of the viewport; `None` for the picture's own.
    centre: Option<Pos2>,
}

impl Default for Camera {
    fn default() -> Self {
        Self { zoom: 1.0, centre: None }
    }
}

impl Camera {
    /// Whether all of the picture is seen.
    pub fn is_whole(self) -> bool {
        self.zoom <= 1.0
    }

    fn centre(self, lens: &Lens) -> Pos2 {
        self.centre.unwrap_or(Pos2::ZERO + lens.picture / 2.0)
    }

    /// Where a point of the picture is on the screen.
    pub fn to_screen(self, point: Pos2, lens: &Lens) -> Pos2 {
        lens.view.center() + (point - self.centre(lens)) * self.zoom
    }

    /// The point of the picture under a point of the screen.
    pub fn to_picture(self, point: Pos2, lens: &Lens) -> Pos2 {
        self.centre(lens) + (point - lens.view.center()) / self.zoom
    }

    /// A rectangle of the picture on the screen.
    pub fn rect(self, rect: Rect, lens: &Lens) -> Rect {
        Rect::from_min_max(self.to_screen(rect.min, lens), self.to_screen(rect.max, lens))
    }

    /// Zooms, with the picture under `anchor` (on the screen) staying where it is.
    pub fn zoomed(self, by: f32, anchor: Pos2, lens: &Lens) -> Self {
        let zoom = (self.zoom * by).clamp(1.0, lens.most.max(1.0));
        let under = self.to_picture(anchor, lens);
        Self { zoom, centre: Some(under - (anchor - lens.view.center()) / zoom) }.inside(lens)
    }

    /// Moves the picture by so many screen points.
    pub fn panned(self, by: Vec2, lens: &Lens) -> Self {
        Self { centre: Some(self.centre(lens) - by / self.zoom), ..self }.inside(lens)
    }

    /// Shows a rectangle of the picture as large as it fits beside the labels.
    pub fn onto(rect: Rect, lens: &Lens) -> Self {
        let room = (lens.view.size() - lens.slack).max(Vec2::splat(1.0));
        let fitting = (room.x / rect.width().max(1e-3)).min(room.y / rect.height().max(1e-3));
        let zoom = fitting.clamp(1.0, lens.most.max(1.0));
        Self { zoom, centre: Some(rect.center() - lens.slack / (2.0 * zoom)) }.inside(lens)
    }

    /// The same no larger than may be, and without more room beyond the picture's edges; what is smaller than the
    /// viewport stays in its middle.
    pub fn inside(mut self, lens: &Lens) -> Self {
        self.zoom = self.zoom.min(lens.most.max(1.0));
        if self.zoom <= 1.0 {
            return Self::default();
        }
        let (seen, slack) = (lens.view.size() / self.zoom, lens.slack / self.zoom);
        let along = |at: f32, seen: f32, slack: f32, whole: f32| {
            if seen >= whole + slack { (whole - slack) / 2.0 } else { at.clamp(seen / 2.0 - slack, whole - seen / 2.0) }
        };
        let at = self.centre(lens);
        let (x, y) = (along(at.x, seen.x, slack.x, lens.picture.x), along(at.y, seen.y, slack.y, lens.picture.y));
        Self { centre: Some(Pos2::new(x, y)), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lens() -> Lens {
        let view = Rect::from_min_size(Pos2::new(40.0, 20.0), Vec2::new(600.0, 300.0));
        Lens { view, picture: Vec2::new(500.0, 300.0), most: 50.0, slack: Vec2::ZERO }
    }

    #[test]
    fn what_is_under_the_pointer_stays_there() {
        let (lens, anchor) = (lens(), Pos2::new(300.0, 150.0));
        let before = Camera::default().zoomed(4.0, lens.view.center(), &lens);
        let under = before.to_picture(anchor, &lens);
        let after = before.zoomed(3.0, anchor, &lens);
        assert!((after.to_screen(under, &lens) - anchor).length() < 1e-2);
        assert_eq!(after.zoom, 12.0);
        assert_eq!(after.zoomed(100.0, anchor, &lens).zoom, 50.0);
        assert_eq!(after.zoomed(0.01, anchor, &lens), Camera::default(), "the whole again");
    }

    #[test]
    fn the_picture_leaves_no_more_room_than_its_labels_need() {
        for slack in [Vec2::ZERO, Vec2::new(80.0, 60.0)] {
            let lens = Lens { slack, ..lens() };
            let camera = Camera::default().zoomed(8.0, lens.view.center(), &lens);
            let free = Rect::from_min_max(lens.view.min + slack, lens.view.max);
            for by in [Vec2::new(1e5, 1e5), Vec2::new(-1e5, 40.0), Vec2::new(0.0, -1e5)] {
                let shown = camera.panned(by, &lens).rect(Rect::from_min_size(Pos2::ZERO, lens.picture), &lens);
                assert!(shown.expand(0.1).contains_rect(free), "{by:?}: {shown:?}");
            }
        }
    }

    #[test]
    fn a_camera_of_another_window_shows_the_picture_too() {
        let strange = Camera { zoom: 1e30, centre: Some(Pos2::new(-1e30, 1e30)) }.inside(&lens());
        assert_eq!(strange.zoom, lens().most);
        let seen = Rect::from_min_max(
            strange.to_picture(lens().view.min, &lens()),
            strange.to_picture(lens().view.max, &lens()),
        );
        let picture = Rect::from_min_size(Pos2::ZERO, lens().picture);
        assert!(picture.expand(0.1).contains_rect(seen), "{seen:?}");
    }

    #[test]
    fn a_part_of_the_picture_is_shown_as_large_as_it_fits() {
        let part = Rect::from_min_size(Pos2::new(100.0, 100.0), Vec2::new(40.0, 40.0));
        let lens = Lens { slack: Vec2::new(90.0, 60.0), ..lens() };
        let shown = Camera::onto(part, &lens).rect(part, &lens);
        let free = Rect::from_min_max(lens.view.min + lens.slack, lens.view.max);
        assert!(free.expand(0.1).contains_rect(shown) && shown.height() > 0.99 * free.height(), "{shown:?}");
    }
}
