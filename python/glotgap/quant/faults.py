"""What is wrong with parallel text before a model is run on it.

A language that lacks items, or has them empty, is scored on other content than its neighbours; an item twice counts
twice; characters that were lost before (U+FFFD) or code points that are not in normal form C make tokens that clean
text does not have.
"""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from glotgap.quant.parallel import Parallel

__all__ = ["Fault", "faults"]


@dataclass(frozen=True)
class Fault:
    """One kind of fault in one language.

    Attributes:
        language: whose text.
        kind: "missing", "empty", "duplicate", "replacement character" or "not NFC".
        items: how many items have it.
        first: the id of the first.
    """

    language: str
    kind: str
    items: int
    first: str


def faults(text: Parallel) -> list[Fault]:
    """Return what was found, by language and kind; nothing, if all is well.

    Example:
        >>> import polars as pl
        >>> from glotgap.quant import parallel
        >>> rows = pl.DataFrame({"id": [1, 2, 1], "language": ["heb", "heb", "arb"], "text": ["שלום", "", "سلام"]})
        >>> [(fault.language, fault.kind, fault.first) for fault in faults(parallel(rows))]
        [('arb', 'missing', '2'), ('heb', 'empty', '2')]
    """
    return [fault for language, items in text.texts.items() for fault in _of_language(language, text.ids, items)]


def _of_language(language: str, ids: Sequence[str], items: Sequence[str | None]) -> Iterator[Fault]:
    seen: set[str] = set()

    def is_again(item: str | None) -> bool:
        if not item:
            return False
        is_known = item in seen
        seen.add(item)
        return is_known

    for kind, is_faulty in {**_KINDS, "duplicate": is_again}.items():
        found = [name for name, item in zip(ids, items, strict=True) if is_faulty(item)]
        if found:
            yield Fault(language, kind, len(found), found[0])


_KINDS: Final[dict[str, Callable[[str | None], bool]]] = {
    "missing": lambda item: item is None,
    "empty": lambda item: item is not None and not item.strip(),
    "replacement character": lambda item: item is not None and "\N{REPLACEMENT CHARACTER}" in item,
    "not NFC": lambda item: item is not None and not unicodedata.is_normalized("NFC", item),
}
