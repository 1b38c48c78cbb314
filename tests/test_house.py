"""The house rules that neither compiler nor linter checks."""

import ast
import itertools
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import glotgap

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "python" / "glotgap"
HEAVY = {"torch", "transformers", "matplotlib", "polars", "huggingface_hub"}


def fresh(code):
    """What a new interpreter prints for `code`, parsed as JSON."""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def modules_after(statement):
    """Top-level modules that a new interpreter holds after `statement`."""
    return set(fresh(f"{statement}\nimport json, sys\nprint(json.dumps([m.split('.')[0] for m in sys.modules]))"))


def test_import_is_light():
    assert not modules_after("import glotgap") & HEAVY


@pytest.mark.parametrize("room", ["weights", "tokens"])
def test_counting_rooms_import_no_framework(room):
    loaded = modules_after(f"import glotgap, glotgap.{room}")
    assert not loaded & {"torch", "transformers", "matplotlib"}


def test_command_line_help_is_light():
    loaded = modules_after("from glotgap.cli import main")
    assert not loaded & {"torch", "transformers", "matplotlib"}


def test_import_costs_under_300_ms():
    # The least of several runs: other work on the machine only adds time.
    code = "import time; t = time.perf_counter(); import glotgap; print(time.perf_counter() - t)"
    assert min(fresh(code) for _ in range(7)) < 0.3


def test_version_is_written_once():
    cargo = tomllib.loads((ROOT / "Cargo.toml").read_text("utf-8"))
    assert glotgap.__version__ == cargo["workspace"]["package"]["version"]
    assert "version" in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dynamic"]


def test_changelog_has_this_version():
    assert f"## [{glotgap.__version__}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")


@pytest.mark.parametrize("folder", ["python", "rust", "tests", "benches"])
def test_no_file_is_over_400_lines(folder):
    files = [path for suffix in ("py", "pyi", "rs") for path in (ROOT / folder).rglob(f"*.{suffix}")]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in files}
    assert not {path: n for path, n in lengths.items() if n > 400}


# import-linter cannot see an extension module, so this rule is checked here.
MAY_CALL_RUST = {"__init__", "_words", "_errors", "weights", "tokens", "stats"}


def imports_core(path):
    """Whether a Python file names glotgap._core in an import."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import) and any(alias.name == "glotgap._core" for alias in node.names):
            return True
        if isinstance(node, ast.ImportFrom):
            from_package = node.module == "glotgap" and any(alias.name == "_core" for alias in node.names)
            if from_package or node.module == "glotgap._core":
                return True
    return False


def test_only_the_counting_rooms_call_rust():
    callers = [path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if imports_core(path)]
    assert {caller.parts[0].removesuffix(".py") for caller in callers} <= MAY_CALL_RUST


def test_each_dependency_says_why():
    """Every dependency of pyproject.toml has a comment on its line or the line above."""
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    project = text[text.index("dependencies = [") : text.index("[project.scripts]")].splitlines()
    silent = [
        line
        for above, line in itertools.pairwise(project)
        if re.match(r'\s+"', line) and "#" not in line and "#" not in above
    ]
    assert not silent


def test_readme_names_every_make_target_it_uses():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for document in ("README.md", "CONTRIBUTING.md"):
        assert set(re.findall(r"`make ([a-z]+)", (ROOT / document).read_text("utf-8"))) <= targets
