"""Checks of a corpus find what a slow twin finds, on any threads; real corpora show what they are known for."""

import json
from functools import partial

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from checks_twin import checks
from glotgap import BadArgumentError, tables
from glotgap.tables.checks import UNITS
from glotgap.tokens import Progress, Tokenizer, check, inspect
from tokenizer_texts import DATA

NTREX = DATA / "ntrex"
ODD = [
    "a", "b", "é", "e\u0301", "\u0323", " ", "я", "က", "ေ", "္", "ျ", "ြ", "်", "မ", "း", "ລາວ", "ا", "ب", "א",
    "と", "ー", "カ", "語", "각", "\u1100", "\u1161", "क", "\u094d", "\u0958", "ก", "\u200b", "\u200c", "\u200d",
    "\u200e", "\u202e", "\u2060", "\ufeff", "\xad", "👩", "🏽", "\U000e0020", "\U000e007f", "\0", "\r", "\r\n",
    "\n", "\x7f", "\x85", "\t", "\ufffd", "1", ",",
]  # fmt: skip
TEXT = st.lists(st.sampled_from(ODD), max_size=12).map("".join)
CORPUS = st.lists(st.tuples(st.sampled_from(["eng", "mya", "lao"]), TEXT), max_size=12)


def write(folder, corpus):
    for file, documents in corpus.items():
        rows = (json.dumps({"lang": language, "text": text}) for language, text in documents)
        (folder / file).write_text("".join(f"{row}\n" for row in rows), "utf-8")


def rows_of(frame, leave_out=("wrong script", "empty document", "empty file")):
    found = {}
    for row in frame.iter_rows(named=True):
        if row["check"] not in leave_out:
            key = (row["source"].rpartition("/")[2], row["group"], row["check"], row["detail"])
            found[key] = (row["documents"], row["occurrences"], row["bytes"], row["place"])
    return found


