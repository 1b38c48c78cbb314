"""The types that the weights of a model are stored in."""

import math
import os
from collections import Counter

from glotgap import _core
from glotgap.weights.origin import locate

__all__ = ["types"]


def types(path: str | os.PathLike[str]) -> dict[str, int]:
    """Return how many values a model's file or directory holds of each type, the most frequent first.

    Raises:
        BadFileError: nothing is there, or it is no model.

    Example:
        >>> import numpy as np, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     np.savez(f"{folder}/w.npz", a=np.ones((3, 4), np.float16), b=np.ones(5))
        ...     types(f"{folder}/w.npz")
        {'f16': 12, 'f64': 5}
    """
    found = Counter[str]()
    for _, _, dtype, shape in _core.Model.open(str(locate(path).path), "mmap").tensors:
        found[dtype] += math.prod(shape)
    return dict(found.most_common())
