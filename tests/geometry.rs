//! The geometry of spaces of vectors, held against scikit-learn, `SciPy` and NumPy (`data/make_geometry.py`).
#![expect(clippy::print_stdout, reason = "a skipped test says why")]

mod cloud;

use cloud::cloud;
use lexiscope::analysis::space::axes::{Axis, Chance, Poles, stability};
use lexiscope::analysis::space::cures::Cure;
use lexiscope::analysis::space::diffusion::Diffusion;
use lexiscope::analysis::space::doctor::{Findings, examine};
use lexiscope::analysis::space::neighbours::{Index, Metric};
use lexiscope::analysis::space::pca::{Ends, Pca, with_log};
use lexiscope::analysis::space::procrustes::{self, Aligned, How, Overlap, Widths};
use lexiscope::analysis::space::reject::{Leak, reject};
use lexiscope::analysis::space::trust::Check;
use lexiscope::analysis::space::weat::{Sets, Weat};
use lexiscope::rows::Rows;
use lexiscope::source::vectors::{Opening, Vectors};
use lexiscope::trace::Control;
use linfa::traits::Fit;
use serde_json::Value;
use std::path::Path;

fn expected() -> Value {
    serde_json::from_str(include_str!("data/geometry.json")).expect("valid JSON")
}

/// The words and vectors of `../shared`, where they are.
fn glove(test: &str) -> Option<(Vec<String>, Rows)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/vectors/glove.twitter.25d.subset.txt");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("{test}: skipped, {} is absent", path.display());
        return None;
    };
    let (mut words, mut values) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let mut parts = line.split(' ');
        words.push(parts.next().expect("a word").to_owned());
        values.extend(parts.map(|x| x.parse::<f32>().expect("a number")));
    }
    Some((words, Rows::new(values, 25).expect("whole rows")))
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number")).collect()
}

/// Fails unless all values are equal within `within` of the largest expected one.
#[track_caller]
fn assert_near(found: &[f64], wanted: &[f64], within: f64, what: &str) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    let size = wanted.iter().fold(0f64, |most, x| most.max(x.abs()));
    for (i, (x, y)) in found.iter().zip(wanted).enumerate() {
        assert!((x - y).abs() <= within * size, "{what} {i}: {x} instead of {y}");
    }
}

/// Holds the components of `rows` against those of scikit-learn.
fn assert_components(rows: &Rows, wanted: &Value, what: &str) {
    let control = Control::default();
    let found = Pca::of(rows, &control).expect("components");
    for (x, y) in found.variances.iter().zip(numbers(&wanted["variances"])) {
        assert!((x / y - 1.0).abs() < 1e-5, "{what}: variance {x} instead of {y}");
    }
    assert_near(&found.ratios(), &numbers(&wanted["ratios"]), 1e-5, what);
    assert_near(&found.mean, &numbers(&wanted["mean"]), 1e-6, what);
    let directions = wanted["components"].as_array().expect("components");
    for (k, (direction, wanted)) in found.components.iter().zip(directions).enumerate() {
        assert_near(direction, &numbers(wanted), 1e-4, &format!("{what}: component {k}"));
    }
    let shown: Vec<usize> = (0..directions.len()).collect();
    let scores = found.scores(rows, &shown, &control).expect("scores");
    let column = |k: usize| -> Vec<f32> { scores.iter().map(|row| row[k]).collect() };
    let some = wanted["scores"].as_array().expect("scores");
    for (i, row) in some.iter().enumerate() {
        let found: Vec<f64> = scores.row(i).iter().map(|x| f64::from(*x)).collect();
        assert_near(&found, &numbers(row), 1e-4, &format!("{what}: row {i}"));
    }
    // All rows, by the mean of their sizes and of their cubes.
    let mean =
        |k: usize, f: &dyn Fn(f64) -> f64| column(k).iter().map(|x| f(f64::from(*x))).sum::<f64>() / rows.len() as f64;
    let sizes: Vec<f64> = shown.iter().map(|&k| mean(k, &f64::abs)).collect();
    assert_near(&sizes, &numbers(&wanted["sizes"]), 1e-5, what);
    let cubes: Vec<f64> = shown.iter().map(|&k| mean(k, &|x| x.powi(3))).collect();
    let largest = sizes.iter().fold(0f64, |most, x| most.max(*x)).powi(3);
    for (x, y) in cubes.iter().zip(numbers(&wanted["cubes"])) {
        assert!((x - y).abs() < 1e-4 * largest, "{what}: {x} instead of {y}");
    }
    let ranks: Vec<f64> = (1..=rows.len()).map(|i| i as f64).collect();
    for k in shown {
        let ends = Ends::of(&column(k), 10);
        let list = |name: &str| numbers(&wanted[name][k]).into_iter().map(|i| i as usize).collect::<Vec<_>>();
        assert_eq!((ends.low, ends.high), (list("low"), list("high")), "{what}: component {k}");
        let found = with_log(&column(k), &ranks).expect("both vary");
        let (pearson, spearman) = (&wanted["pearson"][k], &wanted["spearman"][k]);
        assert!((found.pearson - pearson.as_f64().expect("a number")).abs() < 1e-5, "{what}: component {k}");
        assert!((found.spearman - spearman.as_f64().expect("a number")).abs() < 1e-5, "{what}: component {k}");
    }
}

