"""What every wheel must do once installed: scan a file written by hand and find the figures of a ten-line loop.

Run as a program (`python tests/smoke.py`) with nothing but the wheel and its dependencies installed.
"""

import json
import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path


def write_safetensors(path, tensors):
    """Writes float32 tensors, {name: list of values}, by the format's definition."""
    data = {name: struct.pack(f"<{len(values)}f", *values) for name, values in tensors.items()}
    header, at = {}, 0
    for name, raw in data.items():
        header[name] = {"dtype": "F32", "shape": [len(raw) // 4], "data_offsets": [at, at + len(raw)]}
        at += len(raw)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(data.values()))


def kurtosis(values):
    """Excess kurtosis, by its definition."""
    mean = sum(values) / len(values)
    m2 = sum((x - mean) ** 2 for x in values) / len(values)
    m4 = sum((x - mean) ** 4 for x in values) / len(values)
    return m4 / m2**2 - 3


def main():
    import glotgap
    import glotgap.weights

    values = [0.0, 1.0, -1.0, 0.5, 8.0, -0.25]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        write_safetensors(path, {"model.layers.0.mlp.down_proj.weight": values})
        frame = glotgap.weights.scan(path)
        shown = subprocess.run(
            [Path(sys.executable).with_name("glotgap"), "weights", "scan", path],
            capture_output=True,
            check=True,
            encoding="utf-8",
            env=os.environ | {"PYTHONUTF8": "1"},
        )
    assert frame["n"].to_list() == [6]
    assert frame["absmax"].to_list() == [8.0]
    assert abs(frame["kurtosis"][0] / kurtosis(values) - 1) < 1e-12  # same sums in another order
    assert "mlp.down" in shown.stdout
    sys.stdout.write(f"glotgap {glotgap.__version__} works\n")


if __name__ == "__main__":
    main()
