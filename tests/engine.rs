//! The engine as the window uses it, with the bundled model: it opens, runs, gives way to newer requests, survives
//! mishaps and stops.

use lexiscope::engine::device::Choice;
use lexiscope::engine::{Ask, Engine, Event, News, Opened, Results, Run, Slot};
use lexiscope::error::{Error, Result};
use lexiscope::source::find;
use lexiscope::trace::{Control, Place, Site, Want};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

/// Nothing here takes longer, however busy the machine is.
const LONG: Duration = Duration::from_mins(1);

enum Made {
    Opened(Arc<Opened>),
    Run(Box<Run>),
}

fn engine() -> Engine<Made> {
    Engine::start(|| {}).expect("threads")
}

fn bundled() -> Arc<Opened> {
    Arc::new(Opened::open(find::DEFAULT, Choice::Cpu, &Control::default()).expect("the bundled model"))
}

/// More words than the model reads at once.
fn long_text() -> String {
    "The old lady quickly opened the heavy door. ".repeat(60)
}

/// How the job that ends next ends; how far it is on the way does not matter.
fn ending(engine: &Engine<Made>) -> (u64, Result<Made>) {
    loop {
        let Event { job, news, .. } = engine.next_event(LONG).expect("an event in time");
        match news {
            News::Progress(_) => {}
            News::Done(made) => return (job, Ok(made)),
            News::Failed(error) => return (job, Err(error)),
        }
    }
}

/// Passes over a long text, one after the other until they are stopped; `under_way` hears of every layer.
fn endless(opened: Arc<Opened>, slot: Slot, under_way: Sender<Slot>) -> impl FnOnce(&Control) -> Result<Made> {
    move |control| {
        let control = Control::new(control.stop.clone(), move |_| _ = under_way.send(slot));
        let ask = Ask { want: "all".parse()?, ..Ask::new(long_text()) };
        loop {
            Run::new(&opened, &ask, &control)?;
        }
    }
}

#[test]
fn opening_tells_how_far_it_is_and_gives_the_model() {
    let awake = Arc::new(AtomicUsize::new(0));
    let waker = awake.clone();
    let engine = Engine::start(move || _ = waker.fetch_add(1, Ordering::Relaxed)).expect("threads");
    let job = engine.submit(Slot::Open, "opening a model", |control| {
        // Reports come twenty times a second at most: a slow disk has more to say.
        let slow = control.clone();
        let control = Control::new(control.stop.clone(), move |p| {
            std::thread::sleep(Duration::from_millis(2));
            slow.report(&p.stage, p.done, p.total);
        });
        Ok(Made::Opened(Arc::new(Opened::open(find::DEFAULT, Choice::Cpu, &control)?)))
    });
    let (mut reports, mut events) = (Vec::new(), 0);
    let opened = loop {
        let event = engine.next_event(LONG).expect("an event in time");
        assert_eq!((event.job, event.slot), (job, Slot::Open));
        events += 1;
        match event.news {
            News::Progress(progress) => reports.push(progress),
            News::Done(Made::Opened(opened)) => break opened,
            News::Done(Made::Run(_)) => panic!("nobody asked for a run"),
            News::Failed(error) => panic!("{error}"),
        }
    };
    assert!(!reports.is_empty() && reports.is_sorted_by_key(|p| p.done), "{reports:?}");
    assert!(reports.iter().all(|p| p.done <= p.total && p.stage == "Reading weights"), "{reports:?}");
    assert_eq!((opened.name.as_str(), opened.card().family), (find::DEFAULT, "bert"));
    assert!(opened.notices.is_empty() && opened.parameters() > 0, "{:?}", opened.notices);
    // The last event is there a moment before the window is woken for it.
    let start = Instant::now();
    while awake.load(Ordering::Relaxed) < events && start.elapsed() < LONG {
        std::thread::yield_now();
    }
    assert_eq!(awake.load(Ordering::Relaxed), events);
}

#[test]
fn a_newer_run_stops_the_one_under_way_inside() {
    let (engine, opened) = (engine(), bundled());
    for _ in 0..5 {
        let (sender, started) = channel();
        let old = engine.submit(Slot::Run, "a forward pass", endless(opened.clone(), Slot::Run, sender));
        started.recv_timeout(LONG).expect("a layer of the first run");
        // Two at once: the one in the middle never begins.
        let newer = opened.clone();
        engine.submit(Slot::Run, "a forward pass", |_| panic!("a newer request came before this one began"));
        let asked = Instant::now();
        let new = engine.submit(Slot::Run, "a forward pass", move |control| {
            Ok(Made::Run(Box::new(Run::new(&newer, &Ask::new("Newer."), control)?)))
        });
        let (job, outcome) = ending(&engine);
        let error = outcome.map(drop).expect_err("it never ends by itself");
        assert!(job == old && error.is_stopped(), "job {job}: {error}");
        assert!(asked.elapsed() < Duration::from_secs(5), "stopped only after {:?}", asked.elapsed());
        let (job, outcome) = ending(&engine);
        let Ok(Made::Run(run)) = outcome else { panic!("the newest run should be made") };
        assert_eq!((job, run.ask.text.as_str(), run.model), (new, "Newer.", opened.id));
        // Its last word is sent before its place counts as free, so this comes a moment later.
        while engine.is_busy(Slot::Run) {
            assert!(asked.elapsed() < LONG, "the slot stays taken");
            std::thread::yield_now();
        }
    }
    assert!(engine.events().next().is_none(), "there is no more to say");
}

