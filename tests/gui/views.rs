//! Views of heads in the window: what is drawn, what is said of it, and what all of them share.

use crate::hand::{ask, click, first, has_graphics, press, run, state};
use crate::window::{Window, open, settle};
use egui::{Key, Modifiers, Pos2, Rect, Vec2};
use egui_kittest::kittest::Queryable;
use lexiscope::analysis::filter::{Filter, Pairs, Special, Threshold};
use lexiscope::analysis::meaning::Meaning;
use lexiscope::figure::Mark;
use lexiscope::figure::heatmap::{Layout, Spot};
use lexiscope::figure::lines::Focus;
use lexiscope::gui::action::{Action, Sheet};
use lexiscope::gui::scene::{Arrangement, View};
use lexiscope::gui::settings::Settings;
use safetensors::tensor::{Dtype, TensorView, serialize_to_file};
use std::path::Path;

/// Rests the pointer until a tooltip is there.
fn rest(window: &mut Window, at: Pos2) {
    window.hover_at(at);
    for _ in 0..60 {
        window.step();
    }
    settle(window);
}

fn filter(window: &mut Window, change: impl Fn(&mut Filter)) {
    let mut filter = state(window).scene.look.filter;
    change(&mut filter);
    ask(window, Action::Filter(filter));
}

/// A file of attention `[layers, heads, n, n]` from a function of layer, head, query and key.
fn attention(path: &Path, [layers, heads, n]: [usize; 3], weight: impl Fn(usize, usize, usize, usize) -> f32) {
    let mut bytes = Vec::with_capacity(4 * layers * heads * n * n);
    for at in 0..layers * heads * n * n {
        let (head, cell) = (at / (n * n), at % (n * n));
        bytes.extend(weight(head / heads, head % heads, cell / n, cell % n).to_le_bytes());
    }
    let view = TensorView::new(Dtype::F32, vec![layers, heads, n, n], &bytes).expect("a tensor");
    let tokens: Vec<String> = (0..n).map(|i| format!("w{i}")).collect();
    let tokens = serde_json::to_string(&tokens).expect("JSON");
    let metadata = [("tokens".to_owned(), tokens)].into();
    serialize_to_file([("attentions", view)], Some(metadata), path).expect("it is written");
}

#[test]
fn a_stripe_one_cell_wide_is_seen_in_the_whole_model() {
    if !has_graphics() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("stripes.safetensors");
    // Every query of a head rests on one key, another in each head.
    let stripe = |head: usize| 39 * head + 40;
    attention(&path, [1, 12, 512], |_, head, _, key| if key == stripe(head) { 1.0 } else { 0.0 });
    let mut window = open([640.0, 440.0], 1.0, Settings::default());
    ask(&mut window, Action::Open(path.to_string_lossy().into_owned()));
    ask(&mut window, Action::Arrange(Arrangement::Grid));
    let study = state(&window).study.as_ref().expect("a study");
    let rects: Vec<Rect> = (0..12).map(|head| window.get_by_label(&format!("Head L0\u{b7}H{head}")).rect()).collect();
    let wanted = study.pyramid.level_for(rects[0].width());
    assert!(wanted > study.overviews[0].level, "the finest picture has more entries than pixels here");
    window.remove_cursor();
    settle(&mut window);
    let image = window.render().expect("the window can be drawn");
    let (width, raw) = (image.dimensions().0 as usize, image.as_raw());
    for (head, rect) in rects.iter().enumerate() {
        let inside = rect.shrink(2.0);
        // The brightness along the middle of the head, its outline aside.
        let y = inside.center().y as usize;
        let light = |x: usize| raw[4 * (y * width + x)..][..3].iter().map(|&c| u32::from(c)).sum::<u32>();
        let along: Vec<u32> = (inside.left() as usize..inside.right() as usize).map(light).collect();
        let (least, most) = (along.iter().min().expect("pixels"), along.iter().max().expect("pixels"));
        assert!(most - least > 150, "nothing is seen of key {} in head {head}: {along:?}", stripe(head));
    }
}

