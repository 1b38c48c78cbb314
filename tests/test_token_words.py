"""Words that a treebank or a callable gives are counted as words that the core finds."""

import itertools
import re
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from glotgap import BadArgumentError, BadFileError
from glotgap.tokens import Tokenizer, inspect, parts, scan
from tokenizer_texts import DATA, TEXTS
from tokenizer_variants import VARIANTS

LINES = sorted({line for text in TEXTS for line in text.replace("\r", "\n").split("\n") if line} - {"\ufeff"})
LATIN = [line for line in LINES if re.fullmatch(r"[ -~]+", line)]


@pytest.fixture(scope="module")
def loaded():
    return [Tokenizer.load(VARIANTS[name], name=name) for name in ("gpt2", "llama", "xlmr", "bert") if name in VARIANTS]


# callables


def spans(text):
    return [match.span() for match in re.finditer(r"[^ ]+", text)]


def strings(text):
    return (word for word in text.split(" ") if word)


@pytest.mark.parametrize("words", [spans, strings])
@pytest.mark.parametrize("options", [{"threads": 1}, {"threads": 3, "memory": 1}, {"per": "document"}], ids=str)
def test_a_callable_counts_as_the_core_does(loaded, words, options):
    documents = [("eng", line) for line in LATIN]
    expected = scan(iter(documents), loaded, words="whitespace", verify=0, per=options.get("per", "language"))
    found = scan(iter(documents), loaded, words=words, verify=0, **options)
    assert_frame_equal(found.drop("segmenter", strict=False), expected.drop("segmenter", strict=False))


def test_places_are_in_characters(loaded):
    text = "日本語 über 🙂 ok"
    found = scan(iter([text]), loaded, words=lambda _: [(0, 2), (4, 8), (9, 10)], verify=0)
    names = scan(iter([text]), loaded, words=lambda _: ["日本", "über", "🙂"], verify=0)
    assert found["words"].unique().to_list() == [3]
    assert_frame_equal(found.drop("segmenter"), names.drop("segmenter"))


def test_the_segmenter_rides_in_the_table(loaded):
    class Tagger:
        def __call__(self, text):
            return [text]

    found = {
        scan(iter("a"), loaded[0], words=words, words_version=version)["segmenter"][0]
        for words, version in ((spans, None), (spans, "1.2"), (Tagger(), "3"))
    }
    here = f"callable:{__name__}"
    name = f"{here}.test_the_segmenter_rides_in_the_table.<locals>.Tagger@3"
    assert found == {f"{here}.spans", f"{here}.spans@1.2", name}


@pytest.mark.parametrize(
    ("words", "name"), [(str.split, "builtins.str.split"), (re.compile(r"\w+").findall, "re.Pattern.findall")]
)
def test_built_in_callables_have_names(loaded, words, name):
    assert scan(iter(["a b"]), loaded[0], words=words)["segmenter"][0] == f"callable:{name}"


def test_threads_take_turns(loaded):
    inside = 0
    most = []

    def words(text):
        nonlocal inside
        inside += 1
        time.sleep(0.001)
        most.append(inside)
        inside -= 1
        return text.split()

    scan(iter(["a b"] * 50 + [("eng", "c d")] * 50), loaded[0], words=words, threads=4)
    assert max(most) == 1


def test_what_a_callable_raises_passes_through(loaded):
    error = RuntimeError("no model")

    def words(_):
        raise error

    with pytest.raises(RuntimeError) as caught:
        scan(iter(["a"]), loaded, words=words)
    assert caught.value is error


def test_a_slow_callable_can_be_stopped(loaded):
    def stop(seen):
        if seen.documents:
            raise KeyboardInterrupt

    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        scan(iter(["a b c"] * 1000), loaded[0], words=lambda text: time.sleep(0.02) or text.split(), progress=stop)
    assert time.monotonic() - begin < 3


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (lambda _: ["one", "three"], r"word 1, 'three', is not in the text from character 3 on \(text \"one two\""),
        (lambda _: ["two", "one"], "word 1, 'one', is not in the text from character 7"),
        (lambda _: [""], "word 0, '', is not in the text"),
        (lambda _: [(0, 3), (2, 5)], r"word 1, \(2, 5\), is not in the text from character 3"),
        (lambda _: [(0, 8)], r"word 0, \(0, 8\), is not"),
        (lambda _: [(1, 1)], r"word 0, \(1, 1\), is not"),
        (lambda _: [3], "word 0 is 3"),
        (lambda text: text, "words returned a str"),
        (lambda _: None, "words returned a NoneType"),
    ],
)
def test_words_that_do_not_fit_are_told(loaded, words, message):
    with pytest.raises(BadArgumentError, match=message):
        scan(iter(["one two"]), loaded, words=words)


# scripts without spaces


