"""Write parameter_names.json: the parameter names, shapes and module classes of real architectures.

Every model class of transformers named in MODELS is built with two tiny layers and saved, and the names are taken from
the file and from the state dict (they differ where transformers fuses experts in memory). GGUF names come from the gguf
package. The first number in a name becomes `{layer}`; of several experts the first is kept.

The components are those `glotgap.weights.components` gives today: **read the diff before committing it**. The test
checks them against the module classes, which this script takes from the models themselves.

    pip install torch transformers==5.24.0 gguf==0.19.0
    PYTHONPATH=python python tests/data/make_parameter_names.py
"""

import json
import re
import struct
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
import transformers
from gguf import constants

from glotgap.weights.components import place

TINY = {
    **dict.fromkeys(("hidden_size", "n_embd", "d_model", "dim", "emb_dim", "embedding_dim"), 32),
    **dict.fromkeys(("num_hidden_layers", "n_layer", "n_layers", "num_layers", "encoder_layers", "decoder_layers"), 2),
    **dict.fromkeys(("num_decoder_layers", "num_key_value_heads", "type_vocab_size", "num_local_experts"), 2),
    **dict.fromkeys(("num_attention_heads", "n_head", "n_heads", "num_heads", "attention_heads"), 4),
    **dict.fromkeys(("encoder_attention_heads", "decoder_attention_heads", "rotary_dim", "qk_rope_head_dim"), 4),
    **dict.fromkeys(("intermediate_size", "d_ff", "ffn_dim", "n_inner", "encoder_ffn_dim", "decoder_ffn_dim"), 48),
    **dict.fromkeys(("ffn_hidden_size", "hidden_dim"), 48),
    **dict.fromkeys(("max_position_embeddings", "n_positions", "max_source_positions", "max_target_positions"), 64),
    **dict.fromkeys(("head_dim", "d_kv", "num_mel_bins", "qk_nope_head_dim", "v_head_dim"), 8),
    **dict.fromkeys(("linear_key_head_dim", "linear_value_head_dim"), 8),
    **dict.fromkeys(("num_experts", "n_routed_experts", "linear_num_key_heads", "linear_num_value_heads"), 2),
    **dict.fromkeys(("num_experts_per_tok", "first_k_dense_replace", "n_group", "topk_group", "n_shared_experts"), 1),
    **dict.fromkeys(("decoder_sparse_step", "num_sparse_encoder_layers", "num_sparse_decoder_layers"), 1),
    **dict.fromkeys(("q_lora_rank", "kv_lora_rank", "word_embed_proj_dim", "embedding_size"), 16),
    **dict.fromkeys(("moe_intermediate_size", "shared_expert_intermediate_size"), 24),
    "vocab_size": 96,
    "pad_token_id": 0,
}

CAUSAL = (
    "GPT2 GPTNeoX OPT Bloom Llama Mistral Qwen2 Qwen3 Gemma Gemma2 Gemma3Text Phi Phi3 Falcon Mpt Mixtral Qwen2Moe "
    "Qwen3Moe DeepseekV2 DeepseekV3 GptOss GPTJ GPTNeo GPTBigCode CodeGen Dbrx Olmo2 Cohere Starcoder2 XGLM Llama4Text "
    "Qwen3Next GraniteMoe Glm4"
)
MASKED = "Bert Roberta DistilBert Albert DebertaV2 ModernBert Electra XLM"
SEQUENCE = "T5 MT5 Bart M2M100 SwitchTransformers NllbMoe"
MODELS = [
    *((name, name, "CausalLM", {}) for name in CAUSAL.split()),
    *((name, name, "MaskedLM", {}) for name in MASKED.split()),
    *((name, name, "Seq2SeqLM", {}) for name in SEQUENCE.split()),
    ("Bert-classifier", "Bert", "SequenceClassification", {}),
    ("XLMRoberta-classifier", "XLMRoberta", "SequenceClassification", {}),
    ("Whisper", "Whisper", "SpeechSeq2Seq", {}),
    ("Falcon-40B", "Falcon", "CausalLM", {"new_decoder_architecture": True, "num_kv_heads": 2}),
]
SPECIAL: dict[str, dict[str, Any]] = {
    "Llama": {"attention_bias": True},
    "Falcon": {"bias": True},
    "GPTNeo": {"attention_types": [[["global", "local"], 1]]},
    "DebertaV2": {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "share_att_key": False},
    "Cohere": {"use_qk_norm": True},
    "Llama4Text": {"interleave_moe_layer_step": 1, "intermediate_size_mlp": 48},
    "Qwen3Next": {"layer_types": ["linear_attention", "full_attention"]},
    "Dbrx": {
        "d_model": 32,
        "n_heads": 4,
        "n_layers": 2,
        "attn_config": {"kv_n_heads": 2, "rope_theta": 1e4},
        "ffn_config": {"ffn_hidden_size": 48, "moe_num_experts": 2},
    },
}
CONFIG_KEYS = (
    "model_type hidden_size n_embd d_model dim emb_dim num_attention_heads n_head n_heads num_heads attention_heads "
    "head_dim d_kv encoder_attention_heads decoder_attention_heads qk_nope_head_dim qk_rope_head_dim v_head_dim"
)
GGUF = (
    "LLAMA LLAMA4 FALCON GPT2 GPTJ GPTNEOX MPT STARCODER BERT MODERN_BERT BLOOM STABLELM QWEN QWEN2 QWEN2MOE QWEN3 "
    "QWEN3MOE PHI2 PHI3 PHIMOE GEMMA GEMMA2 GEMMA3 DBRX OLMO2 DEEPSEEK2 T5 GPT_OSS GROVEMOE GRANITE_MOE"
)


