//! A forward pass with everything captured: BERT-base's shape, and the bundled model on its first sentence. And the map
//! of all heads left out one at a time.
//!
//! What is timed is [`Run::new`]: tokens, the pass, and copies of all attentions and hidden states.
//! `LEXISCOPE_DEVICE=cuda` times a graphics card.

mod base;

use criterion::{Criterion, SamplingMode, criterion_group, criterion_main};
use lexiscope::engine::device::{Choice, describe};
use lexiscope::engine::{Ablation, Ask, Opened, Run, Target, With};
use lexiscope::trace::Control;
use std::path::Path;
use std::time::Duration;

/// Opens a model on the device that `LEXISCOPE_DEVICE` names, by default the processor.
fn open(folder: &Path) -> Opened {
    let choice = std::env::var("LEXISCOPE_DEVICE").map_or(Ok(Choice::Cpu), |name| name.parse());
    let choice = choice.expect("LEXISCOPE_DEVICE names a device");
    let opened = Opened::open_folder(folder, choice, &Control::default()).expect("the checkpoint opens");
    // A device that is missing must not be timed as another.
    assert_eq!(device(&opened), choice.name(), "{:?}", opened.notices);
    opened
}

fn device(opened: &Opened) -> String {
    describe(&opened.device).to_lowercase()
}

fn run(opened: &Opened, ask: &Ask) -> Run {
    Run::new(opened, ask, &Control::default()).expect("the model reads the text")
}

fn bert_base(criterion: &mut Criterion) {
    let opened = open(&base::checkpoint());
    let mut group = criterion.benchmark_group(format!("bert-base-{}", device(&opened)));
    group.sampling_mode(SamplingMode::Flat).warm_up_time(Duration::from_secs(2));
    for tokens in [16, 128, 512] {
        let ask = Ask::new(base::text(tokens));
        let once = run(&opened, &ask);
        assert_eq!(once.tokens.len(), tokens);
        assert!(once.attentions().is_ok() && once.hidden_states().is_ok());
        let (samples, seconds) = if tokens == 512 { (10, 10) } else { (20, 6) };
        group.sample_size(samples).measurement_time(Duration::from_secs(seconds));
        group.bench_function(tokens.to_string(), |bencher| bencher.iter(|| run(&opened, &ask)));
    }
}

fn bundled(criterion: &mut Criterion) {
    let opened = open(Path::new("models/bert-mini-en"));
    let ask = Ask::new("The old lady quickly opened the heavy door.");
    criterion.bench_function(&format!("bert-mini-en-{}", device(&opened)), |bencher| {
        bencher.iter(|| run(&opened, &ask));
    });
}

/// Every head of BERT-base turned off alone, on 20 tokens: the bar is 10 seconds on a processor.
fn leave_one_out(criterion: &mut Criterion) {
    let opened = open(&base::checkpoint());
    let ask = Ask::new(base::text(20));
    // The means are computed once for a model, not once for a text.
    opened.means(&Control::default()).expect("the model reads the sentences");
    let mut group = criterion.benchmark_group(format!("leave-one-out-{}", device(&opened)));
    group.sampling_mode(SamplingMode::Flat).sample_size(10).warm_up_time(Duration::from_secs(1));
    for with in With::ALL {
        group.bench_function(with.name(), |bencher| {
            bencher.iter(|| {
                let made = Ablation::new(&opened, &ask, Target::Pooled, with, &Control::default(), |_| {});
                assert_eq!(made.expect("every head can be off").effects.len(), 144);
            });
        });
    }
}

criterion_group!(benches, bert_base, bundled, leave_one_out);
criterion_main!(benches);
