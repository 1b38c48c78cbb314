"""Slow, obvious twins of the stats room: statistics by their definition, intervals with scipy, exact distributions."""

import itertools
import math
from fractions import Fraction

import numpy as np
from scipy import special
from scipy import stats as scipy_stats


def pearson(x, y):
    return np.corrcoef(x, y)[0, 1]


def spearman(x, y):
    return pearson(scipy_stats.rankdata(x), scipy_stats.rankdata(y))


def residual(x, *given):
    """What a linear regression of x on the others leaves."""
    design = np.column_stack([np.ones(len(x)), *given])
    return x - design @ np.linalg.lstsq(design, x, rcond=None)[0]


def partial_pearson(x, y, *given):
    return pearson(residual(x, *given), residual(y, *given))


def partial_spearman(x, y, *given):
    return partial_pearson(*(scipy_stats.rankdata(column) for column in (x, y, *given)))


def gini(x):
    return np.abs(np.subtract.outer(x, x)).sum() / (2 * len(x) ** 2 * x.mean())


def cohen_d(x, y):
    n, m = len(x), len(y)
    pooled = ((n - 1) * x.var(ddof=1) + (m - 1) * y.var(ddof=1)) / (n + m - 2)
    return (x.mean() - y.mean()) / math.sqrt(pooled)


def auc(x, y):
    difference = np.subtract.outer(x, y)
    return ((difference > 0).sum() + (difference == 0).sum() / 2) / difference.size


def trimmed_mean(x, p=0.1):
    cut = int(p * len(x))
    return np.sort(x)[cut : len(x) - cut].mean()


def worst_minus_best(*samples):
    means = [sample.mean() for sample in samples]
    return max(means) - min(means)


OF_ONE = {
    "mean": np.mean,
    "sum": np.sum,
    "median": np.median,
    "quantile(0.9)": lambda x: np.quantile(x, 0.9),
    "trimmed_mean(0.2)": lambda x: trimmed_mean(x, 0.2),
    "trimmed_mean": trimmed_mean,
    "var": np.var,
    "std": np.std,
    "var(1)": lambda x: np.var(x, ddof=1),
    "std(1)": lambda x: np.std(x, ddof=1),
    "skew": scipy_stats.skew,
    "kurtosis": scipy_stats.kurtosis,
    "cv": lambda x: np.std(x) / np.mean(x),
    "gini": gini,
}

OF_TWO = {
    "mean_difference": lambda x, y: x.mean() - y.mean(),
    "median_difference": lambda x, y: np.median(x) - np.median(y),
    "mean_ratio": lambda x, y: x.mean() / y.mean(),
    "log_ratio": lambda x, y: math.log(x.mean() / y.mean()),
    "ratio_of_sums": lambda x, y: x.sum() / y.sum(),
    "cohen_d": cohen_d,
    "hedges_g": lambda x, y: cohen_d(x, y) * (1 - 3 / (4 * (len(x) + len(y)) - 9)),
    "t": lambda x, y: scipy_stats.ttest_ind(x, y, equal_var=False).statistic,
    "auc": auc,
    "f_oneway": lambda x, y: scipy_stats.f_oneway(x, y).statistic,
    "worst_minus_best": worst_minus_best,
}

OF_PAIRS = {
    "pearson": pearson,
    "spearman": spearman,
    "kendall": lambda x, y: scipy_stats.kendalltau(x, y).statistic,
    "slope": lambda x, y: np.polyfit(x, y, 1)[0],
}

OF_MANY = {
    "f_oneway": lambda *samples: scipy_stats.f_oneway(*samples).statistic,
    "worst_minus_best": worst_minus_best,
}

GIVEN = {"partial_pearson": partial_pearson, "partial_spearman": partial_spearman}


def acceleration(groups):
    """BCa's, from jackknife values of each sample."""
    moved = [(len(values) - 1) * (values.mean() - values) / len(values) for values in groups]
    return sum((u**3).sum() for u in moved) / sum((u**2).sum() for u in moved) ** 1.5 / 6


def interval(drawn, estimate, method, level, jackknife=()):
    """Two-sided, with scipy's quantiles and normal distribution."""
    tail = (1 - level) / 2
    if method == "normal":
        middle, spread = 2 * estimate - drawn.mean(), special.ndtri(1 - tail) * drawn.std(ddof=1)
        return middle - spread, middle + spread
    shares = np.array([tail, 1 - tail])
    if method == "bca":
        # Equal values of a discrete distribution were added up in other orders.
        tie = 1e-15 * abs(estimate) + 1e-10 * np.quantile(np.abs(drawn - estimate), 0.75)
        z0 = special.ndtri(((drawn < estimate - tie).mean() + (drawn <= estimate + tie).mean()) / 2)
        moved = z0 + special.ndtri(shares)
        shares = special.ndtr(z0 + moved / (1 - acceleration(jackknife) * moved))
    low, high = scipy_stats.quantile(drawn, shares)
    return (2 * estimate - high, 2 * estimate - low) if method == "basic" else (low, high)


def bootstrap_of_sum(values):
    """The exact bootstrap distribution of a sum of whole numbers: values from 0 on and their probabilities."""
    one = np.bincount(values) / len(values)
    chances = np.ones(1)
    for _ in values:
        chances = np.convolve(chances, one)
    return np.arange(len(chances)), chances


def subsets_p(x, y, statistic):
    """Exact one-sided p (less, greater) of a two-sample statistic, by every split, in fractions."""
    pooled = [Fraction(value) for value in (*x, *y)]
    observed = statistic([Fraction(v) for v in x], [Fraction(v) for v in y])
    found = []
    for chosen in itertools.combinations(range(len(pooled)), len(x)):
        rest = [pooled[place] for place in range(len(pooled)) if place not in chosen]
        found.append(statistic([pooled[place] for place in chosen], rest))
    return sum(v <= observed for v in found) / len(found), sum(v >= observed for v in found) / len(found)


def signs_p(differences):
    """Exact one-sided p (less, greater) of a sum under flips of signs, in fractions."""
    values = [Fraction(str(value)) for value in differences]
    sums = [
        sum(sign * value for sign, value in zip(signs, values, strict=True))
        for signs in itertools.product((1, -1), repeat=len(values))
    ]
    return sum(s <= sum(values) for s in sums) / len(sums), sum(s >= sum(values) for s in sums) / len(sums)
