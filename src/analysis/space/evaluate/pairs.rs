//! Pairs of words that people gave a number for how alike they are.

use super::{How, lines};
use crate::analysis::space::correlation::{correlation, ranks};
use crate::analysis::space::vector;
use crate::error::{Error, Result};
use crate::rows::Rows;
use crate::source::vectors::Words;

/// A set of pairs, as a file has them.
#[derive(Debug, Clone, PartialEq)]
pub struct Pairs {
    /// What it is called.
    pub name: String,
    /// Each pair with its line and its number.
    pub pairs: Vec<(usize, [String; 2], f64)>,
    /// Lines that are no pair.
    pub skipped: Vec<usize>,
}

/// How a space did on a set of pairs.
#[derive(Debug, Clone, PartialEq)]
pub struct PairScore {
    /// What the set is called.
    pub name: String,
    /// Pearson's correlation of people's numbers with cosines; NaN where one of them does not vary.
    pub pearson: f64,
    /// Spearman's.
    pub spearman: f64,
    /// Pairs with an unknown word, in percent of all.
    pub oov: f64,
    /// The pairs that were compared.
    pub points: Vec<Point>,
    /// The others, with their lines.
    pub unknown: Vec<(usize, [String; 2])>,
}

/// A pair that was compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The line of the file.
    pub line: usize,
    /// The words as the file has them.
    pub words: [String; 2],
    /// Their rows; `None` where one is unknown and counts as unlike.
    pub rows: Option<[usize; 2]>,
    /// People's number.
    pub gold: f64,
    /// The cosine.
    pub model: f64,
    /// How far people's number is above the line through all points (least squares of `gold` on `model`), in the unit of
    /// that number; NaN where there is no line.
    pub residual: f64,
    /// How much higher the pair stands in people's order than in that of the space, as a share of all pairs, -1 to 1: the
    /// difference of the two ranks, of which Spearman's correlation is made. 0 for a pair on the line of equal ranks.
    pub gap: f64,
}

impl Pairs {
    /// Reads lines of two words and a number, with tabs between them; where there is no tab in the file commas, and where
    /// there are none either blanks. Lines that begin with `#` are comments. The number is the first one after the two
    /// words, so that other columns may stand around it; a line without one, such as a head, is skipped.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let all = || lines(text).filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let has = |c: char| all().any(|(_, line)| line.contains(c));
        let split: fn(&str) -> Vec<&str> = if has('\t') {
            |line| line.split('\t').collect()
        } else if has(',') {
            |line| line.split(',').collect()
        } else {
            |line| line.split_whitespace().collect()
        };
        let (mut pairs, mut skipped) = (Vec::new(), Vec::new());
        for (number, line) in all() {
            let fields = split(line);
            let gold =
                fields.iter().skip(2).find_map(|field| field.trim().parse::<f64>().ok().filter(|x| x.is_finite()));
            match (&fields[..], gold) {
                (&[a, b, ..], Some(gold)) => pairs.push((number, [a.to_owned(), b.to_owned()], gold)),
                _ => skipped.push(number),
            }
        }
        if pairs.is_empty() {
            return Err(Error::input(format!("{name}: no line has two words and a number")));
        }
        Ok(Self { name: name.to_owned(), pairs, skipped })
    }

    /// How well the cosines of a space agree. A vector of zeros has cosine 0 to any other; one with NaN or infinity is not
    /// known. An error where no pair is known.
    pub fn score(&self, words: &Words, rows: &Rows, how: How) -> Result<PairScore> {
        let known = how.vocabulary(words);
        let find = |word: &String| {
            let row = known.get(&how.folded(word)).copied();
            row.filter(|&row| vector::length(rows.row(row)).is_finite())
        };
        let (mut points, mut unknown) = (Vec::new(), Vec::new());
        for (line, pair, gold) in &self.pairs {
            let found = find(&pair[0]).zip(find(&pair[1])).map(|(a, b)| [a, b]);
            if found.is_none() {
                unknown.push((*line, pair.clone()));
                if !how.unknown_is_wrong {
                    continue;
                }
            }
            let cosine = found.map_or(0.0, |[a, b]| vector::cosine(rows.row(a), rows.row(b)));
            let model = if cosine.is_nan() { 0.0 } else { cosine };
            points.push(Point {
                line: *line,
                words: pair.clone(),
                rows: found,
                gold: *gold,
                model,
                residual: f64::NAN,
                gap: 0.0,
            });
        }
        if points.is_empty() {
            let (name, count) = (&self.name, self.pairs.len());
            return Err(Error::input(format!("{name}: none of its {count} pairs has both words in the vocabulary")));
        }
        add_residuals(&mut points);
        let (gold, model): (Vec<f64>, Vec<f64>) = points.iter().map(|p| (p.gold, p.model)).unzip();
        for ((point, people), space) in points.iter_mut().zip(ranks(&gold)).zip(ranks(&model)) {
            point.gap = (people - space) / gold.len() as f64;
        }
        let found = correlation(&gold, &model);
        Ok(PairScore {
            name: self.name.clone(),
            pearson: found.map_or(f64::NAN, |c| c.pearson),
            spearman: found.map_or(f64::NAN, |c| c.spearman),
            oov: unknown.len() as f64 / self.pairs.len() as f64 * 100.0,
            points,
            unknown,
        })
    }
}

