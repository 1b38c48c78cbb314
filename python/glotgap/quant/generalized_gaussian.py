"""The best clip of a generalised Gaussian, by its kurtosis: between the Gaussian's and the Laplace distribution's.

The density is proportional to exp(-(|x|/s)^β); β = 2 is Gaussian, β = 1 Laplace, and the excess kurtosis
Γ(5/β) Γ(1/β) / Γ(3/β)² - 3 falls as β grows. The error of a clip α with M bits is that of ACIQ (Banner et al. 2019):
2 ∫_α^∞ (x-α)² p(x) dx + α² / (3·4^M), least where 2 ∫_α^∞ (x-α) p(x) dx = α / (3·4^M). So kurtosis 0 gives ACIQ's
Gaussian clip and 3 its Laplace clip, and what lies between and beyond is the same optimum, not an interpolation.

Limits: β is held to 0.3 … 20 (kurtosis 171 … -1.18): heavier tails take the clip of the heaviest.
"""

from typing import Final

import torch
from torch.special import gammaincc, gammaln

__all__ = ["best_clip", "kurtosis_of", "shape_of"]

_SHAPES: Final = (0.3, 20.0)
_HALVINGS: Final = 60


def kurtosis_of(shape: float) -> float:
    """Return the excess kurtosis of a generalised Gaussian of shape β.

    Example:
        >>> round(kurtosis_of(2.0), 9) + 0.0, round(kurtosis_of(1.0), 9)
        (0.0, 3.0)
    """
    return float(torch.exp(_log_gamma(5 / shape) + _log_gamma(1 / shape) - 2 * _log_gamma(3 / shape))) - 3


def shape_of(kurtosis: float) -> float:
    """Return the shape β of the generalised Gaussian with this excess kurtosis, held to its limits."""
    low, high = _SHAPES
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if kurtosis_of(middle) > kurtosis else (low, middle)
    return (low + high) / 2


def best_clip(kurtosis: float, bits: int) -> float:
    """Return the clip, in standard deviations, of the least error.

    Example:
        >>> round(best_clip(0.0, 4), 6), round(best_clip(3.0, 4) * 2**0.5, 6)  # in σ, and in b = σ / √2
        (2.559136, 5.02864)
    """
    shape = shape_of(kurtosis)
    low, high = 0.0, 1e3
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _beyond(middle, shape) > middle / (3 * 4**bits) else (low, middle)
    return (low + high) / 2


def _beyond(clip: float, shape: float) -> float:
    """Return 2 ∫_α^∞ (x-α) p(x) dx of unit variance."""
    scale = float(torch.exp((_log_gamma(1 / shape) - _log_gamma(3 / shape)) / 2))
    power = torch.tensor((clip / scale) ** shape, dtype=torch.float64)
    first = scale * torch.exp(_log_gamma(2 / shape) - _log_gamma(1 / shape)) * gammaincc(_double(2 / shape), power)
    return float(first - clip * gammaincc(_double(1 / shape), power))


def _log_gamma(x: float) -> torch.Tensor:
    return gammaln(_double(x))


def _double(x: float) -> torch.Tensor:
    return torch.tensor(x, dtype=torch.float64)
