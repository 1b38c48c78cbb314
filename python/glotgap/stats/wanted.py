"""What a bootstrap was asked for, and what it found: what the paths of names and of callables share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from glotgap.stats.schemes import Scheme

__all__ = ["ALTERNATIVES", "METHODS", "Found", "Wanted"]

ALTERNATIVES: Final = ("two-sided", "less", "greater")
METHODS: Final = ("percentile", "basic", "bca", "normal", "studentized")


@dataclass(frozen=True)
class Wanted:
    """The options of a bootstrap, checked."""

    n_resamples: int
    batch: int | None
    level: float
    alternative: str
    method: str
    paired: bool
    scheme: Scheme
    standard_error: Callable[..., Any] | None
    keep: bool
    threads: int | None
    progress: Callable[[int, int], object] | None


@dataclass(frozen=True)
class Found:
    """The figures of one data set, or of many along the axes of arrays."""

    estimate: NDArray[Any]
    low: NDArray[Any]
    high: NDArray[Any]
    standard_error: NDArray[Any]
    bias: NDArray[Any]
    z0: NDArray[Any]
    acceleration: NDArray[Any]
    mc_error_low: NDArray[Any]
    mc_error_high: NDArray[Any]
    n_resamples: int
    distribution: Callable[[], NDArray[Any]]

    def figure(self, name: str) -> Any:
        """Return a figure, as a float when there is one data set."""
        return np.asarray(getattr(self, name))[()]
