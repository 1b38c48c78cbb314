"""Pictures of results, drawn with matplotlib: imported when a result's `plot` is called, and by nothing else."""

from typing import TYPE_CHECKING, Any

import numpy as np

from glotgap._errors import BadArgumentError, UnsupportedError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from glotgap.stats.results import BootstrapResult, PermutationTestResult

__all__ = ["bootstrap_picture", "permutation_picture"]


def bootstrap_picture(result: "BootstrapResult", axes: "Axes | None") -> "Axes":
    """Draw the bootstrap distribution, the estimate and the interval."""
    drawn = _histogram(result.bootstrap_distribution, axes)
    drawn.axvline(float(result.estimate), color="black", label=f"{result.statistic} {float(result.estimate):.4g}")
    low, high = map(float, result.confidence_interval)
    shown = [end for end in (low, high) if np.isfinite(end)]
    for end in shown:
        drawn.axvline(end, color="black", linestyle="--")
    drawn.set_title(f"{100 * result.confidence_level:g} % interval {low:.4g} to {high:.4g} ({result.method})")
    drawn.set_xlabel(result.statistic)
    drawn.legend()
    return drawn


def permutation_picture(result: "PermutationTestResult", axes: "Axes | None") -> "Axes":
    """Draw the null distribution and the statistic of the data."""
    drawn = _histogram(result.null_distribution, axes)
    drawn.axvline(float(result.statistic), color="black", label=f"of the data: {float(result.statistic):.4g}")
    drawn.set_title(f"p = {float(result.pvalue):.4g} ({result.alternative}{', exact' if result.exact else ''})")
    drawn.set_xlabel("statistic of rearranged data")
    drawn.legend()
    return drawn


def _histogram(values: Any, axes: "Axes | None") -> "Axes":
    if np.ndim(values) != 1:
        raise BadArgumentError(f"the result has shape {np.shape(values)[:-1]}: plot one data set at a time")
    drawn = _new_axes() if axes is None else axes
    finite = values[np.isfinite(values)]
    drawn.hist(finite, bins=min(100, max(10, int(len(finite) ** 0.5))), color="lightgray")
    drawn.set_ylabel("replicates")
    return drawn


def _new_axes() -> "Axes":
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise UnsupportedError("pictures need matplotlib: pip install 'glotgap[report]'") from error
    return Figure(layout="constrained").add_subplot()
