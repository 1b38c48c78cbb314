"""Fills fuzz/corpus: weights from the fixtures of the Rust tests, tokenizers from the variants of the Python tests, cut
small, and a corpus in every format and compression; and fuzz/corpus/tokenizer_json.dict, the words of their language.

Needs the extra `dev`, whose packages write the files.
"""

import bz2
import gzip
import io
import json
import lzma
import shutil
import struct
import sys
import zipfile
from pathlib import Path

import polars
import zstandard

HERE = Path(__file__).parent
FIXTURES = HERE.parent / "rust/core/tests/fixtures"
HEADER = (
    b'{"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},'
    b'"b":{"dtype":"F4","shape":[2],"data_offsets":[24,25]}}'
)
# Pieces of other characters, or longer, are left out of tokenizers; those before them keep their numbers.
LONGEST = 3
KEPT = set("abcdeorstABĠ▁#<>/wunk0123'. \u0301é") | set("[UNK]")
DOCUMENTS = [("the otter", "eng"), ("", "eng"), ("quote \" comma , tab \t end", "und"), ("日本\né", "jpn"), (None, None)]
# The order of READINGS in src/corpus.rs.
CONTENT, TEXT, FILE, BLANK, JSON, CSV, TSV, CONLLU, PARQUET, ARROW, STREAM = range(11)
CONLLU_TEXT = (
    "# text = du pain\n1-2\tdu\t_\t_\t_\t_\t_\t_\t_\t_\n1\tde\t_\t_\t_\t_\t_\t_\t_\t_\n2\tle\t_\t_\t_\t_\t_\t_\t_\t_\n"
    "3\tpain\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No\n\n"
)


def corpus(target: str) -> Path:
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def weights() -> None:
    for target, folder, pattern in (
        ("torch_zip", "torch", "*.pt"),
        ("npy", "npy", "*.np[yz]"),
        ("gguf", "gguf", "*.gguf"),
    ):
        for fixture in sorted((FIXTURES / folder).glob(pattern)):
            shutil.copy(fixture, corpus(target))
    for fixture in filter(zipfile.is_zipfile, sorted((FIXTURES / "torch").glob("*.pt"))):
        with zipfile.ZipFile(fixture) as archive:
            for name in archive.namelist():
                if name.endswith("/data.pkl"):
                    (corpus("torch_zip") / f"{fixture.name}.pkl").write_bytes(archive.read(name))
    (corpus("safetensors") / "header").write_bytes(HEADER)
    (corpus("safetensors") / "file").write_bytes(struct.pack("<Q", len(HEADER)) + HEADER + bytes(25))


def is_kept(piece: str) -> bool:
    return len(piece) <= LONGEST and KEPT.issuperset(piece) or piece in {"<unk>", "[UNK]", "<0x41>", "</w>"}


def cut_small(model: dict) -> dict:
    """The model without most of its pieces, and without the merges that need them."""
    if isinstance(model["vocab"], list):
        return model | {"vocab": [entry for entry in model["vocab"] if is_kept(entry[0])][:60]}
    vocab = dict([entry for entry in model["vocab"].items() if is_kept(entry[0])][:90])
    merges = [pair for pair in model.get("merges", ()) if {*pair, "".join(pair)} <= vocab.keys()]
    return model | {"vocab": vocab} | ({"merges": merges} if "merges" in model else {})


def words(part: object) -> set[str]:
    """All names and short texts of a JSON value."""
    if isinstance(part, dict):
        return set(part).union(*map(words, part.values()))
    if isinstance(part, list):
        return set().union(*map(words, part))
    return {part} if isinstance(part, str) and len(part) < 30 else set()


def tokenizers() -> None:
    sys.path.insert(0, str(HERE.parent / "tests"))
    from charsmap import precompiled
    from tokenizer_variants import PRECOMPILED, VARIANTS

    large, small = PRECOMPILED["precompiled_charsmap"], precompiled({"ﬁ": "fi", "²": "2", "e\u0301": "é", "\t": " "})
    known: set[str] = {"id", "type_id", "Left", "Right", "BPEDecoder", "ByteFallback", "Unigram", "Random"}
    for name, variant in VARIANTS.items():
        known |= words({part: value for part, value in variant.items() if part != "model"}) | set(variant["model"])
        text = json.dumps(variant | {"model": cut_small(variant["model"])}, ensure_ascii=False, separators=(",", ":"))
        (corpus("tokenizer_json") / name).write_text(text.replace(large, small), "utf-8")
    escaped = ("".join(f"\\x{byte:02x}" for byte in f'"{word}"'.encode()) for word in sorted(known))
    (HERE / "corpus" / "tokenizer_json.dict").write_text("".join(f'"{word}"\n' for word in escaped), "ascii")


def written(frame: polars.DataFrame, write: str, **options: object) -> bytes:
    file = io.BytesIO()
    getattr(frame, write)(file, **options)
    return file.getvalue()


def tables() -> dict[str, tuple[int, bytes]]:
    frame = polars.DataFrame(DOCUMENTS, schema=["text", "lang"], orient="row")
    nested = frame.select(polars.struct("text").alias("a"), polars.col("text").cast(polars.Categorical))
    found = {
        "csv": (CSV, written(frame, "write_csv")),
        "tsv": (TSV, written(frame, "write_csv", separator="\t", line_terminator="\r\n")),
        "stream": (STREAM, written(frame, "write_ipc_stream")),
        "categories": (ARROW, written(nested, "write_ipc")),
    }
    for packed in ("uncompressed", "lz4", "zstd"):
        found[f"arrow.{packed}"] = ARROW, written(frame, "write_ipc", compression=packed)
    for packed in ("uncompressed", "snappy", "gzip", "zstd", "lz4"):
        found[f"parquet.{packed}"] = PARQUET, written(frame, "write_parquet", compression=packed, row_group_size=3)
    return found


def documents() -> None:
    lines = "".join(json.dumps({"text": text, "n": [1.5e3, {}], "lang": lang}) + "\n" for text, lang in DOCUMENTS)
    text = "\ufeffone\r\n\n  \t\ntwo\0 words\nthree \udcff\nlast".encode("utf-8", "surrogateescape")
    files = tables() | {
        "text": (TEXT, text),
        "file": (FILE, text),
        "blank": (BLANK, text),
        "jsonl": (JSON, lines.encode()),
        "half": (JSON, b'{"te\\u0078t":"a\\ud83d\\ude00\\ud83d"}\n[]\n{"text":null}\n{"text":1e999}\n{}\n{"text":"'),
        "conllu": (CONLLU, CONLLU_TEXT.encode()),
    }
    for name, (reading, content) in list(files.items()):
        files[f"{name}.content"] = CONTENT, content
    packers = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstandard.compress}
    for name, pack in packers.items():
        files[f"text.{name}"] = TEXT, pack(text)
        files[f"jsonl.{name}"] = CONTENT, pack(lines.encode()) * 2
    for name, (reading, content) in files.items():
        (corpus("corpus") / name).write_bytes(bytes([reading]) + content)


if __name__ == "__main__":
    weights()
    tokenizers()
    documents()
