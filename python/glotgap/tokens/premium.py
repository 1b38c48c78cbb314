"""What a language pays beside the reference: five definitions of a tokenizer's premium, each under its own name.

With T tokens, B bytes, C characters, W words of a language and T₀, B₀, C₀, W₀ of the reference, by the same tokenizer:

- `premium` = T / T₀ on aligned text: Petrov et al. (NeurIPS 2023), who count the whole corpus as one string; Ali et al.
  (2024) call the same ratio parity. The default wherever one premium is shown.
- `premium_mean` = mean over aligned sentences of t / t₀: the same paper's definition for one sentence, averaged. Short
  sentences weigh as much as long ones, it exceeds `premium` where ratios scatter, and swapping the two languages does
  not invert it. Pairs whose t₀ is 0 are left out; `pairs` says how many were used.
- `premium_bytes` = (T/B) / (T₀/B₀): the part of the premium that the script's bytes do not explain (the byte premium
  B/B₀ of Arnett et al. 2024 divided out). Needs no alignment.
- `premium_chars` = (T/C) / (T₀/C₀): the same for code points; what equal characters cost.
- `premium_words` = (T/W) / (T₀/W₀): the ratio of fertilities; it inherits what the two languages call a word.

Text counts as aligned when it has as many documents as the reference's, and, with DOCUMENTS, the same document numbers
source by source (the sources of a language in the order of their names). That is a necessary sign, not proof.
"""

import math

import polars as pl

from glotgap import tables
from glotgap._errors import BadArgumentError

__all__ = ["premiums", "sentence_ratios"]

_MET = ("tokenizer", "segmenter")
_OVER = ("docs", "tokens", "bytes", "chars", "words")


def premiums(
    whole: pl.DataFrame, reference: str | None, ratios: pl.DataFrame | None, *, aligned: bool | None
) -> pl.DataFrame:
    """Return `whole` with the columns aligned, pairs and the five premiums.

    Args:
        whole: sums by language, tokenizer and segmenter.
        reference: a language of `whole`; None leaves premiums null, and takes for aligned what all languages share.
        ratios: what `sentence_ratios` returns.
        aligned: True or False overrules the sign described above.
    """
    met = whole.join(_base(whole, reference), on=_MET, how="left", validate="m:1")
    met = _with_ratios(met, ratios)
    pairs = (pl.col("docs") == pl.col("docs_0")) & pl.col("matched").fill_null(value=True)
    sign = pairs.fill_null(value=False) if aligned is None else pl.lit(aligned)
    met = met.with_columns(pl.when("present").then(sign).alias("aligned"))
    met = met.with_columns(
        pl.when("aligned").then(_over("tokens", "tokens_0")).alias("premium"),
        pl.when("aligned").then("premium_mean").alias("premium_mean"),
        pl.when("aligned").then("pairs").alias("pairs"),
        *(
            _of_rates(("tokens", per), ("tokens_0", f"{per}_0")).alias(f"premium_{per}")
            for per in ("bytes", "chars", "words")
        ),
    )
    return met.select(pl.exclude("present", "matched", *(f"{name}_0" for name in _OVER)))


def sentence_ratios(documents: pl.DataFrame, whole: pl.DataFrame, reference: str) -> pl.DataFrame:
    """Return group, tokenizer, matched, premium_mean and pairs of DOCUMENTS beside the same sentences of `reference`.

    Raises:
        BadArgumentError: not a DOCUMENTS table, or one that does not add up to `whole`.
    """
    tables.check("DOCUMENTS", documents)
    _refuse_other_corpus(documents, whole)
    ranked = documents.with_columns(pl.col("source").rank("dense").over("group", "tokenizer").alias("rank"))
    where = ["tokenizer", "rank", "document"]
    base = ranked.filter(pl.col("group") == reference).select(*where, pl.col("tokens").alias("tokens_0"))
    sizes = base.group_by("tokenizer").agg(pl.len().alias("size_0"))
    paired = ranked.join(base, on=where, how="left").join(sizes, on="tokenizer", how="left")
    usable = pl.col("tokens_0") > 0
    lists = paired.group_by("group", "tokenizer").agg(
        ((pl.col("tokens_0").count() == pl.len()) & (pl.len() == pl.col("size_0").first())).alias("matched"),
        (pl.col("tokens") / pl.col("tokens_0")).filter(usable).alias("ratios"),
    )
    means = [math.fsum(ratios) / len(ratios) if len(ratios) else None for ratios in lists["ratios"]]
    return lists.select(
        "group",
        "tokenizer",
        "matched",
        pl.when("matched").then(pl.Series(means, dtype=pl.Float64)).alias("premium_mean"),
        pl.when("matched").then(pl.col("ratios").list.len().cast(pl.UInt64)).alias("pairs"),
    )


def _base(whole: pl.DataFrame, reference: str | None) -> pl.DataFrame:
    """Return what to compare with, by tokenizer and segmenter: without a reference, the documents all share."""
    if reference is not None:
        beside = whole.filter(pl.col("group") == reference)
        return beside.select(*_MET, pl.lit(value=True).alias("present"), *(pl.col(c).alias(f"{c}_0") for c in _OVER))
    shared = pl.when((pl.col("docs") == pl.col("docs").first()).all()).then(pl.col("docs").first()).alias("docs_0")
    nothing = (pl.lit(None, pl.UInt64).alias(f"{name}_0") for name in _OVER[1:])
    return whole.group_by(_MET).agg(pl.lit(value=True).alias("present"), shared).with_columns(nothing)


def _with_ratios(met: pl.DataFrame, ratios: pl.DataFrame | None) -> pl.DataFrame:
    if ratios is not None:
        return met.join(ratios, on=["group", "tokenizer"], how="left", validate="m:1")
    blank = {"matched": pl.Boolean, "premium_mean": pl.Float64, "pairs": pl.UInt64}
    return met.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in blank.items())


def _over(part: str, whole: str) -> pl.Expr:
    return pl.when(pl.col(whole) > 0).then(pl.col(part) / pl.col(whole))


def _of_rates(rate: tuple[str, str], base: tuple[str, str]) -> pl.Expr:
    return pl.when(pl.col(base[0]) > 0).then(_over(*rate) / _over(*base))


def _refuse_other_corpus(documents: pl.DataFrame, whole: pl.DataFrame) -> None:
    """Refuse documents that are not those of the counts: their tokens must add up, language by language."""
    sums = documents.group_by("group", "tokenizer").agg(pl.len().alias("n"), pl.col("tokens").sum().alias("sum"))
    met = whole.join(sums, on=["group", "tokenizer"]).sort("group", "tokenizer")
    wrong = met.filter((pl.col("n") != pl.col("docs")) | (pl.col("sum") != pl.col("tokens")))
    if not wrong.is_empty():
        row = wrong.row(0, named=True)
        raise BadArgumentError(
            f"documents are not those of counts: {row['group']} with {row['tokenizer']} has {row['n']:,} documents of "
            f"{row['sum']:,} tokens there, {row['docs']:,} of {row['tokens']:,} in counts; give both of one scan"
        )
