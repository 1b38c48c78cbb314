"""optimum-quanto: weight-only integers of 8, 4 and 2 bits.

Round to nearest: qint8 with one scale a row, levels symmetric about 0 (−128 … 127); qint4 and qint2 with a scale and a
shift, both floating point, for each group, from the least to the greatest value. Used of the library: `QLinear`, which
chooses groups and scales, and its quantizer and dequantizer. Not used: its kernels and its activations.

Groups of qint4 and qint2, where the scheme names none, are what `QLinear` makes of the row: 128 values, or 96, 64 or 32
where 128 does not divide it; a whole row where none does, or where it has no more than 128. So a scheme may mean
different groups in different layers; `g{N}` and `channel` fix them.

Bits: 8 + s/columns; b + 2s/N for groups of N, with scales of s bits, the model's type.

Limits: the library's own way back from 4 and 2 bits compiles a C++ extension on first use (a compiler, ninja and a
writable site-packages are needed, and nearly two minutes on the machine where this was written); we take its unpacked
integers instead. `quantize` of the library takes nn.Linear and not GPT-2's Conv1D, which it passes by in silence.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import torch

from glotgap._errors import UnsupportedError
from glotgap.quant.libraries import bits_of, each, left_alone, library, linear, undivided
from glotgap.quant.rewriting import Context, Rewritten, Target
from glotgap.quant.scheme import Scheme

__all__ = ["rewritten"]


def rewritten(
    _model: Any, targets: Sequence[Target], scheme: Scheme, _context: Context
) -> Iterator[tuple[Target, Rewritten]]:
    """Yield each target as quanto quantizes it.

    Raises:
        UnsupportedError: optimum-quanto is absent, or has no groups of so many bits.
    """
    if scheme.bits == 8 and scheme.group is not None:
        raise UnsupportedError(f"{scheme}: 8 bits of quanto have one scale a row; leave out g{scheme.group}")
    library("quanto")
    return each(targets, scheme, _eight_bits if scheme.bits == 8 else _few_bits)


def _layer(target: Target, scheme: Scheme) -> Any:
    quanto = library("quanto")
    layer = library("quanto", "nn").QLinear.from_module(linear(target), weights=quanto.qtypes[f"qint{scheme.bits}"])
    if scheme.granularity is not None:
        layer.weight_group_size = scheme.group
    return layer


def _eight_bits(target: Target, scheme: Scheme) -> Rewritten:
    weight = _layer(target, scheme).qweight
    return Rewritten(weight.dequantize(), bits_of(weight.numel(), weight._data, weight._scale))  # noqa: SLF001  no public name


def _few_bits(target: Target, scheme: Scheme) -> Rewritten:
    if why := undivided(target, scheme.group):
        return left_alone(target, why)
    layer = _layer(target, scheme)
    group = layer.weight_group_size
    scale, shift = layer.optimizer(layer.weight, qtype=layer.weight_qtype, axis=0, group_size=group)
    levels = torch.ops.quanto.quantize_affine(layer.weight, scheme.bits, 0, group, scale, shift)
    matrix = library("quanto", "tensor.grouped").ungroup(scale * levels - shift, axis=0, orig_shape=layer.weight.shape)
    packed = library("quanto", "tensor.packed").PackedTensor.pack(levels, scheme.bits)
    return Rewritten(matrix, bits_of(layer.weight.numel(), packed._data, scale, shift))  # noqa: SLF001  no public name
