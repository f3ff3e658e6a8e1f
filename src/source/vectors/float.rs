//! Decimal numbers as the nearest `f32`, fast.

/// Powers of ten that an `f64` holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// Whether a byte stands between the fields of a line.
pub fn is_gap(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// The number at the beginning of `text`, up to a gap or the end, and how many bytes it takes. Correctly rounded.
pub fn scan(text: &[u8]) -> Option<(f32, usize)> {
    let digit = |i: usize| text.get(i).map(|b| b.wrapping_sub(b'0')).filter(|d| *d < 10);
    let negative = text.first() == Some(&b'-');
    let start = usize::from(negative || text.first() == Some(&b'+'));
    let mut at = start;
    let mut number = 0u64;
    while let Some(d) = digit(at) {
        number = number.wrapping_mul(10).wrapping_add(d.into());
        at += 1;
    }
    let mut digits = at - start;
    let mut exponent = 0;
    if text.get(at) == Some(&b'.') {
        at += 1;
        let from = at;
        while let Some(d) = digit(at) {
            number = number.wrapping_mul(10).wrapping_add(d.into());
            at += 1;
        }
        digits += at - from;
        exponent = -((at - from) as i64);
    }
    if digits > 0 && matches!(text.get(at), Some(b'e' | b'E')) {
        at += 1;
        let down = text.get(at) == Some(&b'-');
        at += usize::from(down || text.get(at) == Some(&b'+'));
        let from = at;
        let mut power = 0i64;
        while let Some(d) = digit(at) {
            power = (power * 10 + i64::from(d)).min(1 << 20);
            at += 1;
        }
        // `1e` is no number, and `slow` says so.
        digits = if at == from { 0 } else { digits };
        exponent += if down { -power } else { power };
    }
    let ends = text.get(at).is_none_or(|b| is_gap(*b));
    // 18 digits fit in the number without wrapping.
    if ends
        && (1..=18).contains(&digits)
        && let Some(value) = exact(number, exponent)
    {
        return Some((if negative { -value } else { value }, at));
    }
    slow(text)
}

/// `number * 10^exponent` as the nearest `f32`, where one rounded operation on `f64` finds it.
fn exact(number: u64, exponent: i64) -> Option<f32> {
    if number > 1 << 53 {
        return None;
    }
    let power = *POWERS.get(exponent.unsigned_abs() as usize)?;
    let value = if exponent < 0 { number as f64 / power } else { number as f64 * power };
    // The f64 is the nearest to the true value, so it lies on the same side of every boundary between two f32 as that
    // does, unless it is a boundary itself.
    let is_boundary = value.to_bits() & 0x1fff_ffff == 0x1000_0000;
    let is_normal = (f64::from(f32::MIN_POSITIVE)..1e38).contains(&value) || value == 0.0;
    (is_normal && !is_boundary).then_some(value as f32)
}

/// What is rare: many digits, large exponents, `nan`, `inf`.
#[cold]
fn slow(text: &[u8]) -> Option<(f32, usize)> {
    let end = text.iter().position(|b| is_gap(*b)).unwrap_or(text.len());
    let value = std::str::from_utf8(&text[..end]).ok()?.parse().ok()?;
    Some((value, end))
}

/// The number that `text` is as a whole.
pub fn parse(text: &[u8]) -> Option<f32> {
    scan(text).filter(|(_, length)| *length == text.len()).map(|found| found.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sequence that is the same every time (Marsaglia's xorshift).
    fn random(state: &mut u64) -> u64 {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state
    }

    #[test]
    fn every_way_to_write_a_number_is_read() {
        for text in ["0", "-0", "0.0", "-0.25", "+1.5", ".5", "5.", "1e5", "1E-3", "-2.5e+2", "nan", "-inf", "Infinity"]
        {
            let wanted: f32 = text.parse().expect(text);
            let found = parse(text.as_bytes()).expect(text);
            assert!(found.to_bits() == wanted.to_bits() || (found.is_nan() && wanted.is_nan()), "{text}: {found}");
        }
        for text in ["", "-", ".", "e5", "1e", "1e+", "1,5", "0x1", "1.2.3", "--1", "word", "1_0", "１"] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(scan(b"1.5 2"), Some((1.5, 3)));
        assert_eq!(scan(b"-1\t2"), Some((-1.0, 2)));
        assert_eq!(scan(b"nan 2").map(|found| found.1), Some(3));
    }

    #[test]
    fn numbers_are_rounded_as_the_standard_library_rounds_them() {
        let mut state = 88_172_645_463_325_252;
        for i in 0..300_000u32 {
            let bits = random(&mut state);
            let text = match i % 4 {
                // Any f32 with as many digits as it needs, and with fewer and more.
                0 => format!("{}", f32::from_bits(bits as u32)),
                1 => format!("{:e}", f32::from_bits(bits as u32)),
                2 => format!("{:.*}", (bits % 20) as usize, (bits >> 20) as f64 / 1e12 - 8.0),
                // Half-way between two f32: the case in which rounding twice goes wrong.
                _ => {
                    let x = f32::from_bits(0x3f00_0000 | (bits as u32 & 0x00ff_ffff));
                    let middle = f64::midpoint(x.into(), f32::from_bits(x.to_bits() + 1).into());
                    format!("{:.*}", (bits >> 40) as usize % 12 + 8, middle)
                }
            };
            let wanted: f32 = text.parse().expect("a number");
            let found = parse(text.as_bytes()).unwrap_or_else(|| panic!("{text} is a number"));
            assert!(found.to_bits() == wanted.to_bits() || wanted.is_nan(), "{text}: {found:e} and not {wanted:e}");
        }
    }
}
