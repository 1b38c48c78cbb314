//! Eight f64 lanes: the unit in which kernels add, written once for every CPU.
//!
//! `[f64; 8]` is the plain version. On x86-64 two AVX2 registers hold the same eight lanes and do the same
//! IEEE operations in the same order, so that both give the same bits; compilers do not find this form by
//! themselves. [`Lanes::times_plus`] is fused: one rounding, by definition the same on every machine, one
//! instruction with FMA (a third faster than two), and a slow library call on x86 processors from before 2013.

/// Number of lanes.
pub const LANES: usize = 8;
/// Values looked at together where few are expected to be of interest.
pub const GROUP: usize = 4 * LANES;

/// Extremes of some values without NaN.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Smallest value; +∞ when there is none.
    pub min: f64,
    /// Largest value; −∞ when there is none.
    pub max: f64,
    /// Smallest magnitude; +∞ when there is none.
    pub near: f64,
}

impl Bounds {
    /// Those of no values.
    pub const NONE: Self = Self { min: f64::INFINITY, max: f64::NEG_INFINITY, near: f64::INFINITY };

    /// Those of little-endian f64 values, in lanes that compilers keep in registers.
    #[inline(always)]
    pub(crate) fn of_f64(eights: &[[[u8; 8]; LANES]]) -> Self {
        let (mut min, mut max) = ([f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES]);
        let mut near = min;
        for eight in eights {
            for (i, bytes) in eight.iter().enumerate() {
                let x = f64::from_le_bytes(*bytes);
                (min[i], max[i], near[i]) = (lower(x, min[i]), higher(x, max[i]), lower(x.abs(), near[i]));
            }
        }
        let of_lane = |i: usize| Self { min: min[i], max: max[i], near: near[i] };
        (0..LANES).map(of_lane).fold(Self::NONE, Self::and)
    }

    /// Those of both.
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        Self { min: lower(other.min, self.min), max: higher(other.max, self.max), near: lower(other.near, self.near) }
    }

    /// Those of one value more.
    #[inline(always)]
    #[must_use]
    pub fn with(self, x: f64) -> Self {
        Self { min: lower(x, self.min), max: higher(x, self.max), near: lower(x.abs(), self.near) }
    }
}

/// `b` unless `a` is lower: one instruction, which `f64::min` is not.
#[inline(always)]
fn lower(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

/// `b` unless `a` is higher.
#[inline(always)]
fn higher(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

/// Eight f64 values, operated on lane by lane.
pub trait Lanes: Copy {
    /// The same value in every lane.
    fn splat(x: f64) -> Self;
    /// Eight little-endian f32 values, widened.
    fn from_f32(stored: &[[u8; 4]; LANES]) -> Self;
    /// Eight little-endian f64 values.
    fn from_f64(stored: &[[u8; 8]; LANES]) -> Self;
    /// Lane-wise sum.
    fn plus(self, other: Self) -> Self;
    /// Lane-wise difference.
    fn minus(self, other: Self) -> Self;
    /// Lane-wise product.
    fn times(self, other: Self) -> Self;
    /// Lane-wise magnitude.
    fn magnitude(self) -> Self;
    /// Lane-wise `self · factor + addend`, rounded once.
    fn times_plus(self, factor: Self, addend: Self) -> Self;
    /// The lanes, in order.
    fn to_array(self) -> [f64; LANES];
    /// Extremes of at most 32 groups of little-endian f32 values without NaN, and one bit for each group that has values
    /// outside `window`.
    fn bounds(groups: &[[[u8; 4]; GROUP]], window: (f32, f32)) -> (Bounds, u32);
    /// One bit for each of eight little-endian f32 values that is at least `low` and at most `high`; NaN is not.
    fn between(stored: &[[u8; 4]; LANES], low: f32, high: f32) -> u8;
}

impl Lanes for [f64; LANES] {
    #[inline(always)]
    fn splat(x: f64) -> Self {
        [x; LANES]
    }
    #[inline(always)]
    fn from_f32(stored: &[[u8; 4]; LANES]) -> Self {
        stored.map(|bytes| f64::from(f32::from_le_bytes(bytes)))
    }
    #[inline(always)]
    fn from_f64(stored: &[[u8; 8]; LANES]) -> Self {
        stored.map(f64::from_le_bytes)
    }
    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        std::array::from_fn(|i| self[i] + other[i])
    }
    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        std::array::from_fn(|i| self[i] - other[i])
    }
    #[inline(always)]
    fn times(self, other: Self) -> Self {
        std::array::from_fn(|i| self[i] * other[i])
    }
    #[inline(always)]
    fn magnitude(self) -> Self {
        self.map(f64::abs)
    }
    #[inline(always)]
    fn times_plus(self, factor: Self, addend: Self) -> Self {
        std::array::from_fn(|i| self[i].mul_add(factor[i], addend[i]))
    }
    #[inline(always)]
    fn to_array(self) -> [f64; LANES] {
        self
    }
    #[inline(always)]
    fn bounds(groups: &[[[u8; 4]; GROUP]], (low, high): (f32, f32)) -> (Bounds, u32) {
        let (mut all, mut outside) = (Bounds::NONE, 0);
        for (i, group) in groups.iter().enumerate() {
            let value = |bytes: &[u8; 4]| f64::from(f32::from_le_bytes(*bytes));
            let found = group.iter().map(value).fold(Bounds::NONE, Bounds::with);
            outside |= u32::from(found.min < f64::from(low) || found.max > f64::from(high)) << i;
            all = all.and(found);
        }
        (all, outside)
    }
    #[inline(always)]
    fn between(stored: &[[u8; 4]; LANES], low: f32, high: f32) -> u8 {
        let is_in = |bytes: [u8; 4]| (low..=high).contains(&f32::from_le_bytes(bytes));
        stored.iter().enumerate().fold(0, |bits, (i, bytes)| bits | u8::from(is_in(*bytes)) << i)
    }
}

