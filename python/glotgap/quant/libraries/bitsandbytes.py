"""bitsandbytes: NF4 and FP4 (Dettmers et al., QLoRA, 2023) and the weights of LLM.int8() (Dettmers et al. 2022).

Used of the library: `functional.quantize_4bit` with its double quantization of scales, as `nn.Linear4bit` calls it,
`functional.int8_vectorwise_quant`, as `nn.Linear8bitLt` does, and their inverses. Not used: its layers and kernels,
and so neither its 4-bit arithmetic nor the outlier columns that LLM.int8() multiplies in half precision: that is a
matter of activations.

- nf4, fp4: blocks of 64 or g{N} run through the matrix row by row, so that a block may hold the end of one row and the
  start of the next. Bits for n values: 4 + 8/N for scales in one byte, 32/(256 N) for the scales of 256 scales each,
  and (32·(256 + 16) + 32)/n for the two code books and the offset.
- int8: one scale a row; the library rounds weights to float16 first. Bits: 8 + 32/columns.

Limits: N is one of 32, 64, 128, …, 4096. `BitsAndBytesConfig` of transformers does not quantize scales doubly unless
told to (`bnb_4bit_use_double_quant`); `nn.Linear4bit` does, and so do we. bitsandbytes runs on x86 and ARM CPUs.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from glotgap._errors import UnsupportedError
from glotgap.quant.libraries import bits_of, each, library, readable
from glotgap.quant.rewriting import Context, Rewritten, Target
from glotgap.quant.scheme import Scheme

__all__ = ["rewritten"]

_BLOCKS: Final = (32, 64, 128, 256, 512, 1024, 2048, 4096)
_BLOCK: Final = 64


def rewritten(
    _model: Any, targets: Sequence[Target], scheme: Scheme, _context: Context
) -> Iterator[tuple[Target, Rewritten]]:
    """Yield each target as bitsandbytes quantizes it.

    Raises:
        UnsupportedError: bitsandbytes is absent, or has no such blocks.
    """
    if scheme.group not in (None, *_BLOCKS):
        raise UnsupportedError(f"{scheme}: bitsandbytes has blocks of {', '.join(map(str, _BLOCKS))} values")
    library("bnb")
    return each(targets, scheme, _eight_bits if scheme.kind == "int8" else _four_bits)


def _four_bits(target: Target, scheme: Scheme) -> Rewritten:
    functional = library("bnb", "functional")
    matrix = readable(target)
    packed, state = functional.quantize_4bit(
        matrix, blocksize=scheme.group or _BLOCK, compress_statistics=True, quant_type=scheme.kind
    )
    scales = (state.absmax, state.code, state.offset, state.state2.absmax, state.state2.code)
    values = functional.dequantize_4bit(packed, state)
    return Rewritten(values, bits_of(matrix.numel(), packed, *scales))


def _eight_bits(target: Target, _scheme: Scheme) -> Rewritten:
    functional = library("bnb", "functional")
    matrix = readable(target)
    levels, scales, _ = functional.int8_vectorwise_quant(matrix.half())
    values = functional.int8_vectorwise_dequant(levels, scales)
    return Rewritten(values, bits_of(matrix.numel(), levels, scales))
