"""Do low-resource languages pay more tokens than high-resource ones? The gap with intervals and p.

Two questions that are often taken for one, each a finding for every tokenizer:

- *over languages*: were these languages drawn from many, would others show the gap too? The ratio of the means of the
  two kinds of languages; the interval resamples languages of either kind, p deals the labels anew. n is the number of
  languages.
- *over documents*: for these very languages, does the gap hang on the choice of sentences? The ratio of summed tokens;
  the interval resamples documents, each with all its translations, and p swaps the two kinds within documents. n is
  the number of documents that every language has. Asked of DOCUMENTS of an aligned corpus only.

The cost is tokens for the same content, on translations; for other corpora fertility, or tokens per byte or character,
which compare scripts as much as tokenizers. Languages with more unknown tokens than `unk_limit` are left out, and
counted. Limit: which languages are low-resource is the caller's to say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import polars as pl

from glotgap import tables
from glotgap._arguments import typed
from glotgap._errors import BadArgumentError
from glotgap.stats.answers import Answer, Finding, adjusted, answer
from glotgap.stats.judging import How, judge
from glotgap.tokens.reference import resolve

__all__ = ["COSTS", "gap"]

COSTS: Final[Mapping[str, str | None]] = {
    "tokens": None,
    "fertility": "words",
    "tokens_per_byte": "bytes",
    "tokens_per_char": "chars",
}
"""What a language costs, and what its tokens are divided by."""

_LEAST: Final = 2


@typed
def gap(
    counts: pl.DataFrame,
    *,
    high: Sequence[str],
    low: Sequence[str],
    cost: str = "tokens",
    unk_limit: float = 0.1,
    confidence_level: float = 0.95,
    n_resamples: int | None = None,
    rng: Any = None,
    threads: int | None = None,
) -> Answer:
    """Return how much more the languages `low` cost than the languages `high`.

    Args:
        counts: COUNTS, or DOCUMENTS (`scan(..., per="document")`) for the question over documents too.
        high: languages, or beginnings of their names (eng for eng-US), two or more.
        low: the same.
        cost: "tokens" for aligned languages, else "fertility", "tokens_per_byte" or "tokens_per_char".
        unk_limit: share of unknown tokens above which a language is left out.
        confidence_level: of the intervals.
        n_resamples: of each interval, and of each p that is not exact; None for 9999, or 200 for each finding where
            that is more.
        rng: seed; the same resamples serve all findings.
        threads: None for all.

    Raises:
        BadArgumentError: neither table, a language that was not counted or is in both lists, languages of unequal
            numbers of documents with the cost "tokens", or an unknown cost.

    Example:
        >>> from glotgap.tokens import toy
        >>> found = gap(toy.documents(), high=["eng", "fra"], low=["amh", "mya"], rng=1)
        >>> found.tests.select("unit", "estimate", "n").rows()
        [('document', 3.0, 8), ('language', 3.0, 4)]
    """
    if cost not in COSTS:
        raise BadArgumentError(f"cost is {cost!r}: give one of {', '.join(COSTS)}")
    by_document = "document" in counts.columns
    tables.check("DOCUMENTS" if by_document else "COUNTS", counts)
    levels = _levels(counts["group"].unique().to_list(), high, low)
    rows = counts.with_columns(pl.col("group").replace_strict(levels, default=None).alias("resource"))
    rows = rows.drop_nulls("resource")
    parts = rows.partition_by("tokenizer", maintain_order=True, as_dict=True)
    how = How.of(confidence_level, n_resamples, rng, threads, findings=2 * len(parts))
    findings = [
        found
        for (tokenizer,), part in sorted(parts.items())
        for found in _found(part, str(tokenizer), cost, unk_limit, by_document=by_document, how=how)
    ]
    return answer(adjusted(findings, "holm"))


def _levels(counted: Sequence[str], high: Sequence[str], low: Sequence[str]) -> dict[str, str]:
    """Return the resource level of each language that was asked for."""
    named = {
        level: [resolve(language, counted) for language in names] for level, names in (("high", high), ("low", low))
    }
    both = sorted(set(named["high"]) & set(named["low"]))
    if both:
        raise BadArgumentError(f"{', '.join(both)} is in high and in low: give each language one list")
    for level, names in named.items():
        if len(set(names)) < _LEAST:
            raise BadArgumentError(
                f"{level} is {list(names)}: name {_LEAST} or more of the languages counted, {', '.join(counted):.200}"
            )
    return {language: level for level, names in named.items() for language in names}


def _found(
    part: pl.DataFrame, tokenizer: str, cost: str, unk_limit: float, *, by_document: bool, how: How
) -> list[Finding]:
    """Return the findings of one tokenizer."""
    languages = _languages(part, by_document=by_document)
    known = languages.filter(pl.col("unk") <= unk_limit * pl.col("tokens"))
    left_out = languages.height - known.height
    found = [_over_languages(known, tokenizer, cost, left_out, how)]
    if by_document and cost == "tokens":
        kept = part.filter(pl.col("group").is_in(known["group"].to_list()))
        found.append(_over_documents(kept, tokenizer, how))
    return found


def _languages(part: pl.DataFrame, *, by_document: bool) -> pl.DataFrame:
    """Return the sums of each language, of which one table may hold several sources or segmenters."""
    sums = [pl.col(name).sum() for name in ("tokens", "unk", "bytes", "chars", "words")]
    if by_document:
        return part.group_by("group", "resource").agg(pl.len().alias("docs"), *sums).sort("group")
    first = part.filter(pl.col("segmenter") == pl.col("segmenter").min())
    return first.group_by("group", "resource").agg(pl.col("docs").sum(), *sums).sort("group")


def _over_languages(known: pl.DataFrame, tokenizer: str, cost: str, left_out: int, how: How) -> Finding:
    divisor = COSTS[cost]
    if divisor is None and known["docs"].n_unique() > 1:
        raise BadArgumentError(
            "the languages have unequal numbers of documents, so they are no translations: choose the cost "
            "tokens_per_byte or fertility"
        )
    costs = known.with_columns((pl.col("tokens") / (1.0 if divisor is None else pl.col(divisor))).alias("cost"))
    samples = [costs.filter(resource=level)["cost"].cast(pl.Float64).to_numpy() for level in ("low", "high")]
    question = f"{cost} over languages, low-resource to high-resource"
    bare = Finding(question, tokenizer, "mean_ratio", None, 1.0, known.height, "language", left_out=left_out)
    if min(map(len, samples)) < _LEAST:
        return bare
    return judge(samples, bare, "independent", how)


def _over_documents(part: pl.DataFrame, tokenizer: str, how: How) -> Finding:
    """Compare summed tokens of the two kinds of languages, document by document."""
    if part.select(pl.struct("group", "document").is_duplicated().any()).item():
        raise BadArgumentError("a language has two documents of one number: count one source for each language")
    wide = part.pivot("group", index="document", values="tokens").sort("document")
    whole = wide.drop_nulls()
    level = dict(part.select("group", "resource").unique().iter_rows())
    means = [
        whole.select(pl.mean_horizontal([name for name in whole.columns if level.get(name) == kind])).to_series()
        for kind in ("low", "high")
    ]
    question = "tokens over documents, low-resource to high-resource"
    bare = Finding(question, tokenizer, "ratio_of_sums", None, 1.0, whole.height, "document")
    bare = replace(bare, left_out=wide.height - whole.height)
    if whole.height < _LEAST or any(values.is_null().any() for values in means):
        return bare
    return judge([values.to_numpy() for values in means], bare, "samples", how)
