"""What a bootstrap was asked for, and what it found: what the paths of names and of callables share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from glotgap.stats.cautions import warn_degenerate
from glotgap.stats.grouped import DataSets
from glotgap.stats.results import BootstrapResult, ConfidenceInterval
from glotgap.stats.schemes import Scheme

__all__ = ["ALTERNATIVES", "METHODS", "Ends", "Found", "Wanted"]

ALTERNATIVES: Final = ("two-sided", "less", "greater")
METHODS: Final = ("percentile", "basic", "bca", "normal", "studentized")


@dataclass(frozen=True)
class Ends:
    """Which interval is asked for, checked."""

    level: float
    alternative: str
    method: str


@dataclass(frozen=True)
class Wanted(Ends):
    """The options of a bootstrap, checked."""

    n_resamples: int
    batch: int | None
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
    exact: NDArray[Any]
    n_resamples: int
    distribution: Callable[[], NDArray[Any]]

    @classmethod
    def of_drawn(cls, estimate: NDArray[Any], drawn: NDArray[Any], figures: dict[str, NDArray[Any]]) -> Self:
        """Return what was found in a distribution that is at hand."""
        return cls(estimate, **figures, n_resamples=drawn.shape[-1], distribution=partial(np.asarray, drawn))

    @classmethod
    def undefined(cls, n_resamples: int) -> Self:
        """Return the figures of data that are too few: NaN."""
        nothing = {name: np.array(np.nan) for name in _figures(cls)}
        return cls(**nothing, n_resamples=n_resamples, distribution=partial(np.full, n_resamples, np.nan))

    @classmethod
    def of_sets(cls, data: DataSets, each: Sequence[Self]) -> Self:
        """Return the figures of all data sets."""
        return cls(
            **{name: data.arranged([getattr(found, name) for found in each]) for name in _figures(cls)},
            n_resamples=each[0].n_resamples,
            distribution=partial(_arranged, data, each),
        )

    def result(
        self, ends: Ends, statistic: str, seed: int | None, groups: tuple[Any, ...] | None = None
    ) -> BootstrapResult:
        """Return the figures as a caller sees them, floats when there is one data set; warn where an end is NaN."""
        low, high = self._figure("low"), self._figure("high")
        method = "BCa" if ends.method == "bca" else ends.method
        if np.isnan(np.minimum(low, high)).any():
            warn_degenerate(method)
        return BootstrapResult(
            confidence_interval=ConfidenceInterval(low, high),
            standard_error=self._figure("standard_error"),
            estimate=self._figure("estimate"),
            bias=self._figure("bias"),
            acceleration=self._figure("acceleration"),
            z0=self._figure("z0"),
            mc_error=ConfidenceInterval(self._figure("mc_error_low"), self._figure("mc_error_high")),
            n_resamples=self.n_resamples,
            exact=self._figure("exact") == 1,
            confidence_level=ends.level,
            alternative=ends.alternative,
            method=method,
            statistic=statistic,
            seed=seed,
            groups=groups,
            _distribution=self.distribution,
        )

    def _figure(self, name: str) -> Any:
        return np.asarray(getattr(self, name))[()]


def _figures(cls: type[Found]) -> list[str]:
    """Return the names of the figures that are arrays over data sets."""
    return [field.name for field in fields(cls) if field.name not in {"n_resamples", "distribution"}]


def _arranged(data: DataSets, each: Sequence[Found]) -> NDArray[Any]:
    return data.arranged([found.distribution() for found in each])
