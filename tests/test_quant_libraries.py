"""Quantizers of other libraries: what they make of a weight here is what they make of it by themselves."""

import copy
import os
import random
from collections.abc import Callable, Sequence
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from glotgap import BadArgumentError, UnsupportedError, quant

torch = pytest.importorskip("torch", reason="torch (extra) is not installed")
transformers = pytest.importorskip("transformers", reason="transformers (extra) is not installed")

from transformers.pytorch_utils import Conv1D  # noqa: E402

from glotgap.quant import libraries  # noqa: E402
from glotgap.quant.libraries import LIBRARIES, autoround, bitsandbytes, calibration, gptq, hqq, quanto  # noqa: E402
from glotgap.quant.rewriting import Context, Rewritten, Target, rewriter  # noqa: E402
from glotgap.quant.scheme import Scheme  # noqa: E402

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


# What can be said without any of them.


@pytest.mark.parametrize("spelling", SCHEMES)
def test_an_absent_library_is_an_error_that_names_the_extra(spelling: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", absent)
    scheme = Scheme.parse(spelling)
    extra = LIBRARIES[scheme.method].extra
    with pytest.raises(UnsupportedError, match=rf"pip install 'glotgap\[{extra}\]'"):
        rewriter(scheme)(llama(), [], scheme, Context(calibration=sentences()))


def test_a_library_that_cannot_be_imported_is_an_error_that_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> Any:
        raise ImportError(f"no symbol in {name}")

    monkeypatch.setattr(metadata, "version", lambda _: "9.9")
    monkeypatch.setattr(libraries, "import_module", broken)
    with pytest.raises(UnsupportedError, match=r"hqq 9\.9 cannot be imported .* ImportError: no symbol in hqq"):
        libraries.library("hqq")


@pytest.mark.parametrize(
    ("module", "spelling", "said"),
    [
        (bitsandbytes, "bnb-nf4-g100", "blocks of 32, 64, 128"),
        (quanto, "quanto8-g64", "one scale a row; leave out g64"),
        (hqq, "hqq4-g12", "multiples of 8"),
    ],
)
def test_a_scheme_that_a_library_cannot_do_is_an_error_that_says_what_it_can(
    module: Any, spelling: str, said: str
) -> None:
    with pytest.raises(UnsupportedError, match=said):
        module.rewritten(None, [], Scheme.parse(spelling), Context())


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        ([], "gptq4-g128 needs calibration texts"),
        ([[1, 2], [3]], "text 2 has 1 tokens"),
        ([[1, 256]], "has the token 256: this model has 0 to 255"),
        ([[1, -1]], "has the token -1"),
    ],
)
def test_calibration_texts_are_checked(ids: list[list[int]], said: str) -> None:
    with pytest.raises(BadArgumentError, match=said):
        calibration.texts(llama(), Scheme.parse("gptq4"), Context(calibration=ids))


@pytest.mark.parametrize("make", [llama, gpt2])
def test_blocks_run_one_by_one_give_what_the_model_gives(make: Callable[[], Any]) -> None:
    model = make()
    given = calibration.texts(model, Scheme.parse("gptq4"), Context(calibration=sentences()))
    chain, hidden = calibration.blocks(model, targets(model), given)
    for number, block in enumerate(chain):
        for states, ids in zip(hidden, given, strict=True):
            with torch.no_grad():
                expected = model(input_ids=ids, output_hidden_states=True).hidden_states[number]
            assert torch.equal(states, expected)
        hidden = block.run(hidden)


def test_layers_with_one_input_make_one_step() -> None:
    model = llama()
    given = calibration.texts(model, Scheme.parse("gptq4"), Context(calibration=sentences()))
    (block, _), hidden = calibration.blocks(model, targets(model), given)
    inside = [target for target in targets(model) if target.name.startswith(f"{block.name}.")]
    found = [[target.name.split(".")[-2] for target in step] for step in calibration.steps(block, hidden, inside)]
    assert found == [["q_proj", "k_proj", "v_proj"], ["o_proj"], ["gate_proj", "up_proj"], ["down_proj"]]


