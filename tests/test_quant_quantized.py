"""Models under a scheme: every bit comes back, and the audit says what was done in between."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn

from glotgap import BadArgumentError, UnsupportedError, tables
from glotgap.quant import Context, Rewritten, Target, quantized
from glotgap.quant import rewriting as rewriting_
from glotgap.quant.scheme import Scheme
from small_models import MODELS, TOKENS, bits_of, logits, model_of, refused


@pytest.fixture(autouse=True)
def one_thread():
    """In models as small as these, threads only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


SCHEMES = ("rtn4", "rtn4-g10-mse-bc", "rtn3-tensor-aciq-head-embed", "rtn4-asym-pct99", "rtn4-alloc", "fp")


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("spelling", SCHEMES)
def test_every_bit_is_restored(name, spelling):
    model = model_of(name)
    before = bits_of(model)
    expected = logits(model)
    with quantized(model, spelling) as audit:
        tables.check("AUDITS", audit.table)
        changed = bits_of(model) != before
        assert changed == (spelling != "fp") == bool(audit.share_changed)
        assert changed != torch.equal(logits(model), expected)
    assert bits_of(model) == before
    assert torch.equal(logits(model), expected)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_every_bit_is_restored_whatever_the_type(dtype):
    model = model_of("llama", dtype)
    before = bits_of(model)
    with quantized(model, "rtn4-g64-mse-bc"):
        assert bits_of(model) != before
        assert {parameter.dtype for parameter in model.parameters()} == {dtype}
    assert bits_of(model) == before


def test_every_bit_is_restored_after_an_exception():
    model = model_of("gpt2")
    before = bits_of(model)
    seen = []

    def fail():
        seen.append(bits_of(model))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), quantized(model, "w8a8"):
        fail()
    assert seen != [before]
    assert bits_of(model) == before
    assert not any(module._forward_pre_hooks for module in model.modules())


def test_every_bit_is_restored_when_the_rewriter_fails_midway(monkeypatch):
    def rewritten(_, targets, *__):
        yield targets[0], Rewritten(targets[0].matrix * 2, 4.0)
        raise ZeroDivisionError("midway")

    use(monkeypatch, rewritten)
    model = model_of("llama")
    refused(ZeroDivisionError, "midway", model)
    monkeypatch.undo()
    with quantized(model, "rtn4"):  # nothing is in use any more
        pass


def use(monkeypatch, rewritten):
    """Let a function rewrite for rtn."""
    monkeypatch.setattr("glotgap.quant.quantizing.rewriter", lambda _: rewritten)


def test_audit_says_what_a_loop_over_the_weights_says():
    model = model_of("llama")
    before = {name: value.detach().double().numpy().copy() for name, value in model.named_parameters()}
    with quantized(model, "rtn4-g10") as audit:
        after = {name: value.detach().double().numpy().copy() for name, value in model.named_parameters()}
    by_component = {}
    for row in audit.table.iter_rows(named=True):
        old, new = before[row["tensor"]], after[row["tensor"]]
        assert row["n"] == old.size
        assert row["changed"] == (old != new).sum()
        assert row["signal"] == pytest.approx((old**2).sum(), rel=1e-12)
        assert row["noise"] == pytest.approx(((old - new) ** 2).sum(), rel=1e-12)
        if row["note"] is None:
            assert row["bits"] == pytest.approx(4 + 16 * math.ceil(old.shape[1] / 10) / old.shape[1])
            assert row["sqnr"] == pytest.approx(10 * math.log10(row["signal"] / row["noise"]))
            sums = by_component.setdefault(row["component"], [0, 0])
            sums[0] += row["signal"]
            sums[1] += row["noise"]
    total = sum(old.size for old in before.values())
    assert audit.share_changed == pytest.approx(audit.table["changed"].sum() / audit.table["n"].sum())
    ratios = {component: 10 * math.log10(signal / noise) for component, (signal, noise) in by_component.items()}
    assert audit.sqnr == pytest.approx(ratios)
    bits = (audit.quantized["n"] * audit.quantized["bits"]).sum()
    n = audit.quantized["n"].sum()
    assert audit.bits == pytest.approx(bits / n)
    assert audit.bits_of_model == pytest.approx((bits + 32 * (total - n)) / total)
    assert set(audit.skipped) == {"model.embed_tokens.weight", "lm_head.weight"}
    assert audit.sentence.startswith("rtn4-g10: 14 of 16 weights quantized, ")


def test_activations_are_rounded_before_each_target():
    model = nn.Sequential(nn.Linear(16, 12), nn.ReLU(), nn.Linear(12, 8)).eval()
    x = torch.from_numpy(np.random.default_rng(2).normal(size=(5, 16))).float()
    for spelling, axis in (("rtn8-a4", -1), ("rtn8-a4t", None)):
        with quantized(model, spelling), torch.inference_mode():
            found = model(x)
            hidden = x
            for index in (0, 2):
                top = hidden.abs().amax(axis, keepdim=True) if axis else hidden.abs().max()
                hidden = torch.round(hidden / (top / 7)) * (top / 7)
                hidden = hidden @ model[index].weight.T + model[index].bias
                hidden = hidden.relu() if index == 0 else hidden
        # The same sums in another order.
        torch.testing.assert_close(found, hidden, rtol=1e-4, atol=1e-5)
    assert not any(module._forward_pre_hooks for module in model.modules())


