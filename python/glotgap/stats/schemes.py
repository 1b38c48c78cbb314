"""What the arguments strata, clusters, block, weights and scheme ask for, checked against the data.

One scheme at a time: strata with clusters, or blocks of clusters, are refused rather than guessed at.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from glotgap._errors import BadArgumentError
from glotgap.stats.blocks import block_length
from glotgap.stats.designs import Blocks, Clustered, Design, Ordinary, Stratified
from glotgap.stats.grouped import Rows, codes
from glotgap.stats.samples import column

__all__ = ["BLOCK_KINDS", "WEIGHINGS", "Scheme", "coded", "designs"]

BLOCK_KINDS: Final = ("moving", "circular", "stationary")
WEIGHINGS: Final = ("multinomial", "bayesian", "poisson")


@dataclass(frozen=True)
class Scheme:
    """How resamples are drawn, as the caller said it."""

    strata: Any = None
    clusters: Any = None
    within: bool = False
    block: Any = None
    block_kind: str = "circular"
    weights: Any = None
    weighing: str = "multinomial"

    def __post_init__(self) -> None:
        """Refuse what excludes each other."""
        names = ("strata", "clusters", "block", "weights")
        given = [name for name in names if getattr(self, name) is not None]
        if self.weighing != "multinomial":
            given.append(f"scheme={self.weighing!r}")
        if len(given) > 1:
            raise BadArgumentError(f"{' and '.join(given)} are given: one scheme of resampling at a time")
        if self.within and self.clusters is None:
            raise BadArgumentError("`within` is True without clusters: say which cluster each observation is in")

    @property
    def kind(self) -> str:
        """What the core calls it."""
        if self.strata is not None:
            return "stratified"
        if self.clusters is not None:
            return "two_level" if self.within else "cluster"
        if self.block is not None:
            return self.block_kind
        if self.weights is not None:
            return "weighted"
        return "ordinary" if self.weighing == "multinomial" else self.weighing

    def of_rows(self, rows: Rows | None, n: Sequence[int]) -> "Scheme":
        """Return the scheme for the observations of one data set; `n` counts all, for each set of labels."""
        if rows is None:
            return self
        at = {name: _rows_of(name, getattr(self, name), rows, n) for name in ("strata", "clusters", "weights")}
        return replace(self, **at)


def _rows_of(name: str, labels: Any, rows: Rows, n: Sequence[int]) -> Any:
    """Return the labels of some rows: an array for one set of labels, a tuple for more."""
    if labels is None:
        return None
    each = [np.asarray(_of(labels, place, len(n))) for place in range(len(n))]
    for array, count in zip(each, n, strict=True):
        if array.shape != (count,):
            raise BadArgumentError(f"{name} has shape {array.shape} for {count} observations: give one for each")
    taken = tuple(array[index] for array, index in zip(each, rows, strict=False))
    return taken[0] if len(n) == 1 else taken


def coded(scheme: Scheme, own: Sequence[NDArray[Any]]) -> list[dict[str, Any]]:
    """Return what the scheme is for each sample that is drawn by itself (of paired ones, the first), codes from 0.

    Raises:
        BadArgumentError: a label, weight or block does not fit the observations.
    """
    made = []
    for place, sample in enumerate(own):
        n = sample.shape[-1]
        entry: dict[str, Any] = {"n": n}
        if scheme.strata is not None:
            entry["strata"] = codes("strata", _of(scheme.strata, place, len(own)), n)[0]
        if scheme.clusters is not None:
            entry["clusters"] = _clusters(_of(scheme.clusters, place, len(own)), n)
        if scheme.block is not None:
            entry["block"] = _block(scheme, n, sample)
        if scheme.weights is not None:
            entry["weights"] = _weights(_of(scheme.weights, place, len(own)), n)
        made.append(entry)
    return made


def designs(scheme: Scheme, own: Sequence[NDArray[Any]]) -> list[Design]:
    """Return a design for each sample that is drawn by itself, for callables.

    Raises:
        BadArgumentError: as `coded`; or the scheme weighs observations, which no callable can be told.
    """
    if scheme.weighing != "multinomial":
        raise BadArgumentError(f"scheme={scheme.weighing!r} weighs observations, which a callable cannot: give a name")
    return [_design(scheme, entry) for entry in coded(scheme, own)]


def _design(scheme: Scheme, entry: dict[str, Any]) -> Design:
    if "strata" in entry:
        return Stratified(entry["strata"])
    if "clusters" in entry:
        return Clustered(entry["clusters"], within=scheme.within)
    if "block" in entry:
        return Blocks(entry["n"], entry["block"], scheme.block_kind)
    return Ordinary(entry["n"], entry.get("weights"))


def _of(labels: Any, place: int, count: int) -> Any:
    """Return the labels of one of several samples, which come as a tuple."""
    if count == 1:
        return labels[0] if isinstance(labels, tuple) and len(labels) == 1 else labels
    if isinstance(labels, tuple) and len(labels) == count:
        return labels[place]
    raise BadArgumentError(f"the {count} samples are independent: give a tuple of {count} label arrays, or paired=True")


def _clusters(labels: Any, n: int) -> NDArray[np.int64]:
    numbers, distinct = codes("clusters", labels, n)
    if len(distinct) < 2:
        raise BadArgumentError(f"clusters has {len(distinct)} label: two or more are needed to resample clusters")
    return numbers


def _block(scheme: Scheme, n: int, series: NDArray[Any]) -> int:
    if scheme.block == "auto" and series.ndim > 1:
        raise BadArgumentError('block is "auto" for a callable of many data sets at once: give a length, or one set')
    if scheme.block == "auto":
        return block_length(series, kind=scheme.block_kind)
    if not isinstance(scheme.block, int | np.integer) or not 1 <= scheme.block <= n:
        raise BadArgumentError(f'block is {scheme.block!r:.40} for {n} observations: give 1 to {n}, or "auto"')
    return int(scheme.block)


def _weights(weights: Any, n: int) -> NDArray[np.float64]:
    array = column(weights).astype(np.float64)
    if array.shape != (n,):
        raise BadArgumentError(f"weights has shape {array.shape} for {n} observations: give one for each")
    if not (np.isfinite(array).all() and (array >= 0).all() and (array > 0).any()):
        raise BadArgumentError("weights are negative, not finite, or all zero: give how likely each observation is")
    scaled: NDArray[np.float64] = array / array.max()  # a factor does not matter, and their sum must be finite
    return scaled
