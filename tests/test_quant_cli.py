"""`glotgap quant`, end to end on the tiny model: what its commands print, write, and return when they fail."""

import json
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quant_models import transformers  # noqa: F401  # isort: skip  # skips without torch

from glotgap import tables, weights
from glotgap.quant import evaluation, load_profile, parallel, profile, tiny
from glotgap.quant.spellings import METHODS

NAME = "tiny-plumbing"


@pytest.fixture(scope="module")
def model():
    return str(tiny.model(steps=2))


def written(path, languages=("eng", "heb"), items=range(20, 23)):
    """Write the package's own sentences as aligned files; return their directory."""
    path.mkdir()
    text = parallel(languages=languages).items(items)
    for language, lines in text.texts.items():
        (path / f"{language}.txt").write_text("\n".join(lines) + "\n", "utf-8")
    return str(path)


TWO = ("--languages", "eng, heb", "--limit", "3")
FIVE = ("--languages", "arb,deu,eng,heb,hin", "--limit", "3")


# eval


def test_eval_prints_bits_losses_and_what_was_done(glotgap, model):
    code, out, err = glotgap("eval", model, "--scheme", "rtn3-g64", *TWO)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith(f"Bits per byte, {NAME}")
    assert lines[1].split() == ["language", "fp", "rtn3-g64"]
    assert [line.split()[0] for line in lines[2:4]] == ["eng", "heb"]
    assert lines[4].startswith(f"Nats lost an item, {NAME}")
    assert "rtn3-g64: 89." in out
    assert "bits a quantized value, SQNR" in out
    assert "left alone: 1 (embedding and output head in one" in out
    assert lines[-1].endswith("fp is float32 as stored; scores are log-likelihoods.")
    assert "\x1b" not in out


def test_eval_of_the_model_as_it_is_prints_bits_alone(glotgap, model):
    for schemes in ((), ("--scheme", "fp")):
        code, out, err = glotgap("eval", model, *schemes, *TWO)
        assert (code, err) == (0, "")
        assert "Bits per byte" in out
        assert "Nats lost" not in out


@pytest.mark.parametrize("suffix", ["parquet", "csv", "json"])
def test_eval_writes_its_tables_and_how_they_were_made(glotgap, model, suffix):
    paths = (f"s.{suffix}", f"a.{suffix}")
    code, out, err = glotgap("eval", model, "--scheme", "rtn4", *TWO, "-q", "--out", paths[0], "--audit", paths[1])
    assert (code, out, err) == (0, "", "")
    wanted = evaluation(model, languages=["eng", "heb"], limit=3, schemes=["fp", "rtn4"])
    assert_frame_equal(tables.read(paths[0], "SCORES"), wanted.scores)
    assert_frame_equal(tables.read(paths[1], "AUDITS"), wanted.audits)
    made = tables.read_metadata(paths[0])
    assert json.loads(made["arguments"])["schemes"] == ["fp", "rtn4-channel"]
    assert made["digests"] == wanted.metadata["digests"]


def test_eval_says_what_it_wrote_apart_from_results(glotgap, model):
    code, out, err = glotgap("eval", model, *TWO, "--out", "s.parquet", "--audit", "a.csv")
    assert (code, err) == (0, "wrote s.parquet\nwrote a.csv\n")
    assert "wrote" not in out


def test_options_reach_the_evaluation(glotgap, model, tmp_path):
    options = ("--dtype", "bfloat16", "--length", "40", "--context", "4", "--batch-tokens", "200", "--unit", "document")
    corpus = written(tmp_path / "text")
    code, out, _ = glotgap("eval", model, "--corpus", corpus, "--tokenizer", model, *options, "--out", "s.parquet")
    assert code == 0
    assert "fp is float32 as stored, rounded to bfloat16" in out
    arguments = json.loads(tables.read_metadata("s.parquet")["arguments"])
    assert {name: arguments[name] for name in ("length", "context", "batch_tokens", "dtype")} == {
        "length": 40,
        "context": 4,
        "batch_tokens": 200,
        "dtype": "torch.bfloat16",
    }
    scores = tables.read("s.parquet", "SCORES")
    assert scores.select("unit", "language").unique().sort("language").rows() == [
        ("document", "eng"),
        ("document", "heb"),
    ]


