"""Which way a statistic goes: by name to the core, or as a callable.

A callable that is known by identity (`np.mean`, `scipy.stats.pearsonr`, …) goes by its name with the native stream.
With `stream="numpy"` it stays a callable, so that results equal scipy's to the last bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from glotgap import _core
from glotgap.stats.callables import Evaluate, Evaluator, Places, Samples, evaluator
from glotgap.stats.names import Named, named, recognized
from glotgap.stats.samples import floats

__all__ = ["NamedEvaluator", "Statistic", "evaluator_of", "shown", "statistic_of"]

Statistic: TypeAlias = Named | Evaluator


@dataclass(frozen=True)
class NamedEvaluator:
    """A named statistic of arrays, called as an `Evaluator` is."""

    name: Named

    def of_data(self, samples: Samples, given: str = "") -> NDArray[np.float64]:  # noqa: ARG002  # cannot raise
        """Return the statistic over the last axis."""
        lead = np.broadcast_shapes(*(sample.shape[:-1] for sample in samples))
        rows = [np.broadcast_to(floats(s), (*lead, s.shape[-1])).reshape(-1, s.shape[-1]) for s in samples]
        values = [self._of([np.arange(len(s))[None] for s in slices], slices) for slices in zip(*rows, strict=True)]
        return np.concatenate(values).reshape(lead)

    def of_batch(self, samples: Samples, first: int, count: int, *, axis: int, what: str = "") -> NDArray[np.float64]:
        """Return the statistic of `count` replicates: one value each, along whichever axis."""
        del first, count, axis, what
        return self.of_data(samples)

    def of_places(
        self, samples: Samples, places: Places, first: int, count: int, what: str = ""
    ) -> NDArray[np.float64]:
        """Return the statistic of `count` resamples, along the last axis."""
        del first, what
        whole = [np.arange(sample.shape[-1]) for sample in samples]
        indices = [
            np.broadcast_to(all_of_it, (count, len(all_of_it))) if index is None else index
            for index, all_of_it in zip(places, whole, strict=True)
        ]
        rows = [floats(sample).reshape(-1, sample.shape[-1]) for sample in samples]
        values = [self._of(indices, slices) for slices in zip(*rows, strict=True)]
        return np.stack(values).reshape(*samples[0].shape[:-1], count)

    def _of(self, indices: Sequence[NDArray[np.int64]], slices: Samples) -> NDArray[np.float64]:
        tables = [np.ascontiguousarray(index, np.int64) for index in indices]
        return _core.stats_evaluate(list(slices), self.name.name, parameters=self.name.parameters, indices=tables)


def statistic_of(statistic: Any, vectorized: Any, samples: Samples, *, native: bool, pairs: bool) -> Statistic:
    """Return the statistic of these samples; `pairs` says whether resampling keeps pairs together.

    Raises:
        BadArgumentError: a name is unknown, or of another number of samples; `vectorized` is wrong.
        WrongTypeError: it is neither a name nor a callable.
    """
    if isinstance(statistic, str):
        name = named(statistic)
        name.refuse_number(len(samples))
        return name
    evaluate = evaluator(statistic, vectorized=vectorized)
    known = recognized(statistic) if native else None
    if known is None or not known.takes(len(samples)) or (known.is_of_pairs and not pairs):
        return evaluate
    return evaluate if any(sample.dtype.kind == "c" for sample in samples) else known


def evaluator_of(statistic: Any, vectorized: Any, samples: Samples, *, pairs: bool) -> Evaluate:
    """Return what computes a statistic of given samples, names and known callables by the core.

    Raises:
        BadArgumentError, WrongTypeError: as `statistic_of`; or a statistic of pairs is asked of independent samples.
    """
    what = statistic_of(statistic, vectorized, samples, native=True, pairs=pairs)
    if isinstance(what, Evaluator):
        return what
    what.refuse_unpaired(paired=pairs)
    return NamedEvaluator(what)


def shown(statistic: Any) -> str:
    """Return what results call a statistic."""
    return statistic if isinstance(statistic, str) else getattr(statistic, "__name__", type(statistic).__name__)
