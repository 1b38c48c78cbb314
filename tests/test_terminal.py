"""The terminal view: worst first, no number lost, plain in a pipe; and the sentences of the summary."""

import io
import re

import polars as pl
import pytest

from glotgap._errors import BadArgumentError
from glotgap.cli import progress
from glotgap.report.summary import by_component, number_text, sentence, skipped_lines, unknown_line, worst
from glotgap.report.terminal import show
from glotgap.tokens import Progress
from synthetic import frame, llama, row

NOTHING = pl.DataFrame(schema={"file": pl.String, "tensor": pl.String, "reason": pl.String})


class Screen(io.StringIO):
    """A terminal of a given width."""

    def isatty(self):
        return True


def shown(table, skipped=NOTHING, file=None, **options):
    file = file or io.StringIO()
    show(table, skipped, file=file, **options)
    return file.getvalue()


def mini():
    """The shape of MiniLM: an FFN worst of all, norms next, attention light."""
    return frame(
        [
            row("encoder.layer.0.output.dense.weight", [384, 1536], 1582.4, absmax_sigma=174.7),
            row("encoder.layer.0.attention.self.query.weight", [384, 384], 0.2),
            row("encoder.layer.1.attention.self.query.weight", [384, 384], 0.4),
            row("encoder.layer.1.output.LayerNorm.bias", [384], 177.0),
            row("encoder.layer.1.output.dense.weight", [384, 1536], 13.0),
            row("embeddings.position_ids", [1, 512], None, std=0.0),
        ]
    )


def test_worst_first_and_undefined_last():
    names = worst(mini(), top=10)["kurtosis"].to_list()
    assert names == [1582.4, 177.0, 13.0, 0.4, 0.2, None]


def test_worst_is_the_smallest_signal_to_noise_ratio_and_ties_follow_the_key():
    table = frame([row(name, [1], 0.0, sqnr4_symint=noise) for name, noise in (("b", 9.0), ("a", 9.0), ("c", 3.0))])
    assert worst(table, by="sqnr4_symint")["tensor"].to_list() == ["c", "a", "b"]
    assert worst(table, by="tensor")["tensor"].to_list() == ["a", "b", "c"]
    assert worst(table, by="layer")["tensor"].to_list() == ["a", "b", "c"]


def test_order_does_not_depend_on_the_order_of_rows():
    table = llama(4)
    again = table.sample(fraction=1.0, shuffle=True, seed=3)
    assert shown(table) == shown(again)


@pytest.mark.parametrize("by", ["nothing", "shape"])
def test_ranking_by_no_column_is_refused(by):
    with pytest.raises(BadArgumentError, match="cannot sort by"):
        worst(mini(), by=by)


def test_components_have_median_and_maximum():
    found = {name: figures for name, *figures in by_component(mini()).iter_rows()}
    assert found["mlp.down"] == [2, pytest.approx((1582.4 + 13.0) / 2), 1582.4]
    assert found["other"] == [1, None, None]
    assert by_component(mini())["component"][0] == "mlp.down"


def test_sentence_names_the_worst_tensor_and_both_medians():
    assert sentence(mini()) == (
        "The heaviest tails of this model sit in encoder.layer.0.output.dense.weight (mlp.down, layer 0: "
        "excess kurtosis 1,582, largest magnitude 175 σ). "
        "Median excess kurtosis: 0.300 in attention (2 tensors), 798 in MLP (2 tensors)."
    )


def test_sentence_names_the_worst_matrix_when_a_norm_is_worse():
    text = sentence(mini().filter(pl.col("kurtosis") < 1000))
    assert "sit in encoder.layer.1.output.LayerNorm.bias (norm" in text
    assert "; among its matrices, in encoder.layer.1.output.dense.weight (mlp.down" in text


def test_sentence_speaks_of_blocks_and_of_nothing():
    blocks = frame([row("a.mlp.fc1.weight", [2, 2], 1.0, parts=("base",), block=block) for block in (0, 1)], ("base",))
    assert "block 0: excess" in sentence(blocks)
    assert "in MLP (2 blocks)" in sentence(blocks)
    assert sentence(mini().filter(pl.col("kurtosis").is_null())).startswith("No tensor of this model has a kurtosis")
    assert "Median" not in sentence(frame([row("wte.weight", [2, 2], 1.0)]))


