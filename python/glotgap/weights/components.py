"""Where a tensor sits in its model: layer, component and attention heads, from its name, shape and the model's config.

Method: names are matched, lower-cased and without their final `.weight`, against one ordered table of regular
expressions (`RULES`); the first that fits decides. The table was written against the parameter names that transformers
5.24 and gguf 0.19 produce (tests/data/parameter_names.json), so it follows conventions, not any one model class.

Choices where a name could be read two ways:

- a bias of a linear or convolution layer is `bias`; the bias of a norm stays with its `norm`. Learned additive logits
  (attention sinks, expert correction biases) are `bias` too;
- `attn.qkv` is any projection that yields more than one of q, k, v: fused qkv, fused kv, and DeepSeek's kv_a and kv_b;
- a fused gate-and-up projection is `mlp.up`, and so is the one input projection of an MLP without a gate;
- experts, shared experts and dense MLPs share the components mlp.*; only what chooses the expert is `router`;
- `embed` is whatever makes the first hidden state: token, position and type tables, T5's relative positions, Whisper's
  two convolutions, projections between embedding and hidden width;
- `head` turns the last hidden state into outputs: unembeddings, classifiers, projections of an embedding. A pooler does
  not: it is `other`;
- buffers (causal masks, rotary frequencies, quantization scales) are no weights of a component: `other`.

Limits: a layer index counts within its own stack, so layer 3 of an encoder and layer 3 of a decoder, or of a vision
tower, are both 3; the tensor's name tells them apart. State-space and convolution mixers are `other`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from numbers import Integral
from typing import Any, Final

from glotgap._arguments import typed
from glotgap.tables import COMPONENTS

__all__ = ["COMPONENTS", "Heads", "Place", "heads", "is_conv1d", "place"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a tensor sits.

    Attributes:
        layer: index of its block within its stack, from 0; None outside the blocks.
        component: one of `glotgap.tables.COMPONENTS`.
    """

    layer: int | None
    component: str


@dataclass(frozen=True, slots=True)
class Heads:
    """How an attention matrix falls into blocks of one head each.

    Attributes:
        axis: 0 to cut rows, 1 to cut columns.
        size: rows or columns a block.
    """

    axis: int
    size: int


# One segment of a dotted name; `_ATTENTION` is the path inside an attention module.
_START = r"(?:^|\.)"
_ATTENTION = _START + r"\w*att(?:n|ention)\w*\.(?:\w+\.)*"

RULES: Final[tuple[tuple[str, re.Pattern[str]], ...]] = tuple(
    (component, re.compile(pattern))
    for component, pattern in (
        # Buffers that checkpoints carry along: causal masks, rotary tables, running counts, quantization scales.
        ("other", _START + r"(?:attn|attention)\.(?:masked_)?bias$"),
        ("other", r"inv_freq|rope_(?:freqs|factors)|rot_embd|(?:position|token_type)_ids$|running_|_tracked$"),
        ("other", r"(?:^|[._])(?:scales?|scale_inv|q?zeros|zero_point|g_idx|absmax|quant_map)$"),
        ("norm", _START + r"(?:[^.]*norm[^.]*|ln|ln\d|ln_\w+|\w+_ln)(?:\.\d+)?(?:\.(?:bias|gamma|beta))?$"),
        ("embed", r"relative_attention_bias$|attn_rel_b$"),
        ("bias", r"(?:^|[._])(?:bias|sinks|exp_probs_b)$"),
        ("router", _START + r"(?:\w*router(?:\.\w+)?|ffn_gate_inp\w*|shared_expert_gate)$"),
        ("router", r"(?:mlp|moe|ffn|feed_forward)\.gate(?:\.wg)?$"),
        ("head", _START + r"(?:\w*lm_head|head|shared_head_head|cls|\w*predictions|pred_layer|vocab_\w+)(?:\.|$)"),
        ("head", _START + r"(?:(?:pre_)?classifier|score|qa_outputs|text_projection|project_out)(?:\.|$)"),
        ("head", _START + r"(?:embed_out|proj_out|embd_to_logits|\w*unembd\w*|transformer\.ff_out)$"),
        ("head", r"^(?:output|decoder)$"),
        ("attn.qkv", _START + r"(?:c_attn|query_key_value|w?qkv(?:_proj)?|\w*attn_qkv|att_proj|in_proj_qkvz)$"),
        ("attn.qkv", _START + r"(?:kv_[ab]_proj\w*|attn_kv_[ab]\w*|kv_proj|wkv(?:_[ab])?)$"),
        ("attn.qkv", _ATTENTION + r"in_proj(?:_weight)?$"),
        ("attn.q", _START + r"(?:(?:pos_)?(?:q|query)(?:_[ab])?_proj|\w*attn_q(?:_[ab])?|q_lin|q_attn|wq(?:_[ab])?)$"),
        ("attn.k", _START + r"(?:(?:pos_)?(?:k|key)_proj|\w*attn_k(?:_b)?|k_lin|wk|pos_proj)$"),
        ("attn.v", _START + r"(?:(?:v|value)_proj|\w*attn_v(?:_b)?|v_lin|wv)$"),
        ("attn.q", _ATTENTION + r"(?:q|query)$"),
        ("attn.k", _ATTENTION + r"(?:k|key)$"),
        ("attn.v", _ATTENTION + r"(?:v|value)$"),
        ("attn.out", _ATTENTION + r"(?:c_proj|out_proj|o_proj|proj|dense|out|out_lin|o|wo|to_out)$"),
        ("attn.out", _START + r"\w*attn_(?:o|out|output)$"),
        ("mlp.up", _START + r"(?:up_proj|gate_up_proj|dense_h_to_4h|intermediate\.dense|input_linear|ff_proj|ffn)$"),
        ("mlp.up", _START + r"(?:c_fc|fc1|fc_in|lin1|linear1|wi|wi_1|w3|v1|(?:ffn|vis)_(?:gate_)?up(?:_\w*exps?)?)$"),
        ("mlp.gate", _START + r"(?:gate_proj|wi_0|w1|(?:ffn|vis)_gate(?:_\w*exps?)?)$"),
        ("mlp.down", _START + r"(?:down_proj|dense_4h_to_h|output\.dense|output_linear|ff_out|ffn_output)$"),
        ("mlp.down", _START + r"(?:c_proj|fc2|fc_out|lin2|linear2|wo|w2|(?:ffn|vis)_down(?:_\w*exps?)?)$"),
        ("embed", _START + r"[^.]*emb(?:ed|d)[^.]*(?:\.|$)"),
        ("embed", _START + r"(?:wte|wpe|shared|token_types|cls_token|project_in|encoder\.conv[12])$"),
    )
)

