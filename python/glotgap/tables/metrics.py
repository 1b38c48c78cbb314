"""METRICS: how a tokenizer treats each language, by every definition in use; docs/tokens.md has formulas and sources.

All ratios are ratios of sums over the corpus, `premium_mean` excepted.
"""

from typing import Final

from glotgap.tables.declaration import COUNT, FLAG, REAL, TEXT, Column, Table

__all__ = ["METRICS"]

METRICS: Final = Table(
    "METRICS",
    ("group", "tokenizer", "segmenter"),
    (
        Column("group", TEXT, "", "language"),
        Column("tokenizer", TEXT, "", "name of the tokenizer"),
        Column("segmenter", TEXT, "", "what cut words"),
        Column("resource", TEXT, "", "high or low; null where nobody said"),
        Column("docs", COUNT, "documents", "documents: the n of every figure"),
        Column("bytes", COUNT, "bytes", "bytes in UTF-8"),
        Column("chars", COUNT, "characters", "code points"),
        Column("words", COUNT, "words", "words; null where none were cut"),
        Column("tokens", COUNT, "tokens", "tokens"),
        Column("unk_rate", REAL, "share", "unknown tokens / tokens: above a tenth, fertility and premium mean nothing"),
        Column("fallback_rate", REAL, "share", "byte-fallback tokens / tokens"),
        Column("warning", TEXT, "", "why the figures of this row must not be read as they stand; null otherwise"),
        Column("fertility", REAL, "tokens/word", "tokens of the text / words (Rust et al. 2021)"),
        Column("fertility_isolated", REAL, "tokens/word", "tokens of each word alone / words"),
        Column("continued", REAL, "share", "words of two or more tokens / words (Rust et al. 2021)"),
        Column("strr", REAL, "share", "words of one token / words: single-token retention (Nayeem et al. 2025)"),
        Column("tokens_per_char", REAL, "tokens/char", "tokens / code points"),
        Column("tokens_per_byte", REAL, "tokens/byte", "tokens / bytes"),
        Column("bytes_per_token", REAL, "bytes/token", "bytes / tokens: compression"),
        Column("aligned", FLAG, "", "the text is taken for a translation of the reference's; null without one"),
        Column("premium", REAL, "1", "tokens / tokens of the reference on aligned text (Petrov et al. 2023)"),
        Column("premium_mean", REAL, "1", "mean over aligned sentences of that ratio; needs DOCUMENTS"),
        Column("premium_bytes", REAL, "1", "tokens_per_byte / that of the reference"),
        Column("premium_chars", REAL, "1", "tokens_per_char / that of the reference: the cost of equal characters"),
        Column("premium_words", REAL, "1", "fertility / that of the reference"),
        Column("pairs", COUNT, "sentences", "sentence pairs in premium_mean"),
        Column("nsl", REAL, "1", "tokens / tokens of the baseline tokenizer on this text (Dagan et al. 2024)"),
        Column("vocabulary", COUNT, "types", "size of the vocabulary"),
        Column("used", COUNT, "types", "different tokens seen"),
        Column("vocabulary_use", REAL, "share", "used / vocabulary"),
        Column("entropy", REAL, "bits", "Shannon entropy of the tokens; needs frequencies, as all below it"),
        Column("renyi_entropy", REAL, "bits", "Renyi entropy H of order alpha (Zouhar et al. 2023: 2.5)"),
        Column("renyi_efficiency", REAL, "1", "H / log2 of the vocabulary's size"),
        Column("renyi_efficiency_used", REAL, "1", "H / log2 of the number of tokens used"),
        Column("renyi_efficiency_lower", REAL, "1", "H / log2 of the vocabulary's size, rounded up: the lower bound"),
        Column("context_chars", REAL, "characters", "characters of this language that fill the context window"),
        Column("context_words", REAL, "words", "words of this language that fill the context window"),
        Column("cost", REAL, "price", "price of a million characters, at `price` a million tokens"),
    ),
)
