//! The named statistics: which columns each takes and which figures of them it is.
//!
//! Two kinds of columns: *samples*, which may differ in length and are resampled apart unless the design pairs them, and
//! *pairs*, whose rows belong together. Variances divide by n − `ddof` (0 unless given, as in numpy).

use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// A statistic with its parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Statistic {
    /// Figures of the central moments of each column.
    Moment(Moment),
    /// Figures of the central second moments of rows.
    Pair(Pair),
    /// Figures of the order of values.
    Order(Order),
}

/// Figures of the central moments of each column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Moment {
    /// Σx / n.
    Mean,
    /// Σx.
    Sum,
    /// Σ(x − x̄)² / (n − ddof).
    Variance {
        /// What is taken off n.
        ddof: f64,
    },
    /// The square root of the variance.
    Deviation {
        /// What is taken off n.
        ddof: f64,
    },
    /// m₃ / m₂^1.5 of biased central moments.
    Skew,
    /// m₄ / m₂² − 3 of biased central moments.
    Kurtosis,
    /// Deviation / mean.
    Variation {
        /// What is taken off n.
        ddof: f64,
    },
    /// Σx / Σy.
    RatioOfSums,
    /// x̄ − ȳ.
    MeanDifference,
    /// x̄ / ȳ.
    MeanRatio,
    /// ln(x̄ / ȳ).
    LogRatio,
    /// Mean difference / pooled deviation.
    CohenD,
    /// Cohen's d × (1 − 3 / (4(n₁ + n₂) − 9)), Hedges 1981.
    HedgesG,
    /// Welch's t.
    Welch,
    /// The F of a one-way analysis of variance.
    OneWay,
    /// The highest mean − the lowest.
    WorstMinusBest,
}

/// Figures of the central second moments of rows (x, y, covariates…).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pair {
    /// Pearson's r.
    Pearson,
    /// Pearson's r of average ranks.
    Spearman,
    /// The slope of y on x.
    Slope,
    /// Pearson's r of what linear regression on the covariates leaves.
    PartialPearson,
    /// The same of average ranks.
    PartialSpearman,
}

/// Figures of the order of values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Order {
    /// The quantile of order `q`, linear between order statistics (numpy's "linear").
    Quantile {
        /// From 0 to 1.
        q: f64,
    },
    /// The quantile of x − that of y.
    QuantileDifference {
        /// From 0 to 1.
        q: f64,
    },
    /// The mean without the lowest and the highest ⌊p·n⌋ values.
    TrimmedMean {
        /// From 0 to below 0.5.
        p: f64,
    },
    /// Gini's coefficient, Σᵢⱼ|xᵢ − xⱼ| / (2n²x̄).
    Gini,
    /// P(x > y) + P(x = y) / 2.
    Auc,
    /// Kendall's τ-b of rows.
    Kendall,
}

/// The names, in the order in which they are documented.
pub const NAMES: [&str; 28] = [
    "mean",
    "median",
    "quantile",
    "trimmed_mean",
    "var",
    "std",
    "sum",
    "skew",
    "kurtosis",
    "ratio_of_sums",
    "mean_difference",
    "median_difference",
    "mean_ratio",
    "log_ratio",
    "pearson",
    "spearman",
    "kendall",
    "slope",
    "partial_pearson",
    "partial_spearman",
    "cohen_d",
    "hedges_g",
    "t",
    "f_oneway",
    "gini",
    "cv",
    "auc",
    "worst_minus_best",
];

impl Statistic {
    /// The statistic called `name`; `parameters` are `q`, `p` and `ddof` where it has them.
    pub fn named(name: &str, parameters: &BTreeMap<String, f64>) -> Result<Self> {
        let mut given = Given(parameters.clone());
        let statistic = Self::of(name, &mut given)?;
        given.is_used(name)?;
        Ok(statistic)
    }

