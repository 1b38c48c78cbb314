"""The sequential test of Besag and Clifford (1991): rearrange until enough were as extreme as the data."""

import math
from functools import partial
from typing import Final

import numpy as np

from glotgap._errors import BadArgumentError
from glotgap.stats.callables import Evaluate, Progress
from glotgap.stats.extremes import pvalue, stopped
from glotgap.stats.randomness import Generator
from glotgap.stats.rearranging import Kind, random_distribution
from glotgap.stats.tested import Test, Tested

__all__ = ["sequential"]

_TURN: Final = 256


def sequential(what: Evaluate, kind: Kind, rng: Generator, wanted: Test, *, like_scipy: bool) -> Tested:
    """Return the test after as many random rearrangements as it takes, `wanted.n_resamples` at most.

    Raises:
        BadArgumentError: the statistic has more than one value, or no end was given.
    """
    observed = what.of_data(kind.samples)
    if observed.ndim or wanted.stop is None or wanted.n_resamples == math.inf:
        raise BadArgumentError("`stop` ends the test of one data set, after a finite n_resamples: give both so")
    null = np.empty(0)
    while len(null) < wanted.n_resamples:
        turn = int(min(_TURN + len(null), wanted.n_resamples - len(null)))
        more = random_distribution(what, kind, rng, Progress(None, turn), batch=wanted.batch, like_scipy=like_scipy)
        null = np.concatenate([null, more])
        end = stopped(null, observed, wanted.alternative, two_sided=wanted.two_sided, stop=wanted.stop)
        if end is not None:
            return Tested(observed, *_at_end(wanted, end), partial(np.asarray, null[:end]), exact=False)
    p, error = pvalue(null, observed, wanted.alternative, exact=False, two_sided=wanted.two_sided)
    return Tested(observed, p, len(null), error, partial(np.asarray, null), exact=False)


def _at_end(wanted: Test, end: int) -> tuple[float, int, float]:
    """Return p, the replicates and the error of p, for a test that stopped."""
    sides = 2 if wanted.alternative == "two-sided" and wanted.two_sided != "abs" else 1
    share = (wanted.stop or 0) / end
    return min(1.0, sides * share), end, sides * math.sqrt(share * (1 - share) / end)
