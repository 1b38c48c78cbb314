"""What is asked of a scan."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glotgap.tokens.progress import Watcher
from glotgap.tokens.segmenters import Segmenter
from glotgap.tokens.tokenizer import Tokenizer

__all__ = ["Wanted"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a scan, checked.

    Attributes:
        tokenizers: the tokenizers, with different names.
        reading: how documents are read, as the core has it.
        segmenter: how words are found.
        memory: bytes.
        verify: documents that the reference counts again.
        threads: how many; None for all cores.
        per: "language" or "document".
        out: where documents are written as they are counted; None for memory.
        name: what the source is called in the table; None for its paths.
        progress: what is told how far the scan is.
    """

    tokenizers: list[Tokenizer]
    reading: dict[str, Any]
    segmenter: Segmenter
    memory: int
    verify: int
    threads: int | None
    per: str
    out: Path | None
    name: str | None
    progress: Watcher | None

    @property
    def counting(self) -> dict[str, Any]:
        """What the core is asked, but for progress."""
        return {
            "tokenizers": [tokenizer.compiled for tokenizer in self.tokenizers],
            **self.segmenter.asked,
            "memory": self.memory,
            "verify": self.verify,
            "threads": self.threads,
        }

    @property
    def arguments(self) -> dict[str, Any]:
        """What decides the counts, beside sources and tokenizers."""
        return {**self.reading, "words": self.segmenter.name, "per": self.per}

    @property
    def names(self) -> list[str]:
        """The names of the tokenizers."""
        return [tokenizer.name for tokenizer in self.tokenizers]
