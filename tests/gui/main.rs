//! The window as a person uses it: every view and control, found by the names that a screen reader reads out.
#![cfg(feature = "gui")]

#[path = "../written/csv.rs"]
mod csv;
#[path = "../window/mod.rs"]
mod window;

mod controls;
mod effects;
mod export;
mod files;
mod hand;
mod heads;
mod health;
mod looks;
mod meaning;
mod meanings;
mod pictures;
mod predict;
mod recurrent;
mod scene;
mod screen;
mod sources;
mod space;
mod views;
mod zoom;