#[test]
fn a_run_leaves_opening_alone_and_is_left_alone_by_it() {
    let (engine, opened) = (engine(), bundled());
    let (sender, started) = channel();
    let run = engine.submit(Slot::Run, "a forward pass", endless(opened, Slot::Run, sender));
    started.recv_timeout(LONG).expect("a layer");
    let open = engine.submit(Slot::Open, "opening a model", |control| {
        Ok(Made::Opened(Arc::new(Opened::open(find::DEFAULT, Choice::Cpu, control)?)))
    });
    let (job, outcome) = ending(&engine);
    assert!(job == open && outcome.is_ok(), "the model opens while a run is under way");
    assert!(engine.is_busy(Slot::Run));
    engine.stop(Slot::Run);
    let (job, outcome) = ending(&engine);
    assert!(job == run && outcome.is_err_and(|e| e.is_stopped()));
}

#[test]
fn a_panic_is_the_error_of_its_job_and_the_engine_goes_on() {
    let (engine, opened) = (engine(), bundled());
    engine.submit(Slot::Run, "a forward pass", |_| panic!("on purpose, in test {}", 1));
    let (_, outcome) = ending(&engine);
    let Err(Error::Panicked { job, what }) = outcome else { panic!("it should fail as a panic") };
    assert_eq!((job.as_str(), what.as_str()), ("a forward pass", "on purpose, in test 1"));
    let model = opened.clone();
    engine.submit(Slot::Run, "a forward pass", move |control| {
        Ok(Made::Run(Box::new(Run::new(&model, &Ask::new("It goes on."), control)?)))
    });
    let (_, outcome) = ending(&engine);
    assert!(matches!(outcome, Ok(Made::Run(run)) if run.hidden_states().is_ok_and(|h| h.not_finite() == 0)));
}

#[test]
fn an_engine_that_is_gone_stops_its_jobs() {
    let (engine, opened) = (engine(), bundled());
    let (sender, started) = channel();
    let (ended, end) = channel();
    for slot in [Slot::Run, Slot::Draw, Slot::Open, Slot::Dialog] {
        let work = endless(opened.clone(), slot, sender.clone());
        let ended = ended.clone();
        engine.submit(slot, "a forward pass", move |control| {
            let outcome = work(control);
            ended.send((slot, outcome.as_ref().is_err_and(Error::is_stopped))).expect("the test waits");
            outcome
        });
        while started.recv_timeout(LONG).expect("a layer") != slot {}
    }
    engine.submit(Slot::Look, "never", |_| panic!("the thread was busy until the engine was gone"));
    drop(engine);
    let mut slots: Vec<(Slot, bool)> = (0..4).map(|_| end.recv_timeout(LONG).expect("it ends")).collect();
    slots.sort();
    assert_eq!(slots, [(Slot::Run, true), (Slot::Draw, true), (Slot::Open, true), (Slot::Dialog, true)]);
    // Nobody holds the model once the threads have gone.
    let start = Instant::now();
    while Arc::strong_count(&opened) > 1 && start.elapsed() < LONG {
        std::thread::yield_now();
    }
    assert_eq!(Arc::strong_count(&opened), 1);
}

#[test]
fn results_give_up_the_oldest_once_the_budget_is_spent() {
    let opened = bundled();
    let asks = ["One.", "Two.", "Six."].map(Ask::new);
    let runs = asks.each_ref().map(|ask| Arc::new(Run::new(&opened, ask, &Control::default()).expect("a run")));
    let one = runs[0].bytes();
    assert!(one > 0 && runs.iter().all(|run| run.bytes() == one), "texts of one length");
    let mut results = Results::default();
    let kept = |results: &Results| asks.each_ref().map(|ask| results.find(opened.id, ask).is_some());
    for run in &runs {
        results.add(run.clone(), 2 * one);
    }
    assert_eq!((kept(&results), results.bytes()), ([false, true, true], 2 * one));
    assert_eq!(results.find(opened.id, &asks[2]).map(|run| run.id), Some(runs[2].id));
    assert!(results.find(opened.id + 1, &asks[2]).is_none(), "another model was not asked");
    let less = Ask { want: Want::nothing(), ..asks[2].clone() };
    assert!(results.find(opened.id, &less).is_some(), "who keeps more answers who asks for less");
    let more = Ask { want: Want::attention().and(Place::site(Site::Logits)), ..asks[2].clone() };
    assert!(results.find(opened.id, &more).is_none(), "nobody kept as much");
    let other = Ask { masked: vec![1], ..asks[2].clone() };
    assert!(results.find(opened.id, &other).is_none(), "another question was not answered");
    // A run that keeps more stands in for the one that kept less.
    let whole = Arc::new(Run::new(&opened, &more, &Control::default()).expect("a run"));
    let before = results.bytes();
    results.add(whole.clone(), u64::MAX);
    assert_eq!((kept(&results), results.bytes()), ([false, true, true], before - one + whole.bytes()));
    // What is on the screen stays, however small the budget is.
    results.add(runs[0].clone(), 0);
    assert_eq!((kept(&results), results.bytes()), ([true, false, false], one));
}

#[test]
fn a_device_that_is_not_in_this_build_falls_back_with_a_notice() {
    for (choice, is_built) in [(Choice::Cuda, cfg!(feature = "cuda")), (Choice::Metal, cfg!(feature = "metal"))] {
        if is_built {
            continue;
        }
        let opened = Opened::open(find::DEFAULT, choice, &Control::default()).expect("it falls back");
        let [notice] = opened.notices.as_slice() else { panic!("{choice}: {:?}", opened.notices) };
        assert!(opened.device.is_cpu(), "{choice}");
        let says = |part: &str| assert!(notice.contains(part), "{choice}: {notice}");
        ["CPU instead", choice.name(), "--features"].into_iter().for_each(says);
        let run = Run::new(&opened, &Ask::new("It works all the same."), &Control::default());
        assert!(run.is_ok_and(|run| run.attentions().is_ok()), "{choice}");
    }
}
