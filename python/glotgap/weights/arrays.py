"""Moments and histograms of arrays in memory: numpy (with ml_dtypes) and torch, zero-copy where contiguous.

Formats of at most 16 bits are counted by bit pattern, so that everything is exact; f32 and f64 are summed in blocks of
65,536 about a pivot, and their histograms are sketches with bins 2^-7 wide. The relative error of m4/m2^2 stays below
1e-12 in the tests, which go up to means of 1e15 deviations: as far as f64 values hold a deviation at all.
"""

import sys
from typing import Any, Final, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from glotgap import _core
from glotgap._arguments import typed
from glotgap._errors import BadArgumentError, UnsupportedError

__all__ = ["DTYPES", "Histogram", "Moments", "histogram", "moments"]

DTYPES: Final = {
    "float64": "f64",
    "float32": "f32",
    "float16": "f16",
    "bfloat16": "bf16",
    "float8_e4m3fn": "f8_e4m3fn",
    "float8_e5m2": "f8_e5m2",
    "float8_e4m3fnuz": "f8_e4m3fnuz",
    "float8_e5m2fnuz": "f8_e5m2fnuz",
    "float8_e8m0fnu": "f8_e8m0",
    "int64": "i64",
    "int32": "i32",
    "int16": "i16",
    "int8": "i8",
    "uint8": "u8",
    "bool": "bool",
}
"""Names of numpy's, ml_dtypes' and torch's data types, and what tables call them."""

Array: TypeAlias = Any
"""A numpy array or a torch tensor; torch is never imported here."""


class Moments:
    """Counts, extremes and central moments of a stream of values; NaN and infinities are counted apart.

    The same pieces in the same order give the same bits on every machine. Undefined figures are None.

    Attributes:
        n: finite values.
        n_nan, n_inf, n_zero, n_subnormal: counts; the last two are among `n`.
        mean, std: arithmetic mean and population standard deviation, in units of the values.
        min, max, absmax: extremes, in units of the values.

    Example:
        >>> import numpy as np
        >>> m = Moments().update(np.arange(5.0)).update(np.array([10.0, np.nan]))
        >>> m.n, m.n_nan, m.max
        (6, 1, 10.0)
    """

    __slots__ = ("_core",)

    def __init__(self) -> None:
        self._core = _core.Moments()

    @typed
    def update(self, array: Array) -> Self:
        """Append the values of `array` and return self.

        Raises:
            UnsupportedError: the array's dtype is not one of DTYPES.
            BadArgumentError: it is neither a numpy array nor a torch tensor.
        """
        self._core = self._core.merge(_core.Moments.of(*_stored(array)))
        return self

    @typed
    def merge(self, other: "Moments") -> "Moments":
        """Return the moments of these values followed by `other`'s."""
        return _wrap(self._core.merge(other._core))

    n = property(lambda self: self._core.n)
    n_nan = property(lambda self: self._core.n_nan)
    n_inf = property(lambda self: self._core.n_inf)
    n_zero = property(lambda self: self._core.n_zero)
    n_subnormal = property(lambda self: self._core.n_subnormal)
    mean = property(lambda self: self._core.mean)
    std = property(lambda self: self._core.std)
    min = property(lambda self: self._core.min)
    max = property(lambda self: self._core.max)
    absmax = property(lambda self: self._core.absmax)

    @typed
    def skew(self, *, bias: bool = True) -> float | None:
        """Skewness g1, or with `bias=False` G1 (None below 3 values)."""
        return self._core.skew(bias=bias)

    @typed
    def kurtosis(self, *, bias: bool = True) -> float | None:
        """Excess kurtosis g2 (0 for a Gaussian), or with `bias=False` G2 (None below 4 values)."""
        return self._core.kurtosis(bias=bias)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Moments) and self._core.state() == other._core.state()

    __hash__ = None  # type: ignore[assignment]  # it can be updated

    def __repr__(self) -> str:
        return f"Moments(n={self.n}, mean={self.mean}, std={self.std}, kurtosis={self.kurtosis()})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _moments_from, (self._core.state(),)


def _wrap(core: _core.Moments) -> Moments:
    wrapped = Moments()
    wrapped._core = core
    return wrapped


def _moments_from(state: Any) -> Moments:
    return _wrap(_core.Moments.from_state(state))


