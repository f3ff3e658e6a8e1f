//! Maps that move, held against openTSNE, umap-learn, NumPy (`data/make_moving.py`) and bhtsne.
//!
//! The shares of neighbours that maps of GloVe's words keep take minutes without optimisation:
//! `cargo test --release --test moving -- --ignored`.
#![expect(clippy::print_stdout, reason = "a skipped test says why, and what maps keep is said")]

mod cloud;

use cloud::cloud;
use lexiscope::analysis::moving::curve::Curve;
use lexiscope::analysis::moving::fuzzy::memberships;
use lexiscope::analysis::moving::layout::{Layout, start};
use lexiscope::analysis::moving::nearest::Nearest;
use lexiscope::analysis::moving::sparse::Sparse;
use lexiscope::analysis::moving::tsne::{self, Tsne};
use lexiscope::analysis::moving::umap::{self, Umap};
use lexiscope::analysis::space::neighbours::{Graph, Index, Metric};
use lexiscope::analysis::space::pca::Pca;
use lexiscope::analysis::space::trust::Check;
use lexiscope::rows::Rows;
use lexiscope::source::vectors::{Opening, Vectors};
use lexiscope::trace::{Control, Stop};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

/// Points of the cloud, its perplexity, and how many neighbours UMAP takes of each, itself among them.
const POINTS: usize = 50;
const PERPLEXITY: f32 = 6.0;
const NEIGHBOURS: usize = 10;

