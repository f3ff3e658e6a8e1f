//! Where spaces come from, and two of them, by the names that a screen reader says.

use crate::hand::{ask, click, first, has_graphics, press, state};
use crate::window::{Window, open, settle};
use egui::{Key, Vec2};
use egui_kittest::kittest::Queryable;
use lexiscope::figure::lines::Focus;
use lexiscope::gui::action::{Action, ExportOf, Sheet};
use lexiscope::gui::scene::Workspace;
use lexiscope::gui::settings::{Settings, Theme};
use lexiscope::gui::space::{self, Space, context, layers, side::Tab, twin};
use lexiscope::source::vectors::{Opening, Vectors};
use lexiscope::trace::Control;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The window in the workspace of embeddings, with a few words of a folder: the bundled ones take longer to lay out.
fn start(folder: &tempfile::TempDir) -> Window {
    let mut window = first();
    few(&mut window, folder);
    window
}

fn few(window: &mut Window, folder: &tempfile::TempDir) {
    let path = written(folder.path(), "few.vec", false, 4).to_string_lossy().into_owned();
    ask(window, Action::Space(space::Ask::Open(path)));
    ask(window, Action::Workspace(Workspace::Embeddings));
}

fn shown(window: &Window) -> Arc<Space> {
    state(window).space.space.clone().expect("a space")
}

fn column(space: &Space, name: &str) -> Vec<String> {
    let found = space.vectors.columns.iter().find(|c| c.name == name).unwrap_or_else(|| panic!("a column {name}"));
    (0..found.values.len()).map(|i| found.values.text(i).into_owned()).collect()
}

fn words(space: &Space) -> Vec<String> {
    space.vectors.words.iter().map(std::borrow::Cow::into_owned).collect()
}

/// Opens the menu of vectors and chooses.
fn choose(window: &mut Window, label: &str) {
    click(window, "Open vectors\u{2026}");
    click(window, label);
}

fn no_problem(window: &Window) {
    let problem = state(window).problem.as_ref().map(|p| format!("{}: {}", p.title, p.error));
    assert_eq!(problem, None);
}

#[test]
fn the_input_embedding_of_the_open_model_is_a_space() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(&folder);
    choose(&mut window, "Input embedding of bert-mini-en");
    no_problem(&window);
    let space = shown(&window);
    assert_eq!((space.name.as_str(), space.vectors.report.format), ("bert-mini-en input", "embedding of a model"));
    let model = state(&window).model.clone().expect("a model");
    let read = Vectors::open(&model.path, &Opening::default(), &Control::default()).expect("its embedding");
    assert_eq!(space.vectors.rows, read.rows);
}

#[test]
fn contextual_vectors_come_from_the_sentence_and_open_it_again() {
    let mut window = first();
    ask(&mut window, Action::Text("The bank by the river.".to_owned()));
    let folder = tempfile::tempdir().expect("a folder");
    few(&mut window, &folder);
    choose(&mut window, "Contextual vectors\u{2026}");
    assert_eq!(state(&window).sheet, Some(Sheet::Contextual));
    window.get_by_label("The bank by the river.");
    click(&mut window, "L2");
    click(&mut window, "Compute");
    no_problem(&window);
    let space = shown(&window);
    assert_eq!((state(&window).sheet, space.name.as_str()), (None, "sentence, L2 of bert-mini-en"));
    assert_eq!(words(&space), ["the", "bank", "by", "the", "river", "."], "special tokens are left out");
    assert_eq!(column(&space, "position"), ["1", "2", "3", "4", "5", "6"]);
    // A row shows its sentence; the button leads to its token in the attention view.
    ask(&mut window, Action::Text("Something else.".to_owned()));
    ask(&mut window, Action::Space(space::Ask::Row(4)));
    window.get_by_label("In its sentence");
    click(&mut window, "Open in attention view");
    let scene = &state(&window).scene;
    assert_eq!((scene.workspace, scene.text.as_str()), (Workspace::Attention, "The bank by the river."));
    assert_eq!(scene.pinned, Some(Focus::Query(5)));
    assert_eq!(state(&window).run().expect("a run").tokens.shown(5), "river");
}

