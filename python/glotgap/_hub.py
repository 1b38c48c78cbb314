"""The Hugging Face Hub: some files of a repository, fetched when they are asked for."""

from collections.abc import Sequence
from pathlib import Path

from glotgap._errors import BadFileError, UnsupportedError

__all__ = ["fetch"]


def fetch(hub_id: str, patterns: Sequence[str]) -> Path:
    """Return the folder into which those files of `hub_id` were fetched that fit one of the patterns; maybe none.

    Raises:
        BadFileError: the Hub gives no such model.
        UnsupportedError: the `hub` extra is not installed.
    """
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
    except ImportError as missing:
        what = f"{hub_id}: no such file or directory here; if it is a Hub id"
        raise UnsupportedError(f"{what}, install the extra: pip install 'glotgap[hub]'") from missing
    try:
        return Path(snapshot_download(hub_id, allow_patterns=list(patterns)))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise BadFileError(f"{hub_id}: neither a path here nor a model that the Hub gives: {reason}") from error
