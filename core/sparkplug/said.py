"""JSON that somebody else wrote, read so that whatever takes it afterwards can: every number and text has a place.

A number like 1e999 is infinite in Python, one of four hundred digits fits no column, and half of a surrogate pair can
be escaped in JSON (RFC 8259, sections 6 and 8.2) but written nowhere. A message with one of them would be taken, and
then fail at the database each time it is tried.
"""

from __future__ import annotations

import json
from typing import Any, Final

_MOST: Final = 2**53


def parse(text: str | bytes) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: if it is none, or holds a text that cannot be written.
        RecursionError: if it is nested too deeply.
    """
    said = json.loads(text)
    json.dumps(said, ensure_ascii=False).encode()
    return said


def whole(value: object) -> int:
    """A whole number from 0 to 2**53 - 1.

    Raises:
        ValueError: if it is another one.
        TypeError: if it is no number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(value)
    if not 0 <= value < _MOST or value != value // 1:
        raise ValueError(value)
    return int(value)
