"""transformers kept from talking: what it says of a model is no news to who scores one, or is an error here."""

from collections.abc import Iterator
from contextlib import contextmanager

import transformers

__all__ = ["silence"]


@contextmanager
def silence() -> Iterator[None]:
    """Let transformers say errors only, for as long as the block lasts."""
    told = transformers.utils.logging
    level = told.get_verbosity()
    told.set_verbosity_error()
    try:
        yield
    finally:
        told.set_verbosity(level)
