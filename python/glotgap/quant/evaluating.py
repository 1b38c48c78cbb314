"""Scores of a model on parallel text, under schemes of quantization: the table SCORES.

For each scheme the weights are rewritten in place, all texts that have no score yet are scored (`scoring`), and every
bit is put back. Texts of all languages share batches, in the order of their lengths. What a scheme did to the weights
is the table AUDITS. Schemes that look at data (LA-ACIQ, GPTQ, auto-round) are given calibration text, which must be
other text than what is scored.

Scores that were made before are taken from the cache: the same bits of weights, the same tokens, the same scheme, data
type and windows make the same score, but for rounding.
"""

import json
import os
import platform
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
import torch
import transformers

from glotgap import __version__, tables
from glotgap._arguments import typed
from glotgap._errors import BadArgumentError
from glotgap.quant.cache import Cache
from glotgap.quant.calibration import Calibration
from glotgap.quant.items import Item, items
from glotgap.quant.libraries import LIBRARIES, library, version
from glotgap.quant.models import subject
from glotgap.quant.parallel import Parallel, parallel
from glotgap.quant.running import Part, Run, parts
from glotgap.quant.scheme import Scheme
from glotgap.quant.scoring import Scored, Scorer

__all__ = ["Evaluation", "evaluate", "evaluation"]

UNITS: Final = ("sentence", "document")


@dataclass(frozen=True)
class Evaluation:
    """What a model scored, and how.

    Attributes:
        scores: SCORES.
        audits: AUDITS: what each scheme did to each weight.
        metadata: versions, arguments and digests, for the file of the table.
    """

    scores: pl.DataFrame
    audits: pl.DataFrame
    metadata: dict[str, str]


