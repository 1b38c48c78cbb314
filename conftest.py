"""The examples in docstrings of modules that run models: only where the extra `torch` is installed."""

from importlib.util import find_spec

NEED_TORCH = ["python/glotgap/quant/tiny/__init__.py", "python/glotgap/quant/tiny/t[ro]*.py"]

collect_ignore_glob = [] if find_spec("transformers") else NEED_TORCH
