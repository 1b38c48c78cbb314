"""A corpus small enough to count by hand, and COUNTS and DOCUMENTS of it, counted by loops."""

from collections import Counter

import polars as pl
import pytest

from glotgap.tables import COUNTS, DOCUMENTS

CORPUS = {
    "eng": ["a cat sat", "the dog", "we"],
    "deu": ["eine Katze saß", "der Hund", "wir alle"],
    "tha": ["แมวนั่ง", "หมา", "เรา"],
}


def pairs(word):
    """A tokenizer: two characters a token, the space of a word with its first."""
    return [word[place : place + 2] for place in range(0, len(word), 2)]


def letters(word):
    """Another: one character a token, and what is not Latin is unknown."""
    return [letter if letter < "\u0250" else "<unk>" for letter in word]


TOKENIZERS = {"pairs": pairs, "letters": letters}
VOCABULARY = 500


def word_tokens(text, tokenize):
    """The tokens of each word of a text, the space before it included."""
    words = text.split()
    return [tokenize(word if place == 0 else " " + word) for place, word in enumerate(words)]


LATIN = {group: CORPUS[group] for group in ("eng", "deu")}
IDENTITIES = {}
"""A number for each token, given when it is first seen."""


def counts(corpus=None, source="{}.txt", parts=("frequencies",), segmenter="whitespace"):
    """COUNTS of a corpus: language -> texts; each language from a source of its own."""
    rows = []
    for group, texts in (CORPUS if corpus is None else corpus).items():
        for name, tokenize in TOKENIZERS.items():
            words = [tokens for text in texts for tokens in word_tokens(text, tokenize)]
            seen = Counter(token for tokens in words for token in tokens)
            ids = sorted((IDENTITIES.setdefault(token, len(IDENTITIES)), count) for token, count in seen.items())
            none = segmenter == "none"
            rows.append({
                "source": source.format(group), "group": group, "tokenizer": name, "segmenter": segmenter,
                "docs": len(texts), "bytes": sum(len(t.encode()) for t in texts), "chars": sum(map(len, texts)),
                "words": None if none else len(words), "tokens": sum(map(len, words)),
                "word_tokens": None if none else sum(map(len, words)),
                "words_split": None if none else sum(len(w) > 1 for w in words),
                "words_single": None if none else sum(len(w) == 1 for w in words),
                "unk": seen["<unk>"], "fallback": 0, "vocabulary": VOCABULARY, "used": len(ids),
                "token_ids": [i for i, _ in ids], "token_counts": [c for _, c in ids],
            })  # fmt: skip
    schema = COUNTS.schema(*parts)
    return pl.DataFrame([{name: row[name] for name in schema} for row in rows], schema=schema).sort(COUNTS.key)


def documents(corpus=None, source="{}.txt"):
    rows = []
    for group, texts in (CORPUS if corpus is None else corpus).items():
        for number, text in enumerate(texts):
            for name, tokenize in TOKENIZERS.items():
                words = word_tokens(text, tokenize)
                tokens = [token for word in words for token in word]
                rows.append((source.format(group), number, name, group, len(text.encode()), len(text), len(words),
                             len(tokens), tokens.count("<unk>"), 0))  # fmt: skip
    return pl.DataFrame(rows, schema=DOCUMENTS.schema(), orient="row").sort(DOCUMENTS.key)


def tokens(group, tokenizer="pairs"):
    """The tokens of each document of a language."""
    return [[t for word in word_tokens(text, TOKENIZERS[tokenizer]) for t in word] for text in CORPUS[group]]


def total(group, tokenizer="pairs"):
    return sum(map(len, tokens(group, tokenizer)))


def row(frame, group, tokenizer="pairs"):
    return frame.filter(group=group, tokenizer=tokenizer).row(0, named=True)


def exactly(value):
    """A division of whole numbers, rounded once or twice."""
    return pytest.approx(float(value), rel=1e-15, abs=0)
