"""Small models of transformers with random weights, and what tests ask of models under a scheme."""

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

from glotgap.quant import quantized

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