#[test]
fn enter_and_a_double_click_open_the_sentence_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(&folder);
    choose(&mut window, "bank: river or money");
    ask(&mut window, Action::Space(space::Ask::Layers(layers::Ask::Choose(layers::Chosen::default()))));
    let space = shown(&window);
    let rows: Vec<usize> = (0..space.vectors.words.len()).filter(|&i| space.vectors.words.get(i) == "bank").collect();
    assert_eq!(rows.len(), 10);
    ask(&mut window, Action::Space(space::Ask::Row(rows[7])));
    press(&mut window, Key::Enter);
    let scene = &state(&window).scene;
    assert_eq!(
        (scene.workspace, scene.text.as_str()),
        (Workspace::Attention, "He had lost his whole fortune when the bank failed.")
    );
    assert_eq!(scene.pinned, Some(Focus::Query(9)), "[CLS] is the first token");

    ask(&mut window, Action::Workspace(Workspace::Embeddings));
    let map = window.get_by_label("Map of words").rect();
    let laid = state(&window).space.laid.clone().expect("a map");
    let row = rows[0];
    let at = state(&window)
        .scene
        .space
        .camera
        .on(map, false)
        .at(laid.places[laid.point(row).expect("it is on the map")])
        .expect("on the screen");
    // A step of a test takes longer than people do between two clicks.
    window.ctx.options_mut(|options| options.input_options.max_double_click_delay = 2.0);
    window.hover_at(at);
    window.step();
    for _ in 0..2 {
        window.drag_at(at);
        window.drop_at(at);
    }
    settle(&mut window);
    let scene = &state(&window).scene;
    assert_eq!(scene.workspace, Workspace::Attention);
    assert!(scene.text.contains("bank"), "{}", scene.text);
}

#[test]
fn enter_in_a_field_asks_about_the_word_and_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(&folder);
    choose(&mut window, "play: theatre or game");
    window.get_by_label("Word or formula").focus();
    window.step();
    press(&mut window, Key::Enter);
    assert_eq!(state(&window).scene.workspace, Workspace::Embeddings);
}

#[test]
fn texts_of_a_file_bring_their_columns_and_too_much_is_refused_with_the_number() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("texts.csv");
    let mut table = String::from("text,kind\n");
    for i in 0..40 {
        let _ = writeln!(table, "The door number {i} is open.,{}", if i % 2 == 0 { "even" } else { "odd" });
    }
    std::fs::write(&path, table).expect("it is written");
    let mut window = start(&folder);
    choose(&mut window, "Contextual vectors\u{2026}");
    click(&mut window, "A file");
    let field = window.get_by_label("File of texts");
    field.focus();
    window.step();
    window.get_by_label("File of texts").type_text(&path.to_string_lossy());
    settle(&mut window);
    click(&mut window, "Mean of each text");
    click(&mut window, "Compute");
    no_problem(&window);
    let space = shown(&window);
    assert_eq!(
        (space.vectors.words.len(), space.vectors.words.get(3).into_owned()),
        (40, "The door number 3 is open.".to_owned())
    );
    assert_eq!(column(&space, "kind")[..2], ["even", "odd"]);
    assert!(space.name.starts_with("texts.csv, L3"), "{}", space.name);

    // 100 MB is the least that the settings allow.
    ask(&mut window, Action::Budget(100));
    let large = folder.path().join("large.txt");
    std::fs::write(&large, "The old lady quickly opened the heavy door of the house by the river.\n".repeat(8000))
        .expect("written");
    let context = context::Context {
        source: context::Source::File,
        text: large.to_string_lossy().into_owned(),
        ..context::Context::default()
    };
    ask(&mut window, Action::Space(space::Ask::Context(context::Ask::Make(Box::new(context)))));
    let problem = state(&window).problem.as_ref().expect("it is refused").error.to_string();
    assert!(problem.contains("large.txt") && problem.contains("100 MB may be used"), "{problem}");
    assert_eq!(shown(&window).id, space.id, "what was open stays");
}

