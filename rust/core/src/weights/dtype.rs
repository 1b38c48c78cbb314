//! Number formats of stored weights: names, sizes and the value of every bit pattern.
//!
//! Sources: IEEE 754 (f16, f32, f64); bfloat16 = the top half of f32; OCP 8-bit floating point
//! (`f8_e4m3fn`, `f8_e5m2`); Graphcore/AMD "fnuz" variants (one NaN at 0x80, no infinities, bias one higher); OCP
//! Microscaling (`f8_e8m0` = 2^(byte − 127), 255 is NaN).

use half::{bf16, f16};

/// A plain (unpacked, unquantized) number format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each variant is its own name")]
pub enum DType {
    F64,
    F32,
    F16,
    Bf16,
    F8E4m3fn,
    F8E5m2,
    F8E4m3fnuz,
    F8E5m2fnuz,
    F8E8m0,
    I64,
    I32,
    I16,
    I8,
    U8,
    Bool,
}

/// Every format, in the order of the documentation.
pub const ALL: [DType; 15] = [
    DType::F64,
    DType::F32,
    DType::F16,
    DType::Bf16,
    DType::F8E4m3fn,
    DType::F8E5m2,
    DType::F8E4m3fnuz,
    DType::F8E5m2fnuz,
    DType::F8E8m0,
    DType::I64,
    DType::I32,
    DType::I16,
    DType::I8,
    DType::U8,
    DType::Bool,
];

impl DType {
    /// The name used in every table: torch's, shortened (`bf16`, `f8_e4m3fn`, `i8`, …).
    pub const fn name(self) -> &'static str {
        match self {
            Self::F64 => "f64",
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::F8E4m3fn => "f8_e4m3fn",
            Self::F8E5m2 => "f8_e5m2",
            Self::F8E4m3fnuz => "f8_e4m3fnuz",
            Self::F8E5m2fnuz => "f8_e5m2fnuz",
            Self::F8E8m0 => "f8_e8m0",
            Self::I64 => "i64",
            Self::I32 => "i32",
            Self::I16 => "i16",
            Self::I8 => "i8",
            Self::U8 => "u8",
            Self::Bool => "bool",
        }
    }

    /// The format called `name` in tables.
    pub fn from_name(name: &str) -> Option<Self> {
        ALL.into_iter().find(|dtype| dtype.name() == name)
    }

    /// Bytes per value.
    pub const fn size(self) -> usize {
        match self {
            Self::F64 | Self::I64 => 8,
            Self::F32 | Self::I32 => 4,
            Self::F16 | Self::Bf16 | Self::I16 => 2,
            _ => 1,
        }
    }

    /// Whether a histogram over bit patterns holds everything there is to know (at most 16 bits).
    pub const fn is_narrow(self) -> bool {
        self.size() <= 2
    }

    /// Whether every value is an integer (booleans included): no NaN, infinity or subnormal.
    pub const fn is_integer(self) -> bool {
        matches!(self, Self::I64 | Self::I32 | Self::I16 | Self::I8 | Self::U8 | Self::Bool)
    }

    /// The value of a bit pattern of a narrow format; NaN and infinities included.
    ///
    /// Patterns above the format's width, and wide formats, give NaN.
    pub fn value(self, pattern: u16) -> f64 {
        let byte = pattern as u8;
        match self {
            Self::F16 => f16::from_bits(pattern).to_f64(),
            Self::Bf16 => bf16::from_bits(pattern).to_f64(),
            Self::I16 => f64::from(pattern as i16),
            _ if pattern > 0xff => f64::NAN,
            Self::F8E4m3fn if byte & 0x7f == 0x7f => f64::NAN,
            Self::F8E4m3fn => small_float(byte, 3, 7),
            Self::F8E5m2 if byte & 0x7f == 0x7c => f64::INFINITY.copysign(small_float(byte, 2, 15)),
            Self::F8E5m2 if byte & 0x7f > 0x7c => f64::NAN,
            Self::F8E5m2 => small_float(byte, 2, 15),
            Self::F8E4m3fnuz | Self::F8E5m2fnuz if byte == 0x80 => f64::NAN,
            Self::F8E4m3fnuz => small_float(byte, 3, 8),
            Self::F8E5m2fnuz => small_float(byte, 2, 16),
            Self::F8E8m0 if byte == 0xff => f64::NAN,
            Self::F8E8m0 => (f64::from(byte) - 127.0).exp2(),
            Self::I8 => f64::from(byte as i8),
            Self::U8 => f64::from(byte),
            Self::Bool => f64::from(u8::from(byte != 0)),
            Self::F64 | Self::F32 | Self::I64 | Self::I32 => f64::NAN,
        }
    }

    /// The smallest normal magnitude of a float format; `None` for integers.
    pub const fn min_normal(self) -> Option<f64> {
        match self {
            Self::F64 => Some(f64::MIN_POSITIVE),
            Self::F32 | Self::Bf16 => Some(f32::MIN_POSITIVE as f64),
            Self::F16 | Self::F8E5m2 => Some(6.103_515_625e-5), // 2^-14
            Self::F8E4m3fn => Some(0.015_625),                  // 2^-6
            Self::F8E4m3fnuz => Some(0.007_812_5),              // 2^-7
            Self::F8E5m2fnuz => Some(3.051_757_812_5e-5),       // 2^-15
            Self::F8E8m0 => Some(5.877_471_754_111_438e-39),    // 2^-127, its smallest value
            _ => None,
        }
    }
}

/// An 8-bit float with `mantissa` bits and the given exponent bias, every pattern finite.
fn small_float(byte: u8, mantissa: i32, bias: i32) -> f64 {
    let fraction = f64::from(byte & ((1 << mantissa) - 1)) / f64::from(1 << mantissa);
    let exponent = i32::from((byte & 0x7f) >> mantissa);
    let magnitude = match exponent {
        0 => fraction * f64::from(1 - bias).exp2(),
        _ => (1.0 + fraction) * f64::from(exponent - bias).exp2(),
    };
    if byte & 0x80 == 0 { magnitude } else { -magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn landmarks_of_the_published_tables_hold() {
        assert_eq!(DType::F8E4m3fn.value(0x7e), 448.0);
        assert_eq!(DType::F8E5m2.value(0x7b), 57344.0);
        assert_eq!(DType::F8E5m2.value(0xfc), f64::NEG_INFINITY);
        assert_eq!(DType::F8E4m3fnuz.value(0x7f), 240.0);
        assert_eq!(DType::F8E5m2fnuz.value(0x7f), 57344.0);
        assert_eq!(DType::F8E8m0.value(127), 1.0);
        assert_eq!(DType::F8E4m3fn.value(0x01), 2f64.powi(-9));
        assert_eq!(DType::Bf16.value(0x3f80), 1.0);
        assert_eq!(DType::I16.value(0xffff), -1.0);
        assert_eq!(DType::Bool.value(7), 1.0);
    }

    #[test]
    fn smallest_normal_is_where_subnormals_end() {
        for dtype in ALL.into_iter().filter(|d| d.is_narrow() && *d != DType::F8E8m0) {
            let Some(limit) = dtype.min_normal() else { continue };
            let below = (0..=u16::MAX).map(|p| dtype.value(p)).filter(|v| *v > 0.0 && *v < limit);
            assert!(below.count() > 0, "{}", dtype.name());
        }
    }
}
