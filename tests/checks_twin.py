"""The checks of a corpus, done slowly: Python's own Unicode tables and regular expressions, one document at a time."""

import functools
import re
import unicodedata
from collections import defaultdict

SCRIPTS = {
    "LATIN": "Latn", "CYRILLIC": "Cyrl", "MYANMAR": "Mymr", "LAO": "Laoo", "ARABIC": "Arab", "HEBREW": "Hebr",
    "HIRAGANA": "Hira", "KATAKANA": "Kana", "CJK": "Hani", "DEVANAGARI": "Deva", "HANGUL": "Hang", "THAI": "Thai",
}  # fmt: skip
"""Scripts by the first word of a character's name: enough for the characters of these tests."""

JOINING, RUNNING_ON, RTL = {"Arab", "Deva", "Mymr"}, {"Laoo", "Mymr", "Thai"}, {"Arab", "Hebr"}
BIDI = {0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}
NO_WIDTH = {*BIDI, 0xAD, 0x180E, *range(0x200B, 0x200E), *range(0x2060, 0x2065), 0xFEFF, *range(0xE0020, 0xE0080)}
EMOJI = {"👩", "❤", "\ufe0f", "🏽"}

BASE = "\u1000-\u102a\u103f\u104e\u1050-\u1055\u105a-\u105d\u1061\u1065\u1066\u106e-\u1070\u1075-\u1081\u108e◌\xa0×-"
MEDIAL = "\u103b-\u103e\u105e-\u1060\u1082"
IMPOSSIBLE = re.compile(
    f"(?<![{MEDIAL}{BASE}])(?<!\u1039)\u1031|\u1039(?![{BASE}])|(?<![{MEDIAL}\u103a{BASE}])(?<!\u1039)[\u103b-\u103e]"
)


def script(character):
    """The script of a letter; None where it is shared, or no letter."""
    if not unicodedata.category(character).startswith("L"):
        return None
    return SCRIPTS.get(unicodedata.name(character, "").partition(" ")[0])


@functools.cache
def seconds():
    """Characters that stand in the decomposition of another, not first."""
    return {c for code in range(0x30000) for c in unicodedata.normalize("NFD", chr(code))[1:]}


def segments(text):
    """Cut before each character that nothing before it can combine with."""
    found = []
    for c in text:
        if found and (unicodedata.combining(c) or c in seconds()):
            found[-1] += c
        else:
            found.append(c)
    return found


def is_ordinary(text, place):
    mark, code = text[place], ord(text[place])
    before = text[place - 1] if place else " "
    letter = unicodedata.category(before)[0] in "LM"
    scripts = [script(c) for c in text[:place] if unicodedata.category(c).startswith("L")]
    last = scripts[-1] if scripts else None
    if code in BIDI:
        return any(script(c) in RTL for c in text)
    if mark == "\u200b":
        return last in RUNNING_ON
    if mark in "\u200c\u200d":
        return (letter and last in JOINING) or (mark == "\u200d" and before in EMOJI)
    if mark == "\xad":
        return letter
    return code >= 0xE0020 and (before in EMOJI or 0xE0020 <= ord(before) < 0xE007F)


def names_of(text, place):
    """The checks, and their details, that one character belongs to."""
    c, code = text[place], f"U+{ord(text[place]):04X}"
    if script(c):
        yield "script", script(c)
    if ord(c) in NO_WIDTH:
        for kind in ("zero-width", "stray zero-width")[: 1 if is_ordinary(text, place) else 2]:
            yield from ((f"{kind} mark", None), (f"{kind} code point", code))
    is_control = unicodedata.category(c) == "Cc" and c not in "\t\n\0"
    if is_control and text[place : place + 2] != "\r\n":
        yield from (("control character", None), ("control code point", code))
    named = {"\ufeff": "byte order mark inside", "\0": "NUL character", "\ufffd": "replacement character"}
    if c in named:
        yield named[c], None
    if text[place : place + 2] == "\r\n":
        yield "CR LF", None


def found_in(text):
    """(check, detail) -> (whether the document is concerned, occurrences, bytes)."""
    found = defaultdict(lambda: [1, 0, 0])

    def add(key, part, count):
        found[key][1] += count
        found[key][2] += len(part.encode())

    add(("documents", None), text, len(text))
    for place, c in enumerate(text):
        for key in names_of(text, place):
            add(key, c, 1)
    for part in segments(text):
        if unicodedata.normalize("NFC", part) != part:
            add(("not NFC", None), part, len(part))
    impossible = len(IMPOSSIBLE.findall(text))
    if "Mymr" in map(script, text) and impossible and impossible * 100 >= len(re.findall("[\u1000-\u109f]", text)):
        add(("Zawgyi", None), text, impossible)
    scripts = [script(c) for c in text if script(c)]
    main = max(scripts, key=scripts.count, default=None)  # the first of equals
    for check, detail in found:
        if check == "script":
            found[check, detail][0] = int(detail == main)
    return found


def checks(corpus):
    """(file, language, check, detail) -> (documents, occurrences, bytes, place of the first).

    `corpus`: file -> (language, text) of each line, files in order.
    """
    whole, seen = defaultdict(lambda: [0, 0, 0, None]), set()
    for file, documents in corpus.items():
        for line, (language, text) in enumerate(documents, 1):
            if not text:
                continue
            found = found_in(text)
            if text in seen:
                found["duplicate", None] = [1, 1, len(text.encode())]
            seen.add(text)
            for (check, detail), counts in found.items():
                row = whole[file, language, check, detail]
                row[:3] = [a + b for a, b in zip(row[:3], counts, strict=True)]
                row[3] = row[3] or line
    return {key: tuple(row) for key, row in whole.items()}
