"""Variants of `tokenizer.json`, each with a trap, and for each trap the sibling that lacks it.

`VARIANTS` maps a name to the file as a dict; `TRAPS` maps a name to its sibling: some text counts (or numbers its
tokens) differently in the two, or the variant would test nothing. The traps are those of design/peers.md.
"""

import itertools
import random

import charsmap
import tokenizer_models as m
from tokenizer_texts import ADDED

VARIANTS = {}
TRAPS = {}


def variant(name, model, *, unlike=None, added=(), normalizer=None, pre=None, post=None, **rest):
    """Registers a variant; `unlike` is the sibling without its trap."""
    vocab = model["vocab"]
    known = vocab if isinstance(vocab, dict) else {piece: number for number, (piece, _) in enumerate(vocab)}
    new = itertools.count(max(known.values()) + 1)
    # A token that the model has keeps its number; others get the next ones, as `tokenizers` numbers them itself.
    listed = [entry | {"id": known[entry["content"]] if entry["content"] in known else next(new)} for entry in added]
    VARIANTS[name] = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": listed, "normalizer": normalizer,
        "pre_tokenizer": pre, "post_processor": post, "decoder": None, "model": model, **rest,
    }  # fmt: skip
    if unlike:
        TRAPS[name] = unlike


def token(content, **flags):
    off = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized", "special"), False)
    return {"content": content, **off, **flags}


def tokens(**flags):
    return [token(content, **flags) for content in ADDED]


def seq(kind, *parts):
    return {"type": "Sequence", kind: list(parts)}


def split(regex, behavior="Isolated", *, invert=False, literal=False):
    return {
        "type": "Split",
        "pattern": {"String" if literal else "Regex": regex},
        "behavior": behavior,
        "invert": invert,
    }


def byte_level(*, prefix=False, regex=True):
    return {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True, "use_regex": regex}


def cut_then_bytes(*steps):
    return seq("pretokenizers", *steps, byte_level(regex=False))


def replace(content, text=None, regex=None):
    return {"type": "Replace", "pattern": {"String": text} if text else {"Regex": regex}, "content": content}


