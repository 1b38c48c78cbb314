"""Statistics that are Python callables: how they are called, and how their faults are reported.

A callable with a parameter `axis` is called once a batch, on arrays whose last axis holds the observations, as scipy
calls it; any other is called once a replicate, on one-dimensional samples. An exception of the callable comes out as
it was raised, traceback and all, with a note that says which replicates it was given.
"""

import inspect
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from glotgap._errors import BadArgumentError
from glotgap.stats.cautions import WrongTypeError

__all__ = ["Evaluate", "Evaluator", "Progress", "Samples", "evaluator"]

_BETWEEN_CALLS: Final = 0.1
"""Seconds."""

BATCH_ELEMENTS: Final = 1 << 17
"""Elements of a batch, when the caller does not say: 1 MiB of float64, which stays in the cache."""

Samples: TypeAlias = Sequence[NDArray[Any]]
Places: TypeAlias = Sequence[NDArray[np.int64] | None]
"""For each sample, one row of indices for each resample; None for the sample as it is."""


@dataclass
class Progress:
    """Tells a callback how many of `total` replicates are done, at most ten times a second and at the end."""

    callback: Callable[[int, int], object] | None
    total: int
    last: float = 0.0

    def tell(self, done: int) -> None:
        """Call it if it is time."""
        if self.callback is None:
            return
        now = time.monotonic()
        if done == self.total or now - self.last >= _BETWEEN_CALLS:
            self.last = now
            self.callback(done, self.total)


class Evaluate(Protocol):
    """A statistic over the last axis of arrays."""

    def of_data(self, samples: Samples, given: str = ...) -> NDArray[Any]:
        """Return the statistic of the data; `given` is what a note on an exception calls them."""

    def of_batch(self, samples: Samples, first: int, count: int, *, axis: int, what: str = ...) -> NDArray[Any]:
        """Return the statistic of `count` replicates (or what they are called), along `axis` of the result."""

    def of_places(self, samples: Samples, places: Places, first: int, count: int, what: str = ...) -> NDArray[Any]:
        """Return the statistic of `count` resamples, along the last axis: those at rows of indices of each sample."""


@dataclass(frozen=True)
class Evaluator:
    """A statistic over the last axis of arrays, whatever the callable is by itself."""

    statistic: Callable[..., Any]
    vectorized: bool

    def of_data(self, samples: Samples, given: str = "the data themselves") -> NDArray[Any]:
        """Return the statistic of the data; `given` is what a note on an exception calls them."""
        return self._evaluate(samples, given)

    def of_batch(self, samples: Samples, first: int, count: int, *, axis: int, what: str = "replicate") -> NDArray[Any]:
        """Return the statistic of `count` replicates (or what they are called), which lie along `axis` of the result.

        Raises:
            BadArgumentError: the callable returned another number of values.
        """
        given = f"{what}s {first} to {first + count - 1}"
        values = self._evaluate(samples, given, first, what)
        if values.ndim == 0 or values.shape[axis] != count:
            raise BadArgumentError(
                f"the statistic returned shape {values.shape} for {given}: give one value for each of the {count}, by "
                "reducing `axis`, or say vectorized=False"
            )
        return values

    def of_places(
        self, samples: Samples, places: Places, first: int, count: int, what: str = "replicate"
    ) -> NDArray[Any]:
        """Return the statistic of `count` resamples, along the last axis."""
        taken = [_taken(sample, index, count) for sample, index in zip(samples, places, strict=True)]
        return self.of_batch(taken, first, count, axis=-1, what=what)

    def _evaluate(self, samples: Samples, given: str, first: int = 0, what: str = "slice") -> NDArray[Any]:
        if not self.vectorized:
            return _one_by_one(self.statistic, samples, given, first, what)
        try:
            return np.asarray(self.statistic(*samples, axis=-1))
        except Exception as error:
            error.add_note(_note(given))
            raise


def evaluator(statistic: Any, *, vectorized: Any) -> Evaluator:
    """Return how to call `statistic`, seeing for itself whether it takes `axis` when `vectorized` is None.

    Raises:
        BadArgumentError: `vectorized` is no such value.
        WrongTypeError: `statistic` cannot be called.
    """
    if not (vectorized is None or isinstance(vectorized, bool | np.bool_)):
        raise BadArgumentError("`vectorized` must be `True`, `False`, or `None`.")
    if not callable(statistic):
        raise WrongTypeError(f"statistic is {statistic!r:.80}: give a name or a callable")
    return Evaluator(statistic, _takes_axis(statistic) if vectorized is None else bool(vectorized))


def _takes_axis(statistic: Callable[..., Any]) -> bool:
    """Whether it has a parameter `axis`; what hides its signature (some C functions) is called value by value."""
    try:
        return "axis" in inspect.signature(statistic).parameters
    except (ValueError, TypeError):
        return False


def _one_by_one(statistic: Callable[..., Any], samples: Samples, given: str, first: int, what: str) -> NDArray[Any]:
    """Call it on each one-dimensional slice; axes of its own values come first, as in scipy."""
    lead = np.broadcast_shapes(*(sample.shape[:-1] for sample in samples))
    rows = [np.broadcast_to(sample, (*lead, sample.shape[-1])).reshape(-1, sample.shape[-1]) for sample in samples]
    found: list[Any] = []
    try:
        for slices in zip(*rows, strict=True):
            found.append(statistic(*slices))  # noqa: PERF401  # its length tells where an exception came from
    except Exception as error:
        error.add_note(_note(f"{what} {first + len(found)}" if len(lead) == 1 else given))
        raise
    values = np.asarray(found)
    own = tuple(range(1, values.ndim))
    return values.transpose(*own, 0).reshape((*values.shape[1:], *lead))


def _taken(sample: NDArray[Any], index: NDArray[np.int64] | None, count: int) -> NDArray[Any]:
    """Return resamples of a sample, each along the last axis; without indices, the sample itself `count` times."""
    if index is None:
        return np.broadcast_to(sample[..., None, :], (*sample.shape[:-1], count, sample.shape[-1]))
    return sample.take(index) if sample.ndim == 1 else sample[..., index]


def _note(given: str) -> str:
    return f"glotgap: the statistic raised this on {given}"
