//! Where a map is looked at from: a middle and a scale in two dimensions, a turn beside them in three.

use egui::{Pos2, Rect, Vec2};
use serde::{Deserialize, Serialize};

/// How close the eye may come: so many times the whole map.
const CLOSEST: f32 = 4000.0;
/// Distance of the eye from the middle of a turned map, in its own radii.
const EYE: f32 = 2.8;

/// A place in a map.
pub type Place = [f32; 3];

/// Where a map is looked at from. The map itself lies between -1 and 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Camera {
    /// What is in the middle of the picture.
    pub middle: Place,
    /// 1 shows the whole map, 2 half of its width.
    pub zoom: f32,
    /// Turns about the upright axis and about the one across, in radians; of no effect in two dimensions.
    pub turn: [f32; 2],
}

impl Default for Camera {
    fn default() -> Self {
        Self { middle: [0.0; 3], zoom: 1.0, turn: [0.6, 0.35] }
    }
}

impl Camera {
    /// The same with every number inside its range.
    pub fn checked(self) -> Self {
        let sound = |x: f32, otherwise: f32| if x.is_finite() { x } else { otherwise };
        Self {
            middle: self.middle.map(|x| sound(x, 0.0).clamp(-2.0, 2.0)),
            zoom: sound(self.zoom, 1.0).clamp(0.5, CLOSEST),
            turn: [sound(self.turn[0], 0.0), sound(self.turn[1], 0.0).clamp(-1.57, 1.57)],
        }
    }

    /// What it sees in a rectangle of the screen.
    pub fn on(&self, rect: Rect, solid: bool) -> Sight {
        Sight { camera: *self, rect, solid }
    }
}

/// A map through a camera on the screen.
#[derive(Debug, Clone, Copy)]
pub struct Sight {
    /// The camera.
    pub camera: Camera,
    /// Where on the screen.
    pub rect: Rect,
    /// Whether the map has three dimensions.
    pub solid: bool,
}

impl Sight {
    /// Points of the screen for one unit of the map.
    pub fn unit(&self) -> f32 {
        self.rect.size().min_elem().max(1.0) / 2.0 * 0.94 * self.camera.zoom
    }

