"""The tables rooms meet in: their columns, types, units and keys, and the files that hold them.

A table is a polars frame. `check` compares one with its declaration, `write` and `read` store it as Parquet, CSV or
JSON. Undefined is null, never 0 or NaN; rows are sorted by the key, compared as text, nulls first.

What the formats keep: Parquet everything; JSON all but infinities, which become null there, as
`{"metadata": {...}, "rows": [...]}`; CSV stays readable without options, so a list is written "4096x4096", an empty one
"scalar", and the metadata goes beside it into `NAME.csv.meta.json`.
"""

from glotgap.tables.audits import AUDITS
from glotgap.tables.checking import TABLES, check, sort
from glotgap.tables.checks import CHECKS
from glotgap.tables.counts import COUNTS
from glotgap.tables.declaration import Column, Table
from glotgap.tables.disparity import DISPARITY
from glotgap.tables.documents import DOCUMENTS
from glotgap.tables.files import check_path, read, read_metadata, write
from glotgap.tables.gaps import GAPS
from glotgap.tables.metrics import METRICS
from glotgap.tables.scores import SCORES
from glotgap.tables.tensors import BITS, COMPONENTS, TENSORS
from glotgap.tables.tests import TESTS

__all__ = [
    "AUDITS",
    "BITS",
    "CHECKS",
    "COMPONENTS",
    "COUNTS",
    "DISPARITY",
    "DOCUMENTS",
    "GAPS",
    "METRICS",
    "SCORES",
    "TABLES",
    "TENSORS",
    "TESTS",
    "Column",
    "Table",
    "check",
    "check_path",
    "read",
    "read_metadata",
    "sort",
    "write",
]
