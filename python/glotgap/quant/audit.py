"""What a scheme did to a model: how many values changed, what they take to store, how much noise they carry.

Ratios are ratios of sums: the signal-to-noise ratio of a component is 10·log10 of Σx² over Σ(x − q)², over all its
quantized weights. Tied weights count once. Bits of weights left alone are those of their type.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import polars as pl
import torch

from glotgap.quant.rewriting import Target
from glotgap.quant.scheme import Scheme
from glotgap.tables import AUDITS, sort

__all__ = ["Audit", "Row", "compared", "left_alone", "table"]

_SLICE: Final = 1 << 15  # torch sums so many values in one thread, in an order that does not depend on their number


@dataclass(frozen=True)
class Row:
    """One weight of a model: columns of AUDITS from `tensor` on."""

    tensor: str
    layer: int | None
    component: str
    n: int
    changed: int
    bits: float
    signal: float | None
    noise: float
    sqnr: float | None
    note: str | None


@dataclass(frozen=True)
class Audit:
    """What a scheme did to a model.

    Attributes:
        scheme: the scheme.
        table: AUDITS: a row for each weight of two dimensions or more.
        vectors: values of the other parameters: norms, biases.
        bits_of_vectors: they take, in all.
        tied: other names of quantized parameters: what was quantized along with them.
    """

    scheme: Scheme
    table: pl.DataFrame
    vectors: int
    bits_of_vectors: int
    tied: dict[str, tuple[str, ...]]

    @cached_property
    def quantized(self) -> pl.DataFrame:
        """The rows that were quantized."""
        return self.table.filter(pl.col("note").is_null())

    @property
    def share_changed(self) -> float | None:
        """Share of the values of all weights, quantized or not, that are others than before."""
        return _ratio(_sum(self.table, "changed"), _sum(self.table, "n"))

    @property
    def bits(self) -> float | None:
        """Bits stored for a value of the quantized weights, on average; None where nothing was quantized."""
        return _ratio(_stored(self.quantized), _sum(self.quantized, "n"))

    @property
    def bits_of_model(self) -> float | None:
        """Bits stored for a value of the model, on average."""
        return _ratio(_stored(self.table) + self.bits_of_vectors, _sum(self.table, "n") + self.vectors)

    @property
    def skipped(self) -> dict[str, str]:
        """The weights that were left alone, and why."""
        return dict(self.table.filter(pl.col("note").is_not_null()).select("tensor", "note").iter_rows())

    @property
    def sqnr(self) -> dict[str, float | None]:
        """Signal to quantization noise of each component's quantized weights, in dB; None where nothing was lost."""
        sums = self.quantized.group_by("component").agg(pl.col("signal", "noise").sum()).sort("component")
        return {component: _decibels(signal, noise) for component, signal, noise in sums.iter_rows()}

    @property
    def sentence(self) -> str:
        """All of it in one line."""
        if self.quantized.is_empty():
            return f"{self.scheme}: nothing is quantized, {self.bits_of_model or 0:.2f} bits a value"
        noise = _decibels(_sum(self.quantized, "signal"), _sum(self.quantized, "noise"))
        tied = [f"{name} is also {', '.join(others)}" for name, others in self.tied.items()]
        parts = [
            f"{self.scheme}: {len(self.quantized)} of {len(self.table)} weights quantized",
            f"{100 * (self.share_changed or 0):.1f} % of the values of all weights changed",
            f"{self.bits or 0:.2f} bits a quantized value ({self.bits_of_model or 0:.2f} over the whole model)",
            "nothing lost" if noise is None else f"signal to noise {noise:.1f} dB",
            *tied,
        ]
        return ", ".join(parts)


def left_alone(weight: Target, note: str) -> Row:
    """Return the row of a weight that stays as it is."""
    parameter = weight.parameter
    n, bits = parameter.numel(), float(8 * parameter.element_size())
    return Row(weight.name, weight.layer, weight.component, n, 0, bits, _energy(parameter), 0.0, None, note)


def compared(weight: Target, before: torch.Tensor, bits: float) -> Row:
    """Return the row of a weight that now has its new values; `before` is in the parameter's shape."""
    changed, signal, noise = 0, 0.0, 0.0
    for old, new in zip(_flat(before), _flat(weight.parameter.detach()), strict=True):
        changed += int((_pattern(old) != _pattern(new)).sum())
        signal += float(old.double().square().sum())
        noise += float((old.double() - new.double()).square().sum())
    n = before.numel()
    sqnr = _decibels(signal, noise)
    return Row(weight.name, weight.layer, weight.component, n, changed, bits, signal, noise, sqnr, None)


def table(model: str, scheme: Scheme, language: str | None, rows: Sequence[Row]) -> pl.DataFrame:
    """Return AUDITS of one model under one scheme."""
    columns: dict[str, list[Any]] = {
        "model": [model] * len(rows),
        "scheme": [str(scheme)] * len(rows),
        "reference": [None] * len(rows),
        "language": [language] * len(rows),
    }
    columns |= {name: [getattr(row, name) for row in rows] for name in Row.__dataclass_fields__}
    return sort("AUDITS", pl.DataFrame(columns, schema=AUDITS.schema()))


def _flat(values: torch.Tensor) -> Sequence[torch.Tensor]:
    """Return slices of the values, row by row, whatever the strides."""
    parts: Sequence[torch.Tensor] = torch.split(values.reshape(-1), _SLICE)
    return parts


def _pattern(values: torch.Tensor) -> torch.Tensor:
    return values.view({2: torch.int16, 4: torch.int32, 8: torch.int64}[values.element_size()])


def _energy(parameter: torch.Tensor) -> float | None:
    """Return Σx²; None where there are no values to read, or not all are finite."""
    if parameter.is_meta or type(parameter.data) is not torch.Tensor or not parameter.is_floating_point():
        return None
    energy = sum(float(part.double().square().sum()) for part in _flat(parameter.detach()))
    return energy if math.isfinite(energy) else None


def _stored(rows: pl.DataFrame) -> float:
    return float((rows["n"] * rows["bits"]).sum())


def _sum(rows: pl.DataFrame, column: str) -> float:
    return float(rows[column].cast(pl.Float64).sum())


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _decibels(signal: float, noise: float) -> float | None:
    return 10 * math.log10(signal / noise) if signal > 0 and noise > 0 else None
