"""Directories: what is read of them, and that nothing which holds weights is left out in silence."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

import glotgap
from glotgap.report.summary import skipped_lines
from glotgap.weights import inspect
from writers import gguf, safetensors, sharded, torch_zip

ONE = np.arange(4, dtype=np.float32)


def torch_file(path):
    return torch_zip(path, {"0": ONE}, {"t": ("0", 0, (4,), (1,))})


def skipped(folder):
    """{file: reason} of what a scan of `folder` leaves out; each reason says what to do."""
    rows = {file: reason for file, _, reason in inspect(folder).skipped.iter_rows()}
    assert all(";" in reason for reason in rows.values())
    return rows


@pytest.fixture
def folder(tmp_path):
    """A sound model, in a directory of its own."""
    safetensors(tmp_path / "model.safetensors", {"s": ONE})
    return tmp_path


BROKEN = {
    "empty": lambda path: path.write_bytes(b""),
    "dangling": lambda path: path.symlink_to("gone"),
    "looping": lambda path: path.symlink_to(path.name),
    "garbage": lambda path: path.write_bytes(b"garbage" * 99),
    "cut": lambda path: path.write_bytes(b"PK\3"),
}


@pytest.mark.parametrize("name", ["x.bin", "x.pt", "x.pth", "x.gguf", "x.npz", "x.npy"])
@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_file_of_another_format_is_listed(folder, kind, name):
    BROKEN[kind](folder / name)
    assert list(skipped(folder)) == [name]
    assert inspect(folder).frame["tensor"].to_list() == ["s"]


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_shard_is_an_error_that_names_it(folder, kind):
    BROKEN[kind](folder / "model-2.safetensors")
    with pytest.raises(glotgap.BadFileError, match=r"model-2\.safetensors: .*; "):
        inspect(folder)


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("name", ["x.bin", "x.safetensors", "x.gguf", "x.npy"])
def test_a_broken_file_alone_is_an_error_that_names_it(tmp_path, kind, name):
    BROKEN[kind](tmp_path / name)
    with pytest.raises(glotgap.GlotgapError, match=name):
        inspect(tmp_path)


def test_notes_pictures_and_folders_are_no_weights(folder):
    (folder / "README.md").write_text("notes")
    (folder / "notes.txt").write_text("")
    (folder / "old.bin").mkdir()
    (folder / "link.txt").symlink_to("gone")
    (folder / ".hidden.bin").write_bytes(b"")
    assert skipped(folder) == {}


@pytest.mark.skipif(os.name != "posix", reason="names are text elsewhere")
def test_a_name_that_is_no_utf8_is_read_like_any_other(tmp_path):
    safetensors(os.fsdecode(os.fsencode(tmp_path) + b"/m\xff.safetensors"), {"s": ONE})
    found = inspect(tmp_path)
    assert found.frame["file"].to_list() == ["m�.safetensors"]
    assert inspect(next(tmp_path.iterdir())).frame["model"].to_list() == ["m�.safetensors"]


def test_other_formats_are_named_with_a_remedy(folder):
    torch_file(folder / "pytorch_model.bin")
    gguf(folder / "model.gguf", {"g": ONE})
    np.save(folder / "array.npy", ONE)
    reasons = skipped(folder)
    assert reasons == {
        "array.npy": "a .npy file; the directory's safetensors files were read instead; to scan it, give its own path",
        "model.gguf": "a GGUF file; the directory's safetensors files were read instead; to scan it, give its own path",
        "pytorch_model.bin": "a torch or .npz file; the directory's safetensors files were read instead; to scan it, "
        "give its own path",
    }
    lines = skipped_lines(inspect(folder).skipped)
    assert lines[0] == "Skipped 3 files:"
    assert all(any(name in line for line in lines[1:]) for name in reasons)


@pytest.mark.parametrize(
    "name", ["flax_model.msgpack.index.json", "tf_model.h5.index.json", "pytorch_model.bin.index.json"]
)
def test_an_index_of_what_is_not_there_hides_nothing(folder, name):
    (folder / name).write_text(json.dumps({"weight_map": {"t": f"{name.split('.')[0]}-00001.{name.split('.')[1]}"}}))
    assert inspect(folder).frame["tensor"].to_list() == ["s"]
    expected = [name] if ".bin." in name else []
    assert [file for file in skipped(folder) if file != "model.safetensors"] == expected


def test_an_index_without_any_file_says_which_shard_is_absent(tmp_path):
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"t": "a.safetensors"}}))
    with pytest.raises(glotgap.BadFileError, match=r"a\.safetensors.*which is not there"):
        inspect(tmp_path)


def test_what_an_index_does_not_name_is_listed(tmp_path):
    sharded(tmp_path, {"a.safetensors": {"x": ONE}, "b.safetensors": {"y": ONE}})
    safetensors(tmp_path / "c.safetensors", {"z": ONE})
    torch_file(tmp_path / "training_args.bin")
    (tmp_path / "empty.bin").write_bytes(b"")
    reasons = skipped(tmp_path)
    assert list(reasons) == ["c.safetensors", "empty.bin", "training_args.bin"]
    assert set(reasons.values()) == {
        "model.safetensors.index.json does not name it, and its shards were read; to scan it, give its own path"
    }


def test_equal_names_in_two_files_are_told_apart_in_what_is_shown(tmp_path, capsys):
    from glotgap.report.terminal import show

    for name in ("a", "b"):
        safetensors(tmp_path / f"{name}.safetensors", {"w": np.append(ONE, len(name) * 90).astype(np.float32)})
    found = inspect(tmp_path)
    show(found.frame, found.skipped)
    shown = capsys.readouterr().out
    assert "a.safetensors" in shown
    assert "b.safetensors" in shown
    assert "file" in shown
    show(found.frame.head(1), found.skipped)
    assert "a.safetensors" not in capsys.readouterr().out


def test_a_cut_gguf_is_one_error(tmp_path):
    path = gguf(tmp_path / "x.gguf", {f"blk.{i}.ffn_up.weight": np.ones((8, 32), np.float32) for i in range(40)})
    os.truncate(path, Path(path).stat().st_size // 2)
    with pytest.raises(
        glotgap.BadFileError, match=r"x\.gguf: its data should end at .* of 40 tensors are cut; .*truncated"
    ):
        inspect(path)


def test_many_reasons_are_few_lines():
    import polars as pl

    rows = [("f", f"t{i}", f"storage {i} is cut") for i in range(272)]
    lines = skipped_lines(pl.DataFrame(rows, schema=["file", "tensor", "reason"], orient="row"))
    assert lines[0] == "Skipped 272 tensors:"
    assert len(lines) == 14
    assert lines[-1] == "  and 260 more, for 260 other reasons"