def test_tokens_are_rounded_whatever_stands_beside_them():
    model = model_of("llama")
    with quantized(model, "w8a8"):
        together = logits(model)
        with torch.inference_mode():
            apart = torch.cat([model(row[None]).logits for row in TOKENS])
    # Batches change the order of sums; a value that it moves over the edge of a step moves by 1/127 of its token.
    assert (together - apart).abs().max() < 0.05 * together.abs().max()


def test_a_weight_is_under_one_scheme_at_a_time():
    model = model_of("llama")
    before = bits_of(model)
    with quantized(model, "rtn4-keep:mlp.*"):
        inside = bits_of(model)
        refused(BadArgumentError, r"is quantized by rtn4-channel-keep:mlp\.\* already", model.model, "rtn8")
        assert bits_of(model) == inside
        with quantized(model, "rtn8-keep:attn.*"):
            assert bits_of(model) != inside
        assert bits_of(model) == inside
    assert bits_of(model) == before
    with quantized(model, "rtn8"):
        pass


def test_a_model_can_be_copied_and_called_inside():
    model = model_of("gpt2")
    with quantized(model, "rtn4"):
        twin = copy.deepcopy(model)
        expected = logits(model)
    assert torch.equal(logits(twin), expected)
    assert not torch.equal(logits(model), expected)


def test_parameters_of_inference_mode_and_blocks_inside_it_work():
    with torch.inference_mode():
        model = nn.Linear(16, 8)
    before = bits_of(model)
    with quantized(model, "rtn4"):
        assert bits_of(model) != before
    assert bits_of(model) == before
    plain = nn.Linear(16, 8)
    before = bits_of(plain)
    with torch.inference_mode(), quantized(plain, "rtn4-mse-bc"):
        assert bits_of(plain) != before
    assert bits_of(plain) == before


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_weights_that_are_not_finite_are_refused_by_name(value):
    model = model_of("llama")
    with torch.no_grad():
        model.model.layers[1].mlp.up_proj.weight[3, 4:6] = value
    refused(BadArgumentError, r"layers\.1\.mlp\.up_proj\.weight has 2 values that are NaN or infinite", model)
    with quantized(model, "rtn4-keep:*.1.mlp.up_proj") as audit:
        tables.check("AUDITS", audit.table)


def test_a_scheme_that_changes_nothing_is_an_error():
    model = nn.Linear(8, 4)
    with torch.no_grad():
        model.weight.copy_(torch.randint(-7, 8, (4, 8)))
        model.weight[:, 0] = 7
    refused(BadArgumentError, "rtn4-channel changed nothing: the weights are on its grid already", model)
    with quantized(model, "rtn4-a8") as audit:
        assert (audit.share_changed, audit.sqnr) == (0, {"other": None})


def test_a_rewriter_may_change_biases_and_leave_weights_alone(monkeypatch):
    model = nn.Sequential(nn.Linear(8, 4), nn.Linear(4, 4, bias=False), nn.Linear(4, 2), nn.Linear(2, 2))

    def rewritten(_, targets, __, context):
        assert context.language == "heb"
        yield targets[2], Rewritten(targets[2].matrix, 32.0, note="too small")
        yield targets[0], Rewritten(targets[0].matrix * 2, 4.5, bias=torch.ones(4))
        yield targets[1], Rewritten(targets[1].matrix * 2, 4.5, bias=torch.ones(4))

    use(monkeypatch, rewritten)
    before = bits_of(model)
    with quantized(model, "rtn4", context=Context(language="heb")) as audit:
        assert model[0].bias.tolist() == model[1].bias.tolist() == [1] * 4
        assert audit.skipped == {"2.weight": "too small", "3.weight": "left alone by rtn"}
        assert audit.table["language"].unique().to_list() == ["heb"]
        assert audit.bits == 4.5
    assert model[1].bias is None
    assert bits_of(model) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda matrix: matrix.t(), "made .* of 0.weight, which is"),
        (lambda matrix: matrix.half(), "made .* of 0.weight, which is"),
        (lambda matrix: matrix * math.nan, "made values that are NaN or infinite of 0.weight"),
    ],
)
def test_a_rewriter_that_gives_what_does_not_fit_is_refused(change, message, monkeypatch):
    def rewritten(_, targets, *__):
        yield targets[0], Rewritten(change(targets[0].matrix), 4.0)

    use(monkeypatch, rewritten)
    refused(UnsupportedError, message, nn.Sequential(nn.Linear(8, 4)))


def test_a_rewriter_answers_once_for_targets_only(monkeypatch):
    model = nn.Sequential(nn.Linear(8, 4))
    other = Target("1.weight", model[0], None, "other", is_transposed=False)
    answers = iter([[other], None])

    def rewritten(_, targets, *__):
        for target in next(answers) or [targets[0], targets[0]]:
            yield target, Rewritten(target.matrix * 2, 4.0)

    use(monkeypatch, rewritten)
    refused(UnsupportedError, r"answered for 1\.weight, which is no target", model)
    refused(UnsupportedError, r"answered for 0\.weight, .* or is one twice", model)


def test_a_rewriter_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setitem(rewriting_.REWRITERS, "rtn", "glotgap.quant.nowhere:rewritten")
    with pytest.raises(UnsupportedError, match=r"glotgap\.quant\.nowhere is not in this version"):
        rewriting_.rewriter(Scheme.parse("rtn4"))
