"""Moments per row, column, head and group against numpy block by block."""

import json
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import glotgap
from glotgap.weights import inspect, memory, scan
from writers import NAMES, gguf, header, numpy_dtype, safetensors, torch_zip, widened

STEP = 1 << 20
NAME = "model.layers.0.mlp.up_proj.weight"


def heavy(shape, dtype="f32", seed=0):
    return np.random.default_rng(seed).standard_t(5, size=shape).astype(numpy_dtype(dtype))


def blocks_of(path, per, **options):
    frame = scan(path, per=per, **options)
    assert frame["block"].to_list() == list(range(len(frame)))
    return frame


def check(frame, blocks):
    """Every row of `frame` is the block of the same index: a row of the matrix `blocks`."""
    assert len(frame) == len(blocks)
    for row, block in zip(frame.iter_rows(named=True), blocks, strict=True):
        check_block(row, block[np.isfinite(block)], block)


def check_block(row, x, block):
    assert (row["n"], row["n_nan"], row["n_inf"]) == (x.size, np.isnan(block).sum(), np.isinf(block).sum())
    if not x.size:
        assert row["mean"] is row["std"] is row["kurtosis"] is row["min"] is row["absmax"] is None
        return
    assert (row["min"], row["max"], row["absmax"], row["n_zero"]) == (x.min(), x.max(), abs(x).max(), np.sum(x == 0))
    mean = total(x) / x.size
    assert math.isclose(row["mean"], mean, rel_tol=1e-13, abs_tol=1e-15 * abs(x).max())
    if np.ptp(x) == 0:
        assert (row["std"], row["skew"], row["kurtosis"]) == (0.0, None, None)
        return
    d = x - mean  # these blocks are spread about their mean: f64 deviations keep 15 digits
    m2, m3, m4 = (total(d**k) / x.size for k in (2, 3, 4))
    assert math.isclose(row["std"], math.sqrt(m2), rel_tol=1e-12)
    assert math.isclose(row["skew"], m3 / m2**1.5, rel_tol=1e-12, abs_tol=1e-12)
    assert math.isclose(row["kurtosis"], m4 / m2**2 - 3, rel_tol=1e-12, abs_tol=3e-12)


def total(x):
    return float(np.sum(x, dtype=np.longdouble))


@pytest.mark.parametrize("dtype", NAMES)
@pytest.mark.parametrize("per", ["row", "column", "group:7"])
def test_every_format_is_cut_alike(tmp_path, dtype, per):
    rng = np.random.default_rng(1)
    with np.errstate(invalid="ignore"):
        x = np.abs(rng.normal(size=(11, 21)) * 10).astype(np.float32).astype(numpy_dtype(dtype))
    blocks = {"row": x, "column": x.T, "group:7": x.reshape(-1, 7)}[per]
    check(blocks_of(safetensors(tmp_path / "x", {NAME: x}), per), [widened(block) for block in blocks])


@pytest.mark.parametrize("columns", [1, 2, 255, 256, 257, 513])
@pytest.mark.parametrize("rows", [1, 3, 50])
def test_columns_are_found_at_every_width(tmp_path, rows, columns):
    x = heavy((rows, columns))
    path = safetensors(tmp_path / "x", {NAME: x})
    check(blocks_of(path, "column"), widened(x).reshape(rows, columns).T)
    check(blocks_of(path, "row"), widened(x).reshape(rows, columns))


def test_columns_longer_than_a_piece_are_joined(tmp_path):
    x = heavy((20_000, 3))
    check(blocks_of(safetensors(tmp_path / "x", {NAME: x}), "column"), widened(x).reshape(x.shape).T)


@pytest.mark.parametrize("dtype", ["f32", "bf16", "f64"])
@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_rows_longer_than_a_step_are_joined(tmp_path, dtype, extra):
    x = heavy((2, STEP + extra), dtype)
    check(blocks_of(safetensors(tmp_path / "x", {NAME: x}), "row"), widened(x).reshape(x.shape))


@pytest.mark.parametrize("shape", [(), (1,), (17,), (0,), (0, 3), (3, 0), (2, 0, 3), (1, 1), (1, 1, 1)])
@pytest.mark.parametrize("per", ["row", "column"])
def test_vectors_scalars_and_nothing_are_cut_too(tmp_path, shape, per):
    x = heavy(shape)
    frame = blocks_of(safetensors(tmp_path / "x", {"model.norm.weight": x}), per)
    assert frame["n"].sum() == x.size
    if x.size == 0:
        assert frame.is_empty()
    elif len(shape) < 2:
        check(frame, [widened(x)])


