"""The null distribution of a callable: every rearrangement in scipy's order, or random ones.

Three kinds, as in scipy: "independent" deals the pooled observations to samples of the same sizes; "pairings" permutes
each sample against the others; "samples" permutes each row of observations among the samples, and flips signs when
there is one sample. `strata` keeps observations ("independent", "pairings") inside their stratum. When there are at
most `n_resamples` rearrangements all are enumerated and p is exact.

With `stream="numpy"` the random ones are scipy's: `Generator.permutation` for "independent", `Generator.permuted` for
the others, and for a RandomState the order of uniform numbers.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, islice, permutations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from glotgap._errors import BadArgumentError
from glotgap.stats.callables import BATCH_ELEMENTS, Evaluate, Progress, Samples
from glotgap.stats.designs import Indices
from glotgap.stats.randomness import Generator

__all__ = ["Dealt", "Kind", "Paired", "Swapped", "null_distribution", "random_distribution", "ways"]

_MOST: Final = 1 << 32
_LONG: Final = 400  # from here on, numpy permutes one by one faster than many at once


@dataclass(frozen=True)
class Dealt:
    """Of "independent": a rearrangement is an order of the pooled observations, cut where the samples end."""

    samples: Samples
    strata: NDArray[np.int64] | None = None

    @property
    def count(self) -> int:
        """How many rearrangements differ."""
        return ways(self.sizes)

    @property
    def sizes(self) -> list[int]:
        """Observations of each sample."""
        return [sample.shape[-1] for sample in self.samples]

    def is_exact(self, n_resamples: float) -> bool:
        """Whether all of them are enumerated; inside strata none are."""
        return self.strata is None and self.count <= n_resamples

    def all(self, rows: int) -> Iterator[Indices]:
        """Yield all of them in scipy's order, at most `rows` at a time."""
        n = sum(self.sizes)
        ways = _partitions(tuple(range(n)), self.sizes)
        while len(flat := np.fromiter(chain.from_iterable(islice(ways, rows)), np.int64)):
            yield flat.reshape(-1, n)

    def random(self, rng: Generator, rows: int, *, like_scipy: bool) -> Indices:
        """Draw `rows` of them."""
        n = sum(self.sizes)
        if self.strata is not None:
            return _within(self.strata, rng, rows)
        if like_scipy or n > _LONG or not isinstance(rng, np.random.Generator):
            return np.stack([rng.permutation(n) for _ in range(rows)])
        return rng.permuted(np.broadcast_to(np.arange(n), (rows, n)), axis=-1)

    def rearranged(self, indices: Indices) -> list[NDArray[Any]]:
        """Return the samples in each of the orders, those along the first axis."""
        pooled = np.concatenate(self.samples, axis=-1)
        moved = _first(pooled, indices)
        ends = np.cumsum(self.sizes)
        return [moved[..., end - size : end] for end, size in zip(ends, self.sizes, strict=True)]


@dataclass(frozen=True)
class Paired:
    """Of "pairings": a rearrangement is one order of the observations for each sample."""

    samples: Samples
    strata: NDArray[np.int64] | None = None

    @property
    def n(self) -> int:
        """Observations of each sample."""
        return int(self.samples[0].shape[-1])

    @property
    def count(self) -> int:
        """How many rearrangements differ."""
        return int(math.factorial(self.n) ** len(self.samples))

    def is_exact(self, n_resamples: float) -> bool:
        """Whether all of them are enumerated; inside strata none are."""
        return self.strata is None and self.count <= n_resamples

    def all(self, rows: int) -> Iterator[Indices]:
        """Yield all of them in scipy's order, at most `rows` at a time."""
        yield from _products(self.n, len(self.samples), rows)

    def random(self, rng: Generator, rows: int, *, like_scipy: bool) -> Indices:  # noqa: ARG002  # one way for both
        """Draw `rows` of them."""
        if self.strata is None:
            return _orders(rng, (rows, len(self.samples), self.n))
        drawn = _within(self.strata, rng, rows * len(self.samples))
        return drawn.reshape(rows, len(self.samples), self.n)

    def rearranged(self, indices: Indices) -> list[NDArray[Any]]:
        """Return the samples in each of the orders, those along the first axis."""
        return [_first(sample, indices[:, place]) for place, sample in enumerate(self.samples)]


@dataclass(frozen=True)
class Swapped:
    """Of "samples": a rearrangement is one order of the samples for each observation; of one sample, signs."""

    samples: Samples

    @property
    def n(self) -> int:
        """Observations of each sample."""
        return int(self.samples[0].shape[-1])

    @property
    def ways(self) -> int:
        """Samples, or 2 for the two signs of one."""
        return max(len(self.samples), 2)

    @property
    def count(self) -> int:
        """How many rearrangements differ."""
        return int(math.factorial(self.ways) ** self.n)

    def is_exact(self, n_resamples: float) -> bool:
        """Whether all of them are enumerated."""
        return self.count <= n_resamples

    def all(self, rows: int) -> Iterator[Indices]:
        """Yield all of them in scipy's order, at most `rows` at a time."""
        yield from _products(self.ways, self.n, rows)

    def random(self, rng: Generator, rows: int, *, like_scipy: bool) -> Indices:
        """Draw `rows` of them."""
        if self.ways == 2 and not like_scipy and isinstance(rng, np.random.Generator):
            heads = rng.integers(0, 2, (rows, self.n))
            return np.stack([heads, 1 - heads], axis=-1)
        return _orders(rng, (rows, self.n, self.ways))

    def rearranged(self, indices: Indices) -> list[NDArray[Any]]:
        """Return the samples with their observations swapped, rearrangements along the first axis."""
        whole = [self.samples[0], -self.samples[0]] if len(self.samples) == 1 else self.samples
        table = np.stack(whole)[:, None]  # sample, rearrangement, …, observation
        shape = (len(indices), *(1,) * (table.ndim - 3), self.n)
        return [
            np.take_along_axis(table, indices[None, ..., place].reshape(1, *shape), axis=0)[0]
            for place in range(len(self.samples))
        ]


