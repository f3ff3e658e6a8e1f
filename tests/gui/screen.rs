//! The window as a person uses it, found by the names that a screen reader reads out.

use crate::hand::{ask, first, pieces, press, press_with};
use crate::window::{Window, open, settle};
use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::Queryable;
use lexiscope::figure::lines::Focus;
use lexiscope::gui::FIRST;
use lexiscope::gui::action::{Action, Sheet};
use lexiscope::gui::scene::{Arrangement, View};
use lexiscope::gui::settings::{Settings, Theme};

/// A key as a keyboard sends it, with the text that it types.
fn strike(window: &mut Window, key: Key, text: &str) {
    window.key_press(key);
    if !text.is_empty() {
        window.event(egui::Event::Text(text.to_owned()));
    }
    settle(window);
}

#[test]
fn the_first_screen_shows_a_sentence_already_analysed() {
    let window = first();
    let state = window.state().state();
    assert_eq!(state.scene.text, FIRST);
    let run = state.run().expect("the sentence was read");
    assert_eq!(run.card.layers * run.card.heads, 32);
    window.get_by_label("32 heads. Click one.");
    for (layer, head) in [(0, 0), (3, 7)] {
        window.get_by_label(&format!("Head L{layer}\u{b7}H{head}"));
    }
    window.get_by_label("Heads worth seeing");
    window.get_by_label("Sentence");
    // The heading says in words what the picture shows, with the model's own number.
    let (layer, head) = state.shown_head();
    let Some(Focus::Query(q)) = state.scene.pinned else { panic!("a token is pinned") };
    let weights = run.head(layer, head);
    let n = run.tokens.len();
    let row = &weights[q * n..][..n];
    let keys = (0..n).filter(|&k| k != q && !run.tokens.pieces[k].special);
    let k = keys.max_by(|&a, &b| row[a].total_cmp(&row[b])).expect("another token");
    let (from, to) = (run.tokens.shown(q), run.tokens.shown(k));
    window.get_by_label(&format!("L{layer}\u{b7}H{head}: {from} looks at {to}, {:.2}", row[k]));
}

#[test]
fn typing_reads_the_sentence() {
    let mut window = first();
    window.get_by_label("Sentence").click();
    settle(&mut window);
    press_with(&mut window, Modifiers::COMMAND, Key::A);
    window.get_by_label("Sentence").type_text("The cat sat.");
    settle(&mut window);
    assert_eq!(pieces(&window), ["[CLS]", "the", "cat", "sat", ".", "[SEP]"]);
    // Letters are typed, not taken for commands, while the field has the focus.
    let before = window.state().state().scene.look;
    for (key, text) in [(Key::H, "h"), (Key::N, "n"), (Key::ArrowLeft, "")] {
        strike(&mut window, key, text);
    }
    assert_eq!(window.state().state().scene.look, before);
    assert!(window.state().state().scene.text.ends_with("hn"));
    // Without the focus the same key is a command.
    press(&mut window, Key::Escape);
    strike(&mut window, Key::H, "h");
    assert_eq!(window.state().state().scene.look.view, View::Heatmap);
    assert!(window.state().state().scene.text.ends_with("hn"));
}

#[test]
fn a_click_selects_a_head_and_arrows_move_on() {
    let mut window = first();
    window.get_by_label("Head L2\u{b7}H3").click();
    settle(&mut window);
    assert_eq!(window.state().state().scene.head, (2, 3));
    press(&mut window, Key::ArrowRight);
    press(&mut window, Key::ArrowUp);
    assert_eq!(window.state().state().scene.head, (1, 4));
    for _ in 0..5 {
        press(&mut window, Key::ArrowDown);
    }
    assert_eq!(window.state().state().scene.head, (3, 4), "the last layer is the last");
}

#[test]
fn hovering_previews_and_clicking_pins() {
    let mut window = first();
    press(&mut window, Key::Escape);
    assert_eq!(window.state().state().focus(), None);
    window.get_by_label("Query 3 lady").hover();
    settle(&mut window);
    assert_eq!(window.state().state().preview, Some(Focus::Query(3)));
    assert_eq!(window.state().state().scene.pinned, None);
    window.get_by_label("Query 3 lady").click();
    settle(&mut window);
    assert_eq!(window.state().state().scene.pinned, Some(Focus::Query(3)));
    window.get_by_label("What \u{201c}lady\u{201d} looks at");
    window.get_by_label("Query 3 lady").click();
    settle(&mut window);
    assert_eq!(window.state().state().scene.pinned, None, "a second click releases");
    window.get_by_label("Query 3 lady").click();
    settle(&mut window);
    press(&mut window, Key::Escape);
    assert_eq!(window.state().state().scene.pinned, None);
}

