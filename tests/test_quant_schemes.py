"""Spellings of schemes: they round-trip, whatever their order, and nonsense is refused with what there is."""

import json
import random
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glotgap import BadArgumentError, quant
from glotgap.quant import Scheme
from glotgap.quant.spellings import METHODS, OPTIONS

ALWAYS = st.fixed_dictionaries(
    {},
    optional={
        "activation_bits": st.integers(2, 8),
        "head": st.booleans(),
        "embed": st.booleans(),
        "keep": st.lists(
            st.sampled_from(["attn.q", "mlp.*", "layer:0", "*.layers.[0-3].*", "lm_head", "a:b?c"]), max_size=3
        ).map(tuple),
    },
)


def taken_by(method, options):
    """Return the options that a method takes."""
    return {name: value for name, value in options.items() if method != "la" or name not in {"head", "embed"}}


@st.composite
def schemes(draw):
    """Any scheme there is."""
    method = draw(st.sampled_from(sorted(METHODS)))
    declared = METHODS[method]
    fields = {"method": method}
    if declared.bits:
        fields["bits"] = draw(st.sampled_from(declared.bits))
    if declared.kinds:
        fields["kind"] = draw(st.sampled_from(sorted(declared.kinds)))
    if fields.get("kind") == "protect":
        fields["bits"] = draw(st.integers(2, 7))
        fields["average_bits"] = draw(st.floats(fields["bits"], 8, exclude_min=True, exclude_max=True))
    if declared.granularities and fields.get("kind") != "int8" and draw(st.booleans()):
        fields["granularity"] = draw(st.sampled_from(declared.granularities))
        fields["group"] = draw(st.integers(2, 10**6)) if fields["granularity"] == "group" else None
    if method == "rtn":
        fields["corrects_bias"] = draw(st.booleans())
        fields["is_symmetric"] = draw(st.booleans())
        clips = ["absmax", "pct"] + ["mse", "aciq", "aciqgauss", "aciqlaplace"] * fields["is_symmetric"]
        fields["clip"] = draw(st.sampled_from(clips))
        if fields["clip"] == "pct":
            fields["percentile"] = draw(st.floats(50, 100))
        if fields["is_symmetric"] and fields.get("granularity", "channel") == "channel":
            fields["allocates_bits"] = draw(st.booleans())
    if method != "fp":
        fields |= taken_by(method, draw(ALWAYS))
        if "activation_bits" in fields:
            fields["activations_by"] = draw(st.sampled_from(["token", "tensor"]))
    return Scheme(**fields)


@given(schemes(), st.randoms(use_true_random=False))
def test_spelling_and_scheme_are_one_whatever_the_order(scheme, order: random.Random):
    spelling = str(scheme)
    assert Scheme.parse(spelling) == scheme
    first, *rest = spelling.partition("-keep:")[0].split("-")
    order.shuffle(rest)
    again = "-".join([first, *rest, *(f"keep:{pattern}" for pattern in scheme.keep)])
    assert str(Scheme.parse(again)) == spelling


@given(st.one_of(st.text(max_size=20), st.from_regex(r"[a-z]{2,4}[0-9]?(-[a-z0-9:.\[\]]{1,6}){0,4}", fullmatch=True)))
def test_any_text_is_a_scheme_or_refused(text):
    try:
        scheme = Scheme.parse(text)
    except BadArgumentError:
        return
    assert Scheme.parse(str(scheme)) == scheme


@pytest.mark.parametrize(
    ("spelling", "canonical"),
    [
        ("fp", "fp"),
        ("rtn4", "rtn4-channel"),
        ("rtn4-g64-sym", "rtn4-g64"),
        ("rtn4-sym-absmax-g64", "rtn4-g64"),
        ("rtn4-channel-mse", "rtn4-channel-mse"),
        ("rtn3-tensor-aciq", "rtn3-tensor-aciq"),
        ("rtn4-pct99.90-asym", "rtn4-channel-asym-pct99.9"),
        ("w8a8", "rtn8-channel-a8"),
        ("w4a8t-g32", "rtn4-g32-a8t"),
        ("rtn2-head-alloc-bc", "rtn2-channel-bc-alloc-head"),
        ("rtn4-keep:b.[0-9].*-keep:attn.q", "rtn4-channel-keep:b.[0-9].*-keep:attn.q"),
        ("la4-minimax", "la4-minimax-channel"),
        ("la4-protect5.0-g64", "la4-protect5-g64"),
        ("bnb-nf4", "bnb-nf4"),
        ("torchao-int4", "torchao-int4-g32"),
        ("hqq3", "hqq3-g64"),
        ("quanto4", "quanto4"),
        ("gptq4", "gptq4-g128"),
        ("autoround4", "autoround4"),
    ],
)
def test_one_spelling_of_a_scheme_is_canonical(spelling, canonical):
    assert str(Scheme.parse(spelling)) == canonical == str(Scheme.parse(canonical))


