"""How evenly tokens are used: Shannon and Rényi entropy of their frequencies, and efficiency in three variants.

With p the shares of the tokens seen, H_α = log₂(Σ p^α) / (1 - α) in bits (Rényi 1961). Efficiency is its share of what
a uniform distribution would have (Zouhar et al., ACL 2023, α = 2.5). Uniform over what differs in use:

- `vocabulary`: all types of the vocabulary, log₂|V|: the paper's definition, and the default here;
- `used`: the types that occur, log₂ used: what the paper's own package computes unless told the vocabulary's size;
- `lower`: ⌈log₂|V|⌉, the length of a uniform code of whole bits: the simple form of the paper's lower bound.

Limits: `used` grows with the corpus, so the second compares corpora of equal size only. Renyi efficiency is no law:
Cognetta et al. (2024) construct tokenizers that raise it and translate worse.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["Evenness", "evenness"]


@dataclass(frozen=True, slots=True)
class Evenness:
    """Entropies in bits, efficiencies as shares; None where undefined: no token, or a uniform code of no bits."""

    entropy: float | None
    renyi_entropy: float | None
    renyi_efficiency: float | None
    renyi_efficiency_used: float | None
    renyi_efficiency_lower: float | None


def evenness(counts: ArrayLike, vocabulary: int, alpha: float = 2.5) -> Evenness:
    """Return entropy, Rényi entropy and its efficiencies of token frequencies.

    Args:
        counts: how often each token was seen; zeros are types that were not.
        vocabulary: size of the vocabulary.
        alpha: order of the Rényi entropy, 0 to infinity; 1 is Shannon's.

    Example:
        >>> even = evenness([2, 2, 0], vocabulary=8)
        >>> even.renyi_entropy, even.renyi_efficiency, even.renyi_efficiency_used
        (1.0, 0.333, 1.0)
    """
    piles = _piles(counts)
    used = sum(types for _, types in piles)
    if not used:
        return Evenness(None, None, None, None, None)
    renyi = _renyi(piles, alpha)
    full = math.log2(vocabulary) if vocabulary > 0 else 0.0
    ceiling = (vocabulary - 1).bit_length()  # log2 rounded up, in integers
    return Evenness(
        _shannon(piles), renyi, _share(renyi, full), _share(renyi, math.log2(used)), _share(renyi, float(ceiling))
    )


_Piles = list[tuple[float, int]]
"""Share of a token, and how many types have exactly it: sums over few terms, in an order the input does not choose."""


def _piles(counts: ArrayLike) -> _Piles:
    seen, types = np.unique(np.asarray(counts, np.uint64), return_counts=True)
    pairs = [(count, number) for count, number in zip(seen.tolist(), types.tolist(), strict=True) if count]
    total = sum(count * number for count, number in pairs)
    return [(count / total, number) for count, number in pairs]


def _shannon(piles: _Piles) -> float:
    return abs(math.fsum(types * p * math.log2(p) for p, types in piles))  # every term is at most 0


def _renyi(piles: _Piles, alpha: float) -> float:
    top = piles[-1][0]
    if alpha == 1:
        return _shannon(piles)
    if math.isinf(alpha):
        return abs(math.log2(top))
    if abs(alpha - 1) < 0.5:  # near 1 the logarithm of the sum cancels: take it from the sum less 1
        excess = math.fsum(types * p * math.expm1((alpha - 1) * math.log(p)) for p, types in piles)
        return abs(math.log1p(excess) / math.log(2) / (1 - alpha))
    scaled = math.fsum(types * (p / top) ** alpha for p, types in piles)  # a large alpha must not underflow
    return abs((alpha * math.log2(top) + math.log2(scaled)) / (1 - alpha))


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None
