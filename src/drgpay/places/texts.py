"""Text that people see: nothing in it acts on a terminal or in a workbook."""

from __future__ import annotations

import re
import unicodedata

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def visible(text: str) -> str:
    """The text with what a terminal would obey or hide (control, direction and zero-width signs) written as
    ``\\x1b`` or ``\\u202e``, so that it shows and does nothing."""
    if text.isprintable():
        return text
    return "".join(_shown(sign) if unicodedata.category(sign) in _HIDDEN else sign for sign in text)


def _shown(sign: str) -> str:
    number = ord(sign)
    return f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}" if number < 65536 else f"\\U{number:08x}"


def shown(text: str) -> str:
    """:func:`visible`, line by line: ends of lines stay."""
    return text if text.isprintable() else "\n".join(map(visible, text.split("\n")))


_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")
_NUMBER = re.compile(r"[+-]?(\d[\d,]*)?(\.\d+)?%?")
_DATE_OR_RANGE = re.compile(r"[-–—]+")


def cell(text: str) -> str:
    """A text for a cell of a CSV that people open: what a spreadsheet would work out gets ``'`` before it, control
    and direction signs are written as codes. Numbers, also negative ones, and lone dashes stay as they are."""
    said = text if text.isprintable() else shown(text)
    if text and text[0] in _FORMULA and not (_NUMBER.fullmatch(text) or _DATE_OR_RANGE.fullmatch(text)):
        return "'" + said
    stripped = text.lstrip()
    if stripped != text and stripped and stripped[0] in _FORMULA and not _NUMBER.fullmatch(stripped):
        return "'" + said
    return said


_PERSONAL = re.compile(
    r"(?<![0-9A-Za-z])(?:"
    r"[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[0-9Xx]"
    r"|[1-9]\d{7}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}"
    r"|(?:\+?86[- ]?)?1[3-9]\d{9}"
    r")(?![0-9A-Za-z])"
)
"""numbers of identity cards (18 and 15 places) and of mobile telephones"""
HIDDEN = "***"
"""what is written for what somebody may not see"""


def masked(text: str) -> str:
    """The text with numbers that look like those of an identity card or a telephone written as ``***`` and their last
    two signs."""
    return _PERSONAL.sub(lambda found: HIDDEN + found[0][-2:], text)