def tiny_model(name: str, head: str, extra: dict[str, Any]) -> torch.nn.Module:
    kind = getattr(transformers, f"{name}Config")
    known = {key: value for key, value in TINY.items() if key in kind().to_dict()}
    config = kind(**{**({} if name == "Dbrx" else known), **SPECIAL.get(name, {}), **extra})
    return getattr(transformers, f"AutoModelFor{head}").from_config(config).float()


def saved_shapes(model: Any) -> dict[str, list[int]]:
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        raw = (Path(folder) / "model.safetensors").read_bytes()
    (length,) = struct.unpack_from("<Q", raw)
    header = json.loads(raw[8 : 8 + length])
    return {name: entry["shape"] for name, entry in header.items() if name != "__metadata__"}


def entries(model: Any, config: dict[str, Any]) -> dict[str, Any]:
    """One entry a distinct name, in file order."""
    kinds = {name: type(module).__name__ for name, module in model.named_modules()}
    in_memory = {name: list(value.shape) for name, value in model.state_dict().items()}
    found: dict[str, Any] = {}
    for name, shape in {**saved_shapes(model), **in_memory}.items():
        template = re.sub(r"(?<=\.)\d+(?=\.|$)", "{layer}", name, count=1)
        if re.search(r"experts\.(expert_)?[1-9]", name) or template in found:
            continue
        module = kinds.get(name.rpartition(".")[0]) if name in in_memory else None
        found[template] = [place(name, config).component, module, shape]
    return found


def gguf_entries(architecture: str) -> dict[str, Any]:
    tensors = constants.MODEL_TENSORS[constants.MODEL_ARCH[architecture]]
    names = [constants.TENSOR_NAMES[tensor].replace("{bid}", "{layer}") + ".weight" for tensor in tensors]
    return {name: [place(name).component, None, None] for name in names}


def line(key: str, value: Any) -> str:
    return f"   {json.dumps(key)}: {json.dumps(value)}"


def block(title: str, config: dict[str, Any], tensors: dict[str, Any]) -> str:
    rows = ",\n".join(line(*item) for item in tensors.items())
    return f' {json.dumps(title)}: {{\n  "config": {json.dumps(config)},\n  "tensors": {{\n{rows}\n  }}\n }}'


def main() -> None:
    source = f"transformers {version('transformers')}, gguf {version('gguf')}; [component, module class, shape]"
    blocks = [f' "source": {json.dumps(source)}']
    for title, name, head, extra in MODELS:
        model = tiny_model(name, head, extra)
        whole = model.config.to_dict()
        config = {key: whole[key] for key in CONFIG_KEYS.split() if whole.get(key) is not None}
        blocks.append(block(title, config, entries(model, config)))
    blocks += [block(f"gguf {name}", {}, gguf_entries(name)) for name in GGUF.split()]
    Path(__file__).with_name("parameter_names.json").write_text("{\n" + ",\n".join(blocks) + "\n}\n")


if __name__ == "__main__":
    main()