#[test]
fn the_whole_model_leaves_out_what_is_left_out() {
    let mut window = first();
    let n = run(&window).tokens.len();
    let sifted = |window: &Window| state(window).study.as_ref().expect("a study").sifted.head(2, 3).into_owned();
    let says = |window: &Window, what: &str| {
        let grid = state(window).study.as_ref().expect("a study").grid.clone();
        grid.marks.iter().any(|m| matches!(m, Mark::Text { text, .. } if text.contains(what)))
    };
    let whole = run(&window).head(2, 3).to_vec();
    let special = |window: &Window, t: usize| run(window).tokens.pieces[t].special;
    // Of each row the fewest that carry 70 % of what is left of it.
    let cut = sifted(&window);
    for q in 0..n {
        let own = |k: usize| if special(&window, q) || special(&window, k) { 0.0 } else { whole[q * n + k] };
        let mut sizes: Vec<f32> = (0..n).map(own).collect();
        sizes.sort_by(|a, b| b.total_cmp(a));
        let all: f32 = sizes.iter().sum();
        let mut sum = 0.0;
        let passing = sizes.iter().take_while(|w| {
            let goes_on = sum < 0.7 * all - 1e-6;
            sum += **w;
            goes_on
        });
        let least = passing.last().copied().unwrap_or(f32::INFINITY);
        for k in 0..n {
            assert_eq!(cut[q * n + k], if own(k) >= least { own(k) } else { 0.0 }, "{q} {k}");
        }
    }
    assert!(says(&window, "no special tokens, top 70 %") && says(&window, "attention, square root"));
    let passed = state(&window).study.as_ref().expect("a study").sifted.passed().expect("a threshold");
    ask(&mut window, Action::Arrange(Arrangement::Grid));
    assert!(passed.kept > 32 && passed.kept < passed.of && passed.of <= 32 * 81, "{passed:?}");
    ask(&mut window, Action::Arrange(Arrangement::Overview));
    filter(&mut window, |f| f.threshold = Threshold::Mass(1.0));
    let hidden = sifted(&window);
    for (i, (&kept, &w)) in hidden.iter().zip(&whole).enumerate() {
        let is_hidden = special(&window, i / n) || special(&window, i % n);
        assert_eq!(kept, if is_hidden { 0.0 } else { w });
    }
    assert!(says(&window, "no special tokens") && !says(&window, "top "));
    // Levels are made of what is left: their first entry stands for [CLS] and the first word.
    let coarse = state(&window).study.as_ref().expect("a study").pyramid.value(2 * 8 + 3, 1, 0, 0).expect("an entry");
    assert!((coarse - whole[n + 1]).abs() < 1e-3, "{coarse} and {}", whole[n + 1]);
    filter(&mut window, |f| f.special = Special::Show);
    assert_eq!(sifted(&window), whole);
    assert!(!says(&window, "tokens"), "where nothing is left out, nothing is said of it");
    filter(&mut window, |f| f.special = Special::Renormalise);
    let row: f32 = sifted(&window)[n..2 * n].iter().sum();
    assert!((row - 1.0).abs() < 1e-5, "{row}");
    ask(&mut window, Action::Text("The uninterpretability of it.".into()));
    filter(&mut window, |f| f.words = true);
    let tokens = run(&window).tokens.clone();
    assert!(tokens.words().len() < tokens.len());
    assert_eq!(sifted(&window).len(), tokens.words().len().pow(2));
    ask(&mut window, Action::Mean(Meaning::Norm));
    assert!(says(&window, "norm-weighted attention"), "the colour bar says what the colours are");
}

/// The matrix of the window: where its cells are.
fn cells(window: &Window) -> (Layout, Pos2) {
    let rect = window.get_by_label_contains("Heatmap L").rect();
    (Layout::new(&run(window).tokens, 10_000.0, rect.height() + 0.5), rect.min)
}

