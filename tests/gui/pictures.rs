//! Lines, all heads and the matrix as a person uses them, found by the names that a screen reader reads out.

use crate::hand::{ask, click, first, press};
use crate::window::{Window, settle};
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;
use lexiscope::analysis::measures::{Measure, Setting};
use lexiscope::figure::colour::Map;
use lexiscope::figure::lines::Way;
use lexiscope::figure::pyramid::Pool;
use lexiscope::figure::shades::Scale;
use lexiscope::gui::action::{Action, ExportOf};
use lexiscope::gui::scene::{Arrangement, View};

fn shift_click(window: &mut Window, name: &str) {
    window.get_by_label(name).click_modifiers(Modifiers::SHIFT);
    settle(window);
}

/// The picture of the view in the centre, as it is written to a file.
fn picture(window: &mut Window) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("picture.svg");
    ask(window, Action::Export(path.clone(), ExportOf::Head));
    std::fs::read_to_string(path).expect("it is written")
}

/// The first image of a picture: its width and its red, green and blue.
fn pixels(svg: &str) -> (usize, Vec<[u8; 3]>) {
    let (_, data) = svg.split_once("data:image/png;base64,").expect("an image");
    let digits = data.bytes().take_while(|c| *c != b'"' && *c != b'=');
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0u32, 0);
    for digit in digits {
        bits = bits << 6 | alphabet.iter().position(|c| *c == digit).expect("a digit") as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().expect("a picture");
    let mut raw = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut raw).expect("all of it");
    assert_eq!(info.color_type, png::ColorType::Rgb);
    (info.width as usize, raw.chunks_exact(3).map(|c| [c[0], c[1], c[2]]).collect())
}

fn heads(window: &Window) -> Vec<(usize, usize)> {
    window.state().state().scene.heads()
}

#[test]
fn a_column_previews_its_head_and_a_click_shows_it_alone_or_with_others() {
    let mut window = first();
    click(&mut window, "Head L1\u{b7}H1");
    window.get_by_label("Outgoing L1\u{b7}H3").hover();
    settle(&mut window);
    assert_eq!(window.state().state().shown_head(), (1, 3), "hovering previews");
    assert_eq!(heads(&window), [(1, 1)]);
    shift_click(&mut window, "Incoming L1\u{b7}H3");
    shift_click(&mut window, "Outgoing L1\u{b7}H5");
    assert_eq!(heads(&window), [(1, 1), (1, 3), (1, 5)]);
    shift_click(&mut window, "Outgoing L1\u{b7}H3");
    assert_eq!(heads(&window), [(1, 1), (1, 5)]);
    click(&mut window, "Outgoing L1\u{b7}H5");
    assert_eq!(heads(&window), [(1, 5)], "a plain click shows it alone");
    click(&mut window, "Outgoing L1\u{b7}H5");
    assert_eq!(heads(&window).len(), 8, "a second one all of its layer");
}

#[test]
fn several_heads_have_their_colours_or_become_one() {
    let mut window = first();
    click(&mut window, "Head L1\u{b7}H1");
    assert!(window.query_by_label("In colours").is_none(), "one head needs no choice");
    shift_click(&mut window, "Head L0\u{b7}H7");
    assert_eq!(heads(&window), [(1, 1), (0, 7)]);
    assert!(window.state().state().is_overlaid());
    let colours = |svg: &str| {
        let strokes = svg.lines().filter(|line| line.starts_with("<path") && line.contains('C'));
        let stroke = |line: &str| line.split_once("stroke=\"").map(|(_, rest)| rest[..7].to_owned());
        strokes.filter_map(stroke).collect::<std::collections::BTreeSet<_>>()
    };
    // The head under the pointer would be drawn alone.
    window.remove_cursor();
    settle(&mut window);
    let svg = picture(&mut window);
    assert!(svg.contains("L1\u{b7}H1") && svg.contains("L0\u{b7}H7"), "a legend");
    assert_eq!(colours(&svg).len(), 2, "a colour for each: {:?}", colours(&svg));
    click(&mut window, "Sum");
    assert_eq!(colours(&picture(&mut window)).len(), 1);
    assert!(!window.state().state().is_overlaid());
    window.get_by_label_contains("Sum of 2 heads: ");
    let state = window.state().state();
    let run = state.run().expect("a run");
    let sum: Vec<f32> = run.head(1, 1).iter().zip(run.head(0, 7)).map(|(a, b)| a + b).collect();
    assert_eq!(state.values(), sum);
    click(&mut window, "In colours");
    assert!(window.state().state().is_overlaid());
}

#[test]
fn tokens_stand_side_by_side_where_their_script_does_or_somebody_wants_it() {
    let mut window = first();
    let place = |window: &Window, name: &str| window.get_by_label(name).rect();
    assert!(place(&window, "Query 2 old").top() > place(&window, "Query 1 the").bottom() - 1.0);
    press(&mut window, Key::Escape);
    click(&mut window, "Direction of tokens");
    click(&mut window, "horizontal");
    assert_eq!(window.state().state().scene.look.way, Way::Horizontal);
    let (the, old) = (place(&window, "Query 1 the"), place(&window, "Query 2 old"));
    assert!(old.left() >= the.right() - 1.0 && (old.top() - the.top()).abs() < 1.0);
    assert!(place(&window, "Key 1 the").top() > the.bottom() + 50.0, "keys stand below");
    press(&mut window, Key::D);
    assert_eq!(window.state().state().scene.look.way, Way::Automatic);
    ask(&mut window, Action::Text("\u{5317}\u{4eac}\u{7684}\u{79cb}\u{5929}".to_owned()));
    let (first, second) = (place(&window, "Query 1 [UNK]"), place(&window, "Query 2 [UNK]"));
    assert!(second.left() >= first.right() - 1.0, "{first:?} {second:?}");
}

