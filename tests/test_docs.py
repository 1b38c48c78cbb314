"""The Python blocks of README.md and docs/ run, on a small model with the names of a real one, and print what is shown.

`python tests/test_docs.py` writes anew what is shown.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from smoke import write_safetensors

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
EXAMPLE = re.compile(r"^```python\n(.*?)^```(?:\n\n```text\n(.*?)^```)?", re.DOTALL | re.MULTILINE)
BLOCKS = [
    pytest.param(code, shown, id=f"{page.name}-{number}")
    for page in PAGES
    for number, (code, shown) in enumerate(EXAMPLE.findall(page.read_text("utf-8")))
]


@pytest.mark.parametrize(("code", "shown"), BLOCKS)
def test_example_runs(code, shown, tmp_path, monkeypatch, capsys):
    if "quant" in code:
        pytest.importorskip("transformers", reason="the example needs the extra torch")
    tensors = {
        f"model.layers.{layer}.{name}.weight": [0.01 * (i % 7 - 3) for i in range(64)] + [float(layer)]
        for layer in range(4)
        for name in ("self_attn.q_proj", "mlp.down_proj")
    }
    write_safetensors(tmp_path / "model.safetensors", tensors)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "<example>", "exec"), {})
    printed = capsys.readouterr().out
    assert printed == (shown or printed) != ""


TEXTS = {
    "eng": "The cat sleeps on the warm roof.\nNobody knows where the old road ends.\n",
    "deu": "Die Katze schläft auf dem warmen Dach.\nNiemand weiß, wo die alte Straße endet.\n",
    "rus": "Кошка спит на тёплой крыше.\nНикто не знает, где кончается старая дорога.\n",
}


def test_the_notebook_compares_three_tokenizers(tmp_path):
    """On text like NTREX, with three kinds of tokenizers trained on it."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    for language, text in TEXTS.items():
        (tmp_path / f"{language}.txt").write_text(text, "utf-8")
    kinds = {
        "bpe": (models.BPE(), pre_tokenizers.ByteLevel(), trainers.BpeTrainer(vocab_size=300, show_progress=False)),
        "unigram": (
            models.Unigram(),
            pre_tokenizers.Metaspace(),
            trainers.UnigramTrainer(vocab_size=80, unk_token="?", special_tokens=["?"], show_progress=False),
        ),
        "wordpiece": (
            models.WordPiece(unk_token="?"),
            pre_tokenizers.Whitespace(),
            trainers.WordPieceTrainer(vocab_size=120, special_tokens=["?"], show_progress=False),
        ),
    }
    for name, (model, pre_tokenizer, trainer) in kinds.items():
        tokenizer = Tokenizer(model)
        tokenizer.pre_tokenizer = pre_tokenizer
        tokenizer.train_from_iterator(TEXTS.values(), trainer)
        tokenizer.save(str(tmp_path / f"{name}.json"))
    script = ROOT / "docs" / "examples" / "compare_tokenizers.py"
    command = [sys.executable, script, tmp_path, *(tmp_path / f"{name}.json" for name in kinds)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in [*kinds, *TEXTS, "gini"])


def test_every_local_link_leads_somewhere():
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
        assert not [target for target in targets if not (page.parent / target).exists()], page.name


def test_readme_figures_come_from_the_bench():
    readme = (ROOT / "README.md").read_text("utf-8")
    assert readme.count("<!-- bench:weights -->") == readme.count("<!-- /bench:weights -->") == 1


def _shown(example):
    code, shown = example.groups()
    if not shown:
        return example.group()
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tempfile.mkdtemp()
    )
    return f"```python\n{code}```\n\n```text\n{run.stdout}```"


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(EXAMPLE.sub(_shown, page.read_text("utf-8")), "utf-8")
