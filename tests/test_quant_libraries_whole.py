"""Quantizers of other libraries: what they make of a weight here is what they make of whole models by themselves."""

import copy
import random
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from library_models import (  # isort: skip
    bits_by_formula,
    gpt2,
    llama,
    needs,
    quiet,
    rewrite,
    sentences,
    targets,
    torch,
    transformers,
)

from transformers.pytorch_utils import Conv1D

from glotgap.quant import libraries
from glotgap.quant.libraries import autoround, gptq
from glotgap.quant.rewriting import Context, Target
from glotgap.quant.scheme import Scheme

slow = pytest.mark.slow


@slow
@quiet
@pytest.mark.parametrize("spelling", ["bnb-nf4", "bnb-fp4", "bnb-int8"])
def test_bitsandbytes_makes_the_same_of_the_whole_model(spelling: str) -> None:
    needs("bnb")
    functional, nn = libraries.library("bnb", "functional"), libraries.library("bnb", "nn")
    model = llama()
    made = rewrite(model, targets(model), spelling)
    for name, module in llama().named_modules():
        if isinstance(module, torch.nn.Linear) and name != "lm_head":
            if spelling == "bnb-int8":
                weight = nn.Int8Params(module.weight.data.clone(), requires_grad=False).to("cpu")
                values = functional.int8_vectorwise_dequant(weight.CB, weight.SCB)
            else:
                weight = nn.Params4bit(module.weight.data.clone(), quant_type=spelling[-3:]).to("cpu")
                values = functional.dequantize_4bit(weight.data, weight.quant_state)
            assert torch.equal(made[f"{name}.weight"].matrix, values)


@slow
@quiet
@pytest.mark.parametrize("spelling", ["torchao-int4", "torchao-int2", "torchao-int8-channel"])
def test_torchao_makes_the_same_of_the_whole_model(spelling: str) -> None:
    needs("torchao")
    model, rival = llama(), llama()
    made = rewrite(model, targets(model), spelling)
    config = import_module("glotgap.quant.libraries.torchao").configuration(Scheme.parse(spelling))
    libraries.library("torchao", "quantization").quantize_(
        rival, config, filter_fn=lambda module, name: isinstance(module, torch.nn.Linear) and name != "lm_head"
    )
    for name, answer in made.items():
        assert torch.equal(answer.matrix, rival.get_parameter(name).dequantize())
    assert_same_answers(model, rival)


@slow
@quiet
@pytest.mark.parametrize("spelling", ["quanto8", "quanto4", "quanto2"])
def test_quanto_makes_the_same_of_the_whole_model(spelling: str) -> None:
    needs("quanto")
    if spelling != "quanto8":
        pytest.importorskip("ninja", reason="ninja, with which quanto compiles its way back from few bits, is absent")
    library = libraries.library("quanto")
    model, rival = llama(), llama()
    made = rewrite(model, targets(model), spelling)
    library.quantize(rival, weights=library.qtypes[f"qint{spelling[-1]}"], exclude="lm_head")
    library.freeze(rival)
    for name, answer in made.items():
        assert torch.equal(answer.matrix, rival.get_submodule(name.removesuffix(".weight")).weight.dequantize())
    assert_same_answers(model, rival)


@slow
@quiet
@pytest.mark.parametrize("spelling", ["hqq4-g64", "hqq3-g32", "hqq2-g64"])
def test_hqq_makes_the_same_of_the_whole_model(spelling: str) -> None:
    needs("hqq")
    scheme = Scheme.parse(spelling)
    model, rival = llama(), llama()
    made = rewrite(model, targets(model), spelling)
    config = libraries.library("hqq", "core.quantize").BaseQuantizeConfig(nbits=scheme.bits, group_size=scheme.group)
    whole = libraries.library("hqq", "models.hf.base").AutoHQQHFModel
    whole.quantize_model(rival, config, compute_dtype=torch.float32, device="cpu")
    for name, answer in made.items():
        assert torch.equal(answer.matrix, rival.get_submodule(name.removesuffix(".weight")).dequantize())
    assert_same_answers(model, rival)


def assert_same_answers(model: Any, rival: Any) -> None:
    ids = torch.tensor(sentences()[:1])
    with torch.no_grad():
        ours, theirs = model(ids).logits, rival(ids).logits
    # Their arithmetic may take other paths: float32 sums of 128 products of logits below 1.
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """The small Llama with a tokenizer, as GPTQModel wants them."""
    tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")
    vocabulary = {f"t{number}": number for number in range(256)}
    words = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="t0"))
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=words, pad_token="t1", eos_token="t2")
    fast.save_pretrained(tmp_path / "tiny")
    llama().save_pretrained(tmp_path / "tiny")
    return tmp_path


