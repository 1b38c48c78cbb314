"""What quantization costs each language: D(λ), mean nats under a scheme less those of the model as it is.

Items are compared in pairs, the same text with and without the scheme, and languages on the same items: those that have
a score in every language, under the scheme and without it. Per item, nats of aligned sentences compare across languages
and tokenizers; per byte, sums of nats over sums of bytes do. Perplexities per token do neither, and so are not here.

A scheme that *destroys* the model in a language (median ΔNLL per token above half of ln(vocabulary), where the uniform
guess is at ln(vocabulary)) is marked: its D measures how a broken model babbles, not what was lost. Items whose score
is no longer finite have no D, but count there, as lost without bound.

Limits: a language that the model hardly knows has little to lose. Where fp is above half of ln(vocabulary) a token
already, even a uniform guess is not marked.
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
        items: their ids, in alphabetical order.
        before: nats without the scheme: items × languages.
        delta: nats: items × languages.
        bytes: items × languages.
        tokens: items × languages.
        words: items × languages; NaN where they were not counted.
        reference: what its weights were before any scheme.
        left_out: items without a score in some language, with or without the scheme.
        destroyed: the languages in which the model is.
    """

    model: str
    scheme: str
    languages: tuple[str, ...]
    items: tuple[str, ...]
    before: NDArray[np.float64]
    delta: NDArray[np.float64]
    bytes: NDArray[np.float64]
    tokens: NDArray[np.float64]
    words: NDArray[np.float64]
    reference: str
    left_out: int
    destroyed: tuple[str, ...]

    @property
    def caution(self) -> str:
        """What questions about it say of a model that had been quantized before; nothing of others."""
        return ", of a model that is dequantized from GGUF" if self.reference.startswith("dequantized") else ""

    def loss(self, per: str) -> NDArray[np.float64]:
        """Return items × languages whose means over items are nats an item, or nats a byte: a ratio of sums."""
        if per == "item" or not self.items:
            return self.delta
        found: NDArray[np.float64] = self.delta / self.bytes.mean(axis=0)
        return found


def damages(scores: pl.DataFrame, baseline: str = BASELINE) -> Iterator[Damage]:
    """Yield what each scheme does to each model.

    Args:
        scores: SCORES with the baseline and other schemes of each model.
        baseline: the scheme that others are compared with.

    Raises:
        BadArgumentError: not SCORES, empty, without the baseline or another scheme, with several units or methods, or
            with several references or vocabularies of one model.
    """
    tables.check("SCORES", scores)
    if scores.is_empty():
        raise BadArgumentError("the table of scores is empty: score a model first")
    for name in ("unit", "method"):
        if scores[name].n_unique() > 1:
            given = ", ".join(scores[name].unique().sort())
            raise BadArgumentError(f"scores of several {name}s ({given}) cannot be compared: filter the table")
    for (model,), part in sorted(scores.partition_by("model", as_dict=True).items()):
        schemes = part["scheme"].unique().sort().to_list()
        _refuse_several(str(model), part)
        if baseline not in schemes or len(schemes) < 2:
            raise BadArgumentError(
                f"{model} was scored under {', '.join(schemes)}: score it under {baseline} and another scheme"
            )
        for scheme in schemes:
            if scheme != baseline:
                yield _damage(str(model), scheme, part, baseline)


def _refuse_several(model: str, part: pl.DataFrame) -> None:
    """Refuse scores of different models under one name."""
    for name in ("reference", "vocabulary"):
        if part[name].n_unique() > 1:
            given = ", ".join(map(str, part[name].unique().sort()))
            raise BadArgumentError(f"{model} has scores of several {name} ({given}): name the models apart")


