//! The name that somebody may have meant.

/// The one of `names` that takes the fewest changes of a letter to become `name`, unless it takes too many.
pub(super) fn closest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let most = name.chars().count().div_ceil(2);
    let by_distance = names.map(|other| (distance(name, other), other)).min();
    by_distance.filter(|(distance, _)| *distance <= most).map(|(_, other)| other)
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = corner + usize::from(x != *y);
            corner = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_name_is_the_one_with_the_fewest_changes() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        let names = ["lstm.weight_ih_l0", "decoder.weight", "embedding.weight"];
        assert_eq!(closest("lstm.weights_ih_l0", names.into_iter()), Some("lstm.weight_ih_l0"));
        assert_eq!(closest("x", names.into_iter()), None);
    }
}
