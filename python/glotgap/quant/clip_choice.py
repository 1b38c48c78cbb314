"""Clips chosen from a table of errors: for all languages, for the worst one, or for each.

- *shared*: least Σ_λ π_λ Err_λ: each unit by itself.
- *own*: least Err_λ of one language.
- *minimax*: least max_λ Err_λ. Units cannot choose by themselves here: what one of them costs a language, another may
  win back. The worst language's share of the weights π grows step by step (multiplicative weights; Freund and Schapire
  1999), units choose for these weights, and the best choice of all steps is kept. The first step is shared's, so the
  worst language is never worse off than there. One unit alone is looked through.

Where clips err alike, the first is taken.

Limits: of many units, what minimax finds is above the least by about what one unit errs.
"""

from typing import Final

import torch

__all__ = ["minimax", "own", "shared", "totals"]

_STEPS: Final = 60
_NEAR: Final = 16
"""Clips of a unit that minimax chooses among: those of the least mean error."""

_RATE: Final = 1.0
"""How fast a language's share grows with its excess over the mean: larger rates swing, smaller ones do not arrive."""


def shared(errors: torch.Tensor, shares: torch.Tensor) -> torch.Tensor:
    """Return the clip of each unit with the least error over languages, weighted by `shares`.

    Args:
        errors: units × clips × languages.
        shares: of languages.

    Example:
        >>> errors = torch.tensor([[[1.0, 4.0], [3.0, 0.1], [2.0, 2.0]]])
        >>> shared(errors, torch.tensor([0.5, 0.5])).tolist(), own(errors, 0).tolist(), minimax(errors).tolist()
        ([1], [0], [2])
    """
    return (errors @ shares.to(errors)).argmin(1)


def own(errors: torch.Tensor, language: int) -> torch.Tensor:
    """Return the clip of each unit with the least error for one language."""
    return errors[:, :, language].argmin(1)


def totals(errors: torch.Tensor, choice: torch.Tensor) -> torch.Tensor:
    """Return the error of the whole matrix for each language, float64."""
    return errors[torch.arange(len(errors), device=errors.device), choice].sum(0, dtype=torch.float64)


def minimax(errors: torch.Tensor) -> torch.Tensor:
    """Return clips of which the worst language suffers least."""
    if len(errors) == 1:
        return errors.amax(2).argmin(1)
    near = errors.mean(2).argsort(dim=1, stable=True)[:, :_NEAR]
    chosen = _minimax(errors.gather(1, near[:, :, None].expand(-1, -1, errors.shape[2])))
    return near.gather(1, chosen[:, None])[:, 0]


def _minimax(errors: torch.Tensor) -> torch.Tensor:
    shares = torch.full((errors.shape[2],), 1 / errors.shape[2], dtype=torch.float64, device=errors.device)
    best, least = torch.zeros(0), torch.inf
    for _ in range(_STEPS):
        choice = shared(errors, shares)
        found = totals(errors, choice)
        if found.max() < least:
            best, least = choice, float(found.max())
        shares = shares * torch.exp(_RATE * (found / found.mean() - 1)) if found.mean() > 0 else shares
        shares = shares / shares.sum()
    return best
