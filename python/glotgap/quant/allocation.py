"""Bits shared out among the rows of a matrix: wide rows get more (Banner, Nahshan, Soudry, NeurIPS 2019).

The error is least when the number of levels of a row is proportional to α^(2/3), α its clip: its bits are
c + ⅔·log2 α, rounded, within 0…8. The constant c follows from the budget. As it grows, each row takes its m-th bit when
c reaches m − ½ − ⅔·log2 α; the budget's worth of these thresholds is granted, least first, so that the mean is met to
the bit.
"""

from typing import Final

import torch

__all__ = ["shared_out"]

_MOST: Final = 8


def shared_out(clips: torch.Tensor, bits: int) -> torch.Tensor:
    """Return the bits of each row, 0 to 8; their mean is `bits`.

    Args:
        clips: one a row, not negative; rows × 1.
        bits: 2 to 8, on average.

    Example:
        >>> shared_out(torch.tensor([[1.0], [8.0], [1.0], [8.0]]), 4)
        tensor([3, 5, 3, 5])
    """
    wish = clips.flatten().double().log2() * 2 / 3
    bit = torch.arange(1, _MOST + 1, device=clips.device)[:, None]
    thresholds = (bit - 0.5 - wish).flatten()  # the first bits of all rows, then the second: ties go by row
    granted = thresholds.sort(stable=True).indices[: bits * len(wish)]
    return torch.bincount(granted % len(wish), minlength=len(wish))
