"""Files that another program cuts or removes during a scan: an error, and never a wrong figure."""

import os
import subprocess
import sys
import time

import numpy as np
import pytest

import glotgap
from glotgap.weights import scan
from writers import sparse, torch_zip


@pytest.mark.parametrize("dtype", ["bf16", "f32"])
def test_a_file_that_shrinks_is_an_error_with_pread(tmp_path, dtype):
    path = sparse(tmp_path / "x.safetensors", {f"w{i}": (dtype, (1024, 1024, 512)) for i in range(4)})
    started = time.monotonic()
    with pytest.raises(glotgap.BadFileError, match=r"x\.safetensors.*tensor.*bytes when opened"):
        scan(path, io="pread", clip=False, progress=lambda *_: os.truncate(path, 10_000))
    assert time.monotonic() - started < 5  # it runs a tenth of a second before the first call


def test_a_file_that_shrinks_is_most_often_an_error_with_mmap(tmp_path):
    """A map may die of SIGBUS: asking the kernel for pages first leaves a window of a step. Never a wrong figure."""
    path = sparse(tmp_path / "x.safetensors", {f"w{i}": ("bf16", (1024, 1024, 512)) for i in range(4)})
    run = shrunk(path, io="mmap")
    assert "a figure" not in run.stdout
    assert run.returncode in {0, -7}  # SIGBUS
    if run.returncode == 0:
        assert "bytes when opened" in run.stdout


@pytest.fixture
def strided(tmp_path):
    """A checkpoint of transposed matrices, all over one storage but no two the same: seconds of work in 12 MB."""
    storage = np.ones(3_001_000, np.float32)
    tensors = {f"w{i}": ("0", i, (1_000, 3_000), (1, 1_000)) for i in range(1_000)}
    return torch_zip(tmp_path / "x.pt", {"0": storage}, tensors)


@pytest.mark.parametrize("per", ["tensor", "row", "column"])
def test_a_strided_tensor_of_a_file_that_shrinks_is_an_error_with_pread(strided, per):
    started = time.monotonic()
    with pytest.raises(glotgap.BadFileError, match=r"x\.pt.*tensor.*bytes when opened"):
        scan(strided, io="pread", per=per, clip=False, progress=lambda *_: os.truncate(strided, 10_000))
    assert time.monotonic() - started < 5  # a second, and other work on the machine


def test_a_strided_tensor_of_a_file_that_shrinks_is_most_often_an_error_with_mmap(strided):
    run = shrunk(strided, io="mmap")
    assert "a figure" not in run.stdout
    assert run.returncode in {0, -7}  # SIGBUS
    if run.returncode == 0:
        assert "bytes when opened" in run.stdout


def shrunk(path, io):
    """A scan, in a process of its own, of a file that is cut when progress is first told."""
    code = """if True:
        import os, sys, glotgap.weights
        cut = lambda *_: os.truncate(sys.argv[1], 10_000)
        try:
            glotgap.weights.scan(sys.argv[1], io=sys.argv[2], clip=False, progress=cut)
        except glotgap.BadFileError as error:
            print(error)
        else:
            print("a figure")
    """
    command = [sys.executable, "-c", code, path, io]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_file_removed_meanwhile_is_no_other_error(tmp_path):
    path = sparse(tmp_path / "x.safetensors", {"w": ("bf16", (1024, 1024, 512))})
    said = "x.safetensors"
    try:
        scan(path, clip=False, progress=lambda *_: path.unlink(missing_ok=True))
    except glotgap.BadFileError as error:
        said = str(error)
    assert "x.safetensors" in said