fn middle(window: &Window, spot: Spot) -> Pos2 {
    let (layout, origin) = cells(window);
    let area = layout.area(spot);
    // Of a row or a column the part before its cells: its label.
    let (x, y) = match spot {
        Spot::Cell(..) => (area.x + area.w / 2.0, area.y + area.h / 2.0),
        Spot::Row(_) => (area.x - 12.0, area.y + area.h / 2.0),
        Spot::Column(_) => (area.x + area.w / 2.0, area.y - 12.0),
    };
    origin + Vec2::new(x, y)
}

#[test]
fn the_number_on_a_cell_is_the_one_that_is_drawn() {
    let mut window = first();
    ask(&mut window, Action::Select((1, 1)));
    press(&mut window, Key::H);
    let run = run(&window);
    let n = run.tokens.len();
    let whole = run.head(1, 1).to_vec();
    filter(&mut window, |f| f.threshold = Threshold::Top(1));
    let own: Vec<usize> = (0..n).filter(|&i| !run.tokens.pieces[i].special).collect();
    let query = own[2];
    let best = own.iter().copied().max_by(|&a, &b| whole[query * n + a].total_cmp(&whole[query * n + b])).expect("one");
    let other = own.iter().copied().find(|&k| k != best && whole[query * n + k] > 0.001).expect("another");
    let written = lexiscope::figure::short;
    // What passes the threshold is drawn as it is; the sum of the row is made of it alone.
    let at = middle(&window, Spot::Cell(query, best));
    rest(&mut window, at);
    window.get_by_label(&format!("{} \u{2192} {}", run.tokens.shown(query), run.tokens.shown(best)));
    window.get_by_label(&written(whole[query * n + best]));
    assert!(window.query_by_label_contains("before anything").is_none());
    let at = middle(&window, Spot::Row(query));
    rest(&mut window, at);
    window.get_by_label(&format!("{}: sum of the row", run.tokens.shown(query)));
    window.get_by_label(&written(whole[query * n + best]));
    // What does not pass says so, and what it was.
    let at = middle(&window, Spot::Cell(query, other));
    rest(&mut window, at);
    window.get_by_label("left out");
    window.get_by_label(&format!("before anything is left out: {}", written(whole[query * n + other])));
    // Scaled rows have two numbers, each with its name.
    filter(&mut window, |f| f.special = Special::Renormalise);
    let sum = |keys: &[usize]| keys.iter().map(|k| whole[query * n + k]).sum::<f32>();
    let scaled = whole[query * n + best] * sum(&(0..n).collect::<Vec<_>>()) / sum(&own);
    let at = middle(&window, Spot::Cell(query, best));
    rest(&mut window, at);
    window.get_by_label(&written(scaled));
    window.get_by_label(&format!("before anything is left out: {}", written(whole[query * n + best])));
    ask(&mut window, Action::Pin(Focus::Query(query)));
    window.get_by_label_contains("rescaled from");
}

#[test]
fn several_heads_as_one_have_their_own_number_and_pixels_the_farthest_of_theirs() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("long.safetensors");
    let n = 700;
    // Head 1 has one weight that a pixel could lose beside those of head 0.
    let lost = (301, 402);
    let weight = |head: usize, q: usize, k: usize| match head {
        0 => ((7 * q + 3 * k) % 50) as f32 / 1000.0,
        _ if (q, k) == lost => 0.9,
        _ => 0.01,
    };
    attention(&path, [1, 2, n], |_, head, q, k| weight(head, q, k));
    let mut window = first();
    ask(&mut window, Action::Open(path.to_string_lossy().into_owned()));
    filter(&mut window, |f| *f = Filter::nothing());
    window.get_by_label("Head L0\u{b7}H1").click_modifiers(Modifiers::SHIFT);
    settle(&mut window);
    window.remove_cursor();
    click(&mut window, "Sum");
    press(&mut window, Key::H);
    let rect = window.get_by_label("Heatmap Sum of 2 heads").rect();
    let layout = Layout::new(&run(&window).tokens, 10_000.0, rect.height());
    assert!(layout.is_pooled(), "{} points for {n} cells", layout.plot.w);
    let area = layout.area(Spot::Cell(lost.0, lost.1));
    rest(&mut window, rect.min + Vec2::new(area.x + area.w / 2.0, area.y + area.h / 2.0));
    // The pixel stands for some cells; the number is that of one of them, of both heads.
    let near = |i: usize| i - 2..i + 3;
    let is_said = |q: usize, k: usize| window.query_by_label(&format!("w{q} \u{2192} w{k}")).is_some();
    let found = near(lost.0).flat_map(|q| near(lost.1).map(move |k| (q, k))).find(|&(q, k)| is_said(q, k));
    let sum = |(q, k): (usize, usize)| lexiscope::figure::short(weight(0, q, k) + weight(1, q, k));
    window.get_by_label(&sum(found.expect("an edge")));
    window.get_by_label(&format!("farthest from zero under the pointer: {}", sum(lost)));
}

