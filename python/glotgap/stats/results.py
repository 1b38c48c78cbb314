"""What the room returns: scipy's attribute names, and what scipy's leave out.

Distributions are made when they are first asked for: an interval needs none in memory, and the native stream gives the
same replicates again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["BootstrapResult", "ConfidenceInterval", "PermutationTestResult"]

Figure = Any
"""A float, or an array with one value for each data set (NaN where undefined)."""


class ConfidenceInterval(NamedTuple):
    """Lower and upper end, in units of the statistic; infinite on the open side of a one-sided interval."""

    low: Figure
    high: Figure


@dataclass  # not frozen: scipy's own pearsonr clips the interval of the result that it is given
class BootstrapResult:
    """An estimate and its confidence interval. Figures are floats, or arrays over data sets.

    Attributes:
        confidence_interval: `low` and `high`.
        standard_error: standard deviation of the bootstrap distribution (n_resamples - 1 below the line).
        estimate: the statistic of the data.
        bias: mean of the bootstrap distribution less the estimate.
        acceleration, z0: the two constants of BCa; NaN for other methods.
        mc_error: Monte Carlo standard error of each end of the interval: what another seed would change. 0 on an open
            side and where the distribution is exact.
        n_resamples: replicates behind the interval.
        exact: whether the whole bootstrap distribution is known, so that the figures are those of infinitely many
            replicates: for data of two distinct values, unless the distribution is kept.
        confidence_level, alternative, method, statistic: what was asked for.
        seed: the `rng` that repeats the run; None when a generator was given.
        groups: labels of the data sets when `by` was given, in the order of the figures.
    """

    confidence_interval: ConfidenceInterval
    standard_error: Figure
    estimate: Figure
    bias: Figure
    acceleration: Figure
    z0: Figure
    mc_error: ConfidenceInterval
    n_resamples: int
    exact: Figure
    confidence_level: float
    alternative: str
    method: str
    statistic: str
    seed: int | None
    groups: tuple[Any, ...] | None = None
    _distribution: Callable[[], NDArray[Any]] = field(kw_only=True, repr=False, compare=False)

    @cached_property
    def bootstrap_distribution(self) -> NDArray[Any]:
        """The statistic of each resample, along the last axis; drawn again on first use unless it was kept."""
        return self._distribution()

    def summary(self) -> str:
        """One line a data set: estimate, interval, and how it was made.

        Example:
            >>> import numpy as np
            >>> from glotgap import stats
            >>> stats.bootstrap((np.arange(20.0),), np.ptp, method="percentile", n_resamples=99, rng=1).summary()
            'ptp 19 (95 % interval 15.45 to 19, percentile, 99 resamples)'
        """
        low, high, estimate = map(np.ravel, (*self.confidence_interval, self.estimate))
        counts = ["exact" if exact else f"{self.n_resamples} resamples" for exact in np.ravel(self.exact)]
        level = f"{100 * self.confidence_level:g} % interval"
        names = self._names(len(estimate))
        return "\n".join(
            f"{name} {value:.6g} ({level} {a:.6g} to {b:.6g}, {self.method}, {count})"
            for name, value, a, b, count in zip(names, estimate, low, high, counts, strict=True)
        )

    def _names(self, count: int) -> list[str]:
        if self.groups is not None:
            return [f"{self.statistic} of {group}" for group in self.groups]
        return [self.statistic] if count == 1 else [f"{self.statistic} [{place}]" for place in range(count)]

    def plot(self, axes: "Axes | None" = None) -> "Axes":
        """Draw the distribution with estimate and interval; needs matplotlib. Only for one data set."""
        from glotgap.stats.pictures import bootstrap_picture

        return bootstrap_picture(self, axes)


@dataclass(frozen=True)
class PermutationTestResult:
    """A statistic and how often rearranged data give one as extreme. Figures are floats, or arrays over data sets.

    Attributes:
        statistic: of the data.
        pvalue: for `alternative`.
        exact: whether p counts all rearrangements; else it is (b + 1) / (n_resamples + 1).
        n_resamples: rearrangements behind p. These two are arrays only where data sets differ.
        mc_error: Monte Carlo standard error of p, 0 when exact.
        alternative: what was asked for.
        two_sided: "2·min" or "abs": how a two-sided p was made; None for one-sided ones.
        seed: the `rng` that repeats the run; None when a generator was given.
        groups: labels of the data sets when `by` was given, in the order of the figures.
        pvalue_adjusted: p adjusted for all data sets, when asked for.
    """

    statistic: Figure
    pvalue: Figure
    exact: Figure
    n_resamples: Figure
    mc_error: Figure
    alternative: str
    two_sided: str | None
    seed: int | None
    groups: tuple[Any, ...] | None = None
    pvalue_adjusted: Figure = None
    _distribution: Callable[[], NDArray[Any]] = field(kw_only=True, repr=False, compare=False)

    @property
    def least(self) -> Figure:
        """The least p that so many rearrangements can give, whatever the data."""
        one = 1 / (np.asarray(self.n_resamples, np.float64) + np.where(self.exact, 0.0, 1.0))
        return np.minimum(1.0, 2 * one if self.two_sided == "2·min" else one)[()]

    @cached_property
    def null_distribution(self) -> NDArray[Any]:
        """The statistic of each rearrangement, along the first axis; made again on first use unless it was kept."""
        return self._distribution()

    def summary(self) -> str:
        """One line a data set: statistic, p, p adjusted for all if that was asked for, and how they were made."""
        side = self.alternative if self.two_sided is None else f"two-sided by {self.two_sided}"
        values, pvalues = map(np.ravel, (self.statistic, self.pvalue))
        counts, exact = (np.broadcast_to(figure, values.shape) for figure in (self.n_resamples, self.exact))
        labels = [""] * len(values) if self.groups is None else [f"{group}: " for group in self.groups]
        return "\n".join(
            f"{label}statistic {value:.6g}, p = {p:.4g}{also} ({side}, {_rearrangements(count, whole=whole)})"
            for label, value, p, also, count, whole in zip(
                labels, values, pvalues, self._adjusted(), counts, exact, strict=True
            )
        )

    def _adjusted(self) -> list[str]:
        if self.pvalue_adjusted is None:
            return [""] * np.size(self.pvalue)
        return [f", adjusted {p:.4g}" for p in np.ravel(self.pvalue_adjusted)]

    def plot(self, axes: "Axes | None" = None) -> "Axes":
        """Draw the null distribution and the statistic; needs matplotlib. Only for one data set."""
        from glotgap.stats.pictures import permutation_picture

        return permutation_picture(self, axes)


def _rearrangements(count: float, *, whole: bool) -> str:
    shown = f"{count:.0f}" if count < 1e9 else f"{count:.3g}"
    return f"exact, {shown} rearrangements" if whole else f"{shown} random rearrangements"
