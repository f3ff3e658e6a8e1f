//! Nested JSON lists of numbers as one block with a shape, read as a stream: `attentions[layer][head][query][key]`.

use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};
use std::fmt;

/// Lists nested deeper than this are no tensor.
const DEEPEST: usize = 8;

/// Numbers under way, with the shape that they have so far.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Nested {
    /// The name under which errors speak of it.
    name: String,
    /// The length of each axis, known once its first list has ended.
    shape: Vec<Option<usize>>,
    /// The lists that surround every number, known once the first number was read.
    depth: Option<usize>,
    /// Where the next number stands.
    at: Vec<usize>,
    values: Vec<f32>,
    /// The most numbers that are kept.
    most: u64,
}

impl Nested {
    /// Nothing yet; at most `most` numbers are kept.
    pub fn new(name: &str, most: u64) -> Self {
        Self { name: name.to_owned(), most, ..Self::default() }
    }

    /// The shape and the numbers, row-major.
    pub fn finish(self) -> (Vec<usize>, Vec<f32>) {
        (self.shape.into_iter().map(Option::unwrap_or_default).collect(), self.values)
    }

    /// The place of the next number as a person writes it.
    fn place(&self) -> String {
        let at: Vec<String> = self.at.iter().map(ToString::to_string).collect();
        if at.is_empty() { format!("`{}`", self.name) } else { format!("`{}`[{}]", self.name, at.join(", ")) }
    }

    fn number(&mut self, value: f64) -> Result<(), String> {
        match self.depth {
            None => self.depth = Some(self.at.len()),
            Some(depth) if depth == self.at.len() => {}
            Some(depth) => {
                return Err(format!(
                    "{} is a number after {} lists; the first number is inside {depth}",
                    self.place(),
                    self.at.len()
                ));
            }
        }
        if self.values.len() as u64 >= self.most {
            return Err(format!(
                "`{}` has more than the {} numbers that the memory budget allows",
                self.name, self.most
            ));
        }
        self.values.push(value as f32);
        Ok(())
    }

    fn open(&mut self) -> Result<(), String> {
        if self.at.len() >= DEEPEST {
            return Err(format!("{} is nested more than {DEEPEST} deep: it is no tensor", self.place()));
        }
        if self.depth.is_some_and(|depth| self.at.len() >= depth) {
            return Err(format!("{} is a list, where others are numbers", self.place()));
        }
        if self.shape.len() == self.at.len() {
            self.shape.push(None);
        }
        self.at.push(0);
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        let found = self.at.pop().unwrap_or_default();
        match self.shape[self.at.len()] {
            None => self.shape[self.at.len()] = Some(found),
            Some(size) if size == found => {}
            Some(size) => {
                return Err(format!("{} has {found} entries, where the first such list has {size}", self.place()));
            }
        }
        Ok(())
    }

    fn next(&mut self) {
        if let Some(last) = self.at.last_mut() {
            *last += 1;
        }
    }
}

impl<'de> DeserializeSeed<'de> for &mut Nested {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Nested {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to be a number or a list of numbers", self.place())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.number(value).map_err(E::custom)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.number(value as f64).map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.number(value as f64).map_err(E::custom)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        // JSON has no word for what is not a number.
        self.number(f64::NAN).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        self.open().map_err(A::Error::custom)?;
        while seq.next_element_seed(&mut *self)?.is_some() {
            self.next();
        }
        self.close().map_err(A::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(Vec<usize>, Vec<f32>), String> {
        let mut nested = Nested::new("a", 8);
        let mut json = serde_json::Deserializer::from_str(text);
        (&mut nested).deserialize(&mut json).and_then(|()| json.end()).map_err(|e| e.to_string())?;
        Ok(nested.finish())
    }

    #[test]
    fn lists_are_a_block_with_a_shape() {
        assert_eq!(read("[[1, 2.5, -3e-1], [4, 5, 6]]"), Ok((vec![2, 3], vec![1.0, 2.5, -0.3, 4.0, 5.0, 6.0])));
        assert_eq!(read("[]"), Ok((vec![0], vec![])));
        assert_eq!(read("7"), Ok((vec![], vec![7.0])));
        let (shape, values) = read("[null]").expect("it is read, and refused by whoever wants a number");
        assert!(shape == [1] && values[0].is_nan());
    }

    #[test]
    fn what_is_ragged_is_named() {
        for (text, says) in [
            ("[[1, 2], [3]]", "`a`[1] has 1 entries, where the first such list has 2"),
            ("[[1], 2]", "`a`[1] is a number after 1 lists; the first number is inside 2"),
            ("[1, [2]]", "`a`[1] is a list, where others are numbers"),
            ("[[], [1]]", "`a`[1] has 1 entries, where the first such list has 0"),
            ("[1, 2, \"x\"]", "expected `a`[2] to be a number"),
            ("[1, {}]", "expected `a`[1] to be a number"),
            ("[[[[[[[[[1]]]]]]]]]", "nested more than 8 deep"),
            ("[1,2,3,4,5,6,7,8,9]", "more than the 8 numbers"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains(says), "`{error}` does not say `{says}`");
        }
    }
}