#[test]
fn masking_and_turning_a_head_off_show_before_and_after() {
    let mut window = first();
    ask(&mut window, Action::Select((1, 1)));
    let at = pieces(&window).iter().position(|p| p == "door").expect("it is in the sentence");
    let plain = window.state().state().run().expect("a run").clone();
    if window.state().state().scene.pinned != Some(Focus::Query(at)) {
        ask(&mut window, Action::Pin(Focus::Query(at)));
    }
    press(&mut window, Key::M);
    assert_eq!(pieces(&window)[at], "[MASK]");
    window.get_by_label("Prediction at \u{201c}door\u{201d}");
    window.get_by_label("before");
    window.get_by_label("Show this word again").click();
    settle(&mut window);
    assert_eq!(pieces(&window)[at], "door");

    window.get_by_label("Turn this head off").click();
    settle(&mut window);
    let run = window.state().state().run().expect("a run").clone();
    assert_eq!(run.head(1, 1), plain.head(1, 1), "its own attention comes before its output");
    assert_ne!(run.head(3, 0), plain.head(3, 0), "later layers read something else");
    window.get_by_label("Turn this head on again").click();
    settle(&mut window);
    let back = window.state().state().run().expect("a run").clone();
    assert_eq!(back.head(3, 0), plain.head(3, 0));
}

#[test]
fn a_model_that_cannot_be_opened_says_why_and_leaves_the_old_one() {
    let mut window = first();
    window.get_by_label("Model bert-mini-en \u{b7} 4 \u{d7} 8").click();
    settle(&mut window);
    window.get_by_role_and_label(Role::TextInput, "Model path or hub id").type_text("/no/such/model");
    settle(&mut window);
    window.get_by_label("Open").click();
    settle(&mut window);
    window.get_by_label("/no/such/model could not be opened");
    let problem = window.state().state().problem.as_ref().expect("a problem");
    assert!(problem.error.to_string().contains("no such path"), "{}", problem.error);
    window.get_by_label(problem.error.remedy().expect("a remedy"));
    assert_eq!(window.state().state().model.as_ref().map(|m| m.name.as_str()), Some("bert-mini-en"));
    window.get_by_label("Head L0\u{b7}H0");
    window.get_by_label("Dismiss").click();
    settle(&mut window);
    assert!(window.query_by_label("/no/such/model could not be opened").is_none());
}

#[test]
fn what_is_being_computed_can_be_stopped() {
    let mut window = first();
    let before = window.state().state().run().expect("a run").id;
    window.state().ask(Action::Text("slowly ".repeat(3000)));
    window.step();
    window.step();
    window.get_by_label("Stop").click();
    settle(&mut window);
    let state = window.state().state();
    assert_eq!(state.notice.as_deref(), Some("Stopped."));
    assert_eq!(state.run().expect("the old run").id, before, "what was there stays");
    // The next sentence is read as if nothing had happened.
    ask(&mut window, Action::Text("A new sentence.".to_owned()));
    assert_eq!(pieces(&window)[2], "new");
}

#[test]
fn too_long_a_text_is_cut_and_says_so() {
    let mut window = first();
    ask(&mut window, Action::Text("word ".repeat(100_000)));
    let run = window.state().state().run().expect("a run");
    assert_eq!(run.tokens.len(), run.card.tokens);
    let dropped = 100_000 + 2 - run.card.tokens;
    assert_eq!(run.tokens.dropped, dropped);
    let said =
        format!("{}\u{2009}{:03} tokens did not fit: this model reads at most 512.", dropped / 1000, dropped % 1000);
    window.get_by_label(&said);
}

#[test]
fn empty_text_is_the_empty_state() {
    let mut window = first();
    ask(&mut window, Action::Text("   ".to_owned()));
    assert!(window.state().state().run().is_none());
    assert!(window.state().state().problem.is_none());
    window.get_by_label("Type a sentence at the top, or click an example.");
    window.get_by_label("Verb \u{2192} object").click();
    settle(&mut window);
    assert!(window.state().state().run().is_some());
}