#[test]
fn principal_components_are_those_of_scikit_learn() {
    let wanted = &expected()["pca"];
    assert_components(&cloud(1, 200, 6), &wanted["tall"], "tall");
    assert_components(&cloud(2, 12, 30), &wanted["wide"], "wide");
    assert_components(&cloud(3, 50_000, 100), &wanted["large"], "large");
}

#[test]
fn principal_components_of_word_vectors_are_those_of_scikit_learn() {
    let Some((_, rows)) = glove("principal_components_of_word_vectors") else { return };
    assert_eq!(rows.len(), 11_925);
    assert_components(&rows, &expected()["pca"]["glove"], "glove");
}

/// Its basis alone: linfa divides variances by the number of components.
#[test]
fn principal_components_are_those_of_linfa() {
    for (rows, count) in [(cloud(4, 300, 8), 8), (cloud(5, 2000, 20), 3)] {
        let values = rows.values().iter().map(|x| f64::from(*x)).collect();
        let values = ndarray::Array2::from_shape_vec((rows.len(), rows.width()), values).expect("whole rows");
        let wanted = linfa_reduction::Pca::params(count).fit(&linfa::Dataset::from(values)).expect("components");
        let found = Pca::of(&rows, &Control::default()).expect("components");
        for (k, (direction, variance)) in found.components.iter().zip(&found.variances).take(count).enumerate() {
            let same: f64 = direction.iter().zip(wanted.components().row(k)).map(|(x, y)| x * y).sum();
            assert!((same.abs() - 1.0).abs() < 1e-6, "component {k}: {same}");
            let theirs = wanted.singular_values()[k].powi(2) / (rows.len() - 1) as f64;
            assert!((variance / theirs - 1.0).abs() < 1e-5, "component {k}: {variance} and {theirs}");
        }
    }
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

/// The values of the first rows, as the lists of `make_geometry.py` have them.
fn first(rows: &Rows, count: usize) -> Vec<Vec<f64>> {
    rows.iter().take(count).map(|row| row.iter().map(|x| f64::from(*x)).collect()).collect()
}

#[track_caller]
fn assert_rows(found: &Rows, wanted: &Value, within: f64, what: &str) {
    let wanted: Vec<Vec<f64>> = wanted.as_array().expect("rows").iter().map(numbers).collect();
    let found = first(found, wanted.len());
    assert_near(&found.concat(), &wanted.concat(), within, what);
}

/// These dimensions of a cloud.
fn columns(rows: &Rows, of: std::ops::Range<usize>) -> Rows {
    Rows::new(rows.iter().flat_map(|row| row[of.clone()].to_vec()).collect(), of.len()).expect("whole rows")
}

fn singles(values: &[f32]) -> Vec<f64> {
    values.iter().map(|x| f64::from(*x)).collect()
}

/// Holds what a map keeps against scikit-learn's figures.
fn assert_trust(space: &Rows, map: &Rows, metric: Metric, wanted: &Value, what: &str) {
    let control = Control::default();
    let k = number(&wanted["k"]) as usize;
    let check = Check { metric, k, ..Check::default() };
    let found = check.of(space, map, None, &control).expect("not stopped").expect("some points");
    assert!(found.is_exact() && found.points == space.len() && found.k == k);
    assert!((found.share_kept() - number(&wanted["kept"])).abs() < 1e-4, "{what}: {}", found.share_kept());
    let trust = found.trustworthiness();
    assert!((trust - number(&wanted["trustworthiness"])).abs() < 1e-4, "{what}: {trust}");
    let continuity = found.continuity();
    assert!((continuity - number(&wanted["continuity"])).abs() < 1e-4, "{what}: {continuity}");
    let each = numbers(&wanted["each"]);
    let equal = singles(&found.kept).iter().zip(&each).filter(|(x, y)| (*x - *y).abs() < 1e-6).count();
    // In single precision two neighbours may lie equally far.
    assert!(equal + 2 >= each.len(), "{what}: {equal} of {}", each.len());
    // A graph that is there already changes nothing, and a sample little.
    let graph = Index::new(space, metric).graph(k + 2, &control).expect("not stopped");
    assert_eq!(check.of(space, map, Some(&graph), &control).expect("not stopped").as_ref(), Some(&found));
    let sample = Check { exact: 0, sample: space.len() / 2, seed: 3, ..check };
    let sample = sample.of(space, map, None, &control).expect("not stopped").expect("some points");
    assert!(!sample.is_exact() && sample.asked.len() == space.len() / 2);
    assert!((sample.trustworthiness() - trust).abs() < 0.03 && (sample.share_kept() - found.share_kept()).abs() < 0.05);
    for (i, row) in sample.asked.iter().enumerate() {
        assert_eq!((sample.kept[i], sample.missing[i]), (found.kept[*row], found.missing[*row]), "{what}: {row}");
    }
}

#[test]
fn what_a_map_keeps_is_what_scikit_learn_says() {
    let wanted = &expected()["trust"];
    let space = cloud(6, 400, 6);
    assert_trust(&space, &columns(&space, 0..2), Metric::Cosine, &wanted["cosine"], "cosine");
    assert_trust(&space, &columns(&space, 3..6), Metric::Euclidean, &wanted["euclidean"], "euclidean");
    let few = cloud(7, 20, 3);
    assert_trust(&few, &columns(&few, 0..2), Metric::Euclidean, &wanted["few"], "few");
}

#[test]
fn what_a_map_of_word_vectors_keeps_is_what_scikit_learn_says() {
    let Some((_, rows)) = glove("what_a_map_of_word_vectors_keeps") else { return };
    let wanted = &expected()["trust"];
    assert_trust(&rows, &columns(&rows, 0..2), Metric::Cosine, &wanted["glove"], "glove");
    let control = Control::default();
    let map = Pca::of(&rows, &control).expect("components").scores(&rows, &[0, 1], &control).expect("a map");
    assert_trust(&rows, &map, Metric::Cosine, &wanted["glove_pca"], "glove_pca");
}

#[test]
fn maps_of_little_or_broken_rows_are_held_against_what_is_there() {
    let control = Control::default();
    let space = cloud(7, 20, 3);
    let map = columns(&space, 0..2);
    let whole = Check::default().of(&space, &map, None, &control).expect("not stopped").expect("some points");
    // A row that is no number in the space, and one on the map, count as if they were not there.
    let mut values = space.values().to_vec();
    values.splice(6..6, [f32::NAN, 1.0, 2.0, 1.0, 1.0, 1.0]);
    let mut places = map.values().to_vec();
    places.splice(4..4, [0.5, 0.5, 1.0, f32::INFINITY]);
    let (broken, holed) = (Rows::new(values, 3).expect("whole rows"), Rows::new(places, 2).expect("whole rows"));
    let found = Check::default().of(&broken, &holed, None, &control).expect("not stopped").expect("some points");
    assert_eq!((found.points, &found.kept, &found.falseness), (20, &whole.kept, &whole.falseness));
    assert_eq!(found.asked[..3], [0, 1, 4]);
    // Fewer points than neighbours asked: all others are neighbours, and the map keeps them all.
    let three = Check::default().of(&space.picked(&[0, 1, 2]), &map.picked(&[0, 1, 2]), None, &control);
    let three = three.expect("not stopped").expect("some points");
    assert_eq!((three.k, three.share_kept(), three.trustworthiness(), three.random()), (2, 1.0, 1.0, 1.0));
    let one = Check::default().of(&space.picked(&[0]), &map.picked(&[0]), None, &control).expect("not stopped");
    assert!(one.is_none());
    let equal = Rows::new(vec![1.0; 40], 2).expect("twenty points");
    assert!(Check::default().of(&space, &equal, None, &control).expect("not stopped").is_some());
    assert!(Check::default().of(&space, &map.picked(&[0]), None, &control).is_err());
}

#[test]
fn axes_are_those_of_numpy() {
    let (control, wanted) = (Control::default(), &expected()["axes"]);
    let rows = cloud(8, 100, 7);
    let poles = Poles::Sets(vec![0, 5, 9, 33], vec![2, 4, 71]);
    let pairs = Poles::Pairs(vec![(0, 2), (5, 4), (9, 71), (33, 34)]);
    for (poles, wanted) in [(&poles, &wanted["sets"]), (&pairs, &wanted["pairs"])] {
        let found = Axis::of(&rows, poles).expect("an axis");
        assert_near(&found.direction, &numbers(&wanted["direction"]), 1e-6, "direction");
        assert!((found.strength - number(&wanted["strength"])).abs() < 1e-6, "{}", found.strength);
        let but: Vec<f64> = stability(&rows, poles).expect("an axis").into_iter().flatten().collect();
        assert_near(&but, &numbers(&wanted["stability"]), 1e-6, "stability");
        // Axes of random words: as many above the axis as its chance says.
        let all: Vec<usize> = (0..rows.len()).collect();
        let chance = Chance::of(&rows, poles, &all, 500, 1, &control).expect("random axes");
        let above = chance.strengths.iter().filter(|s| **s >= found.strength).count();
        assert!((chance.p - (1 + above) as f64 / 501.0).abs() < 1e-12 && chance.strengths.is_sorted());
        assert_eq!(chance, Chance::of(&rows, poles, &all, 500, 1, &control).expect("the same"));
        assert!(Chance::of(&rows, poles, &all[..6], 500, 1, &control).is_err());
    }
    let places = Axis::of(&rows, &poles).expect("an axis").places(&rows, &control).expect("places");
    assert_near(&singles(&places[..20]), &numbers(&wanted["sets"]["places"]), 1e-6, "places");
}

#[test]
fn association_tests_are_those_of_the_definition() {
    let (control, wanted) = (Control::default(), &expected()["axes"]);
    let rows = cloud(8, 100, 7);
    let sets = Sets { x: &[1, 2, 3, 4, 5], y: &[11, 12, 13, 14, 15], a: &[20, 21, 22], b: &[30, 31, 32, 33] };
    let uneven = Sets { x: &[1, 2, 3], a: &[20], b: &[30, 31], ..sets };
    for (sets, wanted) in [(sets, &wanted["weat"]), (uneven, &wanted["weat_uneven"])] {
        let found = Weat::of(&rows, sets, 0, &control).expect("a test");
        assert_near(&found.associations, &numbers(&wanted["associations"]), 1e-6, "associations");
        assert!((found.effect - number(&wanted["effect"])).abs() < 1e-6, "{}", found.effect);
        assert!(found.exact && found.partitions as f64 == number(&wanted["partitions"]));
        assert!((found.p - number(&wanted["p"])).abs() < 1e-12, "{}", found.p);
    }
}

#[test]
fn what_leaks_back_is_what_scikit_learn_finds() {
    let (control, wanted) = (Control::default(), &expected()["axes"]["leak"]);
    let rows = cloud(9, 300, 5);
    let direction = singles(cloud(10, 1, 5).row(0));
    let axis = Axis::along(&direction).expect("an axis");
    let rest = reject(&rows, &[&axis.direction], &control).expect("a rest");
    assert_rows(&rest, &wanted["rest"], 1e-6, "rest");
    let places = axis.places(&rows, &control).expect("places");
    let found = Leak::of(&rows, &rest, &places, 40, 10, &control).expect("two ends");
    let words: Vec<f64> = found.ends.low.iter().chain(&found.ends.high).map(|i| *i as f64).collect();
    assert_eq!(words, numbers(&wanted["words"]));
    for (found, wanted) in [(found.before, &wanted["before"]), (found.after, &wanted["after"])] {
        assert!((found.accuracy - number(&wanted["accuracy"])).abs() < 1e-9, "{found:?}");
        assert!((found.neighbours - number(&wanted["neighbours"])).abs() < 2e-3, "{found:?}");
    }
}

fn assert_findings(rows: &Rows, wanted: &Value) -> Findings {
    let ranks: Vec<f64> = (1..=rows.len()).map(|i| i as f64).collect();
    let found = examine(rows, Some(&ranks), 0, &Control::default()).expect("findings");
    assert!((found.cosine.expect("pairs") - number(&wanted["cosine"])).abs() < 1e-6);
    assert!((found.participation / number(&wanted["participation"]) - 1.0).abs() < 1e-5);
    let frequency = found.frequency.expect("both vary");
    assert!((frequency.pearson - number(&wanted["pearson"])).abs() < 1e-6);
    assert!((frequency.spearman - number(&wanted["spearman"])).abs() < 1e-6);
    let hubs = found.hubs.as_ref().expect("neighbours");
    assert!(!hubs.is_sample && (hubs.skewness - number(&wanted["skewness"])).abs() < 2e-3, "{}", hubs.skewness);
    assert!((hubs.nobodys().len() as f64 - number(&wanted["nobodys"])).abs() <= 1.0);
    let most: Vec<Vec<f64>> = hubs.most(10).iter().map(|(i, n)| vec![*i as f64, f64::from(*n)]).collect();
    assert_eq!(most, wanted["most"].as_array().expect("words").iter().map(numbers).collect::<Vec<_>>());
    found
}

#[test]
fn what_ails_a_space_is_what_scipy_finds() {
    assert_findings(&cloud(6, 400, 6), &expected()["doctor"]["cloud"]);
}

#[test]
fn what_ails_word_vectors_is_what_scipy_finds() {
    let Some((words, rows)) = glove("what_ails_word_vectors") else { return };
    let found = assert_findings(&rows, &expected()["doctor"]["glove"]);
    assert_eq!(words[found.hubs.expect("neighbours").most(1)[0].0], "there");
    assert!(found.equal.is_empty() && found.zeros.is_empty() && found.not_finite.is_empty());
}

#[test]
fn cures_are_those_of_scikit_learn() {
    let (control, wanted) = (Control::default(), &expected()["cures"]);
    let rows = cloud(1, 200, 6);
    for (cure, name) in [(Cure::Centre, "centred"), (Cure::WithoutTop(2), "without_top"), (Cure::Whiten, "white")] {
        assert_rows(&cure.of(&rows, &control).expect("a cure"), &wanted[name], 1e-5, name);
    }
}

/// Spearman's correlation of the cosine with the pairs of WordSim-353.
#[test]
fn cures_help_word_vectors_as_much_as_they_should() {
    let Some((words, rows)) = glove("cures_help_word_vectors") else { return };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/vectors/wordsim353.tsv");
    let text = std::fs::read_to_string(path).expect("the pairs lie beside the vectors");
    let number_of = |word: &str| words.iter().position(|w| *w == word.to_lowercase());
    let pairs: Vec<(usize, usize, f64)> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut parts = line.split('\t');
            let (a, b) = (number_of(parts.next()?)?, number_of(parts.next()?)?);
            Some((a, b, parts.next()?.trim().parse().ok()?))
        })
        .collect();
    let wanted = &expected()["similarity"];
    assert_eq!(pairs.len() as f64, number(&wanted["pairs"]));
    let control = Control::default();
    let gold: Vec<f64> = pairs.iter().map(|p| p.2).collect();
    let score = |rows: &Rows| {
        let index = Index::new(rows, Metric::Cosine);
        let cosines: Vec<f64> = pairs.iter().map(|p| f64::from(index.score(rows.row(p.0), p.1))).collect();
        lexiscope::analysis::space::correlation::correlation(&cosines, &gold).expect("both vary").spearman
    };
    let cured = |cure: Cure| score(&cure.of(&rows, &control).expect("a cure"));
    let found = [score(&rows), cured(Cure::Centre), cured(Cure::WithoutTop(2)), cured(Cure::WithoutTop(3))];
    for (found, wanted) in found.iter().zip(numbers(&wanted["raw_centred_two_three"])) {
        assert!((found - wanted).abs() < 1e-4, "{found} instead of {wanted}");
    }
    // Lengths do not change a cosine.
    assert!((cured(Cure::Unit) - found[0]).abs() < 1e-6);
}