def metaspace(scheme="always", *, cut=True):
    return {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": cut}


def digits(individual):
    return {"type": "Digits", "individual_digits": individual}


def bert(*, clean=True, chinese=True, accents=None, lower=True):
    flags = {"clean_text": clean, "handle_chinese_chars": chinese, "strip_accents": accents, "lowercase": lower}
    return {"type": "BertNormalizer", **flags}


NFC, NFD, NFKC, NFKD = ({"type": kind} for kind in ("NFC", "NFD", "NFKC", "NFKD"))
LOWER, STRIP_ACCENTS = {"type": "Lowercase"}, {"type": "StripAccents"}
BERT_WORDS, WHITE_SPLIT, WHITE = ({"type": kind} for kind in ("BertPreTokenizer", "WhitespaceSplit", "Whitespace"))
PRECOMPILED = {"type": "Precompiled", "precompiled_charsmap": charsmap.precompiled(charsmap.nmt_nfkc())}
GPT4 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
CASED = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+{c}"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*{c}"
    r"|{n}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
O200K = CASED.replace("{c}", "(?i:'s|'t|'re|'ve|'m|'ll|'d)?").replace("{n}", r"\p{N}{1,3}")
TEKKEN = CASED.replace("{c}", "").replace("{n}", r"\p{N}")
QWEN2 = GPT4.replace("{1,3}", "")
DEEPSEEK = [
    split(r"\p{N}{1,3}"),
    split("[一-龥\u3040-ゟ゠-ヿ]+"),
    split(
        r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
        r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    ),
]
CLS = {"SpecialToken": {"id": "[CLS]", "type_id": 0}}
TEMPLATE = {
    "type": "TemplateProcessing", "single": [CLS, {"Sequence": {"id": "A", "type_id": 0}}],
    "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
    "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]}},
}  # fmt: skip


def byte_level_words():
    """How byte-level models cut words."""
    b = m.byte_level()
    variant("gpt2", m.bpe(b), pre=byte_level())
    variant("add_prefix_space", m.bpe(b), pre=byte_level(prefix=True), unlike="gpt2")
    variant("use_regex_false", m.bpe(m.line_level()), pre=byte_level(regex=False), unlike="use_regex_true")
    variant("use_regex_true", m.bpe(m.line_level()), pre=byte_level())
    variant("prefix_space_regex_false", m.bpe(b), pre=byte_level(prefix=True, regex=False), unlike="add_prefix_space")
    variant("pre_tokenizer_null", m.bpe(b), unlike="gpt2")
    variant("byte_level_normalizer", m.bpe(m.line_level()), normalizer={"type": "ByteLevel"}, unlike="use_regex_true")
    variant("gpt4", m.bpe(b), pre=cut_then_bytes(split(GPT4)), unlike="gpt2")
    variant("o200k", m.bpe(b), pre=cut_then_bytes(split(O200K)), unlike="gpt4")
    variant("tekken", m.bpe(b), pre=cut_then_bytes(split(TEKKEN)), unlike="o200k")
    variant("qwen2_nfc", m.bpe(b), normalizer=NFC, pre=cut_then_bytes(split(QWEN2)), unlike="gpt4")
    variant("deepseek", m.bpe(b), pre=cut_then_bytes(*DEEPSEEK), unlike="gpt4")
    variant(
        "digits_single", m.bpe(m.line_level()), pre=cut_then_bytes(digits(individual=True)), unlike="use_regex_false"
    )
    runs = cut_then_bytes(digits(individual=False))
    variant("digits_runs", m.bpe(m.line_level()), pre=runs, unlike="digits_single")
    variant("smollm", m.bpe(b), pre=seq("pretokenizers", digits(individual=True), byte_level()), unlike="gpt2")
    punctuation = {"type": "Punctuation", "behavior": "Contiguous"}
    falcon = seq("pretokenizers", punctuation, byte_level(), digits(individual=False), split("[0-9][0-9][0-9]"))
    variant("falcon", m.bpe(b), pre=falcon, unlike="gpt2")
    variant("split_removed", m.bpe(b), pre=cut_then_bytes(split(r"\s+", "Removed")), unlike="split_next")
    variant(
        "split_next", m.bpe(b), pre=cut_then_bytes(split(" ", "MergedWithNext", literal=True)), unlike="split_previous"
    )
    previous = cut_then_bytes(split(" ", "MergedWithPrevious", literal=True))
    variant("split_previous", m.bpe(m.line_level()), pre=previous, unlike="use_regex_true")
    variant("split_contiguous", m.bpe(b), pre=cut_then_bytes(split(r"\p{P}", "Contiguous")), unlike="gpt2")
    inverted = cut_then_bytes(split(r"\p{L}+|\p{N}", "Removed", invert=True))
    variant("split_inverted", m.bpe(b), pre=inverted, unlike="split_removed")


def normalizers():
    b = m.byte_level()
    variant("nfkc", m.bpe(b), normalizer=NFKC, pre=byte_level(), unlike="gpt2")
    variant("nfkc_lowercase", m.bpe(b), normalizer=seq("normalizers", NFKC, LOWER), pre=byte_level(), unlike="nfkc")
    variant("strip_accents", m.bpe(b), normalizer=STRIP_ACCENTS, pre=byte_level(), unlike="gpt2")
    stripped = seq("normalizers", NFD, STRIP_ACCENTS)
    variant("nfd_strip_accents", m.bpe(b), normalizer=stripped, pre=byte_level(), unlike="strip_accents")
    variant("nfkd", m.bpe(b), normalizer=NFKD, pre=byte_level(), unlike="nfkc")
    strip = seq(
        "normalizers", {"type": "Strip", "strip_left": True, "strip_right": True}, replace(" ", regex=r"\s{2,}")
    )
    variant("strip_replace", m.bpe(b), normalizer=strip, pre=byte_level(), unlike="gpt2")
    nmt = seq("normalizers", {"type": "Nmt"}, {"type": "Prepend", "prepend": "~"})
    variant("nmt_prepend", m.bpe(b), normalizer=nmt, pre=byte_level(), unlike="gpt2")


def merges_and_numbers():
    """Options of BPE itself."""
    vocab, merges = m.byte_level()
    whole = {
        word.replace(" ", "Ġ"): len(vocab) + at for at, word in enumerate((" human", " beings", "qzx", " a", "12345"))
    }
    more = {word: number for word, number in whole.items() if word not in vocab}
    variant("ignore_merges_false", m.bpe((vocab | more, merges)), pre=byte_level())
    ignoring = m.bpe((vocab | more, merges), ignore_merges=True)
    variant("ignore_merges_true", ignoring, pre=byte_level(), unlike="ignore_merges_false")
    numbers = list(vocab.values())
    random.Random(7).shuffle(numbers)
    shuffled = dict(zip(vocab, numbers, strict=True))
    variant("rank_is_not_id", m.bpe((shuffled, merges)), pre=byte_level(), unlike="gpt2_by_id")
    variant("gpt2_by_id", m.bpe((vocab, sorted(merges, key=lambda pair: shuffled["".join(pair)]))), pre=byte_level())
    by_rank = sorted(vocab, key=vocab.__getitem__)
    all_pairs = [(t[:at], t[at:]) for t in by_rank for at in range(1, len(t)) if {t[:at], t[at:]} <= vocab.keys()]
    variant("all_pairs", m.bpe((vocab, all_pairs)), pre=byte_level())
    variant("no_merges", m.bpe((vocab, [])), pre=byte_level(), unlike="gpt2")
    missing = {piece: number for piece, number in vocab.items() if piece not in {"Ł", "Ń"}}
    kept = [pair for pair in merges if not {"Ł", "Ń"} & set("".join(pair))]
    variant("bytes_missing", m.bpe((missing, kept)), pre=byte_level(), unlike="gpt2")
    suffix = {"end_of_word_suffix": "</w>"}
    marked = m.bpe(m.subword_marks(suffix="</w>"), unk_token="<unk>", **suffix)
    variant("end_of_word_suffix", marked, normalizer=LOWER, pre=BERT_WORDS, unlike="continuing_prefix")
    prefix = {"continuing_subword_prefix": "##"}
    marked = m.bpe(m.subword_marks(prefix="##"), unk_token="<unk>", **prefix)
    variant("continuing_prefix", marked, normalizer=LOWER, pre=BERT_WORDS)


def stored_options():
    """What a file stores beside the tokenizer and a count must not follow."""
    cut = {"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0}
    fill = {"strategy": {"Fixed": 9}, "direction": "Right", "pad_to_multiple_of": None}
    fill |= {"pad_id": 0, "pad_type_id": 0, "pad_token": "!"}
    variant("truncation", m.bpe(m.byte_level()), pre=byte_level(), truncation=cut, unlike="gpt2")
    variant("padding", m.bpe(m.byte_level()), pre=byte_level(), padding=fill, unlike="gpt2")
    roberta = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True}
    variant("post_byte_level", m.bpe(m.byte_level()), pre=byte_level(), post=roberta)
    variant("post_template", m.word_piece(), normalizer=bert(), pre=BERT_WORDS, post=TEMPLATE)
    twice = TEMPLATE | {"single": TEMPLATE["single"] * 2}
    variant("post_twice", m.word_piece(), normalizer=bert(), pre=BERT_WORDS, post=twice, unlike="post_template")


def added_tokens():
    b, lower = m.byte_level(), {"normalizer": LOWER, "pre": byte_level()}
    variant("added", m.bpe(b), pre=byte_level(), added=tokens(), unlike="gpt2")
    variant("added_special", m.bpe(b), pre=byte_level(), added=tokens(special=True), unlike="gpt2")
    variant("added_lstrip", m.bpe(b), pre=byte_level(), added=tokens(lstrip=True), unlike="added")
    variant("added_rstrip", m.bpe(b), pre=byte_level(), added=tokens(rstrip=True), unlike="added")
    both = tokens(lstrip=True, rstrip=True, special=True)
    variant("added_both_strips", m.bpe(b), pre=byte_level(), added=both, unlike="added_lstrip")
    variant("added_single_word", m.bpe(b), pre=byte_level(), added=tokens(single_word=True), unlike="added")
    variant("added_before_lowercase", m.bpe(b), added=tokens(normalized=False), unlike="added_after_lowercase", **lower)
    variant("added_after_lowercase", m.bpe(b), added=tokens(normalized=True), **lower)
    nfkc = {"normalizer": NFKC, "pre": byte_level()}
    some = [token(t, normalized=at % 2 == 0, lstrip=at % 3 == 0, rstrip=at % 3 == 1) for at, t in enumerate(ADDED)]
    variant("added_mixed_nfkc", m.bpe(b), added=some, unlike="nfkc", **nfkc)
    variant("added_prefix_space", m.bpe(b), pre=byte_level(prefix=True), added=tokens(), unlike="added")
    overlapping = [token(t) for t in ("foo", "foo bar", "o b", "a  b", "  ")]
    variant("added_overlapping", m.bpe(b), pre=byte_level(), added=overlapping, unlike="gpt2")
    pieces = {"normalizer": bert(), "pre": BERT_WORDS}
    known = [token("[MASK]", special=True, lstrip=True), token("[UNK]", special=True)]
    variant("added_bert", m.word_piece(), added=[*known, token("foo", single_word=True)], unlike="bert", **pieces)
    variant(
        "added_metaspace",
        m.bpe(m.characters(), unk_token="<unk>"),
        pre=metaspace("first"),
        added=tokens(),
        unlike="first",
    )


def sentencepiece():
    """SentencePiece-like BPE and its spaces."""
    c = m.characters()
    llama = seq("normalizers", {"type": "Prepend", "prepend": "▁"}, replace("▁", text=" "))
    gemma = split(" ", "MergedWithPrevious", literal=True)
    on = {"unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True}
    variant("llama", m.bpe(c, **on), normalizer=llama, unlike="gemma")
    variant("gemma", m.bpe(c, **on), normalizer=replace("▁", text=" "), pre=gemma)
    holes = ({k: v for k, v in c[0].items() if k not in {"<0xF0>", "<0xE0>", "<0x0A>", "<0xCC>"}}, c[1])
    variant("byte_fallback_missing_bytes", m.bpe(holes, **on), normalizer=llama, unlike="llama")
    unfused = m.bpe(holes, unk_token="<unk>", byte_fallback=True)
    variant("missing_bytes_unfused", unfused, normalizer=llama, unlike="byte_fallback_missing_bytes")
    variant("fuse_unk", m.bpe(c, unk_token="<unk>", fuse_unk=True), normalizer=llama, unlike="unk_each")
    variant("unk_each", m.bpe(c, unk_token="<unk>"), normalizer=llama, unlike="llama")
    variant("no_unk", m.bpe(c), normalizer=llama, unlike="unk_each")
    fused = m.bpe(c, unk_token="<unk>", fuse_unk=True)
    variant("fuse_unk_across_cuts", fused, normalizer=llama, pre=split(r".{1,3}"), unlike="fuse_unk")
    variant("first", m.bpe(c, unk_token="<unk>"), pre=metaspace("first"), unlike="never")
    dropped = {"normalizer": {"type": "Nmt"}, "pre": metaspace("first")}
    variant("first_after_drop", m.bpe(c, unk_token="<unk>"), unlike="always", **dropped)
    mapped = {"normalizer": PRECOMPILED, "pre": metaspace("first")}
    variant("first_after_map", m.bpe(c, unk_token="<unk>"), unlike="never", **mapped)
    variant("always", m.bpe(c, unk_token="<unk>"), pre=metaspace("always"), added=tokens(), unlike="added_metaspace")
    variant("never", m.bpe(c, unk_token="<unk>"), pre=metaspace("never"))
    variant("metaspace_no_split", m.bpe(c, **on), pre=metaspace("first", cut=False), unlike="llama")


def unigrams():
    t5 = seq(
        "normalizers",
        PRECOMPILED,
        {"type": "Strip", "strip_left": False, "strip_right": True},
        replace("▁", regex=" {2,}"),
    )
    xlmr = seq("pretokenizers", WHITE_SPLIT, metaspace())
    crossing = [("▁and▁", -4.0), ("s▁", -3.0), ("▁in▁dignity", -5.0), ("▁▁", -2.0), ("e▁e", -4.5)]
    variant("xlmr", m.unigram(), normalizer=PRECOMPILED, pre=xlmr, unlike="unigram")
    variant("t5", m.unigram(), normalizer=t5, pre=metaspace(), unlike="xlmr")
    variant("unigram", m.unigram(), pre=metaspace())
    variant("unigram_split", m.unigram(extra=crossing), pre=metaspace())
    variant("unigram_no_split", m.unigram(extra=crossing), pre=metaspace(cut=False), unlike="unigram_split")
    variant("unigram_null", m.unigram(extra=crossing), normalizer=replace("▁", text=" "), unlike="unigram_no_split")
    variant("unigram_bytes", m.unigram(byte_fallback=True), pre=metaspace(), unlike="unigram")
    tied = [(piece, -float(len(piece))) for piece, _ in m.unigram_pieces()]
    variant("unigram_ties", m.unigram(tied), pre=metaspace(), unlike="unigram")
    near = [(piece, -len(piece) * 0.1 - 0.1 * (len(piece) % 3 == 0)) for piece, _ in m.unigram_pieces()]
    variant("unigram_near_ties", m.unigram(near), pre=metaspace(), unlike="unigram_ties")
    albert = seq("normalizers", replace('"', text="``"), NFKD, STRIP_ACCENTS, LOWER, PRECOMPILED)
    variant("albert", m.unigram(), normalizer=albert, pre=metaspace(), unlike="unigram")
    strips = [token("[MASK]", lstrip=True, special=True), token("foo", normalized=True), token("<unk>", special=True)]
    variant("unigram_added", m.unigram(), normalizer=PRECOMPILED, pre=xlmr, added=strips, unlike="xlmr")


def word_pieces():
    on = {"pre": BERT_WORDS}
    variant("bert", m.word_piece(), normalizer=bert(), **on)
    variant("bert_cased", m.word_piece(lower=False), normalizer=bert(lower=False), unlike="bert", **on)
    variant("bert_accents", m.word_piece(), normalizer=bert(accents=False), unlike="bert", **on)
    variant("bert_cased_no_accents", m.word_piece(), normalizer=bert(accents=True, lower=False), unlike="bert", **on)
    variant(
        "bert_no_chinese", m.word_piece(), normalizer=bert(chinese=False), pre=WHITE_SPLIT, unlike="bert_white_split"
    )
    variant("bert_white_split", m.word_piece(), normalizer=bert(), pre=WHITE_SPLIT, unlike="bert")
    variant("bert_dirty", m.word_piece(), normalizer=bert(clean=False), unlike="bert", **on)
    variant("long_word_20", m.word_piece(longest=20), normalizer=bert(), unlike="bert", **on)
    variant("long_word_200", m.word_piece(longest=200), normalizer=bert(), unlike="bert", **on)
    variant("prefix_empty", m.word_piece(prefix=""), normalizer=bert(), unlike="bert", **on)
    variant("word_piece_null", m.word_piece(), normalizer=bert(), unlike="bert")
    variant("word_piece_whitespace", m.word_piece(lower=False), pre=WHITE, unlike="bert_cased")
    variant("unk_only_words", m.word_piece(drop=("##a", "##e", "##o")), normalizer=bert(), unlike="bert", **on)


def others():
    variant("word_level", m.word_level(), pre=WHITE)
    scripts = seq("pretokenizers", {"type": "UnicodeScripts"}, {"type": "CharDelimiterSplit", "delimiter": "_"})
    variant("unicode_scripts", m.bpe(m.characters(), unk_token="<unk>", fuse_unk=True), pre=scripts, unlike="fuse_unk")
    length = {"type": "FixedLength", "length": 5}
    variant("fixed_length", m.bpe(m.line_level()), pre=cut_then_bytes(length), unlike="use_regex_false")


for family in (
    byte_level_words, normalizers, merges_and_numbers, stored_options, added_tokens, sentencepiece, unigrams,
    word_pieces, others,
):  # fmt: skip
    family()
