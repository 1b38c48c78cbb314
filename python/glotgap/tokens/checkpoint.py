"""What a long scan has counted so far, kept in a file.

The file is a COUNTS table; its metadata say which units of the corpus are in it, what reading them came to, and what
the scan was asked for. A scan that is asked for anything else does not go on from it.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from glotgap import tables
from glotgap._errors import BadArgumentError, BadFileError
from glotgap.tokens.segmenters import Letters

__all__ = ["Checkpoint", "refuse_other", "whole"]


@dataclass(slots=True)
class Checkpoint:
    """Counts of the units done.

    Attributes:
        path: where it is kept; None for nowhere.
        asked: what the scan was asked for.
        frame: COUNTS of the units done; None before the first.
        reports: what reading each unit came to, by its id.
        verified: documents counted again by the reference.
        letters: by language, all letters and those of scripts without spaces, where white space makes words.
    """

    path: Path | None
    asked: dict[str, str]
    frame: pl.DataFrame | None = None
    reports: dict[str, str] = field(default_factory=dict)
    verified: int = 0
    letters: Letters = field(default_factory=dict)

    @classmethod
    def open(cls, path: str | os.PathLike[str] | None, asked: dict[str, str]) -> "Checkpoint":
        """Return what is kept at `path`, or a new checkpoint.

        Raises:
            BadArgumentError: it is a checkpoint of another scan.
            BadFileError: it is damaged.
        """
        if path is None:
            return cls(None, asked)
        found = tables.check_path(path)
        if not found.exists():
            return cls(found, asked)
        with whole(found):
            metadata = tables.read_metadata(found)
        refuse_other(found, metadata, asked, "reports")
        with whole(found):
            reports, letters = (dict[str, Any](json.loads(metadata[state])) for state in ("reports", "letters"))
            return cls(found, asked, tables.read(found, "COUNTS"), reports, int(metadata["verified"]), letters)

    def save(self) -> None:
        """Keep what was counted so far."""
        if self.path is not None and self.frame is not None:
            state = {"reports": json.dumps(self.reports), "verified": str(self.verified)}
            state["letters"] = json.dumps(self.letters)
            tables.write(self.frame, self.path, {**self.asked, **state})

    def remove(self) -> None:
        """Forget it: the scan is done."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)


@contextmanager
def whole(path: Path) -> Iterator[None]:
    """Say of what cannot be read inside that the checkpoint at `path` is damaged, and what to do.

    Raises:
        BadFileError: says so.
    """
    try:
        yield
    except (BadFileError, KeyError, TypeError, ValueError) as error:
        remedy = "remove it, and what it holds is counted anew"
        raise BadFileError(f"the checkpoint {path} is damaged ({_reason(error)}); {remedy}") from error


def _reason(error: Exception) -> str:
    return f"it lacks {error}" if isinstance(error, KeyError) else str(error)


def refuse_other(path: Path, found: dict[str, str], asked: dict[str, str], state: str) -> None:
    """Refuse a file that another scan has left, or that does not say its `state`.

    Raises:
        BadArgumentError: says what differs.
    """
    differing = [key for key in asked if found.get(key) != asked[key]]
    if differing or state not in found:
        what = ", ".join(differing) or "what it is"
        raise BadArgumentError(
            f"{path} is the checkpoint of another scan ({what} differ); remove it, or name another checkpoint"
        )
