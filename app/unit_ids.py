"""Unit ids of a bus as people write them."""

from __future__ import annotations

import re

_HIGHEST = 255


def unit_ids(text: str) -> tuple[int, ...]:
    """Unit ids from ``1-32,40`` or ``1:5``, each once, in the order written; empty for an empty text.

    Raises:
        ValueError: if it is none.
    """
    found: list[int] = []
    for part in filter(None, re.split(r"[,，、\s]+", text)):
        match = re.fullmatch(r"(\d{1,3})(?:[-–:](\d{1,3}))?", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= first <= last <= _HIGHEST:
            raise ValueError(text)
        found += range(first, last + 1)
    return tuple(dict.fromkeys(found))
