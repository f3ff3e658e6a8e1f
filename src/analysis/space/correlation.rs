//! How two measures go together over words: Pearson's and Spearman's coefficient.

/// How two columns of numbers go together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Correlation {
    /// Pearson's coefficient, -1 to 1.
    pub pearson: f64,
    /// Spearman's: Pearson's of the ranks, equal values sharing their mean rank.
    pub spearman: f64,
    /// How many pairs of finite numbers there were.
    pub n: usize,
}

/// The correlation of `x` and `y`, place by place; places where one of them is not finite are left out. `None` where one
/// of them does not vary.
pub fn correlation(x: &[f64], y: &[f64]) -> Option<Correlation> {
    let both = x.iter().zip(y).filter(|(x, y)| x.is_finite() && y.is_finite());
    let (x, y): (Vec<f64>, Vec<f64>) = both.map(|(x, y)| (*x, *y)).unzip();
    Some(Correlation { pearson: pearson(&x, &y)?, spearman: pearson(&ranks(&x), &ranks(&y))?, n: x.len() })
}

/// Pearson's coefficient of columns of one length.
fn pearson(x: &[f64], y: &[f64]) -> Option<f64> {
    let n = x.len() as f64;
    let (mx, my) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in x.iter().zip(y) {
        let (x, y) = (x - mx, y - my);
        xx += x * x;
        yy += y * y;
        xy += x * y;
    }
    let varies = |values: &[f64], sum: f64| sum > 0.0 && values.iter().any(|v| *v != values[0]);
    (varies(x, xx) && varies(y, yy)).then(|| (xy / (xx.sqrt() * yy.sqrt())).clamp(-1.0, 1.0))
}

/// The rank of each value from 1 on; equal ones share their mean rank.
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&i, &j| values[i].total_cmp(&values[j]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    for group in order.chunk_by(|&i, &j| values[i] == values[j]) {
        let shared = start as f64 + (group.len() + 1) as f64 / 2.0;
        for &i in group {
            ranks[i] = shared;
        }
        start += group.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_their_rank() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, -2.0, 3.0]), [4.0, 2.0, 4.0, 1.0, 4.0]);
        assert_eq!(ranks(&[0.0, -0.0]), [1.5, 1.5]);
    }

    #[test]
    fn what_does_not_vary_goes_with_nothing() {
        assert_eq!(correlation(&[1.0, 2.0], &[5.0, 5.0]), None);
        assert_eq!(correlation(&[], &[]), None);
        // The mean of three times 0.1 is not 0.1.
        assert_eq!(correlation(&[0.1; 3], &[1.0, 2.0, 3.0]), None);
        assert_eq!(correlation(&[1.0, f64::NAN], &[1.0, 2.0]), None);
    }
}
