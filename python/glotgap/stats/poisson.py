"""The bootstrap in one pass: each observation enters each replicate with a Poisson(1) weight of its own.

For data that are read once, in pieces, on several machines. The weight is a function of the key, the replicate and the
**unit** of the observation, so that pieces can be merged in any order, and observations of one unit (sentences of a
document) share their weights wherever they are read: that is the cluster bootstrap. The number of observations varies
between replicates, which matters for sums and below some 100 units (Chamandy et al. 2012).

Only statistics of sums can be had: their replicates are functions of the weighted sums, which is all that is held.
Sums of whole numbers are exact up to 2⁵³; others are rounded in the order of reading.

Example:
    >>> import numpy as np
    >>> words = np.arange(10, 60)
    >>> tokens = words + words % 7
    >>> first = PoissonBootstrap("ratio_of_sums", rng=1).update(tokens[:30], words[:30])
    >>> second = PoissonBootstrap("ratio_of_sums", rng=1, start=30).update(tokens[30:], words[30:])
    >>> whole = PoissonBootstrap("ratio_of_sums", rng=1).update(tokens, words)
    >>> first.merge(second).result().confidence_interval == whole.result().confidence_interval
    True
"""

import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from glotgap._arguments import typed
from glotgap._errors import BadArgumentError
from glotgap.stats import asked, randomness
from glotgap.stats.intervals import interval
from glotgap.stats.poisson_weights import poisson_weights
from glotgap.stats.results import BootstrapResult
from glotgap.stats.samples import column, floats
from glotgap.stats.wanted import ALTERNATIVES, Ends, Found

__all__ = ["PoissonBootstrap"]

Sums: TypeAlias = NDArray[np.float64]


def _logarithm(sums: Sums) -> Sums:
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio: Sums = np.log(sums[1] / sums[2])
    return ratio


def _ratio(upper: int, lower: int, sums: Sums) -> Sums:
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio: Sums = sums[upper] / sums[lower]
    return ratio


def _difference(sums: Sums) -> Sums:
    return _ratio(1, 0, sums) - _ratio(2, 0, sums)


_STATISTICS: Final[Mapping[str, tuple[int, Callable[[Sums], Sums]]]] = {
    "sum": (1, lambda sums: sums[1]),
    "mean": (1, partial(_ratio, 1, 0)),
    "ratio_of_sums": (2, partial(_ratio, 1, 2)),
    "mean_ratio": (2, partial(_ratio, 1, 2)),
    "log_ratio": (2, _logarithm),
    "mean_difference": (2, _difference),
}
"""How many columns each statistic is of, and its value by the weighted sums of 1 and of the columns."""

_METHODS: Final = ("percentile", "basic", "normal")
_BLOCK: Final = 1 << 16
"""Weights drawn at a time."""


