"""The parts a `tokenizer.json` is put together from, in the words of the `tokenizers` library."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["SPACE", "Converted", "Part", "added_token", "assemble", "replace", "sequence", "split"]

Part = dict[str, Any]
"""A normalizer, pre-tokenizer, model or decoder of a `tokenizer.json`."""

SPACE = "▁"
"""U+2581, which SentencePiece writes for a space."""


@dataclass(frozen=True, slots=True)
class Converted:
    """A tokenizer turned into a `tokenizer.json`.

    Attributes:
        document: the file as a mapping.
        notes: where its counts differ from those of the program the tokenizer was made for, one line each.
        given: the text of the file, where it was one already.
    """

    document: Part
    notes: tuple[str, ...] = ()
    given: str | None = None

    def text(self) -> str:
        """Return the text of the file."""
        if self.given is not None:
            return self.given
        return json.dumps(self.document, ensure_ascii=False, separators=(",", ":"))


def assemble(
    model: Part,
    *,
    added: Iterable[Part] = (),
    normalizer: Part | None = None,
    pre_tokenizer: Part | None = None,
    decoder: Part | None = None,
) -> Part:
    """Return the whole file: no truncation, no padding, no post-processor."""
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": sorted(added, key=lambda token: token["id"]),
        "normalizer": normalizer,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": None,
        "decoder": decoder,
        "model": model,
    }


def added_token(number: int, content: str, *, special: bool) -> Part:
    """Return a token that is cut out of the text as it was given, before normalization."""
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {"id": number, "content": content, **flags, "special": special}


def sequence(kind: str, parts: Sequence[Part]) -> Part | None:
    """Return `parts` one after another; `kind` names the list: normalizers, pretokenizers or decoders."""
    if len(parts) < 2:
        return parts[0] if parts else None
    return {"type": "Sequence", kind: list(parts)}


def replace(content: str, *, text: str | None = None, regex: str | None = None) -> Part:
    """Return a normalizer (or decoder) that writes `content` for a text or for each match of a regex."""
    pattern = {"Regex": regex} if text is None else {"String": text}
    return {"type": "Replace", "pattern": pattern, "content": content}


def split(regex: str, *, behavior: str = "Isolated", invert: bool = False) -> Part:
    """Return a pre-tokenizer that cuts at the matches of a regex (Oniguruma's syntax)."""
    return {"type": "Split", "pattern": {"Regex": regex}, "behavior": behavior, "invert": invert}
