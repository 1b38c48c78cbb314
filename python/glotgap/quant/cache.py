"""Scores that were made before, in one SQLite file, so that an interrupted run goes on where it was.

A score is found again by the model's digest, the scheme and what else decides it (`asked`, hashed to the run), and by
the digest of the text's tokens. Each portion of scores is one transaction: a run that is killed loses the portion it
was at, and several runs may share a file.
"""

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from glotgap._atomic import check_target
from glotgap._errors import BadFileError, UnsupportedError
from glotgap.quant.scoring import Encoded, Scored

__all__ = ["Cache"]

_SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS runs (run TEXT PRIMARY KEY, asked TEXT NOT NULL, audit TEXT);
CREATE TABLE IF NOT EXISTS scores (
    run TEXT, text TEXT, nll REAL, nonfinite INTEGER NOT NULL, PRIMARY KEY (run, text)
) WITHOUT ROWID;
COMMIT;
"""
"""Both tables at once: a run that opens the file meanwhile finds none or both."""

_PATIENCE: Final = 60
"""Seconds to wait for another run that writes to the file."""

_OUTSIDE: Final = ("SQLITE_BUSY", "SQLITE_FULL", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_IOERR")
"""Errors that are not the file's own."""


class Cache:
    """Scores kept in a file, or for as long as the object lives."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._kept = connection

    @classmethod
    @contextmanager
    def open(cls, path: str | os.PathLike[str] | None) -> "Iterator[Cache]":
        """Open the file at `path`, or none.

        Raises:
            BadFileError: it is no such file, or is damaged.
            UnsupportedError: it cannot be written to: the disk is full, or another run has held it for a minute.
            BadArgumentError: there is no such directory.

        Example:
            >>> with Cache.open(None) as cache:
            ...     run = cache.run({"model": "digest", "scheme": "fp"})
            ...     cache.keep(run, [Encoded((5, 6), 0, 0)], [Scored(3.5, 0)])
            ...     cache.known(run, [Encoded((5, 6), 0, 0), Encoded((7,), 0, 0)])
            [Scored(nll=3.5, nonfinite=0), None]
        """
        where = ":memory:" if path is None else str(check_target(path))
        connection = sqlite3.connect(where, timeout=_PATIENCE, isolation_level="IMMEDIATE")
        try:
            _refuse_foreign(connection, where)
            connection.executescript(_SCHEMA)
            yield cls(connection)
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorname", "").startswith(_OUTSIDE):
                raise UnsupportedError(f"scores cannot be kept in {where}: {error}; name another file") from error
            raise BadFileError(f"{where} holds no scores ({error}): name another file, or remove it") from error
        finally:
            connection.close()

    def run(self, asked: Mapping[str, Any]) -> str:
        """Return the name of a run: a digest of all that decides its scores."""
        text = json.dumps(dict(asked), sort_keys=True)
        name = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
        with self._kept:
            self._kept.execute("INSERT OR IGNORE INTO runs (run, asked) VALUES (?, ?)", (name, text))
        return name

    def known(self, run: str, texts: Sequence[Encoded]) -> list[Scored | None]:
        """Return the score of each text, None where there is none yet."""
        rows = self._kept.execute("SELECT text, nll, nonfinite FROM scores WHERE run = ?", (run,))
        kept = {text: Scored(nll, nonfinite) for text, nll, nonfinite in rows}
        return [kept.get(_digest(text)) for text in texts]

    def keep(self, run: str, texts: Sequence[Encoded], scores: Sequence[Scored]) -> None:
        """Keep scores of a run."""
        rows = [(run, _digest(text), score.nll, score.nonfinite) for text, score in zip(texts, scores, strict=True)]
        with self._kept:
            self._kept.executemany("INSERT OR REPLACE INTO scores VALUES (?, ?, ?, ?)", rows)

    def audit(self, run: str) -> str | None:
        """Return what a run's scheme did to the model, if that was kept."""
        found = self._kept.execute("SELECT audit FROM runs WHERE run = ?", (run,)).fetchone()
        return found[0] if found else None

    def keep_audit(self, run: str, audit: str) -> None:
        """Keep what a run's scheme did to the model."""
        with self._kept:
            self._kept.execute("UPDATE runs SET audit = ? WHERE run = ?", (audit, run))


def _refuse_foreign(connection: sqlite3.Connection, where: str) -> None:
    """Refuse a database of something else before anything is written to it."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if tables and tables != {"runs", "scores"}:
        raise BadFileError(f"{where} is a database of something else ({', '.join(sorted(tables))}): name another file")


def _digest(text: Encoded) -> str:
    return hashlib.blake2b(" ".join(map(str, text.ids)).encode(), digest_size=16).hexdigest()