#[test]
fn a_session_and_undo_bring_contextual_vectors_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(&folder);
    choose(&mut window, "bank: river or money");
    let session = state(&window).scene.clone();
    let text = serde_json::to_string(&session).expect("JSON");
    let read: lexiscope::gui::scene::Scene = serde_json::from_str(&text).expect("a scene");
    assert_eq!(read, session);
    // Another choice opens something else; the old choice opens what was there before.
    let other = written(folder.path(), "other.vec", false, 3).to_string_lossy().into_owned();
    ask(&mut window, Action::Space(space::Ask::Open(other.clone())));
    assert_eq!(shown(&window).name, "other.vec");
    let chosen = Box::new(session.space.clone());
    ask(&mut window, Action::Space(space::Ask::Choose(chosen)));
    no_problem(&window);
    assert_eq!(shown(&window).name, "bank, L3 of bert-mini-en");
    let path = folder.path().join("a.lexiscope.json");
    ask(&mut window, Action::SaveSession(path.clone()));
    ask(&mut window, Action::Space(space::Ask::Open(other)));
    ask(&mut window, Action::Open(path.to_string_lossy().into_owned()));
    ask(&mut window, Action::Workspace(Workspace::Embeddings));
    assert_eq!(shown(&window).name, "bank, L3 of bert-mini-en");
}

/// The first 60 words of a turned copy of a space of 8 dimensions, one of them moved away; of so many dimensions.
fn written(folder: &Path, name: &str, turned: bool, width: usize) -> PathBuf {
    let path = folder.join(name);
    let mut text = format!("60 {width}\n");
    for i in 0..60usize {
        let value = |j: usize| ((i * 7 + j * j * 3 + i * j) as f32 * 0.37).sin();
        let mut row: Vec<f32> = (0..width).map(value).collect();
        if turned {
            row.reverse();
            row[0] = -row[0];
        }
        if turned && i == 12 {
            for x in &mut row {
                *x = -*x;
            }
        }
        let numbers: Vec<String> = row.iter().map(|x| format!("{x:.6}")).collect();
        let _ = writeln!(text, "word{i} {}", numbers.join(" "));
    }
    std::fs::write(&path, text).expect("it is written");
    path
}

fn two(window: &mut Window, first: &Path, second: &Path) {
    ask(window, Action::Space(space::Ask::Open(first.to_string_lossy().into_owned())));
    click(window, "Two spaces");
    let other = twin::Other::File(second.to_string_lossy().into_owned());
    ask(window, Action::Space(space::Ask::Twin(twin::Ask::Open(Some(other)))));
    no_problem(window);
}

