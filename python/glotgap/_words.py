"""Words of texts, for rooms that count something by the word: see `glotgap_core::tokens::words`."""

from collections.abc import Iterable
from typing import Any

from glotgap import _core
from glotgap._arguments import is_text
from glotgap._errors import BadArgumentError

__all__ = ["count_words"]


def count_words(texts: Iterable[str]) -> list[int]:
    """Return how many words each text has, as "icu" finds them: UAX #29, with dictionaries for scripts without spaces.

    Raises:
        BadArgumentError: a text is no string, or holds half surrogate pairs.

    Example:
        >>> count_words(["two words", "我们学习语言。"])
        [2, 3]
    """
    given: list[Any] = list(texts)
    if isinstance(texts, str) or not all(isinstance(text, str) and is_text(text) for text in given):
        raise BadArgumentError("texts are a string, or not all strings of whole characters: give a list of such")
    return _core.count_words(given)
