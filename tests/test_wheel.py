"""The wheel as a user gets it: one for every Python, small, and working in an empty environment."""

import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SMOKE = Path(__file__).with_name("smoke.py")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("cargo") is None, reason="building a wheel needs cargo"),
]


def run(*command, cwd=None):
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "maturin", "build", "--release", "--out", folder, cwd=ROOT)
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def sdist_names(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sdist")
    run(sys.executable, "-m", "maturin", "sdist", "--out", folder, cwd=ROOT)
    (built,) = folder.iterdir()
    with tarfile.open(built) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


def test_one_wheel_serves_every_python_from_3_11(wheel):
    assert "-cp311-abi3-" in wheel.name


def test_wheel_is_under_15_mb(wheel):
    assert wheel.stat().st_size < 15e6


def test_wheel_holds_the_package_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"glotgap"}
    assert {"glotgap/py.typed", "glotgap/_core.pyi"} <= set(names)
    assert not [name for name in names if "__pycache__" in name or "/tests/" in name]


def test_wheel_works_in_an_empty_environment(wheel, tmp_path):
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    run(python, "-m", "pip", "install", "--quiet", wheel)
    assert "works" in run(python, SMOKE, cwd=tmp_path)


def test_sdist_holds_all_that_a_build_needs(sdist_names):
    needed = {"Cargo.lock", "Cargo.toml", "LICENSE", "README.md", "pyproject.toml", "python/glotgap/py.typed"}
    assert needed | {"rust/core/Cargo.toml", "rust/py/Cargo.toml", "rust/py/src/lib.rs"} <= sdist_names


def test_sdist_holds_no_build_output(sdist_names):
    assert not [name for name in sdist_names if name.endswith((".so", ".pyc")) or name.startswith("target/")]
