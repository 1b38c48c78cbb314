"""How a finding is judged: an interval by resampling, p by rearranging, the range as each unit is left out."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from glotgap.stats.answers import Finding, finding
from glotgap.stats.bootstrap import bootstrap
from glotgap.stats.cautions import DegenerateDataWarning
from glotgap.stats.influence import leave_one_out
from glotgap.stats.permutation import permutation_test
from glotgap.stats.results import BootstrapResult

__all__ = ["How", "judge", "resampled"]

_REARRANGED = {
    "pairings": "permutation of pairings",
    "samples": "swaps within a",
    "independent": "permutation of labels",
}
_LEAST: Final = 9999
_FOR_EACH: Final = 200
"""Resamples a finding: then the least p, adjusted for all of them, is 0.01."""


@dataclass(frozen=True)
class How:
    """What intervals and p are made with: see `glotgap.stats.bootstrap`."""

    confidence_level: float
    n_resamples: int
    rng: Any
    threads: int | None

    @property
    def shared(self) -> dict[str, Any]:
        """What the bootstrap and the permutation test are both asked with."""
        return {"n_resamples": self.n_resamples, "rng": self.rng, "threads": self.threads}

    @classmethod
    def of(
        cls, confidence_level: float, n_resamples: int | None, rng: Any, threads: int | None, *, findings: int
    ) -> "How":
        """Return the arguments of a question, with one seed for all its findings, so that they share resamples.

        `n_resamples` None is as many as the p of so many `findings`, adjusted together, need.
        """
        seed = np.random.SeedSequence().entropy if rng is None else rng
        enough = max(_LEAST, _FOR_EACH * findings)
        return cls(confidence_level, enough if n_resamples is None else n_resamples, seed, threads)


def resampled(samples: Sequence[NDArray[np.float64]], statistic: Any, how: How, **options: Any) -> BootstrapResult:
    """Return the interval of a statistic; one that is undefined is no warning here. `options` are of `bootstrap`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateDataWarning)
        return bootstrap(samples, statistic, confidence_level=how.confidence_level, **how.shared, **options)


def judge(samples: Sequence[NDArray[np.float64]], bare: Finding, kind: str, how: How) -> Finding:
    """Return the finding with its figures. `kind` is how units are rearranged, as in `permutation_test`.

    Samples that are rearranged independently are resampled so; else pairs are kept.
    """
    paired = kind != "independent"
    interval = resampled(samples, bare.statistic, how, paired=paired)
    test = permutation_test(samples, bare.statistic, permutation_type=kind, **how.shared)
    influence = leave_one_out(samples, bare.statistic, paired=paired)
    return finding(replace(bare, test=bare.test or _said(kind, bare.unit)), interval, test, influence)


def _said(kind: str, unit: str) -> str:
    return f"{_REARRANGED[kind]} {unit}" if kind == "samples" else _REARRANGED[kind]
