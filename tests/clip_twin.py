"""The slow twin of the table of clips and errors."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra torch")

from glotgap.quant.clip_errors import RATIOS


def loop(matrix, second, bits, group, *, rows):
    """The slow twin: relative errors, units × ratios × languages, in float64."""
    levels, width = 2 ** (bits - 1) - 1, matrix.shape[1]
    norm = [(row_square := (matrix**2).sum(0)) @ one for one in second]
    units = []
    for row in matrix:
        for begin in range(0, width, group or width):
            part = slice(begin, begin + (group or width))
            top = np.abs(row[part]).max() if rows else np.abs(matrix).max()
            errors = np.zeros((len(RATIOS), len(second)))
            for at, ratio in enumerate(RATIOS):
                step = top * ratio / levels if top else 1.0
                noise = (np.clip(np.round(row[part] / step), -levels, levels) * step - row[part]) ** 2
                errors[at] = [noise @ one[part] / n if n else 0 for one, n in zip(second, norm, strict=True)]
            units.append(errors)
    assert row_square.shape == (width,)
    return np.array(units) if rows else np.sum(units, axis=0, keepdims=True)