class PoissonBootstrap:
    """Replicates of a statistic, updated as observations come in.

    Attributes:
        statistic: one of "mean", "sum", "mean_difference", "mean_ratio", "log_ratio", "ratio_of_sums" (of two columns,
            the last four).
        n_resamples: replicates.
        n: observations so far.
        seed: the `rng` that repeats the run, None for other than an int.
        key: what the weights are a function of.
        observed, sums: sums of 1 and of each column (rows), of the observations and weighted (columns: replicates).
        ranges: numbers of the observations that are their own units; empty when `units` are given.
    """

    @typed
    def __init__(self, statistic: str, *, rng: Any = None, n_resamples: int = 999, start: int = 0) -> None:
        """Begin without observations.

        Args:
            statistic: which.
            rng: an int or SeedSequence: pieces that will be merged need the same.
            n_resamples: replicates; each costs a weight for each observation.
            start: number of the first observation, where observations are their own units.

        Raises:
            BadArgumentError: there is no such statistic, or a number is out of range.
        """
        if statistic not in _STATISTICS:
            raise BadArgumentError(f"statistic is {statistic!r}: give one of {', '.join(_STATISTICS)}")
        if start < 0:
            raise BadArgumentError(f"start is {start}: give the number of the first observation, from 0")
        self.statistic = statistic
        self.n_resamples = asked.count_of("n_resamples", n_resamples)
        self.n = 0
        self.key, self.seed = randomness.key(rng)
        self._columns = _STATISTICS[statistic][0]
        self.observed = np.zeros((self._columns + 1, 1))
        self.sums = np.zeros((self._columns + 1, self.n_resamples))
        self.ranges = [(start, start)]

    def update(self, *columns: Any, units: Any = None) -> Self:
        """Add observations and return self.

        Args:
            columns: one column, or two of equal length.
            units: labels (whole numbers or strings); observations with one label share their weights. None: each is a
                unit of its own, numbered from `start` on.

        Raises:
            BadArgumentError: columns of other number or length, NaN among them, or labels for some calls only.
        """
        values = [floats(column(values)) for values in columns]
        self._refuse(values)
        numbers = self._numbers(len(values[0]), units)
        table = np.stack([np.ones(len(values[0])), *values])
        self.observed += table.sum(axis=1, keepdims=True)
        for first in range(0, len(numbers), rows := max(1, _BLOCK // self.n_resamples)):
            weights = poisson_weights(self.key, np.arange(self.n_resamples), numbers[first : first + rows])
            self.sums += np.einsum("co,or->cr", table[:, first : first + rows], weights)
        self.n += len(numbers)
        return self

    def _refuse(self, values: list[Sums]) -> None:
        if len(values) != self._columns:
            raise BadArgumentError(f"{self.statistic} is of {self._columns} columns, and {len(values)} are given")
        if len({column.shape for column in values}) > 1 or values[0].ndim != 1:
            raise BadArgumentError(f"columns have shapes {[c.shape for c in values]}: give columns of one length")
        if any(np.isnan(column).any() for column in values):
            raise BadArgumentError("columns hold NaN: leave those observations out")

    def _numbers(self, count: int, units: Any) -> NDArray[np.uint64]:
        """Return the unit of each observation."""
        if units is None:
            start, end = self._last()
            self.ranges[-1] = (start, end + count)
            return np.arange(end, end + count, dtype=np.uint64)
        if self.n and self.ranges:
            raise BadArgumentError("units are given for some observations only: give them for all, or for none")
        self.ranges = []
        return _unit_numbers(units, count)

    def _last(self) -> tuple[int, int]:
        if not self.ranges:
            raise BadArgumentError("units were given before and are not now: give them for all, or for none")
        return self.ranges[-1]

    @typed
    def merge(self, other: "PoissonBootstrap") -> "PoissonBootstrap":
        """Return the bootstrap of these observations and `other`'s.

        Raises:
            BadArgumentError: they differ in statistic, seed or n_resamples; or both hold the same observation numbers.
        """
        if (self.statistic, self.n_resamples) != (other.statistic, other.n_resamples):
            raise BadArgumentError("the two are of other statistics or n_resamples: make both alike")
        if not np.array_equal(self.key, other.key):
            raise BadArgumentError("the two have other seeds: give both the same `rng`, an int or a SeedSequence")
        merged = PoissonBootstrap(self.statistic, rng=0, n_resamples=self.n_resamples)
        merged.key, merged.seed = self.key, self.seed
        merged.ranges = _joined(self, other)
        merged.n = self.n + other.n
        merged.observed = self.observed + other.observed
        merged.sums = self.sums + other.sums
        return merged

    @typed
    def result(
        self, *, confidence_level: float = 0.95, method: str = "percentile", alternative: str = "two-sided"
    ) -> BootstrapResult:
        """Return the interval so far, as `bootstrap` does; there is no jackknife, and so no BCa.

        Raises:
            BadArgumentError: there are fewer than two observations, or an option is none of those it can be.
        """
        if self.n < 2:
            raise BadArgumentError(f"there are {self.n} observations: two or more are needed")
        ends = Ends(
            asked.confidence(confidence_level),
            asked.choice("alternative", alternative, ALTERNATIVES),
            asked.choice("method", method, _METHODS),
        )
        value = _STATISTICS[self.statistic][1]
        estimate, drawn = value(self.observed)[0], value(self.sums)
        found = Found.of_drawn(estimate, drawn, interval(drawn, estimate, ends))
        return found.result(ends, self.statistic, self.seed)

    def __repr__(self) -> str:
        return f"PoissonBootstrap({self.statistic!r}, n_resamples={self.n_resamples}, n={self.n})"


def _joined(first: PoissonBootstrap, other: PoissonBootstrap) -> list[tuple[int, int]]:
    """Return the ranges of observation numbers of both, joined where they meet."""
    if first.n and other.n and bool(first.ranges) != bool(other.ranges):
        raise BadArgumentError("one of the two has units and the other has not: give both units, or none")
    ranges = sorted(part for part in (*first.ranges, *other.ranges) if part[0] < part[1])
    joined = ranges[:1]
    for start, end in ranges[1:]:
        if start < joined[-1][1]:
            raise BadArgumentError(
                f"both hold observation {start}, with the same weights: say start= where a piece begins, or give units"
            )
        if start == joined[-1][1]:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _unit_numbers(units: Any, count: int) -> NDArray[np.uint64]:
    """Return a whole number below 2⁶⁴ for each label: itself, or of a string 64 bits of its BLAKE2b digest."""
    labels = np.asarray(units)
    if labels.shape != (count,):
        raise BadArgumentError(f"units has shape {labels.shape} for {count} observations: give a label for each")
    if labels.dtype.kind in "iu":
        return labels.astype(np.uint64)
    distinct, places = np.unique(labels, return_inverse=True)
    if not all(isinstance(label, str) for label in distinct.tolist()):
        raise BadArgumentError(f"units are of type {labels.dtype}: give whole numbers or strings")
    digests = (hashlib.blake2b(label.encode(), digest_size=8).digest() for label in distinct.tolist())
    return np.array([int.from_bytes(digest, "little") for digest in digests], np.uint64)[places]
