"""Clips chosen from a table of errors: for all languages, for the worst one, or for each.

- *shared*: least Σ_λ π_λ Err_λ: each unit by itself.
- *own*: least Err_λ of one language.
- *minimax*: least max_λ Err_λ (`least_worst`): units choose for weights π of the languages, first for those of shared,
  so that the worst language is never worse off than there. One unit alone is looked through.

Where clips err alike, the first is taken.

Limits: of many units, what minimax finds is above the least by about what one unit errs.
"""

from typing import Final

import torch

from glotgap.quant.least_worst import least_worst

__all__ = ["minimax", "own", "shared", "totals"]

_NEAR: Final = 16
"""Clips of a unit that minimax chooses among: those of the least mean error."""


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
    few = errors.gather(1, near[:, :, None].expand(-1, -1, errors.shape[2]))

    def choose(shares: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        choice = shared(few, shares)
        return choice, totals(few, choice)

    return near.gather(1, least_worst(choose, errors.shape[2], errors.device)[:, None])[:, 0]
