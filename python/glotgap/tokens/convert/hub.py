"""Tokenizers in the Hugging Face Hub: only their small files are fetched, never weights."""

import re
from pathlib import Path

from glotgap._errors import BadFileError
from glotgap._hub import fetch

__all__ = ["download", "is_hub_id"]

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_FILES = ("tokenizer.json", "*.tiktoken", "tekken.json", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model")


def is_hub_id(name: str) -> bool:
    """Whether `name` has the form of a Hub id, owner/name."""
    return _HUB_ID.fullmatch(name) is not None


def download(hub_id: str) -> Path:
    """Return the folder that the tokenizer of `hub_id` was fetched to.

    Raises:
        BadFileError: the Hub gives no such model, or one without a tokenizer.
        UnsupportedError: the `hub` extra is not installed.
    """
    folder = fetch(hub_id, _FILES)
    if not any(file for pattern in _FILES for file in folder.glob(pattern)):
        raise BadFileError(f"{hub_id}: holds no tokenizer; of a GGUF model fetch the file and give its path")
    return folder
