//! A session as a file: which model, and everything that the person chose. Small, readable JSON.

use super::scene::Scene;
use crate::error::{Error, Result};
use crate::source::find;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::path::Path;

/// How the names of session files end.
pub const ENDING: &str = ".lexiscope.json";
/// The version of the file. It grows when an older program would read a file wrongly.
pub const VERSION: u64 = 1;
/// The longest file that is read.
const LONGEST: u64 = 16 << 20;

/// The model or file of attention that a session is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// What it is called on the screen.
    pub name: String,
    /// How it is found: a path, a bundled name or a hub id.
    pub open: String,
    /// SHA-256 over samples of its files, as [`crate::source::fingerprint::of`] computes it.
    pub fingerprint: String,
    /// Whether it is a file of attention that was followed.
    #[serde(default)]
    pub followed: bool,
}

impl Reference {
    /// Under what it may be found, the likeliest first: a folder may have been moved to a shelf, or come from another
    /// machine.
    pub fn names(&self) -> Vec<String> {
        let mut names = vec![self.open.clone(), self.name.clone()];
        names.dedup();
        names
    }
}

/// What is saved.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// What it is about; nothing where no model was open.
    pub model: Option<Reference>,
    /// Everything that the person chose.
    pub scene: Scene,
}

/// Whether a path is that of a session.
pub fn is_one(path: &str) -> bool {
    path.to_lowercase().ends_with(ENDING)
}

impl Session {
    /// The text of the file.
    pub fn to_json(&self) -> Result<String> {
        let value = json!({ "lexiscope_session": VERSION, "model": self.model, "scene": self.scene });
        let text = serde_json::to_string_pretty(&value);
        text.map(|text| text + "\n").map_err(|e| Error::input(format!("the session could not be written: {e}")))
    }

    /// Reads a file: the session, and what of it could not be understood.
    pub fn read(path: &Path) -> Result<(Self, Vec<String>)> {
        Self::parse(&find::read_text(path, LONGEST)?).map_err(|what| Error::format(path, what))
    }

    /// Reads the text of a file. Of one from a newer version, or an edited one, everything that is understood is taken.
    fn parse(text: &str) -> Result<(Self, Vec<String>), String> {
        let value: Value = serde_json::from_str(text).map_err(|e| format!("it is not JSON: {e}"))?;
        let version = value["lexiscope_session"].as_u64().ok_or("it is no session: it has no `lexiscope_session`")?;
        let mut notes = Vec::new();
        if version > VERSION {
            notes.push(format!("it is of version {version}, and this program knows version {VERSION}"));
        }
        let model = match &value["model"] {
            Value::Null => None,
            found => {
                let read = Reference::deserialize(found);
                read.map_err(|e| notes.push(format!("`model` is not understood: {e}"))).ok()
            }
        };
        let scene = Scene::default();
        let mut known = serde_json::to_value(&scene).map_err(|e| e.to_string())?;
        let mut wrong = Vec::new();
        match &value["scene"] {
            Value::Object(given) => take(&mut known, &mut Vec::new(), given, &mut wrong),
            _ => wrong.push("scene".to_owned()),
        }
        if !wrong.is_empty() {
            notes.push(format!("not understood and left as usual: {}", wrong.join(", ")));
        }
        let scene = Scene::deserialize(known).map_err(|e| e.to_string())?;
        let (scene, strange) = scene.checked();
        notes.extend(strange);
        Ok((Self { model, scene }, notes))
    }
}

