//! Axes as they are typed: `man, boy : woman, girl`, pairs as in `man : woman, king : queen`, or a formula.

use super::{Axis, Poles};
use crate::analysis::space::formula::Formula;
use crate::analysis::space::lexicon::{Lexicon, Missing};
use crate::error::{Error, Result};

/// An axis with what it was made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Typed {
    /// The axis.
    pub axis: Axis,
    /// The words of its poles that are in the vocabulary; of a formula none.
    pub poles: Option<Poles>,
    /// The words of its poles that are not.
    pub missing: Vec<Missing>,
}

impl Typed {
    /// Reads an axis: two sets of words, commas between the words and a colon between the sets; or pairs, commas between
    /// them and a colon in each; or a formula ([`Formula`]), along whose vector the axis lies. One word to either side of
    /// one colon are two sets. A word with a comma, a colon or a quote stands in quotes: `\"` and `\\` stand for `"` and
    /// `\` there. Words that are not in the vocabulary are left out, with the other word of their pair; a set of which
    /// none is there is an error, so are pairs of which none is whole, and a formula with such a word.
    pub fn read(text: &str, lexicon: &Lexicon<'_>) -> Result<Self> {
        if !has_colon(text) {
            let value = Formula::parse(text)?.value(&Lexicon { unit: true, ..*lexicon })?;
            let vector: Vec<f64> = value.vector.iter().map(|x| f64::from(*x)).collect();
            return Ok(Self { axis: Axis::along(&vector)?, poles: None, missing: Vec::new() });
        }
        let sides = split(text)?;
        let mut missing = Vec::new();
        let poles = if let [from, to] = sides.as_slice() {
            let mut known = |words: &[String]| -> Result<Vec<usize>> {
                let (rows, unknown) = rows(words, lexicon);
                if rows.is_empty() {
                    let why = why(&unknown);
                    return Err(Error::input(format!("the axis `{text}` has a set without a known word: {why}")));
                }
                missing.extend(unknown);
                Ok(rows)
            };
            Poles::Sets(known(from)?, known(to)?)
        } else {
            let pairs = paired(&sides).ok_or_else(|| {
                let says = "has more than two sets of words; pairs are written `man : woman, king : queen`";
                Error::input(format!("the axis `{text}` {says}"))
            })?;
            let mut known: Vec<(usize, usize)> = Vec::new();
            for pair in &pairs {
                match (rows(&pair[..1], lexicon), rows(&pair[1..], lexicon)) {
                    ((from, _), (to, _)) if !from.is_empty() && !to.is_empty() => {
                        known.extend(Some((from[0], to[0])).filter(|pair| !known.contains(pair)));
                    }
                    ((_, from), (_, to)) => missing.extend(from.into_iter().chain(to)),
                }
            }
            if known.is_empty() {
                let why = why(&missing);
                return Err(Error::input(format!("the axis `{text}` has no pair of known words: {why}")));
            }
            Poles::Pairs(known)
        };
        Ok(Self { axis: Axis::of(lexicon.rows, &poles)?, poles: Some(poles), missing })
    }

    /// What stands at either end of an axis as it is typed: its words, or nothing and the formula.
    pub fn ends(text: &str) -> [String; 2] {
        let sides = if has_colon(text) { split(text).unwrap_or_default() } else { Vec::new() };
        match (sides.as_slice(), paired(&sides)) {
            ([from, to], _) => [from.join(", "), to.join(", ")],
            (_, Some(pairs)) => [0, 1].map(|i| pairs.iter().map(|p| p[i].as_str()).collect::<Vec<_>>().join(", ")),
            _ => [String::new(), text.trim().to_owned()],
        }
    }

    /// The words of an axis as it is typed that cannot be used, each once; none where it is not well formed.
    pub fn unknown(text: &str, lexicon: &Lexicon<'_>) -> Vec<Missing> {
        let words = if has_colon(text) {
            split(text).unwrap_or_default().concat()
        } else {
            let formula = Formula::parse(text).ok();
            formula.iter().flat_map(|f| f.words()).map(|(word, _)| word.to_owned()).collect()
        };
        rows(&words, lexicon).1
    }
}

