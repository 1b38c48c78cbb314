"""Statistics."""

from glotgap.stats.bootstrap import bootstrap
from glotgap.stats.cautions import DegenerateDataWarning
from glotgap.stats.permutation import permutation_test

__all__ = ["DegenerateDataWarning", "bootstrap", "permutation_test"]
