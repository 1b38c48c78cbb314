"""Models under a scheme: what is a target, what the audit says, and that every bit comes back."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn
from transformers import (
    AutoModelForCausalLM,
    BertConfig,
    BertForMaskedLM,
    GPT2Config,
    GptOssConfig,
    LlamaConfig,
    MixtralConfig,
)

from glotgap import BadArgumentError, UnsupportedError, tables
from glotgap.quant import Context, Rewritten, Scheme, Target, quantized
from glotgap.quant import rewriting as rewriting_
from glotgap.quant.rounding import rounded
from glotgap.quant.targets import weights

SMALL = {"vocab_size": 64, "max_position_embeddings": 32}
MODELS = {
    "llama": lambda: LlamaConfig(
        **SMALL, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2
    ),
    "tied": lambda: LlamaConfig(
        **SMALL,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        tie_word_embeddings=True,
    ),
    "gpt2": lambda: GPT2Config(vocab_size=64, n_positions=32, n_embd=32, n_layer=2, n_head=4),
    "bert": lambda: BertConfig(
        **SMALL, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4
    ),
    "mixtral": lambda: MixtralConfig(
        **SMALL,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=1,
        num_attention_heads=4,
        num_key_value_heads=2,
        num_local_experts=3,
        num_experts_per_tok=2,
    ),
    "gpt_oss": lambda: GptOssConfig(
        **SMALL,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=1,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        num_local_experts=3,
        num_experts_per_tok=2,
    ),
}
TOKENS = torch.arange(12).reshape(2, 6)


def model_of(name, dtype=torch.float32):
    """A model with random weights, the same each time."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        config = MODELS[name]()
        made = BertForMaskedLM(config) if name == "bert" else AutoModelForCausalLM.from_config(config)
        return made.to(dtype).eval()


def bits_of(model):
    """Every byte of the state, and how it lies in memory."""
    return {
        name: (value.dtype, value.stride(), value.data_ptr(), value.reshape(-1).view(torch.uint8).numpy().tobytes())
        for name, value in model.state_dict().items()
    }