@pytest.mark.parametrize("text", ["สวัสดีครับ", "日本語を話します", "我们去公园", "ភាសាខ្មែរ", "ພາສາລາວ", "မြန်မာ"])
@pytest.mark.parametrize("per", ["language", "document"])
def test_white_space_makes_no_words_in_scripts_without_it(loaded, text, per):
    documents = [("eng", "some words"), ("xyz", text), ("xyz", "few")]
    with pytest.raises(BadArgumentError, match=r"finds no words in xyz: \d+ % of its letters"):
        scan(documents, loaded, words="whitespace", per=per)
    forced = scan(documents, loaded[0], words="whitespace", allow_unspaced=True)
    assert dict(forced["group", "words"].rows()) == {"eng": 2, "xyz": 2}


def test_most_letters_decide(loaded):
    assert scan(iter(["mostly Latin, 日本語"]), loaded[0], words="whitespace")["words"].to_list() == [3]
    assert scan(iter(["한국어 는"]), loaded[0], words="whitespace")["words"].to_list() == [2]


def test_letters_of_all_parts_decide(loaded, tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "PART", 1)
    (tmp_path / "a.txt").write_text("日本語", "utf-8")
    (tmp_path / "b.txt").write_text("Latin letters", "utf-8")
    kept = tmp_path / "kept.parquet"
    found = scan([tmp_path / "a.txt", tmp_path / "b.txt"], loaded[0], words="whitespace", checkpoint=kept)
    assert found["words"].to_list() == [3]
    (tmp_path / "b.txt").write_text("no", "utf-8")
    with pytest.raises(BadArgumentError, match="finds no words in und"):
        scan([tmp_path / "a.txt", tmp_path / "b.txt"], loaded[0], words="whitespace", checkpoint=kept)


# CoNLL-U


def line(number, form, misc="_"):
    return "\t".join([number, form, *["_"] * 7, misc])


GOOD = "\n".join([
    "# sent_id = 1", "# text = Vámonos al mar, ya", line("1-2", "Vámonos"), line("1", "Vamos"), line("2", "nos"),
    line("3-4", "al"), line("3", "a"), line("4", "el"), line("5", "mar", "A=b|SpaceAfter=No"), line("6", ","),
    line("6.1", "elided"), line("7", "ya", "SpaceAfter=No"), "", "# text = New York", line("1", "New York"), "", "",
])  # fmt: skip


def test_surface_tokens_are_words(loaded, tmp_path):
    (tmp_path / "spa.conllu").write_text(GOOD, "utf-8")
    found = inspect(tmp_path / "spa.conllu", loaded, words="conllu", lang_from="filename")
    assert found.findings.is_empty()
    given = {"Vámonos al mar, ya": ["Vámonos", "al", "mar", ",", "ya"], "New York": ["New York"]}
    expected = scan(iter(("spa", text) for text in given), loaded, words=given.__getitem__)
    assert_frame_equal(found.frame.drop("source", "segmenter"), expected.drop("source", "segmenter"))
    assert found.frame["segmenter"].unique().to_list() == ["conllu"]
    rows = scan(tmp_path / "spa.conllu", loaded[0], words="conllu", per="document")
    assert rows["document", "words"].rows() == [(0, 5), (13, 1)]


