"""The bootstrap of a Python callable: its distribution by resampling, its interval by the core."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from glotgap._errors import BadArgumentError
from glotgap.stats.callables import Evaluate, Evaluator, Progress, Samples, evaluator
from glotgap.stats.intervals import interval
from glotgap.stats.randomness import Generator
from glotgap.stats.resampling import Plan, distribution, jackknife
from glotgap.stats.schemes import designs
from glotgap.stats.wanted import Found, Wanted

__all__ = ["Earlier", "bootstrap_callable", "extended"]

Streams: TypeAlias = Callable[[int], Sequence[Generator]]
"""Returns the generators for a number of designs."""

Earlier: TypeAlias = NDArray[Any] | None


def bootstrap_callable(
    evaluate: Evaluate, samples: Samples, wanted: Wanted, streams: Streams, earlier: Earlier
) -> Found:
    """Return the figures of one call; `earlier` is a distribution that the new one is added to.

    Raises:
        BadArgumentError: the scheme does not fit the samples, or the method needs what there is not.
    """
    plan = _plan(samples, wanted)
    if wanted.method == "studentized":
        return _studentized(evaluate, plan, wanted, streams, earlier)
    drawn = extended(evaluate, plan, wanted, streams, earlier)
    left_out = jackknife(evaluate, plan, batch=wanted.batch) if wanted.method == "bca" else []
    estimate = evaluate.of_data(samples)
    return Found.of_drawn(estimate, drawn, interval(drawn, estimate, wanted, jackknife=left_out))


def _plan(samples: Samples, wanted: Wanted) -> Plan:
    own = samples[:1] if wanted.paired else samples
    return Plan(samples, designs(wanted.scheme, own))


def extended(evaluate: Evaluate, plan: Plan, wanted: Wanted, streams: Streams, earlier: Earlier) -> NDArray[Any]:
    """Return the earlier distribution, if any, followed by the new one."""
    parts = [] if earlier is None else [earlier]
    if wanted.n_resamples:
        sources = streams(len(plan.designs))
        progress = Progress(wanted.progress, wanted.n_resamples)
        parts.append(distribution(evaluate, plan, sources, batch=wanted.batch, progress=progress))
    return np.concatenate(parts, axis=-1)


def _studentized(evaluate: Evaluate, plan: Plan, wanted: Wanted, streams: Streams, earlier: Earlier) -> Found:
    """Return the interval by quantiles of (θ* − θ) / se* (Davison and Hinkley 1997, §5.2.1)."""
    if wanted.standard_error is None or not isinstance(evaluate, Evaluator):
        raise BadArgumentError(
            'method="studentized" needs the standard error of each resample: give standard_error=, a callable like the '
            'statistic; or a name with stream="native"'
        )
    if earlier is not None:
        raise BadArgumentError('method="studentized" cannot use bootstrap_result, which has no standard errors')
    error = evaluator(wanted.standard_error, vectorized=evaluate.vectorized)
    both = Evaluator(partial(_both, evaluate, error), vectorized=True)
    estimate, scale = both.of_data(plan.samples)
    drawn, scales = extended(both, plan, wanted, streams, None)
    return Found.of_drawn(estimate, drawn, interval(drawn, estimate, wanted, errors=(scale, scales)))


def _both(evaluate: Evaluator, error: Evaluator, *samples: NDArray[Any], axis: int) -> NDArray[Any]:  # noqa: ARG001  # the last
    """Return the statistic and its standard error, along a new first axis."""
    return np.stack([each.of_data(samples, "resamples") for each in (evaluate, error)])
