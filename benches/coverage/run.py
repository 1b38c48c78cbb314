"""How often 95 % intervals hold the truth, and how often tests reject where there is nothing to find.

Many data sets are drawn from known distributions; for each, every interval is asked whether it holds the true value,
and each test on data without an effect whether p is at most 0.05. A share beyond three of its own standard errors from
what it should be is marked. Nothing here is compared with another library: it is the method's error that shows, which
for small skewed samples is real (Hesterberg 2015), and code that is wrong would show as more.

`run.py --sets 2000` takes some minutes on two cores, and writes results.md.
"""

import argparse
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glotgap.stats import bootstrap, permutation_test

Array = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], tuple[Array, ...]]

METHODS = ("percentile", "basic", "normal", "BCa", "studentized")
LEVEL = 0.95
RESAMPLES = 1_999


@dataclass(frozen=True)
class Case:
    """Data sets of one kind: `draw(rng, sets)` gives samples of shape (sets, n); the statistic's true value."""

    name: str
    draw: Draw
    statistic: str
    truth: float
    paired: bool = False


def normal(rng: np.random.Generator, sets: int, n: int = 30) -> tuple[Array, ...]:
    return (rng.normal(1, 2, (sets, n)),)


def correlated(rng: np.random.Generator, sets: int, n: int = 40) -> tuple[Array, ...]:
    x, noise = rng.normal(size=(2, sets, n))
    return x, 0.6 * x + 0.8 * noise


CASES = (
    Case("mean, normal, n = 30", normal, "mean", 1.0),
    Case("mean, exponential, n = 30", lambda rng, sets: (rng.exponential(1, (sets, 30)),), "mean", 1.0),
    Case("mean, lognormal, n = 50", lambda rng, sets: (rng.lognormal(0, 1, (sets, 50)),), "mean", math.exp(0.5)),
    Case("mean, t with 3 degrees, n = 30", lambda rng, sets: (rng.standard_t(3, (sets, 30)),), "mean", 0.0),
    Case("median, lognormal, n = 50", lambda rng, sets: (rng.lognormal(0, 1, (sets, 50)),), "median", 1.0),
    Case("std, normal, n = 30", normal, "std(1)", 2.0),
    Case("pearson, n = 40", correlated, "pearson", 0.6, paired=True),
    Case("mean difference, n = 20 and 30",
         lambda rng, sets: (rng.normal(1, 1, (sets, 20)), rng.exponential(1, (sets, 30))), "mean_difference", 0.0),
)  # fmt: skip


def covered(low: Any, high: Any, truth: float) -> str:
    """The share of intervals that hold the truth; in brackets how many are undefined, if any."""
    low, high = np.asarray(low), np.asarray(high)
    known = ~(np.isnan(low) | np.isnan(high))
    return marked(float(((low <= truth) & (truth <= high))[known].mean()), LEVEL, int(known.sum()), low.size)


def marked(share: float, expected: float, known: int, count: int) -> str:
    error = math.sqrt(expected * (1 - expected) / max(known, 1))
    sign = "" if abs(share - expected) <= 3 * error else " !"
    return f"{100 * share:.1f}{sign}" + (f" ({count - known} undefined)" if known < count else "")


def intervals(sets: int, seed: int) -> Iterator[list[str]]:
    for case in CASES:
        samples = case.draw(np.random.default_rng(seed), sets)
        cells = []
        for method in METHODS:
            found = bootstrap(samples, case.statistic, method=method, paired=case.paired, axis=-1,
                              n_resamples=RESAMPLES, rng=seed)  # fmt: skip
            cells.append(covered(*found.confidence_interval, case.truth))
        yield [case.name, *cells]


