"""Arguments of a wrong type: BadArgumentError with what was given and what is asked for, from every public function."""

import inspect
import warnings

import numpy as np
import polars as pl
import pytest

import glotgap
from glotgap import tables, tokens, weights
from glotgap._arguments import typed
from glotgap.tokens import Tokenizer, toy

LETTERS = {"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, " ": 2}, "merges": []}}
WRONG = [3, 1.5, "2", None, True, b"x", [], [1], [None], {}, object(), "\ud800", -1, 10**30, float("nan"), np.int64(3),
         np.float32(2), pl.Series([1]), pl.Series([None]), (1, 2), {1}, iter([1])]  # fmt: skip


@pytest.fixture
def calls(tmp_path, monkeypatch):
    """Public functions, each with arguments that are right."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.txt").write_text("a b\nab\n")
    np.save(tmp_path / "w.npy", np.ones((4, 4), np.float32))
    letters, counts = Tokenizer.load(LETTERS), toy.counts()
    tables.write(counts, "x.parquet", {})
    values, moments, histogram = np.ones(3), weights.moments(np.ones(3)), weights.histogram(np.ones(3, np.int8))
    corpus = {"sources": "x.txt", "tokenizers": letters, "words": "none", "verify": 0, "threads": 1}
    return [
        (tokens.scan, corpus),
        (tokens.inspect, corpus | {"sources": ["x.txt"]}),
        (tokens.scan, corpus | {"per": "document", "out": "o.parquet"}),
        (tokens.check, {"sources": "x.txt", "threads": 1}),
        (tokens.metrics, {"counts": counts}),
        (tokens.disparity, {"counts": counts}),
        (tokens.gaps, {"metrics": tokens.metrics(counts), "of": ["premium"]}),
        (tokens.nsl, {"counts": counts}),
        (tokens.merge, {"parts": [counts]}),
        (toy.counts, {}),
        (Tokenizer.load, {"source": LETTERS}),
        (letters.count, {"texts": ["a"]}),
        (letters.encode, {"text": "a"}),
        (weights.scan, {"path": "w.npy"}),
        (weights.inspect, {"path": "w.npy"}),
        (weights.tensor_histogram, {"path": "w.npy", "tensor": "w"}),
        (weights.moments, {"array": values}),
        (weights.histogram, {"array": values}),
        (weights.place, {"name": "x"}),
        (weights.heads, {"name": "x", "shape": [2, 2], "config": {}}),
        (moments.update, {"array": values}),
        (moments.merge, {"other": moments}),
        (moments.kurtosis, {}),
        (histogram.quantile, {"q": 0.5}),
        (histogram.tail, {"k": 3}),
        (histogram.clip, {"bits": 4}),
        (histogram.sqnr, {"bits": 4}),
        (histogram.merge, {"other": histogram}),
        (histogram.skew, {}),
        (tables.check, {"name": "COUNTS", "frame": counts}),
        (tables.sort, {"name": "COUNTS", "frame": counts}),
        (tables.check_path, {"path": "y.parquet"}),
        (tables.write, {"frame": counts, "path": "y.parquet", "metadata": {}}),
        (tables.read, {"path": "x.parquet", "name": "COUNTS"}),
        (tables.read_metadata, {"path": "x.parquet"}),
    ]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: f"{wrong!r:.20}".partition("\n")[0])
def test_no_argument_of_any_type_ends_in_another_error(calls, wrong):
    for function, right in calls:
        for name in inspect.signature(function).parameters:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    function(**right | {name: wrong})
                except glotgap.GlotgapError as error:  # some values are right for some arguments: not pytest.raises
                    assert ": " in str(error) or "; " in str(error) or len(str(error)) > 20, (function, name)  # noqa: PT017


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threads": 1.5}, "threads is 1.5: give a whole number or None"),
        ({"threads": "2"}, "threads is '2': give a whole number or None"),
        ({"threads": True}, "threads is True: give a whole number or None"),
        ({"threads": 10**30}, "threads is 1000000000000000000000000000000: give a number of less than 64 bits"),
        ({"lang": 3}, "lang is 3: give a str or None"),
        ({"lang": "\ud800"}, "lang is '\\ud800', which UTF-8 cannot hold: leave out the half surrogate pairs"),
        ({"words": 5}, "words is 5: give a str or a callable"),
        ({"verify": 1.2}, "verify is 1.2: give a whole number"),
        ({"memory": None}, "memory is None: give a str or a whole number"),
        ({"text_field": 3}, "text_field is 3: give a str"),
        ({"tokenizers": 5}, "tokenizers is 5: give a Tokenizer or an iterable"),
        ({"progress": 3}, "progress is 3: give a callable or None"),
        ({"allow_unspaced": "no"}, "allow_unspaced is 'no': give True or False"),
        ({"checkpoint": 3}, "checkpoint is 3: give a str or a path or None"),
        ({"name": pl.Series([1])}, "name is a Series: give a str or None"),
    ],
)
def test_the_message_says_what_was_given_and_what_is_asked_for(tmp_path, options, message):
    (tmp_path / "x.txt").write_text("a")
    right = {"sources": tmp_path / "x.txt", "tokenizers": Tokenizer.load(LETTERS)}
    with pytest.raises(glotgap.BadArgumentError) as refused:
        tokens.scan(**right | options)
    assert str(refused.value) == message


def test_numbers_of_numpy_are_numbers(tmp_path):
    (tmp_path / "x.txt").write_text("a b")
    options = {"verify": np.int64(3), "threads": np.uint8(1), "allow_unspaced": np.True_, "memory": np.int32(10_000)}
    assert tokens.scan(tmp_path / "x.txt", Tokenizer.load(LETTERS), **options)["tokens"].to_list() == [3]
    table = tokens.metrics(toy.counts(), alpha=np.float32(2), price=2, window=np.int16(100))
    assert table["cost"].to_list() == [0.8, 0.4]
    np.save(tmp_path / "w.npy", np.arange(4.0))
    assert weights.scan(tmp_path / "w.npy", quantiles=np.array([0.5]))["q0.5"].to_list() == [1.5]


def test_further_arguments_are_checked_one_by_one():
    @typed
    def joined(first: str, *more: int, last: str = "") -> str:
        return first + "".join(map(str, more)) + last

    for _ in range(2):
        assert joined("a", 1, 2, 3, last="b") == "a123b"
    with pytest.raises(glotgap.BadArgumentError, match="more is 'c': give a whole number"):
        joined("a", 1, 2, "c")
    with pytest.raises(glotgap.BadArgumentError, match="last is 1"):
        joined("a", last=1)


def test_a_call_that_python_refuses_stays_its_error():
    with pytest.raises(TypeError, match="unexpected keyword argument 'thread'"):
        tokens.scan("x", [], thread=2)
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        tokens.scan("x")


def test_a_warning_points_at_the_call(tmp_path):
    (tmp_path / "x.txt").write_bytes(b"a\n\xff\n")
    with pytest.warns(glotgap.GlotgapWarning) as caught:
        tokens.scan(tmp_path / "x.txt", Tokenizer.load(LETTERS))
    odd = toy.counts().with_columns(unk=pl.col("tokens"))
    with pytest.warns(glotgap.GlotgapWarning) as also:
        tokens.metrics(odd)
    assert {warning.filename for warning in [*caught, *also]} == {__file__}


def test_texts_of_no_type_are_refused():
    with pytest.raises(glotgap.BadArgumentError, match="cannot be taken from Arrow"):
        Tokenizer.load(LETTERS).count(pl.Series([None]))