fn expected() -> Value {
    serde_json::from_str(include_str!("data/moving.json")).expect("valid JSON")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn numbers(value: &Value) -> Vec<f64> {
    list(value).iter().map(|x| x.as_f64().expect("a number")).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn nearest(rows: &Rows, k: usize) -> Arc<Nearest> {
    let graph = Index::new(rows, Metric::Euclidean).graph(k, &Control::default()).expect("neighbours");
    Arc::new(Nearest::of(&graph, |distance| distance).expect("distances"))
}

/// All cells of a symmetric matrix.
fn dense(matrix: &Sparse) -> Vec<Vec<f64>> {
    let row = |i: usize| {
        let (places, values) = matrix.row(i);
        let mut row = vec![0.0; matrix.len()];
        places.iter().zip(values).for_each(|(j, x)| row[*j as usize] = f64::from(*x));
        row
    };
    (0..matrix.len()).map(row).collect()
}

/// The same of triples `[row, column, value]` above the diagonal.
fn symmetric(triples: &Value, n: usize) -> Vec<Vec<f64>> {
    let mut rows = vec![vec![0.0; n]; n];
    for triple in list(triples) {
        let [i, j, x] = numbers(triple)[..] else { panic!("{triple} is no triple") };
        (rows[i as usize][j as usize], rows[j as usize][i as usize]) = (x, x);
    }
    rows
}

/// Fails unless two matrices are equal within `within` of the largest cell.
#[track_caller]
fn assert_same(found: &[Vec<f64>], wanted: &[Vec<f64>], within: f64) {
    assert_eq!(found.len(), wanted.len());
    let most = wanted.iter().flatten().fold(0f64, |most, x| most.max(x.abs()));
    for (i, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        for (j, (x, y)) in found.iter().zip(wanted).enumerate() {
            assert!((x - y).abs() <= within * most, "{i} {j}: {x} instead of {y}");
        }
    }
}

/// Kullback and Leibler's divergence of a map from affinities, by the definition.
fn divergence(p: &[Vec<f64>], map: &[f32], dims: usize) -> f64 {
    let place = |i: usize| &map[i * dims..][..dims];
    let nearness = |i: usize, j: usize| {
        let square = place(i).iter().zip(place(j)).map(|(x, y)| (f64::from(*x) - f64::from(*y)).powi(2)).sum::<f64>();
        1.0 / (1.0 + square)
    };
    let pairs = || (0..p.len()).flat_map(|i| (0..p.len()).filter(move |j| *j != i).map(move |j| (i, j)));
    let total: f64 = pairs().map(|(i, j)| nearness(i, j)).sum();
    let some = pairs().filter(|(i, j)| p[*i][*j] > 0.0);
    some.map(|(i, j)| p[i][j] * (p[i][j] * total / nearness(i, j)).ln()).sum()
}

fn neighbours_of_bhtsne(nearest: &Nearest) -> Vec<Vec<bhtsne::Neighbor<f32>>> {
    let row = |i: usize| {
        let pairs = nearest.places(i).iter().zip(nearest.distances(i));
        pairs.map(|(j, d)| bhtsne::Neighbor { index: *j as usize, distance: *d }).collect()
    };
    (0..nearest.len()).map(row).collect()
}

#[test]
fn points_attract_each_other_as_opentsne_and_bhtsne_have_it() {
    let rows = cloud(21, POINTS, 6);
    let nearest = nearest(&rows, 18);
    let options = tsne::Options { perplexity: PERPLEXITY, ..tsne::Options::default() };
    assert_eq!(options.reach(), 18);
    let map = Tsne::new(nearest.clone(), tsne::Start::Random(1), options, &Control::default()).expect("a start");
    let found = dense(map.affinities());
    assert_same(&found, &symmetric(&expected()["tsne"]["affinities"], POINTS), 1e-5);
    assert!((found.iter().flatten().sum::<f64>() - 1.0).abs() < 1e-5 && map.notices().is_empty());

    let samples: Vec<&[f32]> = rows.iter().collect();
    let mut peer = bhtsne::tSNE::<f32, &[f32], 2>::new(&samples);
    peer.perplexity(PERPLEXITY).epochs(1).fit_sne_with_neighbors(&neighbours_of_bhtsne(&nearest));
    let theirs = peer.affinities().expect("it was fitted");
    let mut wanted = vec![vec![0.0; POINTS]; POINTS];
    for (row, ends) in wanted.iter_mut().zip(theirs.rows().windows(2)) {
        for cell in ends[0]..ends[1] {
            row[theirs.columns()[cell] as usize] = f64::from(theirs.values()[cell]);
        }
    }
    assert_same(&found, &wanted, 1e-3);
}

#[test]
fn maps_come_as_far_down_as_those_of_bhtsne() {
    let control = Control::default();
    let rows = cloud(23, 300, 8);
    let nearest = nearest(&rows, 30);
    let samples: Vec<&[f32]> = rows.iter().collect();
    let begin = start(&rows, &Pca::of(&rows, &control).expect("components"), 2, 0, &control).expect("a start");
    let tsne::Start::Given(places) = &begin else { panic!("seed 0 begins at the components") };
    let small: Vec<f32> = places.iter().map(|x| 1e-4 * x).collect();
    let mut peer = bhtsne::tSNE::<f32, &[f32], 2>::new(&samples);
    peer.perplexity(10.0).epochs(1000).learning_rate(75.0).initial_embedding(small);
    peer.fit_sne_with_neighbors(&neighbours_of_bhtsne(&nearest));
    let options = tsne::Options { perplexity: 10.0, ..tsne::Options::default() };
    let mut map = Tsne::new(nearest, begin, options, &control).expect("a start");
    let p = dense(map.affinities());
    while !map.is_done() {
        map.step(&control).expect("not stopped");
    }
    let exact = divergence(&p, map.coordinates(), 2);
    let said = map.measure_cost(&control).expect("not stopped");
    assert!((said / exact - 1.0).abs() < 1e-2, "{said} instead of {exact}");
    let theirs = divergence(&p, &peer.embedding(), 2);
    assert!(exact < 1.02 * theirs, "{exact}, and bhtsne comes to {theirs}");
}

#[test]
fn points_belong_together_as_umap_learn_has_it() {
    let control = Control::default();
    let wanted = &expected()["umap"];
    let nearest = nearest(&cloud(21, POINTS, 6), NEIGHBOURS - 1);
    let found = dense(&memberships(&nearest, NEIGHBOURS, &control).expect("not stopped"));
    assert_same(&found, &symmetric(&wanted["memberships"], POINTS), 1e-4);
    for curve in list(&wanted["curves"]) {
        let [least, spread, a, b] = numbers(curve)[..] else { panic!("{curve} is no curve") };
        let found = Curve::fit(least as f32, spread as f32).expect("a curve");
        assert!((f64::from(found.a) / a - 1.0).abs() < 1e-4, "{curve}: {found:?}");
        assert!((f64::from(found.b) / b - 1.0).abs() < 1e-4, "{curve}: {found:?}");
    }
}

#[test]
fn umap_begins_at_the_waves_of_numpy() {
    let nearest = nearest(&cloud(21, POINTS, 6), NEIGHBOURS - 1);
    let waves = list(&expected()["umap"]["waves"]["vectors"]).iter().map(numbers).collect::<Vec<_>>();
    for dims in [2, 3] {
        let options = umap::Options { dims, neighbours: NEIGHBOURS, ..umap::Options::default() };
        let map = Umap::new(nearest.clone(), umap::Start::Spectral, options, &Control::default()).expect("a start");
        for (d, wave) in waves.iter().enumerate().take(dims) {
            let axis: Vec<f64> = map.coordinates().iter().skip(d).step_by(dims).map(|x| f64::from(*x)).collect();
            let product = |x: &[f64], y: &[f64]| -> f64 {
                x.iter().zip(y).map(|(a, b)| (a - mean(x)) * (b - mean(y))).sum::<f64>()
            };
            let same = product(&axis, wave) / (product(&axis, &axis) * product(wave, wave)).sqrt();
            assert!(same.abs() > 0.999, "{dims} {d}: {same}");
        }
    }
}

/// The map of rows by the cosine, made as the window and the command line make it, and the share of neighbours it keeps.
fn kept(rows: &Rows, graph: &Graph, pca: &Pca, method: &str, seed: u64) -> f64 {
    let control = Control::default();
    let mut layout = if method == "openTSNE" {
        let start = start(rows, pca, 2, seed, &control).expect("a start");
        Layout::tsne(graph, Metric::Cosine, start, tsne::Options::default(), &control)
    } else {
        let options = umap::Options { seed, ..umap::Options::default() };
        Layout::umap(graph, Metric::Cosine, umap::Start::Spectral, options, &control)
    }
    .expect("a start");
    layout.finish(&control).expect("not stopped");
    let map = Rows::new(layout.coordinates().to_vec(), 2).expect("whole rows");
    let trust = Check::default().of(rows, &map, Some(graph), &control).expect("not stopped").expect("some points");
    assert!(trust.is_exact());
    trust.share_kept()
}

/// Maps of three seeds keep at least what the peer's do, and this share, within a hundredth.
#[track_caller]
fn assert_kept(rows: &Rows, method: &str, wanted: &Value, share: f64) {
    let control = Control::default();
    assert_eq!(wanted["words"].as_u64(), Some(rows.len() as u64));
    let graph = Index::new(rows, Metric::Cosine).graph(90, &control).expect("neighbours");
    let pca = Pca::of(rows, &control).expect("components");
    let found: Vec<f64> = (0..3).map(|seed| kept(rows, &graph, &pca, method, seed)).collect();
    let theirs = numbers(&wanted[method]);
    println!("{} words: {found:.4?}; {method}: {theirs:.4?}", rows.len());
    let share = share.max(mean(&theirs));
    assert!(mean(&found) >= share - 0.01, "{found:?} instead of {share}: {method} has {theirs:?}");
}

/// The first words of those that come with the program.
fn bundled() -> Rows {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/words-en");
    let opening = Opening { limit: Some(1000), ..Opening::default() };
    Vectors::open(&folder, &opening, &Control::default()).expect("the bundled vectors").rows
}

#[test]
fn tsne_keeps_as_many_neighbours_as_opentsne() {
    assert_kept(&bundled(), "openTSNE", &expected()["kept"]["bundled"], 0.0);
}

#[test]
fn umap_keeps_as_many_neighbours_as_umap_learn() {
    assert_kept(&bundled(), "umap-learn", &expected()["kept"]["bundled"], 0.0);
}

fn glove() -> Option<Rows> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/vectors/glove.twitter.25d.subset.w2v.bin");
    if !path.exists() {
        println!("skipped: {} is absent", path.display());
        return None;
    }
    Some(Vectors::open(&path, &Opening::default(), &Control::default()).expect("a good file").rows)
}

#[test]
#[ignore = "minutes without optimisation: cargo test --release --test moving -- --ignored"]
fn tsne_of_glove_keeps_as_many_neighbours_as_opentsne() {
    let Some(rows) = glove() else { return };
    // The best that was ever seen of openTSNE.
    assert_kept(&rows, "openTSNE", &expected()["kept"]["glove"], 0.337);
}

#[test]
#[ignore = "minutes without optimisation: cargo test --release --test moving -- --ignored"]
fn umap_of_glove_keeps_as_many_neighbours_as_umap_learn() {
    let Some(rows) = glove() else { return };
    assert_kept(&rows, "umap-learn", &expected()["kept"]["glove"], 0.155);
}

/// Maps of both methods after a few steps.
fn some_steps(rows: &Rows, dims: usize, seed: u64) -> [Vec<f32>; 2] {
    let control = Control::default();
    let graph = Index::new(rows, Metric::Euclidean).graph(30, &control).expect("neighbours");
    let options = tsne::Options { dims, perplexity: 10.0, early: 20, steps: 40, ..tsne::Options::default() };
    let one = Layout::tsne(&graph, Metric::Euclidean, tsne::Start::Random(seed), options, &control);
    let options = umap::Options { dims, seed, epochs: Some(20), ..umap::Options::default() };
    let other = Layout::umap(&graph, Metric::Euclidean, umap::Start::Spectral, options, &control);
    [one, other].map(|layout| {
        let mut layout = layout.expect("a start");
        layout.finish(&control).expect("not stopped");
        layout.coordinates().to_vec()
    })
}

#[test]
fn a_seed_makes_one_picture_on_any_number_of_threads() {
    let rows = cloud(24, 600, 5);
    let with = |threads: usize, seed: u64, dims: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| some_steps(&rows, dims, seed))
    };
    for dims in [2, 3] {
        let (one, three) = (with(1, 5, dims), with(3, 5, dims));
        assert!(one == three, "{dims} dimensions");
        assert!(one[0].len() == 600 * dims && one.iter().flatten().all(|x| x.is_finite()));
    }
    let (one, other) = (with(2, 5, 2), with(2, 6, 2));
    assert!(one[0] != other[0] && one[1] != other[1]);
}

