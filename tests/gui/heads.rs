//! The table of heads and its evidence, as a person uses them.

use crate::hand::{click, first};
use crate::window::{Window, open, settle};
use egui::accesskit::Role;
use egui::{Event, Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};
use lexiscope::analysis::evidence::{Found, counted};
use lexiscope::analysis::heads::Table;
use lexiscope::analysis::measures::Measure;
use lexiscope::analysis::relations::Direction;
use lexiscope::gui::action::Action;
use lexiscope::gui::scene::View;
use lexiscope::gui::settings::{Settings, Theme};
use lexiscope::trace::Control;
use std::path::Path;
use std::sync::Arc;

fn show(window: &mut Window, view: View) {
    window.state().ask(Action::Show(view));
    settle(window);
}

/// A window with the heads of the hand-made treebank.
fn measured(settings: Settings, size: [f32; 2]) -> Window {
    let mut window = open(size, 1.0, settings);
    show(&mut window, View::Heads);
    click(&mut window, "Corpus");
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/treebank.conllu");
    window.get_by_label("Corpus file").focus();
    settle(&mut window);
    window.get_by_label("Corpus file").type_text(&corpus.to_string_lossy());
    settle(&mut window);
    click(&mut window, "Measure");
    window
}

/// The table that the window has of the corpus.
fn corpus_table(window: &Window) -> Arc<Table> {
    window.state().state().views.heads.measured.as_ref().expect("a corpus was measured").table.clone()
}

#[test]
fn a_text_has_a_row_for_each_head_that_sorts_filters_and_selects() {
    let mut window = first();
    window.key_press(Key::I);
    settle(&mut window);
    window.get_by_label("9 tokens of this text; no interval on a single text");
    window.get_by_label("Row L0\u{b7}H0");
    // What the largest is, is known from the run itself.
    let run = window.state().state().run().expect("a run");
    let table = Table::of_run(run, &Control::default()).expect("a table");
    let previous = |i: usize| table.rows[i].measures.get(Measure::Previous).expect("a number");
    let mut order: Vec<usize> = (0..table.rows.len()).collect();
    order.sort_by(|&a, &b| previous(b).total_cmp(&previous(a)));
    let names: Vec<String> =
        order.iter().map(|&i| format!("Row L{}\u{b7}H{}", table.rows[i].layer, table.rows[i].head)).collect();
    click(&mut window, "Sort by previous");
    let shown = rows(&window, "Row ");
    assert!(shown.len() > 4, "{shown:?}");
    assert_eq!(shown, names[..shown.len()], "the largest come first");
    click(&mut window, "Sort by previous");
    let turned: Vec<String> = names.iter().rev().take(shown.len()).cloned().collect();
    assert_eq!(rows(&window, "Row "), turned, "the smallest come first");
    click(&mut window, &turned[0]);
    let worst = &table.rows[order[order.len() - 1]];
    assert_eq!(window.state().state().scene.head, (worst.layer, worst.head));
    // Heads without a label come last.
    click(&mut window, "Sort by label");
    let labelled = table.rows.iter().filter(|row| !row.label.is_empty()).count();
    assert!(labelled > 0, "a head has a label");
    let label = |name: &String| {
        let row = table.rows.iter().find(|r| *name == format!("Row L{}\u{b7}H{}", r.layer, r.head));
        row.expect("a row").label.clone()
    };
    let labels: Vec<String> = rows(&window, "Row ").iter().map(label).take(labelled).collect();
    assert!(labels.iter().all(|l| !l.is_empty()) && labels.is_sorted(), "{labels:?}");
    // And they are found by it.
    window.key_press(Key::Slash);
    settle(&mut window);
    window.get_by_label("Find heads").type_text(&labels[0]);
    settle(&mut window);
    window.get_by_label(&format!("Labels with \u{201c}{}\u{201d}", labels[0]));
    let wanted = table.rows.iter().filter(|row| row.label.contains(&labels[0])).count();
    assert_eq!(rows(&window, "Row ").len(), wanted.min(shown.len()));
}

#[test]
fn a_head_is_found_as_papers_write_it() {
    let mut window = first();
    window.key_press(Key::Slash);
    settle(&mut window);
    window.get_by_label("Find heads").type_text("3-1");
    settle(&mut window);
    window.get_by_label("Read as in papers, counted from 1: L2\u{b7}H0");
    window.get_by_label("Row L2\u{b7}H0");
    assert!(window.query_by_label("Row L0\u{b7}H0").is_none());
    window.key_press(Key::Enter);
    settle(&mut window);
    assert_eq!(window.state().state().scene.head, (2, 0));
    window.get_by_label("L2\u{b7}H0 \u{b7} papers: 3-1");
}

