"""CHECKS: what is wrong or odd in the text of a corpus, by file, language and check.

Only what was found has a row, but for the row "documents", which says how much text there is. docs/tokens.md defines
each check.
"""

from typing import Final

from glotgap.tables.declaration import COUNT, FLAG, REAL, TEXT, Column, Table

__all__ = ["CHECKS", "UNITS"]

CHECKS: Final = Table(
    "CHECKS",
    ("source", "group", "check", "detail"),
    (
        Column("source", TEXT, "", "the file"),
        Column("group", TEXT, "", "language; null where only the text that could not be read would tell"),
        Column("check", TEXT, "", "what was looked for"),
        Column("detail", TEXT, "", "code point or script; null where the check is not of one"),
        Column("lost", FLAG, "", "whether this was not read, or not as it is stored"),
        Column("documents", COUNT, "documents", "documents concerned; null where the file is"),
        Column("document_share", REAL, "", "of the documents of this source and language"),
        Column("occurrences", COUNT, "", "characters, letters, sequences, documents or faults, as the check says"),
        Column("share", REAL, "", "of all characters, of letters (scripts) or of bytes (duplicates)"),
        Column("bytes", COUNT, "bytes", "bytes of UTF-8 that the occurrences take; null where they were not read"),
        Column("place", COUNT, "", "line or row of the first, from 1; null where the fault is the file's"),
        Column("example", TEXT, "", "text around the first, invisible characters as <U+200B>"),
        Column("note", TEXT, "", "what to know about this row"),
    ),
)

UNITS: Final = {
    "documents": "characters",
    "script": "letters",
    "wrong script": "letters",
    "not NFC": "characters",
    "Zawgyi": "sequences",
    "zero-width mark": "characters",
    "zero-width code point": "characters",
    "stray zero-width mark": "characters",
    "stray zero-width code point": "characters",
    "NUL character": "characters",
    "control character": "characters",
    "control code point": "characters",
    "replacement character": "characters",
    "byte order mark": "files",
    "byte order mark inside": "characters",
    "CR LF": "line ends",
    "duplicate": "documents",
    "invalid UTF-8": "documents",
    "empty document": "documents",
    "no text field": "documents",
    "text is not a string": "documents",
    "not a JSON object": "documents",
    "wrong number of fields": "documents",
    "text after a closing quote": "documents",
    "no language": "documents",
    "truncated": "places",
    "damaged": "places",
    "empty file": "files",
    "unreadable file": "files",
}
"""Every check, and what its occurrences are."""