@typed
def evaluate(
    model: Any,
    tokenizer: Any = None,
    corpus: Any = None,
    *,
    schemes: str | Scheme | Sequence[str | Scheme] = ("fp",),
    languages: Iterable[str] | None = None,
    limit: int | None = None,
    calibration: Any = None,
    batch_tokens: int = 2048,
    device: str = "auto",
    cache: str | os.PathLike[str] | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> pl.DataFrame:
    """Return SCORES: nats of each item in each language under each scheme.

    Arguments and errors are those of `evaluation`, which has more of them, and tells what the schemes did.

    Example:
        >>> from glotgap.quant import tiny
        >>> scores = evaluate(tiny.model(steps=2), languages=["eng", "heb"], limit=2)
        >>> scores.select("scheme", "language", "item", "bytes").row(0)
        ('fp', 'eng', '1', 71)
    """
    return evaluation(
        model,
        tokenizer,
        corpus,
        schemes=schemes,
        languages=languages,
        limit=limit,
        calibration=calibration,
        batch_tokens=batch_tokens,
        device=device,
        cache=cache,
        progress=progress,
    ).scores


@typed
def evaluation(
    model: Any,
    tokenizer: Any = None,
    corpus: Any = None,
    *,
    schemes: str | Scheme | Sequence[str | Scheme] = ("fp",),
    languages: Iterable[str] | None = None,
    limit: int | None = None,
    unit: str = "sentence",
    calibration: Any = None,
    batch_tokens: int = 2048,
    length: int | None = None,
    context: int = 1,
    dtype: str = "float32",
    device: str = "auto",
    name: str | None = None,
    reference: str | None = None,
    cache: str | os.PathLike[str] | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Evaluation:
    """Score a model on parallel text under each scheme.

    Args:
        model: causal or masked language model: an object of transformers, a directory, a GGUF file or a Hub id.
        tokenizer: the same; None for the one that lies with the model.
        corpus: what `parallel` takes; None for the package's own sentences.
        schemes: spellings of `Scheme`; "fp" is the model as it is.
        languages: these only; all by default.
        limit: the first so many items.
        unit: what an item is: "sentence" or "document".
        calibration: parallel text for schemes that look at data; text that is scored is refused.
        batch_tokens: tokens, padding included, that the model reads at once; halved where memory does not hold them.
        length: the most tokens of a window; the model's own by default.
        context: tokens before those scored in all windows of a long text but the first.
        dtype: type that a model from a path is loaded in.
        device: "auto", or as torch names it.
        name: how tables call the model.
        reference: what its weights are before any scheme, where an object does not tell.
        cache: file that keeps scores, to go on from; None for none.
        progress: called with texts scored and texts in all.

    Raises:
        BadArgumentError: an argument is wrong, model and tokenizer do not belong together, a scheme changes nothing, or
            text is scored that a scheme was calibrated on.
        BadFileError: a file cannot be read.
        UnsupportedError: a library is absent, or memory does not hold one text.

    Example:
        >>> from glotgap.quant import tiny
        >>> found = evaluation(tiny.model(steps=2), languages=["eng"], limit=2, schemes=["fp", "rtn4-g64"])
        >>> found.scores["scheme"].unique().sort().to_list()
        ['fp', 'rtn4-g64']
    """
    if unit not in UNITS:
        raise BadArgumentError(f"unit is {unit!r}: give sentence or document")
    if batch_tokens < 1:
        raise BadArgumentError(f"batch_tokens is {batch_tokens}: give at least 1")
    asked = _schemes(schemes)
    text = parallel(corpus, languages=languages, limit=limit)
    data = Calibration.of(calibration, asked, text)
    with Cache.open(cache) as kept:
        of = subject(model, tokenizer, name=name, reference=reference, dtype=dtype, device=device)
        scorer = Scorer(of.model, of.tokenizer, batch_tokens=batch_tokens, length=length, context=context)
        work = list(parts(asked, items(scorer, text)))
        run = Run(of, scorer, data, kept, progress, sum(len(part.items) for part in work))
        done = [(part, *run.of(part)) for part in work]
    shared: dict[str, Any] = {"model": of.name, "unit": unit, "method": scorer.method, "reference": of.reference}
    shared |= {"vocabulary": scorer.vocabulary}
    rows = [_row(item, score, part) | shared for part, scores, _ in done for item, score in _pairs(part, scores)]
    arguments = {"schemes": list(map(str, asked)), "length": scorer.length, "context": context, "limit": limit}
    more = {"batch_tokens": batch_tokens, "dtype": str(of.model.dtype), "device": str(of.model.device)}
    digests = {"model": of.digest, "corpus": text.digest, "calibration": data.text.digest if data.text else None}
    return Evaluation(
        tables.sort("SCORES", pl.DataFrame(rows, schema=tables.SCORES.schema())),
        tables.sort("AUDITS", pl.concat([audits for _, _, audits in done])),
        _metadata(arguments | more, digests, text, asked) | {"reference": of.reference},
    )


def _schemes(given: str | Scheme | Sequence[str | Scheme]) -> list[Scheme]:
    """Return schemes, each once; a library that is absent is named now, before any work."""
    listed = [given] if isinstance(given, str | Scheme) else given
    asked = list(dict.fromkeys(one if isinstance(one, Scheme) else Scheme.parse(one) for one in listed))
    if not asked:
        raise BadArgumentError("schemes is empty: name at least one; fp is the model as it is")
    for method in {scheme.method for scheme in asked} & set(LIBRARIES):
        if version(method) is None:
            library(method)  # which says how it is installed
    return asked


def _pairs(part: Part, scores: Sequence[Scored]) -> Iterator[tuple[Item, Scored]]:
    return zip(part.items, scores, strict=True)


def _row(item: Item, score: Scored, part: Part) -> dict[str, Any]:
    of_text = {"language": item.language, "item": item.id, "bytes": item.bytes, "words": item.words}
    of_tokens = {"tokens": len(item.encoded.ids), "unk": item.encoded.unk, "fallback": item.encoded.fallback}
    return of_text | of_tokens | {"scheme": str(part.scheme), "nll": score.nll, "nonfinite": score.nonfinite}


def _metadata(
    arguments: dict[str, Any], digests: dict[str, str | None], text: Parallel, asked: Sequence[Scheme]
) -> dict[str, str]:
    methods = sorted({scheme.method for scheme in asked} & set(LIBRARIES))
    versions = {LIBRARIES[method].distribution: version(method) for method in methods} | {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }
    return {
        "glotgap": __version__,
        "corpus": text.source,
        "skipped": json.dumps(text.skipped),
        "arguments": json.dumps(arguments),
        "digests": json.dumps(digests),
        "versions": json.dumps(versions),
    }