#[test]
fn a_second_sentence_makes_a_pair() {
    let mut window = first();
    window.get_by_label("+ second sentence").click();
    settle(&mut window);
    // The new field has the cursor: typing goes there and calls no command.
    assert!(window.get_by_label("Second sentence").is_focused());
    let view = window.state().state().scene.look.view;
    strike(&mut window, Key::H, "H");
    window.get_by_label("Second sentence").type_text("e smiled.");
    settle(&mut window);
    assert_eq!(window.state().state().scene.look.view, view);
    assert_eq!(window.state().state().scene.pair.as_deref(), Some("He smiled."));
    let run = window.state().state().run().expect("a run").clone();
    assert_eq!(run.tokens.texts.len(), 2);
    assert_eq!(run.tokens.pieces.last().map(|p| p.segment), Some(1));
    window.get_by_label("Remove second sentence").click();
    settle(&mut window);
    assert_eq!(window.state().state().run().expect("a run").tokens.texts.len(), 1);
}

#[test]
fn the_palette_finds_a_command() {
    let mut window = first();
    press_with(&mut window, Modifiers::COMMAND, Key::K);
    assert_eq!(window.state().state().sheet, Some(Sheet::Palette));
    window.get_by_role_and_label(Role::TextInput, "Command palette").type_text("heatm");
    settle(&mut window);
    press(&mut window, Key::Enter);
    assert_eq!(window.state().state().scene.look.view, View::Heatmap);
    assert_eq!(window.state().state().sheet, None);
    window.get_by_label_contains("Heatmap L");
}

#[test]
fn a_site_of_the_shape_trace_shows_its_tensor() {
    let mut window = first();
    press(&mut window, Key::T);
    let n = pieces(&window).len();
    window.get_by_label(&format!("encoder.0.probs [batch 1, head 8, query {n}, key {n}]")).click();
    settle(&mut window);
    let look = window.state().state().look.as_ref().expect("a tensor");
    assert_eq!((look.at.to_string().as_str(), look.array.shape()), ("encoder.0.probs", &[8, n, n][..]));
    let run = window.state().state().run().expect("a run");
    assert_eq!(look.array.block(&[3]), run.head(0, 3), "the same numbers as the views show");
}

#[test]
fn pictures_and_numbers_are_written_where_one_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = first();
    press_with(&mut window, Modifiers::COMMAND, Key::S);
    assert_eq!(window.state().state().sheet, Some(Sheet::Export));
    for (of, name) in [
        (lexiscope::gui::action::ExportOf::Head, "head.svg"),
        (lexiscope::gui::action::ExportOf::Grid, "grid.png"),
        (lexiscope::gui::action::ExportOf::Numbers, "run.npz"),
    ] {
        let path = folder.path().join(name);
        ask(&mut window, Action::Export(path.clone(), of));
        assert!(std::fs::metadata(&path).is_ok_and(|m| m.len() > 1000), "{name}");
    }
    ask(&mut window, Action::Export(folder.path().join("no/such/folder.svg"), lexiscope::gui::action::ExportOf::Head));
    window.get_by_label("The file could not be saved");
}

#[test]
fn every_sheet_and_layout_draws_at_every_size_in_both_themes() {
    let sheets = [Sheet::Models, Sheet::Palette, Sheet::Settings, Sheet::Shapes, Sheet::Export, Sheet::Help].map(Some);
    for theme in [Theme::Dark, Theme::Light] {
        for (size, scale) in [([800.0, 520.0], 1.0), ([1280.0, 800.0], 2.0), ([1920.0, 1080.0], 1.0)] {
            let mut window = open(size, scale, Settings { theme, ..Settings::default() });
            for text in [FIRST.to_owned(), "unbelievable \u{1f600} \u{5317}\u{4eac} ".repeat(60), String::new()] {
                ask(&mut window, Action::Text(text));
                for arrangement in [Arrangement::Grid, Arrangement::Head, Arrangement::Tiles, Arrangement::Overview] {
                    for view in [View::Heatmap, View::Lines] {
                        ask(&mut window, Action::Show(view));
                        ask(&mut window, Action::Arrange(arrangement));
                        assert_eq!(window.state().state().scene.look.arrangement, arrangement);
                    }
                }
                for sheet in sheets.into_iter().chain([None]) {
                    ask(&mut window, Action::Sheet(sheet));
                }
            }
        }
    }
}