@pytest.fixture(autouse=True)
def one_thread():
    """In models as small as these, threads only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def refused(kind, message, model, spelling="rtn4"):
    """A block that does not begin, and leaves every bit as it was."""
    is_plain = isinstance(model, nn.Module) and all(one.layout == torch.strided for one in model.parameters())
    before = bits_of(model) if is_plain and not any(one.is_meta for one in model.parameters()) else None
    with pytest.raises(kind, match=message), quantized(model, spelling):
        pass
    assert before is None or bits_of(model) == before


def logits(model):
    with torch.inference_mode():
        return model(TOKENS).logits


def names(model, spelling):
    return [target.name for target in weights(model, Scheme.parse(spelling)).targets]


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
    assert audit.share_changed == pytest.approx(sum((before[n] != after[n]).sum() for n in before) / total)
    ratios = {component: 10 * math.log10(signal / noise) for component, (signal, noise) in by_component.items()}
    assert audit.sqnr == pytest.approx(ratios)
    bits = (audit.quantized["n"] * audit.quantized["bits"]).sum()
    n = audit.quantized["n"].sum()
    assert audit.bits == pytest.approx(bits / n)
    assert audit.bits_of_model == pytest.approx((bits + 32 * (total - n)) / total)
    assert set(audit.skipped) == {"model.embed_tokens.weight", "lm_head.weight"}
    assert audit.sentence.startswith("rtn4-g10: 14 of 16 weights quantized, ")


def test_linears_are_targets_and_heads_and_embeddings_on_request():
    model = model_of("llama")
    plain = names(model, "rtn4")
    assert len(plain) == 14
    assert set(names(model, "rtn4-head")) == {*plain, "lm_head.weight"}
    assert set(names(model, "rtn4-embed")) == {*plain, "model.embed_tokens.weight"}
    target = next(iter(weights(model, Scheme.parse("rtn4")).targets))
    assert (target.name, target.layer, target.component) == ("model.layers.0.self_attn.q_proj.weight", 0, "attn.q")
    assert isinstance(target.module, nn.Linear)


def test_conv1d_is_a_target_and_quantized_by_its_outputs():
    model = model_of("gpt2")
    assert sum("c_attn" in name for name in names(model, "rtn4")) == 2
    stored = model.transformer.h[0].attn.c_attn.weight
    expected = rounded(stored.detach().t().contiguous(), Scheme.parse("rtn4-g10-mse")).t().clone()
    with quantized(model, "rtn4-g10-mse") as audit:
        assert torch.equal(stored, expected)
        assert "transformer.wte.weight" in audit.skipped
        assert audit.skipped["transformer.wpe.weight"] == "embedding: not asked for (embed)"


def test_bert_has_heads_and_embeddings_apart():
    plain = names(model_of("bert"), "rtn4")
    assert len(plain) == 12
    assert not any("predictions" in name or "embeddings" in name for name in plain)
    assert "cls.predictions.transform.dense.weight" in names(model_of("bert"), "rtn4-head")


@pytest.mark.parametrize("option", ["head", "embed"])
def test_a_tied_head_is_one_parameter_and_stays_tied(option):
    model = model_of("tied")
    name, other = "model.embed_tokens.weight", "lm_head.weight"
    reason = f"embedding and output head in one: not asked for (head, embed); tied to {other}"
    with quantized(model, "rtn4") as audit:
        assert audit.skipped == {name: reason}
    with quantized(model, f"rtn4-{option}") as audit:
        assert model.lm_head.weight is model.model.embed_tokens.weight
        assert audit.table["tensor"].to_list().count(name) == 1
        assert other not in audit.table["tensor"]
        assert audit.tied == {name: (other,)}
        assert f"{name} is also {other}" in audit.sentence
    assert model.lm_head.weight is model.model.embed_tokens.weight


def test_parameters_that_share_memory_are_one():
    model = model_of("llama")
    model.lm_head.weight = nn.Parameter(model.model.embed_tokens.weight.data)
    assert "lm_head.weight" not in names(model, "rtn4-head")
    assert weights(model, Scheme.parse("rtn4-head")).targets[0].aliases == ("lm_head.weight",)
    before = bits_of(model)
    with quantized(model, "rtn4-head"):
        assert torch.equal(model.lm_head.weight, model.model.embed_tokens.weight)
    assert bits_of(model) == before


def test_weights_that_are_not_contiguous_stay_so():
    model = nn.Sequential(nn.Linear(24, 16), nn.Linear(16, 8))
    model[0].weight = nn.Parameter(torch.randn(24, 16).t())
    model[1].weight = nn.Parameter(torch.randn(16, 32)[::2, ::2])
    before = bits_of(model)
    twin = nn.Linear(24, 16)
    twin.weight = nn.Parameter(model[0].weight.detach().contiguous())
    with quantized(model, "rtn3-g8-mse"), quantized(twin, "rtn3-g8-mse"):
        assert [parameter.stride() for parameter in model.parameters()][::2] == [(1, 16), (64, 2)]
        assert torch.equal(model[0].weight, twin.weight)
    assert bits_of(model) == before


@pytest.mark.parametrize(("name", "is_transposed"), [("mixtral", False), ("gpt_oss", True)])
def test_experts_are_a_stack_of_matrices(name, is_transposed):
    model = model_of(name)
    stored = model.model.layers[0].mlp.experts.gate_up_proj
    with torch.no_grad():
        stored[1].mul_(10)  # a scale for each expert tells
    found = {target.name: target for target in weights(model, Scheme.parse("rtn4-tensor")).targets}
    target = found["model.layers.0.mlp.experts.gate_up_proj"]
    assert (target.stack, tuple(target.matrix.shape), target.is_transposed) == (3, (3 * 96, 32), is_transposed)
    scheme = Scheme.parse("rtn4-tensor")
    expected = torch.stack([rounded(one.t() if is_transposed else one, scheme) for one in stored.detach()])
    with quantized(model, scheme):
        assert torch.equal(stored.transpose(1, 2) if is_transposed else stored, expected)
    refused(UnsupportedError, "holds experts, whose inputs are made inside", model, "w8a8")
    with quantized(model, "rtn8-a8-keep:*.experts.*") as audit:
        assert audit.skipped["model.layers.0.mlp.experts.down_proj"] == "kept (keep:*.experts.*)"


def test_other_weights_are_left_alone_with_the_reason():
    model = nn.Sequential(nn.Conv1d(2, 4, 3), nn.Linear(4, 4), nn.LSTM(4, 4), nn.LayerNorm(4))
    with quantized(model, "rtn4") as audit:
        assert audit.skipped["0.weight"] == "a Conv1d is no linear layer"
        assert audit.skipped["2.weight_ih_l0"] == "a LSTM is no linear layer"
        assert "3.weight" not in audit.table["tensor"]
        assert audit.vectors == 4 + 4 + 32 + 8


@pytest.mark.parametrize(
    ("pattern", "kept"),
    [
        ("model.layers.0.self_attn.q_proj.weight", 1),
        ("model.layers.0.self_attn.q_proj", 1),
        ("*.q_proj", 2),
        ("attn.q", 2),
        ("attn.*", 8),
        ("mlp.*", 6),
        ("layer:0", 7),
        ("layer:[0-1]-keep:mlp.up", 14),
        ("layer:1-keep:mlp.up", 8),
        ("*.layers.[1-9].mlp.*", 3),
    ],
)
def test_patterns_keep_weights(pattern, kept):
    model = model_of("llama")
    spelling = f"rtn4-head-keep:{pattern}"
    assert len(names(model, spelling)) == 15 - kept
    with quantized(model, spelling) as audit:
        assert sum(reason.startswith("kept (keep:") for reason in audit.skipped.values()) == kept


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


def test_what_cannot_be_quantized_is_refused_by_name():
    refused(BadArgumentError, "got a str: give a model of torch", "gpt2")
    with torch.device("meta"):
        refused(BadArgumentError, "weight is on the meta device", nn.Linear(4, 4))
    packed = nn.Linear(4, 4)
    for dtype in (torch.int8, torch.uint8, torch.float8_e4m3fn):
        packed.weight = nn.Parameter(torch.ones(4, 4).to(dtype), requires_grad=False)
        refused(UnsupportedError, "weight is quantized already", packed)
    packed.weight = nn.Parameter(torch.eye(4).to_sparse())
    refused(UnsupportedError, r"weight is a Tensor \(torch\.sparse_coo\)", packed)
    refused(BadArgumentError, r"keep:mpl\.up fits no weight", model_of("llama"), "rtn4-keep:mpl.up")
    refused(BadArgumentError, "nothing to quantize in Sequential", nn.Sequential(nn.LayerNorm(4)))
    refused(
        BadArgumentError, r"nothing to quantize in .*: kept \(keep:0\)", nn.Sequential(nn.Linear(4, 4)), "rtn4-keep:0"
    )


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
