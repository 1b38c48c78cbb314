"""Which scripts a language is written in: by its tag, or by most of its letters."""

from collections.abc import Mapping
from typing import Final

__all__ = ["expected"]

_TOGETHER: Final[Mapping[str, frozenset[str]]] = {
    "Jpan": frozenset({"Hani", "Hira", "Kana"}),
    "Hrkt": frozenset({"Hira", "Kana"}),
    "Kore": frozenset({"Hang", "Hani"}),
    "Hanb": frozenset({"Bopo", "Hani"}),
    "Hans": frozenset({"Bopo", "Hani"}),
    "Hant": frozenset({"Bopo", "Hani"}),
    "Aran": frozenset({"Arab"}),
    "Cyrs": frozenset({"Cyrl"}),
    "Latf": frozenset({"Latn"}),
    "Latg": frozenset({"Latn"}),
    "Syre": frozenset({"Syrc"}),
    "Syrj": frozenset({"Syrc"}),
    "Syrn": frozenset({"Syrc"}),
}
"""Codes of ISO 15924 for several scripts of Unicode, and for variants of one."""

_LANGUAGES: Final = {"ja": "Jpan", "jpn": "Jpan", "ko": "Kore", "kor": "Kore"}
"""Languages that mix scripts in every sentence."""

_MAIN: Final = {"Hira": "Jpan", "Kana": "Jpan", "Hang": "Kore", "Hani": "Hanb"}
"""What a script that is seldom alone is part of."""


def expected(group: str, letters: Mapping[str, int]) -> tuple[frozenset[str], str]:
    """Return the scripts that a language is written in, and how they are known.

    Args:
        group: the language's tag, as "srp_Cyrl", "aze-Latn" or "lao".
        letters: how many letters of each script its text has, at least one.

    Example:
        >>> expected("srp_Cyrl", {"Latn": 9}), expected("lao", {"Laoo": 9, "Latn": 2})[1]
        ((frozenset({'Cyrl'}), 'Cyrl by its tag'), 'Laoo by most of its letters')
    """
    language, *subtags = group.replace("_", "-").split("-")
    tagged = next((tag.title() for tag in subtags if len(tag) == 4 and tag.isalpha()), None)
    if tagged is not None:
        return _scripts(tagged), f"{tagged} by its tag"
    if language in _LANGUAGES:
        return _scripts(_LANGUAGES[language]), f"{_LANGUAGES[language]} by its tag"
    most = min(letters, key=lambda script: (-letters[script], script))
    return _scripts(_MAIN.get(most, most)), f"{_MAIN.get(most, most)} by most of its letters"


def _scripts(code: str) -> frozenset[str]:
    return _TOGETHER.get(code, frozenset({code}))
