"""Damaged, absent and hostile input: a clear error within a second, never a panic, a hang or a wrong figure."""

import json
import os
import pickle
import struct
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import glotgap
from glotgap.weights import inspect, scan, tensor_histogram
from writers import gguf, header, safetensors, sharded, torch_zip

ENTRY = {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}


def written(path, entries, size=16, **options):
    path.write_bytes((entries if isinstance(entries, bytes) else header(entries, **options)) + bytes(size))
    return path


BAD_SAFETENSORS = {
    "truncated data": (header({"w": ENTRY}) + bytes(12), "w"),
    "truncated header": (header({"w": ENTRY})[:20], "truncated"),
    "nothing": (b"", "bytes"),
    "three bytes": (b"abc", "bytes"),
    "header over 100 MB": (struct.pack("<Q", 100_000_001) + b"{" + bytes(100), "100000001"),
    "header length of 2^64-1": (b"\xff" * 8 + b"{", ""),
    "header not JSON": (struct.pack("<Q", 16) + b"{not json at all" + bytes(16), "JSON"),
    "header not UTF-8": (struct.pack("<Q", 4) + b'{"\xff"' + bytes(16), "JSON"),
    "header a list": (struct.pack("<Q", 8) + b'["w", 1]' + bytes(16), ""),
    "deep JSON": (struct.pack("<Q", 100_000) + b'{"w":' + b"[" * 99_995 + bytes(16), "JSON"),
    "big endian length": (struct.pack(">Q", 60) + header({"w": ENTRY})[8:] + bytes(16), ""),
    "overlap": (header({"w": ENTRY, "v": {**ENTRY, "data_offsets": [8, 24]}}) + bytes(24), "overlap"),
    "offsets backwards": (header({"w": {**ENTRY, "data_offsets": [16, 0]}}) + bytes(16), "w"),
    "offsets out of range": (header({"w": {**ENTRY, "data_offsets": [0, 2**40]}}) + bytes(16), "w"),
    "offsets of 2^64-1": (header({"w": {**ENTRY, "data_offsets": [2**64 - 16, 2**64 - 1]}}) + bytes(16), "w"),
    "offsets negative": (header({"w": {**ENTRY, "data_offsets": [-16, 0]}}) + bytes(16), "w"),
    "offsets not of the shape": (header({"w": {**ENTRY, "shape": [5]}}) + bytes(16), "w"),
    "shape overflows": (header({"w": {**ENTRY, "shape": [2**33, 2**33]}}) + bytes(16), "w"),
    "shape negative": (header({"w": {**ENTRY, "shape": [-4]}}) + bytes(16), "w"),
    "shape of fractions": (header({"w": {**ENTRY, "shape": [4.0]}}) + bytes(16), "w"),
    "duplicate names": (header({"w": ENTRY, "v": ENTRY}).replace(b'"v"', b'"w"') + bytes(16), "twice"),
    "no dtype": (header({"w": {"shape": [4], "data_offsets": [0, 16]}}) + bytes(16), "w"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD_SAFETENSORS)
@pytest.mark.parametrize("io", ["mmap", "pread"])
def test_a_damaged_safetensors_file_is_an_error_that_names_it(tmp_path, kind, io):
    data, word = BAD_SAFETENSORS[kind]
    path = tmp_path / "bad.safetensors"
    path.write_bytes(data)
    refused(path, word, io=io)


def refused(path, word="", kind=glotgap.BadFileError, **options):
    """Scanning fails within a second, with an error that names the file, `word`, and a remedy."""
    started = time.monotonic()
    with pytest.raises(kind) as caught:
        scan(path, **options)
    assert time.monotonic() - started < 1
    message = str(caught.value)
    assert Path(path).name in message
    assert word in message
    assert ";" in message or ":" in message.removeprefix(str(path))
    assert "\n" not in message
    return message


@pytest.mark.parametrize("kind", ["truncated data", "header not JSON", "overlap", "nothing", "header over 100 MB"])
def test_the_command_line_says_the_same_in_one_line(tmp_path, kind):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(BAD_SAFETENSORS[kind][0])
    run = command("scan", path)
    assert run.returncode == 1
    assert run.stderr.startswith("error: ")
    assert "bad.safetensors" in run.stderr
    assert "Traceback" not in run.stderr
    assert run.stderr.count("\n") == 1


def command(*arguments):
    code = "import sys; from glotgap.cli import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", code, "weights", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("argument", [["--threads", "0"], ["--threads", "-1"], ["--per", "group:0"], ["--io", "no"]])
def test_wrong_usage_of_the_command_line_is_exit_code_2(tmp_path, argument):
    path = safetensors(tmp_path / "x.safetensors", {"w": np.ones(3, np.float32)})
    run = command("scan", path, *argument)
    assert (run.returncode, "Traceback" in run.stderr) == (2, False)


def test_too_many_threads_on_the_command_line_are_refused(tmp_path):
    path = safetensors(tmp_path / "x.safetensors", {"w": np.ones(3, np.float32)})
    run = command("scan", path, "--threads", 10**30)
    assert run.returncode in {1, 2}
    assert "Traceback" not in run.stderr


def test_tensors_without_values_are_sound(tmp_path):
    tensors = {"a": np.zeros((0, 5), np.float32), "b": np.zeros(0, np.float16), "c": np.ones((), np.float32)}
    frame = scan(safetensors(tmp_path / "x", tensors))
    assert dict(zip(frame["tensor"], frame["n"], strict=True)) == {"a": 0, "b": 0, "c": 1}
    assert (
        frame.filter(frame["n"] == 0).select("mean", "std", "kurtosis", "q0.5", "tail3", "min").null_count().row(0)
        == (2,) * 6
    )


@pytest.mark.parametrize("name", ["absent.safetensors", "no/such/folder/x.gguf", "x\0y", " "])
def test_an_absent_file_is_named(tmp_path, name):
    with pytest.raises(glotgap.BadFileError, match="no such file"):
        scan(tmp_path / name)


def test_an_empty_directory_is_an_error(tmp_path):
    refused(tmp_path, "no model file")
    (tmp_path / "notes.txt").write_text("nothing here")
    refused(tmp_path, "no model file")


def test_a_loop_of_links_is_an_error(tmp_path):
    (tmp_path / "a.safetensors").symlink_to("b.safetensors")
    (tmp_path / "b.safetensors").symlink_to("a.safetensors")
    refused(tmp_path / "a.safetensors")
    refused(tmp_path)
    (tmp_path / "self").symlink_to(".")
    refused(tmp_path / ("self/" * 100) / "a.safetensors")


def test_a_dangling_link_is_an_error(tmp_path):
    (tmp_path / "a.safetensors").symlink_to("gone")
    refused(tmp_path / "a.safetensors")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_an_error(tmp_path):
    path = safetensors(tmp_path / "x.safetensors", {"w": np.ones(3, np.float32)})
    path.chmod(0)
    refused(path, "ermission")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe.safetensors")
    refused(tmp_path / "pipe.safetensors", "regular file")


@pytest.mark.parametrize("name", ["config.json"])
@pytest.mark.parametrize("text", ["{", "\udcff", "[" * 200_000, '{"a": ' * 50_000])
def test_a_damaged_config_is_an_error(tmp_path, name, text):
    path = safetensors(tmp_path / "x.safetensors", {"w": np.ones(3, np.float32)})
    (tmp_path / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(glotgap.BadFileError, match=name):
        scan(path)


@pytest.mark.parametrize("config", ["[]", "3", '{"model_type": 5, "num_attention_heads": "many", "hidden_size": -1}',
                                    '{"num_attention_heads": 0, "hidden_size": 0}', '{"text_config": 7}'])  # fmt: skip
@pytest.mark.parametrize("per", ["tensor", "head"])
def test_an_odd_config_is_no_crash(tmp_path, config, per):
    path = safetensors(
        tmp_path / "x.safetensors", {"model.layers.0.self_attn.q_proj.weight": np.ones((4, 4), np.float32)}
    )
    (tmp_path / "config.json").write_text(config)
    try:
        assert inspect(path, per=per).frame["n"].sum() <= 16
    except glotgap.GlotgapError as error:
        assert "config.json" in str(error)  # noqa: PT017


# Directories


def shards(folder):
    one = np.arange(4, dtype=np.float32)
    return sharded(folder, {"a.safetensors": {"x": one}, "b.safetensors": {"y": one}})


def test_a_missing_shard_is_named(tmp_path):
    (shards(tmp_path) / "b.safetensors").unlink()
    refused(tmp_path, "b.safetensors")


def test_an_index_that_names_an_absent_tensor_is_an_error(tmp_path):
    index = shards(tmp_path) / "model.safetensors.index.json"
    content = json.loads(index.read_text())
    content["weight_map"]["ghost"] = "a.safetensors"
    index.write_text(json.dumps(content))
    refused(tmp_path, "ghost")


@pytest.mark.parametrize("text", [
    "{", "[]", '{"weight_map": 3}', '{"weight_map": {"x": 5}}', "[" * 100_000, "",
    '{"weight_map": {"x": "../../etc/passwd"}}', '{"weight_map": {"x": "/etc/passwd"}}',
])  # fmt: skip
def test_a_damaged_index_is_an_error(tmp_path, text):
    (shards(tmp_path) / "model.safetensors.index.json").write_text(text)
    refused(tmp_path)


def test_the_same_name_in_two_shards_is_an_error_or_two_rows(tmp_path):
    one = np.arange(4, dtype=np.float32)
    safetensors(tmp_path / "a.safetensors", {"x": one})
    safetensors(tmp_path / "b.safetensors", {"x": 2 * one})
    frame = scan(tmp_path)
    assert frame["file"].to_list() == ["a.safetensors", "b.safetensors"]
    assert frame["max"].to_list() == [3.0, 6.0]


# Other formats


class Attack:
    def __reduce__(self):
        return os.mkdir, ("attacked",)


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_an_attack_pickle_runs_nothing(tmp_path, monkeypatch, protocol):
    monkeypatch.chdir(tmp_path)
    with zipfile.ZipFile("x.pt", "w") as archive:
        archive.writestr("x/data.pkl", pickle.dumps({"w": Attack()}, protocol=protocol))
    try:
        inspect("x.pt")
    except glotgap.GlotgapError as error:
        assert "x.pt" in str(error)  # noqa: PT017
    assert not Path("attacked").exists()


def test_a_legacy_checkpoint_is_refused_with_a_remedy(tmp_path):
    path = tmp_path / "old.bin"
    magic = pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2) + pickle.dumps(1001, protocol=2)
    path.write_bytes(magic + pickle.dumps({"little_endian": True}, protocol=2) + pickle.dumps({}, protocol=2))
    refused(path, "torch.save", kind=glotgap.UnsupportedError)


@pytest.mark.parametrize("cut", [3, 30, 0.3, 0.9])
def test_truncated_files_of_every_format_are_errors(tmp_path, cut):
    x = np.random.default_rng(0).normal(size=(40, 64)).astype(np.float32)
    np.save(tmp_path / "a.npy", x)
    np.savez(tmp_path / "b.npz", x=x, y=x)
    torch_zip(tmp_path / "c.pt", {"0": x.ravel()}, {"w": ("0", 0, (40, 64), (64, 1))})
    gguf(tmp_path / "d.gguf", {"blk.0.ffn_up.weight": x})
    safetensors(tmp_path / "e.safetensors", {"w": x})
    for path in tmp_path.iterdir():
        size = path.stat().st_size
        os.truncate(path, cut if cut > 1 else int(cut * size))
        try:
            found = inspect(path)  # one bad tensor may be reported and the rest still scanned
        except glotgap.GlotgapError as error:
            assert path.name in str(error)  # noqa: PT017
        else:
            assert len(found.skipped) > 0, path.name
            assert not set(found.skipped["tensor"]) & set(found.frame["tensor"])


def test_big_endian_arrays_are_refused_or_read_right(tmp_path):
    x = np.arange(10, dtype=">f4")
    np.save(tmp_path / "x.npy", x)
    try:
        assert scan(tmp_path / "x.npy")["max"].to_list() == [9.0]
    except glotgap.UnsupportedError as error:
        assert "endian" in str(error)  # noqa: PT017


@given(st.data())
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=1_000)
def test_one_wrong_byte_never_ends_in_a_panic(tmp_path, data):
    x = np.arange(96, dtype=np.float32).reshape(3, 32)
    path = tmp_path / "x"
    kind = data.draw(st.sampled_from(["safetensors", "torch", "gguf", "npy", "npz"]))
    match kind:
        case "safetensors":
            safetensors(path, {"w": x, "v": x.astype(np.float16)})
        case "torch":
            torch_zip(path, {"0": x.ravel()}, {"w": ("0", 0, (3, 32), (32, 1)), "v": ("0", 1, (5, 3), (3, 1))})
        case "gguf":
            gguf(path, {"blk.0.ffn_up.weight": x}, some__key="text", other__key=7)
        case "npy" | "npz":
            with path.open("wb") as file:
                np.save(file, x) if kind == "npy" else np.savez(file, x=x, y=x)
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(raw)
    for io in ("mmap", "pread"):
        try:
            inspect(path, io=io, threads=2)
        except glotgap.GlotgapError as error:
            assert "x" in str(error)  # noqa: PT017


