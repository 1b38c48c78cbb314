"""The methods and the options that schemes of quantization are spelled with, each with its meaning in one line."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

__all__ = ["METHODS", "OPTIONS", "Method", "Option", "describe"]


@dataclass(frozen=True)
class Method:
    """A way to quantize.

    Attributes:
        spelling: how it is written, for people: "rtn{2..8}".
        meaning: one line.
        bits: that it offers.
        kinds: of which one must be named; with the bits, where the kind decides them.
        granularities: "tensor", "channel", "group": that may be named.
        granularity: where none is named; None leaves it to the library.
        group: values a group, where none is named.
        options: names of `OPTIONS` that it takes.
        needs_data: whether it looks at text before it rounds.
    """

    spelling: str
    meaning: str
    bits: tuple[int, ...] = ()
    kinds: Mapping[str, int | None] | None = None
    granularities: tuple[str, ...] = ()
    granularity: str | None = None
    group: int | None = None
    options: frozenset[str] = frozenset()
    needs_data: bool = False


@dataclass(frozen=True)
class Option:
    """A part of a scheme after its method: how it is written, for people, and its meaning in one line."""

    spelling: str
    meaning: str


OPTIONS: Final[Mapping[str, Option]] = {
    "tensor": Option("tensor", "one scale for each matrix"),
    "channel": Option("channel", "one scale for each row, that is for each output"),
    "group": Option("g{N}", "one scale for each N values along a row; the last group of a row may be shorter"),
    "symmetric": Option("sym", "levels symmetric about 0 (default, not printed)"),
    "asymmetric": Option("asym", "levels from the least to the greatest value, with a zero point; absmax and pct only"),
    "absmax": Option("absmax", "clip at the greatest magnitude: nothing is clipped (default, not printed)"),
    "percentile": Option(
        "pct{P}", "clip at the P-th percentile of the magnitudes (50 to 100), or of both tails (asym)"
    ),
    "aciqgauss": Option("aciqgauss", "clip by ACIQ for a Gaussian (Banner et al. 2019)"),
    "aciqlaplace": Option("aciqlaplace", "clip by ACIQ for a Laplacian"),
    "aciq": Option("aciq", "clip by ACIQ, for the law of the two whose analytic error is smaller"),
    "mse": Option(
        "mse",
        "clip of least squared error of these very values: exact for a whole matrix of 16-bit types, else to 0.1 %",
    ),
    "bias": Option("bc", "bias correction: the mean of each row is restored"),
    "allocation": Option(
        "alloc", "bits shared out among rows by their ranges, the given bits on average; channel only"
    ),
    "activations": Option("a{2..8}", "inputs of the quantized layers rounded to so many bits, a scale for each token"),
    "activations by tensor": Option("a{2..8}t", "the same, one scale for all tokens at hand"),
    "head": Option("head", "quantize output heads too"),
    "embed": Option("embed", "quantize embeddings too"),
    "keep": Option(
        "keep:PATTERN", "leave alone: a name with * ? [], a component (attn.q, mlp.*) or layer:N; repeatable"
    ),
    "calibration": Option("cal:LANGUAGE+...", "languages of the calibration text that it looks at; all by default"),
}
"""All options by their names."""

_ALWAYS: Final = frozenset({"activations", "head", "embed", "keep"})
_GRAINS: Final = ("tensor", "channel", "group")

METHODS: Final[Mapping[str, Method]] = {
    "fp": Method("fp", "full precision: nothing is quantized"),
    "rtn": Method(
        "rtn{2..8}",
        "round to nearest; w8a8 is rtn8-channel-a8",
        bits=tuple(range(2, 9)),
        granularities=_GRAINS,
        granularity="channel",
        options=_ALWAYS | {"asymmetric", "clip", "bias", "allocation"},
    ),
    "la": Method(
        "la{2..8}-paper|shared|minimax|own, la{2..7}-protect{average bits}",
        "language-aware clips: from effective kurtosis; for all languages, the worst, or one; or 8 bits where it pays",
        bits=tuple(range(2, 9)),
        kinds=dict.fromkeys(("paper", "shared", "minimax", "own", "protect")),
        granularities=_GRAINS,
        granularity="channel",
        options=frozenset({"activations", "keep", "calibration"}),  # profiles know no inputs of heads and embeddings
        needs_data=True,
    ),
    "bnb": Method(
        "bnb-nf4|fp4|int8",
        "bitsandbytes: NF4 or FP4 in blocks of 64 or g{N}, or LLM.int8() weights",
        kinds={"nf4": 4, "fp4": 4, "int8": 8},
        granularities=("group",),
        options=_ALWAYS,
    ),
    "torchao": Method(
        "torchao-int{1..8}",
        "torchao: weight-only integers, in groups of 32 or g{N}, or by channel",
        bits=tuple(range(1, 9)),
        granularities=("channel", "group"),
        granularity="group",
        group=32,
        options=_ALWAYS,
    ),
    "hqq": Method(
        "hqq{1..6,8}",
        "HQQ: half-quadratic quantization, in groups of 64 or g{N}, or by channel",
        bits=(1, 2, 3, 4, 5, 6, 8),
        granularities=("channel", "group"),
        granularity="group",
        group=64,
        options=_ALWAYS,
    ),
    "quanto": Method(
        "quanto{8,4,2}",
        "optimum-quanto: weight-only integers, as it groups them, or g{N}",
        bits=(2, 4, 8),
        granularities=("channel", "group"),
        options=_ALWAYS,
    ),
    "gptq": Method(
        "gptq{2,3,4,8}",
        "GPTQ by GPTQModel, calibrated on texts, in groups of 128 or g{N}, or by channel",
        bits=(2, 3, 4, 8),
        granularities=("channel", "group"),
        granularity="group",
        group=128,
        options=_ALWAYS | {"calibration"},
        needs_data=True,
    ),
    "autoround": Method(
        "autoround{2,3,4,8}",
        "auto-round, calibrated on texts, as it groups them, or g{N}",
        bits=(2, 3, 4, 8),
        granularities=("channel", "group"),
        options=_ALWAYS | {"calibration"},
        needs_data=True,
    ),
}
"""All methods by their names."""


def describe() -> pl.DataFrame:
    """Return all methods and options: part ("method" or "option"), spelling, meaning.

    Example:
        >>> describe().row(0)
        ('method', 'fp', 'full precision: nothing is quantized')
    """
    rows = [("method", method.spelling, method.meaning) for method in METHODS.values()]
    rows += [("option", option.spelling, option.meaning) for option in OPTIONS.values()]
    return pl.DataFrame(rows, schema=["part", "spelling", "meaning"], orient="row")