/// The lanes of a CPU with AVX2 and FMA. Only code compiled with these features may use them.
#[cfg(target_arch = "x86_64")]
#[allow(clippy::cast_ptr_alignment, reason = "every load and store is an unaligned one")]
pub mod avx2 {
    use super::{Bounds, GROUP, LANES, Lanes};
    use std::arch::x86_64::{
        __m256, __m256d, __m256i, _CMP_GE_OQ, _CMP_GT_OQ, _CMP_LE_OQ, _CMP_LT_OQ, _mm_loadu_ps, _mm256_add_epi32,
        _mm256_add_pd, _mm256_and_ps, _mm256_andnot_pd, _mm256_castps_si256, _mm256_cmp_ps, _mm256_cvtps_pd,
        _mm256_fmadd_pd, _mm256_loadu_pd, _mm256_loadu_ps, _mm256_max_ps, _mm256_min_epu32, _mm256_min_ps,
        _mm256_movemask_ps, _mm256_mul_pd, _mm256_or_ps, _mm256_set1_epi32, _mm256_set1_pd, _mm256_set1_ps,
        _mm256_storeu_pd, _mm256_storeu_ps, _mm256_storeu_si256, _mm256_sub_pd,
    };

    /// Lanes 0–3 and 4–7.
    #[derive(Clone, Copy)]
    pub struct Avx2(__m256d, __m256d);

    /// Extremes over lanes; `near` holds doubled bits.
    #[inline(always)]
    fn folded(min: __m256, max: __m256, near: __m256i) -> Bounds {
        let mut lanes = ([0f32; LANES], [0f32; LANES], [0u32; LANES]);
        // SAFETY: see below.
        unsafe {
            _mm256_storeu_ps(lanes.0.as_mut_ptr(), min);
            _mm256_storeu_ps(lanes.1.as_mut_ptr(), max);
            _mm256_storeu_si256(lanes.2.as_mut_ptr().cast(), near);
        }
        let of_lane = |i: usize| Bounds {
            min: lanes.0[i].into(),
            max: lanes.1[i].into(),
            near: f32::from_bits(lanes.2[i] >> 1).into(),
        };
        (0..LANES).map(of_lane).fold(Bounds::NONE, Bounds::and)
    }