class Histogram:
    """How often each value occurs: exact for formats of at most 16 bits, else a sketch. Immutable.

    Attributes:
        dtype: name of the format, or "sketch".
        exact: whether the values are exact, not the middles of bins 2^-7 wide.
        n: finite values.
        values, counts: distinct finite values in ascending order (f64) and how often each occurs (u64).
        mean, std, mean_abs_dev: in units of the values; entropy: in bits. None without values.

    Example:
        >>> import numpy as np
        >>> a, b = (histogram(np.full(3, x, np.int8)) for x in (1, 3))
        >>> a.merge(b).counts.tolist(), a.merge(b).mean
        ([3, 3], 2.0)
    """

    __slots__ = ("_core",)

    def __init__(self, core: _core.Histogram) -> None:
        self._core = core

    dtype = property(lambda self: self._core.dtype)
    exact = property(lambda self: self._core.exact)
    n = property(lambda self: self._core.n)
    values = property(lambda self: self._core.values)
    counts = property(lambda self: self._core.counts)
    mean = property(lambda self: self._core.mean)
    std = property(lambda self: self._core.std)
    mean_abs_dev = property(lambda self: self._core.mean_abs_dev)
    entropy = property(lambda self: self._core.entropy)

    @typed
    def skew(self, *, bias: bool = True) -> float | None:
        """Skewness, as `Moments.skew`."""
        return self._core.skew(bias=bias)

    @typed
    def kurtosis(self, *, bias: bool = True) -> float | None:
        """Excess kurtosis, as `Moments.kurtosis`."""
        return self._core.kurtosis(bias=bias)

    @typed
    def quantile(self, q: float) -> float | None:
        """The q-th quantile, interpolated as numpy does by default; BadArgumentError for q outside [0, 1]."""
        return self._core.quantile(q)

    @typed
    def tail(self, k: float) -> float | None:
        """Share of values with |x - mean| > k std; None without spread."""
        return self._core.tail(k)

    @typed
    def clip(self, bits: int, grid: str = "mid-rise") -> float | None:
        """The clip of least squared error for 2 to 8 bits on grid "mid-rise" or "sym-int"; None for all zeros."""
        return self._core.clip(bits, grid)

    @typed
    def sqnr(self, bits: int, grid: str = "mid-rise", *, clip: float | None = None) -> float | None:
        """Signal to quantization noise in dB at `clip`, or at the best clip; infinite when nothing is lost."""
        return self._core.sqnr(bits, grid, clip)

    @typed
    def merge(self, other: "Histogram") -> "Histogram":
        """Return the histogram of both; BadArgumentError when the dtypes differ."""
        return Histogram(self._core.merge(other._core))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Histogram):
            return NotImplemented
        (dtype, counts), (other_dtype, other_counts) = self._core.state(), other._core.state()
        return dtype == other_dtype and np.array_equal(counts, other_counts)

    def __hash__(self) -> int:
        return hash((self.dtype, self.n))

    def __repr__(self) -> str:
        return f"Histogram(dtype={self.dtype!r}, n={self.n}, distinct={len(self.values)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _histogram_from, self._core.state()


def _histogram_from(dtype: str, counts: NDArray[np.uint64]) -> Histogram:
    return Histogram(_core.Histogram.from_state(dtype, counts))


def moments(array: Array) -> Moments:
    """Return the moments of all values of a numpy array or torch tensor.

    Raises:
        UnsupportedError: the array's dtype is not one of DTYPES.
        BadArgumentError: it is neither a numpy array nor a torch tensor.

    Example:
        >>> import numpy as np
        >>> moments(np.array([1.0, 2.0, 3.0, 10.0], np.float32)).kurtosis()
        -0.7696
    """
    return Moments().update(array)


def histogram(array: Array) -> Histogram:
    """Return the histogram of all values of a numpy array or torch tensor; errors as for `moments`.

    A sketch leaves out f64 values beyond the range of f32: its `n` is then smaller than that of `moments`.

    Example:
        >>> import numpy as np
        >>> round(histogram(np.array([1, 1, 2], np.uint8)).entropy, 6)
        0.918296
    """
    return Histogram(_core.Histogram.of(*_stored(array)))


def _stored(array: Array) -> tuple[NDArray[np.uint8], str]:
    """Return the little-endian bytes of `array`, without a copy where it is contiguous, and the table's dtype name."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(array, torch.Tensor):
        return _stored_torch(array, torch)
    if not isinstance(array, np.ndarray | np.generic):
        raise BadArgumentError(f"got {type(array).__name__}; give a numpy array or a torch tensor")
    if isinstance(array, np.ma.MaskedArray):
        raise BadArgumentError("got a masked array, whose mask would be lost; give array.compressed()")
    name = _name(array.dtype.name)
    if array.dtype.byteorder == ">" or (array.dtype.byteorder == "=" and sys.byteorder == "big"):
        array = array.astype(array.dtype.newbyteorder("<"))
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8), name


def _stored_torch(tensor: Array, torch: Any) -> tuple[NDArray[np.uint8], str]:
    name = _name(str(tensor.dtype).removeprefix("torch."))
    flat = tensor.detach().cpu().contiguous().reshape(-1)
    stored: NDArray[np.uint8] = flat.view(torch.uint8).numpy()
    return stored, name


def _name(dtype: str) -> str:
    if dtype not in DTYPES:
        raise UnsupportedError(f"dtype {dtype} is not read; convert the array to one of {', '.join(DTYPES)}")
    return DTYPES[dtype]
