"""Evenness of tokens and inequality of languages, against their definitions in exact arithmetic or by loops."""

import math
from collections import Counter
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glotgap import tables
from glotgap._errors import BadArgumentError, GlotgapWarning
from glotgap.tokens import disparity, gaps, metrics, nsl
from glotgap.tokens.entropy import evenness
from glotgap.tokens.gini import gini
from token_corpus import (
    CORPUS,
    LATIN,
    VOCABULARY,
    counts,
    exactly,
    row,
    tokens,
    total,
)


def shares(numbers):
    return [Fraction(number, sum(numbers)) for number in numbers if number]


@given(
    st.lists(st.integers(0, 10**6), min_size=1, max_size=30).filter(any), st.sampled_from([0, 0.5, 0.999, 2, 2.5, 7])
)
@settings(deadline=None)
def test_renyi_entropy_is_its_definition(numbers, alpha):
    found = evenness(numbers, VOCABULARY, alpha)
    p = [float(share) for share in shares(numbers)]
    shannon = -math.fsum(x * math.log2(x) for x in p)
    renyi = math.log2(math.fsum(x**alpha for x in p)) / (1 - alpha)
    assert found.entropy == pytest.approx(shannon, rel=1e-12, abs=1e-15)
    # The definition loses what 1 - alpha divides by; its own rounding is the tolerance.
    assert found.renyi_entropy == pytest.approx(renyi, rel=1e-11, abs=1e-14 / abs(1 - alpha))
    assert found.renyi_efficiency == pytest.approx(found.renyi_entropy / math.log2(VOCABULARY))
    assert found.renyi_efficiency_lower == pytest.approx(found.renyi_entropy / 9)  # 500 types need 9 bits
    if len(p) > 1:
        assert found.renyi_efficiency_used == pytest.approx(found.renyi_entropy / math.log2(len(p)))


def test_entropies_of_known_distributions():
    assert evenness([1] * 8, 8).renyi_efficiency == 1.0
    half = evenness([4, 2, 2], 4, alpha=2)
    assert half.entropy == 1.5
    assert half.renyi_entropy == exactly(math.log2(Fraction(8, 3)))  # 1 / (1/4 + 1/16 + 1/16)
    assert evenness([4, 2, 2], 4, alpha=math.inf).renyi_entropy == 1.0
    assert evenness([4, 2, 2], 4, alpha=0).renyi_entropy == exactly(math.log2(3))
    assert evenness([4, 2, 2], 4, alpha=1).renyi_entropy == 1.5
    assert evenness([4, 2, 2], 4, alpha=1e4).renyi_entropy == pytest.approx(1.0, rel=1e-3)


@pytest.mark.parametrize("distance", [1e-3, 1e-6, 1e-9, 1e-12])
def test_renyi_is_continuous_at_one(distance):
    near, at = (evenness([5, 3, 1, 1], 8, alpha).renyi_entropy for alpha in (1 + distance, 1))
    assert near == pytest.approx(at, rel=2 * distance + 1e-14)


def test_undefined_entropies_are_null():
    assert set(vars_of(evenness([], 8))) == {None}
    assert set(vars_of(evenness([0, 0], 8))) == {None}
    assert vars_of(evenness([3], 8)) == [0.0, 0.0, 0.0, None, 0.0]
    assert vars_of(evenness([3], 1)) == [0.0, 0.0, None, None, None]


def vars_of(even):
    return [getattr(even, name) for name in even.__dataclass_fields__]


def test_frequencies_make_the_entropies_of_the_table():
    seen = Counter(token for text in tokens("deu") for token in text)
    found, bare = row(metrics(counts(LATIN)), "deu"), row(metrics(counts(LATIN, parts=())), "deu")
    even = evenness(list(seen.values()), VOCABULARY)
    for name in even.__dataclass_fields__:
        assert (found[name], bare[name]) == (getattr(even, name), None)
    assert found["used"] == bare["used"] == len(seen)
    assert found["vocabulary_use"] == exactly(Fraction(len(seen), VOCABULARY))


@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=20).filter(any))
@settings(deadline=None)
def test_gini_is_its_definition(costs):
    n, mean = len(costs), Fraction(sum(costs), len(costs))
    expected = sum(abs(a - b) for a in costs for b in costs) / (2 * n * n * mean)
    assert gini(costs) == pytest.approx(float(expected), rel=1e-14, abs=1e-16)
    assert gini([7 * cost for cost in costs]) == pytest.approx(gini(costs), rel=1e-14, abs=1e-16)


