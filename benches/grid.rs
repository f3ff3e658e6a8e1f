//! 12 x 12 heads at 128 and 512 tokens in the window: from captured arrays to the first painted frame, switching the
//! head, hovering, dragging the threshold, zooming, masking a word.
//!
//! The window is the one of `tests/window`: the real application with the real engine, drawn by wgpu on whatever
//! adapter there is, by Mesa's software driver where there is none. `painted` ends when the frame's pixels have been
//! read back, which a window on a screen does not do, so it is an upper bound; `frame` ends with the triangles that go
//! to the graphics card, which is what the processor has to do beside a real one.

mod base;
#[path = "../tests/window/mod.rs"]
mod window;

use criterion::{BatchSize, Criterion, SamplingMode, criterion_group, criterion_main};
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;
use lexiscope::analysis::attention::worth_seeing;
use lexiscope::analysis::filter::{Filter, Threshold};
use lexiscope::analysis::meaning::Meaning;
use lexiscope::analysis::sift::Sifted;
use lexiscope::figure::Palette;
use lexiscope::figure::grid::{Grid, Layout, USUAL, figure};
use lexiscope::figure::lines::Focus;
use lexiscope::figure::order::Order;
use lexiscope::figure::pyramid::{Pool, Pyramid};
use lexiscope::gui::action::Action;
use lexiscope::gui::scene::{Arrangement, Look, View};
use lexiscope::gui::settings::{Settings, Theme};
use std::hint::black_box;
use std::time::{Duration, Instant};
use window::{Window, open, settle};

/// The window with BERT-base's shape open and a sentence of so many tokens read.
fn bert_base(view: View, scale: f32, tokens: usize) -> Window {
    let look = Look { view, ..Look::default() };
    let settings = Settings { theme: Theme::Dark, look, ..Settings::default() };
    let mut window = open([1280.0, 800.0], scale, settings);
    window.state().ask(Action::Open(base::checkpoint().to_string_lossy().into_owned()));
    settle(&mut window);
    window.state().ask(Action::Text(base::text(tokens)));
    settle(&mut window);
    let run = window.state().state().run().expect("a run");
    assert_eq!((run.card.layers, run.card.heads, run.tokens.len()), (12, 12, tokens));
    window
}

