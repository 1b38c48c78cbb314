"""p of many tests, adjusted for their number.

- "bonferroni", "holm" (1979), "hochberg" (1988): the chance of any false rejection; Hochberg's asks for independence or
  positive dependence.
- "bh" (Benjamini and Hochberg 1995), "by" (Benjamini and Yekutieli 2001): the expected share of false rejections; "by"
  under any dependence.

Example:
    >>> adjust([0.01, 0.02, 0.03, 0.5], "holm").tolist()
    [0.04, 0.06, 0.06, 0.5]
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from glotgap import _core
from glotgap._arguments import typed
from glotgap.stats.samples import column, floats

__all__ = ["ADJUSTMENTS", "adjust"]

ADJUSTMENTS: Final = ("bonferroni", "holm", "hochberg", "bh", "by")


@typed
def adjust(p: Any, method: str = "holm") -> NDArray[np.float64]:
    """Return p adjusted for the number of tests, in the shape and order given; NaN stays NaN and counts as no test.

    Args:
        p: values from 0 to 1.
        method: one of ADJUSTMENTS.

    Raises:
        BadArgumentError: a value is no p, or there is no such method.
    """
    values = column(p)
    return _core.stats_adjust(floats(values).ravel(), method).reshape(values.shape)
