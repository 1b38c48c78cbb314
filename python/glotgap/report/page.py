"""A figure as a file: SVG, PNG, PDF, or one HTML page that holds all it shows and loads nothing.

Files appear whole or not at all, and hold no date: the same figure gives the same bytes.
"""

import html
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from glotgap._atomic import check_target, replacing
from glotgap._errors import BadArgumentError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["check_path", "save"]

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fff }}
body {{ max-width: 70rem; margin: 2rem auto; padding: 0 1rem }}
svg {{ width: 100%; height: auto }}
figure {{ margin: 0 }}
</style>
</head>
<body>
<h1>{title}</h1>
<figure role="img" aria-label="{title}">
{picture}
</figure>
{text}
</body>
</html>
"""


_UNDATED: Final = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}


def check_path(path: str | os.PathLike[str]) -> Path:
    """Return where a figure named `path` will be written; call it before the work that makes the figure.

    Raises:
        BadArgumentError: the suffix is none of .svg, .png, .pdf, .html, or the directory does not exist.
    """
    if Path(path).suffix.lower() not in {".svg", ".png", ".pdf", ".html"}:
        raise BadArgumentError(f"cannot tell the format of {str(path)!r}: end it in .svg, .png, .pdf or .html")
    return check_target(path)


def save(figure: "Figure", path: str | os.PathLike[str], *, title: str = "glotgap", text: Sequence[str] = ()) -> None:
    """Write `figure` to a .svg, .png, .pdf or .html file.

    Args:
        figure: a matplotlib figure.
        path: file to write or replace.
        title: heading of the HTML page.
        text: paragraphs under the picture, HTML only.

    Raises:
        BadArgumentError: see `check_path`.
        OSError: the disk refuses.
    """
    target = check_path(path)
    match target.suffix.lower():
        case ".png":
            content = _rendered(figure, "png")
        case ".svg":
            content = _rendered(figure, "svg")
        case ".pdf":
            content = _rendered(figure, "pdf")
        case _:
            content = _page(_rendered(figure, "svg").decode(), title, text).encode()
    with replacing(target) as file:
        file.write(content)


def _rendered(figure: "Figure", kind: str) -> bytes:
    from matplotlib import rc_context

    buffer = io.BytesIO()
    # Text as outlines looks the same everywhere; a fixed salt names the parts of an SVG alike in every run.
    with rc_context({"svg.fonttype": "path", "svg.hashsalt": "glotgap"}):
        figure.savefig(buffer, format=kind, metadata=_UNDATED.get(kind))
    return buffer.getvalue()


def _page(svg: str, title: str, text: Sequence[str]) -> str:
    picture = svg[svg.index("<svg") :]
    paragraphs = "\n".join(f"<p>{html.escape(paragraph)}</p>" for paragraph in text)
    return _PAGE.format(title=html.escape(title), picture=picture, text=paragraphs)
