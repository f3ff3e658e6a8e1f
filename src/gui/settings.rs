//! What is remembered from one session to the next.

use super::scene::Look;
use crate::engine::device::Choice;
use serde::{Deserialize, Serialize};

/// Dark, light, or as the system has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Theme {
    /// As the system has it.
    System,
    /// Dark.
    #[default]
    Dark,
    /// Light.
    Light,
}

/// Everything that is remembered. Fields that an older file lacks take their defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Dark or light.
    pub theme: Theme,
    /// Where models are computed.
    pub device: Choice,
    /// Megabytes that results may take.
    pub budget_mb: u64,
    /// Pixels of a PNG file per point of the screen.
    pub png_scale: f32,
    /// How things are shown.
    pub look: Look,
    /// Models opened by path or hub id, newest first.
    pub recent: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: Theme::default(),
            device: Choice::default(),
            budget_mb: crate::engine::BUDGET / 1_000_000,
            png_scale: crate::export::picture::SCALE,
            look: Look::default(),
            recent: Vec::new(),
        }
    }
}

impl Settings {
    /// Puts a model at the head of the list of recent ones.
    pub fn remember(&mut self, model: &str) {
        self.recent.retain(|m| m != model);
        self.recent.insert(0, model.to_owned());
        self.recent.truncate(8);
    }

    /// The same with every number inside its range: the file may have been edited by hand.
    pub fn checked(mut self) -> Self {
        self.look.filter.threshold = self.look.filter.threshold.checked();
        self.png_scale = if self.png_scale.is_finite() { self.png_scale.clamp(0.5, 8.0) } else { 2.0 };
        self.budget_mb = self.budget_mb.clamp(100, 1_000_000);
        self.recent.truncate(8);
        self
    }

    /// The most bytes that results may take.
    pub fn budget(&self) -> u64 {
        self.budget_mb * 1_000_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::filter::{Special, Threshold};

    #[test]
    fn recent_models_are_listed_once_newest_first() {
        let mut settings = Settings::default();
        for model in ["a", "b", "a", "c"] {
            settings.remember(model);
        }
        assert_eq!(settings.recent, ["c", "a", "b"]);
    }

    #[test]
    fn an_old_or_edited_file_still_opens() {
        let read: Settings = serde_json::from_str(
            r#"{"theme": "Light", "top": 99.0, "look": {"filter": {"threshold": {"mass": 99.0}}}}"#,
        )
        .expect("fields may be missing");
        let filter = read.checked().look.filter;
        assert_eq!((filter.threshold, filter.special), (Threshold::Mass(1.0), Special::Hide));
    }
}
