r"""Regexes of tiktoken (Rust's syntax) in the syntax of Oniguruma, which `tokenizers` uses.

Where the two read the same text differently, the text is changed; what is not known to mean the same is refused:

| Rust | Oniguruma | why |
|---|---|---|
| `x{1,3}+` | `(?>x{1,3})` | there, `+` after an interval repeats the interval |
| `x{3}?` | `x{3}` | there, `?` after a fixed interval makes it optional |
| `$`, `^` | `\z`, `\A` | there, they are the ends of a line |
| `\pL` | `\p{L}` | there, a property needs braces |

What stays different: the versions of Unicode of the two engines (letters of the newest scripts), and under `(?i:...)`
letters that fold to several (Oniguruma takes `ﬆ` for `st`).
"""

import re

from glotgap._errors import UnsupportedError

__all__ = ["CL100K", "GPT4", "O200K", "QWEN2", "QWEN35", "R50K", "TEKKEN", "is_total", "to_oniguruma"]

R50K = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"
CL100K = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]"
    r"|\s+(?!\S)|\s"
)
GPT4 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
_CASED = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+CONTRACTION"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*CONTRACTION"
    r"|NUMBER| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
O200K = _CASED.replace("CONTRACTION", "(?i:'s|'t|'re|'ve|'m|'ll|'d)?").replace("NUMBER", r"\p{N}{1,3}")
TEKKEN = _CASED.replace("CONTRACTION", "").replace("NUMBER", r"\p{N}")
QWEN2 = GPT4.replace(r"\p{N}{1,3}", r"\p{N}")
QWEN35 = QWEN2.replace(r"?\p{L}+", r"?[\p{L}\p{M}]+").replace(r"?[^\s\p{L}\p{N}]", r"?[^\s\p{L}\p{M}\p{N}]")

_TOTAL = frozenset({R50K, CL100K, GPT4, O200K, TEKKEN, QWEN2, QWEN35})
_TOKEN = re.compile(
    r"""(?P<escape>\\(?:[pP]\{[^}]*\}|x\{[^}]*\}|u\{[^}]*\}|.))
      | (?P<interval>\{\d+(?:,\d*)?\})
      | (?P<group>\((?:\?(?:[:=!>]|<[=!]|i:|i\))?)?)
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)


def is_total(pattern: str) -> bool:
    """Whether `pattern`, a regex of tiktoken, is known to leave no character of any text unmatched."""
    return pattern in _TOTAL


def to_oniguruma(pattern: str) -> str:
    """Return `pattern`, a regex of tiktoken, so that Oniguruma finds the same matches.

    Raises:
        UnsupportedError: it holds something that the two engines may read differently.
    """
    reader = _Reader(pattern)
    while reader.at < len(pattern):
        reader.step()
    return "".join(reader.out)


class _Reader:
    """Reads a regex from left to right and writes it anew; `atom` is where the last thing to repeat begins."""

    def __init__(self, pattern: str) -> None:
        self.pattern, self.at = pattern, 0
        self.out: list[str] = []
        self.atom, self.groups = 0, [0]

    def step(self) -> None:
        if self.pattern[self.at] == "[":
            self._unit(self._character_class())
            return
        token = _TOKEN.match(self.pattern, self.at)
        if token is None:  # the last alternative takes anything
            raise self._unknown(self.pattern[self.at])
        self.at = token.end()
        kind, text = token.lastgroup, token.group()
        if kind == "interval":
            self._interval(text)
        elif kind == "group":
            self._open(text)
        elif kind == "escape":
            self._unit(self._escape(text))
        else:
            self._plain(text)

    def _unit(self, text: str) -> None:
        self.atom = len(self.out)
        self.out.append(text)

    def _plain(self, text: str) -> None:
        if text == ")":
            self.atom = self.groups.pop() if len(self.groups) > 1 else 0
            self.out.append(text)
        elif text in "?*+|":
            self.out.append(text)
        else:
            self._unit({"$": r"\z", "^": r"\A"}.get(text, text))

    def _open(self, text: str) -> None:
        if text == "(?":
            raise self._unknown(self.pattern[self.at - 2 : self.at + 3])
        if text == "(?i)" and self.out:
            raise self._unknown("(?i) after the start")
        if not text.endswith(")"):
            self.groups.append(len(self.out))
        self.out.append(text)

    def _interval(self, text: str) -> None:
        mark = self.pattern[self.at : self.at + 1]
        if mark == "+":
            self.at += 1
            self.out[self.atom :] = ["(?>", *self.out[self.atom :], text, ")"]
            return
        if mark == "?" and "," not in text:
            self.at += 1
        self.out.append(text)

    def _escape(self, text: str) -> str:
        if text in {r"\p", r"\P"}:
            name = self.pattern[self.at : self.at + 1]
            self.at += 1
            return f"{text}{{{name}}}"
        if text.startswith(r"\u{"):
            return r"\x" + text[2:]
        if text[1].isalnum() and text[1] not in "pPxusSdDwWrntfvaeAzbB":
            raise self._unknown(text)
        return text

    def _character_class(self) -> str:
        """Return a bracketed class: Oniguruma reads it as Rust does, but for what is refused here."""
        start, depth, written = self.at, 0, ""
        while self.at < len(self.pattern):
            token = _TOKEN.match(self.pattern, self.at)
            text = token.group("escape") if token else None
            self.at += len(text or ".")
            character = self._escape(text) if text else self.pattern[self.at - 1]
            written += character
            depth += (character == "[") - (character == "]")
            if depth == 0:
                break
        if depth or re.search(r"\[\[?\^?:|--|~~|\[\^?\]", written):
            raise self._unknown(self.pattern[start : self.at])
        return written

    def _unknown(self, what: str) -> UnsupportedError:
        return UnsupportedError(
            f"the regex {self.pattern!r} holds {what!r}, which may mean another thing to `tokenizers`; "
            "write it without, or give a tokenizer.json"
        )