#[test]
fn a_corpus_gives_relations_and_evidence_that_opens() {
    let mut window = measured(Settings::default(), [1280.0, 800.0]);
    assert!(window.state().state().problem.is_none());
    let (layer, head) = window.state().state().scene.head;
    window.get_by_label(&format!("Relations of L{layer}\u{b7}H{head}"));
    show(&mut window, View::Evidence);
    window.get_by_label("Strongest");
    window.get_by_label("Random");
    let edge = window
        .get_all_by_role(Role::Button)
        .find_map(|node| node.accesskit_node().label().filter(|label| label.starts_with("Strongest: ")));
    let edge = edge.expect("an edge");
    let query = edge.trim_start_matches("Strongest: ").split(" to ").next().expect("a word").to_owned();
    click(&mut window, &edge);
    let state = window.state().state();
    let run = state.run().expect("a run");
    assert_eq!(state.scene.look.view, View::Lines);
    assert_ne!(state.scene.text, lexiscope::gui::FIRST);
    assert_eq!((run.ask.text.as_str(), state.scene.head), (state.scene.text.as_str(), (layer, head)));
    let pinned = state.scene.pinned.expect("the query is pinned").token();
    assert_eq!(run.tokens.shown(pinned), query);
}

/// The names of the rows in sight whose names begin so, from above.
fn rows(window: &Window, begin: &str) -> Vec<String> {
    let buttons = window.get_all_by_role(Role::Button);
    let named = buttons.filter_map(|node| Some((node.rect().top(), node.accesskit_node().label()?)));
    let mut found: Vec<(f32, String)> = named.filter(|(_, label)| label.starts_with(begin)).collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    found.into_iter().map(|(_, label)| label).collect()
}

#[test]
fn heads_are_compared_by_a_relation_in_either_direction() {
    let mut window = measured(Settings::default(), [1280.0, 800.0]);
    window.get_by_role_and_label(Role::ComboBox, "Relation").click();
    settle(&mut window);
    click(&mut window, "amod");
    let table = corpus_table(&window);
    let best = |direction: Direction| {
        let lifts = table.lifts_at("amod", direction).expect("amod is asked");
        let mut order: Vec<usize> = (0..lifts.len()).collect();
        // As the table has it: of equals the later head first, because the order is turned round.
        order.sort_by(|&a, &b| lifts[b].lift.total_cmp(&lifts[a].lift).then(b.cmp(&a)));
        order.into_iter().map(|i| format!("Row L{}\u{b7}H{}", table.rows[i].layer, table.rows[i].head))
    };
    let shown = rows(&window, "Row ");
    assert!(shown.len() > 4, "{shown:?}");
    assert_eq!(shown, best(Direction::ToHead).take(shown.len()).collect::<Vec<_>>());
    click(&mut window, "head \u{2192} dependent");
    let shown = rows(&window, "Row ");
    assert_eq!(shown, best(Direction::ToDependent).take(shown.len()).collect::<Vec<_>>());
    click(&mut window, "Sort by lift");
    assert_ne!(rows(&window, "Row "), shown, "the worst come first");
    // The relations of one head sort as well.
    let relations = |window: &Window| {
        let names = table.relations.iter();
        let mut all: Vec<String> = names.flat_map(|name| rows(window, &format!("{name} "))).collect();
        let top = |label: &String| window.get_by_label(label).rect().top();
        all.sort_by(|a, b| top(a).total_cmp(&top(b)));
        all
    };
    click(&mut window, "Sort relations by relation");
    let sorted = relations(&window);
    assert!(sorted.len() > 2 && sorted.is_sorted(), "{sorted:?}");
    click(&mut window, "Sort relations by relation");
    let turned = relations(&window);
    let first = |label: &String| label.split(' ').next().map(str::to_owned);
    assert!(turned.iter().rev().map(first).is_sorted() && first(&turned[0]) != first(&sorted[0]), "{turned:?}");
}

#[test]
fn heads_are_found_by_value() {
    let mut window = measured(Settings::default(), [1280.0, 1600.0]);
    let table = corpus_table(&window);
    window.get_by_label("Find heads").focus();
    settle(&mut window);
    window.get_by_label("Find heads").type_text("sink < .5");
    settle(&mut window);
    window.get_by_label("Heads with sink_share < 0.5");
    let few = table.rows.iter().filter(|row| row.measures.get(Measure::SinkShare).is_some_and(|v| v < 0.5)).count();
    assert!(few > 0 && few < table.rows.len(), "{few}");
    assert_eq!(rows(&window, "Row ").len(), few);
}

#[test]
fn a_corpus_that_is_none_says_why() {
    let mut window = first();
    show(&mut window, View::Heads);
    click(&mut window, "Corpus");
    window.get_by_label("No corpus has been read yet.");
    window.get_by_label("Corpus file").focus();
    settle(&mut window);
    window.get_by_label("Corpus file").type_text("/no/such/file.txt");
    settle(&mut window);
    click(&mut window, "Measure");
    let problem = window.state().state().problem.as_ref().expect("a problem");
    assert!(problem.error.to_string().contains("/no/such/file.txt"), "{}", problem.error);
}

