//! Draws from distributions other than the uniform, of the same bits on every machine.
//!
//! Poisson(1) by inversion of its cumulative distribution in units of 2⁻⁶⁴; exponentials by the logarithm of the `libm`
//! crate; gammas by Marsaglia & Tsang (ACM TOMS 2000), exact rejection from normals; binomials by inversion where the mean is small and by Hörmann's transformed rejection
//! (BTRS, J. Stat. Comput. Simul. 1993) elsewhere.

use super::stream::Stream;
use super::ziggurat::normal;

/// An exponential of mean 1.
pub fn exponential(stream: &mut Stream) -> f64 {
    -libm::log(stream.unit())
}

/// ⌊2⁶⁴ P(X ≤ k)⌋ of a Poisson(1), from Σ 1/k! in integers of 128 bits.
const POISSON_ONE: [u64; 20] = poisson_one_table();

const fn poisson_one_table() -> [u64; 20] {
    // 2⁶⁴/e, of which 64 further bits are kept.
    const OVER_E: u128 = 0x5e2d_58d8_b3bc_df1a_bade_c782_9054_f90d;
    let mut table = [0; 20];
    let (mut term, mut sum, mut k) = (OVER_E, 0_u128, 0);
    while k < 20 {
        sum += term;
        table[k] = (sum >> 64) as u64;
        term /= k as u128 + 1;
        k += 1;
    }
    table
}

/// A Poisson of mean 1, at most 20 (beyond which its chance is below 2⁻⁶⁴).
#[inline]
pub fn poisson_one(stream: &mut Stream) -> f64 {
    let word = stream.word();
    let mut k = 0;
    while k < POISSON_ONE.len() && word >= POISSON_ONE[k] {
        k += 1;
    }
    k as f64
}

/// Gammas of a shape of at least 1 and scale 1.
#[derive(Clone, Copy, Debug)]
pub struct Gamma {
    d: f64,
    c: f64,
}

impl Gamma {
    /// Those of this shape.
    pub fn new(shape: f64) -> Self {
        let d = shape - 1.0 / 3.0;
        Self { d, c: 1.0 / (9.0 * d).sqrt() }
    }

    /// One of them.
    #[inline]
    pub fn draw(self, stream: &mut Stream) -> f64 {
        let Self { d, c } = self;
        loop {
            let z = normal(stream);
            let root = 1.0 + c * z;
            if root > 0.0 {
                let v = root * root * root;
                let u = stream.unit();
                let z2 = z * z;
                if u < 1.0 - 0.0331 * z2 * z2 || libm::log(u) < 0.5 * z2 + d * (1.0 - v + libm::log(v)) {
                    return d * v;
                }
            }
        }
    }
}

/// How many of `n` events of chance `p` happen.
pub fn binomial(n: u64, p: f64, stream: &mut Stream) -> u64 {
    if n == 0 || p <= 0.0 {
        return 0;
    }
    if p > 0.5 {
        return n - binomial(n, 1.0 - p, stream);
    }
    if n as f64 * p < 10.0 { by_inversion(n, p, stream) } else { by_rejection(n as f64, p, stream) }
}

/// Walks up the distribution from 0, for small means.
fn by_inversion(n: u64, p: f64, stream: &mut Stream) -> u64 {
    let odds = p / (1.0 - p);
    let mut term = libm::exp(n as f64 * libm::log1p(-p));
    let mut u = stream.unit();
    for k in 0..n {
        if u < term {
            return k;
        }
        u -= term;
        term *= odds * (n - k) as f64 / (k + 1) as f64;
    }
    n
}

/// BTRS: a scaled ratio of uniforms, most of which needs no logarithm.
fn by_rejection(n: f64, p: f64, stream: &mut Stream) -> u64 {
    let spread = (n * p * (1.0 - p)).sqrt();
    let b = 1.15 + 2.53 * spread;
    let a = -0.0873 + 0.0248 * b + 0.01 * p;
    let centre = n * p + 0.5;
    let accepted = 0.92 - 4.2 / b;
    loop {
        let u = stream.unit() - 0.5;
        let v = stream.unit();
        let us = 0.5 - u.abs();
        let k = ((2.0 * a / us + b) * u + centre).floor();
        if us >= 0.07 && v <= accepted {
            return k as u64;
        }
        let hat = (2.83 + 5.1 / b) * spread / (a / (us * us) + b);
        if k >= 0.0 && k <= n && is_below(n, p, k, v * hat) {
            return k as u64;
        }
    }
}

