"""What is measured: data, and the figure that every candidate must give.

An answer is the two ends of a 95 % interval, or p. Two right answers differ by Monte Carlo error: ends by some
hundredths of the standard error, p by its binomial error.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

RESAMPLES = 9_999
BLOCK = 25


@dataclass(frozen=True)
class Task:
    """Samples that a generator draws, the standard error of the figure (None for p), and the bar against each rival."""

    data: Callable[[np.random.Generator], tuple[Array, ...]]
    standard_error: Callable[..., float] | None = None
    bars: tuple[tuple[str, float], ...] = ()

    def samples(self) -> tuple[Array, ...]:
        """The same data in every process."""
        return self.data(np.random.default_rng(20_261_127))

    def agree(self, first: list[float], second: list[float]) -> bool:
        """Whether two answers are one, up to Monte Carlo error (six standard errors)."""
        if self.standard_error is not None:
            end = 0.027 * self.standard_error(*self.samples())
            return all(abs(a - b) <= 6 * math.sqrt(2) * end for a, b in zip(first, second, strict=True))
        p = min(max(first[0], 1 / RESAMPLES), 1.0)
        return abs(first[0] - second[0]) <= 6 * math.sqrt(2 * p / RESAMPLES) + 2 / RESAMPLES


def error_of_mean(x: Array) -> float:
    return float(x.std() / math.sqrt(len(x)))


def error_of_median(x: Array) -> float:
    return 1.2533 * error_of_mean(x)


def error_of_correlation(x: Array, y: Array) -> float:
    return float((1 - np.corrcoef(x, y)[0, 1] ** 2) / math.sqrt(len(x)))


def normal(n: int) -> Callable[[np.random.Generator], tuple[Array, ...]]:
    return lambda rng: (rng.normal(10, 2, n),)


def binary(n: int) -> Callable[[np.random.Generator], tuple[Array, ...]]:
    return lambda rng: ((rng.random(n) < 0.3).astype(np.float64),)


def pairs(n: int) -> Callable[[np.random.Generator], tuple[Array, ...]]:
    def draw(rng: np.random.Generator) -> tuple[Array, ...]:
        x = rng.normal(size=n)
        return x, 0.5 * x + rng.normal(size=n)

    return draw


def loosely_paired(n: int) -> Callable[[np.random.Generator], tuple[Array, ...]]:
    def draw(rng: np.random.Generator) -> tuple[Array, ...]:
        x = rng.normal(size=n)
        return x, x / math.sqrt(n) + rng.normal(size=n)

    return draw


def two(n: int) -> Callable[[np.random.Generator], tuple[Array, ...]]:
    return lambda rng: (rng.normal(size=n), rng.normal(1.5 / math.sqrt(n), 1, n))


def series(n: int) -> Callable[[np.random.Generator], tuple[Array, ...]]:
    """An autoregressive series: x[t] = 0.6 x[t - 1] + noise."""

    def draw(rng: np.random.Generator) -> tuple[Array, ...]:
        noise, x = rng.normal(size=n), np.zeros(n)
        for t in range(1, n):
            x[t] = 0.6 * x[t - 1] + noise[t]
        return (x,)

    return draw


TASKS: dict[str, Task] = {
    "mean n=20": Task(normal(20), error_of_mean),
    "mean n=1e3": Task(normal(1_000), error_of_mean, (("scipy", 18), ("arch", 65), ("compiled", 1.5))),
    "mean n=1e5": Task(normal(100_000), error_of_mean, (("scipy", 25), ("arch", 15), ("compiled", 2.5))),
    "mean n=1e5 BCa": Task(normal(100_000), error_of_mean, (("scipy", 120), ("arch", 15), ("compiled", 2.5))),
    "0/1 scores n=1e5": Task(binary(100_000), error_of_mean, (("scipy", 5_000), ("arch", 5_000), ("compiled", 10))),
    "pearson n=14": Task(pairs(14), error_of_correlation, (("scipy", 80), ("arch", 2_000), ("compiled", 1.5))),
    "pearson n=1e3": Task(pairs(1_000), error_of_correlation, (("scipy", 50), ("arch", 130), ("compiled", 1.5))),
    "median n=1e4": Task(normal(10_000), error_of_median, (("scipy", 1_500), ("arch", 2_000), ("compiled", 80))),
    "permutation 100 v 100": Task(two(100), bars=(("scipy", 50), ("compiled", 1.2))),
    "permutation 5000 v 5000": Task(two(5_000), bars=(("scipy", 110), ("compiled", 4))),
    "pairings pearson n=1e3": Task(loosely_paired(1_000), bars=(("scipy", 60), ("compiled", 1.4))),
    "pairings spearman n=1e3": Task(loosely_paired(1_000), bars=(("scipy", 80), ("compiled", 1.4))),
    "sign flips n=1e3": Task(lambda rng: (rng.normal(0.05, 1, 1_000),),
                             bars=(("scipy", 1_200), ("compiled", 50))),
    "exact 10 v 10": Task(two(10), bars=(("scipy", 3_000),)),
    "exact 20 v 20": Task(two(20)),
    "circular block mean n=1e4": Task(series(10_000), lambda x: 2.5 * error_of_mean(x),
                                      (("arch", 100), ("compiled", 15))),
    "callable n=1e3": Task(normal(1_000), error_of_mean, (("scipy", 1),)),
}  # fmt: skip


def answer(low: Any, high: Any) -> list[float]:
    """An interval as plain numbers."""
    return [float(low), float(high)]