/// Puts what is given into `scene`, as far as a [`Scene`] can be read from it; the names of the rest go to `wrong`.
fn take(scene: &mut Value, at: &mut Vec<String>, given: &Map<String, Value>, wrong: &mut Vec<String>) {
    for (name, value) in given {
        at.push(name.clone());
        let pointer: String =
            at.iter().flat_map(|part| ["/".to_owned(), part.replace('~', "~0").replace('/', "~1")]).collect();
        let old = scene.pointer(&pointer).cloned();
        match (scene.pointer_mut(&pointer), old) {
            (Some(slot), Some(old)) => {
                *slot = value.clone();
                let fits = Scene::deserialize(&*scene).is_ok();
                // Of an object that does not fit as a whole, or that has more than is known, each part is looked at.
                // A choice is written as an object of one name: another name is another choice.
                let strange = |old: &Map<String, Value>, new: &Map<String, Value>| {
                    old.len().max(new.len()) > 1 && new.keys().any(|k| !old.contains_key(k))
                };
                match (&old, value) {
                    (Value::Object(old_parts), Value::Object(parts)) if !fits || strange(old_parts, parts) => {
                        if let Some(slot) = scene.pointer_mut(&pointer) {
                            *slot = old.clone();
                        }
                        take(scene, at, parts, wrong);
                    }
                    _ if fits => {}
                    _ => {
                        if let Some(slot) = scene.pointer_mut(&pointer) {
                            *slot = old;
                        }
                        wrong.push(at.join("."));
                    }
                }
            }
            _ => wrong.push(at.join(".")),
        }
        at.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::measures::Measure;
    use crate::gui::scene::View;
    use crate::gui::views::effects;
    use crate::gui::views::heads::work::Key;

    fn session() -> Session {
        let mut scene = Scene { text: "The old lady".to_owned(), head: (2, 5), ..Scene::default() };
        scene.masked = vec![3];
        scene.others = vec![(2, 6)];
        scene.pinned = Some(crate::figure::lines::Focus::Key(2));
        scene.look.view = View::Heatmap;
        scene.details.heads.find = "L2".to_owned();
        scene.details.heads.sort = (Key::Measure(Measure::Entropy), true);
        (scene.details.effects, scene.details.neuron) = (effects::Mode::Patch, Some((3, 4)));
        scene.details.predict.sampling.seed = 7;
        scene.notes = "L2\u{b7}H5 links a verb to its object".to_owned();
        let model = Reference {
            name: "m".to_owned(),
            open: "/models/m".to_owned(),
            fingerprint: "ab".repeat(32),
            followed: true,
        };
        Session { model: Some(model), scene }
    }

    #[test]
    fn what_is_saved_is_what_opens() {
        let text = session().to_json().expect("it is written");
        assert_eq!(Session::parse(&text), Ok((session(), vec![])));
    }

    #[test]
    fn a_newer_file_opens_as_far_as_it_is_understood() {
        let mut value: Value = serde_json::from_str(&session().to_json().expect("it is written")).expect("JSON");
        value["lexiscope_session"] = 9.into();
        value["scene"]["look"]["view"] = "Hologram".into();
        value["scene"]["smell"] = "roses".into();
        value["scene"]["look"]["volume"] = 11.into();
        value["scene"]["masked"] = json!([3, -1]);
        let (read, notes) = Session::parse(&value.to_string()).expect("it opens");
        let notes = notes.join("; ");
        for says in ["version 9", "look.view", "smell", "look.volume", "masked"] {
            assert!(notes.contains(says), "`{notes}` does not name {says}");
        }
        let mut wanted = session();
        (wanted.scene.look.view, wanted.scene.masked) = (View::default(), vec![]);
        assert_eq!(read, wanted);
    }

    #[test]
    fn no_damaged_file_does_harm() {
        let good = session().to_json().expect("it is written");
        let mut state = 5u64;
        let mut draw = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 33) as usize) % below
        };
        for _ in 0..2000 {
            let mut bytes = good.clone().into_bytes();
            for _ in 0..=draw(3) {
                let at = draw(bytes.len());
                bytes[at] = draw(128) as u8;
            }
            // What is read is whole, whatever became of the file.
            if let Ok((read, _)) = Session::parse(&String::from_utf8_lossy(&bytes)) {
                assert!(read.to_json().is_ok());
            }
        }
        for wrong in ["", "{}", "[]", "{\"lexiscope_session\": \"1\"}", "null"] {
            assert!(Session::parse(wrong).is_err(), "{wrong}");
        }
        let (bare, notes) = Session::parse("{\"lexiscope_session\": 1}").expect("it opens");
        assert_eq!((bare.scene, notes.len()), (Scene::default(), 1));
    }
}
