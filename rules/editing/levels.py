"""The levels of a rule's text in another order, fewer or more: each keeps the lines it was written in.

What a level says beyond the fields of a form (texts, steps, a deadline) goes with it, and so do its comments.
"""

from __future__ import annotations

from collections.abc import Sequence

from rules.editing import fields
from rules.language.document import Node, Sequence_

NEW = -1
"""The origin of a level that stands in no text yet."""
_KEY = ("levels",)
_DASH = "    - "


def rearranged(text: str, origins: Sequence[int], fresh: Sequence[str], order: Sequence[str]) -> str:
    """The text with its levels as asked for.

    Args:
        text: holds one rule.
        origins: for each level that is to stand there the place it has now, or ``NEW``; each place at most once.
        fresh: for each of them its YAML between braces, used where it is new.
        order: of the fields of a rule, where levels are to be put if there are none.
    """
    node = fields.node_at(text, _KEY)
    count = len(node.value) if isinstance(node, Sequence_) else 0
    places = _sound(origins, count)
    if count and places == list(range(count)):
        return text
    if not isinstance(node, Sequence_) or not count or node.flow_style:
        now = _between_braces(text, node)
        lines = [_DASH + (now[place] if place != NEW else new) for place, new in zip(places, fresh, strict=True)]
        return fields.put_raw(text, _KEY, "\n" + "\n".join(lines), order)
    starts = [text.rfind("\n", 0, int(item.start_mark.index)) + 1 for item in node.value]
    end = fields.end_of(text, _KEY)
    lines = [_line(text[start:stop]) for start, stop in zip(starts, [*starts[1:], end], strict=True)]
    dash = text[starts[0] : text.index("-", starts[0])] + "- "
    asked = [lines[place] if place != NEW else f"{dash}{new}\n" for place, new in zip(places, fresh, strict=True)]
    return text[: starts[0]] + "".join(asked) + text[end:]


def _sound(origins: Sequence[int], count: int) -> list[int]:
    """Each place once; what is none is a new level."""
    found: list[int] = []
    for place in origins:
        found.append(place if 0 <= place < count and place not in found else NEW)
    return found


def _line(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"


def _between_braces(text: str, node: Node | None) -> list[str]:
    """The items of a list that is written between brackets."""
    items = node.value if isinstance(node, Sequence_) else ()
    return [text[int(item.start_mark.index) : int(item.end_mark.index)].strip() for item in items]
