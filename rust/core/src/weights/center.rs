//! A mean kept as the unevaluated sum of two f64 (Dekker 1971).
//!
//! One f64 holds a mean to half a unit in its last place, which is much of the deviation once the mean is 10¹⁰ times
//! as large: blocks would then be joined about the wrong place. The low part keeps what rounding left.

/// `high + low`, where `high` is the sum rounded to f64.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Center {
    /// The rounded value.
    pub high: f64,
    /// What rounding left.
    pub low: f64,
}

impl Center {
    /// x + y without rounding.
    pub fn sum(x: f64, y: f64) -> Self {
        let (high, low) = two_sum(x, y);
        Self { high, low }
    }

    /// This center moved by `x`.
    pub fn plus(self, x: f64) -> Self {
        let (high, low) = two_sum(self.high, x);
        Self::sum(high, low + self.low)
    }

    /// The distance from `other`, rounded once the high parts have cancelled.
    pub fn minus(self, other: Self) -> f64 {
        let (high, low) = two_sum(self.high, -other.high);
        high + (low + (self.low - other.low))
    }

    /// Multiplied by a power of two, which is exact short of underflow.
    pub fn scaled(self, power: f64) -> Self {
        Self { high: self.high * power, low: self.low * power }
    }
}

/// x + y as a rounded value and its rounding error (Knuth).
pub fn two_sum(x: f64, y: f64) -> (f64, f64) {
    let sum = x + y;
    let z = sum - x;
    (sum, (x - (sum - z)) + (y - z))
}
