"""Bootstrap and permutation tests with the names and results of scipy.stats, many times its speed, for other tools.

`bootstrap` gives confidence intervals, `permutation_test` gives p. A statistic is a **name** (computed by the Rust
core, see `glotgap.stats.names`) or any Python callable (resampled here). The same seed gives the same bits on any
machine, with any number of threads. numpy is the only import; tables of polars, pandas and Arrow are read as they come.

Which interval and which test: docs/stats.md. How the core computes: `rust/core/src/stats/mod.rs`.

Example:
    >>> import numpy as np
    >>> scores = np.random.default_rng(1).normal(10, 2, size=50)
    >>> result = bootstrap(scores, "mean", rng=1)
    >>> bool(result.confidence_interval.low < 10 < result.confidence_interval.high)
    True
"""

from glotgap.stats.adjusting import ADJUSTMENTS, adjust
from glotgap.stats.answers import Answer
from glotgap.stats.blocks import block_length
from glotgap.stats.bootstrap import bootstrap
from glotgap.stats.cautions import DegenerateDataWarning
from glotgap.stats.correlating import correlate
from glotgap.stats.influence import LeaveOneOut, leave_one_out
from glotgap.stats.names import NAMES
from glotgap.stats.permutation import permutation_test
from glotgap.stats.planning import PowerResult, SampleSize, mde, power, sample_size
from glotgap.stats.poisson import PoissonBootstrap
from glotgap.stats.quantiles import QuantileInterval, exact_quantile_interval
from glotgap.stats.results import BootstrapResult, ConfidenceInterval, PermutationTestResult
from glotgap.stats.trend import TrendResult, mann_kendall

__all__ = [
    "ADJUSTMENTS",
    "NAMES",
    "Answer",
    "BootstrapResult",
    "ConfidenceInterval",
    "DegenerateDataWarning",
    "LeaveOneOut",
    "PermutationTestResult",
    "PoissonBootstrap",
    "PowerResult",
    "QuantileInterval",
    "SampleSize",
    "TrendResult",
    "adjust",
    "block_length",
    "bootstrap",
    "correlate",
    "exact_quantile_interval",
    "leave_one_out",
    "mann_kendall",
    "mde",
    "permutation_test",
    "power",
    "sample_size",
]