def test_several_files_are_one_corpus(glotgap, model, tmp_path):
    folder = written(tmp_path / "text")
    files = [part for name in ("eng", "heb") for part in ("--corpus", f"{folder}/{name}.txt")]
    assert glotgap("eval", model, *files, "-q", "--out", "s.csv")[0] == 0
    assert tables.read("s.csv", "SCORES").height == 6


def test_resume_removes_its_file_at_the_end_and_cache_keeps_it(glotgap, model, tmp_path):
    assert glotgap("eval", model, *TWO, "-q", "--out", "s.csv", "--resume")[0] == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s.csv", "s.csv.meta.json"]
    assert glotgap("eval", model, *TWO, "-q", "--out", "s.csv", "--cache", "kept.sqlite")[0] == 0
    assert (tmp_path / "kept.sqlite").exists()


@pytest.mark.filterwarnings("default")
def test_warnings_are_one_line_on_standard_error_even_when_quiet(glotgap, model, tmp_path):
    folder = written(tmp_path / "text")
    (tmp_path / "text" / "eng.txt").write_text("Twice.\nTwice.\n\n\n", "utf-8")
    (tmp_path / "text" / "heb.txt").unlink()
    code, out, err = glotgap("eval", model, "--corpus", folder, "-q", "--out", "s.csv")
    assert (code, out, err.count("\n")) == (0, "", 1)
    assert err.startswith("warning: text of ")
    assert "eng: 2 empty (first 3); eng: 1 duplicate (first 2)" in err


def test_items_without_a_score_are_counted(glotgap, model, monkeypatch):
    from glotgap.quant.scoring import Scored, Scorer

    original = Scorer.score
    monkeypatch.setattr(
        Scorer,
        "score",
        lambda self, texts, **options: [Scored(None, 2), *original(self, texts, **options)[1:]],
    )
    code, out, _ = glotgap("eval", model, "--languages", "eng", "--limit", "3")
    assert code == 0
    assert "fp eng: 1 of its items have no score (2 tokens whose -log p is not finite)" in out


def test_schemes_lists_every_spelling(glotgap):
    code, out, err = glotgap("schemes")
    assert (code, err) == (0, "")
    for spelling in ("fp", "rtn{2..8}", "g{N}", "keep:PATTERN", "gptq", "bnb-"):
        assert spelling in out


def test_help_names_every_method(glotgap):
    _, out, _ = glotgap("eval", "--help")
    assert all(method in out for method in METHODS)


def test_files_without_a_language_in_their_names_are_said(glotgap, model, tmp_path):
    corpus = Path(written(tmp_path / "corpus"))
    (corpus / "LICENSE.md").write_text("free")
    for command, *more in (("eval", "--limit", "1"), ("profile", "--out", "p.safetensors")):
        code, _, err = glotgap(command, model, "--corpus", str(corpus), *more)
        assert code == 0
        assert "not read, since no language is in the name: LICENSE.md" in err


# profile and regret


def test_profile_writes_what_regret_reads(glotgap, model):
    code, out, err = glotgap("profile", model, *TWO, "--out", "p.safetensors")
    assert (code, out) == (0, "")
    found = load_profile("p.safetensors")
    assert err == f"wrote p.safetensors: eng, heb, {int(found.tokens.sum()):,} tokens\n"
    code, out, err = glotgap("regret", model, "p.safetensors", "--bits", "3", "--shuffles", "3", "--out", "r.parquet")
    assert (code, err) == (0, "wrote r.parquet\n")
    assert out.count("\n") == 1
    table = pl.read_parquet("r.parquet")
    assert set(table["language"]) == {"eng", "heb"}
    assert table["regret"].drop_nulls().min() > -1e-9  # a language's own clip errs least; rounding may hide that


def test_profile_writes_tables_and_matches_bytes(glotgap, model):
    options = ("--matched", "--out", "p.safetensors", "--inputs", "i.parquet", "--outputs", "o.csv")
    assert glotgap("profile", model, "--languages", "eng,jpn", "--limit", "6", *options)[0] == 0
    found, text = load_profile("p.safetensors"), parallel(languages=["eng", "jpn"], limit=6)
    assert_frame_equal(pl.read_parquet("i.parquet"), found.inputs_table())
    assert pl.read_csv("o.csv").height == found.outputs_table().height
    wanted = profile(model, corpus=text, matched=True)
    assert (found.tokens == wanted.tokens).all()
    assert found.tokens.sum() < profile(model, corpus=text).tokens.sum()


