"""The metrics of tokenizers, each against its definition over a corpus that was counted by loops."""

import math
import re
from fractions import Fraction

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from glotgap import tables
from glotgap._errors import BadArgumentError, GlotgapWarning
from glotgap.tokens import disparity, metrics
from token_corpus import (
    CORPUS,
    LATIN,
    TOKENIZERS,
    VOCABULARY,
    counts,
    documents,
    exactly,
    row,
    tokens,
    total,
)

ROUNDING = 1e-15  # of one division, relative


@pytest.fixture
def table():
    return metrics(counts(LATIN), documents=documents(LATIN), window=100, price=3.0, baseline="letters")


def test_the_hand_count():
    """a| c|at| s|at, th|e| d|og, we: 5 + 4 + 1 tokens, 3 + 2 + 1 words."""
    english = row(metrics(counts(LATIN)), "eng")
    assert (english["docs"], english["words"], english["tokens"], english["chars"]) == (3, 6, 10, 18)
    assert english["fertility"] == exactly(Fraction(10, 6))
    assert english["strr"] == exactly(Fraction(2, 6))  # "a" and "we"
    assert english["continued"] == exactly(Fraction(4, 6))


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@pytest.mark.parametrize("group", LATIN)
def test_ratios_are_ratios_of_sums(table, group, tokenizer):
    found = row(table, group, tokenizer)
    texts = CORPUS[group]
    n, words = total(group, tokenizer), [word for text in texts for word in text.split()]
    size, chars = sum(len(text.encode()) for text in texts), sum(map(len, texts))
    assert found["fertility"] == found["fertility_isolated"] == exactly(Fraction(n, len(words)))
    assert found["tokens_per_char"] == exactly(Fraction(n, chars))
    assert found["tokens_per_byte"] == exactly(Fraction(n, size))
    assert found["bytes_per_token"] == exactly(Fraction(size, n))
    assert found["context_chars"] == exactly(Fraction(100 * chars, n))
    assert found["context_words"] == exactly(Fraction(100 * len(words), n))
    assert found["cost"] == exactly(Fraction(3 * n, chars))
    assert found["nsl"] == exactly(Fraction(n, total(group, "letters")))
    assert (found["unk_rate"], found["fallback_rate"], found["warning"]) == (0.0, 0.0, None)
    tables.check("METRICS", table)


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@pytest.mark.parametrize("group", LATIN)
def test_each_premium_is_its_definition(table, group, tokenizer):
    found, reference = row(table, group, tokenizer), CORPUS["eng"]
    n, n_0 = total(group, tokenizer), total("eng", tokenizer)
    ratios = [Fraction(len(a), len(b)) for a, b in zip(tokens(group, tokenizer), tokens("eng", tokenizer), strict=True)]
    assert found["premium"] == exactly(Fraction(n, n_0))
    assert found["premium_mean"] == pytest.approx(float(sum(ratios) / 3), rel=4 * ROUNDING)  # three roundings, a mean
    assert found["pairs"] == 3
    sizes = {
        "bytes": lambda text: len(text.encode()),
        "chars": len,
        "words": lambda text: len(text.split()),
    }
    for name, size in sizes.items():
        own, other = (sum(map(size, texts)) for texts in (CORPUS[group], reference))
        rate = Fraction(n, own) / Fraction(n_0, other)
        assert found[f"premium_{name}"] == pytest.approx(float(rate), rel=3 * ROUNDING)
    assert found["aligned"] is True


def test_the_byte_premium_divides_out_of_the_premium(table):
    german, english = row(table, "deu"), row(table, "eng")
    byte_premium = Fraction(german["bytes"], english["bytes"])
    assert german["premium_bytes"] == pytest.approx(german["premium"] / float(byte_premium), rel=1e-14)


def test_sentences_whose_reference_has_no_tokens_are_left_out_and_counted():
    corpus = {"eng": ["a cat", ""], "deu": ["eine Katze", "ja"]}
    german = row(metrics(counts(corpus), documents=documents(corpus)), "deu")
    assert german["pairs"] == 1
    assert german["premium_mean"] == exactly(Fraction(5, 3))


