"""What tests of libraries that quantize share: small models, targets, texts."""

import os
import random
from collections.abc import Sequence
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch (extra) is not installed")
transformers = pytest.importorskip("transformers", reason="transformers (extra) is not installed")

from transformers.pytorch_utils import Conv1D  # noqa: E402  after the skip

from glotgap.quant import libraries  # noqa: E402  after the skip
from glotgap.quant.libraries import LIBRARIES  # noqa: E402  after the skip
from glotgap.quant.rewriting import Context, Rewritten, Target, rewriter  # noqa: E402  after the skip
from glotgap.quant.scheme import Scheme  # noqa: E402  after the skip

os.environ.setdefault("GPTQMODEL_CPU_WORKERS", "2")
quiet = pytest.mark.filterwarnings("ignore")  # of libraries about each other, while they run by themselves

SCHEMES = ["bnb-nf4", "torchao-int4", "quanto4", "hqq4", "gptq4-g32", "autoround4-g32"]
WITHOUT_DATA = ["bnb-nf4", "bnb-fp4", "bnb-nf4-g128", "bnb-int8", "torchao-int4", "torchao-int8", "torchao-int3",
                "torchao-int1-channel", "quanto8", "quanto4", "quanto2-g32", "quanto4-channel", "hqq4", "hqq3", "hqq1",
                "hqq8", "hqq2-channel", "hqq5-g32"]  # fmt: skip


def llama(**options: Any) -> Any:
    torch.manual_seed(1)
    config = transformers.LlamaConfig(
        vocab_size=256, hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, tie_word_embeddings=False, max_position_embeddings=64, **options,
    )  # fmt: skip
    return transformers.LlamaForCausalLM(config).eval()


def gpt2() -> Any:
    torch.manual_seed(1)
    config = transformers.GPT2Config(
        vocab_size=256, n_embd=64, n_layer=2, n_head=4, n_positions=64, bos_token_id=1, eos_token_id=1
    )
    return transformers.GPT2LMHeadModel(config).eval()


def targets(model: Any, *, head: bool = False) -> list[Target]:
    return [
        Target(f"{name}.weight", module, None, "other", is_transposed=isinstance(module, Conv1D))
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear | Conv1D) and (head or name != "lm_head")
    ]


def sentences(seed: int = 1, least: int = 20) -> list[list[int]]:
    """Token ids of texts, the longest first, as GPTQModel sorts them."""
    drawn = random.Random(seed)
    return [[drawn.randrange(3, 256) for _ in range(least + 12 - number)] for number in range(12)]


def one(rows: int, columns: int, dtype: Any = torch.float32) -> Target:
    torch.manual_seed(2)
    layer = torch.nn.Linear(columns, rows, bias=False).to(dtype)
    return Target("fc.weight", layer, None, "other", is_transposed=False)


def rewrite(
    model: Any, given: Sequence[Target], spelling: str, ids: Sequence[Sequence[int]] = ()
) -> dict[str, Rewritten]:
    """Write as `quantized` does, and return all answers by name."""
    scheme = Scheme.parse(spelling)
    needs(scheme.method)
    made = {}
    for target, answer in rewriter(scheme)(model, given, scheme, Context(calibration=ids)):
        if answer.note is None:
            with torch.no_grad():
                target.parameter.copy_(target.stored(answer.matrix))
        made[target.name] = answer
    return made


def needs(method: str) -> None:
    named = LIBRARIES[method]
    if libraries.version(method) is None:
        pytest.skip(f"{named.distribution} (extra {named.extra}) is not installed")


def weights(model: Any) -> dict[str, Any]:
    return {target.name: target.matrix.clone() for target in targets(model)}


def bits_by_formula(spelling: str, rows: int, columns: int, s: int) -> float:
    """The formulas of the docstrings, for matrices whose sides are powers of 2."""
    scheme, n = Scheme.parse(spelling), rows * columns
    bits, group = scheme.bits or 0, scheme.group or columns
    if scheme.kind in {"nf4", "fp4"}:
        block = scheme.group or 64
        return 4 + 8 / block + 32 * -(-n // (256 * block)) / n + (32 * (256 + 16) + 32) / n
    if scheme.kind == "int8":
        return 8 + 32 / columns
    if scheme.method == "torchao":
        return bits + s / group
    if scheme.method == "quanto":
        group = group if scheme.granularity else min(128, columns)
        return 8 + s / columns if bits == 8 else bits + 2 * s / group
    if scheme.method == "hqq":
        groups = n // group
        integers = {3: 32 * -(-groups // 10) * group / n, 5: 8, 6: 8}.get(bits, bits)
        return integers + 2 * s / group
    return bits + (16 + bits) / group + (32 / rows if scheme.method == "gptq" else 0)
