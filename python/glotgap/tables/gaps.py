"""GAPS: high- against low-resource languages, metric by metric: means of languages, their difference and ratio.

No interval: languages are few and chosen, so a test must say what it resamples.
"""

from typing import Final

from glotgap.tables.declaration import COUNT, REAL, TEXT, Column, Table

__all__ = ["GAPS"]

GAPS: Final = Table(
    "GAPS",
    ("tokenizer", "segmenter", "metric"),
    (
        Column("tokenizer", TEXT, "", "name of the tokenizer"),
        Column("segmenter", TEXT, "", "what cut words"),
        Column("metric", TEXT, "", "column of METRICS"),
        Column("n_high", COUNT, "languages", "high-resource languages with this figure and no warning"),
        Column("n_low", COUNT, "languages", "low-resource languages with this figure and no warning"),
        Column("mean_high", REAL, "as the metric", "mean over those high-resource languages"),
        Column("mean_low", REAL, "as the metric", "mean over those low-resource languages"),
        Column("difference", REAL, "as the metric", "mean_low - mean_high"),
        Column("ratio", REAL, "1", "mean_low / mean_high"),
    ),
)