    /// The axes of the eye: across, up, ahead.
    fn axes(&self) -> [Place; 3] {
        if !self.solid {
            return [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        }
        let [(s, c), (t, d)] = self.camera.turn.map(f32::sin_cos);
        [[c, 0.0, -s], [-s * t, d, -c * t], [-s * d, -t, -c * d]]
    }

    /// A place as the eye has it: across, up, ahead, in units of the map.
    fn seen(&self, place: Place) -> Place {
        let from = std::array::from_fn::<f32, 3, _>(|i| place[i] - self.camera.middle[i]);
        self.axes().map(|axis| axis.iter().zip(from).map(|(a, b)| a * b).sum())
    }

    /// How much smaller a thing is drawn that lies so far ahead.
    fn distance(&self, ahead: f32) -> f32 {
        if self.solid { (EYE / self.camera.zoom.sqrt() + ahead) / (EYE / self.camera.zoom.sqrt()) } else { 1.0 }
    }

    /// Where a place is on the screen; none behind the eye.
    pub fn at(&self, place: Place) -> Option<Pos2> {
        let [x, y, ahead] = self.seen(place);
        let far = self.distance(ahead);
        (far > 0.02).then(|| self.rect.center() + Vec2::new(x, -y) * self.unit() / far)
    }

    /// The place under a point of the screen, in the plane through the middle.
    pub fn under(&self, at: Pos2) -> Place {
        let Vec2 { x, y } = (at - self.rect.center()) / self.unit();
        let [across, up, _] = self.axes();
        std::array::from_fn(|i| self.camera.middle[i] + across[i] * x - up[i] * y)
    }

    /// The same in two dimensions: corners of what the screen shows, lowest first.
    pub fn window(&self) -> [[f32; 2]; 2] {
        let ([x0, y0, _], [x1, y1, _]) = (self.under(self.rect.left_bottom()), self.under(self.rect.right_top()));
        [[x0, y0], [x1, y1]]
    }

    /// The matrix of the graphics card, column by column.
    pub fn matrix(&self) -> [[f32; 4]; 4] {
        let [across, up, ahead] = self.axes();
        let size = self.rect.size().max(Vec2::splat(1.0));
        let (x, y) = (2.0 * self.unit() / size.x, 2.0 * self.unit() / size.y);
        let eye = EYE / self.camera.zoom.sqrt();
        let bend = if self.solid { 1.0 / eye } else { 0.0 };
        let dot = |axis: Place| axis.iter().zip(self.camera.middle).map(|(a, b)| a * b).sum::<f32>();
        // Depth runs from 0 before the map to the distance itself behind it.
        let depth = if self.solid { 0.25 } else { 0.0 };
        let column = |i: usize| [across[i] * x, up[i] * y, ahead[i] * depth, ahead[i] * bend];
        let last = [-dot(across) * x, -dot(up) * y, 0.5 - dot(ahead) * depth, 1.0 - dot(ahead) * bend];
        [column(0), column(1), column(2), last]
    }

    /// How far ahead a place is: what is farther is drawn first.
    pub fn ahead(&self, place: Place) -> f32 {
        self.seen(place)[2]
    }

    /// The camera moved by so many points of the screen.
    pub fn moved(&self, by: Vec2) -> Camera {
        let [across, up, _] = self.axes();
        let Vec2 { x, y } = by / self.unit();
        let middle = std::array::from_fn(|i| self.camera.middle[i] - across[i] * x + up[i] * y);
        Camera { middle, ..self.camera }.checked()
    }

    /// The camera so many times closer, with what is under a point of the screen left where it is.
    pub fn closer(&self, times: f32, at: Pos2) -> Camera {
        let held = self.under(at);
        let camera = Camera { zoom: self.camera.zoom * times, ..self.camera }.checked();
        let now = Self { camera, ..*self }.under(at);
        let middle = std::array::from_fn(|i| camera.middle[i] + held[i] - now[i]);
        Camera { middle, ..camera }.checked()
    }

    /// The camera turned by a drag of so many points.
    pub fn turned(&self, by: Vec2) -> Camera {
        let turn = [self.camera.turn[0] - by.x * 0.008, self.camera.turn[1] + by.y * 0.008];
        Camera { turn, ..self.camera }.checked()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sight(solid: bool) -> Sight {
        let camera = Camera { middle: [0.2, -0.1, 0.3], zoom: 3.0, turn: [0.7, -0.4] };
        camera.on(Rect::from_min_size(Pos2::new(100.0, 50.0), Vec2::new(600.0, 400.0)), solid)
    }

    /// What the graphics card makes of a place.
    fn drawn(sight: &Sight, [x, y, z]: Place) -> Pos2 {
        let matrix = sight.matrix();
        let row = |i: usize| matrix[0][i] * x + matrix[1][i] * y + matrix[2][i] * z + matrix[3][i];
        let at = Vec2::new(row(0), -row(1)) / row(3);
        sight.rect.center() + at * sight.rect.size() / 2.0
    }

    #[test]
    fn the_card_draws_points_where_the_pointer_finds_them() {
        for solid in [false, true] {
            let sight = sight(solid);
            for place in [[0.0; 3], [0.5, -0.5, 0.1], [-0.3, 0.2, -0.6]] {
                let (wanted, found) = (sight.at(place).expect("ahead of the eye"), drawn(&sight, place));
                assert!((wanted - found).length() < 1e-2, "{solid} {place:?}: {wanted:?} and {found:?}");
            }
        }
    }

    #[test]
    fn what_is_under_the_pointer_stays_there() {
        for solid in [false, true] {
            let (sight, at) = (sight(solid), Pos2::new(250.0, 300.0));
            let held = sight.under(at);
            assert!((sight.at(held).expect("seen") - at).length() < 1e-2);
            let closer = Sight { camera: sight.closer(1.5, at), ..sight };
            assert!((closer.at(held).expect("seen") - at).length() < 0.5, "{solid}");
            let moved = Sight { camera: sight.moved(Vec2::new(30.0, -20.0)), ..sight };
            assert!((moved.at(held).expect("seen") - at - Vec2::new(30.0, -20.0)).length() < 0.5, "{solid}");
        }
    }

    #[test]
    fn numbers_of_a_file_are_put_right() {
        let strange = Camera { middle: [f32::NAN, 9.0, -9.0], zoom: f32::INFINITY, turn: [f32::NAN, 7.0] };
        let camera = strange.checked();
        assert_eq!((camera.middle, camera.zoom, camera.turn[0]), ([0.0, 2.0, -2.0], 1.0, 0.0));
        assert!(camera.turn[1] < 1.58);
    }
}
