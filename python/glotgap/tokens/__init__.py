"""Tokens: what tokenizers make of languages.

`Tokenizer.load` reads any tokenizer; `scan` counts a corpus and gives the table COUNTS; `check` says what is wrong with
its text; `merge` adds COUNTS of disjoint sources; `metrics` turns them into METRICS, `disparity` and `gaps` compare
languages within a tokenizer, `gap` tests whether that would happen by chance, and `nsl` compares tokenizers within a
language. docs/tokens.md defines each figure.

Example:
    >>> from glotgap.tokens import toy
    >>> metrics(toy.counts()).select("group", "fertility", "premium").row(0)
    ('deu', 2.0, 2.0)
"""

from glotgap._words import count_words
from glotgap.tokens.checks import check
from glotgap.tokens.disparity import GAP_METRICS, disparity, gaps
from glotgap.tokens.gap import gap
from glotgap.tokens.lengths import nsl
from glotgap.tokens.merge import merge
from glotgap.tokens.metrics import metrics
from glotgap.tokens.outcome import Scan
from glotgap.tokens.progress import Progress
from glotgap.tokens.scan import SEGMENTERS, inspect, scan
from glotgap.tokens.tokenizer import Tokenizer

__all__ = [
    "GAP_METRICS",
    "SEGMENTERS",
    "Progress",
    "Scan",
    "Tokenizer",
    "check",
    "count_words",
    "disparity",
    "gap",
    "gaps",
    "inspect",
    "merge",
    "metrics",
    "nsl",
    "scan",
]
