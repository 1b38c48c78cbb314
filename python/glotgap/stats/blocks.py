"""The block length that suits a series: Politis and White (2004), as corrected by Patton, Politis and White (2009).

The length that minimizes the mean squared error of the bootstrap variance of the **mean**, from a flat-top estimate of
the spectrum at zero. For other statistics it is a reasonable first choice, no more.

Example:
    >>> import numpy as np
    >>> noise = np.random.default_rng(1).normal(size=500)
    >>> block_length(noise) < block_length(noise.cumsum())
    True
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glotgap._arguments import typed
from glotgap._errors import BadArgumentError
from glotgap.stats.samples import column

__all__ = ["block_length"]


@typed
def block_length(series: Any, *, kind: str = "circular") -> int:
    """Return the block length for a series, 1 where it shows no dependence.

    Args:
        series: at least 9 observations in the order of time.
        kind: "moving" and "circular" blocks have fixed length, "stationary" ones this length on average.

    Raises:
        BadArgumentError: too few observations, not finite, or an unknown kind.
    """
    values = column(series).astype(np.float64)
    if kind not in _CONSTANTS:
        raise BadArgumentError(f"kind is {kind!r}: give one of {', '.join(_CONSTANTS)}")
    if values.ndim != 1 or len(values) < 9 or not np.isfinite(values).all():
        raise BadArgumentError(f"series has shape {values.shape}: give at least 9 finite observations, or the length")
    spread, density = _spectrum(values - values.mean())
    if density == 0 or spread == 0:
        return 1
    n = len(values)
    length = math.cbrt(2 * spread**2 / (_CONSTANTS[kind] * density**2) * n)
    return max(1, math.ceil(min(length, math.ceil(min(3 * math.sqrt(n), n / 3)))))


_CONSTANTS = {"moving": 4 / 3, "circular": 4 / 3, "stationary": 2.0}


def _spectrum(centered: NDArray[np.float64]) -> tuple[float, float]:
    """Return Σ λ(k/m)|k| R(k) and Σ λ(k/m) R(k), with autocovariances R and the flat-top window λ."""
    n = len(centered)
    run = max(5, int(math.log10(n)))
    most = min(math.ceil(math.sqrt(n)) + run, n - 2)
    covariances = np.array([centered[lag:] @ centered[: n - lag] for lag in range(most + 1)]) / n
    width = _width(centered, covariances, run, most)
    lags = np.arange(1, width + 1)
    window = np.minimum(1.0, 2 * (1 - lags / width))
    weighted = 2 * window * covariances[1 : width + 1]
    return float(lags @ weighted), float(covariances[0] + weighted.sum())


def _width(centered: NDArray[np.float64], covariances: NDArray[np.float64], run: int, most: int) -> int:
    """Return twice the lag after which `run` autocorrelations in a row are insignificant."""
    n = len(centered)
    squares = np.concatenate([[0.0], np.cumsum(centered**2)])
    lags = np.arange(1, most + 1)
    scale = np.sqrt((squares[n] - squares[lags]) * squares[n - lags])
    with np.errstate(invalid="ignore", divide="ignore"):
        small = np.abs(covariances[1:]) * n < 2 * math.sqrt(math.log10(n) / n) * scale
    for lag in range(most - run + 1):
        if small[lag : lag + run].all():
            return min(2 * max(lag, 1), most)
    return most