def test_regret_reads_a_profile_of_another_type(glotgap, model):
    glotgap("profile", model, *TWO, "--dtype", "bfloat16", "--out", "p.safetensors", "-q")
    code, _, err = glotgap("regret", model, "p.safetensors", "--shuffles", "1")
    assert (code, "another dtype" in err) == (1, True)
    code, out, _ = glotgap("regret", model, "p.safetensors", "--shuffles", "1", "--dtype", "bfloat16")
    assert (code, "rounded to bfloat16" in out) == (0, True)


def test_profile_keeps_quiet(glotgap, model):
    assert glotgap("profile", model, *TWO, "--out", "p.safetensors", "-q") == (0, "", "")


def test_regret_refuses_a_profile_of_another_model(glotgap, model):
    glotgap("profile", str(tiny.model(steps=1)), *TWO, "--out", "p.safetensors")
    code, out, err = glotgap("regret", model, "p.safetensors")
    assert (code, out, err.count("\n")) == (1, "", 1)


# report-tables, sweep and clips


@pytest.fixture(scope="module")
def scores(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("scores") / "s.parquet"
    languages = ["arb", "deu", "eng", "heb", "hin"]
    found = evaluation(model, languages=languages, limit=3, schemes=["fp", "rtn3", "rtn2-g64"])
    tables.write(found.scores, path, found.metadata)
    return str(path)


QUICK = ("--resamples", "99", "--seed", "1")


def test_report_tables_answers_and_writes_tests(glotgap, scores):
    pl.DataFrame({"language": ["arb", "deu", "eng", "heb", "hin"], "speakers": [3.0, 1.0, 5.0, 2.0, 4.0]}).write_csv(
        "c.csv"
    )
    options = ("--covariates", "c.csv", "--high", "eng", "--low", "hin", *QUICK, "--out", "t.parquet")
    code, out, err = glotgap("report-tables", scores, *options)
    assert (code, err) == (0, "wrote t.parquet\n")
    assert "Nats lost an item" in out
    assert "worst_less_best" in out
    tests = tables.read("t.parquet", "TESTS")
    assert {"worst_less_best", "low_less_high"} & set(tests["statistic"])
    assert any("speakers" in question for question in tests["question"])
    assert json.loads(tables.read_metadata("t.parquet")["arguments"])["scores"] == [scores]


def test_report_tables_refuses_the_profile_of_another_model(glotgap, scores):
    glotgap("profile", str(tiny.model(steps=1)), *FIVE, "--out", "p.safetensors", "-q")
    tables.write(weights.scan(str(tiny.model(steps=1))), "t.parquet", {})
    code, out, err = glotgap("report-tables", scores, "--profile", "p.safetensors", "--tensors", "t.parquet", *QUICK)
    assert (code, out) == (1, "")
    assert "give the profile of the model that was scored" in " ".join(err.split())


def test_report_tables_knows_activations_from_a_profile_and_a_scan(glotgap, scores, model):
    glotgap("profile", model, *FIVE, "--out", "p.safetensors", "-q")
    tables.write(weights.scan(model), "t.parquet", {})
    options = ("--profile", "p.safetensors", "--tensors", "t.parquet", *QUICK)
    code, out, err = glotgap("report-tables", scores, *options)
    assert (code, err) == (0, "")
    for covariate in ("tokens_byte", "fertility", "premium", "effective_kurtosis", "outlier_activation"):
        assert f"{covariate} ~ delta" in out
    code, out, _ = glotgap("report-tables", scores, *options, "-x", "fertility", "--given", "premium")
    assert (code, "fertility ~ delta given premium" in out) == (0, True)
    code, _, err = glotgap("report-tables", scores, "--profile", "p.safetensors")
    assert (code, "--profile and --tensors go together" in err) == (2, True)


def test_report_tables_by_the_byte(glotgap, scores):
    code, out, _ = glotgap("report-tables", scores, "--per", "byte", "-x", "tokens_byte", *QUICK)
    assert code == 0
    assert "Nats lost a byte" in out


@pytest.mark.parametrize(
    ("languages", "said"),
    [
        (["eng"], "disparity is not asked: it is between languages, and there is one"),
        (["deu", "eng", "heb"], "correlations are not asked: they need 4 languages or more"),
    ],
)
def test_report_tables_says_what_too_few_languages_cannot_answer(glotgap, scores, languages, said):
    few = tables.read(scores, "SCORES").filter(pl.col("language").is_in(languages))
    tables.write(few, "few.parquet", {})
    code, out, err = glotgap("report-tables", "few.parquet", *QUICK, "--out", "t.csv")
    assert (code, err) == (0, "wrote t.csv\n")
    assert said in out


def test_report_tables_leaves_out_correlations_where_every_scheme_destroys_the_model(glotgap, scores):
    broken = tables.read(scores, "SCORES").with_columns(
        nll=pl.when(pl.col("scheme") == "fp").then("nll").otherwise(pl.col("nll") + 10 * pl.col("tokens"))
    )
    tables.write(broken, "broken.parquet", {})
    code, out, _ = glotgap("report-tables", "broken.parquet", *QUICK)
    assert code == 0
    assert "the model is destroyed" in out
    assert "every scheme destroys the model in some language" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("{scores}", "{scores}"), "two rows share one key"),
        (("{scores}", "-x", "nonesuch"), "no column 'nonesuch'"),
        (("{scores}", "--covariates", "none.csv"), "cannot read none.csv"),
        (("none.parquet",), "cannot read none.parquet"),
    ],
)
def test_report_tables_refuses_in_one_line(glotgap, scores, arguments, message):
    code, out, err = glotgap("report-tables", *(part.format(scores=scores) for part in arguments), *QUICK)
    assert (code, err.count("\n")) == (1, 1)
    assert err.startswith("error: ")
    assert message in err
    assert "Traceback" not in out