def test_texts_that_do_not_pair_have_no_premium():
    corpus = LATIN | {"deu": CORPUS["deu"][:2]}
    with pytest.warns(GlotgapWarning, match=r"premium is null for 1 of 2 languages: .* \(deu has 2, eng 3\)"):
        german = row(metrics(counts(corpus)), "deu")
    assert (german["aligned"], german["premium"]) == (False, None)
    assert german["premium_bytes"] is not None
    german = row(metrics(counts(corpus), aligned=True), "deu")
    assert german["premium"] == exactly(Fraction(sum(map(len, tokens("deu")[:2])), total("eng")))
    assert row(metrics(counts(LATIN), aligned=False), "deu")["premium"] is None


def test_one_source_of_mixed_languages_is_not_aligned():
    """Running numbers within one file: equal sizes, but no document is a translation."""
    mixed = documents(LATIN, source="all.jsonl").with_columns(
        document=pl.when(pl.col("group") == "deu").then(pl.col("document") + 3).otherwise("document")
    )
    with pytest.warns(GlotgapWarning, match="do not pair"):
        german = row(metrics(counts(LATIN, source="all.jsonl"), documents=mixed), "deu")
    assert (german["aligned"], german["premium"], german["premium_mean"]) == (False, None, None)


def test_sources_pair_in_the_order_of_their_names():
    """FLORES has two files a language."""
    first, second = ({g: texts[:1] for g, texts in LATIN.items()}, {g: texts[1:] for g, texts in LATIN.items()})
    both = pl.concat([counts(first, "dev.{}"), counts(second, "devtest.{}")])
    found = metrics(both, documents=pl.concat([documents(first, "dev.{}"), documents(second, "devtest.{}")]))
    whole = metrics(counts(LATIN), documents=documents(LATIN))
    assert_frame_equal(found, whole, check_exact=True)


def test_words_that_were_not_cut_leave_null():
    found = row(metrics(counts(LATIN, segmenter="none")), "deu")
    blank = ("words", "fertility", "fertility_isolated", "continued", "strr", "premium_words", "context_words")
    assert {found[name] for name in blank} == {None}
    assert found["premium"] == exactly(Fraction(total("deu"), total("eng")))


def test_nothing_is_divided_by_zero():
    frame = metrics(counts({"eng": [""], "deu": [""]}), window=10, price=1.0, baseline="pairs")
    figures = frame.select(pl.selectors.float()).row(0)
    assert set(figures) <= {None, 0.0}
    assert row(frame, "eng")["vocabulary_use"] == 0.0
    assert row(frame, "deu")["premium"] is None
    tables.check("METRICS", frame)


def test_unknown_tokens_carry_a_warning():
    with pytest.warns(GlotgapWarning, match=r"1 of 6 rows have more than 10 % .* tha with letters, 100.0 %"):
        frame = metrics(counts())
    assert row(frame, "tha", "letters")["warning"] == "100.0 % unknown tokens: fertility and premium mean nothing"
    assert frame["warning"].null_count() == 5
    assert metrics(counts(), unk_limit=1.0)["warning"].null_count() == 6


def test_a_reference_that_is_unknown_text_is_said():
    with pytest.warns(GlotgapWarning) as caught:
        metrics(counts(), reference="tha")
    assert any("letters cannot write the reference tha" in str(warning.message) for warning in caught)


def test_figures_do_not_depend_on_the_order_of_rows():
    shuffled = counts(LATIN).sample(fraction=1.0, shuffle=True, seed=4)
    assert_frame_equal(metrics(shuffled), metrics(counts(LATIN)), check_exact=True)


def test_without_a_reference_there_is_no_premium():
    frame = metrics(counts(LATIN), reference=None)
    assert frame.select(pl.selectors.starts_with("premium")).null_count().sum_horizontal().item() == 5 * 4
    assert frame["aligned"].all()
    assert disparity(counts(LATIN), reference=None)["gini"].null_count() == 0