    fn of(name: &str, given: &mut Given) -> Result<Self> {
        Ok(match name {
            "mean" => Self::Moment(Moment::Mean),
            "sum" => Self::Moment(Moment::Sum),
            "var" => Self::Moment(Moment::Variance { ddof: given.ddof()? }),
            "std" => Self::Moment(Moment::Deviation { ddof: given.ddof()? }),
            "cv" => Self::Moment(Moment::Variation { ddof: given.ddof()? }),
            "skew" => Self::Moment(Moment::Skew),
            "kurtosis" => Self::Moment(Moment::Kurtosis),
            "ratio_of_sums" => Self::Moment(Moment::RatioOfSums),
            "mean_difference" => Self::Moment(Moment::MeanDifference),
            "mean_ratio" => Self::Moment(Moment::MeanRatio),
            "log_ratio" => Self::Moment(Moment::LogRatio),
            "cohen_d" => Self::Moment(Moment::CohenD),
            "hedges_g" => Self::Moment(Moment::HedgesG),
            "t" => Self::Moment(Moment::Welch),
            "f_oneway" => Self::Moment(Moment::OneWay),
            "worst_minus_best" => Self::Moment(Moment::WorstMinusBest),
            "pearson" => Self::Pair(Pair::Pearson),
            "spearman" => Self::Pair(Pair::Spearman),
            "slope" => Self::Pair(Pair::Slope),
            "partial_pearson" => Self::Pair(Pair::PartialPearson),
            "partial_spearman" => Self::Pair(Pair::PartialSpearman),
            "median" => Self::Order(Order::Quantile { q: 0.5 }),
            "quantile" => Self::Order(Order::Quantile { q: given.share("q", None, 1.0)? }),
            "median_difference" => Self::Order(Order::QuantileDifference { q: 0.5 }),
            "trimmed_mean" => Self::Order(Order::TrimmedMean { p: given.share("p", Some(0.1), 0.499_999)? }),
            "gini" => Self::Order(Order::Gini),
            "auc" => Self::Order(Order::Auc),
            "kendall" => Self::Order(Order::Kendall),
            _ => {
                let remedy = format!("give one of {}", NAMES.join(", "));
                return Err(Error::bad_argument(format!("statistic is {name:?}"), remedy));
            }
        })
    }

    /// Whether its columns are rows that belong together.
    pub fn is_paired(self) -> bool {
        matches!(self, Self::Pair(_) | Self::Order(Order::Kendall))
    }

    /// The least and the greatest number of columns.
    fn columns(self) -> (usize, usize) {
        match self {
            Self::Moment(moment) => moment.columns(),
            Self::Pair(Pair::PartialPearson | Pair::PartialSpearman) => (3, 64),
            Self::Order(Order::Quantile { .. } | Order::TrimmedMean { .. } | Order::Gini) => (1, 1),
            Self::Pair(_) | Self::Order(_) => (2, 2),
        }
    }

    /// An error unless the statistic takes these columns.
    pub fn check(self, columns: &[&[f64]], is_paired: bool) -> Result<()> {
        let (least, most) = self.columns();
        let n = columns.len();
        if n < least || n > most {
            let remedy = format!("give {least}{}", if most > least { " or more" } else { "" });
            return Err(Error::bad_argument(format!("{n} samples for this statistic"), remedy));
        }
        if let Some(at) = columns.iter().position(|column| column.is_empty()) {
            return Err(Error::bad_argument(format!("sample {at} is empty"), "give at least one observation"));
        }
        let is_even = columns.iter().all(|column| column.len() == columns[0].len());
        if (self.is_paired() || is_paired) && !is_even {
            let lengths: Vec<_> = columns.iter().map(|column| column.len()).collect();
            let what = format!("paired samples of lengths {lengths:?}");
            return Err(Error::bad_argument(what, "give samples of one length"));
        }
        Ok(())
    }
}

impl Moment {
    fn columns(self) -> (usize, usize) {
        match self {
            Self::Mean
            | Self::Sum
            | Self::Variance { .. }
            | Self::Deviation { .. }
            | Self::Variation { .. }
            | Self::Skew
            | Self::Kurtosis => (1, 1),
            Self::OneWay | Self::WorstMinusBest => (2, usize::MAX),
            _ => (2, 2),
        }
    }

    /// The highest power of values that it needs.
    pub fn degree(self) -> usize {
        match self {
            Self::Mean
            | Self::Sum
            | Self::RatioOfSums
            | Self::MeanDifference
            | Self::MeanRatio
            | Self::LogRatio
            | Self::WorstMinusBest => 1,
            Self::Skew | Self::Kurtosis => 4,
            _ => 2,
        }
    }
}

/// Parameters not yet used.
struct Given(BTreeMap<String, f64>);

impl Given {
    fn ddof(&mut self) -> Result<f64> {
        let ddof = self.0.remove("ddof").unwrap_or(0.0);
        let wrong = || Error::bad_argument(format!("ddof is {ddof}"), "give a finite number");
        if ddof.is_finite() { Ok(ddof) } else { Err(wrong()) }
    }

    fn share(&mut self, name: &str, default: Option<f64>, most: f64) -> Result<f64> {
        let missing = || Error::bad_argument(format!("no {name} given"), format!("give {name}, from 0 to 1"));
        let share = self.0.remove(name).or(default).ok_or_else(missing)?;
        let wrong = || Error::bad_argument(format!("{name} is {share}"), format!("give 0 to {most}"));
        if (0.0..=most).contains(&share) { Ok(share) } else { Err(wrong()) }
    }

    fn is_used(&self, statistic: &str) -> Result<()> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => Err(Error::bad_argument(format!("{statistic} has no parameter {name:?}"), "leave it out")),
        }
    }
}