def _damage(model: str, scheme: str, part: pl.DataFrame, baseline: str) -> Damage:
    keys = ["language", "item"]
    before = part.filter(scheme=baseline).select(*keys, "bytes", "tokens", "words", "vocabulary", before="nll")
    after = part.filter(scheme=scheme).select(*keys, after="nll")
    languages = sorted(set(before["language"]) | set(after["language"]))
    count = len(set(before["item"]) | set(after["item"]))
    both = _in_all(before.join(after, on=keys).filter(pl.col("before").is_not_null()), len(languages))
    if both.is_empty():
        raise BadArgumentError(
            f"no item of {model} has a score in each of {', '.join(languages)} under {scheme} and {baseline}: choose "
            "languages that share items"
        )
    kept = _in_all(both.filter(pl.col("after").is_not_null()), len(languages)).sort("item", "language")
    items = kept["item"].unique().sort().to_list()
    shape = (len(items), len(languages))
    fp, quantized, size, tokens, words = (
        kept[name].cast(pl.Float64).to_numpy().reshape(shape)
        for name in ("before", "after", "bytes", "tokens", "words")
    )
    return Damage(
        model=model,
        scheme=scheme,
        languages=tuple(languages),
        items=tuple(items),
        before=fp,
        delta=quantized - fp,
        bytes=size,
        tokens=tokens,
        words=words,
        reference=str(part["reference"][0]),
        left_out=count - len(items),
        destroyed=_destroyed(both),
    )


def _in_all(rows: pl.DataFrame, languages: int) -> pl.DataFrame:
    """Return the rows of items that are there in all languages."""
    return rows.filter(pl.len().over("item") == languages)


def _destroyed(both: pl.DataFrame) -> tuple[str, ...]:
    lost = (pl.col("after") - pl.col("before")).fill_null(math.inf) / pl.col("tokens")
    limit = pl.col("vocabulary").first().log() / 2
    found = both.filter(pl.col("tokens") > 0).group_by("language").agg(is_destroyed=lost.median() > limit)
    return tuple(found.filter("is_destroyed")["language"].sort())


@typed
def degradation(scores: pl.DataFrame, *, baseline: str = BASELINE) -> pl.DataFrame:
    """Return what each scheme costs each language.

    Args:
        scores: SCORES with the baseline and other schemes of each model.
        baseline: the scheme that others are compared with.

    Returns:
        model, scheme, language, n (items that count), left_out, delta (nats an item), delta_byte (nats a byte),
        relative (Σ after / Σ before - 1), bits_byte (of the baseline), tokens_byte, fertility (tokens a word; null
        where words were not counted), premium (tokens over those of English; null without English), all of the items
        that count, destroyed, and reference (what fp is). Undefined where none counts.

    Raises:
        BadArgumentError: not SCORES, without the baseline, or languages that share no item.

    Example:
        >>> from glotgap.quant import evaluate, tiny
        >>> scores = evaluate(tiny.model(steps=2), languages=["eng", "heb"], limit=4, schemes=["fp", "rtn2"])
        >>> degradation(scores).select("scheme", "language", "n", "destroyed").row(0)
        ('rtn2-channel', 'eng', 4, False)
    """
    rows = [row for damage in damages(scores, baseline) for row in _rows(damage)]
    return pl.DataFrame(rows, infer_schema_length=None).sort("model", "scheme", "language")


def _rows(damage: Damage) -> Iterator[dict[str, object]]:
    before, lost, size, tokens, words = (
        values.sum(0) for values in (damage.before, damage.delta, damage.bytes, damage.tokens, damage.words)
    )
    english = tokens[damage.languages.index("eng")] if "eng" in damage.languages else None
    for at, language in enumerate(damage.languages):
        yield {
            "model": damage.model,
            "scheme": damage.scheme,
            "language": language,
            "n": len(damage.items),
            "left_out": damage.left_out,
            "delta": _ratio(lost[at], len(damage.items)),
            "delta_byte": _ratio(lost[at], size[at]),
            "relative": _ratio(lost[at], before[at]),
            "bits_byte": _ratio(before[at], size[at] * math.log(2)),
            "tokens_byte": _ratio(tokens[at], size[at]),
            "fertility": _ratio(tokens[at], words[at]),
            "premium": _ratio(tokens[at], english),
            "destroyed": language in damage.destroyed,
            "reference": damage.reference,
        }


def _ratio(part: float, whole: float | None) -> float | None:
    return float(part / whole) if whole and not math.isnan(whole) else None