# Arguments


@pytest.mark.parametrize("options", [
    {"io": "read"}, {"per": "tensors"}, {"quantiles": [1.5]}, {"quantiles": [float("nan")]}, {"quantiles": [0.5, 0.5]},
    {"tails": [0]}, {"tails": [-1]}, {"tails": [float("inf")]}, {"tails": [3, 3.0000001]}, {"io": None}, {"io": 1},
    {"io": ["mmap"]}, {"per": None}, {"per": 3}, {"per": ["row"]}, {"per": f"group:{10**19}"}, {"quantiles": 0.5},
    {"quantiles": None}, {"quantiles": "0.5"}, {"quantiles": ["a"]}, {"quantiles": [None]}, {"tails": [10**400]},
    {"quantiles": [0.0, -0.0]},
])  # fmt: skip
def test_wrong_arguments_are_refused(tmp_path, options):
    path = safetensors(tmp_path / "x", {"w": np.ones(3, np.float32)})
    with pytest.raises(glotgap.BadArgumentError):
        scan(path, **options)


def test_minus_zero_is_the_quantile_zero(tmp_path):
    path = safetensors(tmp_path / "x", {"w": np.ones(3, np.float32)})
    assert "q0" in scan(path, quantiles=[-0.0]).columns


@pytest.mark.parametrize("shape", [[0, 2**63], [2**64 - 1, 0]])
def test_a_dimension_that_no_table_holds_is_damage(tmp_path, shape):
    entry = {"dtype": "F32", "shape": shape, "data_offsets": [0, 0]}
    refused(written(tmp_path / "x.safetensors", {"w": entry}, size=0), "shape")


