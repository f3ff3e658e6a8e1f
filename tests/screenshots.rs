//! The pictures in `screenshots/`, made by the real window with the real engine and the bundled model.
//!
//! `UPDATE_SCREENSHOTS=1 cargo test --test screenshots` writes them anew. Without it they are compared with what the
//! window draws now, loosely enough for another graphics driver and strictly enough to notice a picture that is old.
#![cfg(feature = "gui")]
#![expect(clippy::print_stdout, reason = "a skipped test says why")]

mod window;

use lexiscope::figure::lines::Focus;
use lexiscope::gui::action::{Action, Sheet};
use lexiscope::gui::scene::{Arrangement, Look, View, Workspace};
use lexiscope::gui::settings::{Settings, Theme};
use lexiscope::gui::space::{Ask, Chosen};
use std::path::Path;
use window::{Window, build, open, settle};

/// The share of pixels that may differ visibly: times in the status line, another driver's edges.
const TOLERANCE: f64 = 0.004;

fn has_graphics() -> bool {
    let instance = eframe::wgpu::Instance::default();
    let found = pollster::block_on(instance.enumerate_adapters(eframe::wgpu::Backends::all()));
    if found.is_empty() {
        println!("skipped: there is no graphics adapter (on Debian: apt install mesa-vulkan-drivers)");
    }
    !found.is_empty()
}

fn ask(window: &mut Window, actions: impl IntoIterator<Item = Action>) {
    for action in actions {
        window.state().ask(action);
        settle(window);
    }
}

/// Draws the window and compares it with the picture of that name, or writes it.
fn shoot(window: &mut Window, name: &str) {
    window.remove_cursor();
    settle(window);
    let image = window.render().expect("the window can be drawn");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("screenshots").join(format!("{name}.png"));
    if std::env::var_os("UPDATE_SCREENSHOTS").is_some() {
        image.save(&path).expect("the picture can be written");
        return;
    }
    let file = std::fs::File::open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut reader = png::Decoder::new(std::io::BufReader::new(file)).read_info().expect("a picture");
    let mut kept = vec![0; reader.output_buffer_size().expect("a size")];
    reader.next_frame(&mut kept).expect("all of it");
    let (width, height) = (reader.info().width, reader.info().height);
    assert_eq!((width, height), image.dimensions(), "{name}");
    let drawn = image.as_raw();
    let is_other = |(a, b): (&[u8], &[u8])| a.iter().zip(b).any(|(a, b)| a.abs_diff(*b) > 32);
    let other = drawn.chunks_exact(4).zip(kept.chunks_exact(4)).filter(|p| is_other(*p)).count();
    let share = other as f64 / (drawn.len() / 4) as f64;
    assert!(share <= TOLERANCE, "{name}.png is old ({share:.4} of it differs): UPDATE_SCREENSHOTS=1 makes it anew");
}

#[test]
fn first_screen() {
    if !has_graphics() {
        return;
    }
    for (theme, name) in [(Theme::Dark, "first-screen"), (Theme::Light, "first-screen-light")] {
        let mut window = open([1280.0, 800.0], 1.0, Settings { theme, ..Settings::default() });
        shoot(&mut window, name);
    }
}

#[test]
fn heatmap() {
    if !has_graphics() {
        return;
    }
    let settings = Settings { look: Look { view: View::Heatmap, ..Look::default() }, ..Settings::default() };
    let mut window = open([1280.0, 800.0], 1.0, settings);
    shoot(&mut window, "heatmap");
}

#[test]
fn everything_side_by_side_at_two_pixels_per_point() {
    if !has_graphics() {
        return;
    }
    let mut window = open([1280.0, 720.0], 2.0, Settings::default());
    shoot(&mut window, "first-screen-2x");
    let mut window = open([1680.0, 900.0], 1.0, Settings::default());
    shoot(&mut window, "wide");
}

#[test]
fn a_masked_word() {
    if !has_graphics() {
        return;
    }
    let mut window = open([1280.0, 800.0], 1.0, Settings::default());
    let tokens = &window.state().state().run().expect("a run").tokens;
    let door = (0..tokens.len()).find(|&i| tokens.source(i) == "door").expect("it is in the sentence");
    ask(&mut window, [Action::Pin(Focus::Query(door)), Action::Mask(door)]);
    shoot(&mut window, "masked-word");
}

#[test]
fn sheets_and_tiles() {
    if !has_graphics() {
        return;
    }
    let mut window = open([1280.0, 800.0], 1.0, Settings::default());
    for (sheet, name) in [(Sheet::Models, "models"), (Sheet::Palette, "palette")] {
        ask(&mut window, [Action::Sheet(Some(sheet))]);
        shoot(&mut window, name);
    }
    let probs = "encoder.0.probs".parse().expect("a site");
    ask(&mut window, [Action::Sheet(Some(Sheet::Shapes)), Action::Look(probs)]);
    shoot(&mut window, "shape-trace");
    ask(&mut window, [Action::Sheet(None), Action::Arrange(Arrangement::Tiles)]);
    shoot(&mut window, "tiles");
    ask(&mut window, [Action::Arrange(Arrangement::Grid)]);
    shoot(&mut window, "all-heads");
    ask(&mut window, [Action::Arrange(Arrangement::Overview), Action::Sheet(Some(Sheet::Help))]);
    shoot(&mut window, "help");
}

#[test]
fn embeddings() {
    if !has_graphics() {
        return;
    }
    let mut window = build([1280.0, 800.0], 1.0, Settings::default(), true);
    ask(&mut window, [Action::Workspace(Workspace::Embeddings)]);
    let formula = "king - man + woman".to_owned();
    let chosen = Chosen { formula, ..window.state().state().scene.space.clone() };
    ask(&mut window, [Action::Space(Ask::Choose(Box::new(chosen)))]);
    shoot(&mut window, "embeddings");
}

#[test]
fn chinese_and_long_text() {
    if !has_graphics() {
        return;
    }
    let mut window = open([1280.0, 800.0], 1.0, Settings { theme: Theme::Light, ..Settings::default() });
    let text = "\u{5317}\u{4eac}\u{7684}\u{79cb}\u{5929} is beautiful; na\u{ef}ve caf\u{e9}s, unbelievably quiet.";
    ask(&mut window, [Action::Text(text.to_owned())]);
    shoot(&mut window, "chinese");
}
