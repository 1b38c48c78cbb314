"""The command line, end to end on small files: what it prints, writes, and returns when it fails."""

import json
import struct
import subprocess
import sys

import numpy as np
import pytest

from glotgap import __version__, tables

WORST = "encoder.layer.1.output.dense.weight"


@pytest.fixture
def model(tmp_path):
    """A float32 safetensors file of three tensors, the second with one far outlier."""
    arrays = np.random.default_rng(5).standard_normal((3, 64, 48)).astype("<f4")
    arrays[1, 7, 7] = 90.0
    names = ("encoder.layer.0.attention.self.query.weight", WORST, "odd.thing")
    size = arrays[0].nbytes
    header = {
        name: {"dtype": "F32", "shape": [64, 48], "data_offsets": [place * size, (place + 1) * size]}
        for place, name in enumerate(names)
    }
    text = json.dumps(header).encode()
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text + arrays.tobytes())
    return str(path)


@pytest.fixture
def glotgap(command_line):
    return command_line


def test_scan_prints_the_worst_first_and_names_what_it_does_not_know(glotgap, model):
    code, out, err = glotgap("weights", "scan", model)
    lines = out.splitlines()
    ranking = [line.split()[0] for line in lines if line.startswith(("encoder.", "odd."))]
    assert (code, err) == (0, "")
    assert ranking[0] == WORST
    assert len(ranking) == 3
    assert f"The heaviest tails of this model sit in {WORST} (mlp.down, layer 1" in out
    assert "No known component (other): odd.thing." in out
    assert "\x1b" not in out


@pytest.mark.parametrize("suffix", ["parquet", "csv", "json"])
def test_out_keeps_every_figure_and_how_it_was_made(glotgap, model, tmp_path, suffix):
    path = tmp_path / f"x.{suffix}"
    assert glotgap("weights", "scan", model, "--out", str(path))[0] == 0
    table = tables.read(path)
    assert table["tensor"].to_list() == sorted(table["tensor"])
    assert table.filter(table["tensor"] == WORST)["absmax"].to_list() == [90.0]
    assert {"tail3", "tail4", "tail6", "q0.5", "sqnr4_symint"} <= set(table.columns)
    assert tables.read_metadata(path)


def test_options_reach_the_scan(glotgap, model, tmp_path):
    path = tmp_path / "x.parquet"
    options = ("--quantile", "0.9", "--tail", "2.5", "--no-clip", "--threads", "2", "--io", "pread", "--quiet")
    code, out, err = glotgap("weights", "scan", model, *options, "--out", str(path))
    assert (code, out, err) == (0, "", "")
    columns = tables.read(path).columns
    assert {"q0.9", "tail2.5"} <= set(columns)
    assert not {"q0.5", "tail3", "sqnr4_symint"} & set(columns)


def test_rows_are_blocks(glotgap, model, tmp_path):
    path = tmp_path / "x.parquet"
    code, out, _ = glotgap("weights", "scan", model, "--per", "row", "--top", "2", "--out", str(path))
    table = tables.read(path)
    assert code == 0
    assert table.height == 3 * 64
    assert table["block"].null_count() == 0
    assert "2 of 192 blocks" in out
    assert f"{WORST} (mlp.down, layer 1, block 7" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("scan",), "Missing argument 'PATH'"),
        (("scan", "x", "--per", "rows"), "choose tensor, row, column, head or group:N"),
        (("scan", "x", "--per", "group:0"), "choose tensor, row, column, head or group:N"),
        (("scan", "x", "--sort", "curtosis"), "'curtosis' is no column of a scan"),
        (("scan", "x", "--out", "x.txt"), "end it in .parquet, .csv or .json"),
        (("scan", "x", "--quantile", "1.5"), "1.5"),
        (("scan", "x", "--threads", "0"), "0"),
        (("plot", "x"), "Missing option"),
        (("plot", "x", "-o", "x.gif"), "end it in .svg, .png, .pdf or .html"),
        (("plot", "x.parquet", "-o", "x.svg", "--tensor", "w"), "give the model's own PATH with --tensor"),
        (("paint",), "No such command"),
    ],
)
def test_wrong_usage_is_exit_code_2(glotgap, arguments, message):
    code, out, err = glotgap("weights", *arguments)
    assert (code, out) == (2, "")
    assert message in " ".join(err.split())
    assert "Traceback" not in err


