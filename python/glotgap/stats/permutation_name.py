"""Permutation tests of named statistics, by the core: see `rust/core/src/stats/permutation/mod.rs`.

"pairings" permutes the first sample against the others, which is all that matters for p; scipy permutes each. Where the
core can count rearrangements without a visit to each, p is exact however many there are, and the null distribution is
then shown by a random sample of it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from glotgap import _core
from glotgap._errors import BadArgumentError
from glotgap.stats.callables import Samples
from glotgap.stats.names import Named
from glotgap.stats.randomness import Key
from glotgap.stats.rearranging import Swapped, ways
from glotgap.stats.samples import floats
from glotgap.stats.tested import Test, Tested

__all__ = ["permutation_name"]

_ENUMERABLE: Final = 1 << 27
_SAMPLE: Final = 9_999


def permutation_name(name: Named, samples: Samples, wanted: Test, key: Key, strata: NDArray[np.int64] | None) -> Tested:
    """Return the test of one data set, or of the slices of arrays.

    Raises:
        BadArgumentError: the statistic is of other samples, or all of too many rearrangements are asked for.
    """
    lead = samples[0].shape[:-1]
    flat = [floats(sample).reshape(-1, sample.shape[-1]) for sample in samples]
    calls = [_Call(name, slices, wanted, key, strata) for slices in zip(*flat, strict=True)]
    found = [call.test() for call in calls]
    return Tested(
        _shaped(found, "observed", lead),
        _shaped(found, "pvalue", lead),
        np.array([call.rearrangements(one) for call, one in zip(calls, found, strict=True)]).reshape(lead),
        _shaped(found, "mc_error", lead),
        partial(_null, calls, lead),
        _shaped(found, "exact", lead).astype(bool),
    )


def distinct(kind: str, samples: Samples, strata: NDArray[np.int64] | None) -> int:
    """Return how many rearrangements differ."""
    if kind == "samples":
        return Swapped(samples).count
    sizes = [sample.shape[-1] for sample in samples]
    owner = np.repeat(np.arange(len(sizes)), sizes) if kind == "independent" else np.arange(sizes[0])
    labels = np.zeros(len(owner), np.int64) if strata is None else strata
    return math.prod(ways(np.bincount(owner[labels == label]).tolist()) for label in np.unique(labels))


def _shaped(found: Sequence[dict[str, Any]], figure: str, lead: tuple[int, ...]) -> NDArray[np.float64]:
    return np.array([one[figure] for one in found]).reshape(lead)


def _null(calls: Sequence["_Call"], lead: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the null distributions, replicates along the first axis."""
    return np.stack([call.null() for call in calls], axis=1).reshape(-1, *lead)


@dataclass(frozen=True)
class _Call:
    """One call of the core, which can be repeated for its null distribution."""

    name: Named
    samples: Samples
    wanted: Test
    key: Key
    strata: NDArray[np.int64] | None

    def test(self) -> dict[str, Any]:
        """Return the figures; with a null distribution to be kept, the core does not count."""
        if self.wanted.n_resamples < math.inf:
            return self.run(keep=not self.wanted.count)
        counted = self._with(1).run(keep=False)
        return counted if self.wanted.count and counted["exact"] else self._enumerated()

    def _enumerated(self) -> dict[str, Any]:
        count = distinct(self.wanted.kind, self.samples, self.strata)
        if count > _ENUMERABLE:
            there = f"2**{count.bit_length() - 1} rearrangements or more"
            raise BadArgumentError(f"n_resamples is inf, and there are {there}: give a finite number")
        return self._with(count).run(keep=False)

    def rearrangements(self, found: dict[str, Any]) -> int:
        """Return how many are behind p: of those that were counted the exact number, which may be beyond 2⁵³."""
        return distinct(self.wanted.kind, self.samples, self.strata) if found["exact"] else int(found["n_resamples"])

    def null(self) -> NDArray[np.float64]:
        """Return the null distribution, or a random sample of one that is too large."""
        if self.wanted.n_resamples < math.inf:
            return self.drawn()
        count = distinct(self.wanted.kind, self.samples, self.strata)
        return self._with(count if count <= _ENUMERABLE else _SAMPLE).drawn()

    def drawn(self) -> NDArray[np.float64]:
        """Return the statistic of each rearrangement that is visited."""
        values: NDArray[np.float64] = self.run(keep=True)["null"]
        return values

    def _with(self, n_resamples: int) -> "_Call":
        return replace(self, wanted=replace(self.wanted, n_resamples=n_resamples))

    def run(self, *, keep: bool) -> dict[str, Any]:
        """Call the core."""
        wanted = self.wanted
        by_abs = wanted.alternative == "two-sided" and wanted.two_sided == "abs"
        return _core.stats_permutation(
            list(self.samples),
            self.name.name,
            parameters=self.name.parameters,
            kind=wanted.kind,
            strata=self.strata,
            alternative="abs" if by_abs else wanted.alternative,
            n_resamples=int(wanted.n_resamples),
            key=self.key.tolist(),
            keep=keep,
            stop=wanted.stop,
            threads=wanted.threads,
            progress=wanted.progress,
        )
