"""The bootstrap of a Python callable: its distribution by resampling, its interval by the core."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glotgap._errors import BadArgumentError
from glotgap.stats.callables import Evaluator, Samples, evaluator
from glotgap.stats.intervals import interval, opened, quantiles
from glotgap.stats.randomness import Generator
from glotgap.stats.resampling import Plan, distribution, jackknife
from glotgap.stats.schemes import designs
from glotgap.stats.wanted import Found, Wanted

__all__ = ["bootstrap_callable"]

Streams = Callable[[int], Sequence[Generator]]
"""Returns the generators for a number of designs."""


def bootstrap_callable(
    evaluate: Evaluator, samples: Samples, wanted: Wanted, streams: Streams, earlier: NDArray[Any] | None
) -> Found:
    """Return the figures of one call; `earlier` is a distribution that the new one is added to."""
    plan = _plan(samples, wanted)
    if wanted.method == "studentized":
        return _studentized(evaluate, plan, wanted, streams)
    drawn = _extended(evaluate, plan, wanted, streams, earlier)
    left_out = jackknife(evaluate, plan, batch=wanted.batch) if wanted.method == "bca" else []
    return _found(evaluate.of_data(samples), drawn, wanted, left_out)


def _plan(samples: Samples, wanted: Wanted) -> Plan:
    own = samples[:1] if wanted.paired else samples
    sizes = [sample.shape[-1] for sample in own]
    return Plan(samples, designs(wanted.scheme, sizes, own))


def _extended(
    evaluate: Evaluator, plan: Plan, wanted: Wanted, streams: Streams, earlier: NDArray[Any] | None
) -> NDArray[Any]:
    parts = [] if earlier is None else [earlier]
    if wanted.n_resamples:
        sources = streams(len(plan.designs))
        parts.append(distribution(evaluate, plan, sources, n_resamples=wanted.n_resamples, batch=wanted.batch))
    return np.concatenate(parts, axis=-1)


def _found(
    estimate: NDArray[Any], drawn: NDArray[Any], wanted: Wanted, left_out: list[NDArray[Any]]
) -> Found:
    ends = interval(drawn, estimate, wanted, left_out)
    return Found(
        estimate=estimate,
        **ends,
        standard_error=_spread(drawn),
        bias=drawn.mean(axis=-1) - estimate,
        n_resamples=drawn.shape[-1],
        distribution=partial(np.asarray, drawn),
    )


def _spread(drawn: NDArray[Any]) -> NDArray[Any]:
    """Return the standard deviation, NaN for a single replicate."""
    if drawn.shape[-1] < 2:
        return np.full(drawn.shape[:-1], np.nan)
    return drawn.std(axis=-1, ddof=1)


def _studentized(evaluate: Evaluator, plan: Plan, wanted: Wanted, streams: Streams) -> Found:
    """Return estimate − standard error × quantiles of (θ* − θ) / se* (Davison and Hinkley 1997, §5.2.1)."""
    if wanted.standard_error is None:
        raise BadArgumentError(
            "method='studentized' of a callable needs the standard error of each resample: give standard_error=, a "
            "callable like the statistic"
        )
    error = evaluator(wanted.standard_error, vectorized=evaluate.vectorized)
    both = Evaluator(partial(_both, evaluate, error), vectorized=True)
    estimate, scale = both.of_data(plan.samples)
    drawn, scales = _extended(both, plan, wanted, streams, None)
    with np.errstate(invalid="ignore", divide="ignore"):
        low, high = quantiles((drawn - estimate[..., None]) / scales, wanted)
    ends = opened(estimate - scale * high, estimate - scale * low, wanted)
    return replace(_found(estimate, drawn, wanted, []), low=ends[0], high=ends[1])


def _both(evaluate: Evaluator, error: Evaluator, *samples: NDArray[Any], axis: int) -> NDArray[Any]:  # noqa: ARG001
    """Return the statistic and its standard error, along a new first axis."""
    return np.stack([each.of_data(samples, "resamples") for each in (evaluate, error)])