def test_undefined_ginis_are_null():
    assert (gini([]), gini([1.0]), gini([0.0, 0.0])) == (None, None, None)


def test_disparity_counts_languages_and_leaves_out_unknown_text():
    found = disparity(counts())
    tables.check("DISPARITY", found)
    pairs, letters = (found.row(by_predicate=pl.col("tokenizer") == name, named=True) for name in ("pairs", "letters"))
    assert (pairs["languages"], pairs["aligned"], pairs["left_out"]) == (3, 3, 0)
    assert (letters["languages"], letters["aligned"], letters["left_out"]) == (2, 2, 1)
    assert pairs["gini"] == gini([total(group) for group in CORPUS])
    assert letters["gini"] == gini([total(group, "letters") for group in LATIN])
    rates = [total(group) / sum(len(text.encode()) for text in CORPUS[group]) for group in CORPUS]
    assert pairs["gini_bytes"] == pytest.approx(gini(rates), rel=1e-14)
    premiums = {group: total(group) / total("eng") for group in ("deu", "tha")}
    assert (pairs["worst"], pairs["premium_max"]) == max(premiums.items(), key=lambda pair: pair[1])
    assert pairs["premium_median"] == pytest.approx(sum(premiums.values()) / 2)


def test_disparity_pools_the_tokens_of_all_languages():
    seen = Counter(token for group in CORPUS for text in tokens(group) for token in text)
    found = disparity(counts()).row(by_predicate=pl.col("tokenizer") == "pairs", named=True)
    even = evenness(list(seen.values()), VOCABULARY)
    assert [found[name] for name in even.__dataclass_fields__] == vars_of(even)
    assert found["used"] == len(seen)


def test_unaligned_text_has_no_gini_of_tokens():
    corpus = {"eng": CORPUS["eng"], "deu": CORPUS["deu"][:2], "fra": CORPUS["deu"][:1]}
    found = disparity(counts(corpus)).row(0, named=True)
    assert (found["gini"], found["worst"], found["aligned"]) == (None, None, 1)
    assert found["gini_bytes"] is not None


def test_gaps_are_means_over_languages():
    corpus = {"eng": CORPUS["eng"], "deu": CORPUS["deu"], "fra": CORPUS["tha"], "ita": CORPUS["deu"]}
    frame = metrics(counts(corpus), unk_limit=1.0, resources={"eng": "high", "deu": "high", "fra": "low"})
    found = gaps(frame)
    tables.check("GAPS", found)
    gap = found.row(by_predicate=(pl.col("tokenizer") == "pairs") & (pl.col("metric") == "premium"), named=True)
    high = (1 + Fraction(total("deu"), total("eng"))) / 2
    low = Fraction(total("tha"), total("eng"))
    assert (gap["n_high"], gap["n_low"]) == (2, 1)
    assert gap["mean_high"] == pytest.approx(float(high))
    assert gap["difference"] == pytest.approx(float(low - high))
    assert gap["ratio"] == pytest.approx(float(low / high))


def test_gaps_leave_out_rows_with_a_warning_and_missing_sides_are_null():
    with pytest.warns(GlotgapWarning):
        frame = metrics(counts(), resources={"eng": "high", "tha": "low"})
    found = gaps(frame, ["fertility"]).row(by_predicate=pl.col("tokenizer") == "letters", named=True)
    assert (found["n_high"], found["n_low"], found["mean_low"], found["difference"]) == (1, 0, None, None)


def test_gaps_need_levels_and_figures():
    frame = metrics(counts(LATIN))
    with pytest.raises(BadArgumentError, match="no language has a resource level"):
        gaps(frame)
    with pytest.raises(BadArgumentError, match="'words' is no figure of METRICS"):
        gaps(frame, ["words"])


def test_nsl_compares_tokenizers_on_equal_text():
    frame = nsl(counts(LATIN))
    assert frame.height == 2 * 2 * 2
    found = frame.filter(group="deu", tokenizer="letters", baseline="pairs")["nsl"].item()
    assert found == exactly(Fraction(total("deu", "letters"), total("deu")))
    other = pl.concat([counts(LATIN).filter(tokenizer="pairs"), counts({"eng": ["x"]}).filter(tokenizer="letters")])
    assert nsl(other).filter(pl.col("tokenizer") != pl.col("baseline")).is_empty()
    assert row(metrics(other, baseline="letters"), "eng")["nsl"] is None
