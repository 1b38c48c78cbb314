"""What a caller asked for, checked before any work. Where scipy's tests look at a message, it starts with scipy's."""

from collections.abc import Collection, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from glotgap._errors import BadArgumentError
from glotgap.stats.cautions import WrongTypeError
from glotgap.stats.samples import column, is_one_sample

__all__ = ["axis_of", "batch_of", "choice", "confidence", "count_of", "flag", "samples_of"]

_MOST: Final = 1 << 48


def choice(name: str, value: Any, among: Collection[str], *, words: str = "must be in") -> str:
    """Return one of some names, in lower case."""
    given = value.lower() if isinstance(value, str) else value
    if given not in among:
        raise BadArgumentError(f"`{name}` {words} {set(among)}, and is {value!r:.40}: give one of them")
    return str(given)


def flag(name: str, value: Any) -> bool:
    """Return True or False."""
    if not isinstance(value, bool | np.bool_):
        raise BadArgumentError(f"`{name}` must be `True` or `False`. It is {value!r:.40}")
    return bool(value)


def _whole(value: Any) -> int | None:
    """Return a whole number as an int, and None for anything else."""
    try:
        return int(value) if not isinstance(value, bool) and int(value) == value else None
    except (TypeError, ValueError, OverflowError):
        return None


def axis_of(value: Any) -> int:
    """Return an axis."""
    axis = _whole(value)
    if axis is None:
        raise BadArgumentError(f"`axis` must be an integer. It is {value!r:.40}")
    return axis


def count_of(name: str, value: Any, *, least: int = 1) -> int:
    """Return a number of resamples."""
    count = _whole(value)
    if count is None or count < least:
        kind = "positive" if least else "non-negative"
        raise BadArgumentError(f"`{name}` must be a {kind} integer. It is {value!r:.40}")
    if count > _MOST:
        raise BadArgumentError(f"`{name}` is {count}: give at most 2**48")
    return count


def batch_of(value: Any) -> int | None:
    """Return how many resamples a callable is given at once, None for what fits the cache."""
    if value is None:
        return None
    batch = _whole(value)
    if batch is None or batch <= 0:
        raise BadArgumentError(f"`batch` must be a positive integer or None. It is {value!r:.40}")
    return batch


def confidence(value: Any, *, name: str = "confidence_level") -> float:
    """Return a number between 0 and 1."""
    try:
        level = float(value)
    except (TypeError, ValueError) as error:
        raise BadArgumentError(f"{error}: `{name}` is {value!r:.40}; give a number between 0 and 1") from error
    if not 0 < level < 1:
        raise BadArgumentError(f"`{name}` is {value!r:.40}: give a number between 0 and 1, such as 0.95")
    return level


def samples_of(data: Any, *, least: int, message: str) -> list[NDArray[Any]]:
    """Return the samples as arrays; a bare column is one sample.

    Raises:
        WrongTypeError: `data` is no sequence.
        BadArgumentError: it has fewer than `least` samples, or one of no numbers.
    """
    if isinstance(data, Mapping) or (hasattr(data, "iloc") and hasattr(data, "columns")):
        data = [data[name] for name in data]  # a dict, and a frame of pandas, are iterated name by name
    if is_one_sample(data):
        data = [data]
    try:
        samples = list(data) if not isinstance(data, str | bytes) else None
    except TypeError:
        samples = None
    if samples is None:
        raise WrongTypeError(f"{message}. It is {data!r:.40}")
    if len(samples) < least:
        raise BadArgumentError(f"{message}. It holds {len(samples)}")
    return [column(sample) for sample in samples]
