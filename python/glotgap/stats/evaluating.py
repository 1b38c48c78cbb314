"""Which way a statistic goes: by name to the core, or as a callable.

A callable that is known by identity (`np.mean`, `scipy.stats.pearsonr`, …) goes by its name with the native stream.
With `stream="numpy"` it stays a callable, so that results equal scipy's to the last bit.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from glotgap import _core
from glotgap.stats.callables import Evaluate, Evaluator, Samples, evaluator
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
        flat = [floats(np.broadcast_to(sample, (*lead, sample.shape[-1]))).ravel() for sample in samples]
        rows = int(np.prod(lead))
        indices = [np.arange(values.size, dtype=np.int64).reshape(rows, -1) for values in flat]
        parameters = self.name.parameters
        return _core.stats_evaluate(flat, self.name.name, parameters=parameters, indices=indices).reshape(lead)

    def of_batch(self, samples: Samples, first: int, count: int, *, axis: int, what: str = "") -> NDArray[np.float64]:
        """Return the statistic of `count` replicates: one value each, along whichever axis."""
        del first, count, axis, what
        return self.of_data(samples)


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
