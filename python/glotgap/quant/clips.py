"""Where values are clipped: for each unit (row, group or whole matrix) one clip, or the two ends of a range.

- absmax: the greatest magnitude; asymmetric: the least and the greatest value;
- pct: a percentile of the magnitudes, between neighbours linear as in numpy; asymmetric: of either tail;
- aciqgauss, aciqlaplace, aciq: `glotgap.quant.aciq`, from σ and b = E|x − mean| of the unit; aciq takes the law whose
  analytic error is smaller;
- mse: least squared error of the symmetric grid: of a whole matrix of 16-bit values exactly, from the histogram of
  `glotgap.weights`; else by `glotgap.quant.least_error`, to 9·10⁻⁴ of the least error.

A clip never is 0 where a value is not: a percentile of mostly zeros, or ACIQ's of a constant, become absmax.
"""

from collections.abc import Iterator
from typing import Final

import torch

from glotgap.quant import aciq
from glotgap.quant.least_error import least_error_clip
from glotgap.quant.scheme import Scheme
from glotgap.weights import histogram

__all__ = ["ends", "symmetric_clip", "widened"]

_SLICE: Final = 1 << 15  # torch sums so many values in one thread, in an order that does not depend on their number
_EXACT: Final = (torch.bfloat16, torch.float16)


def widened(values: torch.Tensor) -> torch.Tensor:
    """Return values of 16 bits as float32, others as they are.

    Example:
        >>> widened(torch.ones(1, dtype=torch.bfloat16)).dtype
        torch.float32
    """
    return values if values.dtype == torch.float64 else values.float()


def symmetric_clip(units: torch.Tensor, scheme: Scheme, bits: int) -> torch.Tensor:
    """Return the clip of each unit, units × 1.

    Args:
        units: units × values, finite, of any floating type.
        scheme: its `clip`, `percentile` and `granularity` count.
        bits: 1 to 8; they are not the scheme's where bits are shared out.

    Example:
        >>> symmetric_clip(torch.tensor([[-3.0, 1.0], [0.5, 0.25]]), Scheme.parse("rtn4"), 4)
        tensor([[3.0000],
                [0.5000]])
    """
    if scheme.clip == "mse":
        return _least_error(units, scheme, bits)
    top = _absmax(units)
    if scheme.clip == "absmax":
        return top
    found = _quantile(widened(units).abs(), scheme.percentile) if scheme.percentile else _aciq(units, scheme.clip, bits)
    return torch.where(found > 0, torch.minimum(found, top), top)


def ends(units: torch.Tensor, scheme: Scheme) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the range of each unit on the asymmetric grid, units × 1 each.

    Example:
        >>> ends(torch.tensor([[-3.0, 1.0]]), Scheme.parse("rtn4-asym"))
        (tensor([[-3.]]), tensor([[1.]]))
    """
    least, greatest = (widened(end) for end in torch.aminmax(units, dim=-1, keepdim=True))
    if scheme.percentile is None:
        return least, greatest
    wide = widened(units)
    low, high = _quantile(wide, 100 - scheme.percentile), _quantile(wide, scheme.percentile)
    is_nothing = torch.maximum(-low, high) <= 0  # 0 is in every range
    return torch.where(is_nothing, least, low), torch.where(is_nothing, greatest, high)


def _absmax(units: torch.Tensor) -> torch.Tensor:
    least, greatest = torch.aminmax(units, dim=-1, keepdim=True)
    return widened(torch.maximum(-least, greatest))


def _quantile(wide: torch.Tensor, percentile: float) -> torch.Tensor:
    place = (wide.shape[-1] - 1) * percentile / 100
    below = min(int(place), wide.shape[-1] - 1)
    low = torch.kthvalue(wide, below + 1, dim=-1, keepdim=True).values
    if place == below:
        return low
    high = torch.kthvalue(wide, below + 2, dim=-1, keepdim=True).values
    return torch.lerp(low, high, place - below)


def _least_error(units: torch.Tensor, scheme: Scheme, bits: int) -> torch.Tensor:
    if bits == 1:
        return 2 * _mean(widened(part).abs() for part in _parts(units)).to(widened(units[:0]).dtype)
    if scheme.granularity == "tensor" and units.dtype in _EXACT:
        clips = [histogram(unit).clip(bits, "sym-int") or 0.0 for unit in units]
        return torch.tensor(clips, device=units.device)[:, None]
    return least_error_clip(widened(units), bits)


def _aciq(units: torch.Tensor, clip: str, bits: int) -> torch.Tensor:
    mean = _mean(widened(part) for part in _parts(units))
    spread = _mean((part - mean).square() for part in _parts(units)).sqrt()
    distance = _mean((part - mean).abs() for part in _parts(units))
    gauss, laplace = spread * aciq.optimum("gauss", bits), distance * aciq.optimum("laplace", bits)
    if clip == "aciqgauss":
        found = gauss
    elif clip == "aciqlaplace":
        found = laplace
    else:
        is_gauss = spread.square() * aciq.error("gauss", bits) <= distance.square() * aciq.error("laplace", bits)
        found = torch.where(is_gauss, gauss, laplace)
    return found.to(widened(units[:0]).dtype)


def _parts(units: torch.Tensor) -> tuple[torch.Tensor, ...]:
    return torch.split(units, _SLICE, dim=-1)


def _mean(parts: Iterator[torch.Tensor]) -> torch.Tensor:
    """Return the mean of each unit in float64, units × 1, from slices of it in order."""
    total, n = torch.zeros((), dtype=torch.float64), 0
    for part in parts:
        total = total.to(part.device) + part.sum(-1, keepdim=True, dtype=torch.float64)
        n += part.shape[-1]
    return total / n
