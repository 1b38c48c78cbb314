"""How a finding is judged: an interval by resampling, p by rearranging, the range as each unit is left out."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glotgap.stats.answers import Finding, finding
from glotgap.stats.bootstrap import bootstrap
from glotgap.stats.cautions import DegenerateDataWarning
from glotgap.stats.influence import leave_one_out
from glotgap.stats.permutation import permutation_test

__all__ = ["How", "judge"]

_REARRANGED = {
    "pairings": "permutation of pairings",
    "samples": "swaps within a",
    "independent": "permutation of labels",
}


@dataclass(frozen=True)
class How:
    """What intervals and p are made with: see `glotgap.stats.bootstrap`."""

    confidence_level: float
    n_resamples: int
    rng: Any
    threads: int | None

    @classmethod
    def of(cls, confidence_level: float, n_resamples: int, rng: Any, threads: int | None) -> "How":
        """Return the arguments of a question, with one seed for all its findings, so that they share resamples."""
        seed = np.random.SeedSequence().entropy if rng is None else rng
        return cls(confidence_level, n_resamples, seed, threads)


def judge(samples: Sequence[NDArray[np.float64]], bare: Finding, kind: str, how: How) -> Finding:
    """Return the finding with its figures. `kind` is how units are rearranged, as in `permutation_test`.

    Samples that are rearranged independently are resampled so; else pairs are kept. An interval that is undefined is
    no warning here: the finding says so.
    """
    paired = kind != "independent"
    shared = {"n_resamples": how.n_resamples, "rng": how.rng, "threads": how.threads}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateDataWarning)
        interval = bootstrap(samples, bare.statistic, paired=paired, confidence_level=how.confidence_level, **shared)
    test = permutation_test(samples, bare.statistic, permutation_type=kind, **shared)
    influence = leave_one_out(samples, bare.statistic, paired=paired)
    return finding(replace(bare, test=bare.test or _said(kind, bare.unit)), interval, test, influence)


def _said(kind: str, unit: str) -> str:
    return f"{_REARRANGED[kind]} {unit}" if kind == "samples" else _REARRANGED[kind]
