"""The table of texts that the cells of a workbook share (``sharedStrings.xml``), read as it was meant.

A text stands in ``t``, or in the ``t`` of several runs with formats of their own; reading aids (``rPh``) are no part of
it. What XML cannot hold is written by its number (``_x000D_``), and a text that looks like that with its underscore so
written (ECMA-376, part 1, 22.4.2.4).
"""

from __future__ import annotations

import re
from typing import IO, Any
from xml.etree.ElementTree import Element, iterparse

_NUMBERED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_HALVES = range(0xD800, 0xE000)
"""Half characters; no text can hold one alone."""


def shared_texts(stream: IO[Any]) -> list[str]:
    """All texts in their order; what cannot be read raises whatever the XML parser raises."""
    found: list[str] = []
    for _, node in iterparse(stream):
        if node.tag.endswith("}si"):
            found.append(_text(node))
            node.clear()
    return found


def plain(text: str) -> str:
    """A text without numbers in place of characters."""
    return _NUMBERED.sub(_character, text) if "_x" in text else text


def _text(node: Element) -> str:
    parts: list[str] = []
    for child in node:
        if child.tag.endswith("}t"):
            parts.append(plain(child.text or ""))
        elif child.tag.endswith("}r"):
            parts.extend(plain(one.text or "") for one in child if one.tag.endswith("}t"))
    return "".join(parts)


def _character(match: re.Match[str]) -> str:
    number = int(match[1], 16)
    return match[0] if number in _HALVES else chr(number)
