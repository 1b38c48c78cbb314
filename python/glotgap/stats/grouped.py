"""Data sets: one, or many at once as slices of arrays or as ragged groups of a table's rows.

Groups are sorted by label, so that results do not depend on the order of rows beyond that inside a group. A group with
fewer than two observations has no interval: its figures are NaN, with a warning, and the others are computed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from glotgap._errors import BadArgumentError
from glotgap.stats.samples import broadcast, has_nan, is_missing, same_length

__all__ = ["NAN_POLICIES", "DataSets", "Rows", "codes", "data_sets"]

NAN_POLICIES: Final = ("propagate", "omit", "raise")

_TOO_FEW: Final = "each sample in `data` must contain two or more observations along `axis`"


Rows: TypeAlias = Sequence[NDArray[np.int64]]
"""For each sample, which of its observations are in a data set."""


@dataclass(frozen=True)
class DataSets:
    """The samples of each data set, observations last; arrays of one set may hold many slices.

    Attributes:
        sets: samples, set by set.
        rows: of each set, None when it has all observations.
        sizes: how many observations each sample has in all.
        labels: of the groups, None when no `by` was given.
        shape: of the figures, when each set is one slice of arrays.
    """

    sets: Sequence[Sequence[NDArray[Any]]]
    rows: Sequence[Rows | None]
    sizes: Sequence[int]
    labels: tuple[Any, ...] | None = None
    shape: tuple[int, ...] | None = None

    @property
    def lead(self) -> tuple[int, ...]:
        """Shape of the figures of a statistic with one value."""
        if self.shape is not None:
            return self.shape
        return self.sets[0][0].shape[:-1] if self.labels is None else (len(self.labels),)

    def arranged(self, figures: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """Return one figure of all sets as an array over them, or as it is for a single set."""
        if self.labels is None and self.shape is None:
            return np.asarray(figures[0])
        table = np.stack(figures)
        return table if self.shape is None else table.reshape(self.shape + table.shape[1:])


def data_sets(given: Sequence[NDArray[Any]], axis: int, by: Any, *, paired: bool, nan_policy: str) -> DataSets:
    """Return the data sets of the samples `given`.

    Raises:
        BadArgumentError: a sample has too few observations, pairs differ in length, axes do not fit, labels do not fit
            the observations, or there is a NaN and `nan_policy` says to raise.
    """
    samples = broadcast(given, axis)
    if any(sample.shape[-1] < 2 for sample in samples):
        raise BadArgumentError(f"{_TOO_FEW}. They have {', '.join(str(sample.shape[-1]) for sample in samples)}")
    if paired and not same_length(samples):
        lengths = ", ".join(str(sample.shape[-1]) for sample in samples)
        raise BadArgumentError(
            f"When `paired is True`, all samples must have the same length along `axis`. They have {lengths}"
        )
    with_nan = has_nan(samples)
    if with_nan and nan_policy == "raise":
        raise BadArgumentError('data hold NaN: leave those out, or say nan_policy="omit"')
    omit = with_nan and nan_policy == "omit"
    whole = _whole(by, samples, sliced=omit)
    return _without_nan(whole, paired=paired) if omit else whole


def _whole(by: Any, samples: Sequence[NDArray[Any]], *, sliced: bool) -> DataSets:
    if by is not None:
        return _grouped(by, samples)
    return _sliced(samples) if sliced else DataSets([samples], [None], _sizes(samples))


def _sizes(samples: Sequence[NDArray[Any]]) -> list[int]:
    return [sample.shape[-1] for sample in samples]


def _sliced(samples: Sequence[NDArray[Any]]) -> DataSets:
    """Return each slice as a data set."""
    lead = samples[0].shape[:-1]
    flat = [sample.reshape(-1, sample.shape[-1]) for sample in samples]
    sets = [list(slices) for slices in zip(*flat, strict=True)]
    return DataSets(sets, [None] * len(sets), _sizes(samples), shape=lead)


def _grouped(by: Any, samples: Sequence[NDArray[Any]]) -> DataSets:
    """Return the groups; `by` labels the rows of all samples, or is a tuple of labels for each."""
    if any(sample.ndim != 1 for sample in samples):
        raise BadArgumentError("`by` groups one-dimensional samples: leave it out for arrays, and say `axis`")
    each = by if isinstance(by, tuple) and len(by) == len(samples) else (by,) * len(samples)
    coded = [codes("by", labels, len(sample)) for labels, sample in zip(each, samples, strict=True)]
    shared = coded[0][1]
    if any(labels != shared for _, labels in coded):
        raise BadArgumentError(
            "`by` has other labels for one sample than for another: give all samples the same groups"
        )
    rows = [list(group) for group in zip(*(_members(numbers, len(shared)) for numbers, _ in coded), strict=True)]
    sets = [[sample[index] for sample, index in zip(samples, group, strict=True)] for group in rows]
    return DataSets(sets, rows, _sizes(samples), labels=shared)


def _members(numbers: NDArray[np.int64], count: int) -> list[NDArray[np.int64]]:
    """Return the observations of each group, in their order."""
    ends = np.cumsum(np.bincount(numbers, minlength=count))
    return np.split(np.argsort(numbers, kind="stable"), ends[:-1])


def _without_nan(whole: DataSets, *, paired: bool) -> DataSets:
    """Return the data sets without the observations (of pairs: the pairs) that are NaN."""
    kept = [_kept(samples, paired=paired) for samples in whole.sets]
    sets = [[s[k] for s, k in zip(samples, keep, strict=True)] for samples, keep in zip(whole.sets, kept, strict=True)]
    rows = [
        keep if before is None else [index[k] for index, k in zip(before, keep, strict=True)]
        for before, keep in zip(whole.rows, kept, strict=True)
    ]
    return DataSets(sets, rows, whole.sizes, whole.labels, whole.shape)


def _kept(samples: Sequence[NDArray[Any]], *, paired: bool) -> Rows:
    """Return which observations of one-dimensional samples are no NaN; of pairs, neither of theirs."""
    sound = [np.ones(len(s), bool) if s.dtype.kind not in "fc" else ~np.isnan(s) for s in samples]
    if paired:
        sound = [np.logical_and.reduce(sound)] * len(samples)
    return [np.flatnonzero(keep) for keep in sound]


def codes(name: str, labels: Any, n: int) -> tuple[NDArray[np.int64], tuple[Any, ...]]:
    """Return for each observation the number of its label, and the labels in order.

    Raises:
        BadArgumentError: there are more or fewer labels than observations, or a label is missing.
    """
    array = np.asarray(labels)
    if array.shape != (n,):
        raise BadArgumentError(f"{name} has shape {array.shape} for {n} observations: give a label for each")
    if array.dtype.kind == "O" and any(is_missing(label) or label != label for label in array):  # noqa: PLR0124  # NaN
        raise BadArgumentError(f"{name} has missing labels: fill them, or leave those observations out")
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise BadArgumentError(f"{name} has missing labels (NaN): fill them, or leave those observations out")
    try:
        distinct, numbers = np.unique(array, return_inverse=True)
    except TypeError as error:
        raise BadArgumentError(f"{name} mixes types that have no order: give labels of one type") from error
    return numbers.astype(np.int64), tuple(distinct.tolist())
