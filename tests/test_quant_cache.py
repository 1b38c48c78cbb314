"""Scores that are kept: what is made anew and what is not, files that are no caches, and runs that are killed."""

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from functools import partial

import pytest
from polars.testing import assert_frame_equal

from quant_models import causal, masked, tokenizer, torch  # isort: skip

from glotgap import BadFileError, UnsupportedError
from glotgap.quant import evaluation, parallel, running
from glotgap.quant.cache import Cache
from glotgap.quant.scoring import Encoded, Scored, Scorer

needs_posix = pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
TEXT = parallel(languages=["eng", "heb"]).items(range(3))
OTHER = parallel(languages=["eng", "heb"]).items(range(20, 26))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "scores.sqlite"


@pytest.fixture
def made(monkeypatch):
    """How many texts were scored, one number a call."""
    calls, original = [], Scorer.score

    def counted(self, texts, **options):
        calls.append(len(texts))
        return original(self, texts, **options)

    monkeypatch.setattr(Scorer, "score", counted)
    return calls


def evaluated(path, model=None, tokens=None, corpus=TEXT, **options):
    return evaluation(model or causal(), tokens or tokenizer(), corpus, cache=path, **options)


def test_a_second_run_scores_nothing_and_gives_the_same_tables(path, made):
    options = {"schemes": ["fp", "rtn3", "la3-own-g32"], "calibration": OTHER}
    first = evaluated(path, **options)
    assert sum(made) == 3 * 6
    calls = []
    second = evaluated(path, **options, progress=lambda *call: calls.append(call))
    assert sum(made) == 3 * 6
    assert_frame_equal(second.scores, first.scores, check_exact=True)
    assert_frame_equal(second.audits, first.audits, check_exact=True)
    assert calls[-1] == (18, 18)


def test_a_second_run_rewrites_no_weight(path, monkeypatch):
    evaluated(path, schemes=["rtn3"])
    monkeypatch.setattr(running, "quantized", lambda *_, **__: pytest.fail("weights were rewritten"))
    assert evaluated(path, schemes=["rtn3"]).scores.height == 6


def test_tables_from_the_cache_call_the_model_by_its_new_name(path):
    evaluated(path, schemes=["rtn3"], name="old")
    found = evaluated(path, schemes=["rtn3"], name="new")
    assert set(found.scores["model"]) == set(found.audits["model"]) == {"new"}


def test_only_new_texts_and_languages_are_scored(path, made):
    evaluated(path, corpus=TEXT.chosen(["eng"], 2))
    evaluated(path)
    assert made == [2, 4]


@pytest.mark.parametrize(
    "other",
    [
        {"schemes": ["rtn3"]},
        {"length": 20},
        {"context": 3},
        {"model": causal(seed=1)},
        {"model": causal("GPT2")},
        {"model": causal().to(torch.bfloat16)},
        {"model": causal(rope_parameters={"rope_type": "default", "rope_theta": 77.0})},
    ],
    ids=str,
)
def test_what_decides_a_score_makes_it_anew(path, made, other):
    evaluated(path)
    evaluated(path, **other)
    assert made == [6, 6]


@pytest.mark.parametrize("same", [{"batch_tokens": 50}, {"name": "x"}, {"unit": "document"}, {"reference": "y"}])
def test_what_does_not_decide_a_score_does_not(path, made, same):
    evaluated(path)
    evaluated(path, **same)
    assert sum(made) == 6


def test_one_changed_weight_makes_all_scores_anew(path, made):
    model = causal()
    evaluated(path, model)
    with torch.no_grad():
        next(model.parameters())[3, 3] += 1e-3
    evaluated(path, model)
    assert made == [6, 6]


def test_other_calibration_makes_scores_anew_where_a_scheme_looks_at_it(path, made):
    schemes = ["rtn3", "la3-shared"]
    evaluated(path, schemes=schemes, calibration=OTHER)
    evaluated(path, schemes=schemes, calibration=OTHER.items([0, 1, 2]))
    assert sum(made) == 6 + 6 + 6


