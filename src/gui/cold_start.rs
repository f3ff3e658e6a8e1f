//! How long the window takes to show attention, for `benches/cold_start.sh`.

use super::App;
use eframe::{Frame, Storage};
use egui::{Context, Ui, ViewportCommand};
use std::io::Write as _;
use std::time::{Duration, Instant};

/// With this variable set the window closes itself after the first frame in which attention is drawn, and says on
/// standard error when its first frame and that one were handed to the display, in milliseconds since the start:
/// `{"first_frame_ms": 300, "first_attention_ms": 500}`.
pub const VARIABLE: &str = "LEXISCOPE_EXIT_AFTER_FIRST_RUN";

/// The application under a stopwatch.
pub struct ColdStart {
    /// What is measured.
    pub app: App,
    /// When the program began.
    pub begun: Instant,
    /// When the first frame had been painted.
    pub first_frame: Option<Duration>,
    /// How often the window was drawn.
    pub frames: u32,
    /// Whether the last frame showed attention.
    pub attention: bool,
}

impl eframe::App for ColdStart {
    fn logic(&mut self, ctx: &Context, frame: &mut Frame) {
        // The frame before this one has been painted by now.
        let now = self.begun.elapsed();
        if self.frames > 0 {
            let first_frame = *self.first_frame.get_or_insert(now);
            if std::mem::take(&mut self.attention) {
                let [first, attention] = [first_frame, now].map(|t| t.as_secs_f64() * 1e3);
                let line = format!("{{\"first_frame_ms\": {first:.1}, \"first_attention_ms\": {attention:.1}}}\n");
                let _ = std::io::stderr().lock().write_all(line.as_bytes());
                ctx.send_viewport_cmd(ViewportCommand::Close);
            }
        }
        self.app.logic(ctx, frame);
    }

    fn ui(&mut self, ui: &mut Ui, frame: &mut Frame) {
        self.app.ui(ui, frame);
        self.attention = self.app.state().run().is_some();
        // The times are taken at the top of the next frame.
        if self.frames == 0 || self.attention {
            ui.ctx().request_repaint();
        }
        self.frames += 1;
    }

    fn save(&mut self, storage: &mut dyn Storage) {
        self.app.save(storage);
    }
}