#[test]
fn a_query_is_masked_by_the_button_beside_it_or_over_it() {
    for way in ["vertical", "horizontal"] {
        let mut window = first();
        press(&mut window, Key::Escape);
        click(&mut window, "Direction of tokens");
        click(&mut window, way);
        let query = window.get_by_label("Query 3 lady").rect();
        window.hover_at(query.center());
        settle(&mut window);
        settle(&mut window);
        // The inspector at the right has one of the same name.
        let button = |window: &Window| {
            let mut places = window.get_all_by_label("Mask this word").map(|node| node.rect());
            places.find(|place| place.right() < 1000.0)
        };
        let place = button(&window).expect(way);
        if way == "horizontal" {
            assert!(place.bottom() <= query.center().y && place.x_range().contains(query.center().x));
        } else {
            assert!(place.right() <= query.left() && place.y_range().contains(query.center().y));
        }
        // On its way to the button the pointer still is on the token.
        window.hover_at(place.center());
        settle(&mut window);
        assert_eq!(state(&window).preview, Some(Focus::Query(3)), "{way}");
        assert_eq!(button(&window), Some(place));
        for pressed in [true, false] {
            let (pos, button, modifiers) = (place.center(), egui::PointerButton::Primary, Modifiers::NONE);
            window.event(egui::Event::PointerButton { pos, button, pressed, modifiers });
            window.step();
        }
        settle(&mut window);
        assert_eq!(state(&window).scene.masked, [3], "{way}");
        assert_eq!(run(&window).tokens.pieces[3].piece, "[MASK]");
    }
}

#[test]
fn labels_of_the_matrix_preview_and_pin() {
    let mut window = first();
    press(&mut window, Key::Escape);
    press(&mut window, Key::H);
    for (spot, focus) in [(Spot::Row(3), Focus::Query(3)), (Spot::Column(5), Focus::Key(5))] {
        let at = middle(&window, spot);
        window.hover_at(at);
        settle(&mut window);
        assert_eq!(state(&window).preview, Some(focus));
        for pinned in [Some(focus), None] {
            for pressed in [true, false] {
                window.event(egui::Event::PointerButton {
                    pos: at,
                    button: egui::PointerButton::Primary,
                    pressed,
                    modifiers: Modifiers::NONE,
                });
                window.step();
            }
            settle(&mut window);
            assert_eq!(state(&window).scene.pinned, pinned, "a second click releases");
        }
    }
}

#[test]
fn the_neuron_view_draws_the_longest_text_and_stays_while_another_layer_is_fetched() {
    let mut window = first();
    ask(&mut window, Action::Select((1, 1)));
    press(&mut window, Key::N);
    // Another layer is under the pointer: until it is there, the old one is.
    window.get_by_label("Head L3\u{b7}H0").hover();
    window.step();
    window.step();
    assert_eq!(state(&window).shown_head(), (3, 0));
    window.get_by_label_contains("Key 2 ");
    settle(&mut window);
    window.get_by_label_contains("Key 2 ");
    window.remove_cursor();
    ask(&mut window, Action::Text("word ".repeat(600)));
    assert_eq!(run(&window).tokens.len(), 512);
    // A picture larger than the graphics card takes ends the program here.
    window.get_by_label_contains("Key 2 ").hover();
    settle(&mut window);
    assert_eq!(state(&window).preview, Some(Focus::Key(2)));
}

