"""Permutation tests: how often data rearranged under the null hypothesis give a statistic as extreme as the data's.

p is exact when there are at most `n_resamples` rearrangements, and else (b + 1) / (B + 1) with b of B random ones as
extreme (Phipson and Smyth 2010), which is never 0. How values are compared: `glotgap.stats.extremes`.

Example:
    >>> import numpy as np
    >>> result = permutation_test(([1.0, 2.0, 3.0], [4.0, 5.0, 6.0]), lambda x, y, axis: x.mean(axis) - y.mean(axis))
    >>> float(result.pvalue), result.exact, result.n_resamples
    (0.1, True, 20)
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from glotgap._errors import BadArgumentError
from glotgap.stats import asked
from glotgap.stats.callables import Samples
from glotgap.stats.evaluating import NamedEvaluator, Statistic, statistic_of
from glotgap.stats.extremes import TWO_SIDED, max_t, pvalue
from glotgap.stats.grouped import NAN_POLICIES, DataSets, Rows, codes, data_sets
from glotgap.stats.names import Named
from glotgap.stats.permutation_name import permutation_name
from glotgap.stats.randomness import STREAMS, Source, source
from glotgap.stats.rearranging import Dealt, Kind, Paired, Swapped, null_distribution
from glotgap.stats.results import PermutationTestResult
from glotgap.stats.sequential import sequential
from glotgap.stats.tested import Test, Tested
from glotgap.stats.wanted import ALTERNATIVES

__all__ = ["permutation_test"]

Strata: TypeAlias = NDArray[np.int64] | None

KINDS: Final = ("independent", "pairings", "samples")


_NOT_AROUND_0: Final = frozenset({"auc", "mean_ratio", "ratio_of_sums"})


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
    strata: Any = None,
    by: Any = None,
    count: bool = True,
    stop: int | None = None,
    adjust: str | None = None,
    nan_policy: str = "propagate",
    keep_distribution: bool = False,
    threads: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> PermutationTestResult:
    """Return how extreme a statistic is among those of rearranged data. Arguments of scipy mean what they mean there.

    Args:
        data: a sequence of samples (arrays or columns); one sample may come as it is.
        statistic: a name, of those in `glotgap.stats.names`, or a callable as for scipy.
        permutation_type: "independent" deals the observations to the samples anew, "pairings" pairs them anew,
            "samples" swaps observations between samples row by row, or flips signs of a single sample.
        vectorized: whether a callable takes `axis`; None: look.
        n_resamples: random rearrangements, unless there are no more in all: then those, and p is exact. May be inf.
        batch: rearrangements that a callable is given at once; None: what fits the cache.
        alternative: "two-sided", "greater" or "less".
        axis: axis of the observations; other axes are many data sets at once, rearranged alike.
        rng: an int, SeedSequence, Generator or RandomState; None: new every time (the result says which seed).
        random_state: scipy's older name; there an int means a RandomState.
        stream: "native", or "numpy" for the rearrangements that scipy would draw from `rng`.
        two_sided: "2·min", or "abs" for statistics that are 0 when the null hypothesis holds.
        strata: labels of the observations (of all samples in turn, for "independent"), which stay inside theirs.
        by: labels that split the observations into data sets; or a tuple of them, one for each sample.
        count: count all rearrangements where a name allows it without a visit to each, however many; that may take
            some 0.1 s a data set. False: random ones.
        stop: end the test once so many rearrangements were as extreme; for one data set.
        adjust: "max-t" adds p adjusted for all data sets, as `pvalue_adjusted`; their samples must be of equal sizes.
        nan_policy: "propagate" (p is NaN), "omit" (of pairs: the pair) or "raise".
        keep_distribution: hold `null_distribution` at once; else it is made again when asked for.
        threads: None for all; results do not depend on it.
        progress: called with rearrangements done and in all, several times a second.

    Raises:
        BadArgumentError: an argument is wrong. Some are TypeErrors too, as in scipy.
    """
    at = asked.axis_of(axis)
    wanted = Test(
        kind=asked.choice("permutation_type", permutation_type, KINDS),
        n_resamples=n_resamples if n_resamples == math.inf else asked.count_of("n_resamples", n_resamples),
        batch=asked.batch_of(batch),
        alternative=asked.choice("alternative", alternative, ALTERNATIVES),
        two_sided=asked.choice("two_sided", two_sided, TWO_SIDED),
        strata=strata,
        count=asked.flag("count", count),
        stop=None if stop is None else asked.count_of("stop", stop),
        keep=asked.flag("keep_distribution", keep_distribution),
        threads=threads,
        progress=progress,
    )
    pairs = wanted.kind != "independent"
    least = 1 if pairs else 2
    samples = asked.samples_of(data, least=least, message="`data` must be a tuple containing at least two samples")
    what = statistic_of(statistic, vectorized, samples, native=stream == "native", pairs=True)
    if isinstance(what, Named) and what.name in _NOT_AROUND_0 and wanted.two_sided == "abs":
        raise BadArgumentError(
            f'two_sided="abs" with {what.name}, which is not 0 under the null hypothesis: leave it out'
        )
    policy = asked.choice("nan_policy", nan_policy, NAN_POLICIES)
    sets = data_sets(samples, at, by, paired=pairs, nan_policy=policy)
    origin = source(rng, random_state, asked.choice("stream", stream, STREAMS))
    found = [
        _tested(what, each, wanted, origin, _strata(wanted, rows, sets.sizes))
        for each, rows in zip(sets.sets, sets.rows, strict=True)
    ]
    return _result(found, sets, wanted, origin.seed, adjust)


def _tested(what: Statistic, samples: Samples, wanted: Test, origin: Source, strata: Strata) -> Tested:
    if isinstance(what, Named) and origin.key is not None:
        return permutation_name(what, samples, wanted, origin.key, strata)
    evaluate = NamedEvaluator(what) if isinstance(what, Named) else what
    kind = _kind(wanted.kind, samples, strata)
    rng = origin.streams(1)[0]
    if wanted.stop is not None and not kind.is_exact(wanted.n_resamples):
        return sequential(evaluate, kind, rng, wanted, like_scipy=not origin.native)
    observed = evaluate.of_data(samples)
    null, exact = null_distribution(
        evaluate,
        kind,
        rng,
        n_resamples=wanted.n_resamples,
        batch=wanted.batch,
        like_scipy=not origin.native,
        callback=wanted.progress,
    )
    p, error = pvalue(null, observed, wanted.alternative, exact=exact, two_sided=wanted.two_sided)
    return Tested(observed, p, len(null), error, partial(np.asarray, null), exact)


def _strata(wanted: Test, rows: Rows | None, sizes: Sequence[int]) -> Strata:
    """Return the stratum of each observation of a data set (of the samples in turn, for "independent").

    Raises:
        BadArgumentError: the labels do not fit, or rows are swapped, which stay where they are.
    """
    if wanted.strata is None:
        return None
    if wanted.kind == "samples":
        raise BadArgumentError('strata are given for "samples", whose rows stay where they are: leave them out')
    pooled = sizes if wanted.kind == "independent" else sizes[:1]
    numbers, _ = codes("strata", wanted.strata, sum(pooled))
    if rows is None:
        return numbers
    starts = np.cumsum([0, *pooled[:-1]])
    strata: NDArray[np.int64] = numbers[np.concatenate([at + index for at, index in zip(starts, rows, strict=False)])]
    return strata


def _kind(name: str, samples: Samples, strata: Strata) -> Kind:
    """Return how the samples are rearranged."""
    if name == "independent":
        return Dealt(samples, strata)
    return Paired(samples, strata) if name == "pairings" else Swapped(samples)


def _result(
    found: list[Tested], sets: DataSets, wanted: Test, seed: int | None, adjust: str | None
) -> PermutationTestResult:
    first = found[0]
    observed = sets.arranged([np.asarray(each.statistic) for each in found])
    adjusted = None
    if adjust is not None:
        asked.choice("adjust", adjust, ("max-t",))
        adjusted = _max_t(found, observed, wanted)
    return PermutationTestResult(
        statistic=observed[()],
        pvalue=sets.arranged([np.asarray(each.pvalue) for each in found])[()],
        exact=_agreed(sets.arranged([np.asarray(each.exact) for each in found])),
        n_resamples=_agreed(sets.arranged([np.asarray(each.n_resamples) for each in found])),
        mc_error=sets.arranged([np.asarray(each.mc_error) for each in found])[()],
        alternative=wanted.alternative,
        two_sided=wanted.two_sided if wanted.alternative == "two-sided" else None,
        seed=seed,
        groups=sets.labels,
        pvalue_adjusted=adjusted,
        _distribution=first.distribution if len(found) == 1 else partial(_stacked, found, sets.lead),
    )


def _stacked(found: list[Tested], lead: tuple[int, ...]) -> NDArray[Any]:
    """Return the null distributions of data sets side by side.

    Raises:
        BadArgumentError: they differ in length, as exact ones of ragged groups do.
    """
    each = [one.distribution() for one in found]
    if len({len(null) for null in each}) > 1:
        raise BadArgumentError("the data sets have null distributions of different lengths: ask for one at a time")
    return np.stack(each, axis=1).reshape(-1, *lead)


def _max_t(found: list[Tested], observed: NDArray[Any], wanted: Test) -> NDArray[np.float64]:
    null = found[0].distribution() if len(found) == 1 else _stacked(found, observed.shape)
    # p may be counted where the null distribution is sampled.
    whole = all(np.all(one.exact & (np.asarray(one.n_resamples) == len(null))) for one in found)
    return max_t(null.reshape(len(null), *observed.shape), observed, wanted.alternative, exact=whole)


def _agreed(values: NDArray[Any]) -> Any:
    """Return what all data sets have in common as one value, or else the array."""
    return values.item(0) if (values == values.item(0)).all() else values
