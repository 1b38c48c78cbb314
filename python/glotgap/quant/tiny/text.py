"""What the tiny model reads: the package's own sentences, of which the last 16 are never trained on."""

from dataclasses import replace

from glotgap.quant.parallel import Parallel, parallel

__all__ = ["held_out", "lines", "trained_on"]

_HELD_OUT = 16


def trained_on() -> Parallel:
    """Return the 32 sentences in 21 languages that tokenizer and model are trained on.

    Example:
        >>> len(trained_on().ids), len(trained_on().languages)
        (32, 21)
    """
    return _part(0, -_HELD_OUT)


def held_out() -> Parallel:
    """Return the last 16 sentences, in the same languages: those to evaluate a tiny model with.

    Example:
        >>> set(held_out().ids) & set(trained_on().ids)
        set()
    """
    return _part(-_HELD_OUT, None)


def lines(text: Parallel) -> list[str]:
    """Return the texts, language by language for each item."""
    return [item for items in zip(*text.texts.values(), strict=True) for item in items if item is not None]


def _part(start: int, stop: int | None) -> Parallel:
    whole = parallel()
    texts = {language: items[start:stop] for language, items in whole.texts.items()}
    return replace(whole, ids=whole.ids[start:stop], texts=texts)
