//! A million points in the window: what the processor does for a frame while the map is moved, and how long it takes to
//! find what is under the pointer.
//!
//! The window is the one of `tests/window`. A frame ends with the triangles that go to the graphics card; the points
//! themselves lie there already, and only a matrix is written anew. `LEXISCOPE_POINTS` takes another number.

#[path = "../tests/window/mod.rs"]
mod window;

use criterion::{Criterion, SamplingMode, criterion_group, criterion_main};
use egui::{Pos2, Rect, Vec2};
use lexiscope::analysis::bootstrap::SplitMix;
use lexiscope::analysis::space::tree::Tree;
use lexiscope::gui::action::Action;
use lexiscope::gui::scene::Workspace;
use lexiscope::gui::settings::Settings;
use lexiscope::gui::space::Ask;
use lexiscope::gui::space::camera::Camera;
use lexiscope::rows::Rows;
use std::hint::black_box;
use std::time::{Duration, Instant};
use window::{Window, open, settle};

/// How many points there are.
fn count() -> usize {
    std::env::var("LEXISCOPE_POINTS").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000_000)
}

/// Numbers from -1 to 1 that cluster about some places.
fn numbers(n: usize, width: usize) -> Vec<f32> {
    let mut random = SplitMix(1);
    let mut next = || random.below(1 << 20) as f32 / (1 << 19) as f32 - 1.0;
    let middles: Vec<f32> = (0..64 * width).map(|_| next()).collect();
    (0..n * width).map(|at| middles[(at / width) % 64 * width + at % width] * 0.7 + next() * 0.2).collect()
}

/// The window with so many vectors open as principal components.
fn map(n: usize) -> (tempfile::TempDir, Window) {
    const WIDTH: usize = 8;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("points.npy");
    let shape = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({n}, {WIDTH}), }}");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    let padded = (10 + shape.len() + 1).next_multiple_of(64) - 10;
    bytes.extend((padded as u16).to_le_bytes());
    bytes.extend(format!("{shape:<width$}\n", width = padded - 1).bytes());
    bytes.extend(numbers(n, WIDTH).into_iter().flat_map(f32::to_le_bytes));
    std::fs::write(&path, bytes).expect("it is written");
    let mut window = open([1280.0, 800.0], 1.0, Settings::default());
    window.state().ask(Action::Space(Ask::Open(path.to_string_lossy().into_owned())));
    window.state().ask(Action::Workspace(Workspace::Embeddings));
    settle(&mut window);
    let laid = window.state().state().space.laid.as_ref().expect("a map");
    assert_eq!(laid.places.len(), n);
    (folder, window)
}

/// One frame, up to the triangles.
fn frame(window: &mut Window) {
    window.step();
    let output = window.output();
    black_box(window.ctx.tessellate(output.shapes.clone(), output.pixels_per_point));
}

/// Frames in which the camera moves a little each time, of the whole map, of a part, and close by; and frames in which the
/// pointer moves.
fn frames(criterion: &mut Criterion) {
    let n = count();
    let (_folder, mut window) = map(n);
    let mut group = criterion.benchmark_group(format!("map-{n}"));
    group.sampling_mode(SamplingMode::Flat).sample_size(20).measurement_time(Duration::from_secs(4));
    for zoom in [1.0, 4.0, 60.0] {
        let mut turn = 0usize;
        group.bench_function(format!("pan-{zoom}x"), |bencher| {
            bencher.iter_custom(|rounds| {
                let mut total = Duration::ZERO;
                for _ in 0..rounds {
                    turn += 1;
                    let middle = [(turn % 40) as f32 * 0.002 - 0.04, 0.1, 0.0];
                    let camera = Camera { middle, zoom, ..Camera::default() };
                    window.state().ask(Action::Space(Ask::Look(camera)));
                    let start = Instant::now();
                    frame(&mut window);
                    total += start.elapsed();
                }
                total
            });
        });
        settle(&mut window);
    }
    let mut turn = 0usize;
    group.bench_function("hover", |bencher| {
        bencher.iter_custom(|rounds| {
            let mut total = Duration::ZERO;
            for _ in 0..rounds {
                turn += 1;
                window.hover_at(Pos2::new(200.0 + (turn % 400) as f32, 400.0));
                let start = Instant::now();
                frame(&mut window);
                total += start.elapsed();
            }
            total
        });
    });
}

/// The point under the pointer, in two dimensions and in three.
fn picking(criterion: &mut Criterion) {
    let n = count();
    let mut group = criterion.benchmark_group(format!("pick-{n}"));
    for width in [2, 3] {
        let tree = Tree::of(&Rows::new(numbers(n, width), width).expect("whole rows")).expect("a map");
        let sight = Camera::default().on(Rect::from_min_size(Pos2::ZERO, Vec2::new(880.0, 736.0)), width == 3);
        let mut turn = 0usize;
        group.bench_function(format!("{width}-d"), |bencher| {
            bencher.iter(|| {
                turn += 1;
                let at = [20.0 + (turn * 37 % 840) as f32, 20.0 + (turn * 53 % 700) as f32];
                tree.nearest_seen(at, 8.0, |place| sight.at(place).map(<[f32; 2]>::from), |_| true)
            });
        });
    }
}

criterion_group!(benches, picking, frames);
criterion_main!(benches);
