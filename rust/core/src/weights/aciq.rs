//! ACIQ: the clip that would be best if the values were Gaussian or Laplacian.
//!
//! Source: Banner, Nahshan & Soudry, "Post training 4-bit quantization of convolutional networks for rapid
//! deployment", `NeurIPS` 2019, with their noise term α²/(3·4^M). For clip α = a·σ (Gauss) or a·b (Laplace,
//! b = E|x − mean|):
//!
//! - Gauss: MSE/σ² = (1 + a²)(1 − erf(a/√2)) − √(2/π)·a·e^(−a²/2) + a²/(3·4^M)
//! - Laplace: MSE/b² = 2e^(−a) + a²/(3·4^M)
//!
//! Each is convex with one minimum, found by bisection on the derivative. Limit: real weights are neither; see
//! [`super::clip`] for the clip that is best for the values at hand.

use std::f64::consts::{FRAC_2_PI, SQRT_2};
use std::sync::OnceLock;

use crate::weights::clip::BITS;

/// The assumed family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant is its own name")]
pub enum Family {
    Gauss,
    Laplace,
}

impl Family {
    /// Mean squared error at clip `a`, in units of the squared scale.
    pub fn error(self, a: f64, bits: u32) -> f64 {
        let rounding = a * a / noise(bits);
        match self {
            Self::Gauss => {
                (1.0 + a * a) * libm::erfc(a / SQRT_2) - FRAC_2_PI.sqrt() * a * (-a * a / 2.0).exp() + rounding
            }
            Self::Laplace => 2.0 * (-a).exp() + rounding,
        }
    }

    fn slope(self, a: f64, bits: u32) -> f64 {
        let rounding = 2.0 * a / noise(bits);
        match self {
            Self::Gauss => 2.0 * a * libm::erfc(a / SQRT_2) - 2.0 * FRAC_2_PI.sqrt() * (-a * a / 2.0).exp() + rounding,
            Self::Laplace => rounding - 2.0 * (-a).exp(),
        }
    }

    /// The clip of least error, in units of σ (Gauss) or b (Laplace); `bits` in 2…8.
    pub fn best(self, bits: u32) -> f64 {
        static TABLE: OnceLock<[[f64; 2]; 9]> = OnceLock::new();
        let table = TABLE.get_or_init(|| {
            std::array::from_fn(|bits| [Self::Gauss, Self::Laplace].map(|family| family.root(bits as u32)))
        });
        table[bits.clamp(*BITS.start(), *BITS.end()) as usize][self as usize]
    }

    fn root(self, bits: u32) -> f64 {
        let (mut low, mut high) = (0.0, 64.0);
        for _ in 0..80 {
            let middle = 0.5 * (low + high);
            if self.slope(middle, bits) < 0.0 { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    }
}

/// 3·4^M
fn noise(bits: u32) -> f64 {
    3.0 * f64::from(4u32.pow(bits))
}

/// The family whose least error is smaller for values of deviation `std` and mean distance `mean_abs_dev`.
pub fn family(std: f64, mean_abs_dev: f64, bits: u32) -> Family {
    let least = |family: Family, scale: f64| scale * scale * family.error(family.best(bits), bits);
    if least(Family::Laplace, mean_abs_dev) < least(Family::Gauss, std) { Family::Laplace } else { Family::Gauss }
}

#[cfg(test)]
#[allow(clippy::unreadable_literal, reason = "digits as printed in the paper")]
mod tests {
    use super::*;

    const GAUSS: [f64; 7] = [1.71063520, 2.15159284, 2.55913650, 2.93620062, 3.28691456, 3.61511400, 3.92403455];
    const LAPLACE: [f64; 7] = [2.83068302, 3.89722948, 5.02864016, 6.20476631, 7.41312618, 8.64561998, 9.89675977];

    #[test]
    fn minimisers_are_those_of_the_paper() {
        // The published table was found by a numerical search and is right to seven digits.
        const SEVEN_DIGITS: f64 = 3e-7;
        for (bits, (gauss, laplace)) in BITS.zip(GAUSS.into_iter().zip(LAPLACE)) {
            assert!((Family::Gauss.best(bits) / gauss - 1.0).abs() < SEVEN_DIGITS, "Gauss, {bits} bits");
            assert!((Family::Laplace.best(bits) / laplace - 1.0).abs() < SEVEN_DIGITS, "Laplace, {bits} bits");
        }
    }

    #[test]
    fn the_family_with_less_error_is_chosen() {
        assert_eq!(family(1.0, FRAC_2_PI.sqrt(), 4), Family::Gauss); // b of a true Gaussian
        assert_eq!(family(SQRT_2, 1.0, 4), Family::Gauss.min_for_laplace());
    }

    impl Family {
        /// A true Laplacian (σ = √2·b): whichever formula is smaller, computed the long way.
        fn min_for_laplace(self) -> Self {
            let gauss = 2.0 * self.error(GAUSS[2], 4);
            if Self::Laplace.error(LAPLACE[2], 4) < gauss { Self::Laplace } else { Self::Gauss }
        }
    }
}
