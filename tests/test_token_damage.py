"""Corpora, checkpoints and commands that meet trouble: it is told by name, and what was whole is kept."""

import gzip
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import polars as pl
import pytest

from glotgap import BadArgumentError, BadFileError, GlotgapWarning, UnsupportedError, tables
from glotgap.cli import main
from glotgap.tokens import Tokenizer, check, inspect, parts, scan

LETTERS = {"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, " ": 2}, "merges": []}}
QUICK = {"words": "none", "verify": 0}
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="names of files need not be UTF-8 here")
on_posix = pytest.mark.skipif(os.name != "posix", reason="POSIX signals, links and pipes")


@pytest.fixture(scope="module")
def letters():
    return Tokenizer.load(LETTERS, name="letters")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An own directory with a tokenizer and a text in it."""
    monkeypatch.chdir(tmp_path)
    Path("letters.json").write_text(json.dumps(LETTERS))
    Path("x.txt").write_text("a b\nab\n")
    return tmp_path


def named(name, text="a b\nab\n"):
    """A file whose name is these bytes, as Python has it."""
    with open(name, "w") as file:  # noqa: PTH123  # a Path takes no bytes
        file.write(text)
    return os.fsdecode(name)


# Names


@on_linux
def test_names_that_are_not_utf8_are_read_and_kept_apart(letters):
    bad = [named(b"caf\xe8.txt"), named(b"caf\xe9.txt")]
    shown = ["caf\\xe8.txt", "caf\\xe9.txt"]
    assert scan(bad, letters, **QUICK)["docs"].to_list() == [4]
    assert scan("caf*.txt", letters, **QUICK)["docs"].to_list() == [4]
    assert scan(bad, letters, **QUICK)["source"].to_list() == ["\n".join(shown)]
    assert check(bad)["source"].unique().sort().to_list() == shown
    assert scan(bad, letters, per="document", **QUICK)["source"].unique().sort().to_list() == shown
    scan(bad, letters, per="document", out="o.parquet", checkpoint="c.parquet", **QUICK)
    assert tables.read("o.parquet", "DOCUMENTS")["source"].unique().sort().to_list() == shown
    tables.write(scan(bad, letters, **QUICK), "w.json", inspect(bad, letters, **QUICK).metadata)
    assert tables.read("w.json", "COUNTS")["docs"].to_list() == [4]


@on_linux
def test_what_names_cannot_be_is_refused(letters):
    bad = named(b"caf\xe9.txt")
    with pytest.raises(BadArgumentError, match="holds no language"):
        scan(bad, letters, lang_from="filename")
    with pytest.raises(BadArgumentError, match="by a name in UTF-8"):
        tables.write(scan("x.txt", letters, **QUICK), os.fsdecode(b"\xe9.parquet"), {})
    Path("caf\\xe9.txt").write_text("a")
    with pytest.raises(BadArgumentError, match="two files would be called"):
        check("caf*")
    for paths in (b"x.txt", [b"x.txt"], [None], "\ud800"):
        for function in (check, lambda sources: scan(sources, letters)):
            with pytest.raises(BadArgumentError):
                function(paths)


@on_linux
def test_a_tokenizer_may_have_such_a_name_too():
    bad = named(b"caf\xe9.json", json.dumps(LETTERS))
    assert scan("x.txt", Tokenizer.load(bad), **QUICK)["tokenizer"].to_list() == ["caf\\xe9"]


# Sources


@on_posix
def test_a_broken_link_is_reported_and_the_rest_is_counted(letters, capsys):
    Path("d").mkdir()
    Path("d/a.txt").write_text("a b\n")
    Path("d/b.txt").symlink_to("gone")
    found = inspect("d", letters, **QUICK)
    assert found.frame["docs"].to_list() == [1]
    assert found.findings.select("fault", "lost", "file").rows() == [("unreadable file", True, "d/b.txt")]
    with pytest.warns(GlotgapWarning, match=r"1 x unreadable file in d/b.txt"):
        scan("d", letters, **QUICK)
    table = check("d").filter(check="unreadable file")
    assert table.select("source", "lost", "occurrences").rows() == [("d/b.txt", True, 1)]
    for command in (["scan", "d", "-t", "letters.json"], ["check", "d"]):
        with pytest.raises(SystemExit) as ended:
            main(["tokens", *command])
        assert ended.value.code == 3
    assert "Not counted: 1 x unreadable file in d/b.txt: No such file" in capsys.readouterr().out
    with pytest.raises(BadFileError, match=r"d/b\.txt"):
        scan("d/b.txt", letters)


def test_encodings_and_garbage_are_called_by_name(letters):
    for encoding in ("UTF-16", "UTF-32"):
        Path("u.txt").write_text("a b", encoding)
        with pytest.raises(UnsupportedError, match=f"the file is {encoding} text.*iconv"):
            scan("u.txt", letters)
    Path("x.txt.gz").write_bytes(gzip.compress(b"a b\n") + b"garbage")
    found = inspect("x.txt.gz", letters, **QUICK)
    assert found.frame["docs"].to_list() == [1]
    assert found.findings["fault"].to_list() == ["damaged"]
    assert "other bytes follow" in found.findings["places"][0][0]


def test_columns_of_nulls_are_documents_without_text(letters):
    found = inspect([pl.DataFrame({"text": [None, None]})], letters, **QUICK)
    assert found.findings.select("fault", "count").rows() == [("no text field", 2)]


# Checkpoints


@pytest.mark.parametrize("content", [b"", b"garbage", b"PAR1" + bytes(50) + b"PAR1"])
def test_a_damaged_checkpoint_is_called_so_with_a_remedy(letters, content):
    for name, options in (("c.parquet", {}), ("c.00000.parquet", {"per": "document", "out": "o.parquet"})):
        Path(name).write_bytes(content)
        with pytest.raises(BadFileError, match=rf"the checkpoint .*{name} is damaged \(.*\); remove it"):
            scan("x.txt", letters, checkpoint="c.parquet", **options, **QUICK)
        Path(name).unlink()
        scan("x.txt", letters, checkpoint="c.parquet", **options, **QUICK)


@pytest.mark.parametrize("key", ["reports", "letters", "verified"])
@pytest.mark.parametrize("state", ["", "[", "[1]", "null"])
def test_a_checkpoint_with_a_damaged_state_is_refused(letters, key, state):
    found = inspect("x.txt", letters, **QUICK)
    sound = {"reports": "{}", "letters": "{}", "verified": "0"}
    tables.write(found.frame, "c.parquet", {**found.metadata, **sound, key: state})
    with pytest.raises(BadFileError, match=r"the checkpoint .*c\.parquet is damaged"):
        scan("x.txt", letters, checkpoint="c.parquet", **QUICK)


# Commands


def test_two_tokenizers_of_one_name_are_told_how_to_be_named(capsys):
    command = ["tokens", "scan", "x.txt", "-t", "letters.json"]
    with pytest.raises(SystemExit) as ended:
        main([*command, "-t", "letters.json"])
    assert ended.value.code == 1
    assert "two tokenizers are called 'letters': name one otherwise" in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        main([*command, "-t", "other=letters.json"])
    assert ended.value.code == 0


def interrupt_when(there):
    """Press Ctrl-C once, when `there` says so."""

    def wait():
        for _ in range(3000):
            if there():
                os.kill(os.getpid(), signal.SIGINT)
                return
            time.sleep(0.01)

    threading.Thread(target=wait, daemon=True).start()


@on_posix
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_ctrl_c_says_in_one_line_what_was_kept(capsys, monkeypatch):
    monkeypatch.setattr(parts, "PART", 1)
    Path("d").mkdir()
    for number in range(4000):
        Path(f"d/{number}.txt").write_text("a b\n")
    for attempt in range(3):  # Python drops an interrupt that comes while it tells a weak reference of a death
        out = Path(f"o{attempt}.parquet")
        interrupt_when(Path(f"{out}.part.parquet").exists)
        with pytest.raises(SystemExit) as ended:
            main(["tokens", "scan", "d", "-t", "letters.json", "--words", "none", "--out", str(out), "--resume"])
        streams = capsys.readouterr()
        if ended.value.code:
            break
    kept = f"what was counted is kept in {out}.part.parquet: the same command with --resume goes on from it"
    assert (ended.value.code, streams.out, streams.err) == (130, "", f"stopped; {kept}\n")


@on_posix
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_command_that_is_ended_leaves_no_temporary_file(here, number, code):
    (here / "w").mkdir()
    run = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from glotgap.cli import main; main()"
    )
    options = ["--words", "none", "--per", "document", "--out", "w/o.parquet"]
    endless = subprocess.Popen(["yes", "a b"], stdout=subprocess.PIPE)
    command = [sys.executable, "-c", run, "tokens", "scan", "-", "-t", "letters.json", *options]
    child = subprocess.Popen(command, stdin=endless.stdout, stderr=subprocess.PIPE, text=True)
    endless.stdout.close()
    while not any(file.stat().st_size for file in (here / "w").iterdir()) and child.poll() is None:
        time.sleep(0.02)
    child.send_signal(number)
    _, err = child.communicate(timeout=60)
    endless.wait(timeout=60)
    assert child.returncode == code
    assert err.startswith("stopped; nothing was kept: with --resume")
    assert err.count("\n") == 1
    assert not list((here / "w").iterdir())


def test_a_stale_temporary_file_disturbs_no_later_run(letters):
    stale = ".o.parquet.0123456789abcdef.tmp"
    Path(stale).write_bytes(b"PAR1 and no end")
    for source in (".", "*"):
        found = inspect(source, letters, format="text", per="document", out="o.parquet", **QUICK)
        assert not found.findings["lost"].any()
        assert (stale, "hidden") in [(Path(file).name, reason) for file, reason in found.passed_over.rows()]
        Path("o.parquet").unlink()


def test_a_scan_shows_premiums_beside_the_language_that_is_meant_or_says_why_not(capsys):
    for name in ("eng-GB", "deu"):
        Path(f"{name}.txt").write_text("a b\n" if name == "deu" else "a\n")
    command = ["tokens", "scan", "deu.txt", "eng-GB.txt", "-t", "letters.json", "--lang-from", "filename"]
    for options, shown, line in (
        ([], "3.00", ""),
        (["--reference", "fra"], "–", "No premiums: reference 'fra' was not counted: choose one of deu, eng-GB"),
        (["--reference", "none"], "–", ""),
    ):
        with pytest.raises(SystemExit) as ended:
            main([*command, *options])
        out = capsys.readouterr().out
        assert ended.value.code == 0
        assert next(row.split()[2] for row in out.splitlines() if row.startswith("deu")) == shown
        assert ("No premiums" in out) == bool(line)
        assert line in out
