"""Tokenizers in the Hugging Face Hub: only their small files are fetched, never weights."""

import re
from pathlib import Path

from glotgap._errors import BadFileError, UnsupportedError

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
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
    except ImportError as missing:
        what = f"{hub_id}: nothing is there; if it is a Hub id"
        raise UnsupportedError(f"{what}, install the extra: pip install 'glotgap[hub]'") from missing
    try:
        folder = Path(snapshot_download(hub_id, allow_patterns=list(_FILES)))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise BadFileError(f"{hub_id}: neither a path here nor a model that the Hub gives: {reason}") from error
    if not any(file for pattern in _FILES for file in folder.glob(pattern)):
        raise BadFileError(f"{hub_id}: holds no tokenizer; of a GGUF model fetch the file and give its path")
    return folder