@settings(max_examples=60, deadline=None)
@given(first=CORPUS, second=CORPUS)
def test_checks_are_those_of_the_twin_on_any_number_of_threads(first, second, tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    corpus = {"a.jsonl": first, "b.jsonl": second}
    write(folder, corpus)
    frames = [check(f"{folder}/*.jsonl", lang_field="lang", threads=threads) for threads in (1, 2, 3)]
    for frame in frames[1:]:
        assert_frame_equal(frames[0], frame)
    tables.check("CHECKS", frames[0])
    assert set(frames[0]["check"]) <= set(UNITS)
    assert rows_of(frames[0]) == checks(corpus)
    assert sum(frames[0].filter(check="empty document")["occurrences"]) == sum(not text for _, text in first + second)


@settings(max_examples=30, deadline=None)
@given(corpus=CORPUS)
def test_documents_from_python_are_checked_as_those_of_a_file(corpus, tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    write(folder, {"a.jsonl": corpus})
    of_file = check(f"{folder}/a.jsonl", lang_field="lang").filter(pl.col("check") != "empty file")
    expected = of_file.with_columns(source=pl.lit("documents"))
    assert_frame_equal(check(iter(corpus), threads=2), expected)


def test_many_documents_from_python_are_checked_in_any_order_of_threads():
    texts = [f"{i % 5000} e\u0301 {'x' * (i % 300)}" for i in range(20_000)]
    frames = [check(iter(texts), lang="eng", threads=threads) for threads in (1, 3)]
    assert_frame_equal(*frames)
    assert one(frames[0], "duplicate")["documents"] == 5000
    assert one(frames[0], "not NFC")["place"] == 1


def test_documents_from_python_have_nothing_that_only_files_have():
    for wrong in ({"lang_from": "filename"}, {"format": "text"}, {"documents": "file"}):
        with pytest.raises(BadArgumentError, match="documents from Python"):
            check(iter(["a"]), **wrong)
    with pytest.raises(BadArgumentError, match="document 1 is a int"):
        check(iter(["a", 1]))


@pytest.fixture
def file(tmp_path):
    def write_file(content, name="x.txt"):
        (tmp_path / name).write_bytes(content)
        return str(tmp_path / name)

    return write_file


def one(frame, name):
    return frame.row(by_predicate=pl.col("check") == name, named=True)


def test_faults_of_the_reader_have_their_rows(file):
    found = check(file(b"\xef\xbb\xbfok\r\n\n\xffbad\nfine\n"), lang="eng")
    invalid = one(found, "invalid UTF-8")
    assert (invalid["group"], invalid["lost"], invalid["documents"], invalid["place"]) == ("eng", True, 1, 3)
    assert one(found, "empty document")["place"] == 2
    assert one(found, "byte order mark")["place"] == 1
    assert one(found, "CR LF")["occurrences"] == 1
    assert one(found, "documents")["documents"] == 2


def test_replaced_bytes_are_found_as_replacement_characters(file):
    path = file(b"a\xff\xe2\x82b\nfine\n")
    letters = Tokenizer.load({"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "\ufffd": 2}, "merges": []}})
    found = check(path, invalid="replace")
    assert one(found, "replacement character")["occurrences"] == b"a\xff\xe2\x82b".decode(errors="replace").count(
        "\ufffd"
    )
    assert one(found, "invalid UTF-8")["lost"]
    assert one(found, "documents")["documents"] == 2
    scanned = inspect(path, letters, invalid="replace", verify=0)
    assert scanned.frame.select("docs", "chars").row(0) == (2, len(b"a\xff\xe2\x82b".decode(errors="replace")) + 4)
    assert scanned.findings.select("fault", "count").row(0) == ("invalid UTF-8", 1)


def test_full_memory_gives_a_lower_bound_that_says_so(file):
    path = file("".join(f"line {i % 30_000}\n" for i in range(60_000)).encode())
    frames = [check(path, memory="300KB", threads=threads) for threads in (1, 2, 3)]
    for frame in frames[1:]:
        assert_frame_equal(frames[0], frame)
    assert one(check(path), "duplicate")["documents"] == 30_000
    found = one(frames[0], "duplicate")
    share = int(found["note"].partition("1 in ")[2].split()[0])
    assert found["note"].startswith("a lower bound")
    assert found["documents"] * share == pytest.approx(30_000, rel=0.1)  # 7,500 of them: 10 % is 8 deviations


WRITTEN = {
    "srp-Cyrl": "да no",
    "srp": "да да no",
    "jpn": "カとととー語 ab",
    "ko": "각각각語 ab",
    "zh-Hant": "語語語 ab",
    "ell": "λλλ ab",
}


@pytest.mark.parametrize("group", WRITTEN)
def test_wrong_scripts_are_those_a_language_is_not_written_in(file, group):
    found = one(check(file(WRITTEN[group].encode()), lang=group), "wrong script")
    assert (found["documents"], found["occurrences"]) == (0, 2)
    assert found["share"] == pytest.approx(2 / sum(c.isalpha() and c != "ー" for c in WRITTEN[group]))


def test_a_field_that_names_languages_leaves_unread_text_without_one(file):
    found = check(file(b'{"text": "a", "lang": "eng"}\n{"lang": "eng"}\n', "x.jsonl"), lang_field="lang")
    assert one(found, "no text field")["group"] is None


def test_bad_arguments_are_refused(file):
    path = file(b"a\n")
    for wrong in ({"memory": "much"}, {"invalid": "guess"}, {"lang": "a", "lang_from": "filename"}):
        with pytest.raises(BadArgumentError):
            check(path, **wrong)


def test_progress_is_that_of_a_scan_and_what_it_raises_stops_the_check(file):
    path, seen = file(b"a\n" * 1000), []
    check(path, progress=seen.append)
    assert seen[-1] == Progress("reading", 2000, 2000, 1000)

    def stop(_seen):
        raise KeyboardInterrupt

    for sources in (path, iter(["a"] * 1000)):
        with pytest.raises(KeyboardInterrupt):
            check(sources, progress=stop)


@pytest.fixture
def glotgap(command_line):
    return partial(command_line, "tokens", "check")


def test_the_command_shows_writes_and_returns_what_was_lost(glotgap, file, tmp_path):
    path = file(b"cafe\xcc\x81\nfine\n")
    code, out, err = glotgap(path, "--lang", "fra", "--out", str(tmp_path / "c.csv"))
    assert (code, err) == (0, f"wrote {tmp_path}/c.csv\n")
    assert ["not", "NFC", "1", "1", "2", "fra,", "x.txt:1"] in [line.split() for line in out.splitlines()]
    assert out.splitlines()[-1] == "2 documents of 1 language in 1 file: 1 check found something; all was read."
    assert_frame_equal(tables.read(tmp_path / "c.csv", "CHECKS"), check(path, lang="fra"))
    code, out, _ = glotgap(path, "--list", "Zawgyi")
    assert (code, len(out.splitlines())) == (0, 1)
    assert glotgap(path, "--list", "nothing")[0] == 2
    assert glotgap(file(b"\xff\n"), "--quiet")[:2] == (3, "")
    assert glotgap("absent.txt")[0] == 1


@pytest.mark.data
@pytest.mark.skipif(not NTREX.exists(), reason="no ../shared/data")
def test_ntrex_is_what_it_is_known_for():
    found = check(f"{NTREX}/newstest*.txt", lang_from="filename")
    assert found.filter(check="not NFC")["source"].n_unique() == 22
    lao = one(found.filter(group="lao"), "zero-width mark")
    assert lao["occurrences"] == 20_028
    assert one(found.filter(group="lao"), "stray zero-width mark")["occurrences"] < 20
    zawgyi = found.filter(check="Zawgyi")
    assert zawgyi.select("group", "documents").rows() == [("mya", 1984)]


@pytest.mark.data
@pytest.mark.skipif(not DATA.exists(), reason="no ../shared/data")
def test_burmese_in_unicode_is_not_taken_for_zawgyi():
    found = check(DATA / "mixed" / "my.jsonl.zst", lang_field="lang")
    assert one(found, "documents")["documents"] > 3000
    assert found.filter(check="Zawgyi").is_empty()
