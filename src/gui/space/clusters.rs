//! Clusters of the words that are laid out, each named by its most typical words.

use super::camera::Place;
use super::colours::By;
use super::laid::Laid;
use super::{Made, Space};
use crate::analysis::space::kmeans::{Clusters, KMeans};
use crate::analysis::space::neighbours::Metric;
use crate::engine::{Engine, Slot};
use crate::error::Result;
use crate::figure::size;
use crate::gui::made;
use crate::gui::state::State;
use crate::gui::update::submit;
use crate::trace::Control;
use egui::{FontId, Rect, Vec2};
use std::sync::Arc;

/// The most clusters that can be asked for.
pub const MOST: usize = 60;
/// Words in the name of a cluster.
const NAMED: usize = 3;

/// What clusters are of, and how they are found.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    space: u64,
    first: usize,
    only: Option<Arc<Vec<usize>>>,
    k: usize,
    unit: bool,
}

/// Clusters of the rows of a map.
#[derive(Debug)]
pub struct Clustered {
    /// Tells these from every others.
    pub id: u64,
    asked: Asked,
    /// Of the points of the map.
    pub clusters: Clusters,
    /// What each cluster is called.
    pub names: Vec<String>,
}

impl Asked {
    fn of(state: &State, laid: &Laid) -> Self {
        let (chosen, question) = (&state.scene.space, &laid.question);
        let (space, first, only) = (question.space, question.first, question.only.clone());
        Self { space, first, only, k: chosen.looks.clusters, unit: chosen.metric == Metric::Cosine }
    }
}

impl Clustered {
    fn of(space: &Space, laid: &Laid, asked: Asked, budget: u64, control: &Control) -> Result<Self> {
        let all = &space.vectors.rows;
        let picked = laid.question.rows(all, budget)?;
        let rows = picked.as_ref().unwrap_or(all);
        let clusters = KMeans { k: asked.k, unit: asked.unit, ..KMeans::default() }.of(rows, control)?;
        let typical = clusters.typical(rows, NAMED, control)?;
        let name = |points: &Vec<usize>| {
            let words: Vec<String> =
                points.iter().map(|&p| space.vectors.words.get(laid.row(p)).into_owned()).collect();
            words.join(", ")
        };
        let names = typical.iter().map(name).collect();
        Ok(Self { id: crate::figure::fresh_key(), asked, clusters, names })
    }

    /// Where each cluster lies on a map: the middle one of its points along each axis. None of one without points there.
    pub fn middles(&self, places: &[Place]) -> Vec<Option<Place>> {
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); self.clusters.len()];
        for (point, cluster) in (0..places.len()).filter_map(|p| Some((p, self.clusters.cluster(p)?))) {
            if places[point].iter().all(|x| x.is_finite()) {
                members[cluster].push(point);
            }
        }
        let middle = |points: Vec<usize>| {
            let along = |k: usize| {
                let mut all: Vec<f32> = points.iter().map(|&p| places[p][k]).collect();
                let half = all.len() / 2;
                *all.select_nth_unstable_by(half, f32::total_cmp).1
            };
            (!points.is_empty()).then(|| [0, 1, 2].map(along))
        };
        members.into_iter().map(middle).collect()
    }
}

/// Finds the clusters where colours stand for them and others are asked for.
pub fn ask(state: &mut State, engine: &Engine<made::Made>, space: &Arc<Space>) {
    let Some(laid) = state.space.laid.clone().filter(|laid| laid.question.space == space.id) else { return };
    if state.scene.space.by != By::Cluster {
        return;
    }
    let asked = Asked::of(state, &laid);
    if state.space.asked_clusters.as_ref() == Some(&asked) {
        return;
    }
    state.space.asked_clusters = Some(asked.clone());
    let (space, budget) = (space.clone(), state.settings.budget());
    submit(state, engine, Slot::Cluster, "finding clusters", move |control| {
        let found = Clustered::of(&space, &laid, asked, budget, control)?;
        Ok(made::Made::Space(Made::Clustered(Arc::new(found))))
    });
}

/// The clusters of the points of a map, where they are known.
pub fn known(state: &State, laid: &Laid) -> Option<Arc<Clustered>> {
    let is_of = |found: &&Arc<Clustered>| {
        let (asked, question) = (&found.asked, &laid.question);
        (asked.space, asked.first, &asked.only) == (question.space, question.first, &question.only)
    };
    state.space.clusters.as_ref().filter(is_of).cloned()
}

/// The name of a cluster on the map.
#[derive(Debug, Clone, PartialEq)]
pub struct Name {
    /// The words.
    pub text: String,
    /// The middle of the cluster.
    pub at: Place,
    /// Its colour.
    pub category: usize,
}

/// How names of clusters are set.
pub fn font() -> FontId {
    FontId::new(size::BODY, crate::gui::theme::bold())
}

/// Where names stand: over the middle of their cluster, or as near to it as what is `written` and other names let them.
pub fn placed(
    names: &[Name],
    sight: &super::camera::Sight,
    written: &[Rect],
    mut measure: impl FnMut(&str) -> Vec2,
) -> Vec<(usize, Rect)> {
    let mut taken: Vec<(usize, Rect)> = Vec::new();
    for (i, name) in names.iter().enumerate() {
        let Some(at) = sight.at(name.at).filter(|at| sight.rect.contains(*at)) else { continue };
        let size = measure(&name.text);
        let inside = sight.rect.shrink2(Vec2::new(8.0, 44.0));
        let free = |shift: &f32| {
            let rect = Rect::from_center_size(at + Vec2::new(0.0, *shift), size);
            let rect = rect.translate(Vec2::new(
                (inside.left() - rect.left()).max(0.0) + (inside.right() - rect.right()).min(0.0),
                0.0,
            ));
            let mut others = taken.iter().map(|(_, other)| other).chain(written);
            let is_free = !others.any(|other| other.expand(4.0).intersects(rect));
            (is_free && inside.contains_rect(rect)).then_some(rect)
        };
        if let Some(rect) = [0.0, -22.0, 22.0, -44.0, 44.0, -66.0, 66.0].iter().find_map(free) {
            taken.push((i, rect));
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::space::camera::Camera;
    use egui::Pos2;

    #[test]
    fn names_of_clusters_do_not_cover_each_other() {
        let sight = Camera::default().on(Rect::from_min_size(Pos2::ZERO, Vec2::new(600.0, 400.0)), false);
        let name = |i: usize| Name { text: format!("name {i}"), at: [0.01 * i as f32, 0.0, 0.0], category: i };
        let names: Vec<Name> = (0..9).map(name).collect();
        let placed = placed(&names, &sight, &[], |_| Vec2::new(120.0, 16.0));
        assert!((4..9).contains(&placed.len()), "{}", placed.len());
        for (i, (_, a)) in placed.iter().enumerate() {
            assert!(sight.rect.contains_rect(*a) && placed[..i].iter().all(|(_, b)| !a.intersects(*b)));
        }
    }
}
