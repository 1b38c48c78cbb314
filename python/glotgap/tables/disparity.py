"""DISPARITY: how unequally one tokenizer treats the languages of a corpus; docs/tokens.md has formulas and sources.

Languages whose row in METRICS carries a warning are left out of the Gini coefficients and premiums, and counted.
"""

from typing import Final

from glotgap.tables.declaration import COUNT, REAL, TEXT, Column, Table

__all__ = ["DISPARITY"]

DISPARITY: Final = Table(
    "DISPARITY",
    ("tokenizer", "segmenter"),
    (
        Column("tokenizer", TEXT, "", "name of the tokenizer"),
        Column("segmenter", TEXT, "", "what cut words"),
        Column("languages", COUNT, "languages", "languages that count: the n of gini_bytes and gini_chars"),
        Column("aligned", COUNT, "languages", "those with aligned text: the n of gini"),
        Column("left_out", COUNT, "languages", "languages left out for their warning"),
        Column("gini", REAL, "1", "Gini coefficient of tokens on aligned text (Foroutan et al. 2025); 0 is equal"),
        Column("gini_bytes", REAL, "1", "Gini coefficient of tokens_per_byte"),
        Column("gini_chars", REAL, "1", "Gini coefficient of tokens_per_char"),
        Column("worst", TEXT, "", "language of the largest premium"),
        Column("premium_max", REAL, "1", "largest premium"),
        Column("premium_median", REAL, "1", "median premium, the reference left out"),
        Column("vocabulary", COUNT, "types", "size of the vocabulary"),
        Column("used", COUNT, "types", "different tokens seen in all languages together"),
        Column("vocabulary_use", REAL, "share", "used / vocabulary"),
        Column("entropy", REAL, "bits", "Shannon entropy of the tokens of all languages together"),
        Column("renyi_entropy", REAL, "bits", "Renyi entropy H of order alpha of those"),
        Column("renyi_efficiency", REAL, "1", "H / log2 of the vocabulary's size"),
        Column("renyi_efficiency_used", REAL, "1", "H / log2 of the number of tokens used"),
        Column("renyi_efficiency_lower", REAL, "1", "H / log2 of the vocabulary's size, rounded up"),
    ),
)
