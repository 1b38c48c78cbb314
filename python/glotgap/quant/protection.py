"""Which matrices are worth more bits: minimax mixed precision at a fixed budget.

Each matrix errs for each language by some share of its output (`clip_errors`), with few bits and with many. Those that
are given many cost their size; the budget is bits a weight on average. What is minimised is the error of the worst
language, summed over matrices (`least_worst`): for given weights of the languages matrices are taken in the order of
what they win a bit, as long as the budget holds them (greedy, as for a knapsack: no worse than the best choice but for
about one matrix).
"""

import torch

from glotgap.quant.least_worst import least_worst

__all__ = ["protected"]


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
    few, many, sizes = few.double().cpu(), many.double().cpu(), sizes.double().cpu()

    def choose(shares: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        taken = _greedy((few - many) @ shares / sizes, sizes, budget * float(sizes.sum()))
        return taken, torch.where(taken[:, None], many, few).sum(0)

    return least_worst(choose, few.shape[1])


def _greedy(gain: torch.Tensor, sizes: torch.Tensor, budget: float) -> torch.Tensor:
    """Return what is taken, the largest gain for its size first, as long as it fits."""
    taken = torch.zeros(len(gain), dtype=torch.bool)
    for at in gain.argsort(descending=True).tolist():
        if gain[at] > 0 and float(sizes[at]) <= budget:
            taken[at] = True
            budget -= float(sizes[at])
    return taken