#[test]
fn projector_mode_enlarges_and_goes_back() {
    let mut window = first();
    press(&mut window, Key::F5);
    assert!(window.state().state().projector);
    assert!((window.ctx.zoom_factor() - 1.5).abs() < 1e-6);
    assert!(window.query_by_label("32 heads. Click one.").is_none(), "panels are hidden");
    press(&mut window, Key::F5);
    assert!(!window.state().state().projector);
    window.get_by_label("32 heads. Click one.");
}

#[test]
fn logits_over_the_whole_vocabulary_can_be_looked_at() {
    let mut window = first();
    ask(&mut window, Action::Sheet(Some(Sheet::Shapes)));
    ask(&mut window, Action::Look("output.logits".parse().expect("a site")));
    let look = window.state().state().look.as_ref().expect("a tensor");
    assert_eq!(look.array.shape()[1], 10_000);
    assert!(look.slice.pixels.width <= 2048, "graphics cards refuse larger textures");
    // Another text: the tensor is read again.
    ask(&mut window, Action::Text("Short.".to_owned()));
    let look = window.state().state().look.as_ref().expect("a tensor");
    assert_eq!(look.array.shape()[0], pieces(&window).len());
}

#[test]
fn arrows_win_over_a_resting_pointer() {
    let mut window = first();
    window.get_by_label("Head L2\u{b7}H3").hover();
    settle(&mut window);
    assert_eq!(window.state().state().shown_head(), (2, 3), "hovering previews");
    window.get_by_label("Head L2\u{b7}H3").click();
    settle(&mut window);
    press(&mut window, Key::ArrowRight);
    assert_eq!(window.state().state().shown_head(), (2, 4));
}

#[test]
fn what_cannot_be_masked_is_not() {
    let mut window = first();
    ask(&mut window, Action::Mask(0));
    assert_eq!(pieces(&window)[0], "[CLS]");
    assert!(window.state().state().scene.masked.is_empty());
    // A position in the old text means nothing in the one that is being read.
    window.state().ask(Action::Text("Hello there.".to_owned()));
    window.state().ask(Action::Mask(5));
    settle(&mut window);
    assert_eq!(pieces(&window), ["[CLS]", "hell", "##o", "there", ".", "[SEP]"].map(str::to_owned));
}

#[test]
fn escape_leaves_the_text_field_before_it_unpins() {
    let mut window = first();
    let pinned = window.state().state().scene.pinned;
    assert!(pinned.is_some());
    window.get_by_label("Sentence").click();
    settle(&mut window);
    press(&mut window, Key::Escape);
    assert_eq!(window.state().state().scene.pinned, pinned);
    press(&mut window, Key::Escape);
    assert_eq!(window.state().state().scene.pinned, None);
}

#[test]
fn another_model_is_opened_by_its_path_and_remembered() {
    let mut window = first();
    press_with(&mut window, Modifiers::COMMAND, Key::O);
    let folder = format!("{}/tests/data/models/gpt2", env!("CARGO_MANIFEST_DIR"));
    window.get_by_role_and_label(Role::TextInput, "Model path or hub id").type_text(&folder);
    settle(&mut window);
    window.get_by_label("Open").click();
    settle(&mut window);
    let state = window.state().state();
    let model = state.model.as_ref().expect("a model");
    assert_eq!((model.name.as_str(), model.card().family), ("gpt2", "gpt2"));
    assert_eq!(state.run().expect("its run").model, model.id, "the sentence was read by the new model");
    assert!(state.settings.recent[0].ends_with("gpt2"));
    // It has no mask token: nothing is masked, and the window says why.
    ask(&mut window, Action::Mask(1));
    assert_eq!(window.state().state().notice.as_deref(), Some("This model has no mask token."));
    assert!(window.state().state().scene.masked.is_empty());
}

#[test]
fn stretching_is_a_switch_that_the_key_explains() {
    let mut window = first();
    let drawn = |window: &Window| window.state().state().study.as_ref().expect("a grid").grid.clone();
    let fixed = drawn(&window);
    window.get_by_label("Stretch each head").click();
    settle(&mut window);
    let stretched = drawn(&window);
    assert_ne!(fixed.marks, stretched.marks);
    let says = |figure: &lexiscope::figure::Figure, what: &str| {
        figure.marks.iter().any(|m| matches!(m, lexiscope::figure::Mark::Text { text, .. } if text.contains(what)))
    };
    assert!(says(&fixed, "same for all heads") && says(&stretched, "each head to its own maximum"));
    window.get_by_label("Stretch each head").click();
    settle(&mut window);
    assert_eq!(drawn(&window).marks, fixed.marks);
}