#[test]
fn spaces_are_turned_onto_each_other_as_scipy_does_it() {
    let (control, wanted) = (Control::default(), &expected()["spaces"]);
    let (left, own) = (cloud(11, 150, 8), cloud(12, 150, 8));
    let signs = [1.0, -1.0, 1.0, 1.0, -1.0, 1.0, -1.0, -1.0];
    let right = left.iter().zip(&own).flat_map(|(row, own)| {
        let turned = row.iter().rev().zip(signs).zip(own);
        turned.map(|((x, s), o)| (f64::from(*x) * s + f64::from(*o) / 2.0) as f32).collect::<Vec<f32>>()
    });
    let right = Rows::new(right.collect(), 8).expect("whole rows");
    let narrow = columns(&right, 0..5);
    let prepared = How { centre: true, unit: true, ..How::default() };
    let reduced = How { centre: true, widths: Widths::Reduce, ..How::default() };
    for (right, how, name) in [
        (&right, How::default(), "plain"),
        (&right, prepared, "prepared"),
        (&narrow, How::default(), "padded"),
        (&narrow, reduced, "reduced"),
    ] {
        let (found, wanted) = (Aligned::of(&left, right, how, &control).expect("a rotation"), &wanted[name]);
        assert!((found.scale / number(&wanted["scale"]) - 1.0).abs() < 1e-5, "{name}: {}", found.scale);
        assert!((found.error / number(&wanted["error"]) - 1.0).abs() < 1e-4, "{name}: {}", found.error);
        assert_near(&singles(&found.residuals[..20]), &numbers(&wanted["residuals"]), 1e-5, name);
        assert_rows(&found.left, &wanted["turned"], 1e-5, name);
    }
    for (right, name) in [(&right, "alignment"), (&narrow, "alignment_narrow")] {
        let found = procrustes::alignment(&left, right, &control).expect("not stopped").expect("both vary");
        assert!((found - number(&wanted[name])).abs() < 1e-6, "{name}: {found}");
    }
    let found = Overlap::of(&left, &right, Check::default(), &control).expect("not stopped").expect("some words");
    assert!((found.mean() - number(&wanted["overlap"])).abs() < 1e-3, "{}", found.mean());
    assert_near(&singles(&found.each[..20]), &numbers(&wanted["overlap_each"]), 1e-6, "overlap");
}

