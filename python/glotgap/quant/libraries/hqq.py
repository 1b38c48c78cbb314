"""HQQ: half-quadratic quantization (Badri and Shaji 2023), without data, of 1 to 8 bits.

Levels from the least to the greatest value of each group; the zero point is then moved to lessen a robust error
(|·|^0.7) of the weights, by half-quadratic splitting. Used of the library: `HQQLinear` with its default configuration
(groups along rows, zero and scale kept in the model's type), on one layer at a time, and its inverse. Not used: its
kernels.

Bits, for groups of N and a model of s bits: b + 2s/N; but 3-bit integers go ten to a word of 32 bits (3.2, and what
fills the last word), and 5- and 6-bit integers lie in whole bytes (8).

Limits: N is a multiple of 8 that divides the rows (groups that run over the end of a row are not made, though the
library would); a matrix has an even number of groups for 4 bits, a multiple of 4 for 2, of 8 for 1. With 4 bits the
library rounds zero points to whole numbers and starts from there; groups whose values lie within 1e-4 keep the scale 1,
so that they become one value. There are no 7 bits. transformers' `HqqConfig` changes nothing at all in GPT-2, and does
not say so.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from glotgap._errors import UnsupportedError
from glotgap.quant.libraries import bits_of, each, left_alone, library, linear, undivided
from glotgap.quant.rewriting import Context, Rewritten, Target
from glotgap.quant.scheme import Scheme

__all__ = ["rewritten"]


def rewritten(
    _model: Any, targets: Sequence[Target], scheme: Scheme, _context: Context
) -> Iterator[tuple[Target, Rewritten]]:
    """Yield each target as HQQ quantizes it.

    Raises:
        UnsupportedError: HQQ is absent, or has no such groups.
    """
    if scheme.group is not None and scheme.group % 8:
        raise UnsupportedError(f"{scheme}: groups of HQQ are multiples of 8; give g64, say")
    library("hqq")
    return each(targets, scheme, _quantized)


def _quantized(target: Target, scheme: Scheme) -> Rewritten:
    if why := undivided(target, scheme.group) or _unpacked(target, scheme):
        return left_alone(target, why)
    core = library("hqq", "core.quantize")
    matrix = target.matrix
    layer = core.HQQLinear(
        linear(target),
        core.BaseQuantizeConfig(nbits=scheme.bits, group_size=scheme.group, axis=1),
        compute_dtype=matrix.dtype,
        device=str(matrix.device),
    )
    stored = (layer.W_q, layer.meta["scale"], layer.meta["zero"])
    return Rewritten(layer.dequantize(), bits_of(matrix.numel(), *stored))


def _unpacked(target: Target, scheme: Scheme) -> str | None:
    """Return why the library cannot pack the groups of a target; None where it can."""
    together = {1: 8, 2: 4, 4: 2}.get(scheme.bits or 0, 1)
    rows, columns = target.matrix.shape
    groups = rows * columns // (scheme.group or columns)
    return None if groups % together == 0 else f"HQQ packs {together} groups together, and it has {groups}"