@pytest.mark.parametrize(("reference", "found"), [("eng", "eng-US"), ("eng-US", "eng-US"), ("deu", "deu_Latn")])
def test_a_reference_may_be_the_beginning_of_one_language(reference, found):
    corpus = {"eng-US": CORPUS["eng"], "deu_Latn": CORPUS["deu"], "engl": CORPUS["eng"]}
    assert row(metrics(counts(corpus), reference=reference), found)["premium"] == 1.0


@pytest.mark.parametrize(
    ("languages", "message"),
    [
        (("deu", "fra"), "reference 'eng' was not counted: choose one of deu, fra, or None"),
        (("eng-US", "eng-GB"), "reference 'eng' may be eng-GB or eng-US: say which"),
    ],
)
def test_a_reference_that_names_no_or_two_languages_is_refused(languages, message):
    with pytest.raises(BadArgumentError, match=message):
        metrics(counts(dict.fromkeys(languages, CORPUS["eng"])))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reference": ""}, "reference is empty"),
        ({"window": 0}, "window is 0"),
        ({"window": True}, "window is True"),
        ({"price": -1.0}, "price is -1.0"),
        ({"price": math.nan}, "price is nan"),
        ({"alpha": -0.5}, "alpha is -0.5"),
        ({"alpha": math.nan}, "alpha is nan"),
        ({"unk_limit": 1.5}, "unk_limit is 1.5"),
        ({"baseline": "bpe"}, "baseline 'bpe' is no tokenizer of these counts: choose letters, pairs"),
        ({"resources": {"eng": "rich"}}, "resource level of eng is 'rich': choose high or low"),
        ({"resources": {"en": "high"}}, "resources names none of the languages counted: deu, eng; it names en"),
        ({"reference": None, "documents": documents(LATIN)}, "documents are there for premiums"),
        ({"documents": documents(LATIN | {"deu": ["zwei"]})}, "documents are not those of counts: deu with letters"),
        ({"documents": counts(LATIN)}, "not a DOCUMENTS table"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(BadArgumentError, match=re.escape(message)):
        metrics(counts(LATIN), **options)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"unk": 10**6}, "more unknown tokens than tokens"),
        ({"fallback": 10**6}, "more byte-fallback tokens than tokens"),
        ({"chars": 10**6}, "more characters than bytes"),
        ({"used": VOCABULARY + 1}, "more tokens used than the vocabulary holds"),
        ({"words_split": 10**6}, "more words split and whole than words"),
        ({"word_tokens": 1}, "words of too few tokens"),
        ({"words": None}, "words are null where"),
        ({"tokens": 7}, "token_counts do not add up to tokens"),
        ({"used": 1}, "used is not the number of token ids"),
        ({"token_ids": [1, 2]}, "token_ids and token_counts differ in length"),
    ],
)
def test_counts_that_contradict_themselves_are_refused(change, message):
    frame = counts({"eng": CORPUS["eng"]})
    columns = {name: pl.lit(value, frame.schema[name]) for name, value in change.items()}
    with pytest.raises(BadArgumentError, match=f"counts of eng with letters contradict themselves: {message}"):
        metrics(frame.with_columns(**columns))


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (counts().clear(), "counts has no rows"),
        (counts().to_dict(as_series=False), "counts is a dict"),
        (counts().drop("tokens"), "columns missing: tokens"),
        (counts().with_columns(group=pl.lit(None, pl.String), source=pl.col("group")), "a row whose key is null"),
    ],
)
def test_what_is_no_table_of_counts_is_refused(frame, message):
    with pytest.raises(BadArgumentError, match=message):
        metrics(frame)


def test_resource_levels_reach_the_table_and_refinements():
    corpus = {"eng-US": CORPUS["eng"], "deu": CORPUS["deu"], "fra": CORPUS["deu"]}
    frame = metrics(counts(corpus), resources={"eng": "high", "deu": "low", "xxx": "low"})
    assert [row(frame, group)["resource"] for group in ("eng-US", "deu", "fra")] == ["high", "low", None]
