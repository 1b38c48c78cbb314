"""How far one observation carries a result: the statistic with each left out in turn.

Example:
    >>> import numpy as np
    >>> result = leave_one_out(([1.0, 2.0, 3.0, 4.0, 50.0],), np.ptp)
    >>> result.low, result.high, result.most_influential
    (3.0, 49.0, 4)
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glotgap.stats import asked
from glotgap.stats.designs import Ordinary
from glotgap.stats.evaluating import evaluator_of
from glotgap.stats.grouped import data_sets
from glotgap.stats.resampling import Plan, jackknife

__all__ = ["LeaveOneOut", "leave_one_out"]


@dataclass(frozen=True)
class LeaveOneOut:
    """The statistic without each observation.

    Attributes:
        estimate: of all observations.
        values: without each in turn; of independent samples, those of the first come first.
        low, high: least and greatest of them.
        most_influential: index (into `values`) of the observation whose absence changes the estimate most.
    """

    estimate: float
    values: NDArray[np.float64]
    low: float
    high: float
    most_influential: int


def leave_one_out(
    data: Any, statistic: str | Callable[..., Any], *, paired: bool = False, vectorized: bool | None = None
) -> LeaveOneOut:
    """Return the range of a statistic as each observation (of pairs: each pair) is left out.

    Raises:
        BadArgumentError: as `bootstrap`.
    """
    samples = asked.samples_of(data, least=1, message="`data` must contain at least one sample")
    together = asked.flag("paired", paired)
    evaluate = evaluator_of(statistic, vectorized, samples, pairs=together)
    [arrays] = data_sets(samples, 0, None, paired=together, nan_policy="propagate").sets
    own = arrays[:1] if together else arrays
    plan = Plan(arrays, [Ordinary(sample.shape[-1]) for sample in own])
    values = np.concatenate(jackknife(evaluate, plan, batch=None)).astype(np.float64)
    estimate = float(evaluate.of_data(arrays))
    return LeaveOneOut(
        estimate, values, float(values.min()), float(values.max()), int(np.argmax(np.abs(values - estimate)))
    )
