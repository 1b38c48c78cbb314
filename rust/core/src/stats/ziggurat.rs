//! Standard normals by the ziggurat of 128 layers (Marsaglia & Tsang, J. Stat. Softw. 2000), in Doornik's form (2005), which
//! takes the layer and the place within it from different bits of a word. Exact rejection; 1 draw in 80 needs exponentials.

use std::sync::LazyLock;

use super::stream::Stream;

const LAYERS: usize = 128;
/// Where the tail begins, and the area of each layer (Doornik 2005, table 1).
const TAIL: f64 = 3.442_619_855_899;
const AREA: f64 = 9.912_563_035_262_17e-3;

/// The right ends of layers, lowest and widest first; the last is 0.
static ENDS: LazyLock<[f64; LAYERS + 1]> = LazyLock::new(ends);

fn density(x: f64) -> f64 {
    libm::exp(-0.5 * x * x)
}

fn ends() -> [f64; LAYERS + 1] {
    let mut ends = [0.0; LAYERS + 1];
    (ends[0], ends[1]) = (AREA / density(TAIL), TAIL);
    for layer in 2..LAYERS {
        let before = ends[layer - 1];
        ends[layer] = (-2.0 * libm::log(AREA / before + density(before))).sqrt();
    }
    ends
}

/// A standard normal.
#[inline]
pub fn normal(stream: &mut Stream) -> f64 {
    let ends = &*ENDS;
    loop {
        let word = stream.word();
        let layer = (word % LAYERS as u64) as usize;
        // One of 2⁵³ places in [−1, 1), from the other bits.
        let place = (word >> 11) as f64 * f64::exp2(-52.0) - 1.0;
        let x = place * ends[layer];
        if x.abs() < ends[layer + 1] {
            return x;
        }
        if layer == 0 {
            return tail(stream).copysign(place);
        }
        let (low, high) = (density(ends[layer]), density(ends[layer + 1]));
        if low + stream.unit() * (high - low) < density(x) {
            return x;
        }
    }
}

/// A normal beyond the last layer (Marsaglia 1964).
fn tail(stream: &mut Stream) -> f64 {
    loop {
        let x = libm::log(stream.unit()) / TAIL;
        let y = libm::log(stream.unit());
        if -2.0 * y > x * x {
            return TAIL - x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{TAIL, normal};
    use crate::stats::normal::cdf;
    use crate::stats::stream::{Key, Stream};

    #[test]
    fn normals_are_normal_to_the_tail() {
        let mut stream = Stream::new(Key([3, 1, 4, 1]), 0);
        let n = 1_000_000;
        let mut drawn: Vec<f64> = (0..n).map(|_| normal(&mut stream)).collect();
        drawn.sort_by(f64::total_cmp);
        let apart = |(at, x): (usize, &f64)| ((at as f64 + 0.5) / f64::from(n) - cdf(*x)).abs();
        let most = drawn.iter().enumerate().map(apart).fold(0.0, f64::max);
        assert!(most * f64::from(n).sqrt() < 1.95, "{most}");
        let beyond = drawn.iter().filter(|x| x.abs() > TAIL).count() as f64;
        let expected = 2.0 * cdf(-TAIL) * f64::from(n);
        assert!((beyond - expected).abs() < 5.0 * expected.sqrt(), "{beyond} {expected}");
    }
}
