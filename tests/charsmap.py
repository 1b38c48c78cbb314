"""Writes SentencePiece's precompiled_charsmap: source strings as a double array (Darts-clone), and their targets."""

import base64
import struct
import unicodedata

_LEAF = 1 << 8
_VALUE = 1 << 31


def precompiled(mapping):
    """The character map {source: target} in base64, as a tokenizer.json holds it."""
    targets, places = b"", {}
    for target in dict.fromkeys(mapping.values()):
        places[target] = len(targets)
        targets += target.encode() + b"\0"
    units = _double_array({source.encode(): places[target] for source, target in mapping.items()})
    blob = struct.pack(f"<{len(units)}I", *units)
    return base64.b64encode(struct.pack("<I", len(blob)) + blob + targets).decode()


def _double_array(values):
    """Units of the trie: a child of a node stands at node ^ offset ^ label, the value of a node at label 0."""
    root = {}
    for key, value in values.items():
        node = root
        for byte in key:
            node = node.setdefault(byte, {})
        node[None] = value
    units, taken, queue = {}, {0}, [(0, 0, root)]
    while queue:
        at, label, node = queue.pop(0)
        labels = [byte or 0 for byte in node]
        base = next(b for b in range(max(1, len(taken) - 512), 1 << 21) if not taken & {b ^ child for child in labels})
        taken |= {base ^ child for child in labels}
        units[at] = (at ^ base) << 10 | label | (_LEAF if None in node else 0)
        for byte, child in node.items():
            if byte is None:
                units[base] = child | _VALUE
            else:
                queue.append((base ^ byte, byte, child))
    return [units.get(at, 0) for at in range((max(units) | 255) + 1)]


def nmt_nfkc():
    """A small map in the manner of nmt_nfkc: compatibility forms, compositions, white space, controls."""
    mapping = {"\u200b": "", "\ufeff": "", "\x07": "", "\t": " ", "\n": " ", "\r": " ", "\u00a0": " ", "\u2028": " "}
    ranges = [(0xA0, 0x180), (0x2000, 0x2030), (0x2100, 0x2190), (0x2460, 0x24A0), (0x3000, 0x3040), (0x3300, 0x3380)]
    for start, stop in [*ranges, (0xFB00, 0xFB07), (0xFDF0, 0xFDFF), (0xFF01, 0xFFA0)]:
        for code in range(start, stop):
            target = unicodedata.normalize("NFKC", chr(code))
            if target != chr(code):
                mapping.setdefault(chr(code), target)
    for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00), 0x1026, 0x304C, 0x958):
        source = unicodedata.normalize("NFD", chr(code))
        target = unicodedata.normalize("NFKC", chr(code))
        if source != target:
            mapping.setdefault(source, target)
    return mapping
