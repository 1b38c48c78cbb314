"""Poisson(1) weights as a function of (key, unit, replicate): the same in any order and in any piece of the data.

A unit is a whole number below 2⁶⁴. Unit and replicate are mixed with two words of the key each, added, and mixed again
(the finalizer of SplitMix64: Steele, Lea and Flood 2014); the 64 bits are the place in Poisson's cumulative
distribution, whose steps are rounded to 2⁻⁶⁴. No weight exceeds 20.

Example:
    >>> import numpy as np
    >>> weights = poisson_weights(np.arange(4, dtype=np.uint64), np.arange(1000), np.arange(4, dtype=np.uint64))
    >>> weights.shape, bool(abs(weights.mean() - 1) < 0.05)
    ((4, 1000), True)
"""

from fractions import Fraction
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["poisson_weights"]

Words: TypeAlias = NDArray[np.uint64]


def poisson_weights(key: Words, replicates: NDArray[np.integer], units: Words) -> NDArray[np.int8]:
    """Return the weight of each unit (row) in each replicate (column)."""
    rows = _mixed(_mixed(units + key[0]) ^ key[1])
    columns = _mixed(_mixed(replicates.astype(np.uint64) + key[2]) ^ key[3])
    return _poisson(_mixed(rows[:, None] + columns))


def _mixed(words: Words) -> Words:
    """Return SplitMix64's finalizer of each word: one-to-one, each bit of the result depends on all of them."""
    mixed = words ^ (words >> np.uint64(30))
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed


def _steps() -> Words:
    """Return where Poisson's cumulative distribution rises, in units of 2⁻⁶⁴, rounded once."""
    terms = [Fraction(1)]
    for k in range(1, 40):
        terms.append(terms[-1] / k)
    e = sum(terms)
    sums = [sum(terms[: k + 1]) / e for k in range(20)]
    return np.array([round(share * 2**64) for share in sums if round(share * 2**64) < 2**64], np.uint64)


_STEPS: Final = _steps()
_BITS: Final = 11
_UNDECIDED: Final = -1


def _table() -> NDArray[np.int8]:
    """Return the weight by the leading bits, where those decide it."""
    lows = np.arange(1 << _BITS, dtype=np.uint64) << np.uint64(64 - _BITS)
    highs = lows + np.uint64((1 << (64 - _BITS)) - 1)
    least, most = (np.searchsorted(_STEPS, ends, side="right") for ends in (lows, highs))
    table: NDArray[np.int8] = np.where(least == most, least, _UNDECIDED).astype(np.int8)
    return table


_TABLE: Final = _table()


def _poisson(places: Words) -> NDArray[np.int8]:
    """Return how many steps lie at or below each place."""
    weights = _TABLE.take((places >> np.uint64(64 - _BITS)).view(np.int64))
    undecided = weights == _UNDECIDED
    weights[undecided] = np.searchsorted(_STEPS, places[undecided], side="right")
    return weights
