"""Texts of files that a spreadsheet opens: none becomes a formula, a link, a number, or another text.

Sources: ECMA-376, part 1, 22.4.2.4 (``_x0041_`` is a character by its number); OWASP, "CSV Injection".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

PLAIN_TEXTS: Final[Mapping[str, bool]] = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
"""Options of XlsxWriter: what is written as a text stays one."""
MOST_UNITS: Final = 32_767
"""Units of UTF-16 that a cell holds; spreadsheets cut what is longer, XlsxWriter leaves it out, neither says so."""
_CUTS: Final = re.compile(r"(?<=_)(?=x[0-9a-fA-F]{4}_)|(?<=^<)(?=r>)")
_ACTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet that opens a CSV takes for the begin of a formula."""


def units(text: str) -> int:
    """How long a spreadsheet takes a text to be: characters beyond the basic plane count twice."""
    return len(text) + sum(letter > "\uffff" for letter in text)


def fits(text: str) -> bool:
    """Whether a cell holds the whole of it."""
    return 2 * len(text) <= MOST_UNITS or units(text) <= MOST_UNITS


def runs(text: str) -> list[str]:
    """The text in pieces none of which a writer or a reader takes for something else; nearly always the text itself.

    Cut are a character's number (``_x0041_``) and what XlsxWriter takes for markup (``<r>``).
    """
    return _CUTS.split(text) if "_x" in text or text.startswith("<r>") else [text]


def write_text(sheet: Any, row: int, column: int, text: str, style: Any) -> None:
    """Write a text that ``fits`` into a cell of a sheet of XlsxWriter, so that every character of it comes back.

    But for one: XlsxWriter escapes control characters of runs twice, so beside a character's number they come back as
    their own number (``_x0007_``).
    """
    pieces = runs(text)
    if len(pieces) == 1:
        sheet.write_string(row, column, text, style)
    else:
        sheet.write_rich_string(row, column, *(part for piece in pieces for part in (style, piece)), style)


def harmless(text: str) -> str:
    """The text as a CSV may hold it: one that a spreadsheet would take for a formula gets an apostrophe."""
    return f"'{text}" if text.startswith(_ACTS) else text
