"""SCORES: how surprised a model is by each item of a corpus, under each scheme of quantization."""

from typing import Final

from glotgap.tables.declaration import COUNT, REAL, TEXT, Column, Table

__all__ = ["SCORES"]

SCORES: Final = Table(
    "SCORES",
    ("model", "scheme", "unit", "language", "item"),
    (
        Column("model", TEXT, "", "name of the model"),
        Column("scheme", TEXT, "", "how it was quantized: a spelling of glotgap.quant.Scheme; fp is not at all"),
        Column("unit", TEXT, "", "what an item is: sentence or document"),
        Column("language", TEXT, "", "language"),
        Column("item", TEXT, "", "id of the item; aligned languages share it"),
        Column("method", TEXT, "", "log-likelihood, or pseudo-log-likelihood of masked models: never to be compared"),
        Column("reference", TEXT, "", "what fp is: the stored weights, or those that a GGUF file was dequantized to"),
        Column(
            "nll", REAL, "nats", "-log p, summed over the tokens; null where a token's is not finite, or there is none"
        ),
        Column("tokens", COUNT, "tokens", "tokens scored: all but special ones"),
        Column("words", COUNT, "words", "words of the text, as glotgap.tokens.count_words finds them"),
        Column("bytes", COUNT, "bytes", "bytes of the text in UTF-8"),
        Column("vocabulary", COUNT, "types", "tokens that the model chooses among"),
        Column("unk", COUNT, "tokens", "unknown tokens"),
        Column("fallback", COUNT, "tokens", "byte-fallback tokens"),
        Column("nonfinite", COUNT, "tokens", "tokens whose -log p is not finite"),
    ),
)
