"""The reference language: which one is meant, and whether a text is a translation of its text."""

import re
from collections.abc import Iterable, Mapping

from glotgap._errors import BadArgumentError

__all__ = ["resolve", "resource_of"]

_SUBTAG = re.compile("[-_]")


def resolve(reference: str, languages: Iterable[str]) -> str:
    """Return the language that `reference` names: itself, or the only one that refines it, as eng-US refines eng.

    Raises:
        BadArgumentError: there is none, or more than one.

    Example:
        >>> resolve("eng", ["deu", "eng_Latn"])
        'eng_Latn'
    """
    present = sorted(set(languages))
    if reference in present:
        return reference
    refined = [name for name in present if re.match(f"{re.escape(reference)}[-_]", name)]
    if len(refined) == 1:
        return refined[0]
    if refined:
        raise BadArgumentError(f"reference {reference!r} may be {' or '.join(refined)}: say which")
    shown = ", ".join(present[:12]) + (f" and {len(present) - 12} more" if len(present) > 12 else "")
    raise BadArgumentError(f"reference {reference!r} was not counted: choose one of {shown}, or None for no premiums")


def resource_of(language: str, resources: Mapping[str, str]) -> str | None:
    """Return the resource level of a language: its own, or that of the language it refines.

    Example:
        >>> resource_of("eng-US", {"eng": "high"}), resource_of("deu", {"eng": "high"})
        ('high', None)
    """
    return resources.get(language, resources.get(_SUBTAG.split(language)[0]))
