"""Normalised sequence length: the tokens of one tokenizer beside those of another on the same text (Dagan et al. 2024).

NSL = Σ tokens of the tokenizer / Σ tokens of the baseline, a ratio of sums as in the paper's equation. It compares
tokenizers within a language; premiums compare languages within a tokenizer.
"""

import polars as pl

from glotgap._arguments import typed
from glotgap._errors import BadArgumentError
from glotgap.tokens.counted import LANGUAGE, added, checked

__all__ = ["nsl", "with_nsl"]

_TEXT = ("group", "segmenter")


@typed
def nsl(counts: pl.DataFrame) -> pl.DataFrame:
    """Return group, segmenter, tokenizer, baseline and nsl for every pair of tokenizers that counted the same text.

    Raises:
        BadArgumentError: not a COUNTS table.

    Example:
        >>> import polars as pl
        >>> from glotgap.tokens import toy
        >>> other = toy.counts().with_columns(tokenizer=pl.lit("bytes"), tokens=pl.col("bytes"))
        >>> counts = pl.concat([toy.counts(), other]).drop("token_ids", "token_counts")
        >>> nsl(counts).filter(pl.col("tokenizer") != pl.col("baseline"))["nsl"].to_list()
        [3.0, 0.333, 5.0, 0.2]
    """
    whole = added(checked(counts)).select(*LANGUAGE, "bytes", "tokens")
    baseline = whole.select(*_TEXT, "bytes", baseline="tokenizer", tokens_0="tokens")
    pairs = whole.join(baseline, on=[*_TEXT, "bytes"]).with_columns(_ratio())
    return pairs.select("group", "segmenter", "tokenizer", "baseline", "nsl").sort(
        "group", "segmenter", "tokenizer", "baseline"
    )


def with_nsl(whole: pl.DataFrame, baseline: str | None) -> pl.DataFrame:
    """Return `whole` with the column nsl beside `baseline`: null without one, and where it counted another text.

    Raises:
        BadArgumentError: no tokenizer is called `baseline`.
    """
    if baseline is None:
        return whole.with_columns(pl.lit(None, pl.Float64).alias("nsl"))
    present = whole["tokenizer"].unique().sort().to_list()
    if baseline not in present:
        raise BadArgumentError(f"baseline {baseline!r} is no tokenizer of these counts: choose {', '.join(present)}")
    base = whole.filter(pl.col("tokenizer") == baseline).select(*_TEXT, "bytes", tokens_0="tokens")
    return whole.join(base, on=[*_TEXT, "bytes"], how="left", validate="m:1").with_columns(_ratio()).drop("tokens_0")


def _ratio() -> pl.Expr:
    return pl.when(pl.col("tokens_0") > 0).then(pl.col("tokens") / pl.col("tokens_0")).alias("nsl")
