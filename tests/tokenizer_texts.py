"""Texts that tokenizers stumble over: every script, white space, marks, runs, code, and the tokens that are added.

Made from the interpreter's own Unicode tables, in a fixed order; `TEXTS` holds no text twice.
"""

import itertools
import os
import unicodedata
from collections import defaultdict
from pathlib import Path

from tokenizer_corpus import SENTENCES

DATA = Path(os.environ.get("GLOTGAP_DATA", Path(__file__).parents[1] / ".." / "shared" / "data"))

ADDED = ["<x>", "<s>", "[MASK]", "foo", "Bar", "été", "<|end|>", "中文", "new york"]
"""What the variants add as tokens; texts hold them in every surrounding."""

WHITE = [chr(c) for c in range(0x110000) if chr(c).isspace()]
ZERO_WIDTH = list("\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u061c\u200e\u200f\u202e\u2066\u180e\ufe0f\u3164\u115f")
CONTROL = [chr(c) for c in (*range(32), *range(127, 160))]
RUN_LENGTHS = (2, 3, 4, 7, 15, 16, 17, 31, 33, 64, 99, 100, 101, 128, 201, 1000, 5000)


def scripts():
    """A text for each first word of a character's name: LATIN, THAI, CJK, CUNEIFORM, BOX, …"""
    groups = defaultdict(list)
    for code in range(0x110000):
        name = unicodedata.name(chr(code), "")
        if name:
            groups[name.split(" ")[0].split("-")[0]].append(chr(code))
    for _, characters in sorted(groups.items()):
        sample = characters[:: max(1, len(characters) // 9)][:9]
        yield "".join(sample)
        if len(sample) > 4:
            yield f"a {''.join(sample[:3])} {''.join(sample[3:6])}. {sample[-1]}1"


def blocks():
    """Eight characters of each 256 of planes 0, 1 and 14: assigned, private, unassigned and noncharacters alike."""
    for start in (*range(0, 0x20000, 0x100), 0x2FF00, 0xE0000, 0xE0100, 0xF0000, 0x10FF00):
        if not 0xD800 <= start < 0xE000:
            yield "".join(chr(start + step) for step in (0, 1, 0x2A, 0x40, 0x83, 0xB1, 0xF0, 0xFF))


def white_space():
    for mark in (*WHITE, *ZERO_WIDTH):
        yield from (f"a{mark}b", f"{mark}a", f"a{mark}", f"a{mark}{mark}b", f" {mark}a {mark}", mark)
    yield from (
        "\r\n",
        "a\r\nb\r\n",
        "\r\n\r\na",
        "\n\r",
        "a \n b",
        "a\n\n b",
        "  a  b  ",
        " \t\n\r\x0b\x0c",
        "a\t\tb",
        "",
    )
    yield from (" " * n + "a" for n in range(1, 20))
    yield from ("a\n" + " " * n + "b" for n in range(9))
    yield from ("a" + " " * n + "\n" for n in range(1, 9))


def control():
    for mark in CONTROL:
        yield from (f"a{mark}b", f"{mark}{mark} c{mark}")


def runs():
    for unit, length in itertools.product(
        [" ", "\n", "a", "0", "é", "中", "▁", "👍", "\u0301", "ก", "ab", "."], RUN_LENGTHS
    ):
        yield (unit * length)[:5000]
    yield from (f"x{' ' * n}y{chr(10) * n}z" for n in RUN_LENGTHS)


def emoji():
    yield from (
        "👍🏽",
        "👩‍👩‍👧‍👦",
        "🏳️‍🌈",
        "🇫🇷🇩🇪🇯",
        "1️⃣#️⃣",
        "❤️‍🔥",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    )
    for tone in "🏻🏼🏽🏾🏿":
        yield from (f"👋{tone}", f"a👩{tone}‍💻b", f"👨{tone}‍🤝‍👨🏻 ok")
    yield from ("😀" * 3, "a😀b", "😀 😀", "☺︎☺️", "🫨🪿", "👁️‍🗨️text", "\u200d👩", "👩\u200d")


def marks():
    yield from (
        "e\u0301",
        "e\u0301\u0302\u0323",
        "é\u0302",
        "q\u0323\u0307",
        "q\u0307\u0323",
        "Z͑ͫ̓ͪ̂ͫA̴̵̶L͠GO",
        "\u0301a",
        " \u0301 a",
    )
    yield from (
        "각 각 ㄱㅏㄱ ﾡ",
        "ガ ガ ｶﾞ",
        "क़ क़ क्ष ज्ञ",
        "ਸ਼ ਸ਼",
        "ก็้ น้ำ กํา",
        "ۀ ۀ ﷺ ﷲ ﻻ",
        "שָׁלוֹם שלום",
        "ဦး ဦး သို့",
        "Å Å Å K Ω",
    )
    yield from (
        "ﬁ ﬂ ﬆ ﬀ",
        "①② Ⅳ ½ ㎏ ㍿ ™",
        "ＡＢＣ　１２３",
        "ß ẞ ſ İ ı ŉ ǰ",
        "ǅ ǆ Ǆ",
        "x²y³",
        "ΑΣ ας ΌΔΌΣ",
        "\u0345\u0399",
        "ᾳ ᾼ",
    )
    yield from ("a" + "\u0301" * n for n in (1, 2, 5, 30))


def contractions():
    for tail in ("s", "t", "re", "ve", "m", "ll", "d", "x"):
        for cased, quote in itertools.product(dict.fromkeys((tail, tail.upper(), tail.capitalize())), "'’"):
            yield from (f"he{quote}{cased}", f"{quote}{cased}", f"HE{quote}{cased}x", f"he {quote}{cased} '")
    yield from ("'ſ", "he'ſ'Re", "don''t", "o'clock's", "l'été d'Or", "'s's's", "it's1", "1's", "'S", "rock'n'roll")


def numbers_and_code():
    yield from ("1" * n for n in range(1, 14))
    yield from (
        "3.14",
        "1,234,567.89",
        "1e-9",
        "0xFF",
        "٣٤٥",
        "१२३४",
        "一二三",
        "Ⅻ",
        "1st 2nd",
        "a1b22c333",
        "½¾",
        "²³¹",
        "12:34:56",
    )
    yield from (
        "def f(x):\n    return x**2  # ok\n",
        "if (a&&b){c[i]++;}",
        "<a href='x'>&amp;</a>",
        "http://a.b/c?d=e&f=%20#g",
        "a_b__c",
    )
    yield from (
        '{"k": [1, 2.5, null], "t": "\\u00e9"}',
        "\\n\\t\\\\",
        '#!/bin/sh\nexec "$@"',
        "x=1;y =2 ;",
        "--flag=value",
        "a@b.co",
    )
    yield from (
        "camelCaseXMLHttp",
        "SCREAMING_SNAKE",
        "…—–-‐‑",
        "“q” ‘q’ «q» 「q」",
        "!!!???...",
        ". . .",
        "(a)[b]{c}",
        "$5 €5 £5",
        "~`^|",
    )
    yield from (
        "$x^2$",
        "C:\\dir\\file.txt",
        "a/b//c",
        "\x00",
        "\x00\x00a",
        "<0x41>",
        "<0x0A>\n",
        "▁",
        "▁a",
        "a▁b",
        "▁▁ a",
        "Ġa",
        "Ċ",
        "##ing",
        "@@",
    )


def mixed():
    parts = [
        "the",
        "été",
        "слово",
        "שלום",
        "مرحبا",
        "नमस्ते",
        "สวัสดี",
        "中文",
        "ひらがな",
        "한국어",
        "Ελλάδα",
        "ქართ",
        "አማ",
        "ျမန္မာ",
        "😀",
        "42",
        "_",
        ".",
    ]
    yield from ("".join(parts), " ".join(parts), "\n".join(parts), "".join(reversed(parts)))
    for one, other in itertools.permutations(parts, 2):
        yield one + other
    yield from (f"{one} {other} {one}" for one, other in itertools.pairwise(parts))


def with_added():
    shapes = (
        "{}",
        "a{}",
        "{}a",
        "a{}b",
        " {} ",
        "a {} b",
        "{}{}",
        "  {}  ",
        "\n{}\n",
        "a\t{}",
        "{}1",
        "_{}_",
        "é{}",
        "{}.",
        "x{} y",
        "▁{}",
        "{}▁",
    )
    for token, shape in itertools.product(ADDED, shapes):
        yield shape.format(*[token] * shape.count("{}"))
    for token in ADDED:
        yield from (
            token.upper(),
            f"a {token.lower()} {token.title()}",
            token[:-1],
            unicodedata.normalize("NFD", token),
        )
    yield from itertools.starmap("{} {}{}".format, itertools.permutations(ADDED[:5], 3))


def low_lines():
    """U+2581, which SentencePiece writes for a space, where a text has it itself."""
    for letter in ("²", "字", "가", "Ǆ", "𝕏", "a", "the"):
        yield from (f"▁ {letter}", f"x▁ {letter}", f"▁▁ {letter} ▁ {letter}", f"{letter}▁", f"a ▁{letter} b")


def sentences():
    for sentence in SENTENCES:
        yield from (sentence, sentence.upper(), sentence[7:], unicodedata.normalize("NFD", sentence))


def ntrex(lines=1):
    """The first lines of each NTREX language, none where the data is absent."""
    for file in sorted((DATA / "ntrex").glob("newstest2019-*.txt")):
        yield from file.read_text("utf-8").split("\n")[:lines]


TEXTS = list(
    dict.fromkeys(
        itertools.chain(
            scripts(), blocks(), white_space(), control(), runs(), emoji(), marks(), contractions(), numbers_and_code(),
            mixed(), with_added(), low_lines(), sentences(), ntrex(),
        )
    )
)  # fmt: skip
