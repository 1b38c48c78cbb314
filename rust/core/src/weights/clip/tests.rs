//! The best clips of the normal law, and branch and bound against a visit of every crossing.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;

type Law = (u32, Grid, f64);

/// Best clips of N(0, 1): Max 1960 for mid-rise.
const NORMAL: [Law; 14] = [
    (2, Grid::MidRise, 1.9914),
    (3, Grid::MidRise, 2.3441),
    (4, Grid::MidRise, 2.6816),
    (5, Grid::MidRise, 3.0102),
    (6, Grid::MidRise, 3.3300),
    (7, Grid::MidRise, 3.6395),
    (8, Grid::MidRise, 3.9376),
    (2, Grid::SymInt, 1.2240),
    (3, Grid::SymInt, 1.9523),
    (4, Grid::SymInt, 2.4739),
    (5, Grid::SymInt, 2.8987),
    (6, Grid::SymInt, 3.2701),
    (7, Grid::SymInt, 3.6075),
    (8, Grid::SymInt, 3.9205),
];

fn density(x: f64) -> f64 {
    (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

fn tail(x: f64) -> f64 {
    libm::erfc(x / std::f64::consts::SQRT_2) / 2.0
}

/// Lower borders of the cells of positive levels, and infinity.
fn borders(step: f64, quantizer: Quantizer) -> Vec<f64> {
    let inner = (1..=quantizer.top).map(|i| step * quantizer.border(i));
    [0.0].into_iter().chain(inner).chain([f64::INFINITY]).collect()
}

/// dE/ds of the positive half of the normal law, cell by cell: −2∫k(x − sk)φ.
fn slope(step: f64, quantizer: Quantizer) -> f64 {
    let cells = borders(step, quantizer);
    let cell = |(i, pair): (u32, &[f64])| {
        let k = f64::from(i) + quantizer.offset;
        -2.0 * k * (density(pair[0]) - density(pair[1]) - step * k * (tail(pair[0]) - tail(pair[1])))
    };
    (0..).zip(cells.windows(2)).map(cell).sum()
}

/// The root of the slope near `near`.
fn solved(near: f64, quantizer: Quantizer) -> f64 {
    let (mut low, mut high) = (near * 0.999, near * 1.001);
    assert!(slope(low, quantizer) < 0.0 && slope(high, quantizer) > 0.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if slope(middle, quantizer) < 0.0 { low = middle } else { high = middle }
    }
    low
}

/// Points of [low, high], the closer the nearer the ends: 10⁻⁹ there, a thirtieth of the distance farther off.
fn graded(low: f64, high: f64) -> Vec<f64> {
    let half = (high - low) / 2.0;
    let distances = || std::iter::successors(Some(1e-9), |d| Some(d * 1.03)).take_while(move |d| *d < half);
    let mut points: Vec<f64> = [0.0].into_iter().chain(distances()).map(|d| low + d).collect();
    points.extend(distances().collect::<Vec<_>>().into_iter().rev().map(|d| high - d));
    points
}

/// Weight and centre of bins of the normal law, by Simpson's rule. The bins are graded towards the borders of the
/// solution: elsewhere a bin does not change its level, and where in it the weight lies is of no matter.
fn normal(step: f64, quantizer: Quantizer) -> Magnitudes {
    let mut ends = borders(step, quantizer);
    *ends.last_mut().unwrap() = 10.0;
    let mesh: Vec<f64> = ends.windows(2).flat_map(|pair| graded(pair[0], pair[1])).collect();
    let bin = |pair: &[f64]| {
        let (low, high) = (pair[0], pair[1]);
        let middle = f64::midpoint(low, high);
        let simpson = |f: &dyn Fn(f64) -> f64| (high - low) / 6.0 * (f(low) + 4.0 * f(middle) + f(high));
        let weight = simpson(&density);
        (simpson(&|x| x * density(x)) / weight, weight)
    };
    Magnitudes::from_pairs(mesh.windows(2).map(bin).collect())
}

#[test]
fn best_clips_of_a_gaussian_are_those_of_the_literature() {
    for (bits, grid, clip) in NORMAL {
        let quantizer = Quantizer::new(grid, bits);
        let step = solved(clip / quantizer.divisor, quantizer);
        let truth = step * quantizer.divisor;
        assert!((truth - clip).abs() < 5e-5, "{bits} {grid:?}: {truth}, not {clip}"); // the digits above
        let found = Search::new(normal(step, quantizer)).best(bits, grid).unwrap().alpha;
        assert!((found - truth).abs() < 5e-7, "{bits} {grid:?}: {found}, not {truth}"); // seven digits
    }
}

/// The most that any levels explain, by visiting every crossing.
fn most_explained(curve: Curve) -> f64 {
    let [low, high] = curve.ends().map(|step| curve.fit(step));
    let peaks = curve.sweep(low, high).chain([low]).map(Fit::peak);
    peaks.fold(0.0, f64::max)
}

#[test]
fn no_stretch_that_holds_the_best_is_dropped() {
    let even = (1..=1_400).map(|i| (f64::from(i) + 0.3, 1.0)).collect();
    let octaves = (0..1_000).map(|i| ((f64::from(i) / 64.0).exp2(), f64::from(1 + i % 7))).collect();
    let cluster = (0..500).map(|i| (1.0 + f64::from(i * i) * 1e-8, 1.0)).collect();
    let outlier = (1..=99).chain([1 << 20]).map(|i| (f64::from(i).sqrt(), 1e3 / f64::from(i))).collect();
    for pairs in [even, octaves, cluster, outlier] {
        let magnitudes = Magnitudes::from_pairs(pairs);
        let sums = Sums::new(&magnitudes).unwrap();
        for (bits, grid, _) in NORMAL {
            let curve = Curve { sums: &sums, quantizer: Quantizer::new(grid, bits) };
            let lost = most_explained(curve) - peaks(curve, magnitudes.energy).best;
            assert!(lost.abs() < 2e-11 * magnitudes.energy, "{bits} {grid:?}: {lost}"); // 177,800 roundings
        }
    }
}
