"""What a source is, is told by its content; what is none is refused by name."""

import json
import sys
from types import SimpleNamespace

import pytest

from glotgap import BadArgumentError, BadFileError, UnsupportedError
from glotgap.tokens.convert import to_json
from glotgap.tokens.convert.patterns import GPT4

WHOLE = {"version": "1.0", "model": {"type": "BPE", "vocab": {"a": 0, "é": 1}, "merges": []}}


def rank_lines():
    import base64

    return b"".join(base64.b64encode(bytes([byte])) + f" {byte}\n".encode() for byte in range(256))


def test_a_file_is_passed_on_as_it_is(tmp_path):
    path = tmp_path / "named.anything"
    path.write_text(json.dumps(WHOLE, indent=3), "utf-8")
    assert to_json(path) == (json.dumps(WHOLE, indent=3), "named", ())
    assert to_json(str(path))[0] == to_json(path)[0]


def test_a_byte_order_mark_is_taken_off(tmp_path):
    (tmp_path / "tokenizer.json").write_text("\ufeff" + json.dumps(WHOLE), "utf-8")
    assert to_json(tmp_path / "tokenizer.json")[:2] == (json.dumps(WHOLE), tmp_path.name)


def test_a_directory_gives_its_tokenizer_json_first(tmp_path):
    (tmp_path / "r.tiktoken").write_bytes(rank_lines())
    with pytest.raises(UnsupportedError, match="not the regex"):
        to_json(tmp_path)
    (tmp_path / "tokenizer.json").write_text(json.dumps(WHOLE))
    assert to_json(tmp_path)[:2] == (json.dumps(WHOLE), tmp_path.name)


def test_a_directory_with_two_candidates_is_refused(tmp_path):
    for name in ("a.gguf", "b.gguf"):
        (tmp_path / name).write_bytes(b"GGUF")
    with pytest.raises(BadArgumentError, match=r"a\.gguf, b\.gguf"):
        to_json(tmp_path)


def test_a_directory_without_tokenizer_is_refused(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(BadFileError, match="holds no tokenizer"):
        to_json(tmp_path)


def test_a_rank_file_goes_with_its_regex(tmp_path):
    path = tmp_path / "r.tiktoken"
    path.write_bytes(rank_lines())
    text, name, notes = to_json((path, GPT4, {"<e>": 300}))
    whole = json.loads(text)
    assert (name, len(whole["model"]["vocab"]), whole["added_tokens"][0]["id"]) == ("r", 257, 300)
    assert len(notes) == 1
    assert to_json((str(path), GPT4))[2] == ()


def test_a_damaged_rank_file_is_named(tmp_path):
    path = tmp_path / "r.tiktoken"
    for line, what in ((b"!!! 3\n", "line 257"), (b"YQ== 97\n", "twice"), (b"YWI= x\n", "line 257")):
        path.write_bytes(rank_lines() + line)
        with pytest.raises(BadFileError, match=what):
            to_json((path, GPT4))


def test_a_mapping_is_taken():
    assert json.loads(to_json(WHOLE)[0]) == WHOLE


def test_objects_are_told_by_what_they_can_do():
    tokenizers = pytest.importorskip("tokenizers", reason="tokenizers (dev extra) is not installed")
    tokenizer = tokenizers.Tokenizer.from_str(json.dumps(WHOLE))
    fast = SimpleNamespace(backend_tokenizer=tokenizer, name_or_path="owner/name")
    assert to_json(tokenizer)[1:] == ("tokenizer", ())
    assert to_json(fast) == (tokenizer.to_str(), "owner/name", ())


def test_parts_written_in_python_are_refused():
    tokenizers = pytest.importorskip("tokenizers", reason="tokenizers (dev extra) is not installed")
    tokenizer = tokenizers.Tokenizer.from_str(json.dumps(WHOLE))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.PreTokenizer.custom(SimpleNamespace(pre_tokenize=print))
    with pytest.raises(UnsupportedError, match="cannot be written"):
        to_json(tokenizer)


@pytest.mark.parametrize(
    "source", [None, 3, [], ("a",), ("a", 3), SimpleNamespace(convert_ids_to_tokens=print), object()]
)
def test_what_is_no_source_is_refused(source):
    with pytest.raises(BadArgumentError):
        to_json(source)


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"{", b"[]", b"{}", b'{"model": 3}', b"\x80\x81", b"{" * 100_000, b"\x89PNG"]
)
def test_what_is_no_tokenizer_is_named(data, tmp_path):
    path = tmp_path / "file.x"
    path.write_bytes(data)
    with pytest.raises(BadFileError, match=r"file\.x"):
        to_json(path)


def test_nothing_there_is_named():
    with pytest.raises(BadFileError, match="no such file"):
        to_json("no/such/file/here")


def test_a_hub_id_needs_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(UnsupportedError, match=r"glotgap\[hub\]"):
        to_json("owner/name")


def test_a_hub_id_is_fetched(monkeypatch, tmp_path):
    hub = pytest.importorskip("huggingface_hub", reason="huggingface_hub (hub extra) is not installed")
    (tmp_path / "tokenizer.json").write_text(json.dumps(WHOLE))
    asked = {}
    monkeypatch.setattr(
        hub, "snapshot_download", lambda name, **options: asked.update(options, name=name) or str(tmp_path)
    )
    assert to_json("owner/name") == (json.dumps(WHOLE), "owner/name", ())
    assert asked["name"] == "owner/name"
    assert not any("safetensors" in pattern or "gguf" in pattern for pattern in asked["allow_patterns"])


def test_nothing_heavy_is_imported():
    import subprocess

    code = "import glotgap.tokens.convert, sys; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {
        "transformers",
        "tiktoken",
        "sentencepiece",
        "tokenizers",
        "torch",
        "huggingface_hub",
        "google.protobuf",
        "gguf",
    }
    assert not heavy & set(run.stdout.split())
