"""A scan counts what the reference counts, whatever the threads, the memory, the parts and the way text is stored."""

import bz2
import gzip
import json
import lzma
import re
import warnings

import polars as pl
import pytest
import tokenizers
from polars.testing import assert_frame_equal

from glotgap import BadArgumentError, BadFileError, GlotgapWarning
from glotgap.tokens import Tokenizer, inspect, merge, metrics, parts, scan
from tokenizer_texts import TEXTS
from tokenizer_variants import VARIANTS

NAMES = ("gpt2", "llama", "xlmr", "bert")
LINES = sorted({line for text in TEXTS for line in text.replace("\r", "\n").split("\n") if line} - {"\ufeff"})


SEPARATORS = dict.fromkeys(range(0x1C, 0x20), "x")
"""Python takes these for white space, Unicode does not."""


def twin(spec):
    found = tokenizers.Tokenizer.from_str(json.dumps(spec))
    found.no_truncation()
    found.no_padding()
    return found


def some_variants():
    """One variant of each kind of model, and one that goes to the reference."""
    kinds = {}
    for name, spec in VARIANTS.items():
        kinds.setdefault((spec["model"]["type"], bool(spec.get("added_tokens"))), name)
    return sorted(kinds.values())


CHOSEN = some_variants()


@pytest.fixture(scope="module")
def loaded():
    return [Tokenizer.load(VARIANTS[name], name=name) for name in CHOSEN]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    for language, lines in (("eng", LINES[::2]), ("deu", LINES[1::2])):
        (folder / f"{language}.txt").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


@pytest.fixture(scope="module")
def whole(corpus, loaded):
    return scan(corpus, loaded, lang_from="filename", verify=0)


def test_totals_are_those_of_the_reference(whole):
    assert len(whole) == 2 * len(CHOSEN)
    for row in whole.iter_rows(named=True):
        lines = LINES[::2] if row["group"] == "eng" else LINES[1::2]
        ids = [
            token
            for line in lines
            for token in twin(VARIANTS[row["tokenizer"]]).encode(line, add_special_tokens=False).ids
        ]
        assert row["docs"] == len(lines)
        assert row["bytes"] == sum(len(line.encode()) for line in lines)
        assert row["chars"] == sum(map(len, lines))
        assert row["tokens"] == len(ids)
        assert dict(zip(row["token_ids"], row["token_counts"], strict=True)) == {i: ids.count(i) for i in set(ids)}


@pytest.mark.parametrize("options", [{"threads": 1}, {"threads": 3}, {"memory": 1}, {"verify": 50}], ids=str)
def test_threads_memory_and_verification_change_nothing(corpus, loaded, whole, options):
    assert_frame_equal(scan(corpus, loaded, lang_from="filename", **{"verify": 0, **options}), whole)


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    """Documents many times as long as the text between two looks at the tables: of rare words, and without spaces."""
    folder = tmp_path_factory.mktemp("long")
    plain = [line for line in LINES if not set("<[▁") & set(line)]  # a text that may hold an added token is not cut
    rare = " ".join(f"{i * 7919 % 100_003:x}" for i in range(12_000))
    (folder / "eng.txt").write_text(f"{rare} {' '.join(plain)} {rare}", "utf-8")
    (folder / "deu.txt").write_text(f"{''.join(LINES).replace(' ', '')} {'ภาษาlong' * 4000} end", "utf-8")
    return folder


def halves(text):
    """A segmenter of somebody's own: places of words of up to five characters."""
    return [(start, min(start + 5, len(text))) for start in range(0, len(text), 7)]


@pytest.mark.parametrize("words", ["icu", "none", halves], ids=["icu", "none", "callable"])
def test_long_documents_are_settled_in_their_middle_and_count_the_same(long, loaded, words):
    engines = [tokenizer for tokenizer in loaded if tokenizer.plan()["engine"] == "on"]
    asked = {"lang_from": "filename", "documents": "file", "words": words, "verify": 0}
    expected = scan(long, engines, memory="1GB", threads=1, **asked)
    for threads in (1, 2):
        assert_frame_equal(scan(long, engines, memory=1, threads=threads, **asked), expected)
    for row in expected.iter_rows(named=True):
        tokenizer = next(one for one in engines if one.name == row["tokenizer"])
        assert row["tokens"] == tokenizer.count([(long / f"{row['group']}.txt").read_text("utf-8")])[0]


PACKED = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


@pytest.mark.parametrize("packing", PACKED)
def test_compression_changes_nothing(corpus, loaded, whole, packing, tmp_path):
    for file in corpus.glob("*.txt"):
        (tmp_path / f"{file.name}.{packing}").write_bytes(PACKED[packing](file.read_bytes()))
    found = scan(tmp_path, loaded, lang_from="filename", verify=0)
    assert_frame_equal(found.drop("source"), whole.drop("source"))


