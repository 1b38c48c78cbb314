"""The slow, obvious twins: every figure by its definition, in exact arithmetic or by exhaustive search."""

import math
from fractions import Fraction

import numpy as np

BITS = range(2, 9)
GRIDS = ("mid-rise", "sym-int")


def exact_moments(values):
    """(mean, std, skew, kurtosis) of finite values, as fractions up to one last rounding; None where undefined."""
    distinct, repeats = np.unique(np.asarray(values, np.float64), return_counts=True)
    counts = list(zip(map(Fraction, distinct.tolist()), repeats.tolist(), strict=True))
    n = len(values)
    if n == 0:
        return None, None, None, None
    mean = sum(x * c for x, c in counts) / n
    m2, m3, m4 = (sum((x - mean) ** k * c for x, c in counts) / n for k in (2, 3, 4))
    if m2 == 0:
        return float(mean), 0.0, None, None
    skew = sqrt(m3**2 / m2**3) if m3 else 0.0
    return float(mean), sqrt(m2), skew if m3 > 0 else -skew, float(m4 / m2**2 - 3)


def exact_ratio(values):
    """m4/m2² of many finite values, in integers up to one last rounding."""
    ratios = [x.as_integer_ratio() for x in np.asarray(values, np.float64).tolist()]
    unit = max(denominator for _, denominator in ratios)  # all are powers of two
    whole = [numerator * (unit // denominator) for numerator, denominator in ratios]
    n, total = len(whole), sum(whole)
    squares = [(n * x - total) ** 2 for x in whole]
    return float(Fraction(n * sum(s * s for s in squares), sum(squares) ** 2))


def sqrt(x):
    """√x to the last bit or two, for fractions outside the range of floats too."""
    shift = 2 * ((x.denominator.bit_length() - x.numerator.bit_length()) // 2 + 60)
    whole = x.numerator << shift if shift >= 0 else x.numerator
    root = math.isqrt(whole // (x.denominator << max(0, -shift)))
    return float(Fraction(root) * Fraction(2) ** (-shift // 2))


def careful_kurtosis(values):
    """m4/m2² of many finite values: two passes of compensated sums about a mean with its low part."""
    x = np.asarray(values, np.float64)
    x = np.ldexp(x, -int(np.frexp(np.abs(x).max())[1]))  # exact; nothing overflows
    high = math.fsum(x) / x.size
    low = math.fsum(x - high) / x.size if np.ptp(x) else 0.0
    d = np.asarray(x, np.longdouble) - np.longdouble(high) - np.longdouble(low)
    d = np.asarray(d / np.abs(d).max(), np.float64)  # one rounding each, 1e-16, and of random sign
    return x.size * math.fsum(d**4) / math.fsum(d**2) ** 2


def exact_tails(values, ks):
    """Shares of |x − mean| > k·std, compared without rounding."""
    x = [Fraction(float(v)) for v in values]
    mean = sum(x) / len(x)
    squares = [(v - mean) ** 2 for v in x]
    m2 = sum(squares) / len(x)
    return [sum(s > Fraction(k) ** 2 * m2 for s in squares) / len(x) for k in ks]


def exact_abs_dev(values):
    x = [Fraction(float(v)) for v in values]
    mean = sum(x) / len(x)
    return float(sum(abs(v - mean) for v in x) / len(x))


def exact_kurtosis_top(values):
    """Share of Σ(x−mean)⁴ carried by the ⌈n/10000⌉ farthest values."""
    x = [Fraction(float(v)) for v in values]
    mean = sum(x) / len(x)
    fourths = sorted(((v - mean) ** 4 for v in x), reverse=True)
    return float(sum(fourths[: math.ceil(len(x) / 10_000)]) / sum(fourths))


def entropy(values):
    """Shannon entropy of the values that occur (0 and −0 are one value), in bits."""
    _, counts = np.unique(np.asarray(values, np.float64) + 0.0, return_counts=True)
    return -math.fsum(c / len(values) * math.log2(c / len(values)) for c in counts.tolist())


def levels(bits, grid):
    """Non-negative levels of the quantizer with clip 1."""
    if grid == "mid-rise":
        return (np.arange(2 ** (bits - 1)) + 0.5) / 2 ** (bits - 1)
    return np.arange(2 ** (bits - 1)) / (2 ** (bits - 1) - 1)


def error(values, alpha, bits, grid):
    """Σ(x−q)², each x mapped to the nearest level by trying them all."""
    nearest = np.abs(np.abs(np.asarray(values, np.float64))[:, None] - alpha * levels(bits, grid)).min(axis=1)
    return math.fsum(nearest**2)


def sqnr(values, alpha, bits, grid):
    """In dB; infinite without error."""
    left = error(values, alpha, bits, grid)
    return 10 * math.log10(math.fsum(np.square(values, dtype=np.float64)) / left) if left else math.inf


def best_clip(values, bits, grid):
    """(clip, error) of least error, by sweeping every breakpoint.

    As α grows, |x| falls from one cell to the next at α = |x|/border. Between neighbouring breakpoints the cells are
    fixed and the error is a parabola in α with its lowest point at B/C = Σxc/Σc². The error of the nearest levels is
    never above that of any fixed cells, so the best clip is the lowest of these points.
    """
    x = np.abs(np.asarray(values, np.float64))
    level = levels(bits, grid)
    borders = (level[1:] + level[:-1]) / 2
    at = (x[:, None] / borders).ravel()
    order = np.argsort(at, kind="stable")
    drop = np.diff(level)
    steps_b = (x[:, None] * drop).ravel()[order]
    steps_c = np.broadcast_to(level[1:] ** 2 - level[:-1] ** 2, (x.size, drop.size)).ravel()[order]
    b = level[-1] * x.sum() - np.concatenate([[0.0], np.cumsum(steps_b)])
    c = level[-1] ** 2 * x.size - np.concatenate([[0.0], np.cumsum(steps_c)])
    fits = c > 1e-9  # sym-int: beyond the last breakpoint all is zero
    gain = np.where(fits, b, 0.0) ** 2 / np.where(fits, c, 1.0)
    # Running sums round: near ties are settled by the true error, after one more step of α ← B/C without rounding.
    candidates = {b[i] / c[i] for i in np.argsort(gain)[-8:] if gain[i] > 0}
    return min(
        ((a, error(x, a, bits, grid)) for a in {refit(x, a, bits, grid) for a in candidates}), key=lambda p: p[1]
    )


def refit(x, alpha, bits, grid):
    """The best clip for the cells that `alpha` makes."""
    level = levels(bits, grid)
    c = level[np.abs(x[:, None] - alpha * level).argmin(axis=1)]
    return math.fsum(x * c) / math.fsum(c * c)
