"""Quantizers of other libraries: errors, calibration, types and bits of what they make."""

from collections.abc import Callable
from importlib import metadata
from typing import Any

import polars as pl
import pytest

from library_models import (  # isort: skip
    SCHEMES,
    WITHOUT_DATA,
    bits_by_formula,
    gpt2,
    llama,
    needs,
    one,
    quiet,
    rewrite,
    sentences,
    targets,
    torch,
    transformers,
    weights,
)


from glotgap import BadArgumentError, UnsupportedError, quant
from glotgap.quant import libraries
from glotgap.quant.libraries import LIBRARIES, bitsandbytes, calibration, hqq, quanto
from glotgap.quant.rewriting import Context, Target, rewriter
from glotgap.quant.scheme import Scheme

slow = pytest.mark.slow

# What can be said without any of them.


@pytest.mark.parametrize("spelling", SCHEMES)
def test_an_absent_library_is_an_error_that_names_the_extra(spelling: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    model = llama()  # transformers asks for versions too
    monkeypatch.setattr(metadata, "version", absent)
    scheme = Scheme.parse(spelling)
    extra = LIBRARIES[scheme.method].extra
    with pytest.raises(UnsupportedError, match=rf"pip install 'glotgap\[{extra}\]'"):
        rewriter(scheme)(model, [], scheme, Context(calibration=sentences()))


def test_a_library_that_cannot_be_imported_is_an_error_that_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> Any:
        raise ImportError(f"no symbol in {name}")

    monkeypatch.setattr(metadata, "version", lambda _: "9.9")
    monkeypatch.setattr(libraries, "import_module", broken)
    with pytest.raises(UnsupportedError, match=r"hqq 9\.9 cannot be imported .* ImportError: no symbol in hqq"):
        libraries.library("hqq")


@pytest.mark.parametrize("error", [AttributeError("no attribute 'Quantizer'"), TypeError("unexpected keyword 'bits'")])
def test_a_library_that_has_moved_what_is_asked_of_it_is_an_error_that_says_so(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def moved(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(metadata, "version", lambda _: "9.9")
    monkeypatch.setattr("glotgap.quant.quantizing.rewriter", lambda _: moved)
    with (
        pytest.raises(UnsupportedError, match=rf"hqq 9\.9 does not do what is asked of it \({type(error).__name__}"),
        quant.quantized(llama(), "hqq4"),
    ):
        pass


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


def test_texts_of_one_length_run_together_and_none_is_lost() -> None:
    given = [torch.arange(length)[None] for length in (3, 5, 3, 2, 5, 4096, 4096, 5000)]
    batches = calibration.together(given)
    assert [tuple(batch.shape) for batch in batches] == [(1, 2), (2, 3), (2, 5), (1, 4096), (1, 4096), (1, 5000)]
    assert sorted(text.tolist() for batch in batches for text in batch) == sorted(text[0].tolist() for text in given)


def test_texts_that_run_together_give_what_each_gives_alone() -> None:
    model = llama()
    alone = calibration.texts(model, Scheme.parse("gptq4"), Context(calibration=[*sentences(1), *sentences(2)]))
    last = []
    for given in (alone, calibration.together(alone)):
        chain, hidden = calibration.blocks(model, targets(model), given)
        for block in chain:
            hidden = block.run(hidden)
        last.append(
            {
                tuple(ids.tolist()): state
                for batch, states in zip(given, hidden, strict=True)
                for ids, state in zip(batch, states, strict=True)
            }
        )
    assert len(last[0]) == 24
    for ids, states in last[0].items():
        torch.testing.assert_close(last[1][ids], states)


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