#[test]
fn little_is_no_trouble() {
    for (rows, what) in [
        (cloud(25, 1, 4), "one point"),
        (cloud(25, 2, 4), "two points"),
        (cloud(25, 5, 4), "fewer points than neighbours"),
        (Rows::new(vec![1.0; 80], 4).expect("twenty points"), "all points equal"),
    ] {
        for dims in [2, 3] {
            for map in some_steps(&rows, dims, 1) {
                assert!(map.len() == dims * rows.len() && map.iter().all(|x| x.is_finite()), "{what}: {map:?}");
            }
        }
    }
    let control = Control::default();
    let graph = Index::new(&cloud(25, 5, 4), Metric::Euclidean).graph(90, &control).expect("neighbours");
    let map = Layout::tsne(&graph, Metric::Euclidean, tsne::Start::Random(1), tsne::Options::default(), &control);
    let notices = map.expect("a start").notices().to_vec();
    assert_eq!(
        notices,
        ["A perplexity of 30 looks at 90 neighbours; 4 are known of each of 5 points, so that it is 1.3."]
    );
    let map = Layout::umap(&graph, Metric::Euclidean, umap::Start::Random, umap::Options::default(), &control);
    let notices = map.expect("a start").notices().to_vec();
    assert_eq!(notices, ["15 neighbours were asked for; 5 are known, of 5 points."]);
    let dot = Layout::umap(&graph, Metric::Dot, umap::Start::Random, umap::Options::default(), &control);
    assert!(dot.expect_err("no distance").to_string().contains("no distance"));
}

