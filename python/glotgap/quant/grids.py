"""The two integer grids, and what a value becomes on them: quantized and dequantized in one go.

Values come as *units*, a matrix whose rows each have one scale: a row of a weight, a group of it, or the whole of it.

- symmetric ("sym-int" in `glotgap.weights`): 2^M − 1 levels kα/D, k = −D…D with D = 2^(M−1) − 1, for a clip α;
  one bit is an exception, two levels ±α/2;
- asymmetric: 2^M levels s·(k − z) from `low` to `high`, where s = (high − low)/(2^M − 1) and the zero point z is a
  whole number, so that 0 is a level; the range is widened to hold 0.

Ties round to even. Scales are not rounded to the 16 bits that `glotgap.quant.rounding` counts for them: that would
move each value by at most 2⁻¹¹ (float16) of itself.
"""

import torch

__all__ = ["asymmetric", "divisor", "symmetric"]


def divisor(bits: int) -> int:
    """Return D, the greatest level of the symmetric grid.

    Example:
        >>> divisor(4)
        7
    """
    return (1 << (bits - 1)) - 1


def symmetric(units: torch.Tensor, clip: torch.Tensor, bits: int) -> torch.Tensor:
    """Return each unit on the symmetric grid of its clip; where a clip is 0, all values must be; NaN makes NaN.

    Args:
        units: units × values, float32 or float64.
        clip: one a unit, units × 1.
        bits: 1 to 8, or 0, where all becomes 0.

    Example:
        >>> symmetric(torch.tensor([[-1.0, 0.2, 0.45]]), torch.tensor([[1.0]]), 2)
        tensor([[-1.,  0.,  0.]])
    """
    if bits == 0:
        return torch.zeros_like(units)
    if bits == 1:
        return torch.copysign(clip / 2, units)
    greatest = divisor(bits)
    step = clip / greatest
    step = torch.where(step == 0, 1, step)
    return torch.div(units, step).round_().clamp_(-greatest, greatest).mul_(step)


def asymmetric(units: torch.Tensor, low: torch.Tensor, high: torch.Tensor, bits: int) -> torch.Tensor:
    """Return each unit on the asymmetric grid from its `low` to its `high`.

    Args:
        units: units × values, float32 or float64.
        low: one a unit, units × 1.
        high: the same.
        bits: 2 to 8.

    Example:
        >>> asymmetric(torch.tensor([[0.0, 1.1, 3.0]]), torch.tensor([[0.0]]), torch.tensor([[3.0]]), 2)
        tensor([[0., 1., 3.]])
    """
    low, high = low.clamp(max=0), high.clamp(min=0)
    greatest = (1 << bits) - 1
    step = (high - low) / greatest
    step = torch.where(step == 0, 1, step)
    zero = (-low / step).round_()
    return torch.div(units, step).round_().add_(zero).clamp_(0, greatest).sub_(zero).mul_(step)
