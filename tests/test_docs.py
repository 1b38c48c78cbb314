"""The Python blocks of README.md and docs/ run, on a small model with the names of a real one."""

import re
from pathlib import Path

import pytest

from smoke import write_safetensors

ROOT = Path(__file__).parents[1]
BLOCKS = [
    pytest.param(code, id=f"{page.name}-{number}")
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    for number, code in enumerate(
        re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    )
]


@pytest.mark.parametrize("code", BLOCKS)
def test_example_runs(code, tmp_path, monkeypatch, capsys):
    tensors = {
        f"model.layers.{layer}.{name}.weight": [0.01 * (i % 7 - 3) for i in range(64)] + [float(layer)]
        for layer in range(4)
        for name in ("self_attn.q_proj", "mlp.down_proj")
    }
    write_safetensors(tmp_path / "model.safetensors", tensors)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "<example>", "exec"), {})
    assert capsys.readouterr().out


def test_every_local_link_leads_somewhere():
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
        assert not [target for target in targets if not (page.parent / target).exists()], page.name


def test_readme_figures_come_from_the_bench():
    readme = (ROOT / "README.md").read_text("utf-8")
    assert readme.count("<!-- bench:weights -->") == readme.count("<!-- /bench:weights -->") == 1
