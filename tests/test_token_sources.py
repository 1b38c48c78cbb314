"""Tokenizers of other programs, converted, number tokens as those programs do; the `tokenizers` package reads them."""

import base64
import functools
import io
import json
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glotgap import BadFileError, UnsupportedError
from glotgap.tokens.convert import to_json
from glotgap.tokens.convert.merges import replay_all
from glotgap.tokens.convert.patterns import CL100K, GPT4, O200K, R50K, TEKKEN, to_oniguruma
from glotgap.tokens.convert.pieces import Kind, Model, Piece
from glotgap.tokens.convert.sentencepiece import from_model
from glotgap.tokens.convert.tiktoken import from_ranks, from_tekken, known_rank_file, read_ranks
from test_real_tokenizers import packaged
from tokenizer_corpus import SENTENCES
from tokenizer_texts import TEXTS, ntrex

tokenizers = pytest.importorskip("tokenizers", reason="the engine of these tests (dev extra) is not installed")

LITELLM = "litellm_core_utils/tokenizers/"
RANKS = {
    "cl100k_base": "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
    "o200k_base": "fb374d419588a4632f3f557e76b4b70aebbca790",
    "p50k_base": "ec7223a39ce59f226a68acc30dc1af2788490e15",
}
MISTRAL = [
    "tokenizer.model.v1",
    "mistral_instruct_tokenizer_240216.model.v2",
    "mistral_instruct_tokenizer_240323.model.v3",
]
PATTERNS = {"cl100k_base": CL100K, "o200k_base": O200K, "p50k_base": R50K}
WORDS = [*TEXTS, *ntrex(20)]


def built(source):
    """What `tokenizers` makes of a source."""
    return tokenizers.Tokenizer.from_str(to_json(source)[0])


def numbers(tokenizer, texts):
    return [encoding.ids for encoding in tokenizer.encode_batch(list(texts), add_special_tokens=False)]


def different(tokenizer, encode, texts):
    """Texts whose tokens are not those of the source's own program."""
    texts = list(texts)
    return [text for text, ids in zip(texts, numbers(tokenizer, texts), strict=True) if ids != encode(text)]


def without(texts, tokens):
    return [text for text in texts if not any(token in text for token in tokens)]


# tiktoken


@functools.cache
def encoding(name):
    tiktoken = pytest.importorskip("tiktoken", reason="tiktoken (dev extra) is not installed")
    ranks = read_ranks(packaged("litellm", LITELLM + RANKS[name]).read_bytes())
    special = {"<|endoftext|>": 250_000}
    return tiktoken.Encoding(name, pat_str=PATTERNS[name], mergeable_ranks=ranks, special_tokens=special)


@pytest.mark.parametrize("name", RANKS)
def test_tiktoken_encodings_count_as_tiktoken(name):
    theirs = encoding(name)
    converted = built(theirs)
    assert not unicode_apart(different(converted, theirs.encode_ordinary, without(WORDS, ["<|endoftext|>"])))
    text = "a<|endoftext|> b<|endoftext|><|endoftext|>"
    assert converted.encode(text).ids == theirs.encode(text, allowed_special="all")


def unicode_apart(texts):
    """Leaves out texts with characters that one of the two regex engines does not know yet."""
    import unicodedata

    return [text for text in texts if all(unicodedata.category(c) != "Cn" for c in text)]


def test_published_rank_files_are_known_by_content(tmp_path):
    for name, file in RANKS.items():
        assert known_rank_file(packaged("litellm", LITELLM + file).read_bytes())[:2] == (name, PATTERNS[name])
    (tmp_path / "any.name").write_bytes(packaged("litellm", LITELLM + RANKS["p50k_base"]).read_bytes())
    text, called, notes = to_json(tmp_path / "any.name")
    assert called == "any"
    assert any("special tokens" in note for note in notes)
    assert [token["id"] for token in json.loads(text)["added_tokens"]] == [50_256]


def test_patterns_are_those_of_tiktoken(monkeypatch):
    public = pytest.importorskip("tiktoken_ext.openai_public", reason="tiktoken (dev extra) is not installed")
    monkeypatch.setattr(public, "load_tiktoken_bpe", lambda *_, **__: {})
    assert {name: public.ENCODING_CONSTRUCTORS[name]()["pat_str"] for name in PATTERNS} == PATTERNS


def small_ranks():
    """Bytes, then what a byte-pair encoder learns; and two pieces that it never reaches."""
    ranks = {bytes([byte]): byte for byte in range(256)}
    for word in (
        b" t",
        b" th",
        b"he",
        b"in",
        b"ing",
        b" the",
        b"ab",
        b"bc",
        b"abc",
        b"cd",
        b"abcd",
        b"\xd0\xb0",
        b"zq!x",
        b" qqq",
    ):
        ranks[word] = len(ranks)
    return ranks


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text("abcdhinget qz!xа\n1 ", max_size=30))
def test_merges_join_as_ranks_do(text):
    """Also pieces that joining never reaches, which tiktoken finds as whole words."""
    converted, theirs = small_pair()
    assert converted.encode(text).ids == theirs.encode_ordinary(text)


