"""Model files written by hand, by their formats' definitions, so that no reader is tested with its own writer."""

import json
import struct
import zipfile
from pathlib import Path

import ml_dtypes
import numpy as np

import glotgap.weights

NAMES = {ours: theirs for theirs, ours in glotgap.weights.DTYPES.items()}
"""Our dtype names -> numpy's and ml_dtypes'."""

SAFETENSORS = {
    "f64": "F64", "f32": "F32", "f16": "F16", "bf16": "BF16", "f8_e4m3fn": "F8_E4M3", "f8_e5m2": "F8_E5M2",
    "f8_e4m3fnuz": "F8_E4M3FNUZ", "f8_e5m2fnuz": "F8_E5M2FNUZ", "f8_e8m0": "F8_E8M0", "i64": "I64", "i32": "I32",
    "i16": "I16", "i8": "I8", "u8": "U8", "bool": "BOOL",
}  # fmt: skip

TORCH = {"f64": "DoubleStorage", "f32": "FloatStorage", "f16": "HalfStorage", "bf16": "BFloat16Storage"}


def numpy_dtype(name):
    """The numpy dtype that tables call `name`."""
    name = NAMES[name]
    return np.dtype(getattr(ml_dtypes, name, name))


def our_name(array):
    return glotgap.weights.DTYPES[array.dtype.name]


def widened(array):
    """All values as f64, in logical order."""
    with np.errstate(invalid="ignore"):  # signalling NaN are numbers to us
        return np.asarray(array).astype(np.float64).reshape(-1)


def header(entries, metadata=None):
    """The length and JSON that open a safetensors file."""
    text = json.dumps({**({"__metadata__": metadata} if metadata else {}), **entries}).encode()
    return struct.pack("<Q", len(text)) + text


def safetensors(path, tensors):
    """Writes {name: array} in the order given."""
    entries, data, at = {}, [], 0
    for name, array in tensors.items():
        raw = np.ascontiguousarray(array).tobytes()
        offsets = [at, at + len(raw)]
        entries[name] = {"dtype": SAFETENSORS[our_name(array)], "shape": list(array.shape), "data_offsets": offsets}
        data.append(raw)
        at += len(raw)
    path = Path(path)
    path.write_bytes(header(entries) + b"".join(data))
    return path


def sparse(path, tensors):
    """Writes {name: (dtype, shape)} whose data is a hole in the file: gigabytes of zeros in no time."""
    entries, at = {}, 0
    for name, (dtype, shape) in tensors.items():
        size = int(np.prod(shape)) * numpy_dtype(dtype).itemsize
        entries[name] = {"dtype": SAFETENSORS[dtype], "shape": list(shape), "data_offsets": [at, at + size]}
        at += size
    start = header(entries)
    with Path(path).open("wb") as file:
        file.write(start)
        file.truncate(len(start) + at)
    return Path(path)


def sharded(folder, shards):
    """Writes {file: {name: array}} and their index."""
    for file, tensors in shards.items():
        safetensors(folder / file, tensors)
    weight_map = {name: file for file, tensors in shards.items() for name in tensors}
    index = {"metadata": {}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def torch_zip(path, storages, tensors):
    """Writes a torch checkpoint: storages {key: 1-D array}; tensors {name: (key, offset, shape, strides)}."""
    views = [_text(name) + _view(storages[key], key, *view) for name, (key, *view) in tensors.items()]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x/data.pkl", b"\x80\x02}(" + b"".join(views) + b"u.")
        archive.writestr("x/byteorder", "little")
        for key, array in storages.items():
            archive.writestr(f"x/data/{key}", array.tobytes())
    return Path(path)


def _view(storage, key, offset, shape, strides):
    """Opcodes of torch._utils._rebuild_tensor_v2(storage, offset, shape, strides, False, None)."""
    kind = TORCH[our_name(storage)].encode()
    stored = (
        b"(" + _text("storage") + b"ctorch\n" + kind + b"\n" + _text(key) + _text("cpu") + _int(storage.size) + b"tQ"
    )
    view = _int(offset) + _tuple(shape) + _tuple(strides) + b"\x89N"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + stored + view + b"tR"


def _text(text):
    return b"X" + struct.pack("<I", len(text.encode())) + text.encode()


def _int(number):
    return b"\x8a\x08" + struct.pack("<q", number)


def _tuple(numbers):
    return b"(" + b"".join(map(_int, numbers)) + b"t"


def gguf(path, tensors, **metadata):
    """Writes {name: f32 array or (packed bytes, ggml type)} with the gguf package; metadata are strings or ints."""
    import gguf as package

    writer = package.GGUFWriter(path, "llama")
    for key, value in metadata.items():
        add = writer.add_string if isinstance(value, str) else writer.add_uint32
        add(key.replace("__", "."), value)
    for name, tensor in tensors.items():
        array, kind = tensor if isinstance(tensor, tuple) else (tensor, None)
        writer.add_tensor(name, array, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return Path(path)
