"""`glotgap quant` when it is used wrongly, fails, is stopped, asked for help, or has no torch."""

import json
import subprocess
import sys

import pytest

from quant_models import transformers  # noqa: F401  # isort: skip  # skips without torch

from glotgap.quant import tiny


@pytest.fixture(scope="module")
def model():
    return str(tiny.model(steps=2))


# Wrong usage and errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("eval",), "Missing argument 'MODEL'"),
        (("eval", "m", "--scheme", "rtn9"), "rtn has 2 to 8 bits: 9 is given"),
        (("eval", "m", "--scheme", "nonesuch4"), "is no method"),
        (("eval", "m", "--unit", "page"), "'page'"),
        (("eval", "m", "--limit", "0"), "0"),
        (("eval", "m", "--dtype", "int4"), "'int4'"),
        (("eval", "m", "--out", "x.txt"), "end it in .parquet, .csv or .json"),
        (("eval", "m", "--out", "no/x.csv"), "does not exist"),
        (("eval", "m", "--audit", "x"), "end it in .parquet, .csv or .json"),
        (("eval", "m", "--out", "x.csv", "--audit", "x.csv"), "are one file"),
        (("eval", "m", "--resume"), "give --out"),
        (("eval", "m", "--out", "x.csv", "--resume", "--cache", "c"), "give one of them"),
        (("eval", "m", "-q"), "add --out FILE"),
        (("eval", "m", "--length", "1"), "1"),
        (("sweep", "m", "--bits", "9"), "9"),
        (("sweep", "m", "--granularity", "g0"), "g0"),
        (("sweep", "m", "--granularity", "row"), "give tensor, channel, or g and a number"),
        (("clips", "m"), "give --calibration"),
        (("clips", "m", "--calibration", "c", "--rival", "gptq{bits}-g0"), "rival"),
        (("profile", "m"), "Missing option '--out'"),
        (("profile", "m", "--out", "p.npz"), "end it in .safetensors"),
        (("profile", "m", "--out", "no/p.safetensors"), "does not exist"),
        (("profile", "m", "--out", "p.safetensors", "--folds", "0"), "0"),
        (("regret", "m", "p", "--granularity", "mean"), "give tensor, channel, or g and a number"),
        (("regret", "m", "p", "--out", "r.txt"), "end it in .parquet or .csv"),
        (("report-tables",), "Missing argument"),
        (("report-tables", "s", "--level", "1"), "1"),
        (("report-tables", "s", "--high", "eng"), "--high and --low are compared with each other"),
        (("paint",), "No such command"),
    ],
)
def test_wrong_usage_is_exit_code_2_before_any_work(glotgap, monkeypatch, arguments, message):
    monkeypatch.setattr("glotgap.quant.models.load", lambda *_, **__: pytest.fail("the model was loaded"))
    code, out, err = glotgap(*arguments)
    assert (code, out) == (2, "")
    assert message in " ".join(err.split())
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("eval", "./none"), "./none does not exist"),
        (("eval", "{model}", "--corpus", "none"), "none does not exist"),
        (("eval", "{model}", "--languages", "xyz"), "no text of xyz"),
        (("eval", "{model}", "--languages", ","), "languages is empty"),
        (("eval", "{model}", "--tokenizer", "./none"), "./none does not exist"),
        (("eval", "{model}", "--device", "cube"), "device is 'cube'"),
        (("eval", "{model}", "--length", "9999"), "length is 9999"),
        (("eval", "{model}", "--scheme", "la4-own"), "give calibration"),
        (
            ("eval", "{model}", "--scheme", "rtn4-keep:nothing.like.it", "--limit", "1", "--languages", "eng"),
            "fits no weight",
        ),
        (("eval", "{model}", "--cache", "no/x"), "does not exist"),
        (("profile", "./none", "--out", "p.safetensors"), "./none does not exist"),
        (("regret", "./none", "none.safetensors"), "none"),
        (("regret", "{model}", "none.safetensors"), "none.safetensors"),
        (("clips", "{model}", "--calibration", "none"), "none does not exist"),
    ],
)
def test_errors_are_one_line_and_exit_code_1(glotgap, model, arguments, message):
    code, out, err = glotgap(*(part.format(model=model) for part in arguments))
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("error: ")
    assert message in err


def test_interruption_says_what_was_kept_and_how_to_keep(glotgap, model, monkeypatch):
    def interrupted(*_arguments, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr("glotgap.quant.evaluating.subject", interrupted)
    assert glotgap("eval", model) == (
        130,
        "",
        "stopped; nothing was kept: with --cache FILE, or --out FILE --resume, scores are kept as they are made\n",
    )
    code, out, err = glotgap("eval", model, "--cache", "kept.sqlite")
    assert (code, out) == (130, "")
    assert "scores so far are kept in kept.sqlite: the same command goes on from them" in err


def test_eval_help_tells_of_schemes(glotgap):
    code, out, err = glotgap("eval", "--help")
    assert (code, err) == (0, "")
    assert "glotgap quant schemes" in " ".join(out.split())
    assert "rtn4-g64-mse" in out


# Fresh interpreters


def fresh(code):
    """What a new interpreter prints for `code`, parsed as JSON."""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


LOADED = "import json, sys\nprint(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"


def test_importing_the_room_imports_no_framework():
    loaded = fresh(
        f"import glotgap.quant\nglotgap.quant.parallel(limit=1)\nglotgap.quant.Scheme.parse('rtn4')\n{LOADED}"
    )
    assert not {"torch", "transformers", "safetensors", "matplotlib"} & set(loaded)


@pytest.mark.parametrize(
    "arguments", [["--help"], ["quant", "--help"], ["quant", "eval", "--help"], ["quant", "schemes"]]
)
def test_help_waits_for_nothing(arguments):
    code = f"from glotgap.cli import main\ntry:\n    main({arguments})\nexcept SystemExit:\n    pass\n{LOADED}"
    loaded = set(fresh(code))
    assert not {"torch", "transformers", "matplotlib", "rich"} & loaded
    assert "polars" not in loaded or arguments[-1] == "schemes"


HELP = """
import time
begin = time.perf_counter()
from glotgap.cli import main
try:
    main(["quant", "--help"])
except SystemExit:
    print(time.perf_counter() - begin)
"""


def test_help_takes_under_a_second():
    assert min(fresh(HELP) for _ in range(3)) < 1  # the least: other work on the machine only adds time


HIDDEN = """
import json, sys
sys.modules[{name!r}] = None
import glotgap
from glotgap import quant
try:
    quant.evaluate
except glotgap.UnsupportedError as error:
    print(json.dumps(str(error)))
"""


@pytest.mark.parametrize("name", ["torch", "transformers"])
def test_without_torch_the_room_says_what_to_install(name):
    said = fresh(HIDDEN.format(name=name))
    assert said.startswith(f"glotgap.quant.evaluate needs {name}")
    assert "pip install 'glotgap[torch]'" in said


def test_without_torch_a_command_says_what_to_install_in_one_line():
    code = "import sys\nsys.modules['torch'] = None\nfrom glotgap.cli import main\nmain(['quant', 'eval', 'm'])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout, run.stderr.count("\n")) == (1, "", 1)
    assert "pip install 'glotgap[torch]'" in run.stderr


def test_a_reader_that_leaves_is_no_error():
    code = "from glotgap.cli import main; main(['quant', 'schemes'])"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141
