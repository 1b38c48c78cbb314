"""What a permutation test was asked for, and what it found."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

__all__ = ["Test", "Tested"]


@dataclass(frozen=True)
class Test:
    """The options of a permutation test, checked."""

    kind: str
    n_resamples: float
    batch: int | None
    alternative: str
    two_sided: str
    strata: Any
    count: bool
    stop: int | None
    keep: bool
    threads: int | None
    progress: Callable[[int, int], object] | None


@dataclass(frozen=True)
class Tested:
    """The figures of one data set, or of many along the axes of arrays."""

    statistic: Any
    pvalue: Any
    n_resamples: Any
    mc_error: Any
    distribution: Callable[[], NDArray[Any]]
    exact: Any