def test_sweep_ends_in_one_plain_sentence(glotgap, model):
    code, out, err = glotgap(
        "sweep", model, "--bits", "8", "--bits", "3", "--granularity", "g64", *FIVE, "--out", "s.csv"
    )
    assert (code, err) == (0, "wrote s.csv\n")
    assert "Bits per byte" in out
    assert "Nats lost an item" in out
    last = out.splitlines()[-1]
    assert last.startswith("With n = 5 languages, 3 items and this model, the data do")
    assert last.count(". ") == 0
    assert set(tables.read("s.csv", "SCORES")["scheme"]) == {"fp", "rtn8-g64", "rtn3-g64"}


def test_sweep_of_one_language_says_what_it_cannot(glotgap, model):
    code, out, err = glotgap("sweep", model, "--bits", "3", "--languages", "eng", "--limit", "2")
    assert (code, err) == (0, "")
    assert "disparity is not asked" in out
    assert out.splitlines()[-1].startswith("With n = 1 languages")


def test_clips_ends_in_one_plain_sentence(glotgap, model, tmp_path):
    calibration = written(tmp_path / "other", items=range(30, 36))
    options = ("--bits", "2", "--granularity", "g64", "--rival", "rtn{bits}-g64-pct99.9", *TWO)
    code, out, err = glotgap("clips", model, *options, "--calibration", calibration, "--out", "s.parquet")
    assert (code, err) == (0, "wrote s.parquet\n")
    assert out.splitlines()[-1].startswith("With n = 2 languages, 3 items and this model, the data do")
    assert out.startswith("2 bits, g64: A shared clip costs ")  # before anything is scored
    schemes = set(tables.read("s.parquet", "SCORES")["scheme"])
    assert {"la2-own-g64", "la2-paper-g64", "rtn2-g64-mse", "rtn2-g64-pct99.9", "fp"} <= schemes


@pytest.mark.parametrize("command", ["sweep", "clips"])
def test_studies_keep_quiet(glotgap, model, tmp_path, command):
    calibration = ("--calibration", written(tmp_path / "other", items=range(30, 36)))
    options = ("--bits", "8", "--languages", "eng", "--limit", "1", *calibration)
    assert glotgap(command, model, *options, "--out", "s.csv", "-q") == (0, "", "")