#[test]
fn the_choice_of_sentences_goes_with_the_second_sentence() {
    let mut window = first();
    ask(&mut window, Action::Pair(Some("She went out.".into())));
    filter(&mut window, |f| f.pairs = Pairs::BB);
    window.get_by_label_contains("B \u{2192} B only");
    ask(&mut window, Action::Pair(None));
    assert!(window.query_by_label_contains("B \u{2192} B only").is_none());
    assert!(window.query_by_label_contains("0 of 0 edges").is_none(), "the picture is not blank");
}

#[test]
fn rollout_has_one_matrix_for_each_layer() {
    let mut window = first();
    ask(&mut window, Action::Select((1, 1)));
    for head in ["Head L1\u{b7}H2", "Head L0\u{b7}H3"] {
        window.get_by_label(head).click_modifiers(Modifiers::SHIFT);
        settle(&mut window);
    }
    window.remove_cursor();
    click(&mut window, "Sum");
    ask(&mut window, Action::Mean(Meaning::Rollout));
    let weights = state(&window).weights().expect("a run").clone();
    let wanted: Vec<f32> = weights.head(1, 0).iter().zip(weights.head(0, 0).iter()).map(|(a, b)| a + b).collect();
    assert_eq!(state(&window).values(), wanted, "two heads of one layer are one matrix");
    window.get_by_label_contains("Sum of 2 heads: ");
    ask(&mut window, Action::Arrange(Arrangement::Grid));
    window.get_by_label("Head L1").hover();
    settle(&mut window);
    assert_eq!(state(&window).shown_head(), (1, 1), "the selected head stands for its layer");
}

#[test]
fn hovering_a_head_without_a_column_moves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("many.safetensors");
    attention(&path, [1, 24, 4], |_, _, _, _| 0.25);
    let mut window = open([1000.0, 800.0], 1.0, Settings::default());
    ask(&mut window, Action::Open(path.to_string_lossy().into_owned()));
    let column = |window: &Window, head: usize| {
        window.query_by_label(&format!("Outgoing L0\u{b7}H{head}")).map(|node| node.rect())
    };
    let before: Vec<Option<Rect>> = (0..24).map(|head| column(&window, head)).collect();
    // Among those whose thumbnails are not scrolled away.
    let is_there = |head: usize| window.query_by_label(&format!("Head L0\u{b7}H{head}")).is_some();
    let without = (0..24).rfind(|&head| before[head].is_none() && is_there(head)).expect("a head without a column");
    window.get_by_label(&format!("Head L0\u{b7}H{without}")).hover();
    settle(&mut window);
    assert_eq!(state(&window).shown_head(), (0, without));
    let after: Vec<Option<Rect>> = (0..24).map(|head| column(&window, head)).collect();
    assert_eq!(before, after);
}

#[test]
fn keys_reach_every_view_token_and_head() {
    let mut window = first();
    for arrangement in [Arrangement::Tiles, Arrangement::Grid] {
        ask(&mut window, Action::Arrange(arrangement));
        press(&mut window, Key::N);
        let look = state(&window).scene.look;
        assert_eq!((look.view, look.arrangement), (View::Neuron, Arrangement::Overview));
    }
    ask(&mut window, Action::Arrange(Arrangement::Tiles));
    press(&mut window, Key::H);
    assert_eq!(state(&window).scene.look.arrangement, Arrangement::Tiles, "the matrix has a tile");
    ask(&mut window, Action::Arrange(Arrangement::Overview));
    // The pin moves along the words; special tokens are hidden.
    press(&mut window, Key::Escape);
    press(&mut window, Key::OpenBracket);
    assert_eq!(state(&window).scene.pinned, Some(Focus::Query(1)));
    press(&mut window, Key::OpenBracket);
    assert_eq!(state(&window).scene.pinned, Some(Focus::Query(1)), "[CLS] is hidden");
    press(&mut window, Key::CloseBracket);
    assert_eq!(state(&window).scene.pinned, Some(Focus::Query(2)));
    // All selected heads are turned off, and on again.
    ask(&mut window, Action::Select((1, 1)));
    window.get_by_label("Head L1\u{b7}H3").click_modifiers(Modifiers::SHIFT);
    settle(&mut window);
    ask(&mut window, Action::HeadOff((1, 3)));
    press(&mut window, Key::K);
    assert_eq!(state(&window).scene.heads_off, [(1, 3), (1, 1)]);
    press(&mut window, Key::K);
    assert!(state(&window).scene.heads_off.is_empty());
}

