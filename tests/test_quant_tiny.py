"""The tiny model: what it is made of, that it is the same every time, and where it is kept."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from glotgap import BadArgumentError, UnsupportedError, tokens, weights
from glotgap.quant import tiny
from glotgap.quant.tiny import cache, text
from glotgap.quant.tiny.recipe import Recipe

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

STEPS = 1


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return tiny.model(steps=STEPS, dropout=0.1, checkpoints=(0, STEPS), cache=tmp_path_factory.mktemp("models"))


def files(directory: Path) -> dict[str, bytes]:
    return {str(file.relative_to(directory)): file.read_bytes() for file in directory.rglob("*") if file.is_file()}


def weights_of(directory: Path) -> bytes:
    return (directory / "model.safetensors").read_bytes()


def sentences() -> list[str]:
    return text.lines(tiny.trained_on()) + text.lines(tiny.held_out())


def test_two_trainings_give_equal_bits_whatever_torch_is_set_to(directory, tmp_path):
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    try:
        torch.manual_seed(7)
        torch.set_num_threads(2)
        torch.set_default_dtype(torch.float64)
        before = torch.get_rng_state()
        with torch.inference_mode():
            again = tiny.model(steps=STEPS, dropout=0.1, checkpoints=(0, STEPS), cache=tmp_path)
        assert files(again) == files(directory)
        assert torch.equal(torch.get_rng_state(), before)
        assert (torch.get_num_threads(), torch.get_default_dtype()) == (2, torch.float64)
    finally:
        torch.set_default_dtype(torch.float32)
        torch.set_num_threads(threads)
        torch.set_rng_state(state)


def test_checkpoints_are_models_and_leave_the_training_as_it_is(directory, tmp_path):
    assert sorted(path.name for path in directory.glob("step-*")) == ["step-000000", "step-000001"]
    assert weights_of(directory / "step-000001") == weights_of(directory) != weights_of(directory / "step-000000")
    assert weights_of(tiny.model(steps=STEPS, dropout=0.1, cache=tmp_path)) == weights_of(directory)
    scan = weights.scan(directory / "step-000000", clip=False)
    assert scan["component"].n_unique() == 9
    assert scan["layer"].drop_nulls().n_unique() == Recipe().layers
    assert scan["tensor"].to_list() == weights.scan(directory, clip=False)["tensor"].to_list()


@pytest.mark.parametrize("other", [{"seed": 1}, {"dropout": 0.0}, {"weight_decay": 50.0}])
def test_every_setting_matters(other, directory, tmp_path):
    settings = {"steps": STEPS, "dropout": 0.1} | other
    assert weights_of(tiny.model(**settings, cache=tmp_path)) != weights_of(directory)


def test_transformers_loads_the_model_that_was_trained(monkeypatch, tmp_path):
    from glotgap.quant.tiny import training

    ids, seen, save = torch.arange(3, 40)[None], [], training._save
    monkeypatch.setattr(training, "_save", lambda model, *rest: (seen.append(model(ids).logits), save(model, *rest)))
    made = tiny.model(steps=1, dropout=0.1, cache=tmp_path)
    model = transformers.AutoModelForCausalLM.from_pretrained(made)
    assert torch.equal(model(ids).logits, seen[0])  # the same arithmetic on the same bits
    assert model.lm_head.weight is model.model.embed_tokens.weight
    assert 1e6 < sum(weight.numel() for weight in model.parameters()) < 2e6
    assert {weight.dtype for weight in model.parameters()} == {torch.float32}


def test_the_tokenizer_is_the_one_that_glotgap_counts_with(directory):
    tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
    own = tokens.Tokenizer.load(directory)
    ids = [tokenizer(line)["input_ids"] for line in sentences()]
    assert [[tokenizer.bos_token_id, *own.encode(line)] for line in sentences()] == ids
    assert [tokenizer.decode(row, skip_special_tokens=True) for row in ids] == sentences()
    assert own.vocabulary == len(tokenizer) == Recipe().vocabulary


def test_held_out_text_changes_neither_tokenizer_nor_weights(directory, monkeypatch, tmp_path):
    own, digest = text.parallel(), Recipe().digest()
    lies = {language: (*items[:32], *(["No such sentence."] * 16)) for language, items in own.texts.items()}
    monkeypatch.setattr(text, "parallel", lambda: replace(own, texts=lies))
    assert Recipe().digest() == digest
    made = tiny.model(steps=STEPS, dropout=0.1, checkpoints=(0, STEPS), cache=tmp_path)
    assert files(made) == files(directory)
    other = {language: ("Another.", *items[1:]) for language, items in own.texts.items()}
    monkeypatch.setattr(text, "parallel", lambda: replace(own, texts=other))
    assert Recipe().digest() != digest


def test_a_kept_model_is_not_trained_again(tmp_path):
    steps = []
    first = tiny.model(steps=1, cache=tmp_path, progress=lambda *step: steps.append(step))
    assert tiny.model(steps=1, cache=str(tmp_path), progress=lambda *step: steps.append(step)) == first
    assert steps == [(1, 1)]
    assert "plumbing, not evidence" in (first / "manifest.json").read_text("utf-8")


def cut(directory: Path) -> None:
    os.truncate(directory / "model.safetensors", 1000)


def remove(directory: Path) -> None:
    (directory / "config.json").unlink()


def scribble(directory: Path) -> None:
    (directory / "manifest.json").write_text('["files"]', "utf-8")


@pytest.mark.parametrize("damage", [cut, remove, scribble])
def test_a_damaged_model_is_made_anew(damage, tmp_path):
    made = cache.kept(tmp_path / "a", fill, {})
    whole = files(made)
    damage(made)
    assert files(cache.kept(tmp_path / "a", fill, {})) == whole
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def fill(directory: Path) -> None:
    (directory / "model.safetensors").write_bytes(bytes(5000))
    (directory / "config.json").write_text("{}", "utf-8")


def test_of_two_that_make_one_at_once_the_first_stays(tmp_path):
    def late(directory: Path) -> None:
        cache.kept(tmp_path / "a", fill, {"by": "the first"})
        fill(directory)

    made = cache.kept(tmp_path / "a", late, {"by": "the second"})
    assert "the first" in (made / "manifest.json").read_text("utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_an_interrupt_leaves_nothing(tmp_path):
    def interrupt(step: int, _: int) -> None:
        if step == 1:
            raise KeyboardInterrupt

    threads = torch.get_num_threads()
    with pytest.raises(KeyboardInterrupt):
        tiny.model(steps=2, checkpoints=(0, 1), cache=tmp_path, progress=interrupt)
    assert list(tmp_path.iterdir()) == []
    assert torch.get_num_threads() == threads


def test_models_are_kept_where_the_user_keeps_such_things(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.directory_of_user() == tmp_path / "glotgap"
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    assert cache.directory_of_user() == Path.home() / ".cache" / "glotgap"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"steps": 0}, "steps is 0: give at least 1"),
        ({"steps": 2.5}, r"steps is 2\.5: give a whole number"),
        ({"dropout": 1.0}, "dropout is 1: give a share"),
        ({"dropout": float("nan")}, "dropout is nan"),
        ({"weight_decay": -1.0}, "weight_decay is -1: give"),
        ({"weight_decay": float("inf")}, "weight_decay is inf: give"),
        ({"seed": -1}, "seed is -1: give"),
        ({"steps": 5, "checkpoints": (1, 6)}, "checkpoints has 6: give whole steps from 0 to 5"),
        ({"checkpoints": ("last",)}, "checkpoints has 'last': give"),
        ({"checkpoints": (True,)}, "checkpoints has True: give"),
    ],
)
def test_wrong_settings_are_named(wrong, said, tmp_path):
    with pytest.raises(BadArgumentError, match=said):
        tiny.model(**wrong, cache=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way", "utf-8")
    with pytest.raises(BadArgumentError, match=r"cannot write to the cache .*file: .*; name another directory"):
        tiny.model(steps=1, cache=tmp_path / "file")


def test_without_torch_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.delitem(sys.modules, "glotgap.quant.tiny.training", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(UnsupportedError, match=r"pip install 'glotgap\[torch\]'"):
        tiny.model(steps=1, cache=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_model_beats_the_frequencies_of_its_tokens_on_held_out_text():
    directory = tiny.model()
    tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
    model = transformers.AutoModelForCausalLM.from_pretrained(directory)
    seen, unseen = (
        [tokenizer(line)["input_ids"] for line in text.lines(part)] for part in (tiny.trained_on(), tiny.held_out())
    )
    unseen = unseen[::4]  # for time
    counts = np.bincount(np.concatenate([row[1:] for row in seen]), minlength=len(tokenizer)) + 0.3
    unigram = -np.log(counts / counts.sum())[np.concatenate([row[1:] for row in unseen])].sum()
    with torch.inference_mode():
        losses = [model(torch.tensor([row]), labels=torch.tensor([row])).loss.item() * (len(row) - 1) for row in unseen]
    assert sum(losses) < 0.8 * unigram  # 0.68 is measured; machines differ in the last bits, and so in the path taken
