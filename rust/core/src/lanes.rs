//! Eight f64 lanes: the unit in which kernels add, written once for every CPU.
//!
//! `[f64; 8]` is the plain version. On x86-64 two AVX2 registers hold the same eight lanes and do the same
//! IEEE operations in the same order, so that both give the same bits; compilers do not find this form by
//! themselves. [`Lanes::times_plus`] is fused: one rounding, by definition the same on every machine, one
//! instruction with FMA (a third faster than two), and a slow library call on x86 processors from before 2013.

/// Number of lanes.
pub const LANES: usize = 8;

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
    /// Lane-wise `self · factor + addend`, rounded once.
    fn times_plus(self, factor: Self, addend: Self) -> Self;
    /// The lanes, in order.
    fn to_array(self) -> [f64; LANES];
    /// One bit for each of eight little-endian f32 values whose f32 distance from `center` is at least `distance`;
    /// NaN is not.
    fn farther(stored: &[[u8; 4]; LANES], center: f32, distance: f32) -> u8;
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
    fn times_plus(self, factor: Self, addend: Self) -> Self {
        std::array::from_fn(|i| self[i].mul_add(factor[i], addend[i]))
    }
    #[inline(always)]
    fn to_array(self) -> [f64; LANES] {
        self
    }
    #[inline(always)]
    fn farther(stored: &[[u8; 4]; LANES], center: f32, distance: f32) -> u8 {
        let is_far = |bytes: [u8; 4]| (f32::from_le_bytes(bytes) - center).abs() >= distance;
        stored.iter().enumerate().fold(0, |bits, (i, bytes)| bits | u8::from(is_far(*bytes)) << i)
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
    use super::{LANES, Lanes};
    use std::arch::x86_64::{
        __m256d, _CMP_GE_OQ, _CMP_LE_OQ, _mm_loadu_ps, _mm256_add_pd, _mm256_and_ps, _mm256_andnot_ps, _mm256_cmp_ps,
        _mm256_cvtps_pd, _mm256_fmadd_pd, _mm256_loadu_pd, _mm256_loadu_ps, _mm256_movemask_ps, _mm256_mul_pd,
        _mm256_set1_pd, _mm256_set1_ps, _mm256_storeu_pd, _mm256_sub_pd, _mm256_sub_ps,
    };

    /// Lanes 0–3 and 4–7.
    #[derive(Clone, Copy)]
    pub struct Avx2(__m256d, __m256d);

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
        fn times_plus(self, factor: Self, addend: Self) -> Self {
            // SAFETY: see above.
            unsafe { Self(_mm256_fmadd_pd(self.0, factor.0, addend.0), _mm256_fmadd_pd(self.1, factor.1, addend.1)) }
        }
        #[inline(always)]
        fn farther(stored: &[[u8; 4]; LANES], center: f32, distance: f32) -> u8 {
            // SAFETY: see above.
            unsafe {
                let offset = _mm256_sub_ps(_mm256_loadu_ps(stored.as_ptr().cast::<f32>()), _mm256_set1_ps(center));
                let magnitude = _mm256_andnot_ps(_mm256_set1_ps(-0.0), offset);
                _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GE_OQ>(magnitude, _mm256_set1_ps(distance))) as u8
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
