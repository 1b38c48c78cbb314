"""-log p of targets: the same from slices of a vocabulary, from whole logits, and from a twin in float64."""

import functools

import pytest

from quant_models import torch  # isort: skip

from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from glotgap.quant import surprise as room
from glotgap.quant.output import Output

WIDTH, VOCABULARY, PLACES = 24, 501, 37
surprise = functools.partial(room.surprise, vocabulary=VOCABULARY)


class _Largest(TorchDispatchMode):
    """Notes the largest tensor that is made."""

    most = 0

    def __torch_dispatch__(self, function, _types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        self.most = max([self.most, *(one.numel() for one in tree_leaves(made) if isinstance(one, torch.Tensor))])
        return made


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    """Slices of 64 rows and parts of 2 places, so that there are many of each."""
    monkeypatch.setattr(room, "_SLICE", 64 * PLACES)
    monkeypatch.setattr(room, "_LOGITS", 2 * VOCABULARY)


@pytest.fixture
def given():
    random = torch.Generator().manual_seed(3)
    layer = torch.nn.Linear(WIDTH, VOCABULARY, bias=False).requires_grad_(requires_grad=False)
    layer.weight.copy_(torch.randn(VOCABULARY, WIDTH, generator=random))
    return (
        layer,
        torch.randn(PLACES, WIDTH, generator=random),
        torch.randint(VOCABULARY, (PLACES,), generator=random),
    )


def twin(logits, targets):
    return -torch.log_softmax(logits.double(), 1)[torch.arange(len(targets)), targets].float()


@pytest.mark.parametrize("change", [lambda logits: logits, lambda logits: torch.tanh(logits / 3) * 3])
def test_slices_and_whole_logits_give_what_a_twin_gives(given, change):
    layer, states, targets = given
    wanted = twin(change(layer(states)), targets)
    sliced = surprise(Output(layer, change), states, targets)
    torch.testing.assert_close(sliced, wanted, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(surprise(None, change(layer(states)), targets), wanted, rtol=1e-5, atol=1e-5)
    layer.register_forward_hook(lambda _layer, _inputs, output: output)
    torch.testing.assert_close(surprise(Output(layer, change), states, targets), wanted, rtol=1e-5, atol=1e-5)


def test_logits_of_all_tokens_are_never_there_at_once(given):
    layer, states, targets = given
    for hooked in (False, True):
        if hooked:
            layer.register_forward_hook(lambda _layer, _inputs, output: output)
        with _Largest() as seen, torch.inference_mode():
            surprise(Output(layer), states, targets)
        assert seen.most <= max(64 * PLACES, layer.weight.numel()) < PLACES * VOCABULARY


def test_what_hooks_do_to_the_output_layer_counts(given):
    layer, states, targets = given
    layer.register_forward_hook(lambda _layer, _inputs, output: output * 2)
    found = surprise(Output(layer), states, targets)
    torch.testing.assert_close(found, twin(layer(states), targets), rtol=1e-5, atol=1e-5)


def test_a_bias_counts(given):
    plain, states, targets = given
    layer = torch.nn.Linear(WIDTH, VOCABULARY).requires_grad_(requires_grad=False)
    layer.weight.copy_(plain.weight)
    found = surprise(Output(layer), states, targets)
    torch.testing.assert_close(found, twin(layer(states), targets), rtol=1e-5, atol=1e-5)


def test_only_plain_matrices_are_sliced(given):
    layer = given[0]
    assert Output(layer).matrix is layer
    assert Output(type("Other", (torch.nn.Linear,), {})(2, 3, bias=False)).matrix is None
    assert Output(torch.nn.Sequential(layer)).matrix is None
    layer.forward = layer.forward  # as accelerate does
    assert Output(layer).matrix is None


def test_impossible_tokens_are_left_out_of_the_sum(given):
    layer, states, targets = given
    states[:, 0], targets[:] = 1, targets.clamp_min(100)
    layer.weight[:100, 0] = -torch.inf  # the first slice has nothing else
    found = surprise(Output(layer), states, targets)
    torch.testing.assert_close(found, twin(layer(states)[:, 100:], targets - 100), rtol=1e-5, atol=1e-5)
    targets[5] = 3
    assert surprise(Output(layer), states, targets)[5] == torch.inf


def test_nan_spoils_the_places_that_have_it(given):
    layer, states, targets = given
    states[4, 2] = torch.nan
    bad = ~surprise(Output(layer), states, targets).isfinite()
    assert bad.nonzero().tolist() == [[4]]


def test_large_logits_lose_nothing(given):
    layer, states, targets = given
    layer.weight.mul_(1000)
    wanted = twin(layer(states), targets)
    torch.testing.assert_close(surprise(Output(layer), states, targets), wanted, rtol=1e-5, atol=1e-2)