    // SAFETY of every block below: `Avx2` is used only inside functions compiled for AVX2 and FMA and called
    // after `cpu::has_avx2()`; loads and stores are unaligned and stay inside the arrays they are given.
    impl Lanes for Avx2 {
        #[inline(always)]
        fn splat(x: f64) -> Self {
            // SAFETY: see above.
            unsafe { Self(_mm256_set1_pd(x), _mm256_set1_pd(x)) }
        }
        #[inline(always)]
        fn from_f32(stored: &[[u8; 4]; LANES]) -> Self {
            let start = stored.as_ptr().cast::<f32>();
            // SAFETY: see above.
            unsafe { Self(_mm256_cvtps_pd(_mm_loadu_ps(start)), _mm256_cvtps_pd(_mm_loadu_ps(start.add(4)))) }
        }
        #[inline(always)]
        fn from_f64(stored: &[[u8; 8]; LANES]) -> Self {
            let start = stored.as_ptr().cast::<f64>();
            // SAFETY: see above.
            unsafe { Self(_mm256_loadu_pd(start), _mm256_loadu_pd(start.add(4))) }
        }
        #[inline(always)]
        fn plus(self, other: Self) -> Self {
            // SAFETY: see above.
            unsafe { Self(_mm256_add_pd(self.0, other.0), _mm256_add_pd(self.1, other.1)) }
        }
        #[inline(always)]
        fn minus(self, other: Self) -> Self {
            // SAFETY: see above.
            unsafe { Self(_mm256_sub_pd(self.0, other.0), _mm256_sub_pd(self.1, other.1)) }
        }
        #[inline(always)]
        fn times(self, other: Self) -> Self {
            // SAFETY: see above.
            unsafe { Self(_mm256_mul_pd(self.0, other.0), _mm256_mul_pd(self.1, other.1)) }
        }
        #[inline(always)]
        fn magnitude(self) -> Self {
            // SAFETY: see above.
            unsafe {
                let sign = _mm256_set1_pd(-0.0);
                Self(_mm256_andnot_pd(sign, self.0), _mm256_andnot_pd(sign, self.1))
            }
        }
        #[inline(always)]
        fn times_plus(self, factor: Self, addend: Self) -> Self {
            // SAFETY: see above.
            unsafe { Self(_mm256_fmadd_pd(self.0, factor.0, addend.0), _mm256_fmadd_pd(self.1, factor.1, addend.1)) }
        }
        #[inline(always)]
        fn bounds(groups: &[[[u8; 4]; GROUP]], (low, high): (f32, f32)) -> (Bounds, u32) {
            let mut outside = 0;
            // SAFETY: see above. Minimum and maximum give their second operand when the first is NaN; doubling drops
            // the sign, and what is left sorts like unsigned integers.
            unsafe {
                let (low, high) = (_mm256_set1_ps(low), _mm256_set1_ps(high));
                let (mut min, mut max) = (_mm256_set1_ps(f32::INFINITY), _mm256_set1_ps(f32::NEG_INFINITY));
                let mut near = _mm256_set1_epi32(-1);
                for (i, group) in groups.iter().enumerate() {
                    let (mut from, mut to) = (_mm256_set1_ps(f32::INFINITY), _mm256_set1_ps(f32::NEG_INFINITY));
                    for eight in group.as_chunks::<LANES>().0 {
                        let x = _mm256_loadu_ps(eight.as_ptr().cast::<f32>());
                        (from, to) = (_mm256_min_ps(x, from), _mm256_max_ps(x, to));
                        let bits = _mm256_castps_si256(x);
                        near = _mm256_min_epu32(near, _mm256_add_epi32(bits, bits));
                    }
                    (min, max) = (_mm256_min_ps(from, min), _mm256_max_ps(to, max));
                    let is_below = _mm256_cmp_ps::<_CMP_LT_OQ>(from, low);
                    let is_outside = _mm256_or_ps(is_below, _mm256_cmp_ps::<_CMP_GT_OQ>(to, high));
                    outside |= u32::from(_mm256_movemask_ps(is_outside) != 0) << i;
                }
                (folded(min, max, near), outside)
            }
        }
        #[inline(always)]
        fn between(stored: &[[u8; 4]; LANES], low: f32, high: f32) -> u8 {
            // SAFETY: see above.
            unsafe {
                let x = _mm256_loadu_ps(stored.as_ptr().cast::<f32>());
                let from = _mm256_cmp_ps::<_CMP_GE_OQ>(x, _mm256_set1_ps(low));
                let to = _mm256_cmp_ps::<_CMP_LE_OQ>(x, _mm256_set1_ps(high));
                _mm256_movemask_ps(_mm256_and_ps(from, to)) as u8
            }
        }
        #[inline(always)]
        fn to_array(self) -> [f64; LANES] {
            let mut out = [0.0; LANES];
            // SAFETY: see above.
            unsafe {
                _mm256_storeu_pd(out.as_mut_ptr(), self.0);
                _mm256_storeu_pd(out.as_mut_ptr().add(4), self.1);
            }
            out
        }
    }
}
