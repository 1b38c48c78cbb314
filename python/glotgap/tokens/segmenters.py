"""How words are found: by name, or by a callable."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from glotgap._errors import BadArgumentError

__all__ = ["SEGMENTERS", "Cut", "Letters", "Segmenter", "add_letters"]

SEGMENTERS: Final = ("icu", "unicode", "whitespace", "conllu", "none")
"""Ways of finding words; see docs/tokens.md."""

Cut: TypeAlias = Callable[[str], Iterable[str | tuple[int, int]]]
"""Gives the words of a text, in order: the words themselves, or (start, end) in characters."""

Letters: TypeAlias = dict[str, Sequence[int]]
"""By language, where white space makes words: how many letters there are, and how many of scripts without spaces."""


def add_letters(letters: Letters, others: Mapping[str, Sequence[int]]) -> None:
    """Add the letters of another part."""
    for language, pair in others.items():
        letters[language] = [one + other for one, other in zip(letters.get(language, (0, 0)), pair, strict=True)]


@dataclass(frozen=True, slots=True)
class Segmenter:
    """A way of finding words.

    Attributes:
        name: what rides in the table: one of SEGMENTERS, or "callable:module.name", with "@version" if one was given.
        cut: the callable; None for those of the core.
        allow_unspaced: whether "whitespace" may be used on scripts without spaces.
    """

    name: str
    cut: Cut | None
    allow_unspaced: bool

    @classmethod
    def of(cls, words: str | Cut, version: str | None, *, allow_unspaced: bool) -> "Segmenter":
        """Return the segmenter that `words` means.

        Raises:
            BadArgumentError: there is none of this name, or a version was given of one of ours.
        """
        if callable(words):
            return cls(_name(words) + (f"@{version}" if version else ""), words, allow_unspaced)
        if words not in SEGMENTERS:
            raise BadArgumentError(f"words is {words!r}: give {', '.join(SEGMENTERS)}, or a callable")
        if version is not None:
            raise BadArgumentError(f"words_version is {version!r}: only a callable needs one; ours are in the metadata")
        return cls(words, None, allow_unspaced)

    @property
    def asked(self) -> dict[str, Any]:
        """What the core is asked."""
        return {"words": "callable" if self.cut else self.name, "cut": self.cut}

    def check(self, letters: Mapping[str, Sequence[int]]) -> None:
        """Refuse white space where most letters of a language are of scripts that put none between words.

        Args:
            letters: by language, how many letters there are, and how many of them are of such scripts.

        Raises:
            BadArgumentError: says which language, and how to insist.
        """
        for language, (all_, unspaced) in sorted(letters.items()):
            if not self.allow_unspaced and 2 * unspaced > all_:
                share = 100 * unspaced / all_
                raise BadArgumentError(
                    f"words='whitespace' finds no words in {language}: {share:.0f} % of its letters are of scripts "
                    "without spaces between words; use icu, or insist with allow_unspaced=True (--allow-unspaced)"
                )


def _name(words: Cut) -> str:
    owner = words if hasattr(words, "__qualname__") else type(words)
    module = getattr(words, "__module__", None) or type(getattr(words, "__self__", words)).__module__
    return f"callable:{module}.{owner.__qualname__}"
