"""The COUNTS of disjoint sources, added: exactly what one scan over all of them counts.

Sums and frequencies are whole numbers, so merging is associative and commutative to the bit, and a corpus may be cut
into parts in any way that keeps documents whole. `source` becomes the list of what was added, one a line and sorted, by
which a part that was added before is recognised.

Limits: two parts of one file must carry two names, as "x.jsonl#0" and "x.jsonl#1"; a source with a line break in its
name reads as two. `used` without frequencies is null: how many tokens two parts share is not known.
"""

from collections import Counter
from collections.abc import Iterable

import polars as pl

from glotgap import tables
from glotgap._arguments import typed
from glotgap._errors import BadArgumentError
from glotgap.tokens.counted import FREQUENCIES, LANGUAGE, added, checked

__all__ = ["merge"]


@typed
def merge(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    r"""Return COUNTS with one row a language, tokenizer and segmenter: the sum of all parts.

    Args:
        parts: COUNTS of scans over disjoint sources (files, shards, machines); all with frequencies, or none.

    Raises:
        BadArgumentError: no parts, a part is no COUNTS table, a source was counted twice, one tokenizer has two
            vocabulary sizes, or only some parts have frequencies.

    Example:
        >>> from glotgap.tokens import toy
        >>> first, second = toy.counts("a.txt"), toy.counts("b.txt")
        >>> merge([first, second]).select("source", "group", "docs", "tokens").row(0)
        ('a.txt\nb.txt', 'deu', 4, 40)
        >>> merge([first, first])
        Traceback (most recent call last):
        ...
        glotgap._errors.BadArgumentError: source 'a.txt' is counted twice for deu with toy: merge disjoint sources
    """
    frames = [checked(part) for part in parts]
    if not frames:
        raise BadArgumentError("merge got no parts: give the COUNTS of at least one scan")
    if len({FREQUENCIES[0] in frame.columns for frame in frames}) > 1:
        raise BadArgumentError("only some parts have token frequencies: scan all with them, or drop them from all")
    counts = pl.concat(frames)
    sources = _sources(counts)
    whole = added(counts).join(sources, on=LANGUAGE, how="left", validate="1:1")
    return tables.sort("COUNTS", whole.select(*counts.columns))


def _sources(counts: pl.DataFrame) -> pl.DataFrame:
    """Name what was added for each language, tokenizer and segmenter, and refuse what was added twice."""
    rows = []
    lists = counts.group_by(LANGUAGE).agg(pl.col("source")).sort(LANGUAGE)
    for group, tokenizer, segmenter, sources in lists.iter_rows():
        names = Counter(name for joined in sources for name in joined.split("\n"))
        twice = min((name for name, times in names.items() if times > 1), default=None)
        if twice is not None:
            raise BadArgumentError(
                f"source {twice!r} is counted twice for {group} with {tokenizer}: merge disjoint sources"
            )
        rows.append((group, tokenizer, segmenter, "\n".join(sorted(names))))
    return pl.DataFrame(rows, schema=[*LANGUAGE, "source"], orient="row")
