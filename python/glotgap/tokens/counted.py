"""COUNTS as they come in: checked beyond their types, then summed by language.

A row that contradicts itself (more words split than words, frequencies that do not add up to the tokens) is refused:
every metric would inherit the contradiction.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from glotgap import tables
from glotgap._errors import BadArgumentError

__all__ = ["FREQUENCIES", "LANGUAGE", "added", "checked", "frequencies"]

LANGUAGE: Final = ("group", "tokenizer", "segmenter")
"""What makes a row of METRICS unique."""

FREQUENCIES: Final = ("token_ids", "token_counts")

_SUMS: Final = (
    "docs", "bytes", "chars", "words", "tokens", "word_tokens", "words_split", "words_single", "unk", "fallback",
)  # fmt: skip


def checked(counts: pl.DataFrame) -> pl.DataFrame:
    """Return `counts` sorted by its key, or say what is wrong with it.

    Raises:
        BadArgumentError: not a COUNTS table, empty, or a row contradicts itself.
    """
    if not isinstance(counts, pl.DataFrame):
        raise BadArgumentError(f"counts is a {type(counts).__name__}: give the polars frame that a scan returns")
    tables.check("COUNTS", counts)
    if counts.is_empty():
        raise BadArgumentError("counts has no rows: scan a source that holds text")
    if counts.select(pl.any_horizontal(pl.col(*tables.COUNTS.key).is_null().any())).item():
        raise BadArgumentError(f"counts has a row whose key is null: name its {', '.join(tables.COUNTS.key)}")
    for rule, meaning in _rules(FREQUENCIES[0] in counts.columns):
        broken = counts.filter(~rule)
        if not broken.is_empty():
            row = broken.row(0, named=True)
            raise BadArgumentError(f"counts of {row['group']} with {row['tokenizer']} contradict themselves: {meaning}")
    return tables.sort("COUNTS", counts)


def added(counts: pl.DataFrame, key: Sequence[str] = LANGUAGE) -> pl.DataFrame:
    """Sum checked COUNTS over the rows that share `key`, sorted by it.

    A figure that one of the rows lacks is null. `used` of several rows is recounted from their frequencies, and null
    without them.

    Raises:
        BadArgumentError: one tokenizer has two vocabulary sizes.
    """
    _refuse_two_vocabularies(counts)
    whole = counts.group_by(key).agg(
        *(_sum(name) for name in _SUMS),
        pl.col("vocabulary").first(),
        pl.when(pl.len() == 1).then(pl.col("used").first()),
    )
    whole = whole.sort(key)
    if FREQUENCIES[0] not in counts.columns:
        return whole
    found = [frequencies(part) for part in counts.sort(key).partition_by(key, maintain_order=True)]
    ids, seen = (
        pl.concat(_cell(None if pair is None else pair[place], counts.schema[name]).alias(name) for pair in found)
        for place, name in enumerate(FREQUENCIES)
    )
    return whole.with_columns(ids.list.len().cast(pl.UInt64).alias("used"), ids, seen)


def frequencies(part: pl.DataFrame) -> tuple[pl.Series, pl.Series] | None:
    """Return ids, rising, and counts of all tokens in `part` together; None where a row lacks them."""
    if part[FREQUENCIES[0]].null_count():
        return None
    ids, seen = (part[name].explode(empty_as_null=False).to_numpy() for name in FREQUENCIES)
    order = np.argsort(ids, kind="stable")
    ids, seen = ids[order], seen[order]
    first = np.flatnonzero(np.diff(ids, prepend=np.int64(-1)))  # where an id differs from the one before
    totals = np.add.reduceat(seen, first) if len(ids) else seen
    return pl.Series(ids[first], dtype=pl.UInt32), pl.Series(totals, dtype=pl.UInt64)


def _cell(values: pl.Series | None, dtype: pl.DataType) -> pl.Series:
    """Return one list as a column of one row: joining those is fast, a column of lists from Python is not."""
    return pl.Series([None], dtype=dtype) if values is None else values.implode()


def _sum(name: str) -> pl.Expr:
    return pl.when(pl.col(name).is_null().any()).then(None).otherwise(pl.col(name).sum()).alias(name)


def _refuse_two_vocabularies(counts: pl.DataFrame) -> None:
    sizes = counts.group_by("tokenizer").agg(pl.col("vocabulary").unique().sort()).sort("tokenizer")
    for tokenizer, found in sizes.iter_rows():
        if len(found) > 1:
            shown = " and ".join(f"{size:,}" for size in found[:2])
            raise BadArgumentError(
                f"tokenizer {tokenizer!r} has vocabularies of {shown}: these are two tokenizers, give them two names"
            )


def _rules(with_frequencies: bool) -> list[tuple[pl.Expr, str]]:  # noqa: FBT001  # private, one caller
    c = pl.col
    absent = c("words").is_null()
    rules = [
        (c("vocabulary").is_not_null() & c("tokens").is_not_null(), "tokens or vocabulary is null"),
        (c("unk") <= c("tokens"), "more unknown tokens than tokens"),
        (c("fallback") <= c("tokens"), "more byte-fallback tokens than tokens"),
        (c("chars") <= c("bytes"), "more characters than bytes"),
        (c("used") <= c("vocabulary"), "more tokens used than the vocabulary holds"),
        (absent | (c("words_split") + c("words_single") <= c("words")), "more words split and whole than words"),
        (absent | (c("word_tokens") >= 2 * c("words_split") + c("words_single")), "words of too few tokens"),
        (absent == (c("segmenter") == "none"), "words are null where, and only where, the segmenter is none"),
    ]
    if with_frequencies:
        ids, seen = (c(name) for name in FREQUENCIES)
        rules += [
            (ids.list.len() == seen.list.len(), "token_ids and token_counts differ in length"),
            (seen.list.sum() == c("tokens"), "token_counts do not add up to tokens"),
            (ids.list.n_unique() == ids.list.len(), "a token id is listed twice"),
            (c("used") == ids.list.len(), "used is not the number of token ids"),
        ]
    return [(rule.fill_null(value=True), meaning) for rule, meaning in rules]
