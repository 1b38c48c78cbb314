"""The errors glotgap raises on purpose: each message says what was wrong, what was given and what to do.

They form one hierarchy, so `except glotgap.GlotgapError` catches everything a caller can act on. The Rust core raises
the same classes: it imports this module, which therefore imports nothing.
"""


class GlotgapError(Exception):
    """Any error glotgap raises on purpose; its subclasses say whose fault it is."""


class BadFileError(GlotgapError):
    """The bytes of a file are not what their format promises: truncated, overlapping, contradictory or absent."""


class BadArgumentError(GlotgapError, ValueError):
    """An argument or a table handed to glotgap is wrong. It is a `ValueError`, so general code catches it too."""


class UnsupportedError(GlotgapError):
    """A correct file or request that glotgap does not handle, for example a data type it cannot read."""


class GlotgapWarning(UserWarning):
    """Something a reader of the result must know, such as tensors that were skipped."""
