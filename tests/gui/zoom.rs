//! A part of all heads on the screen, and the same part in a file.

use crate::hand::{ask, click, first, has_graphics, press, run, state};
use crate::window::{Window, settle};
use egui::{Key, Pos2, Rect};
use egui_kittest::kittest::Queryable;
use lexiscope::analysis::filter::{Filter, Special};
use lexiscope::gui::action::{Action, ExportOf};

const NAME: &str = "Head L1\u{b7}H3";
/// Where a picture of its own has the heads.
const CORNER: Pos2 = Pos2::new(34.0, 20.0);

/// Zooms into the head until it is larger than the view; what the view is then.
fn closer(window: &mut Window) -> Rect {
    ask(window, Action::Text("The old lady quickly opened the heavy door, and the young man closed it.".to_owned()));
    press(window, Key::Num2);
    window.get_by_label(NAME).hover();
    settle(window);
    for _ in 0..10 {
        press(window, Key::Plus);
    }
    window.get_by_label(NAME).rect()
}

fn export(window: &mut Window, ending: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(format!("part.{ending}"));
    ask(window, Action::Export(path.clone(), ExportOf::Grid));
    assert!(state(window).problem.is_none());
    std::fs::read(path).expect("it is written")
}

fn svg(window: &mut Window) -> String {
    String::from_utf8(export(window, "svg")).expect("text")
}

/// The texts of a picture in their order.
fn texts(svg: &str) -> Vec<&str> {
    svg.split("<text ").skip(1).filter_map(|t| t.split_once('>')?.1.split_once("</text>")).map(|t| t.0).collect()
}

#[test]
fn a_file_holds_the_part_that_is_on_the_screen_and_says_which() {
    let mut window = first();
    press(&mut window, Key::Num2);
    let svg_whole = svg(&mut window);
    assert!(!texts(&svg_whole).contains(&"part"), "all heads are no part");
    assert_eq!(svg_whole.matches("<image ").count(), 32 + 1, "every head, and the colour bar");
    closer(&mut window);
    let run = run(&window);
    let n = run.tokens.len();
    for special in [Special::Show, Special::Hide] {
        ask(&mut window, Action::Filter(Filter { special, ..Filter::nothing() }));
        let svg = svg(&mut window);
        assert_eq!(svg.matches("<image ").count(), 1 + 1, "one head");
        let said = texts(&svg);
        let at = said.iter().position(|text| *text == "part").expect("a part");
        let rest = said[at + 1].strip_prefix("1 of 32 heads: L1\u{b7}H3; queries ").expect(said[at + 1]);
        let ends: Vec<usize> = rest.split(|c: char| !c.is_ascii_digit()).filter_map(|x| x.parse().ok()).collect();
        let &[q0, q1, k0, k1] = ends.as_slice() else { panic!("{rest}") };
        assert!(q1 - q0 < n - 1 || k1 - k0 < n - 1, "not all of the head");
        // A number for every cell that is seen and not left out, in the order of the rows.
        let is_hidden = |i: usize| special == Special::Hide && run.tokens.pieces[i].special;
        let cells = (q0..=q1).flat_map(|q| (k0..=k1).map(move |k| (q, k)));
        let wanted: Vec<String> = cells
            .filter(|(q, k)| !is_hidden(*q) && !is_hidden(*k))
            .map(|(q, k)| format!("{:.3}", run.head(1, 3)[q * n + k]))
            .collect();
        let is_number = |text: &&&str| text.len() == 5 && text.starts_with("0.");
        let found: Vec<&str> = said.iter().filter(is_number).copied().collect();
        assert_eq!(found[..wanted.len()], wanted, "{special}");
        for token in (q0..=q1).chain(k0..=k1) {
            assert!(said.contains(&run.tokens.shown(token).as_str()), "{}", run.tokens.shown(token));
        }
    }
    click(&mut window, "Whole model");
    assert_eq!(svg(&mut window).matches("<image ").count(), 32 + 1);
}

#[test]
fn a_picture_has_the_pixels_of_the_screen() {
    if !has_graphics() {
        return;
    }
    let mut window = first();
    ask(&mut window, Action::Filter(Filter::nothing()));
    ask(&mut window, Action::PngScale(1.0));
    let view = closer(&mut window);
    let png = export(&mut window, "png");
    let mut reader = png::Decoder::new(std::io::Cursor::new(&png)).read_info().expect("a picture");
    let mut drawn = vec![0; reader.output_buffer_size().expect("a size")];
    reader.next_frame(&mut drawn).expect("all of it");
    let width = reader.info().width as usize;
    window.remove_cursor();
    settle(&mut window);
    let screen = window.render().expect("the window can be drawn");
    let (wide, raw) = (screen.dimensions().0 as usize, screen.as_raw());
    let (mut other, mut all) = (0, 0);
    for y in 1..view.height() as usize - 1 {
        for x in 1..view.width() as usize - 1 {
            let ours = &drawn[((y + CORNER.y as usize) * width + x + CORNER.x as usize) * 4..][..3];
            let theirs = &raw[((y + view.top() as usize) * wide + x + view.left() as usize) * 4..][..3];
            all += 1;
            other += usize::from(ours.iter().zip(theirs).any(|(a, b)| a.abs_diff(*b) > 24));
        }
    }
    // Letters have other edges in another renderer; cells have not.
    assert!(other * 50 < all, "{other} of {all} pixels are others");
}
