//! What the window takes for 512 tokens of BERT-base's shape, beside the arrays that it shows: the attention of every
//! layer and head. Counted are the pages that the process holds, as Linux reports them, once everything is drawn, less
//! those that it held with the model open and a short sentence read.
#![expect(clippy::print_stdout, reason = "its output is the figure")]

mod base;
#[path = "../tests/window/mod.rs"]
mod window;

use lexiscope::gui::action::Action;
use lexiscope::gui::scene::{Arrangement, View};
use lexiscope::gui::settings::{Settings, Theme};
use window::{open, settle};

const TOKENS: usize = 512;

fn main() {
    let Some(_) = held("VmRSS") else {
        println!("skipped: only Linux says what a process holds");
        return;
    };
    let mut window = open([1280.0, 800.0], 1.0, Settings { theme: Theme::Dark, ..Settings::default() });
    let mut ask = |action: Action| {
        window.state().ask(action);
        settle(&mut window);
        window.render().expect("the window can be drawn");
        held("VmRSS").expect("it was there before")
    };
    ask(Action::Open(base::checkpoint().to_string_lossy().into_owned()));
    let before = ask(Action::Text(base::text(8)));
    println!("{:34} {:>8} {:>12}", "", "MB", "of the arrays");
    let shown = 12 * 12 * TOKENS * TOKENS * size_of::<f32>();
    println!("{:34} {:8.1}", "attention, all layers and heads", megabytes(shown));
    let say = |what: &str, now: usize| {
        let taken = now.saturating_sub(before);
        println!("{what:34} {:8.1} {:12.2}", megabytes(taken), taken as f64 / shown as f64);
    };
    say("read, lines", ask(Action::Text(base::text(TOKENS))));
    say("heatmap", ask(Action::Show(View::Heatmap)));
    say("all heads", ask(Action::Arrange(Arrangement::Grid)));
    say("a word masked, before and after", ask(Action::Mask(7)));
    say("the most at any time", held("VmHWM").expect("it was there before"));
}

/// A line of what Linux says of this process, in bytes.
fn held(line: &str) -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes = status.lines().find_map(|l| l.strip_prefix(line)?.strip_prefix(':'))?;
    Some(kilobytes.split_whitespace().next()?.parse::<usize>().ok()? * 1024)
}

fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}