/// Words with commas between them, those with a comma, a colon or a quote in quotes.
pub fn list(text: &str) -> Result<Vec<String>> {
    match split(text)?.as_mut_slice() {
        [words] => Ok(std::mem::take(words)),
        _ => Err(Error::input(format!("`{text}` has a colon: words stand with commas between them"))),
    }
}

/// Pairs of words, commas between them and a colon in each; none of an empty text.
pub fn pairs(text: &str) -> Result<Vec<[String; 2]>> {
    let sides = split(text)?;
    if sides.iter().all(Vec::is_empty) {
        return Ok(Vec::new());
    }
    paired(&sides).ok_or_else(|| Error::input(format!("`{text}` are no pairs, such as `man : woman, king : queen`")))
}

/// A word as an axis has it: in quotes where it would not be read as one.
pub fn quoted(word: &str) -> String {
    let is_plain = list(word).is_ok_and(|words| words == [word])
        && Formula::parse(word).is_ok_and(|f| f.words().iter().map(|(w, _)| *w).eq([word]));
    if is_plain { word.to_owned() } else { format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"")) }
}

/// The rows of words, each once, and the words that have none.
pub fn rows(words: &[String], lexicon: &Lexicon<'_>) -> (Vec<usize>, Vec<Missing>) {
    let lexicon = Lexicon { unit: true, make: None, ..*lexicon };
    let (mut rows, mut missing): (Vec<usize>, Vec<Missing>) = (Vec::new(), Vec::new());
    for word in words {
        match lexicon.find(word) {
            Ok(entry) => rows.extend(entry.row.filter(|row| !rows.contains(row))),
            Err(why) if !missing.contains(&why) => missing.push(why),
            Err(_) => {}
        }
    }
    (rows, missing)
}

/// Why words cannot be used.
fn why(missing: &[Missing]) -> String {
    let why: Vec<String> = missing.iter().map(ToString::to_string).collect();
    if why.is_empty() { "it is empty".to_owned() } else { why.join("; ") }
}

/// The pairs that colons and commas make: one word before the first colon and one after the last, two between others.
fn paired(sides: &[Vec<String>]) -> Option<Vec<[String; 2]>> {
    let last = sides.len().checked_sub(1).filter(|last| *last > 0)?;
    let is_whole = |(i, side): (usize, &Vec<String>)| side.len() == if i == 0 || i == last { 1 } else { 2 };
    if !sides.iter().enumerate().all(is_whole) {
        return None;
    }
    let words = sides.concat();
    Some(words.as_chunks::<2>().0.to_vec())
}

/// Whether there is a colon outside quotes.
fn has_colon(text: &str) -> bool {
    let (mut quoted, mut letters) = (false, text.chars());
    while let Some(letter) = letters.next() {
        match letter {
            ':' if !quoted => return true,
            '"' => quoted = !quoted,
            '\\' if quoted => drop(letters.next()),
            _ => {}
        }
    }
    false
}