def test_formats_change_nothing(loaded, whole, tmp_path):
    rows = [{"lang": ("eng", "deu")[i % 2], "text": line} for i, line in enumerate(LINES)]
    (tmp_path / "x.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    pl.DataFrame(rows).write_parquet(tmp_path / "y.parquet", row_group_size=100)
    pl.DataFrame(rows).write_csv(tmp_path / "z.csv")
    for name in ("x.jsonl", "y.parquet", "z.csv"):
        found = scan(tmp_path / name, loaded, lang_field="lang", verify=0)
        assert_frame_equal(found.drop("source"), whole.drop("source"))


def test_parts_add_up_to_the_whole(corpus, loaded, whole, tmp_path):
    lines = (corpus / "eng.txt").read_text("utf-8").splitlines(keepends=True)
    (tmp_path / "a.txt").write_text("".join(lines[:100]), "utf-8")
    (tmp_path / "b.txt").write_text("".join(lines[100:]), "utf-8")
    found = merge(scan(tmp_path / name, loaded, lang="eng", verify=0) for name in ("a.txt", "b.txt"))
    expected = whole.filter(group="eng").drop("source")
    assert_frame_equal(found.drop("source"), expected)


def test_a_stopped_scan_goes_on_from_its_checkpoint(corpus, loaded, whole, tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "PART", 1)
    kept = tmp_path / "kept.parquet"
    asked = {"lang_from": "filename", "verify": 0, "checkpoint": kept}
    first_size = min(file.stat().st_size for file in corpus.iterdir())

    def stop(seen):
        if seen.phase == "reading" and seen.done > first_size and kept.exists():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan(corpus, loaded, progress=stop, **asked)
    assert kept.exists()
    with pytest.raises(BadArgumentError, match="another scan"):
        scan(corpus, loaded, **{**asked, "words": "none"})
    assert_frame_equal(scan(corpus, loaded, **asked), whole)
    assert not kept.exists()


def test_words_are_found_without_spaces(loaded, tmp_path):
    (tmp_path / "x.txt").write_text("สวัสดีครับ\n日本語を話します\nhello, world", "utf-8")
    words = {
        name: scan(tmp_path / "x.txt", loaded[0], words=name, allow_unspaced=True)["words"][0]
        for name in ("icu", "unicode", "whitespace")
    }
    assert words["whitespace"] == 4
    assert words["icu"] > 6
    assert scan(tmp_path / "x.txt", loaded[0], words="none")["words"][0] is None


def test_words_alone_are_those_of_a_slow_twin(corpus, loaded):
    found = scan(corpus / "eng.txt", loaded[:1], words="whitespace", verify=0).row(0, named=True)
    twins = twin(VARIANTS[CHOSEN[0]])
    sizes = []
    for line in LINES[::2]:
        at = 0
        for word in re.findall(r"[^\s]+", line.translate(SEPARATORS)):
            start = line.translate(SEPARATORS).index(word, at)
            at = start + len(word)
            lead = " " if start > 0 and line[start - 1] == " " else ""
            sizes.append(len(twins.encode(lead + line[start : start + len(word)], add_special_tokens=False).ids))
    assert found["words"] == len(sizes)
    assert found["word_tokens"] == sum(sizes)
    assert found["words_split"] == sum(size > 1 for size in sizes)
    assert found["words_single"] == sum(size == 1 for size in sizes)


def test_what_is_lost_is_told(loaded, tmp_path):
    (tmp_path / "x.txt").write_bytes(b"good\n\xff\xfe bad\n\n")
    with pytest.warns(GlotgapWarning, match="invalid UTF-8"):
        scan(tmp_path / "x.txt", loaded[0])
    found = inspect(tmp_path / "x.txt", loaded[0])
    assert found.findings.select("fault", "lost", "count").rows() == [
        ("invalid UTF-8", True, 1),
        ("empty document", False, 1),
    ]
    assert found.frame["docs"].to_list() == [1]


def test_a_scan_gives_metrics(whole):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GlotgapWarning)  # small vocabularies know few of these words
        assert set(metrics(whole, reference="eng")["group"]) == {"eng", "deu"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"words": "stanza"}, "words is 'stanza'"),
        ({"lang": "eng", "lang_from": "filename"}, "at most one"),
        ({"lang_from": "content"}, "filename or directory"),
        ({"verify": -1}, "verify is -1"),
        ({"verify": 1.5}, "verify is 1.5"),
        ({"verify": 10**30}, "verify is 1000"),
        ({"memory": "99999999999GB"}, "is no size of memory"),
        ({"memory": "much"}, "no size of memory"),
        ({"documents": "page"}, "documents is"),
    ],
)
def test_bad_arguments_are_told(corpus, loaded, options, message):
    with pytest.raises(BadArgumentError, match=message):
        scan(corpus, loaded[0], **options)


def test_bad_sources_are_told(loaded, tmp_path):
    with pytest.raises(BadFileError):
        scan(tmp_path / "absent.txt", loaded[0])
    with pytest.raises(BadArgumentError, match="no sources"):
        scan([], loaded[0])
    with pytest.raises(BadArgumentError, match="two tokenizers"):
        scan(tmp_path, [loaded[0], loaded[0]])


def test_documents_are_those_of_the_reference(corpus, loaded):
    found = scan(corpus, loaded, lang_from="filename", per="document", verify=0)
    for row in found.sample(500, seed=1).iter_rows(named=True):
        line = (LINES[::2] if row["group"] == "eng" else LINES[1::2])[row["document"]]
        ids = twin(VARIANTS[row["tokenizer"]]).encode(line, add_special_tokens=False).ids
        assert (row["bytes"], row["chars"], row["tokens"]) == (len(line.encode()), len(line), len(ids))


def test_documents_add_up_to_the_languages(corpus, loaded, whole):
    found = scan(corpus, loaded, lang_from="filename", per="document", verify=0)
    sums = (
        found.group_by("group", "tokenizer")
        .agg(pl.col("tokens", "words", "unk", "fallback").sum())
        .sort("group", "tokenizer")
    )
    assert_frame_equal(sums, whole.select(sums.columns).sort("group", "tokenizer"))
