"""Where each rule of a file stands, as the lines that a person would cut out; everything else is left byte for byte.

A block begins with the line of the rule's dash and ends with its last line of content: blank lines and comments at the
left belong to the file, comments further in to the rule.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from rules.language.document import Document, Findings, Mapping, Scalar, Sequence_

_DASH = re.compile(r"[ ]*-[ ]+$")


@dataclass(frozen=True, slots=True)
class Block:
    """One rule of a file.

    Attributes:
        rule_id: as written; empty if it has none.
        start, end: offsets of its first character and behind its last, line end included.
        line: of its first line, from 1.
    """

    rule_id: str
    start: int
    end: int
    line: int

    def text(self, file: str) -> str:
        """Its lines, the last one with an end."""
        found = file[self.start : self.end]
        return found if found.endswith("\n") else found + "\n"


@lru_cache(maxsize=256)
def blocks(text: str) -> tuple[Block, ...]:
    """The rules of a file in their order; none where it is no YAML, or no list with a dash for each rule."""
    root = Document("", text, Findings()).root()
    if root is None or not isinstance(root.node, Sequence_) or root.node.flow_style:
        return ()
    found: list[Block] = []
    for item in root.node.value:
        index = int(item.start_mark.index)
        start = text.rfind("\n", 0, index) + 1
        if not _DASH.match(text[start:index]):
            return ()
        end = content_end(text, start, int(item.end_mark.index), index - start)
        found.append(Block(_id_of(item), start, end, int(item.start_mark.line) + 1))
    return tuple(found)


def with_block(text: str, old: Block, new: str) -> str:
    """The file with another text in the place of a rule; an empty one takes the rule out, with the gap behind it."""
    end = old.end
    if not new:
        while end < len(text) and text[end] in "\r\n":
            end += 1
    return text[: old.start] + new + text[end:]


def with_more(text: str, new: str) -> str:
    """The file with one more rule at its end."""
    if not text.strip():
        return new
    return text.rstrip("\n") + "\n\n" + new


def as_block(text: str) -> str:
    """A rule's text as it may stand in a file: without blank lines around it, with a line end."""
    return text.replace("\r\n", "\n").strip("\n").rstrip() + "\n"


def _id_of(item: object) -> str:
    if not isinstance(item, Mapping):
        return ""
    for key, value in item.value:
        if isinstance(key, Scalar) and key.value == "id" and isinstance(value, Scalar):
            return str(value.value).strip()
    return ""


def content_end(text: str, start: int, end: int, indent: int) -> int:
    """Behind the last line of content in [start, end): blank lines and comments less than ``indent`` in do not count.

    Args:
        text: of the file.
        start: of the first line.
        end: where the next thing begins.
        indent: column of what begins at ``start``.
    """
    if end < len(text):
        end = max(start, text.rfind("\n", 0, end) + 1) if text[:end].rpartition("\n")[2].strip() in {"", "-"} else end
    lines = text[start:end].splitlines(keepends=True)
    while len(lines) > 1 and _is_outside(lines[-1], indent):
        lines.pop()
    return start + sum(len(line) for line in lines)


def _is_outside(line: str, indent: int) -> bool:
    bare = line.lstrip(" ")
    return not bare.strip() or (bare.startswith("#") and len(line) - len(bare) < indent)
