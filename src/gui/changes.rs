//! What a person changes about tokens, heads and edges, and takes back again.

use super::action::Head;
use super::scene::Scene;
use crate::engine::{self, Cut, Off, With};

/// A request about changes.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// Turn heads off in this way.
    With(With),
    /// Turn a head on again.
    HeadOn(Head),
    /// Cut these edges.
    Cut(Vec<Cut>),
    /// Put an edge back.
    Uncut(Cut),
    /// Put another token at a position.
    Replace(usize, String),
    /// Put the token back that was typed there.
    Restore(usize),
    /// Show a masked token again.
    Unmask(usize),
    /// Take every change back.
    Clear,
}

/// Changes the scene; whether the model is to be run again for it.
pub fn apply(scene: &mut Scene, ask: Ask) -> bool {
    let before = scene.clone();
    match ask {
        Ask::With(with) => scene.off_with = with,
        Ask::HeadOn(head) => scene.heads_off.retain(|h| *h != head),
        Ask::Cut(cuts) => {
            for cut in cuts {
                if !scene.cuts.contains(&cut) {
                    scene.cuts.push(cut);
                }
            }
        }
        Ask::Uncut(cut) => scene.cuts.retain(|c| *c != cut),
        Ask::Replace(i, piece) => {
            scene.replaced.retain(|(at, _)| *at != i);
            scene.masked.retain(|at| *at != i);
            scene.replaced.push((i, piece));
        }
        Ask::Restore(i) => scene.replaced.retain(|(at, _)| *at != i),
        Ask::Unmask(i) => scene.masked.retain(|at| *at != i),
        Ask::Clear => clear(scene),
    }
    // How heads are turned off changes nothing where none is off.
    *scene != before && !(scene.heads_off.is_empty() && Scene { off_with: before.off_with, ..scene.clone() } == before)
}

/// Whether a run was asked for with the changes that stand in the scene.
pub fn are_in(scene: &Scene, ask: &engine::Ask) -> bool {
    scene.masked == ask.masked
        && scene.replaced == ask.replaced
        && scene.cuts == ask.cuts
        && off(scene).eq(ask.off.iter().copied())
}

/// The heads that are off.
pub fn off(scene: &Scene) -> impl Iterator<Item = Off> + '_ {
    scene.heads_off.iter().map(|&(layer, head)| Off { layer, head, with: scene.off_with })
}

/// Puts the changes into the scene that a run was asked for with, in place of those that stand there.
pub fn adopt(scene: &mut Scene, ask: &engine::Ask) {
    scene.masked.clone_from(&ask.masked);
    scene.replaced.clone_from(&ask.replaced);
    scene.heads_off = ask.off.iter().map(|off| (off.layer, off.head)).collect();
    scene.off_with = ask.off.first().map_or(scene.off_with, |off| off.with);
    scene.cuts.clone_from(&ask.cuts);
}

/// Takes back everything, and forgets what it was judged by: positions mean nothing in another text.
pub fn forget(scene: &mut Scene) {
    clear(scene);
    scene.target = None;
    scene.corrupt = None;
    scene.continued = None;
}

fn clear(scene: &mut Scene) {
    scene.masked.clear();
    scene.replaced.clear();
    scene.heads_off.clear();
    scene.cuts.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_can_be_taken_back() {
        let cut = Cut { layer: 1, head: Some(2), query: 3, key: 4 };
        let mut scene = Scene { masked: vec![5], heads_off: vec![(0, 1)], ..Scene::default() };
        assert!(apply(&mut scene, Ask::Cut(vec![cut, cut])) && scene.cuts == [cut]);
        assert!(!apply(&mut scene, Ask::Cut(vec![cut])), "it is cut already");
        assert!(apply(&mut scene, Ask::Replace(5, "door".into())) && scene.masked.is_empty());
        assert!(apply(&mut scene, Ask::Replace(5, "man".into())) && scene.replaced == [(5, "man".to_owned())]);
        for undo in [Ask::Uncut(cut), Ask::Restore(5), Ask::HeadOn((0, 1))] {
            assert!(apply(&mut scene, undo));
        }
        assert_eq!(scene, Scene::default());
        assert!(!apply(&mut scene, Ask::With(With::Zero)), "no head is off");
        scene.heads_off.push((1, 1));
        let ask = engine::Ask { off: off(&scene).collect(), masked: vec![2], ..engine::Ask::new("") };
        assert!(!are_in(&scene, &ask), "token 2 is not masked here");
        adopt(&mut scene, &ask);
        assert!(are_in(&scene, &ask) && scene.masked == [2]);
        assert!(!are_in(&Scene { off_with: With::Mean, ..scene.clone() }, &ask), "off in another way");
        scene.masked.clear();
        assert!(apply(&mut scene, Ask::With(With::Mean)) && apply(&mut scene, Ask::Clear));
        assert_eq!(scene, Scene::default());
    }
}
