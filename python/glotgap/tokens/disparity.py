"""How unequally a tokenizer treats languages: Gini coefficients, the worst premium, high- against low-resource gaps.

The Gini coefficient (Foroutan et al. 2025) is taken over languages, each counted once whatever its size, of the cost of
the same content: tokens on aligned text. On text that is not aligned only the costs of a byte and of a character are
comparable, and they compare scripts as much as tokenizers.

Pooled entropy and its efficiencies take the tokens of all languages together, so that larger corpora weigh more.
Languages with a warning (unknown tokens) are left out of all comparisons, and counted. Limits: nothing here is a test.
"""

from collections.abc import Sequence

import polars as pl

from glotgap import tables
from glotgap._arguments import typed
from glotgap._errors import BadArgumentError
from glotgap.tokens.asked import Asked
from glotgap.tokens.counted import added
from glotgap.tokens.gini import gini
from glotgap.tokens.metrics import EVENNESS, measured, with_evenness
from glotgap.tokens.reference import resolve

__all__ = ["GAP_METRICS", "disparity", "gaps"]

GAP_METRICS = ("premium", "fertility", "bytes_per_token")
"""Metrics whose gap is shown unless others are asked for."""

_KEY = ("tokenizer", "segmenter")


@typed
def disparity(
    counts: pl.DataFrame,
    *,
    reference: str | None = "eng",
    alpha: float = 2.5,
    unk_limit: float = 0.1,
    aligned: bool | None = None,
) -> pl.DataFrame:
    """Return DISPARITY: one row a tokenizer and segmenter; arguments as in `metrics`.

    Example:
        >>> from glotgap.tokens import toy
        >>> disparity(toy.counts()).select("languages", "gini", "worst", "premium_max").row(0)
        (2, 0.167, 'deu', 2.0)
    """
    asked = Asked(reference=reference, alpha=alpha, unk_limit=unk_limit, aligned=aligned)
    frame, rows = measured(counts, None, asked)
    base = None if reference is None else resolve(reference, frame["group"])
    figures = pl.DataFrame(
        [_figures(part, base) for part in frame.partition_by(_KEY, maintain_order=True)],
        schema={name: tables.DISPARITY.schema()[name] for name in (*_KEY, *_FIGURES)},
        orient="row",
    )
    pooled = with_evenness(added(rows, _KEY), alpha)
    use = pl.when(pl.col("vocabulary") > 0).then(pl.col("used") / pl.col("vocabulary")).alias("vocabulary_use")
    pooled = pooled.select(*_KEY, "vocabulary", "used", use, *EVENNESS)
    whole = figures.join(pooled, on=_KEY, how="left", validate="1:1")
    return tables.sort("DISPARITY", whole.select(*tables.DISPARITY.schema()))


@typed
def gaps(metrics: pl.DataFrame, of: Sequence[str] = GAP_METRICS) -> pl.DataFrame:
    """Return GAPS: the mean of each metric over high- and over low-resource languages, their difference and ratio.

    Args:
        metrics: METRICS with the column `resource` filled (`metrics(..., resources=...)`).
        of: columns of it.

    Raises:
        BadArgumentError: not a METRICS table, no such figure in it, or no language has a resource level.

    Example:
        >>> from glotgap.tokens import metrics, toy
        >>> table = metrics(toy.counts(), resources={"eng": "high", "deu": "low"})
        >>> gaps(table, ["premium"]).row(0)
        ('toy', 'whitespace', 'premium', 1, 1, 1.0, 2.0, 1.0, 2.0)
    """
    tables.check("METRICS", metrics)
    real = [name for name, dtype in tables.METRICS.schema().items() if dtype == pl.Float64]
    for name in of:
        if name not in real:
            raise BadArgumentError(f"{name!r} is no figure of METRICS: choose for example premium or fertility")
    if metrics["resource"].is_null().all():
        raise BadArgumentError("no language has a resource level: give resources to metrics")
    usable = metrics.filter(pl.col("warning").is_null())
    found = pl.concat([_gap(usable, name) for name in of] or [_gap(usable.clear(), "premium")])
    return tables.sort("GAPS", found.select(*tables.GAPS.schema()))


_FIGURES = (
    "languages", "aligned", "left_out", "gini", "gini_bytes", "gini_chars", "worst", "premium_max", "premium_median",
)  # fmt: skip


def _figures(part: pl.DataFrame, reference: str | None) -> tuple[object, ...]:
    """Return the key and the figures of one tokenizer's METRICS."""
    usable = part.filter(pl.col("warning").is_null() & (pl.col("tokens") > 0))
    translated = usable.filter(pl.col("aligned"))
    paid = usable.filter(pl.col("premium").is_not_null() & pl.col("group").ne_missing(reference))
    worst = paid.sort("premium", "group", descending=[True, False]).head(1)
    return (
        *(part[name][0] for name in _KEY),
        usable.height,
        translated.height,
        part.height - usable.height,
        gini(translated["tokens"].to_list()),
        gini(usable["tokens_per_byte"].drop_nulls().to_list()),
        gini(usable["tokens_per_char"].drop_nulls().to_list()),
        *(worst[name].first() for name in ("group", "premium")),
        paid["premium"].median(),
    )


def _gap(usable: pl.DataFrame, metric: str) -> pl.DataFrame:
    figure = pl.col(metric)

    def of(level: str) -> pl.Expr:
        return figure.filter(pl.col("resource") == level)

    means = usable.group_by(_KEY).agg(
        *(of(level).count().cast(pl.UInt64).alias(f"n_{level}") for level in ("high", "low")),
        *(of(level).mean().alias(f"mean_{level}") for level in ("high", "low")),
    )
    high, low = pl.col("mean_high"), pl.col("mean_low")
    ratio = pl.when(high != 0).then(low / high).alias("ratio")
    return means.with_columns(pl.lit(metric).alias("metric"), (low - high).alias("difference"), ratio)
