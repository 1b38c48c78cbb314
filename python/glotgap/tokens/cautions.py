"""What a reader of METRICS must know before believing it: unknown tokens, and texts that are no translations."""

import warnings

import polars as pl

from glotgap._errors import GlotgapWarning
from glotgap.tokens.asked import Asked
from glotgap.tokens.reference import resolve

__all__ = ["caution", "warn"]


def caution(limit: float) -> pl.Expr:
    """Return the column `warning`: why a row must not be read as it stands, or null.

    A tokenizer that answers a word it cannot write with one unknown token has a low fertility, and tells the model
    nothing: Petrov et al. (2023) strike out languages with more than a tenth of unknown tokens.
    """
    share = (100 * pl.col("unk_rate")).round(1).cast(pl.String)
    text = pl.format("{} % unknown tokens: fertility and premium mean nothing", share)
    return pl.when(pl.col("unk_rate") > limit).then(text).otherwise(pl.lit(None, pl.String)).alias("warning")


def warn(frame: pl.DataFrame, asked: Asked) -> None:
    """Warn the caller's caller of rows of METRICS that carry a warning, and of languages that lack a premium."""
    texts = [_unknown(frame, asked.unk_limit)]
    if asked.reference is not None:
        reference = resolve(asked.reference, frame["group"])
        texts.append(_unknown_reference(frame, reference))
        if asked.aligned is None:
            texts.append(_unaligned(frame, reference))
    for text in texts:
        if text is not None:
            warnings.warn(text, GlotgapWarning, stacklevel=4)


def _unknown(frame: pl.DataFrame, limit: float) -> str | None:
    flagged = frame.filter(pl.col("warning").is_not_null())
    if flagged.is_empty():
        return None
    first = flagged.sort("unk_rate", descending=True, maintain_order=True).row(0, named=True)
    return (
        f"{flagged.height} of {frame.height} rows have more than {100 * limit:g} % unknown tokens, so that their "
        f"fertility and premium mean nothing; the worst: {first['group']} with {first['tokenizer']}, "
        f"{100 * first['unk_rate']:.1f} %"
    )


def _unknown_reference(frame: pl.DataFrame, reference: str) -> str | None:
    flagged = frame.filter(pl.col("warning").is_not_null() & (pl.col("group") == reference))
    if flagged.is_empty():
        return None
    names = ", ".join(flagged["tokenizer"].unique().sort())
    return f"{names} cannot write the reference {reference}: no premium beside it means anything; choose another"


def _unaligned(frame: pl.DataFrame, reference: str) -> str | None:
    apart = frame.filter(~pl.col("aligned")).unique("group").sort("group")
    if apart.is_empty():
        return None
    first = apart.row(0, named=True)
    documents = frame.filter(pl.col("group") == reference)["docs"][0]
    return (
        f"premium is null for {apart.height} of {frame['group'].n_unique()} languages: their documents do not pair "
        f"with those of {reference} ({first['group']} has {first['docs']:,}, {reference} {documents:,}); if they are "
        "translations all the same, say aligned=True"
    )
