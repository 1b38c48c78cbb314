"""Which languages are high-resource and which low: a JSON object that the caller writes."""

import json
from pathlib import Path

from glotgap._errors import BadFileError

__all__ = ["read_resources"]


def read_resources(path: str) -> dict[str, str]:
    """Return the resource level of each language named in a file.

    Raises:
        BadFileError: it holds no JSON object.
    """
    try:
        levels = json.loads(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        raise BadFileError(f"cannot read {path} as resource levels: {error}") from error
    if not isinstance(levels, dict):
        raise BadFileError(f'cannot read {path} as resource levels: write an object such as {{"eng": "high"}}')
    return levels
