"""Round to nearest: glotgap's own fake quantization of weights, in plain torch.

A matrix is cut into slices of whole rows that fit the cache; in a slice each unit (a row, a group of N values along it,
or the whole matrix) gets its clip (`glotgap.quant.clips`) and goes to its grid (`glotgap.quant.grids`). Where N does
not divide the row, its last group is shorter. Weights of 16 bits are worked on in float32, and rounded at the end.

**Bias correction** (Banner et al. 2019): each row is moved by a constant, so that its mean is what it was. **Shared-out
bits** (`glotgap.quant.allocation`): rows are then rounded to bits of their own.

**Bits** stored for a value: the bits of its level, and its share of 16 bits for each scale, of M bits for each zero
point (asym), of 16 bits a row for its correction (bc), and of 4 bits a row for its number of bits (alloc).
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import torch

from glotgap.quant.allocation import shared_out
from glotgap.quant.clips import ends, symmetric_clip, widened
from glotgap.quant.grids import asymmetric, symmetric
from glotgap.quant.rewriting import Context, Rewritten, Target
from glotgap.quant.scheme import Scheme

__all__ = ["by_units", "rewritten", "rounded", "slices", "stored_bits"]

_SLICE: Final = 1 << 18
_SLICE_CUDA: Final = 1 << 25
_SCALE_BITS: Final = 16
_WIDTH_BITS: Final = 4


def rewritten(
    model: Any,  # noqa: ARG001  the weights are all that counts
    targets: Sequence[Target],
    scheme: Scheme,
    context: Context,  # noqa: ARG001  the same
) -> Iterator[tuple[Target, Rewritten]]:
    """Yield each target rounded to nearest.

    Example:
        >>> layer = torch.nn.Linear(4, 3)
        >>> target = Target("weight", layer, None, "other", is_transposed=False)
        >>> [new.bits for _, new in rewritten(layer, [target], Scheme.parse("rtn4"), Context())]
        [8.0]
    """
    for target in targets:
        matrix = target.matrix
        yield target, Rewritten(rounded(matrix, scheme, target.stack), stored_bits(matrix, scheme, target.stack))


def rounded(matrix: torch.Tensor, scheme: Scheme, stack: int = 1) -> torch.Tensor:
    """Return a matrix quantized and dequantized, of its own type.

    Args:
        matrix: out × in, finite.
        scheme: of method rtn.
        stack: how many matrices follow each other in it.

    Example:
        >>> rounded(torch.tensor([[0.9, -3.0], [0.1, 0.7]]), Scheme.parse("rtn4"))
        tensor([[ 0.8571, -3.0000],
                [ 0.1000,  0.7000]])
    """
    if not scheme.allocates_bits:
        return _by_rows(matrix, scheme, stack)
    bits = shared_out(symmetric_clip(matrix, scheme, scheme.bits or 0), scheme.bits or 0)
    new = torch.empty_like(matrix)
    for width in torch.unique(bits).tolist():
        rows = (bits == width).nonzero()[:, 0]
        new[rows] = _by_rows(matrix[rows], scheme, stack, width)
    return new


def stored_bits(matrix: torch.Tensor, scheme: Scheme, stack: int = 1) -> float:
    """Return the bits that are stored for each value of an out × in matrix.

    Example:
        >>> stored_bits(torch.empty(8, 128), Scheme.parse("rtn4-g64"))
        4.25
    """
    rows, columns = matrix.shape
    scales = {
        "tensor": stack,
        "channel": rows,
        "group": rows * math.ceil(columns / scheme.group) if scheme.group else 0,
    }[scheme.granularity or "channel"]
    bits = scheme.bits or 0
    for_rows = _SCALE_BITS * scheme.corrects_bias + _WIDTH_BITS * scheme.allocates_bits
    beside = scales * (_SCALE_BITS + bits * (not scheme.is_symmetric)) + rows * for_rows
    return float(bits + beside / (rows * columns))


def slices(matrix: torch.Tensor, scheme: Scheme, stack: int = 1) -> Iterator[slice]:
    """Yield slices of rows to work on one after the other: whole matrices, where one scale is for one of them.

    Example:
        >>> list(slices(torch.empty(6, 2), Scheme.parse("rtn4-tensor"), stack=2))
        [slice(0, 3, None), slice(3, 6, None)]
    """
    rows = matrix.shape[0]
    most = _SLICE_CUDA if matrix.is_cuda else _SLICE
    step = rows // stack if scheme.granularity == "tensor" else max(1, most // matrix.shape[1])
    yield from (slice(start, min(start + step, rows)) for start in range(0, rows, step))


def by_units(rows: torch.Tensor, scheme: Scheme, change: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
    """Return rows whose units were changed, of the type that `change` returns.

    Args:
        rows: out × in: one of `slices`.
        scheme: its `granularity` and `group` count.
        change: takes and returns units × values.

    Example:
        >>> by_units(torch.ones(2, 5), Scheme.parse("rtn4-g3"), lambda units: units / units.shape[1])[0]
        tensor([0.3333, 0.3333, 0.3333, 0.5000, 0.5000])
    """
    if scheme.granularity == "tensor":
        return change(rows.reshape(1, -1)).reshape(rows.shape)
    if scheme.group is None:
        return change(rows)
    whole = rows.shape[1] // scheme.group * scheme.group
    groups = change(rows[:, :whole].reshape(-1, scheme.group)).reshape(-1, whole) if whole else rows[:, :0]
    return groups if whole == rows.shape[1] else torch.cat([groups, change(rows[:, whole:])], 1)


def _by_rows(matrix: torch.Tensor, scheme: Scheme, stack: int, bits: int | None = None) -> torch.Tensor:
    scheme, width = (scheme, scheme.bits or 0) if bits is None else (replace(scheme, allocates_bits=False), bits)
    new = torch.empty_like(matrix, memory_format=torch.contiguous_format)
    for part in slices(matrix, scheme, stack):
        rows = matrix[part]
        values = by_units(rows, scheme, lambda units: _on_grid(units, scheme, width))
        new[part] = _with_means_of(rows, values) if scheme.corrects_bias else values
    return new


def _on_grid(units: torch.Tensor, scheme: Scheme, bits: int) -> torch.Tensor:
    if not scheme.is_symmetric:
        return asymmetric(widened(units), *ends(units, scheme), bits)
    clip = symmetric_clip(units, scheme, bits) if bits else units[:, :1]
    return symmetric(widened(units), clip, bits)


def _with_means_of(rows: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    rest = (widened(rows) - values).mean(-1, keepdim=True, dtype=torch.float64)
    return values + rest.to(values.dtype)