@pytest.mark.parametrize("command", [("scan",), ("plot", "-o", "x.svg")])
@pytest.mark.parametrize("content", [None, b"", b"garbage" * 99])
def test_bad_files_are_one_line_and_exit_code_1(glotgap, tmp_path, monkeypatch, command, content):
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / "model.safetensors").write_bytes(content)
    code, out, err = glotgap("weights", command[0], "./model.safetensors", *command[1:])
    assert (code, out) == (1, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert "model.safetensors" in err


def test_interruption_is_exit_code_130_without_a_traceback(glotgap, model, monkeypatch):
    def interrupted(*_arguments, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr("glotgap.weights.inspect", interrupted)
    code, out, err = glotgap("weights", "scan", model)
    assert (code, out, err) == (130, "", "stopped\n")


def test_a_reader_that_leaves_is_no_error(model):
    code = "import sys; from glotgap.cli import main; main(['weights', 'scan', sys.argv[1]])"
    command = [sys.executable, "-c", code, model]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_out_says_what_was_written_apart_from_the_table(glotgap, model, tmp_path):
    path = str(tmp_path / "x.csv")
    code, out, err = glotgap("weights", "scan", model, "--out", path)
    assert (code, err) == (0, f"wrote {path}\n")
    assert "wrote" not in out


@pytest.fixture
def partly(tmp_path):
    """A file with a tensor that is skipped."""
    path = tmp_path / "x.npz"
    np.savez(path, **{"layers.0.w": np.arange(9.0), "text": np.array(["a"])})
    return str(path)


def test_quiet_still_warns_in_one_line_of_what_was_skipped(glotgap, partly, tmp_path):
    code, out, err = glotgap("weights", "scan", partly, "-q", "--out", str(tmp_path / "x.csv"))
    assert (code, out, err.count("\n")) == (0, "", 1)
    assert err.startswith("warning: skipped 1 tensor, the first: text: values of type")
    code, out, err = glotgap("weights", "plot", partly, "-q", "-o", str(tmp_path / "x.svg"))
    assert (code, out, err.count("\n")) == (0, "", 1)
    assert err.startswith("warning: skipped 1 tensor")


def test_nothing_scanned_is_said_as_that(glotgap, tmp_path):
    np.savez(tmp_path / "x.npz", text=np.array(["a"]))
    code, out, _ = glotgap("weights", "scan", str(tmp_path / "x.npz"))
    assert code == 0
    assert "No tensor was scanned." in out
    assert "empty or constant" not in out


def test_quiet_without_out_is_wrong_usage(glotgap, model):
    code, out, err = glotgap("weights", "scan", model, "-q")
    assert (code, out) == (2, "")
    assert "add --out FILE" in err


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--per", "row", "--sort", "tail6"), "counts, extremes and moments only"),
        (("--per", "row", "--sort", "sqnr4_symint"), "counts, extremes and moments only"),
        (("--no-clip", "--sort", "sqnr4_symint"), "--no-clip"),
        (("--sort", "tail5"), "this scan has tail3, tail4, tail6"),
        (("--tail", "2", "--sort", "tail3"), "this scan has tail2"),
        (("--quantile", "-0", "--sort", "q0.5"), "this scan has q0"),
    ],
)
def test_a_column_that_the_scan_will_lack_is_refused_before_it(glotgap, model, monkeypatch, options, reason):
    monkeypatch.setattr("glotgap.weights.inspect", lambda *_a, **_o: pytest.fail("the scan began"))
    code, out, err = glotgap("weights", "scan", model, *options)
    assert (code, out) == (2, "")
    assert reason in " ".join(err.split())


@pytest.mark.parametrize("column", ["tail4", "q0.5", "sqnr8_midrise", "entropy", "quantity"])
def test_other_columns_rank(glotgap, model, column):
    assert glotgap("weights", "scan", model, "--sort", column)[0] == (2 if column == "quantity" else 0)


@pytest.mark.parametrize("kind", ["loop", "no room for a name", "a file as folder"])
def test_where_nothing_can_be_written_is_said_before_the_scan(glotgap, model, tmp_path, monkeypatch, kind):
    monkeypatch.setattr("glotgap.weights.inspect", lambda *_a, **_o: pytest.fail("the scan began"))
    path = tmp_path / "x.csv"
    if kind == "loop":
        path.symlink_to(path.name)
    path = {"no room for a name": tmp_path / f"{'x' * 250}.csv", "a file as folder": f"{model}/x.csv"}.get(kind, path)
    code, out, err = glotgap("weights", "scan", model, "--out", str(path))
    assert (code, out) == (2, "")
    assert "cannot write" in err
    assert "Traceback" not in err


def test_a_saved_scan_is_to_be_drawn(glotgap, model, tmp_path):
    path = str(tmp_path / "x.parquet")
    glotgap("weights", "scan", model, "--out", path)
    code, _, err = glotgap("weights", "scan", path)
    assert code == 2
    assert f"glotgap weights plot {path}" in " ".join(err.split()).replace("│ ", "")


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf", "html"])
def test_plot_draws_a_model_a_saved_scan_and_one_tensor(glotgap, model, tmp_path, suffix):
    saved = tmp_path / "scan.parquet"
    assert glotgap("weights", "scan", model, "--out", str(saved))[0] == 0
    for source, *options in ((model,), (str(saved),), (model, "--tensor", WORST, "--bits", "3")):
        picture = tmp_path / f"x.{suffix}"
        assert glotgap("weights", "plot", source, "-o", str(picture), *options) == (0, "", f"wrote {picture}\n")
        assert glotgap("weights", "plot", source, "-o", str(picture), *options, "-q") == (0, "", "")
        assert picture.stat().st_size > 1000
        picture.unlink()


def test_plot_of_an_absent_tensor_names_it(glotgap, model, tmp_path):
    code, _, err = glotgap("weights", "plot", model, "-o", str(tmp_path / "x.svg"), "--tensor", "absent.weight")
    assert code == 1
    assert err.startswith("error: ")
    assert "absent.weight" in err
    assert not (tmp_path / "x.svg").exists()


def test_version_is_the_package_version(glotgap):
    assert glotgap("--version")[1].strip().endswith(__version__)


@pytest.mark.parametrize("arguments", [["--help"], ["weights", "--help"], ["weights", "scan", "--help"]])
def test_help_loads_nothing_heavy(arguments):
    code = (
        "import sys; from glotgap.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: print(sorted({'polars', 'numpy', 'matplotlib', 'rich', 'torch'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True).stdout
    assert out.startswith("Usage: glotgap")
    assert out.endswith("[]\n")