#[test]
fn the_matrix_has_a_scale_and_colours() {
    let mut window = first();
    press(&mut window, Key::H);
    let (side, before) = pixels(&picture(&mut window));
    assert_eq!(side, window.state().state().run().expect("a run").tokens.len(), "a pixel for each cell");
    click(&mut window, "Scale");
    click(&mut window, "logarithm");
    let svg = picture(&mut window);
    assert!(svg.contains(">logarithm<") && svg.contains("0.0001"), "the legend has the numbers of the scale");
    let (_, after) = pixels(&svg);
    let background = before[0];
    let other = before.iter().zip(&after).filter(|(a, b)| a != b).count();
    let nothing = before.iter().filter(|c| **c == background).count();
    assert!(other > 0 && after.iter().zip(&before).all(|(b, a)| *a != background || a == b), "nothing stays nothing");
    assert!(nothing >= 2 * side, "special tokens are left out");
    assert_eq!(window.state().state().scene.look.colours.scale, Scale::Log);
    click(&mut window, "Colours");
    click(&mut window, "viridis");
    assert_eq!(window.state().state().scene.look.colours.map, Map::Viridis);
    let near = |a: [u8; 3], b: [u8; 3]| a.iter().zip(b).all(|(a, b)| a.abs_diff(b) <= 3);
    let (_, drawn) = pixels(&picture(&mut window));
    assert!(near(drawn[0], [68, 1, 84]), "viridis begins so: {:?}", drawn[0]);
    assert_eq!(window.state().state().scene.look.view, View::Heatmap);
}

#[test]
fn all_heads_zoom_to_one_number_and_back() {
    let mut window = first();
    press(&mut window, Key::Num2);
    assert_eq!(window.state().state().scene.look.arrangement, Arrangement::Grid);
    let head = |window: &Window| window.get_by_label("Head L1\u{b7}H3").rect();
    let small = head(&window);
    window.get_by_label("Head L1\u{b7}H3").hover();
    settle(&mut window);
    for _ in 0..6 {
        press(&mut window, Key::Plus);
    }
    let camera = window.state().state().scene.details.camera;
    assert!(camera.zoom > 5.0, "{camera:?}");
    assert!(head(&window).width() > 3.0 * small.width());
    // The number of the cell under the pointer is the model's.
    for _ in 0..3 {
        press(&mut window, Key::Plus);
    }
    let middle = head(&window).center();
    window.hover_at(middle);
    for _ in 0..60 {
        window.step();
    }
    let run = window.state().state().run().expect("a run").clone();
    let (n, weights) = (run.tokens.len(), run.head(1, 3));
    let is_said = |q: usize, k: usize| {
        let names = format!("{} \u{2192} {}", run.tokens.shown(q), run.tokens.shown(k));
        let number = format!("L1\u{b7}H3  {}", lexiscope::figure::short(weights[q * n + k]));
        window.query_by_label(&names).is_some() && window.query_by_label(&number).is_some()
    };
    assert!((0..n * n).any(|i| is_said(i / n, i % n)));
    click(&mut window, "Whole model");
    assert!(window.state().state().scene.details.camera.is_whole());
    click(&mut window, "Zoom in");
    click(&mut window, "Zoom out");
    assert!(window.state().state().scene.details.camera.is_whole());
    click(&mut window, "Mean");
    assert_eq!(window.state().state().study.as_ref().map(|s| s.pyramid.pool), Some(Pool::Mean));
    press(&mut window, Key::P);
    assert_eq!(window.state().state().study.as_ref().map(|s| s.pyramid.pool), Some(Pool::Max));
    // A click selects and stays; a second head joins with Shift.
    click(&mut window, "Head L2\u{b7}H4");
    shift_click(&mut window, "Head L0\u{b7}H1");
    assert_eq!(heads(&window), [(2, 4), (0, 1)]);
    assert_eq!(window.state().state().scene.look.arrangement, Arrangement::Grid);
}

#[test]
fn heads_are_ordered_by_a_measure_and_keep_their_names() {
    let mut window = first();
    press(&mut window, Key::Num2);
    click(&mut window, "Order");
    click(&mut window, "previous");
    let state = window.state().state();
    let run = state.run().expect("a run").clone();
    let setting = Setting::of(&run);
    let measure = |head: usize| setting.measure(run.head(1, head)).get(Measure::Previous).expect("a number");
    let best = (0..8).max_by(|&a, &b| measure(a).total_cmp(&measure(b))).expect("a head");
    let order = &state.study.as_ref().expect("a study").order;
    assert_eq!(order.head(1, 0), (1, best));
    let lefts = |window: &Window| {
        let left = |head: usize| window.get_by_label(&format!("Head L1\u{b7}H{head}")).rect().left();
        (0..8).map(left).collect::<Vec<f32>>()
    };
    let placed = lefts(&window);
    assert!(placed.iter().all(|x| placed[best] <= *x), "the largest stands first: {placed:?}");
    click(&mut window, "Order");
    click(&mut window, "model");
    assert!(lefts(&window).is_sorted());
}
