"""Who does what: for each task its candidates, each a function of the samples that gives an interval or p.

Each rival takes its quickest documented way. scipy gets batches that fit the cache where its default would take
gigabytes. "compiled" in a bar is the quickest of bunker, foostrap, tsbootstrap and numba.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from tasks import BLOCK, RESAMPLES, Array, answer

COMPILED = ("bunker", "foostrap", "tsbootstrap", "numba")

Candidate = Callable[..., list[float]]


def glotgap(statistic: Any, method: str, **how: Any) -> Candidate:
    from glotgap.stats import bootstrap

    def run(*samples: Array) -> list[float]:
        found = bootstrap(samples, statistic, method=method, n_resamples=RESAMPLES, rng=1, **how)
        return answer(*found.confidence_interval)

    return run


def glotgap_test(statistic: str, kind: str, resamples: float = RESAMPLES, **how: Any) -> Candidate:
    from glotgap.stats import permutation_test

    def run(*samples: Array) -> list[float]:
        found = permutation_test(samples, statistic, permutation_type=kind, n_resamples=resamples, rng=1, **how)
        return [float(found.pvalue)]

    return run


def scipy_interval(statistic: Any, method: str, batch: int | None = None, **how: Any) -> Candidate:
    from scipy.stats import bootstrap

    def run(*samples: Array) -> list[float]:
        found = bootstrap(samples, statistic, method=method, n_resamples=RESAMPLES, batch=batch, rng=1, **how)
        return answer(*found.confidence_interval)

    return run


def scipy_test(statistic: Any, kind: str, resamples: float = RESAMPLES, batch: int | None = None) -> Candidate:
    from scipy.stats import permutation_test

    def run(*samples: Array) -> list[float]:
        found = permutation_test(
            samples, statistic, permutation_type=kind, n_resamples=resamples, batch=batch, rng=1, vectorized=True
        )
        return [float(found.pvalue)]

    return run


def mean_difference(x: Array, y: Array, axis: int = -1) -> Any:
    return x.mean(axis) - y.mean(axis)


def pearson(x: Array, y: Array, axis: int = -1) -> Any:
    x = x - x.mean(axis, keepdims=True)
    y = y - y.mean(axis, keepdims=True)
    return (x * y).sum(axis) / np.sqrt((x * x).sum(axis) * (y * y).sum(axis))


def library_pearson(x: Array, y: Array, axis: int = -1) -> Any:
    from scipy.stats import pearsonr

    return pearsonr(x, y, axis=axis).statistic


def spearman(x: Array, y: Array, axis: int = -1) -> Any:
    from scipy.stats import rankdata

    return pearson(rankdata(x, axis=axis), rankdata(y, axis=axis), axis)


def arch(statistic: Callable[[Array], Any], method: str) -> Candidate:
    from arch.bootstrap import IIDBootstrap

    def run(*samples: Array) -> list[float]:
        data = samples[0] if len(samples) == 1 else np.column_stack(samples)
        return answer(*IIDBootstrap(data, seed=1).conf_int(statistic, reps=RESAMPLES, method=method)[:, 0])

    return run


def arch_blocks(x: Array) -> list[float]:
    from arch.bootstrap import CircularBlockBootstrap

    drawn = CircularBlockBootstrap(BLOCK, x, seed=1)
    return answer(*drawn.conf_int(np.mean, reps=RESAMPLES, method="percentile")[:, 0])


def bunker_interval(statistic: str) -> Candidate:
    import bunker_stats

    def run(x: Array) -> list[float]:
        if statistic == "mean":
            return answer(*bunker_stats.bootstrap_mean_ci(x, RESAMPLES, 0.95, 1)[1:])
        return answer(*bunker_stats.bootstrap_ci(x, statistic, RESAMPLES, 0.95, 1)[1:])

    return run


def bunker_correlation(x: Array, y: Array) -> list[float]:
    import bunker_stats

    return answer(*bunker_stats.bootstrap_corr(x, y, n_resamples=RESAMPLES, conf=0.95, random_state=1)[1:])


def bunker_test(name: str) -> Candidate:
    import bunker_stats

    test = getattr(bunker_stats, name)
    return lambda x, y: [float(test(x, y, RESAMPLES, "two-sided", 1)[1])]


def foostrap(statistic: str, method: str, q: float = 0.5) -> Candidate:
    from foostrap import foostrap as module

    call = module if callable(module) else module.foostrap

    def run(*samples: Array) -> list[float]:
        data = samples[0] if len(samples) == 1 else np.column_stack(samples)
        found = call(data, statistic=statistic, q=q, boot_samples=RESAMPLES, ci_method=method, random_state=1)
        return answer(*found.ci)

    return run


def rapidstats(x: Array) -> list[float]:
    import polars as pl
    from rapidstats import Bootstrap

    found = Bootstrap(iterations=RESAMPLES, method="percentile", seed=1, n_jobs=1).mean(pl.Series(x))
    return answer(found[0], found[2])


def resample(statistic: Callable[[Array], Any]) -> Candidate:
    from resample.bootstrap import confidence_interval

    return lambda x: answer(*confidence_interval(statistic, x, ci_method="percentile", size=RESAMPLES, random_state=1))


def mlxtend_test(x: Array, y: Array) -> list[float]:
    from mlxtend.evaluate import permutation_test

    return [float(permutation_test(x, y, func=mean_gap, method="approximate", num_rounds=RESAMPLES, seed=1))]


def mean_gap(x: Array, y: Array) -> Any:
    return np.abs(np.mean(x) - np.mean(y))


def tsbootstrap(x: Array) -> list[float]:
    from tsbootstrap import CircularBlock, bootstrap_reduce

    found = bootstrap_reduce(
        x,
        method=CircularBlock(block_length=BLOCK),
        statistic="mean",
        n_bootstraps=RESAMPLES,
        random_state=1,
        backend="compiled",
    )
    return answer(found.quantile(0.025), found.quantile(0.975))


def numba_interval(loop: str, prepared: Callable[..., tuple[Any, ...]] = lambda *samples: samples) -> Candidate:
    import loops

    run = getattr(loops, loop)
    return lambda *samples: answer(*np.quantile(run(*prepared(*samples), RESAMPLES, 1), [0.025, 0.975]))


def circular_sums(x: Array) -> tuple[Any, ...]:
    sums = np.convolve(np.concatenate([x, x[: BLOCK - 1]]), np.ones(BLOCK), "valid")
    return sums, len(x), BLOCK


def two_sided(null: Array, observed: float) -> list[float]:
    """Return scipy's p of random rearrangements: twice the smaller side."""
    close = 1e-9 * max(1.0, abs(observed))
    sides = [(np.sum(null >= observed - close) + 1), (np.sum(null <= observed + close) + 1)]
    return [float(min(1.0, 2 * min(sides) / (len(null) + 1)))]