@pytest.mark.parametrize("shape", [(1 << 40, 0), (0, 1 << 62), (300_000_000, 0), (0,)])
@pytest.mark.parametrize("per", ["row", "column", "head", "group:1", "group:32"])
def test_a_tensor_without_values_has_no_blocks_however_large_its_shape(tmp_path, shape, per):
    name = "model.layers.0.self_attn.q_proj.weight"
    entries = {name: {"dtype": "F32", "shape": shape, "data_offsets": [0, 0]}}
    (tmp_path / "config.json").write_text('{"head_dim": 1}')
    path = tmp_path / "x.safetensors"
    path.write_bytes(
        header({**entries, "norm.weight": {"dtype": "F32", "shape": [32], "data_offsets": [0, 128]}}) + bytes(128)
    )
    if per == "head":
        with pytest.raises(glotgap.BadArgumentError, match="heads"):
            scan(path, per=per)
    else:
        assert scan(path, per=per)["tensor"].unique().to_list() == ["norm.weight"]
    assert scan(path)["n"].to_list() == [0, 32]


def test_more_blocks_than_memory_holds_are_refused_before_the_scan(tmp_path, monkeypatch):
    path = safetensors(tmp_path / "x.safetensors", {NAME: heavy((10, 64))})
    monkeypatch.setattr("glotgap.weights.memory.available", lambda: 20 * memory.BYTES_PER_ROW)
    assert len(scan(path, per="group:32")) == 20
    with pytest.raises(glotgap.BadArgumentError, match=r"40 blocks, .* 320 bytes each, and .* take larger groups"):
        scan(path, per="group:16", progress=lambda *_: pytest.fail("the scan began"))


def test_many_blocks_are_warned_of_before_the_scan(tmp_path, monkeypatch):
    path = safetensors(tmp_path / "x.safetensors", {NAME: heavy((10, 64))})
    monkeypatch.setattr("glotgap.weights.memory._MUCH", 20 * memory.BYTES_PER_ROW)
    with pytest.warns(glotgap.GlotgapWarning, match="40 blocks, which need 0.0 GB"):
        scan(path, per="group:16")


def test_what_memory_is_free_is_known_here():
    assert memory.available() > 1 << 20


@pytest.mark.parametrize(("name", "per", "axis"), [("experts.w1.weight", "row", 0), ("experts.w1.weight", "column", 1)])
def test_stacked_experts_are_one_tall_matrix(tmp_path, name, per, axis):
    x = heavy((3, 5, 7))
    tall = widened(x).reshape(15, 7)
    check(blocks_of(safetensors(tmp_path / "x", {name: x}), per), tall if axis == 0 else tall.T)


@pytest.mark.parametrize(("per", "axis"), [("row", 0), ("column", 1)])
def test_kernels_are_cut_by_channel(tmp_path, per, axis):
    x = heavy((4, 3, 5))
    blocks = np.moveaxis(widened(x).reshape(x.shape), axis, 0).reshape(x.shape[axis], -1)
    check(blocks_of(safetensors(tmp_path / "x", {"encoder.conv1.weight": x}), per), blocks)


@pytest.mark.parametrize(("head_dim", "heads"), [(64, 4), (80, 3), (96, 2), (300, 2)])
def test_heads_are_rows_of_queries_and_columns_of_outputs(tmp_path, head_dim, heads):
    width = head_dim * heads
    q, o = heavy((width, 50)), heavy((50, width), seed=1)
    config = {"model_type": "llama", "num_attention_heads": heads, "hidden_size": width, "head_dim": head_dim}
    (tmp_path / "config.json").write_text(json.dumps(config))
    for name, x, blocks in (
        ("q_proj", q, widened(q).reshape(heads, -1)),
        ("o_proj", o, np.moveaxis(widened(o).reshape(50, heads, head_dim), 1, 0).reshape(heads, -1)),
    ):
        path = safetensors(tmp_path / f"{name}.safetensors", {f"model.layers.0.self_attn.{name}.weight": x})
        check(blocks_of(path, "head"), blocks)


def test_heads_without_a_config_are_refused(tmp_path):
    path = safetensors(tmp_path / "x", {"model.layers.0.self_attn.q_proj.weight": heavy((64, 64))})
    with pytest.raises(glotgap.BadArgumentError, match=r"config\.json"):
        scan(path, per="head")


