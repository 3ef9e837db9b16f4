"""YAML with places: every value knows its file, line and column, and every fault is collected.

Built on PyYAML's node tree (``compose``), which keeps the marks that ``safe_load`` throws away. Nothing is constructed
from tags, so a document can hold nothing but texts, lists and maps. Offsets inside a scalar are led back to the text
of the file by counting its visible characters, which holds for plain, quoted and folded scalars alike.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import yaml

from core.findings import DID_YOU_MEAN, Finding, Kind
from core.foreign import yaml_problem
from rules.bounds import MAX_FILE_CHARACTERS
from rules.language import findings as kinds

_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
"""Half of a pair of UTF-16, which an escape can say and no file can hold."""

Node = yaml.nodes.Node
Scalar = yaml.nodes.ScalarNode
Mapping = yaml.nodes.MappingNode
Sequence_ = yaml.nodes.SequenceNode


class Filled(Scalar):
    """A scalar of a template whose placeholders are filled in; it knows where its characters were written."""

    def __init__(self, written: Scalar, parts: Sequence[tuple[str, int | None]]) -> None:
        """Fill in ``parts``: texts, each with where it stands in what was ``written``, or none where it was filled."""
        value = "".join(text for text, _ in parts)
        super().__init__(written.tag, value, written.start_mark, written.end_mark, written.style)
        self.written = str(written.value)
        self._parts = parts

    def origin(self, at: int) -> int:
        """Where the character at an offset of the value was written; of what was filled in, its placeholder."""
        passed = place = 0
        for text, start in self._parts:
            place = place if start is None else start
            if at < passed + len(text):
                return place if start is None else start + at - passed
            passed += len(text)
            place += 0 if start is None else len(text)
        return place


@dataclass
class Findings:
    """Collects what is wrong, in the order found, each once: the rules of a template have their faults in common."""

    items: list[Finding] = field(default_factory=list)
    _told: set[str] = field(default_factory=set)

    def add(self, finding: Finding) -> None:
        """One more finding, unless it was told already."""
        if str(finding) not in self._told:
            self._told.add(str(finding))
            self.items.append(finding)


class Place:
    """One node of a document: its value and where it stands."""

    def __init__(self, document: Document, node: Node) -> None:
        """Wrap a node of ``document``."""
        self._document = document
        self.node = node

    def at(self, node: Node) -> Place:
        """Another node of the same document."""
        return Place(self._document, node)

    @property
    def line(self) -> int:
        """1-based line."""
        return int(self.node.start_mark.line) + 1

    def fault(self, kind: Kind, at: int = 0, /, **values: object) -> None:
        """Report a fault at offset ``at`` of this node's text."""
        self._document.findings.add(self.finding(kind, at, **values))

    def finding(self, kind: Kind, at: int = 0, /, **values: object) -> Finding:
        """A finding at offset ``at`` of this node's text, reported by the caller."""
        line, column = self._position(at)
        return kind.at(self._document.file, line, column, **values)

    def text(self) -> str | None:
        """The scalar's text, or None (reported) if it is no scalar."""
        if not isinstance(self.node, Scalar):
            self.fault(kinds.NO_TEXT)
            return None
        text = str(self.node.value)
        half = _HALF_CHARACTER.search(text)
        if half is not None:
            self.fault(kinds.HALF_CHARACTER, half.start(), value=half.group())
            return None
        return text

    def is_map(self) -> bool:
        """Whether it is a map of fields."""
        return isinstance(self.node, Mapping)

    def is_scalar(self) -> bool:
        """Whether it is one text, number or word."""
        return isinstance(self.node, Scalar)

    def is_quoted(self) -> bool:
        """Whether it is a text in quotes."""
        return isinstance(self.node, Scalar) and self.node.style in {"'", '"'}

    def has(self, key: str) -> bool:
        """Whether it is a map with this key."""
        return self.is_map() and any(name.value == key for name, _ in self.node.value)

    def is_null(self) -> bool:
        """Whether it says nothing (``~``, ``null`` or empty)."""
        return isinstance(self.node, Scalar) and self.node.tag == "tag:yaml.org,2002:null"

    def items(self) -> Iterator[Place]:
        """The elements of a list; reported if it is none."""
        if not isinstance(self.node, Sequence_):
            self.fault(kinds.NO_LIST)
            return
        for child in self.node.value:
            yield Place(self._document, child)

    def fields(self, known: Sequence[str], required: Sequence[str] = ()) -> dict[str, Place]:
        """The entries of a map by key; unknown, repeated and missing keys are reported."""
        if not isinstance(self.node, Mapping):
            self.fault(kinds.NO_MAP, fields=", ".join(required or known))
            return {}
        found: dict[str, Place] = {}
        for key_node, value_node in self.node.value:
            key = str(key_node.value) if isinstance(key_node, Scalar) else ""
            if key in found:
                Place(self._document, key_node).fault(kinds.FIELD_TWICE, name=key)
            elif key in known:
                found[key] = Place(self._document, value_node)
            else:
                near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
                hint = DID_YOU_MEAN(near=near[0]) if near else kinds.FIELDS_ARE(fields=", ".join(known))
                Place(self._document, key_node).fault(kinds.NO_FIELD, name=key, hint=hint)
        for key in required:
            if key not in found:
                self.fault(kinds.FIELD_MISSING, name=key)
        return found

    def entries(self) -> Iterator[tuple[str, Place, Place]]:
        """Key, its place and the value's of a map whose keys are names; reported if it is none, or names one twice."""
        if not isinstance(self.node, Mapping):
            self.fault(kinds.NO_MAP, fields="…")
            return
        seen: set[str] = set()
        for key_node, value_node in self.node.value:
            key_place = Place(self._document, key_node)
            key = str(key_node.value) if isinstance(key_node, Scalar) else ""
            if key in seen:
                key_place.fault(kinds.FIELD_TWICE, name=key)
                continue
            seen.add(key)
            yield key, key_place, Place(self._document, value_node)

    def _position(self, at: int) -> tuple[int, int]:
        start = self.node.start_mark
        if at <= 0 or not isinstance(self.node, Scalar):
            shift = 1 if isinstance(self.node, Scalar) and self.node.style in {"'", '"'} and at >= 0 else 0
            return start.line + 1, start.column + 1 + shift
        text = str(self.node.value)
        if isinstance(self.node, Filled):
            text, at = self.node.written, self.node.origin(at)
        visible = sum(not character.isspace() for character in text[:at])
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
        if len(self.text) > MAX_FILE_CHARACTERS:
            size = {"count": len(self.text), "most": MAX_FILE_CHARACTERS}
            self.findings.add(kinds.FILE_TOO_LONG.at(self.file, *_walk(self.text, MAX_FILE_CHARACTERS, 0), **size))
            return None
        loader = None
        try:
            loader = yaml.SafeLoader(self.text)
            node = loader.get_single_node()
        except yaml.reader.ReaderError as error:
            place = _walk(self.text, int(error.position), 0)
            self.findings.add(kinds.NO_YAML.at(self.file, *place, problem=yaml_problem(error)))
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
            place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            self.findings.add(kinds.NO_YAML.at(self.file, *place, problem=yaml_problem(error)))
        except (
            RecursionError,
            ValueError,
            OverflowError,
        ) as error:  # the library's own stack; an escape that is no character
            place = (1, 1) if loader is None else (loader.line + 1, loader.column + 1)
            deep = isinstance(error, RecursionError)
            kind = kinds.FILE_TOO_DEEP if deep else kinds.NO_CHARACTER
            self.findings.add(kind.at(self.file, *place))
        else:
            return None if node is None else Place(self, node)
        return None


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
