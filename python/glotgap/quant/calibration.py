"""Text that schemes look at before they round: other text than what is scored, and as much of it in each language.

Languages are matched by bytes of UTF-8 (items at the end of the longer ones are left out). A scheme for some of the
languages (`-cal:eng`) sees as many bytes in all as the others do, so that schemes differ in what they saw and not in
how much: give more items of such a language, which others need not have; where there are too few, a warning says so.
Where an item of the calibration text is also scored, that is refused: a scheme would have seen what it is judged by.

All languages of the calibration text count, whether they are scored or not.
"""

import unicodedata
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from glotgap._errors import BadArgumentError, GlotgapWarning
from glotgap.quant.items import items
from glotgap.quant.models import Subject
from glotgap.quant.parallel import Parallel, parallel
from glotgap.quant.profiles import Profile
from glotgap.quant.profiling import profiled
from glotgap.quant.rewriting import Context
from glotgap.quant.scheme import Scheme
from glotgap.quant.scoring import Scorer

__all__ = ["Calibration"]

_ENOUGH: Final = 0.8
"""Of the bytes that other schemes see."""


@dataclass(frozen=True)
class Calibration:
    """Calibration text.

    Attributes:
        text: matched in bytes; None where no scheme looks at data.
        given: the same before that.
    """

    text: Parallel | None
    given: Parallel | None = None
    _profiles: dict[str, Profile] = field(default_factory=dict)

    @classmethod
    def of(cls, given: Any, schemes: Sequence[Scheme], scored: Parallel) -> "Calibration":
        """Return calibration text for `schemes`.

        Args:
            given: parallel text, or what `parallel` takes; calibration text that was checked already stays as it is.
            schemes: those that will ask for it.
            scored: text that will be scored.

        Raises:
            BadArgumentError: a scheme looks at data and there is none, or text of it is scored too.
        """
        if isinstance(given, cls):
            return given
        needy = [scheme for scheme in schemes if scheme.needs_data]
        if not needy:
            return cls(None)
        if given is None:
            spelled = ", ".join(map(str, needy))
            raise BadArgumentError(f"no calibration text for {spelled}: give calibration, other text than the corpus")
        text = parallel(given)
        _refuse_seen(text, scored)
        found = cls(_matched(text), text)
        for scheme in needy:
            found._refuse_unserved(scheme, scored)
            found._tell_shortage(scheme)
        return found

    def _refuse_unserved(self, scheme: Scheme, scored: Parallel) -> None:
        """Refuse a scheme for each language by itself that would know nothing of one."""
        known = self._text(scheme).languages
        if scheme.is_per_language and (unknown := [name for name in scored.languages if name not in known]):
            raise BadArgumentError(
                f"scheme {scheme} serves languages one by one, and calibration has no text of {', '.join(unknown)}: "
                "calibrate on all that are scored"
            )

    def _tell_shortage(self, scheme: Scheme) -> None:
        """Warn where a scheme sees much less text than the others."""
        seen, others = self._text(scheme).bytes, self.text.bytes if self.text is not None else 0
        if seen < _ENOUGH * others:
            warnings.warn(
                f"{scheme} is calibrated on {seen:,} bytes, other schemes on {others:,}: give more text of "
                f"{', '.join(scheme.calibrated_on)} (items that other languages lack will do)",
                GlotgapWarning,
                stacklevel=2,
            )

    def digest(self, scheme: Scheme) -> str | None:
        """Return a digest of the text that a scheme looks at; None if it looks at none."""
        return self._text(scheme).digest if scheme.needs_data else None

    def context(self, of: Subject, scorer: Scorer, scheme: Scheme, language: str | None) -> Context:
        """Return what a scheme is given besides the model, which is read as it is: call it before weights change."""
        if not scheme.needs_data:
            return Context(language=language, tokenizer=of.tokenizer)
        text = self._text(scheme)
        if scheme.method == "la":
            return Context(self.profile(of, scorer, text), language, tokenizer=of.tokenizer)
        texts = items(scorer, text, has_gaps=True)
        size = scorer.length - len(scorer.before) - len(scorer.after)
        read = [(*scorer.before, *item.encoded.ids[:size], *scorer.after) for item in texts if item.encoded.ids]
        return Context(None, language, read, of.tokenizer)

    def _text(self, scheme: Scheme) -> Parallel:
        if self.text is None or self.given is None:
            raise BadArgumentError(f"scheme {scheme} looks at data: give calibration, other text than the corpus")
        if not scheme.calibrated_on:
            return self.text
        return self.given.chosen(scheme.calibrated_on).matched(self.text.bytes // len(scheme.calibrated_on))

    def profile(self, of: Subject, scorer: Scorer, text: Parallel) -> Profile:
        """Return the activations of a model on its calibration text, or a part of it; each is made once."""
        key = f"{of.digest} {text.digest}"
        if key not in self._profiles:
            read = items(scorer, text, has_gaps=True)
            self._profiles[key] = profiled(of, scorer, read, {id_: at for at, id_ in enumerate(text.ids)})
        return self._profiles[key]


def _refuse_seen(text: Parallel, scored: Parallel) -> None:
    seen = {_plain(item) for items in text.texts.values() for item in items if item} - {""}
    if again := next(
        (item for items in scored.texts.values() for item in items if item and _plain(item) in seen), None
    ):
        raise BadArgumentError(f"calibration holds text that is scored, such as {again[:60]!r}: give other items")


def _plain(item: str) -> str:
    """Return a text without what does not make it another."""
    return unicodedata.normalize("NFC", item).strip()


def _matched(text: Parallel) -> Parallel:
    """Return text matched in bytes, of which every language has some."""
    found = text.matched()
    if poor := [
        language for language, items in found.texts.items() if not any(item and item.strip() for item in items)
    ]:
        raise BadArgumentError(
            f"calibration text has nothing of {', '.join(poor)}, or less than an item once languages are matched in "
            "bytes: give more of it, or other languages"
        )
    return found