def test_skipped_tensors_are_grouped_by_reason():
    skipped = pl.DataFrame(
        [("f", "a", "packed 4-bit"), ("f", "b", "packed 4-bit"), ("f", "c", "unknown type")],
        schema=["file", "tensor", "reason"],
        orient="row",
    )
    assert skipped_lines(skipped) == [
        "Skipped 3 tensors:",
        "  packed 4-bit (2, a among them)",
        "  unknown type (c)",
    ]
    assert skipped_lines(NOTHING) == []


def test_unknown_names_are_listed_and_counted():
    assert unknown_line(mini()) == "No known component (other): embeddings.position_ids."
    many = frame([row(f"odd{number}", [1], 0.0) for number in range(11)])
    assert unknown_line(many).endswith("odd5, odd6 and 3 more.")
    assert unknown_line(llama(1)) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.000"), (-0.0171, "-0.017"), (9.996, "10.00"), (99.96, "100.0"), (123456.7, "123,457"), (1e9, "1.00e+09")],
)
def test_number_text(value, text):
    assert number_text(value) == text


def test_a_pipe_gets_plain_text_with_every_number():
    text = shown(mini())
    assert "\x1b" not in text
    assert "…" not in text
    line = next(line for line in text.splitlines() if line.startswith("encoder.layer.0.output.dense.weight"))
    assert line.split()[1:] == ["0", "mlp.down", "bf16", "590k", "0.0200", "1,582", "175", "1,582", "9.2"]


@pytest.mark.parametrize("width", [60, 72, 80, 100, 200])
def test_a_narrow_terminal_folds_names_and_keeps_the_figures(width, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    text = re.sub(r"\x1b\[[0-9;]*m", "", shown(mini(), file=Screen()))
    for figure in ("1,582", "175", "9.2", "177", "–"):
        assert re.search(rf"(?<!\S){re.escape(figure)}(?!\S)", text), figure
    assert all(len(line) <= width for line in text.splitlines())


def test_names_cannot_steer_the_terminal_or_be_read_as_markup():
    text = shown(frame([row("\x1b[31m[bold]w[/bold]\n:smile:", [1], 1.0)]))
    assert "\x1b" not in text
    assert r"\x1b[31m[bold]w[/bold]\n:smile:" in text


def test_columns_follow_the_table():
    assert "block" not in shown(llama(1))
    blocks = frame([row("a", [2], 0.0, parts=("base",), block=block) for block in (0, 1)], ("base",))
    text = shown(blocks)
    assert "block" in text
    assert "SQNR" not in text
    assert "NaN" in shown(frame([row("a", [2], 0.0, n_nan=3)]))
    assert "skew" in shown(llama(1), by="skew")


def test_top_limits_the_list():
    assert shown(llama(2), top=3).count("model.") == 3 + 1  # and the sentence
    assert "worst" not in shown(llama(2), top=0)
    assert shown(llama(2).clear()).startswith("No tensor")


def test_progress_bar_waits_a_second_and_tells_the_rate(monkeypatch, capsys):
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    bar = progress._Bar()
    passes = progress._Passes(bar)
    now[0] += 0.9
    passes.update(10**9, 8 * 10**9)
    assert bar._shown is None
    now[0] += 1.1
    passes.update(8 * 10**9, 8 * 10**9)
    bar.close()
    assert "4.00 GB/s" in capsys.readouterr().err


def test_a_second_pass_has_its_own_rate(monkeypatch, capsys):
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    bar = progress._Bar()
    passes = progress._Passes(bar)
    for step, done in ((4.0, 8), (0.0, 0), (2.0, 2)):
        now[0] += step
        passes.update(done * 10**9, 8 * 10**9)
    bar.close()
    err = capsys.readouterr().err
    assert "reading again" in err
    assert "1.00 GB/s" in err


def test_a_scan_of_text_tells_documents_rate_and_what_is_counted_again(monkeypatch, capsys):
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    monkeypatch.setenv("COLUMNS", "200")
    read = [Progress("reading", 0, 4 * 10**6, 0), Progress("reading", 3 * 10**6, 4 * 10**6, 1234)]
    again = [*read, Progress("verifying", 10, 2000, 1500)]
    for told, text in ((read, "3.0/4.0 MB 2.0 MB/s 1,234 documents"), (again, "10/2,000 counted again")):
        bar = progress._Bar()
        phases = progress._Phases(bar)
        for seen in told:
            phases.update(seen)
            now[0] += 1.5
        bar.close()
        err = capsys.readouterr().err
        assert err.startswith(told[-1].phase)
        assert text in err


def test_no_progress_bar_where_nobody_looks():
    with progress.reading(quiet=False) as callback:  # pytest's stderr is no terminal
        assert callback is None
