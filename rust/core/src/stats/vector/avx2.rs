//! The AVX2 versions; only code that has found the feature may call them.

#![allow(clippy::cast_ptr_alignment, reason = "every load and store is an unaligned one")]
#![allow(clippy::needless_range_loop, reason = "several arrays are stepped through together")]

use std::arch::asm;
use std::arch::x86_64::{
    __m256i, _mm_cvtsi32_si128, _mm256_add_epi64, _mm256_and_si256, _mm256_cmpgt_epi16, _mm256_loadu_si256,
    _mm256_max_epi16, _mm256_mullo_epi16, _mm256_or_si256, _mm256_set_epi64x, _mm256_set1_epi16, _mm256_set1_epi64x,
    _mm256_shuffle_epi8, _mm256_sll_epi64, _mm256_slli_epi64, _mm256_srl_epi64, _mm256_srli_epi16, _mm256_srli_epi64,
    _mm256_storeu_si256, _mm256_sub_epi16, _mm256_xor_si256,
};

use super::{Bounds, LANES, Lanes, Step, least};
use crate::stats::stream::{Key, PARITY, ROTATIONS, ROUNDS};

/// A word of lanes 0–3 and of lanes 4–7.
type Words = [__m256i; 2];

#[target_feature(enable = "avx2")]
pub fn places(lanes: &mut Lanes, n: u16, out: &mut [Step], counts: &mut Step) {
    let mut state = loaded(lanes);
    if n == 4096 {
        upper_bits(&mut state, out);
    } else {
        products(&mut state, n, out, counts);
    }
    put_back(state, lanes);
}

#[target_feature(enable = "avx2")]
pub fn words(lanes: &mut Lanes, out: &mut [[u64; LANES]]) {
    let mut state = loaded(lanes);
    for words in out {
        store(advance(&mut state), words);
    }
    put_back(state, lanes);
}

#[target_feature(enable = "avx2")]
pub fn places_below(lanes: &mut Lanes, bounds: &[Bounds], out: &mut [Step]) {
    let mut state = loaded(lanes);
    let sign = _mm256_set1_epi16(i16::MIN);
    for (step, of_step) in out.iter_mut().zip(bounds) {
        let bound = _mm256_set1_epi64x(bytemuck::cast(of_step.bounds));
        let least = _mm256_xor_si256(_mm256_set1_epi64x(bytemuck::cast(of_step.least)), sign);
        let of = |words| {
            let low = _mm256_xor_si256(_mm256_mullo_epi16(words, bound), sign);
            _mm256_or_si256(high_product(words, bound), _mm256_cmpgt_epi16(least, low))
        };
        let [a, b] = advance(&mut state);
        store([of(a), of(b)], bytemuck::cast_mut(step));
    }
    put_back(state, lanes);
}

#[target_feature(enable = "avx2")]
#[inline]
fn loaded(lanes: &Lanes) -> [Words; 4] {
    let [a, b, c, counter] = lanes.state();
    [load(a), load(b), load(c), load(counter)]
}

#[target_feature(enable = "avx2")]
#[inline]
fn put_back(state: [Words; 4], lanes: &mut Lanes) {
    for (word, vectors) in lanes.state_mut().iter_mut().zip(state) {
        store(vectors, word);
    }
}

/// Places below 4096: the upper 12 bits of each piece, of which none is rejected.
#[target_feature(enable = "avx2")]
#[inline]
fn upper_bits(state: &mut [Words; 4], out: &mut [Step]) {
    for step in out {
        let [low, high] = advance(state);
        store([_mm256_srli_epi16::<4>(low), _mm256_srli_epi16::<4>(high)], bytemuck::cast_mut(step));
    }
}

#[target_feature(enable = "avx2")]
#[inline]
fn products(state: &mut [Words; 4], n: u16, out: &mut [Step], counts: &mut Step) {
    // There is no unsigned comparison: both sides are moved by 2¹⁵.
    let sign = _mm256_set1_epi16(i16::MIN);
    let least = _mm256_xor_si256(_mm256_set1_epi16(least(n) as i16), sign);
    let all = _mm256_set1_epi16(n as i16);
    let mut rejected = load(bytemuck::cast_ref(counts));
    for step in out {
        let words = advance(state);
        let mut places = words;
        for half in 0..2 {
            let low = _mm256_xor_si256(_mm256_mullo_epi16(words[half], all), sign);
            let is_rejected = _mm256_cmpgt_epi16(least, low);
            rejected[half] = _mm256_sub_epi16(rejected[half], is_rejected);
            let high = high_product(words[half], all);
            places[half] = _mm256_max_epi16(high, _mm256_and_si256(is_rejected, all));
        }
        store(places, bytemuck::cast_mut(step));
    }
    store(rejected, bytemuck::cast_mut(counts));
}

