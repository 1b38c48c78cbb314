"""COUNTS add up: in any order and grouping to the same bits, and to those of the whole; and survive their files."""

import warnings

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from glotgap import tables
from glotgap._errors import BadArgumentError, GlotgapWarning
from glotgap.tokens import disparity, gaps, merge, metrics, toy
from token_corpus import CORPUS, counts, documents

texts = st.lists(st.text("ab ส", max_size=6), max_size=4)
corpora = st.lists(st.dictionaries(st.sampled_from(["eng", "deu"]), texts, min_size=1), min_size=1, max_size=4)


@given(corpora, st.booleans(), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=60)
def test_merging_is_associative_commutative_and_equals_the_whole(parts, frequencies, random):
    kept = ("frequencies",) if frequencies else ()
    scanned = [counts(part, f"{number}.txt", kept) for number, part in enumerate(parts)]
    whole = {group: [t for part in parts for t in part.get(group, [])] for part in parts for group in part}
    merged = merge(scanned)
    shuffled = random.sample(scanned, len(scanned))
    cut = random.randint(1, len(scanned))
    assert_frame_equal(merge(shuffled), merged, check_exact=True)
    assert_frame_equal(merge([merge(shuffled[:cut]), *shuffled[cut:]]), merged, check_exact=True)
    expected = counts(whole, "x", kept).drop("source")
    found = merged.drop("source").sort("group", "tokenizer")
    if not frequencies:  # how many tokens two parts share is not known
        expected, found = expected.drop("used"), found.drop("used")
    assert_frame_equal(found, expected, check_exact=True)
    tables.check("COUNTS", merged)


def test_metrics_of_merged_counts_are_those_of_the_parts_and_of_the_whole():
    first, second = counts({"eng": CORPUS["eng"][:1]}, "a"), counts({"eng": CORPUS["eng"][1:]}, "b")
    whole = metrics(counts({"eng": CORPUS["eng"]}))
    assert_frame_equal(metrics(merge([first, second])), whole, check_exact=True)
    assert_frame_equal(metrics(pl.concat([first, second])), whole, check_exact=True)


def test_sources_are_joined_one_a_line():
    merged = merge([toy.counts("b"), merge([toy.counts("c"), toy.counts("a")])])
    assert merged["source"].unique().to_list() == ["a\nb\nc"]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([], "merge got no parts"),
        ([toy.counts("a"), toy.counts("a")], "source 'a' is counted twice for deu with toy"),
        ([merge([toy.counts("a"), toy.counts("b")]), toy.counts("b")], "source 'b' is counted twice"),
        ([toy.counts("a"), toy.counts("b").with_columns(vocabulary=pl.lit(17, pl.UInt64))],
         "tokenizer 'toy' has vocabularies of 16 and 17: these are two tokenizers"),
        ([toy.counts("a"), toy.counts("b").drop("token_ids", "token_counts")], "only some parts have token freq"),
        ([toy.counts("a"), toy.counts("b").drop("docs")], "columns missing: docs"),
    ],
)  # fmt: skip
def test_parts_that_do_not_add_up_are_refused(parts, message):
    with pytest.raises(BadArgumentError, match=message):
        merge(parts)


@pytest.mark.parametrize("suffix", ["parquet", "csv", "json"])
def test_every_table_survives_its_file(tmp_path, suffix):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GlotgapWarning)
        measured = metrics(counts(), resources={"eng": "high", "deu": "low"})
    frames = {
        "COUNTS": counts(), "DOCUMENTS": documents(), "METRICS": measured, "DISPARITY": disparity(counts()),
        "GAPS": gaps(measured),
    }  # fmt: skip
    for name, frame in frames.items():
        path = tmp_path / f"{name}.{suffix}"
        tables.write(frame, path, {"made": "here"})
        assert_frame_equal(tables.read(path, name), frame, check_exact=True)
