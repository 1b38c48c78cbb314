"""Which weights of a model are targets of a scheme, and why others are left alone."""

import pytest
import torch
from torch import nn

from glotgap import BadArgumentError, UnsupportedError
from glotgap.quant import Scheme, quantized
from glotgap.quant.rounding import rounded
from glotgap.quant.targets import weights
from small_models import bits_of, model_of, refused


@pytest.fixture(autouse=True)
def one_thread():
    """In models as small as these, threads only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def names(model, spelling):
    return [target.name for target in weights(model, Scheme.parse(spelling)).targets]


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