def clustered(sets: int, seed: int) -> Iterator[list[str]]:
    """Means of 20 clusters of 8: sentences of documents. Without `clusters` the interval is far too narrow."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(20), 8)
    data = rng.normal(size=(sets, 20)).repeat(8, axis=1) + rng.normal(size=(sets, 160))
    for name, how in (
        ("clusters", {"clusters": labels}),
        ("clusters, within", {"clusters": labels, "within": True}),
        ("as if independent", {}),
    ):
        found = bootstrap((data,), "mean", method="percentile", axis=-1, n_resamples=RESAMPLES, rng=seed, **how)
        yield [f"mean of 20 clusters of 8, {name}", covered(*found.confidence_interval, 0.0)]


def series(sets: int, seed: int) -> Iterator[list[str]]:
    """Means of autoregressive series of 400, x[t] = 0.5 x[t - 1] + noise."""
    rng = np.random.default_rng(seed)
    noise, data = rng.normal(size=(sets, 500)), np.zeros((sets, 500))
    for t in range(1, 500):
        data[:, t] = 0.5 * data[:, t - 1] + noise[:, t]
    data = data[:, 100:]
    for kind in ("circular", "moving", "stationary"):
        found = bootstrap((data,), "mean", method="percentile", axis=-1, block="auto", block_kind=kind,
                          n_resamples=RESAMPLES, rng=seed)  # fmt: skip
        yield [f"mean of a series of 400, {kind} blocks", covered(*found.confidence_interval, 0.0)]
    found = bootstrap((data,), "mean", method="percentile", axis=-1, n_resamples=RESAMPLES, rng=seed)
    yield ["mean of a series of 400, as if independent", covered(*found.confidence_interval, 0.0)]


def tests(sets: int, seed: int) -> Iterator[list[str]]:
    """Shares of p <= 0.05 without an effect; with ties a test may reject less often, never more."""
    rng = np.random.default_rng(seed)
    cases: dict[str, tuple[tuple[Array, ...], str, str]] = {
        "mean difference, 12 and 15": ((rng.exponential(1, (sets, 12)), rng.exponential(1, (sets, 15))),
                                       "mean_difference", "independent"),
        "mean difference, ties": (tuple(rng.integers(0, 4, (2, sets, 12)).astype(float)), "mean_difference",
                                  "independent"),
        "auc, ties": (tuple(rng.integers(0, 4, (2, sets, 12)).astype(float)), "auc", "independent"),
        "sign flips, n = 15": ((rng.standard_t(3, (sets, 15)),), "mean", "samples"),
        "spearman, n = 12": (tuple(rng.normal(size=(2, sets, 12))), "spearman", "pairings"),
        "kendall, ties": (tuple(rng.integers(0, 4, (2, sets, 12)).astype(float)), "kendall", "pairings"),
    }  # fmt: skip
    for name, (samples, statistic, kind) in cases.items():
        found = permutation_test(samples, statistic, permutation_type=kind, axis=-1, n_resamples=RESAMPLES, rng=seed)
        pvalues = np.asarray(found.pvalue)
        known = ~np.isnan(pvalues)
        yield [name, marked(float((pvalues[known] <= 0.05).mean()), 0.05, int(known.sum()), sets)]


def table(head: list[str], rows: Iterator[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=2_000, help="data sets of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results.md")
    asked = parser.parse_args()
    how = asked.sets, asked.seed
    blocks = [
        "# Coverage and level",
        (
            f"{asked.sets} data sets a row, {RESAMPLES} resamples, seed {asked.seed}; written by run.py. A mark (!) "
            "stands beside what is more than three standard errors from 95 % (intervals) or 5 % (tests)."
        ),
        "Intervals of 95 % that hold the true value, in per cent:",
        table(["data", *METHODS], intervals(*how)),
        "Dependent observations, percentile intervals:",
        table(["data", "held"], (row for part in (clustered, series) for row in part(*how))),
        "Tests without an effect that reject at 0.05, in per cent:",
        table(["test", "rejected"], tests(*how)),
    ]
    text = "\n\n".join(blocks) + "\n"
    asked.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