Kind = Dealt | Paired | Swapped


def null_distribution(
    evaluate: Evaluate,
    kind: Kind,
    rng: Generator,
    *,
    n_resamples: float,
    batch: int | None,
    like_scipy: bool,
    callback: Callable[[int, int], object] | None = None,
) -> tuple[NDArray[Any], bool]:
    """Return the statistic of each rearrangement, along the first axis, and whether those are all there are.

    Raises:
        BadArgumentError: all were asked for, and they are too many to enumerate.
    """
    exact = kind.is_exact(n_resamples)
    if (kind.count if exact else n_resamples) > _MOST:
        there = f"2**{kind.count.bit_length() - 1} rearrangements or more"
        raise BadArgumentError(f"n_resamples is {n_resamples}, and there are {there}: give at most {_MOST}")
    progress = Progress(callback, kind.count if exact else int(n_resamples))
    if exact:
        return _evaluated(evaluate, kind, kind.all(_rows(kind, kind.count, batch)), progress), True
    return random_distribution(evaluate, kind, rng, progress, batch=batch, like_scipy=like_scipy), False


def random_distribution(
    evaluate: Evaluate, kind: Kind, rng: Generator, progress: Progress, *, batch: int | None, like_scipy: bool
) -> NDArray[Any]:
    """Return the statistic of `progress.total` random rearrangements, along the first axis."""
    rows = _rows(kind, progress.total, batch)
    drawn = _drawn(kind, rng, progress.total, rows, batch, like_scipy=like_scipy)
    return _evaluated(evaluate, kind, drawn, progress)


def _rows(kind: Kind, total: int, batch: int | None) -> int:
    return batch or max(1, min(total, BATCH_ELEMENTS // max(1, sum(sample.size for sample in kind.samples))))


def _evaluated(evaluate: Evaluate, kind: Kind, drawn: Iterator[Indices], progress: Progress) -> NDArray[Any]:
    found = []
    first = 0
    for indices in drawn:
        found.append(evaluate.of_batch(kind.rearranged(indices), first, len(indices), axis=0))
        first += len(indices)
        progress.tell(first)
    return np.concatenate(found)


def _drawn(
    kind: Kind, rng: Generator, total: int, rows: int, batch: int | None, *, like_scipy: bool
) -> Iterator[Indices]:
    """Yield `total` random rearrangements; scipy draws whole batches with `permuted`, so its generator moves on."""
    for first in range(0, total, rows):
        yield kind.random(rng, min(rows, total - first), like_scipy=like_scipy)
    surplus = -total % min(batch or total, total)
    if surplus and like_scipy and hasattr(rng, "permuted") and not isinstance(kind, Dealt):
        kind.random(rng, surplus, like_scipy=True)


def ways(sizes: Sequence[int]) -> int:
    """Return in how many ways a pool can be dealt to samples of these sizes."""
    return math.factorial(sum(sizes)) // math.prod(math.factorial(size) for size in sizes)


def _partitions(pool: tuple[int, ...], sizes: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Yield each way to deal `pool`, as one order of it."""
    if len(sizes) == 1:
        yield pool
        return
    for chosen in combinations(pool, sizes[0]):
        left = set(chosen)
        rest = tuple(item for item in pool if item not in left)
        for others in _partitions(rest, sizes[1:]):
            yield chosen + others


def _products(n: int, times: int, rows: int) -> Iterator[Indices]:
    """Yield tables (row, which of `times`, n) of all products of orders of `n` things, the last changing fastest."""
    if times == 1:
        orders = permutations(range(n))
        while len(flat := np.fromiter(chain.from_iterable(islice(orders, rows)), np.int64)):
            yield flat.reshape(-1, 1, n)
        return
    table = np.array(list(permutations(range(n))))
    powers = [len(table) ** power for power in reversed(range(times))]
    total = len(table) ** times
    for first in range(0, total, rows):
        numbers = np.arange(first, min(first + rows, total))
        yield table[(numbers[:, None] // np.array(powers)) % len(table)]


def _orders(rng: Generator, shape: tuple[int, int, int]) -> Indices:
    """Draw random orders of the last axis, as scipy does."""
    if isinstance(rng, np.random.RandomState):
        return np.argsort(rng.random(size=shape), axis=-1)
    return rng.permuted(np.broadcast_to(np.arange(shape[-1]), shape), axis=-1)


def _within(strata: NDArray[np.int64], rng: Generator, rows: int) -> Indices:
    """Draw random orders that move each observation inside its stratum only."""
    uniform = rng.random((rows, len(strata)))
    shuffled = np.lexsort((uniform, np.broadcast_to(strata, uniform.shape)), axis=-1)
    places = np.argsort(strata, kind="stable")
    orders = np.empty_like(shuffled)
    orders[:, places] = shuffled
    return orders


def _first(sample: NDArray[Any], indices: Indices) -> NDArray[Any]:
    """Return `sample` at rows of indices of its last axis, the rows along a new first axis."""
    return sample.take(indices) if sample.ndim == 1 else np.moveaxis(sample[..., indices], -2, 0)