@slow
@quiet
@pytest.mark.parametrize("filed", [True, False])
def test_gptqmodel_makes_the_same_of_the_whole_model(
    saved: Path, *, filed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs("gptq")
    if not filed:  # their later steps see scales that are not yet rounded to float16, ours those of the file
        monkeypatch.setattr(gptq, "_as_filed", lambda scale: scale)
    library = libraries.library("gptq")
    model, ids = llama(), sorted([*sentences(1), *sentences(2)], key=len, reverse=True)  # as it sorts them
    made = rewrite(model, targets(model), "gptq4-g32", ids)
    config = library.QuantizeConfig(bits=4, group_size=32, offload_to_disk=False)
    whole = library.GPTQModel.load(str(saved / "tiny"), config, device="cpu", dtype=torch.float32)
    whole.quantize([{"input_ids": text, "attention_mask": [1] * len(text)} for text in ids], batch_size=1)
    whole.save(str(saved / "quantized"))
    torch_only = library.BACKEND.TORCH
    rival = library.GPTQModel.load(
        str(saved / "quantized"), device="cpu", backend=torch_only, dtype=torch.float16
    ).model
    first = {f"model.layers.0.self_attn.{layer}_proj.weight" for layer in "qkv"}
    for name, answer in made.items():
        layer = rival.get_submodule(name.removesuffix(".weight"))
        theirs = layer.dequantize_weight().float().T
        step = layer.scales.float().max()
        # They multiply scale and level in float16: 2^-14 is half a unit in the last place below 1/8, twice.
        same = (answer.matrix - theirs).abs() < 2**-13
        assert (answer.matrix - theirs).abs().max() < 2.01 * step
        # With scales like theirs there is no other level at all; else the differences add up from step to step.
        assert same.all() if name in first or not filed else same.float().mean() > 0.9
        stored = (layer.qweight, layer.qzeros, layer.scales, layer.g_idx)
        assert answer.bits == libraries.bits_of(answer.matrix.numel(), *stored)


@slow
@quiet
def test_gptq_of_gpt2_is_that_of_the_same_model_of_linear_layers() -> None:
    needs("gptq")
    model, twin = gpt2(), gpt2()
    for name, module in list(twin.named_modules()):
        if isinstance(module, Conv1D):
            layer = torch.nn.Linear(module.nx, module.nf)
            layer.weight.data, layer.bias.data = module.weight.data.T.contiguous(), module.bias.data
            parent, _, last = name.rpartition(".")
            setattr(twin.get_submodule(parent), last, layer)
    ours, theirs = (rewrite(one_, targets(one_), "gptq3-g32", sentences()) for one_ in (model, twin))
    for name, answer in ours.items():
        # x·W of Conv1D and x·Wᵀ of Linear sum in another order; a value at the border falls to the next level.
        assert (answer.matrix == theirs[name].matrix).float().mean() > 0.99


@slow
@quiet
@pytest.mark.parametrize("make", [llama, gpt2])
def test_gptq_serves_the_texts_it_is_calibrated_on_better_than_rounding_does(make: Callable[[], Any]) -> None:
    needs("gptq")
    ids = sentences(least=40)
    loss = {}
    for spelling in ("torchao-int3-g32", "gptq3-g32"):
        model, reference = make(), make()
        needs("torchao")
        rewrite(model, targets(model), spelling, ids)
        with torch.no_grad():
            pairs = [(model(torch.tensor([text])).logits, reference(torch.tensor([text])).logits) for text in ids]
        loss[spelling] = sum((ours - full).square().sum().item() for ours, full in pairs)
    assert loss["gptq3-g32"] < loss["torchao-int3-g32"]


@slow
@quiet
@pytest.mark.parametrize("spelling", ["gptq4-g32", "gptq2-g32", "gptq3-channel", "gptq8-g48"])
def test_gptq_depends_on_the_texts_and_on_nothing_else(spelling: str) -> None:
    needs("gptq")
    made = [rewrite(model := llama(), targets(model), spelling, sentences(seed)) for seed in (1, 1, 2)]
    assert all(torch.equal(made[0][name].matrix, made[1][name].matrix) for name in made[0])
    assert not any(torch.equal(made[0][name].matrix, made[2][name].matrix) for name in made[0])
    if "48" not in spelling:
        bits = made[0]["model.layers.0.mlp.up_proj.weight"].bits
        assert bits == pytest.approx(bits_by_formula(spelling, 128, 64, 32), rel=1e-12)


@slow
@quiet
def test_gptq_leaves_tables_alone_and_calibrates_a_head() -> None:
    needs("gptq")
    model = llama().train()
    table = Target("model.embed_tokens.weight", model.model.embed_tokens, None, "embed", is_transposed=False)
    made = rewrite(model, [table, *targets(model, head=True)], "gptq4-g32", sentences())
    assert "a table" in (made["model.embed_tokens.weight"].note or "")
    assert made["lm_head.weight"].note is None
    assert model.training
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


@slow
@quiet
@pytest.mark.parametrize("make", [llama, gpt2])
def test_auto_round_makes_the_same_by_itself_and_leaves_no_trace(make: Callable[[], Any], tmp_path: Path) -> None:
    needs("autoround")
    model, ids = make(), sentences()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002  the library's
    scheme = Scheme.parse("autoround4-g32")
    made = dict(autoround.rewritten(model, targets(model), scheme, Context(calibration=ids)))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state[0])
    assert (random.getstate(), np.random.get_state()[1].tolist()) == state[1:]  # noqa: NPY002  the library's
    rival, files = by_itself(copy.deepcopy(model), ids, tmp_path)
    for target, answer in made.items():
        name = target.name.removesuffix(".weight")
        theirs = rival.get_submodule(name).weight
        assert torch.equal(target.stored(answer.matrix), theirs)
        parts = [files[f"{name}.{part}"] for part in ("qweight", "qzeros", "scales")]
        assert answer.bits == libraries.bits_of(answer.matrix.numel(), *parts)


