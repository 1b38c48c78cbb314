"""A pytest plugin that puts our functions in scipy's place, wherever scipy looks them up.

Loaded with `-p scipy_swap` before scipy's tests are imported; GLOTGAP_STREAM says which stream.
"""

import functools
import os

import scipy.stats
import scipy.stats._resampling
import scipy.stats._stats_py
from scipy._lib._array_api import xp_capabilities_table

from glotgap import stats


def swap(name):
    theirs = getattr(scipy.stats, name)
    ours = functools.partial(getattr(stats, name), stream=os.environ["GLOTGAP_STREAM"])
    ours = functools.wraps(getattr(stats, name))(ours)
    for module in (scipy.stats, scipy.stats._resampling, scipy.stats._stats_py):
        setattr(module, name, ours)
    xp_capabilities_table[ours] = xp_capabilities_table[theirs]


def pytest_configure():
    swap("bootstrap")
    swap("permutation_test")
    scipy.stats.DegenerateDataWarning = stats.DegenerateDataWarning
