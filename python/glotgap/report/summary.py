"""What a TENSORS table says in short: the worst tensors, each component, one sentence, and what was left out.

Every figure is descriptive of the one model scanned. Medians are over tensors (or blocks), not over parameters, and
nothing here is a test: a difference of medians between attention and MLP claims no significance.
"""

import polars as pl

from glotgap._errors import BadArgumentError

__all__ = [
    "by_component",
    "is_pooled",
    "number_text",
    "readable",
    "sentence",
    "short_real",
    "skipped_line",
    "skipped_lines",
    "unknown_line",
    "worst",
]

_VECTORS = ("norm", "bias")


def worst(frame: pl.DataFrame, *, by: str = "kurtosis", top: int = 20) -> pl.DataFrame:
    """Return the `top` worst rows: largest `by` first (smallest for an SQNR), nulls last, ties by key.

    Raises:
        BadArgumentError: no such column, or one that has no order.
    """
    if by not in frame.columns or frame.schema[by].is_nested():
        raise BadArgumentError(
            f"cannot sort by {by!r}: choose a column of the table, for example kurtosis or absmax_sigma"
        )
    falling = frame.schema[by].is_float() and not by.startswith("sqnr")
    keys = [name for name in ("file", "tensor", "block") if name != by]
    order = [falling, *(False for _ in keys)]
    return frame.sort(by, *keys, descending=order, nulls_last=[True, *(False for _ in keys)]).head(top)


def by_component(frame: pl.DataFrame) -> pl.DataFrame:
    """Return one row a component: rows, median and largest excess kurtosis (1), heaviest component first."""
    kurtosis = pl.col("kurtosis")
    figures = (pl.len().alias("tensors"), kurtosis.median().alias("median"), kurtosis.max().alias("max"))
    return frame.group_by("component").agg(figures).sort("max", "component", descending=[True, False], nulls_last=True)


def sentence(frame: pl.DataFrame) -> str:
    """Say where the heavy tails of this model sit: its worst tensor, and attention beside MLP.

    Example:
        >>> sentence(pl.DataFrame({"kurtosis": [None]}, schema={"kurtosis": pl.Float64}))
        'No tensor of this model has a kurtosis: all are empty or constant.'
    """
    if frame.is_empty():
        return "No tensor was scanned."
    ranked = frame.filter(pl.col("kurtosis").is_not_null())
    if ranked.is_empty():
        return "No tensor of this model has a kurtosis: all are empty or constant."
    ranked = worst(ranked, top=ranked.height)
    parts = [f"The heaviest tails of this model sit in {_described(ranked)}"]
    matrices = ranked.filter(~pl.col("component").is_in(_VECTORS))
    if ranked["component"][0] in _VECTORS and not matrices.is_empty():
        parts.append(f"; among its matrices, in {_described(matrices)}")
    return "".join(parts) + "." + _medians(ranked)


def skipped_lines(skipped: pl.DataFrame, *, limit: int = 12) -> list[str]:
    """Say how much was skipped, by reason, most frequent first and `limit` at most; an empty list when nothing was.

    Args:
        skipped: columns file, tensor (empty for a whole file), reason.
        limit: how many reasons to give.
    """
    if skipped.is_empty():
        return []
    reasons = skipped.select("reason", name=_skipped_name()).group_by("reason").agg(pl.len(), pl.col("name").min())
    reasons = reasons.sort("len", "reason", descending=[True, False])
    lines = [f"Skipped {_skipped_count(skipped)}:"]
    for reason, number, example in reasons.head(limit).iter_rows():
        which = readable(example) if number == 1 else f"{number:,}, {readable(example)} among them"
        lines.append(f"  {readable(reason)} ({which})")
    if reasons.height > limit:
        lines.append(f"  and {reasons['len'][limit:].sum():,} more, for {reasons.height - limit:,} other reasons")
    return lines