/// Whether a candidate lies below the density, by the exact ratio of probabilities to the mode's.
fn is_below(n: f64, p: f64, k: f64, height: f64) -> bool {
    let mode = ((n + 1.0) * p).floor();
    let odds = p / (1.0 - p);
    let ratio = (mode + 0.5) * libm::log((mode + 1.0) / (odds * (n - mode + 1.0)))
        + (n + 1.0) * libm::log((n - mode + 1.0) / (n - k + 1.0))
        + (k + 0.5) * libm::log(odds * (n - k + 1.0) / (k + 1.0))
        + stirling(mode)
        + stirling(n - mode)
        - stirling(k)
        - stirling(n - k);
    libm::log(height) <= ratio
}

/// ln k! − Stirling's approximation in k + 1.
fn stirling(k: f64) -> f64 {
    const TABLE: [f64; 10] = [
        0.081_061_466_795_327_26,
        0.041_340_695_955_409_3,
        0.027_677_925_684_998_34,
        0.020_790_672_103_765_09,
        0.016_644_691_189_821_19,
        0.013_876_128_823_070_75,
        0.011_896_709_945_891_77,
        0.010_411_265_261_972_09,
        0.009_255_462_182_712_733,
        0.008_330_563_433_362_87,
    ];
    if k < 10.0 {
        return TABLE[k as usize];
    }
    let square = (k + 1.0) * (k + 1.0);
    (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / 1260.0 / square) / square) / (k + 1.0)
}

#[cfg(test)]
mod tests {
    use super::{Gamma, POISSON_ONE, binomial};
    use crate::stats::stream::{Key, Stream};

    #[test]
    fn poisson_thresholds_are_its_distribution() {
        let mut term = (-1.0_f64).exp();
        let mut sum = 0.0;
        for (k, threshold) in POISSON_ONE.iter().enumerate() {
            sum += term;
            term /= k as f64 + 1.0;
            assert!((*threshold as f64 / f64::exp2(64.0) - sum).abs() < 1e-15, "{k}");
        }
        assert_eq!(POISSON_ONE[0], 0x5e2d_58d8_b3bc_df1a);
        assert!(POISSON_ONE[19] > u64::MAX - 8);
    }

    /// Binomial probabilities by logarithms of factorials.
    fn probability(n: u64, p: f64, k: u64) -> f64 {
        let factorial = |k: u64| libm::lgamma(k as f64 + 1.0);
        let choose = factorial(n) - factorial(k) - factorial(n - k);
        (choose + k as f64 * p.ln() + (n - k) as f64 * (-p).ln_1p()).exp()
    }

    #[test]
    fn binomials_are_binomial() {
        let draws = 200_000;
        for (n, p) in [(20, 0.5), (20, 0.03), (100, 0.4), (5000, 0.01), (40, 0.9), (100_000, 0.041), (7, 0.999)] {
            let mut stream = Stream::new(Key([n, 1, 2, 3]), 0);
            let mut counts = std::collections::BTreeMap::new();
            (0..draws).for_each(|_| *counts.entry(binomial(n, p, &mut stream)).or_insert(0) += 1);
            let expected = |k| f64::from(draws) * probability(n, p, k);
            let cells: Vec<_> = (0..=n).filter(|&k| expected(k) > 10.0).collect();
            let seen = |k: &u64| f64::from(counts.get(k).copied().unwrap_or(0));
            let chi2: f64 = cells.iter().map(|k| (seen(k) - expected(*k)).powi(2) / expected(*k)).sum();
            let freedom = cells.len() as f64;
            assert!(chi2 < freedom + 5.0 * (2.0 * freedom).sqrt(), "{n} {p}: {chi2} of {freedom}");
            let within: f64 = cells.iter().map(seen).sum();
            assert!(within > 0.995 * f64::from(draws), "{n} {p}: {within}");
        }
    }

    #[test]
    fn gammas_have_the_moments_of_a_gamma() {
        for shape in [1.0, 1.5, 20.0, 5000.0] {
            let mut stream = Stream::new(Key([9, 8, 7, 6]), 1);
            let n = 100_000.0;
            let values: Vec<f64> = (0..100_000).map(|_| Gamma::new(shape).draw(&mut stream)).collect();
            let mean = values.iter().sum::<f64>() / n;
            let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
            assert!((mean - shape).abs() < 5.0 * (shape / n).sqrt(), "{shape}: {mean}");
            assert!((variance / shape - 1.0).abs() < 0.05, "{shape}: {variance}");
        }
    }
}
