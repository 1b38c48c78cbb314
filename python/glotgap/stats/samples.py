"""Samples as arrays: what a caller hands over, with the observations along the last axis.

Columns of polars, pandas and Arrow are read through numpy's own protocol, so none of those is imported. Axes other
than that of the observations broadcast as in scipy; the samples' lengths may differ.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glotgap._errors import BadArgumentError

__all__ = ["broadcast", "column", "floats", "has_nan", "is_missing", "is_one_sample", "same_length"]


def column(values: Any) -> NDArray[Any]:
    """Return one sample as an array; nulls of a column and masked values become NaN.

    Raises:
        BadArgumentError: the values are no numbers.
    """
    array = _filled(values) if isinstance(values, np.ma.MaskedArray) else np.asarray(values)
    if array.dtype == object:
        array = _from_objects(array)
    if array.dtype.kind not in "biufc":
        raise BadArgumentError(f"data hold values of type {array.dtype}: give numbers")
    return array


def _filled(values: Any) -> NDArray[np.float64]:
    filled: NDArray[np.float64] = values.astype(np.float64).filled(np.nan)
    return filled


def _from_objects(array: NDArray[Any]) -> NDArray[np.float64]:
    """Read Python objects, with None and the NA of pandas as NaN."""
    flat = [np.nan if is_missing(item) else item for item in array.ravel()]
    try:
        return np.asarray(flat, np.float64).reshape(array.shape)
    except (TypeError, ValueError) as error:
        shown = next((item for item in flat if not isinstance(item, int | float)), None)
        raise BadArgumentError(
            f"data hold {shown!r:.40}, no number: give numbers, with None or NaN for none"
        ) from error


def is_missing(item: Any) -> bool:
    """Whether an object stands for no value: None, or the NA of pandas, which is not imported to ask."""
    return item is None or type(item).__name__ == "NAType"


def is_one_sample(data: Any) -> bool:
    """Whether `data` is a column of numbers rather than a sequence of samples."""
    if isinstance(data, str | bytes):
        return False
    if isinstance(data, list | tuple):
        return len(data) > 1 and all(isinstance(item, int | float | np.number | None) for item in data)
    return hasattr(data, "__array__") and np.ndim(data) == 1 and np.asarray(data).dtype.kind in "biufc"


def broadcast(samples: Sequence[NDArray[Any]], axis: int) -> list[NDArray[Any]]:
    """Return the samples with broadcast axes, and that of the observations last.

    Raises:
        BadArgumentError: the axes other than `axis` do not fit each other, or there is no such axis.
    """
    dimensions = max(1, *(sample.ndim for sample in samples))
    if not -dimensions <= axis < dimensions:
        raise BadArgumentError(f"axis is {axis} for samples of {dimensions} dimensions: give one of theirs")
    if dimensions == 1 and all(sample.ndim for sample in samples):
        return list(samples)
    full = [sample.reshape((1,) * (dimensions - sample.ndim) + sample.shape) for sample in samples]
    last = [np.moveaxis(sample, axis, -1) for sample in full]
    try:
        lead = np.broadcast_shapes(*(sample.shape[:-1] for sample in last))
    except ValueError:
        shapes = ", ".join(str(sample.shape) for sample in samples)
        raise BadArgumentError(
            f"Array shapes are incompatible for broadcasting. Given {shapes}: all axes but {axis} must fit"
        ) from None
    return [np.broadcast_to(sample, (*lead, sample.shape[-1])) for sample in last]


def same_length(samples: Sequence[NDArray[Any]]) -> bool:
    """Whether the samples have as many observations each, as pairs do."""
    return len({sample.shape[-1] for sample in samples}) == 1


def floats(sample: NDArray[Any]) -> NDArray[np.float64]:
    """Return the sample as the core takes it: contiguous float64.

    Raises:
        BadArgumentError: it is complex.
    """
    if sample.dtype.kind == "c":
        raise BadArgumentError("data are complex, and named statistics are of real numbers: give a callable")
    return np.ascontiguousarray(sample, np.float64)


def has_nan(samples: Sequence[NDArray[Any]]) -> bool:
    """Whether an observation is NaN."""
    return any(sample.dtype.kind in "fc" and sample.size > 0 and bool(np.isnan(sample.min())) for sample in samples)