def skipped_line(skipped: pl.DataFrame) -> str:
    """Say in one line how much was skipped, and why the first was.

    Args:
        skipped: as for `skipped_lines`, not empty.

    Example:
        >>> skipped_line(pl.DataFrame([("a.bin", "", "is empty")], schema=["file", "tensor", "reason"], orient="row"))
        'skipped 1 file, the first: a.bin: is empty'
    """
    name, reason = skipped.select(_skipped_name(), "reason").row(0)
    return f"skipped {_skipped_count(skipped)}, the first: {readable(name)}: {readable(reason)}"


def _skipped_name() -> pl.Expr:
    return pl.when(pl.col("tensor") == "").then("file").otherwise("tensor").alias("name")


def _skipped_count(skipped: pl.DataFrame) -> str:
    files = skipped.filter(pl.col("tensor") == "").height
    counts = ((skipped.height - files, "tensor"), (files, "file"))
    return " and ".join(_count(number, unit) for number, unit in counts if number)


def unknown_line(frame: pl.DataFrame, *, limit: int = 8) -> str | None:
    """Name the tensors whose component is `other`, or None when there are none."""
    names = frame.filter(pl.col("component") == "other")["tensor"].unique().sort().to_list()
    if not names:
        return None
    more = f" and {len(names) - limit:,} more" if len(names) > limit else ""
    return f"No known component (other): {', '.join(map(readable, names[:limit]))}{more}."


def is_pooled(frame: pl.DataFrame) -> bool:
    """Tell whether one name stands for tensors of several files, as when a directory holds more than one model."""
    return frame.select("file", "tensor").unique()["tensor"].is_duplicated().any()


def number_text(value: float | None) -> str:
    """Write a figure for people: about three significant digits, whole above 100, a dash where undefined.

    Example:
        >>> number_text(1582.4), number_text(0.04567), number_text(2e-9), number_text(None)
        ('1,582', '0.046', '2.0e-09', '–')
    """
    if value is None:
        return "–"
    size = abs(value)
    if 0 < size < 0.001:
        return f"{value:.1e}"
    digits = next((digits for limit, digits in ((1, 3), (10, 2), (100, 1)) if size < limit), 0)
    return f"{value:,.{digits}f}" if size < 1e7 else f"{value:.2e}"


def short_real(value: float) -> str:
    """Write three significant digits, zeros kept: a scale rather than a score.

    Example:
        >>> short_real(0.02), short_real(127.0), short_real(1e-30)
        ('0.0200', '127', '1.00e-30')
    """
    return f"{value:#.3g}".removesuffix(".")


def readable(name: str) -> str:
    """Return a name from a file with its unprintable characters escaped, so that it cannot steer a terminal."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in name)


def _described(ranked: pl.DataFrame) -> str:
    first = ranked.row(0, named=True)
    layer = "" if first["layer"] is None else f", layer {first['layer']}"
    block = "" if first["block"] is None else f", block {first['block']}"
    reach = "" if first["absmax_sigma"] is None else f", largest magnitude {number_text(first['absmax_sigma'])} σ"
    file = f"{first['file']}: " if is_pooled(ranked) else ""
    place = f"{first['component']}{layer}{block}"
    return f"{readable(file + first['tensor'])} ({place}: excess kurtosis {number_text(first['kurtosis'])}{reach})"


def _medians(ranked: pl.DataFrame) -> str:
    unit = "tensor" if ranked["block"].is_null().all() else "block"
    texts = []
    for name, prefix in (("attention", "attn."), ("MLP", "mlp.")):
        group = ranked.filter(pl.col("component").str.starts_with(prefix))
        if not group.is_empty():
            median = group.select(pl.col("kurtosis").median()).item()
            texts.append(f"{number_text(median)} in {name} ({_count(group.height, unit)})")
    return f" Median excess kurtosis: {', '.join(texts)}." if texts else ""


def _count(number: int, unit: str) -> str:
    return f"{number:,} {unit}{'' if number == 1 else 's'}"