@pytest.mark.parametrize("size", [1, 2, 32, 128, 65_536, 98_304])
def test_groups_are_neighbours(tmp_path, size):
    x = heavy((2, 98_304 * 2), "bf16")[:, : 98_304 if size != 65_536 else 131_072]
    frame = blocks_of(safetensors(tmp_path / "x", {NAME: x}), f"group:{size}")
    groups = widened(x).reshape(-1, size)
    if len(groups) < 1_000:
        check(frame, groups)
    assert frame["n"].sum() == x.size
    assert np.array_equal(frame["max"], groups.max(axis=1))
    assert np.allclose(frame["mean"], groups.mean(axis=1), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("per", ["group:0", "group:-1", "group:", "group:1.5", "group: 4", "rows", "", "group:٣"])
def test_other_cuts_are_refused(tmp_path, per):
    path = safetensors(tmp_path / "x", {NAME: heavy((4, 4))})
    with pytest.raises(glotgap.BadArgumentError, match="group:N"):
        scan(path, per=per)


def test_rows_that_do_not_divide_are_listed(tmp_path):
    path = safetensors(tmp_path / "x", {NAME: heavy((4, 10)), "model.norm.weight": heavy(16)})
    found = inspect(path, per="group:8")
    assert found.skipped["tensor"].to_list() == [NAME]
    assert found.frame["n"].to_list() == [8, 8]


def test_views_of_a_torch_storage_are_cut_in_logical_order(tmp_path):
    storage = heavy(6_000)
    path = torch_zip(tmp_path / "x.pt", {"0": storage}, {NAME: ("0", 0, (60, 100), (1, 60))})
    x = widened(storage).reshape(100, 60).T
    check(blocks_of(path, "row"), x)
    check(blocks_of(path, "column"), x.T)
    check(blocks_of(path, "group:25"), x.reshape(-1, 25))


@pytest.mark.parametrize("kind", ["Q4_K", "Q8_0", "Q6_K", "F32", "F16"])
@pytest.mark.parametrize("head_dim", [64, 80])
def test_blocks_of_gguf_may_split_packed_ones(tmp_path, kind, head_dim):
    package = pytest.importorskip("gguf")
    heads, rows = 768 * 5 // (5 * head_dim) if head_dim == 64 else 16, 20
    width = heads * head_dim
    x, stored, number = packed(package, kind, rows, width)
    path = gguf(tmp_path / "x.gguf", {"blk.0.attn_output.weight": (stored, number)},
                llama__attention__head_count=heads, llama__embedding_length=width)  # fmt: skip
    columns = np.moveaxis(x.reshape(rows, heads, head_dim), 1, 0).reshape(heads, -1)
    check(blocks_of(path, "head"), columns)
    check(blocks_of(path, "row"), x)
    check(blocks_of(path, "column"), x.T)
    check(blocks_of(path, "group:16"), x.reshape(-1, 16))


def packed(package, kind, rows, width):
    """Values as the package decodes them, what is stored, and its type; random bytes where it cannot encode."""
    from gguf.quants import dequantize, quantize

    number = package.GGMLQuantizationType[kind]
    if kind in {"Q8_0", "F32", "F16"}:
        stored = quantize(heavy((rows, width)), number)
    else:
        elements, size = package.GGML_QUANT_SIZES[number]
        stored = np.random.default_rng(0).integers(0, 256, (rows, width // elements * size), dtype=np.uint8)
        scales = {"Q4_K": (0, 2), "Q6_K": (208,)}[kind]  # where blocks keep their f16 scales: random ones may be NaN
        blocks = stored.reshape(rows, -1, size)
        for at in scales:
            blocks[..., at : at + 2] = np.frombuffer(np.float16(0.01 + at / 1e4).tobytes(), np.uint8)
    return np.asarray(dequantize(stored, number), np.float64).reshape(rows, width), stored, number


@given(st.lists(st.integers(0, 12), max_size=4), st.sampled_from(["row", "column", "group:1", "group:2", "group:3"]),
       st.sampled_from(["f32", "f16", "f64", "i8", "bf16"]))  # fmt: skip
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_value_is_in_one_block(tmp_path, shape, per, dtype):
    x = np.arange(1, math.prod(shape) + 1).reshape(shape).astype(numpy_dtype(dtype))
    found = inspect(safetensors(tmp_path / "x", {NAME: x}), per=per)
    if len(found.skipped):
        assert per.startswith("group")
        return
    assert found.frame["n"].sum() == x.size
    whole = (found.frame["mean"] * found.frame["n"]).sum()
    assert math.isclose(whole, widened(x).sum(), rel_tol=1e-12, abs_tol=1e-12)


@pytest.mark.parametrize("per", ["row", "column"])
def test_nan_only_blocks_have_no_figures(tmp_path, per):
    x = heavy((6, 6))
    x[2] = np.nan
    x[:, 4] = np.inf
    blocks = widened(x).reshape(6, 6)
    check(blocks_of(safetensors(tmp_path / "x", {NAME: x}), per), blocks if per == "row" else blocks.T)
