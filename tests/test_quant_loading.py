"""Directories, GGUF files and Hub ids: what is loaded, what is said of it, and what is refused, in one line."""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from quant_models import TEXT, refused, saved, causal, masked, tokenizer, torch, transformers  # isort: skip

from glotgap import BadFileError, UnsupportedError
from glotgap.quant import evaluation
from glotgap.quant.loading import load
from glotgap.quant.models import subject


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("models") / "llama", causal(), tokenizer())


def copied(source, target, **config):
    """A copy of a saved model with another configuration."""
    shutil.copytree(source, target)
    path = target / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | config))
    return target


# What is loaded


def test_a_directory_is_the_object_that_was_saved(llama):
    found, wanted = evaluation(llama, corpus=TEXT), evaluation(causal(), tokenizer(), TEXT)
    assert found.scores["nll"].to_list() == wanted.scores["nll"].to_list()
    assert found.scores.select("model", "reference").row(0) == ("llama", "float32 as stored")


def test_a_tokenizer_may_lie_elsewhere(llama, tmp_path):
    bare = saved(tmp_path / "bare", causal())
    refused("no tokenizer lies at .*bare: give the model's own", bare, kind=BadFileError)
    assert evaluation(bare, llama, TEXT).scores.height == 1


@pytest.mark.parametrize(
    ("stored", "dtype", "said"),
    [
        ("float32", "float32", "float32 as stored"),
        ("bfloat16", "bfloat16", "bfloat16 as stored"),
        ("bfloat16", "float32", "bfloat16 as stored, read as float32"),
        ("float32", "bfloat16", "float32 as stored, rounded to bfloat16"),
        ("bfloat16", "float16", "bfloat16 as stored, rounded to float16"),
        ("float16", "float64", "float16 as stored, read as float64"),
    ],
)
def test_the_reference_says_what_the_weights_were_and_became(tmp_path, stored, dtype, said):
    folder = saved(tmp_path / "m", causal().to(getattr(torch, stored)), tokenizer())
    assert subject(folder, dtype=dtype).reference == said


def test_a_directory_is_called_by_its_name_however_it_is_named(llama, monkeypatch):
    monkeypatch.chdir(llama)
    assert subject(".").name == "llama"
    assert subject(f"{llama}/").name == "llama"
    assert subject(Path("..", "llama")).name == "llama"
    assert subject(".", name="other", reference="it").name == "other"


def test_masked_models_are_loaded_with_their_heads(tmp_path):
    folder = saved(tmp_path / "bert", masked("Bert"), tokenizer(masked=True))
    found = evaluation(folder, corpus=TEXT).scores
    assert found.select("method", "reference").row(0) == ("pseudo-log-likelihood", "float32 as stored")


@pytest.mark.parametrize("source", ["llama", "gguf"])
def test_loading_says_nothing(llama, tmp_path, capfd, recwarn, source):
    if source == "gguf":
        pytest.importorskip("gguf")
        write_gguf(tmp_path / "x.gguf")
    before = transformers.utils.logging.get_verbosity()
    subject(llama if source == "llama" else tmp_path / "x.gguf", llama)
    assert capfd.readouterr() == ("", "")
    assert not recwarn
    assert transformers.utils.logging.get_verbosity() == before


def test_threads_that_load_at_once_leave_everything_as_it_was(llama):
    before = transformers.utils.logging.get_verbosity(), sys.stderr
    with ThreadPoolExecutor(4) as threads:
        names = list(threads.map(lambda _: subject(llama).name, range(8)))
    assert names == ["llama"] * 8
    assert (transformers.utils.logging.get_verbosity(), sys.stderr) == before


