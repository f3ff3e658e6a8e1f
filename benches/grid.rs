//! 12 x 12 heads at 128 tokens in the window: from captured arrays to the first painted frame, and switching the head.
//!
//! The window is the one of `tests/window`: the real application with the real engine, drawn by wgpu on whatever
//! adapter there is, by Mesa's software driver where there is none. `painted` ends when the frame's pixels have been
//! read back, which a window on a screen does not do, so it is an upper bound; `frame` ends with the triangles that go
//! to the graphics card, which is what the processor has to do beside a real one.

mod base;
#[path = "../tests/window/mod.rs"]
mod window;

use criterion::{BatchSize, Criterion, SamplingMode, criterion_group, criterion_main};
use lexiscope::analysis::attention::worth_seeing;
use lexiscope::figure::Palette;
use lexiscope::figure::grid::{Layout, USUAL, figure};
use lexiscope::gui::action::Action;
use lexiscope::gui::scene::{Look, View};
use lexiscope::gui::settings::{Settings, Theme};
use std::hint::black_box;
use std::time::{Duration, Instant};
use window::{Window, open, settle};

const TOKENS: usize = 128;

/// The window with BERT-base's shape open and a sentence of 128 tokens read.
fn bert_base(view: View, scale: f32) -> Window {
    let settings = Settings { theme: Theme::Dark, look: Look { view, ..Look::default() }, ..Settings::default() };
    let mut window = open([1280.0, 800.0], scale, settings);
    window.state().ask(Action::Open(base::checkpoint().to_string_lossy().into_owned()));
    settle(&mut window);
    window.state().ask(Action::Text(base::text(TOKENS)));
    settle(&mut window);
    let run = window.state().state().run().expect("a run");
    assert_eq!((run.card.layers, run.card.heads, run.tokens.len()), (12, 12, TOKENS));
    window
}

/// How far a frame is drawn.
type End = (&'static str, fn(&mut Window));

const ENDS: [End; 2] = [("frame", triangles), ("painted", pixels)];

fn triangles(window: &mut Window) {
    let output = window.output();
    black_box(window.ctx.tessellate(output.shapes.clone(), output.pixels_per_point));
}

fn pixels(window: &mut Window) {
    black_box(window.render().expect("the window can be drawn"));
}

/// The picture of all heads by itself.
fn picture(criterion: &mut Criterion) {
    let window = bert_base(View::Lines, 1.0);
    let weights = window.state().state().weights().expect("a run").clone();
    let mut group = criterion.benchmark_group("grid-figure");
    for scale in [1.0, 2.0] {
        let layout = Layout::new(12, 12, 376.0, USUAL);
        let palette = Palette::of(true);
        group.bench_function(format!("{scale}x"), |bencher| {
            bencher.iter(|| figure(&weights, palette, &layout, scale, false));
        });
    }
}

/// From captured arrays to the first painted frame. A change of theme makes the window draw all heads anew from the
/// arrays, on the engine's thread as after a forward pass; the ranking of heads, which only a pass brings, is added.
fn first_paint(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("first-paint");
    group.sampling_mode(SamplingMode::Flat).sample_size(20).measurement_time(Duration::from_secs(6));
    for scale in [1.0, 2.0] {
        let mut window = bert_base(View::Lines, scale);
        let run = window.state().state().run().expect("a run").clone();
        let mut dark = true;
        for (end, draw) in ENDS {
            group.bench_function(format!("{scale}x-{end}"), |bencher| {
                bencher.iter_custom(|rounds| {
                    let mut total = Duration::ZERO;
                    for _ in 0..rounds {
                        dark = !dark;
                        let start = Instant::now();
                        black_box(worth_seeing(&run));
                        window.state().ask(Action::Theme(if dark { Theme::Dark } else { Theme::Light }));
                        while window.state().state().study.as_ref().is_none_or(|study| study.look.dark != dark) {
                            window.step();
                        }
                        draw(&mut window);
                        total += start.elapsed();
                        settle(&mut window);
                    }
                    total
                });
            });
        }
    }
}

/// One frame after another head was selected, each time in another layer.
fn switch(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("switch-head");
    for (view, name) in [(View::Lines, "lines"), (View::Heatmap, "heatmap")] {
        let mut window = bert_base(view, 1.0);
        let mut turn = 0;
        for (end, draw) in ENDS {
            group.bench_function(format!("{name}-{end}"), |bencher| {
                bencher.iter_batched(
                    || {
                        turn += 1;
                        (turn * 5 % 12, turn * 7 % 11)
                    },
                    |head| {
                        window.state().ask(Action::Select(head));
                        window.step();
                        draw(&mut window);
                        assert_eq!(window.state().state().shown_head(), head);
                    },
                    BatchSize::PerIteration,
                );
            });
        }
    }
}

criterion_group!(benches, picture, first_paint, switch);
criterion_main!(benches);
