"""`glotgap.tokens` counts as Hugging Face `tokenizers` does: every variant, every text, whatever stands beside it.

The first tests look at the matrix itself: each variant loads, and each trap changes what some text becomes.
"""

import functools
import json
import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tokenizer_texts import ADDED, CONTROL, TEXTS, WHITE, ZERO_WIDTH
from tokenizer_variants import TRAPS, VARIANTS

tokenizers = pytest.importorskip("tokenizers", reason="the reference (dev extra) is not installed")
each_variant = pytest.mark.parametrize("name", VARIANTS)

# Pieces to build hostile texts from: what normalizers move, what cuts depend on, what is added, what is not there.
PIECES = [
    *ADDED, *WHITE, *ZERO_WIDTH, *CONTROL[:16], *"'’.,-_~\"`▁#@$\\", *"aAsStTéÉßſıİǅ",
    "e\u0301", "\u0323", "\u0308\u0301", "\u0bbe", *"0٣५²½Ⅻ", *"中あアｱ가각ᄀ", *"กำ้က်ဦးक्षملا",
    "ﬁ", "㎏", "ﷺ", "👩\u200d👩\u200d👧", "👍🏽", "🇫🇷", "\ue000", "\uffff", "\U0010fffe", "\U000e0041",
    "   ", "\n\n", "he's", "LL", "the", " human", "<0x41>", "##ing", "Ġ", "foo ", " foo", "new  york",
]  # fmt: skip


@functools.cache
def reference(name):
    """The reference, with what a file stores beside the tokenizer taken out."""
    tokenizer = tokenizers.Tokenizer.from_str(json.dumps(VARIANTS[name]))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


@functools.cache
def expected(name):
    return [encoding.ids for encoding in reference(name).encode_batch(TEXTS, add_special_tokens=False)]


@functools.cache
def loaded(name):
    tokens = pytest.importorskip("glotgap.tokens", exc_type=ImportError)
    if not hasattr(tokens, "Tokenizer"):
        pytest.skip("glotgap.tokens has no Tokenizer")
    return tokens.Tokenizer.load(VARIANTS[name])


def test_the_matrix_is_large():
    assert len(VARIANTS) >= 45
    assert len(TEXTS) >= 1_500
    assert max(map(len, TEXTS)) >= 5_000


@each_variant
def test_variant_is_exercised(name):
    """Texts of one length become different numbers of tokens: the variant does not just count characters."""
    counts = {}
    for text, ids in zip(TEXTS, expected(name), strict=True):
        counts.setdefault(len(text), set()).add(len(ids))
    assert max(map(len, counts.values())) >= 3


@pytest.mark.parametrize(("name", "sibling"), TRAPS.items())
def test_trap_changes_a_count(name, sibling):
    if VARIANTS[name]["truncation"] or VARIANTS[name]["padding"]:
        tokenizer = tokenizers.Tokenizer.from_str(json.dumps(VARIANTS[name]))
        trapped = [encoding.ids for encoding in tokenizer.encode_batch(TEXTS, add_special_tokens=False)]
    else:
        trapped = expected(name)
    assert any(len(one) != len(other) for one, other in zip(trapped, expected(sibling), strict=True))


def test_variants_are_the_same_in_every_run():
    """A second process, with another hash seed, builds the same files: a failure can be seen again."""
    import os
    import subprocess
    import sys
    from pathlib import Path

    code = "import json, tokenizer_variants as v; print(json.dumps(v.VARIANTS))"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent), "PYTHONHASHSEED": "77"}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=environment)
    assert json.loads(run.stdout) == json.loads(json.dumps(VARIANTS))


def first_difference(texts, ours, theirs):
    """What a person needs to see a failure again."""
    wrong = [(text, int(a), int(b)) for text, a, b in zip(texts, ours, theirs, strict=True) if a != b]
    return f"{len(wrong)} of {len(texts)} texts differ; the first: {wrong[0]!r:.300}" if wrong else ""


@each_variant
def test_counts_equal_the_reference(name):
    ours = loaded(name).count(TEXTS)
    assert ours.dtype == "uint32"
    assert not first_difference(TEXTS, ours, map(len, expected(name)))


@each_variant
def test_numbers_equal_the_reference(name):
    tokenizer = loaded(name)
    wrong = [text for text, ids in zip(TEXTS, expected(name), strict=True) if list(tokenizer.encode(text)) != ids]
    assert not wrong, repr(wrong[0])


@each_variant
def test_counts_do_not_depend_on_what_stands_beside(name):
    """Counted again (from a warm table), in another order, and one by one, each text has its count."""
    tokenizer, order = loaded(name), list(range(len(TEXTS)))
    random.Random(3).shuffle(order)
    texts, truth = [TEXTS[at] for at in order], [len(expected(name)[at]) for at in order]
    assert not first_difference(texts, tokenizer.count(texts), truth)
    alone = [int(tokenizer.count([text])[0]) for text in texts[:200]]
    assert not first_difference(texts[:200], alone, truth[:200])


@each_variant
def test_long_text_counts_as_one(name):
    """One document of all short texts: what is cut for speed must not show."""
    for separator in ("", " ", "\n"):
        text = separator.join(text for text in TEXTS if len(text) < 200)
        theirs = len(reference(name).encode(text, add_special_tokens=False).ids)
        assert int(loaded(name).count([text])[0]) == theirs, repr(separator)


@each_variant
def test_plan_says_what_is_on(name):
    plan = loaded(name).plan()
    assert list(plan) == ["engine", "units", "search"]
    assert all(plan.values())
    assert plan["engine"] == "on" or plan["units"] == plan["search"] == "there is no engine"


@each_variant
def test_any_text_counts_as_the_reference(name):
    tokenizer, truth = loaded(name), reference(name)

    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(
        st.lists(st.one_of(st.sampled_from(PIECES), st.characters(exclude_categories=["Cs"])), max_size=24).map("".join)
    )
    @example("")
    def check(text):
        theirs = truth.encode(text, add_special_tokens=False).ids
        assert int(tokenizer.count([text])[0]) == len(theirs)
        assert list(tokenizer.encode(text)) == theirs

    check()
