"""How a table of counts was made: versions, tokenizers, arguments and sources."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from glotgap import _core
from glotgap.tokens.opening import names_of
from glotgap.tokens.tokenizer import Tokenizer

__all__ = ["described", "made"]


def described(corpus: _core.Corpus, tokenizers: Sequence[Tokenizer], arguments: Mapping[str, Any]) -> dict[str, str]:
    """Return what decides the counts of a scan of files, as metadata of its table."""
    units = hashlib.sha256()
    for name, _ in corpus.units:
        units.update(f"{name}\n".encode())
    return {
        **made(tokenizers, arguments),
        "files": json.dumps(names_of(corpus)),
        "units_sha256": units.hexdigest(),
    }


def made(tokenizers: Sequence[Tokenizer], arguments: Mapping[str, Any]) -> dict[str, str]:
    """Return the part of it that does not name files."""
    return {
        "glotgap": _core.__version__,
        "versions": json.dumps(_core.versions()),
        "tokenizers": json.dumps({tokenizer.name: tokenizer.digest for tokenizer in tokenizers}),
        "arguments": json.dumps(dict(arguments)),
    }