UNFIT = "words do not fit the text"
BROKEN = {
    "another form": ("# text = a b\n" + line("1", "a") + "\n" + line("2", "c"), UNFIT),
    "no space": ("# text = ab\n" + line("1", "a") + "\n" + line("2", "b"), UNFIT),
    "a space": (
        "# text = a b\n" + line("1", "a", "SpaceAfter=No") + "\n" + line("2", "b"),
        UNFIT,
    ),
    "text left": ("# text = a b\n" + line("1", "a"), UNFIT),
    "no number": ("# text = a\n" + line("x", "a"), UNFIT),
    "few fields": ("# text = a\n1\ta", "wrong number of fields"),
    "no text": (line("1", "a"), "no text field"),
    "bad bytes": ("# text = a\udcff\n" + line("1", "a"), "invalid UTF-8"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_sentences_whose_tokens_do_not_fit_are_left_out_and_told(loaded, tmp_path, what):
    text, fault = BROKEN[what]
    stored = f"# text = good\n{line('1', 'good')}\n\n# a comment\n{text}\n\n{GOOD}"
    (tmp_path / "x.conllu").write_bytes(stored.encode("utf-8", "surrogateescape"))
    found = inspect(tmp_path / "x.conllu", loaded[0], words="conllu")
    assert found.frame["docs"].to_list() == [3]
    assert found.findings.select("fault", "lost", "count").rows() == [(fault, True, 1)]
    assert found.findings["places"][0][0].startswith("4")


def test_a_last_sentence_needs_no_empty_line(loaded, tmp_path):
    (tmp_path / "x.conllu").write_text(GOOD.rstrip().replace("\n", "\r\n"), "utf-8")
    assert scan(tmp_path / "x.conllu", loaded[0], words="conllu").select("docs", "words").row(0) == (2, 6)


def test_treebanks_may_be_cut_otherwise(loaded, tmp_path):
    (tmp_path / "x.txt").write_text(GOOD, "utf-8")
    found = scan(tmp_path / "x.txt", loaded[0], words="unicode", format="conllu")
    assert found.select("docs", "words").row(0) == (2, 6)
    with pytest.raises(BadArgumentError, match="another format"):
        scan(tmp_path / "x.txt", loaded[0], words="conllu")
    with pytest.raises(BadArgumentError, match="no such files"):
        scan(iter(["a"]), loaded[0], words="conllu")
    with pytest.raises((BadArgumentError, BadFileError), match="no field"):
        scan(tmp_path / "x.txt", loaded[0], words="conllu", format="conllu", lang_field="x")


def twin(path):
    """Sentences and their surface tokens, by a loop."""
    for block in path.read_text("utf-8").strip().split("\n\n"):
        rows = [row.split("\t") for row in block.split("\n") if not row.startswith("#")]
        inside = set()
        for row in rows:
            if "-" in row[0]:
                first, last = map(int, row[0].split("-"))
                inside |= {str(number) for number in range(first, last + 1)}
        text = re.search(r"^# text = (.*)$", block, re.MULTILINE)[1].strip(" ")
        yield text, [row[1] for row in rows if row[0] not in inside and "." not in row[0]]


@pytest.mark.parametrize("name", ["he_iahltwiki-ud-dev", "he_iahltwiki-ud-test", "ar_pud-ud-test"])
def test_real_treebanks_count_as_a_loop_does(loaded, name):
    path = next(iter(Path(DATA).glob(f"ud/*/{name}.conllu")), None)
    if path is None:
        pytest.skip("the treebanks are not here")
    found = inspect(path, loaded, words="conllu", verify=0)
    counted = found.frame.row(0, named=True)
    sentences = list(twin(path))
    left_out = found.findings.filter("lost")["count"].sum()
    assert counted["docs"] == len(sentences) - left_out
    if not left_out:
        assert counted["words"] == sum(len(words) for _, words in sentences)
        given = dict(sentences)
        expected = scan(iter(given), loaded, words=given.__getitem__, verify=0)
        assert expected["words"][0] == sum(map(len, given.values()))
        if len(given) == len(sentences):
            assert_frame_equal(found.frame.drop("source", "segmenter"), expected.drop("source", "segmenter"))


EMPTY = b"\t_" * 8
PIECES = [b"# text = ab", b"1\tab" + EMPTY, b"1-2\ta" + EMPTY, *b"\n \t \xff \r 9".split(b" ")]
FORM = st.text("abé日ก-.", min_size=1, max_size=4)
TOKEN = st.tuples(FORM, st.integers(0, 3), st.booleans())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(TOKEN, min_size=1, max_size=6), min_size=1, max_size=5))
def test_any_tokens_come_back(sentences):
    """Tokens of 2 or 3 syntactic words, with and without a space behind, in sentences of any number."""
    letters = Tokenizer.load(VARIANTS["gpt2"])
    blocks, words = [], []
    for sentence in sentences:
        rows, number, text = [], 0, ""
        for form, inside, glued in sentence:
            misc = "SpaceAfter=No" if glued else "_"
            if inside > 1:
                rows += [line(f"{number + 1}-{number + inside}", form, misc)]
                rows += [line(str(number + place), "part") for place in range(1, inside + 1)]
                number += inside
            else:
                number += 1
                rows.append(line(str(number), form, misc))
            text += form + ("" if glued else " ")
        blocks.append("\n".join([f"# text = {text.strip()}", *rows, "", ""]))
        words.append((text.strip(), [form for form, _, _ in sentence]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.conllu")
        path.write_text("".join(blocks), "utf-8")
        found = inspect(path, letters, words="conllu", verify=0)
    queue = iter(words)
    expected = scan(iter([text for text, _ in words]), letters, words=lambda _: next(queue)[1], verify=0, threads=1)
    assert found.findings.is_empty()
    assert_frame_equal(found.frame.drop("source", "segmenter"), expected.drop("source", "segmenter"))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES)))
def test_every_sentence_is_counted_or_told(pieces):
    stored = b"\n".join(pieces)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.conllu")
        path.write_bytes(stored)
        found = inspect(path, Tokenizer.load(VARIANTS["gpt2"]), words="conllu", verify=0)
    lines = [line.removesuffix(b"\r") for line in stored.split(b"\n")]
    sentences = sum(bool(line) and not before for before, line in itertools.pairwise([b"", *lines]))
    assert found.frame["docs"].sum() + found.findings.filter("lost")["count"].sum() == sentences