#[test]
fn what_cannot_be_a_map_is_refused() {
    let control = Control::default();
    let nearest = nearest(&cloud(25, 20, 4), 10);
    let default = tsne::Options::default;
    for (options, why) in [
        (tsne::Options { dims: 4, ..default() }, "2 or 3 dimensions"),
        (tsne::Options { perplexity: f32::NAN, ..default() }, "no perplexity"),
        (tsne::Options { exaggeration: 0.0, ..default() }, "no exaggeration"),
        (tsne::Options { rate: Some(-1.0), ..default() }, "no learning rate"),
    ] {
        let error = Tsne::new(nearest.clone(), tsne::Start::Random(1), options, &control).expect_err(why).to_string();
        assert!(error.contains(why), "{error}");
    }
    let default = umap::Options::default;
    for (options, why) in [
        (umap::Options { dims: 1, ..default() }, "2 or 3 dimensions"),
        (umap::Options { neighbours: 1, ..default() }, "2 neighbours at least"),
        (umap::Options { least: 2.0, ..default() }, "the second at most"),
        (umap::Options { repulsion: f32::INFINITY, ..default() }, "no repulsion"),
    ] {
        let error = Umap::new(nearest.clone(), umap::Start::Random, options, &control).expect_err(why).to_string();
        assert!(error.contains(why), "{error}");
    }
    for values in [vec![0.0; 39], vec![f32::NAN; 40]] {
        let given = Tsne::new(nearest.clone(), tsne::Start::Given(values.clone()), tsne::Options::default(), &control);
        assert!(given.expect_err("no start").to_string().contains("2 finite ones for each of 20 points"));
        let given = Umap::new(nearest.clone(), umap::Start::Given(values), umap::Options::default(), &control);
        assert!(given.expect_err("no start").to_string().contains("2 finite ones for each of 20 points"));
    }
    assert!(Nearest::new(2, vec![1, 0, 2], vec![0.0; 3]).is_err());
    assert!(Nearest::new(1, vec![1, 1], vec![0.0; 2]).is_err(), "nobody is its own neighbour");
    assert!(Nearest::new(1, vec![1, 0], vec![0.0, f32::NAN]).is_err());
}

