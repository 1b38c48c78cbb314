"""ACIQ: the clip that would be best if the values were Gaussian or Laplacian (Banner, Nahshan, Soudry, NeurIPS 2019).

With M bits on [−α, α] the rounding costs α²/(3·4^M), and clipping what lies beyond. In units of σ, of the Gaussian, and
of b = E|x − mean|, of the Laplacian:

> Gaussian: MSE/σ² = (1 + a²)(1 − erf(a/√2)) − √(2/π)·a·e^(−a²/2) + a²/(3·4^M);
> Laplacian: MSE/b² = 2e^(−a) + a²/(3·4^M).

The least is where the derivative is 0; it is found there by bisection, not typed in.

Limits: the clip is one about 0, as the weights of linear layers are; and a clip beyond the greatest magnitude would
spend levels on nothing, so it is cut to that.
"""

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

__all__ = ["error", "optimum"]

_HIGHEST: Final = 64.0  # beyond the optimum of any number of bits up to 32


def _gaussian(a: float, bits: int) -> float:
    beyond = (1 + a * a) * math.erfc(a / math.sqrt(2)) - math.sqrt(2 / math.pi) * a * math.exp(-a * a / 2)
    return beyond + a * a / (3 * 4.0**bits)


def _gaussian_slope(a: float, bits: int) -> float:
    beyond = 2 * a * math.erfc(a / math.sqrt(2)) - 2 * math.sqrt(2 / math.pi) * math.exp(-a * a / 2)
    return beyond + 2 * a / (3 * 4.0**bits)


def _laplacian(a: float, bits: int) -> float:
    return 2 * math.exp(-a) + a * a / (3 * 4.0**bits)


def _laplacian_slope(a: float, bits: int) -> float:
    return -2 * math.exp(-a) + 2 * a / (3 * 4.0**bits)


_Law = Callable[[float, int], float]
_LAWS: Final[Mapping[str, tuple[_Law, _Law]]] = {
    "gauss": (_gaussian, _gaussian_slope),
    "laplace": (_laplacian, _laplacian_slope),
}


@cache
def optimum(family: str, bits: int) -> float:
    """Return the clip of least error, in units of σ ("gauss") or b ("laplace").

    Example:
        >>> round(optimum("gauss", 4), 6), round(optimum("laplace", 4), 6)
        (2.559136, 5.02864)
    """
    slope = _LAWS[family][1]
    low, high = 0.0, _HIGHEST
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if slope(middle, bits) < 0 else (low, middle)
    return middle


def error(family: str, bits: int) -> float:
    """Return the mean squared error at the best clip, in units of σ² or b².

    Example:
        >>> round(error("gauss", 4), 5)
        0.01049
    """
    return _LAWS[family][0](optimum(family, bits), bits)