@pytest.mark.parametrize(
    "config", [f'{{"head_dim": {10**30}}}', f'{{"head_dim": "{10**30}"}}', f'{{"head_dim": {"9" * 5000}}}']
)
def test_a_number_in_a_config_may_be_any_size(tmp_path, config):
    name = "model.layers.99999999999999999999.self_attn.q_proj.weight"
    path = safetensors(tmp_path / "x.safetensors", {name: np.ones((4, 4), np.float32)})
    (tmp_path / "config.json").write_text(config)
    try:
        assert scan(path)["layer"].to_list() == [None]
        scan(path, per="head")
    except glotgap.GlotgapError as error:
        assert "config.json" in str(error)  # noqa: PT017


def test_a_skipped_tensor_says_why_when_it_is_asked_for(tmp_path):
    np.savez(tmp_path / "x.npz", a=np.ones(3), b=np.array(["text"]))
    with pytest.raises(glotgap.BadArgumentError, match=r"'b' of .* was skipped: values of type <U4"):
        tensor_histogram(tmp_path / "x.npz", "b")


def test_a_tensor_that_is_not_there_is_named(tmp_path):
    path = safetensors(tmp_path / "x.safetensors", {"w": np.ones(3, np.float32)})
    with pytest.raises(glotgap.GlotgapError, match="ghost"):
        tensor_histogram(path, "ghost")


@pytest.mark.parametrize("array", [[1.0, 2.0], 3.0, "text", None, {"a": 1}])
def test_what_is_no_array_is_refused(array):
    with pytest.raises(glotgap.BadArgumentError, match="numpy array"):
        glotgap.weights.moments(array)


@pytest.mark.parametrize("dtype", ["c8", "u4", "U3", "O", "M8[s]", "f2,f4"])
def test_other_dtypes_are_refused(dtype):
    with pytest.raises(glotgap.UnsupportedError):
        glotgap.weights.histogram(np.zeros(3, dtype))


def test_a_masked_array_is_refused():
    with pytest.raises(glotgap.BadArgumentError, match="mask"):
        glotgap.weights.moments(np.ma.masked_invalid([1.0, np.nan]))
