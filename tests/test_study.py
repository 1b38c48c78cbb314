"""The study in examples/: its schemes are schemes, and it runs from end to end, here on the tiny model."""

import functools
import importlib.util
from importlib import resources
from pathlib import Path

import pytest

from quant_models import transformers  # noqa: F401  # isort: skip  # skips without torch

from glotgap import quant, tables
from glotgap.quant import Scheme, tiny


@pytest.fixture(scope="module")
def study():
    path = Path(__file__).parents[1] / "examples" / "study.py"
    spec = importlib.util.spec_from_file_location("study", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_its_spellings_are_schemes(study):
    spelled = [scheme for group in study.groups_of(tuple(range(2, 9))).values() for scheme in group]
    assert len(spelled) > 60
    assert all(Scheme.parse(scheme) for scheme in spelled)


def test_it_runs_from_end_to_end(study, monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(study.MODELS, "tiny", lambda _: tiny.model(steps=2))
    for name, value in {"SHORT": 1, "LONG": 999, "MOST": 8, "CALIBRATION": 8}.items():
        monkeypatch.setattr(study, name, value)
    for name in ("LANGUAGES", "HIGH"):
        monkeypatch.setattr(study, name, [language.removesuffix("-CN") for language in getattr(study, name)])
    for name in ("disparity", "correlate", "contest"):
        monkeypatch.setattr(study.quant, name, functools.partial(getattr(quant, name), n_resamples=99))
    with resources.as_file(resources.files("glotgap.quant") / "sentences") as corpus:
        study.main.callback(
            ntrex=str(corpus), model="tiny", groups=("clips",), widths=(3,), items=5, out=str(tmp_path), seed=1
        )
    said = capsys.readouterr().out
    assert said.startswith("3 bits: A shared clip costs ")
    assert "given resource, is_latin" in said
    assert said.splitlines()[-1].startswith("With n = 12 languages, 5 items and this model, the data do")
    scores = tables.read(tmp_path / "tiny-scores.parquet", "SCORES")
    assert set(scores["language"]) == set(study.LANGUAGES)
    for answer in ("disparity", "why", "why-given-resources", "clips3"):
        assert tables.read(tmp_path / f"tiny-{answer}.parquet", "TESTS").height