/// How far a frame is drawn.
type End = (&'static str, fn(&mut Window));

const LENGTHS: [usize; 2] = [128, 512];

const ENDS: [End; 2] = [("frame", triangles), ("painted", pixels)];

fn triangles(window: &mut Window) {
    let output = window.output();
    black_box(window.ctx.tessellate(output.shapes.clone(), output.pixels_per_point));
}

fn pixels(window: &mut Window) {
    black_box(window.render().expect("the window can be drawn"));
}

/// All heads by themselves: their levels, and the picture of them.
fn picture(criterion: &mut Criterion) {
    for tokens in LENGTHS {
        let window = bert_base(View::Lines, 1.0, tokens);
        let weights = window.state().state().weights().expect("a run").clone();
        let mut group = criterion.benchmark_group(format!("grid-figure-{tokens}"));
        group.sample_size(20);
        let sifted = Sifted::new(weights, Filter::default());
        group.bench_function("levels", |bencher| bencher.iter(|| Pyramid::of(&sifted, Pool::Max)));
        let pyramid = Pyramid::of(&sifted, Pool::Max);
        let order = Order::model(12, 12);
        let grid = Grid { sifted: &sifted, pyramid: &pyramid, order: &order, stretch: false };
        let palette = Palette::of(true);
        for scale in [1.0, 2.0] {
            let layout = Layout::new(12, 12, 376.0, USUAL);
            group
                .bench_function(format!("{scale}x"), |bencher| bencher.iter(|| figure(&grid, palette, &layout, scale)));
        }
    }
}

/// From captured arrays to the first painted frame. A change of theme makes the window draw all heads anew, on the
/// engine's thread as after a forward pass; the ranking of heads and their levels, which only a pass brings, are added.
fn first_paint(criterion: &mut Criterion) {
    for tokens in LENGTHS {
        let mut group = criterion.benchmark_group(format!("first-paint-{tokens}"));
        group.sampling_mode(SamplingMode::Flat).sample_size(10).measurement_time(Duration::from_secs(6));
        for (scale, arrangement) in
            [(1.0, Arrangement::Overview), (2.0, Arrangement::Overview), (1.0, Arrangement::Grid)]
        {
            let mut window = bert_base(View::Lines, scale, tokens);
            window.state().ask(Action::Arrange(arrangement));
            settle(&mut window);
            let weights = window.state().state().weights().expect("a run").clone();
            let mut dark = true;
            for (end, draw) in ENDS {
                group.bench_function(format!("{arrangement:?}-{scale}x-{end}"), |bencher| {
                    bencher.iter_custom(|rounds| {
                        let mut total = Duration::ZERO;
                        for _ in 0..rounds {
                            dark = !dark;
                            let start = Instant::now();
                            black_box(worth_seeing(&weights.run));
                            black_box(Pyramid::of(&Sifted::new(weights.clone(), Filter::default()), Pool::Max));
                            window.state().ask(Action::Theme(if dark { Theme::Dark } else { Theme::Light }));
                            while window.state().state().study.as_ref().is_none_or(|study| study.look.dark != dark) {
                                window.step();
                                rest();
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
}

/// One frame after something was asked for, a different thing each time.
fn frames(
    criterion: &mut Criterion,
    name: &str,
    views: &[(View, &str)],
    prepare: impl Fn(&mut Window),
    next: impl Fn(usize, usize) -> Action,
) {
    for tokens in LENGTHS {
        let mut group = criterion.benchmark_group(format!("{name}-{tokens}"));
        group.sample_size(20);
        for (view, called) in views {
            let mut window = bert_base(*view, 1.0, tokens);
            prepare(&mut window);
            settle(&mut window);
            let mut turn = 0;
            for (end, draw) in ENDS {
                group.bench_function(format!("{called}-{end}"), |bencher| {
                    bencher.iter_batched(
                        || {
                            turn += 1;
                            next(turn, tokens)
                        },
                        |action| {
                            window.state().ask(action);
                            window.step();
                            draw(&mut window);
                        },
                        BatchSize::PerIteration,
                    );
                });
            }
        }
    }
}

const BOTH: [(View, &str); 2] = [(View::Lines, "lines"), (View::Heatmap, "heatmap")];

fn as_it_is(_: &mut Window) {}

/// Every head of the first layer in its colour.
fn overlaid(window: &mut Window) {
    window.state().ask(Action::Select((0, 0)));
    settle(window);
    for head in 1..12 {
        window.get_by_label(&format!("Head L0\u{b7}H{head}")).click_modifiers(Modifiers::SHIFT);
        settle(window);
    }
    window.remove_cursor();
    assert_eq!(window.state().state().scene.heads().len(), 12);
}

fn words(window: &mut Window) {
    window.state().ask(Action::Filter(Filter { words: true, ..Filter::default() }));
}

fn norm(window: &mut Window) {
    window.state().ask(Action::Mean(Meaning::Norm));
}

/// Another head, each time in another layer.
fn another_head(turn: usize, _: usize) -> Action {
    Action::Select((turn * 5 % 12, turn * 7 % 11))
}

fn another_token(turn: usize, tokens: usize) -> Action {
    Action::Preview(Some(Focus::Query(turn * 7 % tokens)))
}

fn another_key(turn: usize, tokens: usize) -> Action {
    Action::Preview(Some(Focus::Key(turn * 7 % tokens)))
}

fn another_threshold(turn: usize, _: usize) -> Action {
    let threshold = Threshold::Mass(0.3 + (turn % 60) as f32 / 100.0);
    Action::Filter(Filter { threshold, ..Filter::default() })
}

fn interaction(criterion: &mut Criterion) {
    frames(criterion, "switch-head", &BOTH, as_it_is, another_head);
    frames(criterion, "switch-head-norm", &BOTH, norm, another_head);
    frames(criterion, "hover", &BOTH, as_it_is, another_token);
    frames(criterion, "hover-words", &BOTH, words, another_token);
    frames(criterion, "hover-overlaid", &BOTH[..1], overlaid, another_token);
    frames(criterion, "hover-neuron", &[(View::Neuron, "neuron")], as_it_is, another_key);
    frames(criterion, "threshold", &BOTH, as_it_is, another_threshold);
    frames(criterion, "threshold-overlaid", &BOTH[..1], overlaid, another_threshold);
}

/// One frame of all heads after a key: zooming from the whole model down to numbers and out again, and moving about where
/// tokens and numbers are drawn.
fn zoom(criterion: &mut Criterion) {
    for tokens in LENGTHS {
        // So often + until a cell has room for its number.
        let steps = if tokens == 128 { 13 } else { 17 };
        for name in ["zoom", "pan"] {
            let mut group = criterion.benchmark_group(format!("{name}-{tokens}"));
            group.sample_size(40);
            let mut window = bert_base(View::Lines, 1.0, tokens);
            window.state().ask(Action::Arrange(Arrangement::Grid));
            settle(&mut window);
            if name == "pan" {
                (0..steps).for_each(|_| press(&mut window, Key::Plus, Modifiers::NONE));
                let camera = window.state().state().scene.details.camera;
                settle(&mut window);
                assert!(camera.zoom > 100.0, "{camera:?}");
            }
            let mut turn = 0;
            let key = |turn: usize| match (name, turn / steps % 2) {
                ("zoom", 0) => (Key::Plus, Modifiers::NONE),
                ("zoom", _) => (Key::Minus, Modifiers::NONE),
                (_, 0) => (Key::ArrowRight, Modifiers::SHIFT),
                (_, _) => (Key::ArrowLeft, Modifiers::SHIFT),
            };
            for (end, draw) in ENDS {
                group.bench_function(end, |bencher| {
                    bencher.iter_custom(|rounds| {
                        let mut total = Duration::ZERO;
                        for _ in 0..rounds {
                            let (key, modifiers) = key(turn);
                            turn += 1;
                            window.key_press_modifiers(modifiers, key);
                            let start = Instant::now();
                            window.step();
                            draw(&mut window);
                            total += start.elapsed();
                        }
                        total
                    });
                });
            }
        }
    }
}

/// A window on a screen draws when there is something new; this one would otherwise take the processor from the pass.
fn rest() {
    std::thread::sleep(Duration::from_millis(2));
}

fn press(window: &mut Window, key: Key, modifiers: Modifiers) {
    window.key_press_modifiers(modifiers, key);
    window.step();
}

/// A word is masked or shown again: the pass on 20 tokens and everything until the frame that shows it.
fn mask(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("mask-20");
    group.sampling_mode(SamplingMode::Flat).sample_size(20);
    let mut window = bert_base(View::Lines, 1.0, 20);
    let mut at = 0;
    for (end, draw) in ENDS {
        group.bench_function(end, |bencher| {
            bencher.iter_custom(|rounds| {
                let mut total = Duration::ZERO;
                for _ in 0..rounds {
                    // Words are masked and shown again in an order in which no set of them comes twice.
                    at += 1usize;
                    let shown = window.state().state().run().expect("a run").id;
                    let start = Instant::now();
                    window.state().ask(Action::Mask(1 + at.trailing_zeros() as usize));
                    while window.state().state().run().is_some_and(|run| run.id == shown) {
                        window.step();
                        rest();
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

criterion_group!(benches, picture, first_paint, interaction, zoom, mask);
criterion_main!(benches);
