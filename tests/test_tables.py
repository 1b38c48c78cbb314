"""Tables: what check refuses, and what Parquet, CSV and JSON bring back."""

import json
import os
import stat

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from glotgap import tables
from glotgap._atomic import replacing
from glotgap._errors import BadArgumentError, BadFileError, GlotgapError, UnsupportedError
from glotgap.tables import TENSORS, check, read, read_metadata, sort, write
from synthetic import frame, llama, row

FORMATS = ["parquet", "csv", "json"]
METADATA = {"glotgap": "0.1.0", "arguments": '{"per": "tensor"}', "note": "naïve, “名前”\nsecond line"}


def odd_rows():
    """Everything a format could lose: nulls, a scalar's empty shape, extreme numbers, awkward names."""
    return frame(
        [
            row('a,b"c\nd', [], None, mean=None, std=5e-324, n=2**64 - 1),
            row("é.weight", [3, 0], 1 / 3, min=-1.7976931348623157e308, exact=False, block=None),
            row("model.layers.2.self_attn.q_proj.weight", [2, 3], -2.0, dtype="f8_e4m3fn", exact=None),
        ]
    )


def test_errors_are_one_hierarchy():
    assert issubclass(BadArgumentError, ValueError)
    assert all(issubclass(error, GlotgapError) for error in (BadArgumentError, BadFileError, UnsupportedError))


def test_declaration_holds_every_column_once_with_a_meaning():
    names = [column.name for column in TENSORS.columns]
    assert len(names) == len(set(names))
    assert all(column.meaning for column in TENSORS.columns)
    assert TENSORS.describe().height == len(names) == 27 + 7 * 9


def test_check_accepts_whole_scans_scans_without_clips_and_blocks():
    check("TENSORS", llama(2))
    check("TENSORS", frame([row("a", [1], 0.0, parts=("base", "whole"))], ("base", "whole")))
    blocks = [row("a", [2], 0.0, parts=("base",), block=block) for block in (0, 1)]
    check("TENSORS", frame(blocks, ("base",)))


def test_check_accepts_any_tail_and_quantile():
    own = llama(1).rename({"tail3": "tail2.5", "q0.001": "q1e-06", "q0.999": "q1"}).drop("tail4", "q0.01")
    check("TENSORS", own)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop("skew", "std"), "columns missing: std, skew"),
        (lambda f: f.drop("clip4_midrise"), "columns missing: clip4_midrise"),
        (lambda f: f.with_columns(extra=1), "unknown column extra"),
        (lambda f: f.rename({"tail3": "tailx"}), "unknown column tailx"),
        (lambda f: f.select("tensor", pl.exclude("tensor")), "column model is out of order"),
        (lambda f: f.with_columns(pl.col("n").cast(pl.Int64)), "column n is Int64, expected UInt64"),
        (lambda f: f.with_columns(std=float("nan")), "column std holds NaN"),
        (lambda f: pl.concat([f, f]), "two rows share one key"),
    ],
)
def test_check_says_what_is_wrong(change, message):
    with pytest.raises(BadArgumentError, match=message):
        check("TENSORS", change(llama(1)))


def test_unknown_table_is_refused():
    with pytest.raises(BadArgumentError, match="no table is called 'TENSOR'"):
        check("TENSOR", llama(1))


def test_sort_orders_by_key_with_nulls_first():
    shuffled = pl.concat([frame([row("b", [1], 0.0, block=block)]) for block in (2, None, 0)])
    assert sort("TENSORS", shuffled)["block"].to_list() == [None, 0, 2]
    assert_frame_equal(
        sort("TENSORS", llama(12)), sort("TENSORS", llama(12).sample(fraction=1.0, shuffle=True, seed=1))
    )


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("table", [llama(2), odd_rows(), llama(0), odd_rows().clear()])
def test_write_then_read_gives_the_same_table(tmp_path, suffix, table):
    path = tmp_path / f"x.{suffix}"
    write(table, path, METADATA)
    back = read(path)
    if suffix == "json" and table.is_empty():
        assert back.is_empty()
    else:
        assert_frame_equal(back, sort("TENSORS", table), check_exact=True)
    assert read_metadata(path) == METADATA