/// Types how many sentences are to be read.
fn sentences(window: &mut Window, number: &str) {
    window.get_by_role_and_label(Role::SpinButton, "Sentences").click();
    settle(window);
    // It is a field as long as it is typed into.
    window.key_press_modifiers(Modifiers::COMMAND, Key::A);
    settle(window);
    window.event(Event::Text(number.to_owned()));
    settle(window);
    window.key_press(Key::Enter);
    settle(window);
}

#[test]
fn as_many_sentences_are_read_as_are_asked_for_and_reading_stops() {
    let mut window = first();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("long.txt");
    std::fs::write(&path, "The old lady opened the heavy door.\n".repeat(20_000)).expect("written");
    show(&mut window, View::Heads);
    click(&mut window, "Corpus");
    window.get_by_label("Corpus file").focus();
    settle(&mut window);
    window.get_by_label("Corpus file").type_text(&path.to_string_lossy());
    settle(&mut window);
    sentences(&mut window, "20000");
    window.get_by_label("Measure").click();
    (0..3).for_each(|_| window.step());
    window.get_by_label("Stop reading").click();
    settle(&mut window);
    window.get_by_label("Measure");
    assert!(window.state().state().views.heads.measured.is_none() && window.state().state().problem.is_none());
    sentences(&mut window, "7");
    click(&mut window, "Measure");
    assert_eq!(corpus_table(&window).n, 7);
    // And back to the text.
    click(&mut window, "This text");
    window.get_by_label("9 tokens of this text; no interval on a single text");
}

#[test]
fn a_stopped_table_of_a_text_is_measured_again() {
    let mut window = first();
    for (i, view) in [View::Heads, View::Evidence].into_iter().enumerate() {
        show(&mut window, View::Lines);
        // Long enough to be stopped before the table is there.
        window.state().ask(Action::Text(format!("{i} {}", "heavy door ".repeat(250))));
        settle(&mut window);
        window.state().ask(Action::Show(view));
        (0..2).for_each(|_| window.step());
        window.key_press_modifiers(Modifiers::COMMAND, Key::Period);
        settle(&mut window);
        click(&mut window, "Measure again");
        let state = window.state().state();
        assert!(
            state.views.heads.table(state.scene.details.heads.source, state.run().expect("a run")).is_some(),
            "{view:?}"
        );
    }
}

#[test]
fn evidence_is_gathered_by_offset_and_by_either_token() {
    let mut window = measured(Settings::default(), [1280.0, 800.0]);
    show(&mut window, View::Evidence);
    let examples = {
        let state = window.state().state();
        let (layer, head) = state.scene.head;
        let table = corpus_table(&window);
        table.evidence.of(table.rows.iter().position(|r| (r.layer, r.head) == (layer, head)).expect("a row"))
    };
    let most = |names: Vec<String>| counted(names.into_iter()).swap_remove(0);
    let heading = |(name, n): (String, usize)| format!("{name} \u{b7} {n}");
    let token = |of: fn(&Found) -> usize| {
        examples.strongest.iter().map(|f| f.tokens.shown(of(f)).to_lowercase()).collect::<Vec<_>>()
    };
    for (button, wanted) in [("From", token(|f| f.query)), ("To", token(|f| f.key))] {
        click(&mut window, button);
        assert!(window.query_all_by_label(&heading(most(wanted))).next().is_some(), "{button}");
    }
    click(&mut window, "Offset");
    let offsets = examples.strongest.iter().map(|f| format!("{:+}", f.offset()).replace('-', "\u{2212}")).collect();
    assert!(window.query_all_by_label(&heading(most(offsets))).next().is_some());
}

#[test]
fn a_corpus_needs_a_model_and_says_so() {
    let mut window = measured(Settings::default(), [1280.0, 800.0]);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/imported/plain.json");
    window.state().ask(Action::Open(file.to_string_lossy().into_owned()));
    settle(&mut window);
    show(&mut window, View::Heads);
    click(&mut window, "Measure");
    let notice = window.state().state().notice.as_deref().expect("a notice");
    assert!(notice.contains("comes without its model"), "{notice}");
}

#[test]
fn both_views_draw_at_every_size_in_both_themes() {
    for theme in [Theme::Dark, Theme::Light] {
        for size in [[800.0, 520.0], [1920.0, 1080.0]] {
            let mut window = measured(Settings { theme, ..Settings::default() }, size);
            show(&mut window, View::Evidence);
            click(&mut window, "From");
            for text in ["Word ".repeat(600), String::new(), "\u{5317}\u{4eac}".to_owned()] {
                window.state().ask(Action::Text(text));
                settle(&mut window);
                show(&mut window, View::Heads);
                show(&mut window, View::Evidence);
            }
        }
    }
}
