//! Words for values: counts, times, sizes, choices.

use super::EN;
use crate::analysis::filter::Combine;
use crate::analysis::meaning::Meaning;

/// `template` with each `{}` replaced, in order.
pub fn fill(template: &str, parts: &[&str]) -> String {
    let mut out = String::with_capacity(template.len() + 16);
    let mut parts = parts.iter();
    for (i, text) in template.split("{}").enumerate() {
        if i > 0 {
            out.push_str(parts.next().copied().unwrap_or_default());
        }
        out.push_str(text);
    }
    out
}

/// What a meaning is called.
pub fn meaning(meaning: Meaning) -> &'static str {
    match meaning {
        Meaning::Raw => EN.meaning_raw,
        Meaning::Scores => EN.meaning_scores,
        Meaning::Norm => EN.meaning_norm,
        Meaning::Gradient => EN.meaning_gradient,
        Meaning::Rollout => EN.meaning_rollout,
    }
}

/// What a meaning is, in one sentence.
pub fn meaning_tip(meaning: Meaning) -> &'static str {
    match meaning {
        Meaning::Raw => EN.meaning_raw_tip,
        Meaning::Scores => EN.meaning_scores_tip,
        Meaning::Norm => EN.meaning_norm_tip,
        Meaning::Gradient => EN.meaning_gradient_tip,
        Meaning::Rollout => EN.meaning_rollout_tip,
    }
}

/// What a way to combine heads is called.
pub fn combine(how: Combine) -> &'static str {
    match how {
        Combine::Mean => EN.combine_mean,
        Combine::Sum => EN.combine_sum,
        Combine::Max => EN.combine_max,
    }
}

/// A time as people read it.
pub fn millis(ms: f64) -> String {
    if ms < 10.0 {
        format!("{ms:.1} ms")
    } else if ms < 1000.0 {
        format!("{ms:.0} ms")
    } else {
        format!("{:.1} s", ms / 1000.0)
    }
}

/// Bytes as people read them.
pub fn bytes(n: u64) -> String {
    match n {
        0..1_000 => format!("{n} B"),
        1_000..1_000_000 => format!("{} kB", n / 1_000),
        1_000_000..1_000_000_000 => format!("{:.1} MB", n as f64 / 1e6),
        _ => format!("{:.2} GB", n as f64 / 1e9),
    }
}

/// A number with three significant digits and a real minus.
pub fn number(x: f32) -> String {
    if !x.is_finite() {
        return x.to_string();
    }
    let text = if x == 0.0 {
        "0".to_owned()
    } else if !(1e-3..1e5).contains(&x.abs()) {
        format!("{x:.2e}")
    } else {
        let before = x.abs().log10().floor() as i32;
        format!("{x:.*}", (2 - before).max(0) as usize)
    };
    text.replace('-', "\u{2212}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(number(0.123_456), "0.123");
        assert_eq!(number(-12.345), "\u{2212}12.3");
        assert_eq!(number(1234.5), "1234");
        assert_eq!(number(1e-9), "1.00e\u{2212}9");
        assert_eq!(millis(20.6), "21 ms");
        assert_eq!(fill("{} of {}", &["1", "2"]), "1 of 2");
    }
}
