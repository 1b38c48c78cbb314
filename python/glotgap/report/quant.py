"""The terminal view of what quantization costs languages: a row for each language, a column for each scheme."""

import math
from collections.abc import Mapping
from typing import IO, Any, Final

import polars as pl
from rich.table import Table
from rich.text import Text

from glotgap.report.terminal import console

__all__ = ["audit_lines", "reference_line", "show_losses", "show_scores", "unscored_lines"]

_WIDE: Final = 8
"""Schemes beside each other; more are shown in blocks."""


def show_scores(scores: pl.DataFrame, file: IO[str] | None = None) -> None:
    """Print bits per byte of UTF-8 of each language under each scheme: ratios of sums."""
    known = scores.filter(pl.col("nll").is_not_null())
    bits = known.group_by("model", "scheme", "language").agg(
        bits=pl.col("nll").sum() / pl.col("bytes").sum() / pl.lit(2.0).log()
    )
    _show(bits, "bits", "Bits per byte", file)


def show_losses(losses: pl.DataFrame, file: IO[str] | None = None, *, column: str = "delta") -> None:
    """Print what each scheme costs each language: the table of `glotgap.quant.degradation`."""
    unit = {"delta": "Nats lost an item", "delta_byte": "Nats lost a byte"}[column]
    marked = losses.with_columns(mark=pl.when("destroyed").then(pl.lit("*")).otherwise(pl.lit("")))
    _show(marked, column, unit, file)
    if losses["destroyed"].any():
        console(file).print("* the model is destroyed: median loss per token above half of ln(vocabulary)")


def _show(values: pl.DataFrame, column: str, title: str, file: IO[str] | None) -> None:
    for (model,), part in values.partition_by("model", as_dict=True, maintain_order=True).items():
        schemes = part["scheme"].unique().sort().to_list()
        for begin in range(0, len(schemes), _WIDE):
            _block(part, schemes[begin : begin + _WIDE], column, f"{title}, {model}", file)


def _block(part: pl.DataFrame, schemes: list[str], column: str, title: str, file: IO[str] | None) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("language")
    for scheme in schemes:
        table.add_column(Text(scheme), justify="right")
    found = {(row["language"], row["scheme"]): row for row in part.iter_rows(named=True)}
    for language in part["language"].unique().sort():
        rows = [found.get((language, scheme)) for scheme in schemes]
        table.add_row(language, *(_cell(row, column) for row in rows))
    to = console(file)
    to.print(Text(title), soft_wrap=True)  # a table folds its title to its own width
    to.print(table)


def _cell(row: Mapping[str, Any] | None, column: str) -> str:
    """Return a figure with its mark; a dash where there is none."""
    if row is None or row[column] is None:
        return f"–{row.get('mark', '') if row else ''}"
    return f"{row[column]:.3f}{row.get('mark', '')}"


def unscored_lines(scores: pl.DataFrame) -> list[str]:
    """Return, for each scheme and language, how many items have no score, and why."""
    lacking = scores.filter(pl.col("nll").is_null()).group_by("model", "scheme", "language")
    counts = lacking.agg(items=pl.len(), tokens=pl.col("nonfinite").sum()).sort("model", "scheme", "language")
    return [
        f"{scheme} {language}: {items} of its items have no score ({tokens} tokens whose -log p is not finite)"
        for _, scheme, language, items, tokens in counts.iter_rows()
    ]


def audit_lines(audits: pl.DataFrame) -> list[str]:
    """Return, for each scheme, the share of values it changed, bits a value and signal-to-noise, and what it left."""
    parts = audits.partition_by("scheme", as_dict=True, maintain_order=True).items()
    return [_audit_line(scheme, part) for (scheme,), part in parts if part["note"].null_count()]


def _audit_line(scheme: object, part: pl.DataFrame) -> str:
    touched = part.filter(pl.col("note").is_null())
    sums = touched.select(pl.col("changed", "n", "signal", "noise").sum(), stored=(pl.col("bits") * pl.col("n")).sum())
    changed, n, signal, noise, stored = sums.row(0)
    sets = part["language"].n_unique()
    each = f" in each of {sets} languages" if sets > 1 else ""
    ratio = f", SQNR {_decibels(signal, noise)} dB ({_by_component(touched)})" if noise else ""
    return (
        f"{scheme}: {100 * changed / part['n'].sum():.1f} % of {part['n'].sum() // sets:,} values changed{each}, "
        f"{stored / n:.2f} bits a quantized value{ratio}; left alone: {_left(part)}"
    )


def _by_component(touched: pl.DataFrame) -> str:
    sums = touched.group_by("component").agg(pl.col("signal", "noise").sum()).sort("component")
    return ", ".join(f"{name} {_decibels(signal, noise)}" for name, signal, noise in sums.iter_rows())


def _decibels(signal: float, noise: float) -> str:
    return f"{10 * math.log10(signal / noise):.1f}" if signal and noise else "–"


def _left(part: pl.DataFrame) -> str:
    kept = part.filter(pl.col("note").is_not_null()).select("tensor", "note").unique()
    notes = kept.group_by("note").agg(pl.len()).sort("note")
    return "; ".join(f"{count} ({note})" for note, count in notes.iter_rows()) or "nothing"


def reference_line(scores: pl.DataFrame) -> str:
    """Return what fp is, model by model: "full precision" of a GGUF file has been quantized before."""
    said = scores.select("model", "reference", "method").unique().sort("model")
    return " ".join(
        f"{model}: fp is {reference}; scores are {method}s." for model, reference, method in said.iter_rows()
    )
