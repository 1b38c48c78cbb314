"""What the room warns of and refuses, under names that scipy's users know.

scipy raises a TypeError where a whole argument is of the wrong kind, and its callers catch that; `WrongTypeError` is
one, and a `BadArgumentError` too.
"""

import warnings

from glotgap._errors import BadArgumentError, GlotgapWarning

__all__ = ["DegenerateDataWarning", "WrongTypeError", "warn_degenerate"]

_NO_INTERVAL = (
    "The {method} confidence interval cannot be calculated. This problem is known to occur when the distribution is "
    "degenerate or the statistic is np.min. Few observations may leave the statistic of some resamples undefined; "
    'scheme="bayesian" leaves no observation out.'
)


class DegenerateDataWarning(GlotgapWarning, RuntimeWarning):
    """The data do not determine what was asked for: constant values, NaN, or too few of them. The figure is NaN."""


class WrongTypeError(BadArgumentError, TypeError):
    """An argument is of a kind that cannot be used at all."""


def warn_degenerate(method: str) -> None:
    """Warn that an interval has an undefined end, at the line of the room's caller."""
    warnings.warn(DegenerateDataWarning(_NO_INTERVAL.format(method=method)), stacklevel=4)
