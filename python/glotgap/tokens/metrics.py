"""Metrics of tokenizers by language: fertility, premium, compression, evenness, context and cost.

Every figure is a ratio of sums over the corpus (`premium_mean` excepted), so that long and short documents count by
their length and parts of a corpus add up. Each module of this room opens with its formulas and their sources:
`premium`, `entropy`, `gini`, `lengths`; docs/tokens.md has them all, with what each cannot tell.

Limits: fertility and what is built on it depend on what was called a word, so the segmenter is part of the key. A
tokenizer that answers unknown text with one unknown token looks cheap: above `unk_limit` a row carries a warning.
"""

from collections.abc import Mapping

import polars as pl

from glotgap import tables
from glotgap._arguments import typed
from glotgap._errors import BadArgumentError
from glotgap.tokens.asked import Asked
from glotgap.tokens.cautions import caution, warn
from glotgap.tokens.counted import FREQUENCIES, added, checked
from glotgap.tokens.entropy import Evenness, evenness
from glotgap.tokens.lengths import with_nsl
from glotgap.tokens.premium import premiums, sentence_ratios
from glotgap.tokens.reference import resolve, resource_of

__all__ = ["EVENNESS", "measured", "metrics", "with_evenness"]

EVENNESS = tuple(Evenness.__dataclass_fields__)
"""The columns that need token frequencies."""


@typed
def metrics(
    counts: pl.DataFrame,
    *,
    reference: str | None = "eng",
    documents: pl.DataFrame | None = None,
    resources: Mapping[str, str] | None = None,
    baseline: str | None = None,
    window: int | None = None,
    price: float | None = None,
    alpha: float = 2.5,
    unk_limit: float = 0.1,
    aligned: bool | None = None,
) -> pl.DataFrame:
    """Return METRICS: one row a language, tokenizer and segmenter; what is undefined is null.

    Args:
        counts: COUNTS; the sources of a language are added.
        reference: language of the premiums, or its beginning where that names only one ("eng" for "eng-US"). None for
            no premiums.
        documents: DOCUMENTS of the same scan, for `premium_mean`.
        resources: "high" or "low" for each language, for the column `resource`; "eng" also speaks for "eng-US".
        baseline: tokenizer that `nsl` compares with.
        window: tokens of a context window, for `context_chars` and `context_words`.
        price: price of a million tokens, for `cost`.
        alpha: order of the Rényi entropy.
        unk_limit: share of unknown tokens above which a row gets a warning.
        aligned: whether the languages are translations of the reference; told from the documents by default.

    Warns:
        GlotgapWarning: rows above `unk_limit`; languages without a premium because they do not pair.

    Raises:
        BadArgumentError: a table or an option is wrong; the message says which and what to do.

    Example:
        >>> from glotgap.tokens import toy
        >>> metrics(toy.counts()).select("group", "fertility", "premium", "bytes_per_token").rows()
        [('deu', 2.0, 2.0, 3.0), ('eng', 1.0, 1.0, 5.0)]
    """
    asked = Asked(
        reference=reference,
        resources=resources or {},
        baseline=baseline,
        window=window,
        price=price,
        alpha=alpha,
        unk_limit=unk_limit,
        aligned=aligned,
    )
    frame, _ = measured(counts, documents, asked)
    warn(frame, asked)
    return frame


def measured(counts: pl.DataFrame, documents: pl.DataFrame | None, asked: Asked) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return METRICS and the checked COUNTS they were made of."""
    rows = checked(counts)
    whole = added(rows)
    languages = whole["group"].unique().to_list()
    reference = None if asked.reference is None else resolve(asked.reference, languages)
    if documents is not None and reference is None:
        raise BadArgumentError("documents are there for premiums beside a reference: name one")
    ratios = None if documents is None or reference is None else sentence_ratios(documents, whole, reference)
    frame = premiums(whole, reference, ratios, aligned=asked.aligned)
    frame = with_evenness(with_nsl(frame, asked.baseline), asked.alpha)
    frame = frame.with_columns(_resources(languages, asked.resources), *_figures(), *_in_use(asked))
    frame = frame.with_columns(caution(asked.unk_limit))
    return tables.sort("METRICS", frame.select(*tables.METRICS.schema())), rows


def with_evenness(frame: pl.DataFrame, alpha: float) -> pl.DataFrame:
    """Return `frame`, which has `vocabulary` and perhaps frequencies, with the columns of `Evenness`."""
    empty = Evenness(None, None, None, None, None)
    found = [empty] * frame.height
    if FREQUENCIES[1] in frame.columns:
        pairs = zip(frame[FREQUENCIES[1]], frame["vocabulary"], strict=True)
        found = [empty if seen is None else evenness(seen.to_numpy(), size, alpha) for seen, size in pairs]
    return frame.with_columns(pl.Series(name, [getattr(row, name) for row in found], pl.Float64) for name in EVENNESS)


def _over(part: str, whole: str, name: str) -> pl.Expr:
    return pl.when(pl.col(whole) > 0).then(pl.col(part) / pl.col(whole)).alias(name)


def _figures() -> list[pl.Expr]:
    return [
        _over("unk", "tokens", "unk_rate"),
        _over("fallback", "tokens", "fallback_rate"),
        _over("tokens", "words", "fertility"),
        _over("word_tokens", "words", "fertility_isolated"),
        _over("words_split", "words", "continued"),
        _over("words_single", "words", "strr"),
        _over("tokens", "chars", "tokens_per_char"),
        _over("tokens", "bytes", "tokens_per_byte"),
        _over("bytes", "tokens", "bytes_per_token"),
        _over("used", "vocabulary", "vocabulary_use"),
    ]


def _in_use(asked: Asked) -> list[pl.Expr]:
    """What a window of tokens holds, and what a million characters cost: the price is of a million tokens too."""
    window, price = pl.lit(asked.window, pl.Float64), pl.lit(asked.price, pl.Float64)
    some = pl.when(pl.col("tokens") > 0)
    return [
        some.then(window * pl.col("chars") / pl.col("tokens")).alias("context_chars"),
        some.then(window * pl.col("words") / pl.col("tokens")).alias("context_words"),
        pl.when(pl.col("chars") > 0).then(price * pl.col("tokens") / pl.col("chars")).alias("cost"),
    ]


def _resources(languages: list[str], resources: Mapping[str, str]) -> pl.Expr:
    levels = {language: resource_of(language, resources) for language in languages}
    if resources and not any(levels.values()):
        raise BadArgumentError(
            f"resources names none of the languages counted: {', '.join(sorted(languages)[:5])}; it names "
            f"{', '.join(sorted(resources)[:5])}"
        )
    return pl.col("group").replace_strict(levels, return_dtype=pl.String).alias("resource")