@pytest.mark.parametrize("suffix", FORMATS)
@given(
    value=st.floats(allow_nan=False, allow_infinity=False), count=st.integers(0, 2**64 - 1), name=st.text(min_size=1)
)
@settings(max_examples=50, deadline=None)
def test_numbers_and_names_survive_to_the_last_bit(tmp_path_factory, suffix, value, count, name):
    name = name.encode("utf-8", "ignore").decode().replace("\0", "").strip() or "x"
    path = tmp_path_factory.mktemp("round") / f"x.{suffix}"
    table = frame([row("a", [1], 0.0, mean=value, n=count, file=name)])
    write(table, path, {})
    assert_frame_equal(read(path), table, check_exact=True)


def test_json_and_csv_are_readable_without_glotgap(tmp_path):
    write(llama(1), tmp_path / "x.json", METADATA)
    document = json.loads((tmp_path / "x.json").read_text())
    assert document["metadata"] == METADATA
    assert document["rows"][0]["shape"] == [128256, 4096]
    write(llama(1), tmp_path / "x.csv", METADATA)
    assert pl.read_csv(tmp_path / "x.csv")["shape"][0] == "128256x4096"


def test_write_replaces_whole_and_leaves_nothing_behind(tmp_path):
    path = tmp_path / "x.parquet"
    path.write_bytes(b"old")
    write(llama(1), path, {})
    assert read(path).height == llama(1).height
    assert [found.name for found in tmp_path.iterdir()] == ["x.parquet"]


def test_a_failed_write_keeps_the_old_file(tmp_path):
    path = tmp_path / "x.txt"
    path.write_bytes(b"old")

    def fail():
        with replacing(path) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_bytes() == b"old"
    assert [found.name for found in tmp_path.iterdir()] == ["x.txt"]


@pytest.mark.skipif(os.name != "posix", reason="permission bits and links are POSIX")
def test_written_files_follow_the_umask_and_links(tmp_path):
    write(llama(1), tmp_path / "x.parquet", {})
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE((tmp_path / "x.parquet").stat().st_mode) == 0o666 & ~umask
    (tmp_path / "link.parquet").symlink_to("x.parquet")
    write(llama(2), tmp_path / "link.parquet", {})
    assert (tmp_path / "link.parquet").is_symlink()
    assert read(tmp_path / "x.parquet").height == llama(2).height


@pytest.mark.parametrize("name", ["x", "x.txt", "x.parquet.gz"])
def test_unknown_suffix_is_refused_before_any_work(tmp_path, name):
    with pytest.raises(BadArgumentError, match=r"end it in \.parquet, \.csv or \.json"):
        tables.check_path(tmp_path / name)


def test_missing_directory_and_directory_as_target_are_refused(tmp_path):
    with pytest.raises(BadArgumentError, match="does not exist; create it first"):
        write(llama(1), tmp_path / "no" / "x.csv", {})
    (tmp_path / "x.csv").mkdir()
    with pytest.raises(BadArgumentError, match="name a file"):
        write(llama(1), tmp_path / "x.csv", {})


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize(
    "content", [None, b"", b"\x00\x01garbage", b"[]", b'{"rows": 3}', b'{"rows": [3]}', b"a,b\n1,2\n"]
)
def test_unreadable_tables_are_bad_files(tmp_path, suffix, content):
    path = tmp_path / f"x.{suffix}"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadFileError, match="as a TENSORS table: "):
        read(path)


def test_another_parquet_table_is_a_bad_file(tmp_path):
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "x.parquet")
    with pytest.raises(BadFileError, match="unknown column a"):
        read(tmp_path / "x.parquet")
    with pytest.raises(BadFileError, match="metadata"):
        read_metadata(tmp_path / "absent.parquet")
