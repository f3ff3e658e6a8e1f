//! How weights follow gradients.

use super::plan::Method;

/// The share of the running mean of squares that stays in RMSProp.
const KEPT: f32 = 0.95;
/// Adam's two shares.
const FIRST: f32 = 0.9;
const SECOND: f32 = 0.999;
/// Keeps divisions from exploding.
const SMALL: f32 = 1e-8;

/// What a method remembers of earlier gradients, in the order of the parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Optimizer {
    method: Method,
    /// Steps that were made.
    pub(super) steps: u64,
    /// Running means of gradients (Adam), and of their squares (both).
    pub(super) means: [Vec<f32>; 2],
}

impl Optimizer {
    /// One for so many parameters.
    pub fn new(method: Method, parameters: usize) -> Self {
        let of = |is_used: bool| vec![0.0; if is_used { parameters } else { 0 }];
        Self { method, steps: 0, means: [of(method == Method::Adam), of(method != Method::Sgd)] }
    }

    /// Begins a step, and gives its number from 1 on.
    pub fn begin(&mut self) -> u64 {
        self.steps += 1;
        self.steps
    }

    /// Moves parameters against their gradients; `first` is the place of the first of them among all.
    pub fn apply(&mut self, weights: &mut [f32], gradients: &[f32], first: usize, rate: f32) {
        let n = weights.len();
        match self.method {
            Method::Sgd => weights.iter_mut().zip(gradients).for_each(|(w, g)| *w -= rate * g),
            Method::Rmsprop => {
                let squares = &mut self.means[1][first..first + n];
                for ((w, g), v) in weights.iter_mut().zip(gradients).zip(squares) {
                    *v = KEPT * *v + (1.0 - KEPT) * g * g;
                    *w -= rate * g / (v.sqrt() + SMALL);
                }
            }
            Method::Adam => {
                let [means, squares] = &mut self.means;
                let power = self.steps.min(1 << 30) as i32;
                let (one, two) = (1.0 - FIRST.powi(power), 1.0 - SECOND.powi(power));
                let both = means[first..first + n].iter_mut().zip(&mut squares[first..first + n]);
                for ((w, g), (m, v)) in weights.iter_mut().zip(gradients).zip(both) {
                    *m = FIRST * *m + (1.0 - FIRST) * g;
                    *v = SECOND * *v + (1.0 - SECOND) * g * g;
                    *w -= rate * (*m / one) / ((*v / two).sqrt() + SMALL);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_those_of_the_formulas() {
        let run = |method| {
            let mut optimizer = Optimizer::new(method, 3);
            let mut w = [1.0f32, 2.0];
            for g in [[0.5f32, -1.0], [0.25, 2.0]] {
                optimizer.begin();
                optimizer.apply(&mut w, &g, 1, 0.1);
            }
            w
        };
        // torch.optim.SGD, RMSprop(alpha=0.95) and Adam with the same gradients: torch 2.15.0.
        for (method, wanted) in [
            (Method::Sgd, [0.925_f32, 1.9]),
            (Method::Rmsprop, [0.348_662_32, 2.045_198_4]),
            (Method::Adam, [0.806_782_07, 2.063_389_5]),
        ] {
            let found = run(method);
            assert!(found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-5), "{method:?}: {found:?} {wanted:?}");
        }
    }
}
