"""The bootstrap of a quantile without resampling: its distribution is known (Hutson and Ernst 2000).

Of n observations x₍₁₎ ≤ … ≤ x₍ₙ₎, the k-th smallest of a resample is x₍ⱼ₎ with probability

    w_j = I(j/n; k, n − k + 1) − I((j − 1)/n; k, n − k + 1),

with the regularized incomplete beta function I. The figures are those of infinitely many resamples: no Monte Carlo
error. Each w_j is an integral over a cell 1/n wide, taken by Gauss–Legendre quadrature with 24 nodes, which is exact up
to rounding (below 1e-10 in the tests, up to n = 1e6).

The quantile is the order statistic k = ⌈qn⌉, the inverse of the empirical distribution function; "linear" quantiles, of
which `bootstrap` with "quantile(q)" takes the distribution, lie between two of them.

Example:
    >>> result = exact_quantile_interval([1.0, 2.0, 4.0, 7.0, 8.0, 9.0, 20.0], 0.5)
    >>> result.estimate, result.confidence_interval.low, result.confidence_interval.high
    (7.0, 2.0, 9.0)
"""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from glotgap._arguments import typed
from glotgap._errors import BadArgumentError
from glotgap.stats import asked
from glotgap.stats.results import ConfidenceInterval
from glotgap.stats.samples import column, floats
from glotgap.stats.wanted import ALTERNATIVES

__all__ = ["QuantileInterval", "exact_quantile_interval"]

_NODES: Final = np.polynomial.legendre.leggauss(24)
_DEVIATIONS: Final = 40
"""How far from the middle probabilities are computed; beyond it they are below 1e-300."""


@dataclass(frozen=True)
class QuantileInterval:
    """A quantile and its percentile interval over all resamples, in units of the data.

    Attributes:
        estimate: the order statistic ⌈qn⌉.
        confidence_interval: `low` and `high`, both observations; infinite on an open side.
        standard_error: standard deviation of the bootstrap distribution.
        bias: its mean less the estimate.
        quantile, n: which quantile of how many observations.
        confidence_level, alternative: what was asked for.
    """

    estimate: float
    confidence_interval: ConfidenceInterval
    standard_error: float
    bias: float
    quantile: float
    n: int
    confidence_level: float
    alternative: str


@typed
def exact_quantile_interval(
    sample: Any, quantile: float = 0.5, *, confidence_level: float = 0.95, alternative: str = "two-sided"
) -> QuantileInterval:
    """Return the exact bootstrap percentile interval of a quantile.

    Args:
        sample: at least 2 observations, none NaN.
        quantile: from 0 to 1.
        confidence_level: between 0 and 1.
        alternative: "two-sided"; "less" for an upper bound only, "greater" for a lower one.

    Raises:
        BadArgumentError: an argument is out of range, or an observation is NaN.
    """
    values = np.sort(floats(column(sample)))
    if values.ndim != 1 or len(values) < 2 or np.isnan(values).any():
        raise BadArgumentError(f"sample has shape {values.shape}: give at least 2 observations, without NaN")
    if not 0 <= quantile <= 1:
        raise BadArgumentError(f"quantile is {quantile}: give a number from 0 to 1")
    level = asked.confidence(confidence_level)
    side = asked.choice("alternative", alternative, ALTERNATIVES)
    rank = min(max(math.ceil(quantile * len(values)), 1), len(values))
    chances = order_statistic(len(values), rank)
    return _found(values, rank, chances, quantile, level, side)


def _found(
    values: NDArray[np.float64], rank: int, chances: NDArray[np.float64], quantile: float, level: float, side: str
) -> QuantileInterval:
    estimate = float(values[rank - 1])
    tail = (1 - level) / 2 if side == "two-sided" else 1 - level
    below = np.cumsum(chances)
    low, high = (float(values[min(int(np.searchsorted(below, share)), len(values) - 1)]) for share in (tail, 1 - tail))
    likely = chances > 0  # so that an infinite value that is never drawn does not count
    moved = values[likely] - estimate
    bias = float(chances[likely] @ moved) if np.isfinite(moved).all() else math.nan
    return QuantileInterval(
        estimate=estimate,
        confidence_interval=ConfidenceInterval(
            -math.inf if side == "less" else low, math.inf if side == "greater" else high
        ),
        standard_error=math.sqrt(chances[likely] @ (moved - bias) ** 2),
        bias=bias,
        quantile=quantile,
        n=len(values),
        confidence_level=level,
        alternative=side,
    )


def order_statistic(n: int, rank: int) -> NDArray[np.float64]:
    """Return the probability that the `rank`-th smallest of a resample is each of n ordered observations."""
    a, b = rank, n - rank + 1
    middle, spread = a / (a + b), math.sqrt(a * b / (a + b + 1)) / (a + b)
    first = max(0, math.floor((middle - _DEVIATIONS * spread) * n))
    last = min(n, math.ceil((middle + _DEVIATIONS * spread) * n))
    nodes, weights = _NODES
    x = (np.arange(first, last)[:, None] + (nodes + 1) / 2) / n
    scale = math.lgamma(n + 1) - math.lgamma(a) - math.lgamma(b)
    density = np.exp((a - 1) * np.log(x) + (b - 1) * np.log1p(-x) + scale)
    chances: NDArray[np.float64] = np.zeros(n)
    chances[first:last] = density @ weights / (2 * n)
    chances /= chances.sum()
    return chances
