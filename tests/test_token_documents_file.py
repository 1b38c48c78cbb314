"""DOCUMENTS on disk are those in memory, whatever the threads, the memory and how often the scan was stopped."""

import json
import random
import subprocess
import sys

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from glotgap import BadArgumentError, tables
from glotgap.cli import main
from glotgap.tokens import Tokenizer, inspect, parts, scan
from tokenizer_texts import TEXTS
from tokenizer_variants import VARIANTS

LINES = [line for text in TEXTS for line in text.replace("\r", "\n").split("\n")]
READING = {"lang_from": "filename", "verify": 20}


@pytest.fixture(scope="module")
def loaded():
    return [Tokenizer.load(VARIANTS[name], name=name) for name in ("llama", "gpt2", "bert")]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Files of unlike sizes, one of several units, given out of order."""
    folder = tmp_path_factory.mktemp("corpus")
    random.seed(3)
    for name, times in (("b.eng.txt", 1), ("a.deu.txt", 40), ("c.fra.txt", 3)):
        lines = [line for _ in range(times) for line in random.sample(LINES, len(LINES))]
        (folder / name).write_text("\n".join(lines), "utf-8")
    many = [{"text": f"{number} {LINES[number % len(LINES)]}", "lang": "jpn"} for number in range(20_000)]
    pl.DataFrame(many).write_parquet(folder / "d.jpn.parquet", row_group_size=3000)
    return [folder / name for name in ("c.fra.txt", "a.deu.txt", "d.jpn.parquet", "b.eng.txt")]


@pytest.fixture(scope="module")
def whole(corpus, loaded):
    return scan(corpus, loaded, per="document", **READING)


@pytest.mark.parametrize(
    "options", [{"threads": 1}, {"threads": 3}, {"threads": 4, "memory": 1}, {"words": "none"}], ids=str
)
def test_rows_on_disk_are_those_in_memory(corpus, loaded, whole, tmp_path, options):
    out = tmp_path / "x.parquet"
    found = inspect(corpus, loaded, per="document", out=out, **READING, **options)
    assert found.frame.is_empty()
    assert found.frame.schema == whole.schema
    expected = whole if "words" not in options else whole.with_columns(words=pl.lit(None, pl.UInt64))
    stored = pl.read_parquet(out)
    assert_frame_equal(stored, expected)
    assert_frame_equal(tables.read(out, "DOCUMENTS"), stored)
    made = tables.read_metadata(out)
    assert made["verified"] == str(found.verified) == "20"
    assert json.loads(made["arguments"])["per"] == "document"
    assert [file.name for file in tmp_path.iterdir()] == ["x.parquet"]


def test_the_same_bytes_for_any_number_of_threads(corpus, loaded, tmp_path):
    for threads in (1, 4):
        scan(corpus, loaded, per="document", out=tmp_path / f"{threads}.parquet", threads=threads, **READING)
    assert pl.read_parquet(tmp_path / "1.parquet").equals(pl.read_parquet(tmp_path / "4.parquet"))


def test_documents_from_python_are_written_too(loaded, tmp_path):
    rows = [("eng", line) for line in LINES if line] * 3
    expected = scan(iter(rows), loaded, per="document", verify=0, name="here")
    scan(iter(rows), loaded, per="document", verify=5, name="here", out=tmp_path / "x.parquet")
    assert_frame_equal(pl.read_parquet(tmp_path / "x.parquet"), expected)


def test_a_stopped_scan_goes_on_and_leaves_no_trace(corpus, loaded, whole, tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "PART", 1)
    out, kept = tmp_path / "x.parquet", tmp_path / "kept.parquet"
    asked = {"per": "document", "out": out, "checkpoint": kept, **READING}

    def stop(_):
        if (tmp_path / "kept.00001.parquet").exists():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan(corpus, loaded, progress=stop, **asked)
    left = sorted(file.name for file in tmp_path.iterdir())
    assert left
    assert left == [f"kept.{number:05}.parquet" for number in range(len(left))]
    with pytest.raises(BadArgumentError, match="another scan"):
        scan(corpus, loaded, **{**asked, "words": "none"})
    begun = []
    scan(corpus, loaded, progress=begun.append, **asked)
    assert begun[0].documents > 0
    assert_frame_equal(pl.read_parquet(out), whole)
    assert [file.name for file in tmp_path.iterdir()] == ["x.parquet"]


def test_what_fails_leaves_no_file(loaded, tmp_path):
    out = tmp_path / "x.parquet"
    out.write_bytes(b"before")
    with pytest.raises(BadArgumentError, match="finds no words"):
        scan(iter(["日本語"] * 10), loaded, per="document", out=out, words="whitespace")
    assert out.read_bytes() == b"before"
    assert [file.name for file in tmp_path.iterdir()] == ["x.parquet"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"per": "language", "out": "x.parquet"}, "for per='document'"),
        ({"per": "document", "out": "x.csv"}, "needs .parquet"),
        ({"per": "document", "out": "no/x.parquet"}, "does not exist"),
        ({"per": "document", "checkpoint": "x.parquet"}, "give out"),
    ],
)
def test_wrong_files_are_told(corpus, loaded, options, message):
    with pytest.raises(BadArgumentError, match=message):
        scan(corpus, loaded, **options)


def test_nothing_gives_an_empty_table(loaded, tmp_path):
    scan(iter(()), loaded, per="document", out=tmp_path / "x.parquet")
    assert tables.read(tmp_path / "x.parquet", "DOCUMENTS").is_empty()


def test_the_command_writes_documents_as_they_are_counted(corpus, whole, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    chosen = []
    for name in ("llama", "gpt2", "bert"):
        (tmp_path / f"{name}.json").write_text(json.dumps(VARIANTS[name]))
        chosen += ["-t", f"{name}.json"]
    arguments = ["tokens", "scan", *map(str, corpus), *chosen, "--lang-from", "filename", "--per", "document"]
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--out", "x.parquet", "--resume"])
    assert ended.value.code == 0
    assert f"{whole.height:,} rows in x.parquet" in capsys.readouterr().out
    assert_frame_equal(pl.read_parquet("x.parquet"), whole)


MEASURED = """
import json, resource, sys
from glotgap.tokens import Tokenizer, scan

tokenizers = [Tokenizer.load(json.loads(sys.argv[1]), name=str(number)) for number in range(3)]
lines = lambda count: (f"w{number % 1000} ab" for number in range(count))
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
asked = {"per": "document", "memory": "16MB", "out": sys.argv[2], "words": "none"}
scan(sys.argv[3], tokenizers, **asked)
before = peak()
scan(sys.argv[4], tokenizers, **asked)
print(peak() - before)
"""


def test_memory_is_bounded(tmp_path):
    """A corpus whose rows would take 300 MB in memory (3 million documents of 3 tallies)."""
    spec = {"model": {"type": "BPE", "vocab": {c: i for i, c in enumerate("w0123456789 ab")}, "merges": []}}
    for name, times in (("few", 10), ("many", 3000)):
        lines = "".join(f"w{number} ab\n" for number in range(1000))
        (tmp_path / f"{name}.txt").write_text(lines * times)
    arguments = [json.dumps(spec), *(str(tmp_path / name) for name in ("x.parquet", "few.txt", "many.txt"))]
    run = subprocess.run([sys.executable, "-c", MEASURED, *arguments], capture_output=True, text=True, check=True)
    assert pl.scan_parquet(tmp_path / "x.parquet").select(pl.len()).collect().item() == 9_000_000
    assert float(run.stdout) < 100  # MiB