#[test]
fn diffusion_maps_are_those_of_numpy() {
    let (control, wanted) = (Control::default(), &expected()["diffusion"]);
    for (rows, scale, steps, name) in [(cloud(13, 60, 4), 3.0, 2, "small"), (cloud(14, 900, 3), 0.5, 1, "large")] {
        let asked = Diffusion { dims: 3, steps, scale: Some(scale), seed: 2, budget: 10_000_000 };
        let found = asked.of(&rows, &control).expect("a map");
        assert_near(&found.values, &numbers(&wanted[name]["values"]), 1e-6, name);
        assert_rows(&found.places, &wanted[name]["places"], 1e-4, name);
    }
}

#[test]
fn the_command_line_compares_two_spaces_as_scipy_does() {
    let (a, own, signs) = (cloud(11, 150, 8), cloud(12, 150, 8), [1.0, -1.0, 1.0, 1.0, -1.0, 1.0, -1.0, -1.0]);
    let b = a.iter().zip(&own).flat_map(|(row, own)| {
        let turned = row.iter().rev().zip(signs).zip(own);
        turned.map(|((x, s), o)| (f64::from(*x) * s + f64::from(*o) / 2.0) as f32).collect::<Vec<f32>>()
    });
    let b = Rows::new(b.collect(), 8).expect("whole rows");
    let folder = tempfile::tempdir().expect("a folder");
    // The second file has the words in another order, and one that the first lacks.
    let write = |name: &str, rows: &Rows, order: Vec<usize>, more: &str| {
        let row = |i: &usize| rows.row(*i).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let lines: Vec<String> = order.iter().map(|i| format!("w{i} {}\n", row(i))).collect();
        let path = folder.path().join(name);
        let count = order.len() + more.lines().count();
        std::fs::write(&path, format!("{count} {}\n{}{more}", rows.width(), lines.concat())).expect("it is written");
        path.to_string_lossy().into_owned()
    };
    let first = write("b.vec", &b, (0..150).collect(), "");
    let second = write("a.vec", &a, (0..150).rev().collect(), "other 1 2 3 4 5 6 7 8\n");
    let out = folder.path().join("turned.npz").to_string_lossy().into_owned();
    let run = |args: &[&str]| {
        let output =
            std::process::Command::new(env!("CARGO_BIN_EXE_lexiscope")).args(args).output().expect("it starts");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let wanted = &expected()["spaces"];
    for (more, name) in [(&["--plain"][..], "plain"), (&[], "prepared")] {
        let args = ["vectors", &first, "compare", &second, "--json", "--top", "150", "--out", &out];
        let (code, stdout, stderr) = run(&[&args[..], more].concat());
        assert_eq!(code, Some(0), "{stderr}");
        let found: Value = serde_json::from_str(&stdout).expect("JSON");
        let near = |found: &Value, wanted: &Value, within: f64| {
            let (found, wanted) = (found.as_f64().expect("a number"), wanted.as_f64().expect("a number"));
            assert!((found - wanted).abs() <= within * wanted.abs(), "{name}: {found} is not {wanted}");
        };
        assert_eq!(found["shared"], 150);
        near(&found["error"], &wanted[name]["error"], 1e-4);
        near(&found["kernel_alignment"], &wanted["alignment"], 1e-5);
        near(&found["neighbours"]["overlap"], &wanted["overlap"], 2e-3);
        near(&found["neighbours"]["chance"], &serde_json::json!(15.0 / 149.0), 1e-12);
        let residual = |word: &str| {
            let list = found["moved"].as_array().expect("a list");
            let entry = list.iter().find(|entry| entry["word"] == word).expect("every word is listed");
            entry["residual"].as_f64().expect("a number")
        };
        let residuals: Vec<f64> = (0..20).map(|i| residual(&format!("w{i}"))).collect();
        assert_near(&residuals, &numbers(&wanted[name]["residuals"]), 1e-5, name);
        let turned = Vectors::open(Path::new(&out), &Opening::default(), &Control::default());
        let turned = turned.expect("it was written");
        let rows: Vec<usize> = (0..5).map(|i| turned.words.find(format!("w{i}").as_bytes()).expect("a word")).collect();
        assert_rows(&turned.rows.picked(&rows), &wanted[name]["turned"], 1e-5, name);
    }
    let (code, text, _) = run(&["vectors", &first, "compare", &second, "--top", "2"]);
    assert!(code == Some(0) && text.contains("shared      150 of 150 and 151"), "{text}");
}