def write_gguf(path):
    """A Llama of one layer in Q8_0; return its values as the gguf package dequantizes them."""
    gguf = pytest.importorskip("gguf")
    writer, stored, kept = gguf.GGUFWriter(path, "llama"), gguf.GGMLQuantizationType.Q8_0, {}
    writer.add_context_length(64)
    writer.add_embedding_length(32)
    writer.add_block_count(1)
    writer.add_feed_forward_length(64)
    writer.add_head_count(4)
    writer.add_head_count_kv(4)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_dimension_count(8)
    writer.add_vocab_size(512)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    square = {f"attn_{part}": (32, 32) for part in ("q", "k", "v", "output")}
    mlp = {"ffn_gate": (64, 32), "ffn_up": (64, 32), "ffn_down": (32, 64)}
    matrices = {"token_embd": (512, 32), "output": (512, 32)} | {f"blk.0.{n}": s for n, s in (square | mlp).items()}
    values = np.random.default_rng(0)
    for name, shape in matrices.items():
        data = gguf.quants.quantize(values.standard_normal(shape).astype(np.float32), stored)
        kept[name] = gguf.quants.dequantize(data, stored)
        writer.add_tensor(f"{name}.weight", data, raw_dtype=stored)
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        writer.add_tensor(f"{name}.weight", np.ones(32, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return kept


def test_a_gguf_file_is_dequantized_and_every_table_says_so(tmp_path):
    values = write_gguf(tmp_path / "small.gguf")
    found = evaluation(tmp_path / "small.gguf", tokenizer(), TEXT, schemes=["fp", "rtn4"])
    assert set(found.scores["reference"]) == {"dequantized from GGUF (q8_0, f32) to float32"}
    assert set(found.scores["model"]) == set(found.audits["model"]) == {"small"}
    model = load(tmp_path / "small.gguf")
    assert torch.equal(model.model.layers[0].mlp.down_proj.weight, torch.from_numpy(values["blk.0.ffn_down"]))
    given = subject(model, tokenizer())
    assert given.reference == "float32 as given, quantized before by gguf"
    (tmp_path / "small.gguf").rename(tmp_path / "renamed.gguf")
    assert subject(tmp_path / "renamed.gguf", tokenizer()).digest == given.digest


# What is no model


def test_paths_where_nothing_is_are_refused(tmp_path):
    refused("does not exist: name a directory", tmp_path / "none", kind=BadFileError)
    refused("does not exist: name a directory", str(tmp_path / "none.gguf"), kind=BadFileError)
    refused("does not exist: name a directory", "a/b/c", kind=BadFileError)


def test_directories_that_are_no_model_are_refused(tmp_path, llama):
    refused("no language model can be loaded", tmp_path, kind=BadFileError)
    refused("is one file, and not of GGUF", llama / "model.safetensors", kind=BadFileError)
    unknown = copied(llama, tmp_path / "unknown", model_type="nonesuch", architectures=["NoneSuch"])
    refused("no language model can be loaded", unknown, kind=BadFileError)


@pytest.mark.parametrize("content", [b"", b"garbage" * 99, b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "])
def test_damaged_weights_are_refused(tmp_path, llama, content):
    damaged = copied(llama, tmp_path / "damaged")
    (damaged / "model.safetensors").write_bytes(content)
    refused(r"no language model can be loaded|lacks \d+ weights", damaged, kind=BadFileError)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json"])
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"x": 1}', b"\xff\xfe"])
def test_damaged_files_of_a_model_are_refused(tmp_path, llama, name, content):
    damaged = copied(llama, tmp_path / "damaged")
    (damaged / name).write_bytes(content)
    refused("can be loaded from", damaged, kind=BadFileError)


def test_weights_of_other_sizes_than_the_configuration_says_are_refused(tmp_path, llama):
    other = copied(llama, tmp_path / "other", intermediate_size=48)
    refused("no language model can be loaded", other, kind=BadFileError)


@pytest.mark.parametrize("content", [b"", b"GGUF", b"GGUF" + bytes(99), b"no such thing" * 9])
def test_damaged_gguf_files_are_refused(tmp_path, content):
    (tmp_path / "x.gguf").write_bytes(content)
    refused("no language model can be loaded", tmp_path / "x.gguf", tokenizer(), kind=BadFileError)


@pytest.mark.parametrize("architectures", [["BertForMaskedLM"], ["BertModel"], None])
def test_a_model_without_its_output_layer_is_refused(tmp_path, architectures):
    body = saved(tmp_path / "body", masked("Bert").bert, tokenizer(masked=True))
    headless = copied(body, tmp_path / "headless", architectures=architectures)
    refused(r"lacks \d+ weights of a Bert\w+, such as cls", headless, kind=BadFileError)


def test_code_that_comes_with_a_model_is_not_run(tmp_path, llama):
    (tmp_path / "ran").unlink(missing_ok=True)
    own = copied(llama, tmp_path / "own", model_type="own", auto_map={"AutoConfig": "code.Config"})
    (own / "code.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Config: pass")
    refused("no language model can be loaded", own, kind=BadFileError)
    assert not (tmp_path / "ran").exists()


def test_a_hub_id_without_a_network_is_one_line_in_seconds(tmp_path):
    code = "from glotgap.cli import main; main(['quant', 'eval', 'no/such-model', '--languages', 'eng'])"
    places = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=os.environ | places, timeout=100
    )
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith("error: no/such-model: neither a path here nor a model that the Hub gives")
    assert run.stderr.count("\n") == 1  # and so no line says that it tries again


@pytest.mark.parametrize("wrong", ["a/b c", "https://host/x", "~/model"])
def test_what_can_be_no_hub_id_is_asked_of_nobody(wrong, monkeypatch):
    monkeypatch.setattr("glotgap.quant.loading.fetch", lambda *_: pytest.fail("the Hub was asked"))
    refused("does not exist: name a directory", wrong, kind=BadFileError)


def test_files_of_the_hub_are_read_where_they_were_fetched(llama, monkeypatch):
    asked = []
    monkeypatch.setattr("glotgap.quant.loading.fetch", lambda *args: asked.append(args) or llama)
    found = subject("owner/model")
    assert (found.name, found.reference) == ("owner/model", "float32 as stored")
    assert {hub_id for hub_id, _ in asked} == {"owner/model"}


@pytest.mark.parametrize("missing", ["gguf", "accelerate"])
def test_a_library_that_is_absent_is_named(tmp_path, missing, monkeypatch):
    write_gguf(tmp_path / "x.gguf")

    def absent(*_, **__):
        raise ImportError(f"Loading GGUF needs {missing}.\nInstall it.")

    monkeypatch.setattr(transformers.AutoModelForCausalLM, "from_pretrained", absent)
    refused(rf"{missing}\. *; pip install 'glotgap\[torch\]'", tmp_path / "x.gguf", tokenizer(), kind=UnsupportedError)


@pytest.mark.parametrize("dtype", ["float8", "int8", "torch.float32", ""])
def test_a_type_that_is_none_is_refused(llama, dtype):
    refused("dtype is .*: give one of float32, bfloat16", llama, dtype=dtype)