def numba_relabelled(x: Array, y: Array) -> list[float]:
    import loops

    return two_sided(loops.relabelled(np.concatenate([x, y]), len(x), RESAMPLES, 1), float(x.sum()))


def numba_repaired(*, ranked: bool) -> Candidate:
    import loops

    def run(x: Array, y: Array) -> list[float]:
        if ranked:
            x, y = (np.argsort(np.argsort(values)).astype(np.float64) for values in (x, y))
        x, y = x - x.mean(), y - y.mean()
        return two_sided(loops.repaired(x, y, RESAMPLES, 1), float(x @ y))

    return run


def numba_flipped(x: Array) -> list[float]:
    import loops

    return two_sided(loops.flipped(x, RESAMPLES, 1), float(x.sum()))


def bca_mean_numba(x: Array) -> list[float]:
    """BCa of a mean: the acceleration of a mean is its skewness over 6 √n."""
    import loops
    from scipy.special import ndtr, ndtri

    null = loops.means(x, RESAMPLES, 1)
    d = x - x.mean()
    a = float((d**3).sum() / (6 * (d**2).sum() ** 1.5))
    z0 = float(ndtri((null < x.mean()).mean()))
    ends = [z0 + ndtri(p) for p in (0.025, 0.975)]
    return answer(*np.quantile(null, [ndtr(z0 + end / (1 - a * end)) for end in ends]))


def columns_correlated(data: Array) -> Any:
    return np.corrcoef(data[:, 0], data[:, 1])[0, 1]


def candidates(task: str, threads: int) -> dict[str, Callable[[], Candidate]]:
    """The candidates of a task, not yet imported."""
    return dict(_CANDIDATES[task](threads))


def _means(method: str, batch: int | None) -> Callable[[int], dict[str, Callable[[], Candidate]]]:
    is_bca = method == "BCa"
    return lambda threads: {
        "glotgap": lambda: glotgap("mean", method, threads=threads),
        "scipy": lambda: scipy_interval(np.mean, method, batch=batch),
        "arch": lambda: arch(np.mean, "bca" if is_bca else "percentile"),
        "foostrap": lambda: foostrap("mean", "BCa" if is_bca else "percentile"),
        "numba": (lambda: bca_mean_numba) if is_bca else (lambda: numba_interval("means")),
    } | ({} if is_bca else {
        "bunker": lambda: bunker_interval("mean"),
        "rapidstats": lambda: rapidstats,
    } | ({} if batch else {"resample": lambda: resample(np.mean)}))  # fmt: skip


