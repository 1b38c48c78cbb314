"""Weights: exact statistics of model weights of any size.

`scan` reads a whole model and returns the table TENSORS; `inspect` also returns what was skipped and how the table was
made. `moments` and `histogram` do the same for arrays in memory, and merge and pickle for tools that stream. `compare`,
`growth` and `associate` put questions to tables of scans, with intervals and p. What each figure means is in
docs/weights.md; how it is computed, in `rust/core/src/weights/mod.rs`.

Example:
    >>> import numpy as np
    >>> h = histogram(np.array([0.5, -1.0, 0.25, 2.0], dtype=np.float16))
    >>> h.exact, h.quantile(0.5)
    (True, 0.375)
"""

from glotgap.weights.arrays import DTYPES, Histogram, Moments, histogram, moments
from glotgap.weights.associate import associate
from glotgap.weights.compare import compare
from glotgap.weights.components import Heads, Place, heads, place
from glotgap.weights.growth import growth
from glotgap.weights.scan import QUANTILES, TAILS, Scan, inspect, scan, tensor_histogram

__all__ = [
    "DTYPES",
    "QUANTILES",
    "TAILS",
    "Heads",
    "Histogram",
    "Moments",
    "Place",
    "Scan",
    "associate",
    "compare",
    "growth",
    "heads",
    "histogram",
    "inspect",
    "moments",
    "place",
    "scan",
    "tensor_histogram",
]
