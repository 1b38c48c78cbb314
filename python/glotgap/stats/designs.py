"""What is resampled, for callables: each design draws the indices of whole resamples, a batch at a time.

Every design draws row by row, so that resamples do not depend on how they are batched, and a longer run begins with
the resamples of a shorter one. `leave_out` gives what the jackknife leaves out: groups of kept indices, one group for
each set of units that was sampled by itself (Davison and Hinkley 1997, §3.2 for strata).

- `Ordinary`: observations with replacement (Efron 1979); with `probabilities`, in proportion to them.
- `Stratified`: as many of each stratum as the data have.
- `Clustered`: clusters with replacement; with `within`, then their observations too (Davison and Hinkley 1997, §3.8).
  Resamples differ in length, so that a batch holds one.
- `Blocks`: moving (Künsch 1989), circular (Politis and Romano 1992) or stationary (Politis and Romano 1994) blocks of a
  series, cut at its length.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from glotgap._errors import BadArgumentError
from glotgap.stats.randomness import Generator, integers

__all__ = ["Blocks", "Clustered", "Design", "Indices", "Ordinary", "Stratified"]

_OTHERS: Final = 'say method="percentile", "basic" or "normal"'

Indices: TypeAlias = NDArray[np.int64]
LeftOut: TypeAlias = Iterator[Iterator[Indices]]


class Design(Protocol):
    """How the resamples of `n` observations are drawn."""

    @property
    def n(self) -> int:
        """Observations."""

    @property
    def ragged(self) -> bool:
        """Whether resamples differ in length."""

    def draw(self, rng: Generator, rows: int) -> Indices:
        """Return the indices of `rows` resamples, shape (rows, length of a resample)."""

    def leave_out(self) -> LeftOut:
        """Yield, group by group, the indices kept when each unit in turn is left out."""


@dataclass(frozen=True)
class Ordinary:
    """Observations with replacement, each as likely as the others, or in proportion to `probabilities`."""

    n: int
    probabilities: NDArray[np.float64] | None = None
    ragged: bool = False

    def draw(self, rng: Generator, rows: int) -> Indices:
        """Draw as scipy does."""
        if self.probabilities is None:
            return integers(rng, self.n, (rows, self.n))
        ends = np.cumsum(self.probabilities)
        places: Indices = np.searchsorted(ends, rng.random((rows, self.n)) * ends[-1], side="right")
        return np.minimum(places, self.n - 1)

    def leave_out(self) -> LeftOut:
        """Leave out each observation; with probabilities, refuse."""
        if self.probabilities is not None:
            raise BadArgumentError(f"BCa has no jackknife for weights: {_OTHERS}")
        yield _all_but_each(np.arange(self.n), self.n)


@dataclass(frozen=True)
class Stratified:
    """Observations with replacement inside each stratum; `strata` holds codes from 0."""

    strata: NDArray[np.int64]
    ragged: bool = False

    @property
    def n(self) -> int:
        """Observations."""
        return len(self.strata)

    def draw(self, rng: Generator, rows: int) -> Indices:
        """Draw for each observation one of its stratum."""
        order, starts, sizes = _members(self.strata)
        codes = self.strata
        drawn: Indices = order[starts[codes] + integers(rng, sizes[codes], (rows, self.n))]
        return drawn

    def leave_out(self) -> LeftOut:
        """Leave out each observation, stratum by stratum."""
        for stratum in range(self.strata.max() + 1):
            yield _all_but_each(np.flatnonzero(self.strata == stratum), self.n)


@dataclass(frozen=True)
class Clustered:
    """Whole clusters with replacement; `clusters` holds codes from 0. `within`: then their observations too."""

    clusters: NDArray[np.int64]
    within: bool = False
    ragged: bool = True

    @property
    def n(self) -> int:
        """Observations."""
        return len(self.clusters)

    def draw(self, rng: Generator, rows: int) -> Indices:
        """Draw one resample."""
        order, starts, sizes = _members(self.clusters)
        drawn = [np.concatenate(self._one(rng, order, starts, sizes)) for _ in range(rows)]
        return np.stack(drawn)

    def _one(self, rng: Generator, order: Indices, starts: Indices, sizes: Indices) -> list[Indices]:
        chosen = integers(rng, len(starts), (len(starts),))
        if self.within:
            return [order[starts[c] + integers(rng, int(sizes[c]), (int(sizes[c]),))] for c in chosen]
        return [order[starts[c] : starts[c] + sizes[c]] for c in chosen]

    def leave_out(self) -> LeftOut:
        """Leave out each cluster."""
        yield (np.flatnonzero(self.clusters != cluster) for cluster in range(self.clusters.max() + 1))


@dataclass(frozen=True)
class Blocks:
    """Blocks of `length` consecutive observations (on average, for "stationary"), strung to the series' length."""

    n: int
    length: int
    kind: str
    ragged: bool = False

    def draw(self, rng: Generator, rows: int) -> Indices:
        """Draw where blocks start, and lay them end to end."""
        if self.kind == "stationary":
            return self._stationary(rng, rows)
        blocks = -(-self.n // self.length)
        high = self.n if self.kind == "circular" else self.n - self.length + 1
        starts = integers(rng, high, (rows, blocks))
        laid = (starts[:, :, None] + np.arange(self.length)) % self.n
        return laid.reshape(rows, -1)[:, : self.n]

    def _stationary(self, rng: Generator, rows: int) -> Indices:
        """Begin a block at each step with probability 1 / length, else go on with the next observation."""
        drawn = rng.random((rows, 2, self.n))
        begins = drawn[:, 0] * self.length < 1
        begins[:, 0] = True
        since = np.arange(self.n) - np.maximum.accumulate(np.where(begins, np.arange(self.n), 0), axis=1)
        starts = np.minimum((drawn[:, 1] * self.n).astype(np.int64), self.n - 1)
        return (np.take_along_axis(starts, np.arange(self.n) - since, axis=1) + since) % self.n

    def leave_out(self) -> LeftOut:
        """Refuse: an observation left out of a series leaves another series."""
        raise BadArgumentError(f"BCa has no jackknife for blocks: {_OTHERS}")


def _all_but_each(left_out: Indices, n: int) -> Iterator[Indices]:
    whole = np.arange(n - 1)
    for index in left_out:
        yield whole + (whole >= index)


def _members(codes: NDArray[np.int64]) -> tuple[Indices, Indices, Indices]:
    """Return the observations ordered by code, where each code starts among them, and how many it has."""
    sizes = np.bincount(codes)
    return np.argsort(codes, kind="stable"), np.cumsum(sizes) - sizes, sizes
