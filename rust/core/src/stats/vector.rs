//! Seeds and random places for eight replicates at once: plainly, and by AVX2 with equal results, since compilers do not
//! find its instructions by themselves.
//!
//! A word of a replicate's stream is four 16-bit pieces. The high half of piece × n is a place below n; where the low half
//! is below 2¹⁶ mod n, Lemire's method rejects the piece, and the place is n.

use super::stream::{Key, LANES, Lanes, ROUNDS, threefry};
use crate::cpu::has_avx2;

/// Pieces of a word.
pub const PIECES: usize = 4;
/// The places of one word of each replicate.
pub type Step = [[u16; PIECES]; LANES];

/// The next places of each replicate; adds to `rejected` how many pieces of each were. `n` is at most 2¹⁵, and there are
/// at most 2¹⁵ steps.
#[inline]
pub fn places(lanes: &mut Lanes, n: u16, out: &mut [Step], rejected: &mut [usize; LANES]) {
    let mut counts: Step = Default::default();
    fill(lanes, n, out, &mut counts);
    for (all, counts) in rejected.iter_mut().zip(&counts) {
        *all += counts.iter().map(|&count| usize::from(count)).sum::<usize>();
    }
}

fn fill(lanes: &mut Lanes, n: u16, out: &mut [Step], counts: &mut Step) {
    #[cfg(target_arch = "x86_64")]
    if has_avx2() {
        // SAFETY: the CPU was just found to have AVX2.
        return unsafe { avx2::places(lanes, n, out, counts) };
    }
    plain(lanes, n, out, counts);
}

/// Below what the four pieces of a word lie; bounds are at most 2¹⁴.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bounds {
    /// The bounds of the four pieces.
    pub bounds: [u16; PIECES],
    /// 2¹⁶ mod each of them.
    pub least: [u16; PIECES],
}

/// A piece that is to be drawn again.
pub const AGAIN: u16 = u16::MAX;

/// The next places of each replicate, of which those of a step lie below its bounds; [`AGAIN`] where one was rejected.
pub fn places_below(lanes: &mut Lanes, bounds: &[Bounds], out: &mut [Step]) {
    #[cfg(target_arch = "x86_64")]
    if has_avx2() {
        // SAFETY: the CPU was just found to have AVX2.
        return unsafe { avx2::places_below(lanes, bounds, out) };
    }
    plain_below(lanes, bounds, out);
}

fn plain_below(lanes: &mut Lanes, bounds: &[Bounds], out: &mut [Step]) {
    for (step, Bounds { bounds, least }) in out.iter_mut().zip(bounds) {
        for (places, word) in step.iter_mut().zip(lanes.words()) {
            for piece in 0..PIECES {
                let product = ((word >> (16 * piece)) & 0xffff) as u32 * u32::from(bounds[piece]);
                places[piece] = if (product as u16) < least[piece] { AGAIN } else { (product >> 16) as u16 };
            }
        }
    }
}

/// The next words of each replicate.
pub fn words(lanes: &mut Lanes, out: &mut [[u64; LANES]]) {
    #[cfg(target_arch = "x86_64")]
    if has_avx2() {
        // SAFETY: the CPU was just found to have AVX2.
        return unsafe { avx2::words(lanes, out) };
    }
    out.fill_with(|| lanes.words());
}

/// The states of the streams of eight replicates, word by word.
pub fn seeds(key: Key, first: u64) -> [[u64; LANES]; 4] {
    #[cfg(target_arch = "x86_64")]
    if has_avx2() {
        // SAFETY: the CPU was just found to have AVX2.
        return unsafe { avx2::seeds(key, first) };
    }
    threefry(key, first, ROUNDS)
}

/// 2¹⁶ mod n.
pub fn least(n: u16) -> u16 {
    (65_536 % u32::from(n)) as u16
}

fn plain(lanes: &mut Lanes, n: u16, out: &mut [Step], counts: &mut Step) {
    let least = least(n);
    for step in out {
        for (lane, word) in lanes.words().into_iter().enumerate() {
            for piece in 0..PIECES {
                let product = ((word >> (16 * piece)) & 0xffff) as u32 * u32::from(n);
                let is_rejected = (product as u16) < least;
                counts[lane][piece] += u16::from(is_rejected);
                step[lane][piece] = if is_rejected { n } else { (product >> 16) as u16 };
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2;

#[cfg(test)]
mod tests {
    use super::{
        AGAIN, Bounds, Key, LANES, Lanes, ROUNDS, Step, fill, least, places_below, plain, plain_below, seeds, threefry,
        words,
    };

    #[test]
    fn vectors_give_the_places_of_the_plain_loop() {
        for n in [1, 2, 14, 1000, 1024, 4095, 4096] {
            let (mut a, mut b) = (Lanes::new(Key([1, 2, 3, n.into()]), 8), Lanes::new(Key([1, 2, 3, n.into()]), 8));
            let (mut fast, mut slow) = (vec![Step::default(); 100], vec![Step::default(); 100]);
            let (mut rejected, mut counts) = (Step::default(), Step::default());
            fill(&mut a, n, &mut fast, &mut rejected);
            plain(&mut b, n, &mut slow, &mut counts);
            assert_eq!((fast, rejected), (slow, counts));
            assert_eq!(a.words(), b.words());
        }
    }

    #[test]
    fn vectors_give_the_places_below_bounds_and_the_words_of_the_plain_loop() {
        let of = |k: u16| Bounds { bounds: [k; 4], least: [least(k); 4] };
        let bounds: Vec<_> = [1, 2, 3, 5, 1000, 4096, 12_345, 16_384].into_iter().cycle().take(200).map(of).collect();
        let (mut a, mut b) = (Lanes::new(Key([1, 2, 3, 4]), 8), Lanes::new(Key([1, 2, 3, 4]), 8));
        let (mut fast, mut slow) = (vec![Step::default(); 200], vec![Step::default(); 200]);
        places_below(&mut a, &bounds, &mut fast);
        plain_below(&mut b, &bounds, &mut slow);
        assert_eq!(fast, slow);
        assert!(slow.iter().flatten().flatten().any(|&place| place == AGAIN));
        let mut found = [[0; LANES]; 9];
        words(&mut a, &mut found);
        assert_eq!(found.to_vec(), (0..9).map(|_| b.words()).collect::<Vec<_>>());
    }

    #[test]
    fn vectors_give_the_seeds_of_the_plain_loop() {
        for first in [0, 8, u64::MAX - 3] {
            let key = Key([first, 1, 2, u64::MAX]);
            assert_eq!(seeds(key, first), threefry(key, first, ROUNDS));
        }
    }
}
