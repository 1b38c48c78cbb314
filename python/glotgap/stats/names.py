"""The statistics that the core computes by name, and the callables that are known to be one of them.

A name may carry its parameter: "quantile(0.9)", "trimmed_mean(0.1)", "std(1)". What each name means:

| name | of | value |
|---|---|---|
| mean, sum, median | one sample | |
| quantile(q) | one sample | interpolated between order statistics, as numpy's default |
| trimmed_mean(p) | one sample | mean without the ⌊pn⌋ least and greatest; p = 0.1 unless given |
| var, std, cv | one sample | Σ(x − mean)² / (n − ddof), its root, and that over the mean; ddof = 0 unless given |
| skew, kurtosis | one sample | g₁ and the excess g₂, of central moments divided by n |
| gini | one sample | Σᵢⱼ abs(xᵢ − xⱼ) / (2n²·mean) |
| mean_difference, median_difference | two samples | first less second |
| mean_ratio, log_ratio | two samples | mean of the first over that of the second, and its logarithm |
| ratio_of_sums | two samples | Σx / Σy |
| cohen_d, hedges_g | two samples | mean difference over the pooled deviation; with its small-sample factor |
| t | two samples | Welch's |
| auc | two samples | P(x > y) + P(x = y) / 2 |
| pearson, spearman, kendall | pairs | r; r of average ranks; τ_b |
| slope | pairs | least squares of the second on the first |
| partial_pearson, partial_spearman | pairs with covariates | the samples after the second are what is held constant |
| f_oneway, worst_minus_best | two samples or more | F; highest mean less lowest |

Two samples may be pairs: then `paired=True` resamples pairs.
"""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from glotgap._errors import BadArgumentError

__all__ = ["NAMES", "Named", "named", "recognized"]


@dataclass(frozen=True)
class _Kind:
    """How many samples a statistic takes, whether they are pairs, and its parameter with its range."""

    least: int
    most: int | None
    pairs: bool = False
    parameter: str | None = None
    needed: bool = False
    high: float = 1.0


_ONE = _Kind(1, 1)
_SPREAD = _Kind(1, 1, parameter="ddof")
_TWO = _Kind(2, 2)
_PAIRS = _Kind(2, 2, pairs=True)
_GIVEN = _Kind(3, None, pairs=True)
_MANY = _Kind(2, None)

NAMES: Final[Mapping[str, _Kind]] = {
    **dict.fromkeys(("mean", "sum", "median", "skew", "kurtosis", "gini"), _ONE),
    **dict.fromkeys(("var", "std", "cv"), _SPREAD),
    "quantile": _Kind(1, 1, parameter="q", needed=True),
    "trimmed_mean": _Kind(1, 1, parameter="p", high=0.499_999),
    **dict.fromkeys(("mean_difference", "median_difference", "mean_ratio", "log_ratio", "ratio_of_sums"), _TWO),
    **dict.fromkeys(("cohen_d", "hedges_g", "t", "auc"), _TWO),
    **dict.fromkeys(("pearson", "spearman", "kendall", "slope"), _PAIRS),
    **dict.fromkeys(("partial_pearson", "partial_spearman"), _GIVEN),
    **dict.fromkeys(("f_oneway", "worst_minus_best"), _MANY),
}


@dataclass(frozen=True)
class Named:
    """A statistic of the core, with its parameter."""

    name: str
    parameters: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_of_pairs(self) -> bool:
        """Whether observations of its samples belong together."""
        return NAMES[self.name].pairs

    def takes(self, samples: int) -> bool:
        """Whether it is a statistic of so many samples."""
        kind = NAMES[self.name]
        return kind.least <= samples <= (kind.most or samples)

    def refuse_number(self, samples: int) -> None:
        """Raise a BadArgumentError when there are too few or too many samples."""
        kind = NAMES[self.name]
        if not self.takes(samples):
            wanted = f"{kind.least}" if kind.most == kind.least else f"{kind.least} or more"
            raise BadArgumentError(f"`data` holds {samples} samples, and {self.name} is of {wanted}: give as many")

    def refuse_unpaired(self, *, paired: bool) -> None:
        """Raise a BadArgumentError when its pairs would be torn apart by resampling."""
        if self.is_of_pairs and not paired:
            raise BadArgumentError(f"{self.name} is a statistic of pairs: say paired=True, so that pairs are resampled")


_SPELLING: Final = re.compile(r"\s*([a-z_]+)\s*(?:\(\s*([^()]*?)\s*\))?\s*")


def named(statistic: str) -> Named:
    """Read a name with its parameter.

    Raises:
        BadArgumentError: there is no such statistic, or its parameter is missing, not taken or out of range.

    Example:
        >>> named("quantile(0.9)").parameters
        {'q': 0.9}
    """
    match = _SPELLING.fullmatch(statistic)
    name, given = match.groups() if match else ("", None)
    if name not in NAMES:
        raise BadArgumentError(f"statistic is {statistic!r:.60}: give a callable or one of {', '.join(NAMES)}")
    return Named(name, _parameters(name, NAMES[name], given))


def _parameters(name: str, kind: _Kind, given: str | None) -> dict[str, float]:
    if given is None and not kind.needed:
        return {}
    if kind.parameter is None:
        raise BadArgumentError(f"statistic is '{name}({given})', and {name} has no parameter: write '{name}'")
    try:
        value = float(given or "")
    except ValueError:
        value = np.nan
    if not 0 <= value <= kind.high:
        raise BadArgumentError(
            f"{name} is given {kind.parameter} = {given}: write '{name}(…)', from 0 to {kind.high:g}"
        )
    return {kind.parameter: value}


_OF_NUMPY: Final[Mapping[Any, Named]] = {
    np.mean: Named("mean"),
    np.sum: Named("sum"),
    np.median: Named("median"),
    np.var: Named("var"),
    np.std: Named("std"),
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
    for known, name in _OF_NUMPY.items():
        if statistic is known:
            return name
    scipy_stats = sys.modules.get("scipy.stats")
    return next((known for name, known in _OF_SCIPY.items() if getattr(scipy_stats, name, None) is statistic), None)
