"""Which matrices are worth more bits: minimax mixed precision at a fixed budget.

Each matrix errs for each language by some share of its output (`clip_errors`), with few bits and with many. Those that
are given many cost their size; the budget is bits a weight on average. What is minimised is the error of the worst
language, summed over matrices. The languages' weights grow with their error (multiplicative weights, as in
`clip_choice`), and for given weights matrices are taken in the order of what they win a bit, as long as the budget
holds them (greedy, as for a knapsack: no worse than the best choice but for about one matrix).
"""

from typing import Final

import torch

__all__ = ["protected"]

_STEPS: Final = 60
_RATE: Final = 1.0


def protected(few: torch.Tensor, many: torch.Tensor, sizes: torch.Tensor, budget: float) -> torch.Tensor:
    """Return which matrices get many bits: a mask.

    Args:
        few: errors with few bits: matrices × languages.
        many: errors with many bits.
        sizes: weights of each matrix.
        budget: share of all weights that may have many bits.

    Example:
        >>> few = torch.tensor([[9.0, 0.0], [0.0, 8.0], [4.0, 4.0]])
        >>> protected(few, few / 100, torch.tensor([1, 1, 2]), 0.5).tolist()
        [True, True, False]
    """
    languages = few.shape[1]
    few, many, sizes = few.double().cpu(), many.double().cpu(), sizes.double().cpu()
    weights = torch.full((languages,), 1 / languages, dtype=torch.float64)
    best, least = torch.zeros(len(few), dtype=torch.bool), torch.inf
    for _ in range(_STEPS):
        gain = (few - many) @ weights / sizes
        taken = _greedy(gain, sizes, budget * float(sizes.sum()))
        left = torch.where(taken[:, None], many, few).sum(0)
        if left.max() < least:
            best, least = taken, float(left.max())
        weights = weights * torch.exp(_RATE * (left / left.mean() - 1)) if left.mean() > 0 else weights
        weights = weights / weights.sum()
    return best


def _greedy(gain: torch.Tensor, sizes: torch.Tensor, budget: float) -> torch.Tensor:
    """Return what is taken, the largest gain for its size first, as long as it fits."""
    taken = torch.zeros(len(gain), dtype=torch.bool)
    for at in gain.argsort(descending=True).tolist():
        if gain[at] > 0 and float(sizes[at]) <= budget:
            taken[at] = True
            budget -= float(sizes[at])
    return taken