_COUNTS = ("num_attention_heads", "n_head", "n_heads", "num_heads", "attention_heads")

# Architectures whose names mean something else than everybody's.
_RULES_BY_MODEL_TYPE: Final[Mapping[str, tuple[tuple[str, re.Pattern[str]], ...]]] = {
    "qwen": (("mlp.up", re.compile(r"mlp\.w1$")), ("mlp.gate", re.compile(r"mlp\.w2$"))),
}

_HUGE: Final = 10**18

_LAYER = re.compile(
    _START + r"(?:h|layers?|blocks?|\w*blk|resblocks|albert_layer_groups|attentions|ffns|layer_norm[12])\.(\d+)(?=\.|$)"
)
_NUMBER = re.compile(r"\.\d+(?=\.|$)")
_WRAPPING = re.compile(r"\.(?:base_layer|lora_[ab](?:\.\w+)?)$")


@typed
def place(name: str, config: Mapping[str, Any] | None = None) -> Place:
    """Return the layer and component of the parameter `name`; an unknown name is `other`, never an error.

    Args:
        name: parameter name as stored: transformers, original or GGUF naming.
        config: the model's config.json, or GGUF metadata; needed only where `model_type` changes what a name means.

    Example:
        >>> place("model.layers.11.self_attn.q_proj.weight")
        Place(layer=11, component='attn.q')
        >>> place("blk.0.ffn_gate_inp.weight").component
        'router'
    """
    stem = _WRAPPING.sub("", name.lower().removesuffix(".weight"), count=1)
    layer = _LAYER.search(stem)
    return Place(_whole(layer[1]) if layer else None, _component(_NUMBER.sub(".0", stem), _model_type(config or {})))


@lru_cache(maxsize=4096)  # numbers are out of the stem, so 60 layers of 256 experts are a few dozen stems
def _component(stem: str, model_type: str) -> str:
    rules = (*_RULES_BY_MODEL_TYPE.get(model_type, ()), *RULES)
    return next((component for component, pattern in rules if pattern.search(stem)), "other")


