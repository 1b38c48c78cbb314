"""What all of pytest shares: examples in docstrings that run models need the extra `torch`, and one thread of it.

Tests run on all cores by processes; models as small as theirs are slower with two threads than with one.
"""

import os
from importlib.util import find_spec
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

QUANT = Path("python/glotgap/quant")
WITHOUT_TORCH = {"__init__", "parallel", "faults", "scheme", "spellings", "recipe", "text", "cache"}


def _needs_torch(path: Path) -> bool:
    return path.stem not in WITHOUT_TORCH or path in {QUANT / "cache.py", QUANT / "tiny" / "__init__.py"}


collect_ignore = [] if find_spec("transformers") else [str(path) for path in QUANT.rglob("*.py") if _needs_torch(path)]
