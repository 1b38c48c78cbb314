"""Text that schemes look at before they round: other text than what is scored, and as much of it in each language.

Languages are matched by bytes of UTF-8 (items at the end of the longer ones are left out). Where an item of the
calibration text is also scored, that is refused: a scheme would have seen what it is judged by.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

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


@dataclass(frozen=True)
class Calibration:
    """Calibration text.

    Attributes:
        text: matched in bytes; None where no scheme looks at data.
    """

    text: Parallel | None
    _profiles: dict[str, Profile] = field(default_factory=dict)

    @classmethod
    def of(cls, given: Any, schemes: Sequence[Scheme], scored: Parallel) -> "Calibration":
        """Return calibration text for `schemes`.

        Args:
            given: parallel text, or what `parallel` takes.
            schemes: those that will ask for it.
            scored: text that will be scored.

        Raises:
            BadArgumentError: a scheme looks at data and there is none, or text of it is scored too.
        """
        if given is None:
            if needy := [str(scheme) for scheme in schemes if scheme.needs_data]:
                raise BadArgumentError(f"{', '.join(needy)} look at data: give calibration, other text than the corpus")
            return cls(None)
        text = parallel(given)
        seen = {item for items in text.texts.values() for item in items if item}
        if again := next((item for items in scored.texts.values() for item in items if item in seen), None):
            raise BadArgumentError(f"calibration holds text that is scored, such as {again!r:.60}: give other items")
        return cls(text.matched())

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that there is calibration text of."""
        return self.text.languages if self.text is not None else ()

    def digest(self, scheme: Scheme) -> str | None:
        """Return a digest of the text that a scheme looks at; None if it looks at none."""
        return self._text(scheme).digest if scheme.needs_data else None

    def context(self, of: Subject, scorer: Scorer, scheme: Scheme, language: str | None) -> Context:
        """Return what a scheme is given besides the model, which is read as it is: call it before weights change."""
        if not scheme.needs_data:
            return Context(language=language, tokenizer=of.tokenizer)
        text = self._text(scheme)
        if scheme.method == "la":
            return Context(self._profile(of, scorer, text), language, tokenizer=of.tokenizer)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", GlotgapWarning)  # items left out to match bytes are meant
            texts = items(scorer, text)
        return Context(None, language, [(*scorer.before, *item.encoded.ids) for item in texts], of.tokenizer)

    def _text(self, scheme: Scheme) -> Parallel:
        if self.text is None:
            raise BadArgumentError(f"scheme {scheme} looks at data: give calibration, other text than the corpus")
        if not scheme.calibrated_on:
            return self.text
        return self.text.chosen(scheme.calibrated_on)

    def _profile(self, of: Subject, scorer: Scorer, text: Parallel) -> Profile:
        key = f"{of.digest} {text.digest}"
        if key not in self._profiles:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", GlotgapWarning)
                read = items(scorer, text)
            self._profiles[key] = profiled(of, scorer, read, {id_: at for at, id_ in enumerate(text.ids)})
        return self._profiles[key]
