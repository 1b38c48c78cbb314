"""Permutation tests: how often data rearranged under the null hypothesis give a statistic as extreme as the data's.

p is exact when there are at most `n_resamples` rearrangements, and else (b + 1) / (B + 1) with b of B random ones as
extreme (Phipson and Smyth 2010), which is never 0. Values within 100 units of rounding of the data's count as equal to
it, as in scipy.

Example:
    >>> import numpy as np
    >>> result = permutation_test(([1.0, 2.0, 3.0], [4.0, 5.0, 6.0]), lambda x, y, axis: x.mean(axis) - y.mean(axis))
    >>> result.pvalue, result.exact, result.n_resamples
    (0.1, True, 20)
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from glotgap._errors import BadArgumentError
from glotgap.stats import asked
from glotgap.stats.callables import Evaluator, evaluator
from glotgap.stats.cautions import WrongTypeError
from glotgap.stats.grouped import data_sets
from glotgap.stats.randomness import STREAMS, Source, source
from glotgap.stats.rearranging import Dealt, Kind, Paired, Swapped, null_distribution
from glotgap.stats.results import PermutationTestResult
from glotgap.stats.statistics import Named, named, recognized
from glotgap.stats.wanted import ALTERNATIVES

__all__ = ["permutation_test"]

KINDS: Final = ("independent", "pairings", "samples")
TWO_SIDED: Final = ("2·min", "abs")


def permutation_test(
    data: Any,
    statistic: str | Callable[..., Any],
    *,
    permutation_type: str = "independent",
    vectorized: bool | None = None,
    n_resamples: float = 9999,
    batch: int | None = None,
    alternative: str = "two-sided",
    axis: int = 0,
    rng: Any = None,
    random_state: Any = None,
    stream: str = "native",
    two_sided: str = "2·min",
) -> PermutationTestResult:
    wanted_axis = asked.axis_of(axis)
    kind = asked.choice("permutation_type", permutation_type, KINDS)
    evaluate = evaluator(statistic, vectorized=vectorized)
    least = 2 if kind == "independent" else 1
    samples = asked.samples_of(data, least=least, message="`data` must be a tuple containing at least two samples")
    sets = data_sets(samples, wanted_axis, None, paired=False, nan_policy="propagate")
    count = n_resamples if n_resamples == math.inf else asked.count_of("n_resamples", n_resamples)
    batch = asked.batch_of(batch)
    alternative = asked.choice("alternative", alternative, ALTERNATIVES)
    origin = source(rng, random_state, asked.choice("stream", stream, STREAMS))
    arranged = _kind(kind, sets.sets[0])
    observed = evaluate.of_data(sets.sets[0])
    null, exact = null_distribution(
        evaluate, arranged, origin.streams(1)[0], n_resamples=count, batch=batch, like_scipy=not origin.native
    )
    p = pvalue(null, observed, alternative, exact=exact)
    return PermutationTestResult(
        observed[()], p, exact, len(null), p * 0, alternative, None, origin.seed, None, _distribution=partial(np.asarray, null)
    )


def _kind(name, samples):
    if name == "independent":
        return Dealt(samples)
    if name == "pairings":
        return Paired(samples)
    return Swapped(samples)


def pvalue(null, observed, alternative, *, exact):
    added = 0 if exact else 1
    tolerance = np.abs(np.finfo(observed.dtype).eps * 100 * observed) if observed.dtype.kind == "f" else 0
    less = (np.count_nonzero(null <= observed + tolerance, axis=0) + added) / (len(null) + added)
    greater = (np.count_nonzero(null >= observed - tolerance, axis=0) + added) / (len(null) + added)
    if alternative == "less": return less
    if alternative == "greater": return greater
    return np.minimum(1.0, 2 * np.minimum(less, greater))
