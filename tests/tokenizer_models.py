"""Small models for `tokenizer_variants`: trained by `tokenizers` or counted by hand, the same in every run."""

import functools
import itertools
import json
import math
import re
from collections import Counter

import tokenizers
from tokenizers import models, normalizers, pre_tokenizers, trainers

from tokenizer_corpus import SENTENCES

BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
OPTIONS = {
    "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
    "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
}  # fmt: skip


def trained(pre_tokenizer, *, size, normalizer=None, special=(), **options):
    """Vocabulary and merges of a BPE model trained on the sentences."""
    tokenizer = tokenizers.Tokenizer(models.BPE(**options))
    tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer:
        tokenizer.normalizer = normalizer
    alphabet = pre_tokenizers.ByteLevel.alphabet() if isinstance(pre_tokenizer, pre_tokenizers.ByteLevel) else []
    trainer = trainers.BpeTrainer(
        vocab_size=size, show_progress=False, initial_alphabet=sorted(alphabet), special_tokens=list(special),
        **{name: affix for name, affix in options.items() if name != "unk_token"},
    )  # fmt: skip
    tokenizer.train_from_iterator(SENTENCES * 2, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    return model["vocab"], [tuple(pair) for pair in model["merges"]]


@functools.cache
def byte_level():
    return trained(pre_tokenizers.ByteLevel(add_prefix_space=False), size=700)


@functools.cache
def line_level():
    """Byte-level merges that cross spaces: words were not cut when it was trained."""
    return trained(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False), size=900)


@functools.cache
def characters():
    """SentencePiece's shape: characters, `▁` for spaces, unknown first and bytes after."""
    pre = pre_tokenizers.Metaspace(prepend_scheme="always", split=True)
    return trained(pre, size=1100, special=("<unk>", *BYTES), unk_token="<unk>")


@functools.cache
def subword_marks(*, prefix="", suffix=""):
    """BPE whose pieces within a word (or at its end) are marked; given first, they are numbered alike in every run."""
    marked = sorted({prefix + character + suffix for character in "".join(SENTENCES).lower()})
    affix = {"continuing_subword_prefix": prefix} if prefix else {"end_of_word_suffix": suffix}
    pre = pre_tokenizers.BertPreTokenizer()
    return trained(
        pre, size=1200, normalizer=normalizers.Lowercase(), special=("<unk>", *marked), unk_token="<unk>", **affix
    )


def bpe(vocab_and_merges, **options):
    vocab, merges = vocab_and_merges
    return {"type": "BPE", **OPTIONS, **options, "vocab": dict(vocab), "merges": list(merges)}


def words(*, lower=False, space=""):
    """The words of the sentences with their counts."""
    found = Counter()
    for sentence in SENTENCES:
        cased = sentence.lower() if lower else sentence
        found.update(space + word for word in re.findall(r"\w+|[^\w\s]", cased))
    return found


@functools.cache
def unigram_pieces():
    """Pieces with log probabilities: all characters, and the frequent parts of words, of up to six characters."""
    counts = Counter()
    for word, count in words(space="▁").items():
        for start, stop in itertools.combinations(range(len(word) + 1), 2):
            if stop - start <= 6:
                counts[word[start:stop]] += count
    kept = [(piece, n) for piece, n in counts.items() if len(piece) == 1 or n >= 3]
    total = sum(n for _, n in kept)
    ordered = sorted(kept, key=lambda entry: (-entry[1], entry[0]))
    return [(piece, round(math.log(n / total), 5)) for piece, n in ordered]


def unigram(pieces=None, *, byte_fallback=False, extra=()):
    vocab = [("<unk>", 0.0), *(pieces or unigram_pieces()), *extra]
    if byte_fallback:
        vocab += [(byte, -20.0) for byte in BYTES]
    return {"type": "Unigram", "unk_id": 0, "vocab": vocab, "byte_fallback": byte_fallback}


@functools.cache
def word_pieces(*, lower=True):
    """BERT's shape: special tokens, characters at the start of a word and within, frequent heads and tails."""
    heads, tails, singles = Counter(), Counter(), set()
    for word, count in words(lower=lower).items():
        singles.update(word)
        for cut in range(2, len(word) + 1):
            heads[word[:cut]] += count
            tails[word[-cut:]] += count if cut < len(word) else 0
    characters_ = sorted(singles)
    frequent = [piece for piece, n in sorted(heads.items()) if n >= 2]
    endings = ["##" + piece for piece, n in sorted(tails.items()) if n >= 2 and len(piece) < 6]
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    pieces = [*special, *characters_, *("##" + c for c in characters_ if c.isalnum()), *frequent, *endings]
    return {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}


def word_piece(*, lower=True, longest=100, prefix="##", drop=()):
    vocab = {piece: number for piece, number in word_pieces(lower=lower).items() if piece not in drop}
    options = {"unk_token": "[UNK]", "continuing_subword_prefix": prefix, "max_input_chars_per_word": longest}
    return {"type": "WordPiece", **options, "vocab": vocab}


def word_level():
    vocab = {"<unk>": 0} | {word: number for number, word in enumerate(sorted(words()), 1)}
    return {"type": "WordLevel", "vocab": vocab, "unk_token": "<unk>"}