def test_another_version_of_a_library_makes_scores_anew(monkeypatch):
    made = []
    for version in ("1.0", "1.1"):
        monkeypatch.setattr(running, "version", lambda _, given=version: given)
        made.append(running._made(running.Scheme.parse("hqq4")))
    assert made == [{"library": "1.0"}, {"library": "1.1"}]


def test_another_version_of_this_package_makes_scores_under_its_schemes_anew(path, made, monkeypatch):
    schemes = ["fp", "rtn4"]
    evaluated(path, schemes=schemes)
    monkeypatch.setattr(running, "__version__", "99")
    evaluated(path, schemes=schemes)
    assert sum(made) == 6 + 6 + 6


def test_what_stands_behind_texts_of_masked_models_decides_their_scores(path, made):
    text = TEXT.chosen(["eng"], 1)
    evaluated(path, masked(), tokenizer(masked=True), text)
    evaluated(path, masked(), tokenizer(), text)  # without <s> and </s> around texts
    assert made == [1, 1]


def test_a_score_that_is_undefined_is_kept_as_that(path, made):
    model = causal()
    with torch.no_grad():
        model.get_output_embeddings().weight.fill_(torch.nan)
    wanted = evaluated(path, model).scores
    found = evaluated(path, model).scores
    assert made == [6]
    assert found["nll"].null_count() == 6
    assert_frame_equal(found, wanted)


def test_a_run_that_fails_keeps_its_portions_and_goes_on(path, made, monkeypatch):
    options = {"schemes": ["fp", "rtn3"], "batch_tokens": 30}
    wanted = evaluated(None, **options).scores
    whole = len(made)
    original = Scorer.score

    def fails(self, *args, **named):
        if len(made) == whole + 3:
            raise MemoryError
        return original(self, *args, **named)

    with monkeypatch.context() as patched:
        patched.setattr(Scorer, "score", fails)
        with pytest.raises(MemoryError):
            evaluated(path, **options)
    kept = sum(made[whole:])
    assert kept > 0
    found = evaluated(path, **options).scores
    assert sum(made[whole:]) == 12
    # batches are others than in one go
    assert found["nll"].to_list() == pytest.approx(wanted["nll"].to_list(), abs=1e-4)


def test_two_runs_may_share_a_file(path):
    wanted = evaluated(None, schemes=["fp", "rtn3"]).scores
    found = {}

    def run(name, model, schemes):
        found[name] = evaluation(model, tokenizer(), TEXT, schemes=schemes, cache=path, batch_tokens=20).scores

    runs = [
        threading.Thread(target=run, args=(name, causal(), schemes))
        for name, schemes in {"a": ["fp", "rtn3"], "b": ["rtn3", "fp"]}.items()
    ]
    for one in runs:
        one.start()
    for one in runs:
        one.join()
    for scores in found.values():
        assert scores["nll"].to_list() == pytest.approx(wanted["nll"].to_list(), abs=1e-4)


def tables(path):
    """Names of tables that another run would see now; none where it would have to wait."""
    connection = sqlite3.connect(path, timeout=0)
    try:
        return [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    except sqlite3.OperationalError:
        return []
    finally:
        connection.close()


def test_a_file_has_no_tables_or_both(path, monkeypatch):
    """Another run that opened the file between the two took it for a database of something else."""
    seen = []

    class Watched(sqlite3.Connection):
        def executescript(self, script):
            self.set_progress_handler(lambda: bool(seen.append(tables(path))), 1)
            super().executescript(script)
            self.set_progress_handler(None, 1)

    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Watched))
        with Cache.open(path):
            pass
    assert len(seen) > 20
    assert tables(path) == ["runs", "scores"]
    assert all(found in ([], ["runs", "scores"]) for found in seen)


WRITES = """
    import sys
    from glotgap.quant.cache import Cache
    from glotgap.quant.scoring import Encoded, Scored
    with Cache.open(sys.argv[1]) as cache:
        run = cache.run({"who": sys.argv[2]})
        for at in range(100):
            cache.keep(run, [Encoded((at,), 0, 0)], [Scored(float(at), 0)])
"""


