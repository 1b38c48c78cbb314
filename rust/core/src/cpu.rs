//! Which instructions the kernels may use. No result depends on it.
//!
//! Every kernel is one `#[inline(always)]` function, some of them over [`Lanes`](crate::lanes::Lanes);
//! `per_cpu!` compiles it once as it stands and once for AVX2. Both do
//! the same operations in the same order, fused where the code says so, and the compiler never fuses by itself,
//! so both give the same bits. `GLOTGAP_PORTABLE=1` forces the plain version, for tests.

use std::sync::OnceLock;

/// Whether AVX2 and FMA may be used in this process.
pub fn has_avx2() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| std::env::var_os("GLOTGAP_PORTABLE").is_none() && detect())
}

#[cfg(target_arch = "x86_64")]
fn detect() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("popcnt")
}

#[cfg(not(target_arch = "x86_64"))]
fn detect() -> bool {
    false
}

/// How far ahead of its use a byte is asked for: half a page. On mapped files this takes the moments from 10.4 to
/// 13.0 GB/s, since hardware prefetchers stop at every page; 512 bytes gave 11.6, a whole page the same 13.
const AHEAD: usize = 2_048;

/// Asks for the cache line some way beyond `here`.
#[inline(always)]
pub fn prefetch_ahead(here: *const u8) {
    prefetch(here.wrapping_add(AHEAD));
}

/// Asks for the cache line of `here`.
#[inline(always)]
pub fn prefetch(here: *const u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch reads nothing, so any address will do.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(here.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = here;
}

/// `per_cpu! { fn name<T: Bound, …>(arg: Type, …) -> Output = body; }` defines `name`, which runs `body`, compiled
/// for the best instructions this CPU has; `= lanes body` runs `body::<L, T, …>` with the matching lanes `L`.
macro_rules! per_cpu {
    ($(#[$meta:meta])* $vis:vis fn $name:ident $(<$($T:ident: $bound:path),+>)? ($($arg:ident: $type:ty),* $(,)?) $(-> $out:ty)? = $body:ident;) => {
        $crate::cpu::per_cpu! { @define [$(#[$meta])* $vis] $name [$($($T: $bound),+)?] ($($arg: $type),*) [$($out)?]
            { $body$(::<$($T),+>)?($($arg),*) } { $body$(::<$($T),+>)?($($arg),*) } }
    };
    ($(#[$meta:meta])* $vis:vis fn $name:ident $(<$($T:ident: $bound:path),+>)? ($($arg:ident: $type:ty),* $(,)?) $(-> $out:ty)? = lanes $body:ident;) => {
        $crate::cpu::per_cpu! { @define [$(#[$meta])* $vis] $name [$($($T: $bound),+)?] ($($arg: $type),*) [$($out)?]
            { $body::<$crate::lanes::avx2::Avx2 $($(, $T)+)?>($($arg),*) }
            { $body::<[f64; $crate::lanes::LANES] $($(, $T)+)?>($($arg),*) } }
    };
    (@define [$($head:tt)*] $name:ident [$($generic:tt)*] ($($arg:ident: $type:ty),*) [$($out:ty)?] $fast:block $plain:block) => {
        $($head)* fn $name<$($generic)*>($($arg: $type),*) $(-> $out)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,fma,popcnt")]
                fn avx2<$($generic)*>($($arg: $type),*) $(-> $out)? $fast
                if $crate::cpu::has_avx2() {
                    // SAFETY: the CPU was just found to have AVX2 and FMA.
                    return unsafe { avx2($($arg),*) };
                }
            }
            $plain
        }
    };
}
pub(crate) use per_cpu;
