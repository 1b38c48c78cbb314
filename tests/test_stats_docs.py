"""The examples of docs/stats.md print what the page says. To write that anew: `python tests/test_stats_docs.py`."""

import contextlib
import io
import re
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "stats.md"
EXAMPLE = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)


def printed(code):
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        exec(compile(code, "<example>", "exec"), {})
    return shown.getvalue()


def test_every_example_prints_what_the_page_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    examples = EXAMPLE.findall(PAGE.read_text("utf-8"))
    assert len(examples) > 15
    for code, shown in examples:
        assert printed(code) == shown


if __name__ == "__main__":
    page = PAGE.read_text("utf-8")
    PAGE.write_text(EXAMPLE.sub(lambda m: f"```python\n{m[1]}```\n\n```text\n{printed(m[1])}```\n", page), "utf-8")