#[test]
fn a_step_ends_when_it_is_asked_to() {
    let nearest = nearest(&cloud(25, 200, 4), 30);
    let control = Control::default();
    let options = tsne::Options { perplexity: 10.0, ..tsne::Options::default() };
    let mut one = Tsne::new(nearest.clone(), tsne::Start::Random(1), options, &control).expect("a start");
    let mut other = Umap::new(nearest, umap::Start::Random, umap::Options::default(), &control).expect("a start");
    let before = (one.coordinates().to_vec(), other.coordinates().to_vec());
    let stop = Stop::default();
    stop.set();
    let stopped = Control::new(stop, |_| {});
    assert!(one.step(&stopped).is_err_and(|e| e.is_stopped()) && other.step(&stopped).is_err_and(|e| e.is_stopped()));
    assert!(one.coordinates() == before.0 && other.coordinates() == before.1);
    assert_eq!((one.iteration(), other.iteration()), (0, 0));
    // They go on as if nothing had been.
    assert!(one.step(&control).is_ok() && other.step(&control).is_ok() && one.coordinates() != before.0);
}

#[test]
fn knobs_turn_while_a_map_is_made() {
    let control = Control::default();
    let nearest = nearest(&cloud(25, 200, 4), 60);
    let options = tsne::Options { perplexity: 10.0, early: 30, ..tsne::Options::default() };
    let mut map = Tsne::new(nearest.clone(), tsne::Start::Random(1), options, &control).expect("a start");
    assert_eq!((map.exaggeration(), map.rate()), (12.0, 50.0));
    for _ in 0..30 {
        map.step(&control).expect("not stopped");
    }
    assert_eq!((map.exaggeration(), map.rate()), (1.0, 200.0));
    let p = map.affinities().clone();
    map.set_perplexity(20.0, &control).expect("a perplexity");
    assert!(*map.affinities() != p && map.options().perplexity == 20.0);
    map.set_rate(Some(7.0)).expect("a rate");
    map.set_exaggeration(Some(4.0)).expect("an exaggeration");
    map.set_steps(31);
    assert_eq!((map.rate(), map.exaggeration(), map.is_done()), (7.0, 4.0, false));
    map.step(&control).expect("not stopped");
    assert!(map.is_done());
    let radius = |map: &[f32]| map.iter().fold(0f32, |most, x| most.max(x.abs()));
    let before = map.coordinates().to_vec();
    map.perturb(3, 0.05);
    let furthest = map.coordinates().iter().zip(&before).fold(0f32, |most, (x, y)| most.max((x - y).abs()));
    assert!(furthest > 0.0 && furthest <= 0.05 * radius(&before), "{furthest}");

    let mut map = Umap::new(nearest, umap::Start::Spectral, umap::Options::default(), &control).expect("a start");
    map.set_neighbours(30, &control).expect("neighbours");
    map.set_curve(0.5, 1.0).expect("a curve");
    map.set_epochs(2);
    assert!((f64::from(map.curve().b) - 1.33416).abs() < 1e-3 && map.options().neighbours == 30);
    while !map.is_done() {
        map.step(&control).expect("not stopped");
    }
    assert_eq!(map.iteration(), 2);
    assert!(map.cost().is_some_and(|cost| cost > 0.0));
}