def test_a_layer_that_only_a_later_text_reaches_makes_a_step_too() -> None:
    class Choosing(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.short, self.long, self.never = (torch.nn.Linear(4, 4) for _ in range(3))

        def forward(self, states: Any) -> Any:
            return self.long(states) if states.shape[1] > 2 else self.short(states)

    module = Choosing()
    block = calibration.Block("layers.0", module, [((), {}), ((), {})])
    given = [
        Target(f"layers.0.{name}.weight", layer, 0, "other", is_transposed=False)
        for name, layer in module.named_children()
    ]
    found = calibration.steps(block, [torch.zeros(1, 2, 4), torch.zeros(1, 3, 4)], given)
    assert [[target.name for target in step] for step in found] == [["layers.0.short.weight"], ["layers.0.long.weight"]]


def test_blocks_that_are_no_chain_are_refused() -> None:
    class Skipping(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = torch.nn.ModuleList(torch.nn.Linear(4, 4) for _ in range(2))
            self.table = torch.nn.Embedding(8, 4)
            self.config, self.device = transformers.PretrainedConfig(), torch.device("cpu")

        def forward(self, input_ids: Any, **_: Any) -> Any:
            start = self.table(input_ids)
            return self.layers[1](self.layers[0](start) + start)

    model = Skipping()
    given = [Target("layers.0.weight", model.layers[0], 0, "other", is_transposed=False)]
    with pytest.raises(UnsupportedError, match=r"layers\.1 is not fed what the block before it gives"):
        calibration.blocks(model, given, [torch.tensor([[1, 2]])])


def test_modules_get_their_modes_back() -> None:
    model = llama().train()
    model.model.layers[1].eval()
    before = [module.training for module in model.modules()]
    with calibration.evaluating(model):
        assert not any(module.training for module in model.modules())
    assert [module.training for module in model.modules()] == before


# What needs them.

slow = pytest.mark.slow


@slow
@pytest.mark.parametrize("spelling", WITHOUT_DATA)
def test_conv1d_is_quantized_as_the_same_matrix_in_a_linear_layer(spelling: str) -> None:
    model = gpt2()
    given = targets(model)
    twins = [Target(target.name, libraries.linear(target), None, "other", is_transposed=False) for target in given]
    before = weights(model)
    expected = rewrite(None, twins, spelling)
    for name, answer in rewrite(model, given, spelling).items():
        assert answer.note is None
        assert not torch.equal(answer.matrix, before[name])
        assert torch.equal(answer.matrix, expected[name].matrix)
        assert torch.equal(answer.matrix, weights(model)[name])
        assert answer.bits == expected[name].bits


@slow
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16, torch.float64])
@pytest.mark.parametrize("spelling", WITHOUT_DATA)
def test_values_have_the_type_of_the_target_and_no_more_levels_than_bits_allow(spelling: str, dtype: Any) -> None:
    target = one(96, 256, dtype)
    answer = rewrite(None, [target], spelling)["fc.weight"]
    scheme = Scheme.parse(spelling)
    group = 256 if scheme.kind == "int8" or spelling == "quanto8" else scheme.group or 64
    group = 256 if scheme.granularity == "channel" else group
    rows = answer.matrix.reshape(-1, group)
    assert answer.matrix.dtype == dtype
    assert max(len(row.unique()) for row in rows) <= 2 ** (scheme.bits or 0)


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


@slow
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("spelling", WITHOUT_DATA)
def test_bits_are_those_of_the_documented_formula(spelling: str, dtype: Any) -> None:
    answer = rewrite(None, [one(64, 256, dtype)], spelling)["fc.weight"]
    assert answer.bits == pytest.approx(bits_by_formula(spelling, 64, 256, 8 * dtype.itemsize), rel=1e-12)


@slow
@quiet
@pytest.mark.parametrize("spelling", SCHEMES)
@pytest.mark.parametrize("make", [llama, gpt2])
def test_models_are_quantized_and_every_bit_is_restored(make: Callable[[], Any], spelling: str) -> None:
    needs(Scheme.parse(spelling).method)
    model = make()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with quant.quantized(model, spelling, context=Context(calibration=sentences())) as audit:
        inside = {name: value.clone() for name, value in model.state_dict().items()}
        table = audit.table.filter(pl.col("note").is_null())
    assert {target.name for target in targets(model)} == set(table["tensor"])
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])
        assert torch.equal(value, inside[name]) == (name not in set(table["tensor"]))
    # Least of 4 bits: 20 dB for Gaussian weights, less what whole rows in place of groups of 128 cost (quanto).
    assert table["sqnr"].min() > 16


@slow
@quiet
@pytest.mark.parametrize("spelling", SCHEMES)
def test_models_are_quantized_in_inference_mode_too(spelling: str) -> None:
    needs(Scheme.parse(spelling).method)
    model, twin = llama(), llama()
    context = Context(calibration=sentences())
    with torch.inference_mode(), quant.quantized(model, spelling, context=context):
        inside = {name: value.clone() for name, value in model.state_dict().items()}
    with quant.quantized(twin, spelling, context=context):
        assert all(torch.equal(value, inside[name]) for name, value in twin.state_dict().items())


@slow
@pytest.mark.parametrize(
    ("spelling", "shape", "said"),
    [
        ("torchao-int4", (8, 100), "rows of 100 values do not divide into groups of 32"),
        ("hqq4", (8, 100), "do not divide into groups of 64"),
        ("hqq4", (3, 64), "packs 2 groups together, and it has 3"),
        ("quanto4-g64", (8, 100), "do not divide into groups of 64"),
    ],
)
def test_a_matrix_that_a_library_cannot_take_is_left_alone_and_the_note_says_why(
    spelling: str, shape: tuple[int, int], said: str
) -> None:
    answer = rewrite(None, [one(*shape)], spelling)["fc.weight"]
    assert said in (answer.note or "")
    assert answer.bits == 32


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
    model, ids = llama(), sentences()
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
    state = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    scheme = Scheme.parse("autoround4-g32")
    made = dict(autoround.rewritten(model, targets(model), scheme, Context(calibration=ids)))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state[0])
    assert (random.getstate(), np.random.get_state()[1].tolist()) == state[1:]  # noqa: NPY002
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