@functools.cache
def small_pair():
    tiktoken = pytest.importorskip("tiktoken", reason="tiktoken (dev extra) is not installed")
    converted = from_ranks(small_ranks(), GPT4, {})
    assert converted.document["model"]["ignore_merges"] is True
    theirs = tiktoken.Encoding("small", pat_str=GPT4, mergeable_ranks=small_ranks(), special_tokens={})
    return tokenizers.Tokenizer.from_str(converted.text()), theirs


def test_random_ranks_join_alike():
    """Ranks in no order that training gives: a piece may rank before its parts."""
    tiktoken = pytest.importorskip("tiktoken", reason="tiktoken (dev extra) is not installed")
    shuffle = random.Random(5)
    for _ in range(30):
        pieces = {bytes(shuffle.choices(b"abc", k=shuffle.randint(2, 5))) for _ in range(25)}
        ranked = [*sorted(pieces), *(bytes([byte]) for byte in range(256))]
        shuffle.shuffle(ranked)
        ranks = {piece: rank for rank, piece in enumerate(ranked)}
        theirs = tiktoken.Encoding("random", pat_str=GPT4, mergeable_ranks=ranks, special_tokens={})
        converted = tokenizers.Tokenizer.from_str(from_ranks(ranks, GPT4, {}).text())
        texts = ["".join(shuffle.choices("abc", k=shuffle.randint(1, 40))) for _ in range(60)]
        assert not different(converted, theirs.encode_ordinary, texts)


def test_characters_that_the_regex_leaves_out_are_dropped():
    tiktoken = pytest.importorskip("tiktoken", reason="tiktoken (dev extra) is not installed")
    theirs = tiktoken.Encoding(
        "letters", pat_str=r"\p{L}{1,2}+|\pN+$", mergeable_ranks=small_ranks(), special_tokens={}
    )
    assert not different(built(theirs), theirs.encode_ordinary, ["ab, the 12", "12\n12", "abc-d", "", "--", "a1"])


@pytest.mark.parametrize(
    ("rust", "oniguruma"),
    [
        (r"\p{N}{1,3}+", r"(?>\p{N}{1,3})"), (r"(?:ab|c){2}+d", r"(?>(?:ab|c){2})d"), (r"a{3}?", "a{3}"),
        (r"a{1,3}?", "a{1,3}?"), (r"\s++$", r"\s++\z"), ("^a", r"\Aa"), (r"[$^\]]\$", r"[$^\]]\$"),
        (r"\pL[\pN]", r"\p{L}[\p{N}]"), (r"\u{e9}", r"\x{e9}"),
    ],
)  # fmt: skip
def test_regex_is_written_for_oniguruma(rust, oniguruma):
    assert to_oniguruma(rust) == oniguruma


@pytest.mark.parametrize("regex", ["(?s)a.b", "(?P<x>a)", r"[[:alpha:]]", r"[a--b]", r"a(?i)b", r"\Ka", "[a", r"\h"])
def test_regex_that_may_mean_another_thing_is_refused(regex):
    with pytest.raises(UnsupportedError, match="may mean another thing"):
        to_oniguruma(regex)


def test_a_byte_without_rank_is_refused():
    with pytest.raises(UnsupportedError, match="1 of 256 bytes"):
        from_ranks({bytes([byte]): byte for byte in range(255)}, GPT4, {})


@pytest.mark.parametrize("file", ["tekken_240718.json", "tekken_240911.json"])
def test_tekken_counts_as_its_ranks(file):
    tiktoken = pytest.importorskip("tiktoken", reason="tiktoken (dev extra) is not installed")
    path = packaged("mistral_common", f"data/{file}")
    raw = json.loads(path.read_text("utf-8"))
    ranks = {base64.b64decode(entry["token_bytes"]): entry["rank"] for entry in raw["vocab"][:130_072]}
    theirs = tiktoken.Encoding("tekken", pat_str=TEKKEN, mergeable_ranks=ranks, special_tokens={})
    assert raw["config"]["pattern"] == TEKKEN
    converted = built(path)
    wrong = different(converted, lambda text: [n + 1000 for n in theirs.encode_ordinary(text)], without(WORDS, ["<s>"]))
    assert not unicode_apart(wrong)
    assert converted.token_to_id("[INST]") == 3
    assert converted.token_to_id("<SPECIAL_20>") == 20


def test_damaged_tekken_is_named():
    with pytest.raises(BadFileError, match=r"not a tekken\.json"):
        from_tekken({"config": {"pattern": "a"}, "vocab": []})


# SentencePiece


