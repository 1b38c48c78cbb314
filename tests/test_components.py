"""Layer, component and heads of every parameter of 50 architectures and 30 GGUF name sets, without transformers."""

import json
from pathlib import Path

import pytest

from glotgap.weights.components import COMPONENTS, RULES, Heads, Place, heads, is_conv1d, place

FIXTURE = json.loads(Path(__file__).with_name("data").joinpath("parameter_names.json").read_text())
ARCHITECTURES = [title for title in FIXTURE if title != "source"]

# All that may be unknown: state-space parameters, and rotary tables, which are no weights.
UNKNOWN = {
    "bert.pooler.dense.weight",
    "model.layers.{layer}.linear_attn.A_log",
    "model.layers.{layer}.linear_attn.conv1d.weight",
    "model.layers.{layer}.linear_attn.in_proj_ba.weight",
    "rope_freqs.weight",
    "rope_factors_long.weight",
    "rope_factors_short.weight",
    "blk.{layer}.attn_rot_embd.weight",
}
MATRICES = {"embed", "head", "router", *(name for name in COMPONENTS if name.startswith(("attn.", "mlp.")))}


def tensors(title):
    return [(name, *entry) for name, entry in FIXTURE[title]["tensors"].items()]


@pytest.mark.parametrize("title", ARCHITECTURES)
@pytest.mark.parametrize("layer", [0, 117])
def test_every_name_has_its_component_and_layer(title, layer):
    config = FIXTURE[title]["config"]
    for name, component, _, _ in tensors(title):
        expected = Place(layer if "{layer}" in name else None, component)
        assert place(name.replace("{layer}", str(layer)), config) == expected, name


@pytest.mark.parametrize("title", ARCHITECTURES)
def test_only_the_stated_names_are_other(title):
    found = {name for name, component, _, _ in tensors(title) if component == "other"}
    assert found <= UNKNOWN


@pytest.mark.parametrize("title", ARCHITECTURES)
def test_components_agree_with_the_module_classes_of_the_model(title):
    for name, component, module, _ in tensors(title):
        if module is None:
            continue
        if "Norm" in module:
            assert component == "norm", name
        elif module.endswith("Embedding"):
            assert component == "embed", name
        elif name.endswith(".bias"):
            assert component == "bias", name
        elif module in {"Linear", "Conv1D"} and name not in UNKNOWN:
            assert component in MATRICES, name


@pytest.mark.parametrize("title", [title for title in ARCHITECTURES if not title.startswith("gguf")])
def test_every_transformer_has_attention_output_mlp_and_embedding(title):
    found = {component for _, component, _, _ in tensors(title)}
    assert {"attn.out", "mlp.up", "mlp.down", "embed", "norm"} <= found
    assert "attn.qkv" in found or {"attn.q", "attn.k", "attn.v"} <= found


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("h.0.attn.bias", Place(0, "other")),  # GPT-2's causal mask
        ("h.0.attn.c_attn.bias", Place(0, "bias")),
        ("gpt_neox.layers.3.attention.masked_bias", Place(3, "other")),
        ("model.layers.0.self_attn.rotary_emb.inv_freq", Place(0, "other")),
        ("layers.5.attention.wo.weight", Place(5, "attn.out")),  # the original Llama names
        ("layers.5.feed_forward.w2.weight", Place(5, "mlp.down")),
        ("output.weight", Place(None, "head")),
        ("blk.5.attn_output.weight", Place(5, "attn.out")),
        ("decoder.block.2.layer.1.EncDecAttention.relative_attention_bias.weight", Place(2, "embed")),
        ("base_model.model.model.layers.7.self_attn.q_proj.lora_A.default.weight", Place(7, "attn.q")),
        ("model.layers.7.mlp.down_proj.base_layer.weight", Place(7, "mlp.down")),
        ("model.layers.7.mlp.down_proj.weight_scale_inv", Place(7, "other")),
        ("model.layers.61.shared_head.head.weight", Place(61, "head")),
        ("model.layers.61.enorm.weight", Place(61, "norm")),
        ("module.model.language_model.layers.9.mlp.gate.weight", Place(9, "router")),
        ("transformer.encoder.layers.4.self_attention.query_key_value.weight", Place(4, "attn.qkv")),
        ("encoder.layers.4.self_attn.in_proj_weight", Place(4, "attn.qkv")),
        ("encoder.layers.4.self_attn.in_proj_bias", Place(4, "bias")),
        ("vision_tower.encoder.layers.4.mlp.fc2.weight", Place(4, "mlp.down")),
        ("0.auto_model.encoder.layer.3.output.dense.weight", Place(3, "mlp.down")),
        ("layers.18446744073709551616.x", Place(None, "other")),
        (f"layers.{'9' * 5000}.x", Place(None, "other")),
        ("layers.999999999999999999.x", Place(999999999999999999, "other")),
        ("", Place(None, "other")),
        ("naïve 名前\n", Place(None, "other")),
    ],
)
def test_traps(name, expected):
    assert place(name) == expected


def test_first_qwen_names_its_gate_w2_and_only_the_config_tells():
    name = "transformer.h.0.mlp.w1.weight"
    assert place(name).component == "mlp.gate"
    assert place(name, {"model_type": "qwen"}).component == "mlp.up"
    assert place("transformer.h.0.mlp.w2.weight", {"model_type": "qwen"}).component == "mlp.gate"


