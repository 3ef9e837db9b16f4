"""YAML with places: every value knows its file, line and column, and every fault is collected.

Built on PyYAML's node tree (``compose``), which keeps the marks that ``safe_load`` throws away. Nothing is constructed
from tags, so a document can hold nothing but texts, lists and maps. Offsets inside a scalar are led back to the text
of the file by counting its visible characters, which holds for plain, quoted and folded scalars alike.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import yaml

from core.errors import Finding

Node = yaml.nodes.Node
Scalar = yaml.nodes.ScalarNode
Mapping = yaml.nodes.MappingNode
Sequence_ = yaml.nodes.SequenceNode


@dataclass
class Findings:
    """Collects what is wrong, in the order found."""

    items: list[Finding] = field(default_factory=list)

    def add(self, code: str, file: str, line: int, column: int, what: str, fix: str) -> None:
        """One more finding; line and column count from 1."""
        self.items.append(Finding(code=code, what=what, fix=fix, file=file, line=line, column=column))


class Place:
    """One node of a document: its value and where it stands."""

    def __init__(self, document: Document, node: Node) -> None:
        """Wrap a node of ``document``."""
        self._document = document
        self.node = node

    @property
    def line(self) -> int:
        """1-based line."""
        return int(self.node.start_mark.line) + 1

    def fault(self, code: str, what: str, fix: str, at: int = 0) -> None:
        """Report a fault at offset ``at`` of this node's text."""
        line, column = self._position(at)
        self._document.findings.add(code, self._document.file, line, column, what, fix)

    def text(self) -> str | None:
        """The scalar's text, or None (reported) if it is no scalar."""
        if isinstance(self.node, Scalar):
            return str(self.node.value)
        self.fault("TG-0302", "a text was expected here", "write one value")
        return None

    def is_null(self) -> bool:
        """Whether it says nothing (``~``, ``null`` or empty)."""
        return isinstance(self.node, Scalar) and self.node.tag == "tag:yaml.org,2002:null"

    def items(self) -> Iterator[Place]:
        """The elements of a list; reported if it is none."""
        if not isinstance(self.node, Sequence_):
            self.fault("TG-0302", "a list was expected here", "write [a, b] or one '- ' line each")
            return
        for child in self.node.value:
            yield Place(self._document, child)

    def fields(self, known: Sequence[str], required: Sequence[str] = ()) -> dict[str, Place]:
        """The entries of a map by key; unknown, repeated and missing keys are reported."""
        if not isinstance(self.node, Mapping):
            self.fault("TG-0302", "a map was expected here", f"write the fields {', '.join(required or known)}")
            return {}
        found: dict[str, Place] = {}
        for key_node, value_node in self.node.value:
            key = str(key_node.value) if isinstance(key_node, Scalar) else ""
            if key in found:
                Place(self._document, key_node).fault("TG-0303", f"{key!r} stands here twice", "keep one")
            elif key in known:
                found[key] = Place(self._document, value_node)
            else:
                near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
                fix = f"did you mean {near[0]!r}?" if near else f"the fields are {', '.join(known)}"
                Place(self._document, key_node).fault("TG-0304", f"there is no field {key!r}", fix)
        for key in required:
            if key not in found:
                self.fault("TG-0305", f"the field {key!r} is missing", f"add '{key}: …'")
        return found

    def _position(self, at: int) -> tuple[int, int]:
        start = self.node.start_mark
        if at <= 0 or not isinstance(self.node, Scalar):
            shift = 1 if isinstance(self.node, Scalar) and self.node.style in {"'", '"'} and at >= 0 else 0
            return start.line + 1, start.column + 1 + shift
        visible = sum(not character.isspace() for character in str(self.node.value)[:at])
        return _walk(self._document.text, self._first_character(), visible)

    def _first_character(self) -> int:
        """Index in the document of the scalar's first character, past quotes or the header of a block."""
        index = int(self.node.start_mark.index)
        style = getattr(self.node, "style", None)
        if style in {"'", '"'}:
            return index + 1
        if style in {"|", ">"}:
            return self._document.text.find("\n", index) + 1
        return index


@dataclass
class Document:
    """One file: its name as the person knows it, its text, and where faults go."""

    file: str
    text: str
    findings: Findings

    def root(self) -> Place | None:
        """The top node; None if the file is empty or no YAML (reported)."""
        try:
            node = yaml.compose(self.text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
            self.findings.add("TG-0301", self.file, line, column, f"not valid YAML: {error.problem}", "mend the layout")
            return None
        except yaml.YAMLError as error:
            self.findings.add("TG-0301", self.file, 0, 0, f"not valid YAML: {error}", "mend the file")
            return None
        return None if node is None else Place(self, node)


def _walk(text: str, index: int, visible: int) -> tuple[int, int]:
    """Line and column (from 1) of the visible character number ``visible`` at or after ``index``."""
    while index < len(text):
        if not text[index].isspace():
            if visible == 0:
                break
            visible -= 1
        index += 1
    line_start = text.rfind("\n", 0, index) + 1
    return text.count("\n", 0, index) + 1, index - line_start + 1
