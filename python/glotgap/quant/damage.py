"""What quantization costs each language: D(λ), mean nats under a scheme less those of the model as it is.

Items are compared in pairs, the same text with and without the scheme, and languages on the same items: those that have
a score in every language, under the scheme and without it. Per item, nats of aligned sentences compare across languages
and tokenizers; per byte, sums of nats over sums of bytes do. Perplexities per token do neither, and so are not here.

A scheme that *destroys* the model in a language (median ΔNLL per token above half of ln(vocabulary), where the uniform
guess is at ln(vocabulary)) is marked: its D measures how a broken model babbles, not what was lost.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glotgap import tables
from glotgap._arguments import typed
from glotgap._errors import BadArgumentError

__all__ = ["BASELINE", "PER", "Damage", "damages", "degradation"]

BASELINE: Final = "fp"
PER: Final = ("item", "byte")


@dataclass(frozen=True, eq=False)
class Damage:
    """What one scheme does to one model, item by item.

    Attributes:
        model: its name.
        scheme: its spelling.
        languages: in alphabetical order.
        delta: nats: items × languages.
        bytes: items × languages.
        tokens: items × languages.
        left_out: items without a score in some language, with or without the scheme.
        vocabulary: tokens that the model chooses among.
    """

    model: str
    scheme: str
    languages: tuple[str, ...]
    delta: NDArray[np.float64]
    bytes: NDArray[np.float64]
    tokens: NDArray[np.float64]
    left_out: int
    vocabulary: int

    @property
    def destroyed(self) -> tuple[str, ...]:
        """The languages in which the model is destroyed."""
        with np.errstate(invalid="ignore"):
            median = np.median(self.delta / self.tokens, axis=0)
        limit = math.log(self.vocabulary) / 2
        return tuple(name for name, value in zip(self.languages, median, strict=True) if value > limit)


def damages(scores: pl.DataFrame, baseline: str = BASELINE) -> Iterator[Damage]:
    """Yield what each scheme does to each model.

    Args:
        scores: SCORES with the baseline and other schemes of each model.
        baseline: the scheme that others are compared with.

    Raises:
        BadArgumentError: not SCORES, without the baseline or another scheme, or with several units or methods.
    """
    tables.check("SCORES", scores)
    for name in ("unit", "method"):
        if scores[name].n_unique() > 1:
            given = ", ".join(scores[name].unique().sort())
            raise BadArgumentError(f"scores of several {name}s ({given}) cannot be compared: filter the table")
    for (model,), part in scores.partition_by("model", as_dict=True, maintain_order=True).items():
        schemes = part["scheme"].unique().sort().to_list()
        if baseline not in schemes or len(schemes) < 2:
            raise BadArgumentError(
                f"{model} was scored under {', '.join(schemes)}: score it under {baseline} and another scheme"
            )
        for scheme in schemes:
            if scheme != baseline:
                yield _damage(str(model), scheme, part, baseline)


def _damage(model: str, scheme: str, part: pl.DataFrame, baseline: str) -> Damage:
    keys = ["language", "item"]
    before = part.filter(scheme=baseline).select(*keys, "bytes", "tokens", "vocabulary", before="nll")
    after = part.filter(scheme=scheme).select(*keys, after="nll")
    both = before.join(after, on=keys, how="full", coalesce=True)
    both = both.with_columns(delta=pl.col("after") - pl.col("before"))
    languages = both["language"].unique().sort().to_list()
    known = both.filter(pl.col("delta").is_not_null())
    whole = known.group_by("item").len().filter(pl.col("len") == len(languages))["item"]
    if whole.is_empty():
        raise BadArgumentError(
            f"no item of {model} has a score in each of {', '.join(languages)} under {scheme} and {baseline}: choose "
            "languages that share items"
        )
    kept = known.filter(pl.col("item").is_in(whole.to_list())).sort("item", "language")
    shape = (len(whole), len(languages))
    delta, sizes, tokens = (
        kept[name].cast(pl.Float64).to_numpy().reshape(shape) for name in ("delta", "bytes", "tokens")
    )
    left_out = both["item"].n_unique() - len(whole)
    return Damage(model, scheme, tuple(languages), delta, sizes, tokens, left_out, kept["vocabulary"][0])


@typed
def degradation(scores: pl.DataFrame, *, baseline: str = BASELINE) -> pl.DataFrame:
    """Return what each scheme costs each language.

    Args:
        scores: SCORES with the baseline and other schemes of each model.
        baseline: the scheme that others are compared with.

    Returns:
        model, scheme, language, n (items that count), left_out, delta (nats an item), delta_byte (nats a byte),
        relative (Σ after / Σ before - 1), bits_byte (of the baseline), tokens_byte, premium (tokens over those of
        English on the same items; null without English) and destroyed.

    Raises:
        BadArgumentError: not SCORES, without the baseline, or languages that share no item.

    Example:
        >>> from glotgap.quant import evaluate, tiny
        >>> scores = evaluate(tiny.model(steps=2), languages=["eng", "heb"], limit=4, schemes=["fp", "rtn2"])
        >>> degradation(scores).select("scheme", "language", "n", "destroyed").row(0)
        ('rtn2-channel', 'eng', 4, False)
    """
    rows = [row for damage in damages(scores, baseline) for row in _rows(damage, scores, baseline)]
    return pl.DataFrame(rows, infer_schema_length=None).sort("model", "scheme", "language")


def _rows(damage: Damage, scores: pl.DataFrame, baseline: str) -> Iterator[dict[str, object]]:
    before = scores.filter(model=damage.model, scheme=baseline)
    english = damage.tokens[:, damage.languages.index("eng")].sum() if "eng" in damage.languages else None
    for at, language in enumerate(damage.languages):
        nats, size = (
            before.filter(language=language)
            .select(pl.col("nll", "bytes").filter(pl.col("nll").is_not_null()).sum())
            .row(0)
        )
        total = damage.delta[:, at].sum()
        tokens, whole = damage.tokens[:, at].sum(), damage.bytes[:, at].sum()
        yield {
            "model": damage.model,
            "scheme": damage.scheme,
            "language": language,
            "n": len(damage.delta),
            "left_out": damage.left_out,
            "delta": float(damage.delta[:, at].mean()),
            "delta_byte": float(total / whole),
            "bits_byte": nats / size / math.log(2),
            "tokens_byte": float(tokens / whole),
            "premium": None if english is None else float(tokens / english),
            "destroyed": language in damage.destroyed,
        }