fn add_residuals(points: &mut [Point]) {
    let count = points.len() as f64;
    let mean = |of: fn(&Point) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (gold, model) = (mean(|p| p.gold), mean(|p| p.model));
    let both: f64 = points.iter().map(|p| (p.gold - gold) * (p.model - model)).sum();
    let spread: f64 = points.iter().map(|p| (p.model - model).powi(2)).sum();
    if spread > 0.0 {
        for p in points {
            p.residual = p.gold - gold - both / spread * (p.model - model);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_every_kind_are_read() {
        let read = |text: &str| Pairs::parse("p", text).expect("pairs");
        let wanted = vec![(3, ["a".to_owned(), "b c".to_owned()], 1.5), (5, ["d".to_owned(), "e".to_owned()], -2.0)];
        let tabs = read("# a comment\nword1\tword2\tnumber\na\tb c\t1.5\r\nonly\tone\nd\te\t-2\n");
        assert_eq!((tabs.pairs, tabs.skipped), (wanted, vec![2, 4]));
        let more = read("\u{feff}a\tb\tN\t1.5\t7\n");
        assert_eq!((&more.pairs[0].1, more.pairs[0].2), (&["a".to_owned(), "b".to_owned()], 1.5));
        assert_eq!(read("Word 1,Word 2,Human\na,b,1e1\n").pairs[0].2, 10.0);
        assert_eq!(read("sun-n sunlight-n  50.0\n").pairs[0].1, ["sun-n", "sunlight-n"]);
        assert!(Pairs::parse("p", "a b\nnan nan nan\n").is_err());
        assert!(Pairs::parse("p", "").is_err());
    }

    #[test]
    fn residuals_are_what_a_line_leaves() {
        let words: Words = ["a", "b", "c", "zero", "bad"].into_iter().collect();
        let rows = Rows::new(vec![1.0, 0.0, 0.0, 1.0, 3.0, 4.0, 0.0, 0.0, f32::NAN, 0.0], 2).expect("rows");
        let text = "A\tb\t1\nA\tc\t5\nb\tc\t5\na\tzero\t2\na\tbad\t9\na\twhat\t9\n";
        let score = Pairs::parse("p", text).expect("pairs").score(&words, &rows, How::default()).expect("known");
        let model: Vec<f64> = score.points.iter().map(|p| p.model).collect();
        assert!(model.iter().zip([0.0, 0.6, 0.8, 0.0]).all(|(m, w)| (m - w).abs() < 1e-12), "{model:?}");
        // By hand: slope 2.45 / 0.51 through the means 0.35 and 3.25.
        let line = |x: f64| 3.25 + 2.45 / 0.51 * (x - 0.35);
        for point in &score.points {
            assert!((point.residual - (point.gold - line(point.model))).abs() < 1e-9, "{point:?}");
        }
        // Ranks by hand: of 1, 5, 5, 2 they are 1, 3.5, 3.5, 2; of 0, 0.6, 0.8, 0 they are 1.5, 3, 4, 1.5.
        let gaps: Vec<f64> = score.points.iter().map(|p| p.gap).collect();
        assert_eq!(gaps, [-0.125, 0.125, -0.125, 0.125]);
        assert_eq!(score.unknown.iter().map(|u| u.0).collect::<Vec<_>>(), [5, 6]);
        assert!((score.oov - 100.0 / 3.0).abs() < 1e-12);
        let how = How { unknown_is_wrong: true, ..How::default() };
        let score = Pairs::parse("p", text).expect("pairs").score(&words, &rows, how).expect("known");
        assert_eq!((score.points.len(), score.points[5].model, score.points[5].rows), (6, 0.0, None));
        let how = How { fold: false, ..How::default() };
        assert_eq!(Pairs::parse("p", text).expect("pairs").score(&words, &rows, how).expect("known").points.len(), 2);
    }
}
