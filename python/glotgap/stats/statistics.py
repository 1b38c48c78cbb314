"""The statistics that the core computes by name, and the callables that are known to be one of them.

A name may carry its parameter: "quantile(0.9)", "trimmed_mean(0.1)", "std(1)". What each name means:

| name | of | value |
|---|---|---|
| mean, sum, median | one sample | |
| quantile(q) | one sample | interpolated as numpy does |
| trimmed_mean(p) | one sample | mean without the ⌊pn⌋ smallest and largest, as scipy's trim_mean |
| var, std | one sample | divided by n − 1; var(0), std(0) by n, as numpy's |
| skew, kurtosis | one sample | g₁ and excess g₂, divided by n, as scipy's |
| cv | one sample | std / mean |
| gini | one sample | Σᵢⱼ abs(xᵢ − xⱼ) / 2n²·mean |
| mean_difference, median_difference | two samples or pairs | of the first less that of the second |
| mean_ratio, log_ratio | two samples or pairs | mean of the first over that of the second, and its logarithm |
| ratio_of_sums | pairs | Σx / Σy |
| cohen_d, hedges_g, t | two samples | pooled standard deviation; with its small-sample factor; Welch's t |
| auc | two samples | P(x > y) + P(x = y) / 2 |
| pearson, spearman, kendall | pairs | r, ρ with mid-ranks, τ_b |
| slope | pairs | least squares of the second on the first |
| partial_pearson, partial_spearman | pairs with covariates | samples after the second are what is held constant |
| f_oneway, worst_minus_best | two samples or more | F; least mean less greatest |
"""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from glotgap._errors import BadArgumentError

__all__ = ["NAMES", "Named", "named", "recognized"]


@dataclass(frozen=True)
class _Kind:
    """How many samples a statistic takes, whether they must be paired, and its parameter's default and range."""

    least: int
    most: int | None
    pairs: bool | None = False
    default: float | None = None
    low: float = 0.0
    high: float = 1.0
    needs: bool = False


_ONE = _Kind(1, 1)
_TWO = _Kind(2, 2)
_EITHER = _Kind(2, 2, pairs=None)
_PAIRS = _Kind(2, 2, pairs=True)
_GIVEN = _Kind(3, None, pairs=True)
_MANY = _Kind(2, None, pairs=None)

NAMES: Final[Mapping[str, _Kind]] = {
    "mean": _ONE,
    "sum": _ONE,
    "median": _ONE,
    "quantile": _Kind(1, 1, needs=True),
    "trimmed_mean": _Kind(1, 1, high=0.5, needs=True),
    "var": _Kind(1, 1, default=1.0),
    "std": _Kind(1, 1, default=1.0),
    "skew": _ONE,
    "kurtosis": _ONE,
    "cv": _ONE,
    "gini": _ONE,
    "mean_difference": _EITHER,
    "median_difference": _EITHER,
    "mean_ratio": _EITHER,
    "log_ratio": _EITHER,
    "ratio_of_sums": _PAIRS,
    "cohen_d": _TWO,
    "hedges_g": _TWO,
    "t": _TWO,
    "auc": _TWO,
    "pearson": _PAIRS,
    "spearman": _PAIRS,
    "kendall": _PAIRS,
    "slope": _PAIRS,
    "partial_pearson": _GIVEN,
    "partial_spearman": _GIVEN,
    "f_oneway": _MANY,
    "worst_minus_best": _MANY,
}


@dataclass(frozen=True)
class Named:
    """A statistic of the core, with its parameter."""

    name: str
    parameters: tuple[float, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}({self.parameters[0]:g})" if self.parameters else self.name

    def refuse_samples(self, count: int, *, paired: bool) -> None:
        """Raise a BadArgumentError when there are too few or too many samples, or they must be (un)paired."""
        kind = NAMES[self.name]
        if count < kind.least or (kind.most is not None and count > kind.most):
            wanted = f"{kind.least}" if kind.most == kind.least else f"{kind.least} or more"
            raise BadArgumentError(f"{self.name} takes {wanted} samples, and `data` holds {count}")
        if kind.pairs is True and not paired:
            raise BadArgumentError(f"{self.name} is a statistic of pairs: say paired=True, so that pairs are resampled")
        if kind.pairs is False and paired and count > 1:
            raise BadArgumentError(f"{self.name} is a statistic of independent samples: leave out paired=True")


_SPELLING: Final = re.compile(r"\s*([a-z_]+)\s*(?:\(\s*([^()]*?)\s*\))?\s*")


def named(statistic: str) -> Named:
    """Read a name with its parameter.

    Raises:
        BadArgumentError: there is no such statistic, or its parameter is missing, not taken or out of range.
    """
    match = _SPELLING.fullmatch(statistic)
    name, given = match.groups() if match else ("", None)
    if name not in NAMES:
        raise BadArgumentError(f"statistic is {statistic!r:.60}: give a callable or one of {', '.join(NAMES)}")
    return Named(name, _parameters(name, given))


def _parameters(name: str, given: str | None) -> tuple[float, ...]:
    kind = NAMES[name]
    if given is None and not kind.needs:
        return () if kind.default is None else (kind.default,)
    if given is not None and not kind.needs and kind.default is None:
        raise BadArgumentError(f"statistic is '{name}({given})', and {name} has no parameter: write '{name}'")
    try:
        value = float(given or "")
    except ValueError:
        value = np.nan
    if not kind.low <= value <= kind.high:
        bounds = f"{kind.low:g} to {kind.high:g}"
        raise BadArgumentError(f"{name} has parameter {given!r}: write '{name}({kind.high / 2:g})', from {bounds}")
    return (value,)


_OF_NUMPY: Final[Mapping[Any, Named]] = {
    np.mean: Named("mean"),
    np.sum: Named("sum"),
    np.median: Named("median"),
    np.var: Named("var", (0.0,)),
    np.std: Named("std", (0.0,)),
}

_OF_SCIPY: Final[Mapping[str, Named]] = {
    "skew": Named("skew"),
    "kurtosis": Named("kurtosis"),
    "pearsonr": Named("pearson"),
    "spearmanr": Named("spearman"),
    "kendalltau": Named("kendall"),
}


def recognized(statistic: Any) -> Named | None:
    """Return what a well-known callable of numpy or scipy is called here, by identity; scipy is not imported."""
    try:
        if statistic in _OF_NUMPY:
            return _OF_NUMPY[statistic]
    except TypeError:  # it cannot be hashed
        return None
    scipy_stats = sys.modules.get("scipy.stats")
    return next((known for name, known in _OF_SCIPY.items() if getattr(scipy_stats, name, None) is statistic), None)