#[test]
fn a_word_is_masked_with_all_its_pieces() {
    let mut window = first();
    ask(&mut window, Action::Text("The uninterpretability of it.".into()));
    let word = run(&window).tokens.words().into_iter().find(|w| w.len() > 1).expect("a word of several pieces");
    press(&mut window, Key::W);
    ask(&mut window, Action::Pin(Focus::Query(word.start)));
    press(&mut window, Key::M);
    assert_eq!(state(&window).scene.masked, word.clone().collect::<Vec<_>>());
    assert!(word.clone().all(|i| run(&window).tokens.pieces[i].piece == "[MASK]"));
    press(&mut window, Key::M);
    assert!(state(&window).scene.masked.is_empty());
}

#[test]
fn keys_of_the_whole_model_wait_for_what_lies_over_it() {
    let mut window = first();
    press(&mut window, Key::Num2);
    ask(&mut window, Action::Sheet(Some(Sheet::Help)));
    press(&mut window, Key::Plus);
    assert!(state(&window).scene.details.camera.is_whole());
    ask(&mut window, Action::Sheet(None));
    for _ in 0..4 {
        press(&mut window, Key::Plus);
    }
    let head = |window: &Window| window.get_by_label("Head L2\u{b7}H4").rect();
    let (before, selected) = (head(&window), state(&window).scene.head);
    window.key_press_modifiers(Modifiers::SHIFT, Key::ArrowRight);
    settle(&mut window);
    assert!(head(&window).left() < before.left() - 20.0, "{before:?} {:?}", head(&window));
    assert_eq!(state(&window).scene.head, selected, "the selection stays");
}

#[test]
fn a_cell_of_the_whole_model_pins_its_query() {
    let mut window = first();
    press(&mut window, Key::Num2);
    window.get_by_label("Head L1\u{b7}H3").hover();
    settle(&mut window);
    for _ in 0..9 {
        press(&mut window, Key::Plus);
    }
    press(&mut window, Key::Escape);
    let rect = window.get_by_label("Head L1\u{b7}H3").rect();
    let n = run(&window).tokens.len();
    let at = state(&window).scene.details.camera;
    assert!(at.zoom > 3.0);
    // The accessible rectangle is the visible part; its middle is under the pointer.
    window.hover_at(rect.center());
    settle(&mut window);
    let Some(Focus::Query(q)) = state(&window).preview else { panic!("a cell is under the pointer") };
    assert!(q < n);
    window.get_by_label("Head L1\u{b7}H3").click();
    settle(&mut window);
    assert_eq!(state(&window).scene.pinned, Some(Focus::Query(q)));
    assert_eq!(state(&window).scene.head, (1, 3));
}

#[test]
fn a_least_value_reaches_the_smallest_numbers() {
    let mut window = first();
    ask(&mut window, Action::Mean(Meaning::Gradient));
    let unit = state(&window).weights().expect("a run").unit();
    click(&mut window, "Top 70 %");
    click(&mut window, "At least");
    assert_eq!(state(&window).scene.look.filter.threshold, Threshold::AtLeast(0.1 * unit));
    filter(&mut window, |f| f.threshold = Threshold::AtLeast(3e-6));
    assert_eq!(state(&window).scene.look.filter.threshold, Threshold::AtLeast(3e-6));
    window.get_by_label_contains("\u{2265} 3e\u{2212}6: ");
}
