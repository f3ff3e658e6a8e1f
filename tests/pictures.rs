//! Lines, all heads and the matrix as a person uses them, found by the names that a screen reader reads out.
#![cfg(feature = "gui")]

mod window;

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;
use lexiscope::analysis::measures::{Measure, Setting};
use lexiscope::figure::colour::Map;
use lexiscope::figure::lines::Way;
use lexiscope::figure::pyramid::Pool;
use lexiscope::figure::shades::Scale;
use lexiscope::gui::action::Action;
use lexiscope::gui::scene::{Arrangement, View};
use lexiscope::gui::settings::Settings;
use window::{Window, open, settle};

fn first() -> Window {
    open([1280.0, 800.0], 1.0, Settings::default())
}

fn press(window: &mut Window, key: Key) {
    window.key_press(key);
    settle(window);
}

fn ask(window: &mut Window, action: Action) {
    window.state().ask(action);
    settle(window);
}

fn click(window: &mut Window, name: &str) {
    window.get_by_label(name).click();
    settle(window);
}

fn shift_click(window: &mut Window, name: &str) {
    window.get_by_label(name).click_modifiers(Modifiers::SHIFT);
    settle(window);
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
    click(&mut window, "Sum");
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
    click(&mut window, "Scale");
    click(&mut window, "logarithm");
    assert_eq!(window.state().state().scene.look.colours.scale, Scale::Log);
    click(&mut window, "Colours");
    click(&mut window, "viridis");
    assert_eq!(window.state().state().scene.look.colours.map, Map::Viridis);
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
