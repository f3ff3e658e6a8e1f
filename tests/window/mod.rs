//! The real window in a test: the same application, engine and bundled model, without a screen.

use egui_kittest::Harness;
use lexiscope::gui::App;
use lexiscope::gui::settings::Settings;
use std::time::{Duration, Instant};

/// A window of this size in points.
pub type Window = Harness<'static, App>;

/// Opens a window with these settings and waits until the bundled model's attention is drawn.
pub fn open(size: [f32; 2], scale: f32, settings: Settings) -> Window {
    build(size, scale, settings, std::env::var_os("LEXISCOPE_PICTURES").is_some())
}

/// The same. Points of a map are on pictures only where the graphics card is there from the start, which takes time.
pub fn build(size: [f32; 2], scale: f32, settings: Settings, has_card: bool) -> Window {
    let theme = match settings.theme {
        lexiscope::gui::settings::Theme::Light => egui::Theme::Light,
        _ => egui::Theme::Dark,
    };
    let builder = Harness::builder().with_size(size).with_pixels_per_point(scale).with_theme(theme);
    // Emoji come from the system's fonts, which a test does not have.
    let builder = builder.allow_missing_glyphs();
    let builder = if has_card { builder.wgpu() } else { builder };
    let mut window = builder.build_eframe(|context| App::start(context, settings, &[]).expect("the engine starts"));
    settle(&mut window);
    window
}

/// Frames in a row in which nothing is under way: small jobs can begin and end within one, and ask for the next.
const QUIET: usize = 10;

/// Draws frames until everything that was asked for is on the screen.
pub fn settle(window: &mut Window) {
    let start = Instant::now();
    let mut quiet = 0;
    while quiet < QUIET {
        window.step();
        quiet = if window.state().is_settled() { quiet + 1 } else { 0 };
        assert!(start.elapsed() < Duration::from_mins(2), "the window does not come to rest");
        if quiet == 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
