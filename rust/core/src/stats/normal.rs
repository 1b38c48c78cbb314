//! The normal distribution and its inverse, from the error function of the `libm` crate: the same bits on every machine.

use std::f64::consts::{PI, SQRT_2};

/// Φ(z).
pub fn cdf(z: f64) -> f64 {
    libm::erfc(-z / SQRT_2) / 2.0
}

/// The z with Φ(z) = p; ∓∞ at 0 and 1, NaN outside.
///
/// Abramowitz & Stegun 26.2.23 (error below 4.5e-4), then two steps of Halley's method, each of which cubes the error.
pub fn inverse(p: f64) -> f64 {
    if p > 0.5 {
        return -inverse(1.0 - p);
    }
    if p <= 0.0 || p.is_nan() {
        return if p == 0.0 { f64::NEG_INFINITY } else { f64::NAN };
    }
    let t = (-2.0 * libm::log(p)).sqrt();
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let below = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    halley(halley(above / below - t, p), p)
}

fn halley(z: f64, p: f64) -> f64 {
    let density = libm::exp(-z * z / 2.0) / (2.0 * PI).sqrt();
    let u = (cdf(z) - p) / density;
    z - u / (1.0 + z * u / 2.0)
}

#[cfg(test)]
mod tests {
    use super::{cdf, inverse};

    #[test]
    fn the_inverse_is_that_of_tables() {
        let known = [
            (0.5, 0.0),
            (0.975, 1.959_963_984_540_054),
            (0.025, -1.959_963_984_540_054),
            (1e-10, -6.361_340_902_404_056),
        ];
        for (p, z) in known {
            assert!((inverse(p) - z).abs() < 1e-14 * (1.0 + z.abs()), "{p}: {}", inverse(p));
        }
        assert_eq!((inverse(0.0), inverse(1.0)), (f64::NEG_INFINITY, f64::INFINITY));
        assert!(inverse(-0.1).is_nan() && inverse(f64::NAN).is_nan());
    }

    #[test]
    fn the_inverse_undoes_the_distribution() {
        for i in 1..1000 {
            let p = f64::from(i) / 1000.0;
            assert!((cdf(inverse(p)) - p).abs() < 1e-15);
        }
    }
}
