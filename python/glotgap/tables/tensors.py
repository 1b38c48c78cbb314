"""TENSORS: what a scan of weights says of each tensor, or of each block of one."""

from collections.abc import Iterator
from typing import Final

import polars as pl

from glotgap.tables.declaration import COUNT, FLAG, REAL, TEXT, WHOLE, Column, Table

__all__ = ["BITS", "COMPONENTS", "TENSORS"]

BITS: Final = range(2, 9)
"""Bit widths with a clip and a signal-to-noise ratio."""

COMPONENTS: Final = (
    "embed",
    "attn.q",
    "attn.k",
    "attn.v",
    "attn.qkv",
    "attn.out",
    "mlp.up",
    "mlp.gate",
    "mlp.down",
    "router",
    "norm",
    "head",
    "bias",
    "other",
)
"""Where in a model a tensor can sit, in reading order: embedding, attention, MLP, what joins them, the rest."""

_NUMBER = r"(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?)"


def _clip_columns() -> Iterator[Column]:
    for bits in BITS:
        for grid in ("midrise", "symint"):
            yield Column(
                f"clip{bits}_{grid}", REAL, "weight", f"{bits}-bit clip of least squared error, {grid}", "clip"
            )
            yield Column(f"sqnr{bits}_{grid}", REAL, "dB", "signal to quantization noise at that clip", "clip")
        for family in ("gauss", "laplace"):
            yield Column(f"aciq{bits}_{family}", REAL, "weight", f"{bits}-bit ACIQ clip, {family} prior", "clip")
            yield Column(f"aciq{bits}_{family}_sqnr", REAL, "dB", "true mid-rise SQNR at that clip", "clip")
        yield Column(f"aciq{bits}", REAL, "weight", "the one of the two whose analytic error is smaller", "clip")


TENSORS: Final = Table(
    "TENSORS",
    ("model", "file", "tensor", "block"),
    (
        Column("model", TEXT, "", "name of the scanned file or directory, or the Hub id"),
        Column("file", TEXT, "", "file that holds the tensor, relative to the model"),
        Column("tensor", TEXT, "", "parameter name as stored"),
        Column("block", WHOLE, "", "row, column, head or group within the tensor; null for the whole tensor"),
        Column("layer", WHOLE, "", "index of the block within its stack; null outside the blocks"),
        Column("component", TEXT, "", "one of COMPONENTS: see glotgap.weights.components"),
        Column("dtype", TEXT, "", "stored type"),
        Column("shape", pl.List(WHOLE), "", "row-major shape of the whole tensor"),
        Column("n", COUNT, "values", "finite values: the n of every figure below"),
        Column("n_nan", COUNT, "values", "NaN, left out of every other figure"),
        Column("n_inf", COUNT, "values", "+Inf and -Inf, left out of every other figure"),
        Column("n_zero", COUNT, "values", "+0 and -0"),
        Column("n_subnormal", COUNT, "values", "subnormal in the stored type"),
        Column("mean", REAL, "weight", "arithmetic mean"),
        Column("std", REAL, "weight", "population standard deviation"),
        Column("skew", REAL, "1", "g1 = m3 / m2^(3/2)"),
        Column("kurtosis", REAL, "1", "excess kurtosis g2 = m4 / m2^2 - 3; 0 for a Gaussian"),
        Column("min", REAL, "weight", "smallest value"),
        Column("max", REAL, "weight", "largest value"),
        Column("absmax", REAL, "weight", "largest magnitude"),
        Column("absmax_sigma", REAL, "std", "absmax / std"),
        Column("mean_abs_dev", REAL, "weight", "mean of |x - mean|: the scale of a Laplace fit", "whole"),
        Column("tail{k}", REAL, "share", "share of values with |x - mean| > k std", "whole", rf"tail{_NUMBER}"),
        Column("kurtosis_top", REAL, "share", "share of the fourth moment in the top 0.01 % of values", "whole"),
        Column("q{q}", REAL, "weight", "quantile q", "whole", rf"q{_NUMBER}"),
        Column("entropy", REAL, "bits", "Shannon entropy of the stored values", "whole"),
        Column("exact", FLAG, "", "quantiles, entropy and clips are exact, not from a 16-bit sketch", "whole"),
        *_clip_columns(),
    ),
)