@pytest.mark.parametrize("file", MISTRAL)
def test_mistral_counts_as_sentencepiece(file):
    package = pytest.importorskip("sentencepiece", reason="sentencepiece (dev extra) is not installed")
    path = packaged("mistral_common", f"data/{file}")
    theirs = package.SentencePieceProcessor(str(path))
    assert not different(built(path), theirs.encode, without(WORDS, ["<s>", "<unk>"]))


TRAINING = {
    "identity": {"normalization_rule_name": "identity"},
    "no_space_in_front": {"normalization_rule_name": "identity", "add_dummy_prefix": False},
    "extra_spaces": {"normalization_rule_name": "identity", "remove_extra_whitespaces": False},
    "bytes": {"normalization_rule_name": "identity", "byte_fallback": True},
    "across_spaces": {"normalization_rule_name": "identity", "split_by_whitespace": False},
    "spaces_only": {
        "normalization_rule_name": "identity", "allow_whitespace_only_pieces": True, "remove_extra_whitespaces": False,
    },
    "nmt_nfkc": {},
    "nfkc_cf": {"normalization_rule_name": "nfkc_cf"},
}  # fmt: skip


@functools.cache
def trained(kind, options):
    package = pytest.importorskip("sentencepiece", reason="sentencepiece (dev extra) is not installed")
    model = io.BytesIO()
    package.SentencePieceTrainer.train(
        sentence_iterator=iter([line for text in SENTENCES for line in text.split("\n")] * 3), model_writer=model,
        model_type=kind, vocab_size=900, hard_vocab_limit=False, character_coverage=0.98, minloglevel=3, num_threads=1,
        **TRAINING[options],
    )  # fmt: skip
    return package.SentencePieceProcessor(model_proto=model.getvalue())


@pytest.mark.parametrize("options", TRAINING)
@pytest.mark.parametrize("kind", ["bpe", "unigram"])
def test_trained_models_count_as_sentencepiece(kind, options):
    theirs = trained(kind, options)
    texts = without(WORDS, ["<s>", "<S>", "<unk>", "<0x"])
    converted = built(theirs)
    wrong = [text for text in different(converted, theirs.encode, texts) if not tied(theirs, converted, text)]
    if TRAINING[options].get("normalization_rule_name") == "identity":
        assert not wrong
        return
    # The character map works on graphemes in `tokenizers` (see the module): the sequences where that shows are few.
    assert len(wrong) < 0.05 * len(texts)
    assert not [text for text in wrong if text.isascii() and "\r\n" not in text]


def tied(theirs, converted, text):
    """Whether two segmentations score alike in 32 bits: SentencePiece adds up in these, `tokenizers` in 64."""
    if json.loads(converted.to_str())["model"]["type"] != "Unigram":
        return False
    ours, their_numbers = converted.encode(text, add_special_tokens=False).ids, theirs.encode(text)
    one, other = (sum(map(theirs.get_score, numbers)) for numbers in (ours, their_numbers))
    return math.isclose(one, other, rel_tol=1e-4) and ours.count(0) == their_numbers.count(0)


def test_equal_scores_are_refused():
    pieces = [Piece("<unk>", kind=Kind.UNKNOWN), *map(Piece, "abc"), Piece("ab", -1.0), Piece("bc", -1.0)]
    with pytest.raises(UnsupportedError, match="same score"):
        from_model(Model(pieces, unigram=False))


def test_whitespace_as_suffix_is_refused():
    pieces = [Piece("<unk>", kind=Kind.UNKNOWN), Piece("a")]
    with pytest.raises(UnsupportedError, match="suffix"):
        from_model(Model(pieces, whitespace_as_suffix=True))


def test_user_defined_symbols_are_cut_out_with_their_spaces():
    pieces = [Piece("<unk>", kind=Kind.UNKNOWN), Piece("a▁b", kind=Kind.USER_DEFINED), *map(Piece, "ab▁")]
    converted = from_model(Model(pieces, unigram=False))
    assert "space in front" in "".join(converted.notes)
    tokenizer = tokenizers.Tokenizer.from_str(converted.text())
    assert tokenizer.encode("ba ba").ids == [4, 3, 1, 4, 2]


@pytest.mark.parametrize("damage", [lambda d: d[:-3], lambda d: d[:100], lambda d: b"\n\x03abc" + d, lambda _: b"\n"])
def test_damaged_model_is_named(damage, tmp_path):
    data = damage(packaged("mistral_common", f"data/{MISTRAL[0]}").read_bytes())
    (tmp_path / "x.model").write_bytes(data)
    with pytest.raises(BadFileError, match=r"x\.model"):
        to_json(tmp_path / "x.model")


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data):
    from glotgap.tokens.convert.sentencepiece import from_model_file

    with pytest.raises((BadFileError, UnsupportedError)):
        from_model_file(data)


def test_merges_are_in_the_order_of_ranks():
    merges, unreachable = replay_all([b"ab", b"abc", b"xyz"], {b"abc": 9, b"ab": 3, b"xyz": 1})
    assert merges == [(b"a", b"b"), (b"ab", b"c")]
    assert unreachable == [b"xyz"]