def program(code, *arguments):
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_processes_that_write_at_once_lose_nothing(path):
    children = [program(WRITES, path, name) for name in "ab"]
    errors = [child.communicate(timeout=100)[1] for child in children]
    assert [child.returncode for child in children] == [0, 0], errors
    texts = [Encoded((at,), 0, 0) for at in range(100)]
    with Cache.open(path) as cache:
        for name in "ab":
            scores = cache.known(cache.run({"who": name}), texts)
            assert scores == [Scored(float(at), 0) for at in range(100)]


@pytest.mark.parametrize("content", [b"no database at all", b"SQLite format 3\x00" + b"\xff" * 5000, b"\x00" * 4096])
def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(path, content):
    path.write_bytes(content)
    with pytest.raises(BadFileError, match="holds no scores"):
        evaluated(path)
    assert path.read_bytes() == content


def test_a_damaged_file_is_refused(path):
    evaluated(path)
    content = bytearray(path.read_bytes())
    content[4096:12288] = b"\x99" * 8192
    path.write_bytes(content)
    with pytest.raises(BadFileError, match="holds no scores"):
        evaluated(path)


@pytest.mark.parametrize("table", ["customers (name)", "scores (points)"])
def test_a_database_of_something_else_is_refused_and_left_as_it_is(path, table):
    with sqlite3.connect(path) as connection:
        connection.execute(f"CREATE TABLE {table}")
    before = path.read_bytes()
    with pytest.raises(BadFileError, match="database of something else"):
        evaluated(path)
    assert path.read_bytes() == before


def test_tables_of_our_names_with_other_columns_are_refused(path):
    with sqlite3.connect(path) as connection:
        connection.executescript("CREATE TABLE runs (x); CREATE TABLE scores (y)")
    with pytest.raises(BadFileError, match="holds no scores"):
        evaluated(path)


def test_a_file_that_another_holds_is_said_to_be_held(path, monkeypatch):
    evaluated(path)
    monkeypatch.setattr("glotgap.quant.cache._PATIENCE", 0.1)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(UnsupportedError, match=r"cannot be kept in .*locked"):
            evaluated(path)
    finally:
        holder.close()


def test_an_empty_file_becomes_a_cache(path, made):
    path.touch()
    evaluated(path)
    evaluated(path)
    assert made == [6]


INTERRUPTED = """
    import sys, time
    from glotgap.quant.scoring import Scorer
    original, calls = Scorer.score, []
    def slow(self, texts, **options):
        calls.append(len(texts))
        if len(calls) == 3:
            print("scoring", flush=True)
            time.sleep(60)
        return original(self, texts, **options)
    Scorer.score = slow
    from glotgap.cli import main
    main(sys.argv[1:])
"""


@needs_posix
@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_command_that_goes_on_from_there(tmp_path, made, capsys, number, code):
    from glotgap import tables
    from glotgap.cli import main
    from glotgap.quant import tiny

    out, kept = tmp_path / "x.parquet", tmp_path / "x.parquet.part.sqlite"
    command = ["quant", "eval", tiny.model(steps=2), "--languages", "eng,heb", "--limit", "6", "--batch-tokens", "64"]
    command = [*map(str, command), "--scheme", "rtn4", "--out", str(out), "--resume"]
    child = program(INTERRUPTED, *command)
    assert child.stdout.readline() == "scoring\n"
    child.send_signal(number)
    printed, error = child.communicate(timeout=60)
    assert (child.returncode, printed) == (code, "")
    assert error == f"stopped; scores so far are kept in {kept}: the same command goes on from them\n"
    assert not out.exists()
    with sqlite3.connect(kept) as connection:
        before = connection.execute("SELECT count(*) FROM scores").fetchone()[0]
    assert before > 0
    with pytest.raises(SystemExit) as ended:
        main(command)
    assert (ended.value.code, capsys.readouterr().err) == (0, f"wrote {out}\n")
    assert sum(made) == 24 - before
    assert tables.read(out, "SCORES").height == 24
    assert not kept.exists()
