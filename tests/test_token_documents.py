"""Documents from Python are counted as the same documents in a file, taken batch by batch."""

import json
import os
import signal
import threading
import time
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from glotgap import BadArgumentError, GlotgapWarning
from glotgap.tokens import Tokenizer, given, inspect, scan
from tokenizer_texts import TEXTS
from tokenizer_variants import VARIANTS

ROWS = [{"lang": ("eng", "deu")[i % 2], "text": text} for i, text in enumerate(TEXTS) if text]
FRAME = pl.DataFrame(ROWS)


@pytest.fixture(scope="module")
def loaded():
    return [Tokenizer.load(VARIANTS[name], name=name) for name in ("gpt2", "llama", "xlmr", "bert") if name in VARIANTS]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("documents") / "all.jsonl"
    path.write_text("\n".join(map(json.dumps, ROWS)), "utf-8")
    return path


class Capsule:
    """An Arrow object of no known library."""

    def __init__(self, frame):
        self.frame = frame

    def __arrow_c_stream__(self, schema=None):
        return self.frame.__arrow_c_stream__(schema)


KINDS = {
    "dicts": (lambda: iter(ROWS), {"lang_field": "lang"}),
    "a list of dicts": (lambda: ROWS, {"lang_field": "lang"}),
    "pairs": (lambda: ((row["lang"], row["text"]) for row in ROWS), {}),
    "a frame": (lambda: FRAME, {"lang_field": "lang"}),
    "frames": (lambda: FRAME.iter_slices(7), {"lang_field": "lang"}),
    "capsules": (lambda: map(Capsule, FRAME.iter_slices(100)), {"lang_field": "lang"}),
    "categories": (lambda: [FRAME.with_columns(pl.col("lang").cast(pl.Categorical))], {"lang_field": "lang"}),
    "inside": (lambda: [FRAME.select(d=pl.struct("text", "lang"))], {"lang_field": "d.lang", "text_field": "d.text"}),
    "dicts inside": (lambda: ({"d": row} for row in ROWS), {"lang_field": "d.lang", "text_field": "d.text"}),
    "all kinds": (
        lambda: [*ROWS[:50], FRAME[50:90], *((r["lang"], r["text"]) for r in ROWS[90:])],
        {"lang_field": "lang"},
    ),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", [{"threads": 1}, {"threads": 3, "memory": 1}], ids=str)
def test_documents_count_as_in_a_file(loaded, file, kind, options):
    make, fields = KINDS[kind]
    expected = scan(file, loaded, lang_field="lang", verify=0).drop("source")
    found = scan(make(), loaded, verify=100, **fields, **options)
    assert set(found["source"]) == {"documents"}
    assert_frame_equal(found.drop("source"), expected)


@pytest.mark.parametrize("batch", [1, 1000, 1 << 20])
def test_batches_change_nothing(loaded, file, batch, monkeypatch):
    monkeypatch.setattr(given, "BATCH", batch)
    expected = scan(file, loaded, lang_field="lang", per="document", verify=0).drop("source")
    found = scan(iter(ROWS), loaded, lang_field="lang", per="document", verify=0, threads=3)
    assert_frame_equal(found.drop("source"), expected)


def test_plain_texts_have_the_language_given(loaded):
    assert scan(iter(["a", "b"]), loaded)["group"].unique().to_list() == ["und"]
    assert scan((text for text in "ab"), loaded, lang="eng")["group"].unique().to_list() == ["eng"]
    assert scan(pl.Series(["a", "b"]), loaded, lang="eng", name="here")["source"].unique().to_list() == ["here"]


def test_faults_are_those_of_a_file(loaded, tmp_path):
    rows = [
        {"text": "a"},
        {"lang": "eng"},
        {"text": None},
        {"text": "", "lang": "eng"},
        {"text": "b\ud800c", "lang": "x"},
    ]
    (tmp_path / "x.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    for invalid in ("skip", "replace"):
        in_file, here = (
            inspect(source, loaded, lang_field="lang", invalid=invalid) for source in (tmp_path / "x.jsonl", iter(rows))
        )
        assert_frame_equal(here.frame.drop("source"), in_file.frame.drop("source"))
        counted = [found.findings.select("fault", "lost", "count").sort("fault") for found in (in_file, here)]
        assert_frame_equal(*counted)
    with pytest.warns(GlotgapWarning, match="not all was counted"):
        scan(iter(rows), loaded, lang_field="lang")


def test_nothing_is_taken_before_it_is_needed(loaded, monkeypatch):
    """Far fewer documents wait than there are, however slow the counting."""
    monkeypatch.setattr(given, "BATCH", 10_000)
    taken = 0

    def documents():
        nonlocal taken
        for number in range(3000):
            taken += 1
            yield f"{number} " * 500

    most = []

    def watch(seen):
        most.append(taken - seen.documents)

    found = scan(documents(), loaded[0], words="none", verify=0, threads=1, progress=watch)
    assert found["docs"].to_list() == [3000]
    assert max(most) < 200


def test_what_the_iterator_raises_passes_through(loaded):
    error = RuntimeError("the disk is gone")

    def documents():
        yield from ["a"] * 10
        raise error

    with pytest.raises(RuntimeError) as caught:
        scan(documents(), loaded)
    assert caught.value is error


@pytest.fixture
def interruptible():
    """SIGINT is heard, though a shell that started the tests in its background may have had it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_interrupts_stop_a_slow_iterator(loaded):
    def documents():
        while True:
            time.sleep(0.01)
            yield "a b c"

    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        scan(documents(), loaded)
    timer.join()


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("threads", [1, 2])
def test_interrupts_stop_the_counting_again(loaded, threads):
    """Long documents without white space, of which the reference counts the begins."""
    documents = ["".join(chr(97 + (i * i + n) % 26) for i in range(100_000)) for n in range(30)]
    sent = 0.0

    def interrupt(seen):
        nonlocal sent
        if seen.phase == "verifying" and not sent:
            sent = time.monotonic()
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        scan(iter(documents), loaded, progress=interrupt, threads=threads)
    assert sent
    assert time.monotonic() - sent < 0.5  # 0.2 s on a machine that does nothing else


def test_progress_tells_documents_and_both_phases(loaded, file):
    seen = []
    found = inspect(file, loaded, lang_field="lang", verify=20, progress=seen.append)
    assert [one.phase for one in seen] == sorted(one.phase for one in seen)
    reading = [one for one in seen if one.phase == "reading"][-1]
    verifying = seen[-1]
    assert reading.done == reading.total == file.stat().st_size
    assert reading.documents == verifying.documents == len(ROWS)
    assert verifying.done == verifying.total == found.verified * len(loaded)


@pytest.mark.parametrize(
    ("documents", "options", "message"),
    [
        ([("eng", "a"), 3], {}, "document 1 is a int"),
        (iter(["a", b"b"]), {}, "document 1 is a bytes"),
        (iter([None]), {}, "document 0 is a NoneType"),
        ([{"text": "a"}, {"text": 7}], {}, "document 1 has a int in 'text'"),
        ([{"text": "a", "lang": 7}], {"lang_field": "lang"}, "document 0 has a int in 'lang'"),
        (iter(["a"]), {"lang_field": "lang"}, "document 0 has no field 'lang'"),
        ([("eng", "a")], {"lang": "eng"}, "document 0 names its language, 'eng'"),
        ([pl.DataFrame({"body": ["a"]})], {}, "document 0 has no column 'text'.*body"),
        ([pl.DataFrame({"text": [1]})], {}, "document 0 has a column 'text' of Int64"),
        (iter(["a"]), {"lang_from": "filename"}, "have no files"),
        (iter(["a"]), {"checkpoint": "x.parquet"}, "nothing to resume"),
        (iter(["a"]), {"format": "csv"}, "have no format"),
        ({"text": "a"}, {}, "sources is a dict"),
        (7, {}, "sources is a int"),
        (iter([__file__]), {}, "the name of a file"),
    ],
)
def test_wrong_documents_are_told(loaded, documents, options, message):
    with pytest.raises(BadArgumentError, match=message):
        scan(documents, loaded, **options)


def test_iterators_of_paths_are_paths(loaded, file):
    found = scan(Path(file.parent).glob("*.jsonl"), loaded, lang_field="lang", verify=0)
    assert found["source"].unique().to_list() == [str(file)]


def test_no_documents_give_no_rows(loaded):
    assert scan(iter(()), loaded).is_empty()
    assert scan(iter(()), loaded, per="document").is_empty()
