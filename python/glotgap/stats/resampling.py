"""The bootstrap distribution and the jackknife of a callable, in batches that stay in the cache.

With `stream="numpy"` the indices are those that scipy draws from the same generator: sample after sample, all
resamples of each (or batch by batch where `batch` is given). Memory is bounded all the same: each sample but the first
draws from a clone of the generator that was moved past the samples before it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glotgap.stats.callables import BATCH_ELEMENTS, Evaluate, Progress, Samples
from glotgap.stats.designs import Design, Indices
from glotgap.stats.randomness import Generator, advance_to, clone

__all__ = ["Plan", "distribution", "jackknife"]


@dataclass(frozen=True)
class Plan:
    """What is resampled and how: one design for each sample, or one for all of them when they are paired."""

    samples: Samples
    designs: Sequence[Design]

    @property
    def paired(self) -> bool:
        """Whether one draw of indices serves all samples."""
        return len(self.designs) < len(self.samples)

    def places(self, drawn: Sequence[Indices]) -> list[Indices]:
        """Return for each sample its indices, given for each design."""
        return list(drawn) * len(self.samples) if self.paired else list(drawn)

    def rows(self, batch: int | None, n_resamples: int) -> int:
        """Return how many resamples one batch holds."""
        if any(design.ragged for design in self.designs):
            return 1
        elements = sum(sample.size for sample in self.samples)
        return batch or max(1, min(n_resamples, BATCH_ELEMENTS // max(elements, 1)))


def distribution(
    evaluate: Evaluate, plan: Plan, streams: Sequence[Generator], *, batch: int | None, progress: Progress
) -> NDArray[Any]:
    """Return the statistic of `progress.total` resamples, along the last axis.

    `streams` holds a generator for each design, or one that all share in turn, as in scipy.
    """
    n_resamples = progress.total
    rows = plan.rows(batch, n_resamples)
    sources = _sources(plan, streams, n_resamples, rows if batch else n_resamples)
    found = []
    for first in range(0, n_resamples, rows):
        count = min(rows, n_resamples - first)
        drawn = [design.draw(rng, count) for design, rng in zip(plan.designs, sources, strict=True)]
        found.append(evaluate.of_places(plan.samples, plan.places(drawn), first, count))
        progress.tell(first + count)
    if len(streams) == 1:
        advance_to(streams[0], sources[-1])
    return np.concatenate(found, axis=-1)


def _sources(plan: Plan, streams: Sequence[Generator], n_resamples: int, turn: int) -> list[Generator]:
    """Return where each design draws from; designs share one stream in turns of `turn` resamples."""
    if len(streams) == len(plan.designs):
        return list(streams)
    if turn < n_resamples or n_resamples <= plan.rows(None, n_resamples):
        return list(streams) * len(plan.designs)
    sources = [clone(streams[0])]
    for design in plan.designs[:-1]:
        ahead = clone(sources[-1])
        _skip(design, ahead, n_resamples)
        sources.append(ahead)
    return sources


def _skip(design: Design, rng: Generator, n_resamples: int) -> None:
    rows = max(1, BATCH_ELEMENTS // design.n)
    for first in range(0, n_resamples, rows):
        design.draw(rng, min(rows, n_resamples - first))


def jackknife(evaluate: Evaluate, plan: Plan, *, batch: int | None) -> list[NDArray[Any]]:
    """Return, for each group of units, the statistic with each unit in turn left out, along the last axis."""
    return [
        _left_out(evaluate, plan, place, kept, plan.rows(batch, design.n))
        for place, design in enumerate(plan.designs)
        for kept in design.leave_out()
    ]


def _left_out(evaluate: Evaluate, plan: Plan, place: int, kept: Iterator[Indices], rows: int) -> NDArray[Any]:
    found = []
    first = 0
    while taken := list(islice(kept, rows)):
        for index in _stacked(taken):
            places: list[Indices | None] = [index if plan.paired else None] * len(plan.samples)
            places[place] = index
            what = "observation left out, number"
            found.append(evaluate.of_places(plan.samples, places, first, len(index), what=what))
            first += len(index)
    return np.concatenate(found, axis=-1)


def _stacked(taken: list[Indices]) -> list[Indices]:
    """Return the indices as one table, or one by one where they differ in length."""
    if len({len(index) for index in taken}) == 1:
        return [np.stack(taken)]
    return [index[None] for index in taken]