@typed
def heads(name: str, shape: Sequence[int], config: Mapping[str, Any] | None) -> Heads | None:
    """Return how the attention matrix `name` is cut into heads, or None where it has none or they do not fit.

    q, k and v are cut by their rows (outputs), the output projection by its columns (inputs); GPT-2's Conv1D stores
    [in, out], so there it is the other way round. A fused qkv is cut into blocks of one head of q, k or v each: what
    block i holds depends on the model's layout (GPT-NeoX, BLOOM: q, k, v of head 0, then of head 1; GPT-2, MPT, Phi-3:
    all q, then all k, then all v).

    Args:
        name: parameter name.
        shape: its shape, row-major as in numpy: [out, in] except for Conv1D.
        config: the model's config.json (nested `text_config` and `vision_config` are looked into), or GGUF metadata.

    Example:
        >>> heads("h.0.attn.c_attn.weight", [768, 2304], {"model_type": "gpt2", "n_embd": 768, "n_head": 12})
        Heads(axis=1, size=64)
    """
    component = place(name, config).component
    if len(shape) != 2 or not config or component not in {"attn.q", "attn.k", "attn.v", "attn.qkv", "attn.out"}:
        return None
    size = _head_size(name, component, _section(name, config))
    axis = int((component == "attn.out") != is_conv1d(name, config))
    return Heads(axis, size) if size and shape[axis] % size == 0 and shape[axis] > 0 else None


def _model_type(config: Mapping[str, Any]) -> str:
    return str(config.get("model_type", ""))


def is_conv1d(name: str, config: Mapping[str, Any]) -> bool:
    """Tell whether `name` is a Conv1D of GPT-2 or a direct relative, stored [in, out]; GGUF files have none."""
    transposed = _model_type(config) in {"gpt2", "openai-gpt", "imagegpt", "decision_transformer"}
    return transposed and re.search(r"\.(?:c_attn|c_proj|c_fc|q_attn)(?:\.|$)", name) is not None


def _section(name: str, config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the part of a multimodal config that describes the tower `name` is in."""
    key = "vision_config" if re.search(r"vision|visual", name) else "text_config"
    nested = config.get(key)
    return {**config, **nested} if isinstance(nested, Mapping) else config


def _head_size(name: str, component: str, config: Mapping[str, Any]) -> int | None:
    if "general.architecture" in config:
        return _head_size_gguf(name, component, config)
    if _integer(config.get("qk_nope_head_dim")) is not None:
        return _head_size_latent(name, config)
    for key in ("head_dim", "d_kv", "kv_channels"):
        if size := _integer(config.get(key)):
            return size
    side = "decoder" if "decoder" in name else "encoder"
    width = _first(config, "hidden_size", "n_embd", "d_model", "dim", "emb_dim")
    return _quotient(width, _first(config, f"{side}_attention_heads", *_COUNTS))


def _head_size_latent(name: str, config: Mapping[str, Any]) -> int | None:
    """Multi-head latent attention (DeepSeek-V2, 3): widths differ, and the low-rank kv_a and q_a have no heads."""
    plain, rotary, value = (_integer(config.get(f"{part}_head_dim")) or 0 for part in ("qk_nope", "qk_rope", "v"))
    widths = {"q_proj": plain + rotary, "q_b_proj": plain + rotary, "kv_b_proj": plain + value, "o_proj": value}
    return next((width for key, width in widths.items() if f".{key}." in f"{name}."), None)


def _head_size_gguf(name: str, component: str, config: Mapping[str, Any]) -> int | None:
    if re.search(r"attn_(?:q_a|kv_a|kv_b|k_b|v_b)", name):  # low-rank factors of latent attention
        return None
    attention = f"{config['general.architecture']}.attention."
    side = "value_length" if component in {"attn.v", "attn.out"} else "key_length"
    count = config.get(f"{attention}head_count")
    if isinstance(count, Sequence) and not isinstance(count, str):  # one entry a layer
        count = dict(enumerate(count)).get(place(name).layer or 0)
    width = _integer(config.get(f"{config['general.architecture']}.embedding_length"))
    stated = _first(config, f"{attention}{side}_mla", f"{attention}{side}")
    return stated or _quotient(width, _integer(count))


def _first(config: Mapping[str, Any], *keys: str) -> int | None:
    return next((value for key in keys if (value := _integer(config.get(key))) is not None), None)


def _quotient(width: int | None, count: int | None) -> int | None:
    return width // count if width and count and width % count == 0 else None


def _integer(value: object) -> int | None:
    """Return a positive whole number, whether the config says 12 or "12"; anything else is None."""
    if isinstance(value, str):
        return _whole(value) or None
    if not isinstance(value, Integral) or isinstance(value, bool):
        return None
    return int(value) if 0 < int(value) < _HUGE else None


def _whole(digits: str) -> int | None:
    """Return a number of at most 18 digits, which an i64 holds; a longer one is no count of anything."""
    return int(digits) if digits.isdecimal() and len(digits) <= 18 else None
