"""p from a null distribution: how many rearrangements are as extreme as the data.

Values that differ from the data's by at most 100 units of rounding count as equal to it, as in scipy, and so do those
within 1e-10 of how far three in four of the first values of the null distribution lie from the data's: equal values in
theory differ in their last bits when they were added up in another order, and differences of such (an F, a slope) in
many more. Two-sided p is twice the smaller one-sided p (scipy's), or by `abs` the share of absolute values as great as
the data's; on asymmetric null distributions the two differ.

`stopped` is the sequential test of Besag and Clifford (1991): replicates until `stop` of them are as extreme; p is
then `stop` over their number, a valid p that costs few replicates when it is large. `max_t` adjusts many tests at once
(Westfall and Young 1993, single step): how often the most extreme of all statistics beats each of them.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["TWO_SIDED", "extreme", "max_t", "pvalue", "stopped"]

TWO_SIDED: Final = ("2·min", "abs")

_FIRST: Final = 1024
"""So many replicates tell how far a null distribution lies."""


def extreme(null: NDArray[Any], observed: NDArray[Any], side: str) -> Any:
    """Whether each replicate is as extreme as the data; `side` is "less", "greater" or "abs"."""
    tolerance = _tolerance(null, observed)
    if side == "less":
        return null <= observed + tolerance
    if side == "greater":
        return null >= observed - tolerance
    return np.abs(null) >= np.abs(observed) - tolerance


def _tolerance(null: NDArray[Any], observed: NDArray[Any]) -> Any:
    if observed.dtype.kind != "f":
        return 0
    with np.errstate(invalid="ignore", over="ignore"):
        away = np.abs(null[:_FIRST] - observed)
        far = np.quantile(np.where(np.isfinite(away), away, 0.0), 0.75, axis=0)
        near = np.abs(np.finfo(observed.dtype).eps * 100 * observed) + 1e-10 * far
    return np.where(np.isfinite(observed), near, 0.0)


def pvalue(
    null: NDArray[Any], observed: NDArray[Any], alternative: str, *, exact: bool, two_sided: str
) -> tuple[Any, Any]:
    """Return p from a whole null distribution along the first axis, and its Monte Carlo error, 0 when exact.

    Both are NaN where the statistic is.
    """
    sides = _sides(alternative, two_sided)
    added = 0 if exact else 1
    counts = [np.count_nonzero(extreme(null, observed, side), axis=0) for side in sides]
    share = (np.stack(counts).min(axis=0) + added) / (len(null) + added)
    error = np.sqrt(share * (1 - share) / len(null)) * (0 if exact else len(sides))
    undefined = np.isnan(observed) if observed.dtype.kind == "f" else False
    p = np.minimum(1.0, len(sides) * share)
    return np.where(undefined, np.nan, p)[()], np.where(undefined, np.nan, error)[()]


def _sides(alternative: str, two_sided: str) -> tuple[str, ...]:
    if alternative != "two-sided":
        return (alternative,)
    return ("abs",) if two_sided == "abs" else ("less", "greater")


def stopped(null: NDArray[Any], observed: NDArray[Any], alternative: str, *, two_sided: str, stop: int) -> int | None:
    """Return after how many replicates `stop` of them were as extreme as the data, None when fewer were."""
    sides = _sides(alternative, two_sided)
    counts = np.stack([np.cumsum(extreme(null, observed, side)) for side in sides]).min(axis=0)
    return int(np.searchsorted(counts, stop)) + 1 if counts[-1] >= stop else None


def max_t(null: NDArray[Any], observed: NDArray[Any], alternative: str, *, exact: bool) -> NDArray[np.float64]:
    """Return p of each test adjusted for all of them, by absolute values when two-sided."""
    side = "abs" if alternative == "two-sided" else alternative
    flat = null.reshape(len(null), -1)
    signed = {"less": -flat, "greater": flat, "abs": np.abs(flat)}[side]
    most = np.nanmax(signed, axis=1) * (-1 if side == "less" else 1)
    wide = most.reshape(-1, *(1,) * observed.ndim)
    return np.asarray(pvalue(wide, observed, side, exact=exact, two_sided=side)[0])