#[test]
fn a_turned_space_is_turned_back_and_what_moved_is_listed() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(&folder);
    let (a, b) = (written(folder.path(), "a.vec", false, 8), written(folder.path(), "b.vec", true, 8));
    two(&mut window, &a, &b);
    let (pair, is_old) = twin::shown(state(&window)).expect("they are compared");
    assert!(!is_old && pair.found.moved(1) == [12]);
    window.get_by_label("60 words are in both: 100 % of 60 here, 100 % of 60 there");
    window.get_by_label("Map of the first space");
    window.get_by_label("Map of the second space");
    // What moved the furthest stands in the list, and a click asks about it in both spaces.
    let moved = pair.found.aligned.residuals[12];
    let entry = format!("word12 {}", lexiscope::figure::short(moved));
    click(&mut window, &entry);
    assert_eq!(state(&window).scene.space.formula, "word12");
    window.get_by_label("Nearest in both");
    // The second space is asked once the first one has answered.
    let start = std::time::Instant::now();
    while state(&window).space.twin.answer.is_none() && start.elapsed().as_secs() < 20 {
        settle(&mut window);
    }
    let there = state(&window).space.twin.answer.clone().expect("an answer of the second space");
    assert_eq!(there.raw.len(), 15);

    // Hovering a word on one map shows it on both.
    let map = window.get_by_label("Map of the second space").rect();
    let (pair, _) = twin::shown(state(&window)).expect("they are compared");
    let at = state(&window).scene.space.camera.on(map, false).at(pair.places[1][30]).expect("on the screen");
    window.hover_at(at);
    settle(&mut window);
    assert!(state(&window).space.over.is_some());

    ask(&mut window, Action::Space(space::Ask::Twin(twin::Ask::Write(folder.path().join("turned.npz")))));
    let read =
        Vectors::open(&folder.path().join("turned.npz"), &Opening::default(), &Control::default()).expect("written");
    assert_eq!((read.words.len(), read.rows.width()), (60, 8));

    ask(&mut window, Action::Export(folder.path().join("both.csv"), ExportOf::Head));
    no_problem(&window);
    let table = std::fs::read_to_string(folder.path().join("both.csv")).expect("it was written");
    assert!(table.lines().any(|line| line == "word,x,y,x_second,y_second,residual"), "{table}");

    click(&mut window, "Close");
    assert!(window.query_by_label("Map of words").is_some());
    assert!(window.query_by_label("Open a second space\u{2026}").is_some());
}

#[test]
fn spaces_of_different_width_are_compared_over_their_components() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(&folder);
    let (a, b) = (written(folder.path(), "a.vec", false, 8), written(folder.path(), "b.vec", true, 5));
    two(&mut window, &a, &b);
    window.get_by_label("Of 8 and 5 dimensions: each space is reduced to its first 5 principal components.");
}

#[test]
fn what_shares_no_word_is_said_and_the_first_space_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(&folder);
    let a = written(folder.path(), "a.vec", false, 8);
    let strange = folder.path().join("strange.vec");
    std::fs::write(&strange, "2 3\nx 1 2 3\ny 3 2 1\n").expect("it is written");
    ask(&mut window, Action::Space(space::Ask::Open(a.to_string_lossy().into_owned())));
    let other = twin::Other::File(strange.to_string_lossy().into_owned());
    ask(&mut window, Action::Space(space::Ask::Twin(twin::Ask::Open(Some(other)))));
    let problem = state(&window).problem.as_ref().expect("nothing is shared").error.to_string();
    assert!(problem.contains("no word in common"), "{problem}");
    assert_eq!((state(&window).scene.space.tab, shown(&window).name.as_str()), (Tab::Two, "a.vec"));
    window.get_by_label("Compare again");
}

#[test]
fn another_layer_of_the_same_tokens_is_a_second_space() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(&folder);
    choose(&mut window, "bank: river or money");
    click(&mut window, "Two spaces");
    click(&mut window, "L0");
    no_problem(&window);
    let (pair, _) = twin::shown(state(&window)).expect("they are compared");
    let rows = shown(&window).vectors.rows.len();
    assert_eq!(pair.found.pairs.len(), rows, "every token, also those with the same name");
    assert!(pair.found.pairs.iter().all(|(a, b)| a == b));
}

