"""The choice of which the worst language suffers least, where languages must share it.

What one part of a model costs a language, another may win back, so parts cannot choose by themselves. Given weights of
the languages they can: each takes what costs the weighted languages least. The weight of a language grows step by step
with what it loses (multiplicative weights; Freund and Schapire 1999), and the best choice of all steps is kept. The
first step weighs all alike, so the worst language is never worse off than with the choice for the mean.
"""

from collections.abc import Callable
from typing import Final

import torch

__all__ = ["least_worst"]

_STEPS: Final = 60
_RATE: Final = 1.0
"""How fast a language's weight grows with its excess over the mean: larger rates swing, smaller ones do not arrive."""

Choose = Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]]
"""From weights of languages (their sum is 1) to a choice and what it costs each language, float64."""


def least_worst(choose: Choose, languages: int, device: torch.device | str = "cpu") -> torch.Tensor:
    """Return the choice whose greatest cost is least.

    Example:
        >>> costs = torch.tensor([[1.0, 4.0], [3.0, 0.1], [2.0, 2.0]], dtype=torch.float64)
        >>> def choose(weights):
        ...     best = (costs @ weights).argmin()
        ...     return best, costs[best]
        >>> int(least_worst(choose, 2))
        2
    """
    weights = torch.full((languages,), 1 / languages, dtype=torch.float64, device=device)
    best, costs = choose(weights)
    least = costs.max()
    for _ in range(_STEPS - 1):
        weights = weights * torch.exp(_RATE * (costs / costs.mean() - 1)) if costs.mean() > 0 else weights
        weights = weights / weights.sum()
        choice, costs = choose(weights)
        if costs.max() < least:
            best, least = choice, costs.max()
    return best
