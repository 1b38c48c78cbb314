"""The items of a corpus that a model is to score: their tokens, and what is odd about them before it runs."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from glotgap._arguments import is_text
from glotgap._errors import BadArgumentError, GlotgapWarning
from glotgap._words import count_words
from glotgap.quant.faults import faults
from glotgap.quant.parallel import Parallel
from glotgap.quant.scoring import Encoded, Scorer

__all__ = ["Item", "items"]

_MANY: Final = 0.01
"""Share of unknown tokens above which a language's scores say little: they hide the text."""

_MANY_BYTES: Final = 0.1
"""Share of single bytes above which a tokenizer hardly knows a language."""


@dataclass(frozen=True)
class Item:
    """One text in one language.

    Attributes:
        language: its language.
        id: what aligned languages share.
        bytes: of its UTF-8.
        words: in it.
        encoded: its tokens.
    """

    language: str
    id: str
    bytes: int
    words: int
    encoded: Encoded


def items(scorer: Scorer, text: Parallel, *, has_gaps: bool = False) -> list[Item]:
    """Return all items that there are, the shortest first, and warn of what is odd about them.

    Missing and empty texts are no items.

    Args:
        scorer: whose tokens they get.
        text: parallel text.
        has_gaps: missing texts are meant, as where languages are matched in bytes.

    Raises:
        BadArgumentError: there is no text at all.
    """
    found = [item for language in text.languages for item in _of_language(scorer, text, language)]
    if not found:
        raise BadArgumentError(f"{text.source} has no text in {', '.join(text.languages)}: nothing can be scored")
    if odd := [*_odd_text(text, has_gaps=has_gaps), *_odd_tokens(found)]:
        warnings.warn(f"text of {text.source}: {'; '.join(odd)}", GlotgapWarning, stacklevel=3)
    return sorted(found, key=lambda item: len(item.encoded.ids))


def _of_language(scorer: Scorer, text: Parallel, language: str) -> list[Item]:
    there = [(id_, item) for id_, item in zip(text.ids, text.texts[language], strict=True) if item and item.strip()]
    if broken := next((id_ for id_, item in there if not is_text(item)), None):
        raise BadArgumentError(f"item {broken} in {language} holds half surrogate pairs, which no UTF-8 has: repair it")
    encoded = scorer.encode([item for _, item in there])
    words = count_words([item for _, item in there])
    return [
        Item(language, id_, len(item.encode()), count, ids)
        for (id_, item), count, ids in zip(there, words, encoded, strict=True)
    ]


def _odd_text(text: Parallel, *, has_gaps: bool) -> list[str]:
    found = [fault for fault in faults(text) if not (has_gaps and fault.kind == "missing")]
    return [f"{fault.language}: {fault.items} {fault.kind} (first {fault.first})" for fault in found]


def _odd_tokens(found: Sequence[Item]) -> Iterator[str]:
    for language in sorted({item.language for item in found}):
        encoded = [item.encoded for item in found if item.language == language]
        tokens = sum(len(text.ids) for text in encoded)
        unknown, single = sum(text.unk for text in encoded), sum(text.fallback for text in encoded)
        if unknown > _MANY * tokens:
            yield f"{language}: {100 * unknown / tokens:.1f} % of tokens are unknown"
        if single > _MANY_BYTES * tokens:
            yield f"{language}: {100 * single / tokens:.1f} % of tokens are single bytes"
        if empty := sum(not text.ids for text in encoded):
            yield f"{language}: {empty} without a token, which have no score"