def test_rules_yield_known_components_only():
    assert {component for component, _ in RULES} <= set(COMPONENTS)


@pytest.mark.parametrize("title", [title for title in ARCHITECTURES if not title.startswith("gguf")])
def test_head_blocks_cover_every_attention_matrix(title):
    config = FIXTURE[title]["config"]
    low_rank = ("q_a_proj", "kv_a_proj_with_mqa")
    for name, component, _, shape in tensors(title):
        cut = heads(name.replace("{layer}", "0"), shape, config)
        if not component.startswith("attn.") or any(part in name for part in low_rank):
            assert cut is None, name
            continue
        assert cut is not None, name
        assert shape[cut.axis] % cut.size == 0
        if component in {"attn.q", "attn.out"} and "pos_" not in name and "linear_attn" not in name:
            assert shape[cut.axis] // cut.size in {4, 8}, name  # four heads; Qwen3-Next's q carries a gate too


@pytest.mark.parametrize("title", ["GPT2", "GPTBigCode", "GPTNeo", "Starcoder2"])
def test_transposed_matrices_are_those_whose_module_is_conv1d(title):
    config = FIXTURE[title]["config"]
    for name, _, module, shape in tensors(title):
        if len(shape) == 2 and module is not None:
            assert is_conv1d(name, config) == (module == "Conv1D"), name


LLAMA = {"hidden_size": 4096, "num_attention_heads": 32}
GPT2 = {"model_type": "gpt2", "n_embd": 768, "n_head": 12}
V3 = {
    "hidden_size": 7168,
    "num_attention_heads": 128,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "v_head_dim": 128,
}
GGUF = {"general.architecture": "gemma2", "gemma2.attention.head_count": 16, "gemma2.embedding_length": 3584}
KEYS = {"gemma2.attention.key_length": 256, "gemma2.attention.value_length": 128}


@pytest.mark.parametrize(
    ("name", "shape", "config", "expected"),
    [
        ("layers.0.self_attn.q_proj.weight", [4096, 4096], LLAMA, Heads(0, 128)),
        ("layers.0.self_attn.k_proj.weight", [1024, 4096], LLAMA, Heads(0, 128)),
        ("layers.0.self_attn.o_proj.weight", [4096, 4096], LLAMA, Heads(1, 128)),
        ("layers.0.self_attn.q_proj.weight", [4096, 4096], {**LLAMA, "head_dim": 256}, Heads(0, 256)),
        ("layers.0.self_attn.q_proj.weight", [4096, 4096], {**LLAMA, "head_dim": None}, Heads(0, 128)),
        ("layers.0.self_attn.q_proj.weight", [4096, 4096], {"text_config": LLAMA}, Heads(0, 128)),
        ("vision.layers.0.self_attn.q_proj.weight", [64, 64], {**LLAMA, "vision_config": {"head_dim": 8}}, Heads(0, 8)),
        ("layers.0.self_attn.q_proj.weight", [4095, 4096], LLAMA, None),
        ("layers.0.self_attn.q_proj.weight", [0, 4096], LLAMA, None),
        ("layers.0.self_attn.q_proj.weight", [4096, 4096], None, None),
        ("layers.0.self_attn.q_proj.weight", [4096, 4096], {"hidden_size": "wide"}, None),
        ("layers.0.self_attn.q_proj.bias", [4096], LLAMA, None),
        ("layers.0.mlp.up_proj.weight", [4096, 4096], LLAMA, None),
        ("h.0.attn.c_attn.weight", [768, 2304], GPT2, Heads(1, 64)),
        ("h.0.attn.c_proj.weight", [768, 768], GPT2, Heads(0, 64)),
        ("h.0.attn.c_proj.weight", [768, 768], {**GPT2, "model_type": "gpt_bigcode"}, Heads(1, 64)),
        ("block.0.layer.0.SelfAttention.o.weight", [512, 384], {"d_model": 512, "d_kv": 64}, Heads(1, 64)),
        ("model.layers.0.self_attn.q_b_proj.weight", [24576, 1536], V3, Heads(0, 192)),
        ("model.layers.0.self_attn.kv_b_proj.weight", [32768, 512], V3, Heads(0, 256)),
        ("model.layers.0.self_attn.o_proj.weight", [7168, 16384], V3, Heads(1, 128)),
        ("blk.0.attn_q.weight", [4096, 3584], {**GGUF, **KEYS}, Heads(0, 256)),
        ("blk.0.attn_output.weight", [3584, 4096], {**GGUF, **KEYS}, Heads(1, 128)),
        ("blk.0.attn_q.weight", [3584, 3584], GGUF, Heads(0, 224)),
        ("blk.1.attn_q.weight", [3584, 3584], {**GGUF, "gemma2.attention.head_count": [16, 8]}, Heads(0, 448)),
        ("blk.2.attn_q.weight", [3584, 3584], {**GGUF, "gemma2.attention.head_count": [16, 8]}, None),
        ("blk.0.attn_kv_a_mqa.weight", [576, 3584], {**GGUF, **KEYS}, None),
        ("layers.0.self_attn.q_proj.weight", [4096, 4096], {**LLAMA, "head_dim": 10**5000}, Heads(0, 128)),
        ("layers.0.self_attn.q_proj.weight", [4096, 4096], {**LLAMA, "head_dim": "9" * 5000}, Heads(0, 128)),
    ],
)
def test_heads(name, shape, config, expected):
    assert heads(name, shape, config) == expected
