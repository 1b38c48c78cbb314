"""The bootstrap of a named statistic, by the core: all data sets in one call, nothing held but the figures.

Every data set sees the same streams, so that its figures do not depend on which others there are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glotgap import _core
from glotgap.stats.evaluating import NamedEvaluator
from glotgap.stats.grouped import DataSets
from glotgap.stats.intervals import FIGURES, interval
from glotgap.stats.names import Named
from glotgap.stats.randomness import Key
from glotgap.stats.resampling import Plan, jackknife
from glotgap.stats.samples import floats
from glotgap.stats.schemes import Scheme, coded, designs
from glotgap.stats.wanted import Found, Wanted

__all__ = ["bootstrap_name", "with_earlier"]

Columns = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class _Slice:
    """One-dimensional samples with the scheme of their resampling."""

    samples: Sequence[NDArray[np.float64]]
    scheme: Sequence[dict[str, Any]]

    @property
    def too_small(self) -> bool:
        """Whether a sample has fewer than two observations, so that nothing can be resampled."""
        return min(map(len, self.samples)) < 2

    def of(self, name: str) -> list[Any] | None:
        """Return the labels or weights of its samples."""
        found = [entry.get(name) for entry in self.scheme]
        return None if found[0] is None else found


def bootstrap_name(name: Named, data: DataSets, wanted: Wanted, key: Key) -> Found:
    """Return the figures of all data sets.

    Raises:
        BadArgumentError: the scheme does not fit the samples or the method.
    """
    call = partial(_columns, name, _slices(data, wanted), wanted, key)
    columns, lead = call(keep=wanted.keep), data.lead
    shaped = {figure: columns[figure].reshape(lead) for figure in ("estimate", *FIGURES)}
    kept = columns.get("distribution")
    again: Callable[[], NDArray[Any]] = partial(_distribution, call, lead)
    return Found(
        **shaped,
        n_resamples=wanted.n_resamples,
        distribution=again if kept is None else partial(np.asarray, kept.reshape((*lead, -1))),
    )


def _distribution(call: Callable[..., Columns], lead: tuple[int, ...]) -> NDArray[np.float64]:
    return call(keep=True)["distribution"].reshape((*lead, -1))


def _slices(data: DataSets, wanted: Wanted) -> list[_Slice]:
    """Return all data sets, slice by slice."""
    return [
        cut
        for samples, rows in zip(data.sets, data.rows, strict=True)
        for cut in _cut(samples, wanted.scheme.of_rows(rows, data.sizes), paired=wanted.paired)
    ]


def _cut(samples: Sequence[NDArray[Any]], scheme: Scheme, *, paired: bool) -> list[_Slice]:
    """Return the slices, each with its scheme, which is one for all but blocks of automatic length."""
    own = 1 if paired else len(samples)
    flat = [floats(sample).reshape(-1, sample.shape[-1]) for sample in samples]
    every = list(zip(*flat, strict=True))
    if scheme.block == "auto":
        return [_Slice(slices, coded(scheme, slices[:own])) for slices in every]
    entries = coded(scheme, samples[:own])
    return [_Slice(slices, entries) for slices in every]


def _columns(name: Named, slices: Sequence[_Slice], wanted: Wanted, key: Key, *, keep: bool) -> Columns:
    """Return the figures of each slice; those with equal block lengths go to the core together."""
    together = _by_block(slices)
    if len(together) == 1 and len(together[0]) == len(slices):
        return _run(name, slices, wanted, key, keep=keep)
    rows = {"distribution": (len(slices), wanted.n_resamples)} if keep else {}
    shapes = {**dict.fromkeys(("estimate", *FIGURES), (len(slices),)), **rows}
    found = {figure: np.full(shape, np.nan) for figure, shape in shapes.items()}
    for places in together:
        columns = _run(name, [slices[place] for place in places], wanted, key, keep=keep)
        for figure, values in found.items():
            values[places] = columns[figure]
    return found


def _by_block(slices: Sequence[_Slice]) -> list[list[int]]:
    places: dict[int | None, list[int]] = {}
    for place, cut in enumerate(slices):
        if not cut.too_small:
            places.setdefault(cut.scheme[0].get("block"), []).append(place)
    return list(places.values())


def _run(name: Named, slices: Sequence[_Slice], wanted: Wanted, key: Key, *, keep: bool) -> Columns:
    first = slices[0]
    labels = "strata" if first.of("strata") else "clusters"
    return _core.stats_bootstrap(
        [list(cut.samples) for cut in slices],
        name.name,
        parameters=name.parameters,
        design={
            "kind": wanted.scheme.kind,
            "paired": wanted.paired,
            "block": first.scheme[0].get("block"),
            "labels": None if first.of(labels) is None else [cut.of(labels) for cut in slices],
            "weights": None if first.of("weights") is None else [cut.of("weights") for cut in slices],
        },
        method=wanted.method,
        level=wanted.level,
        alternative=wanted.alternative,
        n_resamples=wanted.n_resamples,
        key=key.tolist(),
        keep=keep,
        threads=wanted.threads,
        progress=wanted.progress,
    )


def with_earlier(name: Named, samples: Sequence[NDArray[Any]], wanted: Wanted, drawn: NDArray[Any]) -> Found:
    """Return the figures of one data set in a distribution that is at hand."""
    evaluate = NamedEvaluator(name)
    own = samples[:1] if wanted.paired else samples
    left_out: Sequence[NDArray[Any]] = ()
    if wanted.method == "bca":
        left_out = jackknife(evaluate, Plan(samples, designs(wanted.scheme, own)), batch=None)
    estimate = evaluate.of_data(samples)
    return Found.of_drawn(estimate, drawn, interval(drawn, estimate, wanted, jackknife=left_out))
