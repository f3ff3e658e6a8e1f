//! Sums over the dimensions of one or two vectors, in several partial sums: the compiler turns them into vector
//! instructions, and they round less than one running sum.

const LANES: usize = 16;

/// The dot product in single precision: for looking at everything once.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    single(a, b, |x, y| x * y)
}

/// The squared distance in single precision.
pub(super) fn square(a: &[f32], b: &[f32]) -> f32 {
    single(a, b, |x, y| (x - y) * (x - y))
}

#[inline]
fn single(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [0f32; LANES];
    let (xs, ys) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = xs.remainder().iter().zip(ys.remainder()).map(|(&x, &y)| f(x, y)).sum();
    for (x, y) in xs.zip(ys) {
        for ((lane, &x), &y) in lanes.iter_mut().zip(x).zip(y) {
            *lane += f(x, y);
        }
    }
    lanes.iter().sum::<f32>() + rest
}

/// The dot product in double precision: for what is shown.
pub(super) fn exact_dot(a: &[f32], b: &[f32]) -> f64 {
    double(a, b, |x, y| x * y)
}

/// The distance in double precision.
pub(super) fn distance(a: &[f32], b: &[f32]) -> f64 {
    double(a, b, |x, y| (x - y) * (x - y)).sqrt()
}

/// The length in double precision.
pub(super) fn length(a: &[f32]) -> f64 {
    exact_dot(a, a).sqrt()
}

#[inline]
fn double(a: &[f32], b: &[f32], f: impl Fn(f64, f64) -> f64) -> f64 {
    let mut lanes = [0f64; LANES / 2];
    let (xs, ys) = (a.chunks_exact(LANES / 2), b.chunks_exact(LANES / 2));
    let rest: f64 = xs.remainder().iter().zip(ys.remainder()).map(|(&x, &y)| f(x.into(), y.into())).sum();
    for (x, y) in xs.zip(ys) {
        for ((lane, &x), &y) in lanes.iter_mut().zip(x).zip(y) {
            *lane += f(x.into(), y.into());
        }
    }
    lanes.iter().sum::<f64>() + rest
}

/// The cosine in double precision; NaN where one of the vectors is zero.
pub(super) fn cosine(a: &[f32], b: &[f32]) -> f64 {
    (exact_dot(a, b) / (length(a) * length(b))).clamp(-1.0, 1.0)
}
