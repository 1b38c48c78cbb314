"""Fills fuzz/corpus from the fixtures of the Rust tests; the pickles inside archives are also given by themselves."""

import shutil
import struct
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
FIXTURES = HERE.parent / "rust/core/tests/fixtures"
HEADER = (
    b'{"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},'
    b'"b":{"dtype":"F4","shape":[2],"data_offsets":[24,25]}}'
)


def corpus(target: str) -> Path:
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def main() -> None:
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


if __name__ == "__main__":
    main()
