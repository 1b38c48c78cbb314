"""Inequality of costs between languages: the Gini coefficient, applied to tokenizers by Foroutan et al. (2025).

G = Σᵢ Σⱼ |cᵢ - cⱼ| / (2 n² mean(c)): 0 when all languages cost the same, (n - 1)/n when one bears all. It is the
population's coefficient, without the factor n/(n - 1): these languages are all there are. Limits: it says how unequal,
not who pays; and of few languages it cannot come near 1.
"""

import math
from collections.abc import Sequence

__all__ = ["gini"]


def gini(costs: Sequence[float]) -> float | None:
    """Return the Gini coefficient of non-negative costs; None for fewer than two, or when all are 0.

    Example:
        >>> gini([1, 1, 1]), gini([0, 0, 3]), gini([7])
        (0.0, 0.667, None)
    """
    n, total = len(costs), math.fsum(costs)
    if n < 2 or total == 0:
        return None
    # Sorted, the i-th cost is the larger one in i - 1 pairs and the smaller in n - i.
    weighted = math.fsum((2 * i - n - 1) * cost for i, cost in enumerate(sorted(costs), 1))
    return weighted / (n * total)
