"""torchao: weight-only integers of 1 to 8 bits, by `quantize_` with `IntxWeightOnlyConfig`.

Round to nearest, levels symmetric about 0 with one more below than above (−2^(b−1) … 2^(b−1)−1), a scale for each group
of 32 or g{N} values along a row or for each row (`channel`), at the greatest magnitude. Used of the library: its
quantizer and its inverse, on one layer at a time. Not used: its kernels, which multiply such weights on ARM only.

Bits: b + s/N for scales of s bits, the model's type: what integers of b bits take where they are packed, as on ARM. On
other processors this library keeps each integer, and zero points that are all 0, in whole bytes.

Limits: N divides the rows. 1 bit leaves the levels −1 and 0, so that all positive weights become 0: of no use, but
offered. torchao's own whole-model call (`quantize_(model, config)`) takes nn.Linear only and passes GPT-2's Conv1D by
in silence.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import torch

from glotgap._errors import UnsupportedError
from glotgap.quant.libraries import bits_of, each, left_alone, library, linear, undivided
from glotgap.quant.rewriting import Context, Rewritten, Target
from glotgap.quant.scheme import Scheme

__all__ = ["configuration", "rewritten"]


def rewritten(
    _model: Any, targets: Sequence[Target], scheme: Scheme, _context: Context
) -> Iterator[tuple[Target, Rewritten]]:
    """Yield each target as torchao quantizes it.

    Raises:
        UnsupportedError: torchao is absent, or has no weight-only integers.
    """
    configuration(scheme)
    return each(targets, scheme, _quantized)


def configuration(scheme: Scheme) -> Any:
    """Return torchao's `IntxWeightOnlyConfig` of a scheme.

    Raises:
        UnsupportedError: torchao is absent, or too old to have it.
    """
    quantization = library("torchao", "quantization")
    granularity = library("torchao", "quantization.granularity")
    dtype = getattr(torch, f"int{scheme.bits}", None)
    if dtype is None or not hasattr(quantization, "IntxWeightOnlyConfig"):
        raise UnsupportedError(
            f"{scheme}: this torch or torchao has no integers of {scheme.bits} bits; install newer ones"
        )
    shared = granularity.PerGroup(scheme.group) if scheme.group else granularity.PerAxis(0)
    return quantization.IntxWeightOnlyConfig(weight_dtype=dtype, granularity=shared)


def _quantized(target: Target, scheme: Scheme) -> Rewritten:
    if why := undivided(target, scheme.group):
        return left_alone(target, why)
    layer = linear(target)
    library("torchao", "quantization").quantize_(layer, configuration(scheme))
    weight: Any = layer.weight
    return Rewritten(weight.dequantize(), (scheme.bits or 8) + bits_of(weight.numel(), weight.scale))
