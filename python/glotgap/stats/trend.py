"""The Mann–Kendall test: whether a series tends up or down (Mann 1945; Kendall 1975), with Sen's slope (1968).

S counts pairs that rise less pairs that fall. Without ties its distribution under exchangeability is that of
inversions of a random order, and p is exact, up to 200 observations. Else p comes from the normal approximation, with
the variance corrected for ties and a continuity correction. Serial dependence makes both p too small. All pairs are
compared, so that memory grows with n²: longer series than 10,000 are refused.

Example:
    >>> result = mann_kendall([1.0, 2.0, 4.0, 3.0, 5.0, 6.0])
    >>> result.statistic, result.exact, result.pvalue, result.slope
    (13, True, 0.01666, 1.0)
"""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from glotgap._arguments import typed
from glotgap._errors import BadArgumentError
from glotgap.stats import asked
from glotgap.stats.samples import column
from glotgap.stats.wanted import ALTERNATIVES

__all__ = ["TrendResult", "mann_kendall"]

_MOST_EXACT: Final = 200
_MOST: Final = 10_000


@dataclass(frozen=True)
class TrendResult:
    """A test for a monotone trend.

    Attributes:
        statistic: S, pairs that rise less pairs that fall.
        pvalue: for `alternative` ("greater": upwards).
        exact: whether p counts all orders; else it is the normal approximation.
        tau: Kendall's τ_b of the series with time; NaN for a constant series.
        slope: Sen's median slope, in units of the series per unit of time.
        n: observations.
        alternative: what was asked for.
    """

    statistic: int
    pvalue: float
    exact: bool
    tau: float
    slope: float
    n: int
    alternative: str


@typed
def mann_kendall(series: Any, *, times: Any = None, alternative: str = "two-sided") -> TrendResult:
    """Test a series for a trend.

    Args:
        series: 3 to 10,000 finite observations.
        times: when they were made, strictly increasing; None: one unit apart.
        alternative: "two-sided", "greater" (upwards) or "less".

    Raises:
        BadArgumentError: too few observations or too many, not finite, or times that do not increase.
    """
    values, when = _series(series, times)
    side = asked.choice("alternative", alternative, ALTERNATIVES)
    earlier, later = np.triu_indices(len(values), 1)
    rises = values[later] - values[earlier]
    score = int(np.sign(rises).sum())
    repeats = np.unique(values, return_counts=True)[1]
    ties = float((repeats * (repeats - 1) // 2).sum())
    exact = ties == 0 and len(values) <= _MOST_EXACT
    pairs = len(rises)
    return TrendResult(
        statistic=score,
        pvalue=_exact(score, len(values), side) if exact else _approximate(score, repeats, side),
        exact=exact,
        tau=score / math.sqrt(pairs * (pairs - ties)) if ties < pairs else math.nan,
        slope=float(np.median(rises / (when[later] - when[earlier]))),
        n=len(values),
        alternative=side,
    )


def _series(series: Any, times: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    values = column(series).astype(np.float64)
    if values.ndim != 1 or not 3 <= len(values) <= _MOST or not np.isfinite(values).all():
        raise BadArgumentError(f"series has shape {values.shape}: give 3 to {_MOST} finite observations")
    when = np.arange(len(values), dtype=np.float64) if times is None else column(times).astype(np.float64)
    if when.shape != values.shape or not (np.diff(when) > 0).all():
        raise BadArgumentError(f"times has shape {when.shape} for {len(values)} observations, or does not increase")
    return values, when


def _exact(score: int, n: int, side: str) -> float:
    """Return p by the distribution of inversions: each observation adds 0 to its rank of them, evenly."""
    chances = np.ones(1)
    for choices in range(2, n + 1):
        chances = np.convolve(chances, np.full(choices, 1 / choices))
    falls = (n * (n - 1) // 2 - score) // 2
    up, down = chances[: falls + 1].sum(), chances[falls:].sum()
    return _sided(float(up), float(down), side)


def _approximate(score: int, repeats: NDArray[np.int64], side: str) -> float:
    n = int(repeats.sum())
    variance = (n * (n - 1) * (2 * n + 5) - float((repeats * (repeats - 1) * (2 * repeats + 5)).sum())) / 18
    if variance == 0:  # a constant series
        return 1.0
    up, down = (math.erfc((sign * score - 1) / math.sqrt(2 * variance)) / 2 for sign in (1, -1))
    return _sided(up, down, side)


def _sided(up: float, down: float, side: str) -> float:
    return min(1.0, {"greater": up, "less": down, "two-sided": 2 * min(up, down)}[side])
