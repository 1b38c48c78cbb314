"""Parallel text: layouts, alignment, and what is wrong with it."""

from pathlib import Path

import polars as pl
import pytest

from glotgap import BadArgumentError, BadFileError, quant
from tokenizer_texts import DATA


def write(directory: Path, **files: str) -> Path:
    for name, text in files.items():
        (directory / f"{name}.txt").write_text(text, "utf-8")
    return directory


def test_own_sentences_are_aligned_and_sound() -> None:
    text = quant.parallel()
    assert len(text.languages) == 21
    assert len(text.ids) == 48
    assert quant.faults(text) == []
    assert len({item for items in text.texts.values() for item in items}) == 21 * 48


@pytest.mark.skipif(not (DATA / "ntrex").exists(), reason="NTREX (shared data) is not here")
def test_ntrex_is_read_by_the_names_of_its_files() -> None:
    text = quant.parallel(DATA / "ntrex", languages=["eng", "heb", "zho-CN"], limit=100)
    assert text.languages == ("eng", "heb", "zho-CN")
    assert {len(items) for items in text.texts.values()} == {100}
    assert "newstest2019-ref-2.spa.txt" in text.skipped
    whole = quant.parallel(DATA / "ntrex")
    assert len(whole.languages) == len([path for path in (DATA / "ntrex").iterdir() if "2019-" in path.name]) - 1
    assert {fault.kind for fault in quant.faults(whole)} >= {"not NFC"}


def test_flores_is_read_by_the_names_of_its_files(tmp_path: Path) -> None:
    for language, line in (("eng_Latn", "One.\n"), ("arb_Arab", "واحد.\n")):
        (tmp_path / f"{language}.devtest").write_text(line, "utf-8")
    assert quant.parallel(tmp_path).languages == ("arb_Arab", "eng_Latn")


@pytest.mark.parametrize("kind", ["jsonl", "parquet", "frame"])
def test_rows_are_aligned_by_id(kind: str, tmp_path: Path) -> None:
    rows = pl.DataFrame(
        {"id": ["b", "a", "a", "b"], "language": ["deu", "deu", "eng", "fra"], "text": ["B", "A", "E", None]}
    )
    path = tmp_path / f"rows.{kind}"
    if kind == "jsonl":
        rows.write_ndjson(path)
    elif kind == "parquet":
        rows.write_parquet(path)
    text = quant.parallel(rows if kind == "frame" else path)
    assert text.ids == ("b", "a")
    assert text.texts == {"deu": ("B", "A"), "eng": (None, "E"), "fra": (None, None)}


def test_lines_end_at_line_feeds_only(tmp_path: Path) -> None:
    write(tmp_path, deu="a\u2028b\r\nc\n", eng="\ufeffd\ne")
    assert quant.parallel(tmp_path).texts == {"deu": ("a\u2028b", "c"), "eng": ("d", "e")}


def test_faults_are_counted_by_language(tmp_path: Path) -> None:
    write(tmp_path, deu="eins\neins\n\ndrei\ufffd\n", eng="one\ntwo\ncafe\u0301\n \n")
    found = {
        (fault.language, fault.kind): (fault.items, fault.first) for fault in quant.faults(quant.parallel(tmp_path))
    }
    assert found == {
        ("deu", "duplicate"): (1, "2"),
        ("deu", "empty"): (1, "3"),
        ("deu", "replacement character"): (1, "4"),
        ("eng", "not NFC"): (1, "3"),
        ("eng", "empty"): (1, "4"),
    }


def test_wrong_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadFileError, match=r"different numbers of them \(deu 2, eng 1\)"):
        quant.parallel(write(tmp_path, deu="a\nb\n", eng="a\n"))
    (tmp_path / "eng.txt").write_bytes(b"one\n\xfftwo\n")
    with pytest.raises(BadFileError, match=r"eng\.txt is not UTF-8 in line 2"):
        quant.parallel(tmp_path)
    (tmp_path / "eng.txt").write_bytes(b"")
    with pytest.raises(BadFileError, match="is empty"):
        quant.parallel(tmp_path)
    (tmp_path / "newstest2019-ref.deu.txt").write_text("a\nb\n", "utf-8")
    with pytest.raises(BadFileError, match="a second text of deu"):
        quant.parallel([tmp_path / "deu.txt", tmp_path / "newstest2019-ref.deu.txt"])
    with pytest.raises(BadFileError, match=r"fra\.txt cannot be read: No such file"):
        quant.parallel([tmp_path / "deu.txt", tmp_path / "fra.txt"])
    with pytest.raises(BadFileError, match="no file's name tells its language"):
        quant.parallel([tmp_path / "Report"])
    with pytest.raises(BadFileError, match="does not exist"):
        quant.parallel(tmp_path / "nowhere")
    with pytest.raises(BadArgumentError, match="name the directory"):
        quant.parallel(tmp_path / "deu.txt")


def test_wrong_wishes_are_named() -> None:
    with pytest.raises(BadArgumentError, match="no text of klingon in glotgap's own sentences: it has amh, arb"):
        quant.parallel(languages=["eng", "klingon"])
    with pytest.raises(BadArgumentError, match="limit is 0"):
        quant.parallel(limit=0)
    with pytest.raises(BadArgumentError, match="languages is empty"):
        quant.parallel(languages=[])
    with pytest.raises(BadArgumentError, match="no column text"):
        quant.parallel(pl.DataFrame({"id": [1], "language": ["eng"]}))
    twice = pl.DataFrame({"id": [1, 1], "language": ["eng", "eng"], "text": ["a", "b"]})
    with pytest.raises(BadArgumentError, match="2 rows of the same id and language, such as 1 in eng"):
        quant.parallel(twice)
    with pytest.raises(BadArgumentError, match="parallel text from int"):
        quant.parallel(7)
