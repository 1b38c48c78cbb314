"""Intervals from distributions that are at hand, by the core: see `rust/core/src/stats/interval.rs` for the methods."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from glotgap import _core
from glotgap.stats.samples import floats
from glotgap.stats.wanted import Ends

__all__ = ["FIGURES", "interval"]

FIGURES: Final = (
    "low",
    "high",
    "standard_error",
    "bias",
    "z0",
    "acceleration",
    "mc_error_low",
    "mc_error_high",
    "exact",
)


def interval(
    drawn: NDArray[Any],
    estimate: NDArray[Any],
    wanted: Ends,
    *,
    jackknife: Sequence[NDArray[Any]] = (),
    errors: tuple[NDArray[Any], NDArray[Any]] | None = None,
) -> dict[str, NDArray[Any]]:
    """Return the figures of an interval for each slice of distributions along the last axis.

    Args:
        drawn: the distributions.
        estimate: of the data, slice by slice.
        wanted: which interval.
        jackknife: for BCa, the statistic without each unit, along the last axis.
        errors: for studentized intervals, the standard errors of the estimate and of each replicate.
    """
    shape = drawn.shape[:-1]
    estimates = np.broadcast_to(estimate, shape)
    found: dict[str, Any] = {name: np.empty(shape) for name in FIGURES}
    for place in np.ndindex(shape):
        one = _core.stats_interval(
            floats(drawn[place]),
            float(estimates[place]),
            method=wanted.method,
            level=wanted.level,
            alternative=wanted.alternative,
            jackknife=[floats(values[place]) for values in jackknife] or None,
            errors=None if errors is None else (float(errors[0][place]), floats(errors[1][place])),
        )
        for name in FIGURES:
            found[name][place] = one[name]
    return _rounded(found, drawn.dtype)


def _rounded(found: dict[str, Any], dtype: np.dtype[Any]) -> dict[str, NDArray[Any]]:
    """Return figures in the type of the distribution where that is a narrower float, as scipy does."""
    return found if dtype.kind != "f" else {name: values.astype(dtype) for name, values in found.items()}