def _pearsons(batch: int | None) -> Callable[[int], dict[str, Callable[[], Candidate]]]:
    return lambda threads: {
        "glotgap": lambda: glotgap("pearson", "percentile", paired=True, threads=threads),
        "scipy": lambda: scipy_interval(pearson, "percentile", batch, paired=True, vectorized=True),
        "scipy with pearsonr": lambda: scipy_interval(
            library_pearson, "percentile", batch, paired=True, vectorized=True
        ),
        "arch": lambda: arch(columns_correlated, "percentile"),
        "bunker": lambda: bunker_correlation,
        "foostrap": lambda: foostrap("pearson", "percentile"),
        "numba": lambda: numba_interval("correlations"),
    }


def _two(batch: int | None) -> Callable[[int], dict[str, Callable[[], Candidate]]]:
    return lambda threads: {
        "glotgap": lambda: glotgap_test("mean_difference", "independent", threads=threads),
        "scipy": lambda: scipy_test(mean_difference, "independent", batch=batch),
        "bunker": lambda: bunker_test("permutation_mean_diff_test"),
        "mlxtend": lambda: mlxtend_test,
        "numba": lambda: numba_relabelled,
    }


_CANDIDATES: dict[str, Callable[[int], dict[str, Callable[[], Candidate]]]] = {
    "mean n=20": _means("percentile", None),
    "mean n=1e3": _means("percentile", None),
    "mean n=1e5": _means("percentile", 100),
    "mean n=1e5 BCa": _means("BCa", 100),
    "0/1 scores n=1e5": _means("percentile", 100),
    "pearson n=14": _pearsons(None),
    "pearson n=1e3": _pearsons(None),
    "median n=1e4": lambda threads: {
        "glotgap": lambda: glotgap("median", "percentile", threads=threads),
        "scipy": lambda: scipy_interval(np.median, "percentile", 100),
        "arch": lambda: arch(np.median, "percentile"),
        "bunker": lambda: bunker_interval("median"),
        "foostrap": lambda: foostrap("quantile", "percentile"),
        "numba": lambda: numba_interval("medians", lambda x: (np.sort(x),)),
    },
    "permutation 100 v 100": _two(None),
    "permutation 5000 v 5000": _two(None),
    "pairings pearson n=1e3": lambda threads: {
        "glotgap": lambda: glotgap_test("pearson", "pairings", threads=threads),
        "scipy": lambda: scipy_test(lambda x, y, axis=-1: pearson(x, y, axis), "pairings"),
        "bunker": lambda: bunker_test("permutation_test_corr"),
        "numba": lambda: numba_repaired(ranked=False),
    },
    "pairings spearman n=1e3": lambda threads: {
        "glotgap": lambda: glotgap_test("spearman", "pairings", threads=threads),
        "scipy": lambda: scipy_test(spearman, "pairings", batch=500),
        "numba": lambda: numba_repaired(ranked=True),
    },
    "sign flips n=1e3": lambda threads: {
        "glotgap": lambda: glotgap_test("mean", "samples", threads=threads),
        "scipy": lambda: scipy_test(lambda x, axis=-1: x.mean(axis), "samples"),
        "numba": lambda: numba_flipped,
    },
    "exact 10 v 10": lambda threads: {
        "glotgap": lambda: glotgap_test("mean_difference", "independent", math.inf, threads=threads),
        "scipy": lambda: scipy_test(mean_difference, "independent", math.inf),
    },
    "exact 20 v 20": lambda threads: {
        "glotgap": lambda: glotgap_test("mean_difference", "independent", math.inf, threads=threads),
    },
    "circular block mean n=1e4": lambda threads: {
        "glotgap": lambda: glotgap("mean", "percentile", block=BLOCK, threads=threads),
        "arch": lambda: arch_blocks,
        "tsbootstrap": lambda: tsbootstrap,
        "numba": lambda: numba_interval("block_means", circular_sums),
    },
    "callable n=1e3": lambda threads: {
        "glotgap": lambda: glotgap(lambda x, axis=-1: np.mean(x, axis=axis), "percentile", threads=threads),
        "scipy": lambda: scipy_interval(lambda x, axis=-1: np.mean(x, axis=axis), "percentile"),
    },
}
