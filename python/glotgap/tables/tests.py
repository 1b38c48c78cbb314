"""TESTS: answers to questions: an estimate, its interval, p, and what the data could have shown."""

from typing import Final

from glotgap.tables.declaration import COUNT, FLAG, REAL, TEXT, Column, Table

__all__ = ["TESTS"]

TESTS: Final = Table(
    "TESTS",
    ("question", "group", "statistic"),
    (
        Column("question", TEXT, "", "what was asked, in a few words"),
        Column("group", TEXT, "", "of whom: a model, a component, a tokenizer"),
        Column("statistic", TEXT, "", "what the estimate is: a name of glotgap.stats"),
        Column("estimate", REAL, "as the statistic", "the statistic of the data"),
        Column("null", REAL, "as the statistic", "its value if there is nothing to find"),
        Column("low", REAL, "as the statistic", "lower end of the interval"),
        Column("high", REAL, "as the statistic", "upper end of the interval"),
        Column("mc_error", REAL, "as the statistic", "how far another seed would move an end of the interval"),
        Column("beyond", REAL, "resamples", "expected beyond that end of a BCa interval that faces null"),
        Column("level", REAL, "share", "confidence level of the interval"),
        Column("method", TEXT, "", "of the interval"),
        Column("p", REAL, "1", "two-sided p"),
        Column("p_adjusted", REAL, "1", "p adjusted for the number of tests asked together"),
        Column("p_least", REAL, "1", "the least that p, adjusted likewise, can be with so many rearrangements"),
        Column("shown", FLAG, "", "interval and p both say that the statistic is not null, whatever the seed"),
        Column("test", TEXT, "", "what p comes from"),
        Column("exact", FLAG, "", "p counts all rearrangements"),
        Column("n", COUNT, "units", "what was resampled and rearranged: see unit"),
        Column("unit", TEXT, "", "what one of n is: a layer, a language, a document"),
        Column("left_out", COUNT, "units", "without a value, and so not in n"),
        Column("n_resamples", COUNT, "resamples", "behind the interval, or behind p where there is none"),
        Column("seed", TEXT, "", "rng that repeats the row"),
        Column("loo_low", REAL, "as the statistic", "least estimate with one unit left out"),
        Column("loo_high", REAL, "as the statistic", "greatest estimate with one unit left out"),
        Column("mde", REAL, "as the statistic", "least distance from null found four times in five with this n"),
    ),
)
