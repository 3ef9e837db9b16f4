"""Change single fields of a rule's text and leave every other character as it is.

A place is a path of keys and numbers (``("levels", 0, "when")``) in a text that holds one rule. What is written is
checked by reading it again: a change that would not come out as meant is an error of this module, never of the file.
"""

from __future__ import annotations

from collections.abc import Sequence

from rules.editing.blocks import content_end
from rules.editing.scalars import scalar
from rules.language.document import Document, Findings, Mapping, Node, Scalar, Sequence_

Path = tuple[str | int, ...]
_DEEPEST = 3


def root_of(text: str) -> Node | None:
    """The node of the one rule in a text; ``None`` where it holds none that can be read."""
    place = Document("", text, Findings()).root()
    if place is None:
        return None
    node: Node | None = place.node
    if isinstance(node, Sequence_):
        node = node.value[0] if len(node.value) == 1 else None
    return node if isinstance(node, Mapping) else None


def as_node(value: object) -> Node | None:
    """What the library, which names no types, keeps in its lists."""
    return value if isinstance(value, Node) else None


def node_at(text: str, path: Path) -> Node | None:
    """The value at a path; ``None`` if there is none."""
    node = root_of(text)
    for step in path:
        node = _child(node, step)
    return node


def _child(node: Node | None, step: str | int) -> Node | None:
    if isinstance(step, int):
        return as_node(node.value[step]) if isinstance(node, Sequence_) and step < len(node.value) else None
    if isinstance(node, Mapping):
        for key, value in node.value:
            if isinstance(key, Scalar) and key.value == step:
                return as_node(value)
    return None


def field_at(text: str, line: int, column: int) -> str:
    """The field that a place belongs to, such as ``when`` or ``levels.1.for``; empty where it belongs to none.

    Args:
        text: holds one rule.
        line: from 1.
        column: from 1.
    """
    lines = text.split("\n")
    index = sum(len(one) + 1 for one in lines[: line - 1]) + max(0, column - 1)
    found: list[str] = []
    node = root_of(text)
    while len(found) < _DEEPEST and (inner := _inner(node, index)) is not None:
        found.append(inner[0])
        node = inner[1]
    return ".".join(found)


def _inner(node: Node | None, index: int) -> tuple[str, Node] | None:
    if isinstance(node, Mapping):
        for name, value in node.value:
            if int(name.start_mark.index) <= index < max(int(value.end_mark.index), int(name.end_mark.index) + 1):
                return str(name.value), value
    if isinstance(node, Sequence_):
        for place, item in enumerate(node.value):
            if int(item.start_mark.index) <= index < int(item.end_mark.index):
                return str(place), item
    return None


def put(text: str, path: Path, value: str, order: Sequence[str]) -> str:
    """The text with a scalar at a path, added behind its neighbour in ``order`` if there is none yet."""
    old = node_at(text, path)
    if isinstance(old, Scalar) and old.style not in {"|", ">"}:
        return _over(text, old, value, flow=_in_flow(text, path))
    parent = node_at(text, path[:-1])
    return put_raw(text, path, scalar(value, flow=_is_flow(parent)), order)


def put_item(text: str, path: Path, value: str) -> str:
    """The text with another scalar in the place of one of a list."""
    old = node_at(text, path)
    return _over(text, old, value, flow=_in_flow(text, path)) if isinstance(old, Scalar) else text


def put_raw(text: str, path: Path, written: str, order: Sequence[str]) -> str:
    """The text with YAML of one line, or a block that begins with a line end, as the value at a path."""
    parent, key = node_at(text, path[:-1]), str(path[-1])
    if not isinstance(parent, Mapping):
        return text
    for place, (name, _) in enumerate(parent.value):
        if isinstance(name, Scalar) and name.value == key:
            start = int(name.end_mark.index)
            end = _end(text, parent, place, bare=True)
            return text[:start] + _colon(written) + text[end:]
    return _added(text, parent, key, written, order)


def drop(text: str, path: Path) -> str:
    """The text without a field."""
    parent, key = node_at(text, path[:-1]), str(path[-1])
    if not isinstance(parent, Mapping):
        return text
    entries = parent.value
    for place, (name, value) in enumerate(entries):
        if not (isinstance(name, Scalar) and name.value == key):
            continue
        start = int(name.start_mark.index)
        if _is_flow(parent):
            if place + 1 < len(entries):
                return text[:start] + text[int(entries[place + 1][0].start_mark.index) :]
            before = int(entries[place - 1][1].end_mark.index) if place else start
            return text[:before] + text[int(value.end_mark.index) :]
        if place == 0 and len(entries) > 1:  # the line of the dash
            return text[:start] + text[int(entries[1][0].start_mark.index) :]
        return text[: text.rfind("\n", 0, start) + 1] + text[_end(text, parent, place) :]
    return text


def end_of(text: str, path: Path) -> int:
    """Where a field ends, its line end included; the end of the text if there is none."""
    parent, key = node_at(text, path[:-1]), str(path[-1])
    if isinstance(parent, Mapping):
        for place, (name, _) in enumerate(parent.value):
            if isinstance(name, Scalar) and name.value == key:
                return _end(text, parent, place)
    return len(text)


# --- inside -------------------------------------------------------------------------------------------------------


def _over(text: str, old: Scalar, value: str, *, flow: bool) -> str:
    start, end = int(old.start_mark.index), int(old.end_mark.index)
    if str(old.value) == value:
        return text
    written = scalar(value, flow=flow, quoted=old.style in {"'", '"'}) if value else '""'
    gap = " " if start == end and text[start - 1 : start] not in {" ", ""} else ""
    return text[:start] + gap + written + text[end:]


def _is_flow(node: Node | None) -> bool:
    return isinstance(node, Mapping | Sequence_) and bool(node.flow_style)


def _in_flow(text: str, path: Path) -> bool:
    return any(_is_flow(node_at(text, path[:length])) for length in range(len(path)))


def _colon(written: str) -> str:
    return f":{written}" if written.startswith("\n") else f": {written}"


def _end(text: str, parent: Mapping, place: int, *, bare: bool = False) -> int:
    """Behind a field: its line end too, and a comment behind it, unless ``bare``."""
    name, value = parent.value[place]
    exact = int(value.end_mark.index)
    is_block = (isinstance(value, Scalar) and value.style in {"|", ">"}) or (
        isinstance(value, Mapping | Sequence_) and not value.flow_style
    )
    if parent.flow_style:
        return exact
    column = int(name.start_mark.column)
    if is_block:
        start = int(name.start_mark.index)
        end = start + len(text[start:exact].rstrip())
        kept = content_end(text, start, exact, column + 1)
        end = max(end, kept if kept <= exact else exact)
        return end - 1 if bare and text[end - 1 : end] == "\n" else end
    if bare:
        return exact
    line_end = text.find("\n", exact)
    return len(text) if line_end < 0 else line_end + 1


def _added(text: str, parent: Mapping, key: str, written: str, order: Sequence[str]) -> str:
    """A new field behind the last one that stands before it in ``order``."""
    before = order[: order.index(key)] if key in order else order
    names = [str(name.value) for name, _ in parent.value]
    place = max((names.index(name) for name in before if name in names), default=len(names) - 1)
    if parent.flow_style:
        at = int(parent.value[place][1].end_mark.index)
        return f"{text[:at]}, {key}{_colon(written)}{text[at:]}"
    at, column = _end(text, parent, place), int(parent.value[0][0].start_mark.column)
    gap = "" if text[:at].endswith("\n") else "\n"
    return f"{text[:at]}{gap}{' ' * column}{key}{_colon(written)}\n{text[at:]}"