/// The words of each side of the colons.
fn split(text: &str) -> Result<Vec<Vec<String>>> {
    let mut sides = vec![Vec::new()];
    let (mut word, mut quoted) = (String::new(), false);
    let mut letters = text.chars();
    let mut end = |word: &mut String, quoted: &mut bool, next: bool| {
        let whole = if *quoted { std::mem::take(word) } else { std::mem::take(word).trim().to_owned() };
        if let Some(side) = sides.last_mut()
            && (*quoted || !whole.is_empty())
        {
            side.push(whole);
        }
        *quoted = false;
        if next {
            sides.push(Vec::new());
        }
    };
    while let Some(letter) = letters.next() {
        match letter {
            ',' | ':' => end(&mut word, &mut quoted, letter == ':'),
            '"' if word.trim().is_empty() && !quoted => {
                word.clear();
                quoted = true;
                loop {
                    match letters.next() {
                        Some('"') => break,
                        Some('\\') => word.extend(letters.next()),
                        Some(other) => word.push(other),
                        None => return Err(Error::input(format!("a quote in the axis `{text}` does not end"))),
                    }
                }
            }
            // After a quoted word there is only space before the next sign.
            _ if quoted && letter.is_whitespace() => {}
            _ if quoted => return Err(Error::input(format!("the axis `{text}` lacks a comma after a quoted word"))),
            _ => word.push(letter),
        }
    }
    end(&mut word, &mut quoted, false);
    Ok(sides)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Rows;
    use crate::source::vectors::Words;

    #[test]
    fn sets_are_split_at_commas_and_a_colon() {
        let found = split(" man, new york ,, \"a, \\\"b\\\"\" : woman").expect("two sets");
        assert_eq!(found, [vec!["man", "new york", "a, \"b\""], vec!["woman"]]);
        assert_eq!(split("\":)\" : \" \"").expect("two sets"), [vec![":)"], vec![" "]]);
        assert_eq!(split("a:b:c").expect("three sets").len(), 3);
        assert!(has_colon("\":\" : a") && !has_colon("\"\\\": \" - b"));
        assert!(split("\"a : b").is_err() && split("\"a\" b : c").is_err());
    }

    #[test]
    fn an_axis_without_a_known_word_is_an_error() {
        let words: Words = ["man", "woman", "king", "zero"].into_iter().collect();
        let rows = Rows::new(vec![1.0, 0.0, 0.0, 2.0, 3.0, 3.0, 0.0, 0.0], 2).expect("four rows");
        let lexicon = Lexicon { words: &words, rows: &rows, make: None, unit: false };
        let found = Typed::read("man, mann : woman, woman", &lexicon).expect("an axis");
        assert_eq!(found.poles, Some(Poles::Sets(vec![0], vec![1])));
        assert_eq!(found.missing.iter().map(|m| m.word.as_str()).collect::<Vec<_>>(), ["mann"]);
        let half = 0.5f64.sqrt();
        assert!((found.axis.direction[0] + half).abs() < 1e-9 && (found.axis.direction[1] - half).abs() < 1e-9);
        // A formula takes words as gensim does, at length 1.
        let formula = Typed::read("woman - \"man\"", &lexicon).expect("an axis");
        assert!((formula.axis.cosine(&found.axis) - 1.0).abs() < 1e-6 && formula.poles.is_none());
        for (wrong, says) in [
            ("kin, zero : woman", "`kin` is not in the vocabulary; nearest spellings: king"),
            ("man :", "it is empty"),
            ("man : woman : king", "more than two sets"),
            ("man : kin, kin : king", "has no pair of known words: `kin` is not in the vocabulary"),
            ("queeen - man", "`queeen` (character 1) is not in the vocabulary"),
            ("man : man", "do not differ"),
        ] {
            let error = Typed::read(wrong, &lexicon).expect_err(wrong).to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn pairs_have_a_colon_each() {
        let words: Words = ["man", "woman", "king", "queen", "boy", "girl"].into_iter().collect();
        let values = vec![1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0];
        let rows = Rows::new(values, 3).expect("six rows");
        let lexicon = Lexicon { words: &words, rows: &rows, make: None, unit: false };
        let found = Typed::read("man : woman, king : queen, boy : girll, man: woman", &lexicon).expect("an axis");
        let poles = Poles::Pairs(vec![(0, 1), (2, 3)]);
        assert_eq!(found.axis, Axis::of(&rows, &poles).expect("the same from rows"));
        assert_eq!(found.poles, Some(poles));
        assert_eq!(found.missing.iter().map(|m| m.word.as_str()).collect::<Vec<_>>(), ["girll"]);
        assert_eq!(Typed::ends("man : woman, king : queen"), ["man, king", "woman, queen"]);
        assert_eq!(Typed::ends("man, boy: woman"), ["man, boy", "woman"]);
        assert_eq!(Typed::ends(" king - man "), ["", "king - man"]);
        let unknown = |text| Typed::unknown(text, &lexicon).into_iter().map(|m| m.word).collect::<Vec<_>>();
        assert_eq!(unknown("mann, man, mann : gril"), ["mann", "gril"]);
        assert_eq!(unknown("kng - man"), ["kng"]);
        assert_eq!(pairs("a : b").expect("a pair"), [["a", "b"]]);
        assert_eq!(pairs(" ").expect("nothing"), Vec::<[String; 2]>::new());
        assert!(pairs("a, b : c").is_err() && pairs("a").is_err() && list("a : b").is_err());
        assert_eq!(list("a, \"b, c\"").expect("two words"), ["a", "b, c"]);
        for word in ["a", "new york", "a:b", "say \"x\"", "well-known", "\\"] {
            assert_eq!(list(&quoted(word)).expect("one word"), [word]);
        }
    }
}
