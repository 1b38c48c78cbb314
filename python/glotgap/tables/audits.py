"""AUDITS: what a scheme of quantization did to each weight of a model, and what it left alone."""

from typing import Final

from glotgap.tables.declaration import COUNT, REAL, TEXT, Column, Table

__all__ = ["AUDITS"]

AUDITS: Final = Table(
    "AUDITS",
    ("model", "scheme", "language", "tensor"),
    (
        Column("model", TEXT, "", "name of the model"),
        Column("scheme", TEXT, "", "a spelling of glotgap.quant.Scheme"),
        Column("reference", TEXT, "", "what its weights were before; null where nobody said"),
        Column("language", TEXT, "", "for whom; null where one model serves all languages"),
        Column("tensor", TEXT, "", "name of the parameter"),
        Column("layer", COUNT, "", "index of its block, from 0; null outside the blocks"),
        Column("component", TEXT, "", "one of glotgap.tables.COMPONENTS"),
        Column("n", COUNT, "values", "values"),
        Column("changed", COUNT, "values", "values that are others than before, bit by bit"),
        Column("bits", REAL, "bits", "stored for each value, scales and zero points included"),
        Column("signal", REAL, "1", "sum of squares of the values before"),
        Column("noise", REAL, "1", "sum of squares of the differences"),
        Column("sqnr", REAL, "dB", "10 log10(signal / noise); null where nothing changed"),
        Column("note", TEXT, "", "why it was left alone; null where it was quantized"),
    ),
)
