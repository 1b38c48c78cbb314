"""One scheme on one model: rewrite, score what has no score yet, put back."""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from glotgap import __version__, tables
from glotgap.quant.cache import Cache
from glotgap.quant.calibration import Calibration
from glotgap.quant.items import Item
from glotgap.quant.libraries import LIBRARIES, version
from glotgap.quant.models import Subject
from glotgap.quant.quantizing import quantized
from glotgap.quant.scheme import Scheme
from glotgap.quant.scoring import Encoded, Scored, Scorer

__all__ = ["Part", "Run", "parts"]

_PORTION: Final = 4
"""Batches whose scores are kept together: what a run that is killed loses."""


@dataclass(frozen=True)
class Part:
    """Items that one rewriting of the weights serves.

    Attributes:
        scheme: how the weights are rewritten.
        language: whom for; None for all.
        items: what is scored.
    """

    scheme: Scheme
    language: str | None
    items: Sequence[Item]


def parts(schemes: Sequence[Scheme], items: Sequence[Item]) -> Iterator[Part]:
    """Return the work, scheme by scheme; those that serve languages one by one have a part for each."""
    languages = sorted({item.language for item in items})
    for scheme in dict.fromkeys(schemes):
        if not scheme.is_per_language:
            yield Part(scheme, None, items)
            continue
        for language in languages:
            yield Part(scheme, language, [item for item in items if item.language == language])


@dataclass
class Run:
    """What all parts share.

    Attributes:
        subject: the model.
        scorer: what scores it.
        data: what schemes are calibrated on.
        kept: scores made before.
        progress: told texts done and texts in all.
        total: texts in all.
        done: texts done.
    """

    subject: Subject
    scorer: Scorer
    data: Calibration
    kept: Cache
    progress: Callable[[int, int], object] | None
    total: int
    done: int = 0

    def of(self, part: Part) -> tuple[list[Scored], pl.DataFrame]:
        """Return the scores of a part in its order, and AUDITS of its scheme: made, or kept from before."""
        run = self.kept.run(self._asked(part))
        texts = [item.encoded for item in part.items]
        known = self.kept.known(run, texts)
        missing = [text for text, score in zip(texts, known, strict=True) if score is None]
        self._tell(len(texts) - len(missing))
        if missing or self.kept.audit(run) is None:
            self._make(run, part, missing)
            known = self.kept.known(run, texts)
        scores = [score for score in known if score is not None]
        return scores, _audits(self.kept.audit(run) or "[]", self.subject)

    def _make(self, run: str, part: Part, missing: Sequence[Encoded]) -> None:
        context = self.data.context(self.subject, self.scorer, part.scheme, part.language)
        with quantized(self.subject.model, part.scheme, context=context) as audit:
            self.kept.keep_audit(run, audit.table.write_json())
            for portion in _portions(missing, self.scorer.batch_tokens * _PORTION):
                alone = part.scheme.activation_bits is not None and part.scheme.activations_by == "tensor"
                self.kept.keep(run, portion, self.scorer.score(portion, alone=alone))
                self._tell(len(portion))

    def _asked(self, part: Part) -> dict[str, Any]:
        """Return all that decides a score, but for rounding."""
        scorer = self.scorer
        asked: dict[str, Any] = {"model": self.subject.digest, "scheme": str(part.scheme)}
        reading = {"length": scorer.length, "context": scorer.context, "start": list(scorer.before)}
        data = {"language": part.language, "calibration": self.data.digest(part.scheme)}
        asked |= reading | data | {"method": scorer.method, "device": self.subject.model.device.type}
        return asked | _ends(scorer) | _made(part.scheme)

    def _tell(self, count: int) -> None:
        self.done += count
        if self.progress is not None:
            self.progress(self.done, self.total)


def _portions(texts: Sequence[Encoded], tokens: int) -> Iterator[list[Encoded]]:
    """Cut texts into runs of about so many tokens."""
    portion: list[Encoded] = []
    size = 0
    for text in texts:
        portion.append(text)
        size += len(text.ids)
        if size >= tokens:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


def _ends(scorer: Scorer) -> dict[str, Any]:
    """Return what else stands around texts of masked models."""
    return {"end": list(scorer.after), "mask": scorer.mask} if scorer.is_masked else {}


def _made(scheme: Scheme) -> dict[str, Any]:
    """Return whose version decides which values a scheme makes: its library's, or this package's."""
    if scheme.method in LIBRARIES:
        return {"library": version(scheme.method)}
    return {} if scheme.method == "fp" else {"glotgap": __version__}


def _audits(kept: str, of: Subject) -> pl.DataFrame:
    """Return AUDITS that were kept, under the name that the model has now."""
    found = pl.read_json(io.StringIO(kept), schema=tables.AUDITS.schema())
    return found.with_columns(model=pl.lit(of.name), reference=pl.lit(of.reference))