@pytest.mark.parametrize(
    ("spelling", "message"),
    [
        ("", r"'' is no method: there are fp; rtn\{2..8\}"),
        ("rtn", "rtn has 2 to 8 bits: none are given"),
        ("rtn9", "rtn has 2 to 8 bits: 9 is given"),
        ("hqq7", "hqq has 1, 2, 3, 4, 5, 6, 8 bits: 7 is given"),
        ("rtn4-foo", "'foo' is no part of a rtn scheme: there are tensor, channel"),
        ("rtn4--mse", "'' is no part"),
        ("rtn4-tensor-channel", "channel is one part too many"),
        ("rtn4-g1", "a group has at least 2 values"),
        ("rtn4-asym-mse", "asym has the clips absmax and pct: mse is"),
        ("rtn4-pct20", "give a percentile from 50 to 100"),
        ("rtn4-a9", "activations have 2 to 8 bits: 9 is given"),
        ("rtn4-alloc-g64", "alloc shares out bits among rows"),
        ("rtn4-keep:", "give a pattern"),
        ("rtn4-keep:a[b", r"close each \["),
        ("fp4", "fp has no bits: 4 is given"),
        ("fp-head", "fp does not take head"),
        ("fp-g64", "fp has no granularity: group is given"),
        ("la4", "la needs one of paper, shared, minimax, own, protect: none is given"),
        ("la4-minimax-bc", "la does not take bc"),
        ("la4-protect4", "give an average between 4 bits and 8"),
        ("la8-protect9", "give an average"),
        ("bnb-nf5", "'nf5' is no part of a bnb scheme: there are nf4, fp4, int8"),
        ("bnb8-nf4", "bnb has 4 bits: 8 is given"),
        ("bnb-int8-g64", "int8 of bnb is by channel"),
        ("quanto4-tensor", "quanto has channel, g{N}: tensor is given"),
        ("gptq4-mse", "gptq does not take mse"),
        ("w9a8", "rtn has 2 to 8 bits: 9 is given"),
    ],
)
def test_nonsense_is_refused_with_what_there_is(spelling, message):
    with pytest.raises(BadArgumentError, match=message):
        Scheme.parse(spelling)


def test_fields_that_contradict_each_other_are_refused():
    with pytest.raises(BadArgumentError, match="no method 'rtm'"):
        Scheme("rtm", 4)
    with pytest.raises(BadArgumentError, match="a group goes with its size"):
        Scheme("rtn", 4, granularity="group")
    with pytest.raises(BadArgumentError, match="pct goes with its percentile"):
        Scheme("rtn", 4, percentile=99.0)
    with pytest.raises(BadArgumentError, match="no clip 'best'"):
        Scheme("rtn", 4, clip="best")
    with pytest.raises(BadArgumentError, match=r"write \? for a dash"):
        Scheme("rtn", 4, keep=("a-b",))
    with pytest.raises(BadArgumentError, match="activations are scaled by token or tensor"):
        Scheme("rtn", 4, activation_bits=8, activations_by="row")


def test_every_method_and_option_is_listed_with_its_meaning():
    listed = quant.describe()
    assert listed.columns == ["part", "spelling", "meaning"]
    assert len(listed) == len(METHODS) + len(OPTIONS)
    assert listed["meaning"].str.len_chars().min() > 10
    examples = {"g{N}": "g64", "pct{P}": "pct99", "a{2..8}": "a8", "a{2..8}t": "a8t", "keep:PATTERN": "keep:mlp.*"}
    for spelling in listed.filter(part="option")["spelling"]:
        if spelling == "cal:LANGUAGE+...":
            assert Scheme.parse("gptq4-cal:heb+eng").calibrated_on == ("eng", "heb")
        else:
            assert Scheme.parse(f"rtn4-{examples.get(spelling, spelling)}").method == "rtn"


def test_schemes_need_no_torch_and_models_name_the_extra():
    code = """if True:
        import sys, json
        sys.modules["torch"] = None
        from glotgap import quant, UnsupportedError
        assert str(quant.Scheme.parse("w8a8")) == "rtn8-channel-a8"
        try:
            quant.quantized
        except UnsupportedError as error:
            print(json.dumps(str(error)))
    """
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == (
        "glotgap.quant.quantized needs torch, which is not installed: pip install 'glotgap[torch]'"
    )
