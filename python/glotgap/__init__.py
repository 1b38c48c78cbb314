"""glotgap measures the gaps that language models open between languages, and says whether they are real.

Rooms are imported when first used, so that `import glotgap` costs next to nothing:

- `glotgap.tokens`: what tokenizers make of languages;
- `glotgap.stats`: bootstrap and permutation tests, with the names of scipy.stats;
- `glotgap.weights`: exact statistics of model weights, at memory speed;
- `glotgap.quant`: parallel text, for models that are to be scored on it;
- `glotgap.tables`: the tables that rooms meet in, and their files.

Example:
    >>> import glotgap
    >>> import numpy as np
    >>> glotgap.weights.moments(np.array([1.0, 2.0, 3.0, 10.0])).mean
    4.0
"""

from importlib import import_module
from typing import TYPE_CHECKING

from glotgap._core import __version__
from glotgap._errors import BadArgumentError, BadFileError, GlotgapError, GlotgapWarning, UnsupportedError

if TYPE_CHECKING:
    from types import ModuleType

    from glotgap import quant as quant
    from glotgap import stats as stats
    from glotgap import tables as tables
    from glotgap import tokens as tokens
    from glotgap import weights as weights

__all__ = [
    "BadArgumentError",
    "BadFileError",
    "GlotgapError",
    "GlotgapWarning",
    "UnsupportedError",
    "__version__",
    "quant",
    "stats",
    "tables",
    "tokens",
    "weights",
]

_ROOMS = frozenset({"quant", "stats", "tables", "tokens", "weights"})


def __getattr__(name: str) -> "ModuleType":
    if name in _ROOMS:
        return import_module(f"glotgap.{name}")
    raise AttributeError(f"module 'glotgap' has no attribute {name!r}")