def by_itself(model: Any, ids: list[list[int]], path: Path) -> tuple[Any, dict[str, Any]]:
    """Return auto-round's quantized model, and the tensors of the file that it writes."""
    safetensors = pytest.importorskip("safetensors.torch", reason="safetensors is not installed")
    length = len(ids[0])
    whole = [token for text in ids for token in text]
    cut = [torch.tensor([whole[at : at + length]]) for at in range(0, len(whole) - length + 1, length)]
    tokenizer = type("None_", (), {"pad_token_id": None, "pad_token": None, "save_pretrained": lambda *_, **__: None})()
    quantizer = libraries.library("autoround").AutoRound(
        model, tokenizer, scheme="W4A16", group_size=32, amp=False, enable_torch_compile=False, seqlen=length,
        nsamples=len(cut), device_map="cpu",
        dataset=[{"input_ids": part, "attention_mask": torch.ones_like(part)} for part in cut],
    )  # fmt: skip
    tuned = copy.deepcopy(quantizer.quantize()[0])
    quantizer.save_quantized(str(path), format="auto_round")
    files = [safetensors.load_file(file) for file in path.rglob("*.safetensors")]
    return tuned, {name: tensor for file in files for name, tensor in file.items()}


@slow
@quiet
def test_auto_round_touches_targets_only() -> None:
    needs("autoround")
    model = llama()
    wanted = [target for target in targets(model, head=True) if "v_proj" not in target.name]
    made = rewrite(model, wanted, "autoround8-channel", sentences())
    assert set(made) == {target.name for target in wanted}
    assert all(answer.note is None for answer in made.values())
    fresh = llama()
    for name, value in fresh.state_dict().items():
        assert torch.equal(value, model.state_dict()[name]) == (name not in made)
    bits = made["model.layers.0.mlp.up_proj.weight"].bits
    assert bits == pytest.approx(bits_by_formula("autoround8-channel", 128, 64, 32), rel=1e-12)


@slow
@quiet
def test_gptq_and_auto_round_say_which_layers_they_cannot_take() -> None:
    needs("autoround")
    model = llama(head_dim=12)
    made = rewrite(model, targets(model), "autoround4", sentences())
    assert "multiples of 32" in (made["model.layers.0.self_attn.q_proj.weight"].note or "")
    assert made["model.layers.0.mlp.up_proj.weight"].note is None


def test_samples_are_cut_to_the_length_of_the_longest_text() -> None:
    parts = autoround.samples([torch.tensor([[1, 2, 3, 4]]), torch.tensor([[5, 6, 7]]), torch.tensor([[8, 9]])])
    assert [part.tolist() for part in parts] == [[[1, 2, 3, 4]], [[5, 6, 7, 8]]]