#[test]
fn the_same_tokens_move_from_layer_to_layer() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = start(&folder);
    choose(&mut window, "bank: river or money");
    no_problem(&window);
    window.get_by_label("Map of layers");
    let space = shown(&window);
    let senses = column(&space, "sense");
    let said: Vec<usize> = (0..senses.len()).filter(|&i| !senses[i].is_empty()).collect();
    assert_eq!(said.len(), 10, "the sense is said of the word alone");
    assert!(said.iter().all(|&i| space.vectors.words.get(i) == "bank"));
    let paths = state(&window).space.layers.paths.clone().expect("every layer");
    assert_eq!((paths.places.len(), paths.places[0].len()), (5, 10), "the tokens of the word alone");
    // The word starts at the same place but for its position, and its senses part.
    let slider = window.get_by_label("Layer").rect();
    window.hover_at(slider.left_center() + Vec2::new(4.0, 0.0));
    window.step();
    window.drag_at(slider.left_center() + Vec2::new(4.0, 0.0));
    window.step();
    window.drop_at(slider.left_center() + Vec2::new(4.0, 0.0));
    settle(&mut window);
    let at = state(&window).scene.space.layers.at.expect("a layer was chosen");
    assert!(at < 1.0 && at.fract() == 0.0, "{at}");
    // The senses part: in the embeddings their middles lie closer together than in the last layer.
    let apart = |layer: usize| {
        let middle = |sense: &str| {
            let points: Vec<_> = said.iter().filter(|&&row| senses[row] == sense).collect();
            let place = |row: &usize| paths.places[layer][paths.point(*row).expect("it is on the map")];
            let sum = |k: usize| points.iter().map(|row| place(row)[k]).sum::<f32>() / points.len() as f32;
            Vec2::new(sum(0), sum(1))
        };
        (middle("river") - middle("money")).length()
    };
    assert!(apart(4) > 1.5 * apart(0), "{} {}", apart(4), apart(0));
    let out = tempfile::tempdir().expect("a folder");
    for name in ["layers.csv", "layers.svg"] {
        ask(&mut window, Action::Export(out.path().join(name), ExportOf::Head));
        no_problem(&window);
    }
    let table = std::fs::read_to_string(out.path().join("layers.csv")).expect("it was written");
    let rows = table.lines().filter(|line| line.starts_with("bank,")).count();
    assert_eq!(rows, 50, "ten tokens in five layers: {table}");
    click(&mut window, "Layers");
    window.get_by_label("Map of words");
}

#[test]
fn every_picture_of_sources_can_be_drawn() {
    if !has_graphics() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (a, b) = (written(folder.path(), "a.vec", false, 8), written(folder.path(), "b.vec", true, 8));
    for (theme, size) in [(Theme::Dark, [1280.0, 800.0]), (Theme::Light, [800.0, 520.0])] {
        let mut window = open(size, 1.0, Settings { theme, ..Settings::default() });
        few(&mut window, &folder);
        let draw = |window: &mut Window, name: &str| {
            no_problem(window);
            let image = window.render().expect("the window can be drawn");
            if let Some(folder) = std::env::var_os("LEXISCOPE_PICTURES") {
                let name = format!("{name}-{theme:?}.png").to_lowercase();
                image.save(Path::new(&folder).join(name)).expect("the picture can be written");
            }
        };
        draw(&mut window, "first");
        click(&mut window, "Open vectors\u{2026}");
        draw(&mut window, "menu");
        click(&mut window, "Contextual vectors\u{2026}");
        draw(&mut window, "sheet");
        click(&mut window, "A file");
        draw(&mut window, "sheet-file");
        ask(&mut window, Action::Sheet(None));
        for word in ["bank: river or money", "play: theatre or game"] {
            choose(&mut window, word);
            let name = word.split(':').next().unwrap_or_default().to_owned();
            draw(&mut window, &format!("layers-{name}"));
            for at in [0.0, 2.0] {
                let chosen = layers::Chosen { on: true, at: Some(at) };
                ask(&mut window, Action::Space(space::Ask::Layers(layers::Ask::Choose(chosen))));
                draw(&mut window, &format!("layers-{name}-{at}"));
            }
            ask(&mut window, Action::Space(space::Ask::Layers(layers::Ask::Choose(layers::Chosen::default()))));
            draw(&mut window, &format!("context-{name}"));
        }
        click(&mut window, "Two spaces");
        draw(&mut window, "two-empty");
        click(&mut window, "L0");
        draw(&mut window, "two-layers");
        two(&mut window, &a, &b);
        draw(&mut window, "two-files");
        ask(&mut window, Action::Space(space::Ask::Row(12)));
        draw(&mut window, "two-asked");
    }
}