/// The high halves of unsigned products. Written out, because the compiler turns the intrinsic into a longer form.
#[target_feature(enable = "avx2")]
#[inline]
fn high_product(a: __m256i, b: __m256i) -> __m256i {
    let high;
    // SAFETY: an AVX2 instruction on registers alone.
    unsafe {
        asm!("vpmulhuw {}, {}, {}", out(ymm_reg) high, in(ymm_reg) a, in(ymm_reg) b, options(pure, nomem, nostack));
    }
    high
}

/// One step of SFC64 in each lane.
#[target_feature(enable = "avx2")]
#[inline]
fn advance([a, b, c, counter]: &mut [Words; 4]) -> Words {
    // Three bytes to the left within each word.
    let by_24 =
        _mm256_set_epi64x(0x0c0b_0a09_080f_0e0d, 0x0403_0201_0007_0605, 0x0c0b_0a09_080f_0e0d, 0x0403_0201_0007_0605);
    let one = _mm256_set1_epi64x(1);
    let mut out = *a;
    for i in 0..2 {
        out[i] = _mm256_add_epi64(_mm256_add_epi64(a[i], b[i]), counter[i]);
        counter[i] = _mm256_add_epi64(counter[i], one);
        a[i] = _mm256_xor_si256(b[i], _mm256_srli_epi64::<11>(b[i]));
        b[i] = _mm256_add_epi64(c[i], _mm256_slli_epi64::<3>(c[i]));
        c[i] = _mm256_add_epi64(_mm256_shuffle_epi8(c[i], by_24), out[i]);
    }
    out
}

/// Threefry-4x64 of counters (`first` + lane, 0, 0, 0).
#[target_feature(enable = "avx2")]
pub fn seeds(Key(key): Key, first: u64) -> [[u64; LANES]; 4] {
    let schedule = [key[0], key[1], key[2], key[3], key.iter().fold(PARITY, |all, word| all ^ word)];
    let every = |word: u64| [word; LANES];
    let counters = std::array::from_fn(|lane| key[0].wrapping_add(first.wrapping_add(lane as u64)));
    let mut x = [load(&counters), load(&every(key[1])), load(&every(key[2])), load(&every(key[3]))];
    for round in 0..ROUNDS {
        let (left, right) = ROTATIONS[round % 8];
        let (b, d) = if round.is_multiple_of(2) { (1, 3) } else { (3, 1) };
        mix(&mut x, 0, b, left);
        mix(&mut x, 2, d, right);
        if (round + 1).is_multiple_of(4) {
            let number = round / 4 + 1;
            for (at, words) in x.iter_mut().enumerate() {
                let word = schedule[(number + at) % 5].wrapping_add(if at == 3 { number as u64 } else { 0 });
                let word = _mm256_set1_epi64x(word as i64);
                *words = [_mm256_add_epi64(words[0], word), _mm256_add_epi64(words[1], word)];
            }
        }
    }
    let mut out = [[0; LANES]; 4];
    for (word, vectors) in out.iter_mut().zip(x) {
        store(vectors, word);
    }
    out
}

/// x[a] += x[b]; x[b] = (x[b] turned left) ^ x[a].
#[target_feature(enable = "avx2")]
#[inline]
fn mix(x: &mut [Words; 4], a: usize, b: usize, turn: u32) {
    let (left, right) = (_mm_cvtsi32_si128(turn as i32), _mm_cvtsi32_si128(64 - turn as i32));
    for i in 0..2 {
        x[a][i] = _mm256_add_epi64(x[a][i], x[b][i]);
        let turned = _mm256_or_si256(_mm256_sll_epi64(x[b][i], left), _mm256_srl_epi64(x[b][i], right));
        x[b][i] = _mm256_xor_si256(turned, x[a][i]);
    }
}

#[target_feature(enable = "avx2")]
#[inline]
fn load(words: &[u64; LANES]) -> Words {
    let at = words.as_ptr().cast::<__m256i>();
    // SAFETY: eight words are two vectors, loaded unaligned.
    unsafe { [_mm256_loadu_si256(at), _mm256_loadu_si256(at.add(1))] }
}

#[target_feature(enable = "avx2")]
#[inline]
fn store(vectors: Words, words: &mut [u64; LANES]) {
    let at = words.as_mut_ptr().cast::<__m256i>();
    // SAFETY: eight words are two vectors, stored unaligned.
    unsafe {
        _mm256_storeu_si256(at, vectors[0]);
        _mm256_storeu_si256(at.add(1), vectors[1]);
    }
}
