"""The bootstrap: how far a statistic would vary between samples, and the interval that follows (Efron 1979).

Example:
    >>> import numpy as np
    >>> result = bootstrap((np.arange(50.0),), np.ptp, method="percentile", n_resamples=999, rng=1)
    >>> float(result.confidence_interval.high), result.n_resamples
    (49.0, 999)
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np

from glotgap._errors import BadArgumentError
from glotgap.stats import asked
from glotgap.stats.callables import Evaluate, Samples
from glotgap.stats.evaluating import NamedEvaluator, Statistic, shown, statistic_of
from glotgap.stats.grouped import NAN_POLICIES, DataSets, data_sets
from glotgap.stats.names import Named
from glotgap.stats.of_callable import Earlier, bootstrap_callable
from glotgap.stats.of_name import bootstrap_name, with_earlier
from glotgap.stats.randomness import STREAMS, Key, Source, source
from glotgap.stats.results import BootstrapResult
from glotgap.stats.schemes import BLOCK_KINDS, WEIGHINGS, Scheme
from glotgap.stats.wanted import ALTERNATIVES, METHODS, Found, Wanted

__all__ = ["bootstrap"]

_NO_SAMPLE: Final = "`data` must contain at least one sample"


def bootstrap(
    data: Any,
    statistic: str | Callable[..., Any],
    *,
    n_resamples: int = 9999,
    batch: int | None = None,
    vectorized: bool | None = None,
    paired: bool = False,
    axis: int = 0,
    confidence_level: float = 0.95,
    alternative: str = "two-sided",
    method: str = "BCa",
    bootstrap_result: Any = None,
    rng: Any = None,
    random_state: Any = None,
    stream: str = "native",
    strata: Any = None,
    clusters: Any = None,
    within: bool = False,
    block: int | str | None = None,
    block_kind: str = "circular",
    weights: Any = None,
    scheme: str = "multinomial",
    standard_error: Callable[..., Any] | None = None,
    by: Any = None,
    nan_policy: str = "propagate",
    keep_distribution: bool = False,
    threads: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> BootstrapResult:
    """Return a confidence interval for a statistic, by resampling. Arguments of scipy mean what they mean there.

    Args:
        data: a sequence of samples (arrays or columns), or one column.
        statistic: a name, of those in `glotgap.stats.names`, or a callable as for scipy. Well-known callables of
            numpy and scipy are computed by name.
        n_resamples: replicates; 0 with a `bootstrap_result` that has them.
        batch: resamples that a callable is given at once; None: what fits the cache.
        vectorized: whether a callable takes `axis`; None: look.
        paired: whether observation i of one sample belongs with observation i of the others.
        axis: axis of the observations; other axes are many data sets at once.
        confidence_level: between 0 and 1.
        alternative: "two-sided"; "less" for an upper bound only, "greater" for a lower one.
        method: "BCa", "percentile", "basic", "normal" or "studentized".
        bootstrap_result: a result whose distribution is added to.
        rng: an int, SeedSequence, Generator or RandomState; None: new every time (the result says which seed).
        random_state: scipy's older name; there an int means a RandomState.
        stream: "native", or "numpy" for the resamples that scipy would draw from `rng`.
        strata: labels; resampling keeps how many of each the data have.
        clusters: labels; clusters are resampled whole, or their observations too with `within`.
        within: resample inside the drawn clusters as well.
        block: length of blocks of a series, or "auto".
        block_kind: "circular", "moving" or "stationary" blocks.
        weights: how likely each observation is to be drawn, up to a factor.
        scheme: "multinomial", or "bayesian" or "poisson" weights of observations (names only).
        standard_error: for method "studentized" of a callable: its standard error, called like the statistic.
        by: labels that split the observations into data sets; or a tuple of them, one for each sample.
        nan_policy: "propagate", "omit" (of pairs: the pair) or "raise".
        keep_distribution: hold `bootstrap_distribution` at once; else it is drawn again when asked for.
        threads: None for all; results do not depend on it.
        progress: called with replicates done and in all, several times a second.

    Raises:
        BadArgumentError: an argument is wrong. Some are TypeErrors too, as in scipy.

    Warns:
        DegenerateDataWarning: an end of the interval is undefined, and NaN.
    """
    wanted = Wanted(
        batch=asked.batch_of(batch),
        level=asked.confidence(confidence_level),
        alternative=asked.choice("alternative", alternative, ALTERNATIVES, words="must be one of"),
        method=asked.choice("method", method, METHODS),
        n_resamples=asked.count_of("n_resamples", n_resamples, least=0),
        paired=asked.flag("paired", paired),
        scheme=Scheme(
            strata=strata,
            clusters=clusters,
            within=asked.flag("within", within),
            block=block,
            block_kind=asked.choice("block_kind", block_kind, BLOCK_KINDS),
            weights=weights,
            weighing=asked.choice("scheme", scheme, WEIGHINGS),
        ),
        standard_error=standard_error,
        keep=asked.flag("keep_distribution", keep_distribution),
        threads=threads,
        progress=progress,
    )
    samples = asked.samples_of(data, least=1, message=_NO_SAMPLE)
    what = statistic_of(statistic, vectorized, samples, native=stream == "native", pairs=wanted.paired)
    if isinstance(what, Named):
        what.refuse_unpaired(paired=wanted.paired)
    at, policy = asked.axis_of(axis), asked.choice("nan_policy", nan_policy, NAN_POLICIES)
    sets = data_sets(samples, at, by, paired=wanted.paired, nan_policy=policy)
    earlier = _earlier(bootstrap_result, wanted, sets)
    origin = source(rng, random_state, asked.choice("stream", stream, STREAMS))
    found = _computed(what, sets, wanted, origin, earlier)
    return found.result(wanted, shown(statistic), origin.seed, sets.labels)


def _earlier(result: Any, wanted: Wanted, data: DataSets) -> Earlier:
    """Return the distribution of an earlier result, None where there is none.

    Raises:
        BadArgumentError: it has no distribution, or there would be no replicates at all.
    """
    if result is not None and not hasattr(result, "bootstrap_distribution"):
        raise BadArgumentError(f"`bootstrap_result` must have attribute `bootstrap_distribution'. It is {result!r:.40}")
    earlier = None if result is None else np.asarray(result.bootstrap_distribution)
    if wanted.n_resamples == 0 and (earlier is None or earlier.size == 0):
        raise BadArgumentError(
            "Either `bootstrap_result.bootstrap_distribution.size` or `n_resamples` must be positive. Both are 0"
        )
    if earlier is not None and len(data.sets) > 1:
        raise BadArgumentError("`bootstrap_result` is given for several data sets: leave out it or `by`")
    return earlier


def _computed(what: Statistic, data: DataSets, wanted: Wanted, origin: Source, earlier: Earlier) -> Found:
    """Return the figures of all data sets."""
    if isinstance(what, Named) and origin.key is not None:
        return _by_name(what, data, wanted, origin.key, earlier)
    evaluate = NamedEvaluator(what) if isinstance(what, Named) else what
    each = [
        _of_one(evaluate, samples, replace(wanted, scheme=wanted.scheme.of_rows(rows, data.sizes)), origin, earlier)
        for samples, rows in zip(data.sets, data.rows, strict=True)
    ]
    return Found.of_sets(data, each)


def _by_name(name: Named, data: DataSets, wanted: Wanted, words: Key, earlier: Earlier) -> Found:
    if earlier is None:
        return bootstrap_name(name, data, wanted, words)
    new = [] if wanted.n_resamples == 0 else [bootstrap_name(name, data, wanted, words).distribution()]
    return with_earlier(name, data.sets[0], wanted, np.concatenate([earlier, *new], axis=-1))


def _of_one(evaluate: Evaluate, samples: Samples, wanted: Wanted, origin: Source, earlier: Earlier) -> Found:
    if min(sample.shape[-1] for sample in samples) < 2:
        return Found.undefined(wanted.n_resamples)
    return bootstrap_callable(evaluate, samples, wanted, origin.streams, earlier)
